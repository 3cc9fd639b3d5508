"""Token cells of a model on llama.cpp's C interface: batches, states, likelihoods, generation.

The high-level wrapper of llama-cpp-python is not used: it keeps all scores, and cannot hold several
sequences in one context. Objects of this module are not safe for use by two threads at once.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import Cancelled, ContextTooLong, ModelError, OutOfMemory
from lsfs.llm.runtime.batch import Shape, Step, Stop, check
from lsfs.llm.runtime.generation import Request, generate_many, go_on
from lsfs.llm.runtime.interrupts import HeldInterrupt
from lsfs.llm.runtime.model import Message, Model
from lsfs.llm.runtime.room import check_room
from lsfs.llm.runtime.sampling import Sampling

__all__ = ["Context", "Message", "Model", "Request", "Sampling", "Shape", "Step", "Stop", "threads"]

FLASH_ATTENTION = 1  # always on: V is stored in rows, and unused cells cost next to nothing


class Context:
    """Token cells of a model, shared by numbered sequences.

    Args:
        model: stays open for as long as the context.
        shape: its size; ``tokens`` is cut to what the model was trained on.

    Raises:
        ModelError: it cannot be made.
        OutOfMemory: it does not fit.
    """

    def __init__(self, model: Model, shape: Shape | None = None) -> None:
        self._handle: Any = None
        self.model = model
        self.shape = shape or Shape()
        self._api = model.backend.api
        params = self._params()
        what = f"cannot make a context of {params.n_ctx} tokens for {model.path}"
        size = model.context_bytes(params.n_ctx, self.shape.batch)
        # With a GPU, how much of it is in the memory of the CPU is llama.cpp's affair.
        check_room(size, what, touched=not model.gpu_layers)
        model.backend.forget_errors()
        self._handle = self._api.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise model.backend.failure(what, "use a smaller model.context")
        self.n_ctx: int = self._api.llama_n_ctx(self._handle)
        self._memory = self._api.llama_get_memory(self._handle)
        self._batch = self._api.llama_batch_init(self.shape.batch, 0, 1)
        self._no_abort = self._api.ggml_abort_callback()

    def _params(self) -> Any:
        params, shape = self._api.llama_context_default_params(), self.shape
        most = self.model.n_ctx_train
        params.n_ctx = min(shape.tokens or most, most)
        params.n_batch = params.n_ubatch = shape.batch
        params.n_seq_max = shape.sequences
        params.n_threads = params.n_threads_batch = shape.threads or threads()
        params.flash_attn_type = FLASH_ATTENTION
        # Else each sequence has a stream of n_ctx / n_seq_max cells, and copies move whole buffers.
        params.kv_unified = True
        params.no_perf = True
        return params

    @property
    def handle(self) -> Any:
        """The C pointer.

        Raises:
            ModelError: the context was closed.
        """
        if not self._handle:
            raise ModelError("the model's context is closed")
        return self._handle

    def clear(self) -> None:
        """Forget all sequences."""
        _ = self.handle
        self._api.llama_memory_clear(self._memory, False)

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        """Forget the positions [start, end) of a sequence; -1 is open. False if it cannot."""
        _ = self.handle
        return bool(self._api.llama_memory_seq_rm(self._memory, sequence, start, end))

    def copy(self, source: int, target: int, start: int = -1, end: int = -1) -> None:
        """Let ``target`` share the cells of ``source`` at the positions [start, end)."""
        _ = self.handle
        self._api.llama_memory_seq_cp(self._memory, source, target, start, end)

    def state(self, sequence: int = 0) -> NDArray[np.uint8]:
        """The attention state of a sequence; see :mod:`lsfs.llm.kv.kvblob`.

        Raises:
            ModelError: the library does not give it.
        """
        handle, api = self.handle, self._api
        self.model.backend.forget_errors()
        blob = np.empty(api.llama_state_seq_get_size(handle, sequence), np.uint8)
        if api.llama_state_seq_get_data(handle, _bytes_of(blob), len(blob), sequence) != len(blob):
            raise self.model.backend.failure("cannot read the model's attention state", "report it")
        return blob

    def load_state(self, blob: NDArray[np.uint8], sequence: int = 0) -> None:
        """Replace a sequence by a state, packed into free cells.

        Nothing in a blob says of which model it is: who loads it must know.

        Raises:
            ContextTooLong: there are too few free cells.
            ModelError: it is of another layout.
        """
        handle, api = self.handle, self._api
        self.model.backend.forget_errors()
        data = np.ascontiguousarray(blob)
        if api.llama_state_seq_set_data(handle, _bytes_of(data), len(data), sequence):
            return
        cells = int.from_bytes(data[12:16].tobytes(), "little")
        if cells > self.n_ctx:
            raise ContextTooLong(
                f"a state of {cells} tokens does not fit the context of {self.n_ctx}",
                hint="raise model.context",
            )
        raise self.model.backend.failure("cannot load an attention state", "lsfs kv clear")

    def next_position(self, sequence: int = 0) -> int:
        """Where the next token of a sequence goes; any other place is refused by ``decode``."""
        _ = self.handle
        return int(self._api.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def decode(self, steps: Sequence[Step], cancel: Stop | None = None) -> NDArray[np.float32]:
        """Run tokens through the model, in one batch.

        Two batches of other shapes differ in their last digits; equal shapes give equal bits.

        Args:
            steps: at most ``shape.batch``; each sequence goes on at its ``next_position``.
            cancel: looked at during the computation (on the CPU).

        Returns:
            Scores (logits) after each wanted step, float32 [wanted, vocabulary]; a view that the
            next call overwrites.

        Raises:
            ContextTooLong: no cells are left.
            Cancelled: ``cancel`` was set.
            ModelError, OutOfMemory: the library failed.
        """
        if len(steps) > self.shape.batch:
            raise ModelError(f"a batch of {len(steps)} tokens, over {self.shape.batch}")
        self._fill(steps)
        code = self._run(cancel)
        if code != 0:
            raise self._decode_error(code)
        wanted = sum(step.wanted for step in steps)
        if not wanted:
            return np.empty((0, self.model.n_vocab), np.float32)
        scores: NDArray[np.float32] = np.ctypeslib.as_array(
            self._api.llama_get_logits(self.handle), shape=(wanted, self.model.n_vocab)
        )
        return scores

    def _run(self, cancel: Stop | None) -> int:
        handle, api = self.handle, self._api
        self.model.backend.forget_errors()
        with HeldInterrupt() as interrupt:
            # Kept in a local name: the library has a bare pointer to it.
            abort = self._no_abort if cancel is None else _abort_callback(api, cancel, interrupt)
            api.llama_set_abort_callback(handle, abort, None)
            try:
                code = int(api.llama_decode(handle, self._batch))
                if code == 0:
                    api.llama_synchronize(handle)
            finally:
                api.llama_set_abort_callback(handle, self._no_abort, None)
        return code

    def _fill(self, steps: Sequence[Step]) -> None:
        batch = self._batch
        batch.n_tokens = len(steps)
        for row, step in enumerate(steps):
            batch.token[row] = step.token
            batch.pos[row] = step.position
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = step.sequence
            batch.logits[row] = step.wanted

    def _decode_error(self, code: int) -> ModelError | Cancelled:
        if code == 1:
            return ContextTooLong(
                f"the text does not fit the context of {self.n_ctx} tokens",
                hint="ask for less, or raise model.context",
            )
        if code == 2:
            return Cancelled("the model was stopped")
        what = f"the model {self.model.path} failed (llama_decode returned {code})"
        if code == -2:  # GGML_STATUS_ALLOC_FAILED
            return OutOfMemory(what, hint="use a smaller model or a smaller model.context")
        return self.model.backend.failure(what, "try again; report it if it stays")

    def feed(
        self, tokens: Sequence[int], sequence: int = 0, cancel: Stop | None = None
    ) -> NDArray[np.float32]:
        """Append tokens to a sequence, in as many batches as needed.

        Returns:
            Scores after the last token, float32 [vocabulary]; overwritten by the next call.

        Raises:
            ContextTooLong: they do not fit; nothing was run.
            Cancelled: ``cancel`` was set.
        """
        begin = self.next_position(sequence)
        if not tokens:
            raise ModelError("no tokens to run")
        if begin + len(tokens) > self.n_ctx:
            raise ContextTooLong(
                f"the prompt has {begin + len(tokens)} tokens, the context {self.n_ctx}",
                hint="ask for less, or raise model.context",
            )
        last = len(tokens) - 1
        scores: NDArray[np.float32] = np.empty((0, 0), np.float32)
        for low in range(0, len(tokens), self.shape.batch):
            # A GPU does not look at it while it computes a batch.
            check(cancel)
            chunk = enumerate(tokens[low : low + self.shape.batch], low)
            steps = [Step(t, begin + at, sequence, at == last) for at, t in chunk]
            scores = self.decode(steps, cancel)
        after: NDArray[np.float32] = scores[0]
        return after

    def likelihoods(
        self, prompts: Sequence[Sequence[int]], target: Sequence[int], cancel: Stop | None = None
    ) -> list[float]:
        """Mean log probability, in nats per token, of ``target`` after each prompt.

        All prompts run side by side as sequences of one batch, or of as few as they fit in.
        Clears the context.

        Args:
            prompts: none empty; the head of one that is too long for a batch is kept.
            target: tokens scored after every prompt.
            cancel: stops the computation.

        Raises:
            ContextTooLong: the target alone fills a batch.
            Cancelled: ``cancel`` was set.
        """
        room = min(self.shape.batch, self.n_ctx) - len(target)
        if room < 8 or not target:
            raise ContextTooLong(f"the question has {len(target)} tokens", hint="ask for less")
        results: list[float] = []
        pending: list[Sequence[int]] = []
        used = 0
        for prompt in prompts:
            prompt = prompt[:room]
            size = len(prompt) + len(target)
            if pending and (used + size > room or len(pending) == self.shape.sequences):
                check(cancel)
                results += self._score(pending, target, cancel)
                pending, used = [], 0
            pending.append(prompt)
            used += size
        if pending:
            results += self._score(pending, target, cancel)
        self.clear()
        return results

    def _score(
        self, prompts: Sequence[Sequence[int]], target: Sequence[int], cancel: Stop | None
    ) -> list[float]:
        self.clear()
        steps: list[Step] = []
        for sequence, prompt in enumerate(prompts):
            # The scores after the prompt's last token are those of the target's first.
            low, high = len(prompt) - 1, len(prompt) + len(target) - 1
            for at, token in enumerate([*prompt, *target]):
                steps.append(Step(token, at, sequence, low <= at < high))
        scores = self.decode(steps, cancel)
        chosen = scores[np.arange(len(scores)), np.tile(np.asarray(target), len(prompts))]
        top = scores.max(axis=1)
        total = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top
        means = (chosen - total).reshape(len(prompts), len(target)).mean(axis=1)
        return [float(mean) for mean in means]

    def generate(
        self,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        cancel: Stop | None = None,
    ) -> Iterator[str]:
        """The model's text after a prompt, in pieces as they come. Clears the context.

        Args:
            prompt: tokens.
            max_tokens: most tokens to make; fewer when the context is full.
            sampling: how to choose; greedy by default.
            stop: strings before which the text ends.
            cancel: looked at before each token, and while the prompt is read.

        Raises:
            ContextTooLong: the prompt leaves no room for an answer.
            Cancelled: ``cancel`` was set.
            ModelError: the grammar is none.
        """
        request = Request(prompt, max_tokens, sampling or Sampling(), tuple(stop))
        return (piece for _, piece in generate_many(self, [request], cancel))

    def generate_many(
        self, requests: Sequence[Request], cancel: Stop | None = None
    ) -> Iterator[tuple[int, str]]:
        """Texts written side by side; see :func:`lsfs.llm.runtime.generation.generate_many`."""
        return generate_many(self, requests, cancel)

    def go_on(self, request: Request, cancel: Stop | None = None) -> Iterator[str]:
        """The model's text after what sequence 0 holds and a prompt; see :meth:`generate`."""
        return go_on(self, request, cancel)

    def close(self) -> None:
        """Free the cells."""
        if self._handle:
            self._api.llama_batch_free(self._batch)
            self._api.llama_free(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def threads() -> int:
    """One less than the cores that this process may use, and at least one."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _bytes_of(array: NDArray[np.uint8]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _abort_callback(api: Any, cancel: Stop, interrupt: Stop) -> Any:
    def stop(_data: Any) -> bool:
        return cancel.is_set() or interrupt.is_set()

    return api.ggml_abort_callback(stop)
