"""Reading the past: the versions of a file, and the tree of any moment.

For any process and any thread; reading never waits for the process that writes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsfs.versions.contents import Content, ContentLost, Contents, connect
from lsfs.versions.events import State
from lsfs.versions.history import JournalReader
from lsfs.versions.ledger import ROW, SCHEMA_VERSION, How, Row

if TYPE_CHECKING:
    from lsfs.versions.objects import ObjectStore

# The chain of a row, newest first.
_CHAIN = f"""
WITH RECURSIVE chain(id, depth) AS (
    SELECT ?, 0
    UNION ALL
    SELECT version.previous, depth + 1 FROM chain JOIN version ON version.id = chain.id
    WHERE version.previous IS NOT NULL
)
SELECT {", ".join("version." + name for name in ROW.split(", "))}
FROM chain JOIN version ON version.id = chain.id ORDER BY depth
"""  # noqa: S608 - names of columns


class Change(NamedTuple):
    """Something that happened: a row of ``change``, with what it is about."""

    id: int
    time_ns: int
    op: str
    path: bytes
    origin: bytes | None
    who: str
    kind: str
    number: int
    size: int


class Past:
    """The past of a drive.

    Args:
        ledger: path of the ledger's database; there is no past while it does not exist.
        history: path of the journal.
        objects: the folder of the object store; ``incoming`` is below it.
        source: descriptor of the source; stays the caller's.
    """

    def __init__(self, ledger: Path, history: Path, objects: Path, source: int) -> None:
        self._path = ledger
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self.journal = JournalReader(history)
        self._objects = objects
        self._store: ObjectStore | None = None
        self.contents = Contents(
            self._query, self.store, self.journal, objects / "incoming", source
        )

    def close(self) -> None:
        """Release the files."""
        self.journal.close()
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
            if self._db is not None:
                self._db.close()
                self._db = None

    def store(self) -> ObjectStore:
        """The object store, for reading; its libraries are loaded when it is needed first."""
        from lsfs.versions.objects import ObjectStore

        with self._lock:
            if self._store is None:
                self._store = ObjectStore(self._objects, read_only=True)
            return self._store

    # --- one path

    def live(self, path: str) -> Row | None:
        """What stands at a path, as far as is known."""
        return self._first("WHERE path = ? AND end_ns IS NULL", (os.fsencode(path),))

    def last(self, path: str) -> Row | None:
        """What stands at a path, or stood there last."""
        return self._first(
            "WHERE path = ? ORDER BY begin_ns DESC, id DESC LIMIT 1", (os.fsencode(path),)
        )

    def row(self, id_: int) -> Row | None:
        """A row by its id."""
        return self._first("WHERE id = ?", (id_,))

    def chain(self, row: Row) -> list[Row]:
        """The rows of the same file up to this one, oldest first."""
        rows = self._query(_CHAIN, (row.id,))
        return [Row(*values) for values in reversed(rows)]

    def versions(self, path: str) -> list[Row]:
        """The contents that the file at a path had, oldest first, one for each number.

        Each is the row in which the content came, with the attributes that it had last.
        """
        last = self.last(path)
        if last is None or last.kind != "file":
            return []
        found: dict[int, Row] = {}
        for row in self.chain(last):
            first = found.get(row.number)
            if first is None:
                found[row.number] = row
                continue
            first.end_ns, first.end_op = row.end_ns, row.end_op
            first.mode, first.uid, first.gid = row.mode, row.uid, row.gid
            first.mtime_ns, first.pruned = row.mtime_ns, row.pruned
        return [found[number] for number in sorted(found)]

    def version(self, path: str, number: int) -> Row | None:
        """A version by its number."""
        return next((row for row in self.versions(path) if row.number == number), None)

    # --- the tree of a moment

    def at(self, path: str, time_ns: int) -> Row | None:
        """What stood at a path at a moment; None for the top, which always did, and for nothing."""
        return self._first(
            "WHERE path = ? AND begin_ns <= ? AND (end_ns IS NULL OR end_ns > ?) "
            "ORDER BY begin_ns DESC, id DESC LIMIT 1",
            (os.fsencode(path), time_ns, time_ns),
        )

    def children(self, path: str, time_ns: int) -> list[Row]:
        """What a folder held at a moment."""
        return self._rows(
            "WHERE parent = ? AND begin_ns <= ? AND (end_ns IS NULL OR end_ns > ?) "
            "AND path <> '' ORDER BY path",
            (os.fsencode(path), time_ns, time_ns),
        )

    def below(self, path: str, time_ns: int) -> list[Row]:
        """What was at or below a path at a moment, folders before what is in them."""
        moment = "begin_ns <= ? AND (end_ns IS NULL OR end_ns > ?)"
        if not path:
            return self._rows(f"WHERE {moment} ORDER BY path", (time_ns, time_ns))
        raw = os.fsencode(path)
        return self._rows(
            f"WHERE (path = ? OR (path > ? AND path < ?)) AND {moment} ORDER BY path",
            (raw, raw + b"/", raw + b"0", time_ns, time_ns),
        )

    def below_now(self, path: str) -> list[Row]:
        """What is at or below a path, folders before what is in them."""
        if not path:
            return self._rows("WHERE end_ns IS NULL ORDER BY path", ())
        raw = os.fsencode(path)
        return self._rows(
            "WHERE (path = ? OR (path > ? AND path < ?)) AND end_ns IS NULL ORDER BY path",
            (raw, raw + b"/", raw + b"0"),
        )

    def trash(self, path: str = "") -> list[Row]:
        """Files at or below a path that were removed, and have not come back; latest first."""
        raw = os.fsencode(path)
        return self._rows(
            "AS gone WHERE kind = 'file' AND end_op IN (?, ?) AND end_ns IS NOT NULL "
            "AND (? = X'' OR path = ? OR (path > ? AND path < ?)) "
            "AND NOT EXISTS (SELECT 1 FROM version later WHERE later.path = gone.path "
            "AND (later.end_ns IS NULL OR (later.begin_ns, later.id) > (gone.begin_ns, gone.id))) "
            "AND NOT EXISTS (SELECT 1 FROM version next WHERE next.previous = gone.id) "
            "AND NOT pruned ORDER BY end_ns DESC, path",
            (How.REMOVED, How.OUTSIDE, raw, raw, raw + b"/", raw + b"0"),
        )

    # --- moments

    def snapshots(self) -> dict[str, int]:
        """Moments with a name, in nanoseconds since the epoch."""
        return dict(self._query("SELECT name, time_ns FROM snapshot ORDER BY time_ns", ()))

    def changes(
        self, path: str, since_ns: int, after: int = 0, limit: int = 100, *, latest: bool = True
    ) -> list[Change]:
        """What happened at and below a path since a moment.

        Args:
            after: only changes behind this one.
            latest: the last ones rather than the first, when there are more than ``limit``; in both
                cases oldest first.
        """
        raw = os.fsencode(path)
        order = "DESC" if latest else "ASC"
        rows = self._query(
            "SELECT change.id, change.time_ns, change.op, change.path, change.origin, change.who, "  # noqa: S608
            "version.kind, version.number, version.size FROM change "
            "JOIN version ON version.id = change.version "
            "WHERE change.id > ? AND change.time_ns >= ? AND (? = X'' OR change.path = ? "
            "OR (change.path > ? AND change.path < ?) OR change.origin = ?) "
            f"ORDER BY change.id {order} LIMIT ?",
            (after, since_ns, raw, raw, raw + b"/", raw + b"0", raw, limit),
        )
        return [Change(*row) for row in (reversed(rows) if latest else rows)]

    def began_ns(self) -> int:
        """When lsfs first looked at the drive; 0 when it has not yet."""
        rows = self._query("SELECT value FROM meta WHERE key = 'began_ns'", ())
        return int(rows[0][0]) if rows else 0

    def moments(self, limit: int) -> list[int]:
        """When something changed, latest first."""
        rows = self._query(
            "SELECT DISTINCT begin_ns FROM version WHERE op <> ? ORDER BY begin_ns DESC LIMIT ?",
            (How.FOUND, limit),
        )
        return [row[0] for row in rows]

    def generation(self) -> int:
        """Rises with each change of what is read here."""
        with self._lock:
            db = self._open()
            return 0 if db is None else int(db.execute("PRAGMA data_version").fetchone()[0])

    # --- bytes

    def open(self, row: Row) -> Content:
        """The bytes of a version.

        Raises:
            ContentLost: nobody kept them.
            ObjectDamaged: what was kept is damaged.
        """
        if row.content is None or row.pruned:
            raise ContentLost(f"{os.fsdecode(row.path)}: version {row.number} was pruned")
        return self.contents.open(row.content)

    def digest(self, row: Row) -> bytes | None:
        """BLAKE3 of a version's bytes, where somebody has read them."""
        return None if row.content is None else self.contents.row(row.content).digest

    def is_kept(self, row: Row) -> bool:
        """Whether the bytes of a version are to be had."""
        if row.content is None or row.pruned:
            return False
        return self.contents.is_kept(self.contents.row(row.content))

    def has(self, state: State) -> bool:
        """Whether the content of a file in this state is kept outside of the source."""
        rows = self._query(
            "SELECT 1 FROM content WHERE inode = ? AND device = ? AND size = ? AND mtime_ns = ? "
            "AND ctime_ns = ? AND (kept OR event IS NOT NULL)",
            (state.inode, state.device, state.size, state.mtime_ns, state.ctime_ns),
        )
        return bool(rows)

    def settled(self) -> int:
        """The first event of the journal whose content nobody but the journal keeps."""
        rows = self._query("SELECT min(event) FROM content", ())
        if rows and rows[0][0] is not None:
            return int(rows[0][0])
        position = self._query("SELECT value FROM meta WHERE key = 'position'", ())
        return int(position[0][0]) + 1 if position else 0

    # --- queries

    def _first(self, where: str, values: tuple[Any, ...]) -> Row | None:
        rows = self._rows(where, values)
        return rows[0] if rows else None

    def _rows(self, where: str, values: Iterable[Any]) -> list[Row]:
        found = self._query(f"SELECT {ROW} FROM version {where}", tuple(values))  # noqa: S608
        return [Row(*row) for row in found]

    def _query(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            db = self._open()
            return [] if db is None else db.execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection | None:
        if self._db is None and os.path.exists(self._path):  # noqa: PTH110 - asked often
            db = connect(self._path)
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                db.close()  # it is just being made
                return None
            self._db = db
        return self._db
