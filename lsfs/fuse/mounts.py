"""The kernel's table of mounts: what is mounted where, who uses it, and taking it away."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

from msgspec import Struct

from lsfs.errors import AccessDenied, LockHeld, LsfsError, NotFound
from lsfs.fuse import libc

TYPE = "fuse.lsfs"
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class Mount(Struct, frozen=True):
    """One line of the table.

    Attributes:
        mountpoint: where.
        kind: type of the file system.
    """

    mountpoint: Path
    kind: str

    @property
    def is_ours(self) -> bool:
        """Whether a drive is mounted here."""
        return self.kind == TYPE


class User(Struct, frozen=True):
    """A process that has something of a mount open."""

    pid: int
    name: str


def table() -> list[Mount]:
    """All mounts that this process sees, in the order they were made."""
    found = []
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        before, _, after = line.partition(b" - ")
        # Spaces, tabs, newlines and backslashes are written as octal numbers.
        path = _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), before.split(b" ")[4])
        found.append(Mount(Path(os.fsdecode(path)), after.split(b" ")[0].decode()))
    return found


def at(mountpoint: Path) -> Mount | None:
    """What is mounted on a folder, the uppermost; None when nothing is."""
    return next((m for m in reversed(table()) if m.mountpoint == mountpoint), None)


def containing(path: Path) -> Mount | None:
    """The mount that a path is on."""
    around = [m for m in table() if m.mountpoint == path or m.mountpoint in path.parents]
    return max(reversed(around), key=lambda m: len(m.mountpoint.parts), default=None)


def is_stale(mountpoint: Path) -> bool:
    """Whether the process behind a mount has gone and left it."""
    try:
        with os.scandir(mountpoint):
            return False
    except OSError as error:
        return error.errno == errno.ENOTCONN


def answers(mountpoint: Path, seconds: float) -> bool:
    """Whether a mount answers at all; also an error is an answer.

    A stopped process behind it would hold us up for ever; the thread that waits for it does not.
    """
    asked = threading.Thread(target=is_stale, args=(mountpoint,), name="lsfs-ask", daemon=True)
    asked.start()
    asked.join(seconds)
    return not asked.is_alive()


def unmount(mountpoint: Path, *, lazy: bool = False) -> None:
    """Take a mount away.

    Args:
        lazy: also while it is in use; it disappears from the tree at once.

    Raises:
        LockHeld: it is in use.
        AccessDenied: it is another user's.
        NotFound: nothing is mounted there.
        LsfsError: the setuid helper of FUSE failed or is not installed.
    """
    if os.geteuid() == 0:
        try:
            libc.unmount(mountpoint, libc.MNT_DETACH if lazy else 0)
        except OSError as error:
            raise _translated(error, mountpoint) from error
        return
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    if helper is None:
        raise LsfsError("fusermount3 is not installed", hint="install the package fuse3")
    done = subprocess.run(  # noqa: S603 - no shell, and a path of ours
        [helper, "-u", *(["-z"] if lazy else []), "--", os.fspath(mountpoint)],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    if done.returncode == 0:
        return
    said = done.stderr.decode("utf-8", "replace").strip()
    if "busy" in said:
        raise LockHeld(f"{mountpoint} is in use")
    raise LsfsError(f"{mountpoint} could not be unmounted: {said}")


def _translated(error: OSError, mountpoint: Path) -> LsfsError:
    if error.errno == errno.EBUSY:
        return LockHeld(f"{mountpoint} is in use")
    if error.errno in (errno.EPERM, errno.EACCES):
        return AccessDenied(f"not allowed to unmount {mountpoint}")
    if error.errno in (errno.EINVAL, errno.ENOENT):
        return NotFound(f"nothing is mounted on {mountpoint}")
    return LsfsError(f"{mountpoint} could not be unmounted: {error.strerror}")


def users_of(mountpoint: Path) -> list[User]:
    """Processes with a working directory, a root, an open or a mapped file on a mount.

    Links in /proc are read, not followed, so a mount that does not answer cannot hold this up.
    Processes of other users are not seen without privileges.
    """
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _uses(process, os.fspath(mountpoint)):
            name = "?"
            with contextlib.suppress(OSError):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
            found.append(User(int(process.name), name))
    return sorted(found, key=lambda user: user.pid)


def flush(mountpoint: Path) -> None:
    """Have the kernel pass on what it still holds: pages written through a mapping.

    Raises:
        LsfsError: not everything could be written.
    """
    try:
        root = os.open(mountpoint, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # another user's mount, or one that is just going: nothing that we could flush
    try:
        libc.syncfs(root)
    except OSError as error:
        raise LsfsError(
            f"not everything that was written on {mountpoint} could be kept: {error.strerror}",
            hint="look for free space in the folder behind it, then unmount again",
        ) from error
    finally:
        os.close(root)


def _uses(process: Path, mountpoint: str) -> bool:
    below = mountpoint.rstrip("/") + "/"
    links = [process / "cwd", process / "root", process / "exe"]
    with contextlib.suppress(OSError):
        links += (process / "fd").iterdir()
    for link in links:
        with contextlib.suppress(OSError):
            target = os.readlink(link)  # noqa: PTH115 - Path.readlink is several times slower
            if target == mountpoint or target.startswith(below):
                return True
    # A mapping outlives the descriptor it was made from. In this table a newline is written \012.
    wanted = b" " + os.fsencode(below).replace(b"\n", b"\\012")
    with contextlib.suppress(OSError):
        return wanted in (process / "maps").read_bytes()
    return False
