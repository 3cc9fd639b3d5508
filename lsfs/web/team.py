"""A drive for a team: the page and the JSON API behind tokens, in turns that are fair.

Whatever a member asks for is done in the member's name and within the member's grant, when it is
the member's turn. Questions, which may take a language model for seconds, have places of their own.
"""

from __future__ import annotations

import difflib
import hmac
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from lsfs.config import TeamConfig
from lsfs.errors import LsfsError, NotFound, UsageError
from lsfs.safety.clients import Client
from lsfs.safety.members import Member, Members
from lsfs.serve import api
from lsfs.serve.access import Access, Seat
from lsfs.serve.metrics import MEDIA_TYPE, Metrics
from lsfs.serve.names import READING, Names, headers
from lsfs.serve.rpc import Asking
from lsfs.serve.shared import PREFIX, SharedFiles
from lsfs.serve.turns import Limits, Refused, Turn, Turns
from lsfs.serve.working import Patience
from lsfs.web.app import VIEWS, application
from lsfs.web.gate import ENTER, with_headers
from lsfs.web.pages import Pages
from lsfs.web.team_gate import MOST_BYTES, Doorkeeper

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("lsfs.web.team")

LEAVE, READY, METRICS, STATIC = "/leave", "/ready", "/metrics", "/static/"
_FORM_BYTES = 64 << 10  # of a request to a page
_GIVING_UP_S = 5.0  # for what is given up at the end to be answered
ASKS, CALLS = "asks", "calls"  # the two kinds of work
_PAGES = frozenset(path.split("/")[1] for path in VIEWS)


