"""Tensors of a running computation, read in place through ggml's C interface.

llama-cpp-python has no accessors of tensors. Their functions are in the library that it has loaded;
shape, type and strides are read off the head of ``struct ggml_tensor`` (ggml.h), which is checked
against what those functions say before anything rests on it.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.runtime.backend import Backend

_DIMENSIONS = 4
_F32, _F16, _BF16 = 0, 1, 30  # ggml's numbers of the types that are read
_FLOATS: dict[int, tuple[bytes, np.dtype[Any]]] = {
    _F32: (b"f32", np.dtype(np.float32)),
    _F16: (b"f16", np.dtype(np.float16)),
    _BF16: (b"bf16", np.dtype(np.uint16)),  # the upper half of an f32
}


class _Head(ctypes.Structure):
    """The first fields of ``struct ggml_tensor``."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * _DIMENSIONS),
        ("nb", ctypes.c_size_t * _DIMENSIONS),
    ]


class Tensors:
    """Reads tensors by their address.

    Raises:
        ModelError: the library has not the functions that are needed, or numbers types otherwise.
    """

    def __init__(self, backend: Backend) -> None:
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self._name = backend.function("ggml_get_name", ctypes.c_char_p, pointer)
        self._elements = backend.function("ggml_nelements", ctypes.c_int64, pointer)
        self._bytes = backend.function("ggml_nbytes", size, pointer)
        self._element_size = backend.function("ggml_element_size", size, pointer)
        self._get = backend.function("ggml_backend_tensor_get", None, pointer, pointer, size, size)
        type_name = backend.function("ggml_type_name", ctypes.c_char_p, ctypes.c_int)
        for number, (name, _) in _FLOATS.items():
            if type_name(number) != name:
                raise _unexpected(f"type {number} is {type_name(number)!r}")

    def name(self, address: int) -> bytes:
        """The name of a tensor, as the graph's builder gave it."""
        return bytes(self._name(address))

    def read(self, address: int) -> NDArray[np.float32]:
        """The values of a tensor, from whatever device it is on.

        Args:
            address: of a tensor that is computed and holds f32, f16 or bf16; any strides.

        Returns:
            float32 of the shape of ggml's ``ne``, reversed: the dimension that is contiguous in
            memory is the last. A copy.

        Raises:
            ModelError: it holds another type, or is laid out otherwise than expected.
        """
        head = _Head.from_address(address)
        dtype = self._checked(address, head)
        raw = np.empty(self._bytes(address), np.uint8)
        self._get(address, raw.ctypes.data, 0, len(raw))
        shape, strides = tuple(head.ne)[::-1], tuple(head.nb)[::-1]
        values = np.lib.stride_tricks.as_strided(raw.view(dtype), shape, strides)
        if head.type == _BF16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        return np.array(values, np.float32)

    def _checked(self, address: int, head: Any) -> np.dtype[Any]:
        """The type of the values, once the fields agree with the library's functions."""
        count, size, total = (f(address) for f in (self._elements, self._element_size, self._bytes))
        shape, strides = tuple(head.ne), tuple(head.nb)
        if min(shape) < 1 or math.prod(shape) != count:
            raise _unexpected(f"a tensor of {count} values has the shape {shape}")
        _, dtype = _FLOATS.get(head.type, (b"", np.dtype(np.void)))
        if dtype.itemsize != size:
            raise _unexpected(f"a tensor of type {head.type} has values of {size} bytes")
        span = size + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if span != total or strides[0] % size:
            raise _unexpected(f"a tensor of {total} bytes has the strides {strides}")
        return dtype


def _unexpected(what: str) -> ModelError:
    hint = "install the release of llama-cpp-python that lsfs names, or report this one"
    return ModelError(f"llama.cpp's tensors are not laid out as expected: {what}", hint=hint)
