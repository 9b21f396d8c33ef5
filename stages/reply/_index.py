"""The index over a folder's entries: SQLite FTS5 finds candidates, an idf-weighted overlap both ways decides."""

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from stages.reply._entries import Entry
from stages.reply._words import tokens, trigrams, weight

CANDIDATES = 16
"""Entries that FTS5 hands on to the score."""
TERMS, FEW, COMMON = 12, 3, 100
"""FTS5 looks for the question's rarest tokens, and after the first few only for those of at most `COMMON` entries."""
ASKED_SHARE = 0.8
"""Exponent of the question's coverage; the entry's has the rest. All constants here: tests/data/retrieval.yaml."""
ELSEWHERE, IN_ANSWER = 0.8, 0.2
"""What a word counts that stands in another question of the entry, or only in its answer."""
MISHEARD, ALIKE = 0.8, 0.45
"""What a misheard word counts at most, and the Dice coefficient of trigrams from which words are taken for alike."""
UNKNOWN = 0.8
"""What a word that no question knows weighs, against 1 for the rarest known one."""
Asked = list[tuple[dict[str, float], float]]
"""For each token of a question: the known tokens it may stand for, with their certainty, and its weight."""


class _Document:
    """An entry, ready to be scored. Its tokens are dicts: unlike a set's, their order is the same in every run."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.questions = [dict.fromkeys(tokens(question)) for question in entry.questions]
        self.all_questions = dict.fromkeys(token for question in self.questions for token in question)
        self.answer = frozenset(tokens(entry.answer))


class Index:
    """The entries of one language, in memory. May be asked from several threads."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._documents = [_Document(entry) for entry in entries]
        counts = Counter(token for document in self._documents for token in document.all_questions)
        self._counts = counts
        total = len(entries)
        self._weights = {token: weight(token) * _idf(count, total) / _idf(0, total) for token, count in counts.items()}
        self._terms = {token: f"t{number}" for number, token in enumerate(counts)}
        self._by_trigram: dict[str, list[str]] = {}
        for token in counts:
            for trigram in trigrams(token) if token.isascii() else ():
                self._by_trigram.setdefault(trigram, []).append(token)
        self._lock = Lock()
        self._table = sqlite3.connect(":memory:", check_same_thread=False)
        self._table.execute("CREATE VIRTUAL TABLE entry USING fts5(terms, detail = none)")
        rows = [
            (at, " ".join(self._terms[token] for token in document.all_questions))
            for at, document in enumerate(self._documents)
        ]
        self._table.executemany("INSERT INTO entry (rowid, terms) VALUES (?, ?)", rows)

    def best(self, question: str) -> tuple[Entry, float] | None:
        """The entry that answers best, and how sure that is, 0..1. None when nothing is alike."""
        return next(iter(self.ranked(question)), None)

    def ranked(self, question: str) -> list[tuple[Entry, float]]:
        """The entries that may answer, the best first, and how sure each is, 0..1."""
        asked = self._asked(question)
        scores = sorted((-self._score(asked, self._documents[at]), at) for at in self._candidates(asked))
        return [(self._documents[at].entry, -score) for score, at in scores]

    def _asked(self, question: str) -> Asked:
        asked: Asked = []
        for token in dict.fromkeys(tokens(question)):
            if token in self._counts:
                asked.append(({token: 1.0}, self._weights[token]))
            else:
                asked.append(({token: 1.0, **self._alike(token)}, weight(token) * UNKNOWN))
        return asked

    def _alike(self, word: str) -> dict[str, float]:
        """Known words that a misheard one may stand for. Dice coefficient over letter trigrams (Adamson 1974)."""
        if not word.isascii() or len(word) < 3:
            return {}
        mine = trigrams(word)
        shared = Counter(known for trigram in mine for known in self._by_trigram.get(trigram, ()))
        alike = {known: 2 * count / (len(mine) + len(known)) for known, count in shared.items()}
        return {known: MISHEARD * dice for known, dice in alike.items() if dice >= ALIKE}

    def _candidates(self, asked: Asked) -> list[int]:
        known = {term for stands_for, _ in asked for term in stands_for if term in self._terms}
        rarest = sorted(known, key=lambda term: (self._counts[term], term))[:TERMS]
        terms = [term for at, term in enumerate(rarest) if at < FEW or self._counts[term] <= COMMON]
        if not terms:
            return []
        wanted = " OR ".join(self._terms[term] for term in terms)
        with self._lock:
            rows: Iterable[tuple[int]] = self._table.execute(
                "SELECT rowid FROM entry WHERE entry MATCH ? ORDER BY bm25(entry), rowid LIMIT ?", (wanted, CANDIDATES)
            ).fetchall()
        return [at for (at,) in rows]

    def _score(self, asked: Asked, document: _Document) -> float:
        return max(self._against(asked, document, question) for question in document.questions)

    def _against(self, asked: Asked, document: _Document, question: dict[str, None]) -> float:
        whole = covered = 0.0
        met: dict[str, float] = {}
        for stands_for, heavy in asked:
            best = 0.0
            for term, sure in stands_for.items():
                if term in question:
                    met[term] = max(met.get(term, 0.0), sure)
                    best = max(best, sure)
                elif term in document.all_questions:
                    best = max(best, sure * ELSEWHERE)
                elif term in document.answer:
                    best = max(best, sure * IN_ANSWER)
            whole += heavy
            covered += heavy * best
        theirs = sum(self._weights[term] for term in question)
        mine = sum(self._weights[term] * sure for term, sure in met.items())
        if not whole or not theirs:
            return 0.0
        return float((covered / whole) ** ASKED_SHARE * (mine / theirs) ** (1 - ASKED_SHARE))


def _idf(count: int, total: int) -> float:
    """Robertson and Spärck Jones' weight as BM25 uses it, never negative."""
    return math.log(1 + (total - count + 0.5) / (count + 0.5))
