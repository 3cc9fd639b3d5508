"""Store formats of attention states that keep less than all of each row.

Each packs a state and gives back what can be rebuilt of it, so that any policy can be run on what
is left. Keys are decomposed without their positions, where they lie in few dimensions; positions
are rotated in again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from lsfs.errors import UsageError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.kvblob import Cells, Rows
from lsfs.llm.policies.interface import Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.cores import one_thread
from lsfs.llm.sparse.select import Floats


class Packed(Struct, frozen=True):
    """A state as a format keeps it.

    Attributes:
        cells: what is rebuilt of it; values may be in a file, of which only the rows are read that
            are taken.
        near: bytes that are kept in memory.
        far: bytes that may be on a disk.
    """

    cells: Cells
    near: int
    far: int = 0

    def errors(self, cells: Cells) -> tuple[float, float]:
        """How far keys and values are off, each as a share of their length (Frobenius)."""
        return _error(self.cells.keys, cells.keys), _error(self.cells.values, cells.values)


def _error(found: Sequence[Rows], real: Sequence[Rows]) -> float:
    pairs = [(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(found, real, strict=True)]
    off = sum(float(((a - b) ** 2).sum()) for a, b in pairs)
    return float(np.sqrt(off / max(sum(float((b**2).sum()) for _, b in pairs), 1e-30)))


class Format(Protocol):
    """Keeps a state."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """Keep a state.

        Args:
            cells: float16.
            text: the same as policies see it.
            folder: for what is kept on disk; it must outlive what is returned.

        Raises:
            UsageError: it needs what is not known of this text.
        """
        ...


class Whole(Struct, frozen=True):
    """All of it, as the model made it."""

    name: str = "f16"

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """See :class:`Format`."""
        return Packed(cells, _bytes(cells.keys) + _bytes(cells.values))


class Eight(Struct, frozen=True):
    """Eight bits, with a scale for 32 values: ggml's Q8_0; what ``model.kv_numbers q8`` keeps."""

    name: str = "q8"

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """See :class:`Format`."""
        raw = [[kvblob.to_q8(layer) for layer in part] for part in (cells.keys, cells.values)]
        keys, values = (tuple(map(kvblob.from_q8, part)) for part in raw)
        return Packed(replace(cells, keys=keys, values=values), sum(map(_bytes, raw)))


class LowRank(Struct, frozen=True):
    """Keys in few dimensions in memory, values on disk.

    ShadowKV (Sun et al., 2024, arXiv 2410.21465), algorithm 1: the singular value decomposition of
    the keys of a layer, all heads together and without their positions, [cells, key heads x head
    size] = [cells, rank] [rank, key heads x head size]; values are fetched by row.

    Attributes:
        rank: share of the dimensions; the paper has 160 of 1024.
    """

    rank: float = 160 / 1024
    name: str = "lowrank"

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """See :class:`Format`."""
        rank = max(1, round(self.rank * cells.keys[0].shape[1]))
        keys, near = [], 0
        for layer in cells.keys:
            rebuilt, size = _few(_bare(layer, text), rank)
            near += size
            keys.append(_placed(rebuilt, text))
        values = _on_disk(cells.values, folder)
        return Packed(replace(cells, keys=tuple(keys), values=values), near, _bytes(cells.values))


class Shrunk(Struct, frozen=True):
    """Keys and values in few dimensions, but for the last ones, which are whole.

    CSKV (Wang et al., 2024, arXiv 2409.10593), bi-branch cache: low-rank factors of the projections
    to keys and values, and a branch of full precision for a local window. The paper finds the
    factors by training against the layers' outputs; here they are the singular value decomposition
    of the text's own keys and values, which needs no training and keeps the factors with each text.

    Attributes:
        rank: share of the dimensions; 20 % is the paper's main setting.
        recent: the window, in cells.
    """

    rank: float = 0.2
    recent: int = 32
    name: str = "cskv"

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """See :class:`Format`."""
        rank = max(1, round(self.rank * cells.keys[0].shape[1]))
        parts: tuple[list[Rows], list[Rows]] = ([], [])
        near, recent = 0, min(self.recent, len(cells))
        for layer, (whole_keys, whole_values) in enumerate(
            zip(cells.keys, cells.values, strict=True)
        ):
            keys, key_size = _few(_bare(cells.keys[layer], text), rank)
            values, value_size = _few(whole_values.astype(np.float32), rank)
            rows = whole_keys.shape[1] + whole_values.shape[1]
            near += key_size + value_size + 2 * recent * rows
            made = (_placed(keys, text), values.astype(np.float16))
            for part, some, whole in zip(parts, made, (whole_keys, whole_values), strict=True):
                some[len(some) - recent :] = whole[len(some) - recent :]
                part.append(some)
        return Packed(replace(cells, keys=tuple(parts[0]), values=tuple(parts[1])), near)


