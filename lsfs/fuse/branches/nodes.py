"""Entries of the virtual directory: what they are, their numbers, and the names they may have."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from enum import Enum

from msgspec import Struct

from lsfs.fuse import rendering
from lsfs.versions.contents import Content

Parts = tuple[str, ...]

# Names that programs look for, or make, in every folder they meet; none of them is one of ours.
_PROBED = re.compile(
    r"\.|~|HEAD$|autorun\.inf$|desktop\.ini$|thumbs\.db$|ehthumbs\.db$|\$RECYCLE\.BIN$|RECYCLER$|"
    r"System Volume Information$|lost\+found$|Network Trash Folder$|Temporary Items$|"
    r"TheVolumeSettingsFolder$|folder\.jpg$|Icon\r$|CVS$|RCS$|SCCS$",
    re.IGNORECASE,
)
# Inodes of virtual entries stand where no disk file system has any.
_INODE_BIT = 1 << 62


class NodeKind(Enum):
    """What an entry is."""

    DIRECTORY = "directory"
    FILE = "file"
    LINK = "link"


class Node(Struct, frozen=True):
    """An entry of the virtual directory.

    Attributes:
        kind: what it is.
        inode: stable for its path.
        size: in bytes; 0 for a file whose content is not known before it is read, as in ``/proc``.
        content: a file's bytes, or the bytes a link says; None when they have to be made.
        writable: a folder in which others may be made.
        mtime_ns: when the content became what it is; None when it has no time of its own.
        mode: permission bits; None stands for those of everything virtual.
        owner: user and group; None stands for those of the drive.
    """

    kind: NodeKind
    inode: int
    size: int = 0
    content: bytes | None = None
    writable: bool = False
    mtime_ns: int | None = None
    mode: int | None = None
    owner: tuple[int, int] | None = None


def directory(parts: Parts, *, writable: bool = False, mtime_ns: int | None = None) -> Node:
    """A folder."""
    return Node(NodeKind.DIRECTORY, inode_of(parts), writable=writable, mtime_ns=mtime_ns)


def file(parts: Parts, content: bytes) -> Node:
    """A file whose content is at hand."""
    return Node(NodeKind.FILE, inode_of(parts), len(content), content)


def file_to_make(parts: Parts, size: int, *, mtime_ns: int = 0) -> Node:
    """A file whose content is made when it is read; it has no time of its own where that is 0."""
    return Node(NodeKind.FILE, inode_of(parts), size, mtime_ns=mtime_ns or None)


def link(parts: Parts, target: bytes) -> Node:
    """A symbolic link."""
    return Node(NodeKind.LINK, inode_of(parts), len(target), target)


def inode_of(parts: Parts) -> int:
    """The inode number of a virtual path: the same at every mount."""
    digest = hashlib.blake2b(os.fsencode("/".join(parts)), digest_size=8).digest()
    return int.from_bytes(digest) >> 2 | _INODE_BIT


def is_probed(name: str) -> bool:
    """Whether programs look for this name wherever they come."""
    return _PROBED.match(name) is not None


def is_name(name: str) -> bool:
    """Whether a person can have given this name to a query or a question."""
    return bool(name.strip()) and not is_probed(name) and is_text(name)


def is_text(text: str) -> bool:
    """Whether there are neither control characters nor bytes that are not UTF-8."""
    return not any(rendering.is_control(c) or "\ud800" <= c <= "\udfff" for c in text)


def error(code: int, parts: Parts) -> OSError:
    """The refusal of an operation on a virtual path."""
    return OSError(code, os.strerror(code), "/".join(parts))


class Branch:
    """A folder at the top of the virtual directory, with all below it; this one is read-only.

    Paths begin with the branch's own name. ``lookup``, ``listing`` and ``creates_file`` never wait
    and are called in one thread; the others may take long and run in other threads meanwhile.

    Attributes:
        holds_files: what is below are files of the user's: any name can be one, and what is moved
            out of here is copied.
    """

    holds_files = False

    def lookup(self, parts: Parts) -> Node:
        """The entry at a path.

        Raises:
            FileNotFoundError: there is none.
        """
        raise error(errno.ENOENT, parts)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """Names and entries of a folder that is there."""
        raise error(errno.ENOTDIR, parts)

    def read(self, parts: Parts) -> bytes:
        """The content of a file, for one open.

        Raises:
            OSError: it is no file, or is gone.
        """
        return content_of(self.lookup(parts), parts)

    def open(self, parts: Parts) -> bytes | Content:
        """The content of a file, for one open; in memory only where it is small.

        Raises:
            OSError: it is no file, or is gone.
        """
        return self.read(parts)

    def creates_file(self, parts: Parts) -> bool:
        """Whether a file may be made or overwritten here."""
        return False

    def mkdir(self, parts: Parts) -> None:
        """Make a folder.

        Raises:
            OSError: EROFS where none can be made.
        """
        raise error(errno.EROFS, parts)

    def rmdir(self, parts: Parts) -> None:
        """Remove a folder.

        Raises:
            OSError: EROFS where none can be removed.
        """
        raise error(errno.EROFS, parts)

    def write(self, parts: Parts, data: bytes) -> None:
        """Take a whole file that was written.

        Raises:
            OSError: EROFS where none can be written.
        """
        raise error(errno.EROFS, parts)

    def unlink(self, parts: Parts) -> None:
        """Remove a file.

        Raises:
            OSError: EROFS where none can be removed.
        """
        raise error(errno.EROFS, parts)


def content_of(node: Node, parts: Parts) -> bytes:
    """The content of a file that is at hand.

    Raises:
        OSError: EISDIR or EINVAL for what is no file, ENOENT when nobody can make the content.
    """
    if node.kind is NodeKind.DIRECTORY:
        raise error(errno.EISDIR, parts)
    if node.kind is NodeKind.LINK:
        raise error(errno.EINVAL, parts)
    if node.content is None:
        raise error(errno.ENOENT, parts)
    return node.content
