"""The tables of ``versions.sqlite``: what each column means, and how a row is found and written.

When a row ends and another begins is for :mod:`lsfs.versions.timeline` to say.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from lsfs.versions.events import State

SCHEMA_VERSION = 1
GROWING = 2  # of content.open

# meta: single values by name.
#   position   last journal event that was taken in
#   began_ns   when this was made; what was there before is known as it was found
#   latest_ns  time of the last thing that was learnt of; what comes next is later, whatever the
#              clock says
#   looked     1: the whole drive was looked at since
#
# content: bytes that some path had, once or more often.
#   size, digest   length; BLAKE3 (32 bytes), NULL until somebody has read it
#   kept           1: objects/ has it, by its digest
#   event, file    captured, and not in objects/ yet: the event of the journal that has it, and the
#                  name of the file in objects/incoming (NULL: the event itself holds the bytes)
#   within         another content that begins with it, when only that was captured
#   device, inode, mtime_ns, ctime_ns   where it is in the source; NULL when it is there no more.
#                  Of what is captured or kept, ctime_ns is the file's when its bytes were compared
#                  with it; whatever else has changed since, it is not sure that it holds them
#   open           1: seen while a program was still writing to it; 2: a program appends to it, and
#                  it is the beginning of the file
#
# version: a path, as long as the same stood there.
#   path, parent   bytes relative to the source; parent "" is the top
#   kind           file | dir | link
#   number         of the content, from 1 along the chain; 0 for folders and links
#   begin_ns, end_ns   half open; end_ns NULL while it stands there
#   op             how it came: lsfs.versions.tables.How
#   end_op         how it went; '' while it stands there
#   mode, uid, gid, mtime_ns, size   of the file, when it was last looked at
#   content        of a file
#   target         of a link: what it says
#   previous       the row of the same file before; NULL for the first
#   origin         the row that the content came from, where that is of another file (renamed over
#                  this one, or brought back)
#   who            JSON [uid, pid, program], or ''
#   pruned         1: the content was given up by `prune`; the row stays, for its number
#
# change: what happened, in the order in which it was learnt of; what was there from the beginning
#   is no change, and what is below a folder that was renamed has none of its own.
#   op             lsfs.versions.tables.How
#   version        the row that began, or of what was removed, that ended
#   origin         of what was renamed: its path before
#
# snapshot: moments with a name.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE content (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    digest BLOB,
    kept INTEGER NOT NULL DEFAULT 0,
    event INTEGER,
    file BLOB,
    within INTEGER REFERENCES content(id),
    device INTEGER, inode INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    open INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX content_inode ON content(inode, device) WHERE inode IS NOT NULL;
CREATE INDEX content_event ON content(event) WHERE event IS NOT NULL;
CREATE INDEX content_digest ON content(digest) WHERE digest IS NOT NULL;
CREATE INDEX content_within ON content(within) WHERE within IS NOT NULL;
CREATE TABLE version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL,
    parent BLOB NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER,
    op TEXT NOT NULL,
    end_op TEXT NOT NULL DEFAULT '',
    mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    content INTEGER REFERENCES content(id),
    target BLOB,
    previous INTEGER REFERENCES version(id),
    origin INTEGER REFERENCES version(id),
    who TEXT NOT NULL DEFAULT '',
    pruned INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX version_live ON version(path) WHERE end_ns IS NULL;
CREATE INDEX version_path ON version(path, begin_ns);
CREATE INDEX version_parent ON version(parent, begin_ns);
CREATE INDEX version_content ON version(content) WHERE content IS NOT NULL;
CREATE INDEX version_previous ON version(previous) WHERE previous IS NOT NULL;
CREATE INDEX version_began ON version(begin_ns) WHERE op <> 'found';
CREATE INDEX version_ended ON version(end_ns) WHERE end_op = 'removed';
CREATE INDEX version_gone ON version(parent, path) WHERE end_op IN ('removed', 'outside');
CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    op TEXT NOT NULL,
    path BLOB NOT NULL,
    version INTEGER NOT NULL REFERENCES version(id),
    origin BLOB,
    who TEXT NOT NULL
);
CREATE TABLE snapshot (name TEXT PRIMARY KEY, time_ns INTEGER NOT NULL) WITHOUT ROWID;
"""


class How:
    """How a version came, or went."""

    FOUND = "found"  # was there when lsfs first looked
    CREATED = "created"
    WRITTEN = "written"
    OUTSIDE = "outside"  # written, made, or removed behind the mount
    RENAMED = "renamed"
    REPLACED = "replaced"  # another file was renamed over it
    EXCHANGED = "exchanged"
    RESTORED = "restored"
    ATTRIBUTES = "attributes"
    REMOVED = "removed"


