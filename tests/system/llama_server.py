"""llama.cpp's own HTTP server (PyPI `xllamacpp`) in a process of its own: `python -m tests.system.llama_server MODEL`.

It has the defaults of `llama-server`: four slots that share the context, and what a slot forgets kept in memory.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "tiny"
"""What the server calls its model."""


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """The server's address, until the body is done."""
    command = [sys.executable, "-m", "tests.system.llama_server", str(model)]
    log = model.with_suffix(".log")
    with (
        log.open("w") as told,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told) as server,
    ):
        assert server.stdout is not None
        try:
            line = server.stdout.readline().decode().strip()  # empty where the process ends
            assert line.startswith("http://127.0.0.1:"), log.read_text()
            yield line
        finally:
            server.terminate()


def main() -> None:
    """Serve until nobody holds the other end of the standard input."""
    import xllamacpp  # type: ignore[import-not-found,unused-ignore]

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {NAME}
    params.n_parallel, params.kv_unified = 4, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.ui = params.fit_params = False
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
