"""The order of the flow: which stage takes and says which messages."""

from dataclasses import dataclass

from pipeline import messages as m
from pipeline.envelope import Message

Kind = type[Message]


@dataclass(frozen=True, slots=True)
class Stage:
    """A worker stage: the jobs that it takes and what it answers with."""

    name: str
    takes: tuple[Kind, ...]
    says: tuple[Kind, ...]
    watched: bool = True
    """A session waits for each of its answers, and sends a request again when it must."""


WORKERS = (
    Stage("transcript", (m.Utterance,), (m.Transcript,)),
    Stage("emotion", (m.Utterance, m.Transcript), (m.Emotion,), watched=False),
    Stage("reply", (m.Question,), (m.Thought, m.Sentence)),
    Stage("speech", (m.Sentence,), (m.Speech,)),
    Stage("cues", (m.Speech,), (m.Cues,), watched=False),
)
"""In the order of the flow. `turn` comes before them and stays at the edge."""

STAGES = ("turn", *(stage.name for stage in WORKERS))
OF_WORKERS: tuple[Kind, ...] = (*(kind for stage in WORKERS for kind in stage.says), m.Claim, m.Progress, m.Failure)
"""What an edge hears from workers."""
ALL: tuple[Kind, ...] = tuple(
    kind for kind in vars(m).values() if isinstance(kind, type) and kind.__module__ == m.__name__
)
"""Every message class."""


FIXED = ("filler", "apology", "greeting", "farewell", "attract")
"""Origins of lines that were rendered before they are needed."""


LATER = {"tool-tentative", "budget-tentative"}
"""Codes of what may not be done while a turn may go on: nobody else is asked, and its session asks again at its end."""
FORESEEN = LATER | {"budget-spent"}
"""Codes of what was meant to happen: no warning with every question. That a budget is spent is told once a day."""


def is_job(stage: str, message: Message) -> bool:
    """Partial utterances are for transcript alone, partial transcripts for nobody; fixed lines are spoken already."""
    if isinstance(message, (m.Utterance, m.Transcript)) and message.partial:
        return stage == "transcript" and isinstance(message, m.Utterance)
    return not (isinstance(message, (m.Sentence, m.Speech)) and message.origin in FIXED)
