"""Does lsfs find the sentence that answers, and know when there is none? Measured on XQuAD.

    python -m benchmarks.evidence xquad.en.json --questions 50

The articles are split into two halves. Each question is asked of the paragraphs of its half, once
with and once without the paragraph that answers it. Thresholds are fitted on the first half and
judged on the second. Prints a table, and the same figures as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from lsfs.config import ModelConfig
from lsfs.index.meaning.embed import Embedder, load
from lsfs.llm.answers.evidence import CALIBRATIONS, Candidate, Likeness, Similarity, rank
from lsfs.llm.answers.wordforms import words
from lsfs.llm.files import models
from lsfs.llm.runtime.local import LocalChat
from lsfs.paths import user_cache

PASSAGES = 8  # paragraphs read for each question, as a search would return them
SEED = 7


class Question(Struct, frozen=True):
    """A question, its answers, and the paragraph that they stand in."""

    text: str
    answers: tuple[str, ...]
    gold: int


class Half(Struct, frozen=True):
    """Half of the articles."""

    paragraphs: list[str]
    questions: list[Question]


def halves(path: Path, count: int) -> tuple[Half, Half]:
    """Two halves without a common article, with ``count`` questions each."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    chance = random.Random(SEED)
    chance.shuffle(articles)
    middle = len(articles) // 2
    first, second = (_half(part, count, chance) for part in (articles[:middle], articles[middle:]))
    return first, second


def _half(articles: Sequence[Any], count: int, chance: random.Random) -> Half:
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    questions = [
        Question(qa["question"], tuple(answer["text"] for answer in qa["answers"]), number)
        for number, paragraph in enumerate(paragraphs)
        for qa in paragraph["qas"]
    ]
    chance.shuffle(questions)
    return Half([paragraph["context"] for paragraph in paragraphs], questions[:count])


class Vectors:
    """An embedder that computes each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def likeness(self, question: str) -> Similarity:
        """Likeness of texts to ``question``."""
        query = self._of([question])[0]
        return lambda texts: [Likeness(float(vector @ query)) for vector in self._of(texts)]

    def _of(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.encode(new), strict=True))
        return [self._known[text] for text in texts]


class RememberingChat(Struct):
    """Gains of a model, each measured once, with what that cost."""

    chat: LocalChat
    known: dict[tuple[str, str], float] = field(default_factory=dict)
    cpu_s: float = 0.0
    measured: int = 0

    @property
    def name(self) -> str:
        return self.chat.name

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        new = [text for text in sentences if (question, text) not in self.known]
        began = time.process_time()
        gains = self.chat.question_gain(question, new, cancel)
        self.cpu_s += time.process_time() - began
        self.measured += len(new)
        self.known.update({(question, text): g for text, g in zip(new, gains, strict=True)})
        return [self.known[question, text] for text in sentences]

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        raise NotImplementedError("only gains are measured here")


class Outcome(Struct, frozen=True):
    """One question, with and without its paragraph.

    Attributes:
        answered, removed: the best score with and without it.
        places: for the candidates in their order, whether each holds an answer.
    """

    answered: float
    removed: float
    places: tuple[bool, ...]


def outcomes(
    half: Half, vectors: Vectors, chat: RememberingChat, *, like: bool, gain: bool
) -> Iterator[Outcome]:
    """Every question of a half, with some of the measures."""
    for question in half.questions:
        likeness = vectors.likeness(question.text)
        order = _retrieved(question, half.paragraphs, likeness)

        def best(
            numbers: list[int], asked: str = question.text, alike: Similarity = likeness
        ) -> list[Candidate]:
            passages = [half.paragraphs[number] for number in numbers]
            return rank(asked, passages, alike if like else None, chat if gain else None)

        read = order[:PASSAGES]
        found = best(read)
        rest = best([number for number in order if number != question.gold][:PASSAGES])
        places = tuple(
            read[c.passage] == question.gold and any(a in c.text for a in question.answers)
            for c in found
        )
        yield Outcome(found[0].score, rest[0].score, places)


def _retrieved(question: Question, paragraphs: Sequence[str], likeness: Similarity) -> list[int]:
    """All paragraphs, those that share the question's words and meaning first."""
    asked = set(words(question.text))
    shared = [len(asked & set(words(text))) / len(asked) for text in paragraphs]
    scores = np.array(shared) + np.array([one.whole for one in likeness(paragraphs)])
    return [int(number) for number in np.argsort(-scores, kind="stable")]


def figures(first: list[Outcome], second: list[Outcome], shipped: float) -> dict[str, float]:
    """Fitted on the first half, judged on the second."""
    best = max(_accuracy(first, o.answered) for o in first)
    fitted = min(o.answered for o in first if _accuracy(first, o.answered) == best)
    return {
        "n": len(second),
        "auc": _auc(second),
        "first_holds": float(np.mean([o.places[0] for o in second])),
        "first_two_hold": float(np.mean([any(o.places[:2]) for o in second])),
        "fitted_threshold": fitted,
        "accuracy_fitted": _accuracy(second, fitted),
        "accuracy_shipped": _accuracy(second, shipped),
        "answered_shipped": float(np.mean([o.answered >= shipped for o in second])),
        "refused_shipped": float(np.mean([o.removed < shipped for o in second])),
    }


def _accuracy(results: list[Outcome], threshold: float) -> float:
    right = [o.answered >= threshold for o in results] + [o.removed < threshold for o in results]
    return float(np.mean(right))


def _auc(results: list[Outcome]) -> float:
    answered = np.array([o.answered for o in results])[:, None]
    removed = np.array([o.removed for o in results])[None]
    return float(np.mean((answered > removed) + 0.5 * (answered == removed)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("xquad", type=Path, nargs="?", default=os.environ.get("LSFS_XQUAD"))
    parser.add_argument("--questions", type=int, default=50, help="of each half")
    options = parser.parse_args()
    if options.xquad is None:
        parser.error("name the file xquad.en.json, or set LSFS_XQUAD")
    embed = models.embed_model_folder("default")
    chat_file = models.chat_model_file("default")
    if embed is None or chat_file is None:
        parser.error("the default models are not installed")
    local = LocalChat(chat_file, ModelConfig())
    chat = RememberingChat(local)
    vectors = Vectors(load(embed.path.parent, user_cache()))
    first, second = halves(options.xquad, options.questions)
    table = {}
    for like, gain in ((False, False), (True, False), (False, True), (True, True)):
        name = "words" + " + likeness" * like + " + gain" * gain
        fitted = list(outcomes(first, vectors, chat, like=like, gain=gain))
        judged = list(outcomes(second, vectors, chat, like=like, gain=gain))
        table[name] = figures(fitted, judged, CALIBRATIONS["whole" if like else "", gain].threshold)
    local.close()
    _print(table, chat)


def _print(table: dict[str, dict[str, float]], chat: RememberingChat) -> None:
    names = list(next(iter(table.values())))
    print(" | ".join(["measures".ljust(24), *names]))
    for name, row in table.items():
        cells = [f"{row[key]:.3f}".rjust(len(key)) for key in names]
        print(" | ".join([name.ljust(24), *cells]))
    cost = chat.cpu_s / max(chat.measured, 1)
    print(json.dumps({"modes": table, "cpu_s_per_candidate": round(cost, 3), "model": chat.name}))


if __name__ == "__main__":
    main()
