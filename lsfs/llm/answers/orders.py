"""Text that speaks to a model instead of to a reader.

Nothing depends on catching all of it: the model sees only quotes, and its words are used only where
a quote bears them. But such a sentence is a poor answer to anything, and is kept from the model.
"""

from __future__ import annotations

import re

_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|rule|above|previous)"
    r"|\b(?:system prompt|you are (?:now )?(?:an? )?(?:ai|assistant|chatbot|language model))"
    r"|\b(?:ai|virtual|digital) (?:assistants?|agents?|models?)\b|\b(?:assistant|system)\s*:"
    r"|\b(?:when|whenever|if) (?:you(?:'re| are)? )?(?:ever )?asked\b"
    r"|\b(?:always|only|must|should) (?:answer|say|reply|respond)\b"
    r"|\b(?:say|answer|reply|respond) (?:that )?the answer is\b"
    r"|<\|[^|>]*\|>|\[/?INST\]",
    re.IGNORECASE | re.DOTALL,
)


def speaks_to_a_model(text: str) -> bool:
    """Whether a text reads like an instruction to an assistant."""
    return _ORDER.search(text) is not None
