"""The files of a library, laid out as a folder on this machine, and fetched when they are read.

A file that nobody has read yet stands there with its name, its size and its time, and holds
nothing: a sparse file, which the owner may write to. Once its bytes are there, proved by their
digest, nobody may: that is how the two are told apart, by a look at the file and by any process.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from lsfs import beneath
from lsfs.errors import LsfsError, NotFound
from lsfs.index.library.objects import Objects
from lsfs.index.library.schema import bytes_at

if TYPE_CHECKING:
    from lsfs.index.library.mirror import Update

ABSENT, PRESENT = 0o644, 0o444  # permissions of a file whose bytes are not here, and are
HIDDEN = (b".lsfs.toml", b".lsfsignore")  # what would decide on this machine's settings
DRAFT = b".lsfs-"  # how the name of a file begins that is being made
LONGEST = 255  # bytes of a name
PART = 8 << 20  # bytes that are fetched at a time

log = logging.getLogger("lsfs.index.library")


def is_absent(found: os.stat_result) -> bool:
    """Whether a file of the folder has no bytes yet."""
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IWUSR)


class Wanted(Struct, frozen=True):
    """What a file is to be.

    Attributes:
        digest: BLAKE3 of its bytes; None when they are not in the library.
    """

    size: int
    mtime_ns: int
    digest: bytes | None


class LibraryFiles:
    """The folder with the files of one library.

    Args:
        uri: of the library.
        folder: is made if it is missing.
        catalog: the copy of the library's catalog, which says what there is.
    """

    def __init__(self, uri: str, folder: Path, catalog: Path) -> None:
        self._uri = uri
        self._folder = folder
        self._catalog = catalog
        self._objects: Objects | None = None

    # --- bytes

    def is_absent(self, found: os.stat_result) -> bool:
        """Whether a file of the folder has no bytes yet."""
        return is_absent(found)

    def fetch(self, path: str) -> None:
        """See that a file is there with its bytes.

        Raises:
            NotFound: the library has no such file.
            LibraryUnreachable: it does not answer.
            LsfsError: its bytes are not in the library, or not what they should be.
        """
        raw = os.fsencode(path)
        self.stand(path)
        with self._root() as root:
            fd = beneath.open_file(root, raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)  # another process may be just about it
                if is_absent(os.fstat(fd)):
                    self._fill(fd, path, self._wanted(path))
            finally:
                os.close(fd)

    def _fill(self, fd: int, path: str, wanted: Wanted) -> None:
        from blake3 import blake3

        if wanted.digest is None:
            raise LsfsError(
                f"{path}: its bytes are not in the library {self._uri}",
                hint="it could not be read when the library was written: lsfs status --problems",
            )
        out = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            seen, at = blake3(), 0
            for part in self._store().parts(bytes_at(wanted.digest.hex()), PART):
                seen.update(part)
                os.pwrite(out, part, at)
                at += len(part)
            if seen.digest() != wanted.digest:
                os.ftruncate(out, 0)  # holes again
                os.ftruncate(out, wanted.size)
                raise LsfsError(f"{path}: the library {self._uri} holds other bytes than it says")
            os.ftruncate(out, at)
            os.fdatasync(out)
            os.utime(out, ns=(time.time_ns(), wanted.mtime_ns))
            os.fchmod(out, PRESENT)
        finally:
            os.close(out)

    def _store(self) -> Objects:
        if self._objects is None:
            self._objects = Objects(self._uri)
        return self._objects

    def _wanted(self, path: str) -> Wanted:
        with self._database() as db:
            row = db.execute(
                "SELECT size, mtime_ns, digest FROM file WHERE path = ?", (os.fsencode(path),)
            ).fetchone()
        if row is None:
            raise NotFound(f"there is no {path!r} in the library {self._uri}")
        return Wanted(*row)

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        uri = f"file:{quote(os.fsencode(self._catalog))}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as db:
            yield db

    # --- the folder

    @contextlib.contextmanager
    def _root(self) -> Iterator[int]:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)

    def stand(self, path: str) -> None:
        """See that a file stands in the folder, with or without its bytes."""
        wanted = self._wanted(path)
        with self._root() as root:
            self._place(root, os.fsencode(path), wanted)

    def forget(self, path: bytes) -> None:
        """Have a file fetched anew; who has it open goes on reading what it held."""
        *folders, name = path.split(b"/")
        with self._root() as root, contextlib.suppress(FileNotFoundError, NotADirectoryError):
            fd = beneath.open_folder(root, folders)
            try:
                os.unlink(name, dir_fd=fd)
            finally:
                os.close(fd)

    def lay_out(self, head: str) -> None:
        """Make the folder show what the library has: no more, no less.

        Args:
            head: that the copy of the catalog is of, in any form; nothing is done when the folder
                has been laid out by it.
        """
        with self._laying():
            if self._shown() != head:
                self._lay_out()
                self._show(head)

    def change(self, update: Update, head: str) -> None:
        """The same by what an update has changed; a folder that is not laid out stays so."""
        with self._laying():
            if self._shown() != update.before or not update.before:
                return
            for path in update.paths:
                self._change(path)
            self._show(head)

    def _change(self, path: bytes) -> None:
        try:
            self.stand(os.fsdecode(path))
        except NotFound:
            self.forget(path)
            self._drop_empty(path.split(b"/")[:-1])
        except OSError as error:
            log.warning("%r cannot stand in the folder: %s", path, error.strerror)

    def _drop_empty(self, folders: list[bytes]) -> None:
        """Remove folders that hold nothing any more, the innermost first."""
        with self._root() as root, contextlib.suppress(OSError):  # not empty: it stays
            while folders:
                *above, name = folders
                fd = beneath.open_folder(root, above)
                try:
                    os.rmdir(name, dir_fd=fd)
                finally:
                    os.close(fd)
                folders = above

    @contextlib.contextmanager
    def _laying(self) -> Iterator[None]:
        """One process lays the folder out at a time."""
        with self._root() as root:
            fcntl.flock(root, fcntl.LOCK_EX)
            yield

    @property
    def _mark(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}.head")

    def _shown(self) -> str:
        """The head that the folder was laid out by; "" for none."""
        try:
            return self._mark.read_text()
        except FileNotFoundError:
            return ""

    def _show(self, head: str) -> None:
        draft = self._mark.with_suffix(".draft")
        draft.write_text(head)
        draft.replace(self._mark)

    def _lay_out(self) -> None:
        with self._database() as db:
            rows = db.execute("SELECT path, size, mtime_ns, digest FROM file").fetchall()
        wanted = {bytes(path): Wanted(*rest) for path, *rest in rows if _is_safe(path)}
        folders = set().union(*map(_folders_of, wanted)) if wanted else set()
        with self._root() as root:
            self._clear(root, b"", wanted, folders)
            for path, one in wanted.items():
                try:
                    self._place(root, path, one)
                except OSError as error:
                    log.warning("%r cannot stand in the folder: %s", path, error.strerror)

    def _clear(
        self, root: int, folder: bytes, wanted: dict[bytes, Wanted], folders: set[bytes]
    ) -> None:
        """Remove what the library does not have, or has with another content."""
        fd = beneath.open_folder(root, folder.split(b"/") if folder else [])
        try:
            with os.scandir(fd) as found:
                entries = [(one.name, one.is_dir(follow_symlinks=False)) for one in found]
            for shown, is_dir in entries:
                name = os.fsencode(shown)
                path = folder + b"/" + name if folder else name
                if is_dir and path in folders:
                    self._clear(root, path, wanted, folders)
                elif is_dir:
                    _remove_tree(fd, name)
                elif (path not in wanted or path in folders) and not name.startswith(DRAFT):
                    os.unlink(name, dir_fd=fd)
        finally:
            os.close(fd)

    def _place(self, root: int, path: bytes, wanted: Wanted) -> None:
        """Put a file into the folder; one that is there with the same content stays as it is."""
        if not _is_safe(path):
            raise NotFound(f"{os.fsdecode(path)!r} cannot stand in a folder of this machine")
        *folders, name = path.split(b"/")
        fd = _made_folders(root, folders)
        try:
            if _is_as(fd, name, wanted):
                return
            # A new file under the same name: who has the earlier one open goes on reading it.
            draft = DRAFT + b"%d.tmp" % threading.get_native_id()
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            new = os.open(draft, flags, ABSENT, dir_fd=fd)
            try:
                os.ftruncate(new, wanted.size)
                os.fchmod(new, ABSENT if wanted.size or wanted.digest is None else PRESENT)
                os.utime(new, ns=(wanted.mtime_ns, wanted.mtime_ns))
            finally:
                os.close(new)
            os.replace(draft, name, src_dir_fd=fd, dst_dir_fd=fd)
        finally:
            os.close(fd)


def _folders_of(path: bytes) -> set[bytes]:
    parts = path.split(b"/")
    return {b"/".join(parts[:n]) for n in range(1, len(parts))}


def _is_as(folder: int, name: bytes, wanted: Wanted) -> bool:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (wanted.size, wanted.mtime_ns)


def _is_safe(path: bytes) -> bool:
    """Whether a path that a library names may stand in a folder here."""
    parts = path.split(b"/")
    if any(not 0 < len(part) <= LONGEST or part in (b".", b"..") for part in parts):
        return False
    return parts[-1] not in HIDDEN and b"\0" not in path


def _made_folders(root: int, folders: list[bytes]) -> int:
    """A descriptor of a folder below the root, which is made if it is missing."""
    fd = os.dup(root)
    for name in folders:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=fd)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            deeper = os.open(name, flags, dir_fd=fd)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def _remove_tree(folder: int, name: bytes) -> None:
    import shutil

    shutil.rmtree(os.fsdecode(name), dir_fd=folder)
