"""What the model is told: who it is, how to speak, what was heard, and how the visitor feels."""

from typing import Final, TypedDict

from pipeline.envelope import Exchange, Label, Language
from pipeline.messages import Question
from stages.reply._tags import GESTURES, LABELS


class Turn(TypedDict):
    """A message of `/v1/chat/completions`."""

    role: str
    content: str


RULES: Final[dict[Language, str]] = {
    "zh": (
        "你的回答会被直接念出来。请遵守：\n"
        "- 用口语化的中文回答，一般不超过三句话、八十个字；第一句要短。\n"
        "- 不用 Markdown、列表、表格、表情符号，不念网址。\n"
        "- 只说你确知的事；不知道就直说，并建议询问服务台。\n"
        "- 访客的话来自语音识别，可能有同音错字，请按合理的意思理解。\n"
        "- 可以在句首用一个标签表示你的情绪（{labels}），例如 [happy]；"
        "需要动作时用 [gesture:…]（{gestures}）。标签不会被念出来，不要解释标签。"
    ),
    "en": (
        "Your answer is spoken aloud. So:\n"
        "- Answer in spoken English, as a rule in at most three sentences and fifty words; begin with a short one.\n"
        "- No Markdown, lists, tables or emoji, and no web addresses.\n"
        "- Say only what you know for certain; where you do not know, say so and suggest the information desk.\n"
        "- What the visitor says comes from speech recognition: read over words that it misheard.\n"
        "- A tag at the start of a sentence shows your emotion ({labels}), for example [happy]; "
        "where a gesture helps, add [gesture:…] ({gestures}). Tags are not spoken: never explain them."
    ),
}
"""The fixed part, after the persona: servers with a prefix cache (vLLM, SGLang, DeepSeek) read it once."""
FEELINGS: Final[dict[Language, dict[Label, str]]] = {
    "zh": {"neutral": "平静", "happy": "高兴", "sad": "难过", "angry": "生气", "fearful": "害怕",
           "disgusted": "反感", "surprised": "惊讶"},
    "en": {label: label for label in LABELS},
}  # fmt: skip
_NOTES: Final[dict[Language, dict[str, str]]] = {
    "zh": {
        "arrives": "（一位访客走了过来。）",
        "interrupted": "（访客打断了你上面的话。）",
        "feeling": "（访客听起来{feeling}，把握{sure}%。请照顾对方的情绪，但不要说出这条提示。）",
        "unsure": "（这句话没有听清楚，可能有错字；意思不明时请礼貌地再问一次。）",
        "go on": "（你的话在这里中断了。请从中断处接着说完，不要重复已经说过的内容。）",
    },
    "en": {
        "arrives": "(A visitor arrives.)",
        "interrupted": "(The visitor interrupted what you said above.)",
        "feeling": "(The visitor sounds {feeling}, {sure}% sure. Take it into account; do not mention this note.)",
        "unsure": "(This was not heard clearly and may hold wrong words; where it makes no sense, ask again politely.)",
        "go on": "(You broke off here. Go on from where you stopped, and repeat nothing of what you have said.)",
    },
}
_FELT = 0.35
"""Below this confidence a feeling is not mentioned: classifiers of seven labels start at 0.14."""
_HEARD = 0.5


def messages(question: Question) -> list[Turn]:
    """The conversation: fixed part first, user and assistant in turns (some chat templates refuse anything else)."""
    notes = _NOTES[question.language]
    turns = [Turn(role="system", content=_fixed(question))]
    interrupted = False
    for line in question.history:
        if len(turns) == 1 and line.role == "avatar":
            turns.append(Turn(role="user", content=notes["arrives"]))
        _add(turns, _turn(line, notes["interrupted"] if interrupted else ""))
        interrupted = line.role == "avatar" and line.interrupted
    _add(turns, Turn(role="user", content=_asked(question, notes["interrupted"] if interrupted else "")))
    if question.said:
        space = " " if question.language == "en" else ""
        turns.append(Turn(role="assistant", content=space.join(question.said)))
        turns.append(Turn(role="user", content=notes["go on"]))
    return turns


def _fixed(question: Question) -> str:
    rules = RULES[question.language]
    rules = rules.format(labels=", ".join(LABELS), gestures=", ".join(GESTURES))
    return "\n\n".join(part for part in (question.persona.strip(), rules) if part)


def _turn(line: Exchange, note: str) -> Turn:
    if line.role == "avatar":
        return Turn(role="assistant", content=line.text + ("——" if line.interrupted else ""))
    return Turn(role="user", content="\n".join(part for part in (note, line.text) if part))


def _asked(question: Question, note: str) -> str:
    notes, feeling = _NOTES[question.language], question.feeling
    parts = [note, question.text]
    if feeling.label != "neutral" and feeling.confidence >= _FELT:
        name = FEELINGS[question.language][feeling.label]
        parts.append(notes["feeling"].format(feeling=name, sure=round(feeling.confidence * 100)))
    if question.confidence < _HEARD:
        parts.append(notes["unsure"])
    return "\n".join(part for part in parts if part)


def _add(turns: list[Turn], turn: Turn) -> None:
    """Lines of one speaker that follow each other become one message."""
    if turns[-1]["role"] == turn["role"]:
        turns[-1]["content"] += "\n" + turn["content"]
    else:
        turns.append(turn)
