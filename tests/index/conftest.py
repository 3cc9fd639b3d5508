"""An index over a temporary folder, with a deterministic embedder and a plain reader."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from lsfs.config import IndexConfig
from lsfs.index.find.search import Search
from lsfs.index.ingest import Pipeline
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.meaning.vectors import VectorStore
from lsfs.index.store.catalog import Catalog
from lsfs.index.tree import SourceTree
from lsfs.model import Block, BlockKind, Document, Span, Status


class PlainReader:
    """Reads UTF-8 text, a block a paragraph; files that begin with NUL are unsupported."""

    def __init__(self) -> None:
        self.version = 1

    def versions(self) -> dict[str, int]:
        return {"plain": self.version}

    def read(self, fd: int, name: str) -> Document:
        data = os.pread(fd, 1 << 24, 0)
        if data.startswith(b"\0"):
            return Document("application/octet-stream", "plain", 1, Status.UNSUPPORTED, "binary")
        if not data.strip():
            return Document("text/plain", "plain", self.version, Status.EMPTY)
        return document(data.decode("utf-8"), version=self.version)


def document(text: str, *, version: int = 1) -> Document:
    """Text as a document whose blocks are its paragraphs and whose lines are counted."""
    blocks = []
    offset = 0
    for part in text.split("\n\n"):
        if part.strip():
            line = text.count("\n", 0, offset) + 1
            span = Span(offset, offset + len(part), line=line)
            block = Block(BlockKind.PARAGRAPH, part, offset, offset + len(part), spans=(span,))
            blocks.append(block)
        offset += len(part) + 2
    return Document("text/plain", "plain", version, text=text, blocks=tuple(blocks))


class Index(Struct):
    """All parts of an index."""

    source: Path
    state: Path
    catalog: Catalog
    vectors: VectorStore
    reader: PlainReader
    tree: SourceTree
    pipeline: Pipeline
    search: Search

    def run(self) -> None:
        self.pipeline.run()

    def paths(self, query: str, **options: object) -> list[str]:
        """Paths found for a query, each once."""
        hits = self.search.hits(query, **options)  # type: ignore[arg-type]
        return list(dict.fromkeys(hit.path for hit in hits))

    def rows(self) -> list[tuple[object, ...]]:
        """All that a fresh index of the same files would have, without ids and times."""
        return sorted(
            self.catalog.db.execute(
                "SELECT f.path, f.size, f.status, f.kind, f.day, d.digest, p.ordinal, p.text, "
                "p.embedded FROM file f LEFT JOIN document d ON d.id = f.document_id "
                "LEFT JOIN passage p ON p.document_id = d.id"
            ).fetchall(),
            key=repr,
        )

    def use(self, reader: PlainReader, config: IndexConfig | None = None) -> None:
        """Go on with another reader, as after a restart."""
        self.reader = reader
        self.pipeline = Pipeline(
            self.catalog, self.vectors, HashEmbedder(), reader, self.tree, config or IndexConfig()
        )

    def close(self) -> None:
        self.catalog.close()
        self.tree.close()


def build(source: Path, state: Path, retained: Callable[[], set[bytes]] | None = None) -> Index:
    """Open an index; its stores are made if missing."""
    state.mkdir(exist_ok=True)
    config = IndexConfig()
    embedder = HashEmbedder()
    catalog = Catalog(state / "catalog.sqlite")
    vectors = VectorStore(state / "vectors.lance", embedder.dimension)
    tree = SourceTree(source, config.ignore)
    reader = PlainReader()
    pipeline = Pipeline(catalog, vectors, embedder, reader, tree, config, None, retained)
    search = Search(catalog, vectors, embedder)
    return Index(source, state, catalog, vectors, reader, tree, pipeline, search)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    source = tmp_path / "source"
    source.mkdir()
    built = build(source, tmp_path / "state")
    yield built
    built.close()
