"""`visavis serve` against a screen that knows docs/screen-protocol.md and nothing else."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import numpy as np
import pytest
import soundfile

from benchmarks.nodes import ROOT
from benchmarks.robot import Robot
from benchmarks.serving import WORD, Hall, Serving, demo_config, play, serving
from pipeline.audio import Samples
from pipeline.recording.visit import read_visit

pytestmark = pytest.mark.system

VISIT = read_visit(ROOT / "configs" / "visits" / "museum" / "visit.yaml")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve"), demo_config()) as running:
        yield running
    assert "Traceback" not in running.log.read_text(encoding="utf-8")


def said(number: int, before: float = 0.3, after: float = 0.0) -> Samples:
    """What the visitor of the demo says, and the silence after it."""
    turn = VISIT.turns[number]
    first, end = round((turn.at - before) * 16_000), round(turn.ends * 16_000)
    sound: Samples = soundfile.read(VISIT.sound, dtype="int16")[0][first:end]
    return np.concatenate([sound, np.zeros(round(after * 16_000), np.int16)])


async def ask(robot: Robot, text: str = "几点开门？") -> str:
    """Type a question and wait until its answer sounds; the sentence's cause."""
    before = len(robot.reported("started"))
    await robot.say("typed", text=text)
    await robot.until(lambda: len(robot.reported("started")) > before)
    cause: str = next(part["cause"] for part in robot.all("play") if part["origin"] == "reply")
    return cause


