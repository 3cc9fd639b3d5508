"""Queries (Q) of chosen layers, as a model computes them while it reads tokens.

llama.cpp shows each tensor of a running computation to a callback (``cb_eval``). The last tensor
that is called ``Qcur-<layer>`` is the one that meets the keys: it has its position in it (RoPE).
The graph is computed piece by piece where something is captured, so that scoring has a context of
its own, apart from the one that writes; both share the model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.runtime.batch import Shape, Step, Stop
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse.tensors import Tensors

_QUERIES = b"Qcur-%d"

Queries = dict[int, NDArray[np.float32]]


class ScoringContext(Context):
    """A context that shows the queries of some layers.

    Args:
        model: stays open for as long as the context.
        shape: its size.
        layers: whose queries are captured, from 0 on.
        scale: what they are multiplied by; see lsfs.llm.sparse.scale.

    Raises:
        ModelError: there are no such layers, the context cannot be made, or the library's tensors
            cannot be read.
        OutOfMemory: it does not fit.
    """

    def __init__(
        self, model: Model, shape: Shape, layers: Sequence[int], scale: float = 1.0
    ) -> None:
        count = model.backend.api.llama_model_n_layer(model.handle)
        if not layers or not all(0 <= layer < count for layer in layers):
            raise ModelError(f"no layers {list(layers)} in a model of {count}")
        self.layers = tuple(sorted(set(layers)))
        self._scale = np.float32(scale)
        self._tensors = Tensors(model.backend)
        self._names = {_QUERIES % layer: layer for layer in self.layers}
        self._capturing = False
        self._seen = dict.fromkeys(self._names, 0)
        self._last: dict[bytes, int] = {}  # how often each name occurs in a graph, once known
        self._found: Queries = {}
        self._failure: BaseException | None = None
        # The library has a bare pointer to it, so it must live as long as the context.
        self._callback = model.backend.api.ggml_backend_sched_eval_callback(self._on_tensor)
        super().__init__(model, shape)

    def _params(self) -> Any:
        params = super()._params()
        params.cb_eval = self._callback
        return params

    def queries(
        self, tokens: Sequence[int], sequence: int = 0, cancel: Stop | None = None
    ) -> Queries:
        """Run tokens after what a sequence holds, and capture their queries.

        Args:
            tokens: at most a batch of them.
            sequence: goes on at its ``next_position``; it holds the tokens afterwards.
            cancel: stops the computation.

        Returns:
            For each layer float32 [tokens, heads, size of a head]: with their positions rotated
            into them. Times a key of the attention state (:mod:`lsfs.llm.kv.kvblob`) of the head
            that serves the query, by the square root of the head's size, this is the score before
            the softmax, where the scale is the model's.

        Raises:
            ContextTooLong: they do not fit a batch, or the context.
            Cancelled: ``cancel`` was set.
            ModelError: the model computes no such queries, or tensors cannot be read.
        """
        if len(tokens) > self.shape.batch:
            raise ModelError(f"a batch of {len(tokens)} tokens, over {self.shape.batch}")
        with self._capturing_as(len(tokens)) as found:
            self.feed(tokens, sequence, cancel)
        return found

    def watch(
        self, steps: Sequence[Step], cancel: Stop | None = None
    ) -> tuple[Queries, NDArray[np.float32]]:
        """As :meth:`lsfs.llm.runtime.engine.Context.decode`, with the queries of its tokens.

        Args:
            steps: see there.
            cancel: stops the computation.

        Returns:
            Queries as :meth:`queries` gives them, and the scores that are wanted.
        """
        with self._capturing_as(len(steps)) as found:
            scores = self.decode(steps, cancel)
        return found, scores

    @contextlib.contextmanager
    def _capturing_as(self, count: int) -> Iterator[Queries]:
        """Queries of the ``count`` tokens that are run meanwhile; filled when it ends."""
        queries: Queries = {}
        self._found, self._failure = {}, None
        self._seen = dict.fromkeys(self._names, 0)
        self._capturing = True
        try:
            yield queries
        finally:
            self._capturing = False
        if self._failure is not None:
            raise self._failure
        self._last = self._seen
        found, self._found = self._found, {}
        queries.update({layer: self._rows(layer, found, count) for layer in self.layers})

    def _rows(self, layer: int, found: Queries, count: int) -> NDArray[np.float32]:
        heads = self._api.llama_model_n_head(self.model.handle)
        values = found.get(layer)
        if values is None or values.size % (count * heads) or values.shape[:2] != (1, count):
            shape = None if values is None else values.shape
            hint = "report the model's name; answers are found without its queries until then"
            raise ModelError(
                f"{self.model.path} shows no queries of layer {layer} ({shape})", hint=hint
            )
        rows = values.reshape(count, heads, -1)
        return rows if self._scale == 1 else rows * self._scale

    def _on_tensor(self, address: int, asked: bool, _data: Any) -> bool:
        """llama.cpp shows a tensor: is it wanted; and then, there it is. True goes on."""
        if not self._capturing or self._failure is not None:
            return not asked
        # An exception cannot pass through C: it waits until the computation has ended.
        try:
            return self._wanted(address) if asked else self._take(address)
        except BaseException as error:
            self._failure = error
            return False

    def _wanted(self, address: int) -> bool:
        name = self._tensors.name(address)
        if name not in self._names:
            return False
        self._seen[name] += 1
        return self._seen[name] >= self._last.get(name, 0)

    def _take(self, address: int) -> bool:
        layer = self._names[self._tensors.name(address)]
        self._found[layer] = self._tensors.read(address)
        return True
