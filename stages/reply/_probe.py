"""How an endpoint is: reached, authorised, its model there, how fast, how it thinks; and what to do where it is not."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from pipeline.clock import Clock
from pipeline.errors import EngineError, ServerError
from pipeline.http import Answered, Client, Request, whole
from pipeline.messages import Question
from stages.reply._answer import Delta
from stages.reply._chunks import deltas
from stages.reply._prices import Prices
from stages.reply._router.causes import EXCUSE
from stages.reply._router.plan import Call, Plan
from stages.reply._settings import Endpoint, Settings
from stages.reply._template import leaks
from stages.reply._transport import PATH, body, client_of, url_of

_QUESTION = Question(session="probe", turn=1, revision=1, text="请用一句话介绍你自己。", language="zh")
_LONGEST = 8.0
"""Seconds that a probe waits for a first token, to find out how long that takes; more where more are allowed."""
_LARGEST = 1 << 20
_FIELD, _TAIL = re.compile(rb'"(reasoning(?:_content)?)":\s*"[^"]'), 40
_NOT_FOUND, _OF_MODEL = 404, re.compile(r"model|模型", re.IGNORECASE)
_SHOWN = 6
"""Models that are named where the wanted one is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one endpoint. None: not known."""

    name: str
    model: str
    dialect: str
    reachable: bool | None = None
    authorised: bool | None = None
    has_model: bool | None = None
    first_token_ms: float | None = None
    tokens_per_second: float | None = None
    reasoning: str = ""
    """Where its thoughts came: `reasoning_content`, `reasoning`, `tags`, or `none`."""
    price: str = ""
    problem: str = ""
    """In plain words, with what mends it; empty: it can be used."""

    @property
    def usable(self) -> bool:
        """It answered."""
        return not self.problem


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


async def probe(settings: Settings, clock: Clock) -> list[Finding]:
    """One short question to each endpoint: to all servers at once, and to those of one server one after another, which
    may have one place and would make the second look slow.
    """
    servers: dict[str, list[Endpoint]] = {}
    for endpoint in settings.listed:
        servers.setdefault(urlsplit(url_of(endpoint)).netloc, []).append(endpoint)
    found = [one for some in await asyncio.gather(*(_in_turn(settings, those, clock) for those in servers.values()))
             for one in some]  # fmt: skip
    order = {endpoint.name: at for at, endpoint in enumerate(settings.listed)}
    return sorted(found, key=lambda one: order[one.name])


async def _in_turn(settings: Settings, endpoints: Sequence[Endpoint], clock: Clock) -> list[Finding]:
    return [await _probed(settings, endpoint, clock) for endpoint in endpoints]


async def _probed(settings: Settings, endpoint: Endpoint, clock: Clock) -> Finding:
    client, seen = client_of(endpoint, clock), _Seen(clock)
    found = Finding(endpoint.name, endpoint.model, endpoint.dialect, price=price_of(endpoint.price))
    try:
        return await _asked(settings, endpoint, client, seen, found)
    except EngineError as error:
        names = await _models(client, settings) if error.code == "server-rejected" else ()
        failed = _failed(found, endpoint, error, names)
        late = error.code == "server-silent"
        return replace(failed, problem=failed.problem + _waited(settings, endpoint, seen)) if late else failed
    finally:
        await client.close()


def _longest(settings: Settings, endpoint: Endpoint) -> float:
    return min(max(_LONGEST, endpoint.first_token_seconds or 0.0), settings.total_seconds)


def _waited(settings: Settings, endpoint: Endpoint, seen: "_Seen") -> str:
    """Which limit it was."""
    if not seen.first:
        limit = _longest(settings, endpoint)
        return f"（首字等了 {limit:g} 秒） (waited {limit:g} s for its first token)"
    if seen.spent >= settings.total_seconds:
        return f"（total_seconds：{settings.total_seconds:g} 秒） (total_seconds: {settings.total_seconds:g} s)"
    limit = endpoint.between_tokens_seconds
    return f"（between_tokens_seconds：{limit:g} 秒） (between_tokens_seconds: {limit:g} s after a token)"


async def _asked(settings: Settings, endpoint: Endpoint, client: Client, seen: "_Seen", found: Finding) -> Finding:
    how = settings.thinks(endpoint)
    limit = _longest(settings, endpoint)
    call = Call(Plan(endpoint.name), _QUESTION, how, limit, endpoint.between_tokens_seconds)
    request = Request(PATH, limit, endpoint.between_tokens_seconds, settings.total_seconds,
                      json=body(settings, endpoint, call))  # fmt: skip

    def read(answered: Answered) -> AsyncIterator[Delta]:
        watched = Answered(answered.kind, seen.watch(answered.chunks))
        return deltas(watched, lambda said: client.complaint(said, PATH))

    stream = client.post(request, read, seconds=settings.seconds)
    async with aclosing(stream) as items:
        async for delta in items:
            seen.take(delta)
    if not seen.finish:
        raise client.fault("server-broken", "ended its stream without a finish_reason: it was cut", PATH)
    problem = _no_answer(seen.said, how) or _slow(settings, endpoint, seen.first)
    return replace(
        found, reachable=True, authorised=True, has_model=True, first_token_ms=round(seen.first * 1000, 1),
        tokens_per_second=seen.rate, reasoning=seen.reasoning, problem=problem,
    )  # fmt: skip


class _Seen:
    """What came of an answer, and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._began = clock, clock.now()
        self.first = self._last = 0.0
        self._tokens = self._counted = 0
        self.finish = self.said = ""
        self._field = ""

    async def watch(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes, unchanged: deltas do not tell what the server calls the field of its thoughts."""
        tail = b""
        async for piece in chunks:
            tail = tail[-_TAIL:] + piece
            if not self._field and (found := _FIELD.search(tail)):
                self._field = found[1].decode()
            yield piece

    def take(self, delta: Delta) -> None:
        if delta.usage:
            self._counted = delta.usage.tokens_out
        self.finish = delta.finish or self.finish
        if delta.content or delta.reasoning:
            self._last = self._clock.now() - self._began
            self.first = self.first or self._last
            self._tokens += 1
            self.said += delta.content

    @property
    def spent(self) -> float:
        """Seconds since it was asked."""
        return self._clock.now() - self._began

    @property
    def rate(self) -> float | None:
        """Tokens a second after the first one; events where the server does not count."""
        spent = self._last - self.first
        return round((self._counted or self._tokens) / spent, 1) if spent > 0 and self._tokens > 1 else None

    @property
    def reasoning(self) -> str:
        return self._field or ("tags" if "</think>" in self.said else "none")


def _no_answer(said: str, thinking: str) -> str:
    """What the router would refuse of it."""
    if not said:
        told = "它只思考，没有回答：把 thinking 设为 off，或调大 max_tokens · it thought and said nothing: "
        return told + "set thinking: off, or raise max_tokens"
    if EXCUSE.match(said.strip()):
        excuse = " ".join(said.split())[:60]
        return f"它只说了“{excuse}” · it said '{excuse}' in place of an answer: wait, or look at the server's load"
    before, closed, _ = said.partition("</think>")
    if closed and "<think>" not in before and thinking != "on":
        told = "它的思考没有开头的标记，会被念出来：把 thinking 设为 on，或改用会标记的对话模板 · its thought has no "
        return told + "opening tag and would be spoken: set thinking: on, or use a chat template that marks it"
    if leaks(said):
        told = "它的回答里漏出了对话模板的记号，念之前会被去掉：停止词或对话模板不对 · the server leaks template "
        return told + "tokens, which are taken out before a voice: its stop tokens or its chat template are wrong"
    return ""


def _slow(settings: Settings, endpoint: Endpoint, first: float) -> str:
    allowed = endpoint.first_token_seconds or settings.answer_within
    if first <= allowed:
        return ""
    return (
        f"第一个字用了 {first:.1f} 秒，超过允许的 {allowed:g} 秒 · its first token took {first:.1f} s, and "
        f"{allowed:g} s are allowed: look at its load, or ask a smaller model"
    )


async def _models(client: Client, settings: Settings) -> tuple[str, ...]:
    """What the server says it has; empty where it does not say."""

    async def read(answered: Answered) -> AsyncIterator[tuple[str, ...]]:
        try:
            found = _Models.model_validate_json(await whole(answered, _LARGEST))
        except ValidationError:
            return
        yield tuple(model.id for model in found.data)

    try:
        request = Request("/models", 5.0, total_seconds=5.0, method="GET")
        async with aclosing(client.post(request, read, seconds=settings.seconds)) as items:
            return await anext(items, ())
    except EngineError:
        return ()


def _failed(found: Finding, endpoint: Endpoint, error: EngineError, names: tuple[str, ...]) -> Finding:
    status = error.status if isinstance(error, ServerError) else 0
    reached = error.code != "server-unreachable"
    authorised = None if not reached or error.code == "server-silent" else error.code != "server-refused"
    known = None if error.code != "server-rejected" else not names or endpoint.model in names
    missing = bool(names) and endpoint.model not in names
    told = f"{_ZH.get(error.code, '出错')}（{status}）" if status else _ZH.get(error.code, "出错")
    problem = f"{told} · {error.text}"
    if missing:
        listed = ", ".join(names[:_SHOWN])
        problem = f"没有这个模型，服务器有：{listed} · there is no such model; the server has: {listed}: correct model"
    known = False if missing else known
    if status == _NOT_FOUND:  # of the model, or of the address: the server's own words tell
        named = re.search(r'saying "(.*)"', error.text, re.DOTALL)
        known = False if missing or (named and _OF_MODEL.search(named[1])) else known if names else None
    return replace(found, reachable=reached, authorised=authorised, has_model=known, problem=problem)


_ZH = {
    "server-unreachable": "连不上", "server-refused": "密钥或余额不被接受", "server-busy": "服务器繁忙",
    "server-silent": "超时无回应", "server-rejected": "请求被拒绝", "server-broken": "回答中断或不可读",
    "server-content": "拒绝回答这类内容",
}  # fmt: skip


def price_of(prices: Prices) -> str:
    """`input/cached/output`, per million tokens; '' where none is given."""
    if not (prices.input or prices.cached or prices.output):
        return ""
    peak = f" ×{prices.peak.factor:g} {','.join(prices.peak.hours)}" if prices.peak else ""
    return f"{prices.cached:g}/{prices.input:g}/{prices.output:g}{peak}"
