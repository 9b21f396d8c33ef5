"""One turn as a card: what was heard and answered, and the picture of when everything happened."""

from html import escape

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Feeling, Pose
from pipeline.messages import Sentence
from pipeline.recording.reading import Recording
from pipeline.recording.report_face import face
from pipeline.recording.report_parts import (
    FEELINGS,
    GESTURES,
    LANGUAGES,
    ORIGINS,
    STAGES,
    Sounds,
    both,
    chip,
    feeling,
    seconds,
)
from pipeline.recording.report_svg import MOUTHS, Clocked, Window, circumplex, drawing, envelope, mouth
from pipeline.recording.report_turns import LANES, Line, Turn


def card(turn: Turn, recording: Recording, sounds: Sounds) -> str:
    """The card of a turn, as HTML."""
    window = Window(*turn.span)
    kind = "turn" if turn.ended else "turn aside"
    return (
        f'<article class="{kind}" id="{anchor(turn)}">{_head(turn)}'
        f'<div class="talk">{_visitor(turn, recording, sounds)}{_avatar(turn, recording, sounds)}</div>'
        f"{_timeline(turn, window, recording) if turn.ended else ''}</article>"
    )


def anchor(turn: Turn) -> str:
    """The card's id: safe in HTML whatever the session is called."""
    return f"turn-{turn.session.encode().hex()[:16]}-{turn.number}"


def _head(turn: Turn) -> str:
    chips = []
    if turn.ended and turn.answered and turn.first_sound is not None and turn.speech_end is not None:
        gap = seconds(turn.first_sound - turn.speech_end)
        chips.append(
            chip(f"{both('停顿', 'gap')} <b>{gap}</b>", "good", "end of the visitor's voice to the first sound")
        )
    if turn.ended and not turn.answered:
        chips.append(chip(both("未回答", "not answered"), "bad"))
    if any(line.cut is not None for line in turn.lines):
        chips.append(chip("✂ " + both("被打断", "interrupted"), "bad"))
    dropped = sum(1 for number, one in turn.revisions.items() if one.utterance and one is not turn.final and number)
    if dropped:
        chips.append(chip(both(f"{dropped} 次预备作废", f"{dropped} prepared and dropped"), "hatch"))
    chips += [chip(escape(failure.code), "bad", failure.text) for _, failure in turn.failures]
    name = (
        both(f"第 {turn.number} 轮", f"Turn {turn.number}") if turn.ended else both("数字人先开口", "The avatar speaks")
    )
    title = f'<h2>{name}</h2><span class="at">{turn.span[0]:.1f} s</span>'
    return f'<header>{title}<div class="chips">{"".join(chips)}</div></header>'


def _visitor(turn: Turn, recording: Recording, sounds: Sounds) -> str:
    final = turn.final
    if not turn.ended or final.transcript is None:
        return ""
    heard = final.transcript[1]
    text = f"<q>{escape(heard.text)}</q>" if heard.text.strip() else f"<i>{both('没有听到话', 'no words')}</i>"
    chips = chip(both(*LANGUAGES[heard.language]), "plain") + chip(
        f"{both('把握', 'sure')} {heard.confidence:.0%}", "plain"
    )
    player = ""
    if final.utterance and final.samples:
        begin = final.utterance.start_sample / HEAR_RATE
        end = begin + final.samples / HEAR_RATE
        player = sounds.player(recording.visitor, HEAR_RATE, begin, end, ("访客", "visitor"), "visitor.flac")
    return (
        f'<section class="visitor"><h3>{both("访客", "Visitor")}</h3><p class="text" lang="{heard.language}">{text}</p>'
        f'<div class="chips">{chips}</div>{player}{_feelings(turn)}</section>'
    )


