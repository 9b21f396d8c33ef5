"""The operator's commands: `node`, `status` and `check`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pipeline.announce import boot, host_name
from pipeline.bus.mqtt import connection
from pipeline.clock import Clock, run_real
from pipeline.config import AVATAR, Config, default_screen, read_config
from pipeline.config import nowhere as no_stage
from pipeline.errors import ConfigError
from pipeline.facts import read_facts
from pipeline.flow import WORKERS
from pipeline.messages import Status
from pipeline.placement import nowhere
from pipeline.recording.settings import unfit
from pipeline.status import as_json as status_json
from pipeline.status import problems, table
from pipeline.verbosity import Wanted
from pipeline.worker import Job, machine, read_node_config, run_node

GATHER = 1.0
"""Seconds in which what the broker keeps of nodes arrives."""
REFRESH = 1.0
"""Seconds between two tables."""
OF_WORKERS = tuple(stage.name for stage in WORKERS)


def node(job: Job, log: Wanted) -> int:
    """Run a worker node until it is told to stop. 0: it has drained."""
    facts = machine(job)
    config = read_node_config(job, facts)
    log.apply(config.log)

    async def main(clock: Clock) -> None:
        await run_node(job, facts, config, clock, lambda text: print(text, flush=True))

    run_real(main)
    return 0


def check(path: Path, fact_files: Sequence[Path]) -> int:
    """Print every problem of a config, and which stages no known node could run. 0: none."""
    try:
        config = read_config(path)
        found = _of_screens(config) + _of_the_recordings(config)
    except ConfigError as error:
        found = error.text.split("\n")
    if found:
        print(*found, sep="\n")
        print(f"{path}: {len(found)} 个问题 · {len(found)} problem(s)")
        return 1
    found = _unplaced(config, fact_files)
    if found:
        print(*found, sep="\n")
        print(f"{path}: {len(found)} 个阶段无处运行 · {len(found)} stage(s) that no given node could run")
        return 1
    engines = ", ".join(f"{stage}={chosen.name}" for stage, chosen in config.stages.items())
    print(f"{path}: 没有问题 · no problems ({engines})")
    return 0


def _of_the_recordings(config: Config) -> list[str]:
    """What would keep visits from being recorded."""
    wrong = unfit(config.record.folder) if config.record else ""
    return [f"{config.path}: record: {wrong}"] if wrong else []


def _of_screens(config: Config) -> list[str]:
    """What would keep `visavis serve` from letting screens in."""
    chosen = config.screen or default_screen()
    look = getattr(chosen.module, "check_hall", None)
    tokens = {screen.plan.name: screen.plan.token is not None for screen in config.screens}
    found = look(chosen.settings, tokens, config.avatar or AVATAR) if look else []
    return [f"{config.path}: screen: {problem}" for problem in found]


def _unplaced(config: Config, fact_files: Sequence[Path]) -> list[str]:
    if not fact_files:
        return []
    how = "`visavis check`"
    nodes = {file.stem: read_facts(file).overridden({"role": "node", "node": file.stem}, how) for file in fact_files}
    wanted = {name: config.plans[name].place for name in OF_WORKERS if config.plans[name].place.get("role") != "edge"}
    missing = nowhere(wanted, nodes)
    return [f"{config.path}: {stage}.place: {'; '.join(reasons)}" for stage, reasons in missing.items()]


def status(path: Path, *, as_json: bool, once: bool) -> int:
    """Show nodes and edges, live; 0 when every stage is run by somebody (with `as_json` or `once`), else 1."""
    config = read_config(path, no_stage)
    if config.broker is None:
        raise ConfigError("status-memory", f"{path}: everything runs in one process: there are no nodes to show")

    async def main(clock: Clock) -> int:
        return await _show(config, clock, as_json=as_json, once=once)

    return run_real(main)


async def _show(config: Config, clock: Clock, *, as_json: bool, once: bool) -> int:
    known: dict[tuple[str, str], Status] = {}
    at: dict[tuple[str, str], float] = {}
    assert config.broker is not None  # noqa: S101  the caller has seen to it
    start = boot(f"status-{host_name()}")
    async with connection(config.broker, clock, boot=start) as bus, bus.subscribe(Status) as said:

        async def listen() -> None:
            async for message in said:
                if isinstance(message, Status):
                    known[message.edge, message.node], at[message.edge, message.node] = message, clock.now()

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await clock.sleep(GATHER)
            while True:
                heard = {node: clock.now() - when for (_, node), when in at.items()}
                statuses = [known[key] for key in sorted(known)]
                missing = problems(statuses, _remote(config))
                _print(statuses, heard, missing, as_json=as_json, live=not (once or as_json))
                if once or as_json:
                    listening.cancel()
                    return 1 if missing else 0
                await clock.sleep(REFRESH)


def _remote(config: Config) -> list[str]:
    """Stages that worker nodes run."""
    return [name for name in OF_WORKERS if config.plans[name].place.get("role") != "edge"]


def _print(
    statuses: Sequence[Status], heard: dict[str, float], missing: Sequence[str], *, as_json: bool, live: bool
) -> None:
    if as_json:
        print(status_json(statuses, heard))
        return
    clear = "\033[H\033[J" if live else ""
    print(clear + table(statuses, heard), *missing, sep="\n", flush=True)
