"""One block of attention state as one file: bytes that are checked before any of them is used.

The layout, little endian; every section begins at a multiple of 64::

    head      128 bytes, see ``_HEAD``: sizes, types, context key, digest of head and lists
    lists     JSON: name, dtype and shape of each extra array | 16 bytes of BLAKE3 for each section
    sections  tokens i32 [tokens] | extras | layers x K [tokens][row] | layers x V [tokens][row]

Each section has its own digest, so that the keys of a few layers are read and checked without the
rest. Rows are float16, or Q8_0 (:func:`lsfs.llm.kv.kvblob.to_q8`) at a little over half the size;
what is read is float16 either way.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from msgspec import Struct, field
from numpy.typing import NDArray

from lsfs.llm.kv import kvblob
from lsfs.llm.kv.kvblob import F16, Q8_0, Q8_GROUP, Cells, Rows
from lsfs.llm.kv.kvfolder import SUFFIX

MAGIC = b"lsfs-kv\n"
VERSION = 1
NUMBERS = ("f16", "q8")
_ALIGN = 64
_DIGEST = 16
_HEAD = struct.Struct("<8sHBBIIiIIIIQ16x32s32s")  # see _Fields
_DIGEST_AT = _HEAD.size - 32
_MOST = 1 << 22  # no head and lists are larger
_PLAIN = frozenset("fiub")  # kinds of numpy types whose bytes mean the same everywhere


class Unusable(Exception):
    """Why the bytes of a file are not used; never leaves the store."""


class _Fields(NamedTuple):
    """The first bytes of a file: ``_HEAD``."""

    magic: bytes
    version: int
    key_type: int
    value_type: int
    first: int  # bytes of head and lists: where the first section begins
    tokens: int
    start: int
    layers: int
    key_width: int
    value_width: int
    names: int  # bytes of the JSON
    size: int
    key: bytes
    digest: bytes


class Block(Struct, frozen=True):
    """The attention state of some tokens behind a prefix.

    Attributes:
        tokens: their numbers.
        cells: their state; positions follow each other from the prefix's length on.
        extras: small arrays that are kept with it, by name.
    """

    tokens: tuple[int, ...]
    cells: Cells
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def block_name(key: bytes, tokens: Sequence[int]) -> str:
    """The name of a block's file.

    Args:
        key: the context key, 32 bytes.
        tokens: what it holds.
    """
    return str(blake3(key + np.asarray(tokens, "<i4").tobytes()).hexdigest()) + SUFFIX


class _Section(Struct, frozen=True):
    """Bytes of a file; ``stop`` is where its data ends, ``end`` where the next one begins."""

    start: int
    stop: int
    end: int


class Head(Struct, frozen=True):
    """What stands at the beginning of a file.

    Attributes:
        key: the context key, 32 bytes.
        count: tokens.
        start: position of the first.
        types: ggml's numbers of the types of K and V.
        layers: how many.
        widths: bytes of a row of K and of V.
        extras: name, dtype and shape of each extra array.
        digests: of the sections, 16 bytes each; empty while a file is made.
        size: bytes of the file; 0 while it is made.
    """

    key: bytes
    count: int
    start: int
    types: tuple[int, int]
    layers: int
    widths: tuple[int, int]
    extras: tuple[tuple[str, str, tuple[int, ...]], ...]
    digests: bytes = b""
    size: int = 0

    def sections(self) -> list[_Section]:
        """Where everything is: tokens, extras, K of each layer, V of each layer."""
        sizes = [4 * self.count]
        sizes += [np.dtype(kind).itemsize * int(np.prod(shape)) for _, kind, shape in self.extras]
        for width in self.widths:
            sizes += [self.count * width] * self.layers
        at = _padded(_HEAD.size + len(_listed(self.extras)) + _DIGEST * len(sizes))
        found = []
        for size in sizes:
            found.append(_Section(at, at + size, at + _padded(size)))
            at += _padded(size)
        return found


# --- writing


def encode(block: Block, key: bytes, numbers: str = "f16") -> NDArray[np.uint8]:
    """The bytes of a block's file.

    Args:
        block: of at least one token; rows in float16.
        key: the context key, 32 bytes.
        numbers: ``f16`` or ``q8``; rows that do not divide into groups of 32 stay float16.

    Raises:
        ValueError: it is no such block.
    """
    _check(block, key)
    cells = block.cells
    keys, key_type = _packed(cells.keys, numbers)
    values, value_type = _packed(cells.values, numbers)
    extras = {name: np.asarray(array, order="C") for name, array in block.extras.items()}
    head = Head(
        key,
        len(block.tokens),
        int(cells.positions[0]),
        (key_type, value_type),
        len(keys),
        (_width(keys), _width(values)),
        tuple((name, a.dtype.newbyteorder("<").str, a.shape) for name, a in extras.items()),
    )
    sections = head.sections()
    data = np.zeros(sections[-1].end, np.uint8)
    arrays = [np.asarray(block.tokens, "<i4"), *extras.values(), *keys, *values]
    for section, array in zip(sections, arrays, strict=True):
        little = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        data[section.start : section.stop] = little.reshape(-1).view(np.uint8)
    _seal(data, head, sections)
    return data


def _check(block: Block, key: bytes) -> None:
    cells, count = block.cells, len(block.tokens)
    steps = np.diff(cells.positions)
    if not count or len(cells) != count or np.any(steps != 1) or len(key) != 32:
        raise ValueError("a block has one cell for each token, one behind the other")
    if not cells.keys or {cells.key_type, cells.value_type} != {F16}:
        raise ValueError("the rows of a block are float16")
    if any(array.dtype.kind not in _PLAIN for array in block.extras.values()):
        raise ValueError("extra arrays hold numbers")


def _packed(layers: Sequence[Rows], numbers: str) -> tuple[list[Rows], int]:
    if numbers == "q8" and layers[0].shape[1] % Q8_GROUP == 0:
        return [kvblob.to_q8(layer) for layer in layers], Q8_0
    return list(layers), F16


def _width(layers: Sequence[Rows]) -> int:
    return int(layers[0].shape[1]) * layers[0].itemsize


def _seal(data: NDArray[np.uint8], head: Head, sections: Sequence[_Section]) -> None:
    """Fill in digests and head, once all else is there."""
    names = _listed(head.extras)
    digests = b"".join(_digest(data[s.start : s.end]) for s in sections)
    first = sections[0].start
    fields = _Fields(
        MAGIC, VERSION, *head.types, first, head.count, head.start, head.layers, *head.widths,
        len(names), len(data), head.key, bytes(32),
    )  # fmt: skip
    start = _HEAD.pack(*fields) + names + digests
    data[: len(start)] = np.frombuffer(start, np.uint8)
    whole = blake3(data[:first].data).digest()
    data[_DIGEST_AT : _HEAD.size] = np.frombuffer(whole, np.uint8)


def rounded(block: Block, numbers: str) -> Block:
    """The block as it would be read back from a file with these numbers."""
    if numbers == "f16":
        return block
    packed = [_packed(layers, numbers) for layers in (block.cells.keys, block.cells.values)]
    keys, values = (tuple(_unpacked(raw, kind) for raw in layers) for layers, kind in packed)
    return Block(block.tokens, Cells(block.cells.positions, keys, values), block.extras)


# --- reading


def decode(data: NDArray[np.uint8], key: bytes, tokens: Sequence[int] | None = None) -> Block:
    """The block of a file's bytes, as views of them.

    Args:
        data: the whole file.
        key: the context key that it must have.
        tokens: what it must hold; None: anything.

    Raises:
        Unusable: it is damaged, or another's.
    """
    head = _head(data[:_MOST].tobytes())
    sections = head.sections()
    if head.size != len(data):
        raise Unusable(f"{len(data)} bytes instead of {head.size}")
    parts = [_checked(data[s.start : s.end], head, at) for at, s in enumerate(sections)]
    parts = [part[: s.stop - s.start] for part, s in zip(parts, sections, strict=True)]
    held = _tokens(parts[0], head, key, tokens)
    first = 1 + len(head.extras)
    keys = tuple(_rows(raw, head, 0) for raw in parts[first : first + head.layers])
    values = tuple(_rows(raw, head, 1) for raw in parts[first + head.layers :])
    positions = np.arange(head.start, head.start + head.count, dtype=np.int32)
    return Block(held, Cells(positions, keys, values), _extras(parts[1:first], head))


def read(fd: int, key: bytes, tokens: Sequence[int] | None = None) -> Block:
    """The block of a file, in one read once its head says how large it is; see :func:`decode`.

    Raises:
        Unusable: it is damaged, or another's.
        OSError: it cannot be read.
    """
    return decode(_bytes(fd, 0, _size(fd)), key, tokens)


class Part(Struct, frozen=True):
    """The keys of some layers of a block, float16 [tokens, row], and its extra arrays."""

    keys: tuple[Rows, ...]
    extras: Mapping[str, NDArray[Any]]


def read_part(fd: int, key: bytes, tokens: Sequence[int], layers: Sequence[int]) -> Part:
    """Some of a block, without reading the rest.

    Not through a mapping: a file that is cut short meanwhile would end the process (SIGBUS).

    Raises:
        Unusable: what was read is damaged, or another's.
        IndexError: it has no such layer.
        OSError: it cannot be read.
    """
    file = _Sections(fd)
    head, first = file.head, 1 + len(file.head.extras)
    _tokens(file[0], head, key, tokens)
    extras = _extras([file[at] for at in range(1, first)], head)
    wanted = [first + range(head.layers)[layer] for layer in layers]
    return Part(tuple(_rows(file[at], head, 0) for at in wanted), extras)


def tokens_of(fd: int, key: bytes) -> tuple[int, ...]:
    """What a file says that it holds; only its head and its tokens are read and checked.

    Raises:
        Unusable: these are damaged, or another's.
        OSError: it cannot be read.
    """
    file = _Sections(fd)
    return _tokens(file[0], file.head, key, None)


class _Sections:
    """The sections of a file, each read and checked when it is asked for."""

    def __init__(self, fd: int) -> None:
        start = _fields(_bytes(fd, 0, min(_size(fd), _HEAD.size)).tobytes())
        self.head = _head(_bytes(fd, 0, min(start.first, _MOST)).tobytes())
        self._fd = fd
        self._sections = self.head.sections()

    def __getitem__(self, at: int) -> NDArray[np.uint8]:
        section = self._sections[at]
        raw = _bytes(self._fd, section.start, section.end - section.start)
        return _checked(raw, self.head, at)[: section.stop - section.start]


def _size(fd: int) -> int:
    """Bytes of the file, which are as many as it says: else gigabytes might be read for nothing."""
    size = os.fstat(fd).st_size
    says = _fields(_bytes(fd, 0, min(size, _HEAD.size)).tobytes()).size
    if says != size:
        raise Unusable(f"{size} bytes instead of {says}")
    return size


def _bytes(fd: int, start: int, size: int) -> NDArray[np.uint8]:
    data = np.empty(size, np.uint8)
    view, at = data.data, 0
    while at < size:
        count = os.preadv(fd, [view[at:]], start + at)
        if not count:
            raise Unusable("it ends too soon")
        at += count
    return data


def _fields(start: bytes) -> _Fields:
    if len(start) < _HEAD.size:
        raise Unusable("it ends too soon")
    fields = _Fields(*_HEAD.unpack_from(start))
    if fields.magic != MAGIC or fields.version != VERSION:
        raise Unusable(f"no block of version {VERSION}")
    return fields


def _head(start: bytes) -> Head:
    """The head of a file that begins with these bytes, and has them whole."""
    fields = _fields(start)
    names_end = _HEAD.size + fields.names
    if not names_end <= fields.first <= len(start):
        raise Unusable("its head is damaged")
    data = bytearray(start[: fields.first])
    data[_DIGEST_AT : _HEAD.size] = bytes(32)
    if blake3(data).digest() != fields.digest:
        raise Unusable("its head is damaged")
    # From here on it says what we wrote.
    listed = json.loads(data[_HEAD.size : names_end])
    extras = tuple((name, kind, tuple(shape)) for name, kind, shape in listed)
    count = 1 + len(extras) + 2 * fields.layers
    return Head(
        fields.key,
        fields.tokens,
        fields.start,
        (fields.key_type, fields.value_type),
        fields.layers,
        (fields.key_width, fields.value_width),
        extras,
        bytes(data[names_end : names_end + _DIGEST * count]),
        fields.size,
    )


def _checked(raw: NDArray[np.uint8], head: Head, at: int) -> NDArray[np.uint8]:
    if _digest(raw) != head.digests[_DIGEST * at : _DIGEST * (at + 1)]:
        raise Unusable(f"section {at} is damaged")
    return raw


def _tokens(
    raw: NDArray[np.uint8], head: Head, key: bytes, wanted: Sequence[int] | None
) -> tuple[int, ...]:
    tokens = tuple(raw.view("<i4").tolist())
    if head.key != key:
        raise Unusable("it is of another model or prefix")
    if wanted is not None and tokens != tuple(wanted):
        raise Unusable("it holds other tokens")
    return tokens


def _extras(parts: Sequence[NDArray[np.uint8]], head: Head) -> dict[str, NDArray[Any]]:
    return {
        name: raw.view(kind).reshape(shape)
        for (name, kind, shape), raw in zip(head.extras, parts, strict=True)
    }


def _rows(raw: NDArray[np.uint8], head: Head, which: int) -> Rows:
    """Rows of K (0) or V (1)."""
    return _unpacked(raw.reshape(head.count, head.widths[which]), head.types[which])


def _unpacked(rows: Rows, kind: int) -> Rows:
    if kind == Q8_0:
        return kvblob.from_q8(rows)
    return rows.view("<f2")


def _digest(data: NDArray[np.uint8]) -> bytes:
    return blake3(data.data).digest(length=_DIGEST)


def _padded(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _listed(extras: Sequence[tuple[str, str, tuple[int, ...]]]) -> bytes:
    return json.dumps(extras, separators=(",", ":")).encode()
