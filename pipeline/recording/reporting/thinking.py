"""What the model thought, and what was prepared and dropped, to be opened."""

from html import escape

from pipeline.recording.reporting.parts import both
from pipeline.recording.reporting.turns import Revision, Turn


def thoughts(turn: Turn) -> str:
    """The thoughts of the answer that stood, then what each dropped revision heard, thought and would have said."""
    final = turn.final
    told = _thought(final)
    for revision in turn.dropped:
        heard = revision.transcript[1].text if revision.transcript else ""
        said = " ".join(line.sentence.text for line in revision.lines)
        text = f"<p><q>{escape(heard)}</q></p>" + (f"<p>{escape(said)}</p>" if said else "") + _thought(revision)
        title = both("预备后作废", "prepared, then dropped")
        told += f'<details class="thought vain"><summary>{title}</summary>{text}</details>'
    return told


def _thought(revision: Revision) -> str:
    if not revision.thoughts:
        return ""
    count, took = len(revision.thoughts), revision.thoughts[-1][0] - revision.thoughts[0][0]
    text = escape("".join(thought.text for _, thought in revision.thoughts))
    title = both(f"思考 {count} 段", f"{count} thoughts")
    return f'<details class="thought"><summary>{title} · {took:.1f} s</summary><p>{text}</p></details>'
