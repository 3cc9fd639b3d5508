"""Finding what changed behind the mount: the source, compared with what the ledger knows.

Also how a drive that is not mounted gets versions, and how one that was just made gets its first.
What comes through the mount has events, which say more; so nothing is concluded about a file while
somebody has it open for writing, nor before all events are read that were there when it was looked
at.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat as modes
import time
from collections.abc import Callable, Iterable, Iterator

from lsfs import beneath
from lsfs.versions.drafts import is_draft
from lsfs.versions.events import State
from lsfs.versions.ledger import Ledger
from lsfs.versions.tables import Known

log = logging.getLogger("lsfs.versions.scan")

AT_ONCE = 500  # findings of a transaction
LEFT_S = 3600.0  # what a restore has not written to for so long was left by one that was killed


class Scan:
    """Looks at the source.

    Args:
        ledger: told what is found.
        source: descriptor of the source; stays the caller's.
        follow: takes all events of the journal into the ledger.
        now_ns: the time, in nanoseconds since the epoch.
    """

    def __init__(
        self, ledger: Ledger, source: int, follow: Callable[[], None], now_ns: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._source = source
        self._follow = follow
        self._now_ns = now_ns
        self._drafts: list[bytes] = []  # of restores, that were come across

    def look(self, paths: Iterable[str] | None = None) -> set[str]:
        """Tell the ledger what stands at and below some paths, None: everywhere.

        Returns:
            paths to look at again a little later, because somebody is writing to them.
        """
        self._follow()
        busy: set[str] = set()
        seen: dict[bytes, tuple[State, bytes | None]] = {}
        known: dict[bytes, Known] = {}
        for path in [b""] if paths is None else map(os.fsencode, paths):
            seen |= dict(self._tree(path))
            known |= self._known(path)
        news = [path for path, found in seen.items() if not _is_known(known.get(path), found)]
        gone = [path for path in known if path not in seen]
        moved = self._moves(gone, news, seen, known)
        passed_on = self._passed_on(news, seen, known)
        if passed_on:
            self._stay(passed_on)
        for begin in range(0, len(news), AT_ONCE):
            self._tell(news[begin : begin + AT_ONCE], moved, busy)
        if passed_on:
            self._stay(set())
        # What is written to under another name is told of when both are looked at again.
        waiting = {moved[path] for path in map(os.fsencode, busy) if path in moved}
        busy |= set(map(os.fsdecode, waiting))
        self._tell_gone([path for path in gone if path not in waiting])
        if paths is None and not self._ledger.meta("looked"):
            self._ledger.set_meta("looked", "1")
        self._sweep_drafts()
        return busy

    def _sweep_drafts(self) -> None:
        """Remove what a restore that was killed has left: files that it was still writing."""
        drafts, self._drafts = self._drafts, []
        with _Folder(self._source) as folder:
            for path in drafts:
                with contextlib.suppress(OSError):
                    fd, name = folder.of(path)
                    stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    is_old = time.time() - stat.st_ctime >= LEFT_S
                    if not (modes.S_ISREG(stat.st_mode) and is_old) or _is_written(folder, path):
                        continue
                    os.unlink(name, dir_fd=fd)
                    log.warning("%r is removed: a restore that was killed has left it", path)

    def _moves(
        self,
        gone: list[bytes],
        news: list[bytes],
        seen: dict[bytes, tuple[State, bytes | None]],
        known: dict[bytes, Known],
    ) -> dict[bytes, bytes]:
        """New paths of files that have gone elsewhere: same inode, size and time."""
        if not gone or not news:
            return {}
        by_content = {
            row.content: path
            for path in gone
            if (row := known[path]).kind == "file" and row.content is not None
        }
        moved: dict[bytes, bytes] = {}
        with self._ledger.lock:
            for path in news:
                content = self._ledger.content_in(seen[path][0])
                if content is not None and content in by_content and path not in known:
                    moved[path] = by_content.pop(content)
        return moved

    def _passed_on(
        self,
        news: list[bytes],
        seen: dict[bytes, tuple[State, bytes | None]],
        known: dict[bytes, Known],
    ) -> set[int]:
        """Contents of files whose name another has by now, and that have another name."""
        changed = [(row, seen[path][0]) for path in news if (row := known.get(path)) is not None]
        left = {row.content for row, state in changed if row.inode not in (None, state.inode)}
        if any(row.kind == "dir" and not state.is_dir for row, state in changed):
            left |= {row.content for path, row in known.items() if path not in seen}
        if not left:
            return set()
        with self._ledger.lock:
            there = {self._ledger.content_in(seen[path][0]) for path in news}
        return {content for content in left & there if content is not None}

    def _stay(self, contents: set[int]) -> None:
        with self._ledger.transaction():
            self._ledger.stay(contents)

    def _tell(self, paths: list[bytes], moved: dict[bytes, bytes], busy: set[str]) -> None:
        fresh = {}
        with _Folder(self._source) as folder:
            for path in paths:
                found = _entry(folder, path)
                if found is None:
                    continue  # gone since; there will be a hint
                if found[0].is_file and _is_written(folder, path):
                    busy.add(os.fsdecode(path))
                    continue
                fresh[path] = found
        self._follow()
        # Folders are found anew: what was renamed before this has had its event read.
        with self._ledger.transaction(), _Folder(self._source) as folder:
            for path, found in fresh.items():
                if _entry(folder, path) != found:
                    busy.add(os.fsdecode(path))
                elif path in moved and self._ledger.live(path) is None:
                    self._ledger.moved(moved[path], path, found[0], self._now_ns())
                else:
                    self._ledger.found(path, found[0], self._now_ns(), target=found[1])

    def _tell_gone(self, paths: list[bytes]) -> None:
        with _Folder(self._source) as folder:
            really = [path for path in paths if _entry(folder, path) is None]
        if not really:
            return
        self._follow()
        with self._ledger.transaction():
            for path in really:
                self._ledger.gone(path, self._now_ns())

    def _known(self, path: bytes) -> dict[bytes, Known]:
        with self._ledger.lock:
            return {row.path: row for row in self._ledger.known_below(path)}

    # --- the source

    def _tree(self, path: bytes) -> Iterator[tuple[bytes, tuple[State, bytes | None]]]:
        """What stands at and below a path."""
        found = None
        if path:
            with _Folder(self._source) as place:
                found = _entry(place, path)
        if found is not None:
            yield path, found
        if path and (found is None or not found[0].is_dir):
            return
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            try:
                fd = beneath.open_folder(self._source, folder.split(b"/") if folder else [])
            except OSError as error:
                log.warning("cannot list %r: %s", folder, error.strerror)
                continue
            try:
                with os.scandir(fd) as entries:
                    for entry in entries:
                        yield from _described(folder, entry, fd, waiting, self._drafts)
            finally:
                os.close(fd)


class _Folder:
    """Opens the folders of paths; the last one stays open, for the next path is mostly beside.

    Args:
        source: descriptor of the source.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self._path: bytes | None = None
        self._fd = -1

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            os.close(self._fd)
            self._path = None

    def of(self, path: bytes) -> tuple[int, bytes]:
        """A descriptor of the folder that holds a path, and the last name of the path.

        Raises:
            OSError: there is no such folder.
        """
        above, _, name = path.rpartition(b"/")
        if above != self._path:
            fd = beneath.open_folder(self._source, above.split(b"/") if above else [])
            self.__exit__()
            self._path, self._fd = above, fd
        return self._fd, name


