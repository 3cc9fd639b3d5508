"""The tree of a mount, and what each operation on it does.

The tree is the source folder, entry for entry, plus one directory that no listing shows: the
virtual one. An entry is a :class:`~lsfs.fuse.nodes.Node`. A node of the source is one file with any
number of names, and stays that very file when they change (:mod:`lsfs.fuse.table`); a node of the
virtual directory is a path in :class:`~lsfs.fuse.virtual.VirtualTree`. What changes a file is noted
in the journal, once, here (:mod:`lsfs.fuse.noting` has how).

Nothing in this module knows how a request came or how the answer goes back; that is what the
transports are for. Refusals are ``OSError`` or ``LsfsError``. Operations on the source are answered
at once. Those on the virtual directory that need the index's process may take long, and return a
:class:`~lsfs.fuse.nodes.Deferred` instead of their result: a transport that can has it worked out
by another thread while it goes on serving files.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from collections.abc import Iterator
from typing import Protocol

from lsfs import paths
from lsfs.fuse import libc, source
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Change, Deferred, Found, Handle, Node
from lsfs.fuse.noting import Noting, changed
from lsfs.fuse.source import Caller, Entry, Source
from lsfs.fuse.table import Pin
from lsfs.fuse.views import Views
from lsfs.fuse.virtual import NodeKind, Parts, VirtualTree
from lsfs.fuse.virtual_files import MODE, VirtualFiles, check_length, size_of
from lsfs.versions.capture import Captures, TakesLong
from lsfs.versions.events import Op

MOUNT_ATTRIBUTE = paths.MOUNT_ATTRIBUTE.encode()
KEEP_SIZE = 1  # of fallocate: nothing but room is asked for
END = 1 << 63  # of any file
COPIED = 16 << 20  # bytes at most in one copy
_OWN_ATTRIBUTES = b"user.lsfs."
_ACCESS = os.O_WRONLY | os.O_RDWR


class Absent(Protocol):
    """Where the contents are that the source does not have."""

    def is_absent(self, found: os.stat_result) -> bool:
        """Whether a file of the source has no content yet."""
        ...

    def fetch(self, path: str) -> None:
        """Bring its content into the source."""
        ...


class Vfs(Noting):
    """The tree of one mount.

    All methods are called from one thread, except the work of a :class:`Deferred`.

    Args:
        folder: the source.
        tree: what the virtual directory contains, for its owner or for each user.
        changes: where changes are noted.
        captures: keeps contents before they go; None keeps nothing.
        absent: brings contents that are elsewhere, in a source that nobody changes here; None: all
            are in the source.
        virtual_name: the virtual directory's name at the root.
        mount_facts: what the extended attribute ``user.lsfs.mount`` of the root says.
    """

    def __init__(
        self,
        folder: Source,
        tree: VirtualTree | Views,
        changes: Changes,
        *,
        captures: Captures | None = None,
        absent: Absent | None = None,
        virtual_name: str = ".lsfs",
        mount_facts: bytes = b"{}",
    ) -> None:
        super().__init__(folder, changes, captures)
        self.views = tree if isinstance(tree, Views) else Views(tree)
        self._absent = absent
        self._facts = mount_facts
        self.virtual_name = os.fsencode(virtual_name)
        self.nodes = self.table.by_id
        self._virtual_files = VirtualFiles(self.views, self.handles, folder.root)

    @property
    def _tree(self) -> VirtualTree:
        """The virtual directory of whoever asks."""
        return self.views.now()

    def close(self) -> None:
        """Close all that is open. The source itself stays open."""
        self.views.close()
        for handle in list(self.handles.values()):
            _close(handle)
        self.handles.clear()
        self.table.close()

    # --- finding nodes

    def lookup(self, parent: Node, name: bytes) -> Found:
        """The entry ``name`` of a folder; referred to until :meth:`forget`."""
        if parent.parts is not None:
            return self._virtual((*parent.parts, os.fsdecode(name)))
        if parent is self.root and name == self.virtual_name:
            return self._virtual(())
        return self.table.find(parent, name)

    def adopt(self, handle: Handle, parent: Node, name: bytes) -> Found:
        """The node of a file that was just made, as :meth:`lookup` gives it.

        Args:
            parent, name: where it was made; an empty name for a file without one.
        """
        if handle.parts is not None:
            return self._virtual(handle.parts)
        stat = os.fstat(handle.fd)
        if name:
            node = self.table.refer(stat, parent, name)
        else:
            node = self.table.refer_nameless(stat, handle.fd)
        handle.belongs_to(node)
        return Found(node, stat)

    def _virtual(self, parts: Parts) -> Found:
        stat = self._virtual_files.stat(parts)
        return Found(self.table.refer_virtual(parts), stat)

    def is_steady(self, parts: Parts) -> bool:
        """Whether what is at a path of the virtual directory stays what it is, mostly."""
        return not self.views.is_shared and self._tree.is_steady(parts)

    def forget(self, node: Node, count: int = 1) -> bool:
        """References were given back; whether the node is now gone."""
        return self.table.forget(node, count)

    def walk(self, path: bytes) -> Node:
        """The node at a path, for callers that know paths only; use it in a ``with`` block.

        Args:
            path: absolute within the mount.
        """
        parts = self.virtual_parts(path)
        if parts is not None:
            return Node(0, -1, None, parts)
        if len(path) <= 1:
            return self.root
        return Node(0, self._source.pin(path[1:]), None)

    def walk_parent(self, path: bytes) -> tuple[Node, bytes]:
        """The folder that holds a path, and the last name of the path."""
        folder, _, name = path.rpartition(b"/")
        return self.walk(folder), name

    def virtual_parts(self, path: bytes) -> Parts | None:
        """The path below the virtual directory; None for a path of the source."""
        first, _, rest = path[1:].partition(b"/")
        if first != self.virtual_name:
            return None
        return tuple(os.fsdecode(rest).split("/")) if rest else ()

    # --- attributes

    def getattr(self, node: Node, handle: Handle | None = None) -> os.stat_result:
        """Attributes of a node, or of an open file."""
        if handle is not None:
            if handle.parts is not None:
                return self._virtual_files.stat(handle.parts, size_of(handle))
            stat = os.fstat(handle.fd)
        elif node.parts is not None:
            return self._virtual_files.stat(node.parts, self._virtual_files.size_open(node.parts))
        else:
            stat = self.table.stat(node)
        node.stat = stat
        return stat

    def statx(self, node: Node, handle: Handle | None, flags: int, mask: int) -> bytes | None:
        """``struct statx`` of a node's file, or of an open one; None where there is no file."""
        if node.parts is not None:
            return None
        with self._file(node, handle) as fd:
            return libc.statx(fd, flags, mask)

    def setattr(self, node: Node, change: Change, handle: Handle | None = None) -> None:
        """Change attributes of a node, or of an open file."""
        if node.parts is not None:
            # Programs set the times of what they have just written, and cut what they rewrite.
            if self._tree.creates_file(node.parts) and change.uid is change.gid is None:
                return
            raise _error(errno.EROFS)
        self._check_changes()
        if change.size is not None and handle is None:
            # Who has it open says so when it is cut. This one came by the name, which may be
            # another file's by now; of other changes the kernel does not say which it is.
            self.table.check_place(node)
        with self._file(node, handle) as fd:
            if change == Change():
                # Clear setuid and setgid: chown(-1, -1), or somebody changes an open file, maybe
                # past us (passthrough). Which of the two, and so whether they may, is not said.
                source.clear_set_id(fd)
            if change.mode is not None:
                source.set_mode(fd, change.mode)
            if change.uid is not None or change.gid is not None:
                uid = -1 if change.uid is None else change.uid
                libc.set_owner(fd, uid, -1 if change.gid is None else change.gid)
            if change.size is not None:
                self._resize(fd, change, handle)
            if change.times is not None:
                source.set_times(fd, change.times)
            if change.size is None and not self._is_written(node, handle, fd):
                self._note_node(Op.ATTRIBUTES, fd)
                self.keeping.dated(os.fstat(fd))

    def _is_written(self, node: Node, handle: Handle | None, fd: int) -> bool:
        """Whether a file is open and written to, so that its change is noted when it is closed."""
        guard = self.keeping.guard_of(os.fstat(fd))
        if guard is not None and guard.written:
            return True
        if handle is not None:
            return handle.dirty
        return any(self.handles[fd].dirty for fd in node.opened or ())

    def _file(self, node: Node, handle: Handle | None) -> Pin:
        """A descriptor of a file for a ``with`` block."""
        return self.table.pinned(node) if handle is None else Pin(handle.fd, kept=True)

    def _resize(self, fd: int, change: Change, handle: Handle | None) -> None:
        assert change.size is not None  # noqa: S101 - the caller looked
        if handle is not None:
            self._before_writing(handle, change.size)
            os.ftruncate(fd, change.size)
            handle.writes()
        else:
            self.keeping.before_cutting(fd, change.size)
            before = os.fstat(fd)
            lengthened = before.st_size <= change.size
            if lengthened and before.st_size:
                self._note_node(Op.APPENDING, fd)
            os.truncate(source.link_of(fd), change.size)
            self._noted(self.keeping.guard_of(os.fstat(fd)), os.fstat(fd))
            self._note_node(Op.WRITTEN, fd, appended=lengthened)
        if change.clear_set_id:
            source.clear_set_id(fd)

    def statfs(self, node: Node) -> dict[str, int]:
        """Size and free space of the file system that holds a node."""
        with self.table.pinned(self.root if node.parts is not None else node) as fd:
            return source.statfs(fd)

    # --- extended attributes

    def getxattr(self, node: Node, name: bytes) -> bytes:
        """The value of an extended attribute; of ours too, which no listing names."""
        if node is self.root and name == MOUNT_ATTRIBUTE:
            return self._facts
        if node.parts is not None:
            raise _error(errno.ENODATA)
        if name.startswith(_OWN_ATTRIBUTES):
            with self.table.pinned(node) as fd:
                path = self._source.path_of(fd)
            value = self._tree.attribute(os.fsdecode(path), os.fsdecode(name)) if path else None
            if value is not None:
                return value
        path, follow = self.table.path(node)
        return os.getxattr(path, name, follow_symlinks=follow)

    def listxattr(self, node: Node) -> bytes:
        """Names of the extended attributes of the real file, each with a zero byte behind it."""
        if node.parts is not None:
            return b""
        path, follow = self.table.path(node)
        names = os.listxattr(path, follow_symlinks=follow)
        return b"".join(os.fsencode(name) + b"\0" for name in names)

    def setxattr(self, node: Node, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute; ``flags`` are XATTR_CREATE and XATTR_REPLACE."""
        self._check_changes()
        with self.table.pinned(_real(node)) as fd:
            os.setxattr(source.link_of(fd), name, value, flags)

    def removexattr(self, node: Node, name: bytes) -> None:
        """Remove an extended attribute."""
        self._check_changes()
        with self.table.pinned(_real(node)) as fd:
            os.removexattr(source.link_of(fd), name)

    # --- folders

    def opendir(self, node: Node) -> int:
        """A descriptor to list a folder by; for a virtual one, one that lists nothing."""
        if node.parts is None:
            return source.open_folder(self.table.folder(node))
        self._tree.listing(node.parts)  # or the reason why not
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def entries(self, node: Node, fd: int) -> Iterator[Entry]:
        """The entries of an open folder from its beginning, without ``.`` and ``..``.

        The virtual directory is left out at the root, so that ``find``, ``grep -r``, ``du`` and
        backups do not descend into it.
        """
        if node.parts is not None:
            for name, found in self._tree.listing(node.parts):
                kind = modes.S_IFMT(MODE[found.kind])
                yield Entry(os.fsencode(name), found.inode, kind)
            return
        hidden = self.virtual_name if node is self.root else None
        for entry in source.entries(fd):
            if entry.name != hidden:
                yield entry

    def mkdir(self, parent: Node, name: bytes, mode: int, caller: Caller) -> Deferred[None] | None:
        """Make a folder; below ``search`` of the virtual directory, a query."""
        if parent.parts is not None:
            parts = (*parent.parts, os.fsdecode(name))
            tree = self._tree
            return Deferred(lambda: self._make_query(tree, parts))
        self._not_ours(parent, name, errno.EEXIST)
        source.make_folder(self.table.folder(parent), name, mode, caller)
        self._note_made(Op.MADE_DIR, parent, name)
        return None

    def _make_query(self, tree: VirtualTree, parts: Parts) -> None:
        tree.mkdir(parts)
        self._changes.nudge()

    def rmdir(self, parent: Node, name: bytes) -> Deferred[None] | None:
        """Remove an empty folder, or forget a query."""
        if parent.parts is not None:
            parts = (*parent.parts, os.fsdecode(name))
            tree = self._tree
            return Deferred(lambda: tree.rmdir(parts))
        self._not_ours(parent, name, errno.EROFS)
        self.table.hold(parent, name)
        os.rmdir(name, dir_fd=self.table.folder(parent))
        self._note_gone(Op.REMOVED_DIR, parent, name)
        return None

    # --- names

    def readlink(self, node: Node) -> bytes:
        """What a symbolic link says."""
        if node.parts is None:
            with self.table.pinned(node) as fd:
                return os.readlink(b"", dir_fd=fd)
        found = self._tree.lookup(node.parts)
        if found.kind is not NodeKind.LINK:
            raise _error(errno.EINVAL)
        return found.content or b""

    def mknod(self, parent: Node, name: bytes, mode: int, device: int, caller: Caller) -> None:
        """Make a file, FIFO, socket or device node."""
        self._not_ours(_real(parent), name, errno.EEXIST)
        source.make_node(self.table.folder(parent), name, mode, device, caller)
        if modes.S_IFMT(mode) in (0, modes.S_IFREG):
            self._note_made(Op.WRITTEN, parent, name)

    def symlink(self, parent: Node, name: bytes, target: bytes, caller: Caller) -> None:
        """Make a symbolic link that says ``target``."""
        self._not_ours(_real(parent), name, errno.EEXIST)
        source.make_link(self.table.folder(parent), name, target, caller)
        self._note_made(Op.MADE_LINK, parent, name, target)

    def link(self, node: Node, parent: Node, name: bytes) -> None:
        """Give a file the further name ``name`` in a folder."""
        self._not_ours(_real(parent), name, errno.EEXIST)
        with self.table.pinned(_real(node)) as fd:
            guard = self.keeping.guard_of(os.fstat(fd))
            libc.link(fd, self.table.folder(parent), name)
            if guard is not None:
                self._finish(guard)  # both names have the same version
            mode = os.fstat(fd).st_mode
            target = os.readlink(b"", dir_fd=fd) if modes.S_ISLNK(mode) else None
        if modes.S_ISREG(mode):
            self._note_made(Op.WRITTEN, parent, name)
        elif target is not None:
            self._note_made(Op.MADE_LINK, parent, name, target)

    def unlink(self, parent: Node, name: bytes) -> Deferred[None] | None:
        """Remove a name, or forget a question."""
        if parent.parts is not None:
            parts = (*parent.parts, os.fsdecode(name))
            tree = self._tree
            return Deferred(lambda: tree.unlink(parts))
        self._not_ours(parent, name, errno.EROFS)
        path = self._path_at(parent, name)
        with self._replacing(parent, name, path):
            self.table.hold(parent, name)
            os.unlink(name, dir_fd=self.table.folder(parent))
        self._changes.note(Op.REMOVED, path, who=self.keeping.who())
        return None

    def rename(self, old: Node, old_name: bytes, new: Node, new_name: bytes, flags: int) -> None:
        """Rename; ``flags`` as for ``renameat2``."""
        if old.parts and new.parts is None and self._tree.holds_files(old.parts):
            raise _error(errno.EXDEV)  # as from another disk, so that programs copy it
        self._not_ours(_real(old), old_name, errno.EROFS)
        self._not_ours(_real(new), new_name, errno.EROFS)
        if self._is_one_file(old, old_name, new, new_name):
            # To Linux as to POSIX that changes nothing, and both names stay.
            libc.rename(self.table.folder(old), old_name, self.table.folder(new), new_name, flags)
            return
        before, after = self._path_at(old, old_name), self._path_at(new, new_name)
        goes = not flags & (libc.RENAME_EXCHANGE | libc.RENAME_NOREPLACE)
        with self._replacing(new, new_name, after) if goes else contextlib.nullcontext():
            self.table.hold(new, new_name)
            libc.rename(self.table.folder(old), old_name, self.table.folder(new), new_name, flags)
        self.table.moved(old, old_name, new, new_name)
        op = Op.EXCHANGED if flags & libc.RENAME_EXCHANGE else Op.RENAMED
        state = self._state_at(new, new_name)
        self._changes.note(op, before, after, state=state, who=self.keeping.who())

    def _is_one_file(self, old: Node, old_name: bytes, new: Node, new_name: bytes) -> bool:
        before, after = self._state_at(old, old_name), self._state_at(new, new_name)
        if before is None or after is None:
            return False
        return (before.device, before.inode) == (after.device, after.inode)

    def _not_ours(self, parent: Node, name: bytes, code: int) -> None:
        """Refuse to put anything in the place of the virtual directory, or to remove it."""
        self._check_changes()
        if name == self.virtual_name and parent.fd == self.root.fd:
            raise _error(code)

    def _check_changes(self) -> None:
        """Refuse to change a source whose contents are elsewhere."""
        if self._absent is not None:
            raise _error(errno.EROFS)

    # --- open files

    def open(
        self, node: Node, flags: int, *, clear_set_id: bool = False
    ) -> Handle | Deferred[Handle]:
        """Open a file.

        Args:
            clear_set_id: it is cut by this, and the caller may not keep setuid and setgid bits.

        Raises:
            TakesLong: its content is elsewhere, and has to be brought first.
        """
        if node.parts is not None:
            return self._virtual_files.open(node.parts, flags)
        if flags & (_ACCESS | os.O_TRUNC):
            self._check_changes()
        if self._absent is not None:
            self._bring(node, self._absent)
        handle = Handle(self.table.open(node, flags), flags)
        handle.belongs_to(node)
        if clear_set_id and flags & os.O_TRUNC:
            source.clear_set_id(handle.fd)
        self._changes.opened(lambda: self._source.path_of(handle.fd))
        return self._keep(handle)

    def _bring(self, node: Node, absent: Absent) -> None:
        with self.table.pinned(node) as fd:
            if not absent.is_absent(os.fstat(fd)):
                return
            path = self._source.path_of(fd)
        if not path:
            raise _error(errno.ESTALE)
        raise TakesLong(lambda: absent.fetch(os.fsdecode(path)))

    def create(self, parent: Node, name: bytes, flags: int, mode: int, caller: Caller) -> Handle:
        """Make a file and open it; below ``ask`` of the virtual directory, one for a question."""
        if parent.parts is not None:
            return self._virtual_files.write((*parent.parts, os.fsdecode(name)), flags)
        self._not_ours(parent, name, errno.EEXIST)
        fd, new = source.create(self.table.folder(parent), name, flags & ~os.O_TRUNC, mode, caller)
        if not new and flags & os.O_TRUNC:  # it appeared behind the mount
            self.keeping.before_cutting(fd)
            os.truncate(source.link_of(fd), 0)
        return self._keep(Handle(fd, flags | os.O_WRONLY, new=new))

    def create_nameless(self, parent: Node, flags: int, mode: int, caller: Caller) -> Handle:
        """Make a file that has no name until it is linked."""
        self._check_changes()
        fd = source.create_nameless(self.table.folder(_real(parent)), flags, mode, caller)
        return self._keep(Handle(fd, flags, new=True))

    def _keep(self, handle: Handle) -> Handle:
        if handle.writable:
            stat = os.fstat(handle.fd)
            handle.opened = stat.st_mtime_ns, stat.st_size
            self.keeping.opened(handle, stat)
        self.handles[handle.fd] = handle
        return handle

    def write(self, handle: Handle, data: bytes | memoryview, offset: int, *, page: bool) -> int:
        """Write at ``offset``, or at the end of a file opened to append; gives the length.

        Args:
            page: a page of a mapping is written back, by whichever handle there is. On one that was
                opened with O_APPEND, Linux's pwrite ignores the offset, and the page would land at
                the end of the file: it goes through a descriptor without the flag.
        """
        check_length(handle, offset + len(data))
        self._before_writing(handle, END if handle.appending and not page else offset)
        handle.writes()
        if not (page and handle.appending):
            return os.pwrite(handle.fd, data, offset)
        plain = os.open(source.link_of(handle.fd), os.O_WRONLY | os.O_CLOEXEC)
        try:
            return os.pwrite(plain, data, offset)
        finally:
            os.close(plain)

    def flush(self, handle: Handle) -> Deferred[None] | None:
        """One of the handle's descriptors is being closed: report what closing would."""
        if handle.parts is not None:
            return self._virtual_files.hand_over(handle)
        os.close(os.dup(handle.fd))
        return None

    def fsync(self, handle: Handle, data_only: bool) -> None:
        """Bring a file's bytes to the disk."""
        (os.fdatasync if data_only else os.fsync)(handle.fd)

    def release(self, handle: Handle) -> None:
        """The last use of a handle has ended: close it, and note the file if it was written to."""
        del self.handles[handle.fd]
        if handle.node is not None and handle.node.opened is not None:
            handle.node.opened.discard(handle.fd)
        try:
            if handle.parts is None and handle.writable and (handle.dirty or changed(handle)):
                self._note_written(handle)
        finally:
            self.keeping.left(handle)
            _close(handle)

    def seek(self, handle: Handle, offset: int, whence: int) -> int:
        """The next data or hole at or after ``offset``."""
        if handle.content is None:
            return os.lseek(handle.fd, offset, whence)
        if not 0 <= offset < handle.content.size:
            raise _error(errno.ENXIO)
        return handle.content.size if whence == os.SEEK_HOLE else offset

    def allocate(self, handle: Handle, mode: int, offset: int, length: int) -> None:
        """Reserve, punch, zero or collapse a range."""
        check_length(handle, offset + length)
        self._before_writing(handle, 0 if mode & ~KEEP_SIZE else END)
        handle.writes()
        libc.allocate(handle.fd, mode, offset, length)

    def copy(self, origin: Handle, start: int, target: Handle, offset: int, length: int) -> int:
        """Copy between two open files without the bytes passing through here; gives how much.

        That may be less than was asked for: meanwhile everybody else waits.
        """
        check_length(target, offset + length)
        if origin.content is not None:
            raise _error(errno.EXDEV)  # the kernel reads and writes instead
        self._before_writing(target, offset)
        target.writes()
        return os.copy_file_range(origin.fd, target.fd, min(length, COPIED), start, offset)


def _close(handle: Handle) -> None:
    os.close(handle.fd)
    if handle.content is not None:
        handle.content.close()


def _real(node: Node) -> Node:
    """The node, if it is of the source: nothing in the virtual directory can be changed."""
    if node.parts is not None:
        raise _error(errno.EROFS)
    return node


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
