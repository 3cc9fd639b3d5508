"""The texts of benchmarks.sparse_kv: prose with facts in it, of which the question asks for one."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsfs.llm.model import Model

COLOURS = [
    *("amber", "azure", "black", "blue", "brown", "coral", "crimson", "cyan", "golden", "green"),
    *("grey", "indigo", "ivory", "jade", "magenta", "maroon", "olive", "orange", "pink", "purple"),
    *("red", "scarlet", "silver", "teal", "violet", "white", "yellow"),
]
THINGS = [
    *("archive", "barn", "cabinet", "chest", "cottage", "depot", "door", "garage", "gate", "lab"),
    *("locker", "pier", "safe"),
]
FORMS = (
    "The secret code for the {key} is",
    "The access number of the {key} is",
    "The inventory number of the {key} is",
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: what it is of, how it is said, and its value."""

    key: str
    form: str
    value: str

    @property
    def said(self) -> str:
        """The sentence."""
        return f"{self.asked} {self.value}."

    @property
    def asked(self) -> str:
        """The sentence up to the value."""
        return self.form.format(key=self.key)

    @property
    def question(self) -> str:
        """The question in words."""
        what = self.form.removesuffix(" is").format(key=self.key)
        return f"What is {what[0].lower()}{what[1:]}?"


@dataclass(frozen=True, slots=True)
class Task:
    """A text with facts in it.

    Attributes:
        tokens: of the text.
        text: it.
        facts: what it says, in order.
    """

    tokens: list[int]
    text: str
    facts: list[Fact]


class Prose:
    """Sentences to stand around facts.

    Args:
        path: a text file, a folder of Markdown files, or a file in the form of SQuAD.
    """

    def __init__(self, path: Path) -> None:
        self._paragraphs = [_sentences(text) for text in _texts(path)]
        self._paragraphs = [each for each in self._paragraphs if len(each) > 1]
        if not self._paragraphs:
            raise ValueError(f"no paragraphs of several sentences in {path}")

    def sentences(self, chance: random.Random) -> Iterator[str]:
        """Paragraphs in another order each time, sentence by sentence, without end."""
        while True:
            for paragraph in chance.sample(self._paragraphs, len(self._paragraphs)):
                yield from paragraph


def _texts(path: Path) -> list[str]:
    if path.is_dir():
        pages = [page.read_text(encoding="utf-8") for page in sorted(path.glob("*.md"))]
        # Tables, headings and code are no prose.
        return [
            " ".join(part.split())
            for page in pages
            for part in re.sub(r"(?ms)^```.*?^```", "", page).split("\n\n")
            if part and part[0].isalpha()
        ]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        articles = json.loads(text)["data"]
        return [p["context"] for article in articles for p in article["paragraphs"]]
    return [part for part in text.split("\n") if len(part) > 200]


def _sentences(text: str) -> list[str]:
    plain = re.sub(r"[^\x20-\x7e]", " ", text)
    return [part.strip() for part in _SENTENCE.split(plain) if part.strip()]


def facts(chance: random.Random, count: int) -> list[Fact]:
    """Facts of different things, all said in one way."""
    keys = chance.sample([f"{c} {t}" for c in COLOURS for t in THINGS], count)
    form = chance.choice(FORMS)
    return [Fact(key, form, str(chance.randint(1000, 9999))) for key in keys]


def haystack(model: Model, prose: Prose, chance: random.Random, size: int, count: int) -> Task:
    """A text of ``size`` tokens with facts at even depths, but for some jitter."""
    return with_facts(model, prose, chance, size, facts(chance, count))


def with_facts(
    model: Model, prose: Prose, chance: random.Random, size: int, told: Sequence[Fact]
) -> Task:
    """A text of ``size`` tokens that says some facts."""
    said = [model.tokenise(f" {fact.said}") for fact in told]
    room = size - sum(map(len, said))
    depths = [(n + 0.2 + 0.6 * chance.random()) / len(told) * room for n in range(len(told))]
    tokens: list[int] = []
    plain, told_yet = 0, 0
    for sentence in prose.sentences(chance):
        while told_yet < len(told) and plain >= depths[told_yet]:
            tokens += said[told_yet]
            told_yet += 1
        more = model.tokenise(f" {sentence}")[: room - plain]
        tokens, plain = tokens + more, plain + len(more)
        if plain >= room:
            break
    for rest in said[told_yet:]:
        tokens += rest
    return Task(tokens, model.detokenise(tokens), list(told))
