"""Likeness of texts to the words of a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsfs.index.meaning.embed import Tokens
from lsfs.index.meaning.late import closeness

PIECES = ("bath", "room", "paint", "the")


class Pieces:
    """Each piece has a direction of its own; "bathroom" is two pieces of one word."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Tokens:
        spans = [(0, 0)]
        rows = [np.eye(5)[4]]
        for at, piece in sorted((text.find(p), p) for p in PIECES if p in text):
            spans.append((at, at + len(piece)))
            rows.append(np.eye(5)[PIECES.index(piece)])
        states = np.array(rows, np.float32)
        return Tokens(states.mean(axis=0), states, tuple(spans))


def test_each_word_that_counts_has_its_nearest() -> None:
    near = closeness(Pieces(), "the bathroom paint", {"the"})
    ((_, both), (_, half), (_, none)) = near(["paint a bathroom", "a bath", "the"])
    assert both == (1.0, 1.0)
    assert half == (0.5, 0.0)  # a word is the mean of its pieces
    assert none == (0.0, 0.0)


def test_a_question_of_function_words_counts_whole() -> None:
    ((_, words),) = closeness(Pieces(), "the", {"the"})(["the"])
    assert max(words) == 1.0
