"""Questions to model servers by HTTP: what each dialect is asked, and by which address."""

from collections.abc import AsyncGenerator
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.clock import Clock
from pipeline.errors import EngineError
from pipeline.http import Client, Request
from stages.reply._answer import Delta
from stages.reply._chunks import deltas
from stages.reply._dialects import DIALECTS
from stages.reply._prompt import messages
from stages.reply._router.plan import Call, Plan
from stages.reply._router.stream import TAIL
from stages.reply._settings import Endpoint, Settings, Thinking
from stages.reply._told import NOTHING, Told

PATH: Final = "/chat/completions"


class Http:
    """The router's transport to real servers: a client for each endpoint."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._endpoints = {endpoint.name: endpoint for endpoint in settings.listed}
        self._clients = {name: client_of(endpoint, clock) for name, endpoint in self._endpoints.items()}
        self._going_on = {
            name: client_of(endpoint, clock, DIALECTS[endpoint.dialect].prefix_base)
            for name, endpoint in self._endpoints.items()
            if _same_host(endpoint, DIALECTS[endpoint.dialect].prefix_base)
        }

    async def close(self) -> None:
        """Close the connections."""
        for client in (*self._clients.values(), *self._going_on.values()):
            await client.close()

    def ask(self, call: Call) -> AsyncGenerator[Delta]:
        """The deltas of an answer."""
        endpoint, settings = self._endpoints[call.plan.name], self._settings
        goes_on = self._prefixes(call, endpoint)
        client = (self._going_on if goes_on else {}).get(endpoint.name, self._clients[endpoint.name])
        request = Request(
            PATH, first_seconds=call.first_seconds, between_seconds=call.between_seconds,
            total_seconds=settings.total_seconds, json=body(settings, endpoint, call, goes_on=goes_on),
        )  # fmt: skip
        ended = False

        def patience(delta: Delta) -> float:
            nonlocal ended
            ended = ended or bool(delta.finish)
            return TAIL if ended else call.between_seconds

        return client.post(
            request,
            lambda answered: deltas(answered, lambda said: client.complaint(said, PATH)),
            seconds=settings.seconds,
            patience=patience,
        )

    def fault(self, plan: Plan, code: str, what: str, mend: str = "") -> EngineError:
        """An error that names the endpoint's address."""
        return self._clients[plan.name].fault(code, what, PATH, mend)

    def _prefixes(self, call: Call, endpoint: Endpoint) -> bool:
        """An answer is gone on with by its beginning, not by an instruction. While it thinks no server takes one."""
        dialect = DIALECTS[endpoint.dialect]
        told = call.told if isinstance(call.told, Told) else NOTHING
        if not call.question.said or not dialect.prefix or call.thinking != "off" or told.rounds:
            return False
        return not dialect.prefix_base or endpoint.name in self._going_on


def url_of(endpoint: Endpoint) -> str:
    """Where it is: its own address, or its cloud's."""
    return endpoint.base_url or DIALECTS[endpoint.dialect].base_url


def client_of(endpoint: Endpoint, clock: Clock, base_url: str = "") -> Client:
    """Of an endpoint, at its own address or another one."""
    return Client(clock, base_url or url_of(endpoint), endpoint.api_key, endpoint.headers, endpoint.connect_seconds)


def body(settings: Settings, endpoint: Endpoint, call: Call, *, goes_on: bool = False) -> dict[str, Any]:
    """Of the request, as the endpoint's dialect wants it."""
    told = call.told if isinstance(call.told, Told) else NOTHING
    turns: list[Any] = list(messages(call.question, told))
    fields: dict[str, Any] = {
        "model": endpoint.model,
        "messages": turns,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": endpoint.max_tokens or settings.max_tokens,
    }
    if told.tools:
        fields["tools"] = list(told.tools)
        fields |= {"tool_choice": "none"} if told.last_round else {}
    temperature = settings.temperature if endpoint.temperature is None else endpoint.temperature
    if temperature is not None:
        fields["temperature"] = temperature
    fields = _merged(fields, thinking(endpoint, call.thinking))
    if goes_on:
        _begun(fields, turns, DIALECTS[endpoint.dialect].prefix)
    return _merged(fields, endpoint.extra)


def thinking(endpoint: Endpoint, how: Thinking) -> dict[str, Any]:
    """The fields that switch thinking on or off."""
    dialect = DIALECTS[endpoint.dialect]
    return dict({"on": dialect.on, "off": dialect.off, "auto": {}}[how])


def _begun(fields: dict[str, Any], turns: list[Any], prefix: str) -> None:
    """Let the answer go on by itself: its beginning stands last, and no instruction after it."""
    turns.pop()
    if prefix == "message":
        turns[-1] = turns[-1] | {"prefix": True}
    elif prefix == "final":
        fields |= {"continue_final_message": True, "add_generation_prompt": False}
    elif prefix == "field":
        fields["prefix"] = turns.pop()["content"]


def _merged(fields: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`more` over `fields`; dictionaries in both are joined, so that one variable of a template leaves the others."""
    both = {key: fields[key] | value for key, value in more.items() if isinstance(value, dict) and key in fields}
    return fields | more | both


def _same_host(endpoint: Endpoint, address: str) -> bool:
    """Only the cloud's own server has its second address, not every server that speaks its dialect."""
    return bool(address) and urlsplit(url_of(endpoint)).hostname == urlsplit(address).hostname
