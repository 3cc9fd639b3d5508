"""Reading an open file as chunks, cut where its content says (FastCDC, Xia et al. 2016)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence

from blake3 import blake3
from fastcdc import fastcdc
from msgspec import Struct

WHOLE_BYTES = 64 << 10  # contents up to this size are one chunk
_LARGE_BYTES = 64 << 20
_HOLE_BYTES = 1 << 20  # shorter holes are read as the zeros that they are
_BUFFER_BYTES = 4 << 20
_NOTHING = bytes(_HOLE_BYTES)


class Sizes(Struct, frozen=True):
    """Bytes of a chunk: at least, on average, at most."""

    least: int
    average: int
    most: int


SMALL = Sizes(16 << 10, 64 << 10, 256 << 10)
LARGE = Sizes(64 << 10, 256 << 10, 1 << 20)


class Piece(Struct, frozen=True):
    """A part of a file.

    Attributes:
        offset, length: where it is, in bytes.
        data: its bytes, good until the next piece is asked for; None when they are all zero.
    """

    offset: int
    length: int
    data: memoryview | None


class Reading:
    """One reading of a file from its beginning.

    Args:
        fd: the file, open for reading; its position is not used.
        length: how much of it, in bytes; None reads up to the end.
        cuts: rising lengths of prefixes whose digests are wanted.

    Attributes:
        size: bytes that were read so far.
        prefixes: digests of the prefixes that were read so far.
    """

    def __init__(self, fd: int, length: int | None, cuts: Sequence[int]) -> None:
        self._fd = fd
        self._length = length
        self._cuts = list(cuts)
        self._hasher = blake3()
        self.size = 0
        self.prefixes: list[bytes] = []
        self._noted(memoryview(b""))

    def digest(self) -> bytes:
        """BLAKE3 of everything that was read."""
        digest: bytes = self._hasher.digest()
        return digest

    def pieces(self) -> Iterator[Piece]:
        """All of it, as chunks and runs of zeros, in order.

        Raises:
            OSError: the file cannot be read.
        """
        status = os.fstat(self._fd)
        known = status.st_size if self._length is None else min(status.st_size, self._length)
        sizes = LARGE if known > _LARGE_BYTES else SMALL
        buffer = memoryview(bytearray(max(min(known, _BUFFER_BYTES), 2 * sizes.most)))
        sparse = status.st_blocks * 512 < status.st_size
        for begin, end in self._holes(known) if sparse else ():
            yield from self._data(buffer, sizes, begin)
            if self.size < begin:
                return  # it became shorter meanwhile
            yield Piece(begin, end - begin, None)
            self._pass(end - begin)
        yield from self._data(buffer, sizes, self._length)

    def _holes(self, size: int) -> list[tuple[int, int]]:
        """The long holes before ``size``: begin and end."""
        before, holes, end = os.lseek(self._fd, 0, os.SEEK_CUR), [], 0
        try:
            while end < size:
                begin = min(os.lseek(self._fd, end, os.SEEK_HOLE), size)
                end = min(_data_behind(self._fd, begin, size), size)
                if end - begin >= _HOLE_BYTES:
                    holes.append((begin, end))
        finally:
            os.lseek(self._fd, before, os.SEEK_SET)
        return holes

    def _data(self, buffer: memoryview, sizes: Sizes, end: int | None) -> Iterator[Piece]:
        start, filled, last = self.size, 0, False
        while not last:
            count = self._fill(buffer[filled:], end)
            filled, last, used = filled + count, not count, 0
            for chunk in fastcdc(buffer[:filled], sizes.least, sizes.average, sizes.most):
                if used + chunk.length == filled and not last:
                    break  # it may go on behind what was read
                yield _piece(start + used, buffer[used : used + chunk.length])
                used += chunk.length
            buffer[: filled - used] = bytes(buffer[used:filled])
            start, filled = start + used, filled - used

    def _fill(self, buffer: memoryview, end: int | None) -> int:
        room = len(buffer) if end is None else min(len(buffer), end - self.size)
        count = os.preadv(self._fd, [buffer[:room]], self.size) if room > 0 else 0
        self._noted(buffer[:count])
        return count

    def _pass(self, length: int) -> None:
        while length:
            count = min(length, len(_NOTHING))
            self._noted(memoryview(_NOTHING)[:count])
            length -= count

    def _noted(self, data: memoryview) -> None:
        while self._cuts and self._cuts[0] <= self.size + len(data):
            part = self._cuts.pop(0) - self.size
            self._hasher.update(data[:part])
            self.size, data = self.size + part, data[part:]
            self.prefixes.append(self.digest())
        self._hasher.update(data)
        self.size += len(data)


def is_zero(data: bytes | memoryview) -> bool:
    """Whether there is something, and all of it is zero."""
    # Looking at three bytes spares nearly all others the comparison.
    if not data or data[0] or data[-1] or data[len(data) // 2]:
        return False
    return bytes(data) == bytes(len(data))


def _piece(offset: int, data: memoryview) -> Piece:
    return Piece(offset, len(data), None if is_zero(data) else data)


def _data_behind(fd: int, hole: int, size: int) -> int:
    try:
        return os.lseek(fd, hole, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size
