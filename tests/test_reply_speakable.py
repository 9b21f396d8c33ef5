"""What no voice can say becomes words or goes, in both languages, wherever a stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Language
from stages.reply._plain import Plain
from stages.reply._speakable import Speakable

ZH: list[tuple[str, str]] = [
    ("请看https://www.museum.cn/tickets?id=1。", "请看museum点cn。"),
    ("请看 <https://museum.cn>，", "请看 museum点cn，"),
    ("在 www.example.com/a_b/ 上", "在 example点com 上"),
    ("见 museum.org.cn/visit 页", "见 museum点org点cn 页"),
    ("写信给info_desk@museum.cn吧", "写信给info_desk艾特museum点cn吧"),
    ("[购票](https://x.cn/a)和[这里][1]", "购票和[这里]"),
    ("http://127.0.0.1:8000/x 不念", " 不念"),
    ("A&amp;B&nbsp;&lt;b&gt;好&#20013;", "A&B 好中"),
    ("温度≥20℃，3×4=12，大厅→二楼", "温度大于等于20℃，3乘4=12，大厅到二楼"),
    (r"约$\frac{1}{2}$，$x^2$与\(a \times b\)", "约2分之1，x平方与(a 乘 b)"),
    (r"$\sqrt{9}$、$10^{3}$、$2^{n}$、$x_1$", "根号9、10立方、2的n次方、x 1"),
    (r"\text{开放 时间}好", "开放 时间好"),
    ("门票$5，¥30", "门票$5，¥30"),
    ("二○二五年", "二○二五年"),
    ("好™的®©，ℹ️▶️⌚", "好的，"),
    ("哈哈(^_^)好", "哈哈好"),
    ("来源[citation:3][1, 2]【4†source】完【开放时间】九点", "来源完【开放时间】九点"),
    ("看<!-- 注释\n二 -->这里", "看这里"),
    ("d41d8cd98f00b204e9800998ecf8427e 是摘要", " 是摘要"),
    ("甲 | 乙\n---|---\n丙 | 丁", "甲 ， 乙\n\n丙 ， 丁"),
    ("=====", ""),
    ("运行 `pip install x` 即可", "运行 pip install x 即可"),
]
EN: list[tuple[str, str]] = [
    ("See https://www.museum.cn/tickets.", "See museum dot cn."),
    ("(www.example.com), please", "(example dot com), please"),
    ("Mail info@museum.org.", "Mail info at museum dot org."),
    (r"about $\frac{1}{2}$ and $x^2$", "about 1 over 2 and x squared"),
    (r"30^\circ and 90^{\circ}", "30 degrees and 90 degrees"),
    ("Tom &amp; Jerry &mdash; 5 &gt; 3", "Tom & Jerry — 5 > 3"),
    ("hall → stairs", "hall  to  stairs"),
    ("It costs $5 or $7.50 today.", "It costs $5 or $7.50 today."),
    ("aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxk is base64", " is base64"),
    ("incomprehensibilities, state-of-the-art-engineering", "incomprehensibilities, state-of-the-art-engineering"),
    ("e.g. this, U.S. and 3.14, C++ and AT&T", "e.g. this, U.S. and 3.14, C++ and AT&T"),
    ("C:\\Users\\me", "C:\\Users\\me"),
    ("x^_^ y", "x^^ y"),
]  # fmt: skip


def plain(*chunks: str, language: Language) -> str:
    reader = Plain(language)
    return "".join([reader.feed(chunk) for chunk in chunks]) + reader.end()


@pytest.mark.parametrize(
    ("language", "text", "words"), [*(("zh", *case) for case in ZH), *(("en", *case) for case in EN)]
)
def test_it_becomes_words_at_every_cut(language: Language, text: str, words: str) -> None:
    assert plain(text, language=language) == words
    for at in range(len(text) + 1):
        assert plain(text[:at], text[at:], language=language) == words
    assert plain(*text, language=language) == words


PIECES = st.sampled_from(
    [*"*_`~[]()!<>/\\#-+|=.$^&;@:{} 1a好\n😀，。→", "https://", "www.", "a.cn", "&amp;", "\\frac{", "}{", "<!--", "-->",
     "```", "【1】", "[1]", "x@y.cn", "A1b2C3d4E5f6G7h8I9j0K1l2"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40), st.lists(st.integers(1, 9), max_size=40), st.sampled_from(["zh", "en"]))
def test_cuts_do_not_matter(pieces: list[str], sizes: list[int], language: Language) -> None:
    text, chunks, at = "".join(pieces), [], 0
    for size in sizes:
        chunks.append(text[at : at + size])
        at += size
    assert plain(*chunks, text[at:], language=language) == plain(text, language=language)


@given(st.lists(PIECES, max_size=60))
def test_no_address_digest_or_emoji_is_left(pieces: list[str]) -> None:
    spaced = " ".join(pieces)
    words = plain(spaced, language="zh")
    assert "😀" not in words
    assert "x@y" not in words
    assert "a.cn" not in words
    assert "A1b2C3d4E5f6" not in words


@given(st.text("abc xyz，。好中0123456789!?,'\"", max_size=200), st.sampled_from(["zh", "en"]))
def test_ordinary_words_stay_as_they_are(text: str, language: Language) -> None:
    reader = Speakable(language)
    assert reader.feed(text) + reader.end() == text


def test_a_very_long_run_is_bounded_and_cut_alike() -> None:
    text = "好" + "ab" * 5000 + "好"
    assert plain(text, language="zh") == plain(*text, language="zh")
