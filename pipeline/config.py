"""One YAML file says what runs: which engine for each stage, how a conversation goes, who the avatar is."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from pipeline.aigc import Labelling
from pipeline.bus.settings import Broker, Login, read_broker, wrong_name
from pipeline.engines import load, settings_class
from pipeline.errors import ConfigError
from pipeline.facts import Facts
from pipeline.flow import STAGES
from pipeline.plans import PLANNED, Logging, Metrics, Plan
from pipeline.recording.settings import Record
from pipeline.screens import SERVER, Persona, Planned, read_persona, read_screens
from pipeline.session.settings import Conversing
from pipeline.settings import LocalPath
from pipeline.yamlfile import Keys, YamlFile

Runs = Callable[[str, Plan, bool], bool]
"""Whether this process runs a stage (its name, its plan, whether all run in one process): only then are its engine's
settings, files and keys looked at."""


def everywhere(stage: str, plan: Plan, alone: bool) -> bool:
    """Every stage: for `check`."""
    del stage, plan, alone
    return True


def nowhere(stage: str, plan: Plan, alone: bool) -> bool:
    """No stage: for `render` and `status`."""
    del stage, plan, alone
    return False


def at_edge(stage: str, plan: Plan, alone: bool) -> bool:
    """What runs in the process that has the microphone and the screen."""
    return alone or stage == "turn" or plan.place.get("role") == "edge"


AVATAR = Path(__file__).resolve().parent.parent / "avatars" / "mei"
"""The pack of a config that names none."""
SCREENS = ("screen", "screens")
"""Keys that are read where the screens are."""


class _Top(BaseModel):
    """The keys of a config that are not stages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    site: str = "here"
    bus: str = "memory"
    broker: Login = Login()
    session: Conversing = Conversing()
    avatar: LocalPath | None = None
    lines_cache: LocalPath | None = None
    metrics: Metrics = Metrics()
    log: Logging = Logging()
    image: str = ""
    label: Labelling = Labelling()
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """An engine with its settings read."""

    stage: str
    name: str
    module: ModuleType
    settings: BaseModel
    fallback: "EngineConfig | None" = None


@dataclass(frozen=True, slots=True)
class Config:
    """A config, all of it read and valid."""

    path: Path
    site: str
    broker: Broker | None
    """None: everything runs in one process."""
    session: Conversing
    persona: Persona
    plans: dict[str, Plan]
    """Of every stage."""
    stages: dict[str, EngineConfig]
    """Of the stages that this process was said to run."""
    metrics: Metrics
    log: Logging
    image: str
    """Of the containers that `render` writes; empty: the default."""
    label: Labelling
    """Who answers for what the avatar says."""
    avatar: Path | None
    """The avatar pack's folder."""
    screen: "EngineConfig | None"
    """The screen server, where the config names one."""
    screens: tuple[Planned, ...]
    """Of this process."""
    lines_cache: Path | None
    record: Record | None
    """None: nothing is recorded."""
    source: dict[str, Any]
    """As it stands in the file, without what came from the environment."""

    def prompt(self) -> str:
        """The persona's text for the model: both languages, the default one first."""
        return self.persona.told(self.session.greeting_language)


def read_config(path: Path, runs: Runs = everywhere, *, unfilled: bool = False) -> Config:
    """The config in `path`. ConfigError (config-invalid) lists every problem, a line each.

    With `unfilled`, what the environment lacks is no problem: it is there where the config is used.
    """
    file = YamlFile(path)
    if unfilled:
        file.missing.clear()
    if not isinstance(file.data, dict):
        raise ConfigError(
            "config-invalid", f"{path}: holds no keys; a config has a section for each stage: {', '.join(STAGES)}"
        )
    top: _Top | None = file.read(_Top, file.data, skip=(*STAGES, *SCREENS))
    plans = {stage: _plan(file, stage) for stage in STAGES}
    alone = top is not None and top.bus == "memory"
    here = [stage for stage, plan in plans.items() if plan is not None and runs(stage, plan, alone)]
    stages = {stage: _engine(file, stage, file.data[stage], (stage,)) for stage in here}
    broker = _broker(file, top)
    persona = read_persona(file, top.session.persona) if top and "turn" in here else Persona()
    screens = read_screens(file, top.session) if top and "turn" in here else ()
    screen = _screen(file) if "turn" in here else None
    _check_parts(file, top, stages)
    problems = file.problems + (
        [] if file.problems else _check_engines({**stages, "screen": screen}) + _check_voices(stages, screens)
    )
    if problems or top is None or persona is None:
        raise ConfigError("config-invalid", "\n".join(problems))
    return Config(
        path=path, site=top.site, broker=broker, session=top.session, persona=persona, metrics=top.metrics,
        plans={name: plan for name, plan in plans.items() if plan is not None},
        stages={name: stage for name, stage in stages.items() if stage is not None}, log=top.log, image=top.image,
        label=top.label, avatar=top.avatar, screen=screen, screens=screens, lines_cache=top.lines_cache,
        record=top.record, source=file.without_environment(),
    )  # fmt: skip


def at_machine(config: Config, facts: Callable[[], Facts]) -> Config:
    """The config without what engines leave out on this machine: endpoints with a `place` that it is not.

    ConfigError: nothing of an engine is left.
    """
    here = {
        name: dataclasses.replace(stage, settings=stage.module.here(stage.settings, facts()))
        for name, stage in config.stages.items() if hasattr(stage.module, "here")
    }  # fmt: skip
    return dataclasses.replace(config, stages=config.stages | here) if here else config


