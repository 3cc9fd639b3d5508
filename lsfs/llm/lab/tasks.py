"""Tasks of the laboratory: texts of a length, and questions of which the answers are known.

The kinds are those of RULER (Hsieh et al., 2024, arXiv 2404.06654, section 3): needles in a
haystack, keys and values, a chain of variables; then facts that need two steps, questions to real
documents, and how well a text is gone on with. Questions with one right answer are beginnings of
sentences that the model completes, because small models answer few questions in words.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.llm.lab.prose import Prose
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import form

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
MANY = 4  # facts of a text in which several are said
CHAIN = 4  # variables that hold one value
ASKED, FOLLOWS = 32, 64  # tokens of a continuation that ask, and that are scored


class Fact(Struct, frozen=True):
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


class Question(Struct, frozen=True):
    """What is run behind a text, and what is right.

    Attributes:
        tail: tokens of the question.
        follows: tokens that must be the likeliest ones, one after the other; empty where any text
            is taken that holds the ``words``.
        words: each of which is one trial.
        scored: only how likely ``follows`` is counts.
    """

    tail: tuple[int, ...]
    follows: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    scored: bool = False


class Task(Struct, frozen=True):
    """A text and questions to it."""

    tokens: list[int]
    questions: list[Question]


class Makes(Struct, frozen=True):
    """What tasks are made of.

    Attributes:
        model: whose tokens they are in.
        prose: what stands around.
        documents: a file in the form of SQuAD; None: there is none.
    """

    model: Model
    prose: Prose
    documents: Path | None = None


# --- facts in prose


def facts(chance: random.Random, count: int) -> list[Fact]:
    """Facts of different things, all said in one way."""
    names = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
    rounds = -(-count // len(names))
    more = [f"{name} {number}" for number in range(2, rounds + 1) for name in names]
    keys = chance.sample(names + more, count)
    form = chance.choice(FORMS)
    return [Fact(key, form, str(chance.randint(1000, 9999))) for key in keys]


def filled(makes: Makes, chance: random.Random, size: int, said: Sequence[str]) -> list[int]:
    """Prose of ``size`` tokens with some sentences at even depths, but for some jitter."""
    model = makes.model
    needles = [model.tokenise(f" {sentence}") for sentence in said]
    room = size - sum(map(len, needles))
    if room < 0:
        raise UsageError(f"{len(said)} sentences do not fit {size} tokens", hint="--lengths 1024")
    depths = [(n + 0.2 + 0.6 * chance.random()) / len(said) * room for n in range(len(said))]
    tokens: list[int] = []
    plain = told = 0
    for sentence in makes.prose.sentences(chance):
        while told < len(needles) and plain >= depths[told]:
            tokens += needles[told]
            told += 1
        more = model.tokenise(f" {sentence}")[: room - plain]
        tokens, plain = tokens + more, plain + len(more)
        if plain >= room:
            break
    return tokens + [token for rest in needles[told:] for token in rest]


def _of(model: Model, fact: Fact) -> Question:
    tail = model.tokenise(f"\n\n{fact.asked}")
    return Question(tuple(tail), tuple(model.tokenise(f" {fact.value}")))


def needle(makes: Makes, chance: random.Random, size: int) -> Task:
    """One fact in prose."""
    (fact,) = facts(chance, 1)
    return Task(filled(makes, chance, size, [fact.said]), [_of(makes.model, fact)])


def needles(makes: Makes, chance: random.Random, size: int) -> Task:
    """Several facts in prose; each is asked for."""
    told = facts(chance, MANY)
    tokens = filled(makes, chance, size, [fact.said for fact in told])
    return Task(tokens, [_of(makes.model, fact) for fact in told])


def pairs(makes: Makes, chance: random.Random, size: int) -> Task:
    """Keys and values and nothing else; some are asked for."""
    model, tokens, told = makes.model, list[int](), list[Fact]()
    for fact in facts(chance, size // 6):
        more = model.tokenise(f" {fact.said}")
        if len(tokens) + len(more) > size:
            break
        tokens += more
        told.append(fact)
    return Task(tokens, [_of(model, fact) for fact in chance.sample(told, min(MANY, len(told)))])


def hops(makes: Makes, chance: random.Random, size: int) -> Task:
    """Facts that are said of another thing, which is said to be the same as the one asked for."""
    told = facts(chance, 2 * MANY)
    first, second = told[:MANY], told[MANY:]
    what = first[0].form.removesuffix(" for the {key} is").removesuffix(" of the {key} is")
    same = [
        f"{what[0]}{what[1:]} of the {a.key} is the same as that of the {b.key}."
        for a, b in zip(first, second, strict=True)
    ]
    said = chance.sample([*same, *(fact.said for fact in second)], 2 * MANY)
    tokens = filled(makes, chance, size, said)
    wanted = [Fact(a.key, a.form, b.value) for a, b in zip(first, second, strict=True)]
    return Task(tokens, [_of(makes.model, fact) for fact in wanted])


def variables(makes: Makes, chance: random.Random, size: int) -> Task:
    """Chains of variables, each given the one before: which ones hold a value (RULER's VT)."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    names = chance.sample([a + b + c for a in letters for b in letters for c in letters], 2 * CHAIN)
    values = chance.sample(range(10000, 99999), 2)
    chains = [names[:CHAIN], names[CHAIN:]]
    said: list[list[str]] = []
    for chain, value in zip(chains, values, strict=True):
        links = [f"VAR {b} = VAR {a}." for a, b in itertools.pairwise(chain)]
        said.append([f"VAR {chain[0]} = {value}.", *links])
    order = sorted([0] * CHAIN + [1] * CHAIN, key=lambda _: chance.random())
    tokens = filled(makes, chance, size, [said[which].pop(0) for which in order])
    asks = f"Which {CHAIN} variables are assigned the value {values[0]} in the text above?"
    return Task(tokens, [_in_words(makes.model, asks, chains[0])])


def _in_words(model: Model, asks: str, words: Sequence[str]) -> Question:
    """A question in the form of a conversation, as ``lsfs ask`` has it."""
    tail = form.question_tokens(model, form.form_of(model), asks)
    return Question(tuple(tail), words=tuple(words))


# --- real documents, continuations


def documents(makes: Makes, chance: random.Random, size: int) -> Task:
    """Paragraphs of a file one after the other; a question to one of them, in words."""
    if makes.documents is None:
        raise UsageError(
            "the task documents needs a file in the form of SQuAD", hint="--xquad xquad.en.json"
        )
    articles = json.loads(makes.documents.read_text(encoding="utf-8"))["data"]
    found = [p for article in articles for p in article["paragraphs"]]
    chance.shuffle(found)
    parts: list[list[int]] = []
    asked = []
    for paragraph in found:
        tokens = makes.model.tokenise(f"{paragraph['context']}\n\n")
        if sum(map(len, parts)) + len(tokens) > size:
            break
        parts.append(tokens)
        asked.append(chance.choice(paragraph["qas"]))
    questions = [
        _in_words(makes.model, one["question"], [one["answers"][0]["text"]])
        for one in chance.sample(asked, min(MANY, len(asked)))
    ]
    return Task([token for part in parts for token in part], questions)


def continuation(makes: Makes, chance: random.Random, size: int) -> Task:
    """Prose that is gone on with as it does."""
    tokens = filled(makes, chance, size + ASKED + FOLLOWS, [])
    tail, follows = tokens[size : size + ASKED], tokens[size + ASKED :]
    return Task(tokens[:size], [Question(tuple(tail), tuple(follows), scored=True)])


Task_ = Callable[[Makes, random.Random, int], Task]
TASKS: dict[str, Task_] = {
    "needle": needle,
    "needles": needles,
    "pairs": pairs,
    "hops": hops,
    "variables": variables,
    "documents": documents,
    "continuation": continuation,
}


def task_of(name: str) -> Task_:
    """The task of a name.

    Raises:
        UsageError: there is none.
    """
    found = TASKS.get(name)
    if found is None:
        raise UsageError(f"no task {name}", hint=f"one of: {', '.join(TASKS)}")
    return found
