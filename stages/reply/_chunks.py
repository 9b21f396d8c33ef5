"""What an OpenAI-compatible server streams, event by event, as deltas."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.errors import EngineError, WireError
from pipeline.http import Answered, whole
from stages.reply._answer import Delta
from stages.reply._sse import LARGEST, SseReader
from stages.reply._tools.calls import CallPart
from stages.reply._usage import Usage

Complain = Callable[[bytes], EngineError]
"""Makes an error of the body of one."""
_NOTHING = Delta()


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
    tool_calls: list[CallPart] | None = None


class _Choice(BaseModel):
    delta: _Words | None = None
    message: _Words | None = None
    """Instead of `delta` from a server that does not stream."""
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


async def deltas(answered: Answered, complain: Complain) -> AsyncIterator[Delta]:
    """Only what adds something: deadlines run on data. WireError for what is no answer, `complain`'s for an error."""
    if answered.kind == "application/json":
        yield delta((await whole(answered, LARGEST)).decode(errors="replace"), complain)
        yield Delta(done=True)
        return
    reader, events = SseReader(), 0
    async for chunk in answered.chunks:
        for event in reader.feed(chunk):
            events += 1
            found = Delta(done=True) if event.data.strip() == "[DONE]" else delta(event.data, complain)
            if found != _NOTHING:
                yield found
    if not events:
        raise WireError("stream-empty", f"answered 200 without one event ({answered.kind})")


def delta(data: str, complain: Complain) -> Delta:
    """Of one event's data."""
    try:
        chunk = _Chunk.model_validate_json(data)
    except ValidationError as error:
        raise WireError("chunk-invalid", f"sent what is no chunk of an answer: '{data[:80]}'") from error
    if chunk.error is not None or (chunk.choices is None and chunk.usage is None):
        raise complain(data.encode())
    usage = _usage(chunk.usage) if chunk.usage else None
    if not chunk.choices:
        return Delta(usage=usage)
    choice = chunk.choices[0]
    words = choice.delta or choice.message or _Words()
    finish = "content_filter" if words.refusal else choice.finish_reason or ""
    calls = tuple(words.tool_calls or ())
    return Delta(words.content or "", words.reasoning_content or words.reasoning or "", finish, usage, calls=calls)


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _Details()
    cached = usage.prompt_cache_hit_tokens or details.cached_tokens or 0
    return Usage(usage.prompt_tokens or 0, cached, usage.completion_tokens or 0)
