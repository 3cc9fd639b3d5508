"""A server that speaks as OpenAI's does: llama.cpp, Ollama, vLLM, LM Studio, and others.

It is on this machine, unless the user has said that text may leave it.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from lsfs.errors import Cancelled, ModelError, Unreachable, UsageError

SECONDS = 120.0  # for one answer; a server may load its model first
MAX_ANSWER = 256 << 20  # bytes
KEY = "LSFS_SERVER_KEY"  # the variable with what a server wants to be shown
_PATIENCE = 0.05  # seconds between two looks at whether the caller has gone


class Endpoint:
    """The base of a server's API, and the model that is asked for there.

    Args:
        url: as ``http://127.0.0.1:8080/v1``.
        model: what the server calls the model.
        role: whose settings these are: ``chat``, ``embed`` or ``rerank``.
        remote: the server may be on another machine.
        seconds: for one answer.

    Raises:
        UsageError: the address is none, or of another machine without leave.
    """

    def __init__(
        self, url: str, model: str, role: str, *, remote: bool = False, seconds: float = SECONDS
    ) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise UsageError(f"not the address of a server: {url!r}")
        if not remote and not _is_here(parts.hostname):
            raise UsageError(
                f"{parts.hostname} is another machine: the text of your files would go there",
                hint=f"if you want that: lsfs config set model.{role}_remote true",
            )
        if not model:
            raise UsageError(
                f"{url}: which model?",
                hint=f"lsfs config set model.{role}_name NAME (see its /models)",
            )
        self._host, self._port = parts.hostname, parts.port
        self._is_secure = parts.scheme == "https"
        self._base = parts.path.rstrip("/")
        self._role, self._seconds = role, seconds or SECONDS
        self.url, self.model, self.place = url, model, parts.netloc.rpartition("@")[2]

    def post(self, path: str, body: Mapping[str, Any], cancel: Event | None = None) -> Any:
        """The JSON that the server answers a request with, for the model.

        Args:
            path: below the base, as ``/embeddings``.
            body: what is asked, without the model.
            cancel: hangs up.

        Raises:
            Cancelled: ``cancel`` was set.
            Unreachable: it cannot be reached.
            ModelError: it does not answer as it should.
        """
        sent = json.dumps({"model": self.model, **body}).encode()
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY, ""):
            headers["Authorization"] = f"Bearer {key}"
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._seconds)
        try:
            with contextlib.closing(connection), _hung_up(connection, cancel):
                connection.request("POST", self._base + path, sent, headers)
                answer = connection.getresponse()
                said = answer.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            if cancel is not None and cancel.is_set():
                raise Cancelled("the server was left") from error
            role = {"chat": "answer"}.get(self._role, self._role)
            hint = f"start the server, or choose another model: lsfs model use --{role} MODEL"
            why = str(error) or type(error).__name__
            raise Unreachable(f"{self.url} does not answer: {why}", hint=hint) from error
        if answer.status != 200:
            told = said[:200].decode("utf-8", "replace")
            raise self.strange(f"answers {answer.status} {answer.reason}: {told}")
        if len(said) > MAX_ANSWER:
            raise self.strange("answers without end")
        try:
            return json.loads(said)
        except ValueError as error:
            raise self.strange("answers with what is no JSON") from error

    def strange(self, what: str) -> ModelError:
        """The error for an answer that is not as it should be."""
        role = self._role
        hint = f"see that model.{role} is the base of its API (…/v1) and model.{role}_name a model"
        return ModelError(f"{self.url}: {self.model} {what}", hint=hint)


@contextlib.contextmanager
def _hung_up(connection: http.client.HTTPConnection, cancel: Event | None) -> Iterator[None]:
    """End a connection when the caller has gone: a thread looks, for reading blocks."""
    if cancel is None:
        yield
        return
    done = threading.Event()

    def look() -> None:
        while not done.wait(_PATIENCE):
            if cancel.is_set() and connection.sock is not None:
                with contextlib.suppress(OSError):  # it has ended by itself
                    connection.sock.shutdown(socket.SHUT_RDWR)
                return

    thread = threading.Thread(target=look, name="lsfs-endpoint")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _is_here(host: str) -> bool:
    """Whether all addresses of a host are of this machine's loopback."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)
