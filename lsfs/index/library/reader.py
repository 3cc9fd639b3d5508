"""Asks a library's tables, always in the versions of one head."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lsfs.errors import LsfsError
from lsfs.index.library.heads import Head
from lsfs.index.library.objects import LibraryUnreachable, Objects
from lsfs.index.library.schema import KEY
from lsfs.index.library.tables import Library, Snapshot

AT_ONCE = 1000  # keys in one filter
FEW_DOCUMENTS = 20_000  # so many may be named to Lance; of more, what it gives is looked through


class Reader:
    """Reads a library.

    Any thread may ask; what :meth:`renew` finds answers from then on.

    Args:
        uri: of the library.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._library = Library(Objects(uri))
        self._looking = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._head: Head | None = None  # whose tables are opened when they are asked first
        self._columns: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def snapshot(self) -> Snapshot:
        """The tables that answer now.

        Raises:
            NotFound: there is no library at the URI.
            LibraryUnreachable: it does not answer.
        """
        known = self._snapshot
        if known is None:
            with told(self.uri):
                head = self._head
                known = Snapshot(head, self._library.database) if head else self.newest()
            self.show(known)
        return known

    @property
    def head(self) -> Head:
        """The head that answers now.

        Raises:
            LsfsError: as :attr:`snapshot`.
        """
        known = self._snapshot
        return known.head if known else self._head or self.snapshot.head

    def newest(self) -> Snapshot:
        """The tables of the last head; the present ones when they are no others."""
        with self._looking, told(self.uri):
            return self._library.snapshot(self._snapshot)

    def show_head(self, head: Head) -> None:
        """Have the tables answer as a head names them, from when they are asked first."""
        self._head, self._snapshot = head, None

    def show(self, snapshot: Snapshot) -> None:
        """Have these tables answer from now on."""
        self._snapshot = snapshot

    # --- asking

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        keys: Sequence[str],
        ordinals: Sequence[int] = (),
    ) -> Iterator[dict[str, Any]]:
        """Rows by the keys of documents.

        Args:
            ordinals: only passages of these.
        """
        from lancedb.expr import col

        source = self.snapshot.table(table)
        for some in chunks(keys):
            where = col(KEY[table]).isin(some)
            if ordinals:
                where = where & col("ordinal").isin(list(ordinals))
            with told(self.uri):
                yield from source.search().where(where).select(list(columns)).to_list()

    def matches(
        self, query: Any, k: int, keys: Sequence[str] | None = None
    ) -> list[tuple[str, int, float]]:
        """The passages that best match a query of words: document, ordinal, BM25.

        Args:
            keys: only in these documents.
        """
        from lancedb.expr import col

        asked = self.snapshot.passage.search(query, query_type="fts").limit(k)
        if keys is not None:
            asked = asked.where(col("document").isin(list(keys)), prefilter=True)
        with told(self.uri):
            found = asked.select(["document", "ordinal", "_score"]).to_list()
        return [(row["document"], row["ordinal"], row["_score"]) for row in found]

    def columns(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Which columns of passages have an index of words, with their weights.

        Raises:
            LsfsError: none has.
        """
        snapshot = self.snapshot
        version, known = self._columns
        if version != snapshot.passage.version:
            with told(self.uri):
                indices = snapshot.passage.list_indices()
            known = frozenset(
                column for one in indices if one.index_type == "FTS" for column in one.columns
            )
            self._columns = snapshot.passage.version, known
        found = {name: weight for name, weight in wanted.items() if name in known}
        if not found:
            raise LsfsError(
                f"{self.uri} has no index of words yet",
                hint="its writers make one: lsfs library compact",
            )
        return found


class told:
    """What LanceDB says of a storage that does not answer, as an error that names the library."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (RuntimeError, OSError, ValueError)):
            said = " ".join(str(error).split())[:300]
            raise LibraryUnreachable(f"{self._uri} cannot be read: {said}") from error


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys, so many at a time as one filter takes."""
    rest = list(keys)
    for first in range(0, len(rest), AT_ONCE):
        yield rest[first : first + AT_ONCE]
