"""How much of their wording two texts share: shingles, MinHash signatures, bands.

Resemblance as Broder defined it ("On the resemblance and containment of documents", 1997): the
Jaccard coefficient of the sets of runs of words. Its estimate is a signature of minima under random
hash functions, and pairs worth a look share a band of it (Indyk and Motwani 1998; Leskovec et al.,
"Mining of Massive Datasets", 3.4). What runs of words miss: of true duplicates in digitised
newspapers the mean resemblance is 0.30, and a trained bi-encoder groups them far better (adjusted
Rand index 91.5 to 73.7 for MinHash; Silcock et al., "Noise-Robust De-Duplication at Scale", ICLR
2023). For drafts, copies and exports of one's own files, runs of words are exact and explainable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lsfs import bytewise
from lsfs.patterns import later

RUN = 3  # words in a shingle
LEAST = 20  # shingles below which a likeness means nothing
PERMUTATIONS = 128  # standard error of an estimate: at most 0.044
BANDS, ROWS = 32, 4  # a pair that shares 0.8 is missed once in 10^7, one that shares 0.5 by 13 %
_CHUNK = 512  # shingles hashed at once: 256 KiB, which a core's cache holds
_STRETCH = 1 << 16  # characters cut into words at once, so that a long text takes no more memory
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # written without spaces: each is a word
_WORD = later(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_ASCII_WORD = re.compile("[a-z0-9]+")  # the same in a casefolded text of ASCII
_GAP = re.compile(r"[\W_]")
_LETTER, _ALONE = 1, 2  # kinds of characters: of a word of several, and a word of its own

Shingles = NDArray[np.uint64]  # sorted, each once
Signature = NDArray[np.uint32]  # [PERMUTATIONS]


def _constants(seed: int, count: int) -> NDArray[np.uint64]:
    draw = np.random.default_rng(seed).integers(0, 1 << 63, count, dtype=np.uint64)
    return draw << np.uint64(1) | np.uint64(1)


# Written into every signature: other ones ask for another `stated.SIGNATURES_VERSION`.
_FACTORS = _constants(20221009, PERMUTATIONS).astype(np.uint32)
_OFFSETS = _constants(20150601, PERMUTATIONS).astype(np.uint32)
_PLACES = _constants(1997, RUN)
_LETTERS = _constants(1979, 64)  # by their place in a word; a longer one takes them again
_ASCII_KINDS = np.array([chr(code).isalnum() * _LETTER for code in range(128)], np.uint8)
# For each codec: which bytes are letters of words, and what each adds before it is weighted.
_BYTES = [
    (
        bytes(map(str.isalnum, chars)),
        np.array([(ord(c) + 32) * c.isalnum() for c in chars], np.uint64),
    )
    for chars in (bytes(range(256)).decode(codec, "replace") for codec in bytewise.CODECS)
]
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def words(text: str) -> list[str]:
    """The words of a text, without regard to case."""
    text = text.casefold()
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def shingles(text: str) -> Shingles:
    """The runs of words in a text, as hashes."""
    return np.unique(runs_of(text))


def runs_of(text: str) -> NDArray[np.uint64]:
    """The hashes of all runs of words in a text, in order and as often as they stand there."""
    row = _hashed(bytewise.casefold(text))
    if len(row) < RUN:
        return np.empty(0, np.uint64)
    mixed = np.zeros(len(row) - RUN + 1, np.uint64)
    for place, factor in enumerate(_PLACES):
        mixed += row[place : len(row) - RUN + 1 + place] * factor
    mixed = (mixed ^ (mixed >> _HALF)) * _MIX
    return mixed ^ (mixed >> _HALF)


def _hashed(text: str) -> NDArray[np.uint64]:
    """The hashes of the words of a casefolded text: those of :func:`words`, one for each."""
    found = []
    low = 0
    while low < len(text):
        high = low + _STRETCH
        if high < len(text) and (gap := _GAP.search(text, high)):  # no word is cut in two
            high = gap.end()
        elif high < len(text):
            high = len(text)
        found.append(_hashed_stretch(text[low:high]))
        low = high
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def _hashed_stretch(text: str) -> NDArray[np.uint64]:
    """The same at once: sums of letters, each weighted by its place in the word.

    Multilinear hashing (Carter and Wegman, "Universal classes of hash functions", 1979) modulo
    2^64; its low bits are the weak ones, and the runs of words mix them.
    """
    coded = bytewise.encoded(text)
    if coded is not None:
        return _hashed_bytes(*coded)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds(codes)
    before = np.concatenate((np.zeros(1, np.uint8), kinds[:-1]))
    begins = (kinds == _ALONE) | ((kinds == _LETTER) & (before != _LETTER))
    letters = np.flatnonzero(kinds)
    if not len(letters):
        return np.empty(0, np.uint64)
    firsts = np.flatnonzero(begins[letters])  # of the letters, those that begin a word
    lengths = np.diff(firsts, append=len(letters))
    places = np.arange(len(letters)) - np.repeat(firsts, lengths)
    weighted = (codes[letters].astype(np.uint64) + _HALF) * _LETTERS[places % len(_LETTERS)]
    sums: NDArray[np.uint64] = np.add.reduceat(weighted, firsts)
    return sums ^ (sums >> _HALF)


def _hashed_bytes(raw: bytes, codec: int) -> NDArray[np.uint64]:
    """The same of a text of one byte a character, in which no letter is a word of its own."""
    if not raw:
        return np.empty(0, np.uint64)
    are_letters, weights = _BYTES[codec]
    letters = np.frombuffer(raw.translate(are_letters), np.bool_)
    begins = np.empty(len(raw), np.bool_)
    begins[0] = letters[0]
    np.greater(letters[1:], letters[:-1], out=begins[1:])
    firsts = np.flatnonzero(begins)
    if not len(firsts):
        return np.empty(0, np.uint64)
    start = firsts[0]
    places = np.arange(start, len(raw))
    places -= np.repeat(firsts, np.concatenate((firsts[1:], (len(raw),))) - firsts)
    places &= len(_LETTERS) - 1
    weighted = weights.take(np.frombuffer(raw, np.uint8)[start:])  # 0 between words
    weighted *= _LETTERS.take(places)
    sums: NDArray[np.uint64] = np.add.reduceat(weighted, firsts - start)
    return sums ^ (sums >> _HALF)


def _kinds(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """What each character is to a word: ``_LETTER``, ``_ALONE``, or 0 for none of it."""
    highest = codes.max(initial=0)
    if highest < len(_ASCII_KINDS):
        return _ASCII_KINDS[codes]
    known = _known_kinds()
    if highest < len(known):
        return known[codes]
    rare = codes >= len(known)
    kinds = known[np.where(rare, 0, codes)]
    kinds[rare] = [chr(code).isalnum() * _LETTER for code in codes[rare]]
    return kinds


@lru_cache(maxsize=1)
def _known_kinds() -> NDArray[np.uint8]:
    """The kinds of the characters of the first plane of Unicode."""
    chars = map(chr, range(1 << 16))
    kinds = np.fromiter(map(str.isalnum, chars), np.uint8, 1 << 16) * np.uint8(_LETTER)
    for first, last in re.findall("(.)-(.)", _IDEOGRAPHS):
        kinds[ord(first) : ord(last) + 1] = _ALONE
    return kinds


def are_enough(runs: NDArray[np.uint64]) -> bool:
    """Whether a text has enough different runs of words to be compared with others."""
    some = runs[: 5 * LEAST].tolist()
    if len(set(some)) >= LEAST:
        return True
    # Not by np.unique: it loads numpy.ma, which takes longer than hundreds of texts.
    return 1 + int(np.count_nonzero(np.diff(np.sort(runs)))) >= LEAST


def signature(runs: NDArray[np.uint64]) -> Signature:
    """The minima of the hashes of all runs; all ones for none.

    Args:
        runs: of :func:`runs_of` or :func:`shingles`; one that comes again changes nothing.
    """
    least = np.full(PERMUTATIONS, np.iinfo(np.uint32).max, np.uint32)
    mixed = (runs >> _HALF).astype(np.uint32)
    for low in range(0, len(mixed), _CHUNK):
        hashed = mixed[low : low + _CHUNK, None] * _FACTORS
        hashed += _OFFSETS
        np.minimum(least, hashed.min(axis=0), out=least)
    return least


def resemblance(a: Shingles, b: Shingles) -> float:
    """The share of all runs of two texts that both have, from 0 to 1."""
    if not len(a) or not len(b):
        return 0.0
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common)


def estimates(one: Signature, others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """About the resemblance of a text and each of others [n, PERMUTATIONS], by their signatures."""
    return np.asarray((others == one).mean(axis=1), np.float64)


def buckets(signatures: NDArray[np.uint32]) -> Iterator[NDArray[np.intp]]:
    """Rows that agree in a whole band; every pair worth a look is in one of the buckets.

    Args:
        signatures: [n, PERMUTATIONS].
    """
    for band in range(BANDS):
        rows = signatures[:, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
        keys = (rows[:, 0] << _HALF | rows[:, 1]) * _MIX ^ (rows[:, 2] << _HALF | rows[:, 3])
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        yield from (bucket for bucket in np.split(order, ends) if len(bucket) > 1)
