"""Files as answers: all that pass a filter, with the words that date them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lsfs.model import ContentDate, DateKind, FoundFile

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.index.store.catalog import Catalog

QUOTE_CHARS = 160  # about the longest quote that shows why a file is listed


ORDERS = {
    "newest": "f.day DESC",
    "oldest": "f.day = '', f.day",
    "largest": "f.size DESC",
    "smallest": "f.size",
}


def files(
    catalog: Catalog, filters: Filters, limit: int, order: str = "newest", *, unread: bool = False
) -> list[FoundFile]:
    """All files that pass the filters, with the words that date them.

    Args:
        order: one of :data:`ORDERS` first; files without a date come last.
        unread: also files without a document, where nothing is asked of text.
    """
    where, values = filters.sql(unread=unread)
    rows = _rows(
        catalog,
        "SELECT f.id, f.path, f.kind, f.day, d.title, d.id FROM file f "  # noqa: S608
        f"LEFT JOIN document d ON d.id = f.document_id WHERE {where} "
        f"ORDER BY {ORDERS.get(order, ORDERS['newest'])}, f.path LIMIT ?",
        [*values, limit],
    )
    return [_found(catalog, filters, *row) for row in rows]


def _found(
    catalog: Catalog,
    asked: Filters,
    file_id: int,
    raw: bytes,
    kind: str,
    day: str,
    title: str | None,
    document_id: int | None,
) -> FoundFile:
    path = os.fsdecode(raw)
    start = _asked_at(catalog, file_id, asked)
    if start is None:
        start = _dated_at(catalog, file_id, day)
    evidence, page, where = _line_at(catalog, document_id, start)
    name = title or PurePosixPath(path).name
    return FoundFile(path, 1.0, name, day, kind, page, evidence, where)


def _asked_at(catalog: Catalog, file_id: int, asked: Filters) -> int | None:
    """Where a file states a date of the kinds that are asked for; None for its own date."""
    if not asked.date_kinds or not (asked.after or asked.before):
        return None
    marks = ", ".join("?" * len(asked.date_kinds))
    rows = _rows(
        catalog,
        f"SELECT char_start FROM content_date WHERE file_id = ? AND kind IN ({marks}) "  # noqa: S608
        "AND day >= ? AND day_end <= ? AND char_start >= 0 ORDER BY ordinal LIMIT 1",
        [file_id, *asked.date_kinds, asked.after, asked.before or "9999-12-31"],
    )
    return rows[0][0] if rows else None


def _dated_at(catalog: Catalog, file_id: int, day: str) -> int:
    """Where a file states its own date; 0 where it does not."""
    rows = _rows(
        catalog,
        "SELECT char_start FROM content_date WHERE file_id = ? AND day = ? AND char_start >= 0 "
        "ORDER BY ordinal LIMIT 1",
        [file_id, day],
    )
    return rows[0][0] if rows else 0


def _line_at(catalog: Catalog, document_id: int | None, start: int) -> tuple[str, int | None, str]:
    """The line at a place of a document, and its page; how it begins when there is none."""
    found = _rows(
        catalog,
        "SELECT text, char_start, page, place FROM passage WHERE document_id = ? "
        "AND char_start <= ? ORDER BY char_start DESC LIMIT 1",
        [document_id, start],
    ) or _rows(
        catalog,
        "SELECT text, char_start, page, place FROM passage WHERE document_id = ? "
        "ORDER BY ordinal LIMIT 1",
        [document_id],
    )
    if not found:
        return "", None, ""
    text, begins, page, where = found[0]
    # Of a file without pages, the whole is meant, not a line of it.
    return sentence_at(text, max(start - begins, 0)), page, where if page is not None else ""


def dates(catalog: Catalog, path: str) -> list[ContentDate]:
    """The dates that a file states, strongest first."""
    rows = _rows(
        catalog,
        "SELECT c.day, c.day_end, c.kind, c.char_start, c.char_end, c.words "
        "FROM content_date c JOIN file f ON f.id = c.file_id WHERE f.path = ? "
        "ORDER BY c.ordinal",
        [os.fsencode(path)],
    )
    return [
        ContentDate(
            date.fromisoformat(day), date.fromisoformat(end), DateKind(kind), start, stop, words
        )
        for day, end, kind, start, stop, words in rows
    ]


def sentence_at(text: str, offset: int) -> str:
    """The sentence of ``text`` around an offset; of a long one, the words around it."""
    from lsfs.sentences import sentences

    spans = (span for span in sentences(text) if span[0] <= offset < span[1])
    start, end = next(spans, (0, min(len(text), QUOTE_CHARS)))
    if end - start > QUOTE_CHARS:
        start = max(start, offset - QUOTE_CHARS // 2)
        end = min(end, start + QUOTE_CHARS)
        start = text.rfind(" ", 0, start) + 1 if start else 0
        cut = text.find(" ", end)
        end = cut if cut >= 0 else len(text)
    return " ".join(text[start:end].split())


def _rows(catalog: Catalog, query: str, values: Iterable[object]) -> list[Any]:
    with catalog.lock:
        return catalog.db.execute(query, list(values)).fetchall()
