"""Captions of both speakers, as WebVTT and as SubRip."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.envelope import Language
from pipeline.recording.exporting.take import Speaker, Spoken, Take
from pipeline.recording.exporting.wrapping import WIDTH, wrapped

LINES = 2
"""Of a caption at most."""
LEAST = 300
"""Milliseconds that a caption lasts, where there is room."""
_SPEAKERS: tuple[Speaker, ...] = ("visitor", "avatar")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Caption:
    """Some lines of one speaker; `start` and `end` in milliseconds of the export."""

    start: int
    end: int
    speaker: Speaker
    language: Language
    lines: tuple[str, ...]


def captions(take: Take) -> list[Caption]:
    """By time. Those of one speaker never overlap, each lasts at least a millisecond, and 300 where there is room."""
    found = [caption for said in take.spoken for caption in _cut_up(said, take.start)]
    return sorted((caption for speaker in _SPEAKERS for caption in arranged(found, speaker)), key=_order)


def _order(caption: Caption) -> tuple[int, int]:
    return caption.start, _SPEAKERS.index(caption.speaker)


def _cut_up(said: Spoken, since: float) -> Iterable[Caption]:
    """A sentence in captions of two lines: each begins and ends with its own words."""
    text = _CONTROL.sub(" ", said.text)
    lines = wrapped(text, WIDTH[said.language])
    places, times = zip(*said.marks, strict=True)
    for first in range(0, len(lines), LINES):
        shown = lines[first : first + LINES]
        bounds = np.interp([shown[0][0], shown[-1][1]], places, times) - since
        start = said.start - since if first == 0 else float(bounds[0])
        end = said.end - since if first + LINES >= len(lines) else float(bounds[1])
        words = tuple(" ".join(text[begin:stop].split()) for begin, stop in shown)
        yield Caption(max(0, round(start * 1000)), max(0, round(end * 1000)), said.speaker, said.language, words)


def arranged(found: Sequence[Caption], speaker: Speaker) -> list[Caption]:
    """One speaker's captions by time, none in the way of the next."""
    own = sorted((caption for caption in found if caption.speaker == speaker), key=lambda caption: caption.start)
    done: list[Caption] = []
    free = 0
    for number, caption in enumerate(own):
        start = max(caption.start, free)
        end = max(caption.end, start + LEAST)
        if number + 1 < len(own):
            end = min(end, own[number + 1].start)
        free = max(end, start + 1)
        done.append(Caption(start, free, speaker, caption.language, caption.lines))
    return done


def vtt(found: Iterable[Caption]) -> str:
    """A WebVTT file: each speaker with a voice, each text with its language."""
    blocks = ["WEBVTT\n"]
    for number, caption in enumerate(found, 1):
        times = f"{_clock(caption.start, '.')} --> {_clock(caption.end, '.')}"
        voice = f"<v {caption.speaker.capitalize()}><lang {caption.language}>"
        text = "\n".join(html.escape(line, quote=False) for line in caption.lines)
        blocks.append(f"{number}\n{times}\n{voice}{text}</lang></v>\n")
    return "\n".join(blocks)


def srt(found: Iterable[Caption]) -> str:
    """A SubRip file. The visitor, who is not in the picture, is in italics, as subtitles have voices from outside."""
    blocks = []
    for number, caption in enumerate(found, 1):
        times = f"{_clock(caption.start, ',')} --> {_clock(caption.end, ',')}"
        text = "\n".join(map(_plain, caption.lines))
        shown = f"<i>{text}</i>" if caption.speaker == "visitor" else text
        blocks.append(f"{number}\n{times}\n{shown}\n")
    return "\n".join(blocks)


def _plain(line: str) -> str:
    """SubRip has no way to say that a sign is meant: what players take for a tag or an arrow gets another sign."""
    return line.replace("-->", "→").replace("<", "‹").replace(">", "›").replace("{\\", "｛\\")


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"
