"""The operator's words are found however they are written, and told to nobody."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Exchange
from pipeline.errors import ConfigError
from pipeline.messages import Question, Sentence
from stages.reply._guard import REFUSALS, Guard, Refusals, Settings, check
from stages.reply._guard_words import GENERAL, Hit, WordList, Words, read_words

LIST = "# of the operator\n坏词\nass\n\n[rough-talk]\nkill yourself\nStraße\na.v\n"


def words(*known: str, between: bool = True) -> Words:
    return Words([(word, "x") for word in known], between=between)


@pytest.mark.parametrize(
    "text",
    ["坏词", "这是坏词吗", "坏 词", "坏-词", "坏。词", "坏\u200b词", "坏*词", "坏😀词", "an ass!", "ASS", "ａｓｓ",
     "a s s", "a.s.s", "看ass吗", "KILL   yourself now", "kill-yourself", "STRASSE", "AV", "a v"],
)  # fmt: skip
def test_a_word_is_found_however_it_is_written(text: str) -> None:
    assert words("坏词", "ass", "kill yourself", "Straße", "a.v").check(text) == Hit("x")


@pytest.mark.parametrize(
    "text", ["", "好词", "坏", "class", "pass", "as sure", "kill me yourself", "have", "Cava", "……"]
)
def test_what_only_resembles_a_word_is_not(text: str) -> None:
    assert words("坏词", "ass", "kill yourself", "a.v").check(text) is None


def test_signs_between_characters_are_passed_over_only_where_that_is_wanted() -> None:
    exact = words("坏词", "kill yourself", between=False)
    assert exact.check("这是坏词") == Hit("x")
    assert exact.check("坏\u200b词") == Hit("x"), "what cannot be seen never counts"
    assert exact.check("坏 词") is None
    assert exact.check("kill yourself") == Hit("x")


def test_only_what_ends_behind_the_beginning_counts() -> None:
    assert words("坏词").check("坏词。好的", begin=3) is None
    assert words("坏词").check("坏词。坏词", begin=3) == Hit("x")
    assert words("坏词").check("这是坏词。", begin=3) == Hit("x")


def test_the_file_has_comments_and_categories(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff" + LIST, encoding="utf-8")
    assert read_words(path)[:3] == [("坏词", GENERAL), ("ass", GENERAL), ("kill yourself", "rough-talk")]


@pytest.mark.parametrize(
    ("text", "line"), [("好\n[open\n", 2), ("[a b]\n", 1), ("x" * 61, 1), ("a\x00b", 1), ("。。。", 1), ("[]", 1)]
)
def test_a_broken_file_is_named_with_its_line_and_not_with_its_words(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_words(path)
    assert caught.value.code == "words-invalid"
    assert f"{path}:{line}: " in caught.value.text
    assert check(Settings(words=path)) == [caught.value.text]


def test_a_file_that_is_not_there_or_no_text_has_its_own_code(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    for name in ("a", "b"):
        with pytest.raises(ConfigError) as caught:
            read_words(tmp_path / name)
        assert caught.value.code == "words-unreadable"
    assert check(Settings()) == []


def with_list(path: Path, main: Callable[[WordList, Clock], Any]) -> Any:
    async def run(clock: Clock) -> Any:
        known = WordList(path, clock)
        return await main(known, clock)

    return run_virtual(run)


def test_a_new_file_is_read_within_a_second_of_looking(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("坏词", encoding="utf-8")

    async def main(known: WordList, clock: Clock) -> list[Hit | None]:
        found = []
        await known.refresh()
        path.write_text("坏词\n新词", encoding="utf-8")
        for _ in range(3):
            found.append(known.check("新词"))
            await clock.sleep(0.6)
            await known.refresh()
        return [*found, known.check("新词")]

    assert with_list(path, main) == [None, None, Hit(GENERAL), Hit(GENERAL)]


@pytest.mark.parametrize("broken", [None, b"\xff\xfe", b"[open"])
def test_a_broken_new_file_keeps_the_old_words_and_is_logged(
    tmp_path: Path, broken: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "words.txt"
    path.write_text("坏词", encoding="utf-8")

    async def main(known: WordList, clock: Clock) -> list[Hit | None]:
        await known.refresh()
        if broken is None:
            path.unlink()
        else:
            path.write_bytes(broken)
        await clock.sleep(2)
        await known.refresh()
        kept = known.check("坏词")
        path.write_text("别的", encoding="utf-8")
        await clock.sleep(2)
        await known.refresh()
        return [kept, known.check("坏词"), known.check("别的")]

    assert with_list(path, main) == [Hit(GENERAL), None, Hit(GENERAL)]
    assert "words.kept count=1" in caplog.text
    assert "坏词" not in caplog.text


def test_a_list_that_could_never_be_read_is_an_error(tmp_path: Path) -> None:
    async def main(known: WordList, _: Clock) -> None:
        await known.refresh()

    with pytest.raises(ConfigError):
        with_list(tmp_path / "none", main)


def asked(text: str = "几点开门", **fields: Any) -> Question:
    return Question(session="s", turn=3, text=text, **({"language": "zh"} | fields))


def guarded(path: Path, main: Callable[[Guard], Any], **settings: Any) -> Any:
    path.write_text(LIST, encoding="utf-8")

    async def run(clock: Clock) -> Any:
        guard = Guard(Settings(words=path, **settings), clock)
        await guard.refresh()
        return main(guard)

    return run_virtual(run)


def take(guard: Guard, question: Question, *texts: str) -> list[Sentence]:
    watch, found = guard.watch(question), []
    for at, text in enumerate(texts):
        if not watch.over:
            sentence = question.answer(Sentence, index=at, text=text, language=question.language, by="model",
                                       gesture="nod", sources=("a",))  # fmt: skip
            found.append(watch.take(sentence))
    return found


def test_a_visitor_who_uses_a_listed_word_hears_a_polite_line_and_the_model_hears_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = guarded(tmp_path / "w", lambda guard: guard.visitor(asked("你这坏 词", voices={"zh": "v"})))
    assert (told.text, told.last, told.by) == (REFUSALS["zh"].visitor, True, "guard:general")
    assert (told.index, told.voices) == (0, {"zh": "v"})
    assert "guard.refused where=visitor why=general session=s turn=3" in caplog.text
    assert "坏" not in caplog.text
    assert guarded(tmp_path / "w", lambda guard: guard.visitor(asked())) is None


def test_a_sentence_with_a_listed_word_is_replaced_and_the_rest_dropped(tmp_path: Path) -> None:
    told = guarded(tmp_path / "w", lambda guard: take(guard, asked(), "好的。", "你kill yourself吧。", "再见。"))
    assert [one.text for one in told] == ["好的。", REFUSALS["zh"].answer]
    assert (told[1].last, told[1].by, told[1].gesture, told[1].sources) == (True, "guard:rough-talk", "", ())
    assert told[0].by == "model"


@pytest.mark.parametrize(
    ("language", "texts"),
    [("zh", ("这是坏", "词吧。")), ("en", ("You should kill", "yourself now.")), ("zh", ("坏。", "词。"))],
)
def test_a_word_that_two_sentences_share_is_found(tmp_path: Path, language: str, texts: tuple[str, ...]) -> None:
    told = guarded(tmp_path / "w", lambda guard: take(guard, asked(language=language), *texts))
    assert told[1].by.startswith("guard:")


def test_what_was_said_before_an_answer_broke_off_counts_too(tmp_path: Path) -> None:
    told = guarded(tmp_path / "w", lambda guard: take(guard, asked(said=("这是坏",)), "词吧。"))
    assert told[0].by == "guard:general"


def test_refused_lines_do_not_come_back_with_the_history(tmp_path: Path) -> None:
    history = (Exchange(role="visitor", text="坏词"), Exchange(role="avatar", text="换个话题吧。"))
    cleared = guarded(tmp_path / "w", lambda guard: guard.cleared(asked(history=history)))
    assert [line.text for line in cleared.history] == ["换个话题吧。"]
    untouched = asked(history=history[1:])
    assert guarded(tmp_path / "w", lambda guard: guard.cleared(untouched)) is untouched


def test_the_lines_are_a_setting(tmp_path: Path) -> None:
    own = Refusals(visitor="甲", answer="乙", recital="丙")
    told = guarded(tmp_path / "w", lambda guard: take(guard, asked(), "坏词"), refusals={"zh": own})
    assert told[0].text == "乙"


@pytest.mark.parametrize(
    "text",
    ['{"temperature": 21.5}', 'It says "sky": "clear"}', "[{", "Traceback (most recent", "<|im_end|>", "</tool>"],
)
def test_raw_results_are_not_read_aloud(tmp_path: Path, text: str) -> None:
    assert guarded(tmp_path / "w", lambda guard: take(guard, asked(), text))[0].by == "guard:raw"


@pytest.mark.parametrize(
    "text", ['他说："好"。', "“九点”：开门", "See: the lift [left].", 'The "River": a museum.', "1 < 2"]
)
def test_quotation_marks_are_not_raw(tmp_path: Path, text: str) -> None:
    assert guarded(tmp_path / "w", lambda guard: take(guard, asked(), text))[0].by == "model"


SIGNS = st.text("坏词as kilyourf。,.-　\u200bＡß😀", max_size=30)


@given(SIGNS, SIGNS, st.sampled_from(["坏词", "ass", "kill yourself"]))
def test_a_word_between_anything_but_letters_is_always_found(before: str, after: str, word: str) -> None:
    text = before.rstrip("askilyourfＡß") + "。" + word + "。" + after
    assert words("坏词", "ass", "kill yourself").check(text) == Hit("x")


@given(SIGNS)
def test_squeezing_finds_what_a_plain_search_finds(text: str) -> None:
    if "坏词" in text:
        assert words("坏词").check(text) is not None
        assert words("坏词", between=False).check(text) is not None


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=10), max_size=5))
def test_no_text_and_no_list_break_it(text: str, known: list[str]) -> None:
    for between in (True, False):
        words(*known, between=between).check(text, len(text) // 2)
