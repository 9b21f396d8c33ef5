"""What a config says of a tool: the key `tools`, a list."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from pipeline.envelope import Language
from pipeline.settings import FROZEN, Secret

NAME: Final = r"^[A-Za-z0-9_-]{1,64}$"
"""What OpenAI-compatible servers take for a function's name."""
_PLACE: Final = re.compile(r"\{(\w+)\}")
_NO_PARAMETERS: Final[dict[str, Any]] = {"type": "object", "properties": {}}


def _http(value: str) -> str:
    if not re.match(r"https?://[^/{}?#\s]+", value):
        text = f"'{value}' is no address: it begins with http:// or https:// and a host without braces"
        raise ValueError(text)
    return value


Url = Annotated[str, AfterValidator(_http)]
Parameters = Annotated[dict[str, Any], Field(default=_NO_PARAMETERS)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Common(BaseModel):
    model_config = FROZEN

    name: str = Field(pattern=NAME)
    safe: bool = False
    """It changes nothing anywhere: it may be called before it is sure that the visitor's turn is over."""
    deadline: float = Field(3.0, gt=0, le=60)
    """Seconds; then the model is told that there is no result."""
    most: int = Field(2000, ge=50, le=20_000)
    """Characters of a result; the rest is cut off."""
    line: dict[Language, Line] = {}
    """What may be said at once when it is called, if nothing has been said yet: "Let me look that up." """
    seconds: float = Field(0.2, ge=0)
    """Modelled duration of a call, for replay."""


class _Function(_Common):
    description: dict[Language, Line]
    """For the model: what it does, and when to call it."""
    parameters: Parameters
    """JSON Schema of an object."""

    @model_validator(mode="after")
    def _complete(self) -> "_Function":
        if not self.description:
            text = "description: say in at least one language what the tool does"
            raise ValueError(text)
        if self.parameters.get("type") != "object" or not isinstance(self.parameters.get("properties", {}), dict):
            text = "parameters: should be a JSON Schema with 'type: object' and 'properties'"
            raise ValueError(text)
        return self


class HttpTool(_Function):
    """An endpoint of an HTTP service."""

    kind: Literal["http"]
    url: Url
    """`{name}` in its path or query stands for the argument of that name."""
    method: Literal["GET", "POST"] = "GET"
    """Arguments that are not in `url` go into the query (GET), or are the JSON body (POST)."""
    headers: dict[str, str] = {}
    key: Secret | None = None
    """Sent as `Authorization: Bearer`."""

    @model_validator(mode="after")
    def _known_places(self) -> "HttpTool":
        unknown = set(_PLACE.findall(self.url)) - set(self.parameters.get("properties", {}))
        if unknown:
            text = f"url: there is no parameter '{min(unknown)}'"
            raise ValueError(text)
        return self


class PythonTool(_Function):
    """A function of a module of the deployer's own; one that is not `async` runs in a thread."""

    kind: Literal["python"]
    function: str = Field(pattern=r"^[\w.]+:\w+$")
    """`package.module:name`; its parameters are called as in `parameters`."""


class McpServer(_Common):
    """A server of the Model Context Protocol; each of its tools becomes a function `name_tool`."""

    kind: Literal["mcp"]
    command: tuple[str, ...] = ()
    """Program and arguments, for a server on stdin and stdout."""
    env: dict[str, str] = {}
    """For that program; of this process's environment it sees little more than PATH and HOME."""
    url: Url | None = None
    """Instead of `command`: a server that speaks Streamable HTTP."""
    key: Secret | None = None
    """Sent to `url` as `Authorization: Bearer`."""
    only: tuple[str, ...] = ()
    """Its tools that the model may call; empty: all of them."""
    connect: float = Field(5.0, gt=0, le=60)
    """Seconds to start it and to hear which tools it has."""

    @model_validator(mode="after")
    def _one_way(self) -> "McpServer":
        if bool(self.command) == (self.url is not None):
            text = "needs either 'command' or 'url'"
            raise ValueError(text)
        return self


Tool = Annotated[HttpTool | PythonTool | McpServer, Field(discriminator="kind")]
Tools = Annotated[tuple[Tool, ...], Field(max_length=64)]


def check(tools: tuple[HttpTool | PythonTool | McpServer, ...]) -> list[str]:
    """What is wrong with them together, or with a function that is named."""
    from pipeline.engines import function
    from pipeline.errors import ConfigError

    names = [tool.name for tool in tools]
    problems = [f"tools: there are two tools '{name}'" for name in sorted({n for n in names if names.count(n) > 1})]
    for tool in tools:
        try:
            if isinstance(tool, PythonTool):
                function(tool.function)
            if isinstance(tool, McpServer):
                installed()
                problems += _startable(tool)
        except ConfigError as error:
            problems.append(f"tools ({tool.name}): {error.text}")
    return problems


def _startable(server: McpServer) -> list[str]:
    """Looked for where the SDK does: in this process's PATH, unless the server has one of its own."""
    from shutil import which

    if not server.command or which(server.command[0], path=server.env.get("PATH")):
        return []
    return [f"tools ({server.name}): command: there is no program '{server.command[0]}': install it, or write its path"]


def installed() -> None:
    """ConfigError `mcp-not-installed` where the package `mcp` is missing."""
    from importlib.util import find_spec

    from pipeline.errors import ConfigError

    if find_spec("mcp") is None:
        raise ConfigError("mcp-not-installed", "a tool of kind mcp needs the package 'mcp': pip install 'visavis[mcp]'")
