"""A recording's answers by turn and index, as `compare.py` wants them."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.flow import FIXED
from tests.kunpeng.again import face

Fields = dict[str, Any]
Samples = NDArray[np.int32]
Key = tuple[Any, ...]
STAGES = {"Transcript": "transcript", "Emotion": "emotion", "Speech": "speech", "Cues": "cues"}
"""Who says what is compared. The edge's utterances are, too: it must have cut them in the same place."""
SPOKEN = ("Speech", "Cues")
"""They come in parts."""


@dataclass(slots=True)
class Recording:
    """The final answers of a recording, by turn and index; what was tentative or sent again is left out."""

    folder: Path
    name: str
    session: str = ""
    messages: dict[Key, Fields] = field(default_factory=dict)
    interrupted: set[int] = field(default_factory=set)
    """Turns whose answer the visitor cut off: what of it was spoken in advance is chance."""
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long the jobs of each stage took."""

    def parts(self, place: Key) -> list[Fields]:
        """The messages of one answer, in order."""
        found = sorted((key[3], message) for key, message in self.messages.items() if key[:3] == place)
        return [message for _, message in found]

    def whole(self, turn: int, index: int) -> bool:
        """True when a sentence was spoken to its end, and every part of it has its cues."""
        speech, cues = (self.parts((kind, turn, index)) for kind in SPOKEN)
        return any(part["last"] for part in speech) and len(speech) == len(cues)

    def joined(self, parts: list[Fields]) -> Fields:
        """All parts of a sentence as one: where they are cut is nobody's business. Other messages have one part."""
        whole = dict(parts[0])
        if whole["kind"] in SPOKEN:
            for name in (name for name, value in parts[0].items() if isinstance(value, list)):
                whole[name] = [item for part in parts for item in part[name]]
        if whole["kind"] == "Speech":
            whole["pcm"] = np.concatenate([self.sound(**part["sound"]) for part in parts])
        return whole

    def answer_cues_of(self, other: "Recording") -> None:
        """Have this machine's cues for the other's speech instead of those for our own."""
        self.messages = {key: message for key, message in self.messages.items() if key[0] != "Cues"}
        for (kind, *place), message in other.messages.items():
            if kind == "Speech":
                self.messages["Cues", *place] = face(message, other.sound(**message["sound"]))

    def sound(self, file: str, start: int, samples: int) -> Samples:
        """From one of its files."""
        sound, _ = soundfile.read(self.folder / file, samples, start, dtype="int16")
        return np.asarray(sound, np.int32)


def read(folder: Path) -> Recording:
    """The recording in `folder`."""
    session: Fields = json.loads((folder / "session.json").read_text("utf-8"))
    found = Recording(folder, str(session.get("machine", folder.name)))
    ranks: dict[Key, tuple[int, int]] = {}
    newest: dict[Key, int] = {}
    asked: dict[str, float] = {}
    for line in (folder / "messages.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        message, at = entry["message"], float(entry["at"])
        asked[message["id"]] = at
        found.session = found.session or message["session"]
        if message["kind"] == "Interrupt" and message["why"] == "barge-in":
            found.interrupted.add(message["turn"])
        if message["kind"] not in {"Utterance", *STAGES} or message.get("partial") or message.get("origin") in FIXED:
            continue
        if message["cause"] in asked and not message.get("part"):
            found.ms[STAGES[message["kind"]]].append((at - asked[message["cause"]]) * 1000)
        key = _key(message)
        rank = message["revision"], message["attempt"]
        if rank >= ranks.get(key, rank):
            ranks[key], found.messages[key] = rank, message
            newest[key[:3]] = max(rank[0], newest.get(key[:3], 0))
    found.messages = {key: m for key, m in found.messages.items() if m["revision"] == newest[key[:3]]}
    found.ms.update(_measured(folder))
    return found


def _key(message: Fields) -> Key:
    """Kind, turn, then what tells answers to the same turn apart, then part."""
    among = message["index"] if message["kind"] in SPOKEN else message.get("source")
    return message["kind"], message["turn"], among, message.get("part", 0)


def _measured(folder: Path) -> dict[str, list[float]]:
    """Of the stages that ran in the process that recorded: work without waiting."""
    found = defaultdict(list)
    for line in (folder / "timings.jsonl").read_text("utf-8").splitlines():
        timing = json.loads(line)
        found[timing["stage"]].append(float(timing["total_ms"]))
    return found
