"""The catalog as somebody sees it who may see some of the files only.

As in :mod:`lsfs.index.store.then`, temporary tables of a connection of its own take the place of
those in the database: ``file`` and what is said of files hold the visible ones, and
:mod:`lsfs.index.store.veil` hides the rest. So every query finds nothing else, also one that is
written later. Only what ranks passages, the full-text index and the vectors, knows of the others;
what it finds is looked up here, and left out (``Search._without_file``).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.index.store.catalog import Catalog, Connect
from lsfs.index.store.opening import connect
from lsfs.index.store.then import CatalogThen
from lsfs.index.store.veil import veil

if TYPE_CHECKING:
    from lsfs.index.find.search import Search

Sees = Callable[[str], bool]

KEPT, KEPT_FILES = 16, 200_000  # views, and files in all of them, that are kept; 0.6 KB a file
IDLE_SECONDS = 300.0  # that a view is kept after its last use, at least until the next call


class CatalogSeen(CatalogThen):
    """A catalog of some of the files. Read it; it has nothing to keep.

    Which files those are is what the catalog says when this is made; :meth:`show` puts them in.

    Args:
        path: the whole catalog.
        connect: as of the whole catalog.
    """

    is_partial = True

    def __init__(self, path: Path, connect: Connect = connect) -> None:
        super().__init__(path, connect)

    def show(self, sees: Sees) -> int:
        """Put the files in that may be seen; gives how many they are.

        Args:
            sees: whether a path may be seen.
        """
        with self.lock:
            self.db.create_function("seen", 1, lambda path: sees(os.fsdecode(path)))
            self.db.execute("INSERT INTO temp.file SELECT * FROM main.file WHERE seen(path)")
            self.db.create_function("seen", 1, None)
            self._fill_of_files()
            veil(self.db)
            (count,) = self.db.execute("SELECT count(*) FROM temp.file").fetchone()
            self.db.execute("COMMIT")
        return int(count)


class View(Struct):
    """What may be seen, to be asked.

    Attributes:
        catalog, search: of the visible files.
        generation: of the whole catalog, when this was made.
        source: the connection of the whole catalog then; one that was made anew has another.
        files: how many there are.
        users: calls that use it now.
        used: when one last did, by the monotonic clock.
        is_kept: for later calls; one that is not is closed when nobody uses it.
    """

    catalog: CatalogSeen
    search: Search
    generation: int
    source: sqlite3.Connection
    files: int
    users: int = 1
    used: float = 0.0
    is_kept: bool = True


class Views:
    """Views of one catalog, each kept for who may see just that, until the catalog changes.

    All threads may use it. A view belongs to this object, and is lent: it is closed when it is not
    kept any more and nobody uses it. It holds no transaction, so it keeps no state of the catalog.

    Args:
        catalog: the whole of it.
        path: where that is.
        search: of the whole catalog.
    """

    def __init__(self, catalog: Catalog, path: Path, search: Search) -> None:
        self._catalog = catalog
        self._path = path
        self._search = search
        self._kept: OrderedDict[Hashable, View] = OrderedDict()  # the one used last is the last
        self._lock = threading.Lock()  # held for moments only
        self._making = threading.Lock()

    @contextmanager
    def lent(self, grant: Hashable, sees: Sees) -> Iterator[View]:
        """A view of what a grant shows; while the catalog is the same, the same one.

        Args:
            grant: of equal ones ``sees`` says the same, whenever it is asked.
            sees: whether a path may be seen.
        """
        view = self._found(grant) or self._made_for(grant, sees)
        try:
            yield view
        finally:
            with self._lock:
                view.users -= 1
                view.used = time.monotonic()
                self._close_unused([view])

    @contextmanager
    def made(self, sees: Sees) -> Iterator[View]:
        """A view for one call: of what may be seen at this moment.

        Args:
            sees: as for :meth:`lent`; it may say something else the next time.
        """
        view = self._made(sees)
        with closing(view.catalog):
            yield view

    def drop_idle(self) -> None:
        """Let go of views that nobody has used for a while; a grant may have ended."""
        if self._kept:
            with self._lock:
                limit = time.monotonic() - IDLE_SECONDS
                self._drop([g for g, v in self._kept.items() if not v.users and v.used < limit])

    def close(self) -> None:
        """Let go of all views."""
        with self._lock:
            self._drop(list(self._kept))

    def _found(self, grant: Hashable) -> View | None:
        generation, source = self._catalog.generation(), self._catalog.db
        with self._lock:
            view = self._kept.get(grant)
            if view is None:
                return None
            if view.generation < generation or view.source is not source:
                self._drop([grant])
                return None
            view.users += 1
            self._kept.move_to_end(grant)
            return view

    def _made_for(self, grant: Hashable, sees: Sees) -> View:
        with self._making:  # who comes second waits for what the first one makes
            view = self._found(grant)
            if view is None:
                view = self._made(sees)
                with self._lock:
                    self._kept[grant] = view
                    self._shrink()
            return view

    def _made(self, sees: Sees) -> View:
        with self._catalog.lock:  # not in the middle of what this process writes
            source = self._catalog.db
            catalog = CatalogSeen(self._path, self._catalog.connect)
        try:
            generation = catalog.generation()
            files = catalog.show(sees)
            return View(catalog, self._search.of(catalog), generation, source, files)
        except BaseException:
            catalog.close()
            raise

    # --- under the lock

    def _shrink(self) -> None:
        while len(self._kept) > KEPT or sum(v.files for v in self._kept.values()) > KEPT_FILES:
            self._drop([next(iter(self._kept))])

    def _drop(self, grants: list[Hashable]) -> None:
        views = [self._kept.pop(grant) for grant in grants]
        for view in views:
            view.is_kept = False
        self._close_unused(views)

    def _close_unused(self, views: list[View]) -> None:
        for view in views:
            if not view.users and not view.is_kept:
                view.catalog.close()
