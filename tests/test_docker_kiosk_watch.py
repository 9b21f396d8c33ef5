"""The kiosk's watchdog and its night: real scripts, a real server, a machine that only notes what is restarted."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk_files import BROWSER, KIOSK, SERVER, answering

LIMITS = {"VISAVIS_HEALTH_FAILURES": "3", "VISAVIS_START_FAILURES": "5", "VISAVIS_READY_FAILURES": "4"}


class Watched:
    """A machine around the scripts: which units run, whether the page is connected, when it last said something."""

    def __init__(self, folder: Path, health: str) -> None:
        self._folder, self._health = folder, health
        self.active = {SERVER, BROWSER}
        self.connected = True
        self.invocation = "one"
        self.said: int | None = None
        """Seconds ago; None: never."""

    def run(self, script: str, **more: str) -> list[str]:
        """Run it once; the units that it restarted, in their order."""
        programs = self._folder / "bin"
        programs.mkdir(exist_ok=True)
        restarted = self._folder / "restarted"
        restarted.write_text("", encoding="utf-8")
        fakes = {
            "systemctl": f"""for last; do :; done
case "$1 $*" in
  *--property=InvocationID*) echo {self.invocation} ;;
  *ActiveEnter*) echo 0 ;;
  is-active*) case " {" ".join(sorted(self.active))} " in *" $last "*) exit 0 ;; *) exit 3 ;; esac ;;
  is-failed*) exit 1 ;;
  restart*) echo "$last" >>{restarted} ;;
  reboot*) echo machine >>{restarted} ;;
esac""",
            "ss": f"{'echo 0 0 127.0.0.1:40000 127.0.0.1:8080' if self.connected else ':'}",
            "journalctl": f"echo $(($(date +%s) - {self.said})).25 host visavis" if self.said is not None else ":",
        }
        for name, text in fakes.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        known = {"PATH": f"{programs}:/usr/bin:/bin", "VISAVIS_HEALTH": self._health, "VISAVIS_NIGHT_QUIET": "0",
                 "RUNTIME_DIRECTORY": f"{self._folder}/state", "TZ": "UTC"}  # fmt: skip
        done = subprocess.run(
            [KIOSK / script], env=known | LIMITS | more, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return restarted.read_text(encoding="utf-8").split()

    def looks(self, times: int, **more: str) -> list[list[str]]:
        return [self.run("visavis-watch", **more) for _ in range(times)]


@pytest.fixture
def states() -> dict[str, int]:
    return {"/healthz": 200, "/readyz": 200, "/metrics": 200}


@pytest.fixture
def watched(tmp_path: Path, states: dict[str, int]) -> Iterator[Watched]:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    with answering(states) as (address, _):
        yield Watched(tmp_path, address)


def test_what_is_well_is_left_alone(watched: Watched) -> None:
    assert watched.looks(5) == [[]] * 5


def test_a_server_that_was_well_is_restarted_after_three_failures(watched: Watched, states: dict[str, int]) -> None:
    watched.looks(1)
    states["/healthz"] = 503
    assert watched.looks(3) == [[], [], [SERVER]]


def test_failures_that_are_not_in_a_row_do_not_add_up(watched: Watched, states: dict[str, int]) -> None:
    for health in (200, 503, 503, 200, 503, 503, 200):
        states["/healthz"] = health
        assert watched.looks(1) == [[]]


def test_a_server_that_is_starting_gets_longer(watched: Watched, states: dict[str, int]) -> None:
    watched.looks(1)
    watched.invocation = "two"
    states["/healthz"] = 404
    assert watched.looks(5) == [[], [], [], [], [SERVER]]


def test_a_server_that_takes_no_visitors_for_long_is_restarted(watched: Watched, states: dict[str, int]) -> None:
    states["/readyz"] = 503
    assert watched.looks(4) == [[], [], [], [SERVER]]


def test_what_was_stopped_by_hand_stays_stopped(watched: Watched, states: dict[str, int]) -> None:
    watched.active = set()
    watched.connected = False
    states["/healthz"] = 503
    assert watched.looks(6) == [[]] * 6


def test_a_page_without_a_connection_is_restarted(watched: Watched) -> None:
    watched.connected = False
    assert watched.looks(4) == [[], [], [], [BROWSER]]


def test_a_page_that_can_reach_nobody_is_not_to_blame(watched: Watched, states: dict[str, int]) -> None:
    watched.connected = False
    states["/readyz"] = 503
    assert watched.looks(3) == [[]] * 3


def test_a_page_that_fell_silent_is_restarted(watched: Watched) -> None:
    watched.said = 30
    assert watched.looks(4) == [[]] * 4
    watched.said = 900
    assert watched.looks(4) == [[], [], [], [BROWSER]]
    assert watched.looks(4, VISAVIS_STATS_MINUTES="0") == [[]] * 4


def test_a_screen_without_a_server_of_its_own_is_watched_too(watched: Watched) -> None:
    watched.active = {BROWSER}
    watched.connected = False
    assert watched.looks(4, VISAVIS_HEALTH="") == [[], [], [], [BROWSER]]


def test_at_night_the_server_is_restarted_before_the_browser(watched: Watched) -> None:
    window = {"VISAVIS_NIGHT_FROM": "0", "VISAVIS_NIGHT_TO": "24"}
    assert watched.run("visavis-nightly", **window) == [SERVER, BROWSER]
    assert watched.run("visavis-nightly", VISAVIS_NIGHT_DOES="reboot", **window) == ["machine"]
    watched.active = {BROWSER}
    assert watched.run("visavis-nightly", **window) == [BROWSER]


def test_outside_its_hours_the_night_does_nothing(watched: Watched) -> None:
    assert watched.run("visavis-nightly", VISAVIS_NIGHT_FROM="7", VISAVIS_NIGHT_TO="7") == []
