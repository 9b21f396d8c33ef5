"""Records the sample recordings in `configs/recordings`: script/record-samples [DIR].

Three short visits, of pieces of the demo's visit, through the real pipeline on virtual time, so that they come out the
same each time. The third one asks a model that thinks: a server beside it says what `_THINKING` has, in DeepSeek's
dialect. No model is asked.
"""

import json
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml

from pipeline.audio import HEAR_RATE, Samples
from pipeline.clock import run_virtual
from pipeline.config import read_config
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.recording.visit import read_visit
from pipeline.sound import read_sound

ROOT = Path(__file__).resolve().parent.parent
VISIT = ROOT / "configs" / "visits" / "museum" / "visit.yaml"
DEMO = ROOT / "configs" / "demo.yaml"
BEGIN = 64.0
_AROUND = 0.3
"""Seconds of the visitor's room before and after her words."""


@dataclass(frozen=True)
class Sample:
    """One of them: which turns of the demo's visit (from 1), and how long she waits before each."""

    name: str
    title: str
    turns: tuple[tuple[int, float], ...]
    thinks: bool = False
    quiet: float = 0.0
    """Seconds of silence at its end."""


SAMPLES = (
    Sample("zh", "三个问题 · three questions in Chinese", ((1, 1.0), (5, 6.5), (10, 6.5))),
    Sample("en", "Three questions in English · 三个英文问题", ((2, 1.0), (4, 6.0), (9, 8.5))),
    Sample("thinking", "A model that thinks, an interruption, and silence · 会思考的模型、打断与沉默",
           ((3, 1.0), (4, 6.5)), thinks=True, quiet=20.0),
)  # fmt: skip

_THINKING = {
    "bronze": (
        """The visitor asks about the bronze hall. I know its bells, cups and mirrors, and that the oldest bell still
sounds at noon. Two or three sentences are enough.""",
        """The bronze hall holds three hundred bells, cups and mirrors. They come from the old river towns, and the
oldest bell was cast three thousand years ago. It still sounds every day at noon.""",
    ),
    "close": (
        "She interrupted me: she wants to know when we close. Five in the afternoon; last entry is at half past four.",
        "We close at five in the afternoon. The last visitors come in at half past four.",
    ),
}


def main() -> int:
    """Write them; 0: all are there."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "configs" / "recordings"
    for sample in SAMPLES:
        record(sample, target / sample.name)
        size = sum(file.stat().st_size for file in (target / sample.name).iterdir()) / 1e6
        print(f"{sample.name}: {size:.1f} MB")  # noqa: T201  a command speaks by printing
    return 0


def record(sample: Sample, folder: Path) -> None:
    """One of them, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as beside, _Server() as server:
        path = DEMO if not sample.thinks else _config(Path(beside), server.port)
        job = Replay(read_config(path), sound_of(sample), folder, seed="sample", name="kiosk", begin_at=BEGIN,
                     about={"title": sample.title})  # fmt: skip
        run_virtual(lambda clock: replay(job, clock, Watcher()))
        _forget_machine(folder / "session.json", server.port)
    for made in ("timings.jsonl", "report.html", "cues.json"):  # of this machine, or told by the messages
        (folder / made).unlink(missing_ok=True)


def _forget_machine(path: Path, port: int) -> None:
    """What is told of the config holds on any machine."""
    text = path.read_text(encoding="utf-8")
    for here, anywhere in ((f"{DEMO.parent}/", ""), (f"{ROOT}/", "../"), (f":{port}", ":8000")):
        text = text.replace(here, anywhere)
    path.write_text(text, encoding="utf-8")


def sound_of(sample: Sample) -> Samples:
    """What the microphone hears."""
    visit = read_visit(VISIT)
    whole = read_sound(visit.sound)
    pieces: list[Samples] = []
    for number, pause in sample.turns:
        said = visit.turns[number - 1]
        first, last = (round(second * HEAR_RATE) for second in (said.at - _AROUND, said.ends + _AROUND))
        pieces += [_room(pause - _AROUND, whole), whole[first:last]]
    return np.concatenate([*pieces, _room(2.0 + sample.quiet, whole)])


def _room(seconds: float, whole: Samples) -> Samples:
    """The sound of the room while nobody speaks: the visit's own beginning, over and over."""
    return np.resize(whole[: HEAR_RATE // 2], max(0, round(seconds * HEAR_RATE)))


def _config(folder: Path, port: int) -> Path:
    """The demo's, with a model that thinks and a visit that ends after ten silent seconds."""
    given = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    given["reply"] = {
        "engine": "deepseek", "base_url": f"http://127.0.0.1:{port}", "model": "deepseek-reasoner",
        "dialect": "deepseek", "thinking": "on", "seconds": 0.025,
        "fallback": {"engine": "knowledge", "folder": "knowledge/museum"},
    }  # fmt: skip
    given["session"] |= {"idle_seconds": 10}
    text = yaml.safe_dump(given, allow_unicode=True)
    for place in ("../avatars", "../.cache", "../stages", "personas/", "knowledge/"):
        text = text.replace(f" {place}", f" {(DEMO.parent / place).resolve()}{'/' if place.endswith('/') else ''}")
    path = folder / "thinking.yaml"
    path.write_text(text, encoding="utf-8")
    return path


class _Answer(BaseHTTPRequestHandler):
    """Streams a thought and an answer, a few letters at a time."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = str(asked["messages"][-1]["content"]).lower()
        found = next((words for key, words in _THINKING.items() if key in question), ("", "I do not know."))
        thought, answer = (words.replace("\n", " ") for words in found)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for field, words, size in (("reasoning_content", thought, 6), ("content", answer, 8)):
            for start in range(0, len(words), size):
                self._event({"choices": [{"index": 0, "delta": {field: words[start : start + size]}}]})
        used = {"prompt_tokens": 420, "completion_tokens": len(thought + answer) // 4, "total_tokens": 500}
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": used})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, content: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(content)}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Server:
    """On loopback, while the body runs."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    sys.exit(main())
