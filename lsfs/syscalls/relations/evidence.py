"""The places that rows of a join, or of a sum, rest on, each with the words around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.joins import Evidence
from lsfs.model import FieldValue

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog


class Quotes:
    """Looks up what stands around values.

    Args:
        catalog: where the passages are.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def evidence(self, path: str, value: FieldValue) -> Evidence:
        """Where a file states a value, with its sentence or line."""
        return Evidence(
            path, value.name, value.value, value.normal, value.page, value.line, value.where,
            self._quote(path, value), value.rule, value.confidence,
        )  # fmt: skip

    def _quote(self, path: str, value: FieldValue) -> str:
        import os

        from lsfs.index.find.search import sentence_at

        with self._catalog.lock:
            row = self._catalog.db.execute(
                "SELECT p.text, p.char_start FROM file f JOIN passage p "
                "ON p.document_id = f.document_id WHERE f.path = ? AND p.char_start <= ? "
                "AND p.char_end > ? ORDER BY p.char_start DESC LIMIT 1",
                (os.fsencode(path), value.char_start, value.char_start),
            ).fetchone()
        if row is None:
            return value.value
        text, start = row
        return sentence_at(text, value.char_start - start)
