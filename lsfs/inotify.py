"""What the kernel tells of changes in folders, and where it tells of all of them."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import Any

# Modified, attributes, closed after writing (mappings), moved from and to, made, removed.
CHANGES = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
MOVED = 0x40 | 0x80
UNMOUNTED, OVERFLOW, ENDED = 0x2000, 0x4000, 0x8000
IS_FOLDER = 0x40000000
_ONLY_FOLDERS = 0x01000000

_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
_READ = 1 << 17
_STATFS = 512  # bytes; the structure takes 120 at most
# File systems that nobody changes but through this kernel, by the number that statfs(2) gives.
_LOCAL = frozenset({
    0xEF53,  # ext2, ext3, ext4
    0x58465342,  # xfs
    0x9123683E,  # btrfs, subvolumes too
    0xCA451A4E,  # bcachefs
    0xF2F52010,  # f2fs
    0x2FC12FC1,  # zfs
    0x01021994,  # tmpfs
    0x858458F6,  # ramfs
    0x794C7630,  # overlayfs
    0x4D44,  # vfat
    0x2011BAB0,  # exfat
    0x7366746E,  # ntfs3
    0x3153464A,  # jfs
    0x52654973,  # reiserfs
    0x3434,  # nilfs2
    0xE0F5E1E2,  # erofs
    0x73717368,  # squashfs
    0x9660,  # iso9660
    0x15013346,  # udf
})  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def opened() -> int:
    """A descriptor that tells of changes in the folders that are added to it; it never blocks.

    Raises:
        OSError: EMFILE where the user has no more of them (``fs.inotify.max_user_instances``).
    """
    return _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))


def add(fd: int, folder: int) -> int:
    """Watch the entries of an open folder; gives the number of the watch, the same if it has one.

    Raises:
        OSError: ENOSPC where there are too many (``fs.inotify.max_user_watches``).
    """
    name = b"/proc/self/fd/%d" % folder
    return _checked(_libc.inotify_add_watch(fd, name, ctypes.c_uint32(CHANGES | _ONLY_FOLDERS)))


def remove(fd: int, watch: int) -> None:
    """Watch a folder no more; one that is gone has ended its watch itself."""
    _libc.inotify_rm_watch(fd, watch)


def events(fd: int) -> Iterator[tuple[int, int, bytes]]:
    """What one read gives: watch, mask, and name in the folder; b"" is the folder itself.

    The kernel notes an event before the call that made it returns.

    Raises:
        BlockingIOError: nothing has happened.
    """
    data = os.read(fd, _READ)
    begin = 0
    while begin < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, begin)
        begin += _EVENT.size
        yield watch, mask, data[begin : begin + length].rstrip(b"\0")
        begin += length


def is_local(fd: int) -> bool:
    """Whether an open folder lies on a file system that only this kernel changes."""
    found = ctypes.create_string_buffer(_STATFS)
    _checked(_libc.fstatfs(fd, found))
    kind = ctypes.c_long.from_buffer(found).value & 0xFFFFFFFF
    return kind in _LOCAL


def _checked(result: Any) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
