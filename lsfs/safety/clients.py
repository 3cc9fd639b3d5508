"""Who calls: the door, the client behind it, its session, its user and its process."""

from __future__ import annotations

import os

from msgspec import Struct, field


class Client(Struct, frozen=True):
    """Who makes a call.

    Attributes:
        door: how it came in: ``cli``, ``do``, ``python``, ``mcp``, ``aios``, ``mount``, ``web``,
            ``api``.
        name: what it calls itself; of an agent what it said, so it is a claim and no proof.
        proven: it is none: a token has shown that this is the name.
        session: one run of it: a terminal, a ``Drive``, a connection. Locks belong to sessions.
        uid, pid: its user and process; over a socket as the kernel says, whatever it claims.
    """

    door: str = "python"
    name: str = ""
    session: str = ""
    uid: int = field(default_factory=os.getuid)
    pid: int = field(default_factory=os.getpid)
    proven: bool = False

    def __str__(self) -> str:
        claim = "" if self.proven or not self.name else " (as it says)"
        said = f"{self.door} {self.name}{claim}".strip()
        return f"{said} (user {self.uid}, process {self.pid})"
