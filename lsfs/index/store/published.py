"""What the mount may read of the index at any time, without waiting for the brain."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lsfs import codec
from lsfs.errors import IndexCorrupt
from lsfs.index import progress
from lsfs.index.facts.writers import author_of
from lsfs.index.store import counting, kept, schema
from lsfs.index.store.rows import unpacked
from lsfs.model import (
    Document,
    DocumentEntry,
    FileProblem,
    FolderEntries,
    Hit,
    IndexCounts,
    SavedQuestion,
    SavedSearch,
    Status,
)

if TYPE_CHECKING:
    from lsfs.index.groups.grouped import SavedGroup
    from lsfs.joins import SavedJoin

DATES = 100  # of one file that are told

# The entries of a folder, ?1 = b"folder/", ?2 = the bound above it, ?3 = length of ?1. Each takes
# one step in the index, however much lies below it: the first path that has a document, then the
# first one that does not lie below the entry before. '/' is 2F and what follows it is 30; ``||``
# makes text, which would sort before all paths.
_FOLDER = """
WITH RECURSIVE entry(path) AS (
  SELECT (
    SELECT path FROM file WHERE path > ?1 AND path < ?2 AND document_id IS NOT NULL
    ORDER BY path LIMIT 1)
  UNION ALL
  SELECT (
    SELECT f.path FROM file f
    WHERE f.path >= CASE instr(substr(entry.path, ?3 + 1), X'2F')
      WHEN 0 THEN CAST(entry.path || X'00' AS BLOB)
      ELSE CAST(
        substr(entry.path, 1, ?3 + instr(substr(entry.path, ?3 + 1), X'2F') - 1) || X'30' AS BLOB)
      END
    AND f.path < ?2 AND f.document_id IS NOT NULL
    ORDER BY f.path LIMIT 1)
  FROM entry WHERE entry.path IS NOT NULL)