@dataclass(slots=True)
class _Answered:
    """A request, for the metrics.

    Attributes:
        route: which kind it is.
        status: of the answer; 499 where the caller had gone before there was one.
    """

    route: str
    status: int = 499
    is_ask: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """What a team is served with.

    Attributes:
        access: runs the syscalls.
        pages: made with it.
        members: who may come.
        shared: what links stand for; None where links are not answered.
        settings: how much is done at a time.
        port: where it listens on this machine.
        names: by which it is called through a proxy.
        metrics_token: what who reads the metrics has to show.
        allow_write: offer also what changes files.
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
    asks_at_once: int = field(default=1)


class Team:
    """The service as an ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._names = Names(service.port, service.names)
        self._door = Doorkeeper(service.members, service.port, service.names)
        self._calls = api.offered(allow_write=service.allow_write)
        self._pages: dict[str, tuple[Member, Starlette]] = {}
        self.metrics = Metrics(self._status)
        limits = limits_of(service.settings, service.asks_at_once)
        self.turns = {name: Turns(one, partial(self.metrics.waited, name))
                      for name, one in limits.items()}  # fmt: skip
        for name, turns in self.turns.items():
            self.metrics.watch(name, turns)
        shared = service.shared
        self._links = Starlette(routes=[] if shared is None else shared.routes)
        self._static = application(service.pages)
        self._is_ending = False
        self._end: anyio.Event | None = None  # of the event loop that serves

    def _status(self) -> Any:
        found = self._service.access.call("status", {}, lambda _: None)
        return {"index": found.index, "memory": found.memory}

    # --- the end

    async def drain(self, seconds: float) -> None:
        """Let nobody in any more, and wait for who is here; then end what still runs.

        Args:
            seconds: to wait.
        """
        self._is_ending = True
        for turns in self.turns.values():
            turns.close()
        with anyio.move_on_after(seconds):
            await self._emptied()
        for turns in self.turns.values():
            turns.refuse_waiting()
        self._ending().set()
        with anyio.move_on_after(_GIVING_UP_S):
            await self._emptied()

    async def _emptied(self) -> None:
        for turns in self.turns.values():
            await turns.emptied()

    def _ending(self) -> anyio.Event:
        if self._end is None:
            self._end = anyio.Event()
        return self._end

    # --- requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return  # the server closes what nobody accepts
        answered = _Answered("other")
        begin = time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, with_headers(noting), answered)
        finally:
            took = time.monotonic() - begin
            self.metrics.answered(answered.route, answered.status, took, is_ask=answered.is_ask)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, answered: _Answered
    ) -> None:
        path = scope["path"]
        linked = scope["method"] in READING and (path == ENTER or path.startswith(PREFIX))
        refused = self._names.refusal(scope, linked=linked)
        if refused is not None:
            await self._refusal(path, *refused)(scope, receive, send)
            return
        for beginning, route, app in (
            (READY, "ready", self._ready), (METRICS, "metrics", self._measured),
            (PREFIX, "share", self._links), (STATIC, "static", self._static),
            (ENTER, "enter", self._entered), (LEAVE, "leave", self._left),
        ):  # fmt: skip
            if path == beginning or (beginning.endswith("/") and path.startswith(beginning)):
                answered.route = route
                await app(scope, receive, send)
                return
        if path == api.PATH or path.startswith(api.PATH + "/"):
            await self._called(scope, receive, send, answered)
        else:
            await self._looked_at(scope, receive, send, answered)

    def _refusal(self, path: str, status: int, reason: str) -> ASGIApp:
        if path.startswith(api.PATH):
            return PlainTextResponse(f"{reason}\n", status)
        return self._service.pages.refusal(status, reason)

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whether the service takes requests, for a proxy that asks."""
        said = ("ending\n", 503) if self._is_ending else ("ready\n", 200)
        await PlainTextResponse(*said, {"Cache-Control": "no-store"})(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The metrics, for who has their token."""
        wanted = f"Bearer {self._service.metrics_token}".encode()
        given = headers(scope, b"authorization")
        response: Response
        if len(given) != 1 or not hmac.compare_digest(given[0], wanted):
            response = PlainTextResponse(
                "the token of the metrics is missing or wrong\n", 401,
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        else:
            text = await anyio.to_thread.run_sync(self.metrics.text)
            response = Response(text, media_type=MEDIA_TYPE)
        await response(scope, receive, send)

    # --- browsers come and go

    async def _entered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The form for a token; and the cookie for one."""
        pages = self._service.pages
        if scope["method"] in READING:
            asked = pages.page("enter.html", reason="It was given to you for this library.")
            await asked(scope, receive, send)
            return
        body = await _body(receive, MOST_BYTES)
        member = self._door.of_form(body) if _is_posted(scope) else None
        if member is None:
            reason = "This token is not known here, or has ended."
            await pages.page("enter.html", 401, reason=reason)(scope, receive, send)
            return
        response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
        response.headers["Set-Cookie"] = self._door.let_in(member, scope)
        await response(scope, receive, send)

    async def _left(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = RedirectResponse(ENTER, 303, {"Cache-Control": "no-store"})
        if _is_posted(scope):
            response.headers["Set-Cookie"] = self._door.let_out(scope)
        await response(scope, receive, send)

    async def _looked_at(
        self, scope: Scope, receive: Receive, send: Send, answered: _Answered
    ) -> None:
        """A page."""
        first = scope["path"].split("/")[1]
        answered.route = f"page {first or 'home'}" if first in _PAGES else "other"
        member = self._door.of_cookie(scope)
        if member is None:
            page = self._service.pages.page("enter.html", 401, reason="This library is private.")
            await page(scope, receive, send)
            return
        body = await _body(receive, _FORM_BYTES)
        if scope["method"] not in READING and not _is_posted(scope):
            await self._service.pages.refusal(403, "Another page sent this request.")(
                scope, receive, send
            )
            return
        answered.is_ask = first == "ask" and b"q=" in scope["query_string"]
        kind = ASKS if answered.is_ask else CALLS

        async def shown(receive: Receive, send: Send) -> None:
            await self._pages_of(member)(scope, _again(body, receive), send)

        def refusal(error: LsfsError) -> Response:
            page = self._service.pages.failure(error)
            if isinstance(error, Refused):
                page.headers["Retry-After"] = str(error.retry_s)
            return page

        await self._in_turn(kind, member, _Doing(shown, refusal, scope, receive, send))

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
        return Patience(self._service.settings.seconds, self._ending())

    # --- the API

    async def _called(
        self, scope: Scope, receive: Receive, send: Send, answered: _Answered
    ) -> None:
        answered.route = "api"
        member = self._door.of_header(scope)
        if member is None:
            error = _Unknown("the token is missing, wrong, or has ended")
            refusal = api.failure(error, {"WWW-Authenticate": "Bearer"})
            refusal.status_code = 401
            await refusal(scope, receive, send)
            return
        name = scope["path"].removeprefix(api.PATH).strip("/")
        try:
            response = await self._api(name, member, scope, receive, send, answered)
        except LsfsError as error:
            response = api.failure(error)
        if response is not None:
            await response(scope, receive, send)

    async def _api(
        self,
        name: str,
        member: Member,
        scope: Scope,
        receive: Receive,
        send: Send,
        answered: _Answered,
    ) -> Response | None:
        """What answers a request to the API; None when it is answered.

        Raises:
            LsfsError: it is none.
        """
        if not name and scope["method"] in READING:
            return api.description_answer(self._calls, member.grant)
        declared = self._calls.get(name)
        if declared is None:
            near = difflib.get_close_matches(name, self._calls, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"see: GET {api.PATH}"
            raise NotFound(f"there is no call {name!r}", hint=hint)
        answered.route = f"api {name}"
        if scope["method"] != "POST":
            refusal = api.failure(UsageError(f"{name} is called with POST"), {"Allow": "POST"})
            refusal.status_code = 405
            return refusal
        arguments = await api.arguments_of(Request(scope, receive))
        kind = ASKS if declared.name in api.ASKS else CALLS
        answered.is_ask = kind == ASKS
        calls = self._seat(member, "api")

        async def done(receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            app = await api.answer(request, calls, declared, arguments, self._patience())
            await app(scope, receive, send)

        await self._in_turn(kind, member, _Doing(done, api.failure, scope, receive, send))
        return None

    # --- turns

    async def _in_turn(self, kind: str, member: Member, doing: _Doing) -> None:
        """Answer a request when it is its turn, or say that there is no room."""
        turns = self.turns[kind]
        try:
            turn = turns.enter(member.name)
        except Refused as error:
            self.metrics.refused(kind, error.code)
            await doing.refuse(error)
            return
        try:
            if await _came(turn, doing):
                await doing.app(doing.receive, _leaving(turn, doing.send))
        except Refused as error:
            self.metrics.refused(kind, error.code)
            await doing.refuse(error)
        finally:
            turn.leave()


class _Unknown(LsfsError):
    """Nobody knows who sends a request."""

    @property
    def code(self) -> str:
        """Its name in JSON."""
        return "Unauthorized"


@dataclass(frozen=True, slots=True)
class _Doing:
    """A request that waits for its turn, its body read: what answers it, and what refuses it."""

    app: Callable[[Receive, Send], Awaitable[None]]
    refusal: Callable[[LsfsError], Response]
    scope: Scope
    receive: Receive
    send: Send

    async def refuse(self, error: LsfsError) -> None:
        await self.refusal(error)(self.scope, self.receive, self.send)


async def _came(turn: Turn, doing: _Doing) -> bool:
    """Wait for a turn; False when the caller went before it came.

    Raises:
        Refused: it does not come any more.
    """
    if turn.began is not None:
        return True
    refused: list[Refused] = []
    is_there = True

    async def until_gone() -> None:
        nonlocal is_there
        while (await doing.receive())["type"] != "http.disconnect":
            pass
        is_there = False
        waiting.cancel_scope.cancel()

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(until_gone)
        try:
            await turn.begin()
        except Refused as error:
            refused.append(error)
        waiting.cancel_scope.cancel()
    if refused:
        raise refused[0]
    return is_there


def _leaving(turn: Turn, send: Send) -> Send:
    """A sink of answers that gives the place back with the last part: who reads it needs none."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            turn.leave()
        await send(message)

    return sending


async def _body(receive: Receive, most: int) -> bytes:
    """The body of a request, as far as it is not too long."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > most:
            break
    return bytes(body[:most])


def _again(body: bytes, receive: Receive) -> Receive:
    """A request's source that gives its body once more, for who answers it."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receiving


def _is_posted(scope: Scope) -> bool:
    """Whether a form of our own page sends a request: browsers say of each whence it comes."""
    return scope["method"] == "POST" and len(headers(scope, b"origin")) == 1


def limits_of(settings: TeamConfig, asks: int) -> dict[str, Limits]:
    """How much is done at a time, of each kind of work.

    Args:
        asks: questions that are answered at the same time.
    """
    places = max(4, 2 * (os.cpu_count() or 1))
    questions = Limits(asks, settings.queue, min(settings.running, asks), settings.waiting)
    return {ASKS: questions, CALLS: Limits(places, 16 * places, places // 2, 4 * places)}


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
