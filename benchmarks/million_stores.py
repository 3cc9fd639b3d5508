"""The index of ``benchmarks.million``, written through the product's stores in one process.

For a million passages the whole pipeline takes an hour on two cores. Here parsers run in this
process, and fields, kinds and dates are left out; catalog, full text and vectors are written by the
product's own code, so what is searched is what the pipeline would have made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from lsfs.index.find import terms
from lsfs.index.meaning.embed import Embedder
from lsfs.index.meaning.vectors import VectorStore, table_of
from lsfs.index.readers import passages
from lsfs.index.store import filerows, stated
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import FileIdentity, FileRow, Outcome
from lsfs.model import Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.detect import PLAIN
from lsfs_parsers.markdown import MarkdownParser
from lsfs_parsers.text import TextParser

FILES, VECTORS = 500, 50_000  # in a transaction; in a commit


def write(place: Path, embedder: Embedder) -> dict[str, Any]:
    """Index ``place/tree`` into ``place/state``."""
    begun = time.process_time()
    state = place / "state"
    state.mkdir(mode=0o700)
    catalog = Catalog(state / "catalog.sqlite")
    paths = sorted((place / "tree").rglob("*.*"))
    for first in range(0, len(paths), FILES):
        with catalog.transaction():
            for path in paths[first : first + FILES]:
                _store(catalog, place / "tree", path)
    catalog.set_meta("embedder", embedder.name)
    catalog.set_meta("words", str(terms.VERSION))
    catalog.set_meta("signatures", str(stated.SIGNATURES_VERSION))
    catalog.bump()
    told: dict[str, Any] = {"catalog CPU s": time.process_time() - begun}
    begun = time.process_time()
    store = VectorStore(state / "vectors.lance", embedder.dimension, table=table_of(embedder.name))
    for ids, texts in _texts(catalog):
        store.upsert(ids, embedder.encode(texts))
    store.settle()
    told |= {"vectors CPU s": time.process_time() - begun, "passages": len(store)}
    catalog.close()
    return told


def _store(catalog: Catalog, root: Path, path: Path) -> None:
    name = path.relative_to(root).as_posix()
    identity = FileIdentity.of(path.stat())
    document = _document(path)
    cut = [(one, passages.text_hash(one)) for one in passages.split(document)]
    digest = blake3(path.read_bytes()).digest()
    id_ = filerows.add(catalog.db, name, identity)
    stored = catalog.add_document(digest, document, cut, name, embedded=True)
    row = FileRow(id_, name, identity, Status.PENDING, None)
    catalog.finish(row, Outcome(Status.OK, digest=digest), stored, document.title)


def _document(path: Path) -> Document:
    fd = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        if path.suffix == ".md":
            return MarkdownParser().parse(Source(fd, path.name, size, "text/markdown"))
        return TextParser().parse(Source(fd, path.name, size, PLAIN))
    finally:
        os.close(fd)


def _texts(catalog: Catalog) -> Iterator[tuple[np.ndarray[Any, Any], list[str]]]:
    """Ids and texts of all passages, as many at once as go into a commit."""
    for first in count(1, VECTORS):
        rows = catalog.db.execute(
            "SELECT id, heading, text FROM passage WHERE id >= ? AND id < ?",
            (first, first + VECTORS),
        ).fetchall()
        if not rows:
            return
        texts = [f"{heading}\n{text}" if heading else text for _, heading, text in rows]
        yield np.array([row[0] for row in rows], np.int64), texts
