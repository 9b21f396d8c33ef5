"""`visavis export`: one recording, one format, one file."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.engines import function
from pipeline.errors import VisavisError
from pipeline.recording import form as files
from pipeline.recording.exporting.captions import captions, srt, vtt
from pipeline.recording.exporting.parquet import parquet
from pipeline.recording.exporting.take import Take, take
from pipeline.recording.exporting.wav import Track, wav
from pipeline.recording.reading import Recording, read
from pipeline.recordings import say

SUFFIX: Final[dict[str, str]] = {
    "vtt": ".vtt", "srt": ".srt", "arkit-csv": ".csv", "vrma": ".vrma", "live2d-motion3": ".motion3.json",
    "wav": ".wav", "messages-parquet": ".parquet",
}  # fmt: skip
"""Formats, and how their files' names end."""
FACES: Final = "avatars.exporting:render"
"""What moves a face needs the rig, and `avatars` is none of ours to import."""
_OWN = frozenset({
    files.SESSION, files.MESSAGES, files.EVENTS, files.TIMINGS, files.VOICE, files.VISITOR, files.SPEECH, files.AVATAR,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """An export."""

    data: bytes
    seconds: float
    said: tuple[str, str]
    """What it holds, in Chinese and English."""
    clocked: bool = True
    """A single turn's second 0 is the turn's beginning."""


def export(recording: Path, form: str, out: Path | None, turn: int | None, track: Track | None = None) -> int:
    """Write one file and say so; 0. `out`: a file, or a folder to put it in; None: here, named after the recording.

    VisavisError: what `reading.read` finds; `export-track`, `export-turn`, `export-empty`, `export-extra`,
    `export-size`, `export-unwritable`.
    """
    if track is not None and form != "wav":
        raise VisavisError("export-track", f"--track chooses a sound, and {form} holds none: leave it away")
    found = read(recording)
    path = _path(found, form, out, turn)
    for text in found.mended:
        say(f"录音有残缺 · the recording was torn: {text}")
    taken = take(found, turn)
    made = _made(found, form, taken, track or "mix")
    _write(path, made.data)
    chinese, english = made.said
    moved = turn is not None and made.clocked
    where = f"，从录音的第 {taken.start:.2f} 秒起" if moved else ""
    since = f", from second {taken.start:.2f} of the recording" if moved else ""
    seconds = f"{made.seconds:.1f}"
    say(f"已写入 {path}：{chinese}，{seconds} 秒{where} · wrote {path}: {english}, {seconds} s{since}")
    return 0


def _made(recording: Recording, form: str, taken: Take, track: Track) -> Made:
    if form == "wav":
        data, seconds = wav(recording, taken, track)
        return Made(data, seconds, (f"声音（{track}）", f"sound ({track})"), track != "speech")
    if form == "messages-parquet":
        data, count = parquet(recording, taken.turn)
        return Made(data, taken.seconds, (f"{count} 条消息", _counted(count, "message")), clocked=False)
    if form in {"vtt", "srt"}:
        shown = captions(taken)
        if not shown:
            raise VisavisError("export-empty", f"{_place(recording, taken)}: nothing was said there; choose another")
        text = vtt(shown) if form == "vtt" else srt(shown)
        return Made(text.encode(), taken.seconds, (f"{len(shown)} 条字幕", _counted(len(shown), "cue")))
    if not taken.acted:
        text = f"{_place(recording, taken)}: the avatar's face did nothing there; choose another"
        raise VisavisError("export-empty", text)
    data, frames = function(FACES)(form, taken)
    count = len(taken.acted)
    english = f"{_counted(count, 'sentence')}, {_counted(frames, 'frame')}"
    return Made(data, taken.seconds, (f"{count} 句话，{frames} 帧", english))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _place(recording: Recording, taken: Take) -> str:
    return f"{recording.folder}, turn {taken.turn[1]}" if taken.turn else str(recording.folder)


def _path(recording: Recording, form: str, out: Path | None, turn: int | None) -> Path:
    """Where it goes: never over the recording itself."""
    number = "" if turn is None else f"-turn{turn}"
    name = f"{recording.folder.resolve().name}{number}{SUFFIX[form]}"
    path = Path(name) if out is None else out / name if out.is_dir() else out
    if path.name in _OWN and path.parent.resolve() == recording.folder.resolve():
        raise VisavisError("export-unwritable", f"{path} belongs to the recording itself: choose another --out")
    return path


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all; into a pipe or a device as it is."""
    fresh = path.with_name(path.name + ".part")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        text = f"{path} cannot be written ({error.strerror}): choose a folder that is there and writable by --out"
        raise VisavisError("export-unwritable", text) from error
