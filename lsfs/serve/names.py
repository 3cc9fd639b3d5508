"""Which requests may be answered at all: by our names, and not sent by another page.

Any page in any browser can send requests to this machine, also by a name of its own that it lets
point here (DNS rebinding). So the Host of each request must be ours, and so must its Origin, where
there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

LOOPBACK = "127.0.0.1"
READING = ("GET", "HEAD")
_OURS = (b"same-origin", b"none")  # who sends a request: this page, or the person


class Names:
    """The names of a server.

    Args:
        port: where it listens on this machine, where it is ``127.0.0.1`` and ``localhost``.
        others: further names, as browsers show them: of a proxy that speaks TLS before it.
    """

    def __init__(self, port: int, others: Iterable[str] = ()) -> None:
        here = {f"{name}:{port}" for name in (LOOPBACK, "localhost")}
        there = {name.lower() for name in others}
        self._hosts = {name.encode() for name in here | there}
        self._origins = {f"http://{name}".encode() for name in here}
        self._origins |= {f"https://{name}".encode() for name in there}

    def refusal(self, scope: Scope, *, linked: bool = False) -> tuple[int, str] | None:
        """Status and reason, where a request is not to be answered.

        Args:
            linked: other pages may have a link to what is asked for.
        """
        if only(scope, b"host") not in self._hosts:
            return 421, "This page answers to the name of this machine alone."
        if not self._is_from_here(scope, linked):
            return 403, "Another page sent this request."
        return None

    def _is_from_here(self, scope: Scope, linked: bool) -> bool:
        origins = headers(scope, b"origin")
        if any(one not in self._origins for one in origins):
            return False
        return linked or all(one in _OURS for one in headers(scope, b"sec-fetch-site"))


def headers(scope: Scope, name: bytes) -> Sequence[bytes]:
    """The values of a header."""
    return [value for header, value in scope["headers"] if header == name]


def only(scope: Scope, name: bytes) -> bytes:
    """A header that must be there once, in small letters."""
    values = headers(scope, name)
    return values[0].lower() if len(values) == 1 else b""
