"""Where a path that a caller names lies on the disk, never outside of the drive.

Symbolic links are followed as a program follows them in the mount, as long as they stay inside;
what is opened then is opened without following any, so that one that is put there meanwhile leads
nowhere (:mod:`lsfs.beneath`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from lsfs import beneath, paths
from lsfs.drives import DriveRecord
from lsfs.errors import AccessDenied, AlreadyThere, LsfsError, NotFound, StateUnwritable, UsageError
from lsfs.syscalls.engines import Call

KINDS = {modes.S_IFREG: "file", modes.S_IFDIR: "directory", modes.S_IFLNK: "link"}
DRAFTS = (".lsfs-restore-",)  # what we are writing, for a moment, beside what it will be


def is_draft(name: str) -> bool:
    """Whether a name is one that lsfs uses while it writes a file."""
    return name.startswith(DRAFTS) or (name.startswith(".lsfs-") and name.endswith(".tmp"))


class Entry(Struct, frozen=True):
    """What stands at a path.

    Attributes:
        path: relative to the drive; "" is its root.
        name: the last part of it.
        kind: file, directory, link or other.
        size: in bytes; 0 for what is no file.
        modified: when its content changed last, ISO 8601 in UTC.
        mode: permission bits.
        target: what a link says.
    """

    path: str
    name: str
    kind: str
    size: int
    modified: str
    mode: int
    target: str = ""


@contextlib.contextmanager
def source(call: Call) -> Iterator[int]:
    """A descriptor of the drive's folder."""
    call.engines.tree.ready()
    fd = os.open(call.engines.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def found(call: Call, root: int, path: str, *, last: bool = True) -> str:
    """A path with the links on it followed.

    Args:
        root: a descriptor of the drive's folder.
        last: follow also a link that the path itself is; not for what moves or removes the link.

    Raises:
        UsageError: it climbs out with ``..``.
        OSError: a link leads out of the drive, or to what the caller may not see.
    """
    text = paths.relative(path)
    engines = call.engines
    mountpoint = DriveRecord(engines.source, engines.state).mount_info().get("mountpoint")
    bases = [os.fsencode(base) for base in (engines.source, mountpoint) if base]
    folder, _, name = text.rpartition("/")
    raw = beneath.resolve(root, os.fsencode(text if last else folder), bases)
    if not last and name:
        raw = raw + b"/" + os.fsencode(name) if raw else os.fsencode(name)
    place = os.fsdecode(raw)
    if not call.sees(place):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return place


def for_change(call: Call, root: int, path: str, *, last: bool = True) -> str:
    """The same for a path that is to be changed: not the root, nor what only the mount shows."""
    place = found(call, root, path, last=last)
    if not place:
        raise UsageError("that is the drive itself", hint="name something in it")
    if place.split("/")[0] == call.engines.config.mount.virtual_name:
        raise AccessDenied(
            f"{place}: this folder is lsfs's own",
            hint="use the tools, or the mount, for what it shows",
        )
    return place


def entry(path: str, stat: os.stat_result, target: str = "") -> Entry:
    """What is known of a path from its stat result."""
    kind = KINDS.get(modes.S_IFMT(stat.st_mode), "other")
    return Entry(
        path=path,
        name=path.rpartition("/")[2],
        kind=kind,
        size=stat.st_size if kind == "file" else 0,
        modified=moment(stat.st_mtime_ns),
        mode=modes.S_IMODE(stat.st_mode),
        target=target,
    )


def moment(time_ns: int) -> str:
    """A time as ISO 8601 in UTC, to the second."""
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"


def entries(call: Call, root: int, path: str) -> list[Entry]:
    """What a folder holds, as far as the caller may see it, by name.

    Args:
        path: with no link in it.

    Raises:
        OSError: it is no folder, or cannot be listed.
    """
    fd = beneath.open_folder(root, os.fsencode(path).split(b"/") if path else [])
    prefix = f"{path}/" if path else ""
    listed = []
    try:
        with os.scandir(fd) as names:
            for name in names:
                if is_draft(name.name) or not call.sees(prefix + name.name):
                    continue
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    target = os.readlink(name.name, dir_fd=fd) if name.is_symlink() else ""
                    stat = name.stat(follow_symlinks=False)
                    listed.append(entry(prefix + name.name, stat, _shown(call, path, target)))
    finally:
        os.close(fd)
    return sorted(listed, key=lambda one: one.name)


def _shown(call: Call, folder: str, target: str) -> str:
    """What a link in a folder says, unless it names what the caller may not see."""
    if not (target and call.grant.is_limited):
        return target
    place = os.path.normpath(os.path.join(folder, target))  # noqa: PTH118 - a path in the drive
    is_out = place.startswith(("/", "../")) or place == ".."
    return "" if is_out or not call.sees("" if place == "." else place) else target


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what to do next."""
    try:
        yield
    except OSError as error:
        raise _error(path, error) from error


def _error(path: str, error: OSError) -> LsfsError:
    shown = path or "the drive"
    match error.errno:
        case errno.ENOENT:
            return NotFound(
                f"there is no {shown!r}", hint="paths are relative to the drive: list the folder"
            )
        case errno.ENOTDIR:
            return NotFound(f"{shown!r}: a part of the path is no folder", hint="list the folder")
        case errno.EISDIR:
            return UsageError(f"{shown!r} is a folder", hint="name a file in it")
        case errno.EEXIST:
            return AlreadyThere(f"{shown!r} is there already", hint="choose another name")
        case errno.ENOTEMPTY:
            return UsageError(f"{shown!r} is not empty", hint="ask for it with all that is in it")
        case errno.EACCES | errno.EPERM | errno.ELOOP | errno.EROFS:
            return AccessDenied(f"{shown!r}: {error.strerror}", hint="choose another file")
        case errno.ENAMETOOLONG | errno.EINVAL:
            return UsageError(f"{shown!r}: {error.strerror}", hint="choose a shorter name")
        case errno.ENOSPC | errno.EDQUOT:
            return StateUnwritable(f"{shown!r}: {error.strerror}", hint="make room on the disk")
        case _:
            return LsfsError(f"{shown!r}: {error.strerror or error}")
