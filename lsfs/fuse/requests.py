"""What each request of the kernel's FUSE protocol asks for: decoded, done by the tree, encoded.

One method for each opcode. A request is refused by raising ``OSError`` or ``LsfsError``; what the
tree defers is passed on as a :class:`~lsfs.fuse.nodes.Deferred` answer.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat as modes
from collections.abc import Callable, Iterator

from lsfs.fuse import protocol, source
from lsfs.fuse.locks import Locks
from lsfs.fuse.nodes import Change, Deferred, Found, Handle, Node
from lsfs.fuse.notices import Notices
from lsfs.fuse.passthrough import Passthrough
from lsfs.fuse.protocol import Opcode, Open, Set
from lsfs.fuse.source import Caller, Entry
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import Parts

MAX_WRITE = 1 << 20
WATCHED = (60, 0)  # how long the kernel may keep what it hears the changes of


class Request:
    """What is asked, by whom, of which node."""

    __slots__ = ("body", "gid", "node", "opcode", "pid", "uid", "unique")

    def __init__(
        self, opcode: int, unique: int, node: int, uid: int, gid: int, pid: int, body: memoryview
    ) -> None:
        self.opcode = opcode
        self.unique = unique
        self.node = node
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.body = body

    def kept(self) -> Request:
        """The same with a body of its own, that the next request does not overwrite."""
        body = memoryview(bytes(self.body))
        return Request(self.opcode, self.unique, self.node, self.uid, self.gid, self.pid, body)

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return Caller(self.uid, self.gid, self.pid)

    def name(self, begin: int = 0) -> bytes:
        """The name that the rest of the body is."""
        return bytes(self.body[begin:-1])

    def names(self, begin: int = 0) -> tuple[bytes, bytes]:
        """The two names that the rest of the body is."""
        first, _, second = bytes(self.body[begin:-1]).partition(b"\0")
        return first, second


Payload = bytes | memoryview
# None: the kernel expects no answer, or gets it later.
Handler = Callable[[Request], "Payload | Deferred[Payload] | None"]


class _Listing:
    """An open folder: its names so far, read on as far as they are asked for."""

    __slots__ = ("entries", "fd", "more", "node")

    def __init__(self, fd: int, node: Node) -> None:
        self.fd = fd
        self.node = node
        self.entries: list[Entry] = []
        self.more: Iterator[Entry] = iter(())


class Requests:
    """The answers of one mount.

    Args:
        vfs: the tree.
        passthrough: files that the kernel reads itself.
        locks: locks on files of the source.
        notices: told which folders the kernel looks into, and says whose changes it hears of.
        timeout_s: how long the kernel may keep names and attributes whose changes it does not hear
            of, in seconds.
        locked: answers a request, given its number, by which a lock on a node was set.
    """

    def __init__(
        self,
        vfs: Vfs,
        passthrough: Passthrough,
        locks: Locks,
        notices: Notices,
        *,
        timeout_s: float,
        locked: Callable[[int, int], None],
    ) -> None:
        self._notices = notices
        self._locked = locked
        self._vfs = vfs
        self._passthrough = passthrough
        self._locks = locks
        self._short = int(timeout_s), int(timeout_s % 1 * 10**9)
        self._long = WATCHED if timeout_s else self._short  # 0: the kernel is to ask each time
        self._listings: dict[int, _Listing] = {}
        self._room = bytearray(MAX_WRITE)
        self.handlers = self._table()
        self.asked: tuple[int, int] = (0, 0)  # user and process of the request in hand
        self.asked_group = 0
        vfs.keeping.asker = lambda: self.asked
        vfs.views.asker = lambda: (self.asked[0], self.asked_group, self.asked[1])

    def _table(self) -> dict[int, Handler]:
        return {
            Opcode.LOOKUP: self._lookup,
            Opcode.FORGET: self._forget,
            Opcode.GETATTR: self._getattr,
            Opcode.SETATTR: self._setattr,
            Opcode.READLINK: self._readlink,
            Opcode.SYMLINK: self._symlink,
            Opcode.MKNOD: self._mknod,
            Opcode.MKDIR: self._mkdir,
            Opcode.UNLINK: self._unlink,
            Opcode.RMDIR: self._rmdir,
            Opcode.RENAME: self._rename,
            Opcode.LINK: self._link,
            Opcode.OPEN: self._open,
            Opcode.READ: self._read,
            Opcode.WRITE: self._write,
            Opcode.STATFS: self._statfs,
            Opcode.RELEASE: self._release,
            Opcode.FSYNC: self._fsync,
            Opcode.SETXATTR: self._setxattr,
            Opcode.GETXATTR: self._getxattr,
            Opcode.LISTXATTR: self._listxattr,
            Opcode.REMOVEXATTR: self._removexattr,
            Opcode.FLUSH: self._flush,
            Opcode.OPENDIR: self._opendir,
            Opcode.READDIR: self._readdir,
            Opcode.RELEASEDIR: self._releasedir,
            Opcode.FSYNCDIR: self._fsyncdir,
            Opcode.GETLK: self._getlk,
            Opcode.SETLK: self._setlk,
            Opcode.SETLKW: self._setlkw,
            Opcode.CREATE: self._create,
            Opcode.BATCH_FORGET: self._batch_forget,
            Opcode.FALLOCATE: self._fallocate,
            Opcode.READDIRPLUS: self._readdirplus,
            Opcode.RENAME2: self._rename2,
            Opcode.LSEEK: self._lseek,
            Opcode.COPY_FILE_RANGE: self._copy_file_range,
            Opcode.TMPFILE: self._tmpfile,
            Opcode.STATX: self._statx,
            Opcode.COPY_FILE_RANGE_64: self._copy_file_range_64,
        }

    # --- nodes

    def _node(self, number: int) -> Node:
        try:
            return self._vfs.nodes[number]
        except KeyError:
            raise OSError(errno.ESTALE, "") from None

    def _handle(self, number: int) -> Handle:
        try:
            return self._vfs.handles[number]
        except KeyError:
            raise OSError(errno.EBADF, "") from None

    def _listing(self, number: int) -> _Listing:
        try:
            return self._listings[number]
        except KeyError:
            raise OSError(errno.EBADF, "") from None

    def _entry(self, found: Found) -> bytes:
        node, stat = found
        if node.parts is not None:
            valid = self._virtual_valid(node.parts)
            return protocol.entry_out(node.id, stat, valid, valid)
        name_valid = self._long if self._notices.covers(node.parent) else self._short
        return protocol.entry_out(node.id, stat, name_valid, self._attr_valid(node, stat))

    def _attr(self, node: Node, stat: os.stat_result) -> bytes:
        if node.parts is not None:
            return protocol.attr_out(stat, self._virtual_valid(node.parts))
        return protocol.attr_out(stat, self._attr_valid(node, stat))

    def _virtual_valid(self, parts: Parts) -> protocol.Span:
        """What is virtual changes with the index, and costs nothing to look up; the past does not
        change, and `ls -l` in it would look up each folder on the way for each entry."""
        return self._short if self._vfs.is_steady(parts) else (0, 0)

    def _attr_valid(self, node: Node, stat: os.stat_result) -> protocol.Span:
        """How long the kernel may keep attributes: long where it hears of every change."""
        if modes.S_ISDIR(stat.st_mode):
            told = self._notices.covers(node)
        else:
            told = stat.st_nlink == 1 and self._notices.covers(node.parent)
        return self._long if told else self._short

    def _lookup(self, request: Request) -> bytes:
        parent = self._node(request.node)
        self._notices.watch(parent)
        return self._entry(self._vfs.lookup(parent, request.name()))

    def _forget(self, request: Request) -> None:
        self._let_go(request.node, protocol.U64.unpack_from(request.body)[0])

    def _batch_forget(self, request: Request) -> None:
        count, _ = protocol.BATCH_FORGET_IN.unpack_from(request.body)
        for number in range(count):
            self._let_go(*protocol.FORGET_ONE.unpack_from(request.body, 8 + 16 * number))

    def _let_go(self, number: int, count: int) -> None:
        node = self._vfs.nodes.get(number)
        if node is not None and self._vfs.forget(node, count):
            self._notices.forget(number)

    # --- attributes

    def _getattr(self, request: Request) -> bytes:
        flags, _, fh = protocol.GETATTR_IN.unpack_from(request.body)
        node = self._node(request.node)
        handle = self._vfs.handles.get(fh) if flags & protocol.GETATTR_HANDLE else None
        return self._attr(node, self._vfs.getattr(node, handle))

    def _statx(self, request: Request) -> bytes:
        flags, _, fh, statx_flags, mask = protocol.STATX_IN.unpack_from(request.body)
        node = self._node(request.node)
        handle = self._vfs.handles.get(fh) if flags & protocol.GETATTR_HANDLE else None
        found = self._vfs.statx(node, handle, statx_flags, mask)
        if found is None:
            found = protocol.statx_of(self._vfs.getattr(node, handle))
        return protocol.statx_out(found, (0, 0))

    def _setattr(self, request: Request) -> bytes:
        (valid, _, fh, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid, gid, _) = (
            protocol.SETATTR_IN.unpack_from(request.body)
        )
        node = self._node(request.node)
        handle = self._vfs.handles.get(fh) if valid & Set.HANDLE else None
        change = Change(
            mode=mode if valid & Set.MODE else None,
            uid=uid if valid & Set.UID else None,
            gid=gid if valid & Set.GID else None,
            size=size if valid & Set.SIZE else None,
            times=protocol.times_of(valid, atime, mtime, atime_ns, mtime_ns),
            clear_set_id=bool(valid & Set.KILL_SUIDGID),
        )
        if change == Change() and handle is None:
            self._check_clearing(node, request.uid)
        self._vfs.setattr(node, change, handle)
        if change.size is not None and handle is None:
            self._keep_passed(request.node)
        return self._attr(node, self._vfs.getattr(node, handle))

    def _check_clearing(self, node: Node, uid: int) -> None:
        """A change of nothing clears setuid and setgid bits: somebody writes past us, who may, or
        says chown(-1, -1), which only the owner may. Which of the two is not said."""
        if node.parts is not None or node.writers or uid == 0:
            return
        stat = self._vfs.getattr(node)
        if uid != stat.st_uid and stat.st_mode & (modes.S_ISUID | modes.S_ISGID):
            raise OSError(errno.EPERM, "")

    def _statfs(self, request: Request) -> bytes:
        return protocol.statfs_out(self._vfs.statfs(self._node(request.node)))

    # --- extended attributes

    def _getxattr(self, request: Request) -> bytes:
        (size,) = protocol.U32_PAIR.unpack_from(request.body)[:1]
        return _sized(self._vfs.getxattr(self._node(request.node), request.name(8)), size)

    def _listxattr(self, request: Request) -> bytes:
        (size,) = protocol.U32_PAIR.unpack_from(request.body)[:1]
        return _sized(self._vfs.listxattr(self._node(request.node)), size)

    def _setxattr(self, request: Request) -> bytes:
        size, flags = protocol.XATTR_IN.unpack_from(request.body)
        rest = bytes(request.body[protocol.XATTR_IN.size :])
        cut = rest.index(b"\0")
        value = rest[cut + 1 : cut + 1 + size]
        self._vfs.setxattr(self._node(request.node), rest[:cut], value, flags)
        return b""

    def _removexattr(self, request: Request) -> bytes:
        self._vfs.removexattr(self._node(request.node), request.name())
        return b""

    # --- folders

    def _opendir(self, request: Request) -> bytes:
        node = self._node(request.node)
        self._notices.watch(node)
        fd = self._vfs.opendir(node)
        self._listings[fd] = _Listing(fd, node)
        # A listing that the kernel hears the changes of it may keep, and need not ask for again.
        kept = self._notices.covers(node)
        return protocol.open_out(fd, Open.CACHE_DIR | Open.KEEP_CACHE if kept else 0)

    def _releasedir(self, request: Request) -> bytes:
        (fd,) = protocol.U64.unpack_from(request.body)
        del self._listings[self._listing(fd).fd]
        os.close(fd)
        return b""

    def _fsyncdir(self, request: Request) -> bytes:
        fd, flags = protocol.FSYNC_IN.unpack_from(request.body)
        if self._listing(fd).node.parts is None:
            (os.fdatasync if flags & protocol.FSYNC_DATA else os.fsync)(fd)
        return b""

    def _listed(self, request: Request) -> tuple[_Listing, int, int]:
        """The folder that is listed, from which name on, and the room for the answer in bytes."""
        fd, offset, size = protocol.READ_IN.unpack_from(request.body)
        listing = self._listing(fd)
        if offset == 0:
            node = listing.node
            listing.more = self._vfs.entries(node, fd)
            listing.entries = [Entry(name, 0, modes.S_IFDIR) for name in (b".", b"..")]
        return listing, offset, size

    @staticmethod
    def _from(listing: _Listing, position: int) -> Iterator[Entry]:
        """The names of a listing from a position on."""
        entries = listing.entries
        yield from entries[position:]
        missing = position - len(entries)
        for entry in listing.more:
            entries.append(entry)
            missing -= 1
            if missing < 0:
                yield entry

    def _readdir(self, request: Request) -> bytes:
        listing, offset, room = self._listed(request)
        parts = []
        for entry in self._from(listing, offset):
            offset += 1
            part = protocol.dirent(entry, offset)
            room -= len(part)
            if room < 0:
                break
            parts.append(part)
        return b"".join(parts)

    def _readdirplus(self, request: Request) -> bytes:
        listing, offset, room = self._listed(request)
        parts: list[bytes] = []
        for entry in self._from(listing, offset):
            room -= protocol.dirent_size(entry.name) + protocol.ENTRY_SIZE
            if room < 0:
                break
            offset += 1
            # A name without attributes is looked up when it is wanted: so are . and .., and what
            # has just been removed.
            about = protocol.NO_ENTRY
            if offset > 2:
                with contextlib.suppress(OSError):
                    about = self._entry(self._vfs.lookup(listing.node, entry.name))
            parts += (about, protocol.dirent(entry, offset))
        return b"".join(parts)

    def _mkdir(self, request: Request) -> bytes | Deferred[Payload]:
        mode, _ = protocol.MKDIR_IN.unpack_from(request.body)
        parent, name = self._node(request.node), request.name(protocol.MKDIR_IN.size)
        made = self._vfs.mkdir(parent, name, mode, request.caller)
        if made is None:
            return self._entry(self._vfs.lookup(parent, name))
        found = made.then(lambda _: self._vfs.lookup(parent, name))
        return found.then(self._entry, let_go=lambda found: self._vfs.forget(found.node))

    def _rmdir(self, request: Request) -> bytes | Deferred[Payload]:
        return _nothing(self._vfs.rmdir(self._node(request.node), request.name()))

    # --- names

    def _readlink(self, request: Request) -> bytes:
        return self._vfs.readlink(self._node(request.node))

    def _symlink(self, request: Request) -> bytes:
        name, target = request.names()
        parent = self._node(request.node)
        self._vfs.symlink(parent, name, target, request.caller)
        return self._entry(self._vfs.lookup(parent, name))

    def _mknod(self, request: Request) -> bytes:
        mode, dev, _, _ = protocol.MKNOD_IN.unpack_from(request.body)
        parent, name = self._node(request.node), request.name(protocol.MKNOD_IN.size)
        self._vfs.mknod(parent, name, mode, dev, request.caller)
        return self._entry(self._vfs.lookup(parent, name))

    def _link(self, request: Request) -> bytes:
        (number,) = protocol.LINK_IN.unpack_from(request.body)
        parent, name = self._node(request.node), request.name(protocol.LINK_IN.size)
        self._vfs.link(self._node(number), parent, name)
        self._keep_passed(number)
        return self._entry(self._vfs.lookup(parent, name))

    def _unlink(self, request: Request) -> bytes | Deferred[Payload]:
        return _nothing(self._vfs.unlink(self._node(request.node), request.name()))

    def _rename(self, request: Request) -> bytes:
        (number,) = protocol.RENAME_IN.unpack_from(request.body)
        return self._renamed(request, number, protocol.RENAME_IN.size, 0)

    def _rename2(self, request: Request) -> bytes:
        number, flags, _ = protocol.RENAME2_IN.unpack_from(request.body)
        return self._renamed(request, number, protocol.RENAME2_IN.size, flags)

    def _renamed(self, request: Request, number: int, begin: int, flags: int) -> bytes:
        old, new = request.names(begin)
        self._vfs.rename(self._node(request.node), old, self._node(number), new, flags)
        return b""

    # --- open files

    def _open(self, request: Request) -> bytes | Deferred[Payload]:
        flags, open_flags = protocol.OPEN_IN.unpack_from(request.body)
        node = self._node(request.node)
        opened = self._vfs.open(
            node, flags, clear_set_id=bool(open_flags & protocol.OPEN_KILL_SUIDGID)
        )
        if isinstance(opened, Deferred):
            return opened.then(lambda handle: self._opened(node, handle), let_go=self._vfs.release)
        return self._opened(node, opened)

    def _opened(self, node: Node, handle: Handle) -> bytes:
        if handle.parts is not None:
            # Generated content may be longer than the size that the kernel has cached.
            return protocol.open_out(handle.fd, Open.DIRECT_IO)
        if self._passthrough.has(node.id):
            try:
                self._vfs.keeping.keep(handle)  # its mappings write past us
            except BaseException:
                self._vfs.release(handle)
                raise
        node.writers += handle.writable
        how, backing = self._passthrough.begin(node, handle)
        if not handle.writable and not self._locks.on(node.id):
            # There is nothing to report at close, unless record locks end there.
            how |= Open.NOFLUSH
        return protocol.open_out(handle.fd, how, backing)

    def _create(self, request: Request) -> bytes:
        flags, mode, _, _ = protocol.CREATE_IN.unpack_from(request.body)
        name = request.name(protocol.CREATE_IN.size)
        parent = self._node(request.node)
        handle = self._vfs.create(parent, name, flags, mode, request.caller)
        return self._made(handle, parent, name)

    def _tmpfile(self, request: Request) -> bytes:
        flags, mode, _, _ = protocol.CREATE_IN.unpack_from(request.body)
        parent = self._node(request.node)
        handle = self._vfs.create_nameless(parent, flags, mode, request.caller)
        return self._made(handle, parent, b"")

    def _made(self, handle: Handle, parent: Node, name: bytes) -> bytes:
        try:
            found = self._vfs.adopt(handle, parent, name)
        except OSError:
            self._vfs.release(handle)
            raise
        return self._entry(found) + self._opened(found.node, handle)

    def _read(self, request: Request) -> Payload | Deferred[Payload]:
        fh, offset, size = protocol.READ_IN.unpack_from(request.body)
        content = self._handle(fh).content  # nothing else that this process has open can be read
        if content is not None:
            return Deferred(lambda: content.read(offset, size))
        room = self._room
        if size > len(room):
            return os.pread(fh, size, offset)
        view = memoryview(room)[:size]
        return view[: os.preadv(fh, [view], offset)]

    def _write(self, request: Request) -> bytes:
        fh, offset, size, flags, _, _, _ = protocol.WRITE_IN.unpack_from(request.body)
        handle = self._handle(fh)
        begin = protocol.WRITE_IN.size
        if flags & protocol.WRITE_KILL_SUIDGID:
            source.clear_set_id(fh)
        done = self._vfs.write(
            handle,
            request.body[begin : begin + size],
            offset,
            page=bool(flags & protocol.WRITE_PAGE),
        )
        return protocol.U32_PAIR.pack(done, 0)

    def _flush(self, request: Request) -> bytes | Deferred[Payload]:
        fh, _, _, owner = protocol.FLUSH_IN.unpack_from(request.body)
        self._locks.drop(request.node, owner)
        return _nothing(self._vfs.flush(self._handle(fh)))

    def _fsync(self, request: Request) -> bytes:
        fh, flags = protocol.FSYNC_IN.unpack_from(request.body)
        self._vfs.fsync(self._handle(fh), bool(flags & protocol.FSYNC_DATA))
        return b""

    def _release(self, request: Request) -> bytes:
        fh, _, flags, _ = protocol.RELEASE_IN.unpack_from(request.body)
        handle = self._handle(fh)
        if flags & protocol.RELEASE_FLOCK_UNLOCK:
            # Closing is not enough: as a backing file of others, this open file may live on.
            self._locks.flock(fh, fcntl.F_UNLCK)
        self._passthrough.end(request.node, handle)
        self._locks.closed(request.node, fh)
        if handle.writable and handle.parts is None:
            node = self._node(request.node)
            node.writers -= 1
            self._vfs.getattr(node, handle)  # so that our own writing is no surprise
        self._vfs.release(handle)
        self._keep_passed(request.node)
        return b""

    def _keep_passed(self, node: int) -> None:
        """A file may be a version by now: keep it if others may overwrite it past us."""
        if self._passthrough.has(node):
            self._vfs.keep_open(self._node(node))

    def _fallocate(self, request: Request) -> bytes:
        fh, offset, length, mode, _ = protocol.FALLOCATE_IN.unpack_from(request.body)
        self._vfs.allocate(self._handle(fh), mode, offset, length)
        return b""

    def _lseek(self, request: Request) -> bytes:
        fh, offset, whence = protocol.LSEEK_IN.unpack_from(request.body)
        return protocol.U64.pack(self._vfs.seek(self._handle(fh), offset, whence))

    def _copy_file_range(self, request: Request) -> bytes:
        return protocol.U32_PAIR.pack(self._copied(request), 0)

    def _copy_file_range_64(self, request: Request) -> bytes:
        return protocol.U64.pack(self._copied(request))

    def _copied(self, request: Request) -> int:
        fh, start, _, to_fh, offset, length, _ = protocol.COPY_IN.unpack_from(request.body)
        return self._vfs.copy(self._handle(fh), start, self._handle(to_fh), offset, length)

    # --- locks

    def _getlk(self, request: Request) -> bytes:
        fh, owner, start, end, kind, pid, _, _ = protocol.LOCK_IN.unpack_from(request.body)
        self._handle(fh)
        found = self._locks.conflict(request.node, owner, fh, (kind, start, end, pid))
        return protocol.LOCK_OUT.pack(found[1], found[2], found[0], found[3])

    def _setlk(self, request: Request) -> bytes | None:
        fh, owner, start, end, kind, pid, flags, _ = protocol.LOCK_IN.unpack_from(request.body)
        self._handle(fh)
        if flags & protocol.LOCK_FLOCK:
            self._locks.flock(fh, kind)
        else:
            self._locks.set(request.node, owner, fh, (kind, start, end, pid))
        if kind == fcntl.F_UNLCK:
            return b""
        self._locked(request.unique, request.node)
        return None

    def _setlkw(self, request: Request) -> bytes | None:
        """The same, but waiting: tried again until it is free, while the loop goes on."""
        try:
            return self._setlk(request)
        except BlockingIOError:
            fh, owner, start, end, kind, pid, flags, _ = protocol.LOCK_IN.unpack_from(request.body)
            range_ = (kind, start, end, pid)
            unique, node = request.unique, request.node
            if flags & protocol.LOCK_FLOCK:
                self._locks.wait(unique, node, lambda: self._locks.flock(fh, kind))
            else:
                self._locks.wait(unique, node, lambda: self._locks.set(node, owner, fh, range_))
            return None


def _nothing(result: Deferred[None] | None) -> bytes | Deferred[Payload]:
    """An answer without content, now or later."""
    return b"" if result is None else result.then(lambda _: b"")


def _sized(value: bytes, size: int) -> bytes:
    """Answer a question for an extended attribute: its length alone when no room was given."""
    if not size:
        return protocol.U32_PAIR.pack(len(value), 0)
    if len(value) > size:
        raise OSError(errno.ERANGE, "")
    return value
