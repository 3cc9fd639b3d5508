"""What a library says already of some contents, so that they are not read again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from lsfs.index.library.rules import MadeBy
from lsfs.index.library.tables import Snapshot, rows_of
from lsfs.index.readers.naming import named
from lsfs.index.store.rows import unpacked
from lsfs.model import Document, Status

_READ = ("id", "digest", "named", "media_type", "title", "parser", "parser_version", "rules")
_FAILED = (
    "digest", "path", "status", "reason", "media_type", "parser", "parser_version", "rules",
    "document",
)  # fmt: skip


class _Known(Struct, frozen=True):
    id: str
    named: str
    media_type: str
    title: str
    document: Document | None = None


class Known:
    """Documents and failures of some contents; see :class:`lsfs.index.readers.reading.Contents`.

    Args:
        snapshot: of the library.
        digests: of the contents.
        made_by: by which rows would be made now; older ones are not known.
    """

    def __init__(self, snapshot: Snapshot, digests: Iterable[bytes], made_by: MadeBy) -> None:
        self._snapshot = snapshot
        self._made_by = made_by
        wanted = {digest.hex() for digest in digests}
        self._all: list[_Known] = []
        self._documents: dict[str, list[int]] = {}
        self._failures: dict[str, list[Mapping[str, Any]]] = {}
        for row in self._rows("document", wanted, _READ):
            one = _Known(row["id"], row["named"], row["media_type"], row["title"])
            self._enter(row["digest"], one)
        for row in self._rows("file", wanted, _FAILED):
            if row["document"] is None and row["status"] not in (Status.UNREADABLE, Status.PENDING):
                self._failures.setdefault(row["digest"], []).append(row)

    def _rows(self, table: str, digests: set[str], columns: Iterable[str]) -> list[dict[str, Any]]:
        found = rows_of(self._snapshot.table(table), "digest", digests, list(columns))
        return [row for row in found if self._made_by.is_current(row)]

    def _enter(self, digest: str, one: _Known) -> None:
        self._documents.setdefault(digest, []).append(len(self._all))
        self._all.append(one)

    def add(self, digest: bytes, id_: str, path: str, document: Document) -> None:
        """Take note of a document that was read now."""
        name = named(document.media_type, path)
        one = _Known(id_, name, document.media_type, document.title, document)
        self._enter(digest.hex(), one)

    def fail(self, digest: bytes, path: str, document: Document) -> None:
        """Take note of a content that gives no document."""
        row = {
            "path": os.fsencode(path), "status": document.status.value, "reason": document.reason,
            "media_type": document.media_type, "parser": document.parser,
            "parser_version": document.parser_version,
        }  # fmt: skip
        self._failures.setdefault(digest.hex(), []).append(row)

    def document_of(
        self, digest: bytes, versions: dict[str, int], path: str
    ) -> tuple[int, str] | None:
        """See :class:`lsfs.index.readers.reading.Contents`; older versions are not among them."""
        for number in self._documents.get(digest.hex(), ()):
            one = self._all[number]
            if one.named == named(one.media_type, path):
                return number, one.title
        return None

    def failure_of(self, digest: bytes, path: str) -> Document | None:
        """See :class:`lsfs.index.readers.reading.Contents`."""
        for row in self._failures.get(digest.hex(), ()):
            media_type = row["media_type"]
            if named(media_type, os.fsdecode(row["path"])) == named(media_type, path):
                status = Status(row["status"])
                return Document(
                    media_type, row["parser"], row["parser_version"], status, row["reason"]
                )
        return None

    def id_of(self, number: int) -> str:
        """The library's id of a document that :meth:`document_of` gave."""
        return self._all[number].id

    def bodies(self, numbers: Iterable[int]) -> dict[int, Document]:
        """These documents as a whole."""
        wanted = {number: self._all[number] for number in numbers}
        ids = {one.id for one in wanted.values() if one.document is None}
        table = self._snapshot.document
        stored = {row["id"]: row["body"] for row in rows_of(table, "id", ids, ["id", "body"])}
        return {number: one.document or unpacked(stored[one.id]) for number, one in wanted.items()}
