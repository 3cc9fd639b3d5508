"""A direction for each document: of what it means, or of the words it has."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lsfs.index.facts.near import words
from lsfs.index.find.stores import Vectors
from lsfs.index.groups.cluster import Matrix, normalised
from lsfs.index.groups.labels import is_term
from lsfs.index.store.catalog import Catalog

AT_ONCE = 20_000  # passages whose vectors are in memory together
BUCKETS = 2048  # words are hashed into so many numbers (Weinberger et al., 2009)
STEM = 6  # letters of a word that count: its forms differ behind them
TEXT_PASSAGES = 4  # from its beginning that say what a document is about
TEXT_CHARS = 2500

Ids = NDArray[np.int64]


def by_meaning(
    catalog: Catalog, vectors: Vectors, documents: Collection[int] | None = None
) -> tuple[Ids, Matrix]:
    """Documents and the means of their passages' vectors, of length 1.

    Args:
        documents: no others than these; None means all that files have.

    Returns:
        ids, [n]; directions, [n, dimension]. Documents without a vector are left out.
    """
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id, id FROM passage WHERE embedded = 1 "
            "AND document_id IN (SELECT document_id FROM file) ORDER BY document_id"
        ).fetchall()
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    if documents is not None:
        pairs = pairs[np.isin(pairs[:, 0], np.fromiter(documents, np.int64, len(documents)))]
    ids, first = np.unique(pairs[:, 0], return_index=True)
    ends = np.append(first[1:], len(pairs))
    sums: list[Matrix] = []
    begin = 0
    while begin < len(ids):
        stop = max(begin + 1, int(np.searchsorted(ends, first[begin] + AT_ONCE, side="right")))
        part = _vectors(vectors, pairs[first[begin] : ends[stop - 1], 1])
        sums.append(np.add.reduceat(part, first[begin:stop] - first[begin], axis=0))
        begin = stop
    directions = normalised(np.concatenate(sums)) if sums else np.empty((0, 1), np.float32)
    known = directions.any(axis=1)
    return ids[known], directions[known]


def _vectors(store: Vectors, wanted: Ids) -> Matrix:
    """Vectors of passages, [n, dimension]; zeros where there is none."""
    known, vectors = store.many(wanted)
    found = np.zeros((len(wanted), store.dimension), np.float32)
    order = np.argsort(wanted)
    found[order[np.searchsorted(wanted, known, sorter=order)]] = vectors
    return found


def by_words(
    catalog: Catalog, documents: Collection[int] | None = None, rarity: Matrix | None = None
) -> tuple[Ids, Matrix, Matrix]:
    """Documents and the words they begin with, as directions of :data:`BUCKETS` numbers.

    Args:
        documents: no others than these; None means all that files have.
        rarity: the weight of each bucket; None takes it from these documents.

    Returns:
        ids, [n]; directions, [n, BUCKETS]; the weights, [BUCKETS].
    """
    ids, rows = [], []
    for document, text in beginnings(catalog, documents):
        counts = _bucketed(text)
        if counts.any():
            ids.append(document)
            rows.append(counts)
    found = np.array(rows, np.float16).reshape(-1, BUCKETS)
    if rarity is None:
        holding = (found != 0).sum(axis=0)
        # What one document alone has says nothing of what it has in common with others.
        weights = np.where(holding > 1, np.log((1 + len(found)) / (1 + holding)), 0)
        rarity = weights.astype(np.float32)
    directions = normalised(found * rarity)
    known = directions.any(axis=1)
    return np.array(ids, np.int64)[known], directions[known], rarity


def _bucketed(text: str) -> NDArray[np.float16]:
    """Logarithms of word counts, with a sign by hash so that collisions cancel out."""
    found = [word[:STEM] for word in words(text) if is_term(word)]
    row = np.zeros(BUCKETS, np.float16)
    for word, count in zip(*np.unique(found, return_counts=True), strict=True):
        hashed = zlib.crc32(str(word).encode("utf-8", "surrogatepass"))
        row[hashed % BUCKETS] += (1 + np.log(count)) * (1 if hashed >> 31 else -1)
    return row


def beginnings(
    catalog: Catalog, documents: Collection[int] | None = None
) -> Iterator[tuple[int, str]]:
    """The title and the first passages of each document that a file has."""
    query = (
        "SELECT d.id, d.title, group_concat(p.text, char(10)) FROM document d "
        "JOIN passage p ON p.document_id = d.id AND p.ordinal < ? "
        "WHERE d.id IN (SELECT document_id FROM file) "
    )
    if documents is None:
        with catalog.lock:
            rows = catalog.db.execute(query + "GROUP BY d.id", (TEXT_PASSAGES,)).fetchall()
        yield from ((id_, f"{title}\n{text}"[:TEXT_CHARS]) for id_, title, text in rows)
        return
    wanted: Sequence[int] = sorted(documents)
    for first in range(0, len(wanted), 500):
        part = wanted[first : first + 500]
        marks = ", ".join("?" * len(part))
        with catalog.lock:
            rows = catalog.db.execute(
                query + f"AND d.id IN ({marks}) GROUP BY d.id", (TEXT_PASSAGES, *part)
            ).fetchall()
        yield from ((id_, f"{title}\n{text}"[:TEXT_CHARS]) for id_, title, text in rows)
