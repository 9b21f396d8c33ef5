"""The files of the unattended kiosk hold to what docs/kiosk.md says."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli import _parser
from tests.kiosk_files import BROWSER, KIOSK, ROOT, SERVER, answering, flags

UNITS = sorted([*KIOSK.glob("*.service"), *KIOSK.glob("*.timer")])


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's sections; a key may stand there more than once."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


# --- units


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_are_taken_by_systemd(tmp_path: Path) -> None:
    subprocess.run([KIOSK / "install"], env=os.environ | {"DESTDIR": str(tmp_path)}, check=True, capture_output=True)
    for path in UNITS:  # of the programs only those that are there can be verified
        text = re.sub(
            r"^ExecStart=/opt\S+", "ExecStart=/bin/true", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / path.name for path in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "visavis" in line] == []


def test_there_is_a_unit_for_each_task() -> None:
    names = [*(f"visavis-{name}.service" for name in ("browser", "nightly", "serve", "watch"))]
    assert [path.name for path in UNITS] == sorted([*names, "visavis-nightly.timer", "visavis-watch.timer"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_says_what_it_is_and_each_key_once(path: Path) -> None:
    found = unit(path)
    assert {"Unit", "Service" if path.suffix == ".service" else "Timer"} <= set(found)
    assert "Description" in found["Unit"]
    twice = {key for section in found.values() for key, values in section.items() if len(values) > 1}
    assert twice <= {"Environment", "After"}
    reader = configparser.ConfigParser(strict=False, interpolation=None)
    reader.read(path, encoding="utf-8")
    assert set(reader.sections()) == set(found)


@pytest.mark.parametrize("name", [SERVER, BROWSER])
def test_what_ends_is_started_again_for_ever_and_may_not_eat_the_machine(name: str) -> None:
    found = unit(KIOSK / name)
    assert found["Unit"]["StartLimitIntervalSec"] == ["0"]
    service = found["Service"]
    assert service["Restart"] == ["always"]
    assert {"User", "TimeoutStopSec"} <= set(service)
    limits = service if name == SERVER else unit(KIOSK / "user-slice.conf")["Slice"]
    assert {"MemoryHigh", "MemoryMax", "TasksMax"} <= set(limits)
    assert service["NoNewPrivileges"] == ["yes"]
    assert found["Install"]["WantedBy"]


def test_the_server_sees_nothing_that_it_does_not_need() -> None:
    service = unit(KIOSK / SERVER)["Service"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert set(service["ReadWritePaths"][0].split()) == {"/var/lib/visavis", "/var/cache/visavis"}
    assert (service["StateDirectory"], service["CacheDirectory"]) == (["visavis"], ["visavis"])


def test_the_browser_gets_no_keys_of_the_server() -> None:
    service = unit(KIOSK / BROWSER)["Service"]
    assert service["EnvironmentFile"] == ["/etc/visavis/kiosk.env"]
    assert "-/etc/visavis/serve.env" in service["InaccessiblePaths"][0].split()
    assert "RestrictNamespaces" not in service, "Chromium's sandbox is made of them"


def test_the_server_is_started_by_a_command_that_there_is() -> None:
    words = shlex.split(unit(KIOSK / SERVER)["Service"]["ExecStart"][0])
    assert words[0] == "/opt/visavis/.venv/bin/visavis"
    options = _parser().parse_args(words[1:])
    assert options.command == "serve"
    assert f"VISAVIS_HEALTH=http://127.0.0.1:{options.metrics}\n" in (KIOSK / "kiosk.env.example").read_text("utf-8")


def test_every_script_that_a_unit_starts_is_there() -> None:
    started = [unit(path)["Service"]["ExecStart"][0].split()[0] for path in UNITS if path.suffix == ".service"]
    own = [Path(name) for name in started if name.startswith("/opt/visavis/docker/kiosk/")]
    assert len(own) == 3
    for name in own:
        assert os.access(KIOSK / name.name, os.X_OK)
    assert "/opt/visavis/docker/kiosk/visavis-browser" in (KIOSK / "x11.conf").read_text(encoding="utf-8")


def test_a_missed_night_is_not_made_up_for_in_the_morning() -> None:
    timer = unit(KIOSK / "visavis-nightly.timer")["Timer"]
    assert timer["Persistent"] == ["no"]
    assert timer["RandomizedDelaySec"] == ["1h"]


# --- browser


def test_the_policy_opens_our_page_and_nothing_else() -> None:
    policy = json.loads((KIOSK / "chromium-policy.json").read_text(encoding="utf-8"))
    page = "http://127.0.0.1:8080"
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == [page, "file:///run/visavis-browser/start.html"]
    for name in ("AudioCaptureAllowed", "AutoplayAllowed", "VideoCaptureAllowed"):
        assert policy[name] is False
    assert policy["AudioCaptureAllowedUrls"] == policy["AutoplayAllowlist"] == [page]


def test_every_flag_is_given_once_and_with_a_reason() -> None:
    lines = (KIOSK / "chromium-flags.conf").read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line.startswith("--")]
    assert [line for line in told if len(line.split()) < 2] == []
    assert len(set(flags())) == len(flags())
    assert "--kiosk" in flags()


@pytest.fixture
def kiosk_bin(tmp_path: Path) -> Path:
    """Programs that only note how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cage", "chromium", "wlr-randr", "xset", "xrandr"):
        text = f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/called\n[ "$1" != -h ] || echo " -r\t Rotate" >&2\n'
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def browse(tmp_path: Path, programs: Path, **more: str) -> tuple[list[str], str, str]:
    """What the browser's script calls and complains of, and its start page."""
    flag_file = tmp_path / "flags"
    flag_file.write_text("# none\n\n--kiosk   the page fills the screen\n", encoding="utf-8")
    for name in ("cache", "run"):
        (tmp_path / name).mkdir(exist_ok=True)
    known = {
        "PATH": f"{programs}:/usr/bin:/bin", "CACHE_DIRECTORY": f"{tmp_path}/cache", "VISAVIS_FLAGS": f"{flag_file}",
        "RUNTIME_DIRECTORY": f"{tmp_path}/run",
    }  # fmt: skip
    done = subprocess.run([KIOSK / "visavis-browser"], env=known | more, capture_output=True, text=True, check=False)
    called, page = tmp_path / "called", tmp_path / "run" / "start.html"
    lines = called.read_text(encoding="utf-8").splitlines() if called.exists() else []
    return lines, done.stderr, page.read_text(encoding="utf-8") if page.exists() else ""


