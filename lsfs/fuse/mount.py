"""Mounting and unmounting: the life cycle of a drive's mount, as the command line uses it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lsfs import errors, logs
from lsfs.config import MountConfig, VersionsConfig
from lsfs.errors import AccessDenied, LockHeld, LsfsError, NotFound, StateUnwritable, UsageError
from lsfs.fuse import brain, daemon, mounts, record
from lsfs.fuse.record import MountInfo
from lsfs.paths import MOUNT_ATTRIBUTE, StatePaths

__all__ = ["MountInfo", "find_mount", "mount", "mounted", "umount"]

READY_S = 30.0
# The brain may finish what it is writing: what its supervisor allows it, and some.
GONE_S = brain.LEAVE_S + brain.TERMINATE_S + 5.0
DEVICE = Path("/dev/fuse")
STALE_TRIES = 5
ANSWER_S = 5.0  # a mount that says nothing for so long is taken to be stopped
DYING_S = 2.0
FUSE_CONF = Path("/etc/fuse.conf")


def mount(
    source: Path,
    mountpoint: Path,
    state: StatePaths,
    config: MountConfig,
    *,
    read_only: bool = False,
    allow_other: bool = False,
    foreground: bool = False,
    brain_command: Sequence[str] | None = None,
    versions: VersionsConfig | None = None,
) -> MountInfo:
    """Mount a drive.

    Args:
        source: the drive's folder, a real path.
        mountpoint: an empty folder outside the source.
        state: the drive's state; made if missing.
        read_only: refuse every change; a shared library refuses those of its files in any case.
        allow_other: let other users in; the permissions of the files decide what they may do.
        foreground: serve in this process, and return when the mount is gone.
        brain_command: run this instead of the brain; empty runs nothing.
        versions: how contents are kept before they go; as by default when None.

    Returns:
        what was mounted; the mount answers.

    Raises:
        NotFound: source or mountpoint is no folder.
        UsageError: the mount would cover its source or its state, or lie within the source.
        LockHeld: the source is mounted already, or something else is on the mountpoint.
        AccessDenied: the system's settings forbid it.
    """
    source = _folder(source)
    mountpoint = _free_folder(mountpoint)
    _check_places(source, mountpoint, state)
    _check_device()
    _check_free(source, mountpoint, state)
    if allow_other:
        _check_allow_other()
    state.create()
    command = brain.command(source, state) if brain_command is None else brain_command
    service = daemon.Service(
        source=source,
        mountpoint=mountpoint,
        state=state,
        transport=config.transport,
        virtual_name=_checked_name(config.virtual_name),
        timeout_s=config.timeout_s,
        passthrough=config.passthrough,
        read_only=read_only,
        allow_other=allow_other,
        brain=tuple(command),
        versions=(versions or VersionsConfig()).durability,
    )
    if foreground:
        return daemon.serve(service, daemon.Announcement(None))
    before = mountpoint.stat().st_dev
    _start(service)
    return _answering(service, before)


def umount(mountpoint: Path, lazy: bool = False, *, state: StatePaths | None = None) -> None:
    """Unmount a drive, and wait until its processes have ended.

    Args:
        mountpoint: where it is mounted.
        lazy: take it out of the tree even while it is in use; it ends when its last user does.
        state: the drive's state, when it is not in the default place.

    Raises:
        NotFound: no drive is mounted there.
        LockHeld: programs are using it; the message names them.
        LsfsError: its processes do not end, or not everything could be written.
    """
    if not mounts.answers(mountpoint, ANSWER_S):
        if not lazy:
            raise LockHeld(
                f"{mountpoint} does not answer: its process is stopped or overloaded",
                hint="let it go on (kill -CONT), or unmount with --lazy",
            )
        mounts.unmount(Path(os.path.abspath(mountpoint)), lazy=True)  # noqa: PTH100 - asks nobody
        return
    # Links are followed as `mount` follows them; realpath, unlike resolve, bears a stale mount.
    mountpoint = Path(os.path.realpath(mountpoint))
    found = mounts.at(mountpoint)
    if found is None or not found.is_ours:
        raise NotFound(f"no drive is mounted on {mountpoint}", hint="see: lsfs status")
    stale = mounts.is_stale(mountpoint)
    info = None if stale else find_mount(mountpoint, state)
    if not (stale or lazy):
        mounts.flush(mountpoint)
    try:
        mounts.unmount(mountpoint, lazy=lazy or stale)
    except LockHeld:
        users = mounts.users_of(mountpoint)
        names = ", ".join(f"{user.name} ({user.pid})" for user in users) or "unknown processes"
        raise LockHeld(
            f"{mountpoint} is in use by {names}",
            hint="close them, or unmount with --lazy",
        ) from None
    if info is not None and not lazy:
        _wait_gone(info)


def mounted(state: StatePaths) -> MountInfo | None:
    """The mount of the drive with this state; None when it is not mounted."""
    return record.live(state)


def find_mount(path: Path, state: StatePaths | None = None) -> MountInfo | None:
    """The mount that a path is, or lies in; None when it is no drive's.

    Args:
        path: a mountpoint or something inside one.
        state: a state to look in besides those in the default place.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100 - resolving asks a mount that may hang
    candidates = ([state] if state else []) + record.known_states()
    best: MountInfo | None = None
    for candidate in candidates:
        info = record.live(candidate)
        if info is None or not (place == info.mountpoint or info.mountpoint in place.parents):
            continue
        if best is None or len(info.mountpoint.parts) > len(best.mountpoint.parts):
            best = info
    return best or _ask_mount(place)


