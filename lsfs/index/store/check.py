"""Whether the index is whole; all of it can be made again from the files."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lsfs import digest as digests
from lsfs.errors import IndexCorrupt
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import FileIdentity
from lsfs.model import Problem, Status

if TYPE_CHECKING:
    from lsfs.index.meaning.codes import Ids
    from lsfs.index.meaning.vectors import VectorStore
    from lsfs.index.tree import SourceTree

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
_MODELS = ("embedder", "embedder_setting", "embedder_next")
READ_ANEW = "what it says cannot be read"
OTHER_TEXT = "its passages are not its text"
OTHER_BYTES = "it does not hold what was read from it"


def check(
    catalog: Catalog,
    vectors: VectorStore | None,
    counts: Counter[str],
    *,
    deep: bool,
    coming: VectorStore | None = None,
    tree: SourceTree | None = None,
) -> list[Problem]:
    """Look for damage.

    Args:
        counts: told how many of what were looked at.
        deep: unpack every document and compare it with its passages and fields, the database's own
            indexes with its tables, and what files hold with what was read.
        tree: the files, for the last of these.
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
                *(_contents(catalog, tree, counts) if deep and tree is not None else ()),
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
    rows = catalog.db.execute(
        "SELECT document_id, min(path) FROM file WHERE document_id IS NOT NULL GROUP BY document_id"
    )
    for document_id, path in rows.fetchall():
        try:
            text = catalog.load(document_id).text
        except (IndexCorrupt, ValueError):
            yield Problem("catalog", READ_ANEW, os.fsdecode(path))
            continue
        if not _is_cut_from(catalog.db, document_id, text):
            yield Problem("catalog", OTHER_TEXT, os.fsdecode(path))


def _is_cut_from(db: sqlite3.Connection, document_id: int, text: str) -> bool:
    """Whether passages, fields and dates of a document stand in its text where they say."""
    length = len(text)
    passages = db.execute(
        "SELECT ordinal, char_start, char_end, text FROM passage WHERE document_id = ? "
        "ORDER BY ordinal",
        (document_id,),
    ).fetchall()
    for at, (ordinal, start, end, words) in enumerate(passages):
        if ordinal != at or not 0 <= start <= end <= length or words != text[start:end]:
            return False
    spans = db.execute(
        "SELECT char_start, char_end FROM field WHERE document_id = ?1 UNION ALL "
        # A date in a name stands nowhere in the text: its place is -1.
        "SELECT char_start, char_end FROM content_date JOIN file ON file.id = file_id "
        "WHERE document_id = ?1 AND char_start >= 0",
        (document_id,),
    )
    return all(0 <= start <= end <= length for start, end in spans)


def _contents(catalog: Catalog, tree: SourceTree, counts: Counter[str]) -> Iterator[Problem]:
    """Files that look as they did when they were read, and hold something else."""
    digests = dict(catalog.db.execute("SELECT path, digest FROM file WHERE digest IS NOT NULL"))
    for path, row in catalog.files_below().items():
        digest = digests.get(os.fsencode(path))
        if digest is None or row.status is Status.PENDING:
            continue
        counts["bytes of files"] += row.identity.size
        now = _digest(tree, path, row.identity)
        if now is not None and now != digest:
            yield Problem("catalog", OTHER_BYTES, path)


def _digest(tree: SourceTree, path: str, identity: FileIdentity) -> bytes | None:
    """BLAKE3 of a file that is still what it was, by its size and times; None for any other."""
    try:
        fd = tree.open(path)
    except OSError:
        return None
    try:
        if FileIdentity.of(os.fstat(fd)) != identity:
            return None  # it has changed, and will be read again
        return digests.of_file(fd)
    except OSError:
        return None
    finally:
        os.close(fd)


def _vectors(
    catalog: Catalog, vectors: VectorStore | None, counts: Counter[str], column: str = "embedded"
) -> Iterator[Problem]:
    if vectors is None:
        return
    lost, extra = _compared(catalog, vectors, column)
    unsound = vectors.unsound()
    if len(unsound):
        yield Problem("vectors", f"{len(unsound)} vectors are damaged")
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
        models = _models(catalog)
        catalog.start_anew()
        for store in (vectors, coming):
            if store is not None:
                store.clear()  # they are of passages that had these numbers
        for key, value in models.items():
            catalog.set_meta(key, value)
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
            if one.what in (READ_ANEW, OTHER_TEXT):
                _read_anew(db, os.fsencode(one.path))
            elif one.what == OTHER_BYTES:
                db.execute(
                    "UPDATE file SET status = 'pending' WHERE path = ?", (os.fsencode(one.path),)
                )
        catalog.index_names()
        if vectors is not None:
            mend_vectors(catalog, vectors, damaged=vectors.unsound())
        if coming is not None:
            mend_vectors(catalog, coming, "coming", coming.unsound())
        catalog.bump()
    catalog.collect()


def _models(catalog: Catalog) -> dict[str, str]:
    """What makes the vectors, as far as that can be read."""
    try:
        return {key: catalog.meta(key) for key in _MODELS}
    except sqlite3.DatabaseError:
        return {}


def _read_anew(db: sqlite3.Connection, path: bytes) -> None:
    row = db.execute("SELECT document_id FROM file WHERE path = ?", (path,)).fetchone()
    if row is None or row[0] is None:
        return
    db.execute("UPDATE file SET status = 'pending', document_id = NULL WHERE document_id = ?", row)


def _compared(catalog: Catalog, vectors: VectorStore, column: str) -> tuple[Ids, Ids]:
    """Passages whose vector is lost, and vectors that are of no passage."""
    rows = catalog.db.execute(f"SELECT id, {column} FROM passage").fetchall()  # noqa: S608
    table = np.array(rows, np.int64).reshape(-1, 2)
    there = vectors.ids
    lost = np.setdiff1d(table[table[:, 1] == 1, 0], there)
    return lost, np.setdiff1d(there, table[:, 0])


def mend_vectors(
    catalog: Catalog,
    vectors: VectorStore,
    column: str = "embedded",
    damaged: Ids | None = None,
) -> None:
    """Intend vectors that are lost, and drop those that are of nothing or damaged.

    A vector that is there though it is only intended goes, too: it may be of the passage that had
    this number in a catalog that was lost.

    Args:
        column: of ``passage``, which says whose vectors there are: ``embedded`` or ``coming``.
        damaged: passages whose vectors are to be made again.
    """
    rows = catalog.db.execute(f"SELECT id FROM passage WHERE {column} = 1").fetchall()  # noqa: S608
    done = np.array(rows, np.int64).reshape(-1)
    there = vectors.ids
    unsound = np.empty(0, np.int64) if damaged is None else damaged
    if not len(unsound) and np.array_equal(np.sort(done), np.sort(there)):
        return  # as nearly always; what compares sets in NumPy is slow to load
    lost = np.setdiff1d(done, np.setdiff1d(there, unsound))
    catalog.db.executemany(
        f"UPDATE passage SET {column} = 0 WHERE id = ?",  # noqa: S608
        [(int(id_),) for id_ in lost],
    )
    # At once: a number that no passage has may be the next one's.
    vectors.remove(np.union1d(np.setdiff1d(there, done), unsound))
