"""Which folders are drives, where their state is, and who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsfs.errors import LockHeld, NotInitialised, StateUnwritable, UsageError
from lsfs.paths import StatePaths, source_folder, state_of, user_data


@dataclass(frozen=True, slots=True)
class DriveRecord:
    """A folder that is a drive, and its state."""

    source: Path
    state: StatePaths

    def mount_info(self) -> dict[str, Any]:
        """Who has mounted it where, as the mount wrote it; empty when nobody has."""
        info = _read_json(self.state.mount_record)
        pid = info.get("pid")
        return info if isinstance(pid, int) and _alive(pid) else {}


def initialise(source: str | os.PathLike[str], state: str | None = None) -> DriveRecord:
    """Make a folder a drive: give it a state directory. Doing it again changes nothing.

    Raises:
        NotFound, AccessDenied: the folder cannot be used.
        UsageError: the state directory belongs to another folder, or lies inside this one.
    """
    record = would_initialise(source, state)
    folder, paths = record.source, record.state
    paths.create()
    if _source_of(paths) is None:
        text = json.dumps({"source": os.fspath(folder)}) + "\n"
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
    folder = source_folder(source)
    paths = state_of(folder, state)
    known = _source_of(paths)
    if known is not None and known != folder:
        raise UsageError(
            f"{paths.root} is the state of {known}", hint="choose another directory with --state"
        )
    return DriveRecord(folder, paths)


def find(path: str | os.PathLike[str], state: str | None = None) -> DriveRecord:
    """The drive that a path belongs to: by its source, its mountpoint, or a folder inside either.

    Raises:
        NotInitialised: the path belongs to no drive.
    """
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
    if best is None:
        raise NotInitialised(f"{place} belongs to no drive")
    return best


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
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _record(paths: StatePaths) -> DriveRecord | None:
    source = _source_of(paths)
    return None if source is None else DriveRecord(source, paths)


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
