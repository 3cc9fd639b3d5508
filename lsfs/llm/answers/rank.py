"""The model's order of passages for a query, all in one prompt or window by window.

Windows slide from the last passages to the first, each overlapping the one before by half, so that
a good passage can rise all the way (RankGPT, Sun et al., EMNLP 2023).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from string import ascii_uppercase
from threading import Event

from lsfs.errors import ContextTooLong
from lsfs.llm.answers.chat import ChatModel

WINDOW = 20  # passages in one prompt at most
LEAST = 4  # passages in a prompt; where not even these fit the order stays
CHARS = 320  # of a passage that the model is shown

Ranked = Callable[[Sequence[str]], list[int]]


def first(
    query: str, passages: Sequence[str], chat: ChatModel, cancel: Event | None = None
) -> list[int]:
    """Order by the first token of the answer; see :meth:`ChatModel.weigh`.

    Returns:
        Positions in ``passages``, best first.
    """

    def ranked(texts: Sequence[str]) -> list[int]:
        scores = chat.weigh(query, texts, cancel)
        return sorted(range(len(texts)), key=lambda n: (-scores[n], n))

    return _sliding(passages, ranked)


def listwise(
    query: str, passages: Sequence[str], chat: ChatModel, cancel: Event | None = None
) -> list[int]:
    """Order by the whole list of letters that the model writes, under a grammar.

    Returns:
        Positions in ``passages``, best first; those that the model left out stay behind, in order.
    """

    def ranked(texts: Sequence[str]) -> list[int]:
        labels = ascii_uppercase[: len(texts)]
        schema = {
            "type": "array",
            "items": {"enum": list(labels)},
            "minItems": len(texts),
            "maxItems": len(texts),
        }
        shown = [f"[{label}] {text}" for label, text in zip(labels, texts, strict=True)]
        asked = f"Which passages answer this, best first: {query}"
        told = _letters(chat.fill(asked, shown, schema, cancel), labels)
        return list(dict.fromkeys([*told, *range(len(texts))]))

    return _sliding(passages, ranked)


def _letters(text: str, labels: str) -> list[int]:
    """Positions of the letters in the model's JSON; none where it was cut short."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return []
    return [labels.index(one) for one in found if isinstance(one, str) and one in labels]


def _sliding(passages: Sequence[str], ranked: Ranked) -> list[int]:
    order = list(range(len(passages)))
    short = [" ".join(text.split())[:CHARS] for text in passages]
    size = WINDOW
    end = len(order)
    while end > 0 and len(order) > 1:
        begin = max(end - size, 0)
        window = order[begin:end]
        try:
            order[begin:end] = [window[n] for n in ranked([short[i] for i in window])]
        except ContextTooLong:
            if size <= LEAST:
                return order
            size = max(size // 2, LEAST)
            continue
        end = begin + size // 2 if begin > 0 else 0
    return order
