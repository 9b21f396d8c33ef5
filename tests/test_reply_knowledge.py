"""The knowledge engine: what it says, and that it says so when it does not know."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Feeling, Label
from pipeline.errors import ConfigError, EngineError
from pipeline.messages import Question, Sentence, Typed
from stages.reply.knowledge import Engine, Settings, check

MUSEUM = Path(__file__).parent.parent / "configs" / "knowledge" / "museum"
TOILET = "Where is the toilet?"
NOBODY_KNOWS = "What is the capital of France?"


def asked(text: str, **fields: Any) -> Question:
    return Question(session="s", turn=1, revision=1, text=text, **{"language": "en", **fields})


def answers(question: Question, folder: Path = MUSEUM, **settings: Any) -> list[Sentence]:
    async def main(clock: Clock) -> list[Sentence]:
        engine = Engine(Settings(folder=folder, **settings), clock)
        return [answer async for answer in engine.work(question) if isinstance(answer, Sentence)]

    return run_virtual(main)


def texts(question: Question, **settings: Any) -> list[str]:
    return [answer.text for answer in answers(question, **settings)]


def test_an_answer_comes_as_sentences_of_one_entry() -> None:
    first, second = answers(asked("Where is the lift?"))
    assert first.text == "The lift is behind the big staircase."
    assert (first.index, first.last, first.gesture) == (0, False, "point")
    assert (second.index, second.last, second.gesture) == (1, True, "")
    assert {answer.sources for answer in (first, second)} == {("lift",)}
    assert first.by == "knowledge"


def test_chinese_is_answered_in_chinese() -> None:
    (answer,) = answers(asked("请问洗手间在哪里？", language="zh"))
    assert (answer.text, answer.language, answer.last) == ("洗手间在一楼的衣帽间旁边。", "zh", True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_not_known_is_said_so(language: str) -> None:
    text = NOBODY_KNOWS if language == "en" else "法国的首都是哪里？"
    told = answers(asked(text, language=language))
    assert all((one.sources, one.emotion, one.language) == ((), "neutral", language) for one in told)
    assert [one.gesture for one in told] == ["shrug", *[""] * (len(told) - 1)]
    assert told[-1].last
    assert ("information desk" if language == "en" else "服务台") in "".join(one.text for one in told)


def test_not_knowing_is_said_in_more_than_one_way_but_always_alike_for_one_question() -> None:
    lines = [tuple(texts(asked(f"{NOBODY_KNOWS} {n}"))) for n in range(12)]
    assert len(set(lines)) > 1
    assert lines[0] == tuple(texts(asked(f"{NOBODY_KNOWS} 0")))


def test_what_is_said_when_nothing_is_known_is_a_setting() -> None:
    assert texts(asked(NOBODY_KNOWS), unknown={"en": ("Pardon?",)}) == ["Pardon?"]


@pytest.mark.parametrize(
    ("label", "opener"), [("angry", "I am sorry about that."), ("sad", "I am sorry to hear that.")]
)
def test_an_unhappy_visitor_hears_a_kind_word_first(label: Label, opener: str) -> None:
    first, second = answers(asked(TOILET, feeling=Feeling(label=label, confidence=0.5)))
    assert (first.text, first.emotion, first.gesture, first.last) == (opener, "sad", "", False)
    assert (second.index, second.gesture, second.last) == (1, "point", True)


@pytest.mark.parametrize(
    ("text", "feeling", "settings"),
    [
        (TOILET, Feeling(label="angry", confidence=0.49), {}),
        (TOILET, Feeling(label="happy", confidence=1.0), {}),
        (TOILET, Feeling(label="angry", confidence=1.0), {"kind_words": False}),
        ("I have lost my phone.", Feeling(label="sad", confidence=1.0), {}),
        ("I want to make a complaint.", Feeling(label="angry", confidence=1.0), {}),
    ],
)
def test_no_kind_word_where_none_is_due(text: str, feeling: Feeling, settings: dict[str, Any]) -> None:
    assert texts(asked(text, feeling=feeling), **settings) == texts(asked(text))


def test_nobody_smiles_at_an_angry_visitor() -> None:
    told = answers(asked("Is there a restaurant?", feeling=Feeling(label="angry", confidence=0.9)))
    assert "happy" not in {one.emotion for one in told}


def test_a_broken_answer_is_continued_after_what_was_said() -> None:
    whole = answers(asked("Where is the lift?"))
    (rest,) = answers(asked("Where is the lift?", said=(whole[0].text,)))
    assert rest == whole[1].model_copy(update={"cause": rest.cause})


def test_after_the_last_sentence_only_the_end_is_left() -> None:
    whole = answers(asked("Where is the lift?"))
    (rest,) = answers(asked("Where is the lift?", said=tuple(one.text for one in whole)))
    assert (rest.text, rest.last, rest.index) == ("", True, 2)


def test_the_answer_follows_what_someone_else_had_begun_without_a_kind_word() -> None:
    angry = Feeling(label="angry", confidence=1.0)
    told = answers(asked(TOILET, said=("Let me see.",), feeling=angry))
    assert [one.index for one in told] == [1]
    assert told[0].text.startswith("The toilets")
    assert texts(asked(NOBODY_KNOWS, said=("Let me see.",))) == [""]


def test_a_folder_of_folders_is_chosen_by_the_question() -> None:
    assert texts(asked(TOILET, knowledge="museum"), folder=MUSEUM.parent) == texts(asked(TOILET))
    with pytest.raises(EngineError) as caught:
        answers(asked(TOILET, knowledge="../museum"))
    assert caught.value.code == "knowledge-unknown"


def test_the_operators_words_are_neither_heard_nor_said(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("cloakroom\n[rough]\nstupid\n", encoding="utf-8")
    safety = {"words": tmp_path / "words"}
    (refused,) = answers(asked("Where is the stupid toilet?"), safety=safety)
    assert (refused.by, refused.last) == ("guard:rough", True)
    (replaced,) = answers(asked(TOILET), safety=safety)
    assert (replaced.by, replaced.last) == ("guard:general", True)
    assert texts(asked("Where is the lift?"), safety=safety) == texts(asked("Where is the lift?"))
    assert check(Settings.model_validate({"folder": MUSEUM, "safety": {"words": tmp_path / "none"}})) != []


def test_another_message_is_refused() -> None:
    async def main(clock: Clock) -> None:
        async for _ in Engine(Settings(folder=MUSEUM), clock).work(Typed(text="hello")):
            pass

    with pytest.raises(EngineError) as caught:
        run_virtual(main)
    assert caught.value.code == "message-unexpected"


def test_errors_of_the_folder_are_one_exception_and_what_check_tells(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("language: xx\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        answers(asked(TOILET), folder=tmp_path)
    assert caught.value.code == "knowledge-invalid"
    told = check(Settings(folder=tmp_path))
    assert len(told) == 4
    assert all(one in caught.value.text for one in told)
    assert check(Settings(folder=MUSEUM)) == []


def test_a_missing_folder_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        answers(asked(TOILET), folder=tmp_path / "nowhere")
    assert caught.value.code == "knowledge-missing"


def test_answers_are_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import tests.test_reply_knowledge as t\n"
        "for q in ('Where is the toylet?', 'Can I bring food and my dog?', t.NOBODY_KNOWS):\n"
        "    print([a.model_dump_json() for a in t.answers(t.asked(q))])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""}, cwd=MUSEUM.parents[2],
            check=True, capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1] != b""
