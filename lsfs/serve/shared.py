"""Serves shared files on this machine: what a link stands for, and nothing else.

Loopback only, by the names of this machine only (so that no page in a browser reaches it by a name
of its own), read-only, and each request is checked anew against the shares: one that has ended or
was revoked is gone at once. Files go out as attachments that no browser runs. Each is a line of the
audit log.
"""

from __future__ import annotations

import html
import http.server
import logging
import mimetypes
import os
import shutil
import stat
import time
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from lsfs import beneath, paths
from lsfs.drives import DriveRecord
from lsfs.errors import AccessDenied, LsfsError, UsageError
from lsfs.safety.audit import AuditLog, Happening
from lsfs.safety.clients import Client
from lsfs.safety.shares import Shares

log = logging.getLogger("lsfs.serve.shared")

HOST = "127.0.0.1"
PREFIX = "/share/"
TIMEOUT_S = 30  # of a connection that says nothing
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SharedFiles:
    """The server of a drive's shares.

    Args:
        record: the drive.
        port: where it listens; 0 takes a free one.

    Raises:
        UsageError: the port is taken.
    """

    def __init__(self, record: DriveRecord, port: int) -> None:
        self.shares = Shares(record.state.shares)
        self.audit = AuditLog(record.state.audit)
        self.root = os.open(record.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._http = http.server.ThreadingHTTPServer((HOST, port), _handler(self))
        except OSError as error:
            os.close(self.root)
            raise UsageError(f"port {port}: {error.strerror}", hint="choose another") from None
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """Where links begin."""
        return f"http://{HOST}:{self._http.server_port}{PREFIX}"

    @property
    def names(self) -> frozenset[str]:
        """What this machine may be called in a request."""
        port = self._http.server_port
        return frozenset({f"{HOST}:{port}", f"localhost:{port}"})

    def run(self) -> None:
        """Answer until interrupted, or until :meth:`stop`."""
        self._http.serve_forever()

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._http.shutdown()

    def close(self) -> None:
        """Release the port."""
        self._http.server_close()
        os.close(self.root)

    def place(self, url: str) -> tuple[str, str]:
        """Token and path of the drive that a link means.

        Raises:
            AccessDenied: the link is not valid, or climbs out of what is shared.
        """
        token, _, below = urlsplit(url).path.removeprefix(PREFIX).partition("/")
        shared = self.shares.verify(token, time.time_ns())
        below = unquote(below, errors="surrogateescape").strip("/")
        try:
            path = paths.relative(f"{shared.path}/{below}")
        except UsageError as error:
            raise AccessDenied("this link is not valid, or has ended") from error
        if not shared.grant.shows(path):
            raise AccessDenied("this link is not valid, or has ended")
        return token, path


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection; a subclass knows the files."""

    files: SharedFiles
    timeout = TIMEOUT_S
    server_version = "lsfs"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _answer(self, *, body: bool) -> None:
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in self.files.names:
            self._refuse(421, "not a name of this machine")
        elif origin is not None and origin.removeprefix("http://") not in self.files.names:
            self._refuse(403, "not from another page")
        else:
            self._serve(body=body)

    def _serve(self, *, body: bool) -> None:
        try:
            _, path = self.files.place(self.path)
            fd = beneath.open_file(self.files.root, os.fsencode(path))
        except (OSError, LsfsError):  # which of them is not the caller's business
            self._refuse(404, "this link is not valid, or has ended")
            return
        try:
            status = os.fstat(fd)
            if stat.S_ISDIR(status.st_mode):
                self._listing(fd, path, body=body)
            elif stat.S_ISREG(status.st_mode):
                self._note(path)
                self._head(path, status.st_size)
                if body:
                    with open(fd, "rb", closefd=False) as file:
                        shutil.copyfileobj(file, self.wfile)
            else:
                self._refuse(404, "this link is not valid, or has ended")
        finally:
            os.close(fd)

    def _head(self, path: str, size: int) -> None:
        name = quote(os.fsencode(path.rpartition("/")[2]))
        self.send_response(200)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self._rest(size)

    def _listing(self, fd: int, path: str, *, body: bool) -> None:
        here = self.path.rstrip("/")
        rows = []
        with os.scandir(fd) as entries:
            for one in sorted(entries, key=lambda entry: entry.name):
                if one.is_file(follow_symlinks=False) or one.is_dir(follow_symlinks=False):
                    link = f"{here}/{quote(os.fsencode(one.name))}"
                    shown = html.escape(os.fsencode(one.name).decode("utf-8", "replace"))
                    rows.append(f'<li><a href="{html.escape(link)}">{shown}</a></li>')
        title = html.escape(os.fsencode(path.rpartition("/")[2]).decode("utf-8", "replace"))
        text = f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
        page = f"{text}<ul>{''.join(rows)}</ul>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self._rest(len(page))
        if body:
            self.wfile.write(page)

    def _refuse(self, code: int, why: str) -> None:
        page = f"{why}\n".encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self._rest(len(page))
        if self.command != "HEAD":
            self.wfile.write(page)

    def _rest(self, size: int) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _note(self, path: str) -> None:
        what = Happening(
            "shared_read",
            "read",
            "done",
            Client("share"),
            details={"arguments": {"path": path}},
        )
        try:
            self.files.audit.append(what, time.time_ns())
        except LsfsError as error:
            log.error("a shared read is not in the audit log: %s", error.message)


def _handler(files: SharedFiles) -> type[http.server.BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"files": files})
