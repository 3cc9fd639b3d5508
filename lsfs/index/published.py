"""What the mount may read of the index at any time, without waiting for the brain."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lsfs import codec
from lsfs.index import catalog
from lsfs.model import FileProblem, Hit, IndexCounts, SavedSearch, Status


class Published:
    """A read-only view of a catalog that another process writes.

    Args:
        path: the catalog; everything is empty while it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def searches(self) -> list[str]:
        """Names of the kept queries."""
        return [row[0] for row in self._rows("SELECT name FROM saved_search ORDER BY name")]

    def search(self, name: str) -> SavedSearch | None:
        """A kept query with its hits; None when nobody made it."""
        rows = self._rows("SELECT generation, hits, query FROM saved_search WHERE name = ?", name)
        if not rows:
            return None
        generation, hits, query = rows[0]
        return SavedSearch(name, generation, codec.loads(hits, tuple[Hit, ...]), query)

    def counts(self) -> IndexCounts:
        """How far the index is."""
        db = self._open()
        return IndexCounts() if db is None else catalog.counts(db)

    def problems(self) -> list[FileProblem]:
        """Files that could not be read in full."""
        rows = self._rows(
            "SELECT path, status, reason FROM file "
            "WHERE status NOT IN ('ok', 'empty', 'pending') ORDER BY path"
        )
        return [FileProblem(os.fsdecode(path), Status(s), reason) for path, s, reason in rows]

    def close(self) -> None:
        """Release the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _rows(self, query: str, *values: object) -> list[Any]:
        db = self._open()
        return [] if db is None else db.execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection | None:
        if self._db is None and self._path.exists():
            uri = f"file:{quote(os.fsencode(self._path))}?mode=ro"
            db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            if db.execute("PRAGMA user_version").fetchone()[0] != catalog.SCHEMA_VERSION:
                db.close()  # being made right now
                return None
            self._db = db
        return self._db
