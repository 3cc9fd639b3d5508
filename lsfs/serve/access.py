"""A drive as a program reaches it that stays: through the process that serves it, or by itself.

What serves a drive comes and goes: it is mounted and unmounted, indexed by a daemon, or by another
program of this kind. So each call looks anew who is there. When nobody is, this process follows the
files and answers others too, until the drive is mounted: then the brain of the mount takes over.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from lsfs import codec
from lsfs.config import Config
from lsfs.drives import DriveRecord
from lsfs.errors import Cancelled, LockHeld, LsfsError
from lsfs.safety.clients import Client as Who
from lsfs.safety.grants import FULL, Grant
from lsfs.serve.brain import serving
from lsfs.serve.rpc import Asking, Client, Disconnected, Emit
from lsfs.syscalls.drive import open_local, run
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Effect, registry

log = logging.getLogger("lsfs.serve.access")

MOUNT_SECONDS = 30.0  # to wait for the brain of a drive that is mounted
LOOK_SECONDS = 2.0  # between looks whether the drive has been mounted
CLOSE_SECONDS = 20.0  # to wait for the engines to be opened, before they are left as they are


class Cancellation(threading.Event):
    """Set when a caller does not want the result any more; tells who waits for it elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self._hang_up: Callable[[], None] = lambda: None
        self._guard = threading.Lock()

    def set(self) -> None:
        """Cancel."""
        super().set()
        with self._guard:
            self._hang_up()

    @contextlib.contextmanager
    def ending(self, hang_up: Callable[[], None]) -> Iterator[None]:
        """While the block runs, a cancellation calls ``hang_up``."""
        with self._guard:
            self._hang_up = hang_up
        try:
            yield
        finally:
            with self._guard:
                self._hang_up = lambda: None


class Calls(Protocol):
    """Runs syscalls of one drive, in the name of one caller."""

    @property
    def record(self) -> DriveRecord:
        """The drive."""
        ...

    def call(
        self,
        name: str,
        arguments: dict[str, Any],
        emit: Emit,
        cancelled: Cancellation | None = None,
    ) -> Any:
        """The result of a syscall; see :meth:`Access.call`."""
        ...


class Seat(Struct, frozen=True):
    """An access as one of its many callers has it.

    Attributes:
        access: whose calls these become.
        asks: who calls, and what of the access is theirs.
    """

    access: Access
    asks: Asking

    @property
    def record(self) -> DriveRecord:
        """The drive."""
        return self.access.record

    def call(
        self,
        name: str,
        arguments: dict[str, Any],
        emit: Emit,
        cancelled: Cancellation | None = None,
    ) -> Any:
        """The result of a syscall; see :meth:`Access.call`.

        What names a conversation names one of this caller's: nobody goes on in another's.
        """
        own = {
            entry.name: f"{self.asks.client.session} {arguments.get(entry.name) or 'default'}"
            for entry, _, param in registry[name].fields()
            if param.session
        }
        return self.access.call(name, {**arguments, **own}, emit, cancelled, self.asks)

    def close(self) -> None:
        """Nothing: the access is everybody's."""


class Access:
    """Runs syscalls of one drive, in whichever process, from any thread.

    Args:
        record: the drive.
        config: settings, where this process is the one; loaded from their files by default.
        client: who calls.
        grant: what they may do.
    """

    def __init__(
        self,
        record: DriveRecord,
        config: Config | None = None,
        *,
        client: Who | None = None,
        grant: Grant = FULL,
    ) -> None:
        self.record = record
        self.client = client or Who()
        self.grant = grant
        self._config = config
        self._serving: serving | None = None
        self._engines: Engines | None = None
        self._users = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watch = threading.Thread(
            target=self._yield_to_mounts, name="lsfs-access", daemon=True
        )
        self._watch.start()

    def call(
        self,
        name: str,
        arguments: dict[str, Any],
        emit: Emit,
        cancelled: Cancellation | None = None,
        asks: Asking | None = None,
    ) -> Any:
        """The result of a syscall, of its declared type.

        Args:
            asks: who calls, where it is not always the same; their grant narrows ours.

        Raises:
            Cancelled: the caller does not want it any more.
            LsfsError: what the syscall raised.
        """
        cancelled = cancelled or Cancellation()
        asking = Asking(self.client, self.grant)
        if asks is not None:
            asking = Asking(asks.client, self.grant.narrowed(asks.grant))
        with self._own() as engines:
            if engines is not None:
                call = Call(engines, emit, cancelled, client=asking.client, grant=asking.grant)
                return run(call, name, arguments)
        declared = registry[name]
        connected = self._client(asking)
        if connected is None:
            return self._in_passing(name, arguments, emit, asking)
        try:
            with cancelled.ending(connected.close):
                return codec.from_builtins(connected.call(name, arguments, emit), declared.result)
        except Disconnected:
            if cancelled.is_set():
                raise Cancelled("the caller has gone") from None
            if declared.effect is not Effect.READ:
                raise
        finally:
            connected.close()
        return self.call(name, arguments, emit, cancelled, asks)  # the one that served it has gone

    def close(self) -> None:
        """Stop following the files, where this process does so."""
        self._closed.set()
        # A signal that ends us amid an import can leave Python's lock of imports taken for good,
        # and then the engines are never open. What is left as it is bears that, like a kill.
        self._watch.join(CLOSE_SECONDS)
        if self._watch.is_alive():
            log.warning(
                "the engines of %s are not closed: opening them never ended", self.record.source
            )
            return
        with self._lock:
            self._release()

    @contextlib.contextmanager
    def _own(self) -> Iterator[Engines | None]:
        """Our own engines, where this process is the one to serve; else None."""
        with self._lock:
            if self._engines is None and not self._is_served():
                self._open()
            engines = self._engines
            self._users += engines is not None
        try:
            yield engines
        finally:
            with self._lock:
                self._users -= engines is not None

    def _is_served(self) -> bool:
        if self.record.mount_info():
            return True
        try:
            Client(self.record.state.socket).close()
        except OSError:
            return False
        return True

    def _open(self) -> None:
        ours = serving(self.record, self._config)
        try:
            self._engines = ours.__enter__()
        except LockHeld as held:  # by one that was faster, or a command that indexes
            log.info("%s", held)
        else:
            self._serving = ours

    def _release(self) -> None:
        if self._serving is not None:
            self._engines, ours, self._serving = None, self._serving, None
            ours.__exit__(None, None, None)

    def _client(self, asks: Asking) -> Client | None:
        """A connection to the process that serves the drive; None when none does."""
        deadline = time.monotonic() + MOUNT_SECONDS
        while True:
            try:
                return Client(self.record.state.socket, asks=asks)
            except OSError:
                if not self.record.mount_info() or time.monotonic() >= deadline:
                    return None
            time.sleep(0.05)

    def _in_passing(self, name: str, arguments: dict[str, Any], emit: Emit, asks: Asking) -> Any:
        """Run a syscall beside another process that indexes, and answers no calls."""
        from lsfs import config as configuration

        settings = self._config or configuration.load(self.record.source)
        caller = open_local(self.record, settings, client=asks.client, grant=asks.grant)
        try:
            return caller.call(name, arguments, emit)
        finally:
            caller.close()

    def _yield_to_mounts(self) -> None:
        try:
            with self._own():  # the first question does not wait for the models to be loaded
                pass
        except LsfsError as error:
            log.info("%s", error)  # whoever asks will be told
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                if self._serving is not None and not self._users and self.record.mount_info():
                    log.info("the drive is mounted: its own process takes over")
                    self._release()
