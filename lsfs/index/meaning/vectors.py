"""The vectors of passages: LanceDB on disk, and their codes, mapped or in memory, to search.

LanceDB is rebuildable: the catalog knows which vectors are intended. It holds ids and numbers,
never text. One process writes it, under ``catalog.lock``. The codes are made from it and kept in a
file beside each table, which says from which state of the table: while that is the present one, the
file is mapped and LanceDB is not even loaded; else only what has changed is read.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import re
import shutil
import socket
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from lsfs.index.meaning import codes, lance_repair, recent
from lsfs.index.meaning.codes import Codes, Ids, Matrix, Rows, Tail

TABLE = "passage"
# Commits after which a table is compacted, or one for so many of its vectors: each leaves a version
# and a fragment that slow the next ones, but compacting writes the whole table anew.
COMPACT_AFTER, COMPACT_SHARE = 200, 2000
KEPT_SECONDS = 30  # that a version stays for who is just reading it
READ = 16384  # rows of LanceDB at a time
FOLD_ROWS = 50_000  # new vectors that are held in memory at most, or a tenth of all
# The file is made anew at rest when one in so many vectors has changed, a small one at any change:
# while it is up to date, with the log of what is newer, a command need not load LanceDB.
SETTLE_SHARE, SMALL = 20, 5_000
M_MMAP_THRESHOLD = -3  # of mallopt(3)
_EMPTY = np.empty(0, np.int64)
FEW_MISSING = 10_000  # so many vectors are asked for by id; more are found by reading all

log = logging.getLogger("lsfs.index.meaning.vectors")

Wanted = Sequence[int] | Ids


def table_of(embedder: str) -> str:
    """The name of the table with the vectors of an embedder: one that any file system takes."""
    digest = hashlib.sha256(embedder.encode()).hexdigest()[:12]
    return f"{re.sub(r'[^a-z0-9]+', '-', embedder.lower())[:40].strip('-')}-{digest}"


class _Noted(Struct, frozen=True):
    """How far file and log tell what is in memory.

    Attributes:
        state: of the store when they told all; -1 when they never did.
        rows: of the tail that the log has.
        begun: whether there is a log for the file.
    """

    state: int
    rows: int = 0
    begun: bool = False


class VectorStore:
    """Passage id to vector.

    Opened at its first use: to load LanceDB takes a second or two, and many a command needs none.
    Any thread may search while one writes.

    Args:
        path: the LanceDB database.
        dimension: numbers in a vector.
        table: see :func:`table_of`.
        read_only: never change the database; a damaged one then reads as empty.

    Attributes:
        rebuilt: the stored table could not be used and was emptied; make every vector again.
    """

    def __init__(
        self, path: Path, dimension: int, *, table: str = TABLE, read_only: bool = False
    ) -> None:
        self._path = path
        self._name = table
        self._folder = path / f"{table}.lance"
        self._file = path / f"{table}.codes"
        self._log = path / f"{table}.recent"
        self._dimension = dimension
        self._read_only = read_only
        self._commits = 0
        self.rebuilt = False
        self._table: Any = None
        self._base = _none(dimension)
        self._tail = Tail(dimension)
        self._changed = 0  # vectors since the file was made
        self._loose = 0  # vectors since the table was compacted
        self._made_from = ""  # the state of the table that the file was made from
        self._noted = _Noted(-1)
        self._gone: list[Ids] = []  # ids that went and are not in the log
        self._state = 0  # raised by every change
        self._shown: tuple[object, int, list[Rows]] = (None, -1, [])
        self._lock = threading.Lock()  # held to change what the views are, not to use them
        self._is_open = False
        self._opening = threading.Lock()

    @property
    def path(self) -> Path:
        """The LanceDB database."""
        return self._path

    @property
    def table(self) -> str:
        """The table in it."""
        return self._name

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self._dimension

    def __len__(self) -> int:
        return sum(int(part.alive.sum()) for part in self._parts())

    @property
    def ids(self) -> Ids:
        """Ids of the passages that have a vector."""
        return np.concatenate([part.ids[part.alive] for part in self._parts()])

    def _parts(self) -> tuple[Codes, Codes]:
        self._ready()
        with self._lock:
            return self._base, self._tail.view

    # --- opening

    def _ready(self) -> None:
        with self._opening:
            if not self._is_open:
                self._open()
                self._is_open = True

    def _open(self) -> None:
        for attempt in range(lance_repair.MOST_STEPS):
            try:
                self._load()
                return
            except Exception as error:
                # Whatever LanceDB says about a damaged table, the answers are the same.
                log.info("LanceDB said: %s", error)
                self._table = None
                self._base, self._tail = _none(self._dimension), Tail(self._dimension)
                if self._read_only and attempt == 0:
                    continue  # it may have been compacted just then
                if self._read_only or not lance_repair.step_back(self._folder):
                    break
        log.warning("the vectors in %s cannot be read and are made again", self._folder)
        self.rebuilt = True
        if not self._read_only:
            self._delete()
            self._connect()

    def _load(self) -> None:
        found = codes.mapped(self._file, self._dimension)
        if found is not None:
            self._base, self._made_from = found
            state = self._fingerprint()
            if self._made_from == state:
                self._noted = _Noted(self._state)
                return
            if self._take_recent(state):
                return
        self._connect()
        if self._table is not None:
            self._catch_up()

    def _take_recent(self, state: str) -> bool:
        """Bring the codes in step by the log; False where it does not lead to this state."""
        changes = recent.read(self._log, self._made_from, self._dimension)
        if not changes or changes[-1].state != state:
            return False
        for change in changes:
            self._drop(change.gone)
            self._tail.add(change.new)
            self._changed += len(change.gone) + len(change.new)
        self._gone = []
        self._noted = _Noted(self._state, len(self._tail.view), begun=True)
        return True

    def _note(self) -> None:
        """Write down in the log what has changed since the last time."""
        tail, gone = self._tail.view, self._gone
        if self._noted.state == self._state or not self._made_from:
            return
        if not self._noted.begun:
            recent.begin(self._log, self._made_from)
            gone = [self._base.ids[~self._base.alive]]
        new = np.arange(self._noted.rows, len(tail))
        change = recent.Change(
            self._fingerprint(), np.concatenate([_EMPTY, *gone]), tail.taken(new[tail.alive[new]])
        )
        recent.append(self._log, change)
        self._gone = []
        self._noted = _Noted(self._state, len(tail), begun=True)

    def _fingerprint(self) -> str:
        """Which state the table is in: each change of it has a manifest of its own."""
        try:
            with os.scandir(self._folder / "_versions") as entries:
                names = sorted(
                    f"{entry.name}:{entry.stat().st_size}"
                    for entry in entries
                    if entry.name.endswith(".manifest")
                )
        except OSError:
            return ""
        return hashlib.sha256("\n".join(names).encode()).hexdigest() if names else ""

    def _connect(self) -> None:
        # Lance logs to stderr on its own, also what is no problem ("no existing dataset").
        os.environ.setdefault("LANCE_LOG", "error")
        import pyarrow as pa

        lancedb = lancedb_library()

        schema = pa.schema(
            [
                pa.field("passage_id", pa.int64()),
                pa.field("vector", pa.list_(pa.float32(), self._dimension)),
            ]
        )
        if self._read_only and not self._path.exists():
            return
        if self._path.is_file():
            self._path.unlink()
        database = lancedb.connect(str(self._path))
        if self._name in database.list_tables().tables:
            self._table = database.open_table(self._name)
            if self._table.schema.field("vector").type.list_size != self._dimension:
                self._table = database.create_table(self._name, schema=schema, mode="overwrite")
                self.rebuilt = True
        elif not self._read_only:
            self._table = database.create_table(self._name, schema=schema)

    def _writable(self) -> Any:
        """The table, to write to."""
        self._ready()
        if self._table is None:
            self._connect()
        return self._table

    def _catch_up(self) -> None:
        """Bring the codes in step with the table: read what they lack, drop what it lacks."""
        rows = self._table.search().select(["passage_id"]).to_batches(READ)
        there = np.concatenate([np.empty(0, np.int64), *(_ids(batch) for batch in rows)])
        there = np.unique(there)
        gone = np.flatnonzero(~np.isin(self._base.ids, there, assume_unique=True))
        if len(gone):
            self._base = self._base.without(gone)
        missing = np.setdiff1d(there, self._base.ids, assume_unique=True)
        for new in self._stored(missing):
            self._tail.add(new)
        self._changed = len(gone) + len(missing)
        self._noted = _Noted(-1)  # what the log has is of another state
        if not self._read_only:
            self._settle()

    def _stored(self, missing: Ids) -> Iterator[Codes]:
        """Codes of vectors in the table, READ at a time.

        Args:
            missing: their ids, ascending.
        """
        if not len(missing):
            return
        from lancedb.expr import col

        query = self._table.search().select(["passage_id", "vector"])
        if len(missing) <= FEW_MISSING:
            query = query.where(col("passage_id").isin(missing.tolist())).limit(len(missing))
        lacking = np.ones(len(missing), bool)
        for batch in query.to_batches(READ):
            # Should one be stored twice (it cannot, by one writer), the first will do.
            ids, rows = np.unique(_ids(batch), return_index=True)
            at = np.minimum(np.searchsorted(missing, ids), len(missing) - 1)
            flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            vectors = flat.astype(np.float32).reshape(-1, self._dimension)[rows]
            # Those that are not sound are as good as lost.
            new = (missing[at] == ids) & lacking[at] & lance_repair.sound(vectors)
            if new.any():
                lacking[at[new]] = False
                yield Codes.of(ids[new], vectors[new])

    # --- writing

    def upsert(self, ids: Wanted, vectors: Matrix) -> None:
        """Store vectors by passage id; storing one again changes nothing.

        A passage never gets another text, nor a table another model: its vector stays the same.

        Args:
            ids: passage ids, [n], each once.
            vectors: float32, [n, dimension], of length 1.
        """
        if not len(ids):
            return
        import pyarrow as pa

        table = self._writable()
        numbers = np.asarray(ids, np.int64)
        flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1), pa.float32())
        rows = pa.table(
            {
                "passage_id": pa.array(numbers, pa.int64()),
                "vector": pa.FixedSizeListArray.from_arrays(flat, self._dimension),
            }
        )
        merge = table.merge_insert("passage_id")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)
        with self._lock:
            self._drop(numbers)
            self._tail.add(Codes.of(numbers, vectors))
            self._change(len(numbers))
        self._committed()

    def remove(self, ids: Wanted) -> None:
        """Delete the vectors of these passages."""
        if not len(ids):
            return
        from lancedb.expr import col

        table = self._writable()
        numbers = np.asarray(ids, np.int64)
        table.delete(col("passage_id").isin(numbers.tolist()))
        with self._lock:
            self._drop(numbers)
            self._change(len(numbers))
        self._committed()

    def _drop(self, ids: Ids) -> None:
        rows, _ = self._base.rows(ids)
        if len(rows):
            self._base = self._base.without(rows)
        self._tail.drop(ids)
        self._gone.append(ids)

    def _change(self, number: int) -> None:
        self._changed += number
        self._loose += number
        self._state += 1

    def clear(self) -> None:
        """Delete all vectors."""
        table = self._writable()
        table.add(table.schema.empty_table(), mode="overwrite")
        with self._lock:
            self._base, self._tail = _none(self._dimension), Tail(self._dimension)
            self._change(0)
        self._forget_files()

    def unsound(self) -> Ids:
        """Passages whose vector is none that an embedder makes: it was damaged."""
        return np.concatenate([part.ids[part.alive & ~part.sound()] for part in self._parts()])

    def rewrite(self) -> None:
        """Write table and codes anew, without what was deleted from them."""
        from datetime import timedelta

        table = self._writable()
        table.add(table.to_arrow(), mode="overwrite")
        table.optimize(cleanup_older_than=timedelta(milliseconds=1), delete_unverified=True)
        self._fold()

    def drop(self) -> None:
        """Delete the table for good; who still searches it finds what was there."""
        self._ready()
        self._delete()

    def _delete(self) -> None:
        if self._path.is_dir():
            self._forget_files()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _forget_files(self) -> None:
        self._file.unlink(missing_ok=True)
        self._log.unlink(missing_ok=True)
        self._made_from, self._noted, self._gone = "", _Noted(-1), []

    def _committed(self) -> None:
        self._commits += 1
        if self._commits >= max(COMPACT_AFTER, len(self._base) // COMPACT_SHARE):
            self._compact(KEPT_SECONDS)
        if len(self._tail.view) > max(FOLD_ROWS, len(self._base) // 10):
            self._fold()

    def _compact(self, kept_seconds: float) -> None:
        from datetime import timedelta

        self._table.optimize(cleanup_older_than=timedelta(seconds=kept_seconds))
        self._commits = self._loose = 0

    def settle(self) -> None:
        """At rest: compact the table and write the codes anew, if enough has changed since."""
        self._ready()
        self._settle()

    def _settle(self) -> None:
        enough = 1 if len(self._base) <= SMALL else len(self._base) // SETTLE_SHARE
        if self._commits > 1 and self._loose >= len(self._base) // SETTLE_SHARE:
            self._compact(0.001)
            self._fold()  # it tells of the table as it is now
        elif self._changed and self._changed >= enough:
            self._fold()
        else:
            self._note()

    def _fold(self) -> None:
        """Make the file of codes anew, and map it instead of what is in memory.

        Only the thread that writes comes here, so the parts do not change meanwhile.
        """
        parts = self._base, self._tail.view
        made_from = self._fingerprint()
        codes.write(self._file, made_from, parts, self._dimension)
        self._log.unlink(missing_ok=True)
        found = codes.mapped(self._file, self._dimension)
        if found is None:
            raise OSError(f"{self._file} is not what was written to it")
        with self._lock:
            self._base, self._tail = found[0], Tail(self._dimension)
            self._changed = 0
            self._state += 1
            self._made_from, self._gone = made_from, []
            self._noted = _Noted(self._state)

    # --- reading

    def get(self, passage_id: int) -> Matrix | None:
        """The vector of one passage."""
        _, vectors = self.many([passage_id])
        return vectors[0] if len(vectors) else None

    def many(self, ids: Wanted) -> tuple[Ids, Matrix]:
        """The vectors of these passages: which have one, [n], and these, [n, dimension]."""
        wanted = np.asarray(ids, np.int64)
        found = [(part, *part.rows(wanted)) for part in self._parts()]
        return (
            np.concatenate([wanted[there] for _, _, there in found]),
            np.concatenate([part.vectors(rows) for part, rows, _ in found]),
        )

    def search(
        self,
        query: Matrix,
        k: int,
        allowed: Collection[int] | Ids | None = None,
        hidden: Collection[int] | Ids = frozenset(),
    ) -> tuple[Ids, Matrix]:
        """The passages most like a query.

        Of up to :data:`lsfs.index.meaning.codes.FEW` all are scored; of more, those with the
        likest signs.

        Args:
            query: float32, [dimension], length 1.
            k: how many at most.
            allowed: passage ids to choose from, at best as an array; None allows all.
            hidden: passage ids to leave out; cheap while it is the same object as the last time.

        Returns:
            ids and cosines, best first.
        """
        self._ready()
        with self._lock:
            parts, state = (self._base, self._tail.view), self._state
        if allowed is None:
            eligible = self._without(parts, hidden, state)
        else:
            chosen = _array(allowed)
            eligible = [part.eligible(chosen, _array(hidden)) for part in parts]
        found = [part.nearest(query, k, rows) for part, rows in zip(parts, eligible, strict=True)]
        ids = np.concatenate([ids for ids, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        top = codes.best(scores, k)
        return ids[top], scores[top]

    def _without(
        self, parts: tuple[Codes, Codes], hidden: Collection[int] | Ids, state: int
    ) -> list[Rows]:
        """Rows that are not hidden, for each part; the same object as long as they are the same."""
        of, at, rows = self._shown
        if of is not hidden or at != state:
            rows = [part.eligible(None, _array(hidden)) for part in parts]
            self._shown = hidden, state, rows
        return rows

    def similarities(self, query: Matrix, ids: Wanted) -> dict[int, float]:
        """Cosines of a query with these passages; those without a vector are left out."""
        wanted = np.asarray(ids, np.int64)
        found: dict[int, float] = {}
        for part in self._parts():
            rows, there = part.rows(wanted)
            scores = part.scores(query, rows)
            found |= dict(zip(wanted[there].tolist(), scores.tolist(), strict=True))
        return found


def drop_others(path: Path, tables: Iterable[str]) -> None:
    """Delete all tables of a database but these: what was left by a switch that was cut short."""
    kept = set(tables)
    if not path.is_dir():
        return
    for entry in path.iterdir():
        if entry.suffix in (".lance", ".codes", ".recent") and entry.stem not in kept:
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()


def _none(dimension: int) -> Codes:
    return Codes.of(np.empty(0, np.int64), np.empty((0, dimension), np.float32))


def _ids(batch: Any) -> Ids:
    return np.asarray(batch.column("passage_id").to_numpy(zero_copy_only=False), np.int64)


def _array(ids: Collection[int] | Ids) -> Ids:
    if isinstance(ids, np.ndarray):
        return ids.astype(np.int64, copy=False)
    return np.fromiter(ids, np.int64, len(ids))


def _give_back_memory() -> None:
    """Have large blocks that are freed go back to the system at once.

    glibc keeps ever larger ones for later: after a table of 240,000 vectors was compacted three
    times, a process had 375 MiB instead of 98.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none, and does so by itself
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 20)


def lancedb_library() -> Any:
    """The library, imported without the socket that its HTTP client opens to look for IPv6.

    Nothing here touches a network, and whoever audits the process should see none.
    """
    _give_back_memory()
    known, socket.has_ipv6 = socket.has_ipv6, False
    try:
        import lancedb
    finally:
        socket.has_ipv6 = known
    return lancedb
