"""A drive for a team: the page and the JSON API behind tokens, in turns that are fair.

Whatever a member asks for is done in the member's name and within the member's grant, when it is
the member's turn. Questions, which may take a language model for seconds, have places of their own.
"""

from __future__ import annotations

import difflib
import hmac
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from lsfs.config import TeamConfig
from lsfs.errors import AccessDenied, LsfsError, NotFound, UsageError
from lsfs.safety.clients import Client
from lsfs.safety.members import Member, Members
from lsfs.serve import api
from lsfs.serve.access import Access, Seat
from lsfs.serve.metrics import MEDIA_TYPE, Metrics
from lsfs.serve.names import Names, headers
from lsfs.serve.rpc import Asking
from lsfs.serve.shared import PREFIX, SharedFiles
from lsfs.serve.turns import Refused
from lsfs.serve.working import Patience
from lsfs.syscalls.registry import Syscall
from lsfs.web.app import VIEWS, application
from lsfs.web.exchange import Exchange, with_body
from lsfs.web.gate import ENTER, with_headers
from lsfs.web.pages import Pages
from lsfs.web.team_gate import MOST_BYTES, Doorkeeper
from lsfs.web.team_turns import ASKS, CALLS, TeamTurns

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LEAVE, READY, METRICS, STATIC = "/leave", "/ready", "/metrics", "/static/"
_FORM_BYTES = 64 << 10  # of a request to a page
_PAGES = frozenset(path.split("/")[1] for path in VIEWS)
_PRIVATE = {"Cache-Control": "no-store"}


class Service(Struct, frozen=True):
    """What a team is served with.

    Attributes:
        access: runs the syscalls.
        pages: made with it.
        members: who may come.
        shared: what links stand for; None where links are not answered.
        settings: how much is done at a time.
        port: where it listens on this machine.
        metrics_token: what who reads the metrics has to show.
        names: by which it is called through a proxy.
        allow_write: offer also what changes files.
        asks_at_once: questions that are answered at the same time.
    """

    access: Access
    pages: Pages
    members: Members
    shared: SharedFiles | None
    settings: TeamConfig
    port: int
    metrics_token: str
    names: tuple[str, ...] = ()
    allow_write: bool = False
    asks_at_once: int = 1


