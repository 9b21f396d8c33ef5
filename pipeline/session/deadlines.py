"""Requests under way: claims, silence, attempts, and which attempt is adopted (blueprint §3)."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.envelope import Message
from pipeline.messages import Claim, Failure, Interrupt, Progress
from pipeline.session.hands import Hands
from pipeline.session.settings import Deadlines

DEATHS = 2
"""Workers that may die of one request before it counts as poisoned."""


@dataclass(slots=True)
class _Request:
    message: Message
    due: float
    adopted: int = 0
    """The attempt whose answers are taken; 0: none yet."""
    claimed: bool = False
    heard: float = 0.0
    """When its worker last gave a sign of life."""
    deaths: int = 0


class Requests:
    """Sends requests, sends them again, and says when one is lost."""

    def __init__(self, hands: Hands, deadlines: Deadlines, lost: Callable[[Message, str], None],
                 renew: Callable[[Message], Message]) -> None:  # fmt: skip
        self._hands, self._deadlines = hands, deadlines
        self._lost = lost
        """Told of a request that will not be answered, with an error code."""
        self._renew = renew
        """Brings a request up to date before it is sent again (what has been said so far)."""
        self._open: dict[str, _Request] = {}

    def send(self, message: Message, within: float) -> None:
        """Publish a request and watch it."""
        message = message.changed(left_ms=int(within * 1000))
        self.watch(message, within)
        self._hands.publish(message)

    def watch(self, message: Message, within: float) -> None:
        """Watch a request that a stage has published itself."""
        self._open[message.id] = _Request(message, self._hands.now() + within)
        self._hands.wake(f"due {message.id}", within)
        self._hands.wake(f"silent {message.id}", self._deadlines.claim)

    def hear(self, answer: Message) -> bool:
        """Take note of an answer, a claim or a sign of life; False when it belongs to an attempt that is not wanted."""
        request = self._open.get(answer.cause)
        if request is None:
            return False
        if isinstance(answer, Claim) and not answer.accepted:
            return True
        if isinstance(answer, (Claim, Progress)):
            request.claimed = True
        elif not self._adopt(request, answer):
            return False
        request.heard = self._hands.now()
        return True

    def _adopt(self, request: _Request, answer: Message) -> bool:
        if not request.adopted:
            request.adopted = answer.attempt
            self._hands.wake(f"due {answer.cause}", None)
            others = (n for n in range(1, request.message.sent + 1) if n != answer.attempt)
            for other in others:
                self._stop(request, other, "adopted")
        return request.adopted == answer.attempt

    def fail(self, failure: Failure) -> None:
        """A stage could not do it: try once more where that may help."""
        request = self._open.get(failure.cause)
        if request is None or failure.attempt != request.message.sent:
            return
        request.deaths += 1
        if failure.retry and request.deaths < DEATHS:
            self._again(request)
        else:
            self._give_up(request, failure.code)

    def done(self, cause: str) -> None:
        """The last answer is there."""
        if self._open.pop(cause, None):
            self._hands.wake(f"due {cause}", None)
            self._hands.wake(f"silent {cause}", None)

    def forget(self, turn: int | None = None, revision: int = 0) -> None:
        """Those of a turn's revision, or all of them: nobody wants the answers."""
        for cause, request in list(self._open.items()):
            if turn is None or (request.message.turn, request.message.revision) == (turn, revision):
                self.done(cause)

    def wake(self, key: str) -> None:
        """A timer of this table fired."""
        what, cause = key.split()
        request = self._open.get(cause)
        if request is None:
            return
        if what == "due":
            self._give_up(request, "deadline-missed")
        elif not request.claimed and not request.adopted:
            self._again(request)
        elif (left := request.heard + self._deadlines.silence - self._hands.now()) > 0:
            self._hands.wake(key, left)
        else:
            self._died(request)

    def _died(self, request: _Request) -> None:
        request.deaths += 1
        if request.deaths >= DEATHS:
            self._give_up(request, "poisoned")
        else:
            self._stop(request, request.message.sent, "timeout")
            self._again(request)

    def _again(self, request: _Request) -> None:
        left = max(0.0, request.due - self._hands.now())
        request.message = self._renew(request.message).again(int(left * 1000) or None)
        if request.adopted:
            request.due = self._hands.now() + self._deadlines.first_sentence
            self._hands.wake(f"due {request.message.id}", self._deadlines.first_sentence)
        request.adopted, request.claimed = 0, False
        self._hands.wake(f"silent {request.message.id}", self._deadlines.claim)
        self._hands.publish(request.message)

    def _stop(self, request: _Request, attempt: int, why: str) -> None:
        message = request.message
        self._hands.publish(message.answer(Interrupt, why=why, stopped=attempt))

    def _give_up(self, request: _Request, code: str) -> None:
        self.done(request.message.id)
        self._stop(request, 0, "timeout")
        self._lost(request.message, code)
