"""Files that pass filters, with what the catalog knows of each."""

from __future__ import annotations

import os
from collections.abc import Collection

from msgspec import Struct

from lsfs.index.find.filters import Filters
from lsfs.index.store.catalog import Catalog


class Entry(Struct, frozen=True):
    """A file as the catalog has it.

    Attributes:
        document_id: None for a file that gave no document.
        day, day_end: the document's own date, half open; "" when it states none.
    """

    id: int
    path: str
    document_id: int | None
    suffix: str
    size: int
    mtime_ns: int
    kind: str
    kind_reason: str
    day: str
    day_end: str
    author: str


_COLUMNS = (
    "f.id, f.path, f.document_id, f.suffix, f.size, f.mtime_ns, f.kind, f.kind_reason, "
    "f.day, f.day_end, coalesce(d.author, '')"
)


def entries(catalog: Catalog, filters: Filters, *, unread: bool = False) -> list[Entry]:
    """The files that pass the filters, in order of their paths.

    Args:
        unread: also files without a document, as far as the filters can be asked of them.
    """
    where, values = filters.sql(unread=unread and filters.is_place)
    with catalog.lock:
        rows = catalog.db.execute(
            f"SELECT {_COLUMNS} FROM file f LEFT JOIN document d ON d.id = f.document_id "  # noqa: S608
            f"WHERE {where} ORDER BY f.path",
            values,
        ).fetchall()
    return [Entry(id_, os.fsdecode(raw), *rest) for id_, raw, *rest in rows]


def has_unread(catalog: Catalog, filters: Filters) -> bool:
    """Whether a file without a document passes the filters."""
    where, values = filters.sql()
    with catalog.lock:
        (found,) = catalog.db.execute(
            "SELECT EXISTS(SELECT 1 FROM file f LEFT JOIN document d ON d.id = f.document_id "  # noqa: S608
            f"WHERE f.document_id IS NULL AND {where})",
            values,
        ).fetchone()
    return bool(found)


def by_document(found: Collection[Entry]) -> dict[int, list[Entry]]:
    """The files of each document."""
    files: dict[int, list[Entry]] = {}
    for entry in found:
        if entry.document_id is not None:
            files.setdefault(entry.document_id, []).append(entry)
    return files
