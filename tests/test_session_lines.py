"""Fixed lines are rendered once, kept, and there when nothing else is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Language, Message
from pipeline.errors import ServerError
from pipeline.messages import SessionStarted
from pipeline.session.lines import PLAIN, SHIPPED, Lines, Script, render
from tests.scene import ENGINES, Make, stages

PLACE = SessionStarted(session="s", screen="hall", language="en")


class Mute:
    """A voice that is away."""

    def __init__(self, clock: Clock) -> None:
        del clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        raise ServerError("server-unreachable", "away")
        yield message


def rendered(*folders: Path, voice: str = "stub", speech: Make = ENGINES["speech"]) -> Lines:
    async def main(clock: Clock) -> Lines:
        async with stages(clock, {**ENGINES, "speech": speech}) as bus:
            return await render(PLAIN, bus, clock, voice=voice, folders=folders)

    return run_virtual(main)


def test_every_line_of_every_language_can_be_spoken() -> None:
    lines = rendered()
    for language in ("zh", "en"):
        for origin in ("greeting", "farewell", "filler", "apology"):
            line = lines.line(origin, language, PLACE, 0)
            assert line is not None
            assert line.spoken
            assert line.sentence.language == language


def test_variants_take_turns() -> None:
    lines = rendered()
    texts = [line.sentence.text for number in range(3) if (line := lines.line("filler", "en", PLACE, number))]
    assert texts[0] != texts[1]
    assert texts[2] == texts[0]


def test_a_line_belongs_to_the_visit_that_hears_it() -> None:
    line = rendered().line("apology", "en", PLACE, 0)
    assert line is not None
    assert {message.session for message in (line.sentence, *line.speech.values(), *line.cues.values())} == {"s"}
    assert [part.cause for part in line.speech.values()] == [line.sentence.id] * len(line.speech)


def test_lines_are_kept_and_spoken_again_when_the_voice_is_away(tmp_path: Path) -> None:
    spoken = rendered(tmp_path).line("apology", "en", PLACE, 0)
    kept = rendered(tmp_path, speech=Mute).line("apology", "en", PLACE, 0)
    assert kept == spoken is not None


def test_lines_of_another_voice_are_rendered_anew(tmp_path: Path) -> None:
    rendered(tmp_path)
    assert rendered(tmp_path, voice="another", speech=Mute).line("apology", "en", PLACE, 0) is None


@pytest.mark.parametrize("damage", [b"", b"[5]\nabc", b"\xff\xfe", b"[]\n"])
def test_a_damaged_file_is_rendered_anew(tmp_path: Path, damage: bytes) -> None:
    rendered(tmp_path)
    for path in tmp_path.glob("*.line"):
        path.write_bytes(damage)
    assert rendered(tmp_path).line("apology", "en", PLACE, 0) is not None


def test_a_folder_that_cannot_be_written_does_not_stop_the_start(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert rendered(blocked).line("apology", "en", PLACE, 0) is not None


def test_without_a_voice_there_are_no_lines_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert rendered(speech=Mute).line("apology", "en", PLACE, 0) is None
    assert "line.silent" in caplog.text


def test_a_persona_without_lines_of_a_kind_says_the_plain_ones() -> None:
    async def main(clock: Clock) -> Lines:
        async with stages(clock, ENGINES) as bus:
            return await render({"en": Script(greeting=("Hi!",))}, bus, clock, voice="v", folders=[])

    lines = run_virtual(main)
    greeting, apology = lines.line("greeting", "en", PLACE, 0), lines.line("apology", "en", PLACE, 0)
    assert greeting is not None
    assert greeting.sentence.text == "Hi!"
    assert apology is not None


def test_an_avatars_own_clips_are_played_when_the_voice_is_away_from_the_start(tmp_path: Path) -> None:
    rendered(tmp_path, voice=SHIPPED)

    async def main(clock: Clock) -> Lines:
        async with stages(clock, {**ENGINES, "speech": Mute}) as bus:
            scripts: dict[Language, Script] = {"en": Script(apology=("The persona's own.",)), "zh": Script()}
            return await render(scripts, bus, clock, voice="v", folders=[], shipped=tmp_path)

    line = run_virtual(main).line("apology", "en", PLACE, 0)
    assert line is not None
    assert line.sentence.text == PLAIN["en"].apology[0]
