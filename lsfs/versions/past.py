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

from msgspec import Struct

from lsfs.errors import NotFound
from lsfs.versions.contents import Content, ContentLost, Contents, connect
from lsfs.versions.events import State
from lsfs.versions.history import JournalReader
from lsfs.versions.tables import ROW, SCHEMA_VERSION, How, Row

if TYPE_CHECKING:
    from lsfs.versions.objects import ObjectStore

# A file that was removed, and has not come back. The first term names an index.
_GONE = """
gone.end_op IN ('removed', 'outside') AND gone.kind = 'file' AND NOT gone.pruned
AND NOT EXISTS (SELECT 1 FROM version now WHERE now.path = gone.path AND now.end_ns IS NULL)
AND NOT EXISTS (SELECT 1 FROM version later WHERE later.path = gone.path
    AND later.begin_ns >= gone.begin_ns
    AND (later.begin_ns, later.id) > (gone.begin_ns, gone.id))
AND NOT EXISTS (SELECT 1 FROM version next WHERE next.previous = gone.id)
AND NOT EXISTS (SELECT 1 FROM version other WHERE other.content = gone.content
    AND other.end_ns IS NULL)
"""
# Somebody may have its bytes.
_HELD = """
EXISTS (SELECT 1 FROM content WHERE content.id = gone.content AND (kept OR event IS NOT NULL
    OR within IS NOT NULL OR inode IS NOT NULL OR content.size = 0))
"""

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

# Of each path the contents that it had and has not now, numbered from the latest.
_RECENT = """
WITH held AS (
    SELECT version.path AS path, content.digest AS digest, max(version.begin_ns) AS begin_ns
    FROM version JOIN content ON content.id = version.content
    WHERE version.kind = 'file' AND NOT version.pruned AND content.digest IS NOT NULL
    GROUP BY version.path, content.digest
    HAVING max(version.end_ns IS NULL) = 0 AND max(
        content.kept OR content.event IS NOT NULL OR content.within IS NOT NULL
        OR content.inode IS NOT NULL)
), numbered AS (
    SELECT digest, row_number() OVER (PARTITION BY path ORDER BY begin_ns DESC) AS place FROM held
)
SELECT DISTINCT digest FROM numbered WHERE place <= ?
"""


