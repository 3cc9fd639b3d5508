"""Members of a team: who may use a served drive, each by a token, for a while, within a grant.

A token is ``lsfs_ID_SECRET``: 8 random bytes that say whose it is, and 32 that prove it. Only the
SHA-256 of the secret is kept. It needs neither salt nor a slow hash: nobody guesses 256 random
bits, and no two of them are alike.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from msgspec import Struct

from lsfs.errors import AlreadyThere, NotFound, UsageError
from lsfs.safety.grants import Grant
from lsfs.safety.statefile import StateFile

MARK = "lsfs_"  # what tokens begin with, so that programs which look for leaked secrets know them
LOOKING = ("read", "search")  # verbs of a member, unless others are said
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_TOKEN = re.compile(MARK + r"([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)


class Member(Struct, frozen=True):
    """Somebody who was given a token.

    Attributes:
        name: what the audit log calls them.
        id: which token it is, in hexadecimal; a new one for the same name has another.
        digest: SHA-256 of the token's secret, in hexadecimal.
        made_ns, until_ns: when it was made and ends, in nanoseconds since the epoch.
        paths, verbs: of the grant (:class:`lsfs.safety.grants.Grant`).
    """

    name: str
    id: str
    digest: str
    made_ns: int
    until_ns: int
    paths: tuple[str, ...] = ()
    verbs: tuple[str, ...] = LOOKING

    @property
    def grant(self) -> Grant:
        """What they may do."""
        return Grant(self.paths, self.verbs)


class Members:
    """The members of one drive's team; all processes and threads may use it.

    Args:
        path: the file that they are kept in, 0600.
    """

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, tuple[Member, ...], ())
        self._known: tuple[Member, ...] = ()
        self._read_at: tuple[int, ...] = ()

    def all(self) -> tuple[Member, ...]:
        """All of them, also those whose tokens have ended; the file is read when it has changed."""
        try:
            status = self._file.path.stat()
        except FileNotFoundError:
            return ()
        # Each change puts another file in its place.
        now = (status.st_ino, status.st_mtime_ns, status.st_size)
        if now != self._read_at:
            self._known, self._read_at = self._file.read(), now
        return self._known

    def add(self, name: str, until_ns: int, now_ns: int, grant: Grant) -> tuple[Member, str]:
        """Let somebody in; gives the member, and the token, which is not kept.

        Raises:
            UsageError: nobody can have this name.
            AlreadyThere: somebody has it, whose token has not ended.
            StateUnwritable: it cannot be kept.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name of a member",
                hint="up to 40 letters a to z, digits and . _ - behind a letter or digit",
            )
        id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        verbs = grant.verbs or LOOKING
        made = Member(name, id_, _digest(secret), now_ns, until_ns, grant.paths, verbs)
        with self._file.changing() as known:
            others = tuple(one for one in known if one.name != name)
            if any(one.name == name and one.until_ns > now_ns for one in known):
                raise AlreadyThere(
                    f"{name} has a token already",
                    hint=f"end it first: lsfs member remove {name}",
                )
            self._file.write((*others, made))
        return made, f"{MARK}{id_}_{secret}"

    def remove(self, name: str) -> Member:
        """End the token of a member.

        Raises:
            NotFound: nobody has this name.
            StateUnwritable: it cannot be kept.
        """
        with self._file.changing() as known:
            gone = [one for one in known if one.name == name]
            if not gone:
                raise NotFound(f"no member {name!r}", hint="see who there is: lsfs member list")
            self._file.write(tuple(one for one in known if one.name != name))
        return gone[0]

    def of_token(self, token: str, now_ns: int) -> Member | None:
        """Whose a token is; None when it is nobody's any more."""
        form = _TOKEN.fullmatch(token)
        member = None if form is None else self.of_id(form[1], now_ns)
        if form is None or member is None:
            return None
        return member if hmac.compare_digest(member.digest, _digest(form[2])) else None

    def of_id(self, id_: str, now_ns: int) -> Member | None:
        """The member whose token has this id; None when it has ended."""
        found = (one for one in self.all() if one.id == id_ and one.until_ns > now_ns)
        return next(found, None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