def _entry(folder: _Folder, path: bytes) -> tuple[State, bytes | None] | None:
    """What stands at a path."""
    if is_draft(path):
        return None
    try:
        fd, name = folder.of(path)
        stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except OSError:
        return None
    if not _is_versioned(stat.st_mode):
        return None
    return State.of(stat), _target(fd, name) if modes.S_ISLNK(stat.st_mode) else None


def _target(folder: int, name: bytes) -> bytes | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def is_written(source: int, path: bytes) -> bool:
    """Whether somebody has a file of the source open for writing, as far as that can be told."""
    with _Folder(source) as folder:
        return _is_written(folder, path)


def _is_written(folder: _Folder, path: bytes) -> bool:
    """Whether somebody has the file open for writing; asked by taking a lease."""
    try:
        parent, name = folder.of(path)
        fd = os.open(name, beneath.FILE, dir_fd=parent)
    except OSError:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # not ours, or a file system without leases: nobody can tell
    else:
        return False
    finally:
        os.close(fd)


def _described(
    folder: bytes,
    entry: os.DirEntry[str],
    fd: int,
    waiting: list[bytes],
    drafts: list[bytes],
) -> Iterator[tuple[bytes, tuple[State, bytes | None]]]:
    name = os.fsencode(entry.name)
    path = folder + b"/" + name if folder else name
    try:
        stat = entry.stat(follow_symlinks=False)
        if is_draft(path):
            drafts.append(path)
            return
        if not _is_versioned(stat.st_mode):
            return
        target = os.readlink(name, dir_fd=fd) if entry.is_symlink() else None
    except OSError:
        return  # gone since it was listed
    if modes.S_ISDIR(stat.st_mode):
        waiting.append(path)
    yield path, (State.of(stat), target)


def _is_versioned(mode: int) -> bool:
    return modes.S_ISREG(mode) or modes.S_ISDIR(mode) or modes.S_ISLNK(mode)


def _is_known(row: Known | None, found: tuple[State, bytes | None]) -> bool:
    """Whether a row says all that was found, as far as that can be told without its content."""
    state, target = found
    if row is None or row.target != target:
        return False
    told = (row.mode, row.uid, row.gid, row.mtime_ns)
    if told != (state.mode, state.uid, state.gid, state.mtime_ns):
        return False
    if row.kind != "file" or row.content is None:
        return True
    return (row.size, row.inode, row.ctime_ns) == (state.size, state.inode, state.ctime_ns)