def _plan(file: YamlFile, stage: str) -> Plan | None:
    if stage not in file.data:
        file.problem((stage,), "is missing: every stage needs its section, at least 'engine: NAME'")
        return None
    data = file.data[stage]
    if not isinstance(data, dict) or not isinstance(data.get("engine"), str):
        file.problem((stage,), "needs 'engine: NAME'")
        return None
    own = {key: value for key, value in data.items() if key in PLANNED and key != "fallback"}
    plan: Plan | None = file.read(Plan, own, (stage,), skip=tuple(key for key in data if key not in own))
    return plan


def _engine(file: YamlFile, stage: str, data: Any, keys: Keys) -> EngineConfig | None:
    if not isinstance(data, dict) or not isinstance(data.get("engine"), str):
        file.problem(keys, "needs 'engine: NAME'")
        return None
    try:
        module = load(stage, data["engine"])
    except ConfigError as error:
        file.problem((*keys, "engine"), error.text)
        return None
    own = {key: value for key, value in data.items() if key not in PLANNED}
    settings = file.read(settings_class(module), own, keys, skip=PLANNED)
    fallback = _engine(file, stage, data["fallback"], (*keys, "fallback")) if "fallback" in data else None
    if settings is None:
        return None
    return EngineConfig(stage, data["engine"], module, settings, fallback)


def _broker(file: YamlFile, top: _Top | None) -> Broker | None:
    if top is None:
        return None
    if wrong := wrong_name(top.site):
        file.problem(("site",), wrong)
    if top.bus == "memory":
        return None
    try:
        broker = read_broker(top.bus, top.broker, top.site)
    except ValueError as error:
        file.problem(("bus",), str(error))
        return None
    if broker.login.user and (wrong := wrong_name(broker.login.user)):
        file.problem(("broker", "user"), wrong)
    if urlsplit(top.bus).password and ("bus",) not in file.from_environment:
        file.problem(("bus",), "a password must not stand in a file: write broker.password: ${NAME}")
    for key in ("ca", "certificate", "key"):
        named = getattr(broker.login, key)
        if named is not None and not named.is_file():
            file.problem(("broker", key), f"there is no file {named}: correct the path")
    return broker


def _screen(file: YamlFile) -> EngineConfig | None:
    """The screen server that a config names; nothing is loaded for one that does not."""
    data = file.data.get("screen")
    if data is None:
        return None
    if not isinstance(data, dict):
        file.problem(("screen",), "should hold keys and values, such as 'port: 8080'")
        return None
    return _engine(file, "screen", {"engine": SERVER} | data, ("screen",))


def default_screen() -> EngineConfig:
    """The screen server of a config that names none."""
    module = load("screen", SERVER)
    return EngineConfig("screen", SERVER, module, settings_class(module)())


def _check_voices(stages: dict[str, EngineConfig | None], screens: tuple[Planned, ...]) -> list[str]:
    """Voices that screens name and the speech engine does not have."""
    speech = stages.get("speech")
    check = getattr(speech.module, "check", None) if speech else None
    if speech is None or check is None or "voices" not in type(speech.settings).model_fields:
        return []
    return [
        f"screens ({screen.plan.name}): voice: {problem}"
        for screen in screens if screen.session.voices
        for problem in check(speech.settings.model_copy(update={"voices": screen.session.voices}))
    ]  # fmt: skip


def _check_parts(file: YamlFile, top: _Top | None, stages: dict[str, EngineConfig | None]) -> None:
    """What the keys say together."""
    if top is None:
        return
    if turn := stages.get("turn"):
        _check_deadlines(file, top.session, turn)
        if top.avatar is not None and not top.avatar.is_dir():
            file.problem(("avatar",), f"there is no folder {top.avatar}: name an avatar's pack, or leave the key out")
    if reply := stages.get("reply"):
        _check_reply(file, top.session, reply)


def _check_deadlines(file: YamlFile, session: Conversing, turn: EngineConfig) -> None:
    """The parts of a turn may not take longer than the whole; the pause before the end of a turn is a head start."""
    head_start = (getattr(turn.settings, "end_ms", 0) - getattr(turn.settings, "pause_ms", 0)) / 1000
    limits = session.deadlines
    parts, whole = limits.parts(), limits.turn + max(0.0, head_start)
    if parts > whole + 1e-9:
        text = f"transcript to cues may take {parts:g} s together, more than turn allows ({whole:g} s)"
        file.problem(("session", "deadlines"), text)


def _check_reply(file: YamlFile, session: Conversing, reply: EngineConfig) -> None:
    """Servers that hang must be given up while another one, or the fallback, can still answer in time."""
    parts = getattr(reply.module, "parts", None)
    for keys, text in parts(reply.settings) if parts else ():
        file.problem(("reply", *keys), text)
    within, allowed = float(getattr(reply.settings, "answer_within", 0.0)), session.deadlines.first_sentence
    if within > allowed:
        text = f"{within:g} s are more than a first sentence may take: {allowed:g} s (session.deadlines.first_sentence)"
        file.problem(("reply", "answer_within"), text)


def _check_engines(stages: dict[str, EngineConfig | None]) -> list[str]:
    """What engines say about their settings beyond types: files that are missing, knowledge that cannot be read."""
    problems: list[str] = []
    named = [stage for stage in stages.values() if stage is not None]
    for stage in (*named, *(stage.fallback for stage in named if stage.fallback)):
        check = getattr(stage.module, "check", None)
        if check is not None:
            problems += [f"{stage.stage} ({stage.name}): {problem}" for problem in check(stage.settings)]
    return problems
