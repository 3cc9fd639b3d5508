"""Likeness of texts to a question, as a whole and word by word, from an encoder's token vectors.

Word by word: for each word of the question the likeness to the nearest word of the text; their mean
is MaxSim of ColBERT (Khattab and Zaharia, SIGIR 2020), here of an encoder that was not trained for
it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

import numpy as np

from lsfs.index.meaning.embed import ReadsTokens, Tokens

Closeness = Callable[[Sequence[str]], list[tuple[float, tuple[float, ...]]]]


def closeness(embedder: ReadsTokens, question: str, frame: Container[str]) -> Closeness:
    """What gives, for each text, its likeness to a question, and to each of its words, -1 to 1.

    Args:
        embedder: encodes both.
        question: in words.
        frame: words of it that do not count, in lower case.
    """
    (asked,) = embedder.encode_tokens([question])
    rows = _content(asked, question, frame)
    starts = [at for at, row in enumerate(rows) if not _goes_on(asked, row)]

    def close(texts: Sequence[str]) -> list[tuple[float, tuple[float, ...]]]:
        found = []
        for one in embedder.encode_tokens(texts):
            nearest = (asked.states[rows] @ one.states.T).max(axis=1)
            words = np.add.reduceat(nearest, starts) / np.diff([*starts, len(rows)])
            found.append((float(one.vector @ asked.vector), tuple(words.tolist())))
        return found

    return close


def _content(asked: Tokens, question: str, frame: Container[str]) -> list[int]:
    """The question's tokens that are parts of words which count; else all."""
    counted: list[int] = []
    for row, (start, end) in enumerate(asked.spans):
        if _goes_on(asked, row):
            counted += [row] if row - 1 in counted[-1:] else []
        elif question[start:end].isalnum() and _word(asked, question, row) not in frame:
            counted.append(row)
    return counted or list(range(len(asked.spans)))


def _goes_on(asked: Tokens, row: int) -> bool:
    """Whether a token goes on with the word of the one before it."""
    start, end = asked.spans[row]
    return row > 0 and end > start and asked.spans[row - 1][1] == start > 0


def _word(asked: Tokens, question: str, row: int) -> str:
    """The word that begins with a token, in lower case."""
    start, end = asked.spans[row]
    while row + 1 < len(asked.spans) and _goes_on(asked, row + 1):
        row += 1
        end = asked.spans[row][1]
    return question[start:end].casefold()
