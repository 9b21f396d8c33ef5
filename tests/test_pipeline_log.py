"""The log is one line an event, whatever it holds; a visitor's words are in it only where that was asked for."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.log import IDS, Human, Json, parse, setup


@pytest.fixture(autouse=True)
def logger() -> Iterator[logging.Logger]:
    """A logger of the project; the root logger is left as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield logging.getLogger("pipeline.stage")
    root.handlers[:] = handlers
    root.setLevel(level)


def record(message: object, *args: object) -> logging.LogRecord:
    made = logging.LogRecord("pipeline.stage", logging.INFO, "stage.py", 1, message, args, None)
    made.created = 1_764_030_135.25
    return made


def told(message: object, *args: object) -> dict[str, Any]:
    """What the JSON line says, but for time and level."""
    line = json.loads(Json().format(record(message, *args)))
    return {key: value for key, value in line.items() if key not in {"time", "level"}}


def test_a_line_for_people_has_time_level_and_event() -> None:
    line = Human().format(record("transcript.done session=%s turn=%d ms=%.1f", "a1", 3, 41.25))
    assert line[2:3] + line[5:6] == "::"
    assert line[8:] == " INFO    transcript.done session=a1 turn=3 ms=41.2"


def test_a_line_for_machines_has_fields_with_numbers_as_numbers() -> None:
    line = Json().format(record("transcript.done session=%s turn=%d ms=%.1f", "a1", 3, 41.25))
    assert json.loads(line) == {
        "time": "2025-11-25T00:22:15.250+00:00", "level": "info", "event": "transcript.done",
        "session": "a1", "turn": 3, "ms": 41.2,
    }  # fmt: skip


def test_words_after_the_pairs_are_text() -> None:
    expected = {"event": "bus.away", "link": "k-1", "broker": "mqtt://hall:1883", "text": "no route: retry=never"}
    assert told("bus.away link=k-1 broker=mqtt://hall:1883: no route: retry=never") == expected
    failed = "reply.failed engine=deepseek code=server-busy the server at http://gpu/v1 is busy: wait"
    assert told(failed)["text"] == "the server at http://gpu/v1 is busy: wait"
    assert told("speech.cold engine=espeak it is away [x]: its fallback works")["engine"] == "espeak"


def test_a_quoted_value_is_one_value() -> None:
    expected = {"event": "line.silent", "text_": "Good morning, dear: you", "text": "it will be missing"}
    assert told("line.silent text=%r: it will be missing", "Good morning, dear: you") == expected


def test_an_id_of_digits_alone_stays_text() -> None:
    line = told("cues.done session=%s cause=%s attempt=%d", "314159265358", "2718281828459045", 2)
    assert (line["session"], line["cause"], line["attempt"]) == ("314159265358", "2718281828459045", 2)


def test_what_is_no_plain_number_stays_text() -> None:
    values = ["007", "1e999", "nan", "-", "1.", "12345678901234567890", "٣", "True"]
    assert [told(f"x.y a={value}")["a"] for value in values] == values
    assert [told(f"x.y a={value}")["a"] for value in ("-3", "0.5")] == [-3, 0.5]


def test_no_pair_can_pose_as_the_time_or_the_event() -> None:
    line = json.loads(Json().format(record("x.y time=never event=z.z level=none")))
    assert (line["event"], line["event_"], line["time_"], line["level_"]) == ("x.y", "z.z", "never", "none")
    assert line["time"].startswith("2025-")


def test_a_key_that_comes_twice_counts_once() -> None:
    assert told("x.y a=1 a=2") == {"event": "x.y", "a": 1, "text": "a=2"}


def test_what_others_log_is_text_under_their_name() -> None:
    assert told("Task was destroyed but it is pending!") == {
        "event": "pipeline.stage",
        "text": "Task was destroyed but it is pending!",
    }


def test_a_call_with_the_wrong_arguments_still_says_what_it_can() -> None:
    assert told("x.y turn=%d", "three")["event"] == "x.y"
    assert "x.y" in Human().format(record("x.y %s %s", 1))


@given(st.text() | st.from_regex(r"[a-z]+\.[a-z]+( [a-z]+=('[^']*'|[^ ]*)){0,4}(: .*)?"))
def test_whatever_a_message_holds_it_is_one_line_of_valid_json(message: str) -> None:
    line = Json().format(record(message))
    assert len(line.splitlines()) == 1
    fields = json.loads(line, parse_constant=pytest.fail)
    assert {"time", "level", "event"} <= fields.keys()


@given(st.text())
def test_whatever_a_message_holds_it_is_one_line_for_people_without_orders_to_their_terminal(message: str) -> None:
    line = Human().format(record(message))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


KEYS = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True).filter(lambda key: key not in IDS)
VALUES = st.integers(-(10**14), 10**14) | st.from_regex(r"[a-z][a-z0-9/.-]*[a-z0-9]", fullmatch=True)


@given(st.dictionaries(KEYS, VALUES))
def test_pairs_come_out_as_they_went_in(fields: dict[str, int | str]) -> None:
    line = " ".join(["reply.done", *(f"{key}={value}" for key, value in fields.items())])
    assert parse(line) == ("reply.done", fields, "")
    assert parse(f"{line}: and more") == ("reply.done", fields, "and more")


def raised() -> logging.LogRecord:
    made = record("reply.crashed engine=%s", "mine")
    try:
        raise ValueError("no\nway")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_traceback_is_on_the_same_line_for_machines() -> None:
    line = Json().format(raised())
    assert "\n" not in line
    text = json.loads(line)["text"]
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: no\nway")


def test_a_traceback_stands_below_the_line_for_people() -> None:
    first, second, *_, last = Human().format(raised()).split("\n")
    assert (first[8:], second) == (" INFO    reply.crashed engine=mine", "Traceback (most recent call last):")
    assert last == "way"


def test_an_exception_that_has_none_adds_nothing() -> None:
    made = record("x.y")
    made.exc_info = (None, None, None)
    assert Human().format(made)[8:] == " INFO    x.y"


def test_setup_logs_to_stderr_from_a_level_on(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    setup("warning", "json", words=False)
    logger.info("x.y")
    logger.warning("x.z")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["x.z"]


def test_setup_twice_logs_once(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    setup("info", "json", words=False)
    setup("info", "human", words=False)
    logger.info("x.y")
    assert capsys.readouterr().err[8:] == " INFO    x.y\n"


@pytest.mark.parametrize("words", [True, False])
def test_what_a_visitor_says_is_logged_only_where_asked_for(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str], *, words: bool
) -> None:
    setup("info", "human", words=words)
    logger.info("transcript.heard turn=1: 我想问一下", extra={"words": True})
    logger.info("transcript.done turn=1")
    said = capsys.readouterr().err
    assert ("我想问一下" in said) is words
    assert "transcript.done" in said
