"""What all SQLite databases of a drive have in common."""

from __future__ import annotations

import sqlite3

from lsfs.errors import LockHeld


def empty_log(db: sqlite3.Connection) -> None:
    """Leave nothing in the write-ahead log: all of it into the database, and the file cut.

    Raises:
        LockHeld: somebody is reading what is in it.
    """
    (is_busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        name = db.execute("PRAGMA database_list").fetchone()[2]
        raise LockHeld(
            f"{name} is being read by another process", hint="do it again when that has ended"
        )
