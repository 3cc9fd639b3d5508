"""Indexes of a library's tables: keys, words, and vectors once there are many."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

log = logging.getLogger("lsfs.index.library.indexes")

# Columns by which rows are looked up, made by the first compaction: few rows are looked through.
KEYS = {
    "file": ("id", "digest", "document"),
    "document": ("id", "digest"),
    "passage": ("document",),
}
WORDS = ("text", "heading", "parts")  # of passages, as in ``passage_fts``
VECTORS = "vector"
MANY = 50_000  # passages, below which all vectors are compared
# Numbers of a vector that are one byte in the index, and the rounds and vectors a centre that train
# it; see docs/scale.md (with 8 numbers a byte recall is .93 and not .999).
CODES_OF, ROUNDS, SAMPLE = 4, 10, 64
PARTITION = 8192  # vectors of a partition, about; Lance splits one that has four times as many
_WORD, _ALL = "a", 1_000_000  # what is asked of an index to see that it answers
PROBES, LEAST_PROBES = 6.0, 20  # see :func:`probes`


def words(table: Any) -> None:
    """Make the indexes of words that a table of passages lacks; it has them from its beginning."""
    from lancedb.index import FTS

    for column in _lacking(table, WORDS):
        # As the tokenizer of ``passage_fts`` has it; what it does not see is in ``parts``.
        config = FTS(
            base_tokenizer="simple",
            stem=True,
            remove_stop_words=False,
            ascii_folding=True,
            with_position=True,  # for phrases
        )
        table.create_index(column, config=config)


def keys(table: Any, name: str) -> None:
    """Make the indexes of keys that a table lacks."""
    from lancedb.index import BTree

    for column in _lacking(table, KEYS[name]):
        table.create_index(column, config=BTree())


def _lacking(table: Any, columns: Sequence[str]) -> list[str]:
    there = {column for index in table.list_indices() for column in index.columns}
    return [column for column in columns if column not in there]


def unusable(table: Any, name: str) -> list[str]:
    """Columns whose index is lost or damaged: a query that uses it fails.

    Those of words are there from the beginning, all others come with compactions.
    """
    from lancedb.expr import col, lit
    from lancedb.query import MatchQuery

    there = {column for index in table.list_indices() for column in index.columns}
    found = [column for column in WORDS if name == "passage" and column not in there]
    for column in sorted(there):
        if name == "passage" and column in WORDS:
            query = table.search(MatchQuery(_WORD, column), query_type="fts")
        elif column == VECTORS:
            dimension = table.schema.field(VECTORS).type.list_size
            query = table.search([1.0] + [0.0] * (dimension - 1), vector_column_name=VECTORS)
            query = query.nprobes(_ALL)
        else:
            query = table.search().where(col(column) == lit(_WORD))
        try:
            query.limit(1).to_list()
        except (RuntimeError, OSError, ValueError) as error:
            log.info("index of %s.%s: %s", name, column, error)
            found.append(column)
    return found


def remake(table: Any, name: str, column: str) -> None:
    """Make the index of a column anew."""
    for index in table.list_indices():
        if column in index.columns:
            table.drop_index(index.name)
    if column == VECTORS:
        if lacks_vectors(table):
            vectors(table)
    elif name == "passage" and column in WORDS:
        words(table)
    else:
        keys(table, name)


def lacks_vectors(table: Any) -> bool:
    """Whether a table of passages has so many that an index of vectors is due, and none."""
    has = VECTORS in table.schema.names
    return has and bool(_lacking(table, [VECTORS])) and table.count_rows() >= MANY


def vectors(table: Any) -> None:
    """Make the index of vectors: IVF-PQ, whose results are to be rescored with the vectors."""
    from lancedb.index import IvfPq

    dimension = table.schema.field(VECTORS).type.list_size
    config = IvfPq(
        distance_type="cosine",
        num_partitions=max(1, table.count_rows() // PARTITION),
        num_sub_vectors=max(1, dimension // CODES_OF),
        max_iterations=ROUNDS,
        sample_rate=SAMPLE,
    )
    table.create_index(VECTORS, config=config)


def probes(rows: int) -> int:
    """How many partitions of an index a query looks into.

    A fixed number finds less as the partitions become more, a fixed share of them costs ever more.
    What keeps recall grows about as the root of their number (docs/libraries.md): this looks into
    all of 12, 67 of 122 and 210 of 1,220.

    Args:
        rows: of the table.
    """
    return max(LEAST_PROBES, math.ceil(PROBES * math.sqrt(rows / PARTITION)))
