"""The vectors of passages: LanceDB on disk, one matrix in memory to search.

LanceDB is rebuildable: the catalog knows which vectors are intended. It holds ids and numbers,
never text. One process writes it, under ``catalog.lock``.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLE = "passage"
COMPACT_AFTER = 200  # commits; each leaves a version and a fragment that slow the next ones

log = logging.getLogger("lsfs.index.vectors")

Ids = NDArray[np.int64]
Matrix = NDArray[np.float32]


class VectorStore:
    """Passage id to vector.

    Opened at its first use: to load LanceDB takes a second or two, and many a command needs none.

    Args:
        path: the LanceDB database.
        dimension: numbers in a vector.
        read_only: never change the database; a damaged one then reads as empty.

    Attributes:
        rebuilt: the stored table could not be used and was emptied; make every vector again.
    """

    def __init__(self, path: Path, dimension: int, *, read_only: bool = False) -> None:
        self._path = path
        self._dimension = dimension
        self._read_only = read_only
        self._commits = 0
        self.rebuilt = False
        self._table: Any = None
        self._rows = _Rows(dimension)
        self._mask: tuple[NDArray[np.bool_], frozenset[int], int]
        self._mask = np.ones(0, np.bool_), frozenset(), -1
        self._lock = threading.Lock()  # one thread indexes while others search
        self._is_open = False
        self._opening = threading.Lock()

    def __len__(self) -> int:
        self._ready()
        return len(self._rows)

    @property
    def ids(self) -> Ids:
        """Ids of the passages that have a vector."""
        self._ready()
        return self._rows.ids.copy()

    def _ready(self) -> None:
        with self._opening:
            if not self._is_open:
                self._open()
                self._is_open = True

    def _open(self) -> None:
        try:
            self._connect()
        except Exception as error:
            # Whatever LanceDB says about a damaged table, the answer is the same: make it anew.
            log.warning("the vectors in %s cannot be read and are made again", self._path)
            log.info("LanceDB said: %s", error)
            self.rebuilt = True
            if self._read_only:
                return
            if self._path.is_dir():
                shutil.rmtree(self._path)
            else:
                self._path.unlink(missing_ok=True)
            self._connect()

    def _connect(self) -> None:
        # Lance logs to stderr on its own, also what is no problem ("no existing dataset").
        os.environ.setdefault("LANCE_LOG", "error")
        import pyarrow as pa

        lancedb = _lancedb()

        schema = pa.schema(
            [
                pa.field("passage_id", pa.int64()),
                pa.field("vector", pa.list_(pa.float32(), self._dimension)),
            ]
        )
        if self._read_only and not self._path.exists():
            return
        database = lancedb.connect(str(self._path))
        if TABLE in database.list_tables().tables:
            self._table = database.open_table(TABLE)
            if self._table.schema.field("vector").type.list_size != self._dimension:
                self._table = database.create_table(TABLE, schema=schema, mode="overwrite")
                self.rebuilt = True
        elif self._read_only:
            return
        else:
            self._table = database.create_table(TABLE, schema=schema)
        self._load(self._table.to_arrow())

    def _load(self, rows: Any) -> None:
        ids = rows.column("passage_id").to_numpy().astype(np.int64)
        vectors = rows.column("vector").combine_chunks()
        flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        self._rows.put(ids.tolist(), flat.reshape(len(ids), self._dimension))

    def upsert(self, ids: Sequence[int], vectors: Matrix) -> None:
        """Store vectors by passage id; storing one again changes nothing.

        Args:
            ids: passage ids, [n].
            vectors: float32, [n, dimension].
        """
        import pyarrow as pa

        if not ids:
            return
        self._ready()
        flat = pa.array(vectors.reshape(-1), pa.float32())
        rows = pa.table(
            {
                "passage_id": pa.array(ids, pa.int64()),
                "vector": pa.FixedSizeListArray.from_arrays(flat, self._dimension),
            }
        )
        merge = self._table.merge_insert("passage_id")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)
        with self._lock:
            self._rows.put(ids, vectors)
        self._committed()

    def remove(self, ids: Sequence[int]) -> None:
        """Delete the vectors of these passages."""
        from lancedb.expr import col

        if not ids:
            return
        self._ready()
        self._table.delete(col("passage_id").isin([int(i) for i in ids]))
        with self._lock:
            self._rows.drop(ids)
        self._committed()

    def clear(self) -> None:
        """Delete all vectors."""
        self._ready()
        self._table.add(self._table.schema.empty_table(), mode="overwrite")
        with self._lock:
            self._rows = _Rows(self._dimension, self._rows.changes + 1)

    def get(self, passage_id: int) -> Matrix | None:
        """The vector of one passage."""
        self._ready()
        with self._lock:
            row = self._rows.at.get(passage_id)
            return None if row is None else self._rows.matrix[row].copy()

    def rows(self, ids: Sequence[int]) -> tuple[list[int], Matrix]:
        """Those of some passages that have a vector, and their vectors, [n, dimension]."""
        self._ready()
        with self._lock:
            known = [id_ for id_ in ids if id_ in self._rows.at]
            return known, self._rows.matrix[[self._rows.at[id_] for id_ in known]]

    def search(
        self,
        query: Matrix,
        k: int,
        allowed: Sequence[int] | None = None,
        hidden: frozenset[int] = frozenset(),
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The passages most like a query, exactly.

        Args:
            query: float32, [dimension], length 1.
            k: how many at most.
            allowed: passage ids to choose from; None allows all.
            hidden: passage ids to leave out; cheap while it is the same object as the last time.

        Returns:
            ids and cosines, best first.
        """
        self._ready()
        with self._lock:
            ids, matrix = self._rows.ids, self._rows.matrix
            if allowed is not None:
                chosen = np.isin(ids, allowed)
                ids, matrix = ids[chosen], matrix[chosen]
            scores: NDArray[np.float32] = matrix @ query
            if hidden and allowed is None:
                shown = self._shown(hidden)
                ids, scores = ids[shown], scores[shown]
            ids = ids.copy()
        k = min(k, len(scores))
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        top = np.argpartition(-scores, k - 1)[:k]
        top = top[np.argsort(-scores[top], kind="stable")]
        return ids[top], scores[top]

    def _shown(self, hidden: frozenset[int]) -> NDArray[np.bool_]:
        """Which rows are not hidden, [n]."""
        mask, of, changes = self._mask
        if of is not hidden or changes != self._rows.changes:
            mask = np.ones(len(self._rows), np.bool_)
            mask[[self._rows.at[id_] for id_ in hidden if id_ in self._rows.at]] = False
            self._mask = mask, hidden, self._rows.changes
        return mask

    def similarities(self, query: Matrix, ids: Sequence[int]) -> dict[int, float]:
        """Cosines of a query with these passages; those without a vector are left out."""
        self._ready()
        with self._lock:
            known = [id_ for id_ in ids if id_ in self._rows.at]
            scores = self._rows.matrix[[self._rows.at[id_] for id_ in known]] @ query
        return dict(zip(known, scores.tolist(), strict=True))

    def _committed(self) -> None:
        self._commits += 1
        if self._commits >= COMPACT_AFTER:
            from datetime import timedelta

            self._commits = 0
            self._table.optimize(cleanup_older_than=timedelta(hours=1))


