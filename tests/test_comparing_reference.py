"""Files that say what was really said."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.recording.comparing.reference import read_reference

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("said.yaml", "turns:\n- says: Hello.\n- {cough: true, pause: 1}\n- says: 你好\n"),
        ("said.yml", "- Hello.\n- 你好\n"),
        ("said.json", '{"turns": ["Hello.",\n\t{"says": "你好"}]}'),
        ("said.txt", "# what was said\nHello.\n\n  你好  \n"),
    ],
)
def test_a_reference_is_yaml_json_or_lines(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_reference(tmp_path / name) == ("Hello.", "你好")


def test_the_visit_of_the_demo_is_one() -> None:
    assert len(read_reference(ROOT / "configs" / "visits" / "museum" / "visit.yaml")) == 9


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("said.yaml", "title: nothing\n", "reference-invalid"),
        ("said.yaml", "turns: [{pause: 3}]\n", "reference-invalid"),
        ("said.yaml", "turns: [\n", "config-not-yaml"),
        ("said.json", "{", "reference-invalid"),
        ("said.json", "[1]", "reference-invalid"),
        ("said.txt", "\n# nothing\n", "reference-invalid"),
        ("said.txt", None, "config-unreadable"),
    ],
)
def test_any_other_file_is_refused_by_name(tmp_path: Path, name: str, text: str | None, code: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_reference(tmp_path / name)
    assert caught.value.code == code
    assert name in caught.value.text


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as caught:
        read_reference(tmp_path / "said.txt")
    assert caught.value.code == "config-unreadable"