def _feelings(turn: Turn) -> str:
    final = turn.final
    named: list[tuple[str, tuple[str, str], Feeling]] = []
    names = {"voice": ("声音", "voice"), "text": ("用词", "words")}
    named += [(emotion.source, names[emotion.source], emotion.feeling) for _, emotion in final.emotions]
    if final.question:
        named.append(("fused", ("合成", "fused"), final.question[1].feeling))
    if not named:
        return ""
    rows = "".join(
        f'<li class="f-{source}">{both(*name)} <b>{feeling(felt.label)}</b> <span>{felt.confidence:.0%}</span></li>'
        for source, name, felt in named
    )
    return f'<div class="feel">{circumplex((source, felt) for source, _, felt in named)}<ul>{rows}</ul></div>'


def _avatar(turn: Turn, recording: Recording, sounds: Sounds) -> str:
    if not turn.lines:
        return ""
    told = "".join(_line(line) for line in turn.lines)
    begun = [line.begun for line in turn.lines if line.begun is not None]
    over = [line.over for line in turn.lines if line.over is not None]
    player = portrait = ""
    if begun and over:
        span = (min(begun), max(over) + 0.05)
        player = sounds.player(recording.avatar, SPEAK_RATE, *span, ("数字人的回答", "the answer"), "avatar.flac")
        portrait = face([line for line in turn.lines if line.begun is not None])
    chips = "".join(dict.fromkeys(name for line in turn.lines for name in _chips(line.sentence)))
    title = f"<h3>{both('数字人', 'Avatar')} <small>{both('AI 生成', 'AI-generated')}</small></h3>"
    return (
        f'<section class="avatar"><div>{title}'
        f'<p class="text" lang="{turn.lines[0].sentence.language}">{told}</p>'
        f'<div class="chips">{chips}</div>{player}</div>{portrait}</section>'
    )


def _line(line: Line) -> str:
    sentence, heard = line.sentence, line.heard_characters()
    said, lost = escape(sentence.text[:heard]), escape(sentence.text[heard:])
    origin = chip(both(*ORIGINS[sentence.origin]), "plain") + " " if sentence.origin in ORIGINS else ""
    cut = f'<span class="cut" title="not heard">{"✂" if line.cut is not None and line.begun is not None else ""}</span>'
    unheard = f"{cut}<s>{lost}</s>" if lost else ""
    return f'<span class="line">{origin}{said}{unheard}</span>' + (" " if sentence.language == "en" else "")


def _chips(sentence: Sentence) -> list[str]:
    """Who answered, from which entries, with which face and hands."""
    chips = [chip(escape(sentence.by), "by")] if sentence.by else []
    chips += [chip(escape(name), "source") for name in sentence.sources]
    chips += [chip(feeling(sentence.emotion), "face")] if sentence.emotion != "neutral" else []
    hand = sentence.gesture
    return [*chips, chip(both(GESTURES.get(hand, hand), hand), "hand")] if hand else chips


def _timeline(turn: Turn, window: Window, recording: Recording) -> str:
    wave = drawing(envelope(recording.visitor, HEAR_RATE, window), "wave visitor")
    voice = drawing(envelope(recording.avatar, SPEAK_RATE, window), "wave avatar")
    lines = [line for line in turn.lines if line.begun is not None]
    lips = "".join(mouth(line.poses("visemes"), _clock(line), window) for line in lines)
    faces = "".join(_poses(line, "expressions", window) for line in lines)
    hands = "".join(_poses(line, "gestures", window) for line in lines)
    rows = [_row(both("访客", "visitor"), wave, "tall")]
    rows += [_row(both(*STAGES[lane]), _bars(turn, lane, window), f"lane s-{lane}") for lane in LANES]
    rows += [
        _row(both("数字人", "avatar"), voice, "tall"),
        _row(both("口型", "mouth"), drawing(lips, "mouth"), "mouths"),
        _row(both("表情", "face"), faces, "faces"),
        _row(both("手势", "gesture"), hands, "faces"),
    ]
    return (
        f'<div class="timeline" data-start="{window.start:.3f}" data-end="{window.end:.3f}">{"".join(rows)}'
        f'<div class="over" aria-hidden="true">{_ticks(window)}{_marks(turn, window)}<i class="head"></i></div></div>'
    )


