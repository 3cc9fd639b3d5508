"""Which folders are drives, where their state is, and who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from lsfs.errors import LockHeld, NotInitialised, StateUnwritable, UsageError
from lsfs.libraries import checked, is_library
from lsfs.paths import (
    MOUNT_ATTRIBUTE,
    StatePaths,
    source_folder,
    state_of,
    state_of_library,
    user_data,
)


class DriveRecord(Struct, frozen=True):
    """A folder that is a drive, and its state.

    Attributes:
        library: the URI of the shared library whose files the folder shows; "" for a folder of the
            user's own.
    """

    source: Path
    state: StatePaths
    library: str = ""

    @property
    def name(self) -> str:
        """What to call it in a few letters."""
        return PurePosixPath(self.library or self.source).name

    def mount_info(self) -> dict[str, Any]:
        """Who has mounted it where, as the mount wrote it; empty when nobody has."""
        info = _read_json(self.state.mount_record)
        pid = info.get("pid")
        return info if isinstance(pid, int) and _alive(pid) else {}


def initialise(source: str | os.PathLike[str], state: str | None = None) -> DriveRecord:
    """Make a folder a drive: give it a state directory. Doing it again changes nothing.

    Args:
        source: the folder, or the URI of a shared library.

    Raises:
        NotFound, AccessDenied: the folder cannot be used.
        UsageError: the state directory belongs to another folder, or lies inside this one.
    """
    record = would_initialise(source, state)
    folder, paths = record.source, record.state
    paths.create()
    if record.library:
        folder.mkdir(mode=0o700, exist_ok=True)
    if _source_of(paths) is None:
        known = {"library": record.library} if record.library else {}
        text = json.dumps({"source": os.fspath(folder), **known}) + "\n"
        draft = paths.root / f".source-{os.getpid()}"
        draft.write_text(text, encoding="ascii")
        draft.chmod(0o600)
        draft.replace(paths.source_record)
    return record


def would_initialise(source: str | os.PathLike[str], state: str | None = None) -> DriveRecord:
    """What :func:`initialise` would make; nothing is written.

    Raises:
        NotFound, AccessDenied, UsageError: as there.
    """
    if is_library(source):
        uri = checked(os.fspath(source))
        paths = state_of_library(uri, state)
        record = DriveRecord(paths.files, paths, uri)
    else:
        folder = source_folder(source)
        record = DriveRecord(folder, state_of(folder, state))
    known = _record(record.state)
    if known is not None and (known.source, known.library) != (record.source, record.library):
        raise UsageError(
            f"{record.state.root} is the state of {known.library or known.source}",
            hint="choose another directory with --state",
        )
    return record


def find(path: str | os.PathLike[str], state: str | None = None) -> DriveRecord:
    """The drive that a path belongs to: by its source, its mountpoint, or a folder inside either.

    Args:
        path: or the URI of a shared library, which need not be made a drive first.

    Raises:
        NotInitialised: the path belongs to no drive.
    """
    if is_library(path):
        return initialise(path, state)
    place = Path(path).expanduser().absolute()
    with contextlib.suppress(OSError):
        place = place.resolve()
    records = [_record(StatePaths(Path(state).expanduser().resolve()))] if state else all_drives()
    best: DriveRecord | None = None
    depth = -1
    for record in records:
        if record is None:
            continue
        roots = [record.source]
        mountpoint = record.mount_info().get("mountpoint")
        if mountpoint:
            roots.append(Path(mountpoint))
        for root in roots:
            if (place == root or root in place.parents) and len(root.parts) > depth:
                best, depth = record, len(root.parts)
    if best is None and state is None:
        best = _mounted_around(place)
    if best is None:
        raise NotInitialised(f"{place} belongs to no drive")
    return best


def _mounted_around(place: Path) -> DriveRecord | None:
    """The drive in whose mount a path lies, when its state is elsewhere: the mount says where.

    Any folder can have such an attribute, so the state must be the user's own, and say the same.
    """
    for root in (place, *place.parents):
        try:
            paths = StatePaths(Path(json.loads(os.getxattr(root, MOUNT_ATTRIBUTE))["state"]))
            own = paths.root.stat().st_uid == os.getuid()
        except (OSError, ValueError, KeyError, TypeError):
            continue
        record = _record(paths)
        if own and record and record.mount_info().get("mountpoint") == os.fspath(root):
            return record
    return None


def all_drives() -> list[DriveRecord | None]:
    """Every drive whose state is in its default place."""
    folder = user_data() / "drives"
    if not folder.is_dir():
        return []
    return [_record(StatePaths(root)) for root in sorted(folder.iterdir()) if root.is_dir()]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs.

    Raises:
        LockHeld: another process has it; the message names the process.
        StateUnwritable: the disk of the state is full, or refuses.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateUnwritable(f"cannot write {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise LockHeld(f"{path.parent} is in use by process {holder}") from None
        with contextlib.suppress(OSError):  # a full disk: it is held, though it cannot say by whom
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _record(paths: StatePaths) -> DriveRecord | None:
    source = _source_of(paths)
    return None if source is None else DriveRecord(source, paths, library_of(paths))


def library_of(paths: StatePaths) -> str:
    """The URI of the shared library that a state is of; "" where it is of a folder."""
    uri = _read_json(paths.source_record).get("library")
    return uri if isinstance(uri, str) else ""


def _source_of(paths: StatePaths) -> Path | None:
    source = _read_json(paths.source_record).get("source")
    return Path(source) if isinstance(source, str) else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
