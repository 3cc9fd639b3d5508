"""A GGUF model on llama.cpp's C interface: tokens, contexts, likelihoods, generation.

The high-level wrapper of llama-cpp-python is not used: it keeps all scores, and cannot hold several
sequences in one context. Objects of this module are not safe for use by two threads at once.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import Cancelled, ContextTooLong, ModelError, OutOfMemory
from lsfs.llm.backend import Backend, backend

FLASH_ATTENTION = 1  # always on: V is stored in rows, and unused cells cost next to nothing
_PIECE_BYTES = 64
_VALUE_BYTES = 1024
_ALL_SEQUENCES = -1


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 always takes the likeliest token, and then only the penalty counts.
        top_p: only the likeliest tokens that together have this probability are kept.
        seed: equal seeds give equal texts.
        penalty: divides the scores of recent tokens; 1 is none.
        penalty_window: how many tokens are recent.
        grammar: what the text must be, in llama.cpp's GBNF, from its rule ``root`` on; "" is any.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    penalty: float = 1.0
    penalty_window: int = 64
    grammar: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a context.

    Attributes:
        tokens: cells for tokens, over all its sequences; 0 is as many as the model was trained on.
        sequences: sequences that can be held at once, at most 256.
        batch: tokens of one call at most.
        threads: 0 is one less than there are cores; as many as cores is far slower on a busy
            machine, because every thread waits for the slowest.
    """

    tokens: int = 4096
    sequences: int = 16
    batch: int = 512
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a batch: where it goes, and whether the scores after it are wanted."""

    token: int
    position: int
    sequence: int = 0
    wanted: bool = False


class Model:
    """The weights and the vocabulary of a GGUF file.

    Args:
        path: the file.
        gpu_layers: layers to run on the GPU; by default all when the build can, else none.

    Raises:
        ModelError: the file cannot be read as a model.
        OutOfMemory: it does not fit.
    """

    def __init__(self, path: Path, *, gpu_layers: int | None = None) -> None:
        self._handle: Any = None
        self.backend: Backend = backend()
        self._api = self.backend.api
        if not path.is_file():
            raise ModelError(f"no model file at {path}", hint="see: lsfs config get model.chat")
        params = self._api.llama_model_default_params()
        default = -1 if self.backend.gpu else 0
        params.n_gpu_layers = default if gpu_layers is None else gpu_layers
        self.backend.forget_errors()
        self._handle = self._api.llama_model_load_from_file(os.fsencode(path), params)
        if not self._handle:
            hint = "check that it is a whole GGUF file that this llama-cpp-python knows"
            raise self.backend.failure(f"cannot load the model {path}", hint)
        self.path = path
        self._vocab = self._api.llama_model_get_vocab(self._handle)
        self.n_vocab: int = self._api.llama_vocab_n_tokens(self._vocab)
        self.n_ctx_train: int = self._api.llama_model_n_ctx_train(self._handle)
        self._buffer = ctypes.create_string_buffer(_PIECE_BYTES)

    @property
    def handle(self) -> Any:
        """The C pointer.

        Raises:
            ModelError: the model was closed.
        """
        if not self._handle:
            raise ModelError("the model is closed")
        return self._handle

    def metadata(self, key: str) -> str:
        """A value of the file's metadata, as text; "" when it has none of that name."""
        buffer = ctypes.create_string_buffer(_VALUE_BYTES)
        args = (self.handle, key.encode(), buffer, len(buffer))
        size = self._api.llama_model_meta_val_str(*args)
        return buffer.value.decode("utf-8", "replace") if size >= 0 else ""

    def tokenise(self, text: str, *, special: bool = False, begin: bool = False) -> list[int]:
        """The tokens of a text.

        Args:
            text: any text; lone surrogates are read as question marks.
            special: read the names of control tokens as such. Never for text from files: that
                could end its turn and speak in another role.
            begin: put the model's begin token first, if it has one.
        """
        _ = self.handle
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            tokens = (self._api.llama_token * room)()
            count = self._api.llama_tokenize(
                self._vocab, data, len(data), tokens, room, begin, special
            )
            if count >= 0:
                return list(tokens[:count])
            room = -count

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; a character may be spread over several.

        Args:
            token: its number.
            special: give the names of control tokens, too.
        """
        _ = self.handle
        args = (self._vocab, token)
        size = self._api.llama_token_to_piece(*args, self._buffer, len(self._buffer), 0, special)
        if size < 0:
            self._buffer = ctypes.create_string_buffer(-size)
            size = self._api.llama_token_to_piece(
                *args, self._buffer, len(self._buffer), 0, special
            )
        return self._buffer.raw[:size]

    def detokenise(self, tokens: Iterable[int], *, special: bool = False) -> str:
        """The text of tokens; bytes that are not UTF-8 become U+FFFD."""
        return b"".join(self.piece(t, special=special) for t in tokens).decode("utf-8", "replace")

    def is_end(self, token: int) -> bool:
        """Whether the token ends the model's turn."""
        return bool(self._api.llama_vocab_is_eog(self._vocab, token))

    def chat_tokens(self, messages: Sequence[Message]) -> list[int]:
        """A conversation in the model's own form, up to where the assistant begins to speak.

        The form is laid around placeholders, and each message is tokenised on its own, without
        control tokens. So a text that holds ``<|im_end|>`` stays text.

        Raises:
            ModelError: the template cannot be applied.
        """
        marks = [f"\x02message{number}\x03" for number in range(len(messages))]
        form = self._apply_template([m.role for m in messages], marks)
        tokens: list[int] = []
        for mark, message in zip(marks, messages, strict=True):
            before, found, form = form.partition(mark)
            if not found:
                raise ModelError(f"the chat template of {self.path} drops messages")
            tokens += self.tokenise(before, special=True)
            tokens += self.tokenise(message.content)
        return tokens + self.tokenise(form, special=True)

    def _apply_template(self, roles: Sequence[str], contents: Sequence[str]) -> str:
        api = self._api
        chat = (api.llama_chat_message * len(roles))()
        for turn, role, content in zip(chat, roles, contents, strict=True):
            turn.role, turn.content = role.encode(), content.encode()
        template = api.llama_model_chat_template(self.handle, None)
        # Templates that llama.cpp does not know are answered with -1; most models read ChatML.
        for form in (template, b"chatml"):
            size = 1024
            while form and size > 0:
                buffer = ctypes.create_string_buffer(size)
                needed = api.llama_chat_apply_template(form, chat, len(chat), True, buffer, size)
                if 0 <= needed <= size:
                    return buffer.raw[:needed].decode("utf-8", "replace")
                size = needed
        raise ModelError(f"the chat template of {self.path} cannot be used")

    def grammar(self, text: str) -> Any:
        """A sampler that lets only what a grammar allows; whoever adds it to a chain gives it up.

        Raises:
            ModelError: the grammar is none.
        """
        self.backend.forget_errors()
        sampler = self._api.llama_sampler_init_grammar(self._vocab, text.encode(), b"root")
        if not sampler:
            raise self.backend.failure("the grammar cannot be read", "report it")
        return sampler

    def close(self) -> None:
        """Free the weights; contexts on them must be closed before."""
        if self._handle:
            self._api.llama_model_free(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


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
        model.backend.forget_errors()
        self._handle = self._api.llama_init_from_model(model.handle, self._params())
        if not self._handle:
            what = f"cannot make a context of {self.shape.tokens} tokens for {model.path}"
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
        """The attention state of a sequence; see :mod:`lsfs.llm.kvblob`.

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

    def decode(self, steps: Sequence[Step], cancel: Event | None = None) -> NDArray[np.float32]:
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
        handle, api = self.handle, self._api
        # Kept in a local name: the library has a bare pointer to it.
        abort = self._no_abort if cancel is None else _abort_callback(api, cancel)
        api.llama_set_abort_callback(handle, abort, None)
        self.model.backend.forget_errors()
        code = api.llama_decode(handle, self._batch)
        if code == 0:
            api.llama_synchronize(handle)
        api.llama_set_abort_callback(handle, self._no_abort, None)
        if code != 0:
            raise self._decode_error(code)
        wanted = sum(step.wanted for step in steps)
        if not wanted:
            return np.empty((0, self.model.n_vocab), np.float32)
        scores: NDArray[np.float32] = np.ctypeslib.as_array(
            api.llama_get_logits(handle), shape=(wanted, self.model.n_vocab)
        )
        return scores

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
        self, tokens: Sequence[int], sequence: int = 0, cancel: Event | None = None
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
            chunk = enumerate(tokens[low : low + self.shape.batch], low)
            steps = [Step(t, begin + at, sequence, at == last) for at, t in chunk]
            scores = self.decode(steps, cancel)
        after: NDArray[np.float32] = scores[0]
        return after

    def likelihoods(
        self, prompts: Sequence[Sequence[int]], target: Sequence[int], cancel: Event | None = None
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
                results += self._score(pending, target, cancel)
                pending, used = [], 0
            pending.append(prompt)
            used += size
        if pending:
            results += self._score(pending, target, cancel)
        self.clear()
        return results

    def _score(
        self, prompts: Sequence[Sequence[int]], target: Sequence[int], cancel: Event | None
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
        cancel: Event | None = None,
    ) -> Iterator[str]:
        """The model's text after a prompt, in pieces as they come. Clears the context.

        Args:
            prompt: tokens.
            max_tokens: most tokens to make; fewer when the context is full.
            sampling: how to choose; greedy by default.
            stop: strings before which the text ends.
            cancel: looked at before each token.

        Raises:
            ContextTooLong: the prompt leaves no room for an answer.
            Cancelled: ``cancel`` was set.
            ModelError: the grammar is none.
        """
        if len(prompt) >= self.n_ctx:
            raise ContextTooLong(
                f"the prompt has {len(prompt)} tokens, the context {self.n_ctx}",
                hint="ask for less, or raise model.context",
            )
        tokens = self._tokens(prompt, max_tokens, sampling or Sampling(), cancel)
        return _until(stop, _decoded(self.model.piece(token) for token in tokens))

    def _tokens(
        self, prompt: Sequence[int], most: int, sampling: Sampling, cancel: Event | None
    ) -> Iterator[int]:
        sampler = _sampler(self.model, sampling)
        try:
            self.clear()
            self.feed(prompt, cancel=cancel)
            for _ in range(min(most, self.n_ctx - len(prompt))):
                if cancel is not None and cancel.is_set():
                    raise Cancelled("the model was stopped")
                token = int(self._api.llama_sampler_sample(sampler, self.handle, -1))
                if self.model.is_end(token):
                    return
                yield token
                # One token is quick: it is not worth a callback for every tensor.
                self.feed([token])
        finally:
            self._api.llama_sampler_free(sampler)

    def close(self) -> None:
        """Free the cells."""
        if self._handle:
            self._api.llama_batch_free(self._batch)
            self._api.llama_free(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


def threads() -> int:
    """One less than the cores that this process may use, and at least one."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _bytes_of(array: NDArray[np.uint8]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _abort_callback(api: Any, cancel: Event) -> Any:
    def stop(_data: Any) -> bool:
        return cancel.is_set()

    return api.ggml_abort_callback(stop)


def _sampler(model: Model, sampling: Sampling) -> Any:
    """A chain of samplers; it owns its links."""
    api = model.backend.api
    grammar = model.grammar(sampling.grammar) if sampling.grammar else None
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    links = [grammar] if grammar else []
    if sampling.penalty != 1.0:
        make = api.llama_sampler_init_penalties
        args = (sampling.penalty_window, sampling.penalty, 0.0, 0.0)
        # Newer releases of the library are told the size of the vocabulary first.
        links.append(make(model.n_vocab, *args) if len(make.argtypes) == 5 else make(*args))
    if sampling.temperature <= 0:
        links.append(api.llama_sampler_init_greedy())
    else:
        if sampling.top_p < 1:
            links.append(api.llama_sampler_init_top_p(sampling.top_p, 1))
        links.append(api.llama_sampler_init_temp(sampling.temperature))
        links.append(api.llama_sampler_init_dist(sampling.seed))
    for link in links:
        api.llama_sampler_chain_add(chain, link)
    return chain


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """Text from bytes; a character that is spread over pieces comes with the last of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def _until(stop: Sequence[str], pieces: Iterable[str]) -> Iterator[str]:
    """Pieces up to the first stop string, which may be spread over several of them."""
    stops = [text for text in stop if text]
    held = ""
    for piece in pieces:
        held += piece
        found = [at for at in (held.find(text) for text in stops) if at >= 0]
        if found:
            if held[: min(found)]:
                yield held[: min(found)]
            return
        keep = max((_overlap(held, text) for text in stops), default=0)
        ready, held = held[: len(held) - keep], held[len(held) - keep :]
        if ready:
            yield ready
    if held:
        yield held


def _overlap(text: str, stop: str) -> int:
    """How many of the last characters of ``text`` could begin ``stop``."""
    return next((n for n in range(len(stop) - 1, 0, -1) if text.endswith(stop[:n])), 0)