def _row(label: str, content: str, kind: str) -> str:
    return f'<div class="row {kind}"><div class="label">{label}</div><div class="track">{content}</div></div>'


def _bars(turn: Turn, lane: str, window: Window) -> str:
    bars = [bar for bar in turn.bars() if bar.lane == lane]
    first = next((bar for bar in bars if not bar.dropped), None)
    found = []
    for bar in bars:
        left, right = window.percent(bar.start), window.percent(bar.end)
        took = f"{1000 * (bar.end - bar.start):.0f} ms"
        place = f"left:{left}%;width:{max(0.0, right - left):.2f}%"
        kind = "bar dropped" if bar.dropped else "bar"
        found.append(f'<i class="{kind}" style="{place}" data-m="{escape(bar.what)}: {took}"></i>')
        if bar is first:
            found.append(f'<span class="took" style="right:{100 - left:.2f}%">{took}</span>')
    return "".join(found)


def _clock(line: Line) -> Clocked:
    return Clocked(line.begun or 0.0, SPEAK_RATE)


def _poses(line: Line, kind: str, window: Window) -> str:
    when, found = _clock(line), []
    for name, start, end in merged(line.poses(kind)):
        blink = name == "blink"
        left = window.percent(when(start))
        right = window.percent(when(end if line.cut is None else min(end, line.cut)))
        text = "" if blink else both(GESTURES.get(name) or FEELINGS.get(name, name), name)
        place = f"left:{left}%;width:{max(0.2, right - left):.2f}%"
        mark = "blink" if blink else kind
        found.append(f'<i class="pose {mark}" style="{place}" data-m="{escape(name)}">{text}</i>')
    return "".join(found)


def merged(poses: list[Pose]) -> list[tuple[str, int, int]]:
    """Name, first and last sample; what the parts of a sentence hold each for themselves is one again."""
    spans: list[tuple[str, int, int]] = []
    latest: dict[str, int] = {}
    for pose in sorted(poses, key=lambda pose: pose.start):
        known = latest.get(pose.name)
        if known is not None and pose.start <= spans[known][2]:
            spans[known] = (pose.name, spans[known][1], max(spans[known][2], pose.end))
        else:
            latest[pose.name] = len(spans)
            spans.append((pose.name, pose.start, pose.end))
    return spans


def _ticks(window: Window) -> str:
    length = window.end - window.start
    step = next((step for step in (0.5, 1, 2, 5, 10, 30) if length / step <= 14), 60)
    first = int(window.start / step) + 1
    at = [first * step + number * step for number in range(int(length / step) + 1)]
    return "".join(
        f'<i class="tick" style="left:{window.percent(time)}%"><b>{time:g} s</b></i>'
        for time in at
        if time < window.end
    )


def _marks(turn: Turn, window: Window) -> str:
    marks = []
    if turn.ended and turn.speech_end is not None:
        marks.append(("end", turn.speech_end, both("说完", "voice ends")))
        marks.append(("decided", turn.ended[0], both("判定", "turn ends")))
    if turn.first_sound is not None:
        marks.append(("sound", turn.first_sound, both("首声", "first sound")))
    cuts = [line.over for line in turn.lines if line.cut is not None and line.over is not None]
    marks += [("cut", at, "✂") for at in cuts[:1]]
    gap = ""
    if turn.first_sound is not None and turn.speech_end is not None and turn.answered:
        left, right = window.percent(turn.speech_end), window.percent(turn.first_sound)
        gap = f'<i class="gap" style="left:{left}%;width:{max(0.0, right - left):.2f}%"></i>'
    return gap + "".join(
        f'<i class="mark {kind}" style="left:{window.percent(at)}%"><b>{text}</b></i>' for kind, at, text in marks
    )


def legend() -> str:
    """Which colour is which mouth shape."""
    groups: dict[str, list[str]] = {}
    for name, (group, _) in MOUTHS.items():
        groups.setdefault(group, []).append(name)
    return "".join(
        f'<span class="key m-{group}"><i></i>{" ".join(names)}</span>'
        for group, names in groups.items()
        if group != "rest"
    )
