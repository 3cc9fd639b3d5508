"""A drive as a caller with a limited grant sees it: the same engines, over some of the files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from stat import S_ISDIR
from typing import TYPE_CHECKING, Any

from lsfs import beneath
from lsfs.grants import Grant
from lsfs.index.tree import SourceTree
from lsfs.readers import Permissions
from lsfs.syscalls.engines import Call
from lsfs.versions.past import Change, FileThen, Past
from lsfs.versions.tables import Row

if TYPE_CHECKING:
    from lsfs.index.rows import FileIdentity
    from lsfs.paths import StatePaths

Sees = Callable[[str], bool]
ALL_CHANGES = 1_000_000  # of which those that may be seen are taken


@contextlib.contextmanager
def limited(call: Call) -> Iterator[Call]:
    """The call on what its grant shows; the same call where nothing is hidden."""
    if not call.grant.is_limited:
        yield call
        return
    from lsfs.index import seen
    from lsfs.syscalls.then import Earlier, Retained

    engines = call.engines
    engines.indexer.fresh(call.emit)  # what is made now is of this moment
    with contextlib.ExitStack() as stack:
        root = os.open(engines.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, root)
        sees = Sight(call.grant, root)
        catalog = seen.of(engines.catalog, engines.state.catalog, sees)
        stack.callback(catalog.close)
        state = engines.state
        past = SeenPast(state, root, sees)
        stack.callback(past.close)
        # Who may read a file now might not have been allowed to then, which is not known of all.
        earlier = None
        if not call.grant.readers():
            earlier = Earlier(past, None, Retained(past, 0), state.incoming)
        view = replace(
            engines, catalog=catalog, search=engines.search.of(catalog), past=past, ahead=None,
            tree=SeenTree(engines.tree, sees), earlier=earlier,
        )  # fmt: skip
        yield replace(call, engines=view, sees=sees)


class Sight:
    """What a grant shows of a drive, looked up on the disk for as long as this object lives.

    Args:
        root: a descriptor of the drive's folder; stays the caller's.
    """

    def __init__(self, grant: Grant, root: int) -> None:
        self._grant = grant
        self._root = root
        self._permissions = [Permissions(reader, root) for reader in grant.readers()]
        self._lock = threading.Lock()

    def __call__(self, path: str) -> bool:
        """Whether a path may be seen: it is granted, or a folder on the way to what is."""
        if not (self._grant.shows(path) or self._is_way(path)):
            return False
        with self._lock:
            return all(one.reads(path) for one in self._permissions)

    def of_past(self, row: Row) -> bool:
        """Whether a version may be seen: its path now, and with the permissions that it had."""
        readable = all(one.would_read(row.mode, row.uid, row.gid) for one in self._permissions)
        return readable and self(os.fsdecode(row.path))

    def _is_way(self, path: str) -> bool:
        if not self._grant.leads_on(path):
            return False
        if not path:
            return True
        found = beneath.stat(self._root, os.fsencode(path))
        return found is not None and S_ISDIR(found.st_mode)


class SeenTree(SourceTree):
    """The source folder without what may not be seen.

    Args:
        tree: all of it; stays open when this is closed.
    """

    def __init__(self, tree: SourceTree, sees: Sees) -> None:
        self.root = tree.root
        self.entered = lambda folder, fd: None
        self._tree = tree
        self._sees = sees

    def close(self) -> None:
        """Nothing: the descriptor is the whole tree's."""

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        return self._tree.ignored(path, is_dir=is_dir)

    def to_look_at(self, path: str) -> str | None:
        return self._tree.to_look_at(path)

    def stat(self, path: str) -> os.stat_result | None:
        return self._tree.stat(path) if self._sees(path) else None

    def open(self, path: str) -> int:
        if not self._sees(path):
            raise FileNotFoundError(2, os.strerror(2), path)
        return self._tree.open(path)

    def files(self, path: str = "") -> Iterator[tuple[str, FileIdentity]]:
        return (one for one in self._tree.files(path) if self._sees(one[0]))


class SeenPast(Past):
    """The past without the rows of what may not be seen.

    A version counts by the path that it had. One of a file that has been moved into sight is shown
    from then on.
    """

    def __init__(self, state: StatePaths, source: int, sees: Sight) -> None:
        super().__init__(state.versions, state.history, state.objects, source)
        self._sees = sees

    def _rows(self, where: str, values: Iterable[Any]) -> list[Row]:
        return [row for row in super()._rows(where, values) if self._sees.of_past(row)]

    def chain(self, row: Row) -> list[Row]:
        return [one for one in super().chain(row) if self._sees.of_past(one)]

    def files(self, time_ns: int) -> list[FileThen]:
        return [one for one in super().files(time_ns) if self._sees(one.path)]

    def changes(
        self, path: str, since_ns: int, after: int = 0, limit: int = 100, *, latest: bool = True
    ) -> list[Change]:
        found = [
            one if self._shows(one.origin or b"") else one._replace(origin=b"")
            for one in super().changes(path, since_ns, after, ALL_CHANGES, latest=latest)
            if self._shows(one.path)
        ]
        return found[-limit:] if latest else found[:limit]

    def names(self, path: str) -> dict[bytes, int]:
        return {raw: ns for raw, ns in super().names(path).items() if self._shows(raw)}

    def folders(self, path: str) -> list[bytes]:
        return [raw for raw in super().folders(path) if self._shows(raw)]

    def kinds(self, path: str) -> dict[str, int]:
        return super().kinds(path) if self._sees(path) else {}

    def has_trash(self, path: str) -> bool:
        return bool(self.trash(path))

    def snapshots(self) -> dict[str, int]:
        return {}  # their names are the owner's

    def _shows(self, path: bytes) -> bool:
        return self._sees(os.fsdecode(path))
