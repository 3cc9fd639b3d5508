"""The event journal of a drive: what changed through the mount, in order.

Written by one process, the one that serves the mount; others read it. WAL lets them read at any
time without either side waiting.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SCHEMA_VERSION = 1

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
        path: the SQLite file; made if missing.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # An event lost to a power cut is found again by the scan at the next start, so the
        # journal itself need not be synced at every close of a file.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def append(self, time_ns: int, op: Op, path: str, target: str | None = None) -> int:
        """Note a change; gives its position."""
        cursor = self._db.execute(
            "INSERT INTO event(time_ns, op, path, target) VALUES (?, ?, ?, ?)",
            (time_ns, op, os.fsencode(path), None if target is None else os.fsencode(target)),
        )
        return cursor.lastrowid or 0

    def close(self) -> None:
        """Release the file."""
        self._db.close()


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
