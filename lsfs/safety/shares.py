"""Links to files of a drive: signed, ending by themselves, revocable; of use on this machine only.

A token is ``base64url(id, end, signature)``: 16 random bytes, seconds since the epoch as 8 bytes,
and HMAC-SHA-256 over both and the path, which the link does not say. What it stands for is looked
up here, so a share that was revoked is gone whatever its token says.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hmac
import os
import secrets
import struct
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from lsfs.errors import AccessDenied
from lsfs.safety.grants import Grant, literal
from lsfs.safety.statefile import StateFile

_TOKEN = struct.Struct(">16sQ32s")
_KEY_BYTES = 32
_NS = 10**9


class Share(Struct, frozen=True):
    """A link that was given out.

    Attributes:
        id: in hexadecimal.
        path: the file or folder, relative to the drive.
        until_ns, made_ns: when it ends and was made, in nanoseconds since the epoch.
        by: who made it.
    """

    id: str
    path: str
    until_ns: int
    made_ns: int
    by: str


class Shared(Struct, frozen=True):
    """What a valid token stands for: a path, and a grant to read it and nothing else."""

    path: str
    grant: Grant


class Shares:
    """The links of one drive.

    Args:
        path: the file that they are kept in; the key that signs them stands beside it.
    """

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, tuple[Share, ...], ())
        self._key_file = path.with_name(path.name + ".key")

    def all(self, now_ns: int) -> tuple[Share, ...]:
        """The links that have not ended."""
        return tuple(one for one in self._file.read() if one.until_ns > now_ns)

    def make(self, path: str, until_ns: int, now_ns: int, by: str) -> tuple[Share, str]:
        """Share a path; gives the share and its token.

        Raises:
            StateUnwritable: it cannot be kept.
        """
        seconds = until_ns // _NS
        share = Share(secrets.token_hex(16), path, seconds * _NS, now_ns, by)
        with self._file.changing():
            token = self._signed(share)
            self._file.write((*self.all(now_ns), share))
        return share, token

    def revoke(self, which: str, now_ns: int) -> tuple[Share, ...]:
        """End the shares of a path, or the one of an id or a token; gives them."""
        with self._file.changing():
            gone = self.would_revoke(which, now_ns)
            self._file.write(tuple(one for one in self.all(now_ns) if one not in gone))
        return gone

    def would_revoke(self, which: str, now_ns: int) -> tuple[Share, ...]:
        """The shares that :meth:`revoke` would end."""
        known = self._id_of(which)
        return tuple(
            one for one in self.all(now_ns) if which in (one.id, one.path) or one.id == known
        )

    def forget(self, paths: Iterable[str]) -> None:
        """End and forget the shares of paths that are purged."""
        gone = set(paths)
        if self._file.path.exists():
            with self._file.changing():
                self._file.write(tuple(one for one in self.all(0) if one.path not in gone))

    def verify(self, token: str, now_ns: int) -> Shared:
        """What a token stands for.

        Raises:
            AccessDenied: it was not made here, has ended, or was revoked; which of these it is is
                not said.
        """
        share = next((one for one in self.all(now_ns) if one.id == self._id_of(token)), None)
        if share is None or not hmac.compare_digest(self._signed(share), token.rstrip("=")):
            raise AccessDenied("this link is not valid, or has ended")
        return Shared(share.path, Grant(paths=(literal(share.path),), verbs=("read",)))

    def _signed(self, share: Share) -> str:
        head = bytes.fromhex(share.id) + struct.pack(">Q", share.until_ns // _NS)
        mac = hmac.digest(self._key(), head + os.fsencode(share.path), "sha256")
        return base64.urlsafe_b64encode(head + mac).decode("ascii").rstrip("=")

    def _id_of(self, token: str) -> str:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            return str(_TOKEN.unpack(raw)[0].hex())
        except (binascii.Error, ValueError, struct.error):
            return ""

    def _key(self) -> bytes:
        """The key, made when it is needed first."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self._key_file, flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            key = os.pread(fd, _KEY_BYTES, 0)
            if len(key) < _KEY_BYTES:
                key = secrets.token_bytes(_KEY_BYTES)
                os.pwrite(fd, key, 0)
                os.fsync(fd)
            return key
        finally:
            os.close(fd)
