"""A recorded visit to demonstrate with: what the visitor says, and what is expected of the avatar."""

from pathlib import Path

from pydantic import BaseModel, Field

from pipeline.envelope import Label, Language
from pipeline.errors import ConfigError
from pipeline.recording.outcome import Outcome, Outcomes
from pipeline.settings import FROZEN, LocalPath
from pipeline.yamlfile import YamlFile


class Said(BaseModel):
    """One thing that the visitor does."""

    model_config = FROZEN
    pause: float = Field(ge=0)
    """Seconds of silence before it."""
    at: float = Field(0.0, ge=0)
    """Where it begins in the sound, seconds."""
    ends: float = Field(0.0, ge=0)
    says: str = ""
    language: Language | None = None
    voice: str = ""
    cough: bool = False
    """No speech: no turn is expected."""
    entry: str = ""
    """The knowledge entry that is to answer; `none`: an honest "I do not know"."""
    emotion: Label | None = None
    interrupts: bool = False
    """It cuts the answer to the turn before."""


class RecordedVisit(BaseModel):
    """A `visit.yaml`."""

    model_config = FROZEN
    title: str
    sound: LocalPath
    turns: tuple[Said, ...]


def read_visit(path: Path) -> RecordedVisit:
    """The visit in `path`. ConfigError (visit-invalid) lists every problem."""
    file = YamlFile(path)
    visit: RecordedVisit | None = file.read(RecordedVisit, file.data)
    if visit is None or file.problems:
        raise ConfigError("visit-invalid", "\n".join(file.problems))
    return visit


def shortcomings(visit: RecordedVisit, outcomes: Outcomes) -> list[str]:
    """What did not go as `visit` expects, in Chinese and English; empty when all went well."""
    spoken = [said for said in visit.turns if not said.cough]
    coughs = len(visit.turns) - len(spoken)
    turns = list(outcomes.turns.values())
    found = []
    if len(turns) != len(spoken):
        found.append(f"听到 {len(turns)} 轮，应为 {len(spoken)} 轮 · {len(turns)} turns were heard, not {len(spoken)}")
    if outcomes.dropped < coughs:
        found.append(f"咳嗽被当成了说话 · a cough was taken for a turn ({outcomes.dropped} of {coughs} dropped)")
    cut = [after.interrupts for after in (*spoken[1:], Said(pause=0))]
    for said, turn, interrupted in zip(spoken, turns, cut, strict=False):
        found += [
            f"第 {turn.turn} 轮 · turn {turn.turn}: {text}" for text in _wrong(said, turn, interrupted=interrupted)
        ]
    return found


def _wrong(said: Said, turn: Outcome, *, interrupted: bool) -> list[str]:
    wrong = []
    if turn.apologies:
        wrong.append("只得到道歉 · answered by an apology")
    elif not turn.sentences:
        wrong.append("没有回答 · not answered")
    elif not turn.played_whole and not interrupted:
        wrong.append("没有播放到最后 · not played to its last sample")
    if interrupted and not turn.interrupted:
        wrong.append("没有被打断 · was not interrupted")
    expected = () if said.entry == "none" else (said.entry,)
    if said.entry and turn.sentences and turn.sources != expected:
        wrong.append(f"由 {turn.sources or 'none'} 回答，应为 {said.entry} · answered by {turn.sources or 'none'}")
    if said.emotion and turn.feeling.label != said.emotion:
        wrong.append(
            f"情绪为 {turn.feeling.label}，应为 {said.emotion} · felt {turn.feeling.label}, not {said.emotion}"
        )
    return wrong
