"""docs/kiosk.md, in both languages, names what there is; the scripts that it tells of hold to their rules."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kiosk_files import KIOSK, ROOT, SCRIPTS, flags, variables

PAGES = [ROOT / "docs" / "kiosk.md", ROOT / "docs" / "kiosk.zh-CN.md"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_short_runs_in_any_shell_and_passes_shellcheck(name: str) -> None:
    path = KIOSK / name
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    subprocess.run(["sh", "-n", path], check=True)
    checker = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if checker:
        done = subprocess.run([checker, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def code(page: Path) -> list[str]:
    return [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]


def test_both_languages_have_the_same_steps_commands_and_tables() -> None:
    english, chinese = (page.read_text(encoding="utf-8") for page in PAGES)
    assert code(PAGES[0]) == code(PAGES[1])
    numbers = [re.findall(r"^(#+ (?:\d+\.)?)", text, re.MULTILINE) for text in (english, chinese)]
    assert numbers[0] == numbers[1]
    rows = [re.findall(r"^(\||\d+\. )", text, re.MULTILINE) for text in (english, chinese)]
    assert rows[0] == rows[1]
    spoken = [sorted(set(re.findall(r"`([^`\n]+)`", text))) for text in (english, chinese)]
    assert spoken[0] == spoken[1]


@pytest.mark.parametrize("page", [*PAGES, KIOSK / "README.md"], ids=lambda path: path.name)
def test_a_page_names_only_files_flags_and_variables_that_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    named = re.findall(r"/opt/visavis/((?:docker|configs|docs|script)/[\w./-]+)", text)
    assert [path for path in named if not (ROOT / path).exists()] == []
    own = re.findall(r"`([a-z0-9-]+\.(?:rules|conf|json|service|timer)|visavis-[a-z.]+|make-certificate)`", text)
    installed = {"visavis-screen", "visavis.json"}
    assert [name for name in own if name not in installed and not any(KIOSK.glob(f"{name}*"))] == []
    said = set(re.findall(r"`(--[a-z][a-z=0-9-]+)`", text)) - {"--use-fake-ui-for-media-stream"}
    assert [flag for flag in said if flag not in flags()] == []
    assert set(re.findall(r"\b(VISAVIS_[A-Z_]+)\b", text)) <= variables()
    policy = json.loads((KIOSK / "chromium-policy.json").read_text(encoding="utf-8"))
    names = set(re.findall(r"`((?:Audio|Autoplay|Video|URL)[A-Za-z]+)`", text))
    assert names <= set(policy)


@pytest.mark.parametrize("key", ["link-taken", "link-token", "link-away"])
def test_what_the_page_says_is_quoted_as_it_says_it(key: str) -> None:
    strings = (ROOT / "avatars" / "kiosk" / "strings.js").read_text(encoding="utf-8")
    said = re.search(rf"'{key}': {{ zh: '(.+?)', en: '(.+?)' }}", strings)
    assert said
    assert f'"{said[2]}"' in PAGES[0].read_text(encoding="utf-8")
    assert f"“{said[1]}”" in PAGES[1].read_text(encoding="utf-8")


def test_every_variable_that_a_script_reads_is_in_an_example() -> None:
    read = {name for one in SCRIPTS for name in re.findall(r"\$\{(VISAVIS_\w+)", (KIOSK / one).read_text("utf-8"))}
    assert read - {"VISAVIS_FLAGS", "VISAVIS_SERVER_UNIT", "VISAVIS_BROWSER_UNIT"} <= variables()


def test_the_list_of_files_is_complete() -> None:
    text = (KIOSK / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in KIOSK.iterdir() if path.name != "README.md" and f"`{path.name}`" not in text] == []
