"""No Markdown reaches the voice, and no word is lost with it, wherever the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Language
from stages.reply._plain import Plain


def plain(*chunks: str, language: Language = "zh") -> str:
    reader = Plain(language)
    return "".join([reader.feed(chunk) for chunk in chunks]) + reader.end()


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**青花瓷**在*二楼*", "青花瓷在二楼"),
        ("## 开放时间\n九点", "开放时间\n九点"),
        ("- 一\n* 二\n+ 三\n• 四", "一\n二\n三\n四"),
        ("1. 先到大厅\n2) 再上楼", "1，先到大厅\n2，再上楼"),
        ("- [ ] 买票\n- [x] 入场", "买票\n入场"),
        ("见[官网](https://x.y/a_(b))。", "见官网。"),
        ("![图](a.png)看", "图看"),
        ("据记载[1][^2]，", "据记载，"),
        ("> 引用", "引用"),
        ("上\n\n---\n***\n下", "上\n\n\n\n下"),
        ("|展厅|楼层|\n|---|:-:|\n|瓷器|二楼|", "展厅，楼层\n\n瓷器，二楼"),
        ("运行 `make` 即可", "运行 make 即可"),
        ("看：\n```python\nprint(1)\n```\n完", "看：\n\n\n\n完"),
        ("```make```好", "make好"),
        ("第一行<br>第二行<b>粗</b>", "第一行\n第二行粗"),
        ("好的😀👨‍👩‍👧🇨🇳☎️！", "好的！"),
        ("1️⃣ 买票", "1 买票"),
        ("~~旧~~新，好~", "旧新，好~"),
        (r"\*不是\*", "*不是*"),
        ("3*4=12，3 * 4，a_b，__粗__", "3*4=12，3 * 4，a_b，粗"),
        ("C# 是第#1", "C# 是第#1"),
        ("-5 度，3.14", "-5 度，3.14"),
        ("3.14 是圆周率", "3.14 是圆周率"),
        ("太好了!", "太好了!"),
        ("a < b，<3，[括号] 与 [", "a < b，<3，[括号] 与 ["),
    ],
)
def test_markdown_becomes_words_at_every_cut_position(markdown: str, words: str) -> None:
    for at in range(len(markdown) + 1):
        assert plain(markdown[:at], markdown[at:]) == words
    assert plain(*markdown) == words


def test_an_english_list_has_english_commas() -> None:
    assert plain("1. Hall\n| a | b |", language="en") == "1, Hall\na, b"


@given(st.lists(st.text("*_`~[]()!<>/\\#-+|=.1 ab好\n😀", max_size=8), max_size=20))
def test_cuts_do_not_matter(chunks: list[str]) -> None:
    assert plain(*chunks) == plain("".join(chunks))


@given(st.text("ab好，。\n 12,:;'\"（）“”", max_size=200))
def test_plain_text_stays(text: str) -> None:
    assert "".join(plain(text).split()) == "".join(text.split())


def test_what_begins_like_markdown_and_goes_on_for_long_is_text() -> None:
    for text in ("[" + "好" * 400, "<a" + "好" * 400, "[" + "好" * 298 + "](" + "x" * 300 + ")", "-" * 700 + "好"):
        assert plain(text) == plain(*text)
        assert plain(text).count("好") == text.count("好")
