"""The engines of a shared library, beside those of a folder in :mod:`lsfs.syscalls.drive`."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.clock import Clock
from lsfs.drives import DriveRecord
from lsfs.errors import UsageError
from lsfs.index.find.search import Search
from lsfs.index.library.catalog import LibraryCatalog
from lsfs.index.library.files import LibraryFiles
from lsfs.index.library.following import Following
from lsfs.index.library.mirror import Mirror
from lsfs.index.library.passages import Ids, LibraryPassages
from lsfs.index.library.reader import Reader
from lsfs.index.library.tree import LibraryTree
from lsfs.index.library.vectors import KeptVectors, LibraryVectors
from lsfs.index.library.words import LibraryWords
from lsfs.index.meaning.meanings import Meaning, Meanings
from lsfs.index.store import opening
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.seen import Views
from lsfs.index.tree import SourceTree
from lsfs.model import Problem
from lsfs.syscalls.engines import Engines
from lsfs.versions.contents import Content, FileContent
from lsfs.versions.past import Past
from lsfs.versions.tables import Row

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.index.meaning.embed import Embedder
    from lsfs.index.readers.pool import SandboxPool
    from lsfs.llm.answers.chat import ChatModel, Reranker

log = logging.getLogger("lsfs.syscalls.shared")


class Opening(Struct, frozen=True):
    """What a library is opened with.

    Attributes:
        record: names it.
        config, clock: as of any drive.
        embedder: reads queries; it has to be the one that made the library's vectors.
        chat, reranker, reader: the models and parsers of this machine.
        read_only: another process keeps the copy of its catalog in step.
        follow: take in what is committed behind the caller, instead of when asked.
    """

    record: DriveRecord
    config: Config
    clock: Clock
    embedder: Embedder | None
    chat: ChatModel | None
    reranker: Reranker | None
    reader: SandboxPool
    read_only: bool
    follow: bool


def open_library(given: Opening, stack: contextlib.ExitStack) -> Engines:
    """Build the engines of a library; ``stack`` closes them.

    Raises:
        NotFound: there is no library at the URI.
        LibraryUnreachable: it does not answer.
    """
    record = given.record
    reader = Reader(record.library)
    path = record.state.catalog
    if not given.read_only:
        _make(path)
    ids = Ids(opening.connect(path, True))
    stack.callback(ids.close)
    passages = LibraryPassages(reader, ids)
    catalog = LibraryCatalog(path, reader, passages, read_only=given.read_only)
    stack.callback(catalog.close)
    files = LibraryFiles(record.library, record.source, path)
    tree = LibraryTree(record.source, record.library, files, catalog)
    stack.callback(tree.close)
    mirror = None if given.read_only else Mirror(catalog, files.forget)
    following = Following(catalog, reader, mirror, tree.take_in)
    following.begin(patient=given.follow)
    stack.callback(following.close)
    past = LibraryPast(record, tree, catalog)
    stack.callback(past.close)
    if given.follow:
        tree.ready()
        following.start()
    words = LibraryWords(catalog, reader, passages, ids)
    meanings = _meanings(given.embedder, catalog, reader, ids)
    search = Search(catalog, None, None, meanings, words)
    views = Views(catalog, path, search)
    stack.callback(views.close)
    return Engines(
        record.source, record.state, given.config, given.clock, catalog, search, tree, given.chat,
        following, past, None, given.reader, views, reranker=given.reranker,
        checked=partial(_checked, record.library),
    )  # fmt: skip


def _checked(uri: str, deep: bool, counts: Counter[str]) -> list[Problem]:
    """What is wrong with a library; see :mod:`lsfs.index.library.check`."""
    from lsfs.syscalls import bulk

    found = bulk.check(uri, deep=deep)
    counts.update(
        files=found.files, documents=found.documents, passages=found.passages,
        contents=found.contents,
    )  # fmt: skip
    hint = f"who writes it mends it with: lsfs library check {uri} --repair"
    return [
        Problem("library", f"{one.kind}: {one.count}, as {one.examples[0]}", hint=hint)
        for one in found.problems
    ]


def _make(path: Path) -> None:
    """See that there is a usable copy of the catalog; a damaged one is made again."""
    from lsfs.errors import IndexCorrupt
    from lsfs.index.library.mirror import SCHEMA

    try:
        Catalog(path, schema=SCHEMA).close()
    except IndexCorrupt as error:
        log.error("%s; it is copied again from the library", error.message)
        opening.set_aside(path)
        Catalog(path, schema=SCHEMA).close()


def _meanings(
    embedder: Embedder | None, catalog: LibraryCatalog, reader: Reader, ids: Ids
) -> Meanings:
    """The vectors, where the model that made them is on this machine."""
    head = reader.head
    if embedder is None or not head.embedder:
        return Meanings(None)
    if embedder.name != head.embedder:
        log.warning(
            "%s has vectors of %s, and this machine has %s: search is by keyword",
            reader.uri, head.embedder, embedder.name,
        )  # fmt: skip
        return Meanings(None)
    kept = KeptVectors(catalog, embedder.dimension)
    return Meanings(Meaning(embedder, LibraryVectors(kept, reader, ids, embedder.dimension)))


class LibraryPast(Past):
    """The past of a library: it has none, but its present files can be read as versions are."""

    def __init__(self, record: DriveRecord, tree: SourceTree, catalog: Catalog) -> None:
        state = record.state
        self._root = os.open(record.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        super().__init__(state.versions, state.history, state.objects, self._root)
        self._uri = record.library
        self._tree = tree
        self._catalog = catalog

    def close(self) -> None:
        super().close()
        os.close(self._root)

    def live(self, path: str) -> Row | None:
        row = self._catalog.file(path)
        if row is None:
            return None
        time_ns, size = row.identity.mtime_ns, row.identity.size
        return Row(
            row.id, os.fsencode(path), "file", 1, time_ns, None, "found", "", 0o444, 0, 0, time_ns,
            size, None, None, None, None, "", 0,
        )  # fmt: skip

    def open(self, row: Row) -> Content:
        fd = self._tree.open(os.fsdecode(row.path))
        return FileContent(fd, os.fstat(fd).st_size)

    def versions(self, path: str) -> list[Row]:
        raise UsageError(
            f"{self._uri} is a shared library, which keeps no versions",
            hint="the drive that it was made from does: lsfs history, on that machine",
        )
