"""The outcome of a regression run as JUnit XML: what Jenkins, GitLab and their like show.

Valid against the schemas of Ant (windyroad's) and of Jenkins (junit-10): hence the empty elements, and one failure in
a test case with all that it violates in its text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from pipeline.errors import VisavisError

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SUITE = "visavis.regress"


@dataclass(frozen=True, slots=True)
class Case:
    """One recording."""

    name: str
    seconds: float
    """That its replay and its comparison took."""
    outcome: Literal["held", "violated", "error"]
    kind: str = ""
    """The violated options, or the error's code."""
    message: str = ""
    """One line."""
    text: str = ""
    """All lines."""


def document(cases: Sequence[Case], began: datetime, facts: Mapping[str, str]) -> bytes:
    """The XML, UTF-8. `facts` become properties of the suite. Signs that XML has not are shown as U+FFFD."""
    suite = ET.Element("testsuite", {
        "name": SUITE, "package": SUITE, "id": "0", "hostname": "localhost",
        "timestamp": began.replace(tzinfo=None).isoformat(timespec="seconds"),
        "tests": str(len(cases)),
        "failures": str(sum(case.outcome == "violated" for case in cases)),
        "errors": str(sum(case.outcome == "error" for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    })  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    for case in cases:
        _case(suite, case)
    for stream in ("system-out", "system-err"):
        ET.SubElement(suite, stream)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ET.Element, case: Case) -> None:
    about = {"name": _clean(case.name), "classname": SUITE, "time": f"{case.seconds:.3f}"}
    element = ET.SubElement(suite, "testcase", about)
    if case.outcome != "held":
        what = {"type": _clean(case.kind), "message": _clean(case.message)}
        inner = ET.SubElement(element, "failure" if case.outcome == "violated" else "error", what)
        inner.text = _clean(case.text)


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)


def write(path: Path, content: bytes) -> None:
    """VisavisError `regress-unwritable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise VisavisError(
            "regress-unwritable", f"{path} cannot be written ({error.strerror}); name another file"
        ) from error
