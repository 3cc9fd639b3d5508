"""A drive that another process serves, as a caller of syscalls."""

from __future__ import annotations

import time
from typing import Any

from lsfs import codec
from lsfs.drives import DriveRecord
from lsfs.serve.rpc import Client, Emit
from lsfs.syscalls.registry import registry

# A mounted drive whose brain is being started or restarted answers within this time.
START_SECONDS = 30.0


class RemoteCaller:
    """Runs syscalls in the process that serves a drive."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(self, name: str, arguments: dict[str, Any], emit: Emit) -> Any:
        """The result of a syscall, of its declared type."""
        declared = registry[name]
        return codec.from_builtins(self._client.call(name, arguments, emit), declared.result)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def connect(record: DriveRecord, *, patience: float = START_SECONDS) -> RemoteCaller | None:
    """The caller of a drive that a daemon serves; None when none does.

    Args:
        patience: seconds to wait for the brain of a drive that is mounted.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return RemoteCaller(Client(record.state.socket))
        except OSError:
            if not record.mount_info() or time.monotonic() >= deadline:
                return None
        time.sleep(0.05)
