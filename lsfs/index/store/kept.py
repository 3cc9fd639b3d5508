"""What is kept under a name, with its latest result: questions, groupings, joins."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from lsfs import codec
from lsfs.index.store.catalog import Catalog
from lsfs.model import Citation, FoundFile, SavedQuestion

if TYPE_CHECKING:  # those who ask how far the index is need none of them
    from lsfs.index.groups.grouped import FileGroup, Links, SavedGroup
    from lsfs.joins import SavedJoin


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


def saved_group(db: sqlite3.Connection, name: str) -> SavedGroup | None:
    """A kept grouping, from any connection to a catalog; None when there is none of this name."""
    from lsfs.index.groups.grouped import Links, SavedGroup

    row = db.execute(
        "SELECT request, generation, title, groups FROM saved_group WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    request, generation, title, groups = row
    return SavedGroup(name, request, generation, title, codec.loads(groups, tuple[Links, ...]))


def links(groups: tuple[FileGroup, ...]) -> tuple[Links, ...]:
    """Groups as folders."""
    from lsfs.index.groups.grouped import Links

    return tuple(
        Links((*one.within, one.label), tuple(file.path for file in one.files)) for one in groups
    )


def saved_join(db: sqlite3.Connection, name: str) -> SavedJoin | None:
    """A kept join, from any connection to a catalog; None when there is none of this name."""
    from lsfs.joins import Joined, SavedJoin

    row = db.execute(
        "SELECT request, generation, joined, problem FROM saved_join WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    request, generation, joined, problem = row
    return SavedJoin(name, request, generation, codec.loads(joined, Joined), problem)


class _Kept:
    """Rows of one table by name, for the writer of a catalog."""

    table: str

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def all(self) -> list[tuple[str, str, int]]:
        """Name, request as JSON, and generation of each; of groupings and joins."""
        with self._catalog.lock:
            return self._catalog.db.execute(
                f"SELECT name, request, generation FROM {self.table} ORDER BY name"  # noqa: S608
            ).fetchall()

    def drop(self, name: str) -> bool:
        """Forget one; False when there is none of this name."""
        with self._catalog.transaction() as db:
            query = f"DELETE FROM {self.table} WHERE name = ?"  # noqa: S608
            return db.execute(query, (name,)).rowcount > 0

    def _store(self, *values: object) -> None:
        with self._catalog.transaction() as db:
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT OR REPLACE INTO {self.table} VALUES ({marks})", values)  # noqa: S608


class Groupings(_Kept):
    """The kept groupings."""

    table = "saved_group"

    def save(self, kept: SavedGroup) -> None:
        """Keep a grouping, in place of one of the same name."""
        groups = codec.dumps(kept.groups)
        self._store(kept.name, kept.request, kept.generation, kept.title, groups)


class Joins(_Kept):
    """The kept joins."""

    table = "saved_join"

    def save(self, kept: SavedJoin) -> None:
        """Keep a join, in place of one of the same name."""
        joined = codec.dumps(kept.joined)
        self._store(kept.name, kept.request, kept.generation, joined, kept.problem)


class Questions(_Kept):
    """The kept questions."""

    table = "saved_question"

    def get(self, name: str) -> SavedQuestion | None:
        """A kept question; None when there is none of this name."""
        with self._catalog.lock:
            return question(self._catalog.db, name)

    def save(self, asked: SavedQuestion) -> None:
        """Keep a question, in place of one of the same name."""
        with self._catalog.transaction() as db:
            _write(db, asked)

    def save_answer(self, answered: SavedQuestion) -> bool:
        """Keep an answer; False when the question was forgotten, or is another one by now."""
        with self._catalog.transaction() as db:
            known = question(db, answered.name)
            if known is None or known.question != answered.question:
                return False
            _write(db, answered)
            return True


def _write(db: sqlite3.Connection, asked: SavedQuestion) -> None:
    db.execute(
        "INSERT OR REPLACE INTO saved_question VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            asked.name, asked.question, asked.generation, asked.time_ns, asked.answer,
            codec.dumps(asked.citations), codec.dumps(asked.files), asked.model,
        ),
    )  # fmt: skip
