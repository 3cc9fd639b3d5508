"""What a question looks for: the queries of a model's attention, taken while it runs."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.llm.engine import Context, Model, Shape


class _Tensor(ctypes.Structure):
    _fields_ = [  # noqa: RUF012
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
    ]


class ScoringContext(Context):
    """Stand-in until the engine's own lands."""

    def __init__(self, model: Model, shape: Shape, layers: Sequence[int]) -> None:
        self._names = {f"Qcur-{layer}".encode(): layer for layer in layers}
        self._found: dict[int, NDArray[np.float32]] = {}
        self._on = False
        super().__init__(model, shape)

    def _params(self) -> Any:
        import llama_cpp

        params = super()._params()
        library = ctypes.CDLL(str(Path(llama_cpp.__file__).parent / "lib" / "libggml-base.so"))
        library.ggml_get_name.restype = ctypes.c_char_p
        library.ggml_get_name.argtypes = [ctypes.c_void_p]
        library.ggml_nbytes.restype = ctypes.c_size_t
        library.ggml_nbytes.argtypes = [ctypes.c_void_p]
        get = library.ggml_backend_tensor_get
        get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]

        def callback(tensor: int, ask: bool, _data: Any) -> bool:
            if not self._on:
                return not ask
            layer = self._names.get(library.ggml_get_name(tensor))
            if ask or layer is None:
                return layer is not None or not ask
            head = _Tensor.from_address(tensor)
            raw = np.empty(library.ggml_nbytes(tensor), np.uint8)
            get(tensor, raw.ctypes.data, 0, len(raw))
            view = np.lib.stride_tricks.as_strided(
                raw.view(np.float32), tuple(head.ne)[::-1], tuple(head.nb)[::-1]
            )
            self._found[layer] = view[0].copy()
            return True

        self._callback = self._api.ggml_backend_sched_eval_callback(callback)
        params.cb_eval = self._callback
        return params

    def queries(self, tokens: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Feed tokens; their queries [tokens, heads, size] of each layer."""
        self._found = {}
        self._on = True
        try:
            self.feed(tokens)
        finally:
            self._on = False
        return dict(self._found)
