"""The SQL of a catalog whose passages are in a library.

Everything that asks a catalog writes the same SQL. Three things in it are answered elsewhere, all
here: what a passage says (the functions ``passage_text`` and ``passage_heading`` of the view
``passage``); which passages hold an expression: ``passage_fts MATCH ?``, which every query of the
full text has in these words, becomes a look into the ids that the library gives; and a document,
which ``SELECT body FROM document`` asks for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from lsfs.errors import LsfsError
from lsfs.index.store import opening

_MATCH = "passage_fts MATCH ?"
_HOLDING = "passage_fts.rowid IN (SELECT value FROM json_each(passages_holding(?)))"


_BODY = "SELECT body FROM document"
_FETCHED = "SELECT document_body(id, body) FROM document"


class Passages(Protocol):
    """What the passages of a library say."""

    def text(self, document_id: int, ordinal: int) -> str:
        """The text of a passage."""
        ...

    def heading(self, document_id: int, ordinal: int) -> str:
        """The headings above it."""
        ...

    def body(self, document_id: int, known: bytes) -> bytes:
        """A document in its stored form; as it is known, where it is."""
        ...

    def holding(self, expression: str) -> Iterable[int]:
        """Ids of the passages that an FTS5 expression matches."""
        ...


def connector(passages: Passages) -> Callable[[Path, bool], sqlite3.Connection]:
    """What opens connections to a catalog whose passages are those of a library."""

    def connect(path: Path, read_only: bool) -> sqlite3.Connection:
        failed: list[LsfsError] = []

        class Told(_Connection):
            errors = failed

        db = opening.connect(path, read_only, Told)
        for name, count, function in (
            ("passage_text", 2, passages.text),
            ("passage_heading", 2, passages.heading),
            ("document_body", 2, passages.body),
            ("passages_holding", 1, lambda match: json.dumps(list(passages.holding(match)))),
        ):
            db.create_function(name, count, _telling(function, failed), deterministic=True)
        return db

    return connect


def _telling(function: Callable[..., Any], failed: list[LsfsError]) -> Callable[..., Any]:
    """A function whose errors SQLite does not swallow."""

    def run(*values: Any) -> Any:
        try:
            return function(*values)
        except LsfsError as error:
            failed.append(error)
            raise

    return run


class _Cursor(sqlite3.Cursor):
    """Raises what went wrong in a function, and not merely that something did."""

    connection: _Connection

    def _told(self, work: Callable[..., Any], *values: Any) -> Any:
        try:
            return work(*values)
        except sqlite3.OperationalError as error:
            if self.connection.errors:
                raise self.connection.errors.pop() from error
            raise

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        ours = sql.replace(_MATCH, _HOLDING).replace(_BODY, _FETCHED)
        self._told(super().execute, ours, parameters)
        return self

    def fetchall(self) -> list[Any]:
        return list(self._told(super().fetchall))

    def fetchone(self) -> Any:
        return self._told(super().fetchone)

    def __next__(self) -> Any:
        return self._told(super().__next__)


class _Connection(sqlite3.Connection):
    """A connection to such a catalog."""

    errors: list[LsfsError]

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        return self.cursor(_Cursor).execute(sql, parameters)
