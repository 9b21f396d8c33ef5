"""One question on its way through the endpoints: what was tried, what was said, what time is left."""

from dataclasses import dataclass, field

from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence
from stages.reply._router.causes import Cause
from stages.reply._router.plan import Plan
from stages.reply._router.stream import Stream
from stages.reply._thoughts import Shown


@dataclass(eq=False, slots=True)
class Lane:
    """A request under way: it holds a place at its endpoint, and maybe its breaker's trial."""

    plan: Plan
    stream: Stream
    trial: bool
    settled: bool = False
    """Its breaker knows what became of it."""
    failed: bool = False


@dataclass(eq=False, slots=True)
class Run:
    """What the router knows of one question."""

    question: Question
    told: object
    shown: Shown
    due: float = 0.0
    """When the endpoint that is asked must have begun."""
    latest: float = 0.0
    """When its first sentence must be there; what is left then is the fallback's."""
    alone_due: float | None = None
    """When the visitor has waited long enough for endpoints on trial. None: others could answer."""
    said: list[str] = field(default_factory=list)
    tried: dict[str, Cause] = field(default_factory=dict)
    faults: list[tuple[Plan, EngineError]] = field(default_factory=list)
    passed_on: int = 0
    """Faults after which another endpoint was asked: a second one beside it takes over from nobody."""
    rests: bool = False
    """Thinking took too long: whoever answers now does not think."""
    asleep: set[str] = field(default_factory=set)
    """Tried without thinking, in vain."""
    lanes: list[Lane] = field(default_factory=list)
    """Under way."""

    @property
    def visitor(self) -> str:
        """Whose question it is."""
        return self.question.session

    @property
    def silent(self) -> bool:
        """The visitor has been given nothing yet."""
        return not self.shown.given and len(self.said) == len(self.question.said)

    def wants(self, plan: Plan) -> bool:
        """It was not tried in vain, and can do what is asked for."""
        if not self.rests:
            return plan.name not in self.tried
        able = plan.thinking == "off" or plan.can_rest
        return able and plan.name not in self.asleep and self.tried.get(plan.name, "thinking") == "thinking"

    def asked(self) -> Question:
        """The question as the next endpoint gets it."""
        return (
            self.question.changed(said=tuple(self.said)) if len(self.said) > len(self.question.said) else self.question
        )

    def heard(self, sentence: Sentence) -> None:
        """A sentence was given to the voice."""
        if sentence.text:
            self.said.append(sentence.text)

    def failed(self, plan: Plan, cause: Cause, error: EngineError) -> None:
        """An endpoint could not."""
        self.tried[plan.name] = cause
        if self.rests or plan.thinking == "off":
            self.asleep.add(plan.name)
        self.faults.append((plan, error))
        self.rests = self.rests or cause == "thinking"
