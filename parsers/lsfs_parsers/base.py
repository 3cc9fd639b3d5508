"""What a parser is, and the file it is given."""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, cast

from msgspec import Struct, field

from lsfs.model import Document

MAX_CHARS = 50_000_000  # more text than this from one file is noise or an attack
MAX_PARTS = 500_000  # blocks, spans, pages and furniture: each costs its reader more than a line
MAX_CELLS = 2_000_000  # of all tables
UNKNOWN = "application/octet-stream"

_READ_STEP = 8 * 1024 * 1024


def _to_nobody(begins: bool) -> None:
    """Where no other process keeps the time."""
    del begins


class PictureTime(Struct):
    """Time for pages that are pictures, which take seconds each: their reader's time stands still.

    Attributes:
        most: wall seconds for all of them; beyond it they use up the reader's time.
        longest: for one of them.
        given: how much was used so far.
        announce: tells whoever would stop the reader that the reading of a page begins, or ends.
    """

    most: float = 0.0
    longest: float = 0.0
    given: float = 0.0
    announce: Callable[[bool], None] = _to_nobody

    @contextmanager
    def standing_still(self) -> Iterator[float]:
        """Around the reading of one page; gives the seconds that it may take."""
        allowed = max(0.0, min(self.longest, self.most - self.given))
        self.announce(True)
        start = time.monotonic()
        try:
            yield allowed
        finally:
            self.given += min(allowed, time.monotonic() - start)
            self.announce(False)


def _not_kept(key: str, said: bytes) -> None:
    """Where nobody keeps it."""
    del key, said


class PictureMemory(Struct, frozen=True):
    """What was read from pictures in this content before, when that came to no end.

    Attributes:
        known: what each picture said, by a key that is made of the picture itself.
        keep: takes a key and what that picture says.
    """

    known: Mapping[str, bytes] = field(default_factory=dict)
    keep: Callable[[str, bytes], None] = _not_kept


class Source(Struct, frozen=True):
    """A file to be read: open, and not necessarily reachable by any path.

    All reads are positional, because the descriptor shares its offset with the process that sent
    it.

    Attributes:
        fd: descriptor, open for reading; stays the caller's to close.
        name: what the file is called, for hints only; surrogate escapes for bytes not UTF-8.
        size: size in bytes when it was opened.
        media_type: what the detector took the content for.
        max_chars: longest canonical text, in code points.
        max_parts: most blocks, spans, pages and running heads together.
        deadline: ``time.monotonic()`` seconds at which the reader will be stopped, without what
            pages that are pictures are given beyond it.
        pictures: the time for those.
        memory: what such pages said when the file was read before.
    """

    fd: int
    name: str
    size: int
    media_type: str = UNKNOWN
    max_chars: int = MAX_CHARS
    max_parts: int = MAX_PARTS
    deadline: float = math.inf
    pictures: PictureTime = field(default_factory=PictureTime)
    memory: PictureMemory = field(default_factory=PictureMemory)

    def read(self, limit: int | None = None, offset: int = 0) -> bytes:
        """At most ``limit`` bytes (all by default) from ``offset``; fewer only at the end."""
        left = max(0, self.size - offset) if limit is None else limit
        parts: list[bytes] = []
        while left > 0 and (part := os.pread(self.fd, min(left, _READ_STEP), offset)):
            parts.append(part)
            offset += len(part)
            left -= len(part)
        return b"".join(parts)

    def open(self) -> io.BufferedReader:
        """A seekable stream over the file, with an offset of its own."""
        return io.BufferedReader(_PositionalFile(self.fd, self.size), 64 * 1024)

    def seconds_left(self) -> float:
        """Wall seconds until the reader will be stopped; infinite when nobody will."""
        return self.deadline + self.pictures.given - time.monotonic()

    @contextmanager
    def reading_picture(self, reserve: float) -> Iterator[float]:
        """Around the reading of a page that is a picture; gives the seconds that it may take.

        Args:
            reserve: seconds of the file's own time that it may not use.
        """
        own = self.seconds_left() - reserve
        with self.pictures.standing_still() as more:
            yield max(own, more)


class HeldSource(Source, frozen=True):
    """A file that is in memory: what is attached to a mail, or packed into another file."""

    data: bytes = b""

    def read(self, limit: int | None = None, offset: int = 0) -> bytes:
        end = len(self.data) if limit is None else offset + max(0, limit)
        return self.data[offset:end]

    def open(self) -> io.BufferedReader:
        return io.BufferedReader(cast(io.RawIOBase, io.BytesIO(self.data)))


class Parser(Protocol):
    """Reads one family of formats.

    Attributes:
        name: the parser's name, as in the entry-point group ``lsfs.parsers``.
        version: raised whenever the same file would give another document.
        media_types: what it reads, ``type/*`` for a whole family.
    """

    name: str
    version: int
    media_types: tuple[str, ...]

    def parse(self, source: Source) -> Document:
        """The document in ``source``.

        Raises:
            ParseError: nothing can be read; the subclass says why.
        """
        ...


class _PositionalFile(io.RawIOBase):
    """A file object over ``pread``: closing it leaves the descriptor open."""

    def __init__(self, fd: int, size: int) -> None:
        super().__init__()
        self._fd = fd
        self._size = size
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = os.preadv(self._fd, [buffer], self._offset)
        self._offset += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("seek before the start of the file")
        self._offset = start + offset
        return self._offset

    def tell(self) -> int:
        return self._offset
