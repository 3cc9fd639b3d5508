"""Connects ``Operations`` to libfuse, through mfusepy (libfuse 3) or fusepy (libfuse 2).

Both bindings call the methods of their class ``FUSE`` with what libfuse passed: bytes, sizes and
pointers. Here those methods are replaced, all of them, which mends what the bindings lose on the
way to an operations class:

- mfusepy drops the flags of rename: RENAME_EXCHANGE became a plain rename, and a file was lost.
- mfusepy drops the file handle of truncate, chmod, chown and utimens, so they failed with EINVAL
  on files without a path.
- both fold UTIME_NOW and UTIME_OMIT into seconds * 1e9 + nanoseconds, where they look like times.
- fusepy decodes names as strict UTF-8 and answers EINVAL to all others. Names stay bytes here.
- fusepy's wrapper is a static method that uses ``self``: one KeyboardInterrupt and it raises
  NameError inside a callback, which C reads as success.

The hot ones (getattr, read, write, getxattr, readdir) let the kernel write into libfuse's buffers
instead of building Python objects. What fusepy cannot do whatever is replaced: libfuse 2 has no
rename flags (the kernel refuses EXCHANGE and NOREPLACE with EINVAL, nothing is lost), no lseek
(holes are invisible), no copy_file_range, and its structure of operations ends before fallocate.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from lsfs.errors import LsfsError, UsageError
from lsfs.fuse import libc
from lsfs.fuse.operations import Attributes, Operations, attributes
from lsfs.fuse.source import Caller, link_of

log = logging.getLogger("lsfs.fuse")

TRANSPORTS = ("mfusepy", "fusepy")

_NO_ID = 0xFFFFFFFF  # (uid_t) -1: leave it as it is
_CAP_HANDLE_KILLPRIV = 1 << 20
_CAPS_READDIRPLUS = 1 << 13 | 1 << 14

_TimesPointer = ctypes.POINTER(ctypes.c_long * 4)


class _Slots:
    """The callbacks whose C signature is the same in libfuse 2 and 3.

    Mixed in front of a binding's ``FUSE``, so that every name here replaces the binding's.
    """

    operations: Operations
    binding: ModuleType
    ready: Callable[[], None]

    def _wrapper(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Run one callback; the one place where an error becomes a number for the kernel."""
        try:
            unlinked = self.operations.unlinked
            if unlinked.pending is not None and not function.__name__.startswith("rename"):
                unlinked.sweep()
            return function(*arguments) or 0
        except OSError as error:
            return -(error.errno or errno.EIO)
        except LsfsError as error:
            log.debug("%s: %s", function.__name__, error.message)
            return -error.errno
        except BaseException:
            # What escapes from a ctypes callback is printed, and C reads the result as 0: success.
            log.exception("%s failed", function.__name__)
            return -errno.EIO

    def _fill(self, buffer: Any, found: Attributes) -> None:
        ctypes.memset(buffer, 0, ctypes.sizeof(buffer.contents))
        self.binding.set_st_attrs(buffer.contents, found, use_ns=True)

    def _getattr(self, path: bytes | None, buffer: Any, info: Any) -> int:
        operations = self.operations
        if info:
            fd = info.contents.fh
            if libc.fstat is None or operations.vfs.handles[fd].parts is not None:
                self._fill(buffer, operations.getattr(path, fd))
                return 0
            return -ctypes.get_errno() if libc.fstat(fd, buffer) else 0
        with operations.node(path) as node:
            if libc.fstat is None or node.parts is not None:
                self._fill(buffer, attributes(operations.vfs.getattr(node)))
                return 0
            return -ctypes.get_errno() if libc.fstat(node.fd, buffer) else 0

    def readlink(self, path: bytes, buffer: Any, size: int) -> int:
        target = self.operations.readlink(path)[: size - 1] + b"\0"
        ctypes.memmove(buffer, target, len(target))
        return 0

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        self.operations.mknod(path, mode, device)

    def mkdir(self, path: bytes, mode: int) -> None:
        self.operations.mkdir(path, mode)

    def unlink(self, path: bytes) -> None:
        self.operations.unlink(path)

    def rmdir(self, path: bytes) -> None:
        self.operations.rmdir(path)

    def symlink(self, target: bytes, path: bytes) -> None:
        self.operations.symlink(path, target)

    def link(self, old: bytes, new: bytes) -> None:
        self.operations.link(old, new)

    def open(self, path: bytes, info: Any) -> int:
        file = info.contents
        file.fh = self.operations.open(path, file.flags)
        if self.operations.vfs.handles[file.fh].parts is not None:
            # Generated content may be longer than the size that the kernel has cached.
            file.direct_io = 1
        return 0

    def create(self, path: bytes, mode: int, info: Any) -> int:
        file = info.contents
        file.fh = self.operations.create(path, mode, file.flags)
        if self.operations.vfs.handles[file.fh].parts is not None:
            file.direct_io = 1
        return 0

    def read(self, path: bytes | None, buffer: Any, size: int, offset: int, info: Any) -> int:
        fh = info.contents.fh
        content = self.operations.vfs.handles[fh].content
        if content is not None:
            data = content.read(offset, size)
            ctypes.memmove(buffer, data, len(data))
            return len(data)
        done = libc.pread(fh, buffer, size, offset)
        return done if done >= 0 else -ctypes.get_errno()

    def write(self, path: bytes | None, buffer: Any, size: int, offset: int, info: Any) -> int:
        file = info.contents
        fh = file.fh
        handle = self.operations.vfs.handles[fh]
        guard = handle.guard
        destroys = guard is not None and (offset < guard.size or not guard.written)
        if file.writepage or handle.parts is not None or destroys:
            page = bool(file.writepage)
            return self.operations.write(ctypes.string_at(buffer, size), offset, fh, page=page)
        handle.dirty = True
        done = libc.pwrite(fh, buffer, size, offset)
        return done if done >= 0 else -ctypes.get_errno()

    def statfs(self, path: bytes, buffer: Any) -> int:
        for name, value in self.operations.statfs(path).items():
            setattr(buffer.contents, name, value)
        return 0

    def flush(self, path: bytes | None, info: Any) -> None:
        self.operations.flush(info.contents.fh)

    def release(self, path: bytes | None, info: Any) -> None:
        self.operations.release(path, info.contents.fh)

    def fsync(self, path: bytes | None, datasync: int, info: Any) -> None:
        self.operations.fsync(datasync, info.contents.fh)

    def setxattr(self, path: bytes, name: bytes, value: Any, size: int, flags: int) -> None:
        self.operations.setxattr(path, name, ctypes.string_at(value, size), flags)

    def getxattr(self, path: bytes, name: bytes, buffer: Any, size: int) -> int:
        operations = self.operations
        if name.startswith(b"user.lsfs."):
            return _give(operations.getxattr(path, name), buffer, size)
        with operations.node(path) as node:
            if node.parts is not None:
                return -errno.ENODATA
            # Before each write the kernel asks for security.capability: as hot as writing.
            length = libc.getxattr(link_of(node.fd), name, buffer, size)
            return length if length >= 0 else -ctypes.get_errno()

    def listxattr(self, path: bytes, buffer: Any, size: int) -> int:
        return _give(self.operations.listxattr(path), buffer, size)

    def removexattr(self, path: bytes, name: bytes) -> None:
        self.operations.removexattr(path, name)

    def opendir(self, path: bytes, info: Any) -> int:
        info.contents.fh = self.operations.opendir(path)
        return 0

    def releasedir(self, path: bytes | None, info: Any) -> None:
        self.operations.releasedir(path, info.contents.fh)

    def fsyncdir(self, path: bytes | None, datasync: int, info: Any) -> None:
        self.operations.fsyncdir(path, datasync, info.contents.fh)

    def destroy(self, private: Any) -> None:
        self.operations.destroy()

    def _list(self, path: bytes | None, add: Callable[[bytes, Any], int], fh: int) -> None:
        """Hand the names of a folder to ``add`` until it says (not 0) that it has no room."""
        entry = self.binding.c_stat()
        pointer = ctypes.pointer(entry)
        if add(b".", None) or add(b"..", None):
            return
        for item in self.operations.readdir(path, fh):
            entry.st_mode, entry.st_ino = item.kind, item.inode
            if add(item.name, pointer):
                return


