"""Who of a team sends a request: by a token in its header, or a cookie that was given for one."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from lsfs.safety.members import Member, Members
from lsfs.serve.names import headers, only
from lsfs.web.gate import cookies

if TYPE_CHECKING:
    from starlette.types import Scope

_BROWSERS: Final = 512  # that are let in at the same time, of all members; the oldest go
_BEARER: Final = b"bearer "
MOST_BYTES: Final = 4096  # of a form with a token


class Doorkeeper:
    """Knows members by what they show.

    Args:
        members: of the team.
        port: where the service listens on this machine.
        others: the names by which it is called through a proxy, with TLS.
    """

    def __init__(self, members: Members, port: int, others: Iterable[str] = ()) -> None:
        self._members = members
        self._secure = {name.lower().encode() for name in others}
        self._plain = f"lsfs-{port}"  # browsers send it to every port of this machine
        self._browsers: OrderedDict[str, str] = OrderedDict()  # digest of a cookie, id of a token

    def of_header(self, scope: Scope) -> Member | None:
        """Whose token a request brings; None where it brings none that is good."""
        given = headers(scope, b"authorization")
        if len(given) != 1 or given[0][: len(_BEARER)].lower() != _BEARER:
            return None
        return self._of_token(given[0][len(_BEARER) :].decode("latin-1").strip())

    def of_cookie(self, scope: Scope) -> Member | None:
        """Whose browser sends a request; a token that has ended takes its cookies along."""
        for value in cookies(scope, self._cookie(scope)):
            id_ = self._browsers.get(_digest(value))
            if id_ is not None and (member := self._members.of_id(id_, time.time_ns())):
                return member
        return None

    def of_form(self, body: bytes) -> Member | None:
        """Whose token stands in a form."""
        fields = parse_qs(body.decode("latin-1"), max_num_fields=4)
        return self._of_token(fields.get("token", [""])[0].strip())

    def _of_token(self, token: str) -> Member | None:
        return self._members.of_token(token, time.time_ns())

    def let_in(self, member: Member, scope: Scope) -> str:
        """A cookie for a member's browser, as a ``Set-Cookie`` header says it."""
        value = secrets.token_urlsafe(32)
        self._browsers[_digest(value.encode())] = member.id
        while len(self._browsers) > _BROWSERS:
            self._browsers.popitem(last=False)
        left_s = max(0, member.until_ns - time.time_ns()) // 10**9
        return f"{self._cookie(scope)}={value}; Max-Age={left_s}; {self._attributes(scope)}"

    def let_out(self, scope: Scope) -> str:
        """Forget a browser; gives the header that makes it forget its cookie."""
        for value in cookies(scope, self._cookie(scope)):
            self._browsers.pop(_digest(value), None)
        return f"{self._cookie(scope)}=; Max-Age=0; {self._attributes(scope)}"

    def _is_secure(self, scope: Scope) -> bool:
        return only(scope, b"host") in self._secure

    def _cookie(self, scope: Scope) -> str:
        # With this prefix browsers take it from nobody else, and only over TLS.
        return "__Host-lsfs" if self._is_secure(scope) else self._plain

    def _attributes(self, scope: Scope) -> str:
        secure = "; Secure" if self._is_secure(scope) else ""
        return f"Path=/; HttpOnly; SameSite=Strict{secure}"


def _digest(cookie: bytes) -> str:
    return hashlib.sha256(cookie).hexdigest()
