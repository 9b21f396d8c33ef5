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


WORKERS = (
    Stage("transcript", (m.Utterance,), (m.Transcript,)),
    Stage("emotion", (m.Utterance, m.Transcript), (m.Emotion,)),
    Stage("reply", (m.Question,), (m.Thought, m.Sentence)),
    Stage("speech", (m.Sentence,), (m.Speech,)),
    Stage("cues", (m.Speech,), (m.Cues,)),
)
"""In the order of the flow. `turn` comes before them and stays at the edge."""

STAGES = ("turn", *(stage.name for stage in WORKERS))
OF_WORKERS = (*(kind for stage in WORKERS for kind in stage.says), m.Claim, m.Progress, m.Failure)
"""What an edge hears from workers."""
ALL = (
    m.SessionStarted, m.SessionEnded, m.Presence, m.Typed, m.Control, m.Say,
    m.SpeechStarted, m.SpeechDropped, m.Utterance, m.TurnEnded, m.Transcript, m.Emotion, m.Question, m.Claim, m.Progress, m.Thought, m.Sentence, m.Speech, m.Cues,
    m.Played, m.Interrupt, m.Failure, m.Status,
)  # fmt: skip
"""Every message class."""


def is_job(stage: str, message: Message) -> bool:
    """Partial utterances are for transcript alone, partial transcripts for no worker."""
    if isinstance(message, (m.Utterance, m.Transcript)) and message.partial:
        return stage == "transcript"
    return True
