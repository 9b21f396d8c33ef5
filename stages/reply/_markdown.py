"""Entries from a Markdown file: each `##` section is one, its heading the question, its first paragraphs the answer."""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.envelope import Language
from stages.reply._entries import Entry, Found, Known, language_of

_LANGUAGES: dict[str, Language] = {"zh": "zh", "en": "en"}
MOST = 400
"""Characters of an answer; a paragraph that begins beyond it is left out, since nobody listens longer."""
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_ANCHOR = re.compile(r"\s*\{#([\w-]+)\}\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_NOT_PROSE = re.compile(r"^\s*(\||<|-{3,}\s*$|\*{3,}\s*$|!\[[^\]]*\]\([^)]*\)\s*$)")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_INLINE = (
    (re.compile(r"<!--.*?-->|<[a-zA-Z/][^>]*>", re.DOTALL), ""),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)|\[\^[^\]]+\]"), ""),
    (re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])"), r"\1"),
    (re.compile(r"(`+)(.+?)\1"), r"\2"),
    (re.compile(r"(?<!\\)(\*\*\*|\*\*|\*|~~)(?=\S)(.+?)(?<=\S)(?<!\\)\1"), r"\2"),
    (re.compile(r"(?<![\w\\])(__|_)(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!~|>-])"), r"\1"),
)


@dataclass
class _Section:
    heading: str
    line: int
    paragraphs: list[str] = field(default_factory=list)


def read_markdown(path: Path) -> Found:
    """The entries of `name.zh.md`, `name.en.md` or `name.md` (its language is then read from the text)."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return Found(problems=(f"{path.name}:1: this is not UTF-8 (byte {error.start}); save the file as UTF-8",))
    name, _, suffix = path.name[: -len(path.suffix)].rpartition(".")
    language = _LANGUAGES.get(suffix)
    if language is None:
        name, language = path.stem, language_of(text)
    sections = _sections(text)
    if not sections:
        return Found(problems=(f"{path.name}:1: no section here: write '## Question?' and the answer below it",))
    known, problems = [], []
    for section in sections:
        item = _entry(path, name, language, section)
        if isinstance(item, Known):
            known.append(item)
        else:
            problems.append(item)
    return Found(known=tuple(known), problems=tuple(problems))


def plain(markdown: str) -> str:
    """One paragraph as it is spoken: no marks, links by their text, entities decoded, on one line."""
    for pattern, into in _INLINE:
        markdown = pattern.sub(into, markdown)
    text = html.unescape(markdown)
    text = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])", "", text)
    return " ".join(text.split())


def slug(heading: str) -> str:
    """`Where is it?` is `where-is-it`; ideographs stay."""
    return "-".join(re.findall(r"\w+", heading.lower()))


def _entry(path: Path, name: str, language: Language, section: _Section) -> Known | str:
    where = f"{path.name}:{section.line}"
    anchor = _ANCHOR.search(section.heading)
    question = plain(_ANCHOR.sub("", section.heading))
    if not slug(question):
        return f"{where}: this section has no heading; write the question after '##'"
    answer = _answer(section.paragraphs, language)
    if not answer:
        return f"{where}: nothing to say below '{question}'; write a paragraph there, or take the heading out"
    identity = f"{name}#{anchor[1] if anchor else slug(question)}"
    entry = Entry(id=identity, questions=(question,), answer=answer)
    return Known(entry=entry, language=language, file=path.name, line=section.line)


def _answer(paragraphs: list[str], language: Language) -> str:
    between, stop = ("", "。") if language == "zh" else (" ", ".")
    answer = ""
    for text in filter(None, map(plain, paragraphs)):
        if answer and len(answer) + len(text) > MOST:
            break
        answer += (between if answer else "") + text
        answer += "" if answer.endswith((*"。！？…：.!?:", "”", '"')) else stop
    return answer


def _sections(text: str) -> list[_Section]:
    """Prose before the first `##`, and below a deeper heading, belongs to nobody."""
    sections: list[_Section] = []
    inside = fenced = False
    blank = True
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced, blank = not fenced, True
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading:
            inside = len(heading[1]) == 2
            blank = True
            if inside:
                sections.append(_Section(heading[2], number))
        elif fenced or not line.strip() or _NOT_PROSE.match(line):
            blank = True
        elif inside:
            bullet = _BULLET.match(line)
            _add(sections[-1].paragraphs, _BULLET.sub("", line), new=blank or bullet is not None)
            blank = False
    return sections


def _add(paragraphs: list[str], line: str, *, new: bool) -> None:
    if new:
        paragraphs.append(line.strip().removeprefix("> "))
    else:
        paragraphs[-1] += "\n" + line.strip().removeprefix("> ")
