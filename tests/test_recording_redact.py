"""A redacted recording keeps times, ids and numbers, and not one word or sound of anybody."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import messages as m
from pipeline.audio import FRAME
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Exchange, Feeling, Mark, Message, Pose, Word
from pipeline.errors import VisavisError
from pipeline.recording.reading import read
from pipeline.recording.recorder import Recorder
from pipeline.recording.redact import MARK, redact
from tests.recording_scene import NOISE

WORDS = st.from_regex(r"[a-z\u4e00-\u9fff]{3,12}zq[a-z]{0,3}", fullmatch=True)
"""No word of ours has `zq` in it."""


def visit(draw: Any) -> list[Message]:
    """Every message that carries words, each with its own."""

    def word() -> str:
        found: str = draw(WORDS)
        return found

    place = {"session": "s1", "turn": 1, "revision": 1}
    said = m.Utterance(**place, start_sample=0, pcm=bytes(3200), baseline=((1.5, 2.5),))
    heard = said.answer(m.Transcript, text=word(), language="zh", confidence=0.9,
                        words=(Word(text=word(), start=0.1, end=0.2),))  # fmt: skip
    asked = heard.answer(m.Question, text=word(), language="zh", persona=word(), knowledge="museum",
                         history=(Exchange(role="visitor", text=word()),), said=(word(),),
                         voices={"zh": word()})  # fmt: skip
    line = asked.answer(m.Sentence, index=0, text=word(), language="zh", sources=(word(),), by="stub", tokens_in=7)
    speech = line.answer(
        m.Speech, index=0, part=0, start=0, last=True, text=word(), pcm=NOISE[:4800].astype("<i2").tobytes(),
        phonemes=(Mark(text=word(), start=0, end=9),), words=(Mark(text=word(), start=0, end=9),),
        context=(Mark(text=word(), start=0, end=9),),
    )  # fmt: skip
    pose = {"start": 0, "attack": 1, "release": 2, "end": 3, "weight": 0.5}
    return [
        m.SessionStarted(session="s1", screen="hall", language="zh", persona=word()),
        m.Typed(session="s1", text=word()), m.Say(session="s1", text=word()), said, heard,
        said.answer(m.Emotion, source="voice", feeling=Feeling(label="happy"), features=(3.25, 4.75)), asked,
        asked.answer(m.Thought, index=0, text=word()), line, speech,
        speech.answer(m.Cues, index=0, part=0, start=0, samples=4800, visemes=(Pose(name="aa", **pose),),
                      expressions=(Pose(name="happy", **pose),)),
        asked.answer(m.Failure, stage="reply", code="moody", text=word()),
    ]  # fmt: skip


def record(folder: Path, messages: list[Message], facts: dict[str, Any]) -> None:
    """A recording of them, with sound on both sides."""

    async def main(clock: Clock) -> None:
        recorder = Recorder(folder, clock)
        recorder.describe(facts)
        recorder.note("begin", "s1", sample=0)
        for number in range(20):
            recorder.hear(NOISE[number * FRAME : (number + 1) * FRAME])
        for message in messages:
            await clock.sleep(0.1)
            if isinstance(message, (m.Typed, m.Say)):
                recorder.note("touched", "s1", message=message)
            recorder.write(message)
        recorder.avatar.write(NOISE[:9000])
        recorder.close()

    run_virtual(main)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_word_of_the_original_is_left_anywhere(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("words")
    secret = data.draw(WORDS)
    facts = {
        "session": "s1", "screen": "hall", "title": secret, "persona": secret, "microphone": {"start": 0},
        "config": {"session": {"wake_phrases": [secret], "greet": True}, "reply": {"engine": "deepseek", "mode": secret,
                   "prompt": {"text": secret}, "emotion": secret}, "emotion": {"engine": "linear", "threshold": 0.25}},
        "conversing": {"language": "auto", "wake_phrases": [secret]}, "node": {"node": secret, "cores": 4},
        "something": {"new": secret},
    }  # fmt: skip
    record(folder / "whole", visit(data.draw), facts)
    (folder / "whole" / "report.html").write_text(secret)
    before = read(folder / "whole")
    assert sum(b"zq" in path.read_bytes() for path in (folder / "whole").iterdir()) >= 4
    after = read(redact(folder / "whole", folder / "out"))
    for path in (folder / "out").iterdir():
        assert b"zq" not in path.read_bytes(), path.name
    assert [row.at for row in after.rows] == [row.at for row in before.rows]
    assert [row.message.id for row in after.rows] == [row.message.id for row in before.rows]
    assert [row.sound for row in after.rows] == [row.sound for row in before.rows]
    assert [(event.at, event.name) for event in after.events] == [(event.at, event.name) for event in before.events]
    assert (len(after.visitor), len(after.speech), len(after.avatar)) == (20 * FRAME, 4800, 9000)
    assert not any(sound.any() for sound in (after.visitor, after.speech, after.avatar))


@pytest.fixture
def redacted(tmp_path: Path) -> Any:
    """The messages of a redacted visit, by class."""
    words = iter(f"word{number}zq" for number in range(100))
    record(tmp_path / "whole", visit(lambda _: next(words)), {"session": "s1"})
    return {type(row.message).__name__: row.message for row in read(redact(tmp_path / "whole", tmp_path / "out")).rows}


def test_numbers_and_what_belongs_to_nobody_stay(redacted: Any) -> None:
    assert redacted["Transcript"].confidence == 0.9
    assert re.fullmatch(f"{MARK}+", redacted["Transcript"].text)
    assert len(redacted["Transcript"].text) == len("word0zq") + 0
    assert (redacted["Sentence"].by, redacted["Sentence"].tokens_in) == ("stub", 7)
    assert redacted["Emotion"].feeling.label == "happy"
    assert redacted["Question"].history[0].role == "visitor"
    assert redacted["Failure"].code == "moody"
    assert redacted["Cues"].expressions[0].name == "happy"
    assert redacted["Speech"].words[0].end == 9


def test_what_a_voice_may_be_known_by_and_what_lips_say_goes(redacted: Any) -> None:
    assert redacted["Emotion"].features == ()
    assert redacted["Utterance"].baseline == ()
    assert [(pose.name, pose.weight) for pose in redacted["Cues"].visemes] == [("sil", 0.5)]


def test_of_the_machine_only_its_kind_stays(tmp_path: Path) -> None:
    facts = {"node": {"node": "hall.museum", "arch": "x86_64", "cores": 4, "label.room": "east"}, "lost": 3}
    record(tmp_path / "whole", [], facts)
    told = json.loads((redact(tmp_path / "whole", tmp_path / "out") / "session.json").read_text())
    assert told["node"] == {"arch": "x86_64", "cores": 4}
    assert (told["lost"], told["redacted"], told["format"]) == (3, True, 2)


def test_a_folder_that_holds_something_is_not_written_to(tmp_path: Path) -> None:
    record(tmp_path / "whole", [], {})
    with pytest.raises(VisavisError, match="redact-out"):
        redact(tmp_path / "whole", tmp_path / "whole")
    (tmp_path / "file").write_text("")
    with pytest.raises(VisavisError, match="redact-out"):
        redact(tmp_path / "whole", tmp_path / "file")


def test_a_torn_recording_is_redacted_as_far_as_it_goes(tmp_path: Path) -> None:
    record(tmp_path / "whole", [m.Typed(session="s1", text="hello")], {})
    with (tmp_path / "whole" / "messages.jsonl").open("ab") as file:
        file.write(b'{"at":1.0,"message":{"text":"secr')
    assert len(read(redact(tmp_path / "whole", tmp_path / "out")).rows) == 1
    assert np.any(read(tmp_path / "whole").visitor)
