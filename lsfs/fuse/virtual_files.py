"""Files, folders and links of the virtual directory: what is said of them, and opening them.

An open one is a file in memory with the content of the moment in which it was opened, so that reads
need no special case; what is too large for that is read from where it is.
"""

from __future__ import annotations

import errno
import os
import stat as modes

from lsfs.fuse import virtual
from lsfs.fuse.branches.ask import LONGEST
from lsfs.fuse.nodes import Deferred, Handle
from lsfs.fuse.views import Views
from lsfs.fuse.virtual import NodeKind, Parts, VirtualTree
from lsfs.versions.contents import Content

_ACCESS = os.O_WRONLY | os.O_RDWR
MODE = {
    # Only the owner: results quote files that others may not be allowed to read.
    NodeKind.DIRECTORY: modes.S_IFDIR | 0o500,
    NodeKind.FILE: modes.S_IFREG | 0o400,
    NodeKind.LINK: modes.S_IFLNK | 0o777,
}


class VirtualFiles:
    """The virtual directory of a mount, as files.

    Args:
        views: what it contains, for each user.
        handles: the open files of the mount, by descriptor.
        root: descriptor of the source, whose time the directory has.
    """

    def __init__(self, views: Views, handles: dict[int, Handle], root: int) -> None:
        self._views = views
        self._handles = handles
        self._trees: dict[int, VirtualTree] = {}  # of open files, by descriptor
        # Whoever mounted it, not whose folder it is: it shows what the process may read.
        self._owner = os.geteuid(), os.getegid()
        self._others = 0o055 if views.is_shared else 0
        self._made_ns = os.fstat(root).st_mtime_ns

    @property
    def _tree(self) -> VirtualTree:
        return self._views.now()

    def stat(self, parts: Parts, size: int | None = None) -> os.stat_result:
        """Attributes of an entry.

        Args:
            size: of an open file, in bytes.
        """
        node = self._node(parts)
        is_dir = node.kind is NodeKind.DIRECTORY
        size = node.size if size is None else size
        writable = node.writable if is_dir else self._tree.creates_file(parts)
        mode = MODE[node.kind] | (0o200 if writable else 0)
        if node.kind is not NodeKind.LINK:
            mode |= self._others if is_dir else self._others & 0o044
        if node.mode is not None:
            mode = modes.S_IFMT(mode) | node.mode
        owner = node.owner or self._owner
        time_ns = self._made_ns if node.mtime_ns is None else node.mtime_ns
        seconds = time_ns // 10**9
        basic = (mode, node.inode, 0, 2 if is_dir else 1, *owner, size, *[seconds] * 3)
        return os.stat_result(
            basic,
            {
                "st_atime_ns": time_ns, "st_mtime_ns": time_ns, "st_ctime_ns": time_ns,
                "st_blksize": 4096, "st_blocks": -(-size // 512), "st_rdev": 0,
            },
        )  # fmt: skip

    def size_open(self, parts: Parts) -> int | None:
        """Size of the content that a virtual file was last opened with; None when it is not open.

        The kernel asks by name also for who has it open, and a copy ends where the size says.
        """
        tree = self._tree
        for handle in reversed(list(self._handles.values())):
            if handle.parts == parts and self._trees.get(handle.fd) is tree:
                return size_of(handle)
        return None

    def _node(self, parts: Parts) -> virtual.Node:
        try:
            return self._tree.lookup(parts)
        except FileNotFoundError:
            tree, opened = self._tree, list(self._handles.values())
            if any(h.parts == parts and self._trees.get(h.fd) is tree for h in opened):
                # It is being written, and appears in the tree when it is closed.
                return virtual.Node(NodeKind.FILE, virtual.inode_of(parts), 0, None)
            raise

    def open(self, parts: Parts, flags: int) -> Handle | Deferred[Handle]:
        """Open a file."""
        if flags & _ACCESS:
            return self.write(parts, flags)
        tree = self._tree
        node = tree.lookup(parts)
        if node.content is not None:
            return self._in_memory(tree, parts, node.content, flags)
        return Deferred(lambda: self._in_memory(tree, parts, tree.open(parts), flags))

    def write(self, parts: Parts, flags: int) -> Handle:
        """Open a file to write something new into it."""
        tree = self._tree
        if not tree.creates_file(parts):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return self._in_memory(tree, parts, b"", flags)

    def _in_memory(
        self, tree: VirtualTree, parts: Parts, content: bytes | Content, flags: int
    ) -> Handle:
        """A file in memory with the content of this moment: reads need no special case.

        What is too large for that has an empty one, for its number.
        """
        fd = os.memfd_create("lsfs", os.MFD_CLOEXEC)
        handle = Handle(fd, flags & ~os.O_TRUNC, parts=parts)
        if isinstance(content, bytes):
            with open(fd, "wb", closefd=False) as file:
                file.write(content)
        else:
            handle.content = content
        self._handles[fd] = handle
        self._trees[fd] = tree
        return handle

    def hand_over(self, handle: Handle) -> Deferred[None] | None:
        """Give what was written to a virtual file to those who act on it."""
        if not handle.dirty or handle.parts is None:
            return None
        handle.dirty = False
        parts, data = handle.parts, os.pread(handle.fd, LONGEST + 1, 0)
        tree = self._trees.get(handle.fd, self._tree)
        return Deferred(lambda: tree.write(parts, data))


def size_of(handle: Handle) -> int:
    """Bytes of an open virtual file."""
    return os.fstat(handle.fd).st_size if handle.content is None else handle.content.size


def check_length(handle: Handle, length: int) -> None:
    """Refuse what makes a question too long: until it is handed over it takes our memory."""
    if handle.parts is not None and length > LONGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
