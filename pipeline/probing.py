"""`visavis endpoints`: whether each model server of a config answers, how fast, and what to do where it does not."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.clock import Clock, run_real
from pipeline.config import EngineConfig, read_config
from pipeline.errors import ConfigError
from pipeline.plans import Plan
from pipeline.status import UNKNOWN, aligned

_HEADERS = (("端点", "endpoint"), ("模型", "model"), ("方言", "dialect"), ("可达", "reached"), ("授权", "allowed"),
            ("有模型", "model there"), ("首字ms", "first"), ("字/秒", "tokens/s"), ("思考", "reasoning"),
            ("价格", "cached/in/out"), ("可用", "usable"))  # fmt: skip
_LEGEND = f"{UNKNOWN} 未知：没问到，或配置里没有价格 · not known: it was not found out, or the config has no price"


def _replies(stage: str, plan: Plan, alone: bool) -> bool:
    """Only the reply's settings and keys are looked at."""
    del plan, alone
    return stage == "reply"


def endpoints(path: Path, *, as_json: bool) -> int:
    """Ask every endpoint one short question, and show what came of it. 0: all can be used."""
    config = read_config(path, _replies)
    reply: EngineConfig | None = config.stages.get("reply")
    found = [one for one in (reply, reply and reply.fallback) if one and hasattr(one.module, "probe")]
    if not found:
        text = (
            f"{path}: reply answers by '{config.plans['reply'].engine}', which asks no server: there are no endpoints"
        )
        raise ConfigError("endpoints-none", text)

    async def main(clock: Clock) -> list[Any]:
        return [finding for one in found for finding in await one.module.probe(one.settings, clock)]

    findings = run_real(main)
    print(_json(findings) if as_json else table(findings))
    return 0 if all(finding.usable for finding in findings) else 1


def table(findings: Sequence[Any]) -> str:
    """Lines of at most the width of a terminal; below them, what is wrong and how to mend it."""
    rows = [_row(finding) for finding in findings]
    lines = aligned(_HEADERS, rows, shrinks=(0, 1, 9), numbers=(6, 7), space=1)
    lines += [_LEGEND] if any(UNKNOWN in row for row in rows) else []
    lines += [f"✗ {finding.name}: {finding.problem}" for finding in findings if finding.problem]
    return "\n".join(lines)


def _row(finding: Any) -> list[str]:
    marks = [_mark(known) for known in (finding.reachable, finding.authorised, finding.has_model)]
    numbers = [_number(known) for known in (finding.first_token_ms, finding.tokens_per_second)]
    words = [finding.reasoning or UNKNOWN, finding.price or UNKNOWN]
    return [finding.name, finding.model, finding.dialect, *marks, *numbers, *words, _mark(finding.usable)]


def _mark(known: bool | None) -> str:
    return UNKNOWN if known is None else "✓" if known else "✗"


def _number(known: float | None) -> str:
    return UNKNOWN if known is None else f"{known:.0f}"


def _json(findings: Sequence[Any]) -> str:
    told = [{**dataclasses.asdict(finding), "usable": finding.usable} for finding in findings]
    return json.dumps(told, ensure_ascii=False, indent=2)
