"""A model that lies, to see whether a lie is shown: for benchmarks.answers.

It says what its evidence says, with one thing changed: a number, a name put in another's place, a
negation, the unit behind a number, a word of another quote. What is changed is known, so no judge
has to tell a lie.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from msgspec import Struct, field

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][^\W_]{2,}")
_VERB = re.compile(r"\b(?:is|are|was|were|has|had|can|may|will)\b")
_UNITS = ("years", "miles", "percent", "dollars", "days", "kilograms")


class Liar(Struct, dict=True):
    """Stands in the place of a language model; ``told`` are the lies, ``true`` what is none.

    Args:
        seed: of what is changed.
    """

    seed: int
    name: str = "liar"
    told: set[str] = field(default_factory=set)
    true: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """A true sentence, a clause left out, for one in three; else a lie."""
        text = self._chance.choice(list(evidence))
        if self._chance.random() < 1 / 3:
            shorter = re.sub(r", [^,]+, ", " ", text, count=1)
            self.true.add(shorter)
            return shorter
        ways = [self._number, self._swapped, self._negated, self._unit, self._mixed(evidence)]
        self._chance.shuffle(ways)
        lie = next((lie for way in ways if (lie := way(text)) != text), "")
        self.told.add(lie)
        return lie

    def question_gain(self, *args: Any, **kwargs: Any) -> list[float]:
        """Not asked for."""
        raise NotImplementedError

    def _number(self, text: str) -> str:
        found = list(_NUMBER.finditer(text))
        if not found:
            return text
        one = self._chance.choice(found)
        digits = "".join(
            str((int(c) + self._chance.randrange(1, 9)) % 10) if c.isdigit() else c for c in one[0]
        )
        return text[: one.start()] + digits + text[one.end() :]

    def _swapped(self, text: str) -> str:
        found = [match for match in _NAME.finditer(text)]
        names = sorted({match[0] for match in found})
        if len(names) < 2:
            return text
        a, b = self._chance.sample(names, 2)
        return re.sub(rf"\b(?:{a}|{b})\b", lambda m: b if m[0] == a else a, text)

    def _negated(self, text: str) -> str:
        return _VERB.sub(lambda m: f"{m[0]} not", text, count=1)

    def _unit(self, text: str) -> str:
        found = re.search(r"(\d[\d.,]*) (years?|miles?|percent|days?|dollars?|people|km)\b", text)
        if found is None:
            return text
        other = self._chance.choice([unit for unit in _UNITS if unit[:4] != found[2][:4]])
        return text[: found.start(2)] + other + text[found.end(2) :]

    def _mixed(self, evidence: Sequence[str]) -> Callable[[str], str]:
        names = [match[0] for text in evidence for match in _NAME.finditer(text)]

        def mixed(text: str) -> str:
            mine = _NAME.search(text)
            others = sorted({name for name in names if name not in text})
            if mine is None or not others:
                return text
            return text[: mine.start()] + self._chance.choice(others) + text[mine.end() :]

        return mixed
