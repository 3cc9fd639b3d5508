"""Groupings as folders: made by ``mkdir``, forgotten by ``rmdir``, with a folder for each group."""

from __future__ import annotations

import errno
from collections.abc import Callable

from msgspec import Struct

from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.linked import Group, distinct_names, folder_name, target
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts
from lsfs.fuse.knowledge import Brain, Fresh, Published
from lsfs.index.groups.grouped import SavedGroup

PAGE = "GROUPS.md"


class _Grouping(Struct, frozen=True):
    """A grouping as folders, made once for what it consists of."""

    saved: SavedGroup
    root: Group
    page: bytes


class GroupBranch(Branch):
    """``group/<name>/<label>/…/<file>``.

    Args:
        published: what the brain has published.
        brain: makes and forgets groupings.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(self, published: Published, brain: Brain, monotonic: Callable[[], float]) -> None:
        self._published = published
        self._brain = brain
        self._monotonic = monotonic
        self._names: Fresh[list[str]] = Fresh(published.groupings, [], monotonic)
        self._saved: dict[str, Fresh[SavedGroup | None]] = {}
        self._groupings: dict[str, _Grouping] = {}

    def lookup(self, parts: Parts) -> Node:
        """A grouping, a group in one, or a file in that."""
        if len(parts) == 1:
            return nodes.directory(parts, writable=True)
        grouping = self._grouping(parts[1])
        if grouping is None:
            raise nodes.error(errno.ENOENT, parts)
        if len(parts) == 2 or grouping.root.at(parts[2:]) is not None:
            return nodes.directory(parts)
        if parts[2:] == (PAGE,):
            return nodes.file(parts, grouping.page)
        group = grouping.root.at(parts[2:-1])
        path = None if group is None else _links(group).get(parts[-1])
        if path is None:
            raise nodes.error(errno.ENOENT, parts)
        return nodes.link(parts, target(parts, path))

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The groupings; the groups of one; the files of a group."""
        if len(parts) == 1:
            return [(name, nodes.directory((*parts, name))) for name in self._names.get()]
        grouping = self._grouping(parts[1])
        group = None if grouping is None else grouping.root.at(parts[2:])
        if grouping is None or group is None:
            raise nodes.error(errno.ENOENT, parts)
        found = [(name, nodes.directory((*parts, name))) for name in sorted(group.groups)]
        if len(parts) == 2:
            found.append((PAGE, nodes.file((*parts, PAGE), grouping.page)))
        for name, path in _links(group).items():
            entry = (*parts, name)
            found.append((name, nodes.link(entry, target(entry, path))))
        return found

    def mkdir(self, parts: Parts) -> None:
        """Group the files by what the name says.

        Raises:
            OSError: EEXIST, EINVAL (a name that programs probe for), EROFS (within a grouping).
            LsfsError: the brain refused.
        """
        if len(parts) != 2:
            raise nodes.error(errno.EROFS, parts)
        if self._grouping(parts[1]) is not None:
            raise nodes.error(errno.EEXIST, parts)
        if not nodes.is_name(parts[1]):
            raise nodes.error(errno.EINVAL, parts)
        try:
            self._brain.save_group(parts[1])
        finally:
            # Also after a failure: a request that timed out may be carried out all the same.
            self._forget()

    def rmdir(self, parts: Parts) -> None:
        """Forget a grouping; its files are not touched.

        Raises:
            OSError: ENOENT, ENOTDIR, EROFS (the branch itself, or a group).
            LsfsError: the brain refused.
        """
        if len(parts) > 1 and self.lookup(parts).kind is not NodeKind.DIRECTORY:
            raise nodes.error(errno.ENOTDIR, parts)
        if len(parts) != 2:
            raise nodes.error(errno.EROFS, parts)
        try:
            self._brain.drop_group(parts[1])
        finally:
            self._forget()

    def _grouping(self, name: str) -> _Grouping | None:
        """A grouping as folders; None when nobody made it."""
        if name not in self._names.get():
            self._saved.pop(name, None)
            self._groupings.pop(name, None)
            return None
        fresh = self._saved.get(name)
        if fresh is None:
            fresh = Fresh(lambda: self._published.grouping(name), None, self._monotonic)
            self._saved[name] = fresh
        saved = fresh.get()
        if saved is None:
            return None
        known = self._groupings.get(name)
        # Equal groups of a later generation keep the folders.
        if known is None or known.saved.groups != saved.groups:
            page = rendering.groups_page(saved).encode("utf-8", "replace")
            known = self._groupings[name] = _Grouping(saved, _folders(saved), page)
        return known

    def _forget(self) -> None:
        self._names.forget()
        self._saved.clear()


def _folders(saved: SavedGroup) -> Group:
    root = Group()
    for group in saved.groups:
        root.below(map(folder_name, group.folders)).paths.extend(group.paths)
    return root


def _links(group: Group) -> dict[str, str]:
    if group.links is None:
        group.links = distinct_names(group.paths, group.groups)
    return group.links
