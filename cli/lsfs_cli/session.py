"""What one run of the command line works with: its options, its drive, its streams."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lsfs.errors import LsfsError

if TYPE_CHECKING:
    from lsfs.drives import DriveRecord
    from lsfs.syscalls.drive import Drive

_TERMINALS = (0, 1, 2)  # file descriptors that may be one
SCHEMA = 1  # of everything that --json prints; keys are only ever added


def terminal() -> str:
    """A name for the terminal session that this runs in: of the terminal, and of its shell's start.

    A terminal is given to another shell later, and a process number too; both together are not.
    """
    leader = os.getsid(0)
    name = f"session {leader}"
    for descriptor in _TERMINALS:
        if os.isatty(descriptor):
            name = f"{os.ttyname(descriptor)} {leader}"
            break
    try:
        start = Path(f"/proc/{leader}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return name
    return f"{name} {start}"


class Session(Struct):
    """Options that every command has.

    Attributes:
        drive: the source or mountpoint that was named; "" takes the one around the current folder,
            else ``LSFS_DRIVE``.
        state: where the drive's state is, when not in its default place.
        json: print results as JSON.
        quiet: print no progress and no notes.
        color: colours on a terminal.
        door: how calls come in, for the audit log.
    """

    drive: str = ""
    state: str = ""
    json: bool = False
    quiet: bool = False
    color: bool = True
    door: str = "cli"

    def record(self) -> DriveRecord:
        """The drive that is meant.

        Raises:
            NotInitialised: there is none.
        """
        from lsfs.drives import find
        from lsfs.errors import NotInitialised

        state = self.state or os.environ.get("LSFS_STATE", "")
        if self.drive:
            return find(self.drive, state or None)
        try:
            return find(Path.cwd(), state or None)
        except NotInitialised:
            named = os.environ.get("LSFS_DRIVE", "")
            if named:
                return find(named, state or None)
            raise

    def open(self, on_event: Any) -> Drive:
        """Open the drive that is meant."""
        import lsfs
        from lsfs.safety.clients import Client

        record = self.record()
        client = Client(self.door, session=terminal())
        return lsfs.open(
            record.source, state=str(record.state.root), on_event=on_event, client=client
        )

    def print_json(self, value: dict[str, Any]) -> None:
        """Write a result object to standard output."""
        import json

        sys.stdout.write(json.dumps({"schema": SCHEMA, **value}, indent=2) + "\n")

    def show(self, told: Any, words: str, note: str = "") -> None:
        """Print what a command of our own has to tell.

        Args:
            told: as a value, for ``--json``.
            words: the same for people; "" where there is nothing but the note.
            note: what else they are told, beside the result.
        """
        from lsfs import codec
        from lsfs.untrusted import safe

        if self.json:
            self.print_json(codec.to_builtins(told))
        elif words:
            sys.stdout.write(safe(words, lines=True) + "\n")
        if note:
            self.note(note)

    def note(self, text: str) -> None:
        """Tell the user something that is no result."""
        if not self.quiet:
            from lsfs.untrusted import safe

            sys.stderr.write(safe(text) + "\n")

    def fail(self, error: LsfsError, *, as_json: bool | None = None) -> int:
        """Say what went wrong and what to do; gives the exit code."""
        from lsfs.untrusted import safe

        if self.json if as_json is None else as_json:
            data = {"code": error.code, "message": error.message, "hint": error.hint}
            self.print_json({"error": data})
        else:
            sys.stderr.write(f"lsfs: {safe(error.message)}\n")
            if error.hint:
                sys.stderr.write(f"      {safe(error.hint)}\n")
        return error.exit_code
