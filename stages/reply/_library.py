"""The knowledge folders that an engine answers from: read once, all that is wrong in them told at once."""

from collections.abc import Callable
from pathlib import Path

from pipeline.envelope import Language
from pipeline.errors import ConfigError, EngineError
from stages.reply._entries import Entry, Found, files_of, joined, language_of
from stages.reply._index import Index
from stages.reply._markdown import read_markdown
from stages.reply._yaml import read_yaml

OTHER: dict[Language, Language] = {"zh": "en", "en": "zh"}
_READERS: dict[str, Callable[[Path], Found]] = {".yaml": read_yaml, ".yml": read_yaml, ".md": read_markdown}


def read_folder(folder: Path) -> Found:
    """The entries of every YAML and Markdown file directly in `folder`."""
    return joined(_READERS[path.suffix.lower()](path) for path in files_of(folder))


def bases(folder: Path) -> dict[str, Path]:
    """The knowledge folders by name: `folder` itself and those in it, as far as they hold entries."""
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []
    return {path.resolve().name: path for path in folders if files_of(path)}


def problems(folder: Path) -> list[str]:
    """One sentence for everything that is wrong, with its `file:line`; empty when the folder can be used."""
    if not folder.is_dir():
        return [f"{folder}: there is no such folder; `folder` names the one with the question and answer files"]
    found = bases(folder)
    if not found:
        return [f"{folder}: no entries here; write a .yaml file with questions and answers, or a .md file"]
    return [f"{path.name}/{problem}" for path in found.values() for problem in _unusable(read_folder(path))]


def _unusable(found: Found) -> tuple[str, ...]:
    return found.problems or (() if found.known else (": no entries in any of its files",))


def suggested(folder: Path, name: str) -> dict[Language, tuple[str, ...]]:
    """The first question of each entry that is to be suggested, by language; of none if the folder cannot be read."""
    found: dict[Language, tuple[str, ...]] = {}
    known = bases(folder)
    chosen = known.get(name) or next(iter(known.values()), None)
    for item in read_folder(chosen).known if chosen else ():
        if item.entry.suggest:
            found[item.language] = (*found.get(item.language, ()), item.entry.questions[0])
    return found


class Base:
    """One folder, indexed by language. Immutable once read."""

    def __init__(self, found: Found) -> None:
        self._entries: dict[Language, dict[str, Entry]] = {}
        for item in found.known:
            self._entries.setdefault(item.language, {})[item.entry.id] = item.entry
        self._indexes = {language: Index(list(known.values())) for language, known in self._entries.items()}

    def find(self, question: str, language: Language, threshold: float) -> tuple[Entry, Language] | None:
        """The entry that answers, in the visitor's language; in the other only where this one has no file.

        A question whose letters are of the other language is looked up there, and answered by the same id here.
        """
        spoken = self._spoken(language)
        for where in dict.fromkeys((spoken, language_of(question))):
            best = self._indexes[where].best(question) if where in self._indexes else None
            if best is not None and best[1] >= threshold:
                entry = self._entries[spoken].get(best[0].id)
                return (entry, spoken) if entry else None
        return None

    def several(self, question: str, language: Language, threshold: float, most: int) -> list[Entry]:
        """At most so many entries that may help a model to answer, the best first; languages as with `find`."""
        spoken = self._spoken(language)
        found: dict[str, Entry] = {}
        for where in dict.fromkeys((spoken, language_of(question))):
            for entry, score in self._indexes[where].ranked(question) if where in self._indexes else ():
                if score >= threshold and entry.id in self._entries[spoken]:
                    found.setdefault(entry.id, self._entries[spoken][entry.id])
            if found:
                break
        return list(found.values())[:most]

    def _spoken(self, language: Language) -> Language:
        return language if language in self._indexes else OTHER[language]


class Library:
    """Every folder below the configured one."""

    def __init__(self, folder: Path) -> None:
        """Read and index all. ConfigError that lists everything that is wrong."""
        wrong = problems(folder)
        if wrong:
            code = "knowledge-invalid" if folder.is_dir() else "knowledge-missing"
            raise ConfigError(code, f"{len(wrong)} in the knowledge folder: " + "; ".join(wrong))
        self._bases = {name: Base(read_folder(path)) for name, path in bases(folder).items()}

    def base(self, name: str) -> Base:
        """The folder of that name; '' is the first (the configured one, where it holds entries itself)."""
        if not name:
            return next(iter(self._bases.values()))
        if name not in self._bases:
            text = f"there is no knowledge folder '{name}'; there are: {', '.join(self._bases)}"
            raise EngineError("knowledge-unknown", text)
        return self._bases[name]
