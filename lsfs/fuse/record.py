"""``mount.json``: which process has mounted a drive, where, and whether it is still there."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.paths import StatePaths, user_data


class MountInfo(Struct, frozen=True):
    """A mount of a drive.

    Attributes:
        source: the real folder.
        mountpoint: where it is mounted.
        pid: the process that serves the files.
        brain_pid: the process that indexes; None while there is none.
        transport: how the kernel is talked to: ``kernel``, ``mfusepy`` or ``fusepy``.
        read_only: whether nothing can be changed through it.
        started_ns: when it was mounted, nanoseconds since the epoch.
        why: why this transport, and what it does for the files; in words.
    """

    source: Path
    mountpoint: Path
    pid: int
    brain_pid: int | None
    transport: str
    read_only: bool
    started_ns: int
    why: str = ""


def write(state: StatePaths, info: MountInfo) -> None:
    """Replace the record, at once and readable by its owner alone."""
    data = {
        "source": os.fspath(info.source),
        "mountpoint": os.fspath(info.mountpoint),
        "pid": info.pid,
        "brain_pid": info.brain_pid,
        "transport": info.transport,
        "read_only": info.read_only,
        "started_ns": info.started_ns,
        "why": info.why,
        # A process number is used again some day; together with this it is not.
        "pid_started": start_ticks(info.pid),
    }
    draft = state.root / f".mount-{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        json.dump(data, file, indent=2)
        file.write("\n")
    draft.replace(state.mount_record)


def remove(state: StatePaths) -> None:
    """The mount has ended."""
    state.mount_record.unlink(missing_ok=True)


def read(state: StatePaths) -> MountInfo | None:
    """What the record says, whether or not that process is still there; None without one."""
    data = _load(state)
    try:
        return MountInfo(
            Path(data["source"]),
            Path(data["mountpoint"]),
            int(data["pid"]),
            None if data["brain_pid"] is None else int(data["brain_pid"]),
            str(data["transport"]),
            bool(data["read_only"]),
            int(data["started_ns"]),
            str(data.get("why", "")),
        )
    except (KeyError, TypeError, ValueError):
        return None


def live(state: StatePaths) -> MountInfo | None:
    """The mount whose process is there; a record that a dead one left is removed."""
    info = read(state)
    if info is None:
        return None
    ticks = start_ticks(info.pid)
    if ticks is not None and ticks == _load(state).get("pid_started"):
        return info
    # Only if it is still the record that was read: a new mount may have begun meanwhile.
    if read(state) == info:
        remove(state)
    return None


def known_states() -> list[StatePaths]:
    """States in the default place that have a record."""
    return [StatePaths(path.parent) for path in sorted(user_data().glob("drives/*/mount.json"))]


def start_ticks(pid: int) -> int | None:
    """When a process was started, in clock ticks since boot; None when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the name in brackets, which may hold spaces and brackets.
    fields = text.rpartition(b")")[2].split()
    # A zombie has ended; that nobody has collected its exit status is not our business.
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _load(state: StatePaths) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        data = json.loads(state.mount_record.read_text(encoding="ascii"))
        if isinstance(data, dict):
            return data
    return {}
