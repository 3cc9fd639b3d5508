"""The pack files of a store: records are appended to them, and read at a place.

A pack is never changed below its end but for one byte (a content that is no content any more), and
its number is never given again, so a reader needs no lock.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lsfs.errors import StateUnwritable
from lsfs.versions.objects import records
from lsfs.versions.objects.records import (
    HEADER_BYTES,
    LIVE_AT,
    PACK_MAGIC,
    BrokenRecord,
    Header,
)

PACK_BYTES = 64 << 20  # a pack that is longer is not appended to
NEW = ".new"  # a file that is being made; left only by a crash
BEGIN = len(PACK_MAGIC)
_WINDOW = 1 << 20


class Mark(Struct, frozen=True):
    """A place to go back to: the end of the last pack, and how much was appended by then."""

    number: int
    end: int
    appended: int


class Packs:
    """The folder of packs.

    Args:
        folder: where they are.
        durable: whether ``sync`` waits for the disk.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self._name = os.fspath(folder)
        self._durable = durable
        self._lock = threading.Lock()
        self._next = 1
        self._number = 0  # of the pack that is appended to; 0 for none
        self._fd = -1
        self._end = 0
        self._dirty: dict[int, int] = {}  # descriptors by number, until they are synced
        self._made = False  # a pack whose name may not be on the disk yet
        self._kept: dict[int, int] = {}  # ends that the index knows
        self._appended = 0

    def path(self, number: int) -> Path:
        """Where a pack is."""
        return self.folder / f"{number:08}.pack"

    def numbers(self) -> list[int]:
        """The packs that are there, rising."""
        if not self.folder.is_dir():
            return []
        return sorted(int(path.stem) for path in self.folder.glob("*.pack") if path.stem.isdigit())

    def leftovers(self) -> list[Path]:
        """Files that a crash left half made."""
        return sorted(self.folder.glob("*" + NEW))

    def size(self, number: int) -> int:
        """Bytes of a pack; 0 when it is not there."""
        try:
            return self.path(number).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Bytes at a place; fewer at the end of the file.

        Raises:
            FileNotFoundError: the pack is not there, for example because it was swept.
        """
        # Opening costs less than a cache of descriptors that threads and sweeps must agree on.
        fd = os.open(f"{self._name}/{number:08}.pack", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, length, offset)
        finally:
            os.close(fd)

    def walk(self, number: int, begin: int = BEGIN) -> Iterator[tuple[int, Header, bytes, bool]]:
        """The records of a pack from ``begin`` on: place, header, record, and whether all is well.

        What is damaged is passed over; from there on, records are found by their magic, and the
        last value is False, for what is found so may be part of somebody's file.
        """
        end, place, sound = self.size(number), begin, True
        while place < end:
            try:
                head = records.header(self.read(number, place, HEADER_BYTES))
                record = self.read(number, place, head.length)
                records.body(head, record)
            except (BrokenRecord, ValueError):
                sound = False
                place = self._magic_behind(number, place + 1, end)
                continue
            yield place, head, record, sound
            place += head.length

    def _magic_behind(self, number: int, place: int, end: int) -> int:
        while place < end:
            window = self.read(number, place, _WINDOW)
            found = window.find(records.MAGIC)
            if found >= 0:
                return place + found
            place += max(len(window) - len(records.MAGIC) + 1, len(records.MAGIC))
        return end

    def start(self, following: int, kept: dict[int, int], resume: int) -> None:
        """Get ready to append.

        Args:
            following: the first number that was never given.
            kept: ends that the index knows, by number.
            resume: the pack to go on with; 0 for a new one.
        """
        self._next, self._kept = following, dict(kept)
        if resume and kept[resume] < PACK_BYTES:
            self._fd = os.open(self.path(resume), os.O_RDWR | os.O_CLOEXEC)
            self._number, self._end = resume, kept[resume]

    def append(self, record: Sequence[bytes]) -> tuple[int, int]:
        """Write a record; gives number and place.

        Raises:
            StateUnwritable: the disk is full. Nothing of the record is left.
        """
        with self._lock:
            if self._fd < 0 or self._end >= PACK_BYTES:
                self._begin_pack()
            path = self.path(self._number)
            try:
                _write(self._fd, record, self._end)
            except OSError as error:
                self._cut()
                raise _unwritable(path, error) from error
            place = self._number, self._end
            self._end += sum(map(len, record))
            self._appended += 1
            self._dirty[self._number] = self._fd
            return place

    def _begin_pack(self) -> None:
        self._leave()
        number, path = self._next, self.path(self._next)
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._next, self._number, self._made = number + 1, number, True
        try:
            _write(self._fd, [PACK_MAGIC], 0)
        except OSError as error:
            self._leave()
            path.unlink()
            raise _unwritable(path, error) from error
        self._end = BEGIN

    def _cut(self) -> None:
        """Remove what a failed write left. When that fails too it lies behind the end, where it is
        written over, or cut when the store is next opened."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._end)

    def _leave(self) -> None:
        if self._fd >= 0 and self._number not in self._dirty:
            os.close(self._fd)
        self._fd, self._number, self._end = -1, 0, 0

    def rotate(self) -> None:
        """Append to a new pack from now on."""
        with self._lock:
            self._leave()

    def take_number(self) -> int:
        """A number that is given to no other pack."""
        with self._lock:
            self._next += 1
            return self._next - 1

    def following(self) -> int:
        """The lowest number that was never given."""
        with self._lock:
            return self._next

    def drop(self, contents: Iterable[tuple[int, int]]) -> None:
        """Note in the records of contents that they are contents no more.

        Only an index that is made from the packs looks at it.

        Args:
            contents: number and place of each.

        Raises:
            StateUnwritable: the disk refused it.
        """
        places: dict[int, list[int]] = defaultdict(list)
        for number, place in contents:
            places[number].append(place + LIVE_AT)
        for number, offsets in places.items():
            try:
                fd = os.open(self.path(number), os.O_WRONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # the pack is lost, and they with it
            try:
                for offset in offsets:
                    os.pwrite(fd, b"\0", offset)
                if self._durable:
                    os.fdatasync(fd)
            except OSError as error:
                raise _unwritable(self.path(number), error) from error
            finally:
                os.close(fd)

    def mark(self) -> Mark:
        """The present end."""
        with self._lock:
            return Mark(self._number, self._end, self._appended)

    def undo(self, mark: Mark, own: int) -> bool:
        """Remove what was appended since ``mark``, if that is the caller's ``own`` records only."""
        with self._lock:
            newer = {number for number in self._dirty if number > mark.number}
            if self._appended != mark.appended + own or self._kept.keys() & newer:
                return False
            if self._kept.get(mark.number, 0) > mark.end:
                return False
            if self._number > mark.number:
                newer.add(self._number)
                self._leave()
            with contextlib.suppress(OSError):  # what is left of it is swept later
                for number in newer:
                    if number in self._dirty:
                        os.close(self._dirty.pop(number))
                    self.path(number).unlink()
                if mark.number in self._dirty:
                    os.ftruncate(self._dirty[mark.number], mark.end)
            if self._number == mark.number:
                self._end = mark.end
            return True

    def ends(self) -> dict[int, int]:
        """The packs that were appended to since the last ``keep``, and where they end."""
        with self._lock:
            ends = {number: os.fstat(fd).st_size for number, fd in self._dirty.items()}
            if self._number in ends:
                ends[self._number] = self._end
            return ends

    def sync(self) -> None:
        """Wait until everything that was appended is on the disk.

        Raises:
            StateUnwritable: the disk refused it.
        """
        if not self._durable:
            return
        with self._lock:
            dirty = {number: os.dup(fd) for number, fd in self._dirty.items()}
            made, self._made = self._made, False
        try:
            for fd in dirty.values():
                os.fdatasync(fd)
            if made:
                sync_folder(self.folder)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        finally:
            for fd in dirty.values():
                os.close(fd)

    def keep(self, ends: dict[int, int]) -> None:
        """The index knows everything up to these ends."""
        with self._lock:
            self._kept.update(ends)
            for number, end in ends.items():
                if number not in self._dirty:
                    continue
                if number != self._number:
                    os.close(self._dirty.pop(number))
                elif end == self._end:
                    del self._dirty[number]

    def rewind(self) -> None:
        """Remove everything that the index does not know."""
        with self._lock:
            self._leave()
            for number, fd in self._dirty.items():
                end = self._kept.get(number, 0)
                with contextlib.suppress(OSError):  # the next opening does it, then
                    os.ftruncate(fd, end)
                    if not end:
                        self.path(number).unlink()
                os.close(fd)
            self._dirty.clear()

    def forget(self, number: int) -> None:
        """Remove a pack."""
        with self._lock:
            self._kept.pop(number, None)
        self.path(number).unlink(missing_ok=True)

    def close(self) -> None:
        """Release the files."""
        with self._lock:
            self._leave()
            for fd in self._dirty.values():
                os.close(fd)
            self._dirty.clear()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write(fd: int, buffers: Sequence[bytes], offset: int) -> None:
    written = os.pwritev(fd, buffers, offset)
    if written == sum(map(len, buffers)):
        return
    whole = memoryview(b"".join(buffers))
    while written < len(whole):  # a full disk takes a part first, and says so at the second call
        written += os.pwrite(fd, whole[written:], offset + written)


def _unwritable(path: Path, error: OSError) -> StateUnwritable:
    return StateUnwritable(f"cannot write {path}: {error.strerror}")
