"""What search asks of the stores of a drive, wherever they are: on this disk, or in a library.

The files and what is known of them are in a catalog (:mod:`lsfs.index.store.catalog`), which is
always SQLite on this machine. Where the words of passages and their vectors are, only who builds
the engines knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from lsfs.index.find import keyword
from lsfs.index.find.filters import Filters
from lsfs.index.find.query import Query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lsfs.index.find.spelling import Correction
    from lsfs.index.store.catalog import Catalog

    Ids = NDArray[np.int64]
    Matrix = NDArray[np.float32]

CANDIDATES = 200  # from each arm, before fusion


class Where(Struct, frozen=True):
    """Which files may be found: the filters and the query's own condition, as SQL.

    Attributes:
        sql: a condition over ``file f`` and ``document d``.
        all: every file may be found.
    """

    sql: str
    values: tuple[object, ...]
    all: bool

    @classmethod
    def of(cls, filters: Filters, query: Query) -> Where:
        """Those of a search."""
        sql, values = filters.sql()
        if query.condition is None:
            return cls(sql, tuple(values), filters == Filters())
        own = keyword.condition(query.condition)
        return cls(f"{sql} AND ({own.sql})", (*values, *own.values), False)


class Words(Protocol):
    """The words of passages."""

    def ranked(
        self, terms: Sequence[str], where: Where, hidden: frozenset[int]
    ) -> dict[int, float]:
        """BM25 of the best passages, by id; :data:`CANDIDATES` at most.

        Args:
            terms: of :func:`lsfs.index.find.keyword.ranking`.
            hidden: passages that are no answer, where all files may be found.
        """
        ...

    def most(self, terms: Sequence[str]) -> float:
        """The greatest BM25 that a passage could have."""
        ...

    def corrections(self, words: Sequence[str]) -> list[Correction]:
        """What to search for besides words that stand nowhere."""
        ...

    def ahead(self, passages: Sequence[int]) -> None:
        """Told which passages are looked at next: their text may have to be brought."""
        ...

    def of(self, catalog: Catalog) -> Words:
        """The same for another catalog that knows the same passages."""
        ...


class Vectors(Protocol):
    """The vectors of passages."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def __len__(self) -> int:
        """How many passages have one."""
        ...

    @property
    def ids(self) -> Ids:
        """Which passages have one."""
        ...

    def get(self, passage_id: int) -> Matrix | None:
        """The vector of one passage."""
        ...

    def many(self, ids: Sequence[int] | Ids) -> tuple[Ids, Matrix]:
        """The vectors of these passages: which have one, [n], and these, [n, dimension]."""
        ...

    def search(
        self,
        query: Matrix,
        k: int,
        allowed: Collection[int] | Ids | None = None,
        hidden: Collection[int] | Ids = frozenset(),
    ) -> tuple[Ids, Matrix]:
        """Ids and cosines of the passages most like a query, best first.

        Args:
            query: float32, [dimension], length 1.
            k: how many at most.
            allowed: passages to choose from; None allows all.
            hidden: passages to leave out.
        """
        ...

    def similarities(self, query: Matrix, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Cosines of a query with these passages; those without a vector are left out."""
        ...
