"""A GGUF model on llama.cpp's C interface: its weights, its tokens, its form of a conversation."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from msgspec import Struct

from lsfs.errors import ModelError
from lsfs.llm.runtime.backend import Backend, backend
from lsfs.llm.runtime.room import check_room

_PIECE_BYTES = 64
_VALUE_BYTES = 1024
_NO_TOKENIZER = 0  # llama.cpp's kind of vocabulary without texts; it ends the process at any use
# What the library says of a file that it does not load, and what to do then.
_ADVICE = {
    "magic": "it is no GGUF file: see what it is, and set model.chat to a GGUF file",
    "unknown model architecture": "this llama-cpp-python does not know such models: "
    "pip install --upgrade llama-cpp-python, or use another model",
    "cannot be used as main model": "it is a part of another model: use the language model's file",
    "not within the file bounds": "it is not whole: get it again",
    "failed to read": "it is not whole, or damaged: get it again",
}


class Message(Struct, frozen=True):
    """One turn of a conversation; ``role`` is system, user or assistant."""

    role: str
    content: str


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
        self.gpu_layers = default if gpu_layers is None else gpu_layers
        params.n_gpu_layers = self.gpu_layers
        check_room(path.stat().st_size, f"cannot load the model {path}", touched=False)
        self.backend.forget_errors()
        self._handle = self._api.llama_model_load_from_file(os.fsencode(path), params)
        if not self._handle:
            raise self.backend.failure(
                f"cannot load the model {path}", _advice(self.backend.said())
            )
        self.path = path
        self.vocabulary: Any = self._api.llama_model_get_vocab(self._handle)
        self._has_text = self._api.llama_vocab_type(self.vocabulary) != _NO_TOKENIZER
        self.n_vocab: int = self._api.llama_vocab_n_tokens(self.vocabulary)
        self.n_ctx_train: int = self._api.llama_model_n_ctx_train(self._handle)
        self._buffer = ctypes.create_string_buffer(_PIECE_BYTES)

    def context_bytes(self, tokens: int, batch: int) -> int:
        """About how many bytes a context takes: its attention state, and what a batch computes."""
        api, handle = self._api, self.handle
        architecture = self.metadata("general.architecture")
        width, heads = api.llama_model_n_embd(handle), api.llama_model_n_head(handle)
        head = width // max(1, heads)
        key, value, inner = (
            self.metadata(f"{architecture}.{name}")
            for name in ("attention.key_length", "attention.value_length", "feed_forward_length")
        )
        cell = api.llama_model_n_head_kv(handle) * (int(key or head) + int(value or head)) * 2
        row = self.n_vocab + 4 * width + 3 * (int(inner) if inner.isdecimal() else 4 * width)
        return int(api.llama_model_n_layer(handle) * cell * tokens + batch * row * 4)

    @property
    def handle(self) -> Any:
        """The C pointer.

        Raises:
            ModelError: the model was closed.
        """
        if not self._handle:
            raise ModelError("the model is closed")
        return self._handle

    def check_text(self) -> None:
        """See that tokens can be made of text and text of tokens.

        Raises:
            ModelError: the file has no tokenizer, or the model was closed.
        """
        if self.handle and not self._has_text:
            hint = "get one that was converted whole, or set model.chat to another"
            raise ModelError(f"{self.path} has no tokenizer", hint=hint)

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
        self.check_text()
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            tokens = (self._api.llama_token * room)()
            count = self._api.llama_tokenize(
                self.vocabulary, data, len(data), tokens, room, begin, special
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
        self.check_text()
        args = (self.vocabulary, token)
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
        _ = self.handle
        return bool(self._api.llama_vocab_is_eog(self.vocabulary, token))

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

    def close(self) -> None:
        """Free the weights; contexts on them must be closed before."""
        if self._handle:
            self._api.llama_model_free(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _advice(said: str) -> str:
    """What to do about a file that llama.cpp does not load."""
    found = (advice for word, advice in _ADVICE.items() if word in said)
    return next(found, "it is damaged, or not converted for llama.cpp: get another one")
