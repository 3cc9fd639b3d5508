"""The catalog of a library's files: a copy of what is known of them, and the way to the rest."""

from __future__ import annotations

import zlib
from pathlib import Path

from lsfs.errors import AccessDenied, IndexCorrupt
from lsfs.index.catalog import Catalog
from lsfs.index.library.connection import connector
from lsfs.index.library.mirror import SCHEMA
from lsfs.index.library.passages import Ids, LibraryPassages
from lsfs.index.library.reader import Reader
from lsfs.index.rows import unpacked
from lsfs.model import Document


class LibraryCatalog(Catalog):
    """The catalog of a library.

    Args:
        path: of the copy.
        read_only: another process keeps the copy in step.
    """

    def __init__(
        self, path: Path, reader: Reader, passages: LibraryPassages, ids: Ids, *, read_only: bool
    ) -> None:
        super().__init__(path, read_only=read_only, connect=connector(passages), schema=SCHEMA)
        self._reader = reader
        self._ids = ids

    def check_writable(self, *, source: Path, only_state: bool) -> None:
        if not only_state:
            raise AccessDenied(
                f"{self._reader.uri} is a shared library: its files are not changed from here",
                hint="change them in the folder that they come from, and write it anew with: "
                "lsfs index FOLDER --library URI",
            )
        super().check_writable(source=source, only_state=only_state)

    def load(self, document_id: int) -> Document:
        rows = list(self._reader.rows("document", ["body"], [self._ids.key(document_id)]))
        if not rows:
            raise IndexCorrupt(f"document {document_id} is not in the library", repairable=False)
        try:
            return unpacked(rows[0]["body"])
        except (TypeError, zlib.error) as error:
            raise IndexCorrupt(f"document {document_id}: {error}", repairable=False) from error
