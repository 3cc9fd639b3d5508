"""The words of a library's passages: Lance's full-text index, ranked by BM25."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsfs.index.find.keyword import K1
from lsfs.index.find.spelling import Correction
from lsfs.index.find.stores import CANDIDATES, Where
from lsfs.index.library.expressions import WEIGHTS, Expression
from lsfs.index.library.passages import Ids, LibraryPassages
from lsfs.index.library.reader import FEW_DOCUMENTS, Reader

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog

COUNTED = 10_000  # passages up to which those that hold a word are counted
MOST = 5_000  # passages that are looked through then


class LibraryWords:
    """Ranks the passages of a library.

    Args:
        catalog: the copy, or a part of it.
    """

    def __init__(
        self, catalog: Catalog, reader: Reader, passages: LibraryPassages, ids: Ids
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._passages = passages
        self._ids = ids
        self._counts: tuple[object, dict[str, int]] = (None, {})

    def of(self, catalog: Catalog) -> LibraryWords:
        """The words of another catalog that knows the same passages."""
        return LibraryWords(catalog, self._reader, self._passages, self._ids)

    def corrections(self, words: Sequence[str]) -> list[Correction]:
        """None: which words a library has is not known here."""
        return []

    def ahead(self, passages: Sequence[int]) -> None:
        """Look up what these passages say."""
        self._passages.ahead(passages)

    def most(self, terms: Sequence[str]) -> float:
        """The greatest BM25 that a passage could have; see :func:`lsfs.index.find.keyword.most`."""
        return sum(
            times * self._rarity(term)[0] * (K1 + 1) for term, times in Counter(terms).items()
        )

    def _rarity(self, term: str) -> tuple[float, float]:
        """What a term weighs by its rarity in FTS5, for which a common word is worth nothing, and
        in Lance, for which it is worth something."""
        total = self._reader.snapshot.passage.count_rows()
        holding = min(self._count(term), total)
        share = (total - holding + 0.5) / (holding + 0.5)
        return max(math.log(share), 1e-6), math.log(1 + share)

    def _count(self, term: str) -> int:
        """In how many passages a term stands, up to :data:`COUNTED`."""
        tables = self._reader.head.tables
        if self._counts[0] != tables:
            self._counts = tables, {}
        known = self._counts[1]
        if term not in known:
            query = Expression(term).query(self._reader.columns(WEIGHTS))
            known[term] = 0 if query is None else len(self._reader.matches(query, COUNTED))
        return known[term]

    def ranked(
        self, terms: Sequence[str], where: Where, hidden: frozenset[int]
    ) -> dict[int, float]:
        """BM25 of the best passages, by id."""
        query = self._query(terms)
        if query is None:
            return {}
        documents = None if where.all and not self._catalog.is_partial else self._allowed(where)
        if documents is None:
            return self._scores(self._reader.matches(query, CANDIDATES), None)
        keys = self._ids.keys(documents)
        if len(keys) <= FEW_DOCUMENTS:
            return self._scores(self._reader.matches(query, CANDIDATES, keys), None)
        return self._scores(self._reader.matches(query, MOST), set(keys))

    def _query(self, terms: Sequence[str]) -> Any:
        from lancedb.query import BooleanQuery, Occur

        columns = self._reader.columns(WEIGHTS)
        made = []
        for term, times in Counter(terms).items():
            ours, theirs = self._rarity(term)
            made.append(Expression(term).query(columns, times * ours / theirs))
        parts = [(Occur.SHOULD, one) for one in made if one is not None]
        return BooleanQuery(parts) if parts else None

    def _allowed(self, where: Where) -> list[int]:
        with self._catalog.lock:
            rows = self._catalog.db.execute(
                "SELECT DISTINCT d.id FROM file f JOIN document d ON d.id = f.document_id "  # noqa: S608
                f"WHERE {where.sql}",
                list(where.values),
            ).fetchall()
        return [row[0] for row in rows]

    def _scores(
        self, found: Sequence[tuple[str, int, float]], keys: set[str] | None
    ) -> dict[int, float]:
        kept = [one for one in found if keys is None or one[0] in keys][:CANDIDATES]
        ids = self._ids.passages((key, ordinal) for key, ordinal, _ in kept)
        return {ids[key, n]: score for key, n, score in kept if (key, n) in ids}
