"""Which nodes of a mount somebody refers to, and how their files are found again.

A folder's node holds an ``O_PATH`` descriptor, as long as there are not very many. A file's node
mostly holds none: it remembers the folder and the name under which it was last looked up, and what
it found there (device and inode), so a walk through a million files opens none of them. Before a
name is taken away through the mount,
the node that goes by it gets a descriptor, and stays usable. A name that was taken away behind the
mount is answered with ESTALE, upon which the kernel looks again; unless somebody has the file open:
who has does not give a name, so the kernel would not look again, and the open file leads to it.
The kernel looks again only once. So the name is remembered, and what is found there gets a
descriptor at once, lest it too be replaced before it is used.
"""

from __future__ import annotations

import errno
import os
import stat as modes
import threading
import time
from collections.abc import Callable

from lsfs.fuse import source
from lsfs.fuse.nodes import Found, Node
from lsfs.fuse.virtual import Parts

HELD = 4096  # files without a name, or with others than the one they were known by
RESTLESS = 1024  # names that were found to have been given to another file
KEPT = 256  # files that were found under such a name, and have a descriptor
KEPT_S = 0.05  # how long they have it: between the kernel's look and its next request
# What opening a name says when it no longer stands for the file that was found there.
_ANOTHER = frozenset(
    {errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ESTALE}
)


