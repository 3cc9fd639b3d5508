"""Attention masses computed by ggml, on the device that has the model's layers.

numpy needs some 3 ms of a core for one layer of one block of a model of 8 billion parameters, a GPU
nothing that counts. The small graph is made here through ggml's C interface, in the libraries that
llama-cpp-python has loaded; on a CPU numpy is as fast, and is used
(:func:`lsfs.llm.sparse.select.mass`).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError, OutOfMemory
from lsfs.llm.kv.kvblob import Rows
from lsfs.llm.runtime.backend import Backend
from lsfs.llm.sparse.select import Floats, Queries

CPU, GPU = 0, 1  # ggml's numbers of the kinds of devices
_F32, _F16 = 0, 1  # and of types
_EXACT = 10  # GGML_PREC_F32: products of float16 are summed in float32
_TENSORS, _NODES = 32, 32  # more than a graph here has


class _InitParams(ctypes.Structure):
    """``struct ggml_init_params``."""

    _fields_ = [
        ("mem_size", ctypes.c_size_t),
        ("mem_buffer", ctypes.c_void_p),
        ("no_alloc", ctypes.c_bool),
    ]


_P, _I, _N, _F = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_float
_LONG = ctypes.c_int64
_FUNCTIONS: dict[str, tuple[Any, ...]] = {  # what each returns, and its arguments
    "ggml_init": (_P, _InitParams),
    "ggml_free": (None, _P),
    "ggml_tensor_overhead": (_N,),
    "ggml_graph_overhead_custom": (_N, _N, ctypes.c_bool),
    "ggml_new_tensor_4d": (_P, _P, _I, _LONG, _LONG, _LONG, _LONG),
    "ggml_reshape_4d": (_P, _P, _P, _LONG, _LONG, _LONG, _LONG),
    "ggml_permute": (_P, _P, _P, _I, _I, _I, _I),
    "ggml_cont": (_P, _P, _P),
    "ggml_mul_mat": (_P, _P, _P, _P),
    "ggml_mul_mat_set_prec": (None, _P, _I),
    "ggml_soft_max_ext": (_P, _P, _P, _P, _F, _F),
    "ggml_sum_rows": (_P, _P, _P),
    "ggml_set_input": (None, _P),
    "ggml_set_output": (None, _P),
    "ggml_new_graph_custom": (_P, _P, _N, ctypes.c_bool),
    "ggml_build_forward_expand": (None, _P, _P),
    "ggml_backend_dev_by_type": (_P, _I),
    "ggml_backend_dev_init": (_P, _P, ctypes.c_char_p),
    "ggml_backend_free": (None, _P),
    "ggml_backend_supports_op": (ctypes.c_bool, _P, _P),
    "ggml_backend_get_default_buffer_type": (_P, _P),
    "ggml_backend_alloc_ctx_tensors": (_P, _P, _P),
    "ggml_backend_buffer_free": (None, _P),
    "ggml_gallocr_new": (_P, _P),
    "ggml_gallocr_alloc_graph": (ctypes.c_bool, _P, _P),
    "ggml_gallocr_free": (None, _P),
    "ggml_backend_tensor_set": (None, _P, _P, _N, _N),
    "ggml_backend_tensor_get": (None, _P, _P, _N, _N),
    "ggml_backend_graph_compute": (_I, _P, _P),
}


class DeviceMasses:
    """Masses of queries over keys; for use from any thread.

    Args:
        backend: the library.
        kind: of the device, :data:`GPU` or :data:`CPU`; the first of its kind is taken.

    Raises:
        ModelError: there is no such device, or the library has not the functions that are needed.
    """

    def __init__(self, backend: Backend, kind: int = GPU) -> None:
        self._ggml = _Ggml(backend)
        self._lock = Lock()
        self._asked: _Asked | None = None
        device = self._ggml.backend_dev_by_type(kind)
        self._device = self._ggml.backend_dev_init(device, None) if device else None
        if not self._device:
            raise ModelError("llama.cpp has no such device to compute on")
        kind_of_buffer = self._ggml.backend_get_default_buffer_type(self._device)
        self._memory = self._ggml.gallocr_new(kind_of_buffer)

    def masses(self, queries: Queries, keys: Sequence[Rows], key_heads: int) -> Floats:
        """The attention that each cell gets, per token of the question, in several layers.

        Args:
            queries: of each layer, rotated to their positions, float32 [tokens, heads, head size];
                they stay on the device until others come.
            keys: of the same layers from the first on, rotated to theirs, float16
                [cells, key heads x head size].
            key_heads: heads of keys; each serves as many heads of queries, one after the other.

        Returns:
            float32 [layers, heads, cells]; each head sums to 1. As
            :func:`lsfs.llm.sparse.select.mass`, but for the last digits: queries are rounded to
            float16 where the device does so.

        Raises:
            OutOfMemory: it does not fit the device.
            ModelError: the device failed, or lacks an operation.
        """
        stacked = np.stack(keys).astype(np.float16, copy=False)
        with self._lock:
            if self._asked is None or self._asked.queries is not queries:
                self._forget()
                self._asked = _Asked(self._ggml, self._device, queries, key_heads)
            return self._asked.masses(stacked, self._memory)

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.close()
            self._asked = None

    def close(self) -> None:
        """Free what it has on the device."""
        with self._lock:
            self._forget()
            if self._device:
                self._ggml.gallocr_free(self._memory)
                self._ggml.backend_free(self._device)
                self._device = None


class _Ggml:
    """The functions of ggml, without their first word."""

    def __init__(self, backend: Backend) -> None:
        for name, (result, *arguments) in _FUNCTIONS.items():
            setattr(self, name.removeprefix("ggml_"), backend.function(name, result, *arguments))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(name)  # says to a reader of types that there are others

    def context(self) -> Any:
        """Room for the heads of tensors and of one graph, without their values."""
        heads = _TENSORS * self.tensor_overhead()
        size = heads + self.graph_overhead_custom(_NODES, False)
        return self.init(_InitParams(size, None, True))


class _Asked:
    """Queries that are on a device."""

    def __init__(self, ggml: _Ggml, device: Any, queries: Queries, key_heads: int) -> None:
        self.queries = queries
        self._ggml, self._device = ggml, device
        rows = np.stack([queries[layer] for layer in sorted(queries)])
        layers, tokens, heads, size = rows.shape  # as they are captured
        self._shape = layers, tokens, heads // key_heads, key_heads, size
        grouped = rows.reshape(layers, tokens, key_heads, -1, size).transpose(0, 2, 3, 1, 4)
        self._context = ggml.context()
        of_a_head = tokens * heads // key_heads
        self._tensor = ggml.new_tensor_4d(self._context, _F32, size, of_a_head, key_heads, layers)
        self._buffer = ggml.backend_alloc_ctx_tensors(self._context, device)
        if not self._buffer:
            ggml.free(self._context)
            raise OutOfMemory("a question does not fit the memory of the device")
        _set(ggml, self._tensor, np.ascontiguousarray(grouped, np.float32))

    def masses(self, keys: NDArray[np.float16], memory: Any) -> Floats:
        """See :meth:`DeviceMasses.masses`; keys are [layers, cells, key heads x head size]."""
        ggml = self._ggml
        layers, tokens, group, key_heads, _ = self._shape
        context = ggml.context()
        try:
            given, found, graph = self._graph(context, keys.shape[1])
            if not ggml.gallocr_alloc_graph(memory, graph):
                raise OutOfMemory("a look at a text does not fit the memory of the device")
            _set(ggml, given, keys)
            if (code := ggml.backend_graph_compute(self._device, graph)) != 0:
                raise ModelError(f"the device failed at a look at a text ({code})")
            sums = np.empty((layers, key_heads * group, keys.shape[1]), np.float32)
            ggml.backend_tensor_get(found, sums.ctypes.data, 0, sums.nbytes)
        finally:
            ggml.free(context)
        sums /= tokens
        return sums

    def _graph(self, context: Any, cells: int) -> tuple[Any, Any, Any]:
        """What is given, what is found, and how; in ggml the first dimension is contiguous."""
        ggml = self._ggml
        layers, tokens, group, key_heads, size = self._shape
        given = ggml.new_tensor_4d(context, _F16, size, key_heads, cells, layers)
        ggml.set_input(given)
        by_head = ggml.permute(context, given, 0, 2, 1, 3)  # [size, cells, key heads, layers]
        scores = ggml.mul_mat(context, by_head, self._tensor)
        ggml.mul_mat_set_prec(scores, _EXACT)
        shares = ggml.soft_max_ext(context, scores, None, 1 / math.sqrt(size), 0.0)
        each = ggml.reshape_4d(context, shares, cells, tokens, group, key_heads * layers)
        by_token = ggml.cont(context, ggml.permute(context, each, 1, 0, 2, 3))
        found = ggml.sum_rows(context, by_token)
        ggml.set_output(found)
        if not all(
            ggml.backend_supports_op(self._device, one) for one in (scores, shares, by_token, found)
        ):
            raise ModelError("the device lacks an operation that looking at a text needs")
        graph = ggml.new_graph_custom(context, _NODES, False)
        ggml.build_forward_expand(graph, found)
        return given, found, graph

    def close(self) -> None:
        """Free them."""
        self._ggml.backend_buffer_free(self._buffer)
        self._ggml.free(self._context)


def _set(ggml: _Ggml, tensor: Any, values: NDArray[Any]) -> None:
    ggml.backend_tensor_set(tensor, values.ctypes.data, 0, values.nbytes)