def _ask_mount(place: Path) -> MountInfo | None:
    """The mount whose state is elsewhere: the mount itself says where."""
    found = mounts.containing(place)
    if found is None or not found.is_ours:
        return None
    try:
        facts = json.loads(os.getxattr(found.mountpoint, MOUNT_ATTRIBUTE))
    except (OSError, ValueError):
        return None
    info = record.live(StatePaths(Path(facts["state"])))
    return info if info is not None and info.mountpoint == found.mountpoint else None


# --- before


def _folder(path: Path) -> Path:
    try:
        real = path.expanduser().resolve(strict=True)
    except FileNotFoundError:
        raise NotFound(f"no such folder: {path}", hint="make it first") from None
    except PermissionError:
        raise AccessDenied(f"cannot reach {path}", hint="check its permissions") from None
    if not real.is_dir():
        raise NotFound(f"not a folder: {path}")
    return real


def _clear_stale(mountpoint: Path) -> None:
    """Remove a mount whose process was killed: anything on it answers ENOTCONN.

    ``exists`` and ``ismount`` say True of such a mountpoint; only listing it tells.
    """
    place = Path(os.path.abspath(mountpoint.expanduser()))  # noqa: PTH100
    for _ in range(STALE_TRIES):
        if not mounts.is_stale(place):
            return
        with contextlib.suppress(NotFound):  # it went with the end of its process meanwhile
            mounts.unmount(place, lazy=True)


def _free_folder(mountpoint: Path) -> Path:
    """The mountpoint's real path, without what a killed fs process may have left on it.

    A mount turns stale a moment after its process has gone, also between our look and our use.
    """
    for _ in range(STALE_TRIES):
        _clear_stale(mountpoint)
        try:
            return _folder(mountpoint)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
    raise LockHeld(f"{mountpoint} holds a dead mount", hint=f"remove it: umount -l {mountpoint}")


def _check_places(source: Path, mountpoint: Path, state: StatePaths) -> None:
    if _within(mountpoint, source):
        # Also when they are one: the brain reads the source by its path, which would be covered.
        raise UsageError(
            f"{mountpoint} lies inside {source}: the drive would contain itself",
            hint="mount on a folder outside the source",
        )
    if _within(source, mountpoint):
        raise UsageError(
            f"{source} lies inside {mountpoint}: the mount would hide its own source",
            hint="mount on another folder",
        )
    root = state.root.resolve()
    existing = next(path for path in (root, *root.parents) if path.exists())
    if _within(existing, mountpoint):
        raise UsageError(
            f"the state {state.root} lies inside {mountpoint}: the mount would hide it",
            hint="choose another one with --state DIR",
        )


def _within(path: Path, folder: Path) -> bool:
    """Whether ``path`` is ``folder`` or below it, by identity: bind mounts have many paths."""
    wanted = folder.stat()
    return any(os.path.samestat(parent.stat(), wanted) for parent in (path, *path.parents))


def _check_free(source: Path, mountpoint: Path, state: StatePaths) -> None:
    known = _settled(state)
    if known is not None and mounts.at(known.mountpoint) is None:
        raise LockHeld(
            f"{known.source} was unmounted from {known.mountpoint}, but programs still use it",
            hint=f"close them; then process {known.pid} ends by itself",
        )
    if known is not None:
        raise LockHeld(
            f"{known.source} is mounted on {known.mountpoint} (process {known.pid})",
            hint=f"unmount it first: lsfs umount {known.mountpoint}",
        )
    found = mounts.at(mountpoint)
    if found is not None and found.is_ours:
        raise LockHeld(
            f"a drive is mounted on {mountpoint} already",
            hint=f"unmount it first: lsfs umount {mountpoint}",
        )
    if any(mountpoint.iterdir()):
        raise UsageError(
            f"{mountpoint} is not empty: the mount would hide what is in it",
            hint="mount on an empty folder; what programs wrote here while nothing was mounted, "
            "move into the source",
        )


