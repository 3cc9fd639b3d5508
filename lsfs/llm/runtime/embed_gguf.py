"""An embedding model in a GGUF file, run by llama.cpp; on a GPU when its build can use one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.files.models import ModelFile, cores
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.residents import Residents

TOKENS = 512  # of a text; also of a batch on a CPU, where larger ones are many times slower
SIDE_BY_SIDE = 2048  # tokens of several texts that a GPU runs at once
ALL_LAYERS = -1
UNPOOLED, RANKING = 0, 4  # llama.cpp's kinds of pooling that give no vector of a text

Vectors = NDArray[np.float32]


class GgufEmbedder:
    """Passages and queries have a context each, so that a query does not wait for passages.

    Args:
        file: the model.
        prefixes: what stands before a query and before a passage.
        threads: 0: one less than there are cores.
        residents: where the contexts are kept; some of its own by default.

    Raises:
        ModelError: the file is no embedding model, or llama.cpp does not load it.
    """

    def __init__(
        self,
        file: ModelFile,
        prefixes: tuple[str, str] = ("", ""),
        threads: int = 0,
        residents: Residents | None = None,
    ) -> None:
        self._file = file
        self._residents = residents or Residents()
        self._threads = threads or max(1, cores() - 1)
        self._query_prefix, self._passage_prefix = prefixes
        self._busy, self._asked = threading.Lock(), threading.Lock()
        with self._context("passages") as context:
            # Behind the last place that was learned, llama.cpp ends the process.
            self._tokens = min(TOKENS, int(context.n_ctx()), int(context._model.n_ctx_train()))
            self._dimension = int(context.n_embd())
            kind = context.pooling_type()
        if kind in (UNPOOLED, RANKING):
            hint = "use a GGUF file of an embedding model (nomic-embed, e5, bge, MiniLM, …)"
            raise ModelError(f"{file.path} is no embedding model", hint=hint)
        self._name = f"{file.name}/gguf/{file.sha256[:16]}"
        if self._passage_prefix:
            self._name += f"/{self._passage_prefix.strip()}"

    def _context(self, of: str) -> contextlib.AbstractContextManager[Any]:
        if not self._file.is_same():
            # It is mapped: what is written into it changes a model that is loaded.
            hint = "open the drive anew: its vectors are then made by the model that is there now"
            raise ModelError(f"{self._file.path} was changed while it was in use", hint=hint)
        key = f"embedding of {of} {self._file.path}"
        return self._residents.use(key, self._file.path.stat().st_size, self._load)

    def _load(self) -> Any:
        library = backend()
        from llama_cpp import Llama

        library.forget_errors()
        size = SIDE_BY_SIDE if library.gpu else TOKENS
        try:
            # A GPU has no flash attention for heads as small as MiniLM's: the CPU would do it.
            return Llama(
                str(self._file.path), embedding=True, n_ctx=size, n_batch=size, n_ubatch=size,
                flash_attn=not library.gpu, n_threads=self._threads,
                n_threads_batch=self._threads, n_gpu_layers=ALL_LAYERS if library.gpu else 0,
                verbose=False,
            )  # fmt: skip
        except (ValueError, RuntimeError, OSError) as error:
            hint = "use a GGUF file that this llama.cpp knows"
            raise library.failure(f"cannot load {self._file.path}", hint) from error

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, float32, [len(texts), dimension]."""
        step = len(texts) if backend().gpu else 1
        vectors = np.empty((len(texts), self._dimension), np.float32)
        for row in range(0, len(texts), max(1, step)):
            some = [self._passage_prefix + text for text in texts[row : row + step]]
            with self._busy, self._context("passages") as context:
                vectors[row : row + step] = self._run(context, some)
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query, float32, [dimension]."""
        with self._asked, self._context("queries") as context:
            vector: Vectors = self._run(context, [self._query_prefix + text])[0]
            return vector

    def knows(self, word: str) -> bool:
        """Whether a word in small letters, behind a space, is one token."""
        with self._asked, self._context("queries") as context:
            return len(context.tokenize(f" {word}".encode(), add_bos=False)) == 1

    def _run(self, context: Any, texts: Sequence[str]) -> Vectors:
        """As many texts side by side as the batch of the context holds."""
        try:
            found = context.embed([self._cut(context, text) for text in texts], normalize=True)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self._file.path}: {error}") from error
        return np.asarray(found, np.float32)

    def _cut(self, context: Any, text: str) -> str:
        """As much of a text as the model takes, with what ends it (as BERT's [SEP]) in its place;
        the library would cut that off."""
        # Names of files may hold bytes that are no text.
        text = text.encode("utf-8", "replace").decode()
        while (tokens := len(context.tokenize(text.encode()))) > self._tokens:
            text = text[: min(len(text) * self._tokens // tokens, len(text) - 1)]
        return text
