"""Indexes of a library's tables: keys, words, and vectors once there are many."""

from __future__ import annotations

from typing import Any

# Columns by which rows are looked up: those of other writers, and those of one file or document.
KEYS = {
    "file": ("id", "digest", "document"),
    "document": ("id", "digest"),
    "passage": ("document",),
}
WORDS = ("text", "heading", "parts")  # of passages, as in ``passage_fts``
VECTORS = "vector"
MANY = 50_000  # passages, below which all vectors are compared
CODES_OF = 8  # numbers of a vector that are one byte in the index


def keys_and_words(table: Any, name: str) -> None:
    """Make the indexes that a table has from its beginning, those that it lacks."""
    from lancedb.index import FTS, BTree

    there = {column for index in table.list_indices() for column in index.columns}
    for column in KEYS[name]:
        if column not in there:
            table.create_index(column, config=BTree())
    if name == "passage":
        for column in WORDS:
            if column not in there:
                # As the tokenizer of ``passage_fts`` has it; what it does not see is in ``parts``.
                config = FTS(
                    base_tokenizer="simple", stem=True, remove_stop_words=False, ascii_folding=True
                )
                table.create_index(column, config=config)


def lacks_vectors(table: Any) -> bool:
    """Whether a table of passages has so many that an index of vectors is due, and none."""
    there = {column for index in table.list_indices() for column in index.columns}
    return VECTORS in table.schema.names and VECTORS not in there and table.count_rows() >= MANY


def vectors(table: Any) -> None:
    """Make the index of vectors: IVF-PQ, whose results are to be rescored with the vectors."""
    from lancedb.index import IvfPq

    dimension = table.schema.field(VECTORS).type.list_size
    config = IvfPq(distance_type="cosine", num_sub_vectors=max(1, dimension // CODES_OF))
    table.create_index(VECTORS, config=config)
