"""The page as an application: which address shows what, and the server of it."""

from __future__ import annotations

import mimetypes
import socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lsfs.safety.grants import Grant
from lsfs.web import answering, changing, filing, overview, past, searching
from lsfs.web.gate import HOST, Gate
from lsfs.web.pages import Pages, static

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

View = Callable[[Pages, "Request"], "ASGIApp"]

VIEWS: dict[str, View] = {
    "/": searching.home,
    "/ask": answering.asked,
    "/file/{path:path}": filing.shown,
    "/page/{path:path}": filing.picture,
    "/download/{path:path}": filing.download,
    "/history/{path:path}": past.history,
    "/map": overview.drawn,
    "/health": overview.health,
}
LOOKING = Grant(verbs=("read", "search"))
CHANGING = Grant(verbs=("read", "search", "rollback"))
STATIC = ("style.css", "icon.svg")


def application(pages: Pages, more: Iterable[BaseRoute] = ()) -> Starlette:
    """The page of a drive, without its gate.

    Args:
        more: further routes. One of signed links belongs here, together with the beginning of its
            path in the gate's ``open_to``.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    routes: list[BaseRoute] = [
        Route(path, partial(_shown, pages, view), methods=["GET"]) for path, view in VIEWS.items()
    ]
    routes.append(Route("/static/{name}", partial(_static, pages), methods=["GET"]))
    if pages.allow_write:
        back = partial(changing.rolled_back, pages)
        routes.append(Route("/rollback/{path:path}", back, methods=["POST"]))

    def missing(_: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        return pages.problem(code, "There is no such page.")

    handlers: dict[Any, Any] = {HTTPException: missing}
    return Starlette(routes=[*routes, *more], exception_handlers=handlers)


def _shown(pages: Pages, view: View, request: Request) -> ASGIApp:
    """The outermost edge of a request: whatever happens, a page says so."""
    try:
        return view(pages, request)
    except Exception as error:
        return pages.failure(error)


def _static(pages: Pages, request: Request) -> Response:
    from starlette.responses import Response

    name = request.path_params["name"]
    if name not in STATIC:
        return pages.problem(404, "There is no such page.")
    kind = mimetypes.guess_type(name)[0]
    return Response(static(name), media_type=kind, headers={"Cache-Control": "max-age=3600"})


def guarded(
    pages: Pages,
    port: int,
    *,
    entered: Callable[[], None] = lambda: None,
    more: Sequence[BaseRoute] = (),
    open_to: Sequence[str] = (),
) -> Gate:
    """The page of a drive behind its gate; see :class:`lsfs.web.gate.Gate`."""
    gate = Gate(application(pages, more), port, pages.refusal, entered=entered, open_to=open_to)
    pages.form_token = gate.form_token
    return gate


def entrance(gate: Gate, port: int) -> str:
    """An address that lets in one browser, once."""
    return f"http://{HOST}:{port}/enter?token={gate.ticket()}"


async def serve(gate: Gate, listener: socket.socket) -> None:
    """Answer browsers until cancelled, or until SIGINT or SIGTERM."""
    import uvicorn

    settings = uvicorn.Config(
        gate, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2,
        server_header=False, proxy_headers=False, ws="none",
    )  # fmt: skip
    await uvicorn.Server(settings).serve(sockets=[listener])
