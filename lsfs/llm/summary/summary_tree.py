"""A document as a tree of parts, summed up from below: any length, in memory for one part.

Hierarchical merging (BooookScore; Chang et al., ICLR 2024): what a part keeps of its sentences is
chosen among what its own parts have kept. Where parts end is decided by their content alone, as in
content-defined chunking and prolly trees, and each is known by the hash of its content; so an edit
changes the parts that hold it, and all others are found as they were.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from lsfs import codec
from lsfs.llm.summary.summary_select import DEFAULT, chosen, counted, weighed
from lsfs.llm.summary.summary_units import Piece, Unit, units_of
from lsfs.model import Block, BlockKind, Document
from lsfs.sentences import sentences

VERSION = 1  # raised when the same text gives other parts or other sentences
LEAF_LEAST, LEAF_MOST = 3_000, 12_000  # characters of a leaf
LEAF_KEEPS = 64  # sentences
NODE_LEAST, NODE_MOST = 4, 16  # parts of a part
NODE_KEEPS = 200
COUNTS_KEPT = 1_500  # concepts of a part that are counted on
_CUT_ONE_IN = 4
# What is alike is told apart when a summary is chosen, of few sentences: here it would take long.
_KEEPING = replace(DEFAULT, again=0.0)


class Kept(Struct, frozen=True):
    """What is kept of a part; offsets count from its beginning.

    Attributes:
        units: the sentences that may go on to a summary.
        counts: how many sentences of the part have each concept, the commonest of them.
        words: of all its sentences.
    """

    units: tuple[Unit, ...]
    counts: dict[int, int]
    words: int


class Cache(Protocol):
    """Keeps parts by the hash of their content."""

    def get(self, key: bytes) -> bytes | None:
        """What was kept; None when there is none."""
        ...

    def put(self, key: bytes, body: bytes) -> None:
        """Keep it."""
        ...


class Digested(Struct, frozen=True):
    """A document, as far as a summary needs it; offsets count from the document's beginning.

    Attributes:
        kept: what is kept of all of it.
        key: stands for its content.
        nodes: into how many parts it was divided.
        computed: how many of them had to be read.
    """

    kept: Kept
    key: bytes
    nodes: int
    computed: int


class _Node(Struct, frozen=True):
    key: bytes
    start: int
    size: int


def digested(
    document: Document, cache: Cache, check: Callable[[], None] = lambda: None
) -> Digested:
    """What a document's summaries are made of.

    Args:
        cache: where its parts are kept.
        check: called now and then; raises to stop.
    """
    return _Tree(cache, check).build(document)


class _Tree:
    def __init__(self, cache: Cache, check: Callable[[], None]) -> None:
        self._cache = cache
        self._check = check
        self._nodes = 0
        self._computed = 0

    def build(self, document: Document) -> Digested:
        level = [self._leaf(pieces) for pieces in leaves(document)]
        if not level:
            return Digested(Kept((), {}, 0), b"", 0, 0)
        while len(level) > 1:
            level = [self._merge(group) for group in _groups(level)]
        (top,) = level
        kept = _moved(self._load(top.key), top.start)
        return Digested(kept, top.key, self._nodes, self._computed)

    def _leaf(self, pieces: Sequence[Piece]) -> _Node:
        self._check()
        start, end = pieces[0].start, pieces[-1].end
        key = _leaf_key(pieces)
        self._nodes += 1
        if self._cache.get(key) is None:
            self._computed += 1
            units = units_of(pieces)
            counts = counted(units)
            words = sum(unit.words for unit in units)
            self._store(key, _best(units, counts, words, LEAF_KEEPS, -start))
        return _Node(key, start, end - start)

    def _merge(self, group: Sequence[_Node]) -> _Node:
        if len(group) == 1:
            return group[0]
        start = group[0].start
        size = group[-1].start + group[-1].size - start
        hasher = blake3(b"node")
        for node in group:
            # Where the parts stand to each other is part of what they are together.
            hasher.update(node.key + (node.start - start).to_bytes(8))
        key = hasher.digest(length=16)
        self._nodes += 1
        if self._cache.get(key) is None:
            self._check()
            self._computed += 1
            parts = [_moved(self._load(node.key), node.start - start) for node in group]
            counts: Counter[int] = Counter()
            for part in parts:
                counts.update(part.counts)
            units = [unit for part in parts for unit in part.units]
            words = sum(part.words for part in parts)
            self._store(key, _best(units, counts, words, NODE_KEEPS, 0))
        return _Node(key, start, size)

    def _store(self, key: bytes, kept: Kept) -> None:
        self._cache.put(key, _packed(kept))

    def _load(self, key: bytes) -> Kept:
        body = self._cache.get(key)
        if body is None:  # nobody else removes what this run has put there
            raise LookupError("a part of a summary has gone from its cache")
        return _unpacked(body)


def _best(units: Sequence[Unit], counts: Counter[int], words: int, most: int, shift: int) -> Kept:
    picked = sorted(chosen(units, weighed(counts), words + 1, most=most, weights=_KEEPING))
    kept = tuple(units[n] for n in picked)
    common = dict(counts.most_common(COUNTS_KEPT))
    return _moved(Kept(kept, common, words), shift)


def _moved(kept: Kept, shift: int) -> Kept:
    if not shift:
        return kept
    units = tuple(
        Unit(
            tuple((start + shift, end + shift) for start, end in unit.spans),
            unit.prior, unit.form, unit.section, unit.concepts, unit.words,
        )
        for unit in kept.units
    )  # fmt: skip
    return Kept(units, kept.counts, kept.words)


def _packed(kept: Kept) -> bytes:
    return zlib.compress(codec.dumps(kept).encode("ascii"), 6)


def _unpacked(body: bytes) -> Kept:
    return codec.loads(zlib.decompress(body), Kept)


# --- where parts end


def leaves(document: Document) -> Iterator[list[Piece]]:
    """The document in stretches of some pages, cut before headings and by content."""
    held: list[Piece] = []
    size = 0
    for piece in _pieces(document):
        is_heading = piece.block.kind in (BlockKind.TITLE, BlockKind.HEADING)
        length = piece.end - piece.start
        cuts = is_heading or (held and _is_cut(held[-1].text))
        if held and ((size >= LEAF_LEAST and cuts) or size + length > LEAF_MOST):
            yield held
            held, size = [], 0
        held.append(piece)
        size += length
    if held:
        yield held


def _pieces(document: Document) -> Iterator[Piece]:
    for block in document.blocks:
        if block.kind is BlockKind.FURNITURE or not block.text.strip():
            continue
        if len(block.text) <= LEAF_MOST or block.kind is BlockKind.TABLE:
            yield Piece(block, block.char_start, block.char_end)
        else:
            yield from _divided(block)


def _divided(block: Block) -> Iterator[Piece]:
    """A block that is too long for a leaf, in stretches of whole sentences."""
    start = end = 0
    for left, right in sentences(block.text):
        is_long = right - start > LEAF_LEAST
        if end > start and (
            right - start > LEAF_MOST or (is_long and _is_cut(block.text[start:end]))
        ):
            yield Piece(block, block.char_start + start, block.char_start + end)
            start = left
        end = right
    if end > start:
        yield Piece(block, block.char_start + start, block.char_start + end)


def _is_cut(text: str) -> bool:
    return zlib.crc32(text[-200:].encode("utf-8", "surrogatepass")) % _CUT_ONE_IN == 0


def _groups(level: Sequence[_Node]) -> Iterator[list[_Node]]:
    group: list[_Node] = []
    for node in level:
        group.append(node)
        cuts = len(group) >= NODE_LEAST and node.key[0] % _CUT_ONE_IN == 0
        if cuts or len(group) == NODE_MOST:
            yield group
            group = []
    if group:
        yield group


def _leaf_key(pieces: Sequence[Piece]) -> bytes:
    hasher = blake3(b"leaf %d" % VERSION)
    start = pieces[0].start
    for piece in pieces:
        block = piece.block
        said = (block.kind, str(piece.start - start), *block.heading_path, piece.text)
        hasher.update("\0".join(said).encode("utf-8", "surrogatepass") + b"\0\0")
    return hasher.digest(length=16)
