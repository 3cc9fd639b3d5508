"""A semantic file system: a folder that can be asked.

import lsfs

with lsfs.open("~/Documents") as drive:
    for hit in drive.retrieve("notice period", k=5).hits:
        print(hit.path, hit.page, hit.text)
    print(drive.ask("contracts from 2023").answer)
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.drives import DriveRecord
    from lsfs.safety.clients import Client
    from lsfs.safety.grants import Grant
    from lsfs.serve.aios import AiosStorage
    from lsfs.serve.asynchronous import AsyncDrive, Opening
    from lsfs.syscalls.drive import Caller, Drive

__version__ = "0.1.0"

__all__ = ["AiosStorage", "AsyncDrive", "Drive", "Grant", "__version__", "aopen", "open"]

# Names that are loaded when they are first looked up, and their modules.
_LATE = {
    "AiosStorage": "lsfs.serve.aios",
    "AsyncDrive": "lsfs.serve.asynchronous",
    "Drive": "lsfs.syscalls.drive",
    "Grant": "lsfs.safety.grants",
}


def open(
    source: str | os.PathLike[str],
    *,
    config: Config | None = None,
    state: str | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    grant: Grant | None = None,
    client: Client | None = None,
) -> Drive:
    """Open a folder as a drive.

    A drive that is mounted, or indexed by a daemon, is reached through it; any other is worked on
    in this process. A folder that is no drive yet becomes one; nothing is written into it.

    Args:
        source: the folder, or a mountpoint of it.
        config: settings; by default those of the environment and the configuration files.
        state: where the drive's state is kept instead of the default place.
        on_event: called with progress and streamed text.
        grant: what this ``Drive`` may do; everything by default. ``Grant(paths=("Notes/**",),
            verbs=("read", "search"))`` gives one to hand to code that is trusted with no more.
        client: who calls, for the audit log and for locks; this process by default.

    Raises:
        NotFound, AccessDenied: the folder cannot be used.
        LockHeld: another process is making the index for the first time.
    """
    from lsfs.safety.grants import FULL
    from lsfs.serve.client import connect
    from lsfs.syscalls.drive import Drive

    record, who = _record(source, state), _named(client)
    may = grant or FULL
    caller = connect(record, client=who, grant=may) or _open_here(record, config, who, may)
    return Drive(record.source, caller, on_event, session=who.session)


def aopen(
    source: str | os.PathLike[str],
    *,
    config: Config | None = None,
    state: str | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    client: Client | None = None,
    grant: Grant | None = None,
) -> Opening:
    """Open a folder as a drive for a program that awaits, under asyncio or trio.

    To be awaited, or entered with ``async with``. The drive is reached through the process that
    serves it; where none does, this one follows its files as long as it is open.

    Args:
        source, config, state, on_event, client, grant: as for :func:`open`; ``on_event`` is
            called in the event loop.

    Raises:
        NotFound, AccessDenied: the folder cannot be used; raised where it is awaited.
    """
    from lsfs.safety.grants import FULL
    from lsfs.serve.access import Access
    from lsfs.serve.asynchronous import AsyncDrive, Opening

    def access() -> Access:
        return Access(_record(source, state), config, client=_named(client), grant=grant or FULL)

    return Opening(lambda: AsyncDrive(access(), on_event))


def _named(client: Client | None) -> Client:
    """Who calls, with a session of its own where it has none."""
    from msgspec.structs import replace

    from lsfs.safety.clients import Client
    from lsfs.syscalls.drive import new_session

    who = client or Client()
    return who if who.session else replace(who, session=new_session())


def _record(source: str | os.PathLike[str], state: str | None) -> DriveRecord:
    from lsfs.drives import find, initialise
    from lsfs.errors import NotInitialised

    try:
        return find(source, state)
    except NotInitialised:
        return initialise(source, state)


def _open_here(record: DriveRecord, config: Config | None, client: Client, grant: Grant) -> Caller:
    from lsfs import config as configuration
    from lsfs.syscalls.drive import open_local

    settings = config or configuration.load(record.source)
    return open_local(record, settings, client=client, grant=grant)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        import importlib

        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(name)
