"""A config's list of endpoints: what may stand there, what is refused, and which of them a machine may use."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.cli import main
from pipeline.config import at_machine, read_config
from pipeline.errors import ConfigError
from pipeline.facts import Fact, Facts
from stages.reply import deepseek
from stages.reply._prices import Peak, Prices
from stages.reply._settings import Endpoint, Settings
from stages.reply._usage import Usage
from tests.test_pipeline_config import STUBS, problems

TWO = "{name: hall, base_url: 'http://hall:8000', model: m, dialect: vllm}, {name: cloud, model: deepseek-flash}"


def config(endpoints: str, more: str = "") -> str:
    return STUBS.replace("engine: benchmarks.stubs.reply", f"engine: deepseek, endpoints: [{endpoints}]{more}")


def settings(*endpoints: Endpoint, **more: object) -> Settings:
    return Settings.model_validate({"endpoints": endpoints} | more)


def end(name: str, **fields: object) -> Endpoint:
    return Endpoint.model_validate({"name": name, "base_url": "http://a:1", "model": "m"} | fields)


def test_a_list_of_endpoints_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config(TWO), encoding="utf-8")
    found = read_config(path).stages["reply"].settings
    assert isinstance(found, Settings)
    assert [endpoint.name for endpoint in found.listed] == ["hall", "cloud"]
    assert found.model_name == "m"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (config(TWO, ", model: m"), "reply: has endpoints, and model besides"),
        (config(TWO.replace("cloud", "hall")), "two endpoints named 'hall'"),
        (config(TWO.replace("base_url: 'http://hall:8000', ", "")), "reply.endpoints.0: needs base_url"),
        (config(TWO.replace("model: m", "modell: m")), "reply.endpoints.0.modell: unknown key; did you mean 'model'?"),
        (config(TWO.replace("model: m", "model: m, api_key: sk-1")), "reply.endpoints.0.api_key: a key must not stand"),
        *((config(TWO.replace("model: m", f"model: m, {free}")), f"reply.endpoints.0.{key}: a key must not stand")
          for free, key in (
              ("headers: {Authorization: Bearer sk-1}", "headers.Authorization"),
              ("headers: {X-Site: lobby, api-key: sk-1}", "headers.api-key"),
              ("headers: {X-Gateway: Bearer sk-1}", "headers.X-Gateway"),
              ("extra: {api_key: sk-1}", "extra.api_key"),
              ("extra: {auth: [{accessToken: sk-1}]}", "extra.auth.0.accessToken"),
          )),
        (config("", ", base_url: 'http://h', model: m, headers: {x-api-key: sk-1}").replace(", endpoints: []", ""),
         "reply.headers.x-api-key: a key must not stand"),
        (config(TWO, ", tools: [{name: t, kind: mcp, command: [t], env: {MUSEUM_TOKEN: sk-1}}]"),
         "reply.tools.0.env.MUSEUM_TOKEN: a key must not stand"),
        *((config(TWO.replace("model: m", f"model: m, api_key: '{key}'")), "endpoints.0.api_key: a key must not stand")
          for key in ("${NOPE:-sk-1}", "${PATH:-sk-1}")),
        (config(TWO.replace("model: m", "model: m, headers: {Authorization: 'Bearer ${NOPE:-sk-1}'}")),
         "reply.endpoints.0.headers.Authorization: a key must not stand"),
        (config(TWO.replace("http://hall:8000", "http://hall:8000/v1/chat/completions/")),
         "reply.endpoints.0.base_url: leave /chat/completions out: http://hall:8000/v1"),
        (config("", ", base_url: 'http://h/v1/chat/completions', model: m").replace(", endpoints: []", ""),
         "reply.base_url: leave /chat/completions out"),
        (config(TWO.replace("model: m", "model: m, extra: {messages: [], seed: 1}")),
         "reply.endpoints.0.extra: may not hold messages"),
        (config("", ", base_url: 'http://h', model: m, extra: {stream: false}").replace(", endpoints: []", ""),
         "reply.extra: may not hold stream"),
        (config(TWO.replace("dialect: vllm", "dialect: vlm")), "reply.endpoints.0.dialect"),
        (config(TWO.replace("model: m", "model: m, place: {acrh: x}")), "reply.endpoints.0.place"),
        (config(TWO, ", answer_within: 5"), "reply.answer_within: 5 s are more than a first sentence may take: 4 s"),
        (config(TWO.replace("m, ", "m, first_token_seconds: 3.4, ", 1)), "reply.endpoints.0.first_token_seconds"),
        (config(TWO.replace("m, ", "m, price: {peak: {hours: ['9-12']}}, ", 1)), "should be like 09:00-12:00"),
        (config(TWO.replace("m, ", "m, price: {peak: {hours: [], timezone: X}}, ", 1)), "time zone"),
        (STUBS.replace("engine: benchmarks.stubs.reply", "engine: deepseek"), "reply: needs base_url and model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, text: str, told: str) -> None:
    found = problems(tmp_path, text)
    assert any(told in problem for problem in found), found
    assert not any("sk-1" in problem for problem in found)


@pytest.mark.parametrize(("written", "meant"), [("off", "off"), ("on", "on"), ("auto", "auto"), ("'off'", "off")])
def test_thinking_needs_no_quotes(tmp_path: Path, written: str, meant: str) -> None:
    path = tmp_path / "config.yaml"
    own = TWO.replace("model: m", f"model: m, thinking: {written}")
    path.write_text(config(own, f", thinking: {written}"), encoding="utf-8")
    found = read_config(path).stages["reply"].settings
    assert isinstance(found, Settings)
    assert [found.thinking, *map(found.thinks, found.listed)] == [meant] * 3


def test_a_key_s_default_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config(TWO.replace("model: m", "model: m, api_key: '${NOPE:-}'")), encoding="utf-8")
    assert isinstance(read_config(path).stages["reply"].settings, Settings)


def test_keys_from_the_environment_and_what_only_sounds_like_one_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "sk-123456789")
    free = (
        "headers: {Authorization: 'Bearer ${GATEWAY_KEY}', X-Site: lobby}, "
        "extra: {prompt_cache_key: hall, stop_token: x, user: '${GATEWAY_KEY}', max_tokens: 5, logprobs: false}"
    )
    path = tmp_path / "config.yaml"
    path.write_text(config(TWO.replace("model: m", f"model: m, {free}")), encoding="utf-8")
    whole = read_config(path)
    found = whole.stages["reply"].settings
    assert isinstance(found, Settings)
    assert found.endpoints[0].headers["Authorization"] == "Bearer sk-123456789"
    assert "sk-123456789" not in str(whole.source)


def test_the_parts_must_fit_into_the_whole() -> None:
    assert deepseek.parts(settings(end("a", first_token_seconds=1.7), end("b", first_token_seconds=1.8))) == []
    ((keys, text),) = deepseek.parts(settings(end("a", first_token_seconds=1.7), end("b", first_token_seconds=1.9)))
    assert keys == ("endpoints", 1, "first_token_seconds")
    assert "3.6 s" in text
    wide = settings(end("a", first_token_seconds=1.7), end("b", first_token_seconds=1.9), answer_within=5)
    assert deepseek.parts(wide) == []


def test_endpoints_of_different_places_are_not_added_up() -> None:
    east = end("a", first_token_seconds=3, place={"label.hall": "east"})
    west = end("b", first_token_seconds=3, place={"label.hall": ["west", "north"]})
    assert deepseek.parts(settings(east, west)) == []
    both = end("c", first_token_seconds=1)
    assert deepseek.parts(settings(east, west, both))


def test_a_machine_gets_the_endpoints_of_its_place() -> None:
    chosen = settings(end("a", place={"label.hall": "east"}), end("b"), end("c", place={"label.hall": "west"}))
    east = Facts({"label.hall": Fact("east", "told")})
    assert [endpoint.name for endpoint in deepseek.here(chosen, east).endpoints] == ["a", "b"]
    with pytest.raises(ConfigError, match=r"no endpoint.*needs label.hall west.*endpoints-elsewhere"):
        deepseek.here(settings(end("c", place={"label.hall": "west"})), east)
    alone = Settings(base_url="http://a:1", model="m")
    assert deepseek.here(alone, east) == alone


def test_a_node_reads_a_config_as_it_is_for_its_machine(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config(TWO.replace("model: m", "model: m, place: {label.hall: west}")), encoding="utf-8")
    whole = read_config(path)
    there = at_machine(whole, lambda: Facts({"label.hall": Fact("east", "told")}))
    chosen = there.stages["reply"].settings
    assert isinstance(chosen, Settings)
    assert [endpoint.name for endpoint in chosen.listed] == ["cloud"]
    assert there.stages["speech"] == whole.stages["speech"]


@pytest.mark.parametrize(
    ("words", "code"),
    [([], "endpoints-elsewhere"), (["--label", "hall=east"], "endpoints-elsewhere"),
     (["--label", "hall"], "label-invalid"), (["--label", "hall=west"], "")],
)  # fmt: skip
def test_a_kiosk_is_told_by_its_label_which_endpoints_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    monkeypatch.setattr("pipeline.serve.run_real", lambda _main: None)
    path = tmp_path / "config.yaml"
    own = "{name: hall, base_url: 'http://hall:8000', model: m, place: {label.hall: west}}"
    path.write_text(config(own), encoding="utf-8")
    assert main(["serve", str(path), *words]) == (2 if code else 0)
    assert code in capsys.readouterr().err


def test_neighbours_with_a_weight_are_of_one_rank() -> None:
    listed = [end("a", weight=3), end("b", weight=1), end("c"), end("d", weight=1), end("e", weight=2)]
    assert [plan.rank for plan in deepseek.plans(settings(*listed))] == [0, 0, 1, 2, 2]


def test_one_server_is_named_by_its_model() -> None:
    (plan,) = deepseek.plans(Settings(base_url="http://a:1", model="m"))
    assert (plan.by, plan.rank, plan.thinking, plan.can_rest) == ("m", 0, "off", True)
    (plan,) = deepseek.plans(settings(end("a", dialect="openai", thinking="on")))
    assert (plan.by, plan.thinking, plan.can_rest) == ("a/m", "on", False)


def test_peak_hours_are_the_endpoints_own() -> None:
    peak = Peak(hours=("09:00-12:00", "14:00-18:00"))
    assert [peak.covers(0, hour) for hour in (8.9, 9.0, 11.99, 12.0, 15.0)] == [False, True, True, False, True]
    assert not peak.covers(5, 10.0)


def test_a_price_counts_what_the_cache_had(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = Prices(input=1, cached=0.02, output=4, peak=Peak(hours=("09:00-12:00",)))
    plan = deepseek.plans(settings(end("a", price=prices)))[0]
    monkeypatch.setattr(deepseek, "there", lambda _zone: (0, 13.0))
    assert plan.cost(Usage(1_000_000, 500_000, 1_000_000)) == pytest.approx(0.5 + 0.01 + 4)
    monkeypatch.setattr(deepseek, "there", lambda _zone: (0, 10.0))
    assert plan.cost(Usage(1_000_000, 500_000, 1_000_000)) == pytest.approx(2 * 4.51)


def test_a_broken_setting_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(base_url="http://a:1")
