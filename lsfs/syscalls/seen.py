"""A drive as a caller with a limited grant sees it: the same engines, over some of the files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lsfs.index.tree import SourceTree
from lsfs.safety.sight import Sight
from lsfs.syscalls.engines import Call, Emit
from lsfs.versions.past_seen import SeenPast

if TYPE_CHECKING:
    from lsfs.index.store.rows import FileIdentity

Sees = Callable[[str], bool]


@contextlib.contextmanager
def limited(call: Call) -> Iterator[Call]:
    """The call on what its grant shows; the same call where nothing is hidden."""
    engines = call.engines
    engines.views.drop_idle()
    if not call.grant.is_limited:
        yield call
        return
    from lsfs.syscalls.search.then import Earlier, Retained

    call = replace(call, emit=_quiet(call.emit))
    engines.indexer.fresh(call.emit)  # what is made now is of this moment
    with contextlib.ExitStack() as stack:
        root = os.open(engines.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, root)
        sees = Sight(call.grant, root)
        # Permissions on the disk count as they are at each call, patterns are always the same.
        views, by_permissions = engines.views, bool(call.grant.readers())
        view = stack.enter_context(
            views.made(sees) if by_permissions else views.lent(call.grant, sees)
        )
        state = engines.state
        past = SeenPast(state, root, sees)
        stack.callback(past.close)
        # Who may read a file now might not have been allowed to then, which is not known of all.
        earlier = None
        if not by_permissions:
            earlier = Earlier(past, None, Retained(past, 0), state.incoming)
        shown = replace(
            engines, catalog=view.catalog, search=view.search, past=past, ahead=None,
            tree=SeenTree(engines.tree, sees), earlier=earlier,
        )  # fmt: skip
        yield replace(call, engines=shown, sees=sees)


def _quiet(emit: Emit) -> Emit:
    """A sink without progress, which counts files that may not be seen."""

    def told(event: dict[str, Any]) -> None:
        if "stage" not in event:
            emit(event)

    return told


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

    @property
    def name(self) -> str:
        return self._tree.name

    def ready(self) -> None:
        self._tree.ready()

    def fetch(self, path: str) -> None:
        if self._sees(path):
            self._tree.fetch(path)

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
