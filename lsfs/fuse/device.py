"""Making a mount without libfuse: by the system call, or by the setuid helper ``fusermount3``."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import shutil
import socket
import subprocess
from pathlib import Path

from msgspec import Struct

from lsfs.errors import AccessDenied, LsfsError
from lsfs.fuse import libc

DEVICE = Path("/dev/fuse")
KIND = "fuse.lsfs"
HELPER = "fusermount3"


class Device(Struct):
    """A mount's end of the connection with the kernel.

    Attributes:
        fd: where requests come from and answers go.
        helper: takes the mount away when we are killed; None without the helper program.
        line: its end shows the helper that we have gone.
    """

    fd: int
    helper: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None

    def close(self) -> None:
        """Let go, after the mount has been taken away.

        The helper is ended first: told of our end it would unmount the mountpoint, and with it
        whatever had been mounted there by then.
        """
        if self.helper is not None:
            self.helper.kill()
            self.helper.wait()
        if self.line is not None:
            self.line.close()
        os.close(self.fd)


def mount(mountpoint: Path, *, read_only: bool, allow_other: bool) -> Device:
    """Mount; the kernel's first request then waits at the device.

    Raises:
        AccessDenied: neither the helper nor the rights to do without are there.
        LsfsError: the system refuses.
    """
    options = ["default_permissions"] + (["allow_other"] if allow_other else [])
    if shutil.which(HELPER):
        return _by_helper(mountpoint, options + (["ro"] if read_only else []))
    if os.geteuid() != 0:
        raise AccessDenied(f"{HELPER} is not installed", hint="install the package fuse3")
    return _by_call(mountpoint, options, read_only)


def _by_call(mountpoint: Path, options: list[str], read_only: bool) -> Device:
    fd = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    given = [f"fd={fd}", "rootmode=40000", f"user_id={os.getuid()}", f"group_id={os.getgid()}"]
    flags = libc.MS_NOSUID | libc.MS_NODEV | (libc.MS_RDONLY if read_only else 0)
    try:
        libc.mount(KIND, mountpoint, flags, ",".join(given + options))
    except OSError as error:
        os.close(fd)
        raise LsfsError(f"could not mount on {mountpoint}: {error.strerror}") from error
    return Device(fd)


def _by_helper(mountpoint: Path, options: list[str]) -> Device:
    """The helper mounts, hands the device over, and stays to clean up when we are gone."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    named = [*options, "fsname=lsfs", "subtype=lsfs", "auto_unmount"]
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, a program of the system
            [str(shutil.which(HELPER)), "-o", ",".join(named), "--", os.fspath(mountpoint)],
            env={**os.environ, "LC_ALL": "C", "_FUSE_COMMFD": str(theirs.fileno())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
        )
    finally:
        theirs.close()
    fd = _received(ours)
    if fd is None:
        ours.close()
        _, said = process.communicate()
        why = said.decode("utf-8", "replace").strip() or "it said nothing"
        raise LsfsError(f"could not mount on {mountpoint} ({why})")
    if process.stderr is not None:
        process.stderr.close()
    os.set_inheritable(fd, False)
    return Device(fd, process, ours)


def _received(line: socket.socket) -> int | None:
    """The descriptor that comes through a socket; None when the other side has hung up."""
    room = array.array("i").itemsize
    with contextlib.suppress(ConnectionResetError):
        _, ancillary, _, _ = line.recvmsg(1, socket.CMSG_SPACE(room))
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                return int.from_bytes(data[:room], "little")
    return None


def why_not() -> str:
    """Why the kernel's own protocol cannot be spoken here; "" when it can."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return f"{DEVICE} cannot be used"
    if os.geteuid() != 0 and not shutil.which(HELPER):
        return f"{HELPER} is not installed"
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if release < (5, 4):
        return f"Linux {os.uname().release} is older than 5.4"
    return ""


def is_gone(error: OSError) -> bool:
    """Whether an error of the device says that the mount is no more."""
    return error.errno == errno.ENODEV
