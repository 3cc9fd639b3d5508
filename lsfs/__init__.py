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
    from lsfs.clients import Client
    from lsfs.config import Config
    from lsfs.drives import DriveRecord
    from lsfs.grants import Grant
    from lsfs.syscalls.drive import Caller, Drive

__version__ = "0.1.0"

__all__ = ["Drive", "Grant", "__version__", "open"]


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
    from dataclasses import replace

    from lsfs.clients import Client
    from lsfs.drives import find, initialise
    from lsfs.errors import NotInitialised
    from lsfs.grants import FULL
    from lsfs.serve.client import connect
    from lsfs.syscalls.drive import Drive, new_session

    try:
        record = find(source, state)
    except NotInitialised:
        record = initialise(source, state)
    who = client or Client()
    who = who if who.session else replace(who, session=new_session())
    may = grant or FULL
    caller = connect(record, client=who, grant=may) or _open_here(record, config, who, may)
    return Drive(record.source, caller, on_event, session=who.session)


def _open_here(record: DriveRecord, config: Config | None, client: Client, grant: Grant) -> Caller:
    from lsfs import config as configuration
    from lsfs.syscalls.drive import open_local

    settings = config or configuration.load(record.source)
    return open_local(record, settings, client=client, grant=grant)


def __getattr__(name: str) -> Any:
    if name == "Drive":
        from lsfs.syscalls.drive import Drive

        return Drive
    if name == "Grant":
        from lsfs.grants import Grant

        return Grant
    raise AttributeError(name)
