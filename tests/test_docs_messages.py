"""docs/messages.md tells of every message."""

import re
from pathlib import Path

from pipeline.wire import BY_NAME


def test_every_message_stands_in_the_table_once() -> None:
    text = (Path(__file__).parent.parent / "docs" / "messages.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `([A-Z]\w+)` \|", text, re.MULTILINE)
    assert sorted(table) == sorted(BY_NAME)