def _lancedb() -> Any:
    """The library, imported without the socket that its HTTP client opens to look for IPv6.

    Nothing here touches a network, and whoever audits the process should see none.
    """
    known, socket.has_ipv6 = socket.has_ipv6, False
    try:
        import lancedb
    finally:
        socket.has_ipv6 = known
    return lancedb


class _Rows:
    """Vectors in one array that grows by doubling; a dropped row is filled by the last one."""

    def __init__(self, dimension: int, changes: int = 0) -> None:
        self.changes = changes
        self._ids: Ids = np.empty(64, np.int64)
        self._matrix: Matrix = np.empty((64, dimension), np.float32)
        self.at: dict[int, int] = {}  # passage id to row

    def __len__(self) -> int:
        return len(self.at)

    @property
    def ids(self) -> Ids:
        """Ids by row, [n]; a view."""
        return self._ids[: len(self.at)]

    @property
    def matrix(self) -> Matrix:
        """Vectors by row, [n, dimension]; a view."""
        return self._matrix[: len(self.at)]

    def put(self, ids: Sequence[int], vectors: Matrix) -> None:
        """Add or replace vectors."""
        self.changes += 1
        self._reserve(len(self.at) + len(ids))
        for id_, vector in zip(ids, vectors, strict=True):
            row = self.at.setdefault(id_, len(self.at))
            self._ids[row], self._matrix[row] = id_, vector

    def drop(self, ids: Sequence[int]) -> None:
        """Remove vectors; unknown ids are no error."""
        self.changes += 1
        for id_ in ids:
            row = self.at.pop(id_, None)
            last = len(self.at)
            if row is None or row == last:
                continue
            self._ids[row], self._matrix[row] = self._ids[last], self._matrix[last]
            self.at[int(self._ids[row])] = row

    def _reserve(self, rows: int) -> None:
        if rows <= len(self._ids):
            return
        size = max(rows, 2 * len(self._ids))
        self._ids = np.resize(self._ids, size)
        grown = np.empty((size, self._matrix.shape[1]), np.float32)
        grown[: len(self._matrix)] = self._matrix
        self._matrix = grown
