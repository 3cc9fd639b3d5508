"""The files of a library as the rest of lsfs sees them: a folder that fills as it is read."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from lsfs.index.library.files import LibraryFiles
from lsfs.index.library.mirror import HEAD, Update
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import FileIdentity
from lsfs.index.tree import SourceTree


class LibraryTree(SourceTree):
    """The folder of a library.

    Args:
        root: the folder.
        uri: of the library.
        files: fetches what stands in it.
        catalog: the copy of the library's.
    """

    def __init__(self, root: Path, uri: str, files: LibraryFiles, catalog: Catalog) -> None:
        super().__init__(root, ())
        self._uri = uri
        self._files = files
        self._catalog = catalog
        self._laying = threading.Lock()

    @property
    def name(self) -> str:
        return self._uri

    def ready(self) -> None:
        """Lay the files out, so that folders can be listed."""
        with self._laying:
            self._files.lay_out(self._catalog.meta(HEAD))

    def take_in(self, update: Update) -> None:
        """Have a folder that is laid out show what the copy of the catalog says now."""
        with self._laying:
            self._files.change(update, self._catalog.meta(HEAD))

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        return False

    def to_look_at(self, path: str) -> str | None:
        return path

    def exists(self, path: str) -> bool:
        return self._catalog.file(path) is not None

    def stat(self, path: str) -> os.stat_result | None:
        if self.exists(path):
            self._files.stand(path)
        else:
            self.ready()  # it may be a folder
        return super().stat(path)

    def fetch(self, path: str) -> None:
        """See that the bytes of a file are there.

        Raises:
            LsfsError: the library does not give them.
        """
        if self.exists(path):
            self._files.fetch(path)

    def open(self, path: str) -> int:
        self.fetch(path)
        return super().open(path)

    def files(self, path: str = "") -> Iterator[tuple[str, FileIdentity]]:
        for row in self._catalog.files_below(path).values():
            yield row.path, row.identity
