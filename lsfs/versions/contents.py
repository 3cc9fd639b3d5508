"""The bytes of versions, wherever they are: in the source, just captured, or in ``objects/``."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec.structs import replace

from lsfs import beneath
from lsfs.errors import NotFound
from lsfs.versions.events import Event, Op, State
from lsfs.versions.history import JournalReader
from lsfs.versions.tables import CONTENT, ContentRow

if TYPE_CHECKING:
    from lsfs.versions.objects import ObjectStore

BLOCK = 4 << 20
TRIES = 5  # it may be moved from one place to the next while it is looked for
UNREAD = 20_000  # events at most that are looked at because the ledger has not taken them in yet


class ContentLost(NotFound):
    """A version whose bytes nobody kept: it was overwritten behind the mount, or pruned."""


class Content(Protocol):
    """Bytes to read from anywhere; use it in a ``with`` block."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class FileContent:
    """What an open file holds, or its beginning.

    Args:
        fd: closed with this.
        size: in bytes.
    """

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        return os.pread(self.fd, max(0, min(size, self.size - offset)), offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


class Standing(NamedTuple):
    """Which file it is, and what tells that nobody has written to it since."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, state: State | os.stat_result) -> Standing:
        """That of a file in a state."""
        if isinstance(state, State):
            return cls(state.device, state.inode, state.size, state.mtime_ns)
        return cls(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


class SourceContent:
    """What a file of the source holds, or its beginning; when it is overwritten, what was kept.

    Args:
        fd: the file, closed with this.
        size: in bytes.
        is_intact: whether the bytes are still there; asked after they were read.
        again: finds them elsewhere.
    """

    def __init__(
        self, fd: int, size: int, is_intact: Callable[[int], bool], again: Callable[[], Content]
    ) -> None:
        self._fd = fd
        self.size = size
        self._is_intact = is_intact
        self._again = again
        self._kept: Content | None = None

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``.

        Raises:
            ContentLost: the file was overwritten, and nobody has kept what it held.
        """
        if self._kept is None:
            data = os.pread(self._fd, max(0, min(size, self.size - offset)), offset)
            if self._is_intact(self._fd):
                return data
            self._kept = self._again()
        return self._kept.read(offset, size)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
        if self._kept is not None:
            self._kept.close()


class BytesContent:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        return self._data[offset : offset + size]

    def close(self) -> None:
        """Nothing is open."""


class Beginning:
    """The first bytes of another content, which is closed with this."""

    def __init__(self, whole: Content, size: int) -> None:
        self._whole = whole
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        return self._whole.read(offset, max(0, min(size, self.size - offset)))

    def close(self) -> None:
        """Close the other."""
        self._whole.close()


class Contents:
    """Finds the bytes of contents.

    Args:
        query: runs a query on the ledger's database.
        store: gives ``objects/``, which is opened when it is needed first.
        journal: has what was captured last.
        incoming: the folder of captured files.
        source: descriptor of the source.

    Attributes:
        is_watched: whether a file is open for writing, and all that it held before is still its
            beginning; only the process that serves the mount can tell.
    """

    def __init__(
        self,
        query: Callable[[str, tuple[object, ...]], list[tuple[object, ...]]],
        store: Callable[[], ObjectStore],
        journal: JournalReader,
        incoming: Path,
        source: int,
    ) -> None:
        self._query = query
        self._store = store
        self._journal = journal
        self._incoming = incoming
        self._source = source
        self.is_watched: Callable[[Standing], bool] = lambda _: False

    def open(self, id_: int) -> Content:
        """The content of this id.

        Raises:
            ContentLost: nobody has it.
            ObjectDamaged: what was kept is damaged.
        """
        for _ in range(TRIES):
            row = self.row(id_)
            found = self._found(row)
            if found is not None:
                return found
            if self.row(id_) == row:
                break
        raise ContentLost(
            "nobody kept this content",
            hint="it was overwritten behind the mount before it was read, or pruned",
        )

    def row(self, id_: int) -> ContentRow:
        """What is known of a content."""
        rows = self._query(f"SELECT {CONTENT} FROM content WHERE id = ?", (id_,))  # noqa: S608
        if not rows:
            raise ContentLost(f"no content {id_}")
        return ContentRow(*rows[0])  # type: ignore[arg-type]

    def is_kept(self, row: ContentRow) -> bool:
        """Whether the bytes are to be had, without opening them."""
        if row.is_safe or row.inode is not None:
            return True
        return row.within is not None and self.is_kept(self.row(row.within))

    def _found(self, row: ContentRow) -> Content | None:
        if not row.size:
            return BytesContent(b"")
        if row.kept and row.digest is not None:
            return self._store().open(row.digest)
        if row.event is not None:
            captured = self._captured(row)
            if captured is not None:
                return captured
        if row.within is not None:
            return Beginning(self.open(row.within), row.size)
        standing = _standing(row)
        if standing is None:
            return None
        return self._in_source(row, standing, self._paths(row)) or self._unread(row, standing)

    def _captured(self, row: ContentRow) -> Content | None:
        assert row.event is not None  # noqa: S101 - the caller looked
        if row.file is None:
            data = self._journal.content(row.event)
            return None if data is None else BytesContent(data)
        try:
            fd = os.open(self._incoming / os.fsdecode(row.file), beneath.FILE)
        except FileNotFoundError:
            return None
        return FileContent(fd, min(row.size, os.fstat(fd).st_size))

    def _paths(self, row: ContentRow) -> list[bytes]:
        paths = self._query(
            "SELECT path FROM version WHERE content = ? AND end_ns IS NULL", (row.id,)
        )
        return [path for (path,) in paths]  # type: ignore[misc]

    def _in_source(
        self, row: ContentRow, standing: Standing, paths: Iterable[bytes]
    ) -> Content | None:
        """From one of the files at some paths, if it stands as it should."""

        def is_intact(fd: int) -> bool:
            return Standing.of(os.fstat(fd)) == standing or self.is_watched(standing)

        for path in paths:
            try:
                fd = beneath.open_file(self._source, path)
            except OSError:
                continue
            stat = os.fstat(fd)
            if (stat.st_dev, stat.st_ino) == standing[:2] and is_intact(fd):
                return SourceContent(fd, row.size, is_intact, lambda: self.open(row.id))
            os.close(fd)
        return None

    def _unread(self, row: ContentRow, standing: Standing) -> Content | None:
        """From what happened to its file since the ledger has read the journal."""
        position = self._query("SELECT value FROM meta WHERE key = 'position'", ())
        paths = self._paths(row)
        for event in self._journal.told(int(position[0][0]) if position else 0, UNREAD):  # type: ignore[call-overload]
            paths = [_path_after(event, path) for path in paths]
            state = event.state
            if state is None or (state.device, state.inode) != standing[:2]:
                continue
            if event.op == Op.CAPTURED and state.mtime_ns == standing.mtime_ns:
                return self._just_captured(row, event)
            if event.op == Op.ATTRIBUTES and state.size == standing.size:
                standing = Standing.of(state)
            if event.op == Op.WRITTEN:
                if not event.appended or state.size < standing.size:
                    return None
                standing = Standing.of(state)
        return self._in_source(row, standing, paths)

    def _just_captured(self, row: ContentRow, event: Event) -> Content | None:
        """The beginning of what an event has captured."""
        assert event.state is not None  # noqa: S101 - the caller looked
        file = None if event.target is None else os.fsencode(event.target)
        whole = self._captured(replace(row, event=event.id, file=file, size=event.state.size))
        if whole is None or whole.size >= row.size:
            return None if whole is None else Beginning(whole, row.size)
        whole.close()
        return None


def _standing(row: ContentRow) -> Standing | None:
    """How the file stands that has a content; None where none has."""
    if row.device is None or row.inode is None or row.mtime_ns is None:
        return None
    return Standing(row.device, row.inode, row.size, row.mtime_ns)


def _path_after(event: Event, path: bytes) -> bytes:
    """The path of what was at a path before an event."""
    if event.op != Op.RENAMED or event.target is None:
        return path
    old = os.fsencode(event.path)
    if path == old or path.startswith(old + b"/"):
        return os.fsencode(event.target) + path[len(old) :]
    return path


def copy(content: Content, fd: int) -> None:
    """Write a content into an open file, from its beginning; runs of zeros become holes.

    Raises:
        OSError: the disk is full.
    """
    offset = 0
    while offset < content.size:
        block = content.read(offset, BLOCK)
        if not block:
            raise ContentLost("a content ended before its length")
        if block.count(0) == len(block):
            os.ftruncate(fd, offset + len(block))
        else:
            view = memoryview(block)
            done = 0
            while done < len(view):
                done += os.pwrite(fd, view[done:], offset + done)
        offset += len(block)


def whole(content: Content) -> bytes:
    """All bytes of a content."""
    parts = []
    offset = 0
    while offset < content.size:
        parts.append(content.read(offset, BLOCK))
        if not parts[-1]:
            raise ContentLost("a content ended before its length")
        offset += len(parts[-1])
    return b"".join(parts)


def connect(path: Path) -> sqlite3.Connection:
    """A reading connection to the ledger's database; SQLite refuses all writes on it."""
    from urllib.parse import quote

    uri = f"file:{quote(os.fsencode(path))}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
