"""Whether the index is whole; all of it can be made again from the files."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lsfs.errors import IndexCorrupt
from lsfs.index.catalog import Catalog
from lsfs.model import Problem

if TYPE_CHECKING:
    from lsfs.index.codes import Ids
    from lsfs.index.vectors import VectorStore

# Path of a file that breaks a rule, NULL where it is no single one's.
_RULES = {
    "it was read, and what it says is not there": (
        "SELECT path FROM file LEFT JOIN document ON document.id = document_id "
        "WHERE status IN ('ok', 'partial') AND document.id IS NULL"
    ),
    "it has no entry in the search by name": (
        "SELECT path FROM file WHERE NOT EXISTS (SELECT 1 FROM file_fts WHERE rowid = file.id)"
    ),
}
_FULL_TEXT = ("passage_fts", "file_fts")


def check(
    catalog: Catalog,
    vectors: VectorStore | None,
    counts: Counter[str],
    *,
    deep: bool,
    coming: VectorStore | None = None,
) -> list[Problem]:
    """Look for damage.

    Args:
        counts: told how many of what were looked at.
        deep: unpack every document, and compare the database's own indexes with its tables.
        coming: vectors of the embedding model that is to follow.
    """
    with catalog.lock:
        try:
            word = "integrity" if deep else "quick"
            found = catalog.db.execute(f"PRAGMA {word}_check(1)").fetchone()[0]
            if found != "ok":
                return [_torn(str(found))]
            return [
                *_files(catalog, counts),
                *_full_text(catalog),
                *(_documents(catalog) if deep else ()),
                *_vectors(catalog, vectors, counts),
                *_vectors(catalog, coming, counts, "coming"),
            ]
        except sqlite3.DatabaseError as error:
            return [_torn(str(error))]


def _torn(found: str) -> Problem:
    hint = "lsfs fsck --repair makes it again from the files"
    return Problem("catalog", f"the database is damaged: {found}", hint=hint)


def _files(catalog: Catalog, counts: Counter[str]) -> Iterator[Problem]:
    counts["files"] += catalog.db.execute("SELECT count(*) FROM file").fetchone()[0]
    counts["passages"] += catalog.db.execute("SELECT count(*) FROM passage").fetchone()[0]
    for words, query in _RULES.items():
        for (path,) in catalog.db.execute(query):
            yield Problem("catalog", words, os.fsdecode(path))
    strays = Counter(row[0] for row in catalog.db.execute("PRAGMA foreign_key_check"))
    for table, number in sorted(strays.items()):
        yield Problem("catalog", f"{number} rows of {table} belong to nothing")


def _full_text(catalog: Catalog) -> Iterator[Problem]:
    if catalog.read_only:
        return  # SQLite asks for the right to write here
    for table in _FULL_TEXT:
        rank = 1 if table == "passage_fts" else 0  # compare with the table that has the text
        try:
            catalog.db.execute(
                f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', {rank})"  # noqa: S608
            )
        except sqlite3.DatabaseError:
            yield Problem("catalog", f"the full-text index {table} is not that of the texts")


def _documents(catalog: Catalog) -> Iterator[Problem]:
    rows = catalog.db.execute("SELECT document_id, path FROM file WHERE document_id IS NOT NULL")
    for document, path in rows.fetchall():
        try:
            catalog.load(document)
        except (IndexCorrupt, ValueError):
            yield Problem("catalog", "what it says cannot be read", os.fsdecode(path))


def _vectors(
    catalog: Catalog, vectors: VectorStore | None, counts: Counter[str], column: str = "embedded"
) -> Iterator[Problem]:
    if vectors is None:
        return
    lost, extra = _compared(catalog, vectors, column)
    going = {row[0] for row in catalog.db.execute("SELECT passage_id FROM vector_removal")}
    extra = extra[~np.isin(extra, list(going))]
    counts["vectors"] += len(vectors)
    if len(lost):
        yield Problem("vectors", f"{len(lost)} passages have no vector, and should have one")
    if len(extra):
        yield Problem("vectors", f"{len(extra)} vectors are of no passage")


def mend(
    catalog: Catalog,
    vectors: VectorStore | None,
    problems: list[Problem],
    coming: VectorStore | None = None,
) -> None:
    """Make well again what :func:`check` found; what has to be read anew becomes pending."""
    if any("database is damaged" in one.what for one in problems):
        catalog.start_anew()
        return
    with catalog.transaction() as db:
        # Rows that belong to nothing first: what they were of is read anew.
        db.execute(
            "UPDATE file SET document_id = NULL, status = 'pending' WHERE document_id IS NOT NULL "
            "AND document_id NOT IN (SELECT id FROM document)"
        )
        db.execute(
            "UPDATE file SET status = 'pending' WHERE status IN ('ok', 'partial') "
            "AND document_id IS NULL"
        )
        db.execute("DELETE FROM passage WHERE document_id NOT IN (SELECT id FROM document)")
        db.execute("DELETE FROM content_date WHERE file_id NOT IN (SELECT id FROM file)")
        db.execute("INSERT INTO passage_fts(passage_fts) VALUES ('rebuild')")
        for one in problems:
            if one.what == "what it says cannot be read":
                _read_anew(db, os.fsencode(one.path))
        catalog.index_names()
        if vectors is not None:
            mend_vectors(catalog, vectors)
        if coming is not None:
            mend_vectors(catalog, coming, "coming")
        catalog.bump()
    catalog.collect()


def _read_anew(db: sqlite3.Connection, path: bytes) -> None:
    db.execute(
        "UPDATE file SET status = 'pending', document_id = NULL WHERE document_id = "
        "(SELECT document_id FROM file WHERE path = ?)",
        (path,),
    )


def _compared(catalog: Catalog, vectors: VectorStore, column: str) -> tuple[Ids, Ids]:
    """Passages whose vector is lost, and vectors that are of no passage."""
    rows = catalog.db.execute(f"SELECT id, {column} FROM passage").fetchall()  # noqa: S608
    table = np.array(rows, np.int64).reshape(-1, 2)
    there = vectors.ids
    lost = np.setdiff1d(table[table[:, 1] == 1, 0], there)
    return lost, np.setdiff1d(there, table[:, 0])


def mend_vectors(catalog: Catalog, vectors: VectorStore, column: str = "embedded") -> None:
    """Intend vectors that are lost, and the end of those that are of nothing.

    Args:
        column: of ``passage``, which says whose vectors there are: ``embedded`` or ``coming``.
    """
    lost, extra = _compared(catalog, vectors, column)
    catalog.db.executemany(
        f"UPDATE passage SET {column} = 0 WHERE id = ?",  # noqa: S608
        [(int(id_),) for id_ in lost],
    )
    catalog.db.executemany(
        "INSERT OR IGNORE INTO vector_removal VALUES (?)", [(int(id_),) for id_ in extra]
    )
