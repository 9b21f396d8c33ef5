"""Recordings go when they are too old or too many, or when somebody asks; nothing else ever does."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.errors import VisavisError
from pipeline.recording.keeper import HOUR
from pipeline.recording.retention import QUIET, Forgotten, forget, kept, tidy
from pipeline.recording.settings import Record
from tests.recording_scene import TODAY, Scene, at_screens

DAY = dt.timedelta(days=1)
NONE = Forgotten([], [])


def recording(folder: Path, began: dt.datetime, session: str, size: int = 1000, *, ended: bool = True) -> Path:
    """One that was kept, last written to when it began."""
    path = folder / f"{began:%Y%m%d-%H%M%S}-hall-{session}"
    path.mkdir(parents=True)
    facts = {"format": 2, "session": session, "began": began.astimezone().isoformat()}
    text = json.dumps(facts | ({"ended": {"at": 1.0, "why": "left"}} if ended else {}))
    (path / "session.json").write_text(text)
    (path / "messages.jsonl").write_bytes(b"")
    (path / "visitor.flac").write_bytes(bytes(max(0, size - len(text))))
    for file in path.iterdir():
        os.utime(file, (began.timestamp(), began.timestamp()))
    return path


def names(paths: list[Path]) -> list[str]:
    """Visits of these recordings."""
    return [path.name.split("-")[-1] for path in paths]


def test_what_is_older_than_so_many_days_goes(tmp_path: Path) -> None:
    for age in (0, 6, 8, 40):
        recording(tmp_path, TODAY - age * DAY, f"d{age}")
    assert names(tidy(Record(folder=tmp_path, keep_days=7), TODAY, set())) == ["d40", "d8"]
    assert names([one.path for one in kept(tmp_path)]) == ["d6", "d0"]


def test_of_too_much_the_oldest_go_until_it_fits(tmp_path: Path) -> None:
    for age in range(5):
        recording(tmp_path, TODAY - age * DAY, f"d{age}", size=1_000_000)
    assert names(tidy(Record(folder=tmp_path, keep_gb=0.0035), TODAY, set())) == ["d4", "d3"]


def test_null_keeps_for_ever(tmp_path: Path) -> None:
    recording(tmp_path, TODAY - 9000 * DAY, "old")
    assert tidy(Record(folder=tmp_path, keep_days=None, keep_gb=None), TODAY, set()) == []


def test_what_is_being_written_stays_however_old_it_is(tmp_path: Path) -> None:
    ours = recording(tmp_path, TODAY - 90 * DAY, "ours", ended=False)
    theirs = recording(tmp_path, TODAY - 90 * DAY, "theirs", ended=False)
    left = recording(tmp_path, TODAY - 90 * DAY, "left", ended=False)
    recent = TODAY.timestamp() - QUIET / 2
    os.utime(theirs / "visitor.flac", (recent, recent))
    assert tidy(Record(folder=tmp_path, keep_days=1, keep_gb=0.000001), TODAY, {ours}) == [left]


def test_what_is_no_recording_of_ours_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "20200101-000000-hall-s1").mkdir()  # the name of one, but nothing of one in it
    (tmp_path / "20200101-000000-hall-s2").write_text("a file")
    (tmp_path / "holiday").mkdir()
    elsewhere = recording(tmp_path / "elsewhere", TODAY - 900 * DAY, "s3")
    (tmp_path / "20200101-000000-hall-s4").symlink_to(elsewhere)
    sample = recording(tmp_path, TODAY - 900 * DAY, "s5").rename(tmp_path / "sample")
    before = sorted(tmp_path.rglob("*"))
    assert tidy(Record(folder=tmp_path, keep_days=1, keep_gb=0.000001), TODAY, set()) == []
    assert sorted(tmp_path.rglob("*")) == before
    assert sample.is_dir()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(300, 5000)), max_size=8), st.integers(1, 60),
       st.integers(500, 20_000))  # fmt: skip
def test_what_is_left_is_young_and_fits_and_no_more_went_than_had_to(
    tmp_path_factory: pytest.TempPathFactory, there: list[tuple[int, int]], days: int, most: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    sizes = {}
    for number, (age, size) in enumerate(there):
        path = recording(folder, TODAY - age * DAY - dt.timedelta(seconds=number), f"s{number}", size)
        sizes[path] = sum(file.stat().st_size for file in path.iterdir())
    gone = tidy(Record(folder=folder, keep_days=days, keep_gb=most / 1e9), TODAY, set())
    left = [one for one in kept(folder) if one.began]
    assert sum(one.size for one in left) <= most
    assert all(one.began and TODAY - one.began <= days * DAY for one in left)
    assert sorted(gone, key=lambda path: path.name) == gone
    if gone and left and (last := gone[-1]):
        young = dt.datetime.strptime(last.name[:15], "%Y%m%d-%H%M%S") >= TODAY - days * DAY  # noqa: DTZ007
        assert not young or sum(one.size for one in left) + sizes[last] > most


def test_a_keeper_tidies_at_its_start_and_every_hour(tmp_path: Path) -> None:
    recording(tmp_path, TODAY - 90 * DAY, "one")

    async def act(scene: Scene) -> None:
        import asyncio

        tidying = asyncio.ensure_future(scene.keeper.tidy())
        await scene.clock.sleep(1)
        assert kept(tmp_path) == []
        recording(tmp_path, TODAY - 90 * DAY, "two")
        await scene.clock.sleep(HOUR - 10)
        assert len(kept(tmp_path)) == 1
        await scene.clock.sleep(20)
        assert kept(tmp_path) == []
        tidying.cancel()

    assert at_screens(tmp_path, act).keeper.counts["removed"] == 2


def test_forget_by_day_by_visit_and_by_both(tmp_path: Path) -> None:
    for age in range(4):
        recording(tmp_path, TODAY - age * DAY, f"d{age}")
    assert names(forget(tmp_path, before=(TODAY - 2 * DAY).date(), now=TODAY).deleted) == ["d3"]
    assert forget(tmp_path, before=(TODAY - 2 * DAY).date(), session="d0", now=TODAY) == NONE
    assert names(forget(tmp_path, session="d1", now=TODAY).deleted) == ["d1"]
    assert names([one.path for one in kept(tmp_path)]) == ["d2", "d0"]


def test_forget_finds_a_visit_within_a_recording_of_several(tmp_path: Path) -> None:
    path = recording(tmp_path, TODAY, "first")
    (path / "messages.jsonl").write_text('{"at":1.0,"message":{"kind":"Typed","session":"second"}}\n')
    assert forget(tmp_path, session="sec", now=TODAY) == NONE
    assert forget(tmp_path, session="second", now=TODAY) == Forgotten([path], [])


def test_forget_takes_the_recording_itself(tmp_path: Path) -> None:
    path = recording(tmp_path, TODAY - DAY, "one")
    assert forget(path, session="one", now=TODAY) == Forgotten([path], [])
    assert not path.exists()


def test_forget_leaves_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    assert forget(tmp_path, before=dt.date(2999, 1, 1), now=TODAY) == NONE
    assert (tmp_path / "notes" / "a.txt").exists()


@pytest.mark.parametrize(("words", "code"), [
    ({}, "forget-what"), ({"session": ""}, "forget-what"), ({"session": "now"}, "recording-busy"),
])  # fmt: skip
def test_forget_says_what_it_cannot_do(tmp_path: Path, words: dict[str, str], code: str) -> None:
    recording(tmp_path, TODAY, "now", ended=False)
    with pytest.raises(VisavisError) as raised:
        forget(tmp_path, now=TODAY, **words)  # type: ignore[arg-type]
    assert raised.value.code == code
    assert len(kept(tmp_path)) == 1


def test_forget_by_day_names_what_it_skips_and_why(tmp_path: Path) -> None:
    killed = recording(tmp_path, TODAY, "killed", ended=False)
    undated = recording(tmp_path, TODAY, "undated").rename(tmp_path / "undated")
    (undated / "session.json").write_text("{}")
    old = recording(tmp_path, TODAY - DAY, "old")
    deleted, skipped = forget(tmp_path, before=dt.date(2999, 1, 1), now=TODAY + dt.timedelta(seconds=150))
    assert deleted == [old]
    assert [path for path, _ in skipped] == [killed, undated]
    assert "try again in 8 minutes" in skipped[0][1]
    assert "does not say when it began" in skipped[1][1]
    assert forget(tmp_path, before=dt.date(2999, 1, 1), now=TODAY + dt.timedelta(seconds=QUIET)).deleted == [killed]


def test_forget_names_what_cannot_be_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = recording(tmp_path, TODAY, "stays")
    monkeypatch.setattr("shutil.rmtree", refuse)
    found = forget(tmp_path, session="stays", now=TODAY)
    assert found == ([], [(path, "删不掉 · it cannot be deleted: Permission denied")])


def test_the_command_ends_with_1_unless_all_that_was_meant_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording(tmp_path, TODAY, "one")
    assert main(["forget", str(tmp_path), "--session", "two"]) == 1
    assert "没有这次访问的录音 · no recording of visit two" in capsys.readouterr().out
    undated = recording(tmp_path, TODAY, "undated").rename(tmp_path / "undated")
    (undated / "session.json").write_text("{}")
    assert main(["forget", str(tmp_path), "--before", "2999-01-01"]) == 1
    assert f"跳过 · skipped {undated}: " in capsys.readouterr().out
    assert [one.path for one in kept(tmp_path)] == [undated]
    assert main(["forget", str(tmp_path), "--before", "1999-01-01", "--session", "one"]) == 1
    assert main(["forget", str(tmp_path / "undated"), "--session", "undated"]) == 1
    recording(tmp_path, TODAY, "three")
    assert main(["forget", str(tmp_path), "--session", "three"]) == 0


def test_forget_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(VisavisError, match="recording-missing"):
        forget(tmp_path / "nowhere", session="s", now=TODAY)
