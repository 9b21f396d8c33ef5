"""What an edge tells whoever records it: every frame, and whatever no message says."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pipeline.audio import Frame
from pipeline.messages import SpeechStarted, TurnEnded, Utterance
from pipeline.session.settings import Conversing
from tests.edge_scene import LOUD, QUIET, EdgeScene, at_edge

QUICKLY = Conversing(language="zh", greet=False)


@dataclass
class Heard:
    """A tape that a test reads."""

    frames: list[tuple[Frame, float | None]] = field(default_factory=list)
    notes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def hear(self, frame: Frame, voice: float | None) -> None:
        self.frames.append((frame, voice))

    def note(self, event: str, session: str, **fields: Any) -> None:
        self.notes.append((event, session, fields))

    def names(self, *but: str) -> list[str]:
        """What happened, in its order."""
        return [event for event, _, _ in self.notes if event not in but]

    def of(self, event: str) -> list[dict[str, Any]]:
        """What such events say."""
        return [fields for name, _, fields in self.notes if name == event]


def test_each_frame_is_on_it_from_the_first_on() -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        await scene.hears(QUIET, 0.1)
        await scene.edge.hear(QUIET + 1, at=9600)

    at_edge(act, QUICKLY, tape=tape)
    assert [frame.sample for frame, _ in tape.frames] == [0, 320, 640, 960, 1280, 9600]
    assert tape.frames[-1][0].pcm.tolist() == [1] * 320
    assert tape.notes == []


def test_what_is_said_is_noted_with_the_ids_that_are_published_and_where_it_was_known() -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        await scene.hears(LOUD, 0.5)
        await scene.hears(QUIET, 3.0)

    scene = at_edge(act, QUICKLY, tape=tape)
    said = [message.id for message in scene.said if isinstance(message, (SpeechStarted, Utterance, TurnEnded))]
    assert [one for fields in tape.of("heard") for one in fields["ids"]] == said
    assert tape.names("duck", "timer", "hint")[:2] == ["begin", "heard"]
    (begin,) = tape.of("begin")
    started = next(message for message in scene.said if isinstance(message, SpeechStarted))
    assert begin["sample"] == tape.of("heard")[0]["sample"]
    assert begin["sample"] >= started.at_sample
    assert begin["sample"] % 320 == 0


def test_touches_are_noted_as_they_came_and_after_the_beginning() -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("几点开门？", "zh")
        await scene.clock.sleep(1)
        scene.edge.control(stop=True)
        await scene.clock.sleep(1)
        scene.edge.present(there=False)
        await scene.clock.sleep(1)

    at_edge(act, QUICKLY, tape=tape)
    assert tape.names("duck", "cut", "timer") == ["begin", "touched", "touched", "touched"]
    assert [type(fields["message"]).__name__ for fields in tape.of("touched")] == ["Typed", "Control", "Presence"]
    assert {"duck", "cut"} <= set(tape.names())


def test_a_timer_is_noted_when_it_fires_and_leaving_when_it_is_done() -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        scene.edge.present(there=True)
        await scene.clock.sleep(2)
        scene.edge.end("ended")
        await scene.clock.sleep(1)
        scene.edge.end("left")
        scene.edge.present(there=True)
        await scene.clock.sleep(100)

    at_edge(act, Conversing(language="zh", idle_seconds=5), tape=tape)
    assert tape.of("leave") == [{"why": "ended"}], "nobody was there to leave the second time"
    assert {"key": "idle"} in tape.of("timer")
    assert len({session for event, session, _ in tape.notes if event == "begin"}) == 2


def test_a_key_and_a_microphone_that_goes_are_noted() -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        await scene.edge.talk(on=True)
        await scene.hears(LOUD, 0.4)
        await scene.edge.talk(on=False)
        await scene.edge.deafen()
        await scene.clock.sleep(1)

    at_edge(act, Conversing(language="zh", greet=False, mode="push-to-talk"), tape=tape)
    names = tape.names("duck", "cut", "timer", "hint")
    assert names[:2] == ["begin", "talk"]
    assert names[-3:] == ["talk", "heard", "deafen"]
    assert tape.of("talk") == [{"on": True}, {"on": False}]


@pytest.mark.parametrize("how", ["muted", "key"])
def test_what_nobody_may_hear_is_not_kept(how: str) -> None:
    tape = Heard()

    async def act(scene: EdgeScene) -> None:
        if how == "muted":
            scene.edge.control(mute=True)
        await scene.clock.sleep(0.1)
        await scene.hears(LOUD, 0.2)

    at_edge(act, Conversing(mode="hands-free" if how == "muted" else "push-to-talk"), tape=tape)
    assert len(tape.frames) == 10
    assert not any(np.any(frame.pcm) for frame, _ in tape.frames)
