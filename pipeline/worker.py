"""`visavis node`: a worker that runs the stages which the config places on its machine."""

import asyncio
import hashlib
import logging
import signal
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn

from pipeline.announce import Announcer, boot, host_name, joined
from pipeline.bus.mqtt import MqttBus
from pipeline.bus.settings import wrong_name
from pipeline.clock import Clock
from pipeline.config import Config, Runs, at_machine, read_config
from pipeline.errors import ConfigError, VisavisError
from pipeline.facts import Facts, detect, labels
from pipeline.house import current_version
from pipeline.messages import Status
from pipeline.metrics import Meter
from pipeline.node import OF_ALL, Workers
from pipeline.placement import misfits
from pipeline.plans import Plan
from pipeline.site import Site
from pipeline.telemetry import telemetry
from pipeline.telling import Telling

_LOGGER = logging.getLogger(__name__)
SHARED = "reply"
"""The stage whose engine shares limits and a budget with those of other nodes."""
LOOK = 1.0
"""Seconds between two looks at the config file."""
SHOWN = (
    "arch", "cpu", "cpu_model", "cores", "memory_mb", "npu", "npu_count", "npu_model", "gpu", "gpu_count", "os",
    "os_version",
)  # fmt: skip
"""Facts that a status tells; and all labels."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the command was told."""

    config: Path
    name: str = ""
    """Empty: the machine's."""
    labels: Sequence[str] = ()
    stages: Collection[str] = ()
    """Run these and no others, wherever they are placed: a scheduler has decided."""
    metrics_port: int | None = None
    metrics_host: str = ""


def machine(job: Job) -> Facts:
    """The facts of this machine, with what the command says over them."""
    name = job.name or host_name()
    if wrong := wrong_name(name):
        raise ConfigError("node-name", f"the node's name {name!r} {wrong}: give another one with --name")
    facts = detect().overridden({"role": "node", "node": name}, how="`visavis node`")
    return facts.overridden(labels(job.labels))


def places(facts: Facts, stages: Collection[str]) -> Runs:
    """Says which stages run on a machine."""

    def runs(stage: str, plan: Plan, alone: bool) -> bool:
        if alone or stage not in OF_ALL:
            return False
        return stage in stages if stages else not misfits(plan.place, facts)

    return runs


def read_node_config(job: Job, facts: Facts) -> Config:
    """The config with the stages that run here. ConfigError: what `read_config` says, `node-memory`, `node-idle`."""
    config = read_config(job.config, places(facts, job.stages))
    if config.broker is None:
        raise ConfigError("node-memory", f"{job.config}: has no broker, so there is nothing to join: bus: mqtt://HOST")
    if not config.stages:
        reasons = [f"{name}: {'; '.join(misfits(plan.place, facts))}" for name, plan in config.plans.items()
                   if name in OF_ALL]  # fmt: skip
        text = "\n".join(
            [f"{job.config} places no stage on this machine (`visavis facts` shows what it is):", *reasons]
        )
        raise ConfigError("node-idle", text)
    return at_machine(config, lambda: facts)


async def run_node(job: Job, facts: Facts, config: Config, clock: Clock, say: Callable[[str], None]) -> None:
    """Work until SIGTERM or SIGINT. `say` tells a person what happens."""
    node = _Node(job, config, facts, clock, say)
    port = config.metrics.port if job.metrics_port is None else job.metrics_port
    async with telemetry(config, node.telling, port=port, host=job.metrics_host) as meter:
        await node.run(meter)


