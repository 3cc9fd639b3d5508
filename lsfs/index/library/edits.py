"""A change of one table from a version on, with nobody else's changes in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from lsfs.index.library.claims import Overtaken
from lsfs.index.library.objects import LibraryUnreachable
from lsfs.index.library.schema import KEY
from lsfs.index.library.tables import AT_ONCE, READ, rows_of


class Edit:
    """Changes of a table, one version each.

    The table begins as it is in ``version``: what has been written since, by one that ended before
    it published, is undone. LanceDB lays a change upon whatever others have written meanwhile; that
    is told by the version it makes, and is not to be.

    Args:
        table: of LanceDB, to write to.
        name: which one it is.
        version: to begin with.
        check: called before each change; raises when it is not to be made.

    Attributes:
        version: that the table has now.

    Raises:
        Overtaken: somebody else writes to it.
    """

    def __init__(self, table: Any, name: str, version: int, check: Callable[[], None]) -> None:
        self._table = table
        self._key = KEY[name]
        self._check = check
        table.checkout_latest()
        self.version = int(table.version)
        if self.version != version:
            self._check()
            with changing():
                table.restore(version)
            self._made(table.version)

    def _made(self, version: int) -> None:
        if version != self.version + 1:
            raise Overtaken(f"{self._table.name}: version {version} after {self.version}")
        self.version = version

    def rows(
        self, keys: Collection[str], columns: Sequence[str], key: str = ""
    ) -> list[dict[str, Any]]:
        """These columns of rows with these keys, as they are now.

        Args:
            key: the column of the keys, where it is another than that of the table.
        """
        return rows_of(self._table, key or self._key, keys, columns)

    def table_of(self, keys: Collection[str], key: str = "") -> Any:
        """All columns of rows with these keys, as an Arrow table; see :meth:`rows`."""
        import pyarrow as pa
        from lancedb.expr import col

        wanted, some = sorted(keys), []
        for begin in range(0, max(1, len(wanted)), AT_ONCE):
            are = col(key or self._key).isin(wanted[begin : begin + AT_ONCE] or [""])
            some.append(self._table.search().where(are).to_arrow())
        return pa.concat_tables(some)

    def add(self, rows: Any) -> None:
        """Add rows of an Arrow table."""
        if rows.num_rows:
            self._check()
            with changing():
                version = self._table.add(rows).version
            self._made(version)

    def append(self, fragments: Sequence[str]) -> None:
        """Add rows that are written already, as fragments of Lance in JSON."""
        if not fragments:
            return
        import lance

        self._check()
        rows = lance.LanceOperation.Append(
            [lance.FragmentMetadata.from_json(one) for one in fragments]
        )
        with changing():
            made = lance.LanceDataset.commit(self._table.uri, rows, read_version=self.version)
        self._made(made.version)
        self._table.checkout_latest()

    def delete(self, keys: Collection[str]) -> None:
        """Delete all rows of these keys."""
        from lancedb.expr import col

        wanted = sorted(keys)
        for begin in range(0, len(wanted), AT_ONCE):
            self._check()
            some = col(self._key).isin(wanted[begin : begin + AT_ONCE])
            with changing():
                version = self._table.delete(some).version
            self._made(version)

    def maintain(self, work: Callable[[Any], None]) -> None:
        """Do something to the table that changes none of its rows.

        Raises:
            Overtaken: they were changed, by somebody else.
        """
        self._check()
        before = self._table.count_rows()
        with changing():
            work(self._table)
        self._table.checkout_latest()
        if self._table.count_rows() != before:
            raise Overtaken(f"{self._table.name}: its rows were changed")
        self.version = int(self._table.version)

    def column(self, name: str) -> Iterator[Any]:
        """The values of a column, in no order."""
        for batch in self._table.search().select([name]).to_batches(READ):
            yield from batch.column(name).to_pylist()

    def fragments(self) -> int:
        """Of how many the table is."""
        return int(self._table.stats()["fragment_stats"]["num_fragments"])


@contextlib.contextmanager
def changing() -> Iterator[None]:
    """Errors of Lance at a change of a table as those of lsfs.

    Raises:
        Overtaken: somebody else has changed the table so that both cannot be.
        LibraryUnreachable: the storage does not answer, or refuses.
    """
    try:
        yield
    except (RuntimeError, OSError) as error:
        if "conflict" in str(error).lower():
            raise Overtaken(str(error)) from error
        raise LibraryUnreachable(str(error).split("\n", 1)[0][:300]) from error
