"""Rows of files in the catalog, made, moved and ended: many at once, as one look finds them.

The functions work within a transaction of the catalog; see :mod:`lsfs.index.store.schema`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lsfs.index.readers.naming import named
from lsfs.index.store.rows import name_words, suffix_of

if TYPE_CHECKING:
    from lsfs.index.compare import Changes, Move
    from lsfs.index.store.rows import FileIdentity, FileRow

_IDENTITY = "size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?"


def apply(db: sqlite3.Connection, changes: Changes) -> None:
    """Bring the rows in step with the tree; what is to be read is pending then."""
    remove(db, [row.id for row in changes.gone])
    _move(db, changes.moved)
    for row, now in changes.changed:
        change(db, row, now)
    for path, now in changes.new.items():
        add(db, path, now)


def add(db: sqlite3.Connection, path: str, identity: FileIdentity) -> int:
    """A row for a file that is to be read; gives its id."""
    cursor = db.execute(
        "INSERT INTO file(path, suffix, size, mtime_ns, ctime_ns, inode, status) "
        "VALUES (?, ?, ?, ?, ?, ?, 'pending')",
        (os.fsencode(path), suffix_of(path), *_values(identity)),
    )
    file_id = cursor.lastrowid or 0
    db.execute(
        "INSERT INTO file_fts(rowid, name, title, name_parts, title_parts) VALUES (?, ?, ?, ?, ?)",
        (file_id, *name_words(path, "")),
    )
    return file_id


def change(db: sqlite3.Connection, row: FileRow, identity: FileIdentity) -> None:
    """Note that a file is to be read again; what was known of it stays until then."""
    db.execute(
        f"UPDATE file SET {_IDENTITY}, status = 'pending' WHERE id = ?",  # noqa: S608
        (*_values(identity), row.id),
    )


def remove(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Forget files; their documents are collected later if nobody else has them."""
    rows = [(id_,) for id_ in ids]
    db.executemany("DELETE FROM content_date WHERE file_id = ?", rows)
    db.executemany("DELETE FROM file_fts WHERE rowid = ?", rows)
    db.executemany("DELETE FROM file WHERE id = ?", rows)


def read_again(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Have files read again, or looked up by their content where that is known."""
    db.executemany("UPDATE file SET status = 'pending' WHERE id = ?", [(id_,) for id_ in ids])


def _move(db: sqlite3.Connection, moves: Sequence[Move]) -> None:
    """Give rows other paths, also those of each other."""
    # No name holds a NUL: meanwhile they stand where nobody is.
    parked = [(b"\0%d" % move.row.id, move.row.id) for move in moves]
    db.executemany("UPDATE file SET path = ? WHERE id = ?", parked)
    for move in moves:
        id_, path = move.row.id, move.path
        db.execute(
            f"UPDATE file SET path = ?, suffix = ?, {_IDENTITY} WHERE id = ?",  # noqa: S608
            (os.fsencode(path), suffix_of(path), *_values(move.identity), id_),
        )
        if not (move.is_certain and _is_read_alike(db, move)):
            db.execute("UPDATE file SET status = 'pending' WHERE id = ?", (id_,))
        name, _, parts, _ = name_words(path, "")
        db.execute(
            "UPDATE file_fts SET name = ?, name_parts = ? WHERE rowid = ?", (name, parts, id_)
        )


def _is_read_alike(db: sqlite3.Connection, move: Move) -> bool:
    """Whether a file under its new name would be read as it was under the old one."""
    row = db.execute(
        "SELECT coalesce(d.media_type, (SELECT media_type FROM failure x WHERE x.digest = f.digest "
        "LIMIT 1), '') FROM file f LEFT JOIN document d ON d.id = f.document_id WHERE f.id = ?",
        (move.row.id,),
    ).fetchone()
    return named(row[0], move.row.path) == named(row[0], move.path)


def _values(identity: FileIdentity) -> tuple[int, int, int, int]:
    return identity.size, identity.mtime_ns, identity.ctime_ns, identity.inode
