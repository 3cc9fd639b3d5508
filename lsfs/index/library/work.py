"""Some files of a folder made into rows of a library: the work of the local engine and of Ray's.

It is the local path's: the same reader, the same rules, the same embedder are called; only where
what they make is written is other.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from blake3 import blake3
from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.config import FieldConfig, IndexConfig
from lsfs.digest import BLOCK
from lsfs.index.library import rows, schema
from lsfs.index.library.batches import Batch, Mark, Rows
from lsfs.index.library.known import Known
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.tables import Library, Snapshot
from lsfs.index.meaning.embed import Embedder
from lsfs.index.readers import passages
from lsfs.index.readers.ahead import workers_of
from lsfs.index.readers.making import Maker
from lsfs.index.readers.naming import named
from lsfs.index.readers.reading import Contents, FileReader, Reader, Reading
from lsfs.index.readers.ready import Ready, ready_of
from lsfs.index.store.rows import FileIdentity, FileRow
from lsfs.index.tree import SourceTree
from lsfs.model import Passage, Status

# The bytes of a file were sent, or were there already; or it holds others by now.
SENT, LENT, OTHER = "sent", "lent", "other"
WHOLE = 16 << 20  # bytes of a file that is sent from memory; a larger one from a copy on the disk


class Look(Struct, frozen=True):
    """A file to be read.

    Attributes:
        path: in its folder.
        identity: when it was listed.
        before: the mark of its row in the library; None where it has none.
    """

    path: str
    identity: FileIdentity
    before: Mark | None = None


class Source(Struct, frozen=True):
    """A folder that is put into a library.

    Attributes:
        name: of its files in the library; the first part of their paths.
        tree: the folder.
    """

    name: str
    tree: SourceTree

    def id_of(self, path: str) -> str:
        """The library's id of a file."""
        return schema.file_id(rows.in_library(self.name, path))


class Settings(Struct, frozen=True):
    """With what files are read; the same for all who read for one run.

    Attributes:
        made_by: what rows are made with.
        index: limits.
        fields: the user's own beside the built-in ones.
    """

    made_by: MadeBy
    index: IndexConfig
    fields: Mapping[str, FieldConfig] = field(default_factory=dict)


class Worker:
    """Reads files and makes rows of them; several threads may not share one.

    Args:
        library: where it is looked up what is known already, and where the bytes of files go.
        source: the folder.
        reader: makes documents.
        maker: makes what goes with them.
        settings: limits, and what rows are made with.
    """

    def __init__(
        self, library: Library, source: Source, reader: Reader, maker: Maker, settings: Settings
    ) -> None:
        self._library = library
        self._source = source
        self._reader = reader
        self._maker = maker
        self._made_by = settings.made_by
        self._max_bytes = settings.index.max_file_bytes
        self._threads = workers_of(settings.index) + 1  # one waits for the storage
        self._snapshot: Snapshot | None = None

    def read(self, looks: Sequence[Look]) -> Batch:
        """What these files say; their passages have no vectors yet.

        Raises:
            ParseError: the parsers do not start.
            LsfsError: the storage does not answer.
        """
        self._snapshot = self._library.snapshot(self._snapshot)
        with ThreadPoolExecutor(self._threads, "lsfs-read") as pool, ExitStack() as stack:
            opened = []
            for reading in pool.map(self._opened, looks):
                stack.callback(reading.close)
                opened.append(reading)
            contents = {reading.digest for reading in opened if reading.digest}
            known = Known(self._snapshot, contents, self._made_by)
            ready = self._ready(opened, known, pool)
            kept = pool.map(self._kept, (one.reading for one in ready))
            return self._batch(looks, list(zip(ready, kept, strict=True)), known)

    def _opened(self, look: Look) -> Reading:
        row = FileRow(0, look.path, look.identity, Status.PENDING, None)
        return self._files(_NOTHING).opened(row)

    def _files(self, known: Contents) -> FileReader:
        return FileReader(self._source.tree, known, self._reader, self._max_bytes)

    def _ready(
        self, opened: Sequence[Reading], known: Known, pool: ThreadPoolExecutor
    ) -> list[Ready]:
        """All that can be made of files.

        The first file of each content is read; others of the same are known by it then, unless they
        have names of another kind.
        """
        files = self._files(known)
        found: dict[str, Ready] = {}
        waiting = list(opened)
        while waiting:
            some, waiting = _each_content_once(waiting)
            read = list(pool.map(partial(_known_or_parsed, files), some))
            bodies = known.bodies({one.document_id for one in read if one.document_id is not None})
            make = partial(ready_of, self._maker, load=bodies.__getitem__)
            for one in pool.map(make, read):
                found[one.reading.row.path] = one
                _note(one, known)
        return [found[reading.row.path] for reading in opened]

    def _kept(self, reading: Reading) -> str:
        """Put the bytes of a file where they are read from; says how: see below."""
        if not reading.digest:
            return SENT
        place = schema.bytes_at(reading.digest.hex())
        size = reading.identity.size if reading.identity else 0
        if self._library.objects.size(place) == size:
            return LENT
        with tempfile.SpooledTemporaryFile(WHOLE) as copy:
            hasher = blake3()
            offset = 0
            while block := os.pread(reading.fd, min(BLOCK, size - offset), offset):
                hasher.update(block)
                copy.write(block)
                offset += len(block)
            if hasher.digest() != reading.digest:
                return OTHER
            copy.seek(0)
            self._library.objects.put(place, copy if size > WHOLE else copy.read())
        return SENT

    def _batch(
        self, looks: Sequence[Look], ready: Sequence[tuple[Ready, str]], known: Known
    ) -> Batch:
        files: list[dict[str, Any]] = []
        documents: dict[str, dict[str, Any]] = {}
        cut: list[dict[str, Any]] = []
        before: dict[str, Mark | None] = {}
        restless = 0
        for look, (one, kept) in zip(looks, ready, strict=True):
            reading = one.reading
            if reading.is_interrupted:
                continue
            if reading.digest and (kept == OTHER or reading.changed() is not None):
                restless += 1
                continue
            before[self._source.id_of(look.path)] = look.before
            if reading.is_gone:
                continue
            id_ = _document_id(one, known)
            files.append(rows.file_row(self._source.name, one, id_, self._made_by))
            if one.made is not None and one.document is not None and id_ not in documents:
                documents[id_] = rows.document_row(
                    reading.digest, look.path, one.document, one.made, self._made_by.rules
                )
                cut += rows.passage_rows(id_, one.made)
        return Batch(
            rows.table("file", files),
            before,
            frozenset(documents),
            Rows(rows.table("document", documents.values())),
            Rows(rows.table("passage", cut)),
            lent=frozenset(one.reading.digest.hex() for one, kept in ready if kept == LENT),
            restless=restless,
            read=len(looks),
            parsed=sum(one.reading.parsed for one, _ in ready),
            size=sum(row["size"] for row in files),
        )


