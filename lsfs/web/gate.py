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

from lsfs.serve.names import LOOPBACK, READING, Names, headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST: Final = LOOPBACK
ENTER: Final = "/enter"
_OPEN: Final = ("/static/",)  # the same for everybody
_TICKETS: Final = 8  # links that are valid at the same time

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
        self._links = (ENTER, *open_to)  # which other pages may lead to
        self._names = Names(port)
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
        await self._judged(scope)(scope, receive, with_headers(send))

    def _judged(self, scope: Scope) -> ASGIApp:
        """What answers a request: the page, or a refusal."""
        path = scope["path"]
        refused = self._names.refusal(scope, linked=path.startswith(self._links))
        if refused is None and scope["method"] not in READING and not headers(scope, b"origin"):
            refused = 403, "Another page sent this request."
        if refused is not None:
            return self._refusal(*refused)
        if path == ENTER:
            return self._entry(scope)
        if path.startswith(self._open) or self._knows(scope):
            return self._app
        return self._refusal(401, "Open the link that lsfs serve shows in the terminal.")

    def _knows(self, scope: Scope) -> bool:
        """Whether a request brings the cookie."""
        given = cookies(scope, self._cookie)
        return any(hmac.compare_digest(one, self._secret.encode()) for one in given)

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


def cookies(scope: Scope, name: str) -> list[bytes]:
    """The values of a cookie that a request brings."""
    found = []
    for header in headers(scope, b"cookie"):
        try:
            morsel = SimpleCookie(header.decode("latin-1")).get(name)
        except CookieError:
            continue
        if morsel is not None:
            found.append(morsel.value.encode("utf-8", "replace"))
    return found


def with_headers(send: Send) -> Send:
    """A sink of answers that adds what every one has to say, unless it says more itself."""
    ours = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = list(message.get("headers", []))
            names = {name.lower() for name, _ in said}
            more = [(name, value) for name, value in ours.items() if name not in names]
            message = {**message, "headers": [*said, *more]}
        await send(message)

    return sending
