"""A drive as a file system of fsspec: ``lsfs://Contracts/lease.pdf``, ``/Contracts/lease.pdf``.

    fs = fsspec.filesystem("lsfs", drive="~/Documents")
    fs.ls("Contracts")
    fs.retrieve("notice period", k=5)
    pandas.read_csv("lsfs://sales.csv", storage_options={"drive": "~/Documents"})
    fsspec.open("lsfs://sales.csv?at=yesterday", drive="~/Documents")

What is written keeps its former content as a version; what is removed is in the trash. With ``at``
the drive is as it was at that moment, and can only be read.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from lsfs.errors import LsfsError

if TYPE_CHECKING:
    from lsfs.syscalls.ask import Answer
    from lsfs.syscalls.drive import Drive
    from lsfs.syscalls.retrieve import Hits
    from lsfs.syscalls.within import Entry

PROTOCOL = "lsfs"
AT = "?at="
PART = 4 << 20  # bytes that are read at once


class DriveFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The files of a drive.

    Args:
        drive: its folder or mountpoint; by default the drive around the current folder, else
            ``LSFS_DRIVE``. A folder that is no drive becomes one.
        state: where the drive's state is kept, when not in its default place.
        at: a moment ("yesterday 15:00", "2026-11-24", a snapshot): the drive as it was then.
    """

    protocol = PROTOCOL
    root_marker = "/"

    def __init__(self, drive: str = "", state: str = "", at: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.at = at
        self._where = (drive, state)
        self._drive: Drive | None = None
        self._process = 0  # that opened it

    @property
    def drive(self) -> Drive:
        """The drive itself, with all that it can do."""
        if self._drive is None or self._process != os.getpid():
            # The copy of it in a child of that process has no threads, and must not be used.
            from lsfs.serve.access import Access
            from lsfs.syscalls.drive import Drive

            access = Access(_record(*self._where))
            self._drive, self._process = Drive(access.record.source, access), os.getpid()
        return self._drive

    def close(self) -> None:
        """Let go of the drive; it is opened again when it is used again."""
        if self._drive is not None:
            self._drive.close()
            self._drive = None

    # --- what other file systems have not

    def retrieve(self, query: str, **options: Any) -> Hits:
        """Passages that answer a query; see :meth:`lsfs.Drive.retrieve`."""
        with _translated(query):
            return self.drive.retrieve(query, **self._then(options))

    def ask(self, question: str, **options: Any) -> Answer:
        """The answer to a question, with its places; see :meth:`lsfs.Drive.ask`."""
        with _translated(question):
            return self.drive.ask(question, **self._then(options))

    def _then(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"at": self.at, **options} if self.at else options

    # --- paths

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        text = os.fspath(path)
        if text.startswith(f"{PROTOCOL}://"):
            text = text.partition("://")[2].partition(AT)[0]
        return "/" + "/".join(part for part in text.split("/") if part not in ("", "."))

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        """The moment that an address names."""
        _, found, moment = path.partition(AT) if path.startswith(f"{PROTOCOL}://") else ("",) * 3
        return {"at": moment} if found else {}

    # --- looking

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What is in a folder; of a file, the file itself."""
        path = self._strip_protocol(path)
        info = self.info(path)
        if info["type"] != "directory":
            return [info] if detail else [path]
        with _translated(path):
            listed = self.drive.list_dir(path, at=self.at).entries
        prefix = path if path == "/" else f"{path}/"
        found = [self._listed(prefix + one.name, one) for one in listed]
        return found if detail else [one["name"] for one in found]

    def _listed(self, path: str, one: Entry) -> dict[str, Any]:
        if one.kind != "link":
            return _info(path, one)
        try:
            return {**self.info(path), "islink": True, "destination": one.target}
        except OSError:  # it leads to nothing, or out of the drive
            return {**_info(path, one), "islink": True, "destination": one.target}

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """What is known of a path."""
        path = self._strip_protocol(path)
        with _translated(path):
            return _info(path, self.drive.stat(path, at=self.at).entry)

    def modified(self, path: str) -> datetime:
        """When the content changed last."""
        return datetime.fromtimestamp(self.info(path)["mtime"], UTC)

    def created(self, path: str) -> datetime:
        """When the first version came that is known."""
        path = self._strip_protocol(path)
        with _translated(path):
            first = self.drive.versions(path).versions[0]
        return datetime.fromtimestamp(first.time_ns / 1e9, UTC)

    # --- reading and writing

    def _open(self, path: str, mode: str = "rb", **options: Any) -> DriveFile:
        if mode != "rb":
            self._writable(path)
        if mode == "xb" and self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        return DriveFile(self, path, mode, **options)

    def fetch(self, path: str, start: int, end: int) -> bytes:
        """Bytes of a file, from ``start`` up to ``end``."""
        parts = []
        with _translated(path):
            while start < end:
                size = min(PART, end - start)
                part = self.drive.read(
                    path, at=self.at, named_then=bool(self.at), offset=start, size=size
                )
                parts.append(part.data)
                start += len(part.data)
                if len(part.data) < size:
                    break
        return b"".join(parts)

    def put_draft(self, draft: str, path: str, mode: str) -> None:
        """Put what was written to a file of this machine into its place."""
        how = {"wb": "replace", "ab": "append", "xb": "create"}[mode]
        with _translated(path):
            self.drive.put(draft, path, mode=how, parents=True)

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Make a folder.

        Raises:
            FileExistsError: something is there already.
        """
        path = self._writable(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        if not create_parents and not self.isdir(self._parent(path)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._parent(path))
        with _translated(path):
            self.drive.make_dir(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and those above it."""
        path = self._writable(path)
        if self.exists(path) and not (exist_ok and self.isdir(path)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        with _translated(path):
            self.drive.make_dir(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        path = self._writable(path)
        if not self.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        self._remove([path], recursive=False)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove files, and folders with all in them; files go to the trash."""
        if maxdepth is not None:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        self._remove(self.expand_path(path), recursive=recursive)

    def rm_file(self, path: str) -> None:
        """Remove a file, or an empty folder."""
        self._remove([self._strip_protocol(path)], recursive=False)

    def _remove(self, named: list[str], *, recursive: bool) -> None:
        for path in named:
            self._writable(path)
        with _translated(named[0]):
            plan = self.drive.delete(tuple(named), recursive)
            self.drive.delete(tuple(named), recursive, apply=plan.digest)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file within the drive; of a folder, make one."""
        path1, path2 = self._strip_protocol(path1), self._writable(path2)
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        with _translated(path1):
            self.drive.copy(path1, path2, replace=True, parents=True)

    def mv(
        self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **_: Any
    ) -> None:
        """Move a file or folder; one that gets a free name keeps its versions."""
        if isinstance(path1, str) and isinstance(path2, str) and maxdepth is None:
            source, target = self._writable(path1), self._writable(path2)
            as_is = self.isfile(source) or (recursive and self.isdir(source))
            if as_is and not path2.endswith("/") and not self.exists(target):
                with _translated(source):
                    self.drive.move(source, target, parents=True)
                return
        super().mv(path1, path2, recursive=recursive, maxdepth=maxdepth)

    def _writable(self, path: str) -> str:
        if self.at:
            raise OSError(errno.EROFS, "the past can only be read", path)
        stripped: str = self._strip_protocol(path)
        return stripped


class DriveFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A file of a drive; what is written gets into its place when it is closed."""

    _draft: Any = None

    def _fetch_range(self, start: int, end: int) -> bytes:
        data: bytes = self.fs.fetch(self.path, start, end)
        return data

    def _initiate_upload(self) -> None:
        self._draft = tempfile.NamedTemporaryFile(prefix="lsfs-")  # noqa: SIM115

    def _upload_chunk(self, final: bool = False) -> bool:
        self._draft.write(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        """Put what was written into its place."""
        self._draft.flush()
        try:
            self.fs.put_draft(self._draft.name, self.path, self.mode)
        finally:
            self.discard()

    def discard(self) -> None:
        """Throw away what was written."""
        if self._draft is not None:
            self._draft.close()
            self._draft = None


def _record(drive: str, state: str) -> Any:
    from lsfs.drives import find, initialise
    from lsfs.errors import NotInitialised

    if drive:
        try:
            return find(drive, state or None)
        except NotInitialised:
            return initialise(drive, state or None)
    try:
        return find(Path.cwd(), state or None)
    except NotInitialised:
        named = os.environ.get("LSFS_DRIVE", "")
        if not named:
            raise
        return find(named, state or None)


def _info(path: str, one: Entry) -> dict[str, Any]:
    return {
        "name": path,
        "size": one.size if one.kind == "file" else 0,
        "type": one.kind if one.kind in ("file", "directory") else "other",
        "mtime": datetime.fromisoformat(one.modified.replace("Z", "+00:00")).timestamp(),
        "mode": one.mode,
    }


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn errors of ours into those of a file system."""
    try:
        yield
    except LsfsError as error:
        raise OSError(error.errno, error.message, path) from error
