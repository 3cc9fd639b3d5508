"""Keeps common words from making a keyword search slow: rare ones choose, all of them rank.

As Lucene's CommonTermsQuery: a passage must have one of the rarer words of a query to be looked at,
and the common ones, of which half the passages have some, only raise it. In a small index, or where
all words are rare, nothing is left out.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

SMALL = 20_000  # passages up to which every word may choose
# Passages that are ranked, about 1 µs each. At 100,000 passages of code and its documentation, 80
# queries: 12 ms for 27, and 94 of 100 of the ten best are the same.
BUDGET = 8_000
ENOUGH = 200  # passages that two common words together must leave


class Gate:
    """Writes the FTS5 expression of a query with the words that choose in front.

    Args:
        db: the catalog, whose lock the caller holds.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def expression(self, terms: Sequence[str]) -> tuple[str, int]:
        """An expression for any of ``terms``, and how many times over its BM25 counts each of them.

        Args:
            terms: FTS5 expressions, as often as they weigh.
        """
        times = Counter(terms)
        everything = " OR ".join(times.elements())
        if len(times) < 2 or self._passages() <= SMALL:
            return everything, 1
        counts = {term: self._count(term) for term in times}
        order = sorted(times, key=lambda term: counts[term])
        if sum(counts.values()) <= BUDGET:
            return everything, 1
        choosing, joint = self._choosing(order, counts)
        # What chooses is counted there once already.
        rest = [
            term for term, n in times.items() for _ in range(2 * n - (1 if term in choosing else 0))
        ]
        return f"({joint.join(choosing)}) AND ({' OR '.join(rest)})", 2

    def _choosing(self, order: Sequence[str], counts: dict[str, int]) -> tuple[list[str], str]:
        chosen: list[str] = []
        room = BUDGET
        for term in order:
            room -= counts[term]
            if room < 0:
                break
            if counts[term]:
                chosen.append(term)
        if chosen:
            return chosen, " OR "
        pair = [term for term in order if counts[term]][:2]
        if len(pair) == 2 and self._count(" AND ".join(pair)) >= ENOUGH:
            return pair, " AND "
        return pair[:1], " OR "

    def _passages(self) -> int:
        row = self._db.execute("SELECT coalesce(max(id), 0) FROM passage").fetchone()
        return int(row[0])

    def _count(self, match: str) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM passage_fts WHERE passage_fts MATCH ?", (match,)
        ).fetchone()
        return int(row[0])
