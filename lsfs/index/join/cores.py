"""What a document says that the others of its side do not: the part of it that tells pairs apart.

Papers of one kind are written from a template. The vector of a passage of which nine tenths are
template is that of the template, whatever stands in the tenth that was filled in. So of documents
that are mostly such, the sentences of their own are taken out, and compared by their own vectors.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lsfs.sentences import sentences

if TYPE_CHECKING:
    from lsfs.index.meaning.embed import Embedder

COMMON_SHARE, COMMON_FILES = 0.2, 2  # a stem in more of a side's documents is one of its template
OWN = 0.3  # share of a sentence's stems that are not, from which on it is the document's own
MOST_OF_IT = 0.5  # of a document: one with more of its own has no template, and is taken as it is
LONGEST = 400  # characters of sentences that are embedded together
MOST = 8  # such stretches of a document
MOST_DOCUMENTS = 2000  # of a side, each of which takes some milliseconds
KEPT = 4096  # vectors of stretches that are kept for the next join

Matrix = NDArray[np.float32]
Stretch = tuple[int, str]  # the passage in which it begins, and its text

_kept: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
_lock = threading.Lock()


def cores(
    documents: Mapping[int, Sequence[str]], stems: Callable[[str], set[str]]
) -> dict[int, list[Stretch]]:
    """The sentences of their own of those documents of a side that are mostly template.

    Args:
        documents: the passages of each, by any number.
        stems: the words of a text that are compared.
    """
    if len(documents) > MOST_DOCUMENTS:
        return {}
    counts = Counter(
        stem for passages in documents.values() for stem in set().union(*map(stems, passages))
    )
    most = max(COMMON_FILES, COMMON_SHARE * len(documents))
    common = {stem for stem, count in counts.items() if count > most}
    found = {number: _own(passages, common, stems) for number, passages in documents.items()}
    return {
        number: _joined(own)
        for number, own in found.items()
        if own and _length(own) <= MOST_OF_IT * sum(map(len, documents[number]))
    }


def _own(
    passages: Sequence[str], common: set[str], stems: Callable[[str], set[str]]
) -> list[Stretch]:
    """The sentences that are not of the template."""
    found = []
    for at, passage in enumerate(passages):
        for start, end in sentences(passage):
            said = stems(passage[start:end])
            if said and len(said - common) >= OWN * len(said):
                found.append((at, " ".join(passage[start:end].split())))
    return found


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