class _Node:
    """One node, from its start to its end."""

    def __init__(self, job: Job, config: Config, facts: Facts, clock: Clock, say: Callable[[str], None]) -> None:
        self._job, self._config, self._facts, self._clock, self._say = job, config, facts, clock, say
        name = str(facts.named["node"].value)
        shown = {key: fact.value for key, fact in facts.named.items() if key in SHOWN or key.startswith("label.")}
        self._status = Status(node=name, state="warming", version=current_version(), boot=boot(name), facts=shown)
        self._workers: Workers | None = None
        self._reloads = Counter(reloaded=0, reload_refused=0)
        self._bus: MqttBus | None = None
        self.telling = Telling(self.status, self._counts, self._why_not_ready, self._replies)

    def status(self) -> Status:
        """How it is doing."""
        stages = self._workers.loads if self._workers else ()
        return self._status.changed(stages=stages, counts=dict(self._reloads))

    def _last(self) -> Status:
        state: Literal["drained", "gone"] = "drained" if self._status.state == "drained" else "gone"
        return self._status.changed(state=state)

    def _counts(self) -> dict[str, int]:
        return self._bus.counts if self._bus else {}

    def _replies(self) -> Mapping[str, int]:
        return self._workers.counts("reply") if self._workers else {}

    def _why_not_ready(self) -> str:
        if self._status.state != "ready":
            return f"the node is {self._status.state}"
        return "" if self._bus and self._bus.connected else "the connection to the broker is lost"

    async def run(self, meter: Meter | None) -> None:
        """Join, warm, work, drain."""
        broker, stop = self._config.broker, asyncio.Event()
        assert broker is not None  # noqa: S101  read_node_config has seen to it
        async with AsyncExitStack() as stack:
            stack.enter_context(signals(stop))
            self._bus = bus = await stack.enter_async_context(
                joined(broker, self._clock, self._status, last=self._last)
            )
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            note = meter.timing if meter else None
            self._workers = workers = Workers(
                bus, self._clock, tasks, node=self._status.node, shares=True, note=note
            )  # fmt: skip
            announcer = Announcer(bus, self._clock, self.status)
            site = Site(self._clock, self._status.node, SHARED, partial(workers.site, SHARED))
            background = [
                tasks.create_task(announcer.run(), name="announcer"),
                tasks.create_task(self._hear_of_others(site, bus, workers), name="site"),
            ]
            try:
                await self._work(workers, announcer, stop)
            finally:
                for task in background:
                    task.cancel()
                await workers.stop()

    async def _hear_of_others(self, site: Site, bus: MqttBus, workers: Workers) -> NoReturn:
        """As soon as a stage runs here that shares something: a changed config may bring it."""
        while not workers.shares(SHARED):
            await self._clock.sleep(LOOK)
        await site.run(bus)

    async def _work(self, workers: Workers, announcer: Announcer, stop: asyncio.Event) -> None:
        for name, chosen in self._config.stages.items():
            await workers.start(chosen, self._config.plans[name])
        await self._become("ready", announcer)
        runs = ", ".join(f"{name}={chosen.name}" for name, chosen in self._config.stages.items())
        self._say(f"就绪 ready: {self._status.node} ({runs})")
        await self._until(stop, workers)
        await self._become("draining", announcer)
        self._say("正在收尾，不再接新任务 · draining: takes nothing new, finishes what it has begun")
        await workers.drain()
        await self._become("drained", announcer)
        self._say("已收尾 · drained")

    async def _become(self, state: Literal["ready", "draining", "drained"], announcer: Announcer) -> None:
        self._status = self._status.changed(state=state)
        _LOGGER.info("node.%s node=%s", state, self._status.node)
        await announcer.say()

    async def _until(self, stop: asyncio.Event, workers: Workers) -> None:
        """Look at the config file until told to stop."""
        seen = _print_of(self._job.config)
        while not stop.is_set():
            with suppress(TimeoutError):
                async with self._clock.timeout(LOOK):
                    await stop.wait()
            now = _print_of(self._job.config)
            if now == seen:
                continue
            seen = now
            if now:
                await self._reload(workers)
            else:
                _LOGGER.warning("config.missing path=%s: what was read of it goes on", self._job.config)

    async def _reload(self, workers: Workers) -> None:
        """Restart the stages that the changed config changes; a config with problems changes nothing."""
        try:
            new = read_node_config(self._job, self._facts)
            old = self._config
            if (new.broker, new.site, new.metrics) != (old.broker, old.site, old.metrics):
                text = f"{self._job.config}: site, bus, broker or metrics have changed: restart the node for that"
                raise ConfigError("config-restart", text)
            await self._change(workers, new)
        except VisavisError as error:
            self._reloads["reload_refused"] += 1
            _LOGGER.error("config.refused path=%s: the old one goes on: %s", self._job.config, error)  # noqa: TRY400
            self._say(f"配置有误，仍用旧配置 · the changed config is refused, the old one goes on:\n{error}")

    async def _change(self, workers: Workers, new: Config) -> None:
        old = self._config
        changed = [name for name in new.stages if _differs(name, old, new)]
        for name in changed:
            await workers.start(new.stages[name], new.plans[name])
        left = [name for name in old.stages if name not in new.stages]
        self._config = new
        self._reloads["reloaded"] += 1
        _LOGGER.info("config.reloaded changed=%s left=%s", ",".join(changed), ",".join(left))
        self._say(
            f"已重新加载 · reloaded: {', '.join(changed) or '—'}" + (f"; left: {', '.join(left)}" if left else "")
        )
        await workers.drain(left)


def _differs(name: str, old: Config, new: Config) -> bool:
    """A stage is new here, or its engine, its settings, its fallback or its limits are."""
    if name not in old.stages:
        return True
    before, after = old.plans[name], new.plans[name]
    limits = (before.concurrency, before.waiting) != (after.concurrency, after.waiting)
    return limits or old.stages[name] != new.stages[name]


def _print_of(path: Path) -> bytes:
    """Of a file's content; empty while it cannot be read (an editor may be replacing it)."""
    try:
        return hashlib.blake2b(path.read_bytes()).digest()
    except OSError:
        return b""


@contextmanager
def signals(stop: asyncio.Event) -> Iterator[None]:
    """`stop` is set by SIGTERM or SIGINT while the body runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
