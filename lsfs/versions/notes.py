"""What the ledger was told that no event says, so that it can be made again.

The journal has all that came through the mount. The rest is noted here, in a file beside the
ledger: what was found behind the mount, which digest a captured content turned out to have, and
moments with a name. With the last copy of the ledger (:mod:`lsfs.versions.recover`) and the journal
this is enough; a new copy makes what was noted before it needless.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from lsfs.versions.events import Event, State
from lsfs.versions.ledger import Ledger
from lsfs.versions.tables import ContentRow

_FRAME = struct.Struct("<II")  # length and CRC-32 of what follows
TOLD = frozenset({"began_ns", "looked"})  # values that decide what later events come to


class Note(NamedTuple):
    """One thing that the ledger was told.

    Attributes:
        number: rises by one.
        position: the last event of the journal that had been taken in by then.
        kind: which; what it says is in ``values``.
    """

    number: int
    position: int
    kind: str
    values: list[Any]


_write = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Note).decode


class Notes:
    """The writing end.

    Args:
        path: the file; made if missing.
        last: the number of the last note that the ledger has in it already.
    """

    def __init__(self, path: Path, last: int) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)
        data = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        self.last = last
        self.bytes = 0
        for note, end in _unframed(data):
            self.last, self.bytes = max(self.last, note.number), end
        os.ftruncate(self._fd, self.bytes)  # what a crash has torn

    def add(self, position: int, kind: str, values: list[Any]) -> None:
        """Note something.

        Raises:
            OSError: the disk is full.
        """
        data = _write(Note(self.last + 1, position, kind, values))
        frame = _FRAME.pack(len(data), zlib.crc32(data)) + data
        try:
            written = os.write(self._fd, frame)
            if written < len(frame):
                os.write(self._fd, frame[written:])
        except OSError:
            os.ftruncate(self._fd, self.bytes)
            raise
        self.last += 1
        self.bytes += len(frame)

    def sync(self) -> None:
        """Wait until all is on the disk."""
        os.fdatasync(self._fd)

    def clear(self) -> None:
        """Forget all: a copy of the ledger has it."""
        os.ftruncate(self._fd, 0)
        self.bytes = 0

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)


def read(path: Path) -> list[Note]:
    """What is noted, oldest first, up to where the file is damaged."""
    try:
        return [note for note, _ in _unframed(path.read_bytes())]
    except FileNotFoundError:
        return []


def _unframed(data: bytes) -> Iterator[tuple[Note, int]]:
    """The notes, each with the byte at which it ends."""
    begin = 0
    while begin + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, begin)
        end = begin + _FRAME.size + length
        body = data[begin + _FRAME.size : end]
        if not length or len(body) < length or zlib.crc32(body) != checksum:
            return
        yield _read(body), end
        begin = end


class Compare(Protocol):
    """Compares contents, see :class:`lsfs.versions.ledger.Ledger`."""

    def is_equal(self, content: ContentRow, path: bytes, state: State, /) -> bool | None:
        """Whether a content is what a file holds."""
        ...

    def are_alike(self, one: int, other: int, /) -> bool:
        """Whether two contents are the same bytes."""
        ...


class NotedLedger(Ledger):
    """A ledger that can be made again from what it notes, and the journal.

    Args:
        path: the SQLite file.
        compare: compares contents.
        notes: path of the notes.
    """

    def __init__(self, path: Path, compare: Compare, notes: Path) -> None:
        super().__init__(path, self._is_equal, self._are_alike)
        self._compare = compare
        self._position = self.position
        try:
            self.notes = Notes(notes, int(self.meta("noted", "0")))
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        """Release the files."""
        super().close()
        self.notes.close()

    def _note(self, kind: str, *values: Any) -> None:
        self.notes.add(self._position, kind, list(values))

    def follow(self, events: Iterable[Event]) -> int:
        try:
            return super().follow(events)
        finally:
            self._position = self.position

    def _is_equal(self, content: ContentRow, path: bytes, state: State) -> bool | None:
        equal = self._compare.is_equal(content, path, state)
        self._note("equal", path, state, equal)
        return equal

    def _are_alike(self, one: int, other: int) -> bool:
        alike = self._compare.are_alike(one, other)
        self._note("alike", one, other, alike)
        return alike

    def set_meta(self, key: str, value: str) -> None:
        super().set_meta(key, value)
        if key in TOLD:
            self._note("meta", key, value)

    def found(
        self, path: bytes, state: State, time_ns: int, *, target: bytes | None = None
    ) -> bool:
        self._note("found", path, state, time_ns, target)
        return super().found(path, state, time_ns, target=target)

    def gone(self, path: bytes, time_ns: int) -> bool:
        self._note("gone", path, time_ns)
        return super().gone(path, time_ns)

    def stay(self, contents: Iterable[int]) -> None:
        ids = sorted(contents)
        self._note("stay", ids)
        super().stay(ids)

    def moved(self, path: bytes, target: bytes, state: State, time_ns: int) -> None:
        self._note("moved", path, target, state, time_ns)
        super().moved(path, target, state, time_ns)

    def read(self, state: State, digest: bytes, *, kept: bool) -> None:
        self._note("read", state, digest, kept)
        super().read(state, digest, kept=kept)

    def settled(self, digests: dict[int, bytes]) -> None:
        # Until the next copy of the ledger, the notes alone know which captured content is where:
        # they are on the disk before the captured bytes go.
        for row in self.contents(digests):
            self._note("settled", row.event, digests[row.id])
        self.notes.sync()
        super().settled(digests)

    def name_moment(self, name: str, time_ns: int) -> None:
        super().name_moment(name, time_ns)
        self._note("named", name, time_ns)
        self.notes.sync()

    def forget_moment(self, name: str) -> bool:
        self._note("forgotten", name)
        return super().forget_moment(name)

    def exchange(self, put_in_place: Callable[[], None]) -> None:
        """Go on with another file at the same path."""
        with self.lock:
            self.db.close()
            put_in_place()
            self._connect()
            self._position = self.position
