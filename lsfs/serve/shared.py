"""Answers links to shared files: what a link stands for, and nothing else.

One handler, wherever links are answered: by ``lsfs serve``, and by ``lsfs share --serve``, which
answers nothing else. Read-only, and each request is checked anew against the shares: one that has
ended or was revoked is gone at once. Files go out as attachments that no browser runs. Each is a
line of the audit log.
"""

from __future__ import annotations

import html
import logging
import mimetypes
import os
import stat
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import anyio
import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from lsfs import beneath, paths
from lsfs.drives import DriveRecord
from lsfs.errors import AccessDenied, LsfsError, UsageError
from lsfs.safety.audit import AuditLog, Happening
from lsfs.safety.clients import Client
from lsfs.safety.shares import Shares
from lsfs.serve.mcp_http import listen
from lsfs.serve.names import LOOPBACK, Names

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

log = logging.getLogger("lsfs.serve.shared")

PREFIX = "/share/"
_PART = 1 << 18  # bytes of a file that are read at once
_GONE = "this link is not valid, or has ended"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SharedFiles:
    """What a drive's links stand for.

    Args:
        record: the drive.
    """

    def __init__(self, record: DriveRecord) -> None:
        self._shares = Shares(record.state.shares)
        self._audit = AuditLog(record.state.audit)
        self._root = os.open(record.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of the drive's folder."""
        os.close(self._root)

    @property
    def routes(self) -> list[BaseRoute]:
        """Where links are answered; Host and Origin are looked at before."""
        return [Route(PREFIX + "{link:path}", self._answer, methods=["GET"])]

    def place(self, link: str) -> str:
        """The path of the drive that a link means.

        Args:
            link: the token and what is below, as they stand in an address.

        Raises:
            AccessDenied: the link is not valid, or climbs out of what is shared.
        """
        token, _, below = link.partition("/")
        shared = self._shares.verify(token, time.time_ns())
        below = unquote(below, errors="surrogateescape").strip("/")
        try:
            path = paths.relative(f"{shared.path}/{below}")
        except UsageError as error:
            raise AccessDenied(_GONE) from error
        if not shared.grant.shows(path):
            raise AccessDenied(_GONE)
        return path

    def _answer(self, request: Request) -> Response:
        """A file or a folder; which of the reasons for neither it is, is not the caller's affair.

        It runs in a thread: to look up a link and to open a file may wait for the disk.
        """
        link = _raw(request.scope).removeprefix(PREFIX)
        try:
            path = self.place(link)
            fd = beneath.open_file(self._root, os.fsencode(path))
        except (OSError, LsfsError):
            return refusal(404, _GONE)
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode):
            self._note(path)
            return _Attachment(fd, path, status.st_size, body=request.method == "GET")
        try:
            if stat.S_ISDIR(status.st_mode):
                return _listing(fd, path, PREFIX + link.rstrip("/"))
            return refusal(404, _GONE)
        finally:
            os.close(fd)

    def _note(self, path: str) -> None:
        details = {"arguments": {"path": path}}
        what = Happening("shared_read", "read", "done", Client("share"), details=details)
        try:
            self._audit.append(what, time.time_ns())
        except LsfsError as error:
            log.error("a shared read is not in the audit log: %s", error.message)


def _raw(scope: Scope) -> str:
    """The path of a request as it was sent, whose parts may be any bytes."""
    raw: bytes = scope["raw_path"]
    return raw.partition(b"?")[0].decode("latin-1")


class _Attachment(StreamingResponse):
    """A file that is saved and not shown.

    Args:
        fd: its descriptor, which is closed when it was sent, or nobody takes it any more.
        path: what it is called.
        size: in bytes; one that has grown meanwhile is cut.
        body: whether more is asked for than how large it is.
    """

    def __init__(self, fd: int, path: str, size: int, *, body: bool) -> None:
        self._fd, self._left = fd, size if body else 0
        headers = {
            **_HEADERS,
            "Content-Disposition": f"attachment; filename*=UTF-8''{_quoted(_last(path))}",
            "Content-Length": str(size),
        }
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        super().__init__(self._parts(), 200, headers, kind)

    async def _parts(self) -> AsyncIterator[bytes]:
        while self._left and (data := await anyio.to_thread.run_sync(self._read)):
            self._left -= len(data)
            yield data

    def _read(self) -> bytes:
        return os.read(self._fd, min(self._left, _PART))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._fd)


def _listing(fd: int, path: str, here: str) -> Response:
    rows = []
    with os.scandir(fd) as entries:
        for one in sorted(entries, key=lambda entry: entry.name):
            if one.is_file(follow_symlinks=False) or one.is_dir(follow_symlinks=False):
                link = f"{here}/{_quoted(one.name)}"
                shown = html.escape(_readable(one.name))
                rows.append(f'<li><a href="{html.escape(link)}">{shown}</a></li>')
    title = html.escape(_readable(_last(path)))
    text = f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
    return HTMLResponse(f"{text}<ul>{''.join(rows)}</ul>", headers=_HEADERS)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _quoted(name: str) -> str:
    return quote(os.fsencode(name))


def _readable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def refusal(code: int, why: str) -> Response:
    """An answer that says why there is no other."""
    return PlainTextResponse(f"{why}\n", code, _HEADERS)


class SharedServer:
    """A server of a drive's links, and of nothing else, for this machine.

    Args:
        record: the drive.
        port: where it listens; 0 takes a free one.

    Raises:
        UsageError: the port is taken.
    """

    def __init__(self, record: DriveRecord, port: int) -> None:
        self._listener = listen(port)
        self._files = SharedFiles(record)
        self._names = Names(self._port)
        self._app = Starlette(routes=self._files.routes)
        settings = uvicorn.Config(
            self, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2,
            server_header=False, proxy_headers=False, ws="none",
        )  # fmt: skip
        self._server = uvicorn.Server(settings)

    @property
    def _port(self) -> int:
        number: int = self._listener.getsockname()[1]
        return number

    @property
    def url(self) -> str:
        """Where links begin."""
        return f"http://{LOOPBACK}:{self._port}{PREFIX}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        refused = self._names.refusal(scope, linked=True)
        await (self._app if refused is None else refusal(*refused))(scope, receive, send)

    def run(self) -> None:
        """Answer until SIGINT or SIGTERM, or until :meth:`stop`."""
        anyio.run(self._serve)

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Release the port."""
        self._listener.close()
        self._files.close()
