"""Embeddings from a server that speaks as OpenAI's does: llama.cpp, Ollama, vLLM, LM Studio, …

``POST {base}/embeddings`` with ``{"model", "input": [texts]}`` gives ``{"data": [{"index",
"embedding"}]}``. The server is on this machine, unless the user has said that text may leave it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsfs.endpoint import Endpoint
from lsfs.errors import ModelError
from lsfs.index.meaning.embed import Vectors, labelled, of_length_1

BATCH = 32  # texts in a request
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
        prefixes: see :func:`lsfs.index.meaning.prefixes.of_family`.

    Raises:
        UsageError: the address is none, or of another machine without leave.
        ModelError: the server cannot be reached, or does not answer as it should.
    """

    is_proven = False

    def __init__(
        self, url: str, model: str, *, remote: bool = False, prefixes: tuple[str, str] = ("", "")
    ) -> None:
        self._server = Endpoint(url, model, "embed", remote=remote)
        self._query_prefix, self._passage_prefix = prefixes
        probe = self._ask([PROBE])[0]
        self._dimension = len(probe)
        told = f"{model}@{self._server.place} {self._dimension}"
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
                raise ModelError(
                    f"{self._server.url}: {self._server.model} gives vectors of another size now"
                )
            vectors[first : first + BATCH] = found
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query, by a request of its own."""
        vector: Vectors = self._ask([self._query_prefix + text])[0]
        return vector

    def knows(self, word: str) -> bool:
        """The server does not tell."""
        return False

    def _ask(self, texts: Sequence[str]) -> Vectors:
        # Names of files may hold bytes that are no text.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        answer = self._server.post("/embeddings", {"input": clean})
        try:
            data = sorted(answer["data"], key=lambda one: one["index"])
            vectors = np.array([one["embedding"] for one in data], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.strange(f"gives no embeddings ({error!r})") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise self._server.strange(
                f"gives {len(data)} embeddings for {len(texts)} texts, or odd ones"
            )
        return of_length_1(vectors)
