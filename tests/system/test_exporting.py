"""Exports of a real visit, read by programs that nobody here wrote: ffmpeg, three-vrm, Khronos' and Live2D's readers.

Captions are read by `webvtt-py` and `srt`, tables by pyarrow and DuckDB in `tests/test_exporting_*.py`.
"""

import hashlib
import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatars.exporting.body import MOVED, angles, quaternions
from avatars.exporting.tracks import frames
from avatars.exporting.vrma import PRESETS
from avatars.rig import RigFrame, live2d, vrm
from pipeline.aigc import read_field
from pipeline.recording.exporting.captions import Caption, captions
from pipeline.recording.exporting.command import SUFFIX, export
from pipeline.recording.exporting.take import take
from pipeline.recording.reading import Recording, read

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = Path(__file__).parent / "exporting"
FRAMES = (0, 270, 276, 290, 400, 900, 1250, 1300, 1396, 2900, 3100)
"""Some in sentences (one in a wave, one after a cut), some between them."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    out = tmp_path_factory.mktemp("demo") / "visit"
    command = [sys.executable, "-m", "pipeline", "demo", "--once", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return read(out)


@pytest.fixture(scope="module")
def files(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every format, named `visit.…`."""
    out = tmp_path_factory.mktemp("exports")
    for form in SUFFIX:
        export(recording.folder, form, out, None)
    return out


@pytest.fixture(scope="module")
def face(recording: Recording) -> list[RigFrame]:
    found = frames(take(recording, None))
    return [found[number] for number in FRAMES]


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    wheel: Any = importlib.import_module("imageio_ffmpeg")
    path: str = shutil.which("ffmpeg") or wheel.get_ffmpeg_exe()
    return path


@pytest.fixture(scope="module")
def readers() -> Path:
    """A folder outside the tree's files with the readers' packages, installed once for each list of them."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("npm and node are needed to read animations with three-vrm and Live2D's framework")
    lock = (READERS / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / "exporting-readers" / hashlib.sha256(lock).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for path in READERS.iterdir():
        shutil.copy(path, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


def played(readers: Path, kind: str, file: Path) -> dict[str, Any]:
    times = [str(number / 60) for number in FRAMES]
    command = ["node", "read.mjs", kind, str(file), *times]
    done = subprocess.run(command, cwd=readers, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and words of each block of SubRip as ffmpeg writes it."""
    for block in text.strip().split("\n\n"):
        _, times, *words = block.split("\n")
        start, end = (milliseconds(time) for time in times.split(" --> "))
        yield start, end, re.sub(r"<[^>]*>", "", "\n".join(words))


def milliseconds(time: str) -> int:
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_ffmpeg_reads_every_caption(recording: Recording, files: Path, ffmpeg: str, form: str) -> None:
    command = [ffmpeg, "-v", "error", "-i", str(files / f"visit.{form}"), "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    shown = captions(take(recording, None))
    assert list(blocks(done.stdout)) == [(one.start, one.end, "\n".join(one.lines)) for one in shown]
    assert both_speak(shown)


def both_speak(shown: list[Caption]) -> bool:
    return {one.speaker for one in shown} == {"visitor", "avatar"} and {one.language for one in shown} == {"zh", "en"}


def test_ffmpeg_hears_both_and_sees_the_label(recording: Recording, files: Path, ffmpeg: str) -> None:
    path = files / "visit.wav"
    told = subprocess.run([ffmpeg, "-i", str(path)], capture_output=True, text=True, check=False).stderr
    assert "24000 Hz, stereo, s16" in told
    label = read_field(recording.folder / "avatar.flac")
    assert label
    assert f"AIGC={label}" in told
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "s16le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    samples = np.frombuffer(raw, "<i2").reshape(-1, 2)
    assert np.array_equal(samples[: recording.avatar.size, 1], recording.avatar)
    assert np.abs(samples[:, 0]).max() > 1000


def test_three_vrm_plays_the_animation_as_the_rig_has_it(files: Path, face: list[RigFrame], readers: Path) -> None:
    found = played(readers, "vrma", files / "visit.vrma")
    assert (found["issues"], found["warned"], found["custom"]) == ([], [], [])
    rows = (files / "visit.csv").read_text("utf-8").splitlines()
    assert found["duration"] == pytest.approx((len(rows) - 2) / 60, abs=1e-3)
    assert set(found["expressions"]) == set(PRESETS)
    for name in PRESETS:
        wanted = [vrm(frame)[name] for frame in face]
        assert [value for (value,) in found["expressions"][name]] == pytest.approx(wanted, abs=2e-3), name
    assert set(found["bones"]) == set(MOVED)
    for name in MOVED:
        turned = quaternions(np.array([angles(frame)[name] for frame in face]))
        assert np.allclose(found["bones"][name], turned, atol=2e-3), name
    gaze = np.array([[-35 * frame.gaze[1], 40 * frame.gaze[0], 0.0] for frame in face])
    assert np.allclose(found["lookAt"], quaternions(gaze), atol=2e-3)


def test_live2ds_framework_plays_the_motion_as_the_rig_has_it(files: Path, face: list[RigFrame], readers: Path) -> None:
    found = played(readers, "motion3", files / "visit.motion3.json")
    meta = json.loads((files / "visit.motion3.json").read_text("utf-8"))["Meta"]
    assert (found["curveCount"], found["segments"], found["points"]) == (
        meta["CurveCount"],
        meta["TotalSegmentCount"],
        meta["TotalPointCount"],
    )
    assert (found["duration"], found["fps"]) == (meta["Duration"], 60)
    for shown, frame in zip(found["played"], face, strict=True):
        wanted = live2d(frame)
        assert {name: shown[name] for name in wanted} == pytest.approx(wanted, abs=2e-2)
        assert all(value == 0 for name, value in shown.items() if name not in wanted)


def test_the_frames_looked_at_are_some_that_move(face: list[RigFrame]) -> None:
    assert sum(bool(frame.visemes) for frame in face) >= 4
    assert any(frame.gestures for frame in face)
    assert any(not frame.visemes for frame in face)
