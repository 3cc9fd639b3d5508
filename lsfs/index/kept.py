"""Questions that are kept as files, each with its latest answer."""

from __future__ import annotations

import sqlite3

from lsfs import codec
from lsfs.index.catalog import Catalog
from lsfs.model import Citation, FoundFile, SavedQuestion


def question(db: sqlite3.Connection, name: str) -> SavedQuestion | None:
    """A kept question, from any connection to a catalog; None when there is none of this name."""
    row = db.execute(
        "SELECT question, generation, time_ns, answer, citations, files, model "
        "FROM saved_question WHERE name = ?",
        (name,),
    ).fetchone()
    if row is None:
        return None
    words, generation, time_ns, answer, citations, files, model = row
    return SavedQuestion(
        name, words, generation, time_ns, answer,
        codec.loads(citations, tuple[Citation, ...]), codec.loads(files, tuple[FoundFile, ...]),
        model,
    )  # fmt: skip


class Questions:
    """The kept questions of a catalog, for its writer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def get(self, name: str) -> SavedQuestion | None:
        """A kept question; None when there is none of this name."""
        with self._catalog.lock:
            return question(self._catalog.db, name)

    def save(self, asked: SavedQuestion) -> None:
        """Keep a question, in place of one of the same name."""
        with self._catalog.transaction() as db:
            _store(db, asked)

    def save_answer(self, answered: SavedQuestion) -> bool:
        """Keep an answer; False when the question was forgotten, or is another one by now."""
        with self._catalog.transaction() as db:
            known = question(db, answered.name)
            if known is None or known.question != answered.question:
                return False
            _store(db, answered)
            return True

    def drop(self, name: str) -> bool:
        """Forget a question; False when there is none of this name."""
        with self._catalog.transaction() as db:
            cursor = db.execute("DELETE FROM saved_question WHERE name = ?", (name,))
            return cursor.rowcount > 0


def _store(db: sqlite3.Connection, asked: SavedQuestion) -> None:
    db.execute(
        "INSERT OR REPLACE INTO saved_question VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            asked.name, asked.question, asked.generation, asked.time_ns, asked.answer,
            codec.dumps(asked.citations), codec.dumps(asked.files), asked.model,
        ),
    )  # fmt: skip
