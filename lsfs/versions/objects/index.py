"""Where each record is: an SQLite database that can be made again from the packs.

A commit does not wait for the disk: after a power cut, the records that it knew of are found at the
ends of the packs (``scanning.adopt``). SQLite keeps the file whole meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import IndexCorrupt, StateUnwritable
from lsfs.versions.objects.records import Kind

SCHEMA_VERSION = 1
NAME = "index.sqlite"
# Small pages keep the index of a small store small, and each commit; half a million rows are found
# a tenth slower than with pages of 4096.
_PAGE_BYTES = 1024
_CHECKPOINT_PAGES = 64
_FULL = {"SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN"}

# meta: following = the number of the next pack; never given twice.
#
# pack: one row per pack file.
#   length   bytes of it whose records are in `record`, or are garbage; more may lie behind
#
# record: one row per chunk and per list, once.
#   digest   of the chunk's bytes; of the content whose list it is (32 bytes)
#   kind     0 chunk, 1 list
#   pack, place, length   the record, header included, in bytes
#   raw      bytes when it is decoded
#   size     bytes of the content that it is, or lists; NULL = a chunk only. A content has one row
#            with a size: that of its list, or of the chunk that it consists of
#   base     digest of the record of the same kind that it is a delta to; NULL = none
#
# dropped: records of contents that are not, or no more, those of `record`, and do not say so
# themselves yet; the row goes when they do. See Packs.drop.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pack (number INTEGER PRIMARY KEY, length INTEGER NOT NULL);
CREATE TABLE record (
    digest BLOB NOT NULL,
    kind INTEGER NOT NULL,
    pack INTEGER NOT NULL,
    place INTEGER NOT NULL,
    length INTEGER NOT NULL,
    raw INTEGER NOT NULL,
    size INTEGER,
    base BLOB,
    PRIMARY KEY (digest, kind)
) WITHOUT ROWID;
CREATE TABLE dropped (pack INTEGER NOT NULL, place INTEGER NOT NULL);
"""
_COLUMNS = "digest, kind, pack, place, length, raw, size, base"


class Row(Struct, frozen=True):
    """A row of ``record``; see the schema."""

    digest: bytes
    kind: Kind
    pack: int
    place: int
    length: int
    raw: int
    size: int | None
    base: bytes | None

    @property
    def key(self) -> tuple[bytes, Kind]:
        """What it is found by."""
        return self.digest, self.kind


Key = tuple[bytes, Kind]
Find = Callable[[bytes, Kind], Row | None]


