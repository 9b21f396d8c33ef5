"""Replies of a language model: DeepSeek, or any server with an OpenAI-compatible `/v1/chat/completions`; or several.

The config's `endpoints` are asked by `_router`: busy, slow or broken, the next one answers, and goes on where the
answer broke. `docs/reply.md` has all keys.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from pipeline.calendar import date_there, local_time, there
from pipeline.clock import Clock
from pipeline.errors import ConfigError
from pipeline.facts import Facts
from pipeline.messages import Question, Sentence, Thought
from pipeline.placement import misfits
from stages.reply._around import Around
from stages.reply._around import check as _around_check
from stages.reply._budget import Budget, SpentFile
from stages.reply._dialects import DIALECTS
from stages.reply._prices import Prices
from stages.reply._probe import Finding
from stages.reply._probe import probe as _probe
from stages.reply._router.plan import Plan, Policy
from stages.reply._router.router import Router
from stages.reply._settings import RESERVE, Endpoint, Settings
from stages.reply._shares import exceeding
from stages.reply._transport import Http
from stages.reply._usage import Usage

__all__ = ["Engine", "Settings", "check", "here", "parts", "probe"]


def parts(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    """What exceeds `answer_within`, by key: for `visavis check`."""
    return exceeding(settings)


def here(settings: Settings, facts: Facts) -> Settings:
    """The settings with those endpoints that may be used on this machine. ConfigError (`endpoints-elsewhere`): none."""
    misplaced = {endpoint.name: misfits(endpoint.place, facts) for endpoint in settings.endpoints if endpoint.place}
    fitting = tuple(endpoint for endpoint in settings.endpoints if not misplaced.get(endpoint.name))
    if settings.endpoints and not fitting:
        reasons = "; ".join(f"{name}: {', '.join(why)}" for name, why in misplaced.items())
        raise ConfigError("endpoints-elsewhere", f"no endpoint of reply may be used on this machine: {reasons}")
    budget = settings.budget
    if budget and budget.then == "cheaper":  # who is cheap is told by all endpoints, not by those of one machine
        cheaper = tuple(endpoint.name for endpoint in settings.listed if endpoint.name not in settings.dear)
        budget = budget.model_copy(update={"cheaper": cheaper})
    return settings.model_copy(update={"endpoints": fitting, "budget": budget})


def check(settings: Settings) -> list[str]:
    """What is wrong with the files and functions that it names."""
    kept = settings.budget.file if settings.budget else None
    lost = [f"budget.file: there is no folder {kept.parent}: make it"] if kept and not kept.parent.is_dir() else []
    return [*_around_check(settings), *lost]


async def probe(settings: Settings, clock: Clock) -> list[Finding]:
    """How every endpoint is: for `visavis endpoints`."""
    return await _probe(settings, clock)


class Engine:
    """Asks, and gives thoughts and sentences as they stream."""

    heals = True
    """It knows by itself which of its servers to leave alone, and when to ask them again."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._http = Http(settings, clock)
        self._around = Around(settings, clock, local_time)
        policy = Policy(
            answer_within=settings.answer_within, reserve=RESERVE, thoughts=settings.thoughts,
            thinking_budget=settings.thinking_budget, hedge_share=settings.hedge.share if settings.hedge else 0.0,
        )  # fmt: skip
        self._router = Router(plans(settings), self._http, clock, policy, budget_of(settings))

    @property
    def counts(self) -> Counter[str]:
        """What became of requests, by `endpoint.what` (docs/reply.md)."""
        return self._router.counts

    def site(self, place: int, workers: int, spent: float) -> None:
        """It is one of so many reply workers, the `place`th by name (from 0); all answers of the site have cost so much
        since this process began to listen. Limits and budgets then hold for all of them together.
        """
        self._router.share(place, workers)
        self._router.budget.site(spent)

    async def warm(self) -> None:
        """Read what the model is told, and connect to its tools."""
        await self._around.warm()

    async def close(self) -> None:
        """Close the connections."""
        await self._around.close()
        await self._router.close()
        await self._http.close()

    async def work(self, message: Question) -> AsyncGenerator[Thought | Sentence]:
        """Answer a question, or go on after the sentences that were `said`.

        An answer that is cut everywhere raises ServerError or ServerSilent after its whole sentences were given. One
        that the model's `max_tokens` cut ends with its last whole sentence.
        """
        async with aclosing(self._around.answer(message, self._router.answer)) as answers:
            async for answer in answers:
                if isinstance(answer, Sentence):
                    self._router.budget.said(answer.cost)
                yield answer


def budget_of(settings: Settings) -> Budget:
    """What may be spent; without `budget` all that there is."""
    chosen = settings.budget
    if chosen is None:
        return Budget()
    kept = SpentFile(chosen.file) if chosen.file else None
    return Budget(chosen.day, settings.dear, lambda: date_there(chosen.timezone), kept)


def plans(settings: Settings) -> list[Plan]:
    """What the router is told of the endpoints."""
    found: list[Plan] = []
    rank, shares = 0, False
    for endpoint in settings.listed:
        if found and not (shares and endpoint.weight is not None):
            rank += 1
        shares = endpoint.weight is not None
        found.append(_plan(settings, endpoint, rank))
    return found


def _plan(settings: Settings, endpoint: Endpoint, rank: int) -> Plan:
    return Plan(
        endpoint.name,
        by=f"{endpoint.name}/{endpoint.model}" if settings.endpoints else endpoint.model,
        rank=rank,
        weight=endpoint.weight or 1.0,
        concurrency=endpoint.concurrency,
        first_seconds=endpoint.first_token_seconds,
        between_seconds=endpoint.between_tokens_seconds,
        thinking=settings.thinks(endpoint),
        can_rest=bool(DIALECTS[endpoint.dialect].off),
        cost=_costs(endpoint.price),
    )


def _costs(prices: Prices) -> Callable[[Usage], float]:
    def cost(usage: Usage) -> float:
        peak = prices.peak
        factor = peak.factor if peak and peak.covers(*there(peak.timezone)) else 1.0
        return factor * prices.of(usage)

    return cost
