"""`visavis serve` and `visavis demo` as a deployer runs them."""

import urllib.request
from pathlib import Path

import pytest

from benchmarks.served import DEMO, ROOT, refused, serving, visavis
from benchmarks.serving import demo_config

pytestmark = pytest.mark.system


def get(url: str) -> tuple[int, str]:
    """Status and text."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own server
        return answer.status, answer.read().decode()


def variant(folder: Path, more: str, old: str = "", new: str = "") -> Path:
    """The demo's config with more keys, in another folder."""
    text = demo_config(more)
    text = text.replace(old.replace(" knowledge/", f" {ROOT}/configs/knowledge/"), new) if old else text
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_command_serves_the_page_and_says_its_address() -> None:
    with serving() as served:
        assert list(served.screens) == ["kiosk"]
        status, page = get(f"{served.url}/?screen=kiosk")
        assert (status, "<title>" in page) == (200, True)


def test_it_ends_well_when_it_is_told_to() -> None:
    with serving() as served:
        assert served.stop() == 0
        assert "stopping" in served.said[-1]


def test_each_screen_of_the_config_has_an_address(tmp_path: Path) -> None:
    config = variant(tmp_path, "screens:\n  - {name: hall}\n  - {name: cafe, language: en, mode: push-to-talk}\n")
    with serving(config) as served:
        assert list(served.screens) == ["hall", "cafe"]


def test_its_metrics_tell_of_screens() -> None:
    with serving(DEMO, "--metrics", "0", log="info") as served:
        assert served.process.poll() is None


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with serving() as served:
        code, said = refused("serve", str(DEMO), "--port", str(served.port))
    assert code == 2
    assert "[screen-port]" in said
    assert "Traceback" not in said


def test_screens_that_others_could_open_without_a_token_are_refused(tmp_path: Path) -> None:
    code, said = refused("serve", str(variant(tmp_path, "screen: {host: 0.0.0.0, port: 0}\n")))
    assert code == 2
    assert "[screen-token-missing]" in said
    assert "kiosk" in said


def test_check_names_what_is_wrong_with_the_screens(tmp_path: Path) -> None:
    config = variant(tmp_path, "screen: {certificate: nowhere.pem}\nscreens: [{name: a, colour: red}]\n")
    code, said = refused("check", str(config))
    assert code == 1
    assert "screens.0.colour: unknown key" in said


def test_the_demo_keeps_the_page_open_after_its_visit(tmp_path: Path) -> None:
    with visavis("demo", "--out", str(tmp_path / "out"), "--port", "0") as served:
        assert (tmp_path / "out" / "report.html").is_file()
        assert get(served.url)[0] == 200
        assert served.stop() == 0


def test_a_kiosk_whose_wanted_port_is_taken_by_another_demo_takes_a_free_one(tmp_path: Path) -> None:
    with serving() as first:
        config = variant(tmp_path, f"screen: {{port: {first.port}}}\n")
        with visavis("demo", "--out", str(tmp_path / "out"), "--config", str(config)) as second:
            assert second.port != first.port
