"""The files of the store of attention states: room for them, and which go first.

::

    kv/lock                                    held (flock) while files are written or removed
    kv/purged                                  another 16 bytes after each purge
    kv/CONTEXT/meta.json                       what the states of this context key are of
    kv/CONTEXT/counts                          hits and misses, two u64
    kv/CONTEXT/prefix.kv                       the state of the prefix alone
    kv/CONTEXT/SHARD/BLOCK.kv                  one block

A block's time of modification is when it was last used. Nothing else says so, hence nothing can be
at odds with the files after a crash; a block that is written has another name until it is whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.errors import StateUnwritable

log = logging.getLogger("lsfs.llm.kv.kvfolder")

SUFFIX, DRAFT, GONE = ".kv", ".new", ".gone"
META, COUNTS, PREFIX, LOCK, PURGED = "meta.json", "counts", "prefix.kv", "lock", "purged"
# What is left to others of the disk: one part in so many, but no more than this.
SPARED_SHARE, SPARED_BYTES = 20, 1 << 30
_COUNTS = struct.Struct("<QQ")


class Kept(Struct, frozen=True):
    """A file of the store, its size in bytes, and when it was last used."""

    path: Path
    size: int
    used_ns: int


class ContextFolder(Struct, frozen=True):
    """The blocks of one context key.

    Attributes:
        path: where they are.
        about: what is known of the model and the prefix.
        blocks: how many.
        bytes: of them, and of the prefix.
        used_ns: when the last of them was used; 0 for none.
        hits, misses: how often a block was there, and how often not.
    """

    path: Path
    about: Mapping[str, Any]
    blocks: int
    bytes: int
    used_ns: int
    hits: int
    misses: int


class KvFolder:
    """All that is kept of one drive; several processes may have it open.

    Args:
        root: the directory; made, 0700, when something is written.
        limit: bytes of all files together.
        clock_ns: the time, in nanoseconds since the epoch.
    """

    def __init__(self, root: Path, limit: int, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.root = root
        self.limit = limit
        self.trouble = ""  # why the last file was not kept; "" when it was
        self._clock_ns = clock_ns

    def now_ns(self) -> int:
        """The time, in nanoseconds since the epoch."""
        return self._clock_ns()

    def contexts(self) -> list[ContextFolder]:
        """What there is, by context key; the one that was used last comes first."""
        found = []
        for path in _folders(self.root):
            files = list(_files(path))
            blocks = sum(one.path.name != PREFIX for one in files)
            used = max((one.used_ns for one in files), default=0)
            size = sum(one.size for one in files)
            hits, misses = _counts(path / COUNTS)
            about = _about(path / META)
            found.append(ContextFolder(path, about, blocks, size, used, hits, misses))
        return sorted(found, key=lambda one: -one.used_ns)

    def files(self) -> list[Kept]:
        """All blocks and prefixes, the ones that were not used for longest first."""
        found = [one for path in _folders(self.root) for one in _files(path)]
        return sorted(found, key=lambda one: one.used_ns)

    # --- writing

    def write(
        self, path: Path, data: memoryview, about: Mapping[str, Any], used_ns: int | None = None
    ) -> bool:
        """Keep a file, and let go of others that were used before it.

        Args:
            path: below the folder of a context key.
            data: all of it.
            about: what is noted of the context key.
            used_ns: when it was last of use; now by default. Files that were used since then do
                not make room for it.

        Returns:
            Whether it is there; :attr:`trouble` says why not.
        """
        try:
            with self._locked():
                # Now is when its turn has come: others have written while it waited.
                used_ns = self.now_ns() if used_ns is None else used_ns
                self.trouble = self._make_room(len(data), used_ns)
                if not self.trouble:
                    context = self.root / path.relative_to(self.root).parts[0]
                    _make(path.parent, self.root)
                    if not (context / META).exists():
                        _write(context / META, memoryview(json.dumps(dict(about)).encode()))
                    _write(path, data, used_ns)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self.trouble = "the disk is full" if full else f"cannot be written: {error.strerror}"
        if self.trouble:
            log.info("%s is not kept: %s", path.name, self.trouble)
        return not self.trouble

    def _make_room(self, size: int, used_ns: int) -> str:
        """Remove what was not used for longest; says why there is no room, and then leaves all."""
        if size > self.limit:
            return f"larger than model.kv_bytes ({self.limit})"
        self._sweep()
        files = self.files()
        excess = max(sum(one.size for one in files) + size - self.limit, self._lacking(size))
        going = []
        for one in files:
            if excess <= 0 or one.used_ns > used_ns:
                break
            going.append(one)
            excess -= one.size
        if excess > 0:
            return "what is kept was used since" if files else "the disk is nearly full"
        for one in going:
            one.path.unlink(missing_ok=True)
        return ""

    def _lacking(self, size: int) -> int:
        """Bytes that the disk lacks to hold so many more and leave others their part."""
        disk = os.statvfs(self.root)
        spared = min(SPARED_BYTES, disk.f_blocks * disk.f_frsize // SPARED_SHARE)
        return size + spared - disk.f_bavail * disk.f_frsize

    def touch(self, fd: int) -> None:
        """Note that an open file was used now."""
        now = self.now_ns()
        with contextlib.suppress(OSError):  # a disk that cannot be written is read all the same
            os.utime(fd, ns=(now, now))

    def _sweep(self) -> None:
        """Remove what killed writers left; who holds the lock knows that none is at work."""
        for folder in _folders(self.root):
            for entry in _walk(folder):
                if entry.name.endswith(DRAFT):
                    Path(entry.path).unlink(missing_ok=True)
        self._sweep_gone()

    def _sweep_gone(self) -> None:
        for path in self.root.glob(f"*{GONE}"):
            shutil.rmtree(path)

    def count(self, context: Path, hits: int, misses: int) -> bool:
        """Add to the hits and misses of a context key; False while it has no folder."""
        if not hits and not misses:
            return True
        try:
            fd = os.open(context / COUNTS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False  # nothing was kept yet, or the disk cannot be written
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            before = _unpacked(os.pread(fd, _COUNTS.size, 0))
            os.pwrite(fd, _COUNTS.pack(before[0] + hits, before[1] + misses), 0)
        except OSError as error:
            log.debug("hits are not counted: %s", error)
            return False
        finally:
            os.close(fd)
        return True

    def clear(self, doomed: Callable[[ContextFolder], bool] = lambda _: True) -> int:
        """Remove all that is kept, or that of some context keys; gives how many blocks that were.

        Raises:
            StateUnwritable: it cannot be removed.
        """
        try:
            return self._clear(doomed) if self.root.exists() else 0
        except OSError as error:
            raise StateUnwritable(f"cannot clear {self.root}: {error.strerror}") from error

    def purge(self) -> None:
        """Remove all that is kept, and what is being made of texts that were read before.

        Raises:
            StateUnwritable: it cannot be removed.
        """
        try:
            _make(self.root, self.root)
            # First: who puts a block later than this is removed looks here afterwards.
            (self.root / PURGED).write_bytes(os.urandom(16))
        except OSError as error:
            raise StateUnwritable(f"cannot purge {self.root}: {error.strerror}") from error
        self.clear()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """While texts are read and their states are kept: what is purged meanwhile is not kept."""
        before = self._purged()
        try:
            yield
        finally:
            if self._purged() != before:
                self.clear()

    def _purged(self) -> bytes:
        try:
            return (self.root / PURGED).read_bytes()
        except OSError:
            return b""

    def _clear(self, doomed: Callable[[ContextFolder], bool]) -> int:
        with self._locked():
            going = [one for one in self.contexts() if doomed(one)]
            self._sweep_gone()
            for one in going:
                # By another name nobody adds to it meanwhile.
                one.path.rename(one.path.with_name(one.path.name + GONE))
            self._sweep_gone()
        return sum(one.blocks for one in going)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one who writes or removes."""
        _make(self.root, self.root)
        fd = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _make(folder: Path, root: Path) -> None:
    """Make a folder at or below the root; ``parents`` of mkdir would not be private."""
    if folder != root:
        _make(folder.parent, root)
    folder.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, data: memoryview, used_ns: int | None = None) -> None:
    """Under another name, to the disk, then under its own. For who holds the lock."""
    draft = path.with_name(f".{path.name}{DRAFT}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(draft, flags, 0o600)
    try:
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)
        if used_ns is not None:
            os.utime(fd, ns=(used_ns, used_ns))
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def _folders(root: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [
            one for one in root.iterdir()
            if one.suffix != GONE and one.is_dir() and not one.is_symlink()
        ]  # fmt: skip
    return []


def _files(context: Path) -> Iterator[Kept]:
    for entry in _walk(context):
        if entry.name.endswith(SUFFIX):
            with contextlib.suppress(FileNotFoundError):  # another process has just removed it
                stat = entry.stat(follow_symlinks=False)
                yield Kept(Path(entry.path), stat.st_size, stat.st_mtime_ns)


def _walk(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """All that is no folder, here and below."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        else:
            yield entry


def _counts(path: Path) -> tuple[int, int]:
    try:
        return _unpacked(path.read_bytes())
    except OSError:
        return 0, 0


def _unpacked(raw: bytes) -> tuple[int, int]:
    return _COUNTS.unpack(raw) if len(raw) == _COUNTS.size else (0, 0)


def _about(path: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
