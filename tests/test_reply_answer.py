"""From a model's stream to sentences: the same whatever the chunks, and nothing in them that a voice cannot say."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages import Question, Sentence
from stages.reply._answer import Answer, Delta

QUESTION = Question(session="s", turn=1, text="?", language="zh")
MARKS = ["<think>", "</think>", "[happy]", "[gesture:wave]", "[", "]", "**", "# ", "- ", "1. ", "`", "|a|b|", "```\n"]
WORDS = ["\n", "你好", "欢迎光临", "。", "！", "，", "Hello! ", "Dr. ", "3.14", "[官网](http://x.y)", "😀", " "]
PARTS = st.lists(st.sampled_from(MARKS + WORDS), max_size=30)


def told(chunks: list[str], *, thinks: bool, finish: str = "stop") -> list[Sentence]:
    answer = Answer(QUESTION, "m", thinks=thinks)
    messages = [message for chunk in chunks for message in answer.take(Delta(chunk))]
    if answer.slipped:
        return []
    messages += [*answer.take(Delta(finish=finish)), *answer.end(0.0)]
    return [message for message in messages if isinstance(message, Sentence)]


@given(PARTS, st.booleans(), st.sampled_from(["stop", "length"]))
def test_chunks_do_not_matter(parts: list[str], thinks: bool, finish: str) -> None:
    sentences = told(list("".join(parts)), thinks=thinks, finish=finish)
    if sentences or told(parts, thinks=thinks, finish=finish):
        assert told(parts, thinks=thinks, finish=finish)[-1] == sentences[-1]
        assert told(parts, thinks=thinks, finish=finish) == sentences
    assert [sentence.index for sentence in sentences] == list(range(len(sentences)))
    assert [sentence.last for sentence in sentences] == [False] * (len(sentences) - 1) + [True] * bool(sentences)


@given(PARTS, st.booleans())
def test_no_tag_thought_or_markdown_is_spoken(parts: list[str], thinks: bool) -> None:
    for sentence in told(parts, thinks=thinks):
        for sign in ("<think>", "</think>", "[happy]", "[gesture:wave]", "**", "`", "http", "😀"):
            assert sign not in sentence.text


def test_a_mood_lasts_and_a_gesture_belongs_to_one_sentence() -> None:
    said = told(["你好。[happy:0.9]欢迎！[wave]请进。再见。[sad]"], thinks=False)
    assert [(sentence.emotion, sentence.strength, sentence.gesture) for sentence in said] == [
        ("neutral", 0.5, ""),
        ("happy", 0.9, ""),
        ("happy", 0.9, "wave"),
        ("happy", 0.9, ""),
    ]
    assert [sentence.text for sentence in said] == ["你好。", "欢迎！", "请进。", "再见。"]


def test_a_tag_within_a_sentence_counts_for_all_of_it() -> None:
    (sentence,) = told(["很高兴[happy]见到你。"], thinks=False)
    assert (sentence.text, sentence.emotion) == ("很高兴见到你。", "happy")
