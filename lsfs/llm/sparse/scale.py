"""By what captured queries are multiplied, so that their scores are the model's own: measured.

Scores are q k / sqrt(size of a head) in most models. Some scale queries before they meet the keys,
and are shown so or not (Phi-3, Gemma); some scale by another number (Granite). llama.cpp's own
attention weights tell: the logarithm of a weight is the score, less what is the same for all cells.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse.capture import Queries, ScoringContext

log = logging.getLogger("lsfs.llm")

PLAIN = frozenset({"llama", "qwen2", "qwen3", "mistral3", "smollm3"})  # known to scale as most do
PAST, ASKED = 24, 8  # tokens
LEAST = 1e-6  # weights below are mostly rounding
STRAIGHT = 0.98  # of the scores that one number explains; less, and they are bent (soft caps)


class WeighingContext(ScoringContext):
    """Shows llama.cpp's attention weights beside the queries; it has them without flash attention.

    Attributes:
        weights: of each layer, [heads, tokens, cells], after queries were asked for.
    """

    def __init__(self, model: Model, shape: Shape, layers: list[int]) -> None:
        super().__init__(model, shape, layers)
        self._names |= {b"kq_soft_max-%d" % layer: -1 - layer for layer in layers}
        self.weights: Queries = {}

    def _params(self) -> Any:
        params = super()._params()
        params.flash_attn_type = 0
        return params

    def _rows(self, layer: int, found: Queries, count: int) -> NDArray[np.float32]:
        if -1 - layer not in found:
            raise ModelError(f"{self.model.path} shows no weights of layer {layer}")
        self.weights[layer] = found[-1 - layer][0]
        return super()._rows(layer, found, count)

    def keys(self, layers: int) -> list[NDArray[np.float16]]:
        """K of the first layers; it stands in the state as always, but V is transposed here.

        Raises:
            ModelError: keys are no float16.
        """
        blob = self.state()
        count = int(blob[12:16].view(np.uint32)[0])
        at, found = 16 + 12 * count + 8, []
        for _ in range(layers):
            kind = int(np.frombuffer(blob[at : at + 4].tobytes(), np.int32)[0])
            width = int(np.frombuffer(blob[at + 4 : at + 12].tobytes(), np.uint64)[0])
            if kind != 1:
                raise ModelError(f"{self.model.path} keeps keys of another type ({kind})")
            rows = blob[at + 12 : at + 12 + count * width].tobytes()
            found.append(np.frombuffer(rows, np.float16).reshape(count, -1))
            at += 12 + count * width
        return found


def query_scale(model: Model) -> float:
    """The factor for a model; 1 where it scales as most do, or where it cannot be told."""
    if model.metadata("general.architecture") in PLAIN:
        return 1.0
    try:
        return _measured(model)
    except ModelError as error:
        log.warning("the scale of attention is taken as usual: %s", error.message)
        return 1.0


def _measured(model: Model) -> float:
    tokens = [(31 * at + 5) % model.n_vocab for at in range(PAST + ASKED)]
    shape = Shape(tokens=256, sequences=1, batch=64, threads=1)
    with WeighingContext(model, shape, [0]) as context:
        context.feed(tokens[:PAST])
        queries = context.queries(tokens[PAST:])[0]
        keys = context.keys(1)[0].astype(np.float32)
        weights = context.weights[0][:, :ASKED, : len(tokens)]
    size = queries.shape[-1]
    rows = keys.reshape(len(keys), -1, size)
    rows = np.repeat(rows, queries.shape[1] // rows.shape[1], axis=1)
    scores = np.einsum("thd,chd->htc", queries, rows) / np.sqrt(size)
    seen = (np.arange(len(tokens)) <= PAST + np.arange(ASKED)[:, None]) & (weights > LEAST)
    x, y = _centred(scores, seen), _centred(np.log(np.maximum(weights, LEAST)), seen)
    across, along = float((x * x).sum()), float((x * y).sum())
    straight = along**2 / max(across * float((y * y).sum()), 1e-30)
    if straight < STRAIGHT:
        raise ModelError(f"scores of {model.path} do not follow from queries and keys alone")
    # What is so near to 1 is 1: digits that differ from run to run would make other stores.
    scale = float(f"{along / across:.3g}")
    return 1.0 if abs(scale - 1) < 0.02 else scale


def _centred(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[Any]:
    """Values less their mean over what a token sees; 0 elsewhere."""
    count = np.maximum(seen.sum(axis=-1, keepdims=True), 1)
    mean = np.where(seen, values, 0.0).sum(axis=-1, keepdims=True) / count
    return np.where(seen, values - mean, 0.0)
