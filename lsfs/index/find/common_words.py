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
# Passages that are ranked, about 2 µs each: so many, and one in SHARE of all. At 100,000 passages,
# 50 queries: of the ten best of all passages with a word, 98 of 100 are found, and always the best.
BUDGET, SHARE = 2_000, 100
# BM25 in FTS5 counts the passages of each word anew for each query, 0.06 µs each: of a query whose
# words stand in more passages than this, the most common rank no more. They say the least.
COUNTED = 200_000
KEPT = 20_000  # frequencies that are remembered
ENOUGH = 200  # passages that two common words together must leave


class Frequencies:
    """In how many passages expressions occur; known as long as the index stays what it is."""

    def __init__(self) -> None:
        self._state: object = None
        self._counts: dict[str, int] = {}
        self._passages = 0

    def at(self, db: sqlite3.Connection, state: object) -> Frequencies:
        """These frequencies, of the present state of the index.

        Args:
            db: the catalog, whose lock the caller holds, also while they are used.
            state: changes whenever the index does.
        """
        if state != self._state or len(self._counts) > KEPT:
            self._state, self._counts = state, {}
            self._passages = db.execute("SELECT count(*) FROM main.passage").fetchone()[0]
        return self

    @property
    def passages(self) -> int:
        """How many there are."""
        return self._passages

    def of(self, db: sqlite3.Connection, match: str) -> int:
        """How many an FTS5 expression matches."""
        if match not in self._counts:
            query = "SELECT count(*) FROM passage_fts WHERE passage_fts MATCH ?"
            self._counts[match] = db.execute(query, (match,)).fetchone()[0]
        return self._counts[match]


class Gate:
    """Writes the FTS5 expressions of a query with the words that choose in front.

    Args:
        db: the catalog, whose lock the caller holds.
        frequencies: of the expressions.
    """

    def __init__(self, db: sqlite3.Connection, frequencies: Frequencies) -> None:
        self._db = db
        self._frequencies = frequencies

    def expressions(self, terms: Sequence[str]) -> list[str]:
        """Expressions for any of ``terms``; the BM25 of a passage is the greatest that one gives.

        One, or two: passages with words that choose, and those of them that have others as well.
        (In one, FTS5 would have to count each word twice.)

        Args:
            terms: FTS5 expressions, as often as they weigh.
        """
        times = Counter(terms)
        everything = [" OR ".join(times.elements())]
        passages = self._frequencies.passages
        budget = BUDGET + passages // SHARE
        if len(times) < 2 or passages <= SMALL:
            return everything
        counts = {term: self._frequencies.of(self._db, term) for term in times}
        if sum(counts.values()) <= budget:
            return everything
        order = sorted(times, key=lambda term: counts[term])
        choosing, joint = self._choosing(order, counts, budget)
        rare = joint.join(term for term in choosing for _ in range(times[term]))
        others = _others(order, counts, choosing)
        if not others:
            return [rare]
        common = " OR ".join(term for term in others for _ in range(times[term]))
        return [rare, f"({rare}) AND ({common})"]

    def wider(self, terms: Sequence[str], width: int) -> tuple[list[str], list[str]]:
        """Expressions that let more words choose, and have all others rank; what does not choose.

        For where filters leave too little of what :meth:`expressions` choose. The words that do not
        choose are the non-essential lists of MaxScore (Turtle and Flood 1995): when those together
        cannot raise a passage to the best that were found, the best are those of all words.

        Args:
            width: so many times as many passages may be ranked.

        Returns:
            No expressions where none, or each, of the words is to choose.
        """
        times = Counter(terms)
        counts = {term: self._frequencies.of(self._db, term) for term in times}
        order = sorted(times, key=lambda term: counts[term])
        choosing, room = [], width * (BUDGET + self._frequencies.passages // SHARE)
        for term in order:
            room -= counts[term]
            if room < 0:
                break
            choosing.append(term)
        left = [term for term in order if term not in choosing for _ in range(times[term])]
        rare = " OR ".join(term for term in choosing for _ in range(times[term]))
        if not left or not rare:
            return [], left
        return [rare, f"({rare}) AND ({' OR '.join(left)})"], left

    def _choosing(
        self, order: Sequence[str], counts: dict[str, int], room: int
    ) -> tuple[list[str], str]:
        chosen: list[str] = []
        for term in order:
            room -= counts[term]
            if room < 0:
                break
            if counts[term]:
                chosen.append(term)
        if chosen:
            return chosen, " OR "
        pair = [term for term in order if counts[term]][:2]
        if len(pair) == 2 and self._frequencies.of(self._db, " AND ".join(pair)) >= ENOUGH:
            return pair, " AND "
        return pair[:1], " OR "


def _others(order: Sequence[str], counts: dict[str, int], choosing: Sequence[str]) -> list[str]:
    """The words that rank besides those that choose: the rarest of them."""
    found, room = [], COUNTED
    for term in order:
        if term not in choosing and counts[term]:
            room -= counts[term]
            if room >= 0:
                found.append(term)
    return found
