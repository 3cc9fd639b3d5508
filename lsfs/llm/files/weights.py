"""What a GGUF file holds, read from its head: how large the parts of a model are."""

from __future__ import annotations

import ctypes
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.llm.runtime.backend import Backend

_BLOCK = re.compile(rb"blk\.(\d+)\.")
_INPUT, _OUTPUT = b"token_embd.weight", b"output.weight"
_STRING, _ARRAY = 8, 9
# gguf's numbers of the types of whole numbers, and the C type of their values.
_INTEGERS = {
    0: ctypes.c_uint8, 1: ctypes.c_int8, 2: ctypes.c_uint16, 3: ctypes.c_int16, 4: ctypes.c_uint32,
    5: ctypes.c_int32, 10: ctypes.c_uint64, 11: ctypes.c_int64,
}  # fmt: skip
_HALF = 2  # bytes of a value of the attention state


class Weights(Struct, frozen=True):
    """The sizes of a model, in bytes.

    Attributes:
        blocks: of each layer's weights, from the first on.
        output: of what follows the last layer; where it is also the input's, that is counted.
        input: of the embedding of tokens, which stays in the memory of the CPU.
        cell: of one token's attention state in one layer, in float16.
        width: values of a token between layers.
        inner: values of a token inside a layer.
        vocabulary: how many tokens there are.
        context: tokens that the model was trained on.
        least_bytes: of a file that holds all of it.
    """

    blocks: tuple[int, ...]
    output: int
    input: int
    cell: int
    width: int
    inner: int
    vocabulary: int
    context: int
    least_bytes: int = 0


class _Parameters(ctypes.Structure):
    """``struct gguf_init_params``."""

    _fields_ = [("no_alloc", ctypes.c_bool), ("ctx", ctypes.c_void_p)]


def weights_of(path: Path, backend: Backend) -> Weights:
    """The sizes of the model in a file; nothing of its weights is read.

    Raises:
        ModelError: it is no GGUF file, or its head is damaged.
    """
    head = _Head(path, backend)
    try:
        return head.weights()
    finally:
        head.close()


def names_of(path: Path, backend: Backend) -> list[str]:
    """The names of all tensors in a file.

    Raises:
        ModelError: it is no GGUF file, or its head is damaged.
    """
    head = _Head(path, backend)
    try:
        return head.names()
    finally:
        head.close()


class _Head:
    def __init__(self, path: Path, backend: Backend) -> None:
        pointer, number, text = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p
        f = backend.function
        self._count = f("gguf_get_n_tensors", number, pointer)
        self._name = f("gguf_get_tensor_name", text, pointer, number)
        self._size = f("gguf_get_tensor_size", ctypes.c_size_t, pointer, number)
        self._offset = f("gguf_get_tensor_offset", ctypes.c_size_t, pointer, number)
        self._data = f("gguf_get_data_offset", ctypes.c_size_t, pointer)
        self._shape = f("gguf_get_tensor_ne", ctypes.POINTER(number), pointer, number)
        self._find = f("gguf_find_key", number, pointer, text)
        self._type = f("gguf_get_kv_type", ctypes.c_int, pointer, number)
        self._element = f("gguf_get_arr_type", ctypes.c_int, pointer, number)
        self._length = f("gguf_get_arr_n", ctypes.c_size_t, pointer, number)
        self._values = f("gguf_get_arr_data", pointer, pointer, number)
        self._value = f("gguf_get_val_data", pointer, pointer, number)
        self._text = f("gguf_get_val_str", text, pointer, number)
        self._free = f("gguf_free", None, pointer)
        read = f("gguf_init_from_file", pointer, text, _Parameters)
        backend.forget_errors()
        self._handle: Any = read(os.fsencode(path), _Parameters(True, None))
        if not self._handle:
            hint = "it is damaged or no GGUF file: get it again"
            raise backend.failure(f"cannot read the head of the model {path}", hint)

    def close(self) -> None:
        self._free(self._handle)

    def names(self) -> list[str]:
        count = self._count(self._handle)
        return [self._name(self._handle, at).decode("utf-8", "replace") for at in range(count)]

    def weights(self) -> Weights:
        sizes: dict[int, int] = defaultdict(int)
        output = embedding = vocabulary = 0
        has_output, end = False, 0
        for at in range(self._count(self._handle)):
            name, size = self._name(self._handle, at), self._size(self._handle, at)
            end = max(end, self._offset(self._handle, at) + size)
            if found := _BLOCK.match(name):
                sizes[int(found[1])] += size
            elif name == _INPUT:
                embedding, vocabulary = size, self._shape(self._handle, at)[1]
            else:
                output += size
                has_output |= name == _OUTPUT
        key_heads = self._integer("attention.head_count_kv") or self._integer(
            "attention.head_count"
        )
        width = self._integer("embedding_length")
        head = width // max(1, self._integer("attention.head_count"))
        key = self._integer("attention.key_length") or head
        value = self._integer("attention.value_length") or head
        return Weights(
            tuple(sizes[layer] for layer in sorted(sizes)),
            output + (0 if has_output else embedding),
            embedding,
            key_heads * (key + value) * _HALF,
            width,
            self._integer("feed_forward_length"),
            vocabulary,
            self._integer("context_length"),
            self._data(self._handle) + end,
        )

    def _integer(self, key: str) -> int:
        """A whole number of the architecture; of one for each layer the largest; 0: none."""
        architecture = self._find(self._handle, b"general.architecture")
        if architecture < 0 or self._type(self._handle, architecture) != _STRING:
            return 0
        name = self._text(self._handle, architecture) + b"." + key.encode()
        at = self._find(self._handle, name)
        if at < 0:
            return 0
        # The typed getters of the library end the process where the type is another.
        if (kind := self._type(self._handle, at)) != _ARRAY:
            return _integers(kind, self._value(self._handle, at), 1) if kind in _INTEGERS else 0
        kind, count = self._element(self._handle, at), self._length(self._handle, at)
        return _integers(kind, self._values(self._handle, at), count) if kind in _INTEGERS else 0


def _integers(kind: int, address: int, count: int) -> int:
    """The largest of the whole numbers at an address."""
    return max((_INTEGERS[kind] * count).from_address(address), default=0)
