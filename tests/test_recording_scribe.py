"""A recording holds up nobody, and what was written stays when its writer is killed or its disk is full."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.jobs import Timing
from pipeline.messages import Played, Sentence, Speech, Transcript
from pipeline.recording import form, writer
from pipeline.recording.reading import Recording, read
from tests.recording_child import NOISE
from tests.recording_scene import Scene, at_screens

ROOT = Path(__file__).resolve().parent.parent
ENCODER = 4096 + 1024 + 1
"""Samples that a FLAC encoder may still have, or that cannot be read of what it has written: a third of a second."""
LATE = 24_000 * 6 // 10
"""Samples for which the avatar's sound waits for a report."""


def killed(folder: Path, after: int, *limit: str) -> dict[str, int]:
    """A process that records is killed as soon as it has told so often what is written; what it told last."""
    words = [sys.executable, "-m", "tests.recording_child", str(folder), *limit]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [line for _, line in zip(range(after), child.stdout, strict=False)]
        os.kill(child.pid, signal.SIGKILL)
        told += [line for line in child.stdout if line.endswith("}\n")]
    last: dict[str, int] = json.loads(told[-1])
    return last


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 120))
def test_a_process_that_is_killed_loses_nothing_that_was_handed_to_the_disk(
    tmp_path_factory: pytest.TempPathFactory, after: int
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    told = killed(folder, after)
    (path,) = folder.iterdir()
    kept = read(path)
    assert len(kept.rows) >= told["messages"]
    assert len(kept.events) >= told["events"]
    assert "ended" not in kept.session
    assert len(kept.voice) >= told["heard"] // 320
    assert len(kept.visitor) >= told["heard"] - ENCODER
    assert np.array_equal(kept.visitor, NOISE[: len(kept.visitor)])
    spoken = [row for row in kept.rows[: told["messages"]] if isinstance(row.message, Speech)]
    for number, row in enumerate(spoken):  # to the last sample, though an encoder keeps some
        assert kept.whole(row).pcm == NOISE[number * 1500 : number * 1500 + 1500].astype("<i2").tobytes()  # type: ignore[attr-defined]
    assert len(kept.avatar) >= told["heard"] * 3 // 2 - LATE - ENCODER


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is there of a short visit that is not over."""
    top = tmp_path_factory.mktemp("torn")

    async def act(scene: Scene) -> None:
        scene.begin()
        for number in range(6):
            await scene.hears(15, voice=0.5)
            said = Sentence(session="s1", index=number, text="嗯", language="zh")
            pcm = NOISE[:2400].astype("<i2").tobytes()
            scene.keeper.message(said.answer(Speech, index=number, part=0, start=0, last=True, pcm=pcm))
            scene.keeper.message(Played(session="s1", cause=said.id, index=number, part=0, sample=2400, state="ended"))
            scene.keeper.timing(Timing("speech", "stub", said.id, "s1", 1, 1, 0.1, 2.0, 3.0, "done"))
            scene.tape().note("timer", "s1", key=f"due {number}")
        await scene.settled()
        shutil.copytree(next((top / "live").iterdir()), top / "torn")

    at_screens(top / "live", act)
    return top / "torn"


FILES = (form.MESSAGES, form.EVENTS, form.TIMINGS, form.VISITOR, form.SPEECH, form.AVATAR, form.VOICE)


@pytest.mark.parametrize("name", FILES)
def test_a_recording_that_was_cut_off_anywhere_in_its_last_kilobyte_opens(
    tmp_path: Path, torn: Path, name: str
) -> None:
    path = tmp_path / "cut"
    shutil.copytree(torn, path)
    whole, kept = (path / name).read_bytes(), read(torn)
    for size in range(max(0, len(whole) - 1024), len(whole)):
        (path / name).write_bytes(whole[:size])
        cut = read(path)
        for one, other in ((cut.visitor, kept.visitor), (cut.speech, kept.speech), (cut.avatar, kept.avatar)):
            assert np.array_equal(one, other[: len(one)])
        assert kept.rows[: len(cut.rows)] == cut.rows
        assert kept.events[: len(cut.events)] == cut.events
        assert kept.timings[: len(cut.timings)] == cut.timings
        assert len(cut.rows) >= len(kept.rows) - 4


def test_a_disk_that_takes_no_more_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    """Every file is limited: the writer meets the limit in sound and in lines, the visit goes on for 80 seconds."""
    told = killed(tmp_path, 1000, "60000")
    (path,) = tmp_path.iterdir()
    kept = read(path)
    assert told["heard"] > 16_000 * 40, "nobody was held up"
    assert len(kept.rows) > 10
    assert np.array_equal(kept.visitor, NOISE[: len(kept.visitor)])
    assert len(kept.visitor) > 10_000


class Full:
    """A disk that takes a while nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        write = writer.Lines.write

        def written(lines: writer.Lines, line: str) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            write(lines, line)

        monkeypatch.setattr(writer.Lines, "write", written)


def visit(scene: Scene, session: str) -> None:
    """One that comes and goes."""
    scene.begin(session)
    scene.keeper.message(Transcript(session=session, text="几点开门？", language="zh", confidence=0.9))
    scene.end(session)


def test_the_operator_is_told_once_that_it_fails_and_once_that_it_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Full(monkeypatch)

    async def act(scene: Scene) -> None:
        for number, full in enumerate([False, True, True, True, False, False]):
            disk.full = full
            visit(scene, f"s{number}")
            await scene.clock.sleep(2)
            await scene.settled()

    with caplog.at_level(logging.WARNING):
        scene = at_screens(tmp_path, act)
    said = [record.getMessage() for record in caplog.records]
    assert [line.split()[0] for line in said] == ["recording.failed", "recording.works"]
    assert "No space left on device" in said[0]
    assert "make room" in said[0]
    assert str(tmp_path) in said[0]
    assert (scene.keeper.counts["failed"], scene.keeper.counts["finished"]) == (3, 3)
    assert {name for name, one in scene.recordings().items() if "ended" in one.session} == {"s0", "s4", "s5"}


def test_a_disk_that_fills_up_in_the_middle_of_a_visit_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Full(monkeypatch)

    async def act(scene: Scene) -> None:
        scene.begin()
        await scene.hears(50)
        await scene.settled()
        disk.full = True
        scene.tape().note("cut", "s1")
        await scene.hears(50)

    kept: Recording = at_screens(tmp_path, act).one
    assert "ended" not in kept.session
    assert len(kept.visitor) == 50 * 320


@pytest.mark.parametrize("what", ["a file", "no permission"])
def test_a_folder_where_nothing_can_be_written_disturbs_nobody_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder = tmp_path / "kept"
    refused = [what == "no permission"]
    if what == "a file":
        folder.write_text("in the way")
    mkdir = Path.mkdir

    def refuse(path: Path, *words: Any, **more: Any) -> None:
        if refused[0]:
            raise PermissionError(13, "Permission denied")
        mkdir(path, *words, **more)

    monkeypatch.setattr(Path, "mkdir", refuse)

    async def act(scene: Scene) -> None:
        for session in ("s1", "s2", "s3"):
            visit(scene, session)
            await scene.clock.sleep(2)
            await scene.settled()
            if session == "s2":
                refused[0] = False
                folder.unlink(missing_ok=True)

    with caplog.at_level(logging.WARNING):
        scene = at_screens(folder, act)
    assert [record.getMessage().split()[0] for record in caplog.records] == ["recording.failed", "recording.works"]
    assert list(scene.recordings()) == ["s3"]


def test_a_recording_that_cannot_even_begin_leaves_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    async def act(scene: Scene) -> None:
        visit(scene, "s1")
        await scene.settled()

    at_screens(tmp_path, act)
    assert list(tmp_path.iterdir()) == []
