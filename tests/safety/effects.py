"""What was changed by whom: files, the state that clients can change, connections, programs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

# Of the state: what a mutating call would leave. The index and caches are made by reading.
STATE = ("audit.log", "locks.json", "shares.json", "shares.json.key", "versions.sqlite")
CONNECTING = ("socket.connect", "socket.sendto", "socket.bind")
STARTING = ("os.system", "os.exec", "os.posix_spawn", "pty.spawn")
ALLOWED = ("lsfs.index.child", "lsfs.index")  # the children that read files


def tree(folder: Path) -> dict[str, str]:
    """Every entry below a folder with what it is: kind, mode, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        digest = hashlib.sha256(content).hexdigest()
        found[os.fsdecode(path.relative_to(folder))] = f"{mode:o} {digest}"
    return found


class Seen(Struct):
    """What this process did meanwhile: connections to anywhere but Unix sockets, programs."""

    connections: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)


class Watch:
    """Sees what Python's audit hooks see; one for the process, for hooks stay for ever."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        sys.addaudithook(self._hook)

    @contextlib.contextmanager
    def watching(self) -> Iterator[Seen]:
        """What happens while the block runs."""
        self._seen = seen = Seen()
        try:
            yield seen
        finally:
            self._seen = None

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._seen is None:
            return
        if event in CONNECTING and isinstance(arguments[-1], tuple):
            self._seen.connections.append(f"{event} {arguments[-1]}")
        elif event in STARTING:
            self._seen.programs.append(f"{event} {arguments!r}")
        elif event == "subprocess.Popen" and "lsfs.index" not in str(arguments[1]):
            self._seen.programs.append(f"{event} {arguments[1]!r}")


WATCH = Watch()
