"""One turn as a card: what was heard and answered. When it happened is drawn by the page, from numbers."""

from dataclasses import dataclass, field
from html import escape
from itertools import groupby

from pipeline.audio import HEAR_RATE
from pipeline.envelope import Feeling
from pipeline.messages import Sentence
from pipeline.recording.reporting.face import face, felt
from pipeline.recording.reporting.lines import Line
from pipeline.recording.reporting.parts import GESTURES, LANGUAGES, ORIGINS, both, chip, clock, feeling, price, seconds
from pipeline.recording.reporting.parts import play as play_button
from pipeline.recording.reporting.thinking import thoughts
from pipeline.recording.reporting.turns import Spent, Turn
from pipeline.recording.reporting.waits import milliseconds, shown


@dataclass(frozen=True, slots=True)
class Differing:
    """Which signs another recording has not: as long as the texts, or empty."""

    heard: list[bool] = field(default_factory=list)
    lines: dict[str, list[bool]] = field(default_factory=dict)
    """Of each sentence, by its id."""


SAME = Differing()
CUT_EARLY = ("打断在回答出声之前", "interrupted before its first sound")
"""Of an answer whose filler only was heard."""


def card(turn: Turn, number: int, sounding: float | None) -> str:
    """The card of a turn, as HTML. `number`: of its picture; `sounding`: seconds of sound that the page has."""
    kind = "turn" if turn.ended else "turn aside"
    return f'<article class="{kind}" id="{anchor(turn)}" {facts(turn)}>{content(turn, 0, number, sounding)}</article>'


def content(turn: Turn, side: int, number: int, sounding: float | None, differing: Differing = SAME) -> str:
    """What is in a card; `side` says of which recording it is."""
    picture = f'<div class="timeline" data-side="{side}" data-turn="{number}"></div>' if turn.ended else ""
    talk = _visitor(turn, sounding, differing.heard) + _avatar(turn, sounding, differing.lines)
    return (
        f'<div class="side" data-side="{side}" data-turn="{number}">{_head(turn)}'
        f'<div class="talk">{talk}</div>{_failures(turn)}{picture}</div>'
    )


def facts(turn: Turn) -> str:
    """What the page's filter goes by, as attributes."""
    gap = f'data-gap="{shown(milliseconds(turn.gap)):.3f}" ' if turn.gap is not None else ""
    return f'{gap}data-failed="{int(turn.failed)}" data-interrupted="{int(turn.interrupted)}"'


def anchor(turn: Turn) -> str:
    """The card's id: safe in HTML whatever the session is called."""
    return f"turn-{turn.session.encode().hex()[:32]}-{turn.number}"


def name(turn: Turn) -> str:
    """Of a turn."""
    if turn.number:
        return both(f"第 {turn.number} 轮", f"Turn {turn.number}")
    return both("数字人先开口", "The avatar speaks")


def _head(turn: Turn) -> str:
    chips = []
    if turn.gap is not None:
        text = f"{both('停顿', 'gap')} <b>{seconds(turn.gap)}</b>"
        chips.append(chip(text, "good gap", "end of the visitor's voice to the first sound"))
    if turn.ended and not turn.answered:
        chips.append(chip(both("未回答", "not answered"), "plain" if turn.silent else "bad"))
    if turn.interrupted:
        when = CUT_EARLY if turn.cut_before_answer else ("被打断", "interrupted")
        chips.append(chip("✂ " + both(*when), "bad"))
    dropped = len(turn.dropped)
    if dropped:
        chips.append(chip(both(f"{dropped} 次预备作废", f"{dropped} prepared and dropped"), "hatch"))
    chips += [chip(escape(failure.code), "bad", failure.text) for _, failure in turn.failures]
    chips += [_bill(*turn.spent())]
    title = f'<h2>{name(turn)}</h2><span class="at">{clock(turn.span[0])}</span>'
    return f'<header>{title}<div class="chips">{"".join(chips)}</div></header>'


def _bill(stood: Spent, vain: Spent) -> str:
    """Tokens and cost, as chips; nothing where no model was asked."""
    total = stood + vain
    if not total.tokens and not total.cost:
        return ""
    text = f"{stood.taken}→{stood.given} {both('词元', 'tokens')}"
    if vain.tokens:
        text += f" + {vain.tokens} {both('作废', 'dropped')}"
    title = f"in {stood.taken}, of these cached {stood.cached}; out {stood.given}; dropped {vain.tokens}"
    cost = chip(f"{both('费用', 'cost')} {price(total.cost)}", "plain") if total.cost else ""
    return chip(text, "plain", title) + cost


