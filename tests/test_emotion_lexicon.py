from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import EngineError
from stages.emotion._lexicon import FEELINGS, Lexicon

FILE = Path(__file__).parent.parent / "stages" / "emotion" / "weights" / "lexicon.zh.tsv"
LEXICON = Lexicon.load(FILE)


def strongest(text: str) -> str:
    """The feeling that weighs most; '' where nothing weighs."""
    weighed = LEXICON.weigh(text)
    best = max(weighed, key=lambda label: weighed[label])
    return best if weighed[best] else ""


def test_it_is_large_and_covers_all_six_feelings() -> None:
    count = {name: sum(name in meaning for meaning in LEXICON.words.values()) for name in FEELINGS}
    assert sum(count.values()) >= 1500
    assert min(count.values()) >= 500


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("我很高兴", "happy"),
        ("太难过了", "sad"),
        ("气死我了", "angry"),
        ("好害怕", "fearful"),
        ("真恶心", "disgusted"),
        ("万万没想到", "surprised"),
        ("他心花怒放", "happy"),
        ("我火冒三丈", "angry"),
        ("今天😭", "sad"),
    ],
)
def test_words_idioms_and_emoji_are_read(text: str, feeling: str) -> None:
    assert strongest(text) == feeling


def test_the_longest_word_is_read() -> None:
    """不好意思 is no 不好, 毛病 no 毛, 老师 no 老."""
    assert strongest("老师说可以") == ""
    assert LEXICON.weigh("我爱好音乐") != LEXICON.weigh("我爱音乐")


def test_degree_makes_more_and_less_of_a_word() -> None:
    assert LEXICON.weigh("非常难过")["sad"] > LEXICON.weigh("难过")["sad"] > LEXICON.weigh("有点难过")["sad"] > 0


def test_a_denied_joy_is_no_joy() -> None:
    for text in ("我并不快乐", "这里没有什么惊喜", "一点都不幸福", "从来没有开心过"):
        weighed = LEXICON.weigh(text)
        assert weighed["happy"] < max(weighed["sad"], weighed["disgusted"], weighed["angry"]), text


def test_a_denied_fear_is_no_fear() -> None:
    assert LEXICON.weigh("我并不害怕")["fearful"] == 0


def test_two_negations_are_none() -> None:
    assert strongest("我不是不难过") == "sad"


def test_a_negation_reaches_over_no_comma() -> None:
    assert LEXICON.weigh("不，我很高兴")["happy"] > 0


def test_what_follows_but_weighs_more() -> None:
    weighed = LEXICON.weigh("虽然漂亮，但是脏")
    assert weighed["disgusted"] > weighed["happy"]


@given(st.text(alphabet="我不没很太高兴难过气死怕但是，！吗😭 a", max_size=40))
def test_any_text_is_weighed_and_nothing_weighs_below_zero(text: str) -> None:
    weighed = LEXICON.weigh(text)
    assert set(weighed) == set(FEELINGS)
    assert min(weighed.values()) >= 0


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    for broken in ("高兴\thappy", "高兴\tjoy\t1", "高兴\thappy\tviel", "\thappy\t1"):
        file = tmp_path / "lexicon.tsv"
        file.write_text(f"word\tlabel\tweight\n快乐\thappy\t2\n{broken}\n", encoding="utf-8")
        with pytest.raises(EngineError, match="line 3"):
            Lexicon.load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"none\.tsv"):
        Lexicon.load(tmp_path / "none.tsv")
