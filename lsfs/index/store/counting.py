"""How far an index is, in numbers."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from lsfs.model import IndexCounts, Status

LOOKED_AT = 20_000  # passages without a vector, to count the files that they are of


class Waiting(NamedTuple):
    """Files that are not indexed in full yet.

    Attributes:
        unread: nothing of them is searchable.
        unembedded: they are searchable by words, and some of their passages not by meaning.
    """

    unread: int
    unembedded: int

    @property
    def files(self) -> int:
        """All of them."""
        return self.unread + self.unembedded


def counts(db: sqlite3.Connection) -> IndexCounts:
    """How far the index is, from any connection to a catalog."""
    quiet = (Status.OK, Status.EMPTY, Status.UNSUPPORTED, Status.PENDING)
    by_status = dict(db.execute("SELECT status, count(*) FROM file GROUP BY status").fetchall())
    files = sum(by_status.values())
    pending = waiting(db)
    row = db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return IndexCounts(
        files=files,
        indexed=files - pending.files,
        pending=pending.files,
        errors=sum(n for status, n in by_status.items() if status not in quiet),
        passages=db.execute(
            "SELECT count(*) FROM passage WHERE document_id IN (SELECT document_id FROM file)"
        ).fetchone()[0],
        generation=int(row[0]) if row else 0,
        unsupported=by_status.get(Status.UNSUPPORTED, 0),
        unread=pending.unread,
    )


def waiting(db: sqlite3.Connection) -> Waiting:
    """How many files are not indexed in full yet.

    Of many missing vectors the first ones are looked at: they are of the beginnings of all files.
    """
    (unread,) = db.execute("SELECT count(*) FROM file WHERE status = 'pending'").fetchone()
    (unembedded,) = db.execute(
        "SELECT count(DISTINCT f.id) FROM (SELECT document_id FROM passage WHERE embedded = 0 "
        "ORDER BY ordinal, id LIMIT ?) p JOIN file f ON f.document_id = p.document_id "
        "WHERE f.status <> 'pending'",
        (LOOKED_AT,),
    ).fetchone()
    return Waiting(unread, unembedded)