class Slots3(_Slots):
    """The callbacks of libfuse 3, for mfusepy."""

    def init_fuse_3(self, connection: Any, config: Any) -> None:
        config.contents.use_ino = 1
        # With this the kernel leaves it to us to clear setuid and setgid bits when somebody else
        # writes to a file or truncates it; as root our own writes would never clear them.
        # And without readdirplus: attributes with every name make a plain listing cost twice as
        # much, and `ls -lR` was no faster for it.
        connection.contents.want &= ~(_CAP_HANDLE_KILLPRIV | _CAPS_READDIRPLUS)
        self.ready()

    def getattr_fuse_3(self, path: bytes | None, buffer: Any, info: Any) -> int:
        return self._getattr(path, buffer, info)

    def rename_fuse_3(self, old: bytes, new: bytes, flags: int) -> None:
        self.operations.rename(old, new, flags)

    def chmod_fuse_3(self, path: bytes | None, mode: int, info: Any) -> None:
        self.operations.chmod(path, mode, _handle(info))

    def chown_fuse_3(self, path: bytes | None, uid: int, gid: int, info: Any) -> None:
        self.operations.chown(path, _id(uid), _id(gid), _handle(info))

    def truncate_fuse_3(self, path: bytes | None, length: int, info: Any) -> None:
        self.operations.truncate(path, length, _handle(info))

    def utimens_fuse_3(self, path: bytes | None, times: Any, info: Any) -> None:
        self.operations.utimens(path, _times(times), _handle(info))

    def readdir_fuse_3(
        self, path: bytes | None, buffer: Any, fill: Any, offset: int, info: Any, flags: int
    ) -> int:
        self._list(path, lambda name, entry: int(fill(buffer, name, entry, 0, 0)), info.contents.fh)
        return 0

    def fallocate(self, path: bytes | None, mode: int, offset: int, size: int, info: Any) -> None:
        self.operations.fallocate(mode, offset, size, info.contents.fh)

    def lseek(self, path: bytes | None, offset: int, whence: int, info: Any) -> int:
        return self.operations.lseek(offset, whence, info.contents.fh)

    def copy_file_range(
        self,
        from_path: bytes | None,
        from_info: Any,
        start: int,
        to_path: bytes | None,
        to_info: Any,
        offset: int,
        size: int,
        flags: int,
    ) -> int:
        return self.operations.copy_file_range(
            from_info.contents.fh, start, to_info.contents.fh, offset, size
        )


