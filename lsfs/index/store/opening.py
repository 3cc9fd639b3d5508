"""The file of a catalog: connections to it, and what is done with one that is damaged."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from pathlib import Path

from lsfs.index.find.sqlwords import add_functions

log = logging.getLogger("lsfs.index.store.opening")


def connect(
    path: Path, read_only: bool, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """A connection to a catalog; made if missing, unless it is only to be read.

    Args:
        factory: makes it.
    """
    from urllib.parse import quote

    mode = "ro" if read_only else "rwc"
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"
    db = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10, factory=factory
    )
    add_functions(db)
    if not read_only:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
    return db


def is_made(path: Path) -> bool:
    """Whether a catalog has its tables: not yet while another process is making it.

    Of a damaged one that is said by opening it.
    """
    if not path.exists():
        return False
    try:
        with contextlib.closing(connect(path, read_only=True)) as db:
            return bool(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True


def kept_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a damaged catalog still has of what files do not say."""
    kept: dict[str, list[tuple[object, ...]]] = {}
    try:
        with contextlib.closing(connect(path, read_only=True)) as db:
            for table in ("saved_search", "saved_question", "saved_group", "saved_join"):
                rows = kept.setdefault(table, [])
                rows.extend(db.execute(f"SELECT * FROM {table}"))  # noqa: S608
    except sqlite3.DatabaseError as error:
        log.error("%s: kept queries and questions may be lost: %s", path, error)
    return kept


def set_aside(path: Path) -> None:
    """Give a damaged catalog another name."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{suffix}"))
