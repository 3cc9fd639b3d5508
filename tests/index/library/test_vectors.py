"""Search by meaning where a library's vectors have an index: what it finds as they become more."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lsfs.config import IndexConfig
from lsfs.index.library import indexes, writing
from lsfs.index.library.mirror import SCHEMA
from lsfs.index.library.objects import Objects
from lsfs.index.library.passages import Ids
from lsfs.index.library.reader import Reader
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.schema import passage_schema
from lsfs.index.library.tables import Library
from lsfs.index.library.vectors import KeptVectors, LibraryVectors
from lsfs.index.meaning.codes import Matrix
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.store.catalog import Catalog

DIMENSION = 32
QUERIES = 20


def test_the_more_partitions_there_are_the_more_are_looked_into() -> None:
    sizes = [0, 1, 8192, 50_000, 10**6, 10**7, 10**8, 10**9]
    asked = [indexes.probes(size) for size in sizes]
    partitions = [max(1, size // indexes.PARTITION) for size in sizes]
    assert asked == sorted(asked)
    assert asked[0] == indexes.LEAST_PROBES
    for number, of in itertools.pairwise(zip(asked, partitions, strict=True)):
        assert of[0] / of[1] <= number[0] / number[1]  # an ever smaller part of them
    assert [number for number, of in zip(asked, partitions, strict=True) if number < of] == [
        indexes.probes(size) for size in sizes[4:]
    ]  # of few all are


def made(n: int, rng: np.random.Generator, centres: Matrix) -> Matrix:
    """Vectors of several centres each, as those of texts are, so that partitions do not part them.

    A nearest vector may then lie in any of the partitions around.
    """
    mixed = centres[rng.integers(len(centres), size=(n, 3))].sum(axis=1)
    mixed += 0.5 * rng.standard_normal((n, DIMENSION))
    normal: Matrix = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return normal


def with_index(place: Path, vectors: Matrix) -> LibraryVectors:
    """A library of passages with these vectors, of one document, and an index of them."""
    library = Library(Objects(f"file://{place}/library", make=True))
    made_by = MadeBy.of({}, {}, IndexConfig())
    head = writing.opened(library, HashEmbedder(DIMENSION), made_by)
    table = library.database.open_table("passage")
    n = len(vectors)
    plain: dict[str, Any] = {
        "document": ["d"] * n, "ordinal": range(n), "text_hash": [b""] * n,
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION),
    }  # fmt: skip
    schema = passage_schema(DIMENSION)
    empty = {"string": "", "int64": 0, "int32": 0}
    columns = [plain.get(one.name, [empty.get(str(one.type))] * n) for one in schema]
    table.add(pa.table(columns, schema=schema))
    indexes.vectors(table)
    from msgspec.structs import replace

    tables = {**head.tables, "passage": table.version}
    library.heads.add(replace(head, number=head.number + 1, tables=tables))
    path = place / "catalog.sqlite"
    catalog = Catalog(path, schema=SCHEMA)
    reader = Reader(library.objects.uri)
    ids = Ids(catalog.connect(path, True))
    return LibraryVectors(KeptVectors(catalog, DIMENSION), reader, ids, DIMENSION)


def recall(library: LibraryVectors, there: Matrix, queries: Matrix) -> float:
    """Share of the exact ten nearest that are found."""
    found = 0
    for query in queries:
        rows = library._nearest(query, 10, None)
        nearest = np.argsort(-(there @ query))[:10]
        found += len({row["ordinal"] for row in rows} & set(nearest.tolist()))
    return found / (10 * len(queries))


def test_recall_stays_as_the_vectors_become_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "PARTITION", 64)
    monkeypatch.setattr(indexes, "LEAST_PROBES", 5)
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((60, DIMENSION)).astype(np.float32)
    queries = made(QUERIES, rng, centres)
    for n in (1280, 6400):  # 20 partitions, and 100
        place = tmp_path / str(n)
        place.mkdir()
        there = made(n, rng, centres)
        library = with_index(place, there)
        assert recall(library, there, queries) > 0.97
    monkeypatch.setattr(indexes, "probes", lambda rows: 8)
    assert recall(library, there, queries) < 0.93
