"""Libraries on a real S3 server and on the disk, and folders that are put into them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from lsfs.config import IndexConfig
from lsfs.index.library import writing
from lsfs.index.library.claims import Claims
from lsfs.index.library.ingest import Ingest, Ingested, LocalEngine
from lsfs.index.library.objects import Objects
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.tables import Library
from lsfs.index.library.work import Settings, Source
from lsfs.index.library.writing import Writer
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.tree import SourceTree
from tests.index.conftest import PlainReader
from tests.s3 import Server

_NUMBERS = count()


@pytest.fixture
def s3(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Makes the URI of a library in a bucket of its own."""
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    return lambda: s3_server.bucket(f"bucket-{next(_NUMBERS)}") + "/some/library"


class Folder(Struct):
    """A folder that is put into a library under a name."""

    place: Path
    uri: str
    name: str
    reader: PlainReader

    def write(self, path: str, text: str) -> None:
        place = self.place / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def ingest(self, *, replaces: bool = False, stale: float = 30.0) -> Ingested:
        """Bring the library in step with the folder, as a process of its own would."""
        library = Library(Objects(self.uri, make=True))
        embedder = HashEmbedder()
        made_by = MadeBy.of(self.reader.versions(), {}, IndexConfig())
        writing.opened(library, embedder, made_by)
        tree = SourceTree(self.place, ())
        source = Source(self.name, tree)
        writer = Writer(library, Claims(library.heads, stale=stale), made_by)
        try:
            settings = Settings(made_by, IndexConfig())
            engine = LocalEngine(library, source, self.reader, settings, embedder)
            return Ingest(library, source, engine, writer, replaces=replaces).run()
        finally:
            tree.close()


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str, str], Folder]:
    """Makes a folder for a library and a name in it."""

    def make(uri: str, name: str) -> Folder:
        place = tmp_path / "folders" / name
        place.mkdir(parents=True, exist_ok=True)
        return Folder(place, uri, name, PlainReader())

    return make


def contents(uri: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of a library as its last head names them, in an order of their own."""
    snapshot = Library(Objects(uri)).snapshot()
    return {
        name: sorted(snapshot.table(name).to_arrow().to_pylist(), key=repr)
        for name in ("file", "document", "passage")
    }
