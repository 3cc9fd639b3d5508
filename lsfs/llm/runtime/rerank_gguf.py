"""A reranker in a GGUF file, run by llama.cpp: a query and a passage read together give a score."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Lock
from typing import Any

from lsfs.errors import Cancelled, ModelError
from lsfs.llm.files.models import ModelFile, cores
from lsfs.llm.files.weights import names_of
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.embed_gguf import ALL_LAYERS, RANKING, TOKENS
from lsfs.llm.runtime.residents import Residents


class GgufReranker:
    """A cross-encoder (bge-reranker, jina-reranker, …), loaded when it is first used.

    Args:
        file: the model.
        threads: 0: one less than there are cores.
        residents: where it is kept while it is loaded; some of its own by default.
    """

    def __init__(
        self, file: ModelFile, threads: int = 0, residents: Residents | None = None
    ) -> None:
        self._file = file
        self._threads = threads or max(1, cores() - 1)
        self._residents = residents or Residents()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The name of the model's file."""
        return self._file.name

    def scores(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """How well each passage answers a query; more is better.

        A pair that is too long loses the end of its passage.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the file is no reranker, or llama.cpp does not load it.
        """
        key, size = f"reranker {self._file.path}", self._file.path.stat().st_size
        found = []
        with self._lock, self._residents.use(key, size, self._load) as model:
            for passage in passages:
                if cancel is not None and cancel.is_set():
                    raise Cancelled("the caller has gone")
                found.append(self._score(model, query, passage))
        return found

    def _load(self) -> Any:
        library = backend()
        # Asked for scores, llama.cpp ends the process where a model has no head that gives them.
        if not any(name.startswith("cls") for name in names_of(self._file.path, library)):
            hint = "use a GGUF file of a reranker (bge-reranker, jina-reranker, …)"
            raise ModelError(f"{self._file.path} is no reranker", hint=hint)
        from llama_cpp import Llama

        library.forget_errors()
        try:
            return Llama(
                str(self._file.path), embedding=True, n_ctx=TOKENS, n_batch=TOKENS,
                n_ubatch=TOKENS, pooling_type=RANKING, n_threads=self._threads,
                n_threads_batch=self._threads, n_gpu_layers=ALL_LAYERS if library.gpu else 0,
                verbose=False,
            )  # fmt: skip
        except (ValueError, RuntimeError, OSError) as error:
            hint = "use a GGUF file that this llama.cpp knows"
            raise library.failure(f"cannot load {self._file.path}", hint) from error

    def _score(self, model: Any, query: str, passage: str) -> float:
        """The output of the head over both texts, with the marks that the vocabulary asks for."""
        api, vocabulary = backend().api, model._model.vocab
        begin = [api.llama_vocab_bos(vocabulary)] if api.llama_vocab_get_add_bos(vocabulary) else []
        end = [api.llama_vocab_eos(vocabulary)] if api.llama_vocab_get_add_eos(vocabulary) else []
        mark = [api.llama_vocab_sep(vocabulary)] if api.llama_vocab_get_add_sep(vocabulary) else []
        # Behind the last place that was learned, llama.cpp ends the process.
        most = min(TOKENS, model._model.n_ctx_train())
        asked = self._tokens(model, query)[: most // 2]
        pair = [*begin, *asked, *end, *mark]
        last = end or mark
        text = self._tokens(model, passage)[: most - len(pair) - len(last)]
        model._ctx.kv_cache_clear()
        model._batch.reset()
        model._batch.add_sequence([*pair, *text, *last], 0, logits_all=True)
        model._ctx.decode(model._batch)
        values = api.llama_get_embeddings_seq(model._ctx.ctx, 0)
        if not values:
            raise ModelError(f"{self._file.path} gives no score")
        return float(values[0])

    @staticmethod
    def _tokens(model: Any, text: str) -> list[int]:
        clean = text.encode("utf-8", "replace")
        found: list[int] = model.tokenize(clean, add_bos=False, special=False)
        return found

    def close(self) -> None:
        """It is closed where it is kept."""
