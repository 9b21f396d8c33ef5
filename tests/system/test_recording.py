"""`visavis serve` with `record`: what visitors type and say is kept, and what is kept can be read."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.nodes import ROOT, nodes
from benchmarks.robot import Robot
from benchmarks.served import visavis
from benchmarks.serving import WORD, Hall, Serving, demo_config, play, serving
from pipeline.audio import Samples
from pipeline.messages import Played, SessionEnded, SessionStarted, Transcript, Typed, Utterance
from pipeline.recording.reading import Recording, read
from pipeline.recording.visit import read_visit
from tests.broker import free_port, mosquitto
from tests.cluster import EVERYTHING

pytestmark = pytest.mark.system

VISIT = read_visit(ROOT / "configs" / "visits" / "museum" / "visit.yaml")
MORE = """
screen: {port: 0}
screens:
  - {name: hall}
  - {name: desk, token: "${DESK_TOKEN}"}
record: kept
"""


def said(number: int) -> Samples:
    """What the visitor of the demo says, two seconds of what comes before it, and silence after it."""
    turn = VISIT.turns[number]
    sound: Samples = soundfile.read(VISIT.sound, dtype="int16")[0][
        round((turn.at - 0.3) * 16_000) : round(turn.ends * 16_000)
    ]
    quiet = np.random.default_rng(1).integers(-3, 4, 16_000).astype(np.int16)
    whole = np.concatenate([quiet, quiet, sound, np.zeros(16_000, np.int16)])
    return np.pad(whole, (0, -len(whole) % 320))


def recordings(folder: Path) -> dict[str, Recording]:
    """Those that were kept, by the screen's name; there is one of each."""
    found = {path.name.split("-")[2]: read(path) for path in sorted(folder.iterdir())}
    assert len(found) == len(list(folder.iterdir()))
    return found


def answered(robot: Robot) -> bool:
    """It was, and heard to the end."""
    replies = [part for part in robot.all("play") if part["origin"] == "reply"]
    return bool(replies) and replies[-1]["last"] and len(robot.reported("ended")) == len(robot.all("play"))


async def types_and_speaks(hall: Hall) -> None:
    """Two visitors at once: one speaks, the other types."""
    speaker = await hall.enter("hall")
    typist = await hall.enter("desk", token=WORD)
    assert speaker.welcome["recorded"] is True
    await typist.say("typed", text="几点开门？", language="zh")
    await speaker.microphone(said(0))
    for robot in (speaker, typist):
        await robot.until(partial(answered, robot))
        await robot.leave()
    await are_over(hall, 2)
    for robot in (speaker, typist):
        assert not robot.all("refused")


async def are_over(hall: Hall, count: int) -> None:
    """So many recordings are finished."""
    folder = hall.server.log.parent / "kept"
    async with hall.clock.timeout(20):
        while sum("ended" in json.loads(path.read_bytes()) for path in folder.glob("*/session.json")) < count:
            await hall.clock.sleep(0.05)