class Row(Struct):
    """A row of ``version``."""

    id: int
    path: bytes
    kind: str
    number: int
    begin_ns: int
    end_ns: int | None
    op: str
    end_op: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    content: int | None
    target: bytes | None
    previous: int | None
    origin: int | None
    who: str
    pruned: int


ROW = (
    "id, path, kind, number, begin_ns, end_ns, op, end_op, mode, uid, gid, mtime_ns, size, "
    "content, target, previous, origin, who, pruned"
)


class ContentRow(Struct):
    """A row of ``content``."""

    id: int
    size: int
    digest: bytes | None
    kept: int
    event: int | None
    file: bytes | None
    within: int | None
    device: int | None
    inode: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    open: int

    @property
    def is_stored(self) -> bool:
        """Whether somebody has its bytes beside the source."""
        return bool(self.kept or self.event is not None)

    @property
    def is_safe(self) -> bool:
        """Whether its bytes are to be had without the source."""
        return self.is_stored or not self.size

    def is_in(self, state: State) -> bool:
        """Whether a file in this state has it: nobody has written to it since."""
        return (self.device, self.inode, self.size, self.mtime_ns) == (
            state.device, state.inode, state.size, state.mtime_ns,
        )  # fmt: skip


CONTENT = "id, size, digest, kept, event, file, within, device, inode, mtime_ns, ctime_ns, open"


class Known(NamedTuple):
    """What stands at a path, as a look at the source is compared with it.

    Attributes:
        inode, ctime_ns: of the file that has the content, as far as that is known.
    """

    path: bytes
    kind: str
    content: int | None
    target: bytes | None
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    inode: int | None
    ctime_ns: int | None


_KNOWN = (
    "SELECT version.path, version.kind, version.content, version.target, version.mode, "
    "version.uid, version.gid, version.mtime_ns, version.size, content.inode, content.ctime_ns "
    "FROM version LEFT JOIN content ON content.id = version.content WHERE"
)


