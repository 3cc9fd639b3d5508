"""The words of passages as the catalog itself has them: SQLite's FTS5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lsfs.index.find import keyword
from lsfs.index.find.common_words import Frequencies, Gate
from lsfs.index.find.spelling import Correction, Speller
from lsfs.index.find.stores import CANDIDATES, Where

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog

FEW = 50  # candidates that are too few to rank, where more may be had
# Where filters leave too few of the passages that rare words choose, so many times as many may be
# chosen, before all words choose; and they do not when the best TOP are found, which they are when
# none that has only the other words can score as much. Of what it could score at most (LIKELY) as
# much as when each stands there twice, in a passage of average length.
WIDTHS, TOP, LIKELY = (4, 16), 10, 2 / (2 + keyword.K1)


class FullText:
    """Ranks the passages of one catalog by BM25.

    Args:
        catalog: that has the words.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._speller = Speller()
        self._frequencies = Frequencies()

    def of(self, catalog: Catalog) -> FullText:
        """The words of another catalog."""
        return FullText(catalog)

    def ahead(self, passages: Sequence[int]) -> None:
        """Nothing: the texts are in the catalog."""

    def corrections(self, words: Sequence[str]) -> list[Correction]:
        """What to search for besides words that stand nowhere."""
        with self._catalog.lock:
            state = self._catalog.generation()
            return self._speller.corrections(self._catalog.db, words, state)

    def most(self, terms: Sequence[str]) -> float:
        """What BM25 would give at most: every word of the query, and many times over."""
        with self._catalog.lock:
            return keyword.most(terms, self._known_frequencies(), self._catalog.db)

    def _known_frequencies(self) -> Frequencies:
        return self._frequencies.at(self._catalog.db, self._catalog.generation())

    def ranked(
        self, terms: Sequence[str], where: Where, hidden: frozenset[int]
    ) -> dict[int, float]:
        """BM25 of the best passages, by id."""
        with self._catalog.lock:
            gate = Gate(self._catalog.db, self._known_frequencies())
            whole, expressions = [" OR ".join(terms)], gate.expressions(terms)
            found = self._matching(expressions, where, hidden)
            if len(found) >= FEW or expressions == whole:
                return found
            # The filters left too little of what was chosen.
            wider = self._wider(gate, terms, where, hidden)
            return wider or self._matching(whole, where, hidden)

    def _wider(
        self, gate: Gate, terms: Sequence[str], where: Where, hidden: frozenset[int]
    ) -> dict[int, float]:
        """What more of the words choose, if the best of it are the best of all; else nothing."""
        tried = list[str]()
        for width in WIDTHS:
            expressions, left = gate.wider(terms, width)
            if not expressions or expressions == tried:
                continue
            tried = expressions
            found = self._matching(expressions, where, hidden)
            if len(found) >= FEW and sorted(found.values())[-TOP] >= LIKELY * self.most(left):
                return found
        return {}

    def _matching(
        self, expressions: Sequence[str], where: Where, hidden: frozenset[int]
    ) -> dict[int, float]:
        """BM25 of passages by the expression that gives the most."""
        found: dict[int, float] = {}
        for match in expressions:
            for id_, score in self._matches(match, where, hidden).items():
                found[id_] = max(score, found.get(id_, 0.0))
        return found

    def _matches(self, match: str, where: Where, hidden: frozenset[int]) -> dict[int, float]:
        if where.all:
            rows = self._rows(
                f"SELECT rowid, -{keyword.PASSAGE_RANK} AS score FROM passage_fts "  # noqa: S608
                "WHERE passage_fts MATCH ? ORDER BY score DESC LIMIT ?",
                [match, 2 * CANDIDATES if hidden else CANDIDATES],
            )
            shown = [row for row in rows if row[0] not in hidden]
            if not hidden or len(shown) >= CANDIDATES or len(rows) < 2 * CANDIDATES:
                return dict(shown[:CANDIDATES])
        # CROSS JOIN keeps SQLite from walking the files first: the match is the narrow side.
        rows = self._rows(
            f"SELECT p.id, -{keyword.PASSAGE_RANK} AS score FROM passage_fts "  # noqa: S608
            "CROSS JOIN passage p ON p.id = passage_fts.rowid "
            "WHERE passage_fts MATCH ? AND p.document_id IN "
            "(SELECT d.id FROM file f JOIN document d ON d.id = f.document_id "
            f"WHERE {where.sql}) ORDER BY score DESC LIMIT ?",
            [match, *where.values, CANDIDATES],
        )
        return dict(rows)

    def _rows(self, query: str, values: Iterable[object]) -> list[Any]:
        return self._catalog.db.execute(query, list(values)).fetchall()
