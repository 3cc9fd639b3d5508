"""Vectors as small codes: signs to choose candidates by, int8 to score them; in memory or mapped.

A vector of length 1 becomes one byte a number with a scale of its own, which costs nothing in
ranking, and one bit a number. Signs alone are compared by XOR and a count of bits: the coarse stage
of Shan et al. 2023 (BEBR, "Binary embedding-based retrieval at Tencent"). The best of it, a share
that grows with the number of vectors, are then scored by their int8 codes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]
Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]

FEW = 8192  # so many vectors are scored without a coarse stage, and at least so many after it
SHARE = 100  # one in so many vectors is scored after the coarse stage
PER_RESULT = 10  # and at least so many for each result that is wanted
BLOCK = 16384  # vectors at a time: what is worked on stays in the processor's cache
WORD = 64  # signs in a word
LENGTH_OFF = 0.03  # how far from 1 the length of a coded vector may be

MAGIC = b"lsfs codes 1\n"
HEADER = 4096  # bytes; the magic, then JSON, then spaces
# Bytes of a file that is compared with its seal whenever it is mapped; of 64 MiB it takes 6 ms of
# CPU. Of a larger one damage is found by fsck.
SEALED = 1 << 27
PAGE = 4096  # bytes that are added up for a seal


class Codes(Struct, frozen=True):
    """The codes of n vectors; what holds them never changes, so threads may share it.

    Attributes:
        ids: of the vectors, [n].
        scales: what a code of 1 is worth, [n].
        codes: int8, [n, dimension].
        signs: which numbers are positive, [words, n]: a word holds 64 signs, column by column, for
            that is how they are read.
        alive: vectors that were not removed, [n].
        is_sorted: ids ascend.
    """

    ids: Ids
    scales: Matrix
    codes: NDArray[np.int8]
    signs: Words
    alive: Mask
    is_sorted: bool = False

    @classmethod
    def of(cls, ids: Ids, vectors: Matrix) -> Codes:
        """Codes of vectors, float32, [n, dimension]."""
        highest = np.abs(vectors).max(axis=1, initial=1e-12)
        scales = (highest / 127).astype(np.float32)
        codes = np.rint(vectors / scales[:, None]).astype(np.int8)
        return cls(ids, scales, codes, _signs(vectors).T, np.ones(len(ids), np.bool_))

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Ids) -> tuple[Rows, Rows]:
        """Where the vectors of ``ids`` stand, and which of ``ids`` these are; others are left out.

        A vector that was replaced stands twice, but is alive once only.
        """
        live = None if self.alive.all() else np.flatnonzero(self.alive)
        known = self.ids if live is None else self.ids[live]
        if not len(known):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        order = None if self.is_sorted else np.argsort(known, kind="stable")
        ordered = known if order is None else known[order]
        at = np.minimum(np.searchsorted(ordered, ids), len(known) - 1)
        there = np.flatnonzero(ordered[at] == ids)
        at = at[there] if order is None else order[at[there]]
        return (at if live is None else live[at]), there

    def vectors(self, rows: Rows) -> Matrix:
        """Vectors as they are known from their codes, [len(rows), dimension]."""
        return self.codes[rows].astype(np.float32) * self.scales[rows, None]

    def scores(self, query: Matrix, rows: Rows) -> Matrix:
        """Dot products with a query, [len(rows)]."""
        found = np.empty(len(rows), np.float32)
        for first in range(0, len(rows), BLOCK):
            some = rows[first : first + BLOCK]
            # Not by BLAS: its threads take ten times as long on a machine that is busy.
            found[first : first + BLOCK] = np.einsum("ij,j->i", self.codes[some], query)
        found *= self.scales[rows]
        return found

    def sound(self) -> Mask:
        """Which can be codes of a vector of length 1, or of 0 for no text, [n]."""
        found = np.empty(len(self), np.bool_)
        for low in range(0, len(self), BLOCK):
            part = slice(low, low + BLOCK)
            whole = self.codes[part].astype(np.float32)
            lengths = np.sqrt(np.einsum("ij,ij->i", whole, whole)) * self.scales[part]
            found[part] = (np.abs(lengths - 1) <= LENGTH_OFF) | (lengths == 0)
        return found

    def without(self, rows: Rows) -> Codes:
        """The same with some removed."""
        alive = self.alive.copy()
        alive[rows] = False
        return replace(self, alive=alive)

    def taken(self, rows: Rows) -> Codes:
        """Some of them, alive."""
        alive = np.ones(len(rows), np.bool_)
        return Codes(
            self.ids[rows], self.scales[rows], self.codes[rows], self.signs[:, rows], alive
        )

    def eligible(self, allowed: Ids | None, hidden: Ids) -> Rows:
        """Rows of what is alive, allowed (None: all) and not hidden."""
        if allowed is not None and len(allowed) * 16 < len(self):
            rows = np.sort(self.rows(allowed)[0])  # a few: looked up one by one
            return rows[~np.isin(self.ids[rows], hidden)] if len(hidden) else rows
        mask = self.alive
        if allowed is not None:
            mask = mask & np.isin(self.ids, allowed)
        if len(hidden):
            mask = mask.copy()
            mask[self.rows(hidden)[0]] = False
        return np.flatnonzero(mask)

    def nearest(self, query: Matrix, k: int, rows: Rows) -> tuple[Ids, Matrix]:
        """The k of ``rows`` most like a query: their ids and scores, best first."""
        wanted = max(FEW, PER_RESULT * k, len(self) // SHARE)
        if len(rows) > wanted:
            rows = self._coarse(query, wanted, rows)
        scores = self.scores(query, rows)
        top = best(scores, k)
        return self.ids[rows[top]], scores[top]

    def _coarse(self, query: Matrix, wanted: int, rows: Rows) -> Rows:
        """The ``wanted`` of ``rows`` whose signs differ least from a query's; more when equal."""
        of_query = _signs(query[None])[0]
        if len(rows) * 4 < len(self):
            distances = _distances(self.signs[:, rows], of_query)
        else:
            distances = _distances(self.signs, of_query)
            if len(rows) < len(self):
                distances = distances[rows]
        counts = np.cumsum(np.bincount(distances))
        return rows[distances <= np.searchsorted(counts, wanted)]


