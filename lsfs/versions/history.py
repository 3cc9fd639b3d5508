"""The event journal of a drive: what happened, in order.

Written by one process, the one that serves the mount; others read it. WAL lets them read at any
time without either side waiting.

A transaction for each event would cost more than most of the operations that it is about. An event
is appended to a spool file, which a killed process leaves behind whole, and a thread takes what has
gathered there into the database every few hundredths of a second. What a killed process left in the
spool is taken in by the next. A reader reads the spool too, so it knows of an event as soon as the
operation that it is about has been answered.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from lsfs.versions import salvage
from lsfs.versions.events import (
    Event,
    Op,
    Row,
    State,
    Who,
    detail,
    event_of,
    framed,
    is_readable,
    unframed,
)

log = logging.getLogger("lsfs.versions.history")

SCHEMA_VERSION = 2
SPOOL = ".spool"
# Room that is set aside behind the end of the spool: what takes no more than a line in it, as a
# removal does whose file is kept by a link, is possible on a full disk.
RESERVED = 256 << 10
LITTLE = 256 << 20  # bytes: it is done when no more are free, for it takes a while
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE
GATHER_S = 0.03
FORGET_S = 10.0  # how often contents are dropped that others keep by now
AT_ONCE = 500  # rows of a statement

# event: one row for each thing that happened through the mount.
#   id       position in the journal; rises, never used again (AUTOINCREMENT)
#   time_ns  when it was noted, nanoseconds since the epoch; never less than in the row before
#   op       lsfs.versions.events.Op
#   path     bytes relative to the source, as the file system has them
#   target   renamed, exchanged: the other path; made_link: what it says; captured: the file
#            in objects/incoming that holds the content; else NULL
#   detail   MessagePack of [state, who, appended], see lsfs.versions.events.detail; or NULL
#   content  captured: the bytes, when they are few and not in objects/ yet; else NULL
SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    op TEXT NOT NULL,
    path BLOB NOT NULL,
    target BLOB,
    detail BLOB,
    content BLOB
);
CREATE INDEX IF NOT EXISTS event_content ON event(id) WHERE content IS NOT NULL;
"""
_COLUMNS = "id, time_ns, op, path, target, detail, content"


