"""Sentences are cut where a voice pauses, and nothing is lost, wherever the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reply._cutter import FIRST, LONGEST, SPAN, Cutter


def cut(*chunks: str, first: int = 0, longest: int = LONGEST) -> list[str]:
    cutter = Cutter(first=first, longest=longest)
    return [piece for chunk in chunks for piece in cutter.feed(chunk)] + cutter.end()


@pytest.mark.parametrize(
    "sentences",
    [
        ["您好！", "欢迎来到博物馆。", "您想看什么？"],
        ["票价3.5元，上午9:30开门。", "好的"],
        ["馆藏1,000件；", "其中100件是珍品。"],
        ["嗯……这个我不太清楚。", "问问服务台吧……"],
        ["真的吗？！", "太好了！！！"],
        ["他说：“你好。我是小明。”", "然后走了。"],
        ["（十点开门。周一闭馆。）", "请注意。"],
        ["网址是www.museum.cn/a?b=1。", "邮箱是a.b@museum.cn。"],
        ["我们用的是DeepSeek-V3.1。", "它很快。"],
    ],
)
def test_chinese_sentences(sentences: list[str]) -> None:
    text = "".join(sentences)
    for at in range(len(text) + 1):
        assert cut(text[:at], text[at:]) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Hello!", "Welcome to the museum.", "What would you like to see?"],
        ["Dr. Smith and Mrs. Lee paid 3.14 dollars.", "It was cheap."],
        ["We open at 9:30 a.m. and close at 5 p.m.", "The last entry is at 4."],
        ["Bring water, snacks, etc.", "You may eat outside."],
        ["The U.S. Navy gave it.", "I live in the U.S.", "It is far."],
        ["Some things, e.g. coins, i.e. money, are here.", "See No. 5 on p. 3."],
        ["J. R. Tolkien wrote it.", "So did I."],
        ['"Really?" she asked.', 'He said, "Yes. I am sure."', "Then he left."],
        ["Go to www.x.com/a.b?c=1 or mail a.b@x.org.", "We answer."],
        ["Well... let me think.", "Yes!"],
        ["The room (see Fig. 2. It is large.) is open.", "Go in."],
        ["There are 1,000 coins; take a look.", "Version 2.0 is new."],
        ["1. First the hall.", "2. Then the garden."],
    ],
)
def test_english_sentences(sentences: list[str]) -> None:
    text = " ".join(sentences)
    for at in range(len(text) + 1):
        assert cut(text[:at], text[at:]) == sentences


def test_a_line_ends_a_sentence() -> None:
    assert cut("开放时间\n九点\n\n") == ["开放时间", "九点"]


def test_the_first_piece_may_end_at_a_comma_and_only_the_first() -> None:
    text = "青花瓷展厅在二楼，从这里上去，左转就到。之后您可以去三楼，那里有书画。"
    assert cut(text, first=FIRST) == ["青花瓷展厅在二楼，", "从这里上去，左转就到。", "之后您可以去三楼，那里有书画。"]


def test_a_comma_too_early_or_within_a_number_or_a_quote_does_not_end_the_first_piece() -> None:
    assert (
        cut("好的，我们有1,000,000件藏品在这里展出，欢迎。", first=FIRST)[0]
        == "好的，我们有1,000,000件藏品在这里展出，"
    )
    assert cut("“一二三四五六七八，九十。”他说。", first=FIRST)[0] == "“一二三四五六七八，九十。”"
    assert cut("The hall is on the second floor, to the left.", first=FIRST)[0] == "The hall is on the second floor,"


def test_a_sentence_is_known_one_character_after_its_end() -> None:
    cutter = Cutter(first=0)
    assert cutter.feed("欢迎。") == []
    assert cutter.feed("请") == ["欢迎。"]


def test_a_long_sentence_is_cut_at_a_pause_or_a_space() -> None:
    assert cut("一二三四五六，七八九十一二三四五六七八九十", longest=15 * SPAN) == [
        "一二三四五六，",
        "七八九十一二三四五六七八九十",
    ]
    assert cut("aaaa bbbb cccc dddd", longest=16) == ["aaaa bbbb cccc", "dddd"]
    assert all(len(piece) <= 60 for piece in cut("好" * 500))


def test_what_could_end_here_is_settled() -> None:
    cutter = Cutter()
    cutter.feed("太好了！")
    assert cutter.settle() == ["太好了！"]
    assert cutter.settle() == []
    cutter.feed("还没有说完")
    assert cutter.settle() == []
    cutter.feed("。然后 Dr.")
    assert cutter.settle() == []
    assert cutter.end() == ["然后 Dr."]


WORDS = [" ", ". ", ", ", "Dr. ", "a.m. The ", "3.14", "x.com/a?b ", "Hello", '"', "(", ")"]


def test_a_flood_of_signs_is_not_kept() -> None:
    cutter = Cutter()
    assert cutter.feed("…" * 5000) == []
    assert len(cutter.feed("好") + cutter.end()[:1]) == 1
    assert len(cutter.end()) == 0


TEXT = st.lists(st.sampled_from([*"你好吗。！？，；：“”（）…—\n", *WORDS]), max_size=60)


def rest(text: str) -> str:
    """Without spaces, and without a rest that has no letter or digit."""
    kept = "".join(text.split())
    while kept and not kept[-1].isalnum():
        kept = kept[:-1]
    return kept


@given(TEXT, st.integers(0, 60), st.integers(20, 200))
def test_nothing_is_lost_and_cuts_do_not_matter(parts: list[str], first: int, longest: int) -> None:
    pieces = cut(*parts, first=first, longest=longest)
    assert pieces == cut("".join(parts), first=first, longest=longest)
    assert pieces == cut(*"".join(parts), first=first, longest=longest)
    assert rest("".join(pieces)) == rest("".join(parts))
    for piece in pieces:
        assert piece == piece.strip()
        word = next(at for at, character in enumerate(piece) if character.isalnum())  # signs alone are no piece
        assert sum(SPAN if character >= "\u2e80" else 1 for character in piece[word:]) <= longest + SPAN


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert cut(text) == cut(*text)
