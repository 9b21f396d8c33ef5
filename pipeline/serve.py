"""`visavis serve`: a kiosk or a gateway. Screens, their edges, and the stages that are placed here."""

import asyncio
import dataclasses
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel

from pipeline.calendar import local_hour
from pipeline.clock import Clock, run_real, stamp
from pipeline.config import AVATAR, Config, EngineConfig, at_edge, at_machine, default_screen, read_config
from pipeline.engines import build
from pipeline.envelope import Language, Message
from pipeline.errors import ConfigError
from pipeline.facts import detect, labels
from pipeline.gateway import Hall, Post, Server
from pipeline.house import House, current_version, fixed_lines, house, overhear, versions
from pipeline.jobs import Timing
from pipeline.metrics import Meter
from pipeline.recording.keeper import Keeper, keeping
from pipeline.recording.settings import unfit
from pipeline.screens import Planned
from pipeline.session.edge import Edge
from pipeline.session.lines import Lines
from pipeline.session.settings import Conversing
from pipeline.session.visit import Venue
from pipeline.telemetry import telemetry
from pipeline.verbosity import Wanted
from pipeline.worker import signals

Say = Callable[[str], None]
Questions = dict[Language, tuple[str, ...]]
MOST_QUESTIONS = 8
"""Suggestions on a screen."""
DEMO: dict[Language, str] = {
    "zh": "演示用的识别模型只认识演示里的句子：请点一个问题，或打字提问。",
    "en": "This demo's speech model only knows the demo's sentences: touch a question, or type one.",
}
"""What a visitor of the demo has to know."""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """What the command was told."""

    config: Path
    port: int | None = None
    metrics: int | None = None
    any_port: bool = False
    """Take a free port where the wanted one is taken."""
    labels: Sequence[str] = ()


def serve(job: Job, log: Wanted, say: Say) -> int:
    """Let visitors in until SIGTERM or SIGINT. 0: it was told to stop."""
    told = labels(job.labels)
    config = at_machine(
        read_config(job.config, at_edge), lambda: detect().overridden({"role": "edge"}, "`serve`").overridden(told)
    )
    _check_record(config)
    log.apply(config.log)

    async def main(clock: Clock) -> None:
        await run(job, config, clock, say)

    run_real(main)
    return 0


def _check_record(config: Config) -> None:
    """Now, and not when the first visitor is there."""
    wrong = unfit(config.record.folder) if config.record else ""
    if wrong:
        raise ConfigError("record-unusable", f"{config.path}: record: {wrong}")


async def run(job: Job, config: Config, clock: Clock, say: Say) -> None:
    """Serve until told to stop. ConfigError, BusError, and what engines say that do not get warm."""
    stop, told = asyncio.Event(), list[Callable[[Timing], None]]()

    def note(timing: Timing) -> None:
        for tell in told:
            tell(timing)

    async with AsyncExitStack() as stack:
        stack.enter_context(signals(stop))
        home = await stack.enter_async_context(house(config, clock, note))
        port = config.metrics.port if job.metrics is None else job.metrics
        meter = await stack.enter_async_context(telemetry(config, home.telling, port=port))
        if meter:
            told.append(meter.timing)
        if home.missing:
            missing = ", ".join(home.missing)
            say(f"暂无节点运行 · no node runs yet: {missing}; 访客会听到致歉 · visitors will hear an apology")
        keeper = await stack.enter_async_context(keeping(config.record, clock, lambda: _about_us(config), config.label))
        if keeper:
            told.append(keeper.timing)
        server, hall = await _hall(job, config, home, clock, keeper)
        if meter:
            meter.watch_counts("visavis_screen_events", lambda: server.counts)
        if meter and keeper:
            meter.watch_counts("visavis_recording_events", lambda: keeper.counts)
        beside = [overhear(home, clock, _tell(meter, keeper, clock), note)]
        if keeper:
            beside.append(keeper.tidy())
        await _open(server, hall, beside, stop, say)


