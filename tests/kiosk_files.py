"""What the tests of the unattended kiosk share: its files, and a little server."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
KIOSK = ROOT / "docker" / "kiosk"
SCRIPTS = ["install", "make-certificate", "visavis-browser", "visavis-nightly", "visavis-watch"]
SERVER, BROWSER = "visavis-serve.service", "visavis-browser.service"


def flags() -> list[str]:
    lines = (KIOSK / "chromium-flags.conf").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.startswith("--")]


def variables() -> set[str]:
    text = "".join((KIOSK / name).read_text(encoding="utf-8") for name in ("kiosk.env.example", "serve.env.example"))
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


@contextmanager
def answering(states: dict[str, int]) -> Iterator[tuple[str, dict[str, int]]]:
    """A server on loopback whose paths answer with what the dictionary says at that moment."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(states.get(self.path.partition("?")[0], 404))
            self.end_headers()
            self.wfile.write(b'visavis_turns_total{outcome="answered"} 3\n')

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", states
        finally:
            server.shutdown()
            thread.join()
