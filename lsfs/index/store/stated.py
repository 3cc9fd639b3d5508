"""The fields of documents in the catalog: stored with a document, read by file.

The functions work on the tables ``field`` and ``signature`` of a catalog; see there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.model import FieldValue, Passage

if TYPE_CHECKING:  # the process that serves the mount reads the catalog without numpy
    import numpy as np
    from numpy.typing import NDArray

SIGNATURES_VERSION = 2  # raise when :mod:`lsfs.index.facts.near` makes them otherwise
MODEL = "model"  # the rule of values that a language model found


class Stated(Struct, frozen=True):
    """A value and the file that states it."""

    path: str
    field: FieldValue


def add(db: sqlite3.Connection, document_id: int, found: Iterable[FieldValue]) -> None:
    """Store values of a document beside those it has."""
    db.executemany(
        "INSERT OR IGNORE INTO field VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                document_id, one.name, one.char_start, one.char_end, one.value, one.normal,
                one.page, one.line, one.where, one.rule, one.confidence,
            )
            for one in found
        ],
    )  # fmt: skip


def replace_by_rules(db: sqlite3.Connection, document_id: int, found: Iterable[FieldValue]) -> None:
    """Store what the rules find in place of what they found; the model's values stay.

    What was found of fields that nobody defined goes too, and is looked for when it is asked for.
    """
    db.execute("DELETE FROM field WHERE document_id = ? AND rule <> ?", (document_id, MODEL))
    db.execute("DELETE FROM sought WHERE document_id = ? AND rule <> ?", (document_id, MODEL))
    add(db, document_id, found)


_COLUMNS = (
    "v.name, v.value, v.normal, v.char_start, v.char_end, v.page, v.line, v.place, v.rule, "
    "v.confidence"
)
_BEST_FIRST = "v.confidence DESC, v.char_start"


def of_document(
    db: sqlite3.Connection, document_id: int, *, model: bool = False
) -> list[FieldValue]:
    """What the rules found in a document, with ``model`` what the model did too, surest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM field v WHERE document_id = ? AND (? OR rule <> ?) "  # noqa: S608
        f"ORDER BY {_BEST_FIRST}",
        (document_id, model, MODEL),
    )
    return [FieldValue(*row) for row in rows]


def of_files(db: sqlite3.Connection, name: str, *, model: bool = False) -> Iterator[Stated]:
    """The values of a field in all files, file by file, the surest first."""
    rows = db.execute(
        f"SELECT f.path, {_COLUMNS} FROM field v JOIN file f ON f.document_id = v.document_id "  # noqa: S608
        f"WHERE v.name = ? AND (? OR v.rule <> ?) ORDER BY f.path, {_BEST_FIRST}",
        (name, model, MODEL),
    ).fetchall()
    for path, *row in rows:
        yield Stated(os.fsdecode(path), FieldValue(*row))


def drop(db: sqlite3.Connection, document_id: int) -> None:
    """Forget what is stored of a document."""
    db.execute("DELETE FROM field WHERE document_id = ?", (document_id,))
    db.execute("DELETE FROM signature WHERE document_id = ?", (document_id,))
    db.execute("DELETE FROM sought WHERE document_id = ?", (document_id,))
    db.execute("DELETE FROM document_topic WHERE document_id = ?", (document_id,))


# --- signatures


def signature_of(passages: Sequence[Passage]) -> bytes:
    """The signature of a document's wording; b"" for a text too short to be compared."""
    return _minima(" ".join(passage.text for passage in passages))


def sign_again(db: sqlite3.Connection, document_ids: Iterable[int]) -> None:
    """Make the signatures of documents anew, from their stored passages."""
    for document_id in document_ids:
        db.execute("DELETE FROM signature WHERE document_id = ?", (document_id,))
        sign(db, document_id, _minima(wording(db, document_id)))


def _minima(text: str) -> bytes:
    from lsfs.index.facts import near

    runs = near.runs_of(text)
    return near.signature(runs).tobytes() if near.are_enough(runs) else b""


def sign(db: sqlite3.Connection, document_id: int, minima: bytes) -> None:
    """Store the signature of a document's wording, if it has one."""
    if minima:
        db.execute("INSERT OR REPLACE INTO signature VALUES (?, ?)", (document_id, minima))


def signatures(db: sqlite3.Connection) -> tuple[list[int], NDArray[np.uint32]]:
    """The documents that files have, and their signatures [n, near.PERMUTATIONS]."""
    import numpy as np

    from lsfs.index.facts import near

    rows = db.execute(
        "SELECT document_id, minima FROM signature "
        "WHERE document_id IN (SELECT document_id FROM file) ORDER BY document_id"
    ).fetchall()
    joined = b"".join(minima for _, minima in rows)
    return [id_ for id_, _ in rows], np.frombuffer(joined, np.uint32).reshape(-1, near.PERMUTATIONS)


def wording(db: sqlite3.Connection, document_id: int) -> str:
    """The text of which a document's signature was made."""
    rows = db.execute(
        "SELECT text FROM passage WHERE document_id = ? ORDER BY ordinal", (document_id,)
    )
    return " ".join(text for (text,) in rows)
