"""The catalog as it was at a moment: the same documents, under other files.

A connection of its own has temporary tables ``file``, ``content_date`` and ``file_fts``. SQLite
takes a temporary table before one of the same name in the database, so every query of the present
is one of the past there; documents, passages and vectors are those of the present catalog.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from lsfs.index.store.catalog import Catalog, Connect
from lsfs.index.store.opening import connect
from lsfs.index.store.rows import Facts, name_words, suffix_of
from lsfs.model import Status

_OF_FILES = ("file", "content_date", "file_fts")  # what is said of files, not of documents


class Entry(Struct, frozen=True):
    """A file of the moment.

    Attributes:
        path: as it was then.
        size, mtime_ns: as they were then.
        document_id: what it said; None when it says what the file of this path says now.
    """

    path: str
    size: int
    mtime_ns: int
    document_id: int | None = None


class CatalogThen(Catalog):
    """A catalog whose files are those of another moment. Read it; it has nothing to keep.

    Args:
        path: the present catalog, which stays as it is while this is open.
        connect: as of that catalog.
    """

    def __init__(self, path: Path, connect: Connect = connect) -> None:
        super().__init__(path, read_only=True, connect=connect)
        try:
            self._shadow()
        except BaseException:
            self.close()
            raise

    def _shadow(self) -> None:
        self.db.execute("PRAGMA temp_store = MEMORY")
        # What is looked up now is there until this is closed.
        self.db.execute("BEGIN")
        marks = ", ".join("?" * len(_OF_FILES))
        made = self.db.execute(
            f"SELECT sql FROM main.sqlite_master WHERE tbl_name IN ({marks}) AND sql NOT NULL "  # noqa: S608
            "ORDER BY type DESC",  # tables before indexes
            _OF_FILES,
        ).fetchall()
        for (sql,) in made:
            for kind in ("VIRTUAL TABLE", "TABLE", "INDEX"):
                if sql.startswith(f"CREATE {kind} "):
                    self.db.execute(sql.replace(f"CREATE {kind} ", f"CREATE {kind} temp.", 1))
                    break

    def contents(self) -> dict[str, bytes | None]:
        """The digest of each file's content by path, as the files are now."""
        rows = self.db.execute(
            "SELECT f.path, d.digest FROM main.file f LEFT JOIN document d ON d.id = f.document_id"
        ).fetchall()
        return {os.fsdecode(path): digest for path, digest in rows}

    def fill(self, entries: Iterable[Entry], facts: Callable[[int, str], Facts | None]) -> int:
        """Put files in; gives how many were left out.

        Args:
            facts: what a document says of the file that it was in; None leaves the file out.
        """
        entries = list(entries)
        with self.lock:
            self._fill_same([entry for entry in entries if entry.document_id is None])
            left = 0
            for entry in entries:
                if entry.document_id is not None:
                    known = facts(entry.document_id, entry.path)
                    left += known is None
                    if known is not None:
                        self._put(entry, entry.document_id, known)
        return left

    def _fill_same(self, entries: list[Entry]) -> None:
        """Files that are now what they were then."""
        columns = "id, path, suffix, ctime_ns, inode, status, reason, document_id, kind, "
        columns += "kind_reason, day, day_end"
        self.db.executemany(
            f"INSERT INTO temp.file({columns}, size, mtime_ns) "  # noqa: S608 - names of columns
            f"SELECT {columns}, ?, ? FROM main.file WHERE path = ?",
            [(entry.size, entry.mtime_ns, os.fsencode(entry.path)) for entry in entries],
        )
        self._fill_of_files()

    def _fill_of_files(self) -> None:
        """What is said now of the files that are in, which are those of the catalog."""
        self.db.execute(
            "INSERT INTO temp.content_date SELECT * FROM main.content_date "
            "WHERE file_id IN (SELECT id FROM temp.file)"
        )
        self.db.execute(
            "INSERT INTO temp.file_fts(rowid, name, title, name_parts, title_parts) "
            "SELECT rowid, name, title, name_parts, title_parts "
            "FROM main.file_fts WHERE rowid IN (SELECT id FROM temp.file)"
        )

    def _put(self, entry: Entry, document_id: int, facts: Facts) -> None:
        cursor = self.db.execute(
            "INSERT INTO temp.file(path, suffix, size, mtime_ns, ctime_ns, inode, status, "
            "document_id) VALUES (?, ?, ?, ?, 0, 0, ?, ?)",
            (
                os.fsencode(entry.path), suffix_of(entry.path), entry.size, entry.mtime_ns,
                Status.OK.value, document_id,
            ),
        )  # fmt: skip
        file_id = cursor.lastrowid or 0
        title = self.db.execute(
            "SELECT title FROM document WHERE id = ?", (document_id,)
        ).fetchone()[0]
        self.db.execute(
            "INSERT INTO temp.file_fts(rowid, name, title, name_parts, title_parts) "
            "VALUES (?, ?, ?, ?, ?)",
            (file_id, *name_words(entry.path, title)),
        )
        self.set_facts(file_id, facts)
