"""What summaries are made of, and summaries, kept by content; all of it can be made again."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

log = logging.getLogger("lsfs.syscalls.summary")

MOST_BYTES = 128 << 20
_DIGEST = 16  # bytes
# What is said of a damaged schema quotes it, and that may be no text.
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    key BLOB PRIMARY KEY,
    body BLOB NOT NULL,  -- behind a digest of key and body
    used INTEGER NOT NULL  -- seconds since 1970
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_used ON kept(used);
"""


class SummaryStore:
    """Bodies by key in one database; where that cannot be had, in memory.

    Args:
        path: the database.
        most_bytes: it is made smaller when it is larger than this: what was used last stays.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._memory: dict[bytes, bytes] = {}
        self._db = self._open()

    def _open(self) -> sqlite3.Connection | None:
        try:
            return _connected(self._path)
        except sqlite3.OperationalError as error:
            log.warning("summaries are not kept: %s: %s", self._path, error)
            return None
        except _DAMAGE as error:
            return self._renewed(error)

    def _renewed(self, damage: Exception) -> sqlite3.Connection | None:
        """An empty one in place of one that is damaged."""
        log.warning("summaries are made anew: %s: %s", self._path, damage)
        try:
            clear(self._path)
            return _connected(self._path)
        except (OSError, *_DAMAGE) as error:
            log.warning("summaries are not kept: %s: %s", self._path, error)
            return None

    def get(self, key: bytes) -> bytes | None:
        """What is kept under a key."""
        if key in self._memory:
            return self._memory[key]
        if self._db is None:
            return None
        try:
            row = self._db.execute("SELECT body FROM kept WHERE key = ?", (key,)).fetchone()
            found = b"" if row is None else bytes(row[0])
        except sqlite3.OperationalError as error:
            log.warning("a kept summary cannot be read: %s", error)
            return None
        except (TypeError, *_DAMAGE) as error:
            self._db.close()
            self._db = self._renewed(error)
            return None
        body = found[_DIGEST:]
        return body if found and found[:_DIGEST] == _digest(key, body) else None

    def put(self, key: bytes, body: bytes) -> None:
        """Keep a body; what cannot be written is kept until this is closed."""
        if self._db is not None:
            try:
                self._db.execute(
                    "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                    (key, _digest(key, body) + body, int(time.time())),
                )
                return
            except _DAMAGE as error:
                log.warning("a summary is not kept: %s", error)
        self._memory[key] = body

    def close(self) -> None:
        """Let the database go, and make it smaller where it is too large."""
        if self._db is not None:
            with contextlib.suppress(
                sqlite3.Error, UnicodeDecodeError
            ):  # the next one to close it does it
                self._shrink(self._db)
            self._db.close()

    def _shrink(self, db: sqlite3.Connection) -> None:
        (size,) = db.execute(
            "SELECT (page_count - freelist_count) * page_size "
            "FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        ).fetchone()
        if size <= self._most_bytes:
            return
        (count,) = db.execute("SELECT count(*) FROM kept").fetchone()
        gone = max(1, round(count * (1 - 0.7 * self._most_bytes / size)))
        db.execute("DELETE FROM kept WHERE key IN (SELECT key FROM kept ORDER BY used LIMIT ?)",
                   (gone,))  # fmt: skip
        db.execute("VACUUM")


def _digest(key: bytes, body: bytes) -> bytes:
    return blake3(key + body).digest(length=_DIGEST)


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def opened(path: Path) -> Iterator[SummaryStore]:
    """The store, for one call."""
    store = SummaryStore(path)
    try:
        yield store
    finally:
        store.close()


def clear(path: Path) -> None:
    """Forget all of it; nobody may have it open."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
