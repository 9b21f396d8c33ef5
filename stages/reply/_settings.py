"""What a config says of the models that answer: one server, or several in order of preference."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator, model_validator

from pipeline.http import BaseUrl
from pipeline.placement import problems
from pipeline.plans import Fact
from pipeline.settings import FROZEN, Secret
from stages.reply import _budget, _dialects
from stages.reply._around import Surroundings
from stages.reply._dialects import DIALECTS
from stages.reply._prices import TYPICAL, Prices

_CHAT: Final = "/chat/completions"


def _word(value: object) -> object:
    """Unquoted, `on` and `off` are booleans of YAML."""
    return ("on" if value else "off") if isinstance(value, bool) else value


def _without_path(value: str) -> str:
    if value.endswith(_CHAT):
        text = f"leave {_CHAT} out: {value.removesuffix(_CHAT)}"
        raise ValueError(text)
    return value


def _besides(extra: dict[str, Any]) -> dict[str, Any]:
    if ours := sorted({"messages", "model", "stream"} & set(extra)):
        text = f"may not hold {', '.join(ours)}: the pipeline sets these itself"
        raise ValueError(text)
    return extra


Thinking = Annotated[Literal["on", "off", "auto"], BeforeValidator(_word)]
ModelUrl = Annotated[BaseUrl, AfterValidator(_without_path)]
Extra = Annotated[dict[str, Any], AfterValidator(_besides)]
"""Further fields of a request."""
RESERVE: Final = 0.5
"""Seconds of `answer_within` that no endpoint gets: for the first sentence's end, and for the fallback."""


class Hedge(BaseModel):
    """A second endpoint is asked when the first is slower than nineteen of its last twenty answers."""

    model_config = FROZEN

    share: float = Field(default=0.05, ge=0, le=0.5)
    """Of the questions, at most: each costs two requests."""


class Endpoint(BaseModel):
    """A model on a server."""

    model_config = FROZEN

    name: str = Field(min_length=1, max_length=40, pattern=r"^[\w.-]+$")
    """In logs, counts and `visavis endpoints`."""
    base_url: ModelUrl | None = None
    """None: the dialect's own, where it is a cloud."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    api_key: Secret | None = None
    dialect: _dialects.Name = "deepseek"
    thinking: Thinking | None = None
    """None: as `reply.thinking` says."""
    concurrency: int = Field(default=64, ge=1, le=4096)
    """Requests under way at once."""
    first_token_seconds: float | None = Field(default=None, gt=0)
    """From asking to the first token, connecting included; None: its share of `answer_within`."""
    between_tokens_seconds: float = Field(default=5.0, gt=0)
    connect_seconds: float = Field(default=1.0, gt=0)
    price: Prices = Prices()
    weight: float | None = Field(default=None, gt=0)
    """Neighbours in the list that have one are of equal preference, and share the visitors by it."""
    place: dict[str, Fact] = {}
    """Conditions on the machine that asks, as for a stage (docs/placement.md)."""
    headers: dict[str, str] = {}
    extra: Extra = {}
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None: as `reply.temperature` says."""
    max_tokens: int | None = Field(default=None, ge=1)

    @field_validator("place")
    @classmethod
    def _known_facts(cls, place: dict[str, Any]) -> dict[str, Any]:
        if wrong := problems(place):
            raise ValueError("; ".join(wrong))
        return place

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.base_url is None and not DIALECTS[self.dialect].base_url:
            raise ValueError(f"needs base_url: the dialect {self.dialect} is no cloud with an address of its own")
        return self


_ONE: Final = ("base_url", "model", "api_key", "headers", "extra", "prices", "connect_seconds", "first_token_seconds",
               "between_tokens_seconds")  # fmt: skip
"""Keys of a single server, as `reply` itself may have them."""


