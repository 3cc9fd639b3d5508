"""What the virtual directory of a mount contains: queries as folders, and how the index is doing.

Nothing here knows FUSE; paths are tuples of names below the virtual directory (surrogate escapes
for bytes that are not UTF-8), answers are nodes, refusals are ``OSError``. Looking at anything
reads what the brain has published and computes nothing: a shell, a file manager or ``find`` that
probes names costs next to nothing, and a query exists only after somebody made it.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from lsfs import codec
from lsfs.errors import LsfsError
from lsfs.fuse import rendering
from lsfs.model import FileProblem, IndexCounts, SavedSearch

log = logging.getLogger("lsfs.fuse.virtual")

Parts = tuple[str, ...]

SEARCH = "search"
WRITE_MAX = 65536
README = "README.md"
STATUS = "status"
PROBLEMS = "errors.ndjson"
RESULTS = "RESULTS.md"
RESULTS_JSON = "results.json"

# What was published is asked for again after this time, in seconds. The kernel keeps attributes
# for about as long, so a shorter time would not be seen.
FRESH_S = 0.5

# Names that programs look for, or make, in every folder they meet; none of them is a question.
_PROBED = re.compile(
    r"\.|~|HEAD$|autorun\.inf$|desktop\.ini$|thumbs\.db$|ehthumbs\.db$|\$RECYCLE\.BIN$|RECYCLER$|"
    r"System Volume Information$|lost\+found$|Network Trash Folder$|Temporary Items$|"
    r"TheVolumeSettingsFolder$|folder\.jpg$|Icon\r$|CVS$|RCS$|SCCS$",
    re.IGNORECASE,
)
# Inodes of virtual entries stand where no disk file system has any.
_INODE_BIT = 1 << 62


class Published(Protocol):
    """What the brain has published; reading it never waits for the brain."""

    def searches(self) -> list[str]:
        """Names of the kept queries."""
        ...

    def search(self, name: str) -> SavedSearch | None:
        """A kept query with its hits; None when nobody made it."""
        ...

    def counts(self) -> IndexCounts:
        """How far the index is."""
        ...

    def problems(self) -> list[FileProblem]:
        """Files that could not be indexed in full."""
        ...


class Brain(Protocol):
    """What only the brain can do; bounded in time, ``LsfsError`` or ``OSError`` on failure."""

    def save_search(self, name: str) -> None:
        """Make a query and find its hits."""
        ...

    def drop_search(self, name: str) -> None:
        """Forget a query."""
        ...


class NodeKind(Enum):
    """What an entry is."""

    DIRECTORY = "directory"
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Node:
    """An entry of the virtual directory.

    Attributes:
        kind: what it is.
        inode: stable for its path.
        content: a file's bytes, or the bytes a link says; what ``st_size`` counts.
        writable: a folder in which others may be made.
    """

    kind: NodeKind
    inode: int
    content: bytes | None = b""
    writable: bool = False
    mtime_ns: int = 0

    @property
    def size(self) -> int:
        return len(self.content or b"")


_T = TypeVar("_T")


class _Fresh(Generic[_T]):
    """A published value, asked for again when it is older than ``FRESH_S``."""

    def __init__(self, ask: Callable[[], _T], fallback: _T, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._value = fallback
        self._monotonic = monotonic
        self._until = float("-inf")

    def get(self) -> _T:
        """The value; the one before when the catalog cannot be read at the moment."""
        now = self._monotonic()
        if now >= self._until:
            self._until = now + FRESH_S
            try:
                self._value = self._ask()
            except (LsfsError, OSError, sqlite3.Error) as error:
                # The files of the drive must stay usable whatever state the index is in.
                log.warning("the index cannot be read: %s", error)
        return self._value

    def forget(self) -> None:
        """Ask again at the next use."""
        self._until = float("-inf")


@dataclass(frozen=True, slots=True)
class _Results:
    """A search as the entries of its folder."""

    saved: SavedSearch
    links: dict[str, bytes]
    page: bytes
    data: bytes


class VirtualTree:
    """The virtual directory of one drive.

    Args:
        published: what the brain has published.
        brain: makes and forgets queries.
        facts: lines of ``status`` that do not change: source, mountpoint, pid, transport.
        name: the directory's own name, for the help text.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        published: Published,
        brain: Brain,
        facts: Mapping[str, str | int],
        *,
        name: str = ".lsfs",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._published = published
        self._brain = brain
        self._facts = dict(facts)
        self._readme = rendering.readme(name).encode()
        self._monotonic = monotonic
        self._names: _Fresh[list[str]] = _Fresh(published.searches, [], monotonic)
        self._counts: _Fresh[IndexCounts] = _Fresh(published.counts, IndexCounts(), monotonic)
        self._problems: _Fresh[list[FileProblem]] = _Fresh(published.problems, [], monotonic)
        self._searches: dict[str, _Fresh[SavedSearch | None]] = {}
        self._results: dict[str, _Results] = {}

    # --- looking

    def lookup(self, parts: Parts) -> Node:
        """The entry at a path.

        Raises:
            FileNotFoundError: there is none.
        """
        inode = inode_of(parts)
        if not parts or parts == (SEARCH,):
            return Node(NodeKind.DIRECTORY, inode, writable=parts == (SEARCH,))
        if parts[0] == SEARCH:
            return self._lookup_search(parts[1:], inode)
        if len(parts) == 1:
            if parts[0] == README:
                return Node(NodeKind.FILE, inode, self._readme)
            if parts[0] == STATUS:
                return Node(NodeKind.FILE, inode, self._status())
            if parts[0] == PROBLEMS:
                return Node(NodeKind.FILE, inode, rendering.problems(self._problems.get()))
        raise _error(errno.ENOENT, parts)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """Names and entries of a folder, without ``.`` and ``..``.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no folder at the path.
        """
        if self.lookup(parts).kind is not NodeKind.DIRECTORY:
            raise _error(errno.ENOTDIR, parts)
        if not parts:
            names = [README, STATUS, PROBLEMS, SEARCH]
        else:
            names = self._narrower(parts[1:])
            results = self._search_results("/".join(parts[1:])) if len(parts) > 1 else None
            if results is not None:
                names += [RESULTS, RESULTS_JSON, *results.links]
        return [(name, self.lookup((*parts, name))) for name in dict.fromkeys(names)]

    def _lookup_search(self, parts: Parts, inode: int) -> Node:
        path = "/".join(parts)
        if any(name == path or name.startswith(path + "/") for name in self._names.get()):
            return Node(NodeKind.DIRECTORY, inode, writable=True)
        results = self._search_results("/".join(parts[:-1])) if len(parts) > 1 else None
        if results is not None:
            last = parts[-1]
            if last == RESULTS:
                return Node(NodeKind.FILE, inode, results.page)
            if last == RESULTS_JSON:
                return Node(NodeKind.FILE, inode, results.data)
            if last in results.links:
                return Node(NodeKind.LINK, inode, results.links[last])
        raise _error(errno.ENOENT, (SEARCH, *parts))

    def _narrower(self, parts: Parts) -> list[str]:
        """The names that continue the search ``parts``, by one step."""
        prefix = "".join(part + "/" for part in parts)
        made = (name for name in self._names.get() if name.startswith(prefix))
        return list(dict.fromkeys(name[len(prefix) :].split("/", 1)[0] for name in made))

    def _search_results(self, name: str) -> _Results | None:
        """The entries of a search; None when nobody made it."""
        if name not in self._names.get():
            self._searches.pop(name, None)
            self._results.pop(name, None)
            return None
        fresh = self._searches.get(name)
        if fresh is None:
            fresh = _Fresh(lambda: self._published.search(name), None, self._monotonic)
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

    def _status(self) -> bytes:
        counts = codec.to_builtins(self._counts.get())
        return (codec.dumps({**self._facts, "index": counts}, indent=2) + "\n").encode()

    def creates_file(self, parts: Parts) -> bool:
        return False

    def attribute(self, path: str, name: str) -> bytes | None:
        return None

    def read(self, parts: Parts) -> bytes:
        return self.lookup(parts).content or b""

    def write(self, parts: Parts, data: bytes) -> None:
        raise _error(errno.EROFS, parts)

    def unlink(self, parts: Parts) -> None:
        raise _error(errno.EROFS, parts)

    # --- making and forgetting queries

    def mkdir(self, parts: Parts) -> None:
        """Make a query: ``search/<query>``, or a narrower one inside another.

        Raises:
            OSError: EEXIST, ENOENT (nobody made the one above), EINVAL (no query: a name that
                programs probe for), EROFS (not below ``search``).
            LsfsError: the brain refused.
        """
        self._must_be_query(parts)
        try:
            self.lookup(parts)
        except FileNotFoundError:
            pass
        else:
            raise _error(errno.EEXIST, parts)
        self.lookup(parts[:-1])
        if _PROBED.match(parts[-1]) or not parts[-1].strip() or _unprintable(parts[-1]):
            raise _error(errno.EINVAL, parts)
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
        self._must_be_query(parts)
        if self.lookup(parts).kind is not NodeKind.DIRECTORY:
            raise _error(errno.ENOTDIR, parts)
        if self._narrower(parts[1:]):
            raise _error(errno.ENOTEMPTY, parts)
        try:
            self._brain.drop_search("/".join(parts[1:]))
        finally:
            self._forget()

    def _must_be_query(self, parts: Parts) -> None:
        if len(parts) < 2 or parts[0] != SEARCH:
            raise _error(errno.EROFS, parts)

    def _forget(self) -> None:
        self._names.forget()
        self._searches.clear()


def inode_of(parts: Parts) -> int:
    """The inode number of a virtual path: the same at every mount."""
    digest = hashlib.blake2b(os.fsencode("/".join(parts)), digest_size=8).digest()
    return int.from_bytes(digest) >> 2 | _INODE_BIT


def _unprintable(name: str) -> bool:
    """Whether a name is no text: it has control characters, or bytes that are not UTF-8."""
    return any(rendering.is_control(c) or "\ud800" <= c <= "\udfff" for c in name)


def _error(code: int, parts: Parts) -> OSError:
    return OSError(code, os.strerror(code), "/".join(parts))
