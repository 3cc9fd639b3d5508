"""Syscalls over a Unix socket: one JSON object a line, events before the result.

    -> {"call": "retrieve", "arguments": {"query": "rent"}}
    <- {"event": {"stage": "reading", "done": 3, "total": 9}}
    <- {"result": {...}}            or   {"error": {"code", "message", "hint"}}

``{"call": "ping"}`` is answered by the server itself, however busy the drive is. A call whose
caller hangs up is told so, unless the request says ``"posted": true``. A request may say who calls
(``client``) and what they may do (``grant``), which only ever narrows it.

The socket is 0600, so each peer is the same user, or root; the kernel says who it is
(SO_PEERCRED). Where other users are let in, theirs is a grant for what they may read themselves.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsfs import codec, errors
from lsfs.errors import LsfsError
from lsfs.safety.clients import Client as Who
from lsfs.safety.grants import FULL, Grant
from lsfs.safety.readers import Reader

log = logging.getLogger("lsfs.serve.rpc")

PING = "ping"
AGAIN = "try again: it is restarted"
POSTED = "posted"  # of a request: nobody waits for its result
LONGEST = 200  # characters of what a client says of itself
CLIENT, GRANT = "client", "grant"  # of a request: who calls, and what they may do
MAX_LINE = 64 * 1024 * 1024
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid

Emit = Callable[[dict[str, Any]], None]


class Asking(Struct, frozen=True):
    """Who makes a call, and what they may do."""

    client: Who
    grant: Grant = FULL


Handler = Callable[[str, dict[str, Any], Emit, threading.Event, Asking], Any]


class Server(socketserver.ThreadingUnixStreamServer):
    """Answers calls, each connection in a thread of its own.

    Args:
        path: the socket; one that a dead process left is replaced.
        handler: runs a call: name, arguments, a sink for events, what is set when the caller has
            gone, and who asks.
        others: let other users of the machine in, each for what it may read.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path, handler: Handler, *, others: bool = False) -> None:
        self.handler = handler
        self._others = others
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        mask = os.umask(0o111 if others else 0o177)
        try:
            super().__init__(str(path), _Connection)
        finally:
            os.umask(mask)
        self._path = path
        self.hangups = Hangups()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether the peer is the user whose drive this is, or one that is let in."""
        return self._others or peer(request)[1] in (os.getuid(), 0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no error of ours."""
        log.debug("a connection broke", exc_info=True)

    def close(self) -> None:
        """Stop answering and remove the socket."""
        self.shutdown()
        self.server_close()
        self.hangups.close()
        self._path.unlink(missing_ok=True)


