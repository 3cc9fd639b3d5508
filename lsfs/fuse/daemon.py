"""The fs process: serves the files of one mount, and keeps the brain running beside it.

It imports no engine: no model, no index library, no parser. What it shows of the index it reads
from what the brain has published.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import logging
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs import logs
from lsfs.clock import SystemClock
from lsfs.drives import library_of, locked
from lsfs.errors import IndexCorrupt, LsfsError, StateUnwritable
from lsfs.fuse import bindings, brain, kernel, record, transports
from lsfs.fuse.changes import Changes
from lsfs.fuse.narrator import Narrator
from lsfs.fuse.operations import Operations
from lsfs.fuse.record import MountInfo
from lsfs.fuse.remote import PATIENCE_S, RpcBrain
from lsfs.fuse.source import Source
from lsfs.fuse.transports import Choice
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.views import NothingKept, View, Views
from lsfs.fuse.virtual import VirtualTree
from lsfs.paths import StatePaths
from lsfs.safety.grants import Grant
from lsfs.safety.readers import Reader
from lsfs.safety.sight import Sight
from lsfs.versions.capture import Captures
from lsfs.versions.events import State
from lsfs.versions.history import Journal
from lsfs.versions.past import Past

if TYPE_CHECKING:
    from lsfs.index.library.files import LibraryFiles

log = logging.getLogger("lsfs.fuse.daemon")

# How long an answer may hold up the mount's only thread, in seconds.
ANSWER_WAIT_S = 10.0
# Contents up to this size, in bytes, are copied while everybody waits: a few milliseconds.
COPIED_AT_ONCE = 8 << 20


class Service(Struct, frozen=True):
    """What one fs process is to do.

    Attributes:
        source, mountpoint: real paths.
        state: where the drive's state is.
        transport: auto, kernel, mfusepy or fusepy.
        virtual_name: name of the virtual directory.
        timeout_s: how long the kernel may keep names and attributes, in seconds.
        passthrough: let the kernel read and write files itself where it can.
        brain: command of the brain; empty runs none.
        versions: how contents are kept before they go: full, fast or off.
    """

    source: Path
    mountpoint: Path
    state: StatePaths
    transport: str
    virtual_name: str
    timeout_s: float
    passthrough: bool = True
    read_only: bool = False
    allow_other: bool = False
    brain: tuple[str, ...] = ()
    versions: str = "full"


class Announcement:
    """Tells whoever waits, once, that the mount is there or why it is not.

    Args:
        fd: gets one line of JSON and is closed, for its number may then be that of a user's file;
            None tells nobody.
    """

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def ready(self) -> None:
        """The mount is there."""
        self._say({"ready": True})

    def failed(self, error: LsfsError) -> None:
        """There is no mount."""
        self._say({"error": {"code": error.code, "message": error.message, "hint": error.hint}})

    def _say(self, message: dict[str, object]) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):  # nobody waits any more
                os.write(fd, json.dumps(message).encode("ascii") + b"\n")
            os.close(fd)


def serve(service: Service, announcement: Announcement) -> MountInfo:
    """Mount and serve until the mount is gone.

    Args:
        announcement: made when the kernel has accepted the mount.

    Returns:
        what was mounted.

    Raises:
        LockHeld: another process serves this drive.
        LsfsError: the mount was refused.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(service.state.history_lock))
        # Opened before the mount: see lsfs.fuse.source.
        source = Source(service.source)
        stack.callback(source.close)
        past = Past(
            service.state.versions, service.state.history, service.state.objects, source.root
        )
        stack.callback(past.close)
        journal = Journal(service.state.history, past.settled, past.position)
        stack.callback(journal.close)
        choice = transports.choose(service.transport)
        info = MountInfo(
            service.source, service.mountpoint, os.getpid(), None, choice.name,
            service.read_only, time.time_ns(), choice.why,
        )  # fmt: skip
        running = _Running(service.state, info)
        wake = stack.enter_context(_supervised(service, running))
        changes = Changes(journal, SystemClock(), wake)
        journal.on_commit(changes.nudge)
        stack.callback(journal.close)  # before the brain, which it wakes, is ended
        captures = _captures(service, journal, past, stack)
        if captures is not None and choice.module is None:
            # The kernel's own protocol is answered in any order; libfuse has to wait for each copy.
            captures.at_once = COPIED_AT_ONCE
        patience_s = PATIENCE_S if choice.module is None else ANSWER_WAIT_S
        vfs = Vfs(
            source,
            _views(service, info, past, patience_s, None if choice.module else source.root),
            changes,
            captures=captures,
            absent=_absent(service),
            virtual_name=service.virtual_name,
            mount_facts=json.dumps({"state": os.fspath(service.state.root)}).encode("ascii"),
        )
        stack.callback(vfs.close)
        past.contents.is_watched = vfs.keeping.is_watched
        stack.callback(running.end)

        def started(why: str) -> None:
            running.begin(why)
            announcement.ready()

        _serve_by(choice, service, vfs, source, started)
        return running.info