class Table:
    """The nodes of one mount.

    Args:
        root: descriptor of the source; stays the caller's.
        before_cutting: told of each file, by any descriptor of it, that is about to be cut by
            being opened.
    """

    def __init__(self, root: int, before_cutting: Callable[[int], None] = lambda _: None) -> None:
        self.before_cutting = before_cutting
        about = os.fstat(root)
        self.root = Node(1, root, (about.st_dev, about.st_ino))
        self.root.lookups = 1
        self.by_id: dict[int, Node] = {1: self.root}
        self._known: dict[object, Node] = {self.root.key: self.root}  # by (device, inode) or Parts
        self._places: dict[tuple[int, bytes], Node] = {}  # by folder and name
        self._folders: dict[Node, None] = {}  # with a descriptor; the oldest first
        self.most_folders = 4096  # after which the oldest are found by name, as files are
        self._held: dict[Node, None] = {}  # the oldest first
        self._restless: dict[tuple[int, bytes], None] = {}  # as places; the oldest first
        self._kept: dict[Node, float] = {}  # and since when; the oldest first
        self._last_id = 1
        # Nodes of the virtual directory are also looked up by the threads that make them.
        self.lock = threading.RLock()

    def close(self) -> None:
        """Close all that is held but the root."""
        for node in self.by_id.values():
            if node is not self.root and node.fd >= 0:
                os.close(node.fd)
        for found in (self.by_id, self._known, self._places):
            found.clear()

    # --- references

    def find(self, parent: Node, name: bytes) -> Found:
        """What is at a name of a folder; referred to until :meth:`forget`."""
        if len(self._folders) > self.most_folders:
            self._give_folders_up()
        stat = os.stat(name, dir_fd=self.folder(parent), follow_symlinks=False)
        known = self._known.get((stat.st_dev, stat.st_ino))
        # A node without a descriptor may be another file, whose inode number is used again.
        is_folder = modes.S_ISDIR(stat.st_mode) and (known is None or known.fd < 0)
        if not is_folder and (parent.id, name) not in self._restless:
            return Found(self.refer(stat, parent, name), stat)
        fd = source.pin(self.folder(parent), name)
        stat = os.fstat(fd)
        node = self.refer(stat, parent, name, fd)
        if modes.S_ISDIR(stat.st_mode):
            self._folders[node] = None
        else:
            self._keep_a_while(node)
        return Found(node, stat)

    def refer(self, stat: os.stat_result, parent: Node, name: bytes, fd: int = -1) -> Node:
        """The node of what was found at a name; referred to until :meth:`forget`.

        Args:
            fd: an ``O_PATH`` descriptor of it, which the node takes over; folders need one.
        """
        key = (stat.st_dev, stat.st_ino)
        node = self._known.get(key)
        if node is not None and self._is_another(node, stat, parent, name):
            self._unplace(node)
            node = None
        if node is None:
            node = self._add(Node(0, fd, key))
        elif node.fd < 0:
            node.fd = fd
        elif fd >= 0:
            os.close(fd)
        if self.at(parent, name) is not node:
            self._place(node, parent, name)
        node.lookups += 1
        node.stat = stat
        node.missed = False
        return node

    def folder(self, node: Node) -> int:
        """The descriptor of a folder, which is opened again where it had been given up.

        Raises:
            OSError: ESTALE: it is no longer where it was, or forgotten.
        """
        if node.fd < 0:
            if self.by_id.get(node.id) is not node:
                raise _stale()
            node.fd = self._at_its_place(node)
            self._folders[node] = None
        return node.fd

    def _give_folders_up(self) -> None:
        """Close the folders that have been open longest; no one is in use between two requests."""
        for node in list(self._folders)[: self.most_folders // 4]:
            del self._folders[node]
            if node.parent is not None and self.at(node.parent, node.name) is node:
                self._drop(node)

    def _keep_a_while(self, node: Node) -> None:
        """A file keeps its descriptor until the kernel has used what it has just found."""
        self._kept.pop(node, None)
        self._kept[node] = time.monotonic()

    def _let_go(self) -> None:
        """Files that were kept a while are found by their names again, which may be others' now."""
        if not self._kept:
            return
        ended = time.monotonic() - KEPT_S
        while self._kept:
            node, since = next(iter(self._kept.items()))
            if since > ended and len(self._kept) <= KEPT:
                return
            del self._kept[node]
            # Unless that is all that leads to the file.
            if node.parent is not None and self.at(node.parent, node.name) is node:
                self._drop(node)

    def _lost(self, node: Node) -> None:
        """A file is no longer at its place: there, what is found next is held."""
        if node.parent is not None:
            self._restless[node.parent.id, node.name] = None
            if len(self._restless) > RESTLESS:
                del self._restless[next(iter(self._restless))]

    def refer_nameless(self, stat: os.stat_result, fd: int) -> Node:
        """The node of an open file that has no name, or none that is known."""
        key = (stat.st_dev, stat.st_ino)
        node = self._known.get(key)
        if node is None or node.fd < 0:
            # One that goes by a name is another file, removed behind the mount, or will lose it.
            if node is not None:
                self._unplace(node)
            node = self._add(Node(0, -1, key))
            self._hold(node, source.pinned_again(fd))
        node.lookups += 1
        node.stat = stat
        return node

    def refer_virtual(self, parts: Parts) -> Node:
        """The node of a path of the virtual directory."""
        with self.lock:
            node = self._known.get(parts) or self._add(Node(0, -1, parts, parts))
            node.lookups += 1
        return node

    def _add(self, node: Node) -> Node:
        with self.lock:
            self._last_id += 1  # a number is never used again
            node.id = self._last_id
            self.by_id[node.id] = self._known[node.key] = node
        return node

    def forget(self, node: Node, count: int) -> bool:
        """References were given back; whether the node is now gone."""
        with self.lock:
            node.lookups -= count
            if node.lookups > 0 or node is self.root:
                return False
            del self.by_id[node.id]
            if self._known.get(node.key) is node:
                del self._known[node.key]
            self._unplace(node)
            self._folders.pop(node, None)
            self._held.pop(node, None)
            self._kept.pop(node, None)
            self._drop(node)
        return True

    def _is_another(self, node: Node, stat: os.stat_result, parent: Node, name: bytes) -> bool:
        """Whether a node's file is gone, behind the mount, and its inode is another file by now."""
        if node.fd >= 0:
            return False  # an inode that is held is not used again
        told = node.stat
        if told is not None and (modes.S_IFMT(told.st_mode), told.st_rdev) != (
            modes.S_IFMT(stat.st_mode),
            stat.st_rdev,
        ):
            return True
        if node.parent is parent and node.name == name:
            return False
        try:
            self.stat(node)
        except OSError:
            # Or it was renamed behind the mount; to take it for another does no harm.
            return True
        return False  # a further name of one file

    # --- names

    def _place(self, node: Node, parent: Node, name: bytes) -> None:
        self._unplace(node)
        node.parent, node.name = parent, name
        self._places[parent.id, name] = node

    def _unplace(self, node: Node) -> None:
        if node.parent is None:
            return
        place = (node.parent.id, node.name)
        # What was found there later has taken the place.
        if self._places.get(place) is node:
            del self._places[place]
        node.parent, node.name = None, b""

    def at(self, parent: Node, name: bytes) -> Node | None:
        """The node that was last found under a name."""
        return self._places.get((parent.id, name))

    def hold(self, parent: Node, name: bytes) -> None:
        """A name is about to go: keep the file of the node that is found by it."""
        node = self.at(parent, name)
        if node is None:
            return
        if node.fd < 0:
            try:
                self._hold(node, self._pinned(node, parent, name))
            except OSError:
                return  # it went behind the mount
        self._unplace(node)

    def _hold(self, node: Node, fd: int) -> None:
        """A node gets a descriptor, until the kernel forgets it or very many others have got one.

        Of a file that has more names the kernel keeps the node though nobody uses it, so there is
        no end to these. A node that has lost its descriptor is looked for again by the kernel, and
        found by another name; or somebody has it open.
        """
        node.fd = fd
        self._held[node] = None
        if len(self._held) > HELD:
            old = next(iter(self._held))
            del self._held[old]
            self._drop(old)

    def _drop(self, node: Node) -> None:
        with self.lock:
            fd, node.fd = node.fd, -1
            if fd >= 0:
                os.close(fd)

    def moved(self, old: Node, old_name: bytes, new: Node, new_name: bytes) -> None:
        """A file was given another name; who had that name is held."""
        node = self._places.get((old.id, old_name))
        if node is not None:
            self._place(node, new, new_name)

    # --- files

    def pinned(self, node: Node) -> Pin:
        """A descriptor of a node's file for a ``with`` block.

        Raises:
            OSError: ESTALE: it is no longer where it was.
        """
        self._let_go()
        if node.opened:
            return Pin(next(iter(node.opened)), kept=True)
        if node.fd < 0:
            try:
                return Pin(self._at_its_place(node), kept=False)
            except OSError as error:
                if not self._is_kept_open(node, error):
                    raise
        return Pin(node.fd, kept=True)

    def _is_kept_open(self, node: Node, error: OSError) -> bool:
        """Whether a file that is no longer where it was is open; its node then has a descriptor."""
        if error.errno != errno.ESTALE:
            return False
        self._lost(node)
        if not node.opened:
            return False
        # Its place stays: the notices tell the kernel of it that the name has gone.
        self._hold(node, source.pinned_again(next(iter(node.opened))))
        return True

    def path(self, node: Node) -> tuple[bytes, bool]:
        """A path of a node's file for looking at it, and whether its last link is to be followed.

        Raises:
            OSError: ESTALE: its folder is no longer known.
        """
        if node.opened:
            return source.link_of(next(iter(node.opened))), True
        if node.fd >= 0:
            return source.link_of(node.fd), True
        if node.parent is None:
            raise _stale()
        return source.link_of(self.folder(node.parent)) + b"/" + node.name, False

    def open(self, node: Node, flags: int) -> int:
        """Open a node's file for use.

        Raises:
            OSError: ESTALE: it is no longer where it was. Who came by its name looks again, and
                finds what is there now. Who has it open, and opens it once more by its descriptor,
                comes again with the same node, and gets it.
        """
        self._let_go()
        if node.parent is not None:
            fd = self._open_at_its_place(node, flags)
            if fd >= 0:
                return fd
            if not node.missed:
                node.missed = True
                self._lost(node)
                raise _stale()
        with self.pinned(node) as fd:
            if flags & os.O_TRUNC:
                self.before_cutting(fd)
            return source.reopen(fd, flags)

    def check_place(self, node: Node) -> None:
        """A file is meant by its name: see that the name is still its own.

        Raises:
            OSError: ESTALE: it is no longer where it was.
        """
        if node.parent is None:
            return  # it has lost its name through the mount, and has a descriptor
        try:
            self._stat_at_its_place(node)
        except OSError:
            self._lost(node)
            raise

    def _open_at_its_place(self, node: Node, flags: int) -> int:
        """A file opened where it was last found; -1 when something else is there by now."""
        assert node.parent is not None  # noqa: S101 - the caller looked
        if flags & os.O_TRUNC:
            # What is cut by opening it must be the right file before, not after.
            try:
                fd = self._at_its_place(node)
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
                return -1
            with Pin(fd, kept=False):
                self.before_cutting(fd)
                return source.reopen(fd, flags)
        try:
            # Without waiting: somebody may have put a FIFO in its place.
            folder = self.folder(node.parent)
            fd = source.open_entry(folder, node.name, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno not in _ANOTHER:
                raise
            return -1
        if _is_it(node, os.fstat(fd)):
            return fd
        os.close(fd)
        return -1

    def stat(self, node: Node) -> os.stat_result:
        """Attributes of a node's file.

        Raises:
            OSError: ESTALE: it is no longer where it was.
        """
        self._let_go()
        if node.opened:
            return os.fstat(next(iter(node.opened)))
        if node.fd < 0:
            try:
                return self._stat_at_its_place(node)
            except OSError as error:
                if not self._is_kept_open(node, error):
                    raise
        return os.fstat(node.fd)

    def _stat_at_its_place(self, node: Node) -> os.stat_result:
        if node.parent is None:
            raise _stale()
        try:
            found = os.stat(node.name, dir_fd=self.folder(node.parent), follow_symlinks=False)
        except OSError:
            raise _stale() from None
        if not _is_it(node, found):
            raise _stale()
        return found

    def _at_its_place(self, node: Node) -> int:
        if node.parent is None:
            raise _stale()
        return self._pinned(node, node.parent, node.name)

    def _pinned(self, node: Node, parent: Node, name: bytes) -> int:
        """A descriptor of what has this name, if it is the node's file."""
        try:
            fd = source.pin(self.folder(parent), name)
        except FileNotFoundError:
            raise _stale() from None
        if not _is_it(node, os.fstat(fd)):
            os.close(fd)
            raise _stale()
        return fd


class Pin:
    """A descriptor that is closed at the end of a ``with`` block unless it belongs to a node."""

    __slots__ = ("_fd", "_kept")

    def __init__(self, fd: int, *, kept: bool) -> None:
        self._fd = fd
        self._kept = kept

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            os.close(self._fd)


def _is_it(node: Node, found: os.stat_result) -> bool:
    """Whether what was found may be a node's file; by its type, too: inodes are used again."""
    told = node.stat
    return (found.st_dev, found.st_ino) == node.key and (
        told is None or modes.S_IFMT(told.st_mode) == modes.S_IFMT(found.st_mode)
    )


def _stale() -> OSError:
    return OSError(errno.ESTALE, os.strerror(errno.ESTALE))
