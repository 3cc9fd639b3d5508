"""The catalog of a library's files: a copy of what is known of them, and the way to the rest."""

from __future__ import annotations

from pathlib import Path

from lsfs.errors import AccessDenied
from lsfs.index.library.connection import connector
from lsfs.index.library.mirror import SCHEMA
from lsfs.index.library.passages import LibraryPassages
from lsfs.index.library.reader import Reader
from lsfs.index.store.catalog import Catalog
from lsfs.model import Document

KEPT = 500  # documents that stay here, those that were asked for last


class LibraryCatalog(Catalog):
    """The catalog of a library.

    Args:
        path: of the copy.
        read_only: another process keeps the copy in step.
    """

    def __init__(
        self, path: Path, reader: Reader, passages: LibraryPassages, *, read_only: bool
    ) -> None:
        super().__init__(path, read_only=read_only, connect=connector(passages), schema=SCHEMA)
        self._uri = reader.uri
        kept = self.db.execute("SELECT id FROM document WHERE body <> x''").fetchall()
        self._kept: dict[int, None] = {id_: None for (id_,) in kept}

    def check_writable(self, *, source: Path, only_state: bool) -> None:
        if not only_state:
            raise AccessDenied(
                f"{self._uri} is a shared library: its files are not changed from here",
                hint="change them in the folder that they come from, and write it anew with: "
                "lsfs index FOLDER --library URI; what is damaged is mended with: "
                "lsfs library check URI --repair",
            )
        super().check_writable(source=source, only_state=only_state)

    def load(self, document_id: int) -> Document:
        document = super().load(document_id)
        if not self.read_only:
            self._keep(document_id)
        return document

    def _keep(self, document_id: int) -> None:
        """Keep a document here for a while; the mount shows as text what is here."""
        with self.lock:
            self._kept.pop(document_id, None)
            self._kept[document_id] = None
            self.db.execute(
                "UPDATE document SET body = document_body(id, body) WHERE id = ? AND body = x''",
                (document_id,),
            )
            while len(self._kept) > KEPT:
                last = next(iter(self._kept))
                del self._kept[last]
                self.db.execute("UPDATE document SET body = x'' WHERE id = ?", (last,))