def _serve_by(
    choice: Choice, service: Service, vfs: Vfs, source: Source, started: Callable[[str], None]
) -> None:
    """Serve by the chosen transport until the mount is gone."""
    if choice.module is None:
        # The other half is for files that are open or have lost their names.
        vfs.table.most_folders = transports.raise_descriptor_limit() // 2
        kernel.serve(
            vfs,
            service.mountpoint,
            lambda server: started(f"{choice.why}; {server.describe()}"),
            timeout_s=service.timeout_s,
            read_only=service.read_only,
            allow_other=service.allow_other,
            passthrough=service.passthrough,
        )
        return
    try:
        bindings.serve(
            choice.name,
            choice.module,
            Operations(vfs, source, bindings.caller_of(choice.module)),
            os.fspath(service.mountpoint),
            lambda: started(choice.why),
            bindings.options(
                choice.name,
                timeout_s=service.timeout_s,
                read_only=service.read_only,
                allow_other=service.allow_other,
            ),
        )
    finally:
        _end_helper()


class _Running:
    """The record of the mount, and the brain that begins with it."""

    def __init__(self, state: StatePaths, info: MountInfo) -> None:
        self._state = state
        self.info = info
        self._narrator = Narrator()
        self._lock = threading.Lock()
        self._ended = False
        self.supervisor: brain.Supervisor | None = None

    def begin(self, why: str) -> None:
        """The kernel has accepted the mount."""
        self.info = replace(self.info, why=why)
        record.write(self._state, self.info)
        self._narrator.mounted(self.info)
        if self.supervisor is not None:
            self.supervisor.start()

    def brain_is(self, pid: int | None) -> None:
        """The brain has started, or ended."""
        with self._lock:
            if self._ended:
                return
            self._narrator.brain_is(pid)
            try:
                record.write(self._state, replace(self.info, brain_pid=pid))
            except OSError as error:
                log.warning("the record of the mount cannot be written: %s", error)

    def end(self) -> None:
        """The mount is gone; the brain may still be ending."""
        with self._lock:
            self._ended = True
            record.remove(self._state)
        self._narrator.unmounted()


@contextlib.contextmanager
def _supervised(service: Service, running: _Running) -> Iterator[int | None]:
    """The brain's wake descriptor; leaving the block ends the brain."""
    if not service.brain:
        yield None
        return
    supervisor = brain.Supervisor(
        service.brain, running.brain_is, sys.stderr.fileno(), environment=brain.environment()
    )
    running.supervisor = supervisor
    try:
        yield supervisor.wake
    finally:
        supervisor.stop()


def _captures(
    service: Service, journal: Journal, past: Past, stack: contextlib.ExitStack
) -> Captures | None:
    """What keeps contents before they go, as the drive is configured."""
    if service.versions == "off":
        return None

    def is_kept(state: State) -> bool:
        try:
            return past.has(state)
        except sqlite3.Error as error:
            log.warning("the versions cannot be read: %s", error)
            return False

    def names(state: State) -> int:
        try:
            return past.known_names(state)
        except sqlite3.Error:
            return 0

    durable = service.versions == "full"
    captures = Captures(
        service.state.incoming, journal, SystemClock(), is_kept, names, past.journal.captured,
        durable=durable,
    )  # fmt: skip
    stack.callback(captures.close)
    return captures


def _absent(service: Service) -> LibraryFiles | None:
    """What brings the files of a shared library; None for a folder, which has its own."""
    uri = library_of(service.state)
    if not uri:
        return None
    from lsfs.index.library.files import LibraryFiles

    return LibraryFiles(uri, service.source, service.state.catalog)