class Slots2(_Slots):
    """The callbacks of libfuse 2, for fusepy."""

    def init(self, connection: Any) -> None:
        self.ready()

    def getattr(self, path: bytes | None, buffer: Any) -> int:
        return self._getattr(path, buffer, None)

    def fgetattr(self, path: bytes | None, buffer: Any, info: Any) -> int:
        return self._getattr(path, buffer, info)

    def rename(self, old: bytes, new: bytes) -> None:
        self.operations.rename(old, new)

    def chmod(self, path: bytes | None, mode: int) -> None:
        self.operations.chmod(path, mode)

    def chown(self, path: bytes | None, uid: int, gid: int) -> None:
        self.operations.chown(path, _id(uid), _id(gid))

    def truncate(self, path: bytes | None, length: int) -> None:
        self.operations.truncate(path, length)

    def ftruncate(self, path: bytes | None, length: int, info: Any) -> None:
        self.operations.truncate(path, length, info.contents.fh)

    def utimens(self, path: bytes | None, times: Any) -> None:
        self.operations.utimens(path, _times(times))

    def readdir(self, path: bytes | None, buffer: Any, fill: Any, offset: int, info: Any) -> int:
        self._list(path, lambda name, entry: int(fill(buffer, name, entry, 0)), info.contents.fh)
        return 0


def load(transport: str = "auto") -> tuple[str, ModuleType]:
    """The binding to use, and its name.

    Args:
        transport: ``mfusepy``, ``fusepy``, or ``auto`` for the first of these that loads.

    Raises:
        UsageError: the name is unknown, or what it needs is not installed.
    """
    if transport != "auto" and transport not in TRANSPORTS:
        raise UsageError(
            f"unknown transport {transport!r}", hint=f"one of: auto, {', '.join(TRANSPORTS)}"
        )
    problems = []
    for name in TRANSPORTS if transport == "auto" else (transport,):
        try:
            return name, _import(name)
        except (ImportError, OSError, AttributeError) as error:
            problems.append(f"{name}: {error}")
    raise UsageError(
        f"no FUSE library can be loaded ({'; '.join(problems)})",
        hint="install fuse3 (for mfusepy) or libfuse2 (for fusepy)",
    )


