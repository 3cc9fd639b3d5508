"""What a model's attention state is like, and whether lsfs can handle it."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from lsfs.errors import ContextTooLong, ModelError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.kvblob import Rope
from lsfs.llm.runtime.engine import Context, Model, Step
from lsfs.llm.sparse.scale import query_scale

_NORMAL, _NEOX = 0, 2  # llama.cpp's numbers of the kinds of RoPE that turn pairs by one position
PROBE_TOKENS = 48
TOLERANCE = 0.02  # on values up to 20: what float16 loses in two rotations
TURN = (
    2.0**-21
)  # of the angle: what a GPU's float32 loses of it, by a power of the base and a cosine
_STRIDES = (1, 8, 64, 512)  # deltas by which frequencies are measured, each finer than the last


class Facts(Struct, frozen=True):
    """The attention of a model.

    Attributes:
        layers: how many.
        heads: of queries, in each layer.
        key_heads: of keys and values, in each layer; each serves ``heads / key_heads`` queries.
        head_size: values of a head.
        rope: how positions are in its keys.
        query_scale: what captured queries are multiplied by; see lsfs.llm.sparse.scale.
        obstacle: why its state is not handled; "" when it is. Then every text is read anew.
    """

    layers: int
    heads: int
    key_heads: int
    head_size: int
    rope: Rope
    obstacle: str = ""
    query_scale: float = 1.0


def facts_of(context: Context) -> Facts:
    """The facts of a context's model, as far as its file states them, checked by a short run.

    Clears the context.

    Raises:
        ModelError, OutOfMemory: the model failed.
    """
    facts = stated(context.model)
    if facts.obstacle:
        return facts
    try:
        checked = _checked(context, facts)
        return (
            checked
            if checked.obstacle
            else replace(checked, query_scale=query_scale(context.model))
        )
    except ContextTooLong:
        return replace(facts, obstacle="its context is too small")
    finally:
        context.clear()


def stated(model: Model) -> Facts:
    """What the file says."""
    api, handle = model.backend.api, model.handle
    name = model.metadata("general.architecture")
    layers, heads = api.llama_model_n_layer(handle), api.llama_model_n_head(handle)
    size = int(model.metadata(f"{name}.attention.key_length") or 0)
    size = size or api.llama_model_n_embd(handle) // max(1, heads)
    rotated = int(model.metadata(f"{name}.rope.dimension_count") or size)
    kind = api.llama_model_rope_type(handle)
    scale = float(api.llama_model_rope_freq_scale_train(handle)) or 1.0
    base = float(model.metadata(f"{name}.rope.freq_base") or 10000.0)
    rope = Rope(size, rotated, base, halves=kind == _NEOX, scale=scale)
    obstacle = _obstacle(model, kind)
    return Facts(layers, heads, api.llama_model_n_head_kv(handle), size, rope, obstacle)


def _obstacle(model: Model, rope_kind: int) -> str:
    api, handle = model.backend.api, model.handle
    if api.llama_model_is_recurrent(handle) or api.llama_model_is_hybrid(handle):
        return "it is recurrent"
    if api.llama_model_has_encoder(handle) or api.llama_model_is_diffusion(handle):
        return "it does not read from left to right"
    if api.llama_model_n_swa(handle):
        return "its attention is a sliding window"
    if rope_kind not in (_NORMAL, _NEOX):
        return "its positions are not rotary, or have several dimensions"
    return ""


# --- the check


def _checked(context: Context, facts: Facts) -> Facts:
    blob = _read_at(context, 0)
    try:
        cells = kvblob.parse(blob)
    except ModelError as error:
        return replace(facts, obstacle=error.message)
    width = facts.key_heads * facts.head_size
    same = np.array_equal(kvblob.build(cells), blob)
    if not same or {layer.shape[1] for layer in cells.keys} != {width}:
        return replace(facts, obstacle="its layers differ")
    if _turns_so(context, cells.keys[0], facts.rope):
        return facts
    measured = _measured(context, cells.keys[0], facts.rope)
    if _turns_so(context, cells.keys[0], measured):
        return replace(facts, rope=measured)
    return replace(facts, obstacle="its positions cannot be moved")


def _read_at(context: Context, position: int) -> NDArray[np.uint8]:
    """The state after some tokens, the first of them at a position."""
    context.clear()
    tokens = [(37 * at + 11) % context.model.n_vocab for at in range(PROBE_TOKENS)]
    context.decode([Step(token, position + at) for at, token in enumerate(tokens)])
    return context.state()


def _keys_at(context: Context, position: int) -> NDArray[np.float32]:
    """K of the first layer, which depends on a token and its position alone."""
    keys: NDArray[np.float32] = kvblob.parse(_read_at(context, position)).keys[0].astype(np.float32)
    return keys


def _turns_so(context: Context, keys: kvblob.Rows, rope: Rope) -> bool:
    """Whether our rotation of K gives what the model itself computes, near and far."""
    for delta in (1, 97, context.model.n_ctx_train // 2):
        theirs = _keys_at(context, delta)
        difference = np.abs(rope.rotate(keys, delta).astype(np.float32) - theirs).max()
        largest = np.abs(theirs).max()
        if difference > TOLERANCE * max(1.0, largest / 20) + TURN * delta * largest:
            return False
    return True


def _measured(context: Context, keys: kvblob.Rows, rope: Rope) -> Rope:
    """RoPE with the factors by which this model divides its frequencies (Llama 3, YaRN, LongRoPE).

    The angle of each pair is read off K of the same tokens at other positions: one further on
    roughly, then more, where the rough value tells which of the angles that look alike it is.
    """
    plain = replace(rope, scale=1.0, factors=None)
    before = np.conj(_pairs(keys, plain))
    found = np.zeros(rope.rotated // 2)
    for delta in _STRIDES:
        if delta >= context.model.n_ctx_train:
            break
        product = (before * _pairs(_keys_at(context, delta), plain)).sum(axis=(0, 1))
        found = found + np.angle(product * np.exp(-1j * found * delta)) / delta
    frequencies = rope.base ** -(np.arange(0, rope.rotated, 2) / rope.rotated)
    return replace(plain, factors=tuple(float(f) for f in frequencies / np.maximum(found, 1e-12)))


def _pairs(keys: kvblob.Rows, rope: Rope) -> NDArray[np.complex128]:
    """The pairs of values that turn together, as complex numbers [cells, heads, pairs]."""
    heads = keys.astype(np.float64).reshape(len(keys), -1, rope.head_size)[..., : rope.rotated]
    half = rope.rotated // 2
    if rope.halves:
        return np.asarray(heads[..., :half] + 1j * heads[..., half:])
    return np.asarray(heads[..., 0::2] + 1j * heads[..., 1::2])
