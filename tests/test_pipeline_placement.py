"""A stage runs where its `place:` fits, and whoever wonders why it does not is told in plain words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.facts import NAMES, NUMBERS, Fact, Facts, labels, read_facts
from pipeline.placement import Wanted, misfits, nowhere, problems

MACHINE = Facts(
    {
        "arch": Fact("aarch64", "the kernel says aarch64"),
        "cpu": Fact("kunpeng", "CPU implementer 0x48, part 0xd01 in /proc/cpuinfo"),
        "cores": Fact(8, "8 cores that this process may run on"),
        "memory_mb": Fact(16000, "MemTotal in /proc/meminfo"),
        "npu": Fact("ascend", "/dev/davinci0 and /dev/davinci_manager"),
        "npu_count": Fact(2, "/dev/davinci0 and /dev/davinci_manager"),
        "npu_model": Fact("310P3", "npu-smi info"),
        "gpu": Fact("none", "no /dev/nvidia0 or higher"),
        "gpu_count": Fact(0, "no /dev/nvidia0 or higher"),
    }
).overridden({"hall": "East", "floor": "3", "spare": "no", "role": "edge"})

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"\s*[<>=]{0,2}\s*[0-9.]{0,25}")
)
PLACES = st.dictionaries(
    st.sampled_from(NAMES) | st.text() | st.from_regex(r"\Alabel\.\w*\Z"), VALUES | st.lists(VALUES, max_size=3)
)
FACTS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(), st.builds(Fact, st.text() | st.integers(), st.just("made up"))
)


def fits(**place: Wanted) -> bool:
    return misfits({name.replace("__", "."): wanted for name, wanted in place.items()}, MACHINE) == []


def test_a_stage_without_conditions_runs_anywhere() -> None:
    assert misfits({}, Facts({})) == []


def test_words_are_equal_whatever_their_case() -> None:
    assert fits(arch="aarch64", npu="Ascend", npu_model="310p3", label__hall="EAST", role="edge")
    assert not fits(npu="asc")


def test_an_architecture_is_known_by_its_other_name() -> None:
    assert fits(arch="arm64")
    assert not fits(arch="amd64")


def test_a_number_is_equal_to_the_same_word() -> None:
    assert fits(label__floor=3)


def test_of_a_list_any_will_do() -> None:
    assert fits(npu_model=["910B4", "310P3"], npu=["none", "ascend"], cores=["<2", 8])
    assert not fits(npu_model=["910B3", "910B4"])
    assert not fits(npu_model=[])


@pytest.mark.parametrize("wanted", [">=8", "> 7", "<=8", "<9", "=8", "8", " 4 ", 8, 4, 0])
def test_numbers_that_compare_are_met(wanted: str | int) -> None:
    assert fits(cores=wanted)


@pytest.mark.parametrize("wanted", [">=9", ">8", "<=7", "<8", "=7", "9", 9, "many", "8 cores", ">=", "==8", ""])
def test_numbers_that_do_not_compare_are_not_met(wanted: str | int) -> None:
    assert not fits(cores=wanted)


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_comparisons_mean_what_they_say(value: int, number: int) -> None:
    facts = Facts({"memory_mb": Fact(value, "counted")})
    met = {sign for sign in (">=", ">", "<=", "<", "=") if not misfits({"memory_mb": f"{sign}{number}"}, facts)}
    expected = {">=": value >= number, ">": value > number, "<=": value <= number, "<": value < number}
    assert met == {sign for sign, holds in {**expected, "=": value == number}.items() if holds}
    assert (misfits({"memory_mb": number}, facts) == []) is (value >= number)


def test_false_and_none_mean_that_it_is_absent() -> None:
    assert fits(gpu=False, gpu_count=False, label__spare="none", label__nobody=False)
    assert fits(gpu="none", gpu_count="None")
    assert not fits(npu=False)
    assert not fits(npu_count="none")


def test_true_means_that_it_is_there() -> None:
    assert fits(npu=True, npu_count=True, label__hall=True)
    assert not fits(gpu=True)
    assert not fits(label__spare=True)
    assert not fits(label__nobody=True)


def test_each_unmet_condition_is_one_sentence_with_what_is_there_and_how_that_is_known() -> None:
    place: dict[str, Wanted] = {"cpu": ["intel", "amd"], "cores": 16, "gpu": True, "npu": False, "label.wing": "b"}
    assert misfits({**place, "arch": "aarch64"}, MACHINE) == [
        "needs cpu intel or amd; here it is kunpeng (CPU implementer 0x48, part 0xd01 in /proc/cpuinfo)",
        "needs cores >=16; here it is 8 (8 cores that this process may run on)",
        "needs gpu of any kind; here it is none (no /dev/nvidia0 or higher)",
        "needs npu none; here it is ascend (/dev/davinci0 and /dev/davinci_manager)",
        "needs label.wing b; nothing says what it is here, --label wing=VALUE would",
    ]


def test_a_number_that_came_as_a_word_meets_nothing_and_breaks_nothing() -> None:
    assert len(misfits({"cores": ">=1"}, Facts({"cores": Fact("lots", "a hand-made file")}))) == 1


@given(PLACES, FACTS)
def test_any_place_on_any_machine_is_answered(place: dict[str, Any], named: dict[str, Fact]) -> None:
    missing = misfits(place, Facts(named))
    assert len(missing) <= len(place)
    assert all(sentence.startswith("needs ") for sentence in missing)


@given(PLACES)
def test_any_place_is_checked(place: dict[str, Any]) -> None:
    assert len(problems(place)) <= len(place)


@given(st.sampled_from(NUMBERS), st.text())
def test_a_comparison_is_either_understood_or_a_problem(name: str, text: str) -> None:
    if problems({name: text}):
        assert misfits({name: text}, Facts({name: Fact(1, "counted")}))


def test_a_good_place_has_no_problems() -> None:
    place = {"arch": ["arm64", "x86_64"], "npu": "none", "cores": ">=4", "gpu_count": 1, "label.hall": "东厅"}
    assert problems({**place, "node": "n1", "role": "edge", "gpu": False, "npu_model": True, "label.floor": 3}) == []


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"core": 4}, "core: unknown fact; did you mean 'cores'?"),
        ({"memory": 4}, "memory: unknown fact; did you mean 'memory_mb'?"),
        ({"lable.hall": "east"}, "lable.hall: unknown fact; did you mean 'label.hall'?"),
        ({"hall": "east"}, "A label is written label.hall"),
        ({"label.": "east"}, "label.: unknown fact; did you mean 'label.NAME'?"),
        ({"": "east"}, "unknown fact"),
        ({7: "east"}, "7: unknown fact"),
        ({"cores": "four"}, "cores: 'four' is no comparison; write a whole number, or '>=4', '<8', '=2'"),
        ({"memory_mb": ">=16GB"}, "memory_mb: '>=16GB' is no comparison"),
        ({"cores": [4, "=>8"]}, "cores: '=>8' is no comparison"),
        ({"arch": ">=4"}, "arch: '>=4' compares, and arch is a word"),
        ({"npu": "acsend"}, "npu: no machine says 'acsend'; did you mean 'ascend'?"),
        ({"arch": "aarch46"}, "did you mean 'aarch64'?"),
        ({"os_version": 22.03}, "os_version: 22.03 has lost its digits as a number; write it in quotes"),
        ({"npu": None}, "npu: has no value; for a machine without it write none"),
        ({"npu": []}, "npu: the list is empty, so no machine fits"),
        ({"npu": [["ascend"]]}, "npu: should be a value or a list of values"),
        ({"npu": {"is": "ascend"}}, "npu: should be a value or a list of values"),
    ],
)
def test_what_is_wrong_with_a_place_is_told_with_the_mend(place: dict[str, Any], problem: str) -> None:
    (found,) = problems(place)
    assert problem in found


def test_all_problems_of_a_place_are_told_at_once() -> None:
    assert len(problems({"core": 4, "cores": "four", "npu": None, "arch": "aarch64"})) == 3


def test_a_stage_that_no_node_can_run_is_named_with_each_nodes_reasons() -> None:
    nodes = {"hall": MACHINE, "office": MACHINE.overridden({"npu": "none", "cores": "2"}, how="told")}
    places: dict[str, dict[str, Wanted]] = {
        "reply": {"npu": "none", "cores": 4},
        "speech": {"npu": "ascend"},
        "cues": {},
    }
    assert nowhere(places, nodes) == {
        "reply": [
            "hall: needs npu none; here it is ascend (/dev/davinci0 and /dev/davinci_manager)",
            "office: needs cores >=4; here it is 2 (told)",
        ]
    }


def test_without_nodes_every_stage_is_nowhere() -> None:
    assert nowhere({"cues": {}}, {}) == {"cues": ["there is no node at all"]}


def test_a_node_is_known_by_its_key_unless_it_has_another_name() -> None:
    nodes = {"n1": MACHINE, "file.json": MACHINE.overridden({"node": "n2"})}
    assert nowhere({"reply": {"node": "n1"}, "speech": {"node": "n2"}}, nodes) == {}
    assert nowhere({"reply": {"node": "n3"}}, nodes) == {
        "reply": [
            "n1: needs node n3; here it is n1 (what it is called here)",
            "file.json: needs node n3; here it is n2 (given by --label)",
        ]
    }


def test_a_label_overrides_a_fact_or_makes_its_own() -> None:
    given_labels = labels(["cores=4", "arch=arm64", "hall=东厅", "label.floor = 2", "node=n1", "a=b=c"])
    facts = MACHINE.overridden(given_labels)
    expected = {"cores": 4, "arch": "aarch64", "label.hall": "东厅", "label.floor": "2", "node": "n1", "label.a": "b=c"}
    assert {name: facts.named[name].value for name in expected} == expected
    assert facts.named["cores"].how == "given by --label"
    assert facts.overridden({"role": "edge"}, how="a kiosk").named["role"] == Fact("edge", "a kiosk")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hall"], "--label 'hall': should be name=value, like --label hall=east"),
        (["=east"], "name=value"),
        (["hall="], "name=value"),
        (["label.=x"], "name=value"),
        (["the hall=east"], "name=value"),
        (["hall=\udc80"], "name=value"),
        (["hall=a\nb"], "name=value"),
        (["cores=many"], "--label cores=many: should be a whole number: --label cores=4"),
        (["hall=east", "label.hall=west"], "label.hall is given twice"),
    ],
)
def test_a_malformed_label_is_refused_with_the_mend(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        labels(words)
    assert refused.value.code == "label-invalid"
    assert said in refused.value.text


def test_a_label_that_is_no_number_is_refused_however_it_comes() -> None:
    with pytest.raises(ConfigError) as refused:
        Facts({}).overridden({"npu_count": "-1"})
    assert refused.value.code == "label-invalid"


@given(st.lists(st.text() | st.from_regex(r"\A(label\.)?[a-z_]+ ?= ?.*\Z"), max_size=4))
def test_any_words_are_labels_or_are_refused(words: list[str]) -> None:
    try:
        found = labels(words)
    except ConfigError as error:
        assert error.code == "label-invalid"  # noqa: PT017  most words are refused, some are not
    else:
        facts = Facts({}).overridden(found)
        assert len(facts.named) == len(words)
        assert Facts.from_json(facts.as_json(), "here") == facts


def test_a_file_of_facts_is_read_even_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "edge.json"
    path.write_text(MACHINE.as_json(), encoding="utf-8-sig")
    assert read_facts(path) == MACHINE


BROKEN = [b"", b"[]", b"{", b'{"cores": 4}', b'{"cores": {"value": 1.5, "how": ""}}', b"\xff\xfe", b"[" * 10000, None]


@pytest.mark.parametrize("content", BROKEN)
def test_a_missing_or_broken_file_of_facts_is_refused_with_its_name_and_the_mend(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "edge.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_facts(path)
    assert refused.value.code == "facts-unreadable"
    assert refused.value.text.startswith(f"{path}: ")
    assert "visavis facts --json" in refused.value.text


@given(st.dictionaries(st.text(), st.builds(Fact, st.text() | st.integers(), st.text())))
def test_facts_come_back_from_json_as_they_were(named: dict[str, Fact]) -> None:
    assert Facts.from_json(Facts(named).as_json(), "here") == Facts(named)
