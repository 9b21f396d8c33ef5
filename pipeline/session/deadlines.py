"""Requests under way: claims, silence, attempts, which is adopted, and whom to ask next (blueprint §3)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.envelope import Message
from pipeline.messages import Claim, Failure, Interrupt, Progress, Question, Sentence, Speech, Status, Utterance
from pipeline.session.crew import Crew
from pipeline.session.hands import Hands
from pipeline.session.settings import Deadlines

DEATHS = 2
"""Workers that may die of one request before it counts as poisoned."""
PATIENT_AFTER = 3
"""Sendings that nobody claimed, after which the pauses grow: a stage that is away altogether is not flooded."""
LONGEST_PAUSE = 4
"""How many times as long as the first they become."""
_STAGES: dict[type[Message], str] = {Utterance: "transcript", Question: "reply", Sentence: "speech"}


@dataclass(slots=True)
class _Request:
    message: Message
    due: float
    adopted: int = 0
    """The attempt whose answers are taken; 0: none yet."""
    holders: dict[int, str] = field(default_factory=dict)
    """Which node works on which attempt."""
    named: str = ""
    """The node that the latest attempt was sent to by name."""
    avoid: set[str] = field(default_factory=set)
    heard: float = 0.0
    """When its worker last gave a sign of life."""
    next: int = 0
    """Number that the next answer of the adopted attempt must have: one that is missing is lost for good."""
    unclaimed: int = 0
    deaths: int = 0

    @property
    def stage(self) -> str:
        return _STAGES.get(type(self.message), "")

    @property
    def claimed(self) -> bool:
        return self.message.sent in self.holders


class Requests:
    """Sends requests, sends them again, and says when one is lost."""

    def __init__(self, hands: Hands, deadlines: Deadlines, crew: Crew, lost: Callable[[Message, str], None],
                 renew: Callable[[Message], Message | None]) -> None:  # fmt: skip
        self._hands, self._deadlines, self._crew = hands, deadlines, crew
        self._lost = lost
        """Told of a request that will not be answered, with an error code."""
        self._renew = renew
        """Brings a request up to date before it is sent again (what has been said so far); None: it is taken over."""
        self._open: dict[str, _Request] = {}

    def __len__(self) -> int:
        return len(self._open)

    def send(self, message: Message, within: float) -> None:
        """Publish a request and watch it."""
        message = message.changed(left_ms=int(within * 1000))
        self.watch(message, within)
        self._hands.publish(message)

    def watch(self, message: Message, within: float) -> None:
        """Watch a request that a stage has published itself."""
        self._crew.counts["sent"] += 1
        said = len(message.said) if isinstance(message, Question) else 0
        self._open[message.id] = _Request(message, self._hands.now() + within, next=said)
        self._hands.wake(f"due {message.id}", within)
        self._hands.wake(f"silent {message.id}", self._deadlines.claim)

    # --- what workers say

    def hear(self, answer: Message) -> bool:
        """Take note of an answer, a claim or a sign of life; False when it belongs to an attempt that is not wanted."""
        request = self._open.get(answer.cause)
        if request is None:
            return False
        if isinstance(answer, (Claim, Progress)):
            return self._sign(request, answer)
        if not self._adopt(request, answer) or not self._in_order(request, answer):
            return False
        request.heard = self._hands.now()
        return True

    def _sign(self, request: _Request, sign: Claim | Progress) -> bool:
        if request.adopted and sign.attempt != request.adopted:
            return False
        if isinstance(sign, Claim) and not sign.accepted:
            self._bounced(request, sign)
            return True
        request.holders[sign.attempt] = sign.node
        request.heard, request.unclaimed = self._hands.now(), 0
        return True

    def _bounced(self, request: _Request, claim: Claim) -> None:
        """It is full, or on its way out: whoever holds least takes it, or else it waits for the next sending."""
        request.holders.pop(claim.attempt, None)
        request.avoid.add(claim.node)
        self._crew.counts["bounced"] += 1
        if claim.attempt == request.message.sent:
            node = self._crew.choose(request.stage, request.avoid)
            if node or request.adopted:
                self._again(request, "again", node)

    def _adopt(self, request: _Request, answer: Message) -> bool:
        if not request.adopted:
            request.adopted = answer.attempt
            self._hands.wake(f"due {answer.cause}", None)
            others = (n for n in range(1, request.message.sent + 1) if n != answer.attempt)
            for other in others:
                self._stop(request, other, "adopted")
        return request.adopted == answer.attempt

    def _in_order(self, request: _Request, answer: Message) -> bool:
        """No answer comes twice; where one is missing, the stream is broken and asked for again."""
        number = answer.index if isinstance(answer, Sentence) else answer.part if isinstance(answer, Speech) else None
        if number is None:
            return True
        if number == request.next:
            request.next += 1
            return True
        if number > request.next:
            self._died(request, "broken")
        return False

    def fail(self, failure: Failure) -> None:
        """A stage could not do it: try once more where that may help."""
        request = self._open.get(failure.cause)
        if request is None or failure.attempt != (request.adopted or request.message.sent):
            return
        request.deaths += 1
        request.avoid.add(request.holders.pop(failure.attempt, ""))
        if failure.retry and request.deaths < DEATHS:
            self._again(request)
        else:
            self._give_up(request, failure.code)

    # --- what becomes of them

    def done(self, cause: str) -> None:
        """The last answer is there."""
        if self._open.pop(cause, None):
            self._hands.wake(f"due {cause}", None)
            self._hands.wake(f"silent {cause}", None)

    def forget(self, turn: int | None = None, revision: int = 0, why: str = "") -> None:
        """Those of a turn's revision, or all of them: nobody wants the answers. With `why`, workers are told so."""
        for cause, request in list(self._open.items()):
            if turn is None or (request.message.turn, request.message.revision) == (turn, revision):
                self.done(cause)
                if why:
                    self._stop(request, 0, why)

    def gone(self, status: Status) -> None:
        """A node has gone, and with it what it held."""
        for request in list(self._open.values()):
            lost = [attempt for attempt, node in request.holders.items() if node == status.node]
            for attempt in lost:
                request.avoid.add(request.holders.pop(attempt))
            waits_for = request.adopted or request.message.sent
            if waits_for in lost and not (request.holders and not request.adopted):
                self._died(request, "orphaned")

    def back(self) -> None:
        """The bus was away: what was sent meanwhile may be lost, and so may its answers."""
        for request in list(self._open.values()):
            if not request.adopted:
                self._again(request)

    def wake(self, key: str) -> None:
        """A timer of this table fired."""
        what, cause = key.split()
        request = self._open.get(cause)
        if request is None:
            return
        if what == "due":
            self._give_up(request, "deadline-missed")
        elif not request.claimed and not request.adopted:
            self._unclaimed(request)
        elif (left := request.heard + self._deadlines.silence - self._hands.now()) > 0:
            self._hands.wake(key, left)
        else:
            self._crew.suspect(request.holders.get(request.adopted or request.message.sent, ""))
            self._died(request, "silent")

    def _unclaimed(self, request: _Request) -> None:
        request.unclaimed += 1
        self._crew.counts["unclaimed"] += 1
        if request.named:
            self._crew.suspect(request.named)
            request.avoid.add(request.named)
        self._again(request)

    def _died(self, request: _Request, how: str) -> None:
        request.deaths += 1
        self._crew.counts[how] += 1
        if request.deaths >= DEATHS:
            self._give_up(request, "poisoned")
            return
        attempt = request.adopted or request.message.sent
        request.avoid.add(request.holders.get(attempt, ""))
        self._stop(request, attempt, "timeout")
        self._again(request)

    def _again(self, request: _Request, why: str = "again", node: str = "") -> None:
        """Send it once more, by name to whoever holds least where somebody is known."""
        now, was_adopted = self._hands.now(), request.adopted
        if was_adopted:
            request.due = now + self._deadlines.first_sentence
        renewed = self._renew(request.message)
        if renewed is None:
            self.done(request.message.id)
            return
        request.message = renewed.again(max(1, int((request.due - now) * 1000)))
        if was_adopted:
            self._hands.wake(f"due {request.message.id}", self._deadlines.first_sentence)
        request.adopted = 0
        request.next = len(renewed.said) if isinstance(renewed, Question) else 0
        self._crew.counts[why] += 1
        pause = min(2 ** max(0, request.unclaimed - PATIENT_AFTER), LONGEST_PAUSE)
        self._hands.wake(f"silent {request.message.id}", self._deadlines.claim * pause)
        request.named = node or self._crew.choose(request.stage, request.avoid)
        if not request.named:
            request.avoid.clear()  # everybody has been tried: next time anybody may be again
        self._hands.publish(request.message, request.named, request.stage if request.named else "")

    def _stop(self, request: _Request, attempt: int, why: str) -> None:
        message = request.message
        self._hands.publish(message.answer(Interrupt, why=why, stopped=attempt))

    def _give_up(self, request: _Request, code: str) -> None:
        message = request.message
        self.done(message.id)
        self._stop(request, 0, "timeout")
        self._crew.counts[_COUNTED.get(code, "failed")] += 1
        if code in _LOST:
            self._hands.publish(message.answer(Failure, stage=request.stage, code=code, text=_LOST[code]))
        self._lost(message, code)


_COUNTED = {"poisoned": "poisoned", "deadline-missed": "missed"}
_LOST = {
    "poisoned": "two workers died of this request, or fell silent over it: look into their logs",
    "deadline-missed": "no worker answered in time: add workers of this stage, or look why they are slow",
}