def test_without_a_display_the_browser_starts_in_cage_turned(tmp_path: Path, kiosk_bin: Path) -> None:
    called, _, _ = browse(tmp_path, kiosk_bin, VISAVIS_ROTATE="270")
    assert called == ["cage -h", f"cage -d -r -r -r -- {KIOSK}/visavis-browser"]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_token_is_in_a_file_that_nobody_else_reads_and_not_on_the_command_line(
    tmp_path: Path, kiosk_bin: Path
) -> None:
    with answering({"/": 200}) as (address, _):
        url = f"{address}/?screen=hall&lang=zh#token=abc"
        called, said, page = browse(tmp_path, kiosk_bin, WAYLAND_DISPLAY="w", VISAVIS_URL=url)
        assert said == ""
    start = tmp_path / "run" / "start.html"
    assert called == [
        f"chromium --ozone-platform=wayland --kiosk --user-data-dir={tmp_path}/cache/profile file://{start}"
    ]
    assert f'content="0;url={url.replace("&", "&amp;")}"' in page
    assert start.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ['http://a/"><script>', "http://a b/", "javascript:alert(1)", "http://a/$(id)'"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, kiosk_bin: Path, url: str) -> None:
    called, said, page = browse(tmp_path, kiosk_bin, WAYLAND_DISPLAY="w", VISAVIS_URL=url)
    assert (called, page) == ([], "")
    assert "VISAVIS_URL" in said


# --- installation


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    for _ in range(2):
        subprocess.run(
            [KIOSK / "install"], env=os.environ | {"DESTDIR": str(tmp_path)}, check=True, capture_output=True
        )
        for path in (tmp_path / "etc" / "visavis").glob("*.env"):
            path.write_text("MINE=1\n", encoding="utf-8")
    return tmp_path / "etc"


def test_an_installation_has_all_files_and_keeps_what_is_the_deployers(installed: Path) -> None:
    assert {path.name for path in (installed / "systemd" / "system").iterdir()} == {path.name for path in UNITS}
    for name in ("serve.env", "kiosk.env"):
        assert (installed / "visavis" / name).read_text(encoding="utf-8") == "MINE=1\n"
        assert (installed / "visavis" / name).stat().st_mode & 0o777 == 0o600
    assert json.loads((installed / "chromium" / "policies" / "managed" / "visavis.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["kiosk", "smart-screen", "demo"])
def test_a_config_names_only_what_is_installed(tmp_path: Path, name: str) -> None:
    environment = os.environ | {"DESTDIR": str(tmp_path)}
    subprocess.run([KIOSK / "install", name], env=environment, check=True, capture_output=True)
    text = (tmp_path / "etc" / "visavis" / "kiosk.yaml").read_text(encoding="utf-8")
    assert "../" not in text
    named = re.findall(r"/opt/visavis/([\w./-]+)", text)
    assert len(named) >= 3
    assert [path for path in named if not (ROOT / path).exists()] == []
