"""The texts of benchmarks.sparse_kv: prose with facts in it, of which the question asks for one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec import Struct

from lsfs.llm.lab.prose import Prose
from lsfs.llm.lab.tasks import Fact, Makes, facts, filled
from lsfs.llm.runtime.model import Model

__all__ = ["Fact", "Told", "facts", "haystack", "with_facts"]


class Told(Struct, frozen=True):
    """A text with facts in it.

    Attributes:
        tokens: of the text.
        text: it.
        facts: what it says, in order.
    """

    tokens: list[int]
    text: str
    facts: list[Fact]


def haystack(model: Model, prose: Prose, chance: random.Random, size: int, count: int) -> Told:
    """A text of ``size`` tokens with facts at even depths, but for some jitter."""
    return with_facts(model, prose, chance, size, facts(chance, count))


def with_facts(
    model: Model, prose: Prose, chance: random.Random, size: int, told: Sequence[Fact]
) -> Told:
    """A text of ``size`` tokens that says some facts."""
    tokens = filled(Makes(model, prose), chance, size, [fact.said for fact in told])
    return Told(tokens, model.detokenise(tokens), list(told))
