"""One YAML file says what runs: which engine for each stage, how a conversation goes, who the avatar is."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.engines import load, settings_class
from pipeline.envelope import Language
from pipeline.errors import ConfigError
from pipeline.flow import STAGES
from pipeline.session.lines import Script
from pipeline.session.settings import Conversing
from pipeline.settings import FROZEN, LocalPath
from pipeline.yamlfile import Keys, YamlFile

_OURS = ("engine", "fallback", "concurrency", "waiting")


class Persona(BaseModel):
    """Who the avatar is."""

    model_config = FROZEN
    name: dict[Language, str] = {}
    prompt: dict[Language, str] = {}
    lines: dict[Language, Script] = {}


class _Top(BaseModel):
    """The keys of a config that are not stages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    site: str = "here"
    bus: Literal["memory"] = "memory"
    session: Conversing = Conversing()
    avatar: LocalPath | None = None
    lines_cache: LocalPath | None = None


class _Limits(BaseModel):
    """What the stage loop wants to know of a stage."""

    model_config = FROZEN
    engine: str
    concurrency: int = Field(4, ge=1, le=1024)
    waiting: int = Field(32, ge=0, le=4096)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """An engine with its settings read."""

    stage: str
    name: str
    module: ModuleType
    settings: BaseModel
    fallback: "EngineConfig | None" = None
    concurrency: int = 4
    waiting: int = 32


@dataclass(frozen=True, slots=True)
class Config:
    """A config, all of it read and valid."""

    path: Path
    site: str
    session: Conversing
    persona: Persona
    stages: dict[str, EngineConfig]
    avatar: Path | None
    """The avatar pack's folder."""
    lines_cache: Path | None
    source: dict[str, Any]
    """As it stands in the file, without what came from the environment."""

    def prompt(self) -> str:
        """The persona's text for the model: both languages, the default one first."""
        first = self.session.greeting_language
        order: list[Language] = [first, "en" if first == "zh" else "zh"]
        return "\n\n".join(self.persona.prompt[language] for language in order if language in self.persona.prompt)


def read_config(path: Path) -> Config:
    """The config in `path`. ConfigError (config-invalid) lists every problem, a line each."""
    file = YamlFile(path)
    if not isinstance(file.data, dict):
        raise ConfigError(
            "config-invalid", f"{path}: holds no keys; a config has a section for each stage: {', '.join(STAGES)}"
        )
    top: _Top | None = file.read(_Top, file.data, skip=STAGES)
    stages = {stage: _stage(file, stage) for stage in STAGES}
    persona = _persona(file, top)
    if top is not None and (turn := stages.get("turn")):
        _check_deadlines(file, top.session, turn)
    if top is not None and top.avatar is not None and not top.avatar.is_dir():
        file.problem(("avatar",), f"there is no folder {top.avatar}: name an avatar's pack, or leave the key out")
    if top is not None and (reply := stages.get("reply")):
        _check_fallback(file, top.session, reply)
    problems = file.problems + ([] if file.problems else _check_engines(stages))
    if problems or top is None or persona is None:
        raise ConfigError("config-invalid", "\n".join(problems))
    whole = {name: stage for name, stage in stages.items() if stage is not None}
    return Config(path, top.site, top.session, persona, whole, top.avatar, top.lines_cache, _without_environment(file))


def _stage(file: YamlFile, stage: str) -> EngineConfig | None:
    if stage not in file.data:
        file.problem((stage,), "is missing: every stage needs its section, at least 'engine: NAME'")
        return None
    return _engine(file, stage, file.data[stage], (stage,))


def _engine(file: YamlFile, stage: str, data: Any, keys: Keys) -> EngineConfig | None:
    if not isinstance(data, dict) or not isinstance(data.get("engine"), str):
        file.problem(keys, "needs 'engine: NAME'")
        return None
    own = [key for key in data if key not in _OURS]
    limits: _Limits | None = file.read(_Limits, {k: v for k, v in data.items() if k in _OURS and k != "fallback"}, keys)
    try:
        module = load(stage, data["engine"])
    except ConfigError as error:
        file.problem((*keys, "engine"), error.text)
        return None
    settings = file.read(settings_class(module), {key: data[key] for key in own}, keys, skip=_OURS)
    fallback = _engine(file, stage, data["fallback"], (*keys, "fallback")) if "fallback" in data else None
    if settings is None or limits is None:
        return None
    return EngineConfig(stage, limits.engine, module, settings, fallback, limits.concurrency, limits.waiting)


def _persona(file: YamlFile, top: _Top | None) -> Persona | None:
    if top is None or top.session.persona is None:
        return Persona()
    try:
        own = YamlFile(top.session.persona)
    except ConfigError as error:
        file.problem(("session", "persona"), error.text)
        return None
    persona: Persona | None = own.read(Persona, own.data)
    file.problems += own.problems
    return persona


def _check_deadlines(file: YamlFile, session: Conversing, turn: EngineConfig) -> None:
    """The parts of a turn may not take longer than the whole; the pause before the end of a turn is a head start."""
    head_start = (getattr(turn.settings, "end_ms", 0) - getattr(turn.settings, "pause_ms", 0)) / 1000
    limits = session.deadlines
    parts, whole = limits.parts(), limits.turn + max(0.0, head_start)
    if parts > whole + 1e-9:
        text = f"transcript to cues may take {parts:g} s together, more than turn allows ({whole:g} s)"
        file.problem(("session", "deadlines"), text)


def _check_fallback(file: YamlFile, session: Conversing, reply: EngineConfig) -> None:
    """A server that hangs must be given up while its fallback can still answer in time."""
    waits = sum(float(getattr(reply.settings, name, 0.0)) for name in ("connect_seconds", "first_token_seconds"))
    allowed = session.deadlines.first_sentence
    if reply.fallback and waits >= allowed:
        text = f"with connect_seconds {waits:g} s may pass, and the fallback must answer within {allowed:g} s"
        file.problem(("reply", "first_token_seconds"), f"{text} (session.deadlines.first_sentence)")


def _check_engines(stages: dict[str, EngineConfig | None]) -> list[str]:
    """What engines say about their settings beyond types: files that are missing, knowledge that cannot be read."""
    problems: list[str] = []
    named = [stage for stage in stages.values() if stage is not None]
    for stage in (*named, *(stage.fallback for stage in named if stage.fallback)):
        check = getattr(stage.module, "check", None)
        if check is not None:
            problems += [f"{stage.stage} ({stage.name}): {problem}" for problem in check(stage.settings)]
    return problems


def _without_environment(file: YamlFile) -> dict[str, Any]:
    def clean(value: Any, keys: Keys) -> Any:
        if isinstance(value, dict):
            return {key: clean(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [clean(item, (*keys, index)) for index, item in enumerate(value)]
        return "(from the environment)" if keys in file.from_environment else value

    cleaned: dict[str, Any] = clean(file.data, ())
    return cleaned
