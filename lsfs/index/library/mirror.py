"""What is known of a library's files, kept on this machine as an ordinary catalog.

Files, kinds, dates, fields and the places of passages are small, and every filter, listing and
group asks for them in SQL: they are copied into ``catalog.sqlite`` of the drive's state. What the
passages say, the documents and the vectors stay where they are. The copy follows the library's
heads: it is of one head at a time, changed in one transaction, and reads only rows that are new.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from lsfs import codec
from lsfs.errors import IndexCorrupt
from lsfs.index.library.heads import Head
from lsfs.index.library.tables import Snapshot, rows_of
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import name_words
from lsfs.index.store.schema import OF_FILES

FEW = 100_000  # passages up to which the codes of their vectors are kept here, 400 bytes each
AT_ONCE = 500  # documents that are asked for by id
READ = 8192  # rows at a time
HEAD, FILES_READ = "library_head", "library_files_read"

# The passages of a library: ``passage`` is a view that looks up what they say when it is asked for,
# so that whatever reads passages in SQL reads these. `passage_fts` has their ids; see
# lsfs.index.library.connection for what MATCH is here. `passage_code` has the codes of vectors
# (lsfs.index.meaning.codes) of a library that has few: of all passages, or of none.
MIRROR = """
CREATE TABLE library_document (
    document_id INTEGER PRIMARY KEY REFERENCES document(id), key TEXT NOT NULL UNIQUE
);
CREATE TABLE library_file (
    file_id INTEGER PRIMARY KEY REFERENCES file(id), key TEXT NOT NULL UNIQUE
);
CREATE TABLE passage_place (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES document(id),
    ordinal INTEGER NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    page INTEGER, page_end INTEGER,
    line_start INTEGER, line_end INTEGER,
    place TEXT NOT NULL,
    text_hash BLOB NOT NULL
);
CREATE TABLE passage_code (
    id INTEGER PRIMARY KEY REFERENCES passage_place(id), scale REAL NOT NULL, code BLOB NOT NULL
);
CREATE INDEX passage_document ON passage_place(document_id, ordinal);
CREATE VIEW passage AS SELECT id, document_id, ordinal, char_start, char_end, page, page_end,
    line_start, line_end, passage_heading(document_id, ordinal) AS heading, place, '' AS parts,
    passage_text(document_id, ordinal) AS text, text_hash, 1 AS embedded, 0 AS coming
    FROM passage_place;