SELECT substr(entry.path, ?3 + 1), f.mtime_ns, d.text_bytes, json_array_length(d.page_bytes)
FROM entry JOIN file f ON f.path = entry.path JOIN document d ON d.id = f.document_id
"""
_ABOVE_ALL = b"\xff" * 256  # no name has as many bytes


class Published:
    """A read-only view of a catalog that another process writes. All threads may use it.

    Args:
        path: the catalog; everything is empty while it does not exist.
        bring: has the document of a file brought into the catalog, where it is elsewhere.
    """

    def __init__(self, path: Path, bring: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._bring = bring
        self._db: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._lock = threading.Lock()  # held for one query

    # --- kept queries and questions

    def searches(self) -> list[str]:
        """Names of the kept queries."""
        return [row[0] for row in self._rows("SELECT name FROM saved_search ORDER BY name")]

    def search(self, name: str) -> SavedSearch | None:
        """A kept query with its hits; None when nobody made it."""
        rows = self._rows("SELECT generation, hits, query FROM saved_search WHERE name = ?", name)
        if not rows:
            return None
        generation, hits, query = rows[0]
        return SavedSearch(name, generation, codec.loads(hits, tuple[Hit, ...]), query)

    def questions(self) -> list[str]:
        """Names of the kept questions."""
        return [row[0] for row in self._rows("SELECT name FROM saved_question ORDER BY name")]

    def question(self, name: str) -> SavedQuestion | None:
        """A kept question with its latest answer; None when nobody asked it."""
        with self._lock:
            db = self._open()
            return None if db is None else kept.question(db, name)

    def joins(self) -> list[str]:
        """Names of the kept joins."""
        return [row[0] for row in self._rows("SELECT name FROM saved_join ORDER BY name")]

    def join(self, name: str) -> SavedJoin | None:
        """A kept join with its rows; None when nobody made it."""
        with self._lock:
            db = self._open()
            return None if db is None else kept.saved_join(db, name)

    # --- the index as a whole

    def generation(self) -> int:
        """Raised by every change that can alter a result."""
        rows = self._rows("SELECT value FROM meta WHERE key = 'generation'")
        return int(rows[0][0]) if rows else 0

    def counts(self) -> IndexCounts:
        """How far the index is."""
        with self._lock:
            db = self._open()
            return IndexCounts() if db is None else counting.counts(db)

    def progress(self) -> dict[str, Any]:
        """What the brain is at: stage, how much is done, rate, time left; empty when it rests."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", progress.KEY)
        found = progress.read(rows[0][0]) if rows else None
        return {} if found is None else found.told()

    def problems(self) -> list[FileProblem]:
        """Files that could not be read in full."""
        rows = self._rows(
            "SELECT f.path, f.status, f.reason, coalesce(d.parser, x.parser, ''), "
            "coalesce(d.parser_version, x.parser_version, 0), f.size, f.read_ns FROM file f "
            "LEFT JOIN document d ON d.id = f.document_id LEFT JOIN failure x "
            "ON x.digest = f.digest AND f.document_id IS NULL "
            "WHERE f.status NOT IN ('ok', 'empty', 'pending') ORDER BY f.path"
        )
        return [
            FileProblem(
                os.fsdecode(path), Status(status), reason, parser, version, size, _iso(read_ns)
            )
            for path, status, reason, parser, version, size, read_ns in rows
        ]

    # --- files by what they have in common

    def dated(self) -> list[tuple[str, str, str]]:
        """Path, first day and day after the last of each file that states its own date."""
        rows = self._rows("SELECT path, day, day_end FROM file WHERE day <> '' ORDER BY day")
        return [(os.fsdecode(path), day, day_end) for path, day, day_end in rows]

    def typed(self) -> list[tuple[str, str]]:
        """Path and ending of each file."""
        rows = self._rows("SELECT path, suffix FROM file")
        return [(os.fsdecode(path), suffix) for path, suffix in rows]

    def authored(self) -> list[tuple[str, str]]:
        """Path and author of each file that states one: its properties, else its text."""
        rows = self._rows(
            "SELECT f.path, d.author, (SELECT v.value FROM field v WHERE v.document_id = d.id "
            "AND v.rule <> 'model' AND (v.name = 'author' OR v.name = 'party' "
            "AND v.rule = 'signature') ORDER BY v.name, v.confidence DESC, v.char_start LIMIT 1) "
            "FROM document d JOIN file f ON f.document_id = d.id"
        )
        named = ((author_of(author) or said or "", path) for path, author, said in rows)
        return [(os.fsdecode(path), author) for author, path in sorted(named) if author]

    def parties(self) -> list[tuple[str, str]]:
        """Path and party of each file that states one, once for each, as it is written first."""
        rows = self._rows(
            "SELECT f.path, first_value(v.value) OVER (PARTITION BY v.normal ORDER BY "
            "v.confidence DESC, v.document_id, v.char_start) FROM field v "
            "JOIN file f ON f.document_id = v.document_id "
            "WHERE v.name = 'party' AND v.rule <> 'model'"
        )
        found = {(os.fsdecode(path), party) for path, party in rows}
        return sorted(found, key=lambda one: (one[1], one[0]))

    def kinds(self) -> list[tuple[str, str]]:
        """Path and kind of each file whose kind is known."""
        rows = self._rows("SELECT path, kind FROM file WHERE kind <> '' ORDER BY kind, path")
        return [(os.fsdecode(path), kind) for path, kind in rows]

    def topics(self) -> list[tuple[str, tuple[str, ...]]]:
        """Path of each file that has a topic, and its topics from the widest on."""
        known = {
            id_: (parent, name or label)
            for id_, parent, label, name in self._rows("SELECT id, parent, label, name FROM topic")
        }
        rows = self._rows(
            "SELECT f.path, t.topic_id FROM document_topic t "
            "JOIN file f ON f.document_id = t.document_id ORDER BY f.path"
        )
        above: dict[int, tuple[str, ...]] = {}
        for id_ in known:
            labels: list[str] = []
            at: int | None = id_
            while at in known:
                at, label = known[at]
                labels.append(label)
            above[id_] = tuple(reversed(labels))
        return [(os.fsdecode(path), above[topic]) for path, topic in rows if topic in above]

    def groupings(self) -> list[str]:
        """Names of the kept groupings."""
        return [row[0] for row in self._rows("SELECT name FROM saved_group ORDER BY name")]

    def grouping(self, name: str) -> SavedGroup | None:
        """A kept grouping; None when nobody made it."""
        with self._lock:
            db = self._open()
            return None if db is None else kept.saved_group(db, name)

    # --- documents

    def folder(self, path: str) -> FolderEntries:
        """What a folder of the drive holds of documents; "" is the top."""
        raw = os.fsencode(path)
        low, high = (raw + b"/", raw + b"0") if raw else (b"", _ABOVE_ALL)
        rows = self._rows(_FOLDER, low, high, len(low))
        folders, documents = [], []
        for name, mtime_ns, text_bytes, pages in rows:
            first, slash, _ = name.partition(b"/")
            if slash:
                folders.append(os.fsdecode(first))
            else:
                documents.append(DocumentEntry(os.fsdecode(name), mtime_ns, text_bytes, pages))
        return FolderEntries(tuple(folders), tuple(documents))

    def page_sizes(self, path: str) -> tuple[int, ...]:
        """Size in bytes of each page of a document as Markdown."""
        rows = self._rows(
            "SELECT d.page_bytes FROM file f JOIN document d ON d.id = f.document_id "
            "WHERE f.path = ?",
            os.fsencode(path),
        )
        return codec.loads(rows[0][0], tuple[int, ...]) if rows else ()

    def document(self, path: str) -> Document | None:
        """A file as it was read; None when it has no document.

        It may be large: this one holds nobody else up.

        Raises:
            IndexCorrupt: the stored form cannot be read.
        """
        body = self._body(path)
        if body == b"" and self._bring is not None:
            self._bring(path)
            body = self._body(path)
        try:
            return None if body is None else unpacked(body)
        except (TypeError, zlib.error) as error:
            raise IndexCorrupt(f"{path}: {error}") from error

    def _body(self, path: str) -> bytes | None:
        """The stored form of a document; empty where it is elsewhere."""
        db = self._connect()
        if db is None:
            return None
        with contextlib.closing(db):
            row = db.execute(
                "SELECT d.body FROM file f JOIN document d ON d.id = f.document_id "
                "WHERE f.path = ?",
                (os.fsencode(path),),
            ).fetchone()
        return None if row is None else row[0]

    def status(self, path: str) -> str:
        """How reading a file ended; "" for one that the index does not know."""
        rows = self._rows("SELECT status FROM file WHERE path = ?", os.fsencode(path))
        return rows[0][0] if rows else ""

    def dates(self, path: str) -> list[str]:
        """The days that a file states, strongest first."""
        rows = self._rows(
            "SELECT c.day FROM file f JOIN content_date c ON c.file_id = f.id "
            "WHERE f.path = ? ORDER BY c.ordinal LIMIT ?",
            os.fsencode(path),
            DATES,
        )
        return list(dict.fromkeys(day for (day,) in rows))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._release()

    def _release(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            db = self._open()
            return [] if db is None else db.execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection | None:
        """The connection; a new one when another catalog stands in the place of the old one."""
        identity = _identity(self._path)
        if self._db is not None and identity != self._identity:
            self._release()
        if self._db is None:
            self._db, self._identity = self._connect(), identity
        return self._db

    def _connect(self) -> sqlite3.Connection | None:
        if not self._path.exists():
            return None
        uri = f"file:{quote(os.fsencode(self._path))}?mode=ro"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        for name in ("passage_text", "passage_heading"):  # of a library; they are not told here
            db.create_function(name, 2, lambda *_: "", deterministic=True)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error:
            db.close()
            raise
        if version != schema.SCHEMA_VERSION:
            db.close()  # being made right now
            return None
        return db


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).isoformat() if time_ns else ""


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino
