"""What the events of a drive add up to: which versions each path had, and where their bytes are.

Written by one process, the one that holds ``catalog.lock`` (the brain of a mounted drive); others
read it. It follows the journal (:meth:`Ledger.follow`) and is told what was found behind the mount
(:meth:`Ledger.found`, :meth:`Ledger.gone`).

A row of ``version`` is a path for as long as the same thing stood there: from ``begin_ns`` until
``end_ns``. So the tree of any moment is a query. Rows of one file are chained by ``previous``, over
renames too, and a number counts the contents along the chain:

- A file keeps its history when it is renamed.
- What is saved by renaming a new file over an old one continues the history of the old.
- A file that is made, or a new file that is renamed, where an earlier one was removed or moved away
  continues the history of that path.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import sqlite3
import stat as modes
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lsfs.errors import UsageError
from lsfs.versions.events import STEP_NS, Event, Op, State, Who

log = logging.getLogger("lsfs.versions.ledger")

SCHEMA_VERSION = 1
# A file that lsfs puts in another's place is written under such a name first; then comes the id of
# the version that it has the content of.
RESTORING = ".lsfs-restore-"
_DRAFT = re.compile(rb"\.lsfs-restore-(\d+)-[0-9a-f]{8}\Z")
GROWING = 2

# meta: single values by name.
#   position   last journal event that was taken in
#   began_ns   when this was made; what was there before is known as it was found
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
#   op             how it came: lsfs.versions.ledger.How
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
#   op             lsfs.versions.ledger.How
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


@dataclass(slots=True)
class Row:
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


@dataclass(slots=True)
class ContentRow:
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

# Whether a content is the same bytes as the file that is at a path in a state now; it has the same
# size. None when that cannot be told.
Equal = Callable[[ContentRow, bytes, State], bool | None]
# Whether two contents, by their ids, are known to be the same bytes.
Alike = Callable[[int, int], bool]


class Ledger:
    """The versions of a drive, for the one process that writes them.

    Args:
        path: the SQLite file; made if missing.
        equal: compares contents with files.
        alike: compares contents.
    """

    def __init__(self, path: Path, equal: Equal | None = None, alike: Alike | None = None) -> None:
        self.lock = threading.RLock()
        self._equal = equal or (lambda *_: None)
        self._alike = alike or (lambda *_: False)
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
                self.db.execute("COMMIT")
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

    # --- the journal

    def follow(self, events: Iterable[Event]) -> int:
        """Take in events, oldest first, those that are known already left out; gives how many."""
        count = 0
        with self.transaction():
            position = self.position
            for event in events:
                if event.id <= position:
                    continue
                self._take(event)
                position = event.id
                count += 1
            if count:
                self.set_meta("position", str(position))
        return count

    def _take(self, event: Event) -> None:
        path = os.fsencode(event.path)
        target = None if event.target is None else os.fsencode(event.target)
        who = _said(event.who)
        if not path and event.state is not None:
            path = self._name_of(event.state)
        if not path:  # without a name that can be told there is no history
            return
        if is_restoring(path) and event.op is not Op.RENAMED:
            return
        match event.op:
            case Op.CAPTURED if event.state:
                self._captured(path, event.state, event, target)
            case Op.WRITTEN if event.state and event.state.is_file:
                self._written(path, event.state, event.time_ns, How.WRITTEN, who, event.appended)
            case Op.APPENDING if event.state:
                self._appending(event.state)
            case Op.REMOVED | Op.REMOVED_DIR:
                self._removed(path, event.time_ns, How.REMOVED, who)
            case Op.RENAMED if target:
                self._renamed(path, target, event.state, event.time_ns, who)
            case Op.EXCHANGED if target:
                self._exchanged(path, target, event.time_ns, who)
            case Op.MADE_DIR if event.state:
                self._made(path, "dir", event.state, event.time_ns, How.CREATED, who)
            case Op.MADE_LINK if event.state:
                self._made(path, "link", event.state, event.time_ns, How.CREATED, who, target)
            case Op.ATTRIBUTES if event.state:
                self._attributes(path, event.state, event.time_ns, who)

    def _captured(self, path: bytes, state: State, event: Event, file: bytes | None) -> None:
        """The content that a path is about to lose was taken into keeping."""
        content = self._content_of(state)
        row = self.live(path)
        if content is None and row is not None and row.content is not None:
            content = self._one(row.content)
        if content is None or not content.is_in(state):
            # It was changed behind the mount, or never looked at.
            content = self._seen(path, row, state, event.time_ns)
        if not content.is_safe:
            self._has_captured(content.id, state, event.id, file)
        elif content.size and content.ctime_ns != state.ctime_ns:
            self._captured_again(content, row, state, event, file)
        # Else the file in incoming is nobody's, and is swept.

    def _has_captured(self, content: int, state: State, event: int, file: bytes | None) -> None:
        self.db.execute(
            "UPDATE content SET event = ?, file = ?, size = ?, ctime_ns = ?, open = 0 WHERE id = ?",
            (event, file, state.size, state.ctime_ns, content),
        )

    def _captured_again(
        self, old: ContentRow, row: Row | None, state: State, event: Event, file: bytes | None
    ) -> None:
        """What was captured may be another content, though by its times it is one that is kept."""
        fresh = self._new_content(state)
        self._has_captured(fresh, state, event.id, file)
        if self._alike(old.id, fresh):
            self.db.execute("DELETE FROM content WHERE id = ?", (fresh,))
            self._settle(old, state, verified=True)
            return
        rows = self._live_with(old.id, row)
        began = max((one.begin_ns + 1 for one in rows), default=0)
        began = min(max(began, state.ctime_ns or event.time_ns), event.time_ns)
        self._replace(rows, fresh, state, began, How.OUTSIDE, "")

    def _seen(self, path: bytes, row: Row | None, state: State, time_ns: int) -> ContentRow:
        """A content that no event told of: a version that came some time before ``time_ns``."""
        if row is None:
            began, how = self._appeared(path, state, time_ns)
        else:
            # A time that somebody set tells nothing; it is not after the last change, as known.
            known = self._one(row.content) if row.content is not None else None
            is_told = (
                known is not None
                and (known.device, known.inode) == (state.device, state.inode)
                and state.mtime_ns > (known.ctime_ns or row.begin_ns)
            )
            began = state.mtime_ns if is_told else state.ctime_ns or time_ns
            began = min(max(began, row.begin_ns + 1), time_ns)
            how = How.OUTSIDE
        self._written(path, state, began, how, "", False)
        found = self.live(path)
        assert found is not None and found.content is not None  # noqa: S101 - just made
        return self._one(found.content)

    def _appeared(self, path: bytes, state: State, time_ns: int) -> tuple[int, str]:
        """Since when something may be at a path where it was found, and how it came there."""
        before = self.last(path)
        if self.meta("looked"):
            began, how = state.ctime_ns or time_ns, How.OUTSIDE
        else:
            began = 0 if state.is_dir else state.mtime_ns
            how = How.FOUND if before is None else How.OUTSIDE
        folder = self.live(path.rpartition(b"/")[0])
        began = max(
            began,
            before.end_ns or 0 if before is not None else 0,
            folder.begin_ns if folder is not None else 0,  # no longer than its folder
        )
        return min(began, time_ns), how

    def _written(
        self, path: bytes, state: State, time_ns: int, how: str, who: str, appended: bool
    ) -> None:
        """A file has, or may have, another content than before."""
        row = self.live(path)
        if row is not None and row.kind != "file":
            self._end(row, time_ns, how)
            row = None
        if row is None or row.content is None:
            known = self._content_of(state)
            # A further name of a known file has what that has.
            content = known.id if known and known.is_in(state) else self._new_content(state, known)
            how = How.CREATED if how == How.WRITTEN else how
            self._begin(path, "file", state, time_ns, how, who, content=content)
            return
        old = self._one(row.content)
        is_begun = old.open == 1 and not appended and not old.is_stored
        if old.open == GROWING and how == How.OUTSIDE and old.inode == state.inode:
            appended = True  # who served the file was killed before it could say so
        if is_begun or self._is_same(old, path, state, appended):
            if is_begun and not old.is_in(state):
                self.db.execute("UPDATE content SET size = ? WHERE id = ?", (state.size, old.id))
            self._settle(old, state)
            self._set_attributes(row, state, time_ns)
            return
        known = self._content_of(state)
        if known is not None and known.is_in(state) and known.id != old.id:
            content = known.id
        else:  # also of one with its time set back
            content = self._new_content(state, known)
        if not old.is_safe and appended and old.size <= state.size:
            self.db.execute("UPDATE content SET within = ? WHERE id = ?", (content, old.id))
        is_another = old.inode is not None and old.inode != state.inode
        rows = [row] if is_another else self._live_with(old.id, row)
        self._replace(rows, content, state, time_ns, how, who)
        has_left = known is not None and known.id == old.id
        if not has_left and not self._live_with(old.id):
            self._leave(old.id)

    def _appending(self, state: State) -> None:
        content = self._content_of(state)
        if content is not None and content.is_in(state) and not content.is_stored:
            self.db.execute("UPDATE content SET open = ? WHERE id = ?", (GROWING, content.id))

    def _replace(
        self, rows: list[Row], content: int, state: State, time_ns: int, how: str, who: str
    ) -> None:
        """All names of a file have another content."""
        for one in rows:
            self._end(one, time_ns, how)
            self._begin(
                one.path, "file", state, time_ns, how, who,
                content=content, number=one.number + 1, previous=one.id,
            )  # fmt: skip

    def _live_with(self, content: int, row: Row | None = None) -> list[Row]:
        """The rows that have a content now; ``row`` where there are none."""
        rows = self._rows("WHERE content = ? AND end_ns IS NULL", (content,))
        return rows or ([] if row is None else [row])

    def _name_of(self, state: State) -> bytes:
        """A name of the file in a state, whose name could not be told; ``b""`` without one."""
        content = self._content_of(state)
        rows = [] if content is None else self._live_with(content.id)
        return rows[0].path if rows else b""

    def _is_same(self, old: ContentRow, path: bytes, state: State, appended: bool) -> bool:
        """Whether what was written to, or seen to be changed, holds what it held before."""
        if old.is_in(state) and (not old.is_stored or old.ctime_ns == state.ctime_ns):
            return True  # nothing goes that is not stored before
        if old.size != state.size:
            return False
        if not old.size or (appended and not old.is_stored):
            return True
        # Something was written over: it may be the same again, or be another within one step of
        # the file system's clock, or with its time set back.
        return self._equal(old, path, state) is True

    def _removed(self, path: bytes, time_ns: int, how: str, who: str = "") -> None:
        row = self.live(path)
        if row is None:
            last = self.last(path)
            # It was seen to be gone before its event was read.
            if how == How.REMOVED and last is not None and last.end_op == How.OUTSIDE:
                self.db.execute(
                    "UPDATE version SET end_op = ? WHERE id = ?", (How.REMOVED, last.id)
                )
            return
        if row.kind == "dir":
            for below in self._below(path):
                self._end(below, time_ns, how)
                self._forget_place(below)
        self._end(row, time_ns, how)
        self._forget_place(row)
        if how in (How.REMOVED, How.OUTSIDE):
            self._tell(How.REMOVED, path, row.id, time_ns, who or _by(how))

    def _forget_place(self, row: Row) -> None:
        """A file has lost a name: its content is not found in the source by it any more."""
        if row.content is not None:
            others = self._rows("WHERE content = ? AND end_ns IS NULL", (row.content,))
            if not others:
                self._leave(row.content)

    def _renamed(
        self, path: bytes, target: bytes, state: State | None, time_ns: int, who: str
    ) -> None:
        row = self.live(path)
        if (row is not None and row.kind == "dir") or (state is not None and state.is_dir):
            self._removed(target, time_ns, How.REPLACED)  # an empty folder
            self._move(path, target, state, time_ns, who)
            return
        if row is not None and row.kind == "link":
            self._removed(target, time_ns, How.REPLACED)
            self._end(row, time_ns, How.RENAMED)
            self._begin(
                target, "link", _state(row), time_ns, How.RENAMED, who,
                target=row.target, came_from=path,
            )  # fmt: skip
            return
        self._renamed_file(row, path, target, state, time_ns, who)

    def _renamed_file(
        self,
        row: Row | None,
        path: bytes,
        target: bytes,
        state: State | None,
        time_ns: int,
        who: str,
    ) -> None:
        if row is None and (state is None or not state.is_file):
            self._removed(target, time_ns, How.REPLACED)
            return
        if row is None:
            assert state is not None  # noqa: S101
            content = (
                self.content_in(state)
                or self._restored(path, target, state)
                or self._new_content(state, still_open=not is_restoring(path))
            )
        else:
            assert row.content is not None  # noqa: S101 - it is a file
            content = row.content
            one = self._one(content)
            if state is not None and one.is_in(state):
                self._settle(one, state)
            else:  # somebody is writing to it
                state = _state(row)
            self._end(row, time_ns, How.RENAMED)
        previous, number, how = row, row.number if row else 1, How.RENAMED
        origin = restored_from(path)
        over = self.live(target)
        earlier = over or self.last(target)
        # What was just made has none, whatever else had its name before: a name for drafts.
        has_history = (
            row is not None
            and row.op != How.CREATED
            and (row.previous is not None or row.number > 1)
        )
        if earlier is not None and earlier.kind == "file" and (over or not has_history):
            # Saved in the place of what was there: that one's history goes on.
            same = (
                over is not None
                and over.content is not None
                and self._same(over.content, content, target, state)
            )
            previous, number = earlier, earlier.number + (0 if same else 1)
            how = How.WRITTEN if origin is None else How.RESTORED
            origin = row.id if row is not None and origin is None else origin
        elif origin is not None:
            how = How.RESTORED
        if over is not None:
            self._end(over, time_ns, How.REPLACED if over.kind != "file" else how)
            if over.content != content:
                self._forget_place(over)
        self._begin(
            target, "file", state, time_ns, how, who, content=content, number=number,
            previous=previous.id if previous else None, origin=origin,
            came_from=path if how == How.RENAMED else None,
        )  # fmt: skip

    def _restored(self, draft: bytes, target: bytes, state: State) -> int | None:
        """The content of a version that was brought back; None for other files.

        The name of the draft says which it was. Anybody can choose such a name, so it is compared.
        """
        origin = restored_from(draft)
        rows = self._rows("WHERE id = ?", (origin,)) if origin is not None else []
        if not rows or rows[0].content is None:
            return None
        held = self._one(rows[0].content)
        if held.size != state.size or self._equal(held, target, state) is not True:
            return None
        if held.inode is None:
            self._settle(held, state, verified=True)
            return held.id
        # The old one is still what another file holds.
        fresh = self._new_content(state)
        self.db.execute(
            "UPDATE content SET digest = ?, kept = ? WHERE id = ?", (held.digest, held.kept, fresh)
        )
        return fresh

    def _same(self, first: int, second: int, path: bytes, state: State) -> bool:
        """Whether two contents, the second of the file that is at a path, are the same bytes."""
        if first == second:
            return True
        one, other = self._one(first), self._one(second)
        if one.digest is not None and other.digest is not None:
            return one.digest == other.digest
        return one.size == state.size and (
            not one.size or (one.is_stored and self._equal(one, path, state) is True)
        )

    def _move(
        self, path: bytes, target: bytes, state: State | None, time_ns: int, who: str
    ) -> None:
        """A folder has another path, and all that is below it."""
        top = self.live(path)
        if top is None and state is not None:
            self._made(target, "dir", state, time_ns, How.RENAMED, who)
        for row in [*([top] if top else []), *self._below(path)]:
            self._end(row, time_ns, How.RENAMED)
            moved = target + row.path[len(path) :]
            self._begin(
                moved, row.kind, _state(row), time_ns, How.RENAMED, who, content=row.content,
                number=row.number, previous=row.id, target=row.target,
                came_from=row.path if row.path == path else None, told=row.path == path,
            )  # fmt: skip

    def _exchanged(self, path: bytes, target: bytes, time_ns: int, who: str) -> None:
        """Two names have each what the other had; files keep the history of their path."""
        sides = []
        for old, new in ((path, target), (target, path)):
            top = self.live(old)
            rows = [*([top] if top else []), *self._below(old)]
            for row in rows:
                self._end(row, time_ns, How.EXCHANGED)
            sides.append((old, new, rows))
        for old, new, rows in sides:
            for row in rows:
                moved = new + row.path[len(old) :]
                earlier = self.last(moved) if row.path == old else None
                if earlier is None or earlier.kind != row.kind or row.kind != "file":
                    earlier = None
                self._begin(
                    moved, row.kind, _state(row), time_ns, How.EXCHANGED, who,
                    content=row.content, target=row.target,
                    number=earlier.number + 1 if earlier else row.number,
                    previous=(earlier or row).id, origin=row.id if earlier else None,
                    came_from=row.path, told=row.path == old,
                )  # fmt: skip

    def _made(
        self,
        path: bytes,
        kind: str,
        state: State,
        time_ns: int,
        how: str,
        who: str,
        target: bytes | None = None,
    ) -> None:
        """A folder or a link is at a path."""
        row = self.live(path)
        if row is not None and row.kind == kind and row.target == target:
            self._set_attributes(row, state, time_ns)
            return
        if row is not None:
            self._removed(path, time_ns, How.REPLACED)
        self._begin(path, kind, state, time_ns, how, who, target=target)

    def _attributes(self, path: bytes, state: State, time_ns: int, who: str) -> None:
        row = self.live(path)
        if row is None:
            return
        if row.content is not None:
            content = self._one(row.content)
            # Times were set: whoever did so has not written to it. Somebody behind the mount may
            # have.
            if (content.device, content.inode, content.size) == (
                state.device, state.inode, state.size,
            ):  # fmt: skip
                if (
                    not content.is_in(state)
                    and content.is_stored
                    and self._equal(content, path, state) is False
                ):
                    self._seen(path, row, state, time_ns)
                    return
                self._settle(content, state)
            else:
                state = state._replace(size=row.size, mtime_ns=row.mtime_ns)
        if not _differs(row, state):
            self._set_attributes(row, state, time_ns)
            return
        if (row.mode, row.uid, row.gid) == (state.mode, state.uid, state.gid):
            self._set_attributes(row, state, time_ns)  # times alone make no version
            return
        self._end(row, time_ns, How.ATTRIBUTES)
        self._begin(
            path, row.kind, state, time_ns, How.ATTRIBUTES, who, content=row.content,
            number=row.number, previous=row.id, target=row.target,
        )  # fmt: skip

    # --- what was found behind the mount

    def found(
        self, path: bytes, state: State, time_ns: int, *, target: bytes | None = None
    ) -> bool:
        """What stands at a path now; says whether that was news.

        Args:
            time_ns: now.
            target: of a link.
        """
        row = self.live(path)
        kind = "dir" if state.is_dir else "link" if modes.S_ISLNK(state.mode) else "file"
        if row is not None and row.kind == kind:
            if kind == "file":
                return self._found_file(path, row, state, time_ns)
            if kind == "link" and row.target != target:
                self._made(path, kind, state, time_ns, How.OUTSIDE, "", target)
                return True
            return self._found_attributes(row, state, time_ns)
        if row is not None:
            self._removed(path, time_ns, How.OUTSIDE)
        if kind == "file":
            self._seen(path, None, state, time_ns)
            return True
        began, how = self._appeared(path, state, time_ns)
        self._made(path, kind, state, began, how, "", target)
        return True

    def _found_file(self, path: bytes, row: Row, state: State, time_ns: int) -> bool:
        content = self._one(row.content) if row.content is not None else None
        if content is None or not content.is_in(state):
            self._seen(path, row, state, time_ns)
            return True
        if content.is_stored and content.ctime_ns != state.ctime_ns:
            equal = self._equal(content, path, state)
            if equal is False:  # with its time set back
                self._seen(path, row, state, time_ns)
                return True
            self._settle(
                content, state, verified=bool(equal) and time_ns - state.ctime_ns >= STEP_NS
            )
        else:
            self._settle(content, state)
        return self._found_attributes(row, state, time_ns)

    def _found_attributes(self, row: Row, state: State, time_ns: int) -> bool:
        if not _differs(row, state):
            return False
        self._attributes(row.path, state, time_ns, "")
        return True

    def gone(self, path: bytes, time_ns: int) -> bool:
        """Nothing stands at a path any more; says whether that was news."""
        if self.live(path) is None:
            return False
        self._removed(path, time_ns, How.OUTSIDE)
        return True

    def moved(self, path: bytes, target: bytes, state: State, time_ns: int) -> None:
        """A file or folder was found under another name."""
        self._renamed(path, target, state, time_ns, "")

    def read(self, state: State, digest: bytes, *, kept: bool) -> None:
        """Somebody has read the file in this state: its content is known by its digest.

        Args:
            kept: ``objects/`` has it.
        """
        content = self._content_of(state)
        if content is not None and content.is_in(state):
            self.db.execute(
                "UPDATE content SET digest = ?, kept = max(kept, ?), ctime_ns = ? WHERE id = ?",
                (digest, int(kept), state.ctime_ns, content.id),
            )

    def settled(self, digests: dict[int, bytes]) -> None:
        """Captured contents have their place in ``objects/``; their digests by id."""
        with self.transaction():
            self.db.executemany(
                "UPDATE content SET digest = ?, kept = 1, event = NULL, file = NULL WHERE id = ?",
                [(digest, id_) for id_, digest in digests.items()],
            )

    def lose(self, ids: Iterable[int]) -> None:
        """Contents that turned out to be nowhere, and are not kept therefore."""
        with self.transaction():
            self.db.executemany(
                "UPDATE content SET kept = 0, event = NULL, file = NULL, within = NULL "
                "WHERE id = ?",
                [(id_,) for id_ in ids],
            )

    def paths_of(self, content: int) -> list[bytes]:
        """Where a content is in the source."""
        rows = self.query(
            "SELECT path FROM version WHERE content = ? AND end_ns IS NULL", (content,)
        )
        return [row[0] for row in rows]

    # --- moments with a name

    def name_moment(self, name: str, time_ns: int) -> None:
        """Give a moment a name.

        Raises:
            UsageError: another has it.
        """
        with self.transaction():
            if self.query("SELECT 1 FROM snapshot WHERE name = ?", (name,)):
                raise UsageError(
                    f"there is a snapshot {name!r} already", hint="see: lsfs snapshots"
                )
            self.db.execute("INSERT INTO snapshot VALUES (?, ?)", (name, time_ns))

    def forget_moment(self, name: str) -> bool:
        """Take a moment its name; False when no moment has it."""
        with self.transaction():
            return self.db.execute("DELETE FROM snapshot WHERE name = ?", (name,)).rowcount > 0

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


def is_restoring(path: bytes) -> bool:
    """Whether a path is a name that lsfs writes to before it puts a file in another's place."""
    return _DRAFT.match(path.rpartition(b"/")[2]) is not None


def restored_from(path: bytes) -> int | None:
    """The version that a name written by lsfs has the content of; None for other names."""
    found = _DRAFT.match(path.rpartition(b"/")[2])
    return int(found[1]) if found else None


def _differs(row: Row, state: State) -> bool:
    return (row.mode, row.uid, row.gid, row.mtime_ns) != (
        state.mode, state.uid, state.gid, state.mtime_ns,
    )  # fmt: skip


def _state(row: Row) -> State:
    return State(row.mode, row.uid, row.gid, row.size, row.mtime_ns, 0, 0, 0)


def _by(how: str) -> str:
    """Who did what was found behind the mount: somebody, that is all that is known."""
    return "outside" if how == How.OUTSIDE else ""


@functools.lru_cache(256)
def _said(who: Who | None) -> str:
    import json

    return json.dumps(list(who)) if who else ""
