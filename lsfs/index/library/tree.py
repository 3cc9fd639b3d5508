"""The files of a library as the rest of lsfs sees them: a folder that fills as it is read."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lsfs.index.library.files import LibraryFiles
from lsfs.index.rows import FileIdentity
from lsfs.index.tree import SourceTree

Rows = Callable[..., list[tuple[object, ...]]]


class LibraryTree(SourceTree):
    """The folder of a library.

    Args:
        root: the folder.
        uri: of the library.
        files: fetches what stands in it.
        rows: asks the copy of the library's catalog.
        generation: of the copy.
    """

    def __init__(
        self,
        root: Path,
        uri: str,
        files: LibraryFiles,
        rows: Rows,
        generation: Callable[[], int],
    ) -> None:
        super().__init__(root, ())
        self._uri = uri
        self._files = files
        self._rows = rows
        self._generation = generation
        self._laid_out = -1  # the generation that the folder is of
        self._laying = threading.Lock()

    @property
    def name(self) -> str:
        return self._uri

    def ready(self) -> None:
        """Lay the files out, so that folders can be listed."""
        with self._laying:
            now = self._generation()
            if now != self._laid_out:
                self._files.lay_out()
                self._laid_out = now

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        return False

    def to_look_at(self, path: str) -> str | None:
        return path

    def exists(self, path: str) -> bool:
        return bool(self._rows("SELECT 1 FROM file WHERE path = ?", (os.fsencode(path),)))

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
        rows = self._rows("SELECT path, size, mtime_ns, ctime_ns, inode FROM file", ())
        for raw, *identity in rows:
            name = os.fsdecode(raw)  # type: ignore[arg-type]
            if not path or name == path or name.startswith(f"{path}/"):
                yield name, FileIdentity(*identity)  # type: ignore[arg-type]