class Thin(Struct, frozen=True):
    """Keys without the channels that queries look at least, but for the last ones.

    ThinK (Xu et al., 2024, arXiv 2407.21018), query-driven pruning: a channel of a head counts as
    the Frobenius norm of the product of that channel of the last queries with that of the keys,
    which is the product of their lengths; the least of them are left out, of all keys but the
    window.

    Attributes:
        keeps: share of the channels; the paper leaves out 40 %.
        recent: the window, in cells, as long as the window of queries.
    """

    keeps: float = 0.6
    recent: int = 32
    name: str = "think"

    def packed(self, cells: Cells, text: Text, folder: Path) -> Packed:
        """See :class:`Format`."""
        size = cells.keys[0].shape[1] // text.key_heads
        count, before = max(1, round(self.keeps * size)), max(0, len(cells) - self.recent)
        keys = []
        for layer, rows in enumerate(cells.keys):
            asked = text.seen(self.name).window[layer]
            by_head = asked.reshape(len(asked), text.key_heads, -1, size)
            looked = np.sqrt((by_head**2).sum(axis=(0, 2)))  # [key heads, size]
            long = np.linalg.norm(text.by_head(layer)[:, :before], axis=1)
            kept = select.best(looked * long, count)
            mask = np.zeros((text.key_heads, size), np.bool_)
            np.put_along_axis(mask, kept, True, axis=-1)
            thin = rows.copy()
            thin[:before, ~mask.reshape(-1)] = 0
            keys.append(thin)
        kept_keys = text.key_heads * (before * count + (len(cells) - before) * size)
        near = 2 * len(keys) * kept_keys + _bytes(cells.values)
        return Packed(replace(cells, keys=tuple(keys)), near)


def _few(rows: Floats, rank: int) -> tuple[Floats, int]:
    """Rows through their first ``rank`` singular vectors, and the bytes of both factors (f16)."""
    with one_thread():
        # The right singular vectors are the eigenvectors of K'K, which is far smaller than K.
        wide = rows.astype(np.float64)
        _, vectors = np.linalg.eigh(wide.T @ wide)
        right = vectors[:, ::-1][:, :rank]
        left = (wide @ right).astype(np.float16)
        short = right.T.astype(np.float16)
        rebuilt: Floats = left.astype(np.float32) @ short.astype(np.float32)
    return rebuilt, left.nbytes + short.nbytes


def _bare(keys: Rows, text: Text) -> Floats:
    bare = keys if text.rope is None else text.rope.rotate(keys, -text.places)
    return bare.astype(np.float32)


def _placed(keys: Floats, text: Text) -> NDArray[np.float16]:
    return keys.astype(np.float16) if text.rope is None else text.rope.rotate(keys, text.places)


def _on_disk(values: Sequence[Rows], folder: Path) -> tuple[Rows, ...]:
    """The same rows in a file of ``folder``, read when they are looked at."""
    path, stacked = folder / "values", np.stack(values)
    path.write_bytes(stacked.tobytes())
    held: NDArray[Any] = np.memmap(path, stacked.dtype, "r", shape=stacked.shape)
    return tuple(held)


def _bytes(parts: Sequence[Rows]) -> int:
    return sum(part.nbytes for part in parts)


_ALL: tuple[Format, ...] = (Whole(), Eight(), LowRank(), Shrunk(), Thin())
FORMATS = {one.name: one for one in _ALL}


def format_of(name: str) -> Format:
    """The format of a name.

    Raises:
        UsageError: there is none.
    """
    found = FORMATS.get(name)
    if found is None:
        raise UsageError(f"no store format {name}", hint=f"one of: {', '.join(FORMATS)}")
    return found
