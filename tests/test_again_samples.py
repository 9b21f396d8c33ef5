"""The recordings that come with the project are what they say, on any machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.recording.again.samples import SAMPLES, replay_samples
from pipeline.recording.reading import read
from tests.again_scene import again, conversation, rows

NAMES = ("en", "thinking", "zh")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_the_same_conversation_again(name: str, tmp_path: Path) -> None:
    again(SAMPLES / name, tmp_path / name)
    assert conversation(tmp_path / name) == conversation(SAMPLES / name)
    assert not read(SAMPLES / name).mended


def test_one_of_them_thinks_is_broken_into_and_ends_in_silence() -> None:
    folder = SAMPLES / "thinking"
    assert rows(folder, "Thought")
    assert "barge-in" in [row["message"]["why"] for row in rows(folder, "Interrupt")]
    assert [row["message"]["why"] for row in rows(folder, "SessionEnded")] == ["idle"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_tells_nothing_of_the_machine_that_made_it(name: str) -> None:
    told = json.loads((SAMPLES / name / "session.json").read_text(encoding="utf-8"))
    assert not [value for value in walked(told["config"]) if isinstance(value, str) and value.startswith("/")]
    assert "node" not in told


def test_the_demo_says_that_each_comes_out_the_same_twice() -> None:
    said: list[str] = []
    assert replay_samples(said.append)
    assert "3 sample recordings, each replayed twice: the same bytes" in said[0]


def walked(value: object) -> list[object]:
    """All values in a value."""
    if isinstance(value, dict):
        return [inner for item in value.values() for inner in walked(item)]
    if isinstance(value, list):
        return [inner for item in value for inner in walked(item)]
    return [value]


def test_a_disk_that_is_full_in_the_middle_is_one_clear_error(tmp_path: Path) -> None:
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000));"
        "from pipeline.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["replay", str(SAMPLES / "zh"), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", limited, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make room, and run it again [recording-unwritable]" in done.stderr
    assert "Traceback" not in done.stderr
