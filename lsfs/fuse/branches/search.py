"""Queries as folders: made by ``mkdir``, forgotten by ``rmdir``, narrowed by nesting."""

from __future__ import annotations

import errno
from collections.abc import Callable

from msgspec import Struct

from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts
from lsfs.fuse.knowledge import Brain, Fresh, Published
from lsfs.model import SavedSearch

RESULTS = "RESULTS.md"
RESULTS_JSON = "results.json"


class _Results(Struct, frozen=True):
    """A search as entries, made once for its hits."""

    saved: SavedSearch
    links: dict[str, bytes]
    page: bytes
    data: bytes


class SearchBranch(Branch):
    """``search/<query>/``.

    Args:
        published: what the brain has published.
        brain: makes and forgets queries.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(self, published: Published, brain: Brain, monotonic: Callable[[], float]) -> None:
        self._published = published
        self._brain = brain
        self._monotonic = monotonic
        self._names: Fresh[list[str]] = Fresh(published.searches, [], monotonic)
        self._searches: dict[str, Fresh[SavedSearch | None]] = {}
        self._results: dict[str, _Results] = {}

    def lookup(self, parts: Parts) -> Node:
        """A query, or something in one."""
        if len(parts) == 1:
            return nodes.directory(parts, writable=True)
        path = "/".join(parts[1:])
        if any(name == path or name.startswith(path + "/") for name in self._names.get()):
            return nodes.directory(parts, writable=True)
        results = self._results_of("/".join(parts[1:-1])) if len(parts) > 2 else None
        if results is not None:
            last = parts[-1]
            if last == RESULTS:
                return nodes.file(parts, results.page)
            if last == RESULTS_JSON:
                return nodes.file(parts, results.data)
            if last in results.links:
                return nodes.link(parts, results.links[last])
        raise nodes.error(errno.ENOENT, parts)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The queries; or the narrower ones of a query, and its results."""
        names = self._narrower(parts[1:])
        results = self._results_of("/".join(parts[1:])) if len(parts) > 1 else None
        if results is not None:
            names += [RESULTS, RESULTS_JSON, *results.links]
        return [(name, self.lookup((*parts, name))) for name in dict.fromkeys(names)]

    def mkdir(self, parts: Parts) -> None:
        """Make a query, or a narrower one inside another.

        Raises:
            OSError: EEXIST, ENOENT (nobody made the one above), EINVAL (no query: a name that
                programs probe for), EROFS (the branch itself).
            LsfsError: the brain refused.
        """
        if len(parts) < 2:
            raise nodes.error(errno.EROFS, parts)
        try:
            self.lookup(parts)
        except FileNotFoundError:
            pass
        else:
            raise nodes.error(errno.EEXIST, parts)
        self.lookup(parts[:-1])
        if not nodes.is_name(parts[-1]):
            raise nodes.error(errno.EINVAL, parts)
        try:
            self._brain.save_search("/".join(parts[1:]))
        finally:
            # Also after a failure: a request that timed out may be carried out all the same.
            self._forget()

    def rmdir(self, parts: Parts) -> None:
        """Forget a query; the files it found are not touched.

        Raises:
            OSError: ENOENT, ENOTDIR, ENOTEMPTY (narrower ones are inside), EROFS (no query).
            LsfsError: the brain refused.
        """
        if len(parts) < 2:
            raise nodes.error(errno.EROFS, parts)
        if self.lookup(parts).kind is not NodeKind.DIRECTORY:
            raise nodes.error(errno.ENOTDIR, parts)
        if self._narrower(parts[1:]):
            raise nodes.error(errno.ENOTEMPTY, parts)
        try:
            self._brain.drop_search("/".join(parts[1:]))
        finally:
            self._forget()

    def _narrower(self, parts: Parts) -> list[str]:
        """The names that continue the search ``parts``, by one step."""
        prefix = "".join(part + "/" for part in parts)
        made = (name for name in self._names.get() if name.startswith(prefix))
        return list(dict.fromkeys(name[len(prefix) :].split("/", 1)[0] for name in made))

    def _results_of(self, name: str) -> _Results | None:
        """The entries of a search; None when nobody made it."""
        if name not in self._names.get():
            self._searches.pop(name, None)
            self._results.pop(name, None)
            return None
        fresh = self._searches.get(name)
        if fresh is None:
            fresh = Fresh(lambda: self._published.search(name), None, self._monotonic)
            self._searches[name] = fresh
        saved = fresh.get()
        if saved is None:
            return None
        known = self._results.get(name)
        # Equal hits of a later generation keep the texts, and with them the sizes.
        if known is None or known.saved != saved:
            depth = 2 + name.count("/") + 1
            known = _Results(
                saved,
                rendering.links(saved.hits, depth),
                rendering.results_page(saved).encode("utf-8", "replace"),
                rendering.results_data(saved).encode(),
            )
            self._results[name] = known
        return known

    def _forget(self) -> None:
        self._names.forget()
        self._searches.clear()