def _settled(state: StatePaths) -> MountInfo | None:
    """The mount of a drive; one whose process was killed a moment ago is waited for to be gone."""
    deadline = time.monotonic() + DYING_S
    while (known := record.live(state)) is not None:
        there = mounts.at(known.mountpoint)
        if there is not None and there.is_ours and not mounts.answers(known.mountpoint, DYING_S):
            break
        dying = there is None or (there.is_ours and mounts.is_stale(known.mountpoint))
        if not dying or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return known


def _check_device() -> None:
    if not DEVICE.exists():
        raise NotFound(
            f"{DEVICE} is missing: this machine cannot mount",
            hint="load it with: modprobe fuse; in a container: --device /dev/fuse",
        )
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        raise AccessDenied(
            f"you may not use {DEVICE}", hint=f"an administrator can say: chmod 666 {DEVICE}"
        )


def _check_allow_other() -> None:
    if os.geteuid() == 0:
        return
    lines = FUSE_CONF.read_text(encoding="utf-8").splitlines() if FUSE_CONF.exists() else []
    if not any(line.strip() == "user_allow_other" for line in lines):
        raise AccessDenied(
            f"{FUSE_CONF} does not allow mounts that other users may enter",
            hint=f"an administrator can add the line user_allow_other to {FUSE_CONF}",
        )


def _checked_name(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UsageError(f"not a name for the virtual directory: {name!r}")
    return name


# --- during


def _start(service: daemon.Service) -> None:
    """Start the fs process, and wait for its word."""
    log = _opened_log(service.state)
    listen, tell = os.pipe()
    log_begin = os.fstat(log).st_size
    try:
        # -P: a folder called lsfs where the user happens to stand must not be what is run.
        program = [sys.executable, "-P", "-m", "lsfs.fuse.daemon", "--detach"]
        launcher = subprocess.Popen(  # noqa: S603 - our own program
            [*program, "--ready-fd", str(tell), *daemon.arguments_of(service)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(tell,),
            env=brain.environment(),
        )
        os.close(tell)
        tell = -1
        launcher.wait(READY_S)
        try:
            _await_word(listen, service.state)
        except LsfsError as error:
            # libfuse says why on standard error, and says it nowhere else.
            said = _said_by_libfuse(service.state, log_begin)
            if said and said not in error.message:
                error.hint = f"{said} ({error.hint})"
            raise
    finally:
        os.close(listen)
        os.close(log)
        if tell >= 0:
            os.close(tell)


def _opened_log(state: StatePaths) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        logs.cap(state.log)
        return os.open(state.log, flags, 0o600)
    except OSError as error:
        raise StateUnwritable(f"cannot write {state.log}: {error.strerror}") from error


def _await_word(listen: int, state: StatePaths) -> None:
    """Raise what the fs process could not do; return when it has mounted."""
    deadline = time.monotonic() + READY_S
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([listen], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise LsfsError(f"the mount did not begin within {READY_S:.0f} s", hint=_see(state))
        piece = os.read(listen, 65536)
        if not piece:
            raise LsfsError("the process that was to mount has ended", hint=_see(state))
        line += piece
    error = json.loads(line).get("error")
    if error is not None:
        kind = getattr(errors, error["code"], LsfsError)
        raise kind(error["message"], hint=error["hint"] or _see(state))


def _answering(service: daemon.Service, before: int) -> MountInfo:
    """Wait until the mount is seen at its place; gives its record."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        info = record.live(service.state)
        if info is None:
            raise LsfsError("the mount ended as soon as it began", hint=_see(service.state))
        if service.mountpoint.stat().st_dev != before:
            with os.scandir(service.mountpoint) as entries:
                next(entries, None)
            return info
        time.sleep(0.01)
    raise LsfsError(f"{service.mountpoint} does not answer", hint=_see(service.state))


def _said_by_libfuse(state: StatePaths, begin: int) -> str:
    """The last line of the log behind ``begin`` that begins with the name of a FUSE program."""
    with state.log.open("rb") as log:
        log.seek(begin)
        lines = log.read().decode("utf-8", "replace").splitlines()
    return next((line for line in reversed(lines) if line.startswith("fuse")), "")


def _see(state: StatePaths) -> str:
    return f"see the end of {state.log}"


# --- after


def _wait_gone(info: MountInfo) -> None:
    deadline = time.monotonic() + GONE_S
    waiting = [pid for pid in (info.pid, info.brain_pid) if pid is not None]
    for pid in waiting:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise LsfsError(
                    f"{info.mountpoint} is unmounted, but process {pid} does not end",
                    hint=f"end it with: kill {pid}",
                )
        finally:
            os.close(handle)