def _visitor(turn: Turn, sounding: float | None, differs: list[bool]) -> str:
    final = turn.final
    if not turn.ended or final.transcript is None:
        return ""
    heard = final.transcript[1]
    text = (
        f"<q>{_spelled(heard.text, differs)}</q>" if heard.text.strip() else f"<i>{both('没有听到话', 'no words')}</i>"
    )
    chips = chip(both(*LANGUAGES[heard.language]), "plain")
    player = ""
    if final.utterance:
        chips += chip(f"{both('把握', 'sure')} {heard.confidence:.0%}", "plain")
        end = final.start + final.samples / HEAR_RATE
        player = play_button(final.start, end, ("听访客", "hear the visitor"), "visitor.flac", sounding)
    else:
        chips += chip(both("打字", "typed"), "plain")
    return (
        f'<section class="visitor"><h3>{both("访客", "Visitor")}</h3><p class="text" lang="{heard.language}">{text}</p>'
        f'<div class="chips">{chips}</div>{player}{_feelings(turn)}</section>'
    )


def _feelings(turn: Turn) -> str:
    final = turn.final
    names = {"voice": ("声音", "voice"), "text": ("用词", "words")}
    named = [(emotion.source, names[emotion.source], emotion.feeling) for _, emotion in final.emotions]
    found: list[tuple[str, tuple[str, str], Feeling]] = [*named]
    if final.question:
        found.append(("fused", ("合成", "fused"), final.question[1].feeling))
    if not found:
        return ""
    rows = "".join(
        f'<li class="f-{source}">{both(*label)} <b>{feeling(one.label)}</b> <span>{one.confidence:.0%}</span></li>'
        for source, label, one in found
    )
    return f'<div class="feel">{_circumplex([(source, one) for source, _, one in found])}<ul>{rows}</ul></div>'


def _circumplex(feelings: list[tuple[str, Feeling]]) -> str:
    """Russell's plane: valence to the right, arousal upwards; each feeling a dot as large as its confidence."""
    dots = [
        f'<circle class="f-{source}" cx="{50 + 42 * one.valence:.1f}" cy="{50 - 42 * one.arousal:.1f}" '
        f'r="{3 + 5 * one.confidence:.1f}"/>'
        for source, one in feelings
    ]
    frame = '<circle class="ring" cx="50" cy="50" r="46"/><path class="ring" d="M4 50H96M50 4V96"/>'
    return f'<svg class="plane" viewBox="0 0 100 100" aria-hidden="true">{frame}{"".join(dots)}</svg>'


def _avatar(turn: Turn, sounding: float | None, differs: dict[str, list[bool]]) -> str:
    thought = thoughts(turn)
    if not turn.lines and not thought:
        return ""
    told = "".join(_line(line, differs.get(line.sentence.id, [])) for line in turn.lines)
    begun = [line.begun for line in turn.lines if line.begun is not None]
    over = [line.over for line in turn.lines if line.over is not None]
    player = portrait = ""
    if begun and over:
        said = (min(begun), max(over) + 0.05)
        player = play_button(*said, ("听回答", "hear the answer"), "avatar.flac", sounding)
        portrait = face(felt([line for line in turn.lines if line.begun is not None]))
    chips = "".join(dict.fromkeys(found for line in turn.lines for found in _chips(line.sentence)))
    title = f"<h3>{both('数字人', 'Avatar')} <small>{both('AI 生成', 'AI-generated')}</small></h3>"
    language = turn.lines[0].sentence.language if turn.lines else "en"
    return (
        f'<section class="avatar"><div>{title}<p class="text" lang="{language}">{told}</p>'
        f'<div class="chips">{chips}</div>{thought}{player}</div>{portrait}</section>'
    )


def _spelled(text: str, differs: list[bool]) -> str:
    """The text, with what differs marked."""
    if not any(differs):
        return escape(text)
    runs = groupby(zip(text, differs, strict=False), key=lambda sign: sign[1])
    spelled = [(marked, escape("".join(sign for sign, _ in run))) for marked, run in runs]
    return "".join(f"<mark>{piece}</mark>" if marked else piece for marked, piece in spelled)


def _line(line: Line, differs: list[bool]) -> str:
    sentence, heard = line.sentence, line.heard_characters()
    said, lost = _spelled(sentence.text[:heard], differs), _spelled(sentence.text[heard:], differs[heard:])
    origin = chip(both(*ORIGINS[sentence.origin]), "plain") + " " if sentence.origin in ORIGINS else ""
    cut = f'<span class="cut" title="not heard">{"✂" if line.cut is not None and line.begun is not None else ""}</span>'
    unheard = f"{cut}<s>{lost}</s>" if lost else ""
    return f'<span class="line">{origin}{said}{unheard}</span>' + (" " if sentence.language == "en" else "")


def _chips(sentence: Sentence) -> list[str]:
    """Who answered, from which entries, with which face and hands."""
    chips = [chip(escape(sentence.by), "by")] if sentence.by else []
    chips += [chip(escape(source), "source") for source in sentence.sources]
    chips += [chip(feeling(sentence.emotion), "face")] if sentence.emotion != "neutral" else []
    hand = sentence.gesture
    return [*chips, chip(both(GESTURES.get(hand, hand), hand), "hand")] if hand else chips


def _failures(turn: Turn) -> str:
    rows = "".join(
        f"<li><code>{escape(failure.code)}</code> {escape(failure.stage)}, {clock(at)}: {escape(failure.text)}</li>"
        for at, failure in turn.failures
    )
    return f'<ul class="failures">{rows}</ul>' if rows else ""
