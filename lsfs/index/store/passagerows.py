"""Rows of passages in the catalog, with their full text.

The functions work within a transaction of the catalog; see :mod:`lsfs.index.store.schema`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lsfs.index.find.terms import parts_of, parts_of_all
from lsfs.model import Passage

_AT_ONCE = 1000  # rows that are looked at anew


def add(
    db: sqlite3.Connection,
    document_id: int,
    passages: Sequence[tuple[Passage, bytes]],
    *,
    embedded: bool,
) -> None:
    """Store the passages of a new document.

    Args:
        passages: each with the hash of what is to be embedded for it.
        embedded: no vectors are intended.
    """
    parts = parts_of_all([searched(one.text, one.heading) for one, _ in passages])
    db.executemany(
        "INSERT INTO passage(document_id, embedded, ordinal, char_start, char_end, page, "
        "page_end, line_start, line_end, heading, place, parts, text, text_hash) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                document_id, int(embedded), ordinal, one.char_start, one.char_end, one.page,
                one.page_end, one.line_start, one.line_end, one.heading, one.where,
                parts[ordinal], one.text, text_hash,
            )
            for ordinal, (one, text_hash) in enumerate(passages)
        ),
    )  # fmt: skip
    ids = db.execute(
        "SELECT id FROM passage WHERE document_id = ? ORDER BY ordinal", (document_id,)
    )
    # Not by INSERT … SELECT: before one that may write several rows FTS5 writes down what it has
    # gathered of the transaction, and merges it later: three times the work.
    db.executemany(
        "INSERT INTO passage_fts(rowid, text, heading, parts) VALUES (?, ?, ?, ?)",
        [
            (id_, one.text, one.heading, words)
            for (id_,), (one, _), words in zip(ids.fetchall(), passages, parts, strict=True)
        ],
    )


def index_words(db: sqlite3.Connection) -> None:
    """Make the words beside all passages anew where other ones are made now."""
    last = -1
    while rows := db.execute(
        "SELECT id, text, heading, parts FROM passage WHERE id > ? ORDER BY id LIMIT ?",
        (last, _AT_ONCE),
    ).fetchall():
        for id_, text, heading, was in rows:
            parts = parts_of(searched(text, heading))
            if parts != was:
                _replace(db, (id_, text, heading, was), parts)
        last = rows[-1][0]


def _replace(db: sqlite3.Connection, was: tuple[int, str, str, str], parts: str) -> None:
    id_, text, heading, _ = was
    db.execute(
        "INSERT INTO passage_fts(passage_fts, rowid, text, heading, parts) "
        "VALUES ('delete', ?, ?, ?, ?)",
        was,
    )
    db.execute("UPDATE passage SET parts = ? WHERE id = ?", (parts, id_))
    db.execute(
        "INSERT INTO passage_fts(rowid, text, heading, parts) VALUES (?, ?, ?, ?)",
        (id_, text, heading, parts),
    )


def searched(text: str, heading: str) -> str:
    """What is searched of a passage."""
    return f"{text}\n{heading}" if heading else text
