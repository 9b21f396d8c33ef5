"""Where an endpoint's answers begin: with the answer, or inside a thought that nothing marks."""

from pipeline.errors import EngineError
from pipeline.messages import Question
from stages.reply._router.plan import Plan
from stages.reply._router.stream import Stream
from stages.reply._template import THINK


class Openings:
    """What was seen of each endpoint. One tag is no proof: a visitor can have a model write it."""

    def __init__(self) -> None:
        self._inside: set[str] = set()
        self._plain: set[str] = set()

    def inside(self, plan: Plan) -> bool:
        """It sent a thought without its opening tag, and no answer without any tag since."""
        return plan.name in self._inside

    def stray(self, plan: Plan, thinking: str, question: Question) -> bool:
        """A closing tag in its answer ends no thought: the visitor speaks of the tag, or the endpoint was asked not to
        think and its last answer had none. After such a tag the next one counts.
        """
        known = thinking == "off" and plan.name in self._plain
        return plan.name not in self._inside and (known or _speaks_of_it(question))

    def failed(self, plan: Plan, error: EngineError) -> None:
        """It was broken off."""
        if error.code == "thought-unmarked":
            self._inside.add(plan.name)
            self._plain.discard(plan.name)

    def answered(self, plan: Plan, stream: Stream) -> None:
        """It answered to the end. What only goes on with another answer tells nothing."""
        answer, call = stream.answer, stream.call
        if answer.finish != "stop" or not answer.spoke or call.question.said:
            return
        if not answer.tagged:
            self._inside.discard(plan.name)
            if call.thinking == "off":
                self._plain.add(plan.name)
        elif not _speaks_of_it(call.question):
            self._plain.discard(plan.name)


def _speaks_of_it(question: Question) -> bool:
    return THINK.search(question.text) is not None