class _Nothing:
    """Knows no content."""

    def document_of(self, digest: bytes, versions: dict[str, int], path: str) -> None:
        return None

    def failure_of(self, digest: bytes, path: str) -> None:
        return None


_NOTHING = _Nothing()


def _each_content_once(waiting: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
    """The first file of each content, and the others; those that were not read are each its own."""
    seen: set[bytes] = set()
    first: list[Reading] = []
    later: list[Reading] = []
    for reading in waiting:
        (later if reading.digest in seen else first).append(reading)
        if reading.digest:
            seen.add(reading.digest)
    return first, later


def _known_or_parsed(files: FileReader, reading: Reading) -> Reading:
    return files.known_or_parsed(reading) if reading.digest else reading


def _note(one: Ready, known: Known) -> None:
    """Have other files of a content that was parsed now know of it."""
    reading, document = one.reading, one.document
    if not reading.parsed or document is None:
        return
    path = reading.row.path
    if one.made is not None:
        known.add(reading.digest, _new_id(one), path, document)
    elif document.status is not Status.PENDING:
        known.fail(reading.digest, path, document)


def _new_id(one: Ready) -> str:
    assert one.document is not None  # noqa: S101
    name = named(one.document.media_type, one.reading.row.path)
    return schema.document_id(one.reading.digest, name)


def _document_id(one: Ready, known: Known) -> str:
    """The id of what a file says; '' for one without a document."""
    if one.reading.document_id is not None:
        return known.id_of(one.reading.document_id)
    return _new_id(one) if one.made is not None else ""


def embedded(batch: Batch, embedder: Embedder | None) -> Batch:
    """A batch whose passages have their vectors; equal texts are embedded once."""
    import numpy as np

    if embedder is None:
        return batch
    cut = batch.passages.table
    texts: dict[bytes, str] = {}
    for row in cut.select(["text_hash", "text", "heading"]).to_pylist():
        passage = Passage(row["text"], 0, len(row["text"]), heading=row["heading"])
        texts.setdefault(row["text_hash"], passages.embedded_text(passage))
    vectors = np.empty((0, embedder.dimension), np.float32)
    if texts:
        made = embedder.encode(list(texts.values()))
        at = {text_hash: number for number, text_hash in enumerate(texts)}
        vectors = made[[at[text_hash] for text_hash in cut["text_hash"].to_pylist()]]
    return replace(batch, passages=Rows(rows.with_vectors(cut, vectors)), embedded=len(texts))