class Team:
    """The service as an ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service
        service.pages.form_token = secrets.token_urlsafe(32)
        self._names = Names(service.port, service.names)
        self._door = Doorkeeper(service.members, service.port, service.names)
        self._calls = api.offered(allow_write=service.allow_write)
        self._pages: dict[str, tuple[Member, Starlette]] = {}
        self.metrics = Metrics(self._status)
        self.turns = TeamTurns(service.settings, service.asks_at_once, self.metrics)
        shared = service.shared
        self._links = Starlette(routes=[] if shared is None else shared.routes)
        self._static = application(service.pages)

    def _status(self) -> Any:
        found = self._service.access.call("status", {}, lambda _: None)
        return {"index": found.index, "memory": found.memory}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return  # the server closes what nobody accepts
        one = Exchange(scope, receive, with_headers(send))
        begin = time.monotonic()
        try:
            await self._answer(one)
        finally:
            took = time.monotonic() - begin
            self.metrics.answered(one.route, one.status, took, is_ask=one.is_ask)

    async def _answer(self, one: Exchange) -> None:
        if one.path in (READY, METRICS):  # by any name: they know no cookie, and tell no file
            one.route = one.path[1:]
            await (self._ready(one) if one.path == READY else self._measured(one))
            return
        linked = one.reads and (one.path == ENTER or one.path.startswith(PREFIX))
        refused = self._names.refusal(one.scope, linked=linked)
        if refused is not None:
            await one.answer(self._stranger(one, *refused))
        elif one.path.startswith(PREFIX):
            one.route = "share"
            await one.answer(self._links)
        elif one.path.startswith(STATIC):
            one.route = "static"
            await one.answer(self._static)
        elif one.path in (ENTER, LEAVE):
            one.route = one.path[1:]
            await (self._entered(one) if one.path == ENTER else self._left(one))
        elif one.path == api.PATH or one.path.startswith(api.PATH + "/"):
            await self._called(one)
        else:
            await self._looked_at(one)

    def _stranger(self, one: Exchange, status: int, reason: str) -> Response:
        """The answer to a request that came by another name, or from another page."""
        if one.path.startswith(api.PATH):
            return api.failure(AccessDenied(reason), status=status)
        return self._service.pages.refusal(status, reason)

    # --- for programs that watch over it

    async def _ready(self, one: Exchange) -> None:
        """Whether the service takes requests, for a proxy that asks."""
        said = ("ending\n", 503) if self.turns.is_ending else ("ready\n", 200)
        await one.answer(PlainTextResponse(*said, _PRIVATE))

    async def _measured(self, one: Exchange) -> None:
        """The metrics, for who has their token."""
        wanted = f"Bearer {self._service.metrics_token}".encode()
        given = headers(one.scope, b"authorization")
        if len(given) == 1 and hmac.compare_digest(given[0], wanted):
            text = await anyio.to_thread.run_sync(self.metrics.text)
            await one.answer(Response(text, media_type=MEDIA_TYPE))
            return
        said = "the token of the metrics is missing or wrong\n"
        await one.answer(PlainTextResponse(said, 401, {"WWW-Authenticate": "Bearer"}))

    # --- browsers

    async def _entered(self, one: Exchange) -> None:
        """The form for a token; and the cookie for one."""
        pages = self._service.pages
        if one.reads:
            reason = "It was given to you for this library."
            await one.answer(pages.page("enter.html", reason=reason))
            return
        member = self._door.of_form(await one.body(MOST_BYTES)) if one.is_form else None
        if member is None:
            reason = "This token is not known here, or has ended."
            await one.answer(pages.page("enter.html", 401, reason=reason))
            return
        response = RedirectResponse("/", 303, _PRIVATE)
        response.headers["Set-Cookie"] = self._door.let_in(member, one.scope)
        await one.answer(response)

    async def _left(self, one: Exchange) -> None:
        """No cookie any more."""
        response = RedirectResponse(ENTER, 303, _PRIVATE)
        if one.is_form:
            response.headers["Set-Cookie"] = self._door.let_out(one.scope)
        await one.answer(response)

    async def _looked_at(self, one: Exchange) -> None:
        """A page."""
        pages = self._service.pages
        first = one.path.split("/")[1]
        one.route = f"page {first or 'home'}" if first in _PAGES else "other"
        member = self._door.of_cookie(one.scope)
        if member is None:
            await one.answer(pages.page("enter.html", 401, reason="This library is private."))
            return
        if not one.reads and not one.is_form:
            await one.answer(pages.refusal(403, "Another page sent this request."))
            return
        body = await one.body(_FORM_BYTES)
        one.is_ask = first == "ask" and b"q=" in one.scope["query_string"]
        app = with_body(self._pages_of(member), body)
        kind = ASKS if one.is_ask else CALLS
        await self.turns.answer(one, kind, member.name, app, self._refusal)

    def _refusal(self, error: LsfsError) -> Response:
        page = self._service.pages.failure(error)
        if isinstance(error, Refused):
            page.headers["Retry-After"] = str(error.retry_s)
        return page

    def _pages_of(self, member: Member) -> Starlette:
        known = self._pages.get(member.name)
        if known is None or known[0] != member:
            pages = self._service.pages.seen_by(self._seat(member, "web"), member.name)
            pages.patience = self._patience()
            known = self._pages[member.name] = (member, application(pages))
        return known[1]

    def _seat(self, member: Member, door: str) -> Seat:
        # A session is of a member, and not of a browser: locks and conversations are theirs.
        client = Client(door, member.name, session=f"member {member.id}", proven=True)
        return Seat(self._service.access, Asking(client, member.grant))

    def _patience(self) -> Patience:
        return Patience(self._service.settings.seconds, self.turns.end)

    # --- programs

    async def _called(self, one: Exchange) -> None:
        """A request to the API."""
        one.route = "api"
        member = self._door.of_header(one.scope)
        if member is None:
            unknown = _Unauthorized("the token is missing, wrong, or has ended")
            await one.answer(api.failure(unknown, {"WWW-Authenticate": "Bearer"}, status=401))
            return
        name = one.path.removeprefix(api.PATH).strip("/")
        if not name and one.reads:
            await one.answer(api.description_answer(self._calls, member.grant))
            return
        try:
            declared = self._call(name)
            one.route = f"api {name}"
            if one.scope["method"] != "POST":
                wrong = UsageError(f"{name} is called with POST")
                await one.answer(api.failure(wrong, {"Allow": "POST"}, status=405))
                return
            arguments = await api.arguments_of(Request(one.scope, one.receive))
        except LsfsError as error:
            await one.answer(api.failure(error))
            return
        await self._run(one, member, declared, arguments)

    def _call(self, name: str) -> Syscall:
        """The call of this name.

        Raises:
            NotFound: there is none; the nearest is named.
        """
        if name in self._calls:
            return self._calls[name]
        near = difflib.get_close_matches(name, self._calls, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"see: GET {api.PATH}"
        raise NotFound(f"there is no call {name!r}", hint=hint)

    async def _run(
        self, one: Exchange, member: Member, declared: Syscall, arguments: dict[str, Any]
    ) -> None:
        one.is_ask = declared.name in api.ASKS
        calls, patience = self._seat(member, "api"), self._patience()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            made: ASGIApp = await api.answer(request, calls, declared, arguments, patience)
            await made(scope, receive, send)

        kind = ASKS if one.is_ask else CALLS
        await self.turns.answer(one, kind, member.name, app, api.failure)


class _Unauthorized(LsfsError):
    """Nobody knows who sends a request."""

    @property
    def code(self) -> str:
        """Its name in JSON."""
        return "Unauthorized"


def known_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of the service as browsers send them; without a scheme or a path.

    Raises:
        UsageError: one is none.
    """
    found = tuple(name.strip().lower() for name in names)
    for name in found:
        if not name or any(char in name for char in "/@ ?#"):
            raise UsageError(f"{name!r} is no name of a host", hint="for example: docs.example.org")
    return found