async def _open(
    server: Server, hall: Hall, beside: list[Coroutine[Any, Any, NoReturn]], stop: asyncio.Event, say: Say
) -> None:
    """The house is warm: let visitors in until `stop`."""
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        background: list[asyncio.Task[NoReturn]] = [
            tasks.create_task(post.edge.run(), name=f"edge {name}") for name, post in hall.posts.items()
        ]
        background += [tasks.create_task(work, name="beside") for work in beside]
        try:
            address = await stack.enter_async_context(server.serving(hall))
            for name, post in hall.posts.items():
                say(f"{name}: {address.rstrip('/')}/?screen={name}{'#token=…' if post.plan.token else ''}")
            if any(post.plan.token for post in hall.posts.values()):
                say("其他机器用本机的名字，#token= 后写通行证 · elsewhere: this machine's name, and the token")
            say("就绪，按 Ctrl-C 停止 · ready; Ctrl-C stops it")
            await stop.wait()
            say("正在停止 · stopping")
        finally:
            for task in background:
                task.cancel()


async def _hall(job: Job, config: Config, home: House, clock: Clock, keeper: Keeper | None) -> tuple[Server, Hall]:
    """Every screen with its edge; nobody stands there yet."""
    chosen = config.screen or default_screen()
    server: Server = build(chosen.module, _settings(job, chosen), clock)
    lines = {_voice(config.session): home.venue.lines}
    posts = {}
    for planned in config.screens:
        key = _voice(planned.session)
        if key not in lines:
            lines[key] = await fixed_lines(config, home.bus, clock, planned)
        posts[planned.plan.name] = _post(config, planned, lines[key], home, server, keeper)
    home.edges.extend(post.edge for post in posts.values())
    return server, Hall(posts, config.avatar or AVATAR, current_version())


def _voice(session: Conversing) -> str:
    """What the sound of the fixed lines goes by."""
    return f"{session.persona} {sorted(session.voices.items())}"


def _post(
    config: Config, planned: Planned, lines: Lines, home: House, server: Server, keeper: Keeper | None
) -> Post:  # fmt: skip
    venue = dataclasses.replace(
        home.venue, lines=lines, settings=planned.session, hour=local_hour,
        persona=planned.persona.told(planned.session.greeting_language),
    )  # fmt: skip
    if keeper:
        venue = dataclasses.replace(venue, tapes=keeper.tapes(_about_visits(venue)))
    name = planned.plan.name
    edge = Edge(venue, server.screen(name), name, home.boot or stamp())
    return Post(planned.plan, edge, planned.persona.name, *_about(config, planned), bool(keeper))


def _about_us(config: Config) -> dict[str, object]:
    """What each recording says of this process."""
    node = {name: fact.value for name, fact in detect().named.items()}
    source = {"config": config.source, "config_name": config.path.name}
    return {**source, "versions": versions(config), "node": node}


def _about_visits(venue: Venue) -> dict[str, object]:
    """What each recording of a screen says of its visits."""
    conversing = venue.settings.model_dump(mode="json", exclude={"persona"})
    return {"edge": venue.bus.edge, "persona": venue.persona, "conversing": conversing}


def _about(config: Config, planned: Planned) -> tuple[str, Questions, dict[Language, str]]:
    """Who answers, what may be asked, and what has to be known of the ears."""
    reply = config.stages.get("reply")
    model = str(getattr(reply.settings, "model_name", reply.name)) if reply else config.plans["reply"].engine
    knows = next((one for one in (reply, reply and reply.fallback) if hasattr(one and one.module, "suggestions")), None)
    found: Questions = knows.module.suggestions(knows.settings, planned.session.knowledge) if knows else {}
    transcript = config.stages.get("transcript")
    demo = transcript is not None and str(getattr(transcript.settings, "model", "")).endswith("demo_model")
    model = config.label.model or model
    if config.label.filing:
        model = f"{model} · 备案号 {config.label.filing}"
    return model, {language: some[:MOST_QUESTIONS] for language, some in found.items()}, DEMO if demo else {}


def _settings(job: Job, chosen: EngineConfig) -> BaseModel:
    """Of the screen server, with the port that the command says."""
    settings = chosen.settings
    port = getattr(settings, "port", 0) if job.port is None else job.port
    if job.any_port and not _is_free(str(getattr(settings, "host", "127.0.0.1")), port):
        port = 0
    return settings.model_copy(update={"port": port})


def claim(port: int) -> None:
    """ConfigError (`screen-port`) where somebody listens there already: before anything has taken its time."""
    if not _is_free("127.0.0.1", port):
        raise ConfigError("screen-port", f"port {port} of 127.0.0.1 is taken: name another one with --port")


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False


def _tell(meter: Meter | None, keeper: Keeper | None, clock: Clock) -> Callable[[Message], None]:
    start = clock.now()

    def tell(message: Message) -> None:
        if meter:
            meter.message(clock.now() - start, message)
        if keeper:
            keeper.message(message)

    return tell