class Journal:
    """The writing end; there is one, in the process that holds ``history.lock``.

    Args:
        path: the SQLite file; made if missing. The spool is beside it.
        settled: the first event whose content nobody else keeps yet.
        taken: the last event that others have taken in; new ones are behind it, also when this
            file has lost some.
    """

    def __init__(
        self,
        path: Path,
        settled: Callable[[], int] = lambda: 0,
        taken: Callable[[], int] = lambda: 0,
    ) -> None:
        self._settled = settled
        self._forget_at = time.monotonic()
        mend(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._prepare()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._spool = os.open(_spool_of(path), flags, 0o600)
        self._insert(list(unframed(_whole(self._spool))))
        self._cut_spool(0)
        self._last_id, self._last_ns = self._last(taken())
        self._rows: list[Row] = []  # in the spool and not in the database
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._ending = threading.Event()
        self._committed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._take_in, name="lsfs-journal", daemon=True)
        self._thread.start()

    def _last(self, taken: int) -> tuple[int, int]:
        """Position and time of the last event that there was."""
        last_id, last_ns = self._db.execute(
            "SELECT coalesce(max(id), 0), coalesce(max(time_ns), 0) FROM event"
        ).fetchone()
        if taken > last_id:
            log.error("the journal has lost its last %d events", taken - last_id)
            self._db.execute("DELETE FROM sqlite_sequence WHERE name = 'event'")
            self._db.execute("INSERT INTO sqlite_sequence VALUES ('event', ?)", (taken,))
        return max(last_id, taken), last_ns

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 1:
            self._db.execute("ALTER TABLE event ADD COLUMN detail BLOB")
            self._db.execute("ALTER TABLE event ADD COLUMN content BLOB")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def on_commit(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, in a thread, whenever events have been committed."""
        self._committed = call

    def append(
        self,
        time_ns: int,
        op: Op,
        path: bytes,
        target: bytes | None = None,
        *,
        state: State | None = None,
        who: Who | None = None,
        appended: bool = False,
        content: bytes | None = None,
        sync: bool = False,
    ) -> int:
        """Note an event; gives its position. It can be read at once.

        Args:
            time_ns: when, in nanoseconds since the epoch; a clock that has gone back is not
                followed.
            path, target: relative to the source.
            sync: return when it is on the disk.

        Raises:
            OSError: the disk is full.
        """
        told = detail(state, who, appended)
        with self._lock:
            time_ns = max(time_ns, self._last_ns)
            row = Row(self._last_id + 1, time_ns, op.value, path, target, told, content)
            self._spool_row(framed(row))
            self._last_id += 1
            self._last_ns = time_ns
            self._rows.append(row)
        if sync:
            os.fdatasync(self._spool)
        if not self._news.is_set():
            self._news.set()
        return row.id

    def _spool_row(self, frame: bytes) -> None:
        """Append to the spool, whole or not at all: what follows a torn row is not read."""
        try:
            written = os.write(self._spool, frame)
            if written < len(frame):  # a disk that has just become full takes a part
                os.write(self._spool, frame[written:])
        except OSError:
            self._cut_spool(self._spool_size)
            raise
        self._spool_size += len(frame)

    def _cut_spool(self, size: int) -> None:
        os.ftruncate(self._spool, size)
        self._spool_size = size
        _reserve(self._spool, RESERVED)

    def close(self) -> None:
        """Take in what is left, and release the files; a second time does nothing."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._news.set()
        self._thread.join()
        self._db.close()
        os.close(self._spool)

    def _take_in(self) -> None:
        while not self._ending.is_set():
            self._news.wait()
            self._ending.wait(GATHER_S)
            self._news.clear()
            try:
                self._commit()
            except (sqlite3.Error, OSError) as error:
                # They stay in the spool, and are tried again with the next event.
                log.error("the journal takes no entries for now: %s", error)

    def _commit(self) -> None:
        with self._lock:
            rows = list(self._rows)
        if not rows:
            return
        self._insert(rows)
        with self._lock:
            del self._rows[: len(rows)]
            if not self._rows:
                self._cut_spool(0)
        self._committed()
        self._forget_contents()

    def _forget_contents(self) -> None:
        """Drop captured contents that others keep by now."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_S
        self._db.execute(
            "UPDATE event SET content = NULL WHERE content IS NOT NULL AND id < ?",
            (self._settled(),),
        )

    def _insert(self, rows: Sequence[Row]) -> None:
        """Whole or not at all; what is there already, as after a crash, is left as it is."""
        # The spool is emptied after this. An event lost to a power cut is found again by the next
        # look at the files; a content that was captured would be gone.
        keeps = any(row.op == Op.CAPTURED for row in rows)
        self._db.execute(f"PRAGMA synchronous={'FULL' if keeps else 'NORMAL'}")
        self._db.execute("BEGIN")
        try:
            # Many rows in a statement: between statements Python's lock would go to and fro.
            for begin in range(0, len(rows), AT_ONCE):
                some = rows[begin : begin + AT_ONCE]
                values = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(some))
                insert = f"INSERT OR IGNORE INTO event({_COLUMNS}) VALUES {values}"  # noqa: S608 - only marks
                self._db.execute(insert, [value for row in some for value in row])
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


class JournalReader:
    """The reading end; any number, in any process.

    Args:
        path: the SQLite file; an empty journal is read while it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._lock = threading.Lock()

    def after(self, position: int, limit: int = 1000) -> Iterator[Event]:
        """Events behind ``position``, oldest first; those that were just noted too."""
        with self._lock:
            # The spool first: what it no longer has is in the database by then.
            spooled = [row for row in self._spooled() if row.id > position]
            rows = self._query(
                f"SELECT {_COLUMNS} FROM event WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
                (position, limit),
            )
        last = rows[-1].id if rows else position
        if len(rows) < limit:
            rows += [row for row in spooled if row.id > last][: limit - len(rows)]
        yield from _events(rows)

    def told(self, position: int, limit: int) -> Iterator[Event]:
        """The same without what was captured, as far as the database has it."""
        columns = _COLUMNS.removesuffix("content") + "NULL"
        with self._lock:
            spooled = [row for row in self._spooled() if row.id > position]
            rows = self._query(
                f"SELECT {columns} FROM event WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
                (position, limit),
            )
        last = rows[-1].id if rows else position
        if len(rows) < limit:
            rows += [row for row in spooled if row.id > last]
        yield from map(event_of, rows)

    def before(self, position: int, limit: int = 1000) -> Iterator[Event]:
        """Events before ``position``, newest first."""
        with self._lock:
            spooled = [row for row in self._spooled() if row.id < position]
            rows = self._query(
                f"SELECT {_COLUMNS} FROM event WHERE id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608
                (position, limit),
            )
        known = {row.id for row in rows}
        fresh = [row for row in reversed(spooled) if row.id not in known]
        yield from _events((fresh + rows)[:limit])

    def content(self, id_: int) -> bytes | None:
        """The captured content that an event holds; None when it does not."""
        with self._lock:
            spooled = {row.id: row.content for row in self._spooled()}
            rows = self._query(f"SELECT {_COLUMNS} FROM event WHERE id = ?", (id_,))  # noqa: S608
        return rows[0].content if rows else spooled.get(id_)

    def captured(self, file: bytes) -> State | None:
        """The state of a file that was captured, by its name in ``objects/incoming``."""
        with self._lock:
            rows = [row for row in self._spooled() if row.target == file]
            where = "WHERE target = ? AND op = ?"
            rows += self._query(f"SELECT {_COLUMNS} FROM event {where}", (file, Op.CAPTURED.value))  # noqa: S608
        return next((event.state for event in _events(rows)), None)

    def _query(self, query: str, values: tuple[int | str | bytes, ...]) -> list[Row]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return []
        if self._db is not None and (stat.st_dev, stat.st_ino) != self._identity:
            self._db.close()  # it was damaged, and another has its place
            self._db = None
        if self._db is None:
            self._db = sqlite3.connect(
                f"file:{_quoted(self._path)}?mode=ro", uri=True, check_same_thread=False
            )
            self._identity = stat.st_dev, stat.st_ino
            if self._db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                self._db.close()  # of an older lsfs, and not opened by its writer since
                self._db = None
                return []
        return [Row(*row) for row in self._db.execute(query, values)]

    def _spooled(self) -> list[Row]:
        try:
            return list(unframed(_spool_of(self._path).read_bytes()))
        except FileNotFoundError:
            return []

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None


def _events(rows: Iterable[Row]) -> Iterator[Event]:
    """Events that are damaged, or of a later lsfs, are left out: all others are worth having."""
    for row in rows:
        if is_readable(row):
            yield event_of(row)
        else:
            log.warning("event %d of the journal cannot be read", row.id)


def mend(path: Path, why: str = "") -> None:
    """Set a damaged database aside, and go on with what can be read of it.

    For the process that holds ``history.lock``.

    Args:
        why: what is wrong with it; "" looks.
    """
    if not why and path.exists() and path.stat().st_size:
        why = salvage.problem(path, SCHEMA_VERSION)
    if why:
        place, count = salvage.renew(path, _make)
        log.error("%s: %s; it is set aside as %s, %d events go on", path, why, place.name, count)


def _make(path: Path, rows: Sequence[Row]) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        db.execute("BEGIN")
        marks = "?, ?, ?, ?, ?, ?, ?"
        insert = f"INSERT INTO event({_COLUMNS}) VALUES ({marks})"  # noqa: S608
        last_ns = 0
        for row in rows:
            last_ns = max(last_ns, row.time_ns)
            if is_readable(row):
                db.execute(insert, row._replace(time_ns=last_ns))
        db.execute("COMMIT")
    finally:
        db.close()


def _spool_of(path: Path) -> Path:
    return path.with_name(path.name + SPOOL)


def _reserve(fd: int, size: int) -> None:
    """Set room aside for a file without making it longer, where there is little left of it."""
    found = os.fstatvfs(fd)
    if found.f_bavail * found.f_frsize < LITTLE:
        _fallocate(fd, _KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(size))


_fallocate = ctypes.CDLL(None, use_errno=True).fallocate


def _whole(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))