CREATE VIEW passage_fts AS SELECT id AS rowid FROM passage_place;
"""
SCHEMA = OF_FILES + MIRROR
_PLACES = (
    "ordinal", "char_start", "char_end", "page", "page_end", "line_start", "line_end", "place",
    "text_hash",
)  # fmt: skip
_OF_DOCUMENT = ("passage_place", "field", "signature", "sought", "document_topic")


class Update(Struct, frozen=True):
    """What an update has changed.

    Attributes:
        before: the head before, as :data:`HEAD` in ``meta`` has it; "" for none.
        paths: of the files that came, went, or are others.
    """

    before: str
    paths: tuple[bytes, ...]


class Mirror:
    """Brings a catalog in step with a library.

    Args:
        catalog: with :data:`SCHEMA`; nobody else writes it.
        forget: told of each path whose content is another than before.
    """

    def __init__(self, catalog: Catalog, forget: Callable[[bytes], None]) -> None:
        self._catalog = catalog
        self._forget = forget

    @property
    def head(self) -> Head:
        """The head that the copy is of; number 0 while it is of none."""
        known = self._catalog.meta(HEAD)
        return codec.loads(known, Head) if known else Head(0, {})

    def update(self, snapshot: Snapshot) -> Update | None:
        """Make the copy one of this snapshot; None where it is one already.

        Raises:
            IndexCorrupt: the library's tables do not fit together.
        """
        known = self.head
        if dict(known.tables) == dict(snapshot.head.tables):
            return None
        before = self._catalog.meta(HEAD)
        with self._catalog.transaction() as db:
            step = _Step(db, snapshot, int(self._catalog.meta(FILES_READ, "-1")), self._forget)
            if known.mended != snapshot.head.mended:
                step.forget_all()
            step.run()
            self._catalog.set_meta(HEAD, codec.dumps(snapshot.head))
            self._catalog.set_meta("embedder", snapshot.head.embedder)
            self._catalog.bump()
        return Update(before, tuple(step.touched))


class _Step:
    """From one state of the copy to the next.

    Args:
        db: in a transaction.
        files_read: the greatest row of ``file`` that was read; -1 for none.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        snapshot: Snapshot,
        files_read: int,
        forget: Callable[[bytes], None],
    ) -> None:
        self._forget = forget
        self.touched: dict[bytes, None] = {}
        self._db = db
        self._to = snapshot
        self._files_read = files_read
        self._ids: dict[str, int] = dict(
            db.execute("SELECT key, document_id FROM library_document")
        )

    def run(self) -> None:
        """Take it."""
        self._files()
        if not self._counts_agree():
            self._drop_files()
        if not self._counts_agree():  # the rows were numbered anew
            self._files_read = -1
            self._files()
            self._drop_files()
        self._drop_documents()
        self._codes()

    def forget_all(self) -> None:
        """Begin from nothing: what was taken in may be damaged rows."""
        known = self._db.execute("SELECT file_id, path FROM library_file JOIN file ON id = file_id")
        files = known.fetchall()
        self.touched |= dict.fromkeys(path for _, path in files)
        self._forget_files([file_id for file_id, _ in files])
        self._drop_documents()
        self._ids.clear()
        self._files_read = -1

    def _counts_agree(self) -> bool:
        (count,) = self._db.execute("SELECT count(*) FROM file").fetchone()
        return bool(count == self._to.file.count_rows())

    # --- files

    def _files(self) -> None:
        """Take in the rows that were written since the last time; a changed row is a new one."""
        query = self._to.file.search().with_row_id(True)
        if self._files_read >= 0:
            query = query.where(f"_rowid > {self._files_read}")
        for batch in query.to_batches(READ):
            rows = batch.to_pylist()
            self._documents({row["document"] for row in rows if row["document"]})
            for row in rows:
                self._file(row)
                self._files_read = max(self._files_read, row["_rowid"])
        self._db.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", (FILES_READ, str(self._files_read))
        )

    def _file(self, row: dict[str, Any]) -> None:
        self.touched[row["path"]] = None
        digest = bytes.fromhex(row["digest"]) if row["digest"] else None
        known = self._db.execute(
            "SELECT k.file_id, f.digest FROM library_file k JOIN file f ON f.id = k.file_id "
            "WHERE k.key = ?",
            (row["id"],),
        ).fetchone()
        if known:
            self._forget_files([known[0]])
            if known[1] != digest:
                self._forget(row["path"])
        document = self._ids[row["document"]] if row["document"] else None
        values = {
            "path": row["path"], "suffix": row["suffix"], "size": row["size"],
            "mtime_ns": row["mtime_ns"], "ctime_ns": row["mtime_ns"], "inode": 0,
            "status": row["status"], "reason": row["reason"],
            "digest": digest,
            "read_ns": time.time_ns(), "document_id": document, "kind": row["kind"],
            "kind_reason": row["kind_reason"], "day": row["day"], "day_end": row["day_end"],
        }  # fmt: skip
        file_id = self._insert("file", {"id": known[0], **values} if known else values)
        self._db.execute("INSERT INTO library_file VALUES (?, ?)", (file_id, row["id"]))
        self._db.executemany(
            "INSERT INTO content_date VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(file_id, n, *date.values()) for n, date in enumerate(row["dates"] or ())],
        )
        title = self._db.execute("SELECT title FROM document WHERE id = ?", (document,)).fetchone()
        words = name_words(os.fsdecode(row["path"]), title[0] if title else "")
        self._db.execute(
            "INSERT INTO file_fts(rowid, name, title, name_parts, title_parts) "
            "VALUES (?, ?, ?, ?, ?)",
            (file_id, *words),
        )

    def _drop_files(self) -> None:
        """Forget the files that the library has no more."""
        column = self._to.file.search().select(["id"]).to_batches(READ)
        there = {key for batch in column for key in batch.column("id").to_pylist()}
        known = self._db.execute(
            "SELECT k.file_id, k.key, f.path FROM library_file k JOIN file f ON f.id = k.file_id"
        ).fetchall()
        gone = [(file_id, path) for file_id, key, path in known if key not in there]
        self.touched |= dict.fromkeys(path for _, path in gone)
        self._forget_files([file_id for file_id, _ in gone])

    def _forget_files(self, ids: Sequence[int]) -> None:
        for table, column in (
            ("content_date", "file_id"), ("file_fts", "rowid"), ("library_file", "file_id"),
            ("file", "id"),
        ):  # fmt: skip
            self._db.executemany(
                f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608 - names of the schema
                [(id_,) for id_ in ids],
            )

    # --- documents

    def _documents(self, keys: set[str]) -> None:
        """Take in the documents of these keys that are not there yet, with their passages."""
        new = sorted(keys - self._ids.keys())
        columns = [name for name in self._to.document.schema.names if name != "body"]
        for some in _chunks(new):
            for row in rows_of(self._to.document, "id", some, columns):
                self._document(row)
            missing = [key for key in some if key not in self._ids]
            if missing:
                raise IndexCorrupt(
                    f"{len(missing)} documents are not in the library", repairable=False
                )
            self._passages(some)

    def _document(self, row: dict[str, Any]) -> None:
        plain = (
            "named", "parser", "parser_version", "media_type", "title", "author", "line_unit",
            "text_bytes", "page_bytes",
        )  # fmt: skip
        values = {name: row[name] for name in plain}
        values |= {"digest": bytes.fromhex(row["digest"]), "body": b""}
        id_ = self._ids[row["id"]] = self._insert("document", values)
        self._db.execute("INSERT INTO library_document VALUES (?, ?)", (id_, row["id"]))
        self._db.executemany(
            "INSERT OR IGNORE INTO field(document_id, name, char_start, char_end, value, normal, "
            "page, line, place, rule, confidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(id_, *one.values()) for one in row["fields"] or ()],
        )
        if row["minima"]:
            self._db.execute("INSERT INTO signature VALUES (?, ?)", (id_, row["minima"]))

    def _passages(self, keys: Sequence[str]) -> None:
        """The places of the passages of documents; those of one follow one another."""
        found = rows_of(self._to.passage, "document", keys, ["document", *_PLACES])
        rows: list[tuple[Any, ...]] = [
            (self._ids[row["document"]], *(row[name] for name in _PLACES)) for row in found
        ]
        rows.sort(key=lambda row: row[:2])
        self._db.executemany(
            f"INSERT INTO passage_place(document_id, {', '.join(_PLACES)}) "  # noqa: S608
            f"VALUES ({', '.join('?' * (len(_PLACES) + 1))})",
            rows,
        )

    def _drop_documents(self) -> None:
        """Forget the documents that no file has any more."""
        gone = self._db.execute(
            "SELECT id FROM document WHERE NOT EXISTS "
            "(SELECT 1 FROM file WHERE file.document_id = document.id)"
        ).fetchall()
        self._db.execute(
            "DELETE FROM passage_code WHERE id IN (SELECT p.id FROM passage_place p WHERE "
            "NOT EXISTS (SELECT 1 FROM file WHERE file.document_id = p.document_id))"
        )
        for table in (*_OF_DOCUMENT, "library_document"):
            self._db.executemany(f"DELETE FROM {table} WHERE document_id = ?", gone)  # noqa: S608
        self._db.executemany("DELETE FROM document WHERE id = ?", gone)

    # --- vectors

    def _codes(self) -> None:
        """Take in the codes of vectors that are not there yet, unless there are too many."""
        (count,) = self._db.execute("SELECT count(*) FROM passage_place").fetchone()
        if "vector" not in self._to.passage.schema.names or count > FEW:
            self._db.execute("DELETE FROM passage_code")
            return
        missing = self._db.execute(
            "SELECT DISTINCT d.key FROM passage_place p JOIN library_document d "
            "ON d.document_id = p.document_id "
            "WHERE NOT EXISTS (SELECT 1 FROM passage_code c WHERE c.id = p.id)"
        ).fetchall()
        for keys in _chunks([key for (key,) in missing]):
            self._codes_of(keys)

    def _codes_of(self, keys: Sequence[str]) -> None:
        import numpy as np

        from lsfs.index.meaning.codes import Codes

        found = rows_of(self._to.passage, "document", keys, ["document", "ordinal", "vector"])
        first = dict(
            self._db.execute(
                "SELECT document_id, id FROM passage_place WHERE ordinal = 0 "
                "AND document_id IN (SELECT value FROM json_each(?))",
                (json.dumps([self._ids[key] for key in keys]),),
            )
        )
        ids = np.array([first[self._ids[row["document"]]] + row["ordinal"] for row in found])
        made = Codes.of(ids, np.array([row["vector"] for row in found], np.float32))
        self._db.executemany(
            "INSERT OR REPLACE INTO passage_code VALUES (?, ?, ?)",
            (
                (int(id_), float(scale), code.tobytes())
                for id_, scale, code in zip(ids, made.scales, made.codes, strict=True)
            ),
        )

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        marks = ", ".join("?" * len(values))
        cursor = self._db.execute(
            f"INSERT INTO {table}({', '.join(values)}) VALUES ({marks})",  # noqa: S608
            list(values.values()),
        )
        return cursor.lastrowid or 0


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(keys), AT_ONCE):
        yield keys[first : first + AT_ONCE]