def best(scores: Matrix, k: int) -> Rows:
    """Where the k highest scores are, highest first."""
    k = min(k, len(scores))
    if k == 0:
        return np.empty(0, np.int64)
    top = np.argpartition(-scores, k - 1)[:k]
    return top[np.argsort(-scores[top], kind="stable")]


def words(dimension: int) -> int:
    """How many words the signs of a vector take."""
    return -(-dimension // WORD)


def _signs(vectors: Matrix) -> Words:
    """Which numbers are positive, [n, words]."""
    n, dimension = vectors.shape
    packed = np.zeros((n, words(dimension) * WORD // 8), np.uint8)
    packed[:, : -(-dimension // 8)] = np.packbits(vectors > 0, axis=1)
    return packed.view(np.uint64)


def _distances(signs: Words, of_query: Words) -> NDArray[np.uint16]:
    """In how many signs vectors and query differ, [n]."""
    n = signs.shape[1]
    found = np.zeros(n, np.uint16)
    differ, counted = np.empty(min(n, BLOCK), np.uint64), np.empty(min(n, BLOCK), np.uint8)
    for first in range(0, n, BLOCK):
        total = found[first : first + BLOCK]
        here, ones = differ[: len(total)], counted[: len(total)]
        for column, word in zip(signs[:, first : first + BLOCK], of_query, strict=True):
            np.bitwise_count(np.bitwise_xor(column, word, out=here), out=ones)
            total += ones
    return found


class Tail:
    """Codes that grow at the end; a view that was taken stays as it was."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._held = _empty(64, dimension)
        self.view = _part(self._held, 0)

    def add(self, new: Codes) -> None:
        """Append vectors whose ids are not there."""
        n, total = len(self.view), len(self.view) + len(new)
        alive = np.concatenate([self.view.alive, new.alive])
        if total > len(self._held):
            grown = _empty(2 * total, self._dimension)
            _copy(self.view, grown, 0)
            self._held = grown
        _copy(new, self._held, n)
        self.view = replace(_part(self._held, total), alive=alive)

    def drop(self, ids: Ids) -> None:
        """Remove vectors; unknown ids are no error."""
        rows, _ = self.view.rows(ids)
        if len(rows):
            self.view = self.view.without(rows)


def _empty(n: int, dimension: int) -> Codes:
    return Codes(
        np.empty(n, np.int64),
        np.empty(n, np.float32),
        np.empty((n, dimension), np.int8),
        np.empty((words(dimension), n), np.uint64),
        np.empty(n, np.bool_),
    )


def _part(held: Codes, n: int) -> Codes:
    return Codes(held.ids[:n], held.scales[:n], held.codes[:n], held.signs[:, :n], held.alive[:n])


def _copy(source: Codes, target: Codes, at: int) -> None:
    end = at + len(source)
    target.ids[at:end] = source.ids
    target.scales[at:end] = source.scales
    target.codes[at:end] = source.codes
    target.signs[:, at:end] = source.signs


# --- in a file that is mapped, not read


def write(path: Path, made_from: str, parts: Sequence[Codes], dimension: int) -> None:
    """Write what is alive of ``parts`` to a file, by ascending id; whole or not at all.

    Args:
        made_from: what the file is good for; see :func:`mapped`.
    """
    alive = [np.flatnonzero(part.alive) for part in parts]
    ids = np.concatenate([np.empty(0, np.int64), *(p.ids[r] for p, r in zip(parts, alive))])  # noqa: B905
    part_of = np.repeat(np.arange(len(parts)), [len(rows) for rows in alive])
    row_of = np.concatenate([np.empty(0, np.int64), *alive])
    order = np.argsort(ids, kind="stable")
    part_of, row_of = part_of[order], row_of[order]
    about = {"made_from": made_from, "n": len(ids), "dimension": dimension}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b" " * HEADER)
            file.write(ids[order].tobytes())
            for column in range(words(dimension)):
                for block in _gathered([p.signs[column] for p in parts], part_of, row_of):
                    file.write(block)
            for block in _gathered([p.scales for p in parts], part_of, row_of):
                file.write(block)
            for block in _gathered([p.codes for p in parts], part_of, row_of):
                file.write(block)
            file.flush()
            about["seal"] = _seal(_body(Path(name), len(ids)))
            file.seek(0)
            file.write((MAGIC + json.dumps(about).encode()).ljust(HEADER))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _gathered(
    arrays: Sequence[NDArray[np.generic]], part_of: Rows, row_of: Rows
) -> Iterator[memoryview]:
    """Rows of several arrays in the order asked for, a block at a time."""
    for first in range(0, len(part_of), BLOCK):
        parts, rows = part_of[first : first + BLOCK], row_of[first : first + BLOCK]
        block = np.empty((len(parts), *arrays[0].shape[1:]), arrays[0].dtype)
        for number, array in enumerate(arrays):
            here = parts == number
            block[here] = array[rows[here]]
        yield block.data


def mapped(path: Path, dimension: int) -> tuple[Codes, str] | None:
    """The codes in a file, read from it when they are needed, and what it was made from.

    Returns:
        None when there is no such file, or it is not whole, or not what was written to it.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
        about = json.loads(header.removeprefix(MAGIC)) if header.startswith(MAGIC) else {}
        n, made_from = int(about["n"]), str(about["made_from"])
        if about["dimension"] != dimension or path.stat().st_size != _bytes(n, dimension):
            return None
        whole = _body(path, n)
        if len(whole) <= SEALED and about["seal"] != _seal(whole):
            return None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return None
    if n == 0:
        return _empty(0, dimension), made_from
    ids, rest = whole[: 8 * n].view(np.int64), whole[8 * n :]
    cut = 8 * n * words(dimension)
    signs, rest = rest[:cut].view(np.uint64).reshape(words(dimension), n), rest[cut:]
    scales, codes = rest[: 4 * n].view(np.float32), rest[4 * n :].view(np.int8)
    alive = np.ones(n, np.bool_)
    return Codes(ids, scales, codes.reshape(n, dimension), signs, alive, is_sorted=True), made_from


def _body(path: Path, n: int) -> NDArray[np.uint8]:
    """What stands behind the header of a file with n codes, mapped."""
    if n == 0:
        return np.empty(0, np.uint8)  # nothing can be mapped of nothing
    # As a plain array: each slice of a memmap costs a microsecond, and a search takes hundreds.
    return np.asarray(np.memmap(path, np.uint8, "r", HEADER))


def _seal(body: NDArray[np.uint8]) -> str:
    """What tells whether bytes are still what was written: the sums of their pages, hashed.

    A hash of all bytes would take four times as long. Bytes that were lost or written over change
    a sum, pages in another order the hash.
    """
    pages = len(body) // PAGE
    sums = body[: pages * PAGE].view(np.uint64).reshape(pages, PAGE // 8).sum(axis=1)
    return blake3(sums.tobytes() + body[pages * PAGE :].tobytes()).hexdigest(length=16)


def _bytes(n: int, dimension: int) -> int:
    return HEADER + n * (8 + 8 * words(dimension) + 4 + dimension)
