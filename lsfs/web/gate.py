"""Who may see the page: a browser of this machine that was let in by a link.

Any page in any browser can send requests to this machine, also by a name of its own that it lets
point here (DNS rebinding): so the Host of each request must be ours, and its Origin, where there is
one. All else needs the cookie, which a link with a one-time token gives.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST: Final = "127.0.0.1"
ENTER: Final = "/enter"
_OPEN: Final = ("/static/",)  # the same for everybody
_TICKETS: Final = 8  # links that are valid at the same time
_READING: Final = ("GET", "HEAD")
_OURS: Final = (b"same-origin", b"none")  # who sends a request: this page, or the person

POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

Shown = Callable[[int, str], "ASGIApp"]  # a refusal, as a page: status and reason


class Gate:
    """Lets through what may see the drive.

    Args:
        app: what it guards.
        port: where it listens.
        refusal: makes a page that says why not.
        entered: called whenever a link was used; a fresh one is then to be shown.
        open_to: beginnings of paths that ask for no cookie, for they check who comes themselves,
            as the route of signed links does; Host and Origin are looked at all the same.
    """

    def __init__(
        self,
        app: ASGIApp,
        port: int,
        refusal: Shown,
        *,
        entered: Callable[[], None] = lambda: None,
        open_to: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._refusal = refusal
        self._entered = entered
        self._open = (*_OPEN, *open_to)
        self._hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}
        self._cookie = f"lsfs-{port}"  # browsers send it to every port of this machine
        self._secret = secrets.token_urlsafe(32)
        self._tickets: list[str] = []
        self.form_token = secrets.token_urlsafe(32)

    def ticket(self) -> str:
        """A token that lets in one browser, once."""
        self._tickets = [*self._tickets, secrets.token_urlsafe(32)][-_TICKETS:]
        return self._tickets[-1]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the server closes what nobody accepts
        await self._judged(scope)(scope, receive, _with_headers(send))

    def _judged(self, scope: Scope) -> ASGIApp:
        """What answers a request: the page, or a refusal."""
        path = scope["path"]
        if _only(scope, b"host") not in self._hosts:
            return self._refusal(421, "This page answers to the name of this machine alone.")
        if not self._is_from_here(scope, path):
            return self._refusal(403, "Another page sent this request.")
        if path == ENTER:
            return self._entry(scope)
        if path.startswith(self._open) or self._knows(scope):
            return self._app
        return self._refusal(401, "Open the link that lsfs serve shows in the terminal.")

    def _is_from_here(self, scope: Scope, path: str) -> bool:
        origins = _all(scope, b"origin")
        if any(one not in {b"http://" + host for host in self._hosts} for one in origins):
            return False
        if scope["method"] not in _READING and len(origins) != 1:
            return False
        return path == ENTER or all(one in _OURS for one in _all(scope, b"sec-fetch-site"))

    def _knows(self, scope: Scope) -> bool:
        """Whether a request brings the cookie."""
        for header in _all(scope, b"cookie"):
            try:
                morsel = SimpleCookie(header.decode("latin-1")).get(self._cookie)
            except CookieError:
                continue
            if morsel is not None and hmac.compare_digest(
                morsel.value.encode("utf-8", "replace"), self._secret.encode()
            ):
                return True
        return False

    def _entry(self, scope: Scope) -> ASGIApp:
        """Takes a ticket, and gives the cookie for it."""
        from starlette.responses import HTMLResponse

        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0].encode()
        match = [one for one in self._tickets if hmac.compare_digest(one.encode(), given)]
        if not match or scope["method"] != "GET":
            return self._refusal(401, "This link was used already, or is an old one.")
        self._tickets.remove(match[0])
        # No redirect: on one, a cookie that is Strict is not sent where another page had the link.
        response = HTMLResponse(_WELCOME, headers={"Cache-Control": "no-store"})
        response.set_cookie(self._cookie, self._secret, httponly=True, samesite="strict", path="/")
        self._entered()
        return response


_WELCOME = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>lsfs</title>'
    '<link rel="icon" href="/static/icon.svg">'
    '<meta http-equiv="refresh" content="0; url=/">'
    '<p><a href="/">Continue to your files</a></p>'
)


def _all(scope: Scope, name: bytes) -> list[bytes]:
    return [value for header, value in scope["headers"] if header == name]


def _only(scope: Scope, name: bytes) -> bytes:
    """A header that must be there once."""
    values = _all(scope, name)
    return values[0].lower() if len(values) == 1 else b""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
            kept = [one for one in message.get("headers", []) if one[0].lower() not in ours]
            message = {**message, "headers": [*kept, *ours.items()]}
        await send(message)

    return sending
