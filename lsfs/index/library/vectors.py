"""The vectors of a library's passages, searched where they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from lsfs.index.codes import Ids, Matrix
from lsfs.index.library.passages import Ids as Places
from lsfs.index.library.reader import Reader, chunks, told

FEW_DOCUMENTS = 20_000  # as in lsfs.index.library.words
WIDER = 20  # times as many are asked for where more documents than that are allowed
REFINE, PROBES = 20, 40  # of an index: candidates scored by their vectors, cells looked into


class LibraryVectors:
    """Cosines of passages of a library.

    Args:
        reader: of the library.
        places: turns ids of the copy into keys of the library, and back.
        dimension: numbers in a vector.
    """

    def __init__(self, reader: Reader, places: Places, dimension: int) -> None:
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
        there = [id_ for id_ in wanted.tolist() if id_ in vectors]
        made = np.array([vectors[id_] for id_ in there], np.float32)
        return np.array(there, np.int64), made.reshape(-1, self._dimension)

    def search(
        self,
        query: Matrix,
        k: int,
        allowed: Collection[int] | Ids | None = None,
        hidden: Collection[int] | Ids = frozenset(),
    ) -> tuple[Ids, Matrix]:
        """The passages most like a query: ids and cosines, best first."""
        keys = None if allowed is None else self._keys(allowed)
        if keys is not None and not keys:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        is_few = keys is None or len(keys) <= FEW_DOCUMENTS
        rows = self._nearest(query, k if is_few else WIDER * k, keys if is_few else None)
        places = {(row["document"], row["ordinal"]): 1.0 - row["_distance"] for row in rows}
        found = self._places.passages(places)
        left_out = {int(one) for one in hidden}
        kept = None if allowed is None else {int(one) for one in allowed}
        scored = [
            (id_, places[place])
            for place, id_ in found.items()
            if id_ not in left_out and (kept is None or id_ in kept)
        ]
        scored = sorted(scored, key=lambda one: (-one[1], one[0]))[:k]
        return (
            np.array([id_ for id_, _ in scored], np.int64),
            np.array([score for _, score in scored], np.float32),
        )

    def similarities(self, query: Matrix, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Cosines of a query with these passages; those without a vector are left out."""
        there, vectors = self.many(ids)
        return dict(zip(there.tolist(), (vectors @ query).tolist(), strict=True))

    def _keys(self, allowed: Iterable[int]) -> list[str]:
        return sorted({key for key, _ in self._places.places(int(one) for one in allowed)})

    def _nearest(self, query: Matrix, k: int, keys: list[str] | None) -> list[dict[str, Any]]:
        from lancedb.expr import col

        found: list[dict[str, Any]] = []
        for some in [None] if keys is None else chunks(keys):
            asked = self._reader.snapshot.passage.search(query, vector_column_name="vector")
            asked = asked.distance_type("cosine").limit(k).nprobes(PROBES).refine_factor(REFINE)
            if some is not None:
                asked = asked.where(col("document").isin(some), prefilter=True)
            with told(self._reader.uri):
                found += asked.select(["document", "ordinal", "_distance"]).to_list()
        return found
