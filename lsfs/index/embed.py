"""Text to vectors: all-MiniLM-L6-v2 on onnxruntime, int8, without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained to read; more is cut by it anyway
GRAPH_VERSION = 1  # raise when onnx_encoder's output changes


class Embedder(Protocol):
    """Turns texts into vectors of length 1 whose dot product is their likeness."""

    @property
    def name(self) -> str:
        """Names the model and its form; vectors of two names are not comparable."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of ``texts``, float32, [len(texts), dimension]."""
        ...


class OnnxEmbedder:
    """A sentence encoder as an ONNX graph.

    Args:
        graph: the ONNX file.
        tokenizer: ``tokenizer.json`` of the model.
        name: see :class:`Embedder`.
        threads: threads for one text.
    """

    def __init__(self, graph: Path, tokenizer: Path, *, name: str, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        # The file says: cut and pad to 128. Both would change every vector.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._name = name
        self._dimension = int(self._session.get_outputs()[0].shape[1])

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of ``texts``, one text at a time.

        In a batch a text's int8 scales would depend on its neighbours, and padding costs more than
        batching gains on a CPU.
        """
        vectors = np.empty((len(texts), self._dimension), np.float32)
        # Names of files may hold bytes that are no text.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        for row, encoding in enumerate(self._tokenizer.encode_batch(clean)):
            ids = np.array([encoding.ids], np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            vectors[row] = self._session.run(None, feed)[0][0]
        return vectors


def load(folder: Path, cache: Path, *, threads: int = 1) -> OnnxEmbedder:
    """The embedder of the model in ``folder``.

    Its int8 graph is built on first use (about 3 s) and kept in ``cache`` under the digest of the
    model's configuration and size, so that a changed model gets a graph of its own.

    Raises:
        ModelError: the model is of an unknown architecture.
    """
    weights = folder / "model.safetensors"
    seed = f"{GRAPH_VERSION}:{weights.stat().st_size}:{weights.stat().st_mtime_ns}"
    config = (folder / "config.json").read_bytes()
    digest = hashlib.sha256(seed.encode() + config).hexdigest()[:16]
    graph = cache / "embed" / f"minilm-{digest}.int8.onnx"
    if not graph.exists():
        from lsfs.index.onnx_encoder import build

        build(folder, graph)
    name = f"all-MiniLM-L6-v2/int8/{GRAPH_VERSION}"
    return OnnxEmbedder(graph, folder / "tokenizer.json", name=name, threads=threads)


class HashEmbedder:
    """Vectors from hashed words: deterministic, needs no model; for tests."""

    name = "hash"

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Signed word counts, length 1; texts that share words are alike."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                slot = int.from_bytes(digest[:4], "little") % self.dimension
                vectors[row, slot] += 1.0 if digest[4] & 1 else -1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        normalised: Vectors = (vectors / np.maximum(norms, 1e-9)).astype(np.float32)
        return normalised
