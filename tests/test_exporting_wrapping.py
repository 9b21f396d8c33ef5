"""Lines of captions: no sign is lost, none is too wide, and they break where a reader expects it."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.recording.exporting.wrapping import columns, wrapped

TEXTS = st.text(st.sampled_from("abcdefgh ，。！？“”（）你好我们去博物馆看青铜器,.—é"), max_size=160)


def lines(text: str, width: int = 42) -> list[str]:
    return [text[first:last] for first, last in wrapped(text, width)]


@given(TEXTS, st.sampled_from([10, 40, 42]))
def test_no_line_is_too_wide(text: str, width: int) -> None:
    assert all(columns(line) <= width for line in lines(text, width))


@given(TEXTS)
def test_nothing_but_spaces_between_lines_is_lost(text: str) -> None:
    assert "".join("".join(lines(text)).split()) == "".join(text.split())


@given(st.lists(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12), max_size=30))
def test_words_stay_whole(words: list[str]) -> None:
    assert [word for line in lines(" ".join(words)) for word in line.split()] == words


@given(st.lists(st.text(st.sampled_from("你好我们去博物馆看青铜器"), min_size=1, max_size=15), min_size=1, max_size=9))
def test_no_line_of_chinese_begins_with_punctuation_or_ends_with_an_opening_quote(phrases: list[str]) -> None:
    for line in lines("，".join(f"“{phrase}”" for phrase in phrases) + "。", 40):
        assert line[0] not in "，。”"
        assert line[-1] != "“"


def test_what_fits_is_one_line() -> None:
    assert lines("I am truly sorry that you had to wait.") == ["I am truly sorry that you had to wait."]


def test_two_lines_are_about_as_long_as_each_other() -> None:
    first, second = lines("A colleague will open a second desk for you at once.")
    assert abs(len(first) - len(second)) < 8


def test_a_comma_is_a_good_place() -> None:
    assert lines("In the silk gallery, please put the camera away.") == [
        "In the silk gallery,",
        "please put the camera away.",
    ]


def test_chinese_breaks_between_any_two_characters_at_twenty() -> None:
    text = "这座青铜钟是三千年前在长江边上的一个小村庄里由一位不知名的工匠铸造的"
    found = lines(text, 40)
    assert len(found) == 2
    assert all(len(line) <= 20 for line in found)


def test_a_word_longer_than_a_line_is_broken() -> None:
    assert list(map(len, lines("x" * 100))) == [42, 42, 16]


def test_nothing_gives_no_line() -> None:
    assert lines("") == lines("   ") == []
