"""Limits of turn taking that contradict each other."""

import pytest
from pydantic import ValidationError

from stages.turn._settings import Settings


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"end_ms": 200}, "pause_ms <= end_complete_ms <= end_ms"),
        ({"barge_in_ms": 200}, "a cough would stop the avatar"),
        ({"off": 0.6}, "off must not be above on"),
        ({"max_seconds": 2.0, "end_trailing_ms": 1900}, "max_seconds must hold"),
        ({"patience": 3}, "patience"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings.model_validate(wrong)
