"""The Model Context Protocol over HTTP, for programs of this machine that have the token.

A page in a browser can send requests to this machine too, and by a name that it controls (DNS
rebinding): so the Host and Origin of each request are looked at, and without the token nothing is
answered at all.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsfs.errors import UsageError
from lsfs.paths import StatePaths

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
PATH = "/mcp"
_SHORTEST = 16  # characters of a token


def token_of(state: StatePaths, door: str = "mcp") -> str:
    """The token of a drive: from the environment, or made once and kept with its state.

    Args:
        door: what it opens; each has a token of its own, and takes one from ``LSFS_DOOR_TOKEN``.

    Raises:
        UsageError: the one in the environment is too short to be secret.
    """
    variable = f"LSFS_{door.upper()}_TOKEN"
    given = os.environ.get(variable, "")
    if given:
        if len(given) < _SHORTEST:
            raise UsageError(f"{variable} is too short", hint="for example: openssl rand -hex 32")
        return given
    path = token_file(state, door)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(fd, "w", encoding="ascii") as file:
        made = secrets.token_urlsafe(32)
        file.write(made + "\n")
    return made


def token_file(state: StatePaths, door: str = "mcp") -> Path:
    """Where the token is kept, readable by its owner alone."""
    return state.root / f"{door}.token"


def listen(port: int, address: str = HOST) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Args:
        address: of this machine; by default one that only programs of this machine reach.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"port {port}: {error.strerror or error}", hint="choose another: --port 0"
        ) from None
    listener.listen()
    return listener


async def serve(server: Server[Any], listener: socket.socket, token: str) -> None:
    """Answer clients until cancelled, or until SIGINT or SIGTERM."""
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    port = listener.getsockname()[1]
    names = [f"{name}:{port}" for name in (HOST, "localhost")]
    security = TransportSecuritySettings(
        allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
    )
    app = server.streamable_http_app(
        streamable_http_path=PATH, host=HOST, transport_security=security
    )
    settings = uvicorn.Config(
        Guard(app, token), log_config=None, access_log=False, lifespan="on",
        timeout_graceful_shutdown=2, server_header=False,
    )  # fmt: skip
    await uvicorn.Server(settings).serve(sockets=[listener])


class Guard:
    """Lets through what brings the token.

    Args:
        app: what it guards.
        token: the token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan" or self._may(scope):
            await self._app(scope, receive, send)
            return
        from starlette.responses import PlainTextResponse

        refusal = PlainTextResponse(
            "the token is missing or wrong\n", 401, {"WWW-Authenticate": "Bearer"}
        )
        await refusal(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._wanted)
