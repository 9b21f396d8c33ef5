"""The words that a voice is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Language
from stages.speech._spoken import LONGEST, pieces


def spoken(text: str, language: Language) -> str:
    return "".join(piece.text for piece in pieces(text, language))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("票价¥25.50", "票价25.50元"),
        ("占比35%", "占比百分之35"),
        ("室内23℃，室外-5°C", "室内23摄氏度，室外零下5摄氏度"),
        ("9:00-17:30开放", "9点到17点半开放"),
        ("14:05集合", "14点零5分集合"),
        ("建于1925年", "建于一九二五年"),
        ("请拨010-88886666", "请拨零幺零，八八八八六六六六"),
        ("共1,200件", "共1200件"),
        ("有2个出口，12个展厅，第2次", "有两个出口，12个展厅，第2次"),
        ("全长3.5km", "全长3.5公里"),
        ("展品１２３号", "展品123号"),
    ],
)
def test_chinese_numbers_and_signs_are_read_as_a_guide_would(shown: str, expected: str) -> None:
    assert spoken(shown, "zh") == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("It costs ¥25.", "It costs 25 yuan."),
        ("Only $3.50 or $1!", "Only 3 dollars 50 or 1 dollar!"),
        ("It is 23℃.", "It is 23 degrees Celsius."),
        ("Open 9:00-17:30.", "Open 9 o'clock to 17 30."),
        ("Meet at 9:05.", "Meet at 9 oh 5."),
        ("Call 010-8888.", "Call 0 1 0, 8 8 8 8."),
        ("1,200 pieces", "1200 pieces"),
    ],
)
def test_english_numbers_and_signs_are_read_as_a_guide_would(shown: str, expected: str) -> None:
    assert spoken(shown, "en") == expected


@pytest.mark.parametrize("text", ["", "  ", "……", "😀🎉", "，。！", "\n"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_said_is_no_piece(text: str, language: Language) -> None:
    assert pieces(text, language) == []


def test_emoji_are_not_read_out() -> None:
    assert spoken("Welcome 😀!", "en").split() == ["Welcome", "!"]


def test_a_chinese_name_in_an_english_sentence_has_the_chinese_voice() -> None:
    found = pieces("The 故宫 Museum in Beijing", "en")
    assert [(piece.text, piece.language) for piece in found] == [
        ("The ", "en"),
        ("故宫 ", "zh"),
        ("Museum in Beijing", "en"),
    ]


def test_each_language_is_spoken_by_its_own_voice() -> None:
    """Also because espeak leaks a dictionary each time that a Chinese voice turns to English by itself."""
    found = pieces("A座3楼，请连 WiFi 上网。", "zh")
    assert [(piece.text, piece.language, piece.pause_ms) for piece in found] == [
        ("A", "en", 30),
        ("座3楼，请连 ", "zh", 30),
        ("WiFi ", "en", 30),
        ("上网。", "zh", 250),
    ]


def test_a_word_of_a_replaced_number_traces_back_to_the_number() -> None:
    piece = pieces("票价¥25.50，占比", "zh")[0]
    assert piece.span(piece.text.index("元"), 1) == (2, 8)
    assert piece.span(piece.text.index("占"), 1) == (9, 10)
    assert piece.span(500, 1) == (0, 0)


@given(st.text(alphabet=st.sampled_from("你好，。a b1259:%¥.-℃年\n😀"), max_size=400), st.sampled_from(["zh", "en"]))
def test_pieces_are_short_and_trace_back_in_order(text: str, language: Language) -> None:
    found = pieces(text, language)
    places = [place for piece in found for place in piece.places]
    assert all(0 < len(piece.text) <= LONGEST for piece in found)
    assert not any(piece.language == "zh" and set(piece.text) & set("ab") for piece in found)
    assert all(len(piece.places) == len(piece.text) for piece in found)
    assert places == sorted(places)
    assert all(0 <= first < after <= len(text) for first, after in places)
