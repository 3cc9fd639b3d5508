"""A drive that another process serves, as a caller of syscalls."""

from __future__ import annotations

import time
from typing import Any

from lsfs import codec
from lsfs.drives import DriveRecord
from lsfs.safety.clients import Client as Who
from lsfs.safety.grants import FULL, Grant
from lsfs.serve.rpc import Asking, Client, Disconnected, Emit
from lsfs.syscalls.registry import Effect, registry

# A mounted drive whose brain is being started or restarted answers within this time.
START_SECONDS = 30.0
END_SECONDS = 5.0  # for a process that was killed to give its memory back


class RemoteCaller:
    """Runs syscalls in the process that serves a drive.

    Args:
        record: the drive.
        client: a connection to it.
    """

    def __init__(self, record: DriveRecord, client: Client) -> None:
        self._record = record
        self._asks = client.asks
        self._client = client
        self._closed = False

    def call(self, name: str, arguments: dict[str, Any], emit: Emit) -> Any:
        """The result of a syscall, of its declared type.

        A brain that died is restarted by the mount: what only reads is asked again, once.
        """
        declared = registry[name]
        try:
            answer = self._client.call(name, arguments, emit)
        except Disconnected:
            if self._closed:  # by another thread, to end this call
                raise
            self._client.await_end(END_SECONDS)
            again = _reach(self._record, START_SECONDS, self._asks)
            if declared.effect is not Effect.READ or again is None:
                raise
            self._client.close()
            self._client = again
            answer = self._client.call(name, arguments, emit)
        return codec.from_builtins(answer, declared.result)

    def close(self) -> None:
        """Hang up; a call that another thread waits for ends with :class:`Disconnected`."""
        self._closed = True
        self._client.close()


def connect(
    record: DriveRecord,
    *,
    patience: float = START_SECONDS,
    client: Who | None = None,
    grant: Grant = FULL,
) -> RemoteCaller | None:
    """The caller of a drive that a daemon serves; None when none does.

    Args:
        patience: seconds to wait for the brain of a drive that is mounted.
        client: who calls.
        grant: what they may do.
    """
    reached = _reach(record, patience, Asking(client or Who(), grant))
    return None if reached is None else RemoteCaller(record, reached)


def _reach(record: DriveRecord, patience: float, asks: Asking) -> Client | None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return Client(record.state.socket, asks=asks)
        except OSError:
            if not record.mount_info() or time.monotonic() >= deadline:
                return None
        time.sleep(0.05)
