"""What a config says of its screens (`screen`: their server; `screens`: one entry each), read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from pipeline.envelope import Language, Mode
from pipeline.errors import ConfigError
from pipeline.session.lines import Script
from pipeline.session.settings import Conversing
from pipeline.settings import FROZEN, LocalPath, Secret
from pipeline.yamlfile import Keys, YamlFile

SERVER = "avatars.screen"
"""The screen server, where a config names no other."""
MOST = 64
"""Screens of one process."""
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40)]


class Persona(BaseModel):
    """Who the avatar is."""

    model_config = FROZEN
    name: dict[Language, str] = {}
    prompt: dict[Language, str] = {}
    lines: dict[Language, Script] = {}

    def told(self, first: Language) -> str:
        """The text for the model: both languages, `first` first."""
        order: list[Language] = [first, "en" if first == "zh" else "zh"]
        return "\n\n".join(self.prompt[language] for language in order if language in self.prompt)


class ScreenPlan(BaseModel):
    """One screen. What it leaves out is as in `session`."""

    model_config = FROZEN
    name: str = Field("kiosk", pattern=r"^[A-Za-z0-9_\-]{1,40}$")
    """What its page, sensors and other programs call it."""
    token: Secret | None = None
    """Whoever opens it must show this; without one it opens on the machine itself only."""
    language: Literal["auto", "zh", "en"] | None = None
    greeting_language: Language | None = None
    persona: LocalPath | None = None
    knowledge: str | None = None
    voice: dict[Language, str] = {}
    """A voice of the speech engine for each language; none: the engine's own."""
    mode: Mode | None = None
    wake_phrases: tuple[Phrase, ...] | None = Field(None, max_length=20)

    def conversing(self, session: Conversing) -> Conversing:
        """The section `session` as it holds for this screen."""
        names = ("language", "greeting_language", "persona", "knowledge", "mode", "wake_phrases")
        own = {name: value for name in names if (value := getattr(self, name)) is not None}
        return session.model_copy(update=own | {"voices": {**session.voices, **self.voice}})

    def filled(self, session: Conversing) -> "ScreenPlan":
        """With what it leaves out."""
        told = self.conversing(session)
        return self.model_copy(
            update={"language": told.language, "greeting_language": told.greeting_language, "mode": told.mode,
                    "wake_phrases": told.wake_phrases, "knowledge": told.knowledge}
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """A screen with everything that its config says."""

    plan: ScreenPlan
    session: Conversing
    persona: Persona


def read_screens(file: YamlFile, session: Conversing) -> tuple[Planned, ...]:
    """Every screen of a config; problems are noted in `file`."""
    data = file.data.get("screens")
    if data is None:
        return (_planned(file, 0, ScreenPlan(), session),)
    if not isinstance(data, list) or not 0 < len(data) <= MOST:
        file.problem(("screens",), f"should be a list with an entry for each screen, at most {MOST}: '- name: NAME'")
        return ()
    _refuse_written_tokens(file, data)
    found: list[Planned] = []
    for index, entry in enumerate(data):
        plan: ScreenPlan | None = file.read(ScreenPlan, entry, ("screens", index))
        if plan is None:
            continue
        if any(other.plan.name == plan.name for other in found):
            file.problem(("screens", index, "name"), f"there is a screen '{plan.name}' already: give it another name")
        found.append(_planned(file, index, plan, session))
    return tuple(found)


def _refuse_written_tokens(file: YamlFile, data: list[Any]) -> None:
    for index, entry in enumerate(data):
        place = ("screens", index, "token")
        if (
            isinstance(entry, dict)
            and entry.get("token")
            and (place not in file.from_environment or place in file.written)
        ):
            file.problem(place, "a token must not stand in a file: write ${NAME} and set NAME in the environment")
        unset = place in file.from_environment and place not in file.missing
        if isinstance(entry, dict) and not entry.get("token", "none") and unset:
            file.problem(place, "the environment's token is empty: set one, or leave the key out")


def _planned(file: YamlFile, index: int, plan: ScreenPlan, session: Conversing) -> Planned:
    told = plan.conversing(session)
    if told.mode == "wake-phrase" and not told.wake_phrases:
        keys = ("screens", index) if "screens" in file.data else ("session",)
        file.problem((*keys, "wake_phrases"), "mode wake-phrase needs at least one phrase")
    own = ("screens", index, "persona") if plan.persona else ("session", "persona")
    return Planned(plan.filled(session), told, read_persona(file, told.persona, own) or Persona())


def read_persona(file: YamlFile, path: Path | None, keys: Keys = ("session", "persona")) -> Persona | None:
    """The persona in `path`; problems are noted in `file`."""
    if path is None:
        return Persona()
    try:
        own = YamlFile(path)
    except ConfigError as error:
        file.problem(keys, error.text)
        return None
    persona: Persona | None = own.read(Persona, own.data)
    file.problems += [problem for problem in own.problems if problem not in file.problems]
    return persona
