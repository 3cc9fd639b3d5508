"""The storage of AIOS over HTTP, as its kernel serves it: ``POST /query``, on this machine only.

Cerebrum sends no token, but lets the address of the kernel be chosen: so the token is a part of
the address, ``http://127.0.0.1:8379/TOKEN``, and what comes to another is told nothing. Pages in a
browser are refused by their Origin, and by a Host that is not this one (DNS rebinding).
"""

from __future__ import annotations

import hmac
import socket
import time
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from lsfs.errors import UsageError
from lsfs.serve.aios import AiosStorage, StorageResponse
from lsfs.serve.mcp_http import HOST

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MOST_BYTES = 64 << 20  # of a request


def address(listener: socket.socket, token: str) -> str:
    """What Cerebrum has to be told as the address of the kernel."""
    return f"http://{HOST}:{listener.getsockname()[1]}/{token}"


async def serve(storage: AiosStorage, listener: socket.socket, token: str) -> None:
    """Answer clients until cancelled, or until SIGINT or SIGTERM."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    port = listener.getsockname()[1]
    endpoint = _Endpoint(storage, token, {f"{name}:{port}" for name in (HOST, "localhost")})
    app = Starlette(routes=[Route("/{token}/query", endpoint.query, methods=["POST"])])
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=2, server_header=False
    )
    await uvicorn.Server(settings).serve(sockets=[listener])


class _Endpoint:
    """Answers requests.

    Args:
        hosts: names by which this server may be called.
    """

    def __init__(self, storage: AiosStorage, token: str, hosts: set[str]) -> None:
        self._storage = storage
        self._token = token.encode()
        self._hosts = hosts

    async def query(self, request: Request) -> Response:
        """A request: ``agent_name``, ``query_type`` storage, ``query_data`` with the operation."""
        from starlette.responses import JSONResponse, PlainTextResponse

        if not hmac.compare_digest(request.path_params["token"].encode(), self._token):
            return PlainTextResponse("not found\n", 404)
        if request.headers.get("host") not in self._hosts or "origin" in request.headers:
            return PlainTextResponse("refused\n", 403)
        begin = time.time()
        try:
            asked = _checked(await _body(request))
        except UsageError as error:
            return JSONResponse({"detail": error.message}, 422)
        response = await anyio.to_thread.run_sync(lambda: self._storage.answer(*asked))
        return JSONResponse(_told(response, begin, time.time()))


async def _body(request: Request) -> Any:
    import json

    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MOST_BYTES:
            raise UsageError(f"the request is over {MOST_BYTES >> 20} MiB")
    try:
        return json.loads(data)
    except ValueError as error:
        raise UsageError(f"the request is no JSON: {error}") from None


def _checked(body: Any) -> tuple[str, str, dict[str, Any]]:
    """Agent, operation and arguments.

    Raises:
        UsageError: it is no request for storage.
    """
    data = body.get("query_data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or body.get("query_type") != "storage":
        raise UsageError("only query_type 'storage' is answered here, with query_data")
    agent, operation = body.get("agent_name"), data.get("operation_type")
    params = data.get("params")
    if not isinstance(agent, str) or not isinstance(operation, str) or not isinstance(params, dict):
        raise UsageError("agent_name and operation_type have to be texts, and params an object")
    return agent, operation, params


def _told(response: StorageResponse, begin: float, end: float) -> dict[str, Any]:
    """An answer as AIOS's kernel gives it: with when it was begun and ended, in seconds."""
    return {
        "response": response.model_dump(),
        "start_times": [begin],
        "end_times": [end],
        "waiting_times": [0.0],
        "turnaround_times": [end - begin],
    }
