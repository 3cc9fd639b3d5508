"""Groupings that are kept as directories, each as it was computed last."""

from __future__ import annotations

import sqlite3

from lsfs import codec
from lsfs.index.catalog import Catalog
from lsfs.index.groups.grouped import FileGroup, Links, SavedGroup


def group(db: sqlite3.Connection, name: str) -> SavedGroup | None:
    """A kept grouping, from any connection to a catalog; None when there is none of this name."""
    row = db.execute(
        "SELECT request, generation, title, groups FROM saved_group WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    request, generation, title, groups = row
    return SavedGroup(name, request, generation, title, codec.loads(groups, tuple[Links, ...]))


def links(groups: tuple[FileGroup, ...]) -> tuple[Links, ...]:
    """Groups as folders."""
    return tuple(
        Links((*one.within, one.label), tuple(file.path for file in one.files)) for one in groups
    )


class Groupings:
    """The kept groupings of a catalog, for its writer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def all(self) -> list[tuple[str, str, int]]:
        """Name, request as JSON, and generation of each."""
        with self._catalog.lock:
            return self._catalog.db.execute(
                "SELECT name, request, generation FROM saved_group ORDER BY name"
            ).fetchall()

    def save(self, kept: SavedGroup) -> None:
        """Keep a grouping, in place of one of the same name."""
        with self._catalog.lock:
            self._catalog.db.execute(
                "INSERT OR REPLACE INTO saved_group VALUES (?, ?, ?, ?, ?)",
                (kept.name, kept.request, kept.generation, kept.title, codec.dumps(kept.groups)),
            )

    def drop(self, name: str) -> bool:
        """Forget a grouping; False when there is none of this name."""
        with self._catalog.transaction() as db:
            return db.execute("DELETE FROM saved_group WHERE name = ?", (name,)).rowcount > 0
