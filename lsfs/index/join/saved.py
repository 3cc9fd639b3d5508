"""Joins that are kept as directories, each with its latest rows."""

from __future__ import annotations

import sqlite3

from lsfs import codec
from lsfs.index.catalog import Catalog
from lsfs.joins import Joined, SavedJoin


def saved_join(db: sqlite3.Connection, name: str) -> SavedJoin | None:
    """A kept join, from any connection to a catalog; None when there is none of this name."""
    row = db.execute(
        "SELECT request, generation, joined, problem FROM saved_join WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    request, generation, joined, problem = row
    return SavedJoin(name, request, generation, codec.loads(joined, Joined), problem)


class Joins:
    """The kept joins of a catalog, for its writer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def all(self) -> list[tuple[str, str, int]]:
        """Name, request as JSON, and generation of each."""
        with self._catalog.lock:
            return self._catalog.db.execute(
                "SELECT name, request, generation FROM saved_join ORDER BY name"
            ).fetchall()

    def save(self, kept: SavedJoin) -> None:
        """Keep a join, in place of one of the same name."""
        with self._catalog.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO saved_join VALUES (?, ?, ?, ?, ?)",
                (kept.name, kept.request, kept.generation, codec.dumps(kept.joined), kept.problem),
            )

    def drop(self, name: str) -> bool:
        """Forget a join; False when there is none of this name."""
        with self._catalog.transaction() as db:
            return db.execute("DELETE FROM saved_join WHERE name = ?", (name,)).rowcount > 0
