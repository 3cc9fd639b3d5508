"""What a user of this machine may read below a folder, by the permissions of files and folders.

A process cannot ask the kernel on behalf of another user unless it is root, so the answer is worked
out as the kernel does (path_resolution(7), acl(5)): search permission on every folder from the
drive's own down, read permission on the file; the owner's bits for the owner, an access control
list where there is one, the group's bits for any of the user's groups, else those of others.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

from msgspec import Struct

from lsfs import beneath

READ, SEARCH = 4, 1
_ACL = "system.posix_acl_access"
_ENTRY = struct.Struct("<HHI")  # tag, permissions, user or group
_ACL_VERSION = 2
_USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x02, 0x04, 0x08, 0x10, 0x20
_NO_ACL = frozenset({errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP})


class Reader(Struct, frozen=True):
    """A user of this machine.

    Attributes:
        uid: numeric user; 0 may read everything.
        groups: numeric groups, the first one and all others.
    """

    uid: int
    groups: tuple[int, ...] = ()

    @classmethod
    def of_process(cls, uid: int, gid: int, pid: int) -> Reader:
        """The user of a process, with its supplementary groups; without them when it has ended."""
        return cls(uid, tuple(dict.fromkeys((gid, *_supplementary(pid)))))


class Permissions:
    """What a reader may read below a folder, asked of the disk anew for each object of this class.

    Args:
        reader: whose permissions count.
        root: a descriptor of the folder; stays the caller's.
    """

    def __init__(self, reader: Reader, root: int) -> None:
        self._reader = reader
        self._root = root
        self._folders: dict[str, bool] = {}

    def reads(self, path: str) -> bool:
        """Whether the reader may open what stands at a path; False when nothing does.

        Args:
            path: relative to the folder, with no link in it; "" is the folder itself.
        """
        if self._reader.uid == 0:
            return True
        folder, _, _ = path.rpartition("/")
        if path and not self._enters(folder):
            return False
        return self._may(path, READ)

    def would_read(self, mode: int, uid: int, gid: int) -> bool:
        """Whether the reader might have opened a file that had these attributes."""
        reader = self._reader
        if reader.uid in (0, uid):
            return reader.uid == 0 or bool(mode >> 6 & READ)
        return bool((mode >> 3 if gid in reader.groups else mode) & READ)

    def _enters(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            above = not folder or self._enters(folder.rpartition("/")[0])
            known = self._folders[folder] = above and self._may(folder, SEARCH)
        return known

    def _may(self, path: str, wanted: int) -> bool:
        found = beneath.stat(self._root, os.fsencode(path)) if path else os.fstat(self._root)
        if found is None or stat.S_ISLNK(found.st_mode):
            return False
        if found.st_uid == self._reader.uid:
            return bool(found.st_mode >> 6 & wanted)
        # Where the group's bits, which are the list's mask, are all off, Linux reads no list.
        listed = self._acl(path) if found.st_mode & stat.S_IRWXG else []
        if listed:
            return _by_list(self._reader, found.st_gid, listed, wanted)
        if found.st_gid in self._reader.groups:
            return bool(found.st_mode >> 3 & wanted)
        return bool(found.st_mode & wanted)

    def _acl(self, path: str) -> list[tuple[int, int, int]]:
        """Tag, permissions and id of each entry of an access control list; empty without one."""
        place = f"/proc/self/fd/{self._root}/{path}"
        try:
            raw = os.getxattr(place, _ACL, follow_symlinks=not path)
        except OSError as error:
            if error.errno in _NO_ACL or not os.path.lexists(place):
                return []
            raise
        (version,) = struct.unpack_from("<I", raw)
        if version != _ACL_VERSION:
            raise OSError(errno.EINVAL, "an access control list of an unknown kind", path)
        return list(_ENTRY.iter_unpack(raw[4:]))


def _by_list(reader: Reader, group: int, listed: list[tuple[int, int, int]], wanted: int) -> bool:
    """What an access control list says to who is not the owner (acl(5), access check)."""
    mask = next((bits for tag, bits, _ in listed if tag == _MASK), 7)
    for tag, bits, id_ in listed:
        if tag == _USER and id_ == reader.uid:
            return bool(bits & mask & wanted)
    of_groups = [
        bits
        for tag, bits, id_ in listed
        if (tag == _GROUP_OBJ and group in reader.groups)
        or (tag == _GROUP and id_ in reader.groups)
    ]
    if of_groups:
        return any(bits & mask & wanted for bits in of_groups)
    return any(bits & wanted for tag, bits, _ in listed if tag == _OTHER)


def _supplementary(pid: int) -> tuple[int, ...]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ()
    for line in lines.splitlines():
        if line.startswith("Groups:"):
            return tuple(int(word) for word in line.split()[1:])
    return ()
