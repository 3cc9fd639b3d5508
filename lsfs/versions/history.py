"""The event journal of a drive: what changed through the mount, in order.

Written by one process, the one that serves the mount; others read it. WAL lets them read at any
time without either side waiting.

A transaction for each event would cost more than most of the operations that it is about. An event
is appended to a spool file, which a killed process leaves behind whole, and a thread takes what has
gathered there into the database every few hundredths of a second. What a killed process left in the
spool is taken in by the next.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

log = logging.getLogger("lsfs.versions.history")

SCHEMA_VERSION = 1
SPOOL = ".spool"
GATHER_S = 0.03
AT_ONCE = 500  # rows of a statement

_Row = tuple[int, int, str, bytes, bytes | None]
_RECORD = struct.Struct("<QqBII")  # id, time, position of the op in Op, lengths of both paths
_NO_TARGET = 0xFFFFFFFF

# event: one row per change that came through the mount.
#   id       position in the journal; rises, never reused (AUTOINCREMENT)
#   time_ns  when it was noted, nanoseconds since the epoch
#   op       written | removed | renamed | made_dir | removed_dir | attributes
#   path     bytes relative to the source, as the file system has them
#   target   renamed: the new path; else NULL
SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    op TEXT NOT NULL,
    path BLOB NOT NULL,
    target BLOB
);
"""


class Op(StrEnum):
    """What happened to a path."""

    WRITTEN = "written"
    REMOVED = "removed"
    RENAMED = "renamed"
    MADE_DIR = "made_dir"
    REMOVED_DIR = "removed_dir"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True)
class Event:
    """One change: ``path`` (and ``target`` of a rename) relative to the source."""

    id: int
    time_ns: int
    op: Op
    path: str
    target: str | None = None


class Journal:
    """The writing end; there is one, in the process that holds ``history.lock``.

    Args:
        path: the SQLite file; made if missing. The spool is beside it.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # An event lost to a power cut is found again by the scan at the next start, so the
        # journal itself need not be synced at every close of a file.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._spool = os.open(path.with_name(path.name + SPOOL), flags, 0o600)
        self._insert(_spooled(self._spool))
        os.ftruncate(self._spool, 0)
        found = self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()
        self._last_id = int(found[0])
        self._rows: list[_Row] = []  # in the spool and not in the database
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._ending = threading.Event()
        self._committed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._take_in, name="lsfs-journal", daemon=True)
        self._thread.start()

    def on_commit(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, in a thread, whenever events can be read."""
        self._committed = call

    def append(self, time_ns: int, op: Op, path: bytes, target: bytes | None = None) -> int:
        """Note a change; gives its position. A moment later it can be read.

        Args:
            time_ns: when, in nanoseconds since the epoch.
            path, target: relative to the source.

        Raises:
            OSError: the disk is full.
        """
        with self._lock:
            row = (self._last_id + 1, time_ns, op.value, path, target)
            os.write(self._spool, _packed(row))
            self._last_id += 1
            self._rows.append(row)
        if not self._news.is_set():
            self._news.set()
        return row[0]

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
                os.ftruncate(self._spool, 0)
        self._committed()

    def _insert(self, rows: Sequence[_Row]) -> None:
        """Whole or not at all; what is there already, as after a crash, is left as it is."""
        self._db.execute("BEGIN")
        try:
            # Many rows in a statement: between statements Python's lock would go to and fro.
            for begin in range(0, len(rows), AT_ONCE):
                some = rows[begin : begin + AT_ONCE]
                values = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
                insert = f"INSERT OR IGNORE INTO event VALUES {values}"  # noqa: S608 - only marks
                self._db.execute(insert, [value for row in some for value in row])
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


_NUMBER = {op.value: number for number, op in enumerate(Op)}


def _packed(row: _Row) -> bytes:
    id_, time_ns, op, path, target = row
    moved = _NO_TARGET if target is None else len(target)
    head = _RECORD.pack(id_, time_ns, _NUMBER[op], len(path), moved)
    return head + path + (target or b"")


def _spooled(fd: int) -> list[_Row]:
    """The events of a spool, up to where a power cut may have torn it."""
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    rows: list[_Row] = []
    begin = 0
    while begin + _RECORD.size <= len(data):
        id_, time_ns, op, length, moved = _RECORD.unpack_from(data, begin)
        begin += _RECORD.size
        size = 0 if moved == _NO_TARGET else moved
        if not id_ or op >= len(Op) or begin + length + size > len(data):
            break
        path, target = data[begin : begin + length], data[begin + length : begin + length + size]
        begin += length + size
        rows.append(
            (id_, time_ns, list(Op)[op].value, path, None if moved == _NO_TARGET else target)
        )
    return rows


class JournalReader:
    """The reading end; any number, in any process.

    Args:
        path: the SQLite file; an empty journal is read while it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def after(self, position: int, limit: int = 1000) -> Iterator[Event]:
        """Events behind ``position``, oldest first."""
        if self._db is None:
            if not self._path.exists():
                return
            self._db = sqlite3.connect(
                f"file:{_quoted(self._path)}?mode=ro", uri=True, check_same_thread=False
            )
        rows = self._db.execute(
            "SELECT id, time_ns, op, path, target FROM event WHERE id > ? ORDER BY id LIMIT ?",
            (position, limit),
        ).fetchall()
        for id_, time_ns, op, path, target in rows:
            moved = None if target is None else os.fsdecode(target)
            yield Event(id_, time_ns, Op(op), os.fsdecode(path), moved)

    def close(self) -> None:
        """Release the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))
