"""Whether the tables of a library agree with each other and with the bytes; see ``schema``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from blake3 import blake3

from lsfs.index.library import schema
from lsfs.index.library.tables import Library, Snapshot
from lsfs.index.library.told import SHOWN, LibraryReport, Problem
from lsfs.index.rows import unpacked

_READ = 50_000  # rows at once
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
    """
    look = _Look(library.snapshot(), progress)
    look.keys()
    look.documents()
    look.passages()
    objects = {one.path: one.size for one in library.objects.all("files")}
    look.bytes_of(objects)
    if deep:
        look.contents(library, objects)
    return look.report(library.objects.uri, objects)


@dataclass(slots=True)
class _Look:
    snapshot: Snapshot
    progress: Progress
    problems: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    cut: dict[str, int] = field(default_factory=dict)  # passages of each document
    needed: set[str] = field(default_factory=set)  # documents that files have
    sizes: dict[str, int] = field(default_factory=dict)  # of contents that files have

    def _add(self, kind: str, ids: Iterable[str]) -> None:
        if found := sorted(ids):
            self.problems.setdefault(kind, []).extend(found)

    def _rows(self, name: str, columns: list[str]) -> Iterator[Any]:
        table = self.snapshot.table(name)
        done, total = 0, table.count_rows()
        for batch in table.search().select(columns).to_batches(_READ):
            yield batch
            done += batch.num_rows
            self.progress(f"checking {name}", done, total)

    def keys(self) -> None:
        """Keys of files are unique and those of their paths; the documents that they name exist."""
        for batch in self._rows("file", ["id", "path", "size", "digest", "document"]):
            for row in batch.to_pylist():
                self.counts[row["id"]] += 1
                if blake3(row["path"]).hexdigest(length=16) != row["id"]:
                    self._add("file has another id than its path", [row["id"]])
                if row["document"] is not None:
                    self.needed.add(row["document"])
                if row["digest"] is not None:
                    self.sizes[row["digest"]] = row["size"]
        self._add("file twice", (id_ for id_, count in self.counts.items() if count > 1))

    def documents(self) -> None:
        """Keys of documents are unique and those of their contents."""
        seen: Counter[str] = Counter()
        for batch in self._rows("document", ["id", "digest", "named", "passages"]):
            for row in batch.to_pylist():
                seen[row["id"]] += 1
                self.cut[row["id"]] = row["passages"]
                if schema.document_id(bytes.fromhex(row["digest"]), row["named"]) != row["id"]:
                    self._add("document has another id than its content", [row["id"]])
        self._add("document twice", (id_ for id_, count in seen.items() if count > 1))
        self._add("document of a file is missing", self.needed - seen.keys())

    def passages(self) -> None:
        """Each document has the passages that it says, each once and with a vector."""
        there: dict[str, set[int]] = {}
        columns = ["document", "ordinal"]
        has_vectors = bool(self.snapshot.head.dimension)
        for batch in self._rows("passage", [*columns, "vector"] if has_vectors else columns):
            owners = batch.column("document").to_pylist()
            for owner, ordinal in zip(owners, batch.column("ordinal").to_pylist(), strict=True):
                known = there.setdefault(owner, set())
                if ordinal in known:
                    self._add("passage twice", [f"{owner}:{ordinal}"])
                known.add(ordinal)
            if has_vectors:
                bad = _unsound(batch.column("vector"))
                self._add("passage has no vector of length 1", {owners[row] for row in bad})
        self._add("passages of no document", there.keys() - self.cut.keys())
        wrong = (
            id_ for id_, count in self.cut.items() if there.get(id_, set()) != set(range(count))
        )
        self._add("document has other passages than it says", wrong)

    def bytes_of(self, objects: dict[str, int]) -> None:
        """The bytes of each file that was read are there."""
        for digest, size in self.sizes.items():
            found = objects.get(schema.bytes_at(digest))
            if found is None:
                self._add("bytes of a file are missing", [digest])
            elif found != size:
                self._add("bytes of a file are of another size", [digest])

    def contents(self, library: Library, objects: dict[str, int]) -> None:
        """Bytes are what their names say, and bodies are documents."""
        import zlib

        for done, path in enumerate(objects):
            self.progress("checking bytes", done, len(objects))
            digest = path.rpartition("/")[2]
            if blake3(library.objects.get(path)).hexdigest() != digest:
                self._add("bytes of a file are others", [digest])
        for batch in self._rows("document", ["id", "body"]):
            for row in batch.to_pylist():
                try:
                    unpacked(row["body"])
                except (TypeError, ValueError, zlib.error):
                    self._add("document cannot be read", [row["id"]])

    def report(self, uri: str, objects: dict[str, int]) -> LibraryReport:
        """What was found."""
        wanted = {schema.bytes_at(digest) for digest in self.sizes}
        snapshot = self.snapshot
        return LibraryReport(
            uri,
            snapshot.head.number,
            snapshot.file.count_rows(),
            snapshot.document.count_rows(),
            snapshot.passage.count_rows(),
            len(objects),
            sum(objects.values()),
            (len(self.cut.keys() - self.needed), len(objects.keys() - wanted)),
            tuple(
                Problem(kind, len(ids), tuple(ids[:SHOWN])) for kind, ids in self.problems.items()
            ),
        )


def _unsound(vectors: Any) -> list[int]:
    """Rows whose vector is not of length 1."""
    import numpy as np

    dimension = vectors.type.list_size
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    lengths = np.linalg.norm(flat.reshape(-1, dimension), axis=1)
    return [int(row) for row in np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH))]