class Tables:
    """The database, for the one process that writes it.

    Args:
        path: the SQLite file; made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._path = path
        self._connect()

    def _connect(self) -> None:
        self.db = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=10
        )
        self.db.execute("PRAGMA journal_mode=WAL")
        # What was captured is deleted from where it came in once this says that objects/ has it.
        self.db.execute("PRAGMA synchronous=FULL")
        if self.db.execute("PRAGMA user_version").fetchone()[0] == 0:
            self.db.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
        self.latest_ns = self._saved_ns = int(self.meta("latest_ns", "0"))

    def close(self) -> None:
        """Release the file."""
        with self.lock:
            self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write that happens whole or not at all."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                if self.latest_ns != self._saved_ns:
                    self.set_meta("latest_ns", str(self.latest_ns))
                self.db.execute("COMMIT")
                self._saved_ns = self.latest_ns
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    def meta(self, key: str, default: str = "") -> str:
        """A value of ``meta``."""
        with self.lock:
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        """Set a value of ``meta``."""
        with self.lock:
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def position(self) -> int:
        """The last event of the journal that was taken in."""
        return int(self.meta("position", "0"))

    def begin(self, time_ns: int) -> None:
        """Say when the drive was first looked at; nothing is noted as of before."""
        self.set_meta("began_ns", str(time_ns))
        self.latest_ns = max(self.latest_ns, time_ns)

    def _advance(self, time_ns: int) -> int:
        """The time of something that is learnt of now: later than all before, as it happened.

        A clock that has gone back, or an event that is read after a look at the files, would
        otherwise have a version begin before the one before it.
        """
        self.latest_ns = max(time_ns, self.latest_ns + 1)
        return self.latest_ns

    # --- rows

    def query(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Rows of any query; what an open transaction has written is seen."""
        with self.lock:
            return self.db.execute(query, values).fetchall()

    def live(self, path: bytes) -> Row | None:
        """What stands at a path."""
        rows = self._rows("WHERE path = ? AND end_ns IS NULL", (path,))
        return rows[0] if rows else None

    def last(self, path: bytes) -> Row | None:
        """What stood at a path last, or stands there."""
        rows = self._rows("WHERE path = ? ORDER BY begin_ns DESC, id DESC LIMIT 1", (path,))
        return rows[0] if rows else None

    def known_below(self, path: bytes) -> list[Known]:
        """What stands at and below a path; ``b""`` is the whole drive."""
        # '0' is the byte behind '/': see _below.
        below = (path + b"/", path + b"0")
        found: list[Known] = []
        wanted: list[tuple[str, tuple[bytes, ...]]] = [("", ())]
        if path:
            wanted = [
                ("version.path = ? AND", (path,)),
                ("version.path > ? AND version.path < ? AND", below),
            ]
        for where, values in wanted:
            rows = self.db.execute(f"{_KNOWN} {where} version.end_ns IS NULL", values)
            found += map(Known._make, rows)
        return found

    def content_in(self, state: State) -> int | None:
        """The content that a file in this state has; None when it is not known."""
        content = self._content_of(state)
        return content.id if content is not None and content.is_in(state) else None

    def _below(self, path: bytes) -> list[Row]:
        # '0' is the byte behind '/': the range holds exactly what starts with "path/".
        return self._rows(
            "WHERE path > ? AND path < ? AND end_ns IS NULL ORDER BY path",
            (path + b"/", path + b"0"),
        )

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[Row]:
        found = self.db.execute(f"SELECT {ROW} FROM version {where}", values)  # noqa: S608
        return [Row(*row) for row in found]

    def _begin(
        self,
        path: bytes,
        kind: str,
        state: State,
        time_ns: int,
        how: str,
        who: str,
        *,
        content: int | None = None,
        number: int = 0,
        previous: int | None = None,
        origin: int | None = None,
        target: bytes | None = None,
        came_from: bytes | None = None,
        told: bool = True,
    ) -> None:
        if kind == "file" and not number:
            earlier = self.last(path)
            if earlier is not None and earlier.kind == "file":
                number, previous = earlier.number + 1, earlier.id
            else:
                number = 1
        cursor = self.db.execute(
            "INSERT INTO version(path, parent, kind, number, begin_ns, op, mode, uid, gid, "
            "mtime_ns, size, content, target, previous, origin, who) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path, path.rpartition(b"/")[0], kind, number, time_ns, how, state.mode, state.uid,
                state.gid, state.mtime_ns, state.size, content, target, previous, origin, who,
            ),
        )  # fmt: skip

        if told and how != How.FOUND:
            self._tell(how, path, cursor.lastrowid or 0, time_ns, who, came_from)

    def _tell(
        self,
        op: str,
        path: bytes,
        version: int,
        time_ns: int,
        who: str,
        origin: bytes | None = None,
    ) -> None:
        self.db.execute(
            "INSERT INTO change(time_ns, op, path, version, origin, who) VALUES (?, ?, ?, ?, ?, ?)",
            (time_ns, op, path, version, origin, who),
        )

    def _end(self, row: Row, time_ns: int, how: str) -> None:
        self.db.execute(
            "UPDATE version SET end_ns = ?, end_op = ? WHERE id = ?",
            (max(time_ns, row.begin_ns), how, row.id),
        )

    def _set_attributes(self, row: Row, state: State, time_ns: int) -> None:
        self.db.execute(
            "UPDATE version SET mode = ?, uid = ?, gid = ?, mtime_ns = ?, size = ? WHERE id = ?",
            (state.mode, state.uid, state.gid, state.mtime_ns, state.size, row.id),
        )

    # --- contents

    def contents(self, ids: Iterable[int]) -> list[ContentRow]:
        """What is known of some contents."""
        with self.lock:
            return [self._one(id_) for id_ in ids]

    def _one(self, id_: int) -> ContentRow:
        row = self.db.execute(f"SELECT {CONTENT} FROM content WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return ContentRow(*row)

    def _content_of(self, state: State) -> ContentRow | None:
        """The content that was last known to be in a file."""
        row = self.db.execute(
            f"SELECT {CONTENT} FROM content WHERE inode = ? AND device = ? "  # noqa: S608
            "ORDER BY id DESC LIMIT 1",
            (state.inode, state.device),
        ).fetchone()
        return ContentRow(*row) if row else None

    def _new_content(
        self, state: State, stale: ContentRow | None = None, *, still_open: bool = False
    ) -> int:
        """A content that a file has from now on.

        Args:
            stale: the one that it had, where that is at hand.
        """
        stale = stale or self._content_of(state)
        if stale is not None:
            self._leave(stale.id)
        cursor = self.db.execute(
            "INSERT INTO content(size, device, inode, mtime_ns, ctime_ns, open) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                state.size, state.device, state.inode, state.mtime_ns, state.ctime_ns,
                int(still_open),
            ),
        )  # fmt: skip
        return cursor.lastrowid or 0

    def _settle(self, content: ContentRow, state: State, *, verified: bool = False) -> None:
        """The file with a content has these times now.

        Args:
            verified: its bytes were compared with those that are stored.
        """
        changed = state.ctime_ns if verified or not content.is_stored else content.ctime_ns
        self.db.execute(
            "UPDATE content SET device = ?, inode = ?, mtime_ns = ?, ctime_ns = ?, open = 0 "
            "WHERE id = ?",
            (state.device, state.inode, state.mtime_ns, changed, content.id),
        )

    def _leave(self, id_: int) -> None:
        """A content is not in the source any more."""
        self.db.execute(
            "UPDATE content SET device = NULL, inode = NULL, mtime_ns = NULL, ctime_ns = NULL, "
            "open = 0 WHERE id = ?",
            (id_,),
        )
