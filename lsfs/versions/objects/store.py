"""The store of old contents, as the rest of lsfs sees it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from lsfs.errors import IndexCorrupt, NotFound, StateUnwritable, UsageError
from lsfs.versions.objects import checking, scanning
from lsfs.versions.objects.checking import Check
from lsfs.versions.objects.chunking import WHOLE_BYTES, Reading
from lsfs.versions.objects.coding import Coder
from lsfs.versions.objects.gate import Gate
from lsfs.versions.objects.index import NAME, Index, Row
from lsfs.versions.objects.packs import BEGIN, Packs
from lsfs.versions.objects.reading import Content, Reader
from lsfs.versions.objects.storing import Storing, Writer
from lsfs.versions.objects.sweeping import Sweep, mark_dropped
from lsfs.versions.objects.values import Damage, Put, Swept, Usage

log = logging.getLogger("lsfs.versions.objects")


class ObjectStore:
    """Old contents by the BLAKE3 of their bytes: chunked, compressed, each chunk once.

    One process writes, under a lock that the caller holds; any number of threads of it may. Others
    open it ``read_only``, at any time; neither side waits for the other.

    Args:
        root: the directory; a writer makes it.
        read_only: whether somebody else may be writing it.
        durable: whether what ``put`` has acknowledged survives a power cut; it survives the end of
            the process in any case.

    Raises:
        StateUnwritable: the directory cannot be made or written.
    """

    def __init__(self, root: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.root = root
        self._read_only = read_only
        self._durable = durable
        self._coder = Coder()
        self._gate = Gate()
        self._committing = threading.Lock()
        self._failures = 0  # commits that took back what was put before them
        self._mine = threading.local()
        if not read_only:
            self._make_folders()
        self._begin()

    def _begin(self) -> None:
        if self._read_only:
            self._open()
            return
        try:
            lost = not (self.root / NAME).exists() and bool(self._packs_of_root().numbers())
            if lost:
                raise IndexCorrupt(f"{self.root / NAME} is lost")
            self._open_for_writing()
        except IndexCorrupt as error:
            log.warning("%s; it is made again from the packs", error.message)
            checking.rebuild(self.root, self._packs_of_root(), self._coder)
            self._open_for_writing()

    def _packs_of_root(self) -> Packs:
        return Packs(self.root / "packs", durable=self._durable)

    def _open(self) -> None:
        self._packs = self._packs_of_root()
        self._index = Index(self.root / NAME, read_only=self._read_only)
        self._reader = Reader(self._index.find, self._packs, self._coder)
        self._writer = Writer(self._packs, self._coder)

    def _make_folders(self) -> None:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            packs = self._packs_of_root()
            packs.folder.mkdir(mode=0o700, exist_ok=True)
            for path in packs.leftovers() + checking.leftovers(self.root):
                path.unlink()
        except OSError as error:
            raise StateUnwritable(f"cannot write {self.root}: {error.strerror}") from error

    def _open_for_writing(self) -> None:
        self._open()
        try:
            self._adopt()
        except BaseException:
            self.close()
            raise

    def _adopt(self) -> None:
        """Take in what a process that was killed has written but not indexed; cut what is torn."""
        known = self._index.lengths()
        there = {number: self._packs.size(number) for number in self._packs.numbers()}
        longer = [number for number, size in there.items() if size != known.get(number)]
        if any(there[number] > known.get(number, 0) for number in longer):
            self._take_in(known, there)
            known = self._index.lengths()
        last = max(there, default=0)
        resume = last if known.get(last) == self._packs.size(last) else 0
        following = max(self._index.following(), last + 1)
        self._packs.start(following, known, resume)
        mark_dropped(self._index, self._packs)

    def _take_in(self, known: dict[int, int], there: dict[int, int]) -> None:
        begins = {number: max(known.get(number, 0), BEGIN) for number in there}
        found = scanning.scan(self._packs, self._coder, begins, self._index.find)
        ends: dict[int, int] = {}
        for number, size in there.items():
            end = found.ends.get(number, known.get(number, 0))
            if size > end:
                log.warning("%s: cut at %d, where it is torn", self._packs.path(number), end)
                os.truncate(self._packs.path(number), end)
            if not end:
                self._packs.path(number).unlink()
            elif size >= known.get(number, 0):
                ends[number] = end
        self._index.commit(found.rows.values(), ends, found.doubles)

    # ------------------------------------------------------------------------- writing

    def put(
        self,
        fd: int,
        *,
        length: int | None = None,
        like: bytes | None = None,
        cuts: Sequence[int] = (),
    ) -> Put:
        """Store the content of an open file, read from its beginning.

        Outside a batch it is on the disk when this returns. That the file does not change while it
        is read is the caller's affair; what is stored has the digest in any case.

        Args:
            fd: open for reading. Its position is left as it is.
            length: how much of it, in bytes; None reads up to the end.
            like: digest of a content that is similar, as the version before is.
            cuts: rising lengths of prefixes, in bytes, that are to be stored as contents of their
                own; one that lies behind the end stands for all of it.

        Raises:
            StateUnwritable: the disk is full. The store is as it was before.
            UsageError: the store is read-only, or ``cuts`` do not rise.
            OSError: the file cannot be read.
        """
        if list(cuts) != sorted(cuts) or any(cut < 0 for cut in cuts):
            raise UsageError(f"the cuts {list(cuts)} do not rise")
        return self._put(lambda storing: _store(storing, fd, length, cuts), like)

    def put_bytes(self, data: bytes, *, like: bytes | None = None) -> bytes:
        """Store bytes that are in memory; gives their digest. Otherwise as ``put``."""
        if len(data) <= WHOLE_BYTES:
            return self._put(lambda storing: storing.whole(data), like).digest
        fd = os.memfd_create("lsfs-put", os.MFD_CLOEXEC)
        try:
            with os.fdopen(fd, "wb", closefd=False) as file:
                file.write(data)
            return self.put(fd, like=like).digest
        finally:
            os.close(fd)

    def _put(self, store: Callable[[Storing], Put], like: bytes | None) -> Put:
        self._writable()
        with self.batch():
            mark = self._packs.mark()
            storing = Storing(self._index, self._writer, self._reader, like)
            try:
                put = store(storing)
            except BaseException:
                if not self._packs.undo(mark, storing.appended):
                    self._packs.drop(_contents(storing.rows.values()))
                raise
            left = self._index.add(storing.rows.values())
            self._packs.drop(_contents(left))
        return put

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Put many contents; they are on the disk when it ends, with one wait for all of them.

        No sweep runs meanwhile. Batches of one thread may be nested; the outermost counts.

        Raises:
            StateUnwritable: at the end: the disk is full. Nothing that was put in the batch is
                stored.
        """
        self._writable()
        with self._gate.together():
            depth = getattr(self._mine, "depth", 0)
            failures = self._failures
            self._mine.depth = depth + 1
            try:
                yield
            finally:
                self._mine.depth = depth
                if not depth:
                    self._commit(failures)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """No sweep runs meanwhile: for putting a content and noting elsewhere that it is kept."""
        with self._gate.together():
            yield

    def _commit(self, failures: int) -> None:
        with self._committing:
            if self._failures != failures:
                raise StateUnwritable(f"cannot write {self.root}: another commit failed")
            rows = self._index.pending()
            if not rows:
                return
            ends = self._packs.ends()
            try:
                self._packs.sync()
                self._index.commit(rows, ends)
            except BaseException:
                # Others may have left out chunks that were among these: they fail with it.
                self._failures += 1
                self._index.discard()
                self._packs.rewind()
                raise
            self._packs.keep(ends)

    def _writable(self) -> None:
        if self._read_only:
            raise UsageError(f"{self.root} is open for reading only")

    # ------------------------------------------------------------------------- reading

    def has(self, digest: bytes) -> bool:
        """Whether a content is stored."""
        try:
            self._reader.content(digest)
        except NotFound:
            return False
        return True

    def size(self, digest: bytes) -> int:
        """Bytes of a content.

        Raises:
            NotFound: it is not stored.
        """
        return self._reader.content(digest).size or 0

    def open(self, digest: bytes, length: int | None = None) -> Content:
        """A content, to be read at any place.

        Args:
            length: show only so much of it, in bytes.

        Raises:
            NotFound: it is not stored.
            ObjectDamaged: it is damaged.
            UsageError: it is shorter than ``length``.
        """
        entries = self._reader.entries(digest)
        size = entries.size if length is None else length
        if not 0 <= size <= entries.size:
            raise UsageError(f"content {digest.hex()} has {entries.size} bytes, not {size}")
        return Content(self._reader, digest, entries, size)

    def read(self, digest: bytes) -> bytes:
        """All bytes of a content; errors as of ``open``."""
        with self.open(digest) as content:
            return content.read(0, content.size)

    def digests(self) -> Iterator[bytes]:
        """The digest of every content, in no order."""
        for row in self._index.rows():
            if row.size is not None:
                yield row.digest

    def usage(self) -> Usage:
        """How much is stored; what an open batch has put is not counted yet."""
        contents, chunks, size = self._index.totals()
        packs = sum(self._packs.size(number) for number in self._packs.numbers())
        return Usage(contents, chunks, packs + self._index.bytes_on_disk(), size)

    # -------------------------------------------------------------------------- caring

    def sweep(
        self, keep: Collection[bytes] | Callable[[bytes], bool], *, thorough: bool = False
    ) -> Swept:
        """Remove every content that is not to be kept.

        Puts and batches wait until it is done. It may be cut short at any point: nothing that is
        kept is lost, and the next one goes on.

        Args:
            keep: digests of contents, or what says of one whether it is kept.
            thorough: leave no byte of what is removed; otherwise a pack is left as it is until
                more than half of it is of no use.

        Raises:
            StateUnwritable: the disk is full.
            UsageError: the store is read-only, or the thread is within a batch.
        """
        self._writable()
        kept = keep if callable(keep) else frozenset(keep).__contains__
        with self._gate.alone():
            sweep = Sweep(self._index, self._packs, self._reader, self._writer)
            return sweep.run(kept, thorough=thorough)

    def check(self, *, deep: bool, repair: bool = False) -> Iterator[Damage]:
        """Look for damage.

        Args:
            deep: read and verify every record, not only that it is where it should be.
            repair: make the index again without what cannot be read; a later put of the same
                content stores it anew.

        Raises:
            UsageError: repair of a store that is read-only.
        """
        if repair:
            self._writable()
            with self._gate.alone():
                return iter(self._repair(deep))
        return iter(self._found(deep))

    def _found(self, deep: bool) -> list[Damage]:
        self._reader.recent.clear()
        return Check(self.root, self._index, self._packs, self._reader, deep=deep).run()

    def _repair(self, deep: bool) -> list[Damage]:
        found = self._found(deep)
        if not found:
            return []
        self._index.close()
        self._packs.close()
        damages = checking.repair(self.root, self._packs, self._coder, found)
        self._open_for_writing()
        return damages

    def close(self) -> None:
        """Release the files; a second time does nothing."""
        self._index.close()
        self._packs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _contents(rows: Iterable[Row]) -> list[tuple[int, int]]:
    return [(row.pack, row.place) for row in rows if row.size is not None]


def _store(storing: Storing, fd: int, length: int | None, cuts: Sequence[int]) -> Put:
    """A small content as one chunk, another as chunks."""
    most = WHOLE_BYTES + 1 if length is None else min(length, WHOLE_BYTES + 1)
    data = b""
    while len(data) < most and (more := os.pread(fd, most - len(data), len(data))):
        data += more
    if len(data) <= WHOLE_BYTES:
        return storing.whole(data, cuts)
    return storing.chunked(Reading(fd, length, cuts), cuts)