def peer(connection: socket.socket) -> tuple[int, int, int]:
    """Process, user and group at the other end of a Unix socket, as the kernel says."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid, uid, gid = CREDENTIALS.unpack(raw)
    return pid, uid, gid


def asking(connection: socket.socket, request: dict[str, Any]) -> Asking:
    """Who makes a request: what it says of itself, as far as the kernel does not know better.

    Raises:
        UsageError: it says it in no known form.
    """
    pid, uid, gid = peer(connection)
    said = codec.from_builtins(request.get(CLIENT) or {}, Who)
    grant = codec.from_builtins(request.get(GRANT) or {}, Grant)
    said = replace(said, name=said.name[:LONGEST], session=said.session[:LONGEST], uid=uid, pid=pid)
    if uid not in (os.getuid(), 0):
        said = replace(said, door="socket", proven=False)
        own = Grant(verbs=("read", "search"), reader=Reader.of_process(uid, gid, pid))
        grant = own.narrowed(grant)
    return Asking(said, grant)


class Hangups:
    """Tells calls that run when their callers hang up; one thread for all of them.

    Work that says nothing for long, such as a model that reads a prompt, would not notice.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._epoll.register(self._end, select.EPOLLIN)
        self._calls: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="lsfs-hangups", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def watched(self, connection: socket.socket | None, gone: threading.Event) -> Iterator[None]:
        """Set ``gone`` when the other end of a connection is closed meanwhile; None: never."""
        if connection is None:
            yield
            return
        number = connection.fileno()
        with self._lock:
            self._calls[number] = gone
            self._epoll.register(number, select.EPOLLRDHUP)
        try:
            yield
        finally:
            with self._lock:
                if self._calls.pop(number, None) is not None:
                    self._epoll.unregister(number)

    def _watch(self) -> None:
        while True:
            for number, _ in self._epoll.poll():
                if number == self._end:
                    return
                with self._lock:
                    self._tell(number)

    def _tell(self, number: int) -> None:
        # The number may belong to another connection by now: look again.
        poll = select.poll()
        poll.register(number, select.POLLRDHUP)
        if number in self._calls and poll.poll(0):
            self._epoll.unregister(number)
            self._calls.pop(number).set()

    def close(self) -> None:
        """Watch no longer."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        self._epoll.close()
        os.close(self._end)


class _Connection(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        while line := self.rfile.readline(MAX_LINE):
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        gone = threading.Event()

        def emit(event: dict[str, Any]) -> None:
            try:
                self._send({"event": event})
            except OSError:
                gone.set()

        try:
            request = json.loads(line)
            name, arguments = str(request["call"]), dict(request.get("arguments") or {})
            result = None
            if name != PING:
                # Whoever hung up on purpose still wants the work done.
                posted = bool(request.get(POSTED))
                asks = asking(self.connection, request)
                with self.server.hangups.watched(None if posted else self.connection, gone):
                    result = self.server.handler(name, arguments, emit, gone, asks)
            answer = {"result": codec.to_builtins(result)}
        except LsfsError as error:
            answer = {"error": describe(error)}
        except (ValueError, KeyError, TypeError) as error:
            log.exception("a request failed")
            answer = {"error": {"code": "UsageError", "message": f"{error!r}", "hint": ""}}
        except Exception as error:
            # The edge of the request: the caller gets the name, the log the traceback.
            log.exception("a call failed")
            answer = {"error": {"code": "LsfsError", "message": f"internal: {error!r}", "hint": ""}}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send(answer)

    def _send(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message).encode("ascii") + b"\n")


class Disconnected(LsfsError):
    """The server went away in the middle of a call."""


class Client:
    """Calls a server.

    Args:
        path: its socket.
        timeout: seconds to wait for each line of an answer; None waits for ever.
        asks: who calls, and what they may do.

    Raises:
        OSError: nobody answers at the socket.
    """

    def __init__(
        self, path: Path, timeout: float | None = None, *, asks: Asking | None = None
    ) -> None:
        self.asks = asks or Asking(Who())
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")
        self._lock = threading.Lock()

    def call(self, name: str, arguments: dict[str, Any], emit: Emit = lambda _: None) -> Any:
        """Run a call; events go to ``emit``.

        Returns:
            the result as dicts and lists.

        Raises:
            LsfsError: what the call raised there; or the server went away, or took too long.
        """
        with self._lock:
            try:
                self._send(name, arguments)
                while line := self._lines.readline():
                    answer = json.loads(line)
                    if "event" in answer:
                        emit(answer["event"])
                    elif "error" in answer:
                        raise revive(answer["error"])
                    else:
                        return answer["result"]
            except TimeoutError:
                raise errors.LockHeld(
                    "the index does not answer", hint="see: lsfs status; or try again"
                ) from None
            except OSError as error:
                message = f"the connection to the drive broke: {error}"
                raise Disconnected(message, hint=AGAIN) from error
        raise Disconnected("the drive's daemon went away", hint=AGAIN)

    def await_end(self, timeout: float) -> None:
        """Wait until the process that serves is gone; it may accept calls while it is dying.

        Args:
            timeout: seconds; where it lives on for so long, it only hung up.
        """
        peer = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        pid = CREDENTIALS.unpack(peer)[0]
        if pid in (0, os.getpid()):  # of another pid namespace, or ourselves
            return
        try:
            process = os.pidfd_open(pid)
        except OSError:  # it is gone
            return
        try:
            select.select([process], [], [], timeout)
        finally:
            os.close(process)

    def post(self, name: str, arguments: dict[str, Any]) -> None:
        """Send a call whose result nobody waits for; hang up after it.

        Raises:
            OSError: it could not be sent.
        """
        with self._lock:
            self._send(name, arguments, posted=True)

    def limit(self, timeout: float) -> None:
        """Wait this many seconds, from now on, for each line of an answer."""
        self._socket.settimeout(timeout)

    def _send(self, name: str, arguments: dict[str, Any], *, posted: bool = False) -> None:
        message = {"call": name, "arguments": codec.to_builtins(arguments), POSTED: posted}
        message[CLIENT] = codec.to_builtins(self.asks.client)
        if not self.asks.grant.is_full:
            message[GRANT] = codec.to_builtins(self.asks.grant)
        self._socket.sendall(json.dumps(message).encode("ascii") + b"\n")

    def close(self) -> None:
        """Hang up; a call that another thread waits for ends with :class:`Disconnected`."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._lines.close()
            self._socket.close()


def describe(error: LsfsError) -> dict[str, str]:
    """An error as it travels."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def revive(data: dict[str, str]) -> LsfsError:
    """The error that :func:`describe` described, of its own class."""
    kind = getattr(errors, str(data.get("code")), LsfsError)
    if not (isinstance(kind, type) and issubclass(kind, LsfsError)):
        kind = LsfsError
    error: LsfsError = kind(data.get("message", ""), hint=data.get("hint", ""))
    return error
