"""The catalog as somebody sees it who may see some of the files only.

As in :mod:`lsfs.index.then`, temporary tables of a connection of its own take the place of those in
the database: ``file`` and what is said of files hold the visible ones, and :mod:`lsfs.index.veil`
hides the rest. So every query finds nothing else, also one that is written later. Only what ranks
passages, the full-text index and the vectors, knows of the others; what it finds is looked up here,
and left out (``Search._without_file``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lsfs.index.catalog import Catalog, Connect
from lsfs.index.opening import connect
from lsfs.index.then import CatalogThen
from lsfs.index.veil import veil


class CatalogSeen(CatalogThen):
    """A catalog of some of the files. Read it; it has nothing to keep.

    Args:
        path: the whole catalog.
        sees: whether a path may be seen.
        connect: as of the whole catalog.
    """

    is_partial = True

    def __init__(self, path: Path, sees: Callable[[str], bool], connect: Connect = connect) -> None:
        super().__init__(path, connect)
        try:
            with self.lock:
                self._fill_seen(sees)
                veil(self.db)
                self.db.execute("COMMIT")
        except BaseException:
            self.close()
            raise

    def _fill_seen(self, sees: Callable[[str], bool]) -> None:
        self.db.create_function("seen", 1, lambda path: sees(os.fsdecode(path)))
        self.db.execute("INSERT INTO temp.file SELECT * FROM main.file WHERE seen(path)")
        self.db.execute(
            "INSERT INTO temp.content_date SELECT * FROM main.content_date "
            "WHERE file_id IN (SELECT id FROM temp.file)"
        )
        self.db.execute(
            "INSERT INTO temp.file_fts(rowid, name, title, name_parts, title_parts) "
            "SELECT rowid, name, title, name_parts, title_parts "
            "FROM main.file_fts WHERE rowid IN (SELECT id FROM temp.file)"
        )


def of(catalog: Catalog, path: Path, sees: Callable[[str], bool]) -> Catalog:
    """The part of a catalog that may be seen.

    Args:
        path: where the catalog is.
    """
    with catalog.lock:  # not in the middle of what this process writes
        return CatalogSeen(path, sees, catalog.connect)
