"""The reply router against servers that break: what a visitor waits, what a token costs, and how it compares.

`python -m benchmarks.reply` prints one line for each fault; `--litellm` asks LiteLLM's Router the same, which it
installs into an environment of its own.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

import aiohttp
import numpy as np

from benchmarks.reply_server import ANSWER, EACH, FAULTS, SPREAD, TOKENS
from benchmarks.row import Row
from pipeline.clock import Clock, run_real
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence
from stages.reply import deepseek

ROW, APART = 100, 0.2
"""Questions one after another, so many seconds apart: the breaker may learn."""
NAIVE = 30.0
"""Seconds that a naive client waits."""
FIRST = ANSWER[: ANSWER.index("。") + 1]
STREAMS = 200
QUESTION = Question(session="bench", turn=1, revision=1, text="瓷器在哪里", language="zh")


@contextmanager
def server() -> Iterator[str]:
    """The address of a server process."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.reply_server"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def engine(url: str, clock: Clock, *names: str) -> deepseek.Engine:
    """An engine whose endpoints are these paths of the server."""
    room = {"model": "m", "dialect": "openai", "concurrency": 2 * STREAMS}
    listed = [{"name": name, "base_url": f"{url}/{name}/v1"} | room for name in names]
    return deepseek.Engine(deepseek.Settings.model_validate({"endpoints": listed}), clock)


async def first_sentence(asked: deepseek.Engine) -> tuple[float, bool]:
    """Seconds to the first sentence, and whether the whole answer came, each part once."""
    began, first, text = time.perf_counter(), 0.0, ""
    try:
        async with aclosing(asked.work(QUESTION)) as messages:
            async for message in messages:
                if isinstance(message, Sentence):
                    first = first or time.perf_counter() - began
                    text += message.text
    except EngineError:
        return time.perf_counter() - began, False
    return first, _plain(text) == _plain(ANSWER)


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


async def naive(url: str, fault: str) -> str:
    """What a visitor hears of a client that asks one endpoint and waits 30 s."""
    began, first, text = time.perf_counter(), 0.0, ""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=NAIVE)) as session,
            session.post(f"{url}/{fault}/v1/chat/completions", json={"stream": True}) as response,
        ):
            async for line in response.content:
                if line.startswith(b"data: {"):
                    text += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
                    first = first or (time.perf_counter() - began if "。" in text else 0.0)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        pass
    if not first:
        return f"nothing after {time.perf_counter() - began:.1f} s"
    how = "whole" if _plain(text) == _plain(ANSWER) else "the excuse" if text[:2] == "服务" else "broken off"
    return f"{first * 1000:.0f} ms, {how}"


async def fresh(url: str, clock: Clock, fault: str) -> list[tuple[float, bool]]:
    """Every question meets the fault: each has a router of its own."""

    async def one(at: int) -> tuple[float, bool]:
        await clock.sleep(at * SPREAD)
        asked = engine(url, clock, fault, "good")
        try:
            return await first_sentence(asked)
        finally:
            await asked.close()

    return await asyncio.gather(*(one(at) for at in range(EACH)))


async def in_a_row(url: str, clock: Clock, fault: str) -> list[tuple[float, bool]]:
    """One router, which learns."""
    asked, found = engine(url, clock, fault, "good"), []
    for _ in range(ROW):
        began = clock.now()
        found.append(await first_sentence(asked))
        await clock.sleep(max(0.0, began + APART - clock.now()))
    await asked.close()
    return found


async def table(url: str, clock: Clock) -> dict[str, tuple[list[float], str]]:
    """By fault: p50 and p99 of `fresh`, of `in_a_row`, whole answers in 100; and the naive client."""
    waits = {fault: asyncio.ensure_future(naive(url, fault)) for fault in FAULTS}
    rows: dict[str, list[float]] = {}
    for fault in FAULTS:
        alone = await fresh(url, clock, fault)
        rows[fault] = [*_quantiles(alone), 100 * statistics.mean(whole for _, whole in alone)]
    learned = await asyncio.gather(*(in_a_row(url, clock, fault) for fault in FAULTS))
    for fault, row in zip(FAULTS, learned, strict=True):
        rows[fault] += [*_quantiles(row), 100 * statistics.mean(whole for _, whole in row)]
    return {fault: (rows[fault], await wait) for fault, wait in waits.items()}


def _quantiles(found: Sequence[tuple[float, bool]]) -> list[float]:
    return [float(value) * 1000 for value in np.percentile([seconds for seconds, _ in found], [50, 99])]


