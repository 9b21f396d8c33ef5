"""`visavis endpoints` waits for nobody long: all servers are asked at once, and a limit that was reached is named."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from pipeline.clock import Clock, run_virtual
from pipeline.errors import ServerError, ServerSilent
from pipeline.http import Request
from stages.reply import _probe
from stages.reply._answer import Delta
from stages.reply._probe import Finding
from stages.reply._settings import Endpoint, Settings


class Hangs:
    """A client of a server that says so much, and then nothing."""

    def __init__(self, clock: Clock, says: Sequence[Delta] = (), pace: float = 0.1) -> None:
        self._clock, self._says, self._pace = clock, says, pace

    async def post(self, request: Request, _read: object, *, seconds: float) -> AsyncIterator[Delta]:
        del seconds
        began, limit = self._clock.now(), request.first_seconds
        for delta in self._says:
            await self._clock.sleep(self._pace)
            yield delta
            limit = request.between_seconds
        left = request.total_seconds - (self._clock.now() - began)
        await self._clock.sleep(min(limit, left))
        raise ServerSilent("server-silent", "kept silent past the deadline", retry=True)

    async def close(self) -> None: ...


def probed(monkeypatch: pytest.MonkeyPatch, *ends: dict[str, Any], **how: Any) -> tuple[list[Finding], float]:
    """What is found, and how long that takes."""
    says = how.pop("says", ())
    listed = [Endpoint.model_validate({"name": f"e{at}", "model": "m"} | fields) for at, fields in enumerate(ends)]
    chosen = Settings.model_validate({"endpoints": listed} | how)

    async def main(clock: Clock) -> tuple[list[Finding], float]:
        monkeypatch.setattr(_probe, "client_of", lambda _endpoint, clock: Hangs(clock, says))
        return await _probe.probe(chosen, clock), clock.now()

    return run_virtual(main)


def test_servers_that_hang_are_waited_for_at_once_and_not_long(monkeypatch: pytest.MonkeyPatch) -> None:
    found, took = probed(monkeypatch, *({"base_url": f"http://h{at}:1"} for at in range(5)))
    assert took == pytest.approx(8.0)
    assert [one.name for one in found] == [f"e{at}" for at in range(5)]
    assert all("waited 8 s for its first token" in one.problem and "首字等了 8 秒" in one.problem for one in found)


def test_models_of_one_server_are_asked_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = ({"base_url": "http://a:1"}, {"base_url": "http://b:1"}, {"base_url": "http://a:1/v2"})
    found, took = probed(monkeypatch, *ends)
    assert took == pytest.approx(16.0)
    assert [one.name for one in found] == ["e0", "e1", "e2"]  # as they are listed


def test_one_that_is_allowed_longer_is_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"base_url": "http://a:1", "first_token_seconds": 12}
    (found,), took = probed(monkeypatch, fields, answer_within=20)
    assert took == pytest.approx(12.0)
    assert "waited 12 s" in found.problem


@pytest.mark.parametrize(
    ("how", "told"), [({}, "between_tokens_seconds: 5 s"), ({"total_seconds": 3}, "total_seconds: 3 s")]
)
def test_a_limit_that_is_reached_within_the_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, float], told: str
) -> None:
    (found,), _ = probed(monkeypatch, {"base_url": "http://a:1"}, says=[Delta("我"), Delta("是")], **how)
    assert told in found.problem
    assert found.usable is False


class Answers:
    """A client of a server that answers a 404 in these words, or with this text; it lists no models."""

    def __init__(self, said: str, *, missing: bool = False) -> None:
        self._said, self._missing = said, missing

    async def post(self, request: Request, _read: object, *, seconds: float) -> AsyncIterator[Delta]:
        del seconds
        if self._missing or request.method == "GET":
            said = f', saying "{self._said}"' if self._said else ""
            text = f"the server at http://a:1 answered 404{said}: correct base_url, the model's name"
            raise ServerError("server-rejected", text, retry=False, status=404)
        yield Delta(self._said, finish="stop")

    async def close(self) -> None: ...


def found_of(monkeypatch: pytest.MonkeyPatch, client: Answers) -> Finding:
    chosen = Settings(base_url="http://a:1", model="m")
    monkeypatch.setattr(_probe, "client_of", lambda _endpoint, _clock: client)
    (found,) = run_virtual(lambda clock: _probe.probe(chosen, clock))
    return found


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("model not found", False),
        ("没有这个模型", False),
        ("Not Found", None),
        ("404 page not found", None),
        ("", None),
    ],
)
def test_a_404_tells_of_the_model_only_where_it_speaks_of_it(
    monkeypatch: pytest.MonkeyPatch, said: str, known: bool | None
) -> None:
    found = found_of(monkeypatch, Answers(said, missing=True))
    assert found.has_model is known
    assert not found.usable


@pytest.mark.parametrize("sign", ["<|im_end|>", "<｜end▁of▁sentence｜>"])
def test_a_server_that_leaks_its_template_s_signs_is_named(monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    found = found_of(monkeypatch, Answers(f"我是小河。{sign}"))
    assert "leaks template tokens" in found.problem
    assert "停止词" in found.problem
    assert found_of(monkeypatch, Answers("我是小河。")).usable