def test_a_typed_question_is_answered_with_sound_and_cues_and_heard_to_its_end(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        assert robot.welcome["protocol"] == 1
        assert robot.welcome["label"]["zh"]
        assert robot.welcome["questions"]["zh"]
        await robot.say("typed", text="几点开门？", language="zh")
        await robot.until(lambda: bool(robot.all("play")) and robot.all("play")[-1]["last"])
        last = robot.all("sentence")[-1]
        await robot.until(lambda: {part["handle"] for part in robot.all("play")}
                          == {report["handle"] for report in robot.reported("ended")})  # fmt: skip
        (started,) = robot.all("session_started")
        assert (started["language"], started["mode"]) == ("zh", "hands-free")
        assert "persona" not in started
        assert robot.all("transcript")[-1]["text"] == "几点开门？"
        assert robot.all("turn_ended")
        assert (last["origin"], last["sources"]) == ("reply", ["opening-hours"])
        for part in robot.all("play"):
            assert len(part["pcm"]) == 2 * part["samples"]
            assert np.frombuffer(part["pcm"], "<i2").any()
            assert part["cues"] is not None
            assert part["cues"]["visemes"]
            assert part["start"] == sum(one["samples"] for one in robot.all("play")
                                        if one["cause"] == part["cause"] and one["part"] < part["part"])  # fmt: skip
        assert [part["handle"] for part in robot.all("play")] == list(range(1, len(robot.all("play")) + 1))
        assert not robot.all("refused")
        await robot.leave()

    play(server, act)


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_what_the_microphone_hears_is_understood_and_answered(server: Serving, speed: float) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        await robot.microphone(said(1, after=3), speed)
        await robot.until(lambda: bool(robot.reported("started")))
        texts = [one["text"] for one in robot.all("transcript") if not one["partial"]]
        assert VISIT.turns[1].says in texts
        assert robot.all("speech_started")
        assert robot.all("sentence")[0]["sources"] == [VISIT.turns[1].entry]
        assert not robot.all("refused")
        await robot.leave()

    play(server, act)


def test_a_visitor_who_speaks_while_it_speaks_silences_it(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        await ask(robot, "What time do you close?")
        began = hall.clock.now()
        await robot.microphone(said(2, after=2.5))
        await robot.until(lambda: bool(robot.reported("cut")))
        assert [one["on"] for one in robot.all("duck")][:1] == [True]
        cut = next(at for at, frame in robot.heard if frame["type"] == "cut")
        assert (
            cut - began < 0.3 + 1.0
        )  # the silence before the words, the voice that counts as an interruption, a margin
        first = robot.reported("cut")[0]
        assert first["sample"] > 0
        await robot.until(lambda: any(part["cause"] != robot.all("play")[0]["cause"]
                                      and part["text"] for part in robot.all("play") if part["turn"] == 2))  # fmt: skip
        answer = [one for one in robot.all("sentence") if one["turn"] == 2]
        assert answer[0]["sources"] == [VISIT.turns[2].entry]
        await robot.leave()

    play(server, act)


def test_a_connection_that_is_lost_in_mid_answer_comes_back_to_the_same_conversation(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        cause = await ask(robot)
        session = robot.all("session_started")[0]["session"]
        await robot.until(lambda: len(robot.reported("progress")) > 2)
        await robot.vanish()
        again = await hall.enter(resume=robot.welcome["resume"], visitor=True)
        assert (again.welcome["resumed"], again.welcome["session"]) == (True, session)
        await ask(again, "Where is the toilet?")
        assert not [part for part in again.all("play") if part["cause"] == cause]
        assert again.all("play")[0]["turn"] == 2
        stale = await hall.enter(resume=robot.welcome["resume"], visitor=True)
        assert not stale.welcome["resumed"]
        await again.until(lambda: again.code is not None)
        assert again.code == 4409
        await stale.leave()

    play(server, act)


def test_a_screen_that_left_is_not_taken_up_again(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        await ask(robot)
        await robot.leave(1001)
        again = await hall.enter(resume=robot.welcome["resume"], visitor=True)
        assert (again.welcome["resumed"], again.welcome["session"]) == (False, "")
        await again.say("new")  # harmless: nobody is there
        await ask(again)
        await again.say("new")
        await again.until(lambda: bool(again.all("session_ended")))
        assert again.all("session_ended")[0]["why"] == "ended"
        await ask(again)
        assert len({one["session"] for one in again.all("session_started")}) == 2
        await again.leave()

    play(server, act)


def test_a_second_window_takes_over_and_the_visit_of_the_first_is_over(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        first = await hall.enter()
        await ask(first)
        second = await hall.enter()
        await first.until(lambda: first.code is not None)
        assert first.code == 4409
        assert second.welcome["session"] == ""
        await ask(second)
        assert second.all("play")[0]["turn"] == 1
        await second.leave()

    play(server, act)


@pytest.mark.parametrize(
    ("name", "hello", "code"),
    [
        ("desk", {}, 4401), ("desk", {"token": "open"}, 4401), ("cellar", {}, 4404), ("hall", {"protocol": 2}, 4426),
        ("hall", {"client": 7}, 4400),
    ],
)  # fmt: skip
def test_who_may_not_enter_is_told_by_a_code(server: Serving, name: str, hello: dict[str, Any], code: int) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter(name, **hello)
        assert (robot.code, robot.welcome) == (code, {})
        await robot.leave()

    play(server, act)


def test_the_token_opens_and_two_screens_are_two_conversations(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        desk, other = await hall.enter("desk", token=WORD), await hall.enter("hall")
        await ask(desk, "Where is the toilet?")
        await ask(other, "几点开门？")
        assert {part["language"] for part in desk.all("play")} == {"en"}
        assert {part["language"] for part in other.all("play")} == {"zh"}
        await desk.leave()
        await other.leave()

    play(server, act)


def test_too_much_and_what_cannot_be_read_are_refused_by_name(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        await robot.say("typed", text="x" * 2001)
        await robot.say("typed", text="")
        await robot.say("talk")
        await robot.socket.send_str("{")
        await robot.socket.send_bytes(b"\x01short")
        await robot.say("tomorrow", about="anything")
        await robot.say("ping", n=5)
        await robot.until(lambda: len(robot.all("refused")) == 5)
        assert [(one["code"], one["about"]) for one in robot.all("refused")] == [
            ("screen-field", "typed"), ("screen-field", "typed"), ("screen-field", "talk"), ("screen-frame", ""),
            ("screen-microphone", "microphone"),
        ]  # fmt: skip
        await robot.until(lambda: bool(robot.all("pong")))
        assert robot.code is None
        await robot.socket.send_str("x" * 20_000)
        await robot.until(lambda: robot.code is not None)
        assert robot.code == 4413
        flood = await hall.enter()
        for number in range(2000):
            if not flood.socket.closed:
                await flood.socket.send_str(f'{{"type":"ping","n":{number}}}')
        await flood.until(lambda: flood.code is not None)
        assert flood.code in {4429, 1006}  # a reset may overtake the code while it still sends

    play(server, act)


def test_a_page_of_another_site_and_a_path_that_leads_out_get_nothing(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await hall.client.ws_connect(f"{server.address}/screen/hall", headers=headers)
            assert refused.value.status == 403
        for path in (
            "/../configs/demo.yaml",
            "/kiosk/../screen.py",
            "/avatars/mei/../../pyproject.toml",
            "/kiosk/%2e%2e/screen.py",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            assert answer.split(b" ", 2)[1] in {b"400", b"404"}
            assert b"default-src 'none'" in answer
            writer.close()

    play(server, act)


def test_push_to_talk_hears_between_press_and_release(server: Serving) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter()
        await robot.say("control", mode="push-to-talk")
        await robot.microphone(said(1, after=1), 2)
        assert not robot.all("speech_started")
        await robot.say("talk", on=True)
        await robot.microphone(said(1), 1)
        await robot.say("talk", on=False)
        await robot.until(lambda: bool(robot.reported("started")))
        assert robot.all("transcript")[-1]["text"] == VISIT.turns[1].says
        await robot.leave()

    play(server, act)
