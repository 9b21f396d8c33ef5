"""What an engine is, and the project's only dynamic import: a config names the file, this loads it.

An engine module has `Settings` (a frozen pydantic model, unknown keys refused) and `Engine`, built as
`Engine(settings, clock)`. Nothing is inherited and nothing is registered.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any, Protocol

from pydantic import BaseModel

from pipeline.audio import Frame, Hint
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import ConfigError


class Engine(Protocol):
    """A worker engine: a function of one message. It may also have `async def warm()` and `async def close()`.

    `heals = True`: it knows by itself when to ask its servers again, so that the stage need not leave it alone after a
    failure. `counts`: what it counts by itself, by `what`, for `/metrics`. `site(place, workers, spent)` is told how
    many share its limits (docs/reply.md). Its module may have `check(settings)` and `parts(settings)` for `visavis
    check`, `here(settings, facts)`, what of the settings holds on a machine, and `probe(settings, clock)` for `visavis
    endpoints`.
    """

    def work(self, message: Message) -> AsyncIterator[Message]:
        """Answer `message`, made by `message.answer(Class, ...)`. Errors are raised; the stage loop reports them.

        It may be cancelled at any point and must leave nothing behind. It keeps no state of a visitor.
        """


class Listener(Protocol):
    """What an edge engine keeps for one session. Pure: no I/O, no clock; time is the frames' sample numbers."""

    def hear(self, frame: Frame) -> list[Message]:
        """Take 20 ms of microphone; say what follows from it (mostly nothing)."""

    def hint(self, hint: Hint) -> list[Message]:
        """Take what is known of the words so far."""

    def hold(self, *, on: bool) -> None:
        """While held, no silence ends a turn: the visitor holds a key, and says by it when it is over."""

    def flush(self) -> list[Message]:
        """The sound ends here: end what is open."""


class EdgeEngine(Protocol):
    """An edge engine. It may also have `async def warm()`."""

    def open(self, session: str) -> Listener:
        """Begin to hear a visitor."""


def module_name(stage: str, engine: str) -> str:
    """`whisper` is `stages.transcript.whisper`; a dotted name is a module of the deployer's own."""
    return engine if "." in engine else f"stages.{stage}.{engine}"


def load(stage: str, engine: str) -> ModuleType:
    """Import an engine's module. ConfigError when there is none or when something it needs is not installed."""
    name = module_name(stage, engine)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name == missing or name.startswith(missing + "."):
            text = f"there is no engine '{engine}' for stage '{stage}' (module {name}){_known(stage)}"
            raise ConfigError("engine-unknown", text) from error
        text = f"engine '{engine}' of stage '{stage}' needs the package '{missing}': pip install 'visavis[{engine}]'"
        raise ConfigError("engine-not-installed", text) from error
    except SyntaxError as error:
        raise ConfigError("engine-broken", f"engine '{engine}' is no Python: {error}: mend it there") from error
    if not hasattr(module, "Settings") or not hasattr(module, "Engine"):
        raise ConfigError(
            "engine-broken", f"engine '{engine}' (module {name}) needs a Settings and an Engine: add them"
        )
    return module


def function(name: str) -> Callable[..., Any]:
    """The function that `package.module:name` stands for. ConfigError `function-unknown`."""
    module, _, inner = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), inner)
    except (ImportError, SyntaxError, AttributeError) as error:
        raise ConfigError("function-unknown", f"there is no function '{name}' ({error}): correct its name") from error
    if not callable(found):
        raise ConfigError("function-unknown", f"'{name}' is no function: name one")
    called: Callable[..., Any] = found
    return called


def _known(stage: str) -> str:
    """The engines that come with a stage."""
    spec = importlib.util.find_spec(f"stages.{stage}")
    places = spec.submodule_search_locations if spec else None
    names = sorted(found.name for found in pkgutil.iter_modules(places) if not found.name.startswith("_"))
    return f"; there are: {', '.join(names)}, or a module of your own with a dot in its name" if names else ""


def settings_class(module: ModuleType) -> type[BaseModel]:
    """The module's own `Settings`."""
    settings: type[BaseModel] = module.Settings
    return settings


def build(module: ModuleType, settings: BaseModel, clock: Clock) -> Any:
    """The module's `Engine`: an `Engine` for worker stages, an `EdgeEngine` for turn."""
    return module.Engine(settings, clock)
