"""The sentences that the demo model is to know: questions, the visit, and the known answers."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KNOWLEDGE = ROOT / "configs/knowledge/museum"
VISIT = ROOT / "configs/visits/museum/visit.yaml"
KNOWN_ANSWERS = Path(__file__).with_name("known_answers.yaml")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """A sentence to know."""

    language: str
    text: str


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def split(answer: str) -> list[str]:
    """The sentences of an answer, as the reply stage cuts them."""
    return [part.strip() for part in re.findall(r"[^.!?。！？]+[.!?。！？]+", answer)]


def questions() -> list[Text]:
    """All phrasings of the knowledge base, and what the visitor of the demo says."""
    found = [
        Text(language, question)
        for language in LANGUAGES
        for entry in _read(KNOWLEDGE / f"faq.{language}.yaml")["entries"]
        for question in entry["questions"]
    ]
    found += [Text(turn["language"], turn["says"]) for turn in _read(VISIT)["turns"] if "says" in turn]
    return sorted(set(found))


def known_answers() -> list[Text]:
    """The sentences of the answers listed in `known_answers.yaml`."""
    known = _read(KNOWN_ANSWERS)
    found = []
    for language in LANGUAGES:
        answers = {entry["id"]: entry["answer"] for entry in _read(KNOWLEDGE / f"faq.{language}.yaml")["entries"]}
        found += [Text(language, sentence) for name in known[language] for sentence in split(answers[name])]
    return sorted(set(found))


@cache
def all_texts() -> tuple[Text, ...]:
    """Everything that the model is trained on and measured with."""
    return tuple(sorted({*questions(), *known_answers()}))


@cache
def pieces() -> dict[str, list[str]]:
    """Words and runs of 1-3 Chinese characters: mixed at random, they teach the model to listen, not to guess."""
    found: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for text in all_texts():
        if text.language == "en":
            found["en"].update(re.findall(r"[A-Za-z']+", text.text))
        else:
            for run in re.findall(r"[一-鿿]+", text.text):
                found["zh"].update(run[at : at + size] for size in (2, 3) for at in range(0, len(run), size))
    return {language: sorted(found[language]) for language in LANGUAGES}
