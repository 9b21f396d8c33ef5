"""One recording for each visit, from two seconds before its first word to a second after its end."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs import Timing
from pipeline.messages import Control, Played, Presence, Sentence, Speech, Transcript, Typed, Utterance
from pipeline.recording import form
from pipeline.recording.scribe import Scribe
from tests.recording_scene import NOISE, Scene, at_screens

HEARD = Transcript(session="s1", turn=1, text="几点开门？", language="zh", confidence=0.9)
TIMING = Timing("reply", "stub", "c", "s1", 1, 1, 0.1, 2.0, 3.0, "done")


def test_the_two_seconds_before_a_visit_are_part_of_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.hears(150)
        scene.begin()
        await scene.hears(50)
        scene.end()

    kept = at_screens(tmp_path, act).one
    assert kept.visitor.tolist() == NOISE[50 * 320 : 200 * 320].tolist()
    assert kept.origin == 50 * 320
    (begin,) = (event for event in kept.events if event.name == "begin")
    assert (begin.at, begin.fields) == (2.0, {"sample": 150 * 320})
    assert kept.rows[0].at == 2.0
    assert kept.session["ended"] == {"at": 3.0, "why": "left"}


def test_what_was_heard_long_ago_is_forgotten(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.hears(60)
        await scene.clock.sleep(600)
        scene.begin()
        await scene.hears(5)

    kept = at_screens(tmp_path, act).one
    assert kept.origin == 60 * 320
    assert kept.visitor.tolist() == NOISE[60 * 320 : 65 * 320].tolist()


def test_a_visit_does_not_hold_what_the_visitor_before_said(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin("s1")
        await scene.hears(50)
        scene.end("s1")
        await scene.hears(10)
        scene.begin("s2")
        await scene.hears(50)
        scene.end("s2")

    first, second = at_screens(tmp_path, act).recordings().values()
    assert len(first.visitor) == 50 * 320
    assert second.origin == 50 * 320
    assert len(second.visitor) == 60 * 320


def test_samples_that_are_missing_are_silence_and_a_gap(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.hears(10)
        scene.begin()
        await scene.hears(10, voice=1.0)
        scene.misses(1234)
        await scene.hears(10, voice=0.5)

    kept = at_screens(tmp_path, act).one
    assert kept.visitor[: 20 * 320].tolist() == NOISE[: 20 * 320].tolist()
    assert not kept.visitor[20 * 320 : 20 * 320 + 1234].any()
    assert kept.visitor[20 * 320 + 1234 :].tolist() == NOISE[20 * 320 + 1234 : 30 * 320 + 1234].tolist()
    gaps = [event.fields for event in kept.events if event.name == "gap"]
    assert gaps == [{"start": 20 * 320, "until": 20 * 320 + 1234}]
    assert kept.voice[[0, 9, 10, 19, 20, 22, 23, 32]].round(1).tolist() == [0, 0, 1, 1, 0, 0, 0.5, 0.5]


def test_an_engine_that_does_not_say_how_probable_a_voice_is_leaves_no_file_of_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin()
        await scene.hears(10)

    kept = at_screens(tmp_path, act).one
    assert not len(kept.voice)
    assert not (kept.folder / form.VOICE).exists()


def test_the_sound_of_a_message_is_where_it_says(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.hears(150)
        scene.begin()
        await scene.hears(50)
        start = 140 * 320
        pcm = NOISE[start : start + 3200].astype("<i2").tobytes()
        scene.keeper.message(Utterance(session="s1", turn=1, revision=1, start_sample=start, pcm=pcm))
        early = NOISE[40 * 320 : 60 * 320].astype("<i2").tobytes()
        scene.keeper.message(Utterance(session="s1", turn=2, revision=1, start_sample=40 * 320, pcm=early))
        for number in range(3):
            said = Sentence(session="s1", index=number, text="嗯", language="zh")
            sound = NOISE[number * 1000 : number * 1000 + 1000].astype("<i2").tobytes()
            scene.keeper.message(said.answer(Speech, index=number, part=0, start=0, last=True, pcm=sound))
            await scene.settled()

    kept = at_screens(tmp_path, act).one
    first, second = (row for row in kept.rows if isinstance(row.message, Utterance))
    assert kept.whole(first).pcm == NOISE[140 * 320 :][:3200].astype("<i2").tobytes()  # type: ignore[attr-defined]
    assert kept.whole(second).pcm == NOISE[50 * 320 : 60 * 320].astype("<i2").tobytes()  # type: ignore[attr-defined]
    spoken = [row for row in kept.rows if isinstance(row.message, Speech)]
    for number, row in enumerate(spoken):
        pcm = NOISE[number * 1000 : number * 1000 + 1000].astype("<i2").tobytes()
        assert kept.whole(row).pcm == pcm  # type: ignore[attr-defined]


def test_what_is_said_within_a_second_after_the_end_belongs_to_the_visit(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin()
        scene.end()
        await scene.clock.sleep(0.9)
        scene.keeper.message(HEARD)
        await scene.clock.sleep(0.2)
        scene.keeper.message(HEARD.changed(text="too late"))

    assert [type(row.message).__name__ for row in at_screens(tmp_path, act).one.rows][2:] == ["Transcript"]


def test_two_screens_are_two_recordings(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin("s1", "hall")
        scene.begin("s2", "cafe")
        await scene.hears(5, "hall")
        await scene.hears(7, "cafe")
        scene.keeper.message(HEARD)
        scene.keeper.timing(TIMING)
        scene.keeper.message(HEARD.changed(session="s2", text="您好"))
        scene.keeper.message(HEARD.changed(session="somebody else's"))

    scene = at_screens(tmp_path, act)
    kept = scene.recordings()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["20261125-140500-cafe-s2", "20261125-140500-hall-s1"]
    assert [len(kept[name].visitor) // 320 for name in ("s1", "s2")] == [5, 7]
    assert [kept[name].rows[-1].message.text for name in ("s1", "s2")] == ["几点开门？", "您好"]  # type: ignore[attr-defined]
    assert [len(kept[name].timings) for name in ("s1", "s2")] == [1, 0]
    assert kept["s1"].session["screen"] == "hall"
    assert kept["s1"].folder.stat().st_mode & 0o077 == 0, "other users of the machine cannot read it"
    assert kept["s1"].session["persona"] == "who I am"
    assert kept["s1"].session["began"].startswith("2026-11-25T14:05:00.000")
    assert dict(scene.keeper.counts) == {"begun": 2, "finished": 2, "failed": 0, "lost": 0, "removed": 0}


def test_what_was_touched_just_before_the_visit_is_in_it(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        language = Control(session="s1", language="en", index=1)
        scene.tape().note("touched", "s1", message=language)
        scene.keeper.message(language)
        scene.tape().note("touched", "never", message=Presence(screen="hall", present=True))
        await scene.clock.sleep(1)
        scene.begin()

    kept = at_screens(tmp_path, act).one
    assert [event.name for event in kept.events] == ["begin", "touched"]
    assert kept.events[1].at == -1.0
    assert isinstance(kept.rows[0].message, Control)


def test_a_visit_that_never_ended_is_finished_by_the_next_one_and_by_the_end_of_the_program(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin("s1")
        await scene.hears(10)
        scene.begin("s2")
        await scene.hears(10)
        await scene.clock.sleep(2)
        await scene.settled()
        first, second = scene.recordings().values()
        assert first.session["ended"]["why"] == "stopped"
        assert "ended" not in second.session
        assert len(first.visitor) == 10 * 320

    kept = at_screens(tmp_path, act).recordings()
    assert kept["s2"].session["ended"]["why"] == "stopped"


def test_a_full_queue_drops_and_counts_and_says_so_when_there_is_room_again(tmp_path: Path) -> None:
    scribe = Scribe(most=20, every=3600)

    async def act(scene: Scene) -> None:
        scene.begin()
        for number in range(30):
            scene.keeper.message(Typed(session="s1", text="x", index=number))
        await scene.hears(5)
        await scene.settled()
        scene.keeper.message(HEARD)
        await scene.hears(2)

    scene = at_screens(tmp_path, act, scribe)
    kept = scene.one
    typed = [row for row in kept.rows if isinstance(row.message, Typed)]
    lost = [event.fields["count"] for event in kept.events if event.name == "lost"]
    assert 0 < len(typed) < 20
    assert lost == [30 - len(typed)]
    assert kept.session["lost"] == lost[0]
    assert scene.keeper.counts["lost"] == lost[0]
    assert isinstance(kept.rows[-1].message, Transcript)
    assert [event.fields for event in kept.events if event.name == "gap"] == [{"start": 0, "until": 5 * 320}]
    assert kept.visitor.tolist() == [*[0] * 5 * 320, *NOISE[5 * 320 : 7 * 320].tolist()]


def test_sound_that_waits_is_bounded_in_bytes(tmp_path: Path) -> None:
    scribe = Scribe(most_bytes=100_000, every=3600)

    async def act(scene: Scene) -> None:
        scene.begin()
        for number in range(10):
            said = Sentence(session="s1", index=number, text="嗯", language="zh")
            scene.keeper.message(said.answer(Speech, index=number, part=0, start=0, pcm=bytes(30_000)))

    assert len([row for row in at_screens(tmp_path, act, scribe).one.rows if isinstance(row.message, Speech)]) == 3


def test_what_sounded_is_there_while_the_visit_goes_on(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.begin()
        said = Sentence(session="s1", index=0, text="嗯", language="zh")
        pcm = NOISE[:24_000].astype("<i2").tobytes()
        scene.keeper.message(said.answer(Speech, index=0, part=0, start=0, last=True, pcm=pcm))
        report = Played(session="s1", cause=said.id, index=0, part=0, sample=0, state="started")
        await scene.hears(50)
        scene.keeper.message(report)
        await scene.hears(50)
        scene.keeper.message(report.changed(sample=24_000, state="ended"))
        await scene.hears(50)
        await scene.settled()
        avatar = scene.one.avatar
        assert 1.5 < len(avatar) / 24_000 < 3.0
        place = int(np.argmax(avatar != 0))
        assert place == pytest.approx(24_000, abs=1)
        assert avatar[place : place + 12_000].tolist() == NOISE[:12_000].tolist()

    at_screens(tmp_path, act)
