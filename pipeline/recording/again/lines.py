"""The fixed lines of a recorded visit: greeting, filler, apology, as they sounded."""

from typing import cast

from pipeline.envelope import Language
from pipeline.flow import FIXED
from pipeline.messages import Cues, Sentence, Speech
from pipeline.recording.reading import Recording
from pipeline.session.lines import DAYTIMES, Kind, Lines, Rendered


def recorded_lines(recording: Recording) -> dict[tuple[Kind, Language], list[Rendered]]:
    """By kind and language, in the order of their numbers; only what was begun with all its parts."""
    sentences: dict[str, Sentence] = {}
    speech: dict[str, dict[int, Speech]] = {}
    cues: dict[str, Cues] = {}
    for row in recording.rows:
        message = row.message
        if isinstance(message, Sentence) and message.origin in FIXED:
            sentences.setdefault(message.id, message)
        elif isinstance(message, Speech) and message.cause in sentences:
            whole = recording.whole(row)
            assert isinstance(whole, Speech)  # noqa: S101  for the type checker
            speech.setdefault(message.cause, {}).setdefault(message.part, whole)
        elif isinstance(message, Cues) and message.origin in FIXED:
            cues.setdefault(message.cause, message)
    found: dict[tuple[Kind, Language], dict[int, Rendered]] = {}
    for sentence in sentences.values():
        parts = tuple(part for _, part in sorted(speech.get(sentence.id, {}).items()))
        faces = tuple(cues[part.id] for part in parts if part.id in cues)
        if parts and len(parts) == len(faces):
            kind = cast("Kind", sentence.origin)
            rendered = Rendered(sentence, parts, faces)
            found.setdefault((kind, sentence.language), {}).setdefault(sentence.index, rendered)
    return {key: [line for _, line in sorted(numbered.items())] for key, numbered in found.items()}


def lines_of(recording: Recording, others: Lines | None = None) -> Lines:
    """The recorded lines; `others`, rendered now, where the recording has none of a kind."""
    recorded = recorded_lines(recording)
    known = others.rendered if others else {}
    greeted = {language for kind, language in recorded if kind == "greeting"}
    kept = {key: some for key, some in known.items() if not (key[0] in DAYTIMES and key[1] in greeted)}
    return Lines({**kept, **recorded})