class Settings(Surroundings):
    """Where the models are and how they are asked."""

    model_config = FROZEN

    endpoints: tuple[Endpoint, ...] = ()
    """In order of preference. Empty: one server, which the keys from `base_url` to `between_tokens_seconds` name."""
    base_url: ModelUrl | None = None
    """`https://api.deepseek.com`, `http://node:8000`; `/v1` is added where no path is given."""
    model: str = ""
    """As the server calls it."""
    api_key: Secret | None = None
    dialect: _dialects.Name = "deepseek"
    headers: dict[str, str] = {}
    """Sent besides, for gateways."""
    extra: Extra = {}
    """Further fields of the request, such as `seed` or vLLM's `chat_template_kwargs`."""
    prices: Prices = Prices()
    connect_seconds: float = Field(default=1.0, gt=0)
    first_token_seconds: float | None = Field(default=None, gt=0)
    """To the first token of thought or answer: what keeps the connection alive is none."""
    between_tokens_seconds: float = Field(default=5.0, gt=0)

    answer_within: float = Field(default=4.0, gt=0)
    """Seconds from the question to the first sentence, shared out over the endpoints and the fallback."""
    thinking: Thinking = "off"
    """`off` and `on` send what the dialect has for it; `auto` sends nothing, for servers that refuse what they do not
    know. `on` is also for templates that open the thought themselves (DeepSeek-R1 by llama.cpp): it takes content that
    comes before any tag for a thought."""
    thoughts: Literal["whole", "summary", "hidden"] = "whole"
    """What the screen gets of them: all, a line, or only that there is one. The voice gets none."""
    thinking_budget: float = Field(default=8.0, gt=0)
    """Seconds of thought, after which a model that does not think answers."""
    hedge: Hedge | None = None
    budget: _budget.Settings | None = None
    temperature: float | None = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=400, ge=1)
    total_seconds: float = Field(default=120.0, gt=0)
    """Of one request."""
    seconds: float = Field(default=0.02, gt=0)
    """Modelled time of one event of the stream, for replay."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.endpoints:
            both = [key for key in (*_ONE, "dialect") if key in self.model_fields_set]
            if both:
                raise ValueError(f"has endpoints, and {', '.join(both)} besides: those belong into an endpoint")
            names = [endpoint.name for endpoint in self.endpoints]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"has two endpoints named '{min(twice)}': each needs a name of its own")
        elif not self.model or (self.base_url is None and "dialect" not in self.model_fields_set):
            raise ValueError("needs base_url and model of a server, or a list of endpoints")
        return self

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        if self.budget is not None:
            names = {endpoint.name for endpoint in self.listed}
            if unknown := sorted(set(self.budget.cheaper) - names):
                known = ", ".join(sorted(names))
                raise ValueError(f"budget.cheaper names '{unknown[0]}', which is no endpoint: there are {known}")
            if not any(endpoint.price.of(TYPICAL) for endpoint in self.listed):
                raise ValueError("has a budget, and no endpoint has a price: nothing would ever be spent")
        return self

    @property
    def dear(self) -> frozenset[str]:
        """Names of the endpoints that are not asked any more when the budget is spent."""
        if self.budget is None:
            return frozenset()
        costs = {endpoint.name: endpoint.price.of(TYPICAL) for endpoint in self.listed}
        if self.budget.then == "knowledge":
            return frozenset(costs)
        cheap = self.budget.cheaper or [name for name, cost in costs.items() if cost < max(costs.values())]
        return frozenset(costs) - frozenset(cheap)

    def thinks(self, endpoint: Endpoint) -> Thinking:
        """How an endpoint is asked."""
        return endpoint.thinking or self.thinking

    @property
    def listed(self) -> tuple[Endpoint, ...]:
        """The endpoints, also where it is one. That one has the name `model`."""
        if self.endpoints:
            return self.endpoints
        fields = {key: getattr(self, key) for key in _ONE if key != "prices"}
        return (
            Endpoint.model_construct(name="model", dialect=self.dialect, price=self.prices, thinking=None,
                                     concurrency=4096, weight=None, place={}, temperature=None, max_tokens=None,
                                     **fields),
        )  # fmt: skip

    @property
    def model_name(self) -> str:
        """Of whoever answers first: for the label that a page must show."""
        return self.listed[0].model if self.listed else ""
