"""The truth about the present: which files there are, what they say, and how far the index is.

One process writes it (under ``catalog.lock``); WAL lets others read at any time. Documents are kept
by the digest of their content: a rename changes one row of ``file``, and two files with equal bytes
share one document.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lsfs import codec, markdown
from lsfs.errors import IndexCorrupt, LockHeld, LsfsError, StateUnwritable
from lsfs.index.readers.naming import named
from lsfs.index.store import counting, passagerows, stated
from lsfs.index.store.opening import connect, kept_of, set_aside
from lsfs.index.store.rows import (
    Facts,
    FileIdentity,
    FileRow,
    Outcome,
    name_words,
    packed,
    unpacked,
)
from lsfs.index.store.schema import SCHEMA, SCHEMA_VERSION
from lsfs.model import Document, IndexCounts, Passage, SavedSearch, Status

CHECKED_BYTES = 256 << 20  # catalogs up to this size are checked whole when they are opened

log = logging.getLogger("lsfs.index.store.catalog")

Connect = Callable[[Path, bool], sqlite3.Connection]  # takes whether it is only to be read

_NO_FILE = "WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.document_id = document.id)"


class Catalog:
    """The catalog of one drive.

    Args:
        path: the SQLite file; made if missing, unless read-only.
        read_only: open without the right to write.
        connect: makes a connection to the file; another one for a catalog whose passages are
            elsewhere.
        schema: of the tables, for a file that is made.

    Raises:
        IndexCorrupt: the file is no catalog, or is damaged.
    """

    is_partial = False  # whether it shows some of the files only

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        connect: Connect = connect,
        schema: str = SCHEMA,
    ) -> None:
        self.lock = threading.RLock()
        self.read_only = read_only
        self.connect = connect
        self._schema = schema
        self._path = path
        self._last_read = 0  # nanoseconds since the epoch; 0 until it was looked up
        try:
            self.db = connect(path, read_only)
            self._prepare(path)
        except sqlite3.OperationalError as error:
            raise _unwritable(path, error) from error
        except sqlite3.DatabaseError as error:
            raise IndexCorrupt(f"{path}: {error}") from error

    def _prepare(self, path: Path) -> None:
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not self.read_only:
            self.db.executescript(
                "BEGIN;" + self._schema + f"PRAGMA user_version={SCHEMA_VERSION};COMMIT;"
            )
        elif version != SCHEMA_VERSION:
            raise IndexCorrupt(f"{path} has schema {version}, this lsfs knows {SCHEMA_VERSION}")
        elif not self.read_only and path.stat().st_size <= CHECKED_BYTES:
            found = self.db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise IndexCorrupt(f"{path}: {found}")

    def check_writable(self, *, source: Path, only_state: bool) -> None:
        """See that a call may change what this drive is, or what is kept of it.

        Args:
            only_state: it changes no file, only what lsfs keeps under a name.

        Raises:
            LockHeld: another process writes the catalog.
        """
        if self.read_only:
            raise LockHeld(f"another process is indexing {source}")

    def close(self) -> None:
        """Release the file."""
        with self.lock:
            self.db.close()

    def start_anew(self) -> None:
        """Set the file aside and begin an empty one; kept queries and questions are taken over."""
        with self.lock:
            self.db.close()
            kept = kept_of(self._path)
            set_aside(self._path)
            self.db = self.connect(self._path, False)
            self._prepare(self._path)
            self.take_over(kept)

    def take_over(self, kept: dict[str, list[tuple[object, ...]]]) -> None:
        """Take in rows of tables that another catalog had."""
        with self.transaction() as db:
            for table, rows in kept.items():
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write that happens whole or not at all."""
        with self.lock:
            try:
                self.db.execute("BEGIN IMMEDIATE")
                yield self.db
                self.db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise _unwritable(self._path, error) from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self.db.in_transaction:  # SQLite ends it by itself when the disk is full
            self.db.execute("ROLLBACK")

    # --- single values

    def meta(self, key: str, default: str = "") -> str:
        """A value of ``meta``."""
        with self.lock:
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        """Set a value of ``meta``."""
        with self.lock:
            self.db.execute(
                "INSERT INTO meta VALUES (?, ?) "
                "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def generation(self) -> int:
        """Raised by every change that can alter a result."""
        return int(self.meta("generation", "0"))

    def bump(self) -> None:
        """Say that results may have changed."""
        self.set_meta("generation", str(self.generation() + 1))

    # --- files

    def file(self, path: str) -> FileRow | None:
        """The row of one path."""
        rows = self._files("WHERE path = ?", (os.fsencode(path),))
        return next(rows, None)

    def files_below(self, path: str = "") -> dict[str, FileRow]:
        """Rows at or below a path, by path; "" is the whole drive."""
        if not path:
            return {row.path: row for row in self._files("", ())}
        raw = os.fsencode(path)
        # '0' is the byte behind '/': the range holds exactly what starts with "path/".
        found = self._files(
            "WHERE path = ? OR (path > ? AND path < ?)", (raw, raw + b"/", raw + b"0")
        )
        return {row.path: row for row in found}

    def pending(self, limit: int, after: tuple[int, int] = (-1, 0)) -> list[FileRow]:
        """Files that were not read yet, smallest first: most files are searchable soonest.

        Args:
            limit: how many at most.
            after: size and id of the last one that was taken.
        """
        where = "WHERE status = 'pending' AND (size, id) > (?, ?) ORDER BY size, id LIMIT ?"
        return list(self._files(where, (*after, limit)))

    def paths_of_inodes(self, inodes: Iterable[int]) -> set[str]:
        """Paths of the rows that are names of these files."""
        found = set()
        with self.lock:
            for inode in inodes:
                rows = self.db.execute("SELECT path FROM file WHERE inode = ?", (inode,))
                found |= {os.fsdecode(path) for (path,) in rows}
        return found

    def _files(self, where: str, values: Sequence[object]) -> Iterator[FileRow]:
        # `where` is always one of the literals of this class; values are bound.
        query = (
            "SELECT id, path, size, mtime_ns, ctime_ns, inode, status, document_id "  # noqa: S608
            f"FROM file {where}"
        )
        with self.lock:
            rows = self.db.execute(query, values).fetchall()
        for id_, path, size, mtime, ctime, inode, status, document in rows:
            identity = FileIdentity(size, mtime, ctime, inode)
            yield FileRow(id_, os.fsdecode(path), identity, Status(status), document)

    def finish(
        self,
        row: FileRow,
        outcome: Outcome,
        document_id: int | None,
        title: str,
        identity: FileIdentity | None = None,
    ) -> None:
        """Note how reading a file ended.

        Args:
            identity: of what was read, which may not be what was looked at.
        """
        is_from = identity or row.identity
        self.db.execute(
            "UPDATE file SET status = ?, reason = ?, digest = ?, read_ns = ?, document_id = ?, "
            "size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? WHERE id = ?",
            (
                outcome.status.value, outcome.reason, outcome.digest, self._read_at(), document_id,
                is_from.size, is_from.mtime_ns, is_from.ctime_ns, is_from.inode, row.id,
            ),
        )  # fmt: skip
        known = self.db.execute("SELECT title FROM file_fts WHERE rowid = ?", (row.id,)).fetchone()
        if known is None or known[0] != title:
            self._index_name(row.id, row.path, title)

    def _read_at(self) -> int:
        """Now; later than any reading before, also when the clock went back."""
        if not self._last_read:
            (latest,) = self.db.execute("SELECT coalesce(max(read_ns), 0) FROM file").fetchone()
            self._last_read = latest
        self._last_read = max(time.time_ns(), self._last_read + 1)
        return self._last_read

    def set_facts(self, file_id: int, facts: Facts) -> None:
        """Store what text and path say of a file."""
        self.db.execute(
            "UPDATE file SET kind = ?, kind_reason = ?, day = ?, day_end = ? WHERE id = ?",
            (facts.kind, facts.kind_reason, facts.day, facts.day_end, file_id),
        )
        self.db.execute("DELETE FROM content_date WHERE file_id = ?", (file_id,))
        self.db.executemany(
            "INSERT INTO content_date VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    file_id, n, date.day.isoformat(), date.end.isoformat(), date.kind.value,
                    date.char_start, date.char_end, date.text,
                )
                for n, date in enumerate(facts.dates)
            ],
        )  # fmt: skip

    def _index_name(self, file_id: int, path: str, title: str) -> None:
        self.db.execute("DELETE FROM file_fts WHERE rowid = ?", (file_id,))
        self.db.execute(
            "INSERT INTO file_fts(rowid, name, title, name_parts, title_parts) "
            "VALUES (?, ?, ?, ?, ?)",
            (file_id, *name_words(path, title)),
        )

    def index_names(self) -> None:
        """Make the full-text index of names and titles again."""
        self.db.execute("DELETE FROM file_fts")
        rows = self.db.execute(
            "SELECT f.id, f.path, coalesce(d.title, '') FROM file f "
            "LEFT JOIN document d ON d.id = f.document_id"
        ).fetchall()
        for id_, path, title in rows:
            self._index_name(id_, os.fsdecode(path), title)

    # --- contents that cannot be read

    def contents_without_document(self) -> dict[str, bytes]:
        """BLAKE3 of the files that were read and gave no document, by path."""
        with self.lock:
            rows = self.db.execute(
                "SELECT path, digest FROM file WHERE document_id IS NULL AND digest IS NOT NULL"
            ).fetchall()
        return {os.fsdecode(path): digest for path, digest in rows}

    def failure_of(self, digest: bytes, path: str) -> Document | None:
        """What stands for a content that gives no document under such a name, if it was tried."""
        with self.lock:
            rows = self.db.execute(
                "SELECT media_type, parser, parser_version, status, reason, named FROM failure "
                "WHERE digest = ?",
                (digest,),
            ).fetchall()
        for media_type, parser, version, status, reason, name in rows:
            if name == named(media_type, path):
                return Document(media_type, parser, version, Status(status), reason)
        return None

    def add_failure(self, digest: bytes, document: Document, path: str) -> None:
        """Note that a content gives no document, so that it is not tried again."""
        self.db.execute(
            "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                digest, named(document.media_type, path), document.status.value, document.reason,
                document.media_type, document.parser, document.parser_version,
            ),
        )  # fmt: skip

    def parsers_are(self, versions: dict[str, int], unfound: str) -> None:
        """Make files pending that other versions of the parsers may read better.

        Args:
            versions: of the parsers that there are, by name.
            unfound: what stands as the parser of contents that no parser was found for.
        """
        now = codec.dumps(dict(sorted(versions.items())))
        if self.meta("parsers") == now:
            return
        with self.transaction() as db:
            found = db.execute("SELECT DISTINCT parser, parser_version FROM document").fetchall()
            for parser, version in found:
                if versions.get(parser, version) != version:
                    db.execute(
                        "UPDATE file SET status = 'pending' WHERE document_id IN "
                        "(SELECT id FROM document WHERE parser = ? AND parser_version = ?)",
                        (parser, version),
                    )
            tried = db.execute("SELECT DISTINCT parser, parser_version FROM failure").fetchall()
            for parser, version in tried:
                if parser in ("", unfound) or versions.get(parser) != version:
                    self._retry("parser = ? AND parser_version = ?", (parser, version))
            self.set_meta("parsers", now)
            self.bump()

    def limits_are(self, limits: dict[str, float]) -> None:
        """Make files pending that were too much for narrower limits, or read in part.

        Args:
            limits: what is allowed, by name; 0 is no limit.
        """
        known = codec.loads(self.meta("limits", "{}"), dict[str, float])
        if known == limits:
            return
        with self.transaction() as db:
            if any(_is_wider(limit, known.get(name, 0)) for name, limit in limits.items()):
                self._retry("status IN ('too_large', 'timeout', 'out_of_memory')", ())
                db.execute(
                    "UPDATE file SET status = 'pending' WHERE status = 'too_large' "
                    "AND digest IS NULL"
                )
                # What was read of them is found until more is; no parser has this version.
                db.execute(
                    "UPDATE document SET parser_version = 0 WHERE id IN "
                    "(SELECT document_id FROM file WHERE status = 'partial')"
                )
                db.execute("UPDATE file SET status = 'pending' WHERE status = 'partial'")
            self.set_meta("limits", codec.dumps(limits))
            self.bump()

    def _retry(self, where: str, values: Sequence[object]) -> None:
        # `where` is one of the literals of this class; values are bound.
        which = f"SELECT digest FROM failure WHERE {where}"  # noqa: S608
        self.db.execute(
            f"UPDATE file SET status = 'pending' WHERE digest IN ({which}) "  # noqa: S608
            "AND document_id IS NULL",
            values,
        )
        self.db.execute(f"DELETE FROM failure WHERE {where}", values)  # noqa: S608

    # --- documents

    def documents(self) -> dict[bytes, int]:
        """Every document by the digest of its content; the latest where there are several."""
        with self.lock:
            rows = self.db.execute("SELECT digest, id FROM document ORDER BY id").fetchall()
        return dict(rows)

    def contents(self) -> dict[str, bytes | None]:
        """The digest of each file's content by path; None for files without a document."""
        with self.lock:
            rows = self.db.execute(
                "SELECT f.path, d.digest FROM file f LEFT JOIN document d ON d.id = f.document_id"
            ).fetchall()
        return {os.fsdecode(path): digest for path, digest in rows}

    def document_of(
        self, digest: bytes, versions: dict[str, int], path: str
    ) -> tuple[int, str] | None:
        """Id and title of the document that a file of this content is, unless it is outdated.

        Args:
            versions: of the parsers that there are; a document of another version is outdated.
            path: what the file is called.
        """
        with self.lock:
            rows = self.db.execute(
                "SELECT id, title, parser, parser_version, media_type, named FROM document "
                "WHERE digest = ? ORDER BY id DESC",
                (digest,),
            ).fetchall()
        for id_, title, parser, version, media_type, name in rows:
            if versions.get(parser, version) == version and name == named(media_type, path):
                return id_, title
        return None

    def load(self, document_id: int) -> Document:
        """The whole document.

        Raises:
            IndexCorrupt: the stored form cannot be read.
        """
        with self.lock:
            row = self.db.execute(
                "SELECT body FROM document WHERE id = ?", (document_id,)
            ).fetchone()
        try:
            return unpacked(row[0])
        except (TypeError, zlib.error) as error:
            raise IndexCorrupt(f"document {document_id}: {error}") from error

    def add_document(
        self,
        digest: bytes,
        document: Document,
        passages: Sequence[tuple[Passage, bytes]],
        path: str = "",
        *,
        embedded: bool = False,
    ) -> int:
        """Store a document with its passages, whose vectors are thereby intended.

        Args:
            passages: each with the hash of what is to be embedded for it.
            path: of the file that it was read from.
            embedded: no vectors are intended.
        """
        sizes = markdown.sizes(document)
        cursor = self.db.execute(
            "INSERT INTO document(digest, named, parser, parser_version, media_type, title, "
            "author, line_unit, text_bytes, page_bytes, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                digest, named(document.media_type, path), document.parser, document.parser_version,
                document.media_type, document.title, document.author, document.line_unit,
                sizes.text, codec.dumps(sizes.pages), packed(document),
            ),
        )  # fmt: skip
        document_id = cursor.lastrowid or 0
        passagerows.add(self.db, document_id, passages, embedded=embedded)
        return document_id

    def orphans(self) -> int:
        """How many documents no file has."""
        with self.lock:
            return int(self.db.execute(f"SELECT count(*) FROM document {_NO_FILE}").fetchone()[0])  # noqa: S608

    def collect(self, retained: Callable[[], set[bytes]] = set) -> int:
        """Drop documents that no file has any more; their vectors become removals.

        Args:
            retained: asked, if there are such documents, for the digests of those to keep.
        """
        with self.transaction() as db:
            self._collect_failures(db)
            orphans = db.execute(f"SELECT id, digest FROM document {_NO_FILE}").fetchall()  # noqa: S608
            kept = retained() if orphans else set()
            # Of a content that was read by two versions of a parser the latest is kept.
            gone = [
                id_
                for id_, digest in orphans
                if digest not in kept
                or db.execute(
                    "SELECT 1 FROM document WHERE digest = ? AND id > ?", (digest, id_)
                ).fetchone()
            ]
            for document_id in gone:
                self.drop_document(document_id)
        return len(gone)

    def drop_document(self, document_id: int) -> None:
        """Forget a document that no file has; its vectors become removals."""
        self.db.execute(
            "INSERT INTO passage_fts(passage_fts, rowid, text, heading, parts) "
            "SELECT 'delete', id, text, heading, parts FROM passage WHERE document_id = ?",
            (document_id,),
        )
        self.db.execute(
            "INSERT OR IGNORE INTO vector_removal "
            "SELECT id FROM passage WHERE document_id = ? AND (embedded = 1 OR coming = 1)",
            (document_id,),
        )
        stated.drop(self.db, document_id)
        self.db.execute("DELETE FROM passage WHERE document_id = ?", (document_id,))
        self.db.execute("DELETE FROM document WHERE id = ?", (document_id,))

    def _collect_failures(self, db: sqlite3.Connection) -> None:
        """Drop what stands for contents that no file has under such a name."""
        known = set(db.execute("SELECT digest, named FROM failure"))
        rows = db.execute(
            "SELECT x.digest, x.named, x.media_type, f.path FROM failure x JOIN file f "
            "ON f.digest = x.digest AND f.document_id IS NULL AND f.digest IS NOT NULL"
        )
        needed = {
            (digest, name)
            for digest, name, media_type, path in rows
            if name == named(media_type, os.fsdecode(path))
        }
        db.executemany("DELETE FROM failure WHERE digest = ? AND named = ?", known - needed)

    # --- what documents state

    def fields(self, name: str, *, model: bool = False) -> list[stated.Stated]:
        """The values of a field in all files, file by file, the surest first.

        Args:
            model: those that the language model found, too.
        """
        with self.lock:
            return list(stated.of_files(self.db, name, model=model))

    # --- saved searches and counts

    def save_search(self, search: SavedSearch) -> None:
        """Keep a query with its hits."""
        with self.lock:
            self.db.execute(
                "INSERT INTO saved_search VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET "
                "generation = excluded.generation, hits = excluded.hits, query = excluded.query",
                (search.name, search.generation, codec.dumps(search.hits), search.query),
            )

    def drop_search(self, name: str) -> bool:
        """Forget a query and what is nested in it; False when there is none of this name."""
        with self.transaction() as db:
            cursor = db.execute(
                "DELETE FROM saved_search WHERE name = ? OR substr(name, 1, ?) = ?",
                (name, len(name) + 1, f"{name}/"),
            )
            return cursor.rowcount > 0

    def saved_searches(self) -> list[tuple[str, str]]:
        """Name and query of each kept query."""
        with self.lock:
            return self.db.execute("SELECT name, query FROM saved_search").fetchall()

    def counts(self) -> IndexCounts:
        """How far the index is."""
        with self.lock:
            return counting.counts(self.db)

    def waiting(self) -> counting.Waiting:
        """How many files are not indexed in full yet; quicker than all counts."""
        with self.lock:
            return counting.waiting(self.db)


def open_or_rebuild(path: Path, *, read_only: bool = False) -> Catalog:
    """A catalog; a damaged one is set aside and made again from the files, which hold all it knows.

    Raises:
        IndexCorrupt: it is damaged and ``read_only``.
    """
    try:
        return Catalog(path, read_only=read_only)
    except IndexCorrupt as error:
        if read_only:
            raise
        log.error("%s; the index is made again (the damaged one is kept beside it)", error.message)
    kept = kept_of(path)
    set_aside(path)
    catalog = Catalog(path)
    catalog.take_over(kept)
    return catalog


def _is_wider(limit: float, before: float) -> bool:
    return before != 0 and (limit == 0 or limit > before)


def _unwritable(path: Path, error: sqlite3.OperationalError) -> LsfsError:
    return StateUnwritable(f"{path}: {error}")
