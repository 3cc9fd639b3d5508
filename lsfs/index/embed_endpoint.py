"""Embeddings from a server that speaks as OpenAI's does: llama.cpp, Ollama, vLLM, LM Studio, …

``POST {base}/embeddings`` with ``{"model", "input": [texts]}`` gives ``{"data": [{"index",
"embedding"}]}``. The server is on this machine, unless the user has said that text may leave it.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from lsfs.errors import ModelError, UsageError
from lsfs.index.embed import Vectors, labelled, of_length_1

SECONDS = 120.0  # for one answer; a server may load its model first
BATCH = 32  # texts in a request
MAX_ANSWER = 256 << 20  # bytes
PROBE = "The tenant pays the rent each month."


class EndpointEmbedder:
    """A model behind a server.

    The server does not say which weights it has: who keeps vectors compares one with a new one.

    Attributes:
        is_proven: whether the name tells the weights.

    Args:
        url: base of the API, as ``http://127.0.0.1:8080/v1``.
        model: what the server calls the model.
        remote: the server may be on another machine.
        prefixes: see :func:`lsfs.index.prefixes.of_family`.

    Raises:
        UsageError: the address is none, or of another machine without leave.
        ModelError: the server cannot be reached, or does not answer as it should.
    """

    is_proven = False

    def __init__(
        self, url: str, model: str, *, remote: bool = False, prefixes: tuple[str, str] = ("", "")
    ) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise UsageError(f"not the address of a server: {url!r}")
        if not remote and not _is_here(parts.hostname):
            raise UsageError(
                f"{parts.hostname} is another machine: the text of your files would go there",
                hint="if you want that: lsfs config set model.embed_remote true",
            )
        if not model:
            raise UsageError(
                f"{url}: which model?",
                hint="lsfs config set model.embed_name NAME (see its /models)",
            )
        self._host, self._port = parts.hostname, parts.port
        self._is_secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/") + "/embeddings"
        self._url, self._model = url, model
        self._query_prefix, self._passage_prefix = prefixes
        probe = self._ask([PROBE])[0]
        self._dimension = len(probe)
        told = f"{model}@{parts.netloc} {self._dimension}"
        self._name = labelled(model, "endpoint", told, self._passage_prefix)

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, 32 texts a request."""
        vectors = np.empty((len(texts), self._dimension), np.float32)
        for first in range(0, len(texts), BATCH):
            some = [self._passage_prefix + text for text in texts[first : first + BATCH]]
            found = self._ask(some)
            if found.shape[1] != self._dimension:
                raise ModelError(f"{self._url}: {self._model} gives vectors of another size now")
            vectors[first : first + BATCH] = found
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query, by a request of its own."""
        vector: Vectors = self._ask([self._query_prefix + text])[0]
        return vector

    def _ask(self, texts: Sequence[str]) -> Vectors:
        # Names of files may hold bytes that are no text.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        answer = self._post(json.dumps({"model": self._model, "input": clean}).encode())
        try:
            data = sorted(answer["data"], key=lambda one: one["index"])
            vectors = np.array([one["embedding"] for one in data], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange(f"gives no embeddings ({error!r})") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise self._strange(f"gives {len(data)} embeddings for {len(texts)} texts, or odd ones")
        return of_length_1(vectors)

    def _post(self, body: bytes) -> Any:
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=SECONDS)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            hint = "start the server, or choose another model: lsfs model use --embed default"
            why = str(error) or type(error).__name__
            raise ModelError(f"{self._url} does not answer: {why}", hint=hint) from error
        finally:
            connection.close()
        if answer.status != 200:
            told = said[:200].decode("utf-8", "replace")
            raise self._strange(f"answers {answer.status} {answer.reason}: {told}")
        if len(said) > MAX_ANSWER:
            raise self._strange("answers without end")
        try:
            return json.loads(said)
        except ValueError as error:
            raise self._strange("answers with what is no JSON") from error

    def _strange(self, what: str) -> ModelError:
        hint = "see that model.embed is the base of its API (…/v1) and model.embed_name one of its"
        return ModelError(f"{self._url}: {self._model} {what}", hint=hint)


def _is_here(host: str) -> bool:
    """Whether all addresses of a host are of this machine's loopback."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)
