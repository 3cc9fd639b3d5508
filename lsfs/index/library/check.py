"""Whether the tables of a library agree with each other and with the bytes; see ``schema``."""

from __future__ import annotations

import logging
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from blake3 import blake3
from msgspec import Struct, field

from lsfs.digest import BLOCK
from lsfs.index.library import damage, indexes, schema
from lsfs.index.library.heads import Head
from lsfs.index.library.tables import READ, Library, checked_out
from lsfs.index.library.told import SHOWN, LibraryReport, Problem
from lsfs.index.readers.passages import text_hash
from lsfs.index.store.rows import unpacked
from lsfs.model import Passage

log = logging.getLogger("lsfs.index.library.check")

_LENGTH = 0.01  # by which that of a vector may miss 1

Progress = Callable[[str, int, int], None]  # stage, done, total


def check(
    library: Library,
    *,
    deep: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> LibraryReport:
    """Look at all of a library as its last head names it.

    Args:
        deep: read the bytes of all files and the body of each document, too.

    Raises:
        LibraryUnreachable: the storage does not answer.
    """
    return looked(library, library.head(), deep=deep, progress=progress).report()


def looked(library: Library, head: Head, *, deep: bool, progress: Progress) -> Look:
    """What is found in a library as a head names it; see :func:`check`."""
    look = Look(library, head, progress)
    steps = [("file", look.keys), ("document", look.documents), ("passage", look.passages)]
    if deep:
        steps += [("document", look.bodies), ("passage", look.texts)]
    for name, step in steps:
        try:
            step()
        except (RuntimeError, OSError, ValueError) as error:
            log.info("table %s: %s", name, error)
            library.head()  # if the storage does not answer, that is what is wrong
            look.add(damage.BAD_TABLE, [name])
            return look  # the others are compared with this one
    look.indexes()
    look.bytes_of()
    if deep:
        look.contents()
    return look


class Look(Struct):
    """A look at a library.

    Attributes:
        problems: by their kind (:mod:`lsfs.index.library.damage`), what has them: ids of files or
            of documents, digests, names of tables, or of tables and columns.
    """

    library: Library
    head: Head
    progress: Progress
    problems: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)  # sizes by path
    cut: dict[str, int] = field(default_factory=dict)  # passages of each document
    rows: Counter[str] = field(default_factory=Counter)  # of each table
    _tables: dict[str, Any] = field(default_factory=dict)
    _needed: set[str] = field(default_factory=set)  # documents that files have
    _sizes: dict[str, int] = field(default_factory=dict)  # of contents that files have

    def add(self, kind: str, ids: Iterable[str]) -> None:
        """Take note of a problem."""
        if found := sorted(set(ids)):
            self.problems.setdefault(kind, []).extend(found)

    def _table(self, name: str) -> Any:
        if name not in self._tables:
            version = self.head.tables[name]
            self._tables[name] = checked_out(self.library.database, name, version)
        return self._tables[name]

    def _rows(self, name: str, columns: list[str]) -> Iterator[Any]:
        table = self._table(name)
        done, total = 0, table.count_rows()
        self.rows[name] = total
        for batch in table.search().select(columns).to_batches(READ):
            yield batch
            done += batch.num_rows
            self.progress(f"checking {name}", done, total)

    def keys(self) -> None:
        """Keys of files are unique and those of their paths."""
        counts: Counter[str] = Counter()
        for batch in self._rows("file", ["id", "path", "size", "digest", "document"]):
            for row in batch.to_pylist():
                counts[row["id"]] += 1
                if blake3(row["path"]).hexdigest(length=16) != row["id"]:
                    self.add(damage.FILE_ID, [row["id"]])
                if row["document"] is not None:
                    self._needed.add(row["document"])
                if row["digest"] is not None:
                    self._sizes[row["digest"]] = row["size"]
        self.add(damage.FILE_TWICE, _twice(counts))

    def documents(self) -> None:
        """Keys of documents are unique and those of their contents; those that files name exist."""
        counts: Counter[str] = Counter()
        for batch in self._rows("document", ["id", "digest", "named", "passages"]):
            for row in batch.to_pylist():
                counts[row["id"]] += 1
                self.cut[row["id"]] = row["passages"]
                if schema.document_id(bytes.fromhex(row["digest"]), row["named"]) != row["id"]:
                    self.add(damage.DOCUMENT_ID, [row["id"]])
        self.add(damage.DOCUMENT_TWICE, _twice(counts))
        self.add(damage.NO_DOCUMENT, self._needed - counts.keys())

    def passages(self) -> None:
        """Each document has the passages that it says, each once and with a vector."""
        there: dict[str, set[int]] = {}
        columns = ["document", "ordinal"]
        has_vectors = bool(self.head.dimension)
        for batch in self._rows("passage", [*columns, "vector"] if has_vectors else columns):
            owners = batch.column("document").to_pylist()
            for owner, ordinal in zip(owners, batch.column("ordinal").to_pylist(), strict=True):
                known = there.setdefault(owner, set())
                if ordinal in known:
                    self.add(damage.PASSAGE_TWICE, [owner])
                known.add(ordinal)
            if has_vectors:
                bad = _unsound(batch.column("vector"))
                self.add(damage.NO_VECTOR, {owners[row] for row in bad})
        self.add(damage.NO_OWNER, there.keys() - self.cut.keys())
        wrong = (
            id_ for id_, count in self.cut.items() if there.get(id_, set()) != set(range(count))
        )
        self.add(damage.OTHER_PASSAGES, wrong)

    def bodies(self) -> None:
        """Bodies are documents."""
        for batch in self._rows("document", ["id", "body"]):
            for row in batch.to_pylist():
                try:
                    unpacked(row["body"])
                except (TypeError, ValueError, zlib.error):
                    self.add(damage.UNREADABLE, [row["id"]])

    def texts(self) -> None:
        """Passages say what they did when they were made."""
        for batch in self._rows("passage", ["document", "heading", "text", "text_hash"]):
            for row in batch.to_pylist():
                one = Passage(row["text"], 0, len(row["text"]), heading=row["heading"])
                if text_hash(one) != row["text_hash"]:
                    self.add(damage.OTHER_TEXT, [row["document"]])

    def indexes(self) -> None:
        """What is asked of indexes is answered."""
        for name in schema.TABLES:
            bad = indexes.unusable(self._table(name), name)
            self.add(damage.BAD_INDEX, (f"{name}.{column}" for column in bad))

    def bytes_of(self) -> None:
        """The bytes of each file that was read are there."""
        self.objects = {one.path: one.size for one in self.library.objects.all("files")}
        for digest, size in self._sizes.items():
            found = self.objects.get(schema.bytes_at(digest))
            if found is None:
                self.add(damage.NO_BYTES, [digest])
            elif found != size:
                self.add(damage.OTHER_SIZE, [digest])

    def contents(self) -> None:
        """Bytes are what their names say."""
        for done, path in enumerate(self.objects):
            self.progress("checking bytes", done, len(self.objects))
            digest = path.rpartition("/")[2]
            seen = blake3()
            for part in self.library.objects.parts(path, BLOCK):
                seen.update(part)
            if seen.hexdigest() != digest:
                self.add(damage.OTHER_BYTES, [digest])

    def report(self) -> LibraryReport:
        """What was found."""
        wanted = {schema.bytes_at(digest) for digest in self._sizes}
        return LibraryReport(
            self.library.objects.uri,
            self.head.number,
            self.rows["file"],
            self.rows["document"],
            self.rows["passage"],
            len(self.objects),
            sum(self.objects.values()),
            (len(self.cut.keys() - self._needed), len(self.objects.keys() - wanted)),
            tuple(
                Problem(kind, len(ids), tuple(ids[:SHOWN]), damage.MENDING[kind])
                for kind, ids in self.problems.items()
            ),
        )


def _twice(counts: Counter[str]) -> list[str]:
    return [id_ for id_, count in counts.items() if count > 1]


def _unsound(vectors: Any) -> list[int]:
    """Rows whose vector is not of length 1."""
    import numpy as np

    dimension = vectors.type.list_size
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    lengths = np.linalg.norm(flat.reshape(-1, dimension), axis=1)
    return [int(row) for row in np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH))]
