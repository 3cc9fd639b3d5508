"""A damaged journal is set aside, and what can still be read of it is taken over.

A mount does not fail for it. What the events added up to is in the ledger; contents that were
captured and have no other place yet are what is worth saving.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from lsfs.versions.events import Row

log = logging.getLogger("lsfs.versions.salvage")

CHECKED_BYTES = 16 << 20  # journals up to this size are checked whole when they are opened
DAMAGED = ".damaged"
NEW = ".new"
_PARTS = ("", "-wal", "-shm")
_COLUMNS = "id, time_ns, op, path, target, detail, content"


def problem(path: Path, version: int) -> str:
    """What is wrong with a journal's database; "" when nothing is, or when it cannot be told now.

    Args:
        version: of the schema.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            found = db.execute("PRAGMA user_version").fetchone()[0]
            if path.stat().st_size <= CHECKED_BYTES:
                problem = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
                if problem != "ok":
                    return problem
            if found == version:
                db.execute(f"SELECT {_COLUMNS} FROM event ORDER BY id DESC LIMIT 1").fetchall()  # noqa: S608
            return ""
    except sqlite3.OperationalError as error:
        return str(error) if "no such" in str(error) else ""
    except sqlite3.DatabaseError as error:
        return str(error)


def renew(path: Path, make: Callable[[Path, list[Row]], None]) -> tuple[Path, int]:
    """Put a new database in the place of a damaged one, with all rows that can be read.

    Args:
        make: makes a database with rows at a path.

    Returns:
        where the damaged one is now, and how many rows were saved.
    """
    rows: dict[int, Row] = {}
    for order in ("ASC", "DESC"):
        for row in _readable(path, order):
            rows.setdefault(row.id, row)
    made = path.with_name(path.name + NEW)
    for part in _PARTS:
        made.with_name(made.name + part).unlink(missing_ok=True)
    make(made, [rows[id_] for id_ in sorted(rows)])
    place = _free(path)
    for part in _PARTS:
        old = path.with_name(path.name + part)
        if old.exists():
            old.replace(place.with_name(place.name + part))
    made.replace(path)
    return place, len(rows)


def _free(path: Path) -> Path:
    """A name that an earlier damage has not taken: what is set aside is never thrown away."""
    place = path.with_name(path.name + DAMAGED)
    number = 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}{DAMAGED}-{number}")
    return place


def _readable(path: Path, order: str) -> Iterator[Row]:
    """Rows from one end, up to where the damage is."""
    try:
        uri = f"file:{quote(os.fsencode(path))}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            for row in db.execute(f"SELECT {_COLUMNS} FROM event ORDER BY id {order}"):  # noqa: S608
                yield Row(*row)
    except sqlite3.Error as error:
        log.info("%s: %s", path, error)
