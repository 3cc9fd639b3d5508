"""The vectors of a library's passages: their codes on this machine, or searched where they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lsfs.index.library import indexes
from lsfs.index.library.passages import Ids as Places
from lsfs.index.library.reader import FEW_DOCUMENTS, Reader, chunks, told
from lsfs.index.meaning.codes import Codes, Ids, Matrix

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog

WIDER = 20  # times as many are asked for where more documents than that are allowed
REFINE = 4  # times as many candidates of an index as are asked for are scored by their vectors


class KeptVectors:
    """The codes of a library's vectors, which are kept beside the copy of its catalog.

    Args:
        catalog: the copy.
        dimension: numbers in a vector.
    """

    def __init__(self, catalog: Catalog, dimension: int) -> None:
        self._catalog = catalog
        self._dimension = dimension
        self._read: tuple[int, Codes | None] = (-1, None)

    def codes(self) -> Codes | None:
        """All of them; None where the library has too many."""
        with self._catalog.lock:
            generation = self._catalog.generation()
            if self._read[0] != generation:
                rows = self._catalog.db.execute(
                    "SELECT id, scale, code FROM passage_code ORDER BY id"
                ).fetchall()
                self._read = generation, self._of(rows) if rows else None
        return self._read[1]

    def _of(self, rows: list[tuple[int, float, bytes]]) -> Codes:
        from msgspec.structs import replace

        ids = np.array([row[0] for row in rows], np.int64)
        scales = np.array([row[1] for row in rows], np.float32)
        numbers = np.frombuffer(b"".join(row[2] for row in rows), np.int8)
        codes = numbers.reshape(-1, self._dimension)
        made = Codes.of(ids, codes.astype(np.float32) * scales[:, None])  # for their signs
        return replace(made, codes=codes, scales=scales, is_sorted=True)


class LibraryVectors:
    """Cosines of passages of a library.

    Args:
        kept: the codes, where they are here.
        reader: of the library.
        places: turns ids of the copy into keys of the library, and back.
        dimension: numbers in a vector.
    """

    def __init__(self, kept: KeptVectors, reader: Reader, places: Places, dimension: int) -> None:
        self._kept = kept
        self._reader = reader
        self._places = places
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self._dimension

    def __len__(self) -> int:
        return int(self._reader.snapshot.passage.count_rows())

    @property
    def ids(self) -> Ids:
        """All passages of the copy: each has a vector."""
        return np.array(self._places.all(), np.int64)

    def get(self, passage_id: int) -> Matrix | None:
        """The vector of one passage."""
        _, vectors = self.many([passage_id])
        return vectors[0] if len(vectors) else None

    def many(self, ids: Sequence[int] | Ids) -> tuple[Ids, Matrix]:
        """The vectors of these passages: which have one, [n], and these, [n, dimension]."""
        wanted = np.asarray(ids, np.int64)
        kept = self._kept.codes()
        if kept is not None:
            at, there = kept.rows(wanted)
            return wanted[there], kept.vectors(at)
        places = self._places.places(wanted.tolist())
        rows = self._reader.rows(
            "passage",
            ["document", "ordinal", "vector"],
            sorted({key for key, _ in places}),
            sorted({ordinal for _, ordinal in places}),
        )
        found = {(row["document"], row["ordinal"]): row["vector"] for row in rows}
        known = self._places.passages(places)
        vectors = {known[place]: found[place] for place in places if place in found}
        with_one = [id_ for id_ in wanted.tolist() if id_ in vectors]
        made = np.array([vectors[id_] for id_ in with_one], np.float32)
        return np.array(with_one, np.int64), made.reshape(-1, self._dimension)

    def search(
        self,
        query: Matrix,
        k: int,
        allowed: Collection[int] | Ids | None = None,
        hidden: Collection[int] | Ids = frozenset(),
    ) -> tuple[Ids, Matrix]:
        """The passages most like a query: ids and cosines, best first."""
        kept = self._kept.codes()
        if kept is not None:
            chosen = None if allowed is None else _array(allowed)
            return kept.nearest(query, k, kept.eligible(chosen, _array(hidden)))
        keys = None if allowed is None else self._keys(allowed)
        if keys is not None and not keys:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        is_few = keys is None or len(keys) <= FEW_DOCUMENTS
        rows = self._nearest(query, k if is_few else WIDER * k, keys if is_few else None)
        places = {(row["document"], row["ordinal"]): 1.0 - row["_distance"] for row in rows}
        known = self._places.passages(places)
        left_out = {int(one) for one in hidden}
        may = None if allowed is None else {int(one) for one in allowed}
        scored = [
            (id_, places[place])
            for place, id_ in known.items()
            if id_ not in left_out and (may is None or id_ in may)
        ]
        scored = sorted(scored, key=lambda one: (-one[1], one[0]))[:k]
        return (
            np.array([id_ for id_, _ in scored], np.int64),
            np.array([score for _, score in scored], np.float32),
        )

    def similarities(self, query: Matrix, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Cosines of a query with these passages; those without a vector are left out."""
        kept = self._kept.codes()
        if kept is not None:
            wanted = np.asarray(ids, np.int64)
            at, known = kept.rows(wanted)
            scores = kept.scores(query, at).tolist()
            return dict(zip(wanted[known].tolist(), scores, strict=True))
        there, vectors = self.many(ids)
        return dict(zip(there.tolist(), (vectors @ query).tolist(), strict=True))

    def _keys(self, allowed: Iterable[int]) -> list[str]:
        return sorted({key for key, _ in self._places.places(int(one) for one in allowed)})

    def _nearest(self, query: Matrix, k: int, keys: list[str] | None) -> list[dict[str, Any]]:
        from lancedb.expr import col

        found: list[dict[str, Any]] = []
        table = self._reader.snapshot.passage
        partitions = indexes.probes(table.count_rows())
        for some in [None] if keys is None else chunks(keys):
            asked = table.search(query, vector_column_name=indexes.VECTORS)
            asked = asked.distance_type("cosine").limit(k).nprobes(partitions)
            asked = asked.refine_factor(REFINE)
            if some is not None:
                asked = asked.where(col("document").isin(some), prefilter=True)
            with told(self._reader.uri):
                found += asked.select(["document", "ordinal", "_distance"]).to_list()
        return found


def _array(ids: Collection[int] | Ids) -> Ids:
    return np.array(ids if isinstance(ids, np.ndarray) else sorted(ids), np.int64)