def _views(
    service: Service, info: MountInfo, past: Past, patience_s: float, source: int | None
) -> Views:
    """The virtual directory for each user.

    Args:
        source: a descriptor of the folder; None where the transport does not tell users apart.
    """
    from lsfs.index.store.published import Published

    facts: dict[str, str | int] = {
        "source": library_of(service.state) or os.fspath(service.source),
        "mountpoint": os.fspath(service.mountpoint),
        "pid": info.pid,
        "transport": info.transport,
    }
    name = service.virtual_name
    remote = RpcBrain(service.state.socket, patience_s=patience_s)
    published = Published(service.state.catalog, remote.bring)
    own = VirtualTree(published, remote, facts, past=past, name=name)
    if source is None or not service.allow_other:
        return Views(own)
    root = source

    def make(reader: Reader) -> View:
        from lsfs.index.store.published_seen import SeenPublished
        from lsfs.versions.past_seen import SeenPast

        grant = Grant(verbs=("read", "search"), reader=reader)
        sees = Sight(grant, root)
        seen = SeenPublished(service.state.catalog, sees)
        then = SeenPast(service.state, root, sees)
        asks = RpcBrain(service.state.socket, patience_s=patience_s, grant=grant)
        tree = VirtualTree(seen, NothingKept(asks.summarize), {}, past=then, name=name)

        def close() -> None:
            seen.close()
            then.close()

        return View(tree, close)

    return Views(own, make)


def _end_helper() -> None:
    """End the setuid helper that unmounts when we are killed.

    We leave in order, the mount is gone. The helper would find that out only after we have ended,
    and, being asked to unmount the mountpoint, would unmount whatever was mounted on it by then.
    """
    for child in _children():
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{child}/comm").read_text(encoding="ascii", errors="replace")
            if name.startswith("fusermount"):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def arguments_of(service: Service) -> list[str]:
    """The command line that :func:`main` reads back."""
    arguments = [
        "--source", os.fspath(service.source),
        "--mountpoint", os.fspath(service.mountpoint),
        "--state", os.fspath(service.state.root),
        "--transport", service.transport,
        "--virtual-name", service.virtual_name,
        "--timeout", str(service.timeout_s),
        "--versions", service.versions,
    ]  # fmt: skip
    arguments += [] if service.passthrough else ["--no-passthrough"]
    arguments += ["--read-only"] if service.read_only else []
    arguments += ["--allow-other"] if service.allow_other else []
    arguments += ["--brain-command", json.dumps(service.brain)] if service.brain else ["--no-brain"]
    return arguments


def _parse(arguments: Sequence[str] | None) -> tuple[Service, int | None, bool]:
    parser = argparse.ArgumentParser(prog="lsfs.fuse.daemon", description=__doc__)
    for name in ("--source", "--mountpoint", "--state"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--transport", default="auto")
    parser.add_argument("--virtual-name", default=".lsfs")
    parser.add_argument("--timeout", type=float, default=1.0)
    parser.add_argument("--versions", default="full")
    parser.add_argument("--no-passthrough", action="store_true")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--allow-other", action="store_true")
    parser.add_argument("--no-brain", action="store_true")
    parser.add_argument("--brain-command", type=json.loads, default=None)
    parser.add_argument("--ready-fd", type=int, default=None)
    parser.add_argument("--detach", action="store_true")
    given = parser.parse_args(arguments)
    state = StatePaths(given.state)
    command = given.brain_command or brain.command(given.source, state)
    service = Service(
        source=given.source,
        mountpoint=given.mountpoint,
        state=state,
        transport=given.transport,
        virtual_name=given.virtual_name,
        timeout_s=given.timeout,
        passthrough=not given.no_passthrough,
        read_only=given.read_only,
        allow_other=given.allow_other,
        brain=() if given.no_brain else tuple(command),
        versions=given.versions,
    )
    return service, given.ready_fd, given.detach


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a mount; gives the exit code."""
    service, ready, detach = _parse(arguments)
    announcement = Announcement(ready)
    # Two steps away from who started us: nobody has to collect our exit status, and a hang-up
    # of their terminal does not reach us.
    if detach and os.fork():
        os._exit(0)
    if detach:
        os.setsid()
    os.chdir("/")
    logs.begin("fs", service.state.log)
    try:
        serve(service, announcement)
    except LsfsError as error:
        log.error("%s", error.message)
        announcement.failed(error)
        return error.exit_code
    except Exception as error:
        # The outermost edge of the process: whoever waits gets the name, the log the traceback.
        log.exception("the mount failed")
        failure = _failure(error, service.state)
        announcement.failed(failure)
        return failure.exit_code
    return 0


def _failure(error: Exception, state: StatePaths) -> LsfsError:
    """What a failure to start means to the user."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    if full or isinstance(error, sqlite3.OperationalError):
        return StateUnwritable(f"{state.root}: {error}")
    if isinstance(error, sqlite3.DatabaseError):
        return IndexCorrupt(
            f"{state.history}: {error}",
            repairable=False,
            hint=f"it holds the drive's past: keep a copy, then move {state.history} away",
        )
    return LsfsError(f"the mount failed: {error}")


if __name__ == "__main__":
    sys.exit(main())
