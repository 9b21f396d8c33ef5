"""One endpoint's stream: its deadlines, and whether what comes is an answer at all."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Final

from pipeline.clock import Clock
from pipeline.errors import EngineError
from pipeline.messages import Sentence, Thought
from pipeline.patience import Patience
from stages.reply._answer import Answer, Delta
from stages.reply._router.causes import EXCUSE
from stages.reply._router.order import LEAST
from stages.reply._router.plan import Call, Transport
from stages.reply._router.repeats import Repeats
from stages.reply._thoughts import Circle
from stages.reply._tools.calls import Wanted

TAIL: Final = 0.25
"""Seconds after the answer's end for its usage, `[DONE]` and the body's end, so that the connection can be kept."""
_NEVER: Final = 1e6


class Stream:
    """An answer of one endpoint. `open` it, read its `messages`, `close` it whatever happens."""

    def __init__(
        self, transport: Transport, call: Call, clock: Clock, *, budget: float, latest: float, others: int = 0
    ) -> None:  # fmt: skip
        """`budget`: seconds of thought. `latest`: when, on the clock, its first sentence must be there, unless it
        thinks; `others`: endpoints that would have to answer by then if it does not.
        """
        self.call = call
        self.asked = clock.now()
        self.opened: float | None = None
        """Seconds to the first data."""
        self._transport, self._clock, self._budget, self._latest = transport, clock, budget, latest
        self._parts = 1 + others
        self._deltas = transport.ask(call)
        self._patience = Patience(clock)
        self._circle = Circle()
        self._thought_due = _NEVER
        self._first: Delta | None = None
        self._said = self._messages()
        self._ahead: list[Thought | Sentence | Wanted] = []
        """Was waited for before anybody read it."""
        repeats = Repeats(call.question.said)
        thinks = call.inside or call.thinking == "on"
        self.answer = Answer(call.question, call.plan.by, thinks=thinks, stray=call.stray, new=repeats.new)

    async def open(self) -> None:
        """Wait for the first data: thought, text or the answer's end. What keeps the connection alive is none."""
        due = self.asked + self.call.first_seconds
        self._first = await self._data(due)
        self.opened = self._clock.now() - self.asked
        self._thought_due = self._clock.now() + self._budget

    async def first(self) -> None:
        """Wait for its first message, too: data alone may be the beginning of an excuse, or of nothing."""
        if self.opened is None:
            await self.open()
        if not self._ahead:
            self._ahead.append(await anext(self._said))  # an answer without a message raises

    async def messages(self) -> AsyncGenerator[Thought | Sentence | Wanted]:
        """What the endpoint says. EngineError after a stream that was cut gave its whole sentences."""
        for message in self._ahead:
            yield message
        async for message in self._said:
            yield message

    async def _messages(self) -> AsyncGenerator[Thought | Sentence | Wanted]:
        try:
            delta = self._first
            while delta is not None:
                for said in self._take(delta):
                    yield said
                if delta.done:
                    break
                delta = await self._next()
            for ending in self._end():
                yield ending
        except EngineError:
            for sentence in self.answer.whole():
                yield sentence
            raise
        await self._run_out()

    async def close(self) -> None:
        """Drop the connection."""
        self._patience.close()
        await self._said.aclose()
        await self._deltas.aclose()

    # --- deadlines

    async def _data(self, due: float) -> Delta | None:
        """The next delta that adds something before `due`; None: the stream is over."""
        while True:
            try:
                delta = await self._patience.until(anext(self._deltas, None), due)
            except TimeoutError as error:
                raise self._fault("server-silent", "kept silent past the deadline") from error
            if delta is None or delta.calls or delta.content or delta.reasoning or delta.finish or delta.done:
                return delta
            self._take_usage(delta)

    def _take_usage(self, delta: Delta) -> None:
        self.answer.usage = delta.usage or self.answer.usage

    async def _next(self) -> Delta | None:
        if self.answer.finish:
            return await self._after_the_end()
        answer, now = self.answer, self._clock.now()
        due, thinks = now + self.call.between_seconds, answer.thought and not answer.spoke
        if not answer.said:
            due = min(due, now + self.call.first_seconds, now + _NEVER if answer.thought else self._sentence_due(now))
            due = min(due, self._thought_due) if thinks else due
        if due <= now:
            raise self._too_long() if thinks else self._fault("server-silent", "was too slow")
        try:
            return await self._data(due)
        except EngineError as error:
            if thinks and error.code == "server-silent" and self._clock.now() >= self._thought_due:
                raise self._too_long() from error
            raise

    def _sentence_due(self, now: float) -> float:
        """Until when it may be silent within its first sentence: what began and hangs leaves their parts to others."""
        return min(self._latest, now + max(LEAST, (self._latest - now) / self._parts))

    async def _after_the_end(self) -> Delta | None:
        """What breaks after the answer's end breaks nothing."""
        try:
            return await self._data(self._clock.now() + TAIL)
        except EngineError:
            return None

    async def _run_out(self) -> None:
        """Read on to the body's end, so that the connection can be used again."""
        while self.answer.finish and await self._after_the_end() is not None:
            pass

    # --- judgement

    def _take(self, delta: Delta) -> Iterator[Thought | Sentence]:
        yield from self._honest(self.answer.take(delta))
        answer = self.answer
        if answer.slipped:
            answer.drop()
            mend = "set thinking: on, or a chat template that marks where thoughts begin"
            raise self._fault("thought-unmarked", "sent a thought without its opening tag", mend)
        if answer.finish == "content_filter":
            answer.drop()
            raise self._fault("server-content", "refused to answer (content_filter)")
        if answer.finish == "insufficient_system_resource":
            raise self._fault("server-busy", "broke off (insufficient_system_resource)")

    def _honest(self, said: Iterable[Thought | Sentence]) -> Iterator[Thought | Sentence]:
        """What was said, unless it is a gateway's excuse or a thought that goes round."""
        first = len(self.call.question.said)
        for message in said:
            if isinstance(message, Sentence):
                if message.index == first and EXCUSE.match(message.text):
                    self.answer.drop()
                    raise self._fault("server-busy", f"said '{message.text}' in place of an answer")
            elif self._circle.feed(message.text):
                raise self._fault("thinking-loop", "thought the same again and again", "switch thinking off for it")
            yield message

    def _end(self) -> Iterator[Thought | Sentence | Wanted]:
        answer = self.answer
        if not answer.finish:
            raise self._fault("server-broken", "ended its stream without a finish_reason: it was cut")
        if answer.calls and answer.finish != "length":
            yield from self._honest(answer.pause())
            yield Wanted(answer.calls.end(), answer.usage, self.call.plan.cost(answer.usage))
            return
        # Asked to go on, a model that says nothing finds that all was said.
        goes_on = bool(self.call.question.said)
        answer.repeated = answer.repeated or (goes_on and answer.finish == "stop" and not answer.thought)
        yield from self._honest(answer.end(self.call.plan.cost(answer.usage)))
        if answer.said or answer.repeated:
            return
        if answer.finish == "length":
            mend = "raise max_tokens, or set thinking: off"
            raise self._fault("answer-empty", "used up max_tokens before it said anything", mend)
        if answer.thought:
            mend = "ask again, or correct the server's reasoning parser"
            raise self._fault("answer-in-reasoning", "thought, and then said nothing", mend)
        raise self._fault("answer-empty", "answered with no words", "ask again")

    def _too_long(self) -> EngineError:
        self.answer.drop()
        return self._fault("thinking-too-long", f"thought for more than {self._budget:g} s", "raise thinking_budget")

    def _fault(self, code: str, what: str, mend: str = "") -> EngineError:
        return self._transport.fault(self.call.plan, code, what, mend)
