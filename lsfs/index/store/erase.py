"""Making the index forget contents and paths, so that no byte of them is left in its files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from lsfs import databases
from lsfs.index.store import filerows
from lsfs.index.store.catalog import Catalog

if TYPE_CHECKING:
    from lsfs.index.meaning.vectors import VectorStore

# Kept results, each with the columns that hold what was found, and what they are without it. All
# are worked out anew: that is cheaper than to tell whether one quotes what is to go.
_RESULTS = (
    "UPDATE saved_search SET hits = '[]', generation = -1",
    "UPDATE saved_question SET answer = '', citations = '[]', files = '[]', generation = -1",
    "UPDATE saved_group SET groups = '[]', generation = -1",
)
# What is derived from the words of all documents together.
_DERIVED = ("document_topic", "topic")


def paths_of(catalog: Catalog, digests: Collection[bytes]) -> dict[bytes, list[str]]:
    """The files that have these contents now."""
    found: dict[bytes, list[str]] = {}
    with catalog.lock:
        for digest in digests:
            rows = catalog.db.execute("SELECT path FROM file WHERE digest = ?", (digest,))
            found[digest] = [os.fsdecode(path) for (path,) in rows]
    return found


def erase(
    catalog: Catalog,
    stores: Sequence[VectorStore],
    paths: Collection[str],
    digests: Collection[bytes],
) -> None:
    """Forget files and contents.

    Args:
        stores: of vectors: of the model that answers, and of one that is to follow.
        paths: files that are to be forgotten.
        digests: contents that no other file has.
    """
    with catalog.transaction() as db:
        db.execute("PRAGMA secure_delete = ON")
        rows = [row for path in paths if (row := catalog.file(path)) is not None]
        filerows.remove(db, [row.id for row in rows])
        for digest in digests:
            documents = db.execute("SELECT id FROM document WHERE digest = ?", (digest,)).fetchall()
            for (document_id,) in documents:
                catalog.drop_document(document_id)
            db.execute("DELETE FROM failure WHERE digest = ?", (digest,))
        for statement in _RESULTS:
            db.execute(statement)
        for table in _DERIVED:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - literals of this module
        removed = [row[0] for row in db.execute("SELECT passage_id FROM vector_removal")]
        catalog.bump()
    for vectors in stores:
        vectors.remove(removed)
        vectors.rewrite()
    if stores:
        with catalog.transaction() as db:
            db.execute("DELETE FROM vector_removal")
    with catalog.lock:
        _rewrite(catalog.db)


def _rewrite(db: sqlite3.Connection) -> None:
    """Write the database anew without what was deleted from it."""
    for table in ("passage_fts", "file_fts"):
        # Deleted entries stay in an index until its parts are merged.
        db.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608
    db.execute("VACUUM")
    databases.empty_log(db)
