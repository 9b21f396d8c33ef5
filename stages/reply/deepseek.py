"""Replies of a language model: DeepSeek, or any server with an OpenAI-compatible `/v1/chat/completions`."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from pipeline.clock import Clock
from pipeline.errors import EngineError, WireError
from pipeline.http import Answered, BaseUrl, Client, Request, whole
from pipeline.messages import Question, Sentence, Thought
from pipeline.settings import FROZEN, Secret
from stages.reply._answer import Answer, Delta, Usage
from stages.reply._prompt import messages
from stages.reply._sse import LARGEST, SseReader

PATH = "/chat/completions"
_TAIL = 0.25
"""Seconds after the answer's end for its usage, `[DONE]` and the body's end, so that the connection can be kept."""


class Prices(BaseModel):
    """Per million tokens, in any one currency."""

    model_config = FROZEN

    input: float = Field(default=0.0, ge=0)
    cached: float = Field(default=0.0, ge=0)
    """Of the input: what the server had in its prefix cache."""
    output: float = Field(default=0.0, ge=0)


_BUSY = re.compile(r"(the )?(server|service|system) (is )?(\w+ )?busy|(服务器?|系统)(正?忙|繁忙)", re.IGNORECASE)
"""What overloaded servers and gateways answer with status 200, as if a model had said it."""


class Settings(BaseModel):
    """Where the model is and how it is asked."""

    model_config = FROZEN

    base_url: BaseUrl
    """`https://api.deepseek.com`, `http://node:8000`; `/v1` is added where no path is given."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    """Sent besides, for gateways."""
    thinking: Literal["on", "off", "auto"] = "off"
    """`off` and `on` send DeepSeek's `thinking`; `auto` sends nothing, for servers that refuse what they do not know.
    `on` is also for templates that open the thought themselves (DeepSeek-R1 by llama.cpp): it takes content that
    comes before any tag for a thought."""
    temperature: float | None = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=400, ge=1)
    extra: dict[str, Any] = {}
    """Further fields of the request, such as `seed` or vLLM's `chat_template_kwargs`."""
    prices: Prices = Prices()
    connect_seconds: float = Field(default=1.0, gt=0)
    first_token_seconds: float = Field(default=2.5, gt=0)
    """To the first token of thought or answer: what keeps the connection alive is none."""
    between_tokens_seconds: float = Field(default=5.0, gt=0)
    total_seconds: float = Field(default=120.0, gt=0)
    seconds: float = Field(default=0.02, gt=0)
    """Modelled time of one event of the stream, for replay."""


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Words(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    delta: _Words | None = None
    message: _Words | None = None
    """Instead of `delta` from a server that does not stream."""
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class Engine:
    """Asks, and gives thoughts and sentences as they stream."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._client = Client(clock, settings.base_url, settings.api_key, settings.headers, settings.connect_seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def work(self, message: Question) -> AsyncGenerator[Thought | Sentence]:
        """Answer a question, or go on after the sentences that were `said`.

        An answer that is cut raises ServerError or ServerSilent after its whole sentences were given. One that the
        model's `max_tokens` cut ends with its last whole sentence.
        """
        answer = Answer(message, self._settings.model, thinks=self._settings.thinking == "on")
        ended = False
        try:
            async with aclosing(self._stream(message, answer)) as deltas:
                async for delta in deltas:
                    for said in () if ended else self._take(delta, answer):
                        yield said
                    ended = ended or delta.done
            for said in () if ended else self._end(answer):
                yield said
        except EngineError:
            for sentence in answer.whole():
                yield sentence
            raise

    async def _stream(self, question: Question, answer: Answer) -> AsyncGenerator[Delta]:
        """The deltas; what breaks after the answer's end breaks nothing."""
        between = self._settings.between_tokens_seconds
        stream = self._client.post(
            self._request(question),
            self._deltas,
            seconds=self._settings.seconds,
            patience=lambda delta: _TAIL if delta.finish or answer.finish else between,
        )
        try:
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    yield delta
        except EngineError:
            if not answer.finish:
                raise

    def _take(self, delta: Delta, answer: Answer) -> Iterator[Thought | Sentence]:
        yield from self._honest(answer, answer.take(delta))
        self._check(answer)
        if delta.done:
            yield from self._end(answer)

    def _honest(self, answer: Answer, said: Iterable[Thought | Sentence]) -> Iterator[Thought | Sentence]:
        """What was said, unless it is a gateway's excuse."""
        for message in said:
            if isinstance(message, Sentence) and message.index == 0 and _BUSY.match(message.text):
                answer.drop()
                raise self._client.fault("server-busy", f"said '{message.text}' in place of an answer", PATH)
            yield message

    def _request(self, question: Question) -> Request:
        settings = self._settings
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": messages(question),
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": settings.max_tokens,
        }
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        if settings.thinking != "auto":
            body["thinking"] = {"type": "enabled" if settings.thinking == "on" else "disabled"}
        return Request(
            PATH,
            first_seconds=settings.first_token_seconds,
            between_seconds=settings.between_tokens_seconds,
            total_seconds=settings.total_seconds,
            json=body | settings.extra,
        )

    async def _deltas(self, answered: Answered) -> AsyncIterator[Delta]:
        """Only what adds something: deadlines run on data."""
        if answered.kind == "application/json":
            yield self._delta((await whole(answered, LARGEST)).decode(errors="replace"))
            yield Delta(done=True)
            return
        reader, events = SseReader(), 0
        async for chunk in answered.chunks:
            for event in reader.feed(chunk):
                events += 1
                delta = Delta(done=True) if event.data.strip() == "[DONE]" else self._delta(event.data)
                if delta != Delta():
                    yield delta
        if not events:
            raise WireError("stream-empty", f"answered 200 without one event ({answered.kind})")

    def _delta(self, data: str) -> Delta:
        try:
            chunk = _Chunk.model_validate_json(data)
        except ValidationError as error:
            raise WireError("chunk-invalid", f"sent what is no chunk of an answer: '{data[:80]}'") from error
        if chunk.error is not None or (chunk.choices is None and chunk.usage is None):
            raise self._client.complaint(data.encode(), PATH)
        usage = _usage(chunk.usage) if chunk.usage else None
        if not chunk.choices:
            return Delta(usage=usage)
        choice = chunk.choices[0]
        words = choice.delta or choice.message or _Words()
        finish = "content_filter" if words.refusal else choice.finish_reason or ""
        return Delta(words.content or "", words.reasoning_content or words.reasoning or "", finish, usage)

    def _check(self, answer: Answer) -> None:
        """Refusals, and thoughts that were taken for the answer: what is held is not given any more."""
        if answer.slipped:
            answer.drop()
            mend = "set thinking: on, or a chat template that marks where thoughts begin"
            raise self._client.fault("thought-unmarked", "sent a thought without its opening tag", PATH, mend)
        if answer.finish == "content_filter":
            answer.drop()
            raise self._client.fault("server-content", "refused to answer (content_filter)", PATH)
        if answer.finish == "insufficient_system_resource":
            raise self._client.fault("server-busy", "broke off (insufficient_system_resource)", PATH)

    def _end(self, answer: Answer) -> Iterator[Thought | Sentence]:
        if not answer.finish:
            raise self._client.fault("server-broken", "ended its stream without a finish_reason: it was cut", PATH)
        yield from self._honest(answer, answer.end(self._cost(answer.usage)))
        if not answer.said and answer.finish == "length":
            mend = "raise max_tokens, or set thinking: off"
            raise self._client.fault("answer-empty", "used up max_tokens before it said anything", PATH, mend)
        if not answer.said and answer.thought:
            mend = "ask again, or correct the server's reasoning parser"
            raise self._client.fault("answer-in-reasoning", "thought, and then said nothing", PATH, mend)
        if not answer.said:
            raise self._client.fault("answer-empty", "answered with no words", PATH, "ask again")

    def _cost(self, usage: Usage) -> float:
        prices = self._settings.prices
        fresh = usage.tokens_in - usage.cached
        return (fresh * prices.input + usage.cached * prices.cached + usage.tokens_out * prices.output) / 1e6


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _Details()
    cached = usage.prompt_cache_hit_tokens or details.cached_tokens or 0
    return Usage(usage.prompt_tokens or 0, cached, usage.completion_tokens or 0)
