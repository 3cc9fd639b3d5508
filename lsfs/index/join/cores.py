"""What a document says that the others of its side do not: the part of it that tells pairs apart.

Papers of one kind are written from a template. The vector of a passage of which nine tenths are
template is that of the template, whatever stands in the tenth that was filled in. So of documents
that are mostly such, the sentences of their own are taken out, and compared by their own vectors.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from lsfs.index.facts.dates import fold
from lsfs.sentences import sentences

if TYPE_CHECKING:
    from lsfs.index.meaning.embed import Embedder

COMMON_SHARE, COMMON_FILES = 0.2, 2  # a stem in more of a side's documents is one of its template
OWN = 0.3  # share of a sentence's stems that are not, from which on it is the document's own
MOST_OF_IT = 0.5  # of a document: a long one with more of its own is taken as it is
LONGEST = 400  # characters of sentences that are embedded together
MOST = 8  # such stretches of a document
MOST_DOCUMENTS = 2000  # of a side, each of which takes some milliseconds
KEPT = 4096  # vectors of stretches that are kept for the next join

Matrix = NDArray[np.float32]
Stretch = tuple[int, str]  # the passage in which it begins, and its text
_T = TypeVar("_T")
_WORD = re.compile(r"\w+|[^\w\s]")

_kept: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
_lock = threading.Lock()


def cores(
    documents: Mapping[int, Sequence[str]], stems: Callable[[str], set[str]]
) -> dict[int, list[Stretch]]:
    """The sentences of their own of the documents of a side, but of long ones without a template.

    Words at either end of such a sentence that many others begin or end with are taken off:
    "The Contractor undertakes for the Client:" is template, whatever it undertakes.

    Args:
        documents: the passages of each, by any number.
        stems: the words of a text that are compared.
    """
    if len(documents) > MOST_DOCUMENTS:
        return {}
    read = {number: _sentences(passages) for number, passages in documents.items()}
    said = [[text for _, text in found] for found in read.values()]
    common = _common([set().union(*map(stems, texts)) for texts in said])
    template = _common([set().union(*map(_pairs, texts)) for texts in said])
    found = {
        number: [
            (at, _trimmed(text, template))
            for at, text in read[number]
            if (words := stems(text)) and len(words - common) >= OWN * len(words)
        ]
        for number in read
    }
    return {
        number: _joined(own)
        for number, own in found.items()
        if own
        and _length(own) <= max(MOST * LONGEST, MOST_OF_IT * sum(map(len, documents[number])))
    }


def _sentences(passages: Sequence[str]) -> list[Stretch]:
    return [
        (at, " ".join(passage[start:end].split()))
        for at, passage in enumerate(passages)
        for start, end in sentences(passage)
    ]


def _common(documents: Sequence[set[_T]]) -> set[_T]:
    """What so many documents have that it is of their template."""
    counts = Counter(one for document in documents for one in document)
    most = max(COMMON_FILES, COMMON_SHARE * len(documents))
    return {one for one, count in counts.items() if count > most}


def _pairs(sentence: str) -> set[tuple[str, str]]:
    """Words of a sentence with the next one; those at its ends with nothing."""
    return set(pairwise(["", *(fold(match[0]) for match in _WORD.finditer(sentence)), ""]))


def _trimmed(sentence: str, template: set[tuple[str, str]]) -> str:
    """A sentence without the words of the template that it begins and ends with."""
    words = list(_WORD.finditer(sentence))
    known = [pair in template for pair in pairwise(["", *(fold(word[0]) for word in words), ""])]
    if all(known):
        return sentence
    start, behind = known.index(False), known[::-1].index(False)
    kept = words[start : len(words) - behind]
    return sentence[kept[0].start() : kept[-1].end()] if kept else sentence


def _length(own: Sequence[Stretch]) -> int:
    return sum(len(text) for _, text in own)


def _joined(own: Sequence[Stretch]) -> list[Stretch]:
    """Sentences put together as far as a stretch goes."""
    found: list[Stretch] = []
    for at, text in own:
        if found and len(found[-1][1]) + len(text) < LONGEST:
            found[-1] = found[-1][0], f"{found[-1][1]} {text}"
        else:
            found.append((at, text))
    return found[:MOST]


def embedded(texts: Sequence[str], embedder: Embedder) -> dict[str, Matrix]:
    """The vectors of texts, of which those of the last joins are still known."""
    wanted = dict.fromkeys(texts)
    with _lock:
        known = {one: _kept[embedder.name, one] for one in wanted if (embedder.name, one) in _kept}
    new = [one for one in wanted if one not in known]
    if new:
        known |= zip(new, embedder.encode(new), strict=True)
    with _lock:
        for one, vector in known.items():
            _kept[embedder.name, one] = vector
            _kept.move_to_end((embedder.name, one))
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return known