class Index:
    """The database, and the rows that are not committed yet.

    Args:
        path: the file; a writer makes it if it is missing, a reader finds nothing until it is
            there.
        read_only: whether others may be writing it.

    Raises:
        IndexCorrupt: it is no database, or one of another version.
        StateUnwritable: the disk is full.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self._read_only = read_only
        self._lock = threading.RLock()
        self._pending: dict[Key, Row] = {}
        # Digests of which no record is written down: a new content is looked for six times.
        self._absent: set[bytes] = set()
        self._db: sqlite3.Connection | None = None
        self._identity = (0, 0)
        if not read_only:
            self._open_or_close()

    def _open_or_close(self) -> None:
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        with _worded(self.path):
            found = self.path.exists()
            uri = f"file:{quote(os.fsencode(self.path))}?mode={'ro' if self._read_only else 'rwc'}"
            self._db = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30
            )
            if not self._read_only:
                self._prepare(found)
            version = _version(self._db)
            if version != SCHEMA_VERSION:
                raise IndexCorrupt(f"{self.path} has version {version}, not {SCHEMA_VERSION}")
            status = self.path.stat()
            self._identity = status.st_dev, status.st_ino

    def _prepare(self, found: bool) -> None:
        db = self._writing()
        if not found:
            db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self.path.chmod(0o600)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA journal_size_limit={_CHECKPOINT_PAGES * _PAGE_BYTES}")
        if _version(db) == 0:
            db.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")

    def _reading(self) -> sqlite3.Connection | None:
        """The connection; a reader's follows a file that was put in the place of the old one."""
        if not self._read_only:
            return self._writing()
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        if self._db is None or (status.st_dev, status.st_ino) != self._identity:
            self.close()
            self._open_or_close()
        return self._db

    def _writing(self) -> sqlite3.Connection:
        if self._db is None:
            raise StateUnwritable(f"{self.path} is closed")
        return self._db

    def _rows(self, question: str, *values: object) -> list[Any]:
        with self._lock, _worded(self.path):
            db = self._reading()
            return [] if db is None else db.execute(question, values).fetchall()

    def find(self, digest: bytes, kind: Kind) -> Row | None:
        """The row of a chunk or a list."""
        waiting = self._pending.get((digest, kind))
        if waiting is not None:
            return waiting
        question = f"SELECT {_COLUMNS} FROM record WHERE digest = ?"  # noqa: S608
        with self._lock:
            if digest in self._absent:
                return None
            rows = [_row(values) for values in self._rows(question, digest)]
            if not rows and not self._read_only:  # where others write, it may be there any time
                self._absent.add(digest)
        return next((row for row in rows if row.kind == kind), None)

    def rows(self) -> Iterator[Row]:
        """Every row, those of a pack as they lie in it."""
        with self._lock:
            waiting = dict(self._pending)
        yield from waiting.values()
        question = f"SELECT {_COLUMNS} FROM record ORDER BY pack, place"  # noqa: S608
        for values in self._rows(question):
            row = _row(values)
            if row.key not in waiting:
                yield row

    def totals(self) -> tuple[int, int, int]:
        """How many contents and chunks are committed, and the bytes of the contents."""
        question = "SELECT count(size), total(kind = 0), total(size) FROM record"
        rows = self._rows(question) or [(0, 0, 0)]
        contents, chunks, size = map(int, rows[0])
        return contents, chunks, size

    def lengths(self) -> dict[int, int]:
        """The packs, and up to where the index knows them."""
        return dict(self._rows("SELECT number, length FROM pack"))

    def following(self) -> int:
        """The lowest number that no pack ever had."""
        rows = self._rows("SELECT value FROM meta WHERE key = 'following'")
        return max(rows[0][0] if rows else 1, max(self.lengths(), default=0) + 1)

    def problem(self, *, deep: bool) -> str:
        """What SQLite finds wrong with the file; empty when it finds nothing."""
        try:
            rows = self._rows(f"PRAGMA {'integrity' if deep else 'quick'}_check(1)")
        except IndexCorrupt as error:
            return error.message
        return "" if not rows or rows[0][0] == "ok" else str(rows[0][0])

    def add(self, rows: Iterable[Row]) -> list[Row]:
        """Rows that the next commit writes; they are found from now on.

        Another thread may have put the same meanwhile. What it put stays, for others may refer to
        it already; those of ``rows`` that are not taken are given back.
        """
        left: list[Row] = []
        with self._lock:
            for row in rows:
                there = self.find(*row.key)
                if there is None or (there.size is None and row.size is not None):
                    self._pending[row.key] = row
                else:
                    left.append(row)
        return left

    def pending(self) -> list[Row]:
        """What the next commit writes."""
        with self._lock:
            return list(self._pending.values())

    def discard(self) -> None:
        """Forget what was not committed."""
        with self._lock:
            self._pending.clear()

    def commit(
        self,
        rows: Iterable[Row],
        ends: Mapping[int, int],
        dropped: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Write rows, up to where the packs are known, and ``dropped``, whole or not at all.

        Raises:
            StateUnwritable: the disk is full.
        """
        rows = list(rows)
        with self.change() as db:
            insert = f"INSERT OR REPLACE INTO record ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"  # noqa: S608
            db.executemany(insert, [_values(row) for row in rows])
            db.executemany("INSERT OR REPLACE INTO pack VALUES (?, ?)", list(ends.items()))
            db.executemany("INSERT INTO dropped VALUES (?, ?)", list(dropped))
        with self._lock:
            for row in rows:
                if self._pending.get(row.key) is row:
                    del self._pending[row.key]

    @contextmanager
    def change(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction; when it is ``durable``, it is on the disk at the end."""
        with self._lock, _worded(self.path):
            db = self._writing()
            if durable:
                db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            finally:
                self._absent.clear()
                if durable:
                    db.execute("PRAGMA synchronous=NORMAL")

    def dropped(self) -> list[tuple[int, int]]:
        """Packs and places of the contents that are gone, and not marked as such yet."""
        return self._rows("SELECT pack, place FROM dropped")

    def vacuum(self) -> None:
        """Give the disk back what removed rows took."""
        with self._lock, _worded(self.path):
            # A script, for the pragma removes a page at each step and returns no row.
            self._writing().executescript("PRAGMA incremental_vacuum")
            self._writing().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def bytes_on_disk(self) -> int:
        """The file and what belongs to it."""
        names = [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]
        return sum(path.stat().st_size for path in names if path.exists())

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None


def moved(row: Row, pack: int, place: int) -> Row:
    """The row of a record that was copied to another place."""
    return replace(row, pack=pack, place=place)


def _row(values: Any) -> Row:
    digest, kind, *rest = values
    return Row(digest, Kind(kind), *rest)


def _values(row: Row) -> tuple[object, ...]:
    where = (row.pack, row.place, row.length, row.raw)
    return (row.digest, int(row.kind), *where, row.size, row.base)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        full = any(name.startswith(prefix) for prefix in _FULL) or "IOERR" in name
        if full:
            raise StateUnwritable(f"cannot write {path}: {error}") from error
        raise IndexCorrupt(
            f"cannot read {path}: {error}", hint="make it again with: lsfs fsck --repair"
        ) from error
