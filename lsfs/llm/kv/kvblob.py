"""The attention state (KV) of one llama.cpp sequence as arrays, and back, byte for byte.

llama.cpp gives and takes the state of a sequence as a blob (``llama_state_seq_get_data``). A blob
may also be made here: from rows of several documents, other rows in each layer, at positions of our
choice. A row of K has its position rotated into it (RoPE); the position that a cell states serves
the causal mask only. So rows are moved by rotating them further, and loaded with one call.

Read is what a context writes with flash attention and one stream (``kv_unified``): V in rows. The
layout is that of ``llama-kv-cache.cpp``, little endian::

    u32 magic | i32 sequence | u32 streams (1) | u32 cells
    cells x { i32 position | u32 sequences (1) | i32 sequence }
    u32 transposed (0) | u32 layers
    layers x { i32 type | u64 bytes of a row | cells x row }      all of K
    layers x { i32 type | u64 bytes of a row | cells x row }      all of V
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.sparse.cores import each

MAGIC = 0xAF143CD8
F16, Q8_0 = 1, 8  # ggml's numbers of the types of rows
Q8_GROUP = 32  # values that share a scale
_HEAD = struct.Struct("<IiII")
_BODY = struct.Struct("<II")
_ROWS = struct.Struct("<iQ")
_CELL_FIELDS = 3

Rows = NDArray[Any]


class Cells(Struct, frozen=True):
    """The state of one sequence.

    Attributes:
        positions: of each cell, int32 [cells]; rising.
        keys: for each layer the rows of K, rotated to their positions: float16 [cells, heads x
            size of a head], or uint8 [cells, bytes of a row] where the type is another.
        values: the same of V.
        key_type: ggml's number of the type of K.
        value_type: the same of V.
    """

    positions: NDArray[np.int32]
    keys: tuple[Rows, ...]
    values: tuple[Rows, ...]
    key_type: int = F16
    value_type: int = F16

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, rows: slice | NDArray[np.intp]) -> Cells:
        """Some of the cells; of all layers the same ones."""
        return Cells(
            self.positions[rows],
            tuple(layer[rows] for layer in self.keys),
            tuple(layer[rows] for layer in self.values),
            self.key_type,
            self.value_type,
        )


def joined(parts: Sequence[Cells], rope: Rope | None = None) -> Cells:
    """Cells one behind the other.

    Args:
        parts: of one model.
        rope: the model's: each part but the first is moved to where the one before it ends. None
            leaves them where they stand; their positions must rise then.

    Raises:
        ModelError: they are of different models, or stand in the wrong order.
    """
    if not parts:
        raise ModelError("no attention state to join")
    deltas = [0] * len(parts) if rope is None else _to_close_up(parts)
    moved = [part.positions + np.int32(delta) for part, delta in zip(parts, deltas, strict=True)]
    positions = np.concatenate(moved)
    forms = {(len(p.keys), p.key_type, p.value_type) for p in parts}
    if len(forms) != 1 or np.any(np.diff(positions) <= 0):
        raise ModelError("attention states that do not fit together")

    def layer(number: int) -> tuple[Rows, Rows]:
        keys = [
            rope.rotate(part.keys[number], delta) if rope and delta else part.keys[number]
            for part, delta in zip(parts, deltas, strict=True)
        ]
        return np.concatenate(keys), np.concatenate([part.values[number] for part in parts])

    layers = range(len(parts[0].keys))
    size = sum(part.keys[0].size for part in parts) if layers else 0
    both = each(layer, layers, len(layers) * size)
    keys, values = (tuple(one[side] for one in both) for side in (0, 1))
    return Cells(positions, keys, values, parts[0].key_type, parts[0].value_type)


def _to_close_up(parts: Sequence[Cells]) -> list[int]:
    """By how much each part is moved so that it begins where the one before it ends."""
    deltas, end = [], 0
    for number, part in enumerate(parts):
        first = int(part.positions[0]) if len(part) else 0
        deltas.append(end - first if number else 0)
        end = first + deltas[-1] + len(part)
    return deltas


# --- blobs


def parse(blob: NDArray[np.uint8]) -> Cells:
    """The cells of a blob, as views of it.

    Raises:
        ModelError: it is none, or has a layout that is not read here (V transposed, positions in
            several dimensions, several streams).
    """
    try:
        return _parsed(blob)
    except (struct.error, ValueError, IndexError) as error:
        raise _unreadable(str(error)) from error


def _parsed(blob: NDArray[np.uint8]) -> Cells:
    data = blob.data
    magic, _, streams, count = _HEAD.unpack_from(data, 0)
    if magic != MAGIC or streams != 1:
        raise _unreadable(f"magic {magic:#x}, {streams} streams")
    at = _HEAD.size
    size = 4 * _CELL_FIELDS * count
    table = blob[at : at + size].view(np.int32).reshape(count, _CELL_FIELDS)
    if count and np.any(table[:, 1] != 1):
        raise _unreadable("cells with other fields")
    at += size
    transposed, layers = _BODY.unpack_from(data, at)
    if transposed:
        raise _unreadable("V is transposed: flash attention is off")
    at += _BODY.size
    rows: list[Rows] = []
    types: list[int] = []
    for _ in range(2 * layers):
        kind, width = _ROWS.unpack_from(data, at)
        at += _ROWS.size
        raw = blob[at : at + count * width].reshape(count, width)
        rows.append(raw.view(np.float16) if kind == F16 else raw)
        types.append(kind)
        at += count * width
    if at != len(blob) or len({*types[:layers]}) > 1 or len({*types[layers:]}) > 1:
        raise _unreadable(f"{len(blob) - at} bytes are left")
    keys, values = tuple(rows[:layers]), tuple(rows[layers:])
    key_type, value_type = (types[0], types[layers]) if layers else (F16, F16)
    return Cells(table[:, 0].copy(), keys, values, key_type, value_type)


def build(cells: Cells, sequence: int = 0) -> NDArray[np.uint8]:
    """The blob of cells: what :func:`parse` reads, and ``Context.load_state`` takes.

    Args:
        cells: at least one.
        sequence: the number that the blob gives itself; llama.cpp loads it into any.
    """
    count = len(cells)
    table = np.empty((count, _CELL_FIELDS), np.int32)
    table[:, 0], table[:, 1], table[:, 2] = cells.positions, 1, sequence
    parts: list[bytes | NDArray[np.uint8]] = [
        _HEAD.pack(MAGIC, sequence, 1, count),
        table.view(np.uint8).reshape(-1),
        _BODY.pack(0, len(cells.keys)),
    ]
    for kind, layers in ((cells.key_type, cells.keys), (cells.value_type, cells.values)):
        for layer in layers:
            raw = np.ascontiguousarray(layer).view(np.uint8)
            parts += [_ROWS.pack(kind, raw.shape[1]), raw.reshape(-1)]
    ends = list(itertools.accumulate(len(part) for part in parts))
    blob = np.empty(ends[-1], np.uint8)

    def put(part: bytes | NDArray[np.uint8], end: int) -> None:
        blob[end - len(part) : end] = np.frombuffer(part, np.uint8)

    each(lambda one: put(*one), zip(parts, ends, strict=True), len(blob) // 2)
    return blob


def _unreadable(why: str) -> ModelError:
    return ModelError(
        f"the model's attention state has a layout that is not read ({why})",
        hint="lsfs config set model.kv off; report the model's name",
    )


# --- positions


class Rope(Struct, frozen=True):
    """Rotary position embedding (Su et al., 2021, arXiv 2104.09864), as llama.cpp applies it to K.

    Attributes:
        head_size: values of a head.
        rotated: the first values of each head that are rotated; the others have no position.
        base: of the frequencies: base ** (-2i / rotated).
        halves: pairs are (i, i + rotated / 2) ("NeoX"), else (2i, 2i + 1) ("normal").
        scale: what positions are multiplied by (linear scaling); 1 is none.
        factors: what each frequency is divided by, float32 [rotated / 2]; None: nothing.
    """

    head_size: int
    rotated: int
    base: float
    halves: bool = False
    scale: float = 1.0
    factors: tuple[float, ...] | None = None

    def rotate(self, keys: Rows, delta: int | NDArray[np.integer[Any]]) -> NDArray[np.float16]:
        """Rows of K moved by ``delta`` positions.

        Args:
            keys: float16 or float32 [cells, heads x head_size].
            delta: for all cells one, or int [cells].

        Returns:
            float16 [cells, heads x head_size].
        """
        angles = np.reshape(np.asarray(delta, np.float64), (-1, 1)) * self._frequencies()
        # [cells or 1, 1, pairs]: every head of a cell turns alike.
        cos, sin = (f(angles).astype(np.float32)[:, None, :] for f in (np.cos, np.sin))
        heads = keys.astype(np.float32).reshape(len(keys), -1, self.head_size)
        turned = heads[..., : self.rotated]
        half = self.rotated // 2
        if self.halves:
            first, second = turned[..., :half], turned[..., half:]
        else:
            first, second = turned[..., 0::2], turned[..., 1::2]
        # The copies matter: both are views of what is written next.
        a, b = first * cos - second * sin, first * sin + second * cos
        first[...], second[...] = a, b
        return heads.reshape(len(keys), -1).astype(np.float16)

    def _frequencies(self) -> NDArray[np.float64]:
        exponents = np.arange(0, self.rotated, 2, dtype=np.float64) / self.rotated
        frequencies = self.scale * self.base**-exponents
        return frequencies if self.factors is None else frequencies / np.asarray(self.factors)


class Placing(Struct, frozen=True):
    """Where rows that were chosen from a text stand.

    Attributes:
        dense: at 0, 1, 2 ..., whatever stood between them.
        farthest: none stands farther before the end of the text; 0: no such limit.
    """

    dense: bool = False
    farthest: int = 0

    def positions(self, rows: NDArray[np.integer[Any]], text: NDArray[Any]) -> NDArray[np.intp]:
        """The position of each row, of the same shape as ``rows``.

        Args:
            rows: int [..., cells].
            text: the position of each cell of the text, rising.
        """
        if self.dense:
            return np.broadcast_to(np.arange(rows.shape[-1]), rows.shape)
        stands = np.asarray(text[rows], np.intp)
        return np.maximum(stands, int(text[-1]) + 1 - self.farthest) if self.farthest else stands


# --- quantised rows


def to_q8(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """Rows in ggml's Q8_0: groups of 32 values, each a float16 scale and 32 signed bytes.

    Args:
        rows: float [cells, values]; values divide by 32.

    Returns:
        uint8 [cells, values / 32 x 34].
    """
    groups = rows.astype(np.float32).reshape(len(rows), -1, Q8_GROUP)
    scales = (np.abs(groups).max(axis=2, initial=0.0) / 127.0).astype(np.float16)
    inverse = np.zeros(scales.shape, np.float32)
    np.divide(1.0, scales.astype(np.float32), out=inverse, where=scales > 0)
    codes = np.clip(np.rint(groups * inverse[..., None]), -127, 127).astype(np.int8)
    packed = np.empty((*scales.shape, 2 + Q8_GROUP), np.uint8)
    packed[..., :2] = scales[..., None].view(np.uint8)
    packed[..., 2:] = codes.view(np.uint8)
    return packed.reshape(len(rows), -1)


def from_q8(raw: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Values of Q8_0 rows; see :func:`to_q8`.

    Raises:
        ModelError: the rows have no whole groups.
    """
    if raw.shape[1] % (2 + Q8_GROUP):
        raise ModelError(f"rows of {raw.shape[1]} bytes are no Q8_0")
    groups = raw.reshape(len(raw), -1, 2 + Q8_GROUP)
    scales = np.ascontiguousarray(groups[..., :2]).view(np.float16).astype(np.float32)
    values = groups[..., 2:].view(np.int8) * scales
    return values.reshape(len(raw), -1).astype(np.float16)
