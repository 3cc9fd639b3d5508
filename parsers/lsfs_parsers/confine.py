"""Takes from this process what a parser does not need: memory, files, the network, a parent."""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lsfs_parsers.landlock import forsake_files

_CLONE_NEWUSER = 0x10000000  # <linux/sched.h>
_CLONE_NEWNET = 0x40000000
_OPEN_FILES = 128
_PROCESSES = 32  # and threads
_COUNTED_APART = (5, 14)  # since this Linux a user namespace counts its own processes
_OOM_SCORE = "800"  # of 1000: when memory runs out, the kernel takes this process first
_GRACE = 5.0  # seconds beyond the limit: the parent, which can say why, should be first


def confine(memory_mb: int, readable: Iterable[str] = ()) -> None:
    """Limit this process, and what it starts, for the rest of its life.

    Args:
        memory_mb: address space in MiB; 0 leaves it as it is.
        readable: folders that it may read beside what Python consists of.
    """
    if memory_mb:
        _limit(resource.RLIMIT_AS, memory_mb * 2**20)
    _limit(resource.RLIMIT_CORE, 0)
    # No file can grow; pipes are no files. Python ignores SIGXFSZ, so that a write just fails.
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    with suppress(OSError):  # not on every kernel, and only a preference
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    if _leave_network() and _kernel() >= _COUNTED_APART:
        # No fork bomb. Elsewhere all processes of the user would count; root's never do.
        _limit(resource.RLIMIT_NPROC, _PROCESSES)
    forsake_files(readable)


def _limit(what: int, value: int) -> None:
    """Set a limit, or keep the stricter one that is already there."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(what, (value, value))


def _leave_network() -> bool:
    """Move to an empty network namespace: no parser has anybody to talk to.

    Needs a capability, which a new user namespace gives on most systems; it also takes those that
    root has. Where the kernel refuses both (EPERM), the parser keeps the user's network; memory,
    time and files stay limited.

    Returns:
        Whether it is a user namespace too.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        return True
    libc.unshare(_CLONE_NEWNET)
    return False


def _kernel() -> tuple[int, ...]:
    """Major and minor version of the running Linux."""
    return tuple(int(number) for number in os.uname().release.split(".")[:2] if number.isdecimal())


@contextmanager
def watched(connection: socket.socket, seconds: float) -> Iterator[Callable[[float], None]]:
    """Let the kernel end this process when it works for too long, or for nobody.

    The parent stops a parser that is late. Should the parent itself be gone, its end of the
    connection is closed: the kernel then sends SIGIO, whose default is to end the process, even in
    the middle of a library. (``PR_SET_PDEATHSIG`` would act when the *thread* that started this
    process ends.) The alarm is the last resort.

    Args:
        connection: the socket to the parent.
        seconds: wall seconds that the work may take; what is given takes other ones from then on.
    """
    _set_alarm(seconds)
    flags = fcntl.fcntl(connection, fcntl.F_GETFL)
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        if _is_closed(connection):  # before the line above took effect
            raise EOFError("the parent is gone")
        yield _set_alarm
    finally:
        fcntl.fcntl(connection, fcntl.F_SETFL, flags)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_alarm(seconds: float) -> None:
    """Let the work take so many seconds from now on, of the wall and of the processor."""
    _raise_cpu_limit(max(0.0, seconds) + _GRACE)
    signal.setitimer(signal.ITIMER_REAL, max(0.0, seconds) + _GRACE)


def _is_closed(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, 0)  # a hang-up is always reported
    return bool(poll.poll(0))


def _raise_cpu_limit(seconds: float) -> None:
    """Allow ``seconds`` of processor time more than were used so far."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + seconds)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