async def token_cost(url: str, clock: Clock, rounds: int = 5) -> float:
    """CPU microseconds a token: HTTP, parsing, splitting, cutting, the router."""
    asked, spent = engine(url, clock, "many"), []
    for number in range(rounds + 1):
        before = time.process_time()
        async with aclosing(asked.work(QUESTION)) as messages:
            async for _ in messages:
                pass
        if number:
            spent.append((time.process_time() - before) / TOKENS * 1e6)
    await asked.close()
    return statistics.median(spent)


async def added(url: str, clock: Clock, rounds: int = 200) -> tuple[float, float]:
    """Milliseconds to the first sentence of the router, and of a bare reader of the same bytes; medians, in turns."""
    asked, ours, bare = engine(url, clock, "good"), [], []
    async with aiohttp.ClientSession() as session:
        for number in range(rounds):
            seconds, _ = await first_sentence(asked)
            raw = await _bare(session, f"{url}/good/v1/chat/completions")
            if number >= rounds // 10:
                ours.append(seconds * 1000)
                bare.append(raw * 1000)
    await asked.close()
    return statistics.median(ours), statistics.median(bare)


async def _bare(session: aiohttp.ClientSession, url: str) -> float:
    """Seconds until the bytes of the first sentence are there, and the sign after it, which tells that it ended."""
    began, body, first = time.perf_counter(), b"", 0.0
    last = f'"content": "{ANSWER[len(FIRST)]}"'.encode()
    async with session.post(url, json={"stream": True}) as response:
        async for piece in response.content.iter_any():
            body += piece
            first = first or (time.perf_counter() - began if last in body else 0.0)
    return first


async def at_once(url: str, clock: Clock) -> tuple[float, float, int]:
    """So many streams of 30 tokens a second: how late the last is (ms), CPU share of a core (%), answers that came."""
    asked = engine(url, clock, "paced")
    alone_began = time.perf_counter()
    await first_sentence(asked)
    alone = time.perf_counter() - alone_began
    before, began = time.process_time(), time.perf_counter()

    async def one() -> bool:
        said = [message async for message in asked.work(QUESTION)]
        return isinstance(said[-1], Sentence) and said[-1].last

    came = await asyncio.gather(*(one() for _ in range(STREAMS)))
    took = time.perf_counter() - began
    await asked.close()
    return (took - alone) * 1000, (time.process_time() - before) / took * 100, sum(came)


def measure() -> list[Row]:
    """What has a budget."""

    async def main(clock: Clock) -> list[Any]:
        return [await token_cost(url, clock), await added(url, clock), await at_once(url, clock),
                await fresh(url, clock, "keep-alive"), await fresh(url, clock, "429")]  # fmt: skip

    with server() as url:
        cost, (ours, bare), (late, share, came), alive, busy = run_real(main)
    return [
        Row("CPU of a token: HTTP, parsing, splitting, cutting, router", cost, "µs", "≤ 20"),
        Row("first sentence: added over the bare bytes, p50", ours - bare, "ms", "≤ 1"),
        Row(f"{STREAMS} streams at once, 30 tokens/s each: answers that came", came, "", f"{STREAMS}"),
        Row("the same: later than one alone", late, "ms", ""),
        Row("the same: CPU of a core", share, "%", ""),
        Row("first sentence where the first endpoint is busy (429), p99", _quantiles(busy)[1], "ms", "≤ 4000"),
        Row("first sentence where it sends only keep-alives, p99", _quantiles(alive)[1], "ms", "≤ 4000"),
    ]


def main() -> None:
    """Print the table of faults."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reply", description=__doc__)
    parser.add_argument("--litellm", action="store_true", help="also LiteLLM's Router, by pip")
    options = parser.parse_args()
    with server() as url:
        rows = run_real(lambda clock: table(url, clock))
        others: dict[str, list[float]] = {}
        if options.litellm:
            from benchmarks.reply_litellm import ask

            others = ask(url)
    print("| first endpoint | p50 / p99 ms, each meets it | whole | p50 / p99 ms, 100 in a row | whole | naive |"
          " LiteLLM p50 / p99 ms | whole |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for fault, ((p50, p99, whole, row50, row99, row_whole), alone) in rows.items():
        other = others.get(fault)
        told = f"{other[0]:.0f} / {other[1]:.0f} | {other[2]:.0f} %" if other else "— | —"
        print(
            f"| {fault} | {p50:.0f} / {p99:.0f} | {whole:.0f} % | {row50:.0f} / {row99:.0f} | {row_whole:.0f} % |"
            f" {alone} | {told} |"
        )


if __name__ == "__main__":
    main()
