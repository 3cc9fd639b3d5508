"""The bytes of versions, wherever they are: in the source, just captured, or in ``objects/``."""

from __future__ import annotations

import functools
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec.structs import replace

from lsfs import beneath
from lsfs.errors import NotFound
from lsfs.versions.events import Event, Op, State
from lsfs.versions.history import JournalReader
from lsfs.versions.tables import CONTENT, GROWING, ContentRow

if TYPE_CHECKING:
    from lsfs.versions.objects import ObjectStore

BLOCK = 4 << 20
TRIES = 5  # it may be moved from one place to the next while it is looked for
# Between two tries, where all that is known has been tried: what was renamed or closed in this very
# moment is told of a little later.
WAIT_S = 0.02
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


class Trace(NamedTuple):
    """Where a content is that only the source has.

    Attributes:
        paths: that the file has, or may have.
        grows: it is appended to through the mount, so it stands otherwise already.
    """

    standing: Standing
    paths: list[bytes]
    grows: bool = False


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
            if self.row(id_) != row:
                continue
            if _standing(row) is None:
                raise ContentLost(
                    "nobody kept this content",
                    hint="it was overwritten behind the mount before it was read, or pruned",
                )
            time.sleep(WAIT_S)
        raise ContentLost(
            "nobody kept this content, and the file that had it is changed or elsewhere",
            hint="if it was only moved, try again; what is overwritten behind the mount is lost "
            "where it was not read before",
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
            return self._stored(row, row.digest)
        if row.event is not None:
            captured = self._captured(row)
            if captured is not None:
                return captured
        if row.within is not None:
            return Beginning(self.open(row.within), row.size)
        standing = _standing(row)
        if standing is None:
            return None
        trace = Trace(standing, self._paths(row))
        return self._in_source(row, trace, row.ctime_ns or 0) or self._unread(row)

    def _stored(self, row: ContentRow, digest: bytes) -> Content | None:
        try:
            return self._store().open(digest)
        except NotFound:
            if self.row(row.id) == row:
                raise
            return None  # it was pruned in this moment

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

    def _in_source(self, row: ContentRow, trace: Trace, ctime_ns: int | None) -> Content | None:
        """From one of the files at some paths, if it stands as it should.

        Args:
            ctime_ns: the time of its last change of any kind, which nobody can set back as that of
                its content; None: it is known that nothing was written to it since.
        """
        for path in trace.paths:
            try:
                fd = beneath.open_file(self._source, path)
            except OSError:
                continue
            stat = os.fstat(fd)
            if ctime_ns in (None, stat.st_ctime_ns) and self._is_held(row, trace, stat):
                is_intact = functools.partial(self._is_intact, row, trace, stat.st_ctime_ns)
                return SourceContent(fd, row.size, is_intact, lambda: self.open(row.id))
            os.close(fd)
        return None

    def _is_held(self, row: ContentRow, trace: Trace, stat: os.stat_result) -> bool:
        """Whether a file is the one that has a content, and begins with it still."""
        standing = trace.standing
        if (stat.st_dev, stat.st_ino) != standing[:2]:
            return False
        if Standing.of(stat) == standing or self.is_watched(standing):
            return True
        return trace.grows and stat.st_size >= row.size

    def _is_intact(self, row: ContentRow, trace: Trace, opened_ns: int, fd: int) -> bool:
        """Whether what was just read of an open file is what it held when it was opened."""
        stat = os.fstat(fd)
        if stat.st_ctime_ns == opened_ns or self.is_watched(trace.standing):
            return True
        if not trace.grows or stat.st_size < row.size:
            return False
        # It is noted before, when what it held is overwritten.
        fresh = self.row(row.id)
        if fresh.is_safe or fresh.within is not None:
            return False
        now = self._trace(fresh)
        return isinstance(now, Trace) and now.grows and now.standing == trace.standing

    def _unread(self, row: ContentRow) -> Content | None:
        """From what happened to its file since the ledger has read the journal."""
        found = self._trace(row)
        if isinstance(found, Event):
            return self._just_captured(row, found)
        return None if found is None else self._in_source(row, found, None)

    def _trace(self, row: ContentRow) -> Trace | Event | None:
        """Where a content is by now that was in the source; the event that has captured it; None
        when it was overwritten."""
        standing = _standing(row)
        if standing is None:
            return None
        position = self._query("SELECT value FROM meta WHERE key = 'position'", ())
        paths = self._paths(row)
        grows = row.open == GROWING
        for event in self._journal.told(int(position[0][0]) if position else 0, UNREAD):  # type: ignore[call-overload]
            paths = [_path_after(event, path) for path in paths]
            state = event.state
            if state is None or (state.device, state.inode) != standing[:2]:
                continue
            now = Standing.of(state)
            if event.op == Op.CAPTURED and (grows or now.mtime_ns == standing.mtime_ns):
                return event
            if event.op == Op.APPENDING and now == standing:
                grows = True
            if event.op == Op.ATTRIBUTES and now.size == standing.size:
                standing = now
            if event.op == Op.WRITTEN:
                if now != standing and (not event.appended or now.size < standing.size):
                    return None
                standing, grows = now, False
        return Trace(standing, paths, grows)

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
    if event.op not in (Op.RENAMED, Op.EXCHANGED) or event.target is None:
        return path
    old, new = os.fsencode(event.path), os.fsencode(event.target)
    if path == old or path.startswith(old + b"/"):
        return new + path[len(old) :]
    if event.op == Op.EXCHANGED and (path == new or path.startswith(new + b"/")):
        return old + path[len(new) :]
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
