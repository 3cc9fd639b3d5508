"""What the catalog says of a file: values, the words of its name, and its document unpacked."""

from __future__ import annotations

import os
import zlib
from pathlib import PurePosixPath

from msgspec import Struct

from lsfs import codec
from lsfs.index.find.terms import parts_of
from lsfs.model import ContentDate, Document, Status

_LEVEL = 3  # of zlib: half the time of 6, and a tenth more bytes


class FileIdentity(Struct, frozen=True):
    """What tells whether a file's content may have changed since it was read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> FileIdentity:
        """The identity in a stat result."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)

    def same_content(self, other: FileIdentity) -> bool:
        """Whether a rename could have made one of the other: all but ctime are equal."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


class FileRow(Struct, frozen=True):
    """A file as the catalog has it."""

    id: int
    path: str
    identity: FileIdentity
    status: Status
    document_id: int | None


class Outcome(Struct, frozen=True):
    """How reading a file ended.

    Attributes:
        digest: BLAKE3 of its content; None when it was not read.
    """

    status: Status
    reason: str = ""
    digest: bytes | None = None


class Facts(Struct, frozen=True):
    """What text and path together say of a file."""

    kind: str = ""
    kind_reason: str = ""
    day: str = ""
    day_end: str = ""
    dates: tuple[ContentDate, ...] = ()


def name_of(path: str) -> str:
    """A path as text to look for; what is no text in it is replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def name_words(path: str, title: str) -> tuple[str, str, str, str]:
    """A row of ``file_fts``: name, title, and the parts of each."""
    name = name_of(path)
    return name, title, parts_of(name, name=True), parts_of(title, name=True)


def suffix_of(path: str) -> str:
    """The file type in a name: "pdf" of "a/b.PDF"; "" when there is none."""
    return PurePosixPath(path).suffix[1:].lower().encode("utf-8", "replace").decode()


def packed(document: Document) -> bytes:
    """A document in its stored form."""
    return zlib.compress(codec.encoded(document), _LEVEL)


def unpacked(body: bytes) -> Document:
    """A document from its stored form.

    Raises:
        TypeError, zlib.error: it is not one.
    """
    return codec.loads(zlib.decompress(body), Document)
