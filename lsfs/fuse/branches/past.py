"""The past as folders: each file's versions, the tree of any moment, and what was removed.

What is shown is what the ledger says. It is written by the brain, so without one nothing new comes
in; what is there can be looked at and read all the same.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from lsfs.errors import LsfsError
from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts
from lsfs.fuse.knowledge import Fresh
from lsfs.versions.contents import Content, whole
from lsfs.versions.moments import day_of, moment_of, stamp
from lsfs.versions.past import Past
from lsfs.versions.tables import Row

log = logging.getLogger("lsfs.fuse.virtual")

IN_MEMORY = 1 << 20  # bytes of a content that is read at once when it is opened
KEPT = 50_000  # entries at most that are remembered
DAYS = 30
_READ_ONLY = 0o555
_VERSION = re.compile(r"\d{4,} ")
_END_OF_TIME = (1 << 63) - 1

K = TypeVar("K")
T = TypeVar("T")
Entries = dict[str, T]


class _Folders(Generic[K, T]):
    """Entries of folders, by name, until something changes.

    Args:
        generation: of the past.
        load: gives the entries of a folder.
    """

    def __init__(self, generation: Fresh[int], load: Callable[[K], Entries[T]]) -> None:
        self._generation = generation
        self._load = load
        self._known: dict[K, Entries[T]] = {}
        self._at = -1
        self._count = 0

    def known(self, key: K) -> Entries[T] | None:
        """The entries, if they are at hand."""
        current = self._generation.get()
        if self._at != current:
            self._forget()
            self._at = current
        return self._known.get(key)

    def get(self, key: K) -> Entries[T]:
        """The entries."""
        found = self.known(key)
        if found is None:
            found = self._load(key)
            if self._count + len(found) > KEPT:
                self._forget()
            self._known[key] = found
            self._count += len(found) + 1
        return found

    def _forget(self) -> None:
        self._known.clear()
        self._count = 0


class OpenVersion:
    """A version that somebody reads; whatever goes wrong is an error of files.

    Args:
        content: its bytes, closed with this.
        name: says in the log which it is.
    """

    def __init__(self, content: Content, name: str) -> None:
        self._content = content
        self._name = name
        self._lock = threading.Lock()  # whoever asked may be gone, and this closed, while we read
        self.size = content.size

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``.

        Raises:
            OSError: EIO: they are damaged, or nobody has them any more.
        """
        with self._lock, _readable(self._name):
            return self._content.read(offset, size)

    def close(self) -> None:
        """Let the content go."""
        with self._lock:
            self._content.close()


class PastBranch(Branch):
    """What the three have in common.

    Args:
        past: what was.
        generation: of the past.
    """

    holds_files = True

    def __init__(self, past: Past, generation: Fresh[int]) -> None:
        self._past = past
        self._generation = generation

    def lookup(self, parts: Parts) -> Node:
        """A folder, or what was a file or a link."""
        if len(parts) == 1:
            return nodes.directory(parts)
        with _readable("/".join(parts)):
            node = self._find(parts)
        if node is None:
            raise nodes.error(errno.ENOENT, parts)
        return node

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """What is in a folder."""
        with _readable("/".join(parts)):
            return list(self._list(parts).items())

    def read(self, parts: Parts) -> bytes:
        """A file, whole."""
        with _readable("/".join(parts)), contextlib.closing(self._open(parts)) as content:
            return whole(content)

    def open(self, parts: Parts) -> bytes | Content:
        """A file; in memory if it is small."""
        content = self._open(parts)
        if content.size > IN_MEMORY:
            return content
        with _readable("/".join(parts)), contextlib.closing(content):
            return whole(content)

    def _open(self, parts: Parts) -> Content:
        name = "/".join(parts)
        with _readable(name):
            row = self._row(parts) if len(parts) > 1 else None
            if row is not None and row.kind == "file":
                return OpenVersion(self._past.open(row), name)
        nodes.content_of(self.lookup(parts), parts)  # says why not
        raise nodes.error(errno.ENOENT, parts)

    def _find(self, parts: Parts) -> Node | None:
        """The entry at a path, which has more than one part."""
        raise NotImplementedError

    def _list(self, parts: Parts) -> dict[str, Node]:
        """The entries of a folder."""
        raise NotImplementedError

    def _row(self, parts: Parts) -> Row | None:
        """The version at a path, which has more than one part."""
        raise NotImplementedError


class VersionsBranch(PastBranch):
    """``versions/<path>/0003 2026-11-23T10:00:00Z.txt``."""

    def __init__(self, past: Past, generation: Fresh[int]) -> None:
        super().__init__(past, generation)
        self._folders: _Folders[str, int] = _Folders(
            generation, lambda path: {_name(raw): began for raw, began in past.names(path).items()}
        )
        self._versions: _Folders[str, Row] = _Folders(generation, self._load)

    def _find(self, parts: Parts) -> Node | None:
        kinds = self._past.kinds(_path(parts[1:]))
        if kinds:
            return nodes.directory(parts, mtime_ns=max(kinds.values()))
        row = self._row(parts)
        return None if row is None else _node(parts, row)

    def _list(self, parts: Parts) -> dict[str, Node]:
        path = _path(parts[1:])
        found: dict[str, Node] = {}
        for name, began_ns in self._folders.get(path).items():
            found[name] = nodes.directory((*parts, name), mtime_ns=began_ns)
        if path:
            for name, row in self._versions.get(path).items():
                found.setdefault(name, _node((*parts, name), row))
        return found

    def _row(self, parts: Parts) -> Row | None:
        if len(parts) < 3 or not _VERSION.match(parts[-1]):
            return None
        return self._versions.get(_path(parts[1:-1])).get(parts[-1])

    def _load(self, path: str) -> Entries[Row]:
        suffix = rendering.split_name(_name(os.fsencode(path)))[1]
        ending = suffix if len(suffix) <= rendering.SUFFIX_MAX + 1 else ""
        return {
            f"{row.number:04d} {stamp(row.begin_ns)}{ending}": row
            for row in self._past.versions(path)
            if self._past.is_kept(row)
        }


