"""The Lance tables of a library, each in one version."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

from lsfs.errors import NotFound
from lsfs.index.library.heads import Head, Heads
from lsfs.index.library.objects import Objects
from lsfs.index.library.schema import TABLES
from lsfs.index.meaning.vectors import lancedb_library

AT_ONCE = 2000  # keys in a condition
READ = 50_000  # rows at once


class Snapshot:
    """The tables as one head names them; nothing that is written later changes what it shows.

    Attributes:
        head: names the versions.
        file, document, passage: tables of LanceDB, which cannot be written.
    """

    def __init__(self, head: Head, database: Any) -> None:
        self.head = head
        self.file, self.document, self.passage = (
            checked_out(database, name, head.tables[name]) for name in TABLES
        )

    def table(self, name: str) -> Any:
        """A table by its name."""
        return {"file": self.file, "document": self.document, "passage": self.passage}[name]


class Library:
    """A library to be read.

    Args:
        objects: where it is.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.heads = Heads(objects)
        self._head: Head | None = None
        self._database: Any = None

    @property
    def database(self) -> Any:
        """LanceDB's connection to the tables."""
        if self._database is None:
            os.environ.setdefault("LANCE_LOG", "error")
            self._database = lancedb_library().connect(self.objects.tables_uri)
        return self._database

    def head(self) -> Head:
        """The last head.

        Raises:
            NotFound: there is no library.
        """
        self._head = self.heads.last(self._head)
        if self._head is None:
            raise NotFound(
                f"there is no library at {self.objects.uri}",
                hint="make one with: lsfs index FOLDER --library URI",
            )
        return self._head

    def snapshot(self, known: Snapshot | None = None) -> Snapshot:
        """The tables as the last head names them; ``known`` itself when they are no others."""
        head = self.head()
        if known is not None and known.head.tables == head.tables:
            return known
        return Snapshot(head, self.database)


def checked_out(database: Any, name: str, version: int) -> Any:
    """A table in one version, which cannot be written."""
    table = database.open_table(name)
    table.checkout(version)
    return table


def rows_of(
    table: Any, key: str, keys: Collection[str], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """These columns of the rows of a table whose ``key`` is among ``keys``."""
    from lancedb.expr import col

    wanted = sorted(keys)
    found: list[dict[str, Any]] = []
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        query = table.search().where(col(key).isin(some)).select(list(columns))
        for batch in query.to_batches(READ):
            found += batch.to_pylist()
    return found
