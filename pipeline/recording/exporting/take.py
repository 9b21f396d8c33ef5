"""What of a recording is exported: who said what and when, and what the face did, as far as it sounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Language
from pipeline.errors import VisavisError
from pipeline.messages import Cues
from pipeline.recording.reading import Recording
from pipeline.recording.reporting.lines import Line
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.turns import Turn

Speaker = Literal["visitor", "avatar"]
_BEFORE, _AFTER = 0.15, 0.6
"""Seconds that a single turn has around what was said: the mouth leads, and the face comes to rest in 500 ms."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one of the two said without a break. Times are seconds of the recording."""

    speaker: Speaker
    language: Language
    text: str
    """As far as it was heard; with a dash where it was cut."""
    start: float
    end: float
    marks: tuple[tuple[int, float], ...]
    """Index of a character and when it sounds: both grow."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What the face did during a sentence."""

    begun: float
    """Second of the recording at which the sentence's own clock is 0."""
    samples: int
    """How much of it sounded, on the sentence's own clock."""
    cut: bool
    cues: tuple[Cues, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of the recording."""

    start: float
    """Second of the recording that is the export's second 0."""
    seconds: float
    spoken: tuple[Spoken, ...]
    """By time."""
    acted: tuple[Acted, ...]
    """By time; only sentences with cues."""
    turn: tuple[str, int] | None = None
    """The session and number of the only turn in it; None: all of them."""


def take(recording: Recording, number: int | None) -> Take:
    """The whole recording, or one turn of it (of several visits, the first's); 0 is what is said before turn 1.

    VisavisError `export-turn`: there is no such turn.
    """
    turns = Visit(recording).turns
    chosen = None if number is None else _chosen(turns, number)
    turns = turns if chosen is None else [chosen]
    spoken = sorted((said for turn in turns for said in _said(turn)), key=lambda said: said.start)
    lines = sorted((line for turn in turns for line in turn.lines if line.begun is not None and line.cues), key=_begun)
    acted = tuple(_acted(line) for line in lines)
    whole = max(recording.visitor.size / HEAR_RATE, recording.avatar.size / SPEAK_RATE, _end(spoken, acted))
    if chosen is None:
        return Take(0.0, whole, tuple(spoken), acted)
    start, end = _span(chosen, spoken, acted, whole)
    return Take(start, end - start, tuple(spoken), acted, (chosen.session, chosen.number))


def _chosen(turns: list[Turn], number: int) -> Turn:
    found = next((turn for turn in turns if turn.number == number), None)
    if found is None:
        known = ", ".join(str(known) for known in sorted({turn.number for turn in turns})) or "none at all"
        raise VisavisError("export-turn", f"the recording has no turn {number}: it has {known}")
    return found


def _begun(line: Line) -> float:
    return line.begun or 0.0


def _end(spoken: list[Spoken], acted: tuple[Acted, ...]) -> float:
    ends = [said.end for said in spoken] + [one.begun + one.samples / SPEAK_RATE for one in acted]
    return max(ends, default=0.0)


def _span(turn: Turn, spoken: list[Spoken], acted: tuple[Acted, ...], whole: float) -> tuple[float, float]:
    final = turn.final
    starts = [said.start for said in spoken] + [one.begun for one in acted]
    starts += [final.start] if final.utterance else []
    end = max(_end(spoken, acted), turn.speech_end or 0.0)
    if not starts:
        return turn.span
    return max(0.0, min(starts) - _BEFORE), max(min(whole, end + _AFTER), min(starts))


def _said(turn: Turn) -> Iterator[Spoken]:
    visitor = _visitor(turn)
    if visitor is not None:
        yield visitor
    for line in turn.lines:
        said = _avatar(line)
        if said is not None:
            yield said


def _visitor(turn: Turn) -> Spoken | None:
    """The words of the revision that stood. What was typed or touched was not said."""
    final = turn.final
    if turn.speech_end is None or final.utterance is None or final.transcript is None:
        return None
    heard = final.transcript[1]
    if not heard.text.strip():
        return None
    end = min(final.start + final.samples / HEAR_RATE, turn.speech_end)
    marks: list[tuple[int, float]] = []
    place, latest = 0, final.start
    for word in heard.words:
        found = heard.text.find(word.text.strip(), place)
        if found < 0 or not word.text.strip():
            continue
        place = found + len(word.text.strip())
        begins = max(latest, final.start + word.start)
        latest = max(begins, final.start + word.end)
        marks += [(found, begins), (place, latest)]
    start, end = (marks[0][1], marks[-1][1]) if marks else (final.start, end)
    return Spoken("visitor", heard.language, heard.text, start, max(start, end), _closed(marks, heard.text, start, end))


def _avatar(line: Line) -> Spoken | None:
    count = line.heard_characters()
    if line.begun is None or not count:
        return None
    sentence, text = line.sentence, line.sentence.text[:count].rstrip()
    end = line.begun + _samples(line) / SPEAK_RATE
    marks: list[tuple[int, float]] = []
    for word in line.words:
        if word.offset + len(word.text) <= count:
            marks.append((word.offset, line.begun + word.start / SPEAK_RATE))
            marks.append((word.offset + len(word.text), min(end, line.begun + word.end / SPEAK_RATE)))
    cut = line.cut is not None and count < len(sentence.text)
    shown = text + "—" if cut else text
    return Spoken("avatar", sentence.language, shown, line.begun, end, _closed(marks, shown, line.begun, end))


def _samples(line: Line) -> int:
    """How much of it sounded."""
    total = max((part.start + samples for _, part, samples in line.speech), default=0)
    return total if line.cut is None else min(total, line.cut) if total else line.cut


def _acted(line: Line) -> Acted:
    parts = {cues.part: cues for _, cues in reversed(line.cues)}  # of what came twice, the first
    ordered = tuple(cues for _, cues in sorted(parts.items()))
    return Acted(line.begun or 0.0, _samples(line), line.cut is not None, ordered)


def _closed(marks: list[tuple[int, float]], text: str, start: float, end: float) -> tuple[tuple[int, float], ...]:
    """From the first character to the last, growing whatever the marks say."""
    grown: list[tuple[int, float]] = [(0, start)]
    for place, at in [*marks, (len(text), end)]:
        grown.append((max(place, grown[-1][0]), max(at, grown[-1][1])))
    return tuple(grown)