class AtBranch(PastBranch):
    """``at/<time>/…``; a file whose bytes nobody kept is there, and cannot be read."""

    def __init__(self, past: Past, generation: Fresh[int]) -> None:
        super().__init__(past, generation)
        self._said = functools.lru_cache(1000)(moment_of)
        self._snapshots: _Folders[None, int] = _Folders(generation, lambda _: past.snapshots())
        self._days: _Folders[None, int] = _Folders(generation, lambda _: dict(self._changed()))
        self._folders: _Folders[tuple[int, str], Row] = _Folders(generation, self._load)

    def _find(self, parts: Parts) -> Node | None:
        if len(parts) == 2:
            return None if self._moment(parts[1]) is None else nodes.directory(parts)
        row = self._row(parts)
        return None if row is None else _node(parts, row, self._moment(parts[1]))

    def _list(self, parts: Parts) -> dict[str, Node]:
        if len(parts) == 1:
            names = [*filter(_can_be_name, self._snapshots.get(None)), *self._days.get(None)]
            return {name: nodes.directory((*parts, name)) for name in names}
        moment = self._moment(parts[1])
        if moment is None:
            raise nodes.error(errno.ENOENT, parts)
        rows = self._folders.get((moment, _path(parts[2:])))
        return {name: _node((*parts, name), row, moment) for name, row in rows.items()}

    def _row(self, parts: Parts) -> Row | None:
        moment = self._moment(parts[1])
        if moment is None or len(parts) < 3:
            return None
        folder = self._folders.known((moment, _path(parts[2:-1])))
        if folder is not None:
            return folder.get(parts[-1])
        return self._past.at(_path(parts[2:]), moment)

    def _moment(self, name: str) -> int | None:
        named = self._snapshots.get(None).get(name)
        return self._said(name) if named is None else named

    def _load(self, key: tuple[int, str]) -> Entries[Row]:
        moment, path = key
        return {_name(row.path): row for row in self._past.children(path, moment)}

    def _changed(self) -> Iterator[tuple[str, int]]:
        """The latest days on which something changed."""
        before = _END_OF_TIME
        for _ in range(DAYS):
            moment = self._past.changed_before(before)
            if moment is None:
                return
            day, before = day_of(moment)
            yield day, before


class TrashBranch(PastBranch):
    """``trash/…``: files that were removed and have not come back, in their folders."""

    def __init__(self, past: Past, generation: Fresh[int]) -> None:
        super().__init__(past, generation)
        self._lists: _Folders[str, Row | None] = _Folders(generation, self._load)

    def _find(self, parts: Parts) -> Node | None:
        folder = self._lists.known(_path(parts[1:-1]))
        if folder is not None:
            if parts[-1] not in folder:
                return None
            row = folder[parts[-1]]
            return nodes.directory(parts) if row is None else _node(parts, row)
        row = self._row(parts)
        if row is not None:
            return _node(parts, row)
        return nodes.directory(parts) if self._past.has_trash(_path(parts[1:])) else None

    def _list(self, parts: Parts) -> dict[str, Node]:
        return {
            name: nodes.directory((*parts, name)) if row is None else _node((*parts, name), row)
            for name, row in self._lists.get(_path(parts[1:])).items()
        }

    def _row(self, parts: Parts) -> Row | None:
        row = self._past.trashed(_path(parts[1:]))
        return row if row is not None and self._past.is_kept(row) else None

    def _load(self, path: str) -> Entries[Row | None]:
        """Files with their rows, folders with None."""
        found: Entries[Row | None] = {}
        for folder in self._past.folders(path):
            if self._past.has_trash(os.fsdecode(folder)):
                found[_name(folder)] = None
        for row in self._past.trashed_in(path):
            if self._past.is_kept(row):
                found[_name(row.path)] = row
        return found


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turns whatever goes wrong with the state into an error of files, with words in the log."""
    try:
        yield
    except LsfsError as error:
        log.error("%s cannot be read: %s", name, error.message)
        raise OSError(errno.EIO, os.strerror(errno.EIO), name) from error
    except sqlite3.Error as error:
        log.warning("the versions cannot be read: %s", error)
        raise OSError(errno.EIO, os.strerror(errno.EIO), name) from error


def _node(parts: Parts, row: Row, moment: int | None = None) -> Node:
    """The entry for a row.

    Args:
        moment: that is looked at. A folder's time is known of its latest state only, and changes
            with what is in it; it is at least not later.
    """
    inode, owner, mtime_ns = nodes.inode_of(parts), (row.uid, row.gid), row.mtime_ns
    if row.kind == "link":
        target = row.target or b""
        return Node(
            NodeKind.LINK, inode, len(target), target, mtime_ns=mtime_ns, mode=0o777, owner=owner
        )
    mode = row.mode & _READ_ONLY
    if row.kind == "dir":
        if moment is not None:
            mtime_ns = min(mtime_ns, moment)
        return Node(NodeKind.DIRECTORY, inode, mtime_ns=mtime_ns, mode=mode, owner=owner)
    return Node(NodeKind.FILE, inode, row.size, mtime_ns=mtime_ns, mode=mode, owner=owner)


def _path(names: Parts) -> str:
    return "/".join(names)


def _name(path: bytes) -> str:
    return os.fsdecode(path.rpartition(b"/")[2])


def _can_be_name(text: str) -> bool:
    return "/" not in text and text not in ("", ".", "..") and len(os.fsencode(text)) <= 255
