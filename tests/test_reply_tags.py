"""Emotion and gesture tags are read and never spoken, wherever they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reply._tags import Tag, TagReader, _joined

SAMPLE = "[happy] 你好！[gesture:wave]欢迎[1]，[see](http://x)[laughing][二楼] [Enter]"
READ = [
    Tag("happy"),
    " 你好！",
    Tag(gesture="wave"),
    "欢迎[1]，[see](http://x)",
    Tag(),
    "[二楼] [Enter]",
]


def read(*chunks: str) -> list[str | Tag]:
    reader = TagReader()
    return _joined([item for chunk in chunks for item in reader.feed(chunk)] + reader.end())


def test_tags_are_read_at_every_cut_position() -> None:
    for a in range(len(SAMPLE) + 1):
        for b in range(a, len(SAMPLE) + 1):
            assert read(SAMPLE[:a], SAMPLE[a:b], SAMPLE[b:]) == READ


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("[sad]", Tag("sad")),
        ("[Happy]", Tag("happy")),
        ("[emotion: angry]", Tag("angry")),
        ("[happy:0.8]", Tag("happy", strength=0.8)),
        ("[情绪：开心]", Tag("happy")),
        ("[微笑]", Tag("happy")),
        ("[nod]", Tag(gesture="nod")),
        ("[gesture:bow]", Tag(gesture="bow")),
        ("[动作:挥手]", Tag(gesture="wave")),
        ("[gesture:jump]", Tag()),
        ("[pause]", Tag()),
    ],
)
def test_what_is_a_tag(text: str, tag: Tag) -> None:
    assert read(text) == [tag]


@pytest.mark.parametrize(
    "text", ["[1]", "[二楼展厅]", "[Enter]", "[laughs softly]", "[", "[]", "[happy", "[a\nb]", "[x](y)"]
)
def test_what_is_text(text: str) -> None:
    assert read(text) == [text]


@given(st.lists(st.text("[]()ahpy好:.0 \n", max_size=6), max_size=12))
def test_cuts_do_not_matter_and_text_is_not_lost(chunks: list[str]) -> None:
    assert read(*chunks) == read("".join(chunks))
    if not any(isinstance(item, Tag) for item in read(*chunks)):
        assert "".join(map(str, read(*chunks))) == "".join(chunks)
