"""The page's microphone and loudspeaker, in a real browser, against the screen protocol."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser import HERTZ, SOUNDING, WELL, Tab, chromium, tab
from tests.fake_server import FakeServer, fake_server, tone

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("sound"), SOUNDING) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[tuple[Tab, FakeServer]]:
    """One page for all tests here: a visit after the other."""
    with fake_server() as server, tab(browser, f"{server.url}?trace") as opened:
        opened.until(WELL)
        yield opened, server


@pytest.fixture
def kiosk(page: tuple[Tab, FakeServer]) -> tuple[Tab, FakeServer]:
    opened, server = page
    server.say("cut")
    left = opened.until("state().loudspeaker.waiting === 0")
    server.wait(lambda: server.reports == sum(left["played"].values()))
    server.forget()
    return opened, server


def head(frame: bytes) -> tuple[int, ...]:
    """Kind, flags, latency, handle, sample, number."""
    return struct.unpack_from("<BBHIIQ", frame)


def test_the_microphone_arrives_in_frames_of_20_ms_numbered_without_a_gap(kiosk: tuple[Tab, FakeServer]) -> None:
    _, server = kiosk
    server.wait(lambda: len(server.sound) >= 60)
    frames = server.sound[:60]
    assert {len(frame) for frame in frames} == {660}
    assert {head(frame)[:2] for frame in frames} == {(1, 0)}
    assert set(np.diff([head(frame)[5] for frame in frames])) == {320}


def test_the_microphone_is_heard_at_16_khz(kiosk: tuple[Tab, FakeServer]) -> None:
    _, server = kiosk
    server.wait(lambda: len(server.sound) >= 50)
    heard = np.concatenate([np.frombuffer(frame, "<i2", 320, 20) for frame in server.sound[:50]])
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert abs(float(np.argmax(spectrum[50:]) + 50) - HERTZ) < 8
    assert np.abs(heard.astype(np.int32)).max() > 500


def test_parts_are_played_in_order_and_reported_as_they_are_heard(kiosk: tuple[Tab, FakeServer]) -> None:
    opened, server = kiosk
    before = opened.state()["loudspeaker"]["underruns"]
    one = server.play(tone(0.6), part=0, last=False)
    two = server.play(tone(0.4), part=1, start=14_400)
    three = server.play(tone(0.3), cause="c2", index=1)
    server.wait(lambda: len(server.played("ended")) == 3)
    assert server.played("started") == [(one, 0), (three, 0)]
    assert server.played("ended") == [(one, 14_400), (two, 9_600), (three, 7_200)]
    progress = server.played("progress")
    assert {handle for handle, _ in progress} <= {one, two, three}
    assert progress
    assert progress == sorted(progress)
    assert opened.state()["loudspeaker"]["underruns"] == before


def test_a_sentence_that_has_to_wait_for_its_next_part_is_counted(kiosk: tuple[Tab, FakeServer]) -> None:
    opened, server = kiosk
    before = opened.state()["loudspeaker"]["underruns"]
    server.play(tone(0.1), part=0, last=False)
    server.wait(lambda: server.played("ended"))
    server.play(tone(0.1), part=1, start=2_400)
    server.wait(lambda: len(server.played("ended")) == 2)
    assert opened.state()["loudspeaker"]["underruns"] == before + 1


def test_a_cut_ends_every_sentence_where_it_was_heard_and_the_next_one_begins(kiosk: tuple[Tab, FakeServer]) -> None:
    opened, server = kiosk
    one = server.play(tone(5), cause="c1")
    two = server.play(tone(5), cause="c2")
    opened.until("state().playing?.sample > 12000")
    server.say("cut")
    three = server.play(tone(0.2), cause="c3")
    server.wait(lambda: server.played("ended"))
    (cut, place), never = server.played("cut")
    assert (cut, never) == (one, (two, 0))
    assert max(sample for handle, sample in server.played("progress") if handle == one) <= place < 60_000
    assert server.played("ended") == [(three, 4_800)]
    opened.until("state().playing === null")


def test_a_cut_before_the_first_sound_is_reported_too(kiosk: tuple[Tab, FakeServer]) -> None:
    _, server = kiosk
    one = server.play(tone(0.2), cause="c1", last=False)
    server.wait(lambda: server.played("ended"))
    server.say("cut")
    server.wait(lambda: server.played("cut"))
    assert server.played("cut") == [(one, 4_800)], "it had sounded to the end of what had come, but was not over"


def test_each_frame_names_what_the_loudspeaker_was_given_when_it_was_taken(kiosk: tuple[Tab, FakeServer]) -> None:
    _, server = kiosk
    handle = server.play(tone(1))
    server.wait(lambda: server.played("ended"))
    server.wait(lambda: server.sound and head(server.sound[-1])[3] == 0)
    during = [head(frame) for frame in server.sound if head(frame)[3]]
    assert {frame[3] for frame in during} == {handle}
    assert 40 <= len(during) <= 55
    steps = np.diff([frame[4] for frame in during])
    assert abs(float(np.median(steps)) - 480) <= 5
    assert all(frame[2] < 5_000 for frame in during), "less than half a second of latency"


def test_what_cannot_sound_passes_in_silence_with_the_same_reports(kiosk: tuple[Tab, FakeServer]) -> None:
    opened, server = kiosk
    handle = server.play(tone(1.2))
    opened.until("state().playing?.sample > 6000")
    opened.page.evaluate("document.getElementById('sound-button').click()")
    assert opened.state()["loudspeaker"]["state"] == "muted"
    opened.until("state().playing?.sample > 16000")
    opened.page.evaluate("document.getElementById('sound-button').click()")
    server.wait(lambda: server.played("ended"))
    assert (server.played("started"), server.played("ended")) == ([(handle, 0)], [(handle, 28_800)])
    progress = [sample for _, sample in server.played("progress")]
    assert progress == sorted(progress)
    assert [said["loudspeaker"] for said in server.of("device")][-1] == "ok"


def test_the_mouth_follows_the_cues_on_the_clock_of_the_sound(kiosk: tuple[Tab, FakeServer]) -> None:
    opened, server = kiosk
    wide = {"name": "aa", "start": 12_000, "attack": 12_960, "release": 23_040, "end": 24_000, "weight": 1.0}
    cues = {"start": 0, "samples": 36_000, "visemes": [wide], "expressions": [], "gestures": [], "gaze": []}
    server.play(tone(1.5), cause="lips", cues=cues)
    server.wait(lambda: server.played("ended"))
    rows = [(at, opening) for at, cause, opening in opened.page.evaluate("visavis.trace()") if cause == "lips"]
    opened_at = [at for at, opening in rows if opening > 0.25]
    shut = [opening for at, opening in rows if at < 11_500 or at > 24_500]
    assert min(opened_at) >= 12_000
    assert max(opened_at) <= 24_000
    assert max(shut) < 0.15


QUEUE = """async () => {
    const { PartQueue } = await import('/kiosk/partqueue.js');
    const queue = new PartQueue();
    const render = (count) => {
        const [out, events] = [[], []];
        for (let frame = 0; frame < count; frame += 128) {
            const quantum = new Float32Array(128);
            queue.render(quantum, frame, events);
            out.push(...quantum);
        }
        return { out, events };
    };
    const put = (handle, samples, last) =>
        queue.put({ handle, pcm: new Int16Array(samples).fill(8192), position: 0, last });
    %s
}"""


def queue(page: tuple[Tab, FakeServer], steps: str) -> Any:
    """What the queue of the audio thread does, sample by sample."""
    return page[0].page.evaluate(QUEUE % steps)


def test_parts_are_joined_without_a_sample_between_them(page: tuple[Tab, FakeServer]) -> None:
    found = queue(page, "put(1, 1000, false); put(2, 500, true); return render(2048);")
    assert found["out"] == [0.25] * 1500 + [0.0] * 548
    places = [(event["kind"], event["handle"], event["frame"]) for event in found["events"]]
    assert places == [("begin", 1, 0), ("end", 1, 1000), ("begin", 2, 1000), ("end", 2, 1500)]


def test_a_cut_fades_in_20_ms_and_leaves_silence(page: tuple[Tab, FakeServer]) -> None:
    found = queue(page, "put(1, 9000, true); put(2, 9000, true); render(512); queue.cut(); return render(1024);")
    out = found["out"]
    assert out[:480] == pytest.approx([0.25 * (479 - n) / 480 for n in range(480)], abs=1e-6)
    assert out[480:] == [0.0] * 544
    assert found["events"] == [{"kind": "cut", "handle": 1, "frame": 480, "sample": 992}]


def test_ducking_takes_12_db_in_20_ms_and_gives_them_back(page: tuple[Tab, FakeServer]) -> None:
    steps = "put(1, 9000, true); queue.duck(true); const down = render(640).out; queue.duck(false);"
    found = queue(page, f"{steps} return [down, render(640).out];")
    down, up = found
    assert down[-1] == pytest.approx(0.25 * 10 ** (-12 / 20), rel=0.01)
    assert down[470] > down[-1] + 1e-5
    assert up[-1] == pytest.approx(0.25)


def test_the_loudness_follows_the_noise_of_the_room_within_bounds(page: tuple[Tab, FakeServer]) -> None:
    script = """async () => {
        const { Volume } = await import('/kiosk/volume.js');
        const volume = new Volume();
        const after = (level, frames) => {
            for (let count = 0; count < frames; count += 1) volume.hear(level);
            return volume.gain;
        };
        const found = [after(0.0001, 500), after(0.02, 3000), after(1, 9000)];
        volume.busy();
        return [...found, volume.hear(0.0001)];
    }"""
    quiet, loud, louder, while_speaking = page[0].page.evaluate(script)
    assert 0.6 < quiet < loud < louder < 1.8
    assert while_speaking is None