def _import(name: str) -> ModuleType:
    if name == "fusepy":
        return importlib.import_module("fuse")
    # Otherwise mfusepy takes libfuse 2 where both are installed.
    os.environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")
    module = importlib.import_module("mfusepy")
    if module.fuse_version_major != 3:
        raise ImportError(f"libfuse {module.fuse_version_major} was loaded, libfuse 3 is needed")
    return module


def caller_of(module: ModuleType) -> Callable[[], Caller]:
    """What tells who asks for the operation in progress."""

    def caller() -> Caller:
        return Caller(*module.fuse_get_context())

    return caller


def options(
    transport: str, *, timeout_s: float, read_only: bool, allow_other: bool
) -> dict[str, str | bool]:
    """The options of a mount, by name.

    ``nothreads``: libfuse's worker threads hand Python's lock to and fro at each call, which
    makes everything two to three times slower. No ``kernel_cache`` and no ``writeback_cache``:
    files may change behind the mount, and a fresh open must see it.
    """
    chosen: dict[str, str | bool] = {
        "foreground": True,
        "nothreads": True,
        "fsname": "lsfs",
        "subtype": "lsfs",
        "default_permissions": True,
        "attr_timeout": f"{timeout_s:g}",
        "entry_timeout": f"{timeout_s:g}",
        "ro": read_only,
        "allow_other": allow_other,
        # By a helper that outlives us; without it the next mount removes what a kill left.
        "auto_unmount": helper(transport) is not None,
    }
    if transport == "fusepy":
        # libfuse 2 writes 4 KiB at a time and opens with a truncate of its own otherwise.
        chosen |= {"use_ino": True, "big_writes": True, "atomic_o_trunc": True}
    return chosen


def helper(transport: str) -> str | None:
    """The setuid program that libfuse mounts with; None when it is not installed."""
    return shutil.which("fusermount" if transport == "fusepy" else "fusermount3")


def serve(
    transport: str,
    module: ModuleType,
    operations: Operations,
    mountpoint: str,
    ready: Callable[[], None],
    mount_options: Mapping[str, str | bool],
) -> None:
    """Mount, and serve until the mount is gone.

    Args:
        ready: called once the kernel has accepted the mount.

    Raises:
        UsageError: the mountpoint's name cannot be passed on by fusepy.
        LsfsError: the mount was refused; libfuse has said why on standard error.
    """
    slots = Slots2 if transport == "fusepy" else Slots3
    begun = False

    def begin() -> None:
        nonlocal begun
        begun = True
        ready()

    attributes = {"binding": module, "ready": staticmethod(begin)}
    mounted = type("Mounted", (slots, module.FUSE), attributes)
    mask = os.umask(0)  # the kernel has applied the caller's; ours would take more away
    try:
        mounted(operations, mountpoint, **mount_options)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{mountpoint!r} is not UTF-8, which fusepy cannot mount on",
            hint="use the transport mfusepy, or another folder",
        ) from error
    except RuntimeError as error:
        if begun:
            # libfuse 3 gives a result other than 0 when a signal ended the mount, too.
            log.debug("libfuse ended with %s", error)
            return
        raise LsfsError(f"could not mount on {mountpoint} (libfuse: {error})") from error
    finally:
        os.umask(mask)


def _handle(info: Any) -> int | None:
    return int(info.contents.fh) if info else None


def _id(number: int) -> int:
    return -1 if number == _NO_ID else number


def _times(pointer: Any) -> tuple[libc.Time, libc.Time] | None:
    """Two C timespecs as pairs; UTIME_NOW and UTIME_OMIT stay what they are."""
    if not pointer:
        return None
    a, b, c, d = ctypes.cast(pointer, _TimesPointer).contents
    return (a, b), (c, d)


def _give(data: bytes, buffer: Any, size: int) -> int:
    """Answer an xattr call: the length alone when no room was given."""
    if not size:
        return len(data)
    if len(data) > size:
        return -errno.ERANGE
    ctypes.memmove(buffer, data, len(data))
    return len(data)
