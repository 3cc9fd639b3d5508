"""One file read: opened, known again by its content, or parsed; nothing is written down here."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lsfs import digest as digests
from lsfs.index.store.rows import FileIdentity, FileRow, Outcome
from lsfs.index.tree import SourceTree
from lsfs.model import Document, Status

# What is found instead of a file: nothing, a link, or something on the way that is no folder now.
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO)
STEP_NS = 20_000_000  # times of files move in steps of up to 10 ms


class Reader(Protocol):
    """Reads an open file as a document, however hostile it is; all threads may use it."""

    def read(self, fd: int, name: str) -> Document:
        """The document; its status says how reading ended, pending when it was interrupted."""
        ...

    def versions(self) -> dict[str, int]:
        """Version of each parser by name."""
        ...


class Contents(Protocol):
    """Knows what was read before, by its content."""

    def document_of(
        self, digest: bytes, versions: dict[str, int], path: str
    ) -> tuple[int, str] | None:
        """Id and title of the document that a file of this content is, unless it is outdated."""
        ...

    def failure_of(self, digest: bytes, path: str) -> Document | None:
        """What stands for a content that gives no document under such a name, if it was tried."""
        ...


class Reading(Struct, frozen=True):
    """What reading a file gave.

    Attributes:
        row: the file as the catalog has it.
        fd: the open file; -1 when it could not be opened.
        identity: of what was opened.
        digest: BLAKE3 of the content; empty when it was not read.
        outcome: why it was not read: it cannot be opened, or is too large.
        document: what it says, or stands for it; None where the catalog has it, or where another
            thread has the same content at work.
        document_id: of the document that the catalog has of this content.
        parsed: whether a parser was at work.
    """

    row: FileRow
    fd: int = -1
    identity: FileIdentity | None = None
    digest: bytes = b""
    outcome: Outcome | None = None
    document: Document | None = None
    document_id: int | None = None
    parsed: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether there is no such file any more."""
        return self.fd < 0 and self.outcome is None

    @property
    def is_open_question(self) -> bool:
        """Whether another thread had the same content at work."""
        return bool(self.digest) and self.document is None and self.document_id is None

    @property
    def is_interrupted(self) -> bool:
        """Whether the reader was closed before it was done."""
        return self.document is not None and self.document.status is Status.PENDING

    def close(self) -> None:
        """Release the file."""
        if self.fd >= 0:
            os.close(self.fd)

    def changed(self) -> FileIdentity | None:
        """What the file is now, when it is not what was read."""
        now = FileIdentity.of(os.fstat(self.fd))
        return None if now == self.identity else now


class FileReader:
    """Reads files, several threads at once; equal contents only once.

    Args:
        tree: the source.
        catalog: what is known already.
        reader: makes documents.
        max_bytes: size of the largest file that is read.
    """

    def __init__(self, tree: SourceTree, catalog: Contents, reader: Reader, max_bytes: int) -> None:
        self._tree = tree
        self._catalog = catalog
        self._reader = reader
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._at_work: set[bytes] = set()  # contents that are parsed, or not taken in yet

    def read(self, row: FileRow) -> Reading:
        """What a file says now; its descriptor is the caller's to close.

        Raises:
            ParseError: the parsers do not start.
        """
        reading = self.opened(row)
        try:
            return self.known_or_parsed(reading, wait=True) if reading.digest else reading
        except BaseException:
            reading.close()
            raise

    def opened(self, row: FileRow) -> Reading:
        """A file that is open and whose content is known by its digest, but not what it says."""
        try:
            fd = self._tree.open(row.path)
        except OSError as error:
            if error.errno in _NO_FILE:
                return Reading(row)
            return Reading(row, outcome=_unreadable(error))
        try:
            return self._hashed(Reading(row, fd, _rested(fd)))
        except BaseException:
            os.close(fd)
            raise

    def _hashed(self, reading: Reading) -> Reading:
        assert reading.identity is not None  # noqa: S101
        size = reading.identity.size
        if size > self._max_bytes:
            reason = f"larger than {self._max_bytes >> 20} MiB (index.max_file_bytes)"
            return replace(reading, outcome=Outcome(Status.TOO_LARGE, reason))
        try:
            digest = digests.of(_bounded(reading.fd, size))
        except OSError as error:
            return replace(reading, outcome=_unreadable(error))
        return replace(reading, digest=digest)

    def known_or_parsed(self, reading: Reading, *, wait: bool = False) -> Reading:
        """What the content of an open file says.

        Args:
            wait: leave it open when another thread has the same content at work.
        """
        path = reading.row.path
        found = self._catalog.document_of(reading.digest, self._reader.versions(), path)
        if found is not None:
            return replace(reading, document_id=found[0])
        failed = self._catalog.failure_of(reading.digest, path)
        if failed is not None:
            return replace(reading, document=failed)
        with self._lock:
            if wait and reading.digest in self._at_work:
                return reading
            self._at_work.add(reading.digest)
        document = self._reader.read(reading.fd, path)
        return replace(reading, document=document, parsed=True)

    def forget(self, reading: Reading) -> None:
        """Say that a reading was taken in, or given up."""
        with self._lock:
            self._at_work.discard(reading.digest)
        reading.close()


def _bounded(fd: int, size: int) -> Callable[[int, int], bytes]:
    """Reads of at most ``size`` bytes: a file that grows as fast as it is read has no end."""
    return lambda offset, count: os.pread(fd, max(0, min(count, size - offset)), offset)


def _rested(fd: int) -> FileIdentity:
    """What an open file is, once whatever is written to it from now on can be told by its times.

    Times move in steps: two writes within one step leave the same time.
    """
    identity = FileIdentity.of(os.fstat(fd))
    age_ns = time.time_ns() - identity.ctime_ns
    if 0 <= age_ns < STEP_NS:
        time.sleep((STEP_NS - age_ns) / 1e9)
        identity = FileIdentity.of(os.fstat(fd))
    return identity


def _unreadable(error: OSError) -> Outcome:
    return Outcome(Status.UNREADABLE, error.strerror or str(error))
