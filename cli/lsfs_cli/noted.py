"""Lines of the audit log for commands that are no syscalls: init, index, mount, settings."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsfs.drives import DriveRecord
    from lsfs_cli.session import Session

log = logging.getLogger("lsfs.cli")


def note(record: DriveRecord, call: str, arguments: Mapping[str, Any], code: str = "") -> None:
    """Write a line into the audit log of a drive; a log that cannot be written stops nobody.

    Args:
        call: the command.
        arguments: what it was given, by name.
        code: the error that it ended with; "" where it was done.
    """
    from lsfs.clock import SystemClock
    from lsfs.errors import StateUnwritable
    from lsfs.safety.audit import AuditLog, Happening
    from lsfs.safety.clients import Client
    from lsfs_cli.session import terminal

    client = Client("cli", session=terminal())
    outcome, details = "failed" if code else "done", {"arguments": dict(arguments)}
    what = Happening(call, "write", outcome, client, code, details)
    try:
        AuditLog(record.state.audit).append(what, SystemClock().now_ns())
    except StateUnwritable as error:
        log.error("%s is not in the audit log: %s", call, error.message)


def note_settings(session: Session, settings: Mapping[str, Any]) -> None:
    """Write changed settings of the user into the log of every drive, for they hold for all.

    Args:
        session: says which drive is meant; its state may be apart from those of the others.
        settings: by their names.
    """
    from lsfs.drives import all_drives
    from lsfs.errors import LsfsError

    records = {record.state.root: record for record in all_drives() if record is not None}
    with contextlib.suppress(LsfsError):  # no drive is meant
        record = session.record()
        records[record.state.root] = record
    for record in records.values():
        note(record, "config_set", settings)
