"""A recording whose `session.json` was written by hand, badly: one clear error that names the place."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.again_scene import command, record

BAD: list[dict[str, Any]] = [
    {"conversing": {"language": 7}},
    {"format": 2, "session": None, "config": 5, "microphone": []},
    {"format": "x"},
]


@pytest.mark.parametrize("told", BAD)
def test_what_is_wrong_in_it_is_named(told: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    visit = record(tmp_path)
    given = json.loads((visit / "session.json").read_text())
    (visit / "session.json").write_text(json.dumps({**given, **told}))
    assert command("replay", visit, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "session.json" in error
    assert error.rstrip().endswith("[recording-unreadable]")
