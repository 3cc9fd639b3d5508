"""Pages of scans that are not read to their end, so that the next reading goes on from there.

What the parsing child reads from a page that is a picture takes seconds. It is kept here, by the
content of the file, until the whole file was read: after a limit was reached, or the reading was
cut short, the next one (the limit was raised, ``lsfs reindex``, a new start) does not begin anew.
It can always be made again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import zstandard

from lsfs import digest as digests
from lsfs.model import Document, Status

LONGEST_NOTE = 1024 * 1024  # bytes; the child reads none that are longer
MOST_OF_ONE = 16 * 1024 * 1024  # bytes kept of one content
MOST = 256 * 1024 * 1024  # of all; the ones that were used longest ago go first
_LONGEST_KEPT = 90 * 86_400.0  # seconds since the last reading
_LENGTH_BYTES = 4
_GOES_ON = (
    Status.PENDING,
    Status.PARTIAL,
    Status.TIMEOUT,
    Status.OUT_OF_MEMORY,
    Status.DAMAGED,  # as a child that was killed leaves it
)

log = logging.getLogger("lsfs.index.readers.scans")


class Scans:
    """The pages of all such files, a file of notes for each content; any thread may use it.

    Args:
        folder: where they are; made when there is something to keep.
        most: bytes of all together.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        oldest = time.time() - _LONGEST_KEPT
        self._sizes: dict[str, int] = {}  # by name, the one used longest ago first
        for used, name, size in sorted(_listed(folder)):
            if used < oldest:
                (folder / name).unlink(missing_ok=True)
            else:
                self._sizes[name] = size

    def __len__(self) -> int:
        return len(self._sizes)

    def open(self, digest: bytes) -> int:
        """A descriptor of the notes on a content, to be closed by the caller; -1 without any."""
        name = digest.hex()
        with self._lock:
            if name not in self._sizes:
                return -1
            self._sizes[name] = self._sizes.pop(name)
            try:
                os.utime(self._folder / name)
                return os.open(self._folder / name, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # purged by another process
                del self._sizes[name]
                return -1

    def add(self, digest: bytes, note: bytes) -> None:
        """Keep what one picture in a content says; not where there is no room for it."""
        if len(note) > LONGEST_NOTE:
            return
        name = digest.hex()
        packed = zstandard.ZstdCompressor().compress(note)
        record = len(packed).to_bytes(_LENGTH_BYTES, "big") + packed
        with self._lock:
            size = self._sizes.get(name, 0) + len(record)
            if size > MOST_OF_ONE:
                return
            try:
                self._append(name, record)
            except OSError as error:
                log.warning("pages of a scan are not kept: %s", error)
                return
            self._sizes.pop(name, None)
            self._sizes[name] = size
            while sum(self._sizes.values()) > self._most and len(self._sizes) > 1:
                self._remove(next(iter(self._sizes)))

    def drop(self, contents: Iterable[bytes]) -> None:
        """Forget what is kept of some contents."""
        with self._lock:
            for digest in contents:
                self._remove(digest.hex())

    def _append(self, name: str, record: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._folder / name, flags, 0o600)
        try:
            os.write(fd, record)  # one that is cut short ends the file for who reads it
        finally:
            os.close(fd)

    def _remove(self, name: str) -> None:
        self._sizes.pop(name, None)
        (self._folder / name).unlink(missing_ok=True)


def _listed(folder: Path) -> list[tuple[float, str, int]]:
    """When each file was used last, its name and its size."""
    try:
        entries = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []
    return [(found.st_mtime, name, found.st_size) for name, found in entries]


class ScanReading:
    """The reading of one open file: what is known of its pages, and what becomes known.

    Args:
        scans: where that is kept; None where it is not.
        fd: the file.
    """

    def __init__(self, scans: Scans | None, fd: int) -> None:
        self._scans = scans
        self._fd = fd
        self._identity = _identity(fd)
        self._digest = b""
        # Only where there is something to find is a content looked through for its name.
        self.known = scans.open(self._named()) if scans is not None and len(scans) else -1

    def _named(self) -> bytes:
        """The digest of the content, as the index has it; b"" when it cannot be read."""
        size, _, _ = self._identity
        try:
            self._digest = self._digest or digests.of(
                lambda offset, count: os.pread(self._fd, max(0, min(count, size - offset)), offset)
            )
        except OSError as error:
            log.warning("a file cannot be read: %s", error)
        return self._digest

    def keep(self, note: bytes) -> None:
        """Keep what a page says, unless the file is no longer what was opened."""
        if self._scans is None:
            return
        named = self._named()
        if named and _identity(self._fd) == self._identity:
            self._scans.add(named, note)

    def done(self, document: Document) -> None:
        """The reading ended, with this; what is of no more use is forgotten."""
        if self.known >= 0:
            os.close(self.known)
            self.known = -1
        if self._scans is not None and self._digest and document.status not in _GOES_ON:
            self._scans.drop([self._digest])


def _identity(fd: int) -> tuple[int, int, int]:
    found = os.fstat(fd)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