def check(kept: dict[str, Recording], heard: Samples) -> None:
    """Both visits are whole, each in its own folder."""
    assert set(kept) == {"hall", "desk"}
    for name, one in kept.items():
        assert one.mended == ()
        assert one.session["screen"] == name
        assert one.session["session"] == one.sessions[0]
        assert one.session["ended"]["why"] == "left"
        assert one.session["lost"] == 0
        assert one.session["clock"] == "machine"
        assert one.session["persona"]
        assert one.session["node"]["cores"] > 0
        assert WORD not in (one.folder / "session.json").read_text(encoding="utf-8")
        kinds = [type(row.message) for row in one.rows]
        assert kinds.count(SessionStarted) == kinds.count(SessionEnded) == 1
        assert {row.message.session for row in one.rows} == set(one.sessions)
        assert any(isinstance(row.message, Played) and row.message.state == "ended" for row in one.rows)
        assert one.avatar.any(), "what sounded is kept"
        assert len(one.avatar) <= 24_000 * (one.session["ended"]["at"] + 1.5)
    typed = [event for event in kept["desk"].events if event.name == "touched"]
    assert typed[0].fields["message"]["text"] == "几点开门？"
    assert any(isinstance(row.message, Typed) for row in kept["desk"].rows)
    assert not len(kept["desk"].visitor)
    spoken = kept["hall"]
    place = find(spoken.visitor, heard)
    assert spoken.visitor.tolist() == heard[place : place + len(spoken.visitor)].tolist()
    assert (spoken.visitor[: 32_000 - 640] != 0).any(), "what was heard before the first word is there"
    utterance = next(row for row in spoken.rows if isinstance(row.message, Utterance) and not row.message.partial)
    assert utterance.sound is not None
    assert utterance.sound.start > 16_000
    assert next(row.message.text for row in spoken.rows if isinstance(row.message, Transcript)) == VISIT.turns[0].says
    assert spoken.voice.max() > 0.9
    assert abs(len(spoken.voice) - len(spoken.visitor) // 320) <= 1
    assert {event.name for event in spoken.events} >= {"begin", "heard", "hint"}
    assert (spoken.folder / "timings.jsonl").stat().st_size


def find(kept: Samples, heard: Samples) -> int:
    """Where in what the microphone gave the recording begins: on a frame."""
    return next(
        at for at in range(0, len(heard), 320) if np.array_equal(kept[:3200], heard[at : at + 3200])
    )  # fmt: skip


def test_two_visitors_at_once_are_two_recordings_with_all_that_was_said(tmp_path: Path) -> None:
    with serving(tmp_path, demo_config(MORE)) as running:
        play(running, types_and_speaks)
    check(recordings(tmp_path / "kept"), said(0))


def test_over_a_broker_it_is_the_same(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        config = demo_config(MORE) + f"bus: {broker.url}\n"
        (tmp_path / "node.yaml").write_text(config, encoding="utf-8")
        with (
            nodes(tmp_path / "node.yaml", {"n1": EVERYTHING}, tmp_path, environment={"DESK_TOKEN": WORD}),
            serving(tmp_path, config) as running,
        ):
            play(running, types_and_speaks)
    check(recordings(tmp_path / "kept"), said(0))


def test_a_server_that_is_killed_leaves_a_recording_that_opens(tmp_path: Path) -> None:
    async def act(hall: Hall) -> None:
        robot = await hall.enter("hall")
        await robot.microphone(said(0))
        await robot.until(partial(answered, robot))
        await hall.clock.sleep(1.0)
        running.process.kill()
        running.process.wait()

    (tmp_path / "config.yaml").write_text(demo_config(MORE), encoding="utf-8")
    with visavis("serve", str(tmp_path / "config.yaml"), env={"DESK_TOKEN": WORD}) as served:
        running = Serving(served.process, served.url, tmp_path / "log.txt")
        play(running, act)
    kept = recordings(tmp_path / "kept")["hall"]
    assert "ended" not in kept.session
    assert [row for row in kept.rows if isinstance(row.message, Played) and row.message.state == "ended"]
    spoken = [row for row in kept.rows if row.sound and row.sound.file == "speech.flac"]
    assert spoken[-1].sound
    assert spoken[-1].sound.start + spoken[-1].sound.samples <= len(kept.speech), "to the last sample"


def test_a_disk_that_is_full_disturbs_no_visitor_and_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "kept"

    async def act(hall: Hall) -> None:
        if folder.exists():
            folder.rmdir()
        folder.write_text("a file where the folder should be")
        robot = await hall.enter("hall")
        await robot.say("typed", text="几点开门？", language="zh")
        await robot.until(partial(answered, robot))
        async with hall.client.get(f"http://127.0.0.1:{port}/metrics") as answer:
            told = await answer.text()
        assert 'visavis_recording_events_total{what="failed"} 1.0' in told
        await robot.leave()

    port = free_port()
    with serving(tmp_path, demo_config(MORE + f"metrics: {{port: {port}}}\n")) as running:
        play(running, act)
    assert running.log.read_text(encoding="utf-8").count("recording.failed") == 1