class FileThen(Struct, frozen=True):
    """A file of an earlier moment.

    Attributes:
        content: its id in the ledger.
        digest: BLAKE3 of its bytes; None while nobody has read them.
        is_live: the same still stands there.
        is_pruned: its bytes were given up.
    """

    path: str
    content: int | None
    digest: bytes | None
    size: int
    mtime_ns: int
    is_live: bool
    is_pruned: bool


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
        self._identity = (0, 0)
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
            "AND path <> '' ORDER BY path, begin_ns, id",
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

    def files(self, time_ns: int) -> list[FileThen]:
        """The files of a moment, with what is known of their contents, by path."""
        rows = self._query(
            "SELECT v.path, v.content, c.digest, v.size, v.mtime_ns, v.end_ns IS NULL, "
            "v.pruned FROM version v LEFT JOIN content c ON c.id = v.content "
            "WHERE v.kind = 'file' AND v.begin_ns <= ? AND (v.end_ns IS NULL OR v.end_ns > ?) "
            "ORDER BY v.path, v.begin_ns",
            (time_ns, time_ns),
        )
        return [
            FileThen(os.fsdecode(path), content, digest, size, mtime, bool(live), bool(pruned))
            for path, content, digest, size, mtime, live, pruned in rows
        ]

    def recent(self, count: int) -> set[bytes]:
        """Digests of the last ``count`` contents of each path, beside the present one.

        Only of contents whose bytes are still to be had.
        """
        rows = self._query(_RECENT, (count,))
        return {row[0] for row in rows}

    def first(self) -> int | None:
        """When the first file that is known began, in nanoseconds since the epoch."""
        rows = self._query("SELECT min(begin_ns) FROM version WHERE kind = 'file'", ())
        return None if not rows or rows[0][0] is None else int(rows[0][0])

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
        """Files at or below a path that were removed, and have not come back; latest first.

        A file that has another name, a hard link, is not lost with one of them.
        """
        raw = os.fsencode(path)
        return self._rows(
            f"AS gone WHERE {_GONE} AND (? = X'' OR path = ? OR (path > ? AND path < ?)) "
            "ORDER BY end_ns DESC, path",
            (raw, raw, raw + b"/", raw + b"0"),
        )

    # --- folders

    def kinds(self, path: str) -> dict[str, int]:
        """Whether there was a ``file`` or a ``dir`` at a path, and when the last one came."""
        return dict(
            self._query(
                "SELECT kind, max(begin_ns) FROM version WHERE path = ? AND kind <> 'link' "
                "GROUP BY kind",
                (os.fsencode(path),),
            )
        )

    def names(self, path: str) -> dict[bytes, int]:
        """Paths of what a folder holds, or held, without links, and when the last one came.

        A file that has gone on under another name is left out.
        """
        rows = self._query(
            "SELECT path, begin_ns, kind = 'file' AND end_op = 'renamed', max(id) FROM version "
            "WHERE parent = ? AND kind <> 'link' AND path <> '' GROUP BY path",
            (os.fsencode(path),),
        )
        return {row[0]: row[1] for row in rows if not row[2]}

    def folders(self, path: str) -> list[bytes]:
        """Paths of the folders that a folder holds, or held."""
        rows = self._query(
            "SELECT DISTINCT path FROM version WHERE parent = ? AND kind = 'dir' AND path <> ''",
            (os.fsencode(path),),
        )
        return [row[0] for row in rows]

    def trashed(self, path: str) -> Row | None:
        """The file that was removed at a path, has not come back, and can be had."""
        raw = os.fsencode(path)
        return self._first(
            f"AS gone WHERE {_GONE} AND {_HELD} AND parent = ? AND path = ?",
            (raw.rpartition(b"/")[0], raw),
        )

    def trashed_in(self, path: str) -> list[Row]:
        """The files that were removed in a folder, have not come back, and can be had."""
        return self._rows(
            f"AS gone WHERE {_GONE} AND {_HELD} AND parent = ? AND path <> ''",
            (os.fsencode(path),),
        )

    def has_trash(self, path: str) -> bool:
        """Whether :meth:`trashed` would find one below a path."""
        raw = os.fsencode(path)
        found = f"SELECT 1 FROM version AS gone WHERE {_GONE} AND {_HELD} AND"  # noqa: S608
        return bool(
            self._query(f"{found} parent = ? LIMIT 1", (raw,))
            or self._query(f"{found} parent > ? AND parent < ? LIMIT 1", (raw + b"/", raw + b"0"))
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

    def latest_ns(self) -> int:
        """When the last thing happened that is known; later than now when a clock went back."""
        rows = self._query("SELECT value FROM meta WHERE key = 'latest_ns'", ())
        return int(rows[0][0]) if rows else 0

    def moments(self, limit: int) -> list[int]:
        """When something changed, latest first."""
        rows = self._query(
            "SELECT DISTINCT begin_ns FROM version WHERE op <> ? ORDER BY begin_ns DESC LIMIT ?",
            (How.FOUND, limit),
        )
        return [row[0] for row in rows]

    def changed_before(self, time_ns: int) -> int | None:
        """When something changed last before a moment."""
        rows = self._query(
            "SELECT max(begin_ns) FROM version WHERE op <> 'found' AND begin_ns < ? "
            "UNION ALL SELECT max(end_ns) FROM version WHERE end_op = 'removed' AND end_ns < ?",
            (time_ns, time_ns),
        )
        return max((row[0] for row in rows if row[0] is not None), default=None)

    def generation(self) -> int:
        """Rises with each change of what is read here."""
        with self._lock:
            db = self._open()
            return 0 if db is None else int(db.execute("PRAGMA data_version").fetchone()[0])

    # --- bytes

    def open(self, row: Row) -> Content:
        """The bytes of a version.

        Raises:
            ContentLost: nobody kept them, or they were given up, maybe since the row was read.
            ObjectDamaged: what was kept is damaged.
        """
        if row.content is None or row.pruned:
            raise _pruned(row)
        try:
            return self.contents.open(row.content)
        except NotFound as error:
            # Rows are chosen before they are opened, and pruning goes on.
            now = self.row(row.id)
            if now is not None and now.pruned:
                raise _pruned(row) from error
            raise

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

    def known_names(self, state: State) -> int:
        """How many names of a file are known."""
        rows = self._query(
            "SELECT count(*) FROM version JOIN content ON content.id = version.content "
            "WHERE content.inode = ? AND content.device = ? AND version.end_ns IS NULL",
            (state.inode, state.device),
        )
        return int(rows[0][0]) if rows else 0

    def settled(self) -> int:
        """The first event of the journal whose content nobody but the journal keeps."""
        # In one query: between two, the ledger may take in an event, which would then be behind
        # the position of the second and yet not in the answer of the first.
        rows = self._query(
            "SELECT coalesce((SELECT min(event) FROM content), "
            "(SELECT CAST(value AS INTEGER) + 1 FROM meta WHERE key = 'position'), 0)",
            (),
        )
        return int(rows[0][0]) if rows else 0

    def position(self) -> int:
        """The last event of the journal that the ledger has taken in; 0 when that is not known."""
        try:
            found = self._query("SELECT value FROM meta WHERE key = 'position'", ())
        except sqlite3.DatabaseError:
            return 0  # it will be made again
        return int(found[0][0]) if found else 0

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
        try:
            stat = os.stat(self._path)  # noqa: PTH116 - asked often
        except FileNotFoundError:
            return self._db
        if self._db is not None and (stat.st_dev, stat.st_ino) != self._identity:
            self._db.close()  # it was damaged, and made again
            self._db = None
        if self._db is None:
            db = connect(self._path)
            self._identity = stat.st_dev, stat.st_ino
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                db.close()  # it is just being made
                return None
            self._db = db
        return self._db


def _pruned(row: Row) -> ContentLost:
    path = os.fsdecode(row.path)
    return ContentLost(f"{path}: version {row.number} was pruned", hint=f"see: lsfs history {path}")
