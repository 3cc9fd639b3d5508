"""Text to vectors: all-MiniLM-L6-v2 on onnxruntime, int8, without torch."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained to read; more is cut by it anyway
GRAPH_VERSION = 1  # raise when onnx_encoder's vectors change
GRAPH_OUTPUTS = "states"  # raises no version: a graph that gives more gives the same vectors


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
        """Vectors of passages, float32, [len(texts), dimension]."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query, float32, [dimension]; never waits for passages to be encoded."""
        ...

    def knows(self, word: str) -> bool:
        """Whether a word in small letters stands in the model's vocabulary as a whole."""
        ...


class Tokens(Struct, frozen=True):
    """A text as an encoder reads it.

    Attributes:
        vector: of the whole, float32, [dimension].
        states: of each token in its context, of length 1, float32, [tokens, dimension].
        spans: where each token stands in the text; empty for one that the model added.
    """

    vector: Vectors
    states: Vectors
    spans: tuple[tuple[int, int], ...]


@runtime_checkable
class ReadsTokens(Protocol):
    """An embedder that also tells what it makes of each token."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts as it reads them."""
        ...


def of_length_1(vectors: Vectors) -> Vectors:
    """The directions of vectors; those of length 0 stay."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    normal: Vectors = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return normal


def labelled(model: str, form: str, content: str, prefix: str) -> str:
    """The name of an embedder: another content, or another prefix of passages, is another name."""
    digest = hashlib.sha256(f"{content}\0{prefix}".encode()).hexdigest()[:16]
    return f"{model}/{form}/{digest}"


class OnnxEmbedder:
    """A sentence encoder as an ONNX graph.

    Args:
        graph: the ONNX file.
        tokenizer: ``tokenizer.json`` of the model.
        name: see :class:`Embedder`.
        threads: texts that are encoded at once; 0: as many as there are cores.
    """

    def __init__(self, graph: Path, tokenizer: Path, *, name: str, threads: int = 0) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a text a thread beats two threads a text
        options.log_severity_level = 3
        # That was done when the graph was made.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session: Any = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        # The file says: cut and pad to 128. Both would change every vector.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._name = name
        self._threads = threads or len(os.sched_getaffinity(0))
        self._dimension = int(self._session.get_outputs()[0].shape[1])

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of ``texts``, each by itself, on several cores.

        In a batch a text's int8 scales would depend on its neighbours, and padding costs more than
        batching gains on a CPU.
        """
        vectors = np.empty((len(texts), self._dimension), np.float32)
        tokens = [encoding.ids for encoding in self._tokenised(texts)]

        def encode(row: int) -> None:
            vectors[row] = self._run(tokens[row], "embedding")[0]

        self._for_each(encode, [len(ids) for ids in tokens])
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts as the model reads them, each by itself, on several cores."""
        read = self._tokenised(texts)
        found: dict[int, Tokens] = {}

        def encode(row: int) -> None:
            vector, states = self._run(read[row].ids, "embedding", "states")
            found[row] = Tokens(vector, states, tuple(read[row].offsets))

        self._for_each(encode, [len(encoding.ids) for encoding in read])
        return [found[row] for row in range(len(texts))]

    def _tokenised(self, texts: Sequence[str]) -> list[Any]:
        # Names of files may hold bytes that are no text.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        read: list[Any] = self._tokenizer.encode_batch(clean)
        return read

    def _for_each(self, work: Callable[[int], None], lengths: Sequence[int]) -> None:
        """Call ``work`` with the number of each text, on several cores."""
        if min(self._threads, len(lengths)) < 2:
            for row in range(len(lengths)):
                work(row)
            return
        # The longest first, so that the last ones to end are short.
        order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        with ThreadPoolExecutor(min(self._threads, len(lengths))) as pool:
            list(pool.map(work, order))

    def _run(self, tokens: list[int], *outputs: str) -> list[Vectors]:
        ids = np.array([tokens], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return [output[0] for output in self._session.run(list(outputs), feed)]

    def encode_query(self, text: str) -> Vectors:
        """The model makes no difference between queries and passages."""
        vector: Vectors = self.encode([text])[0]
        return vector

    def knows(self, word: str) -> bool:
        """Whether a word in small letters is one token."""
        return self._tokenizer.token_to_id(word) is not None


Made = TypeVar("Made", bound=Embedder)


class LateEmbedder(Generic[Made]):
    """An embedder that is loaded when the first text is to be encoded: many a command has none.

    Args:
        name, dimension: as the embedder will have them.
        load: makes it.
    """

    def __init__(self, name: str, dimension: int, load: Callable[[], Made]) -> None:
        self.name = name
        self.dimension = dimension
        self._load = load
        self._loaded: Made | None = None
        self._lock = threading.Lock()

    def _embedder(self) -> Made:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages."""
        return self._embedder().encode(texts)

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query."""
        return self._embedder().encode_query(text)

    def knows(self, word: str) -> bool:
        """Whether a word in small letters stands in the vocabulary."""
        return self._embedder().knows(word)


class LateOnnxEmbedder(LateEmbedder["OnnxEmbedder"]):
    """One that also gives what the model makes of each token."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts as the model reads them."""
        return self._embedder().encode_tokens(texts)


def load(folder: Path, cache: Path, *, threads: int = 0, digest: str = "") -> LateOnnxEmbedder:
    """The embedder of the model in ``folder``, which is loaded when it is used.

    Its int8 graph is built on first use (about 3 s) and kept in ``cache`` under the digest of the
    model's configuration and size and of onnxruntime's version, so that each gets one of its own.

    Args:
        digest: of the weights, for the name.
    """
    name = f"all-MiniLM-L6-v2/int8/{GRAPH_VERSION}"
    if digest:
        name += f"/{digest[:16]}"
    dimension = json.loads((folder / "config.json").read_bytes())["hidden_size"]
    return LateOnnxEmbedder(name, int(dimension), lambda: _onnx(folder, cache, name, threads))


def _onnx(folder: Path, cache: Path, name: str, threads: int) -> OnnxEmbedder:
    """The embedder, with its graph.

    Raises:
        ModelError: the model is of an unknown architecture.
    """
    import onnxruntime

    weights = folder / "model.safetensors"
    seed = f"{GRAPH_VERSION}:{GRAPH_OUTPUTS}:{weights.stat().st_size}:{weights.stat().st_mtime_ns}"
    seed += f":{onnxruntime.__version__}"  # whose operators are in it
    config = (folder / "config.json").read_bytes()
    made_from = hashlib.sha256(seed.encode() + config).hexdigest()[:16]
    graph = cache / "embed" / f"minilm-{made_from}.int8.onnx"
    if not graph.exists():
        from lsfs.index.meaning.onnx_encoder import build

        build(folder, graph)
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

    def encode_query(self, text: str) -> Vectors:
        """The same as for a passage."""
        vector: Vectors = self.encode([text])[0]
        return vector

    def knows(self, word: str) -> bool:
        """There is no vocabulary."""
        return False
