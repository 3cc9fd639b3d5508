"""Questions with known answers over a folder of texts, for benchmarks.answers."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct


class Asked(Struct, frozen=True):
    """A question, the answers that count (none where only the file is known), and its file."""

    text: str
    answers: tuple[str, ...]
    file: str


class Texts(Struct, frozen=True):
    """Files by name, and the questions about them."""

    files: dict[str, str]
    questions: list[Asked]


def xquad(path: Path, seed: int) -> tuple[Texts, list[bool]]:
    """XQuAD (SQuAD's format): a file for each paragraph, with neutral names.

    Returns:
        The texts, and for each question whether it is of the half of the articles that is for
        fitting; no article is in both halves.
    """
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    chance = random.Random(seed)
    fitting = set(chance.sample(range(len(articles)), len(articles) // 2))
    files: dict[str, str] = {}
    questions: list[Asked] = []
    half: list[bool] = []
    for number, article in enumerate(articles):
        for paragraph in article["paragraphs"]:
            name = f"{len(files):04}.txt"
            files[name] = paragraph["context"] + "\n"
            for qa in paragraph["qas"]:
                answers = tuple(dict.fromkeys(answer["text"] for answer in qa["answers"]))
                questions.append(Asked(qa["question"], answers, name))
                half.append(number in fitting)
    return Texts(files, questions), half


def abstracts(folder: Path, count: int, seed: int) -> Texts:
    """A retrieval set (corpus.json, queries.json, qrels.json); a file for each document.

    Args:
        count: questions drawn.
    """
    read = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("corpus", "queries", "qrels")
    }
    names = {key: f"{number:04}.txt" for number, key in enumerate(sorted(read["corpus"]))}
    files = {names[key]: f"{text}\n" for key, text in read["corpus"].items()}
    questions = [
        Asked(text, (), names[max(read["qrels"][key], key=read["qrels"][key].get)])
        for key, text in sorted(read["queries"].items())
    ]
    return Texts(files, random.Random(seed).sample(questions, min(count, len(questions))))


def write(files: dict[str, str], folder: Path) -> None:
    """Write files that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")


def normal(text: str) -> str:
    """A text as SQuAD's scorer compares it: no case, punctuation, articles."""
    import re
    import string

    plain = "".join(char for char in text.casefold() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", plain).split())


def token_f1(said: str, answers: Sequence[str]) -> float:
    """SQuAD's F1 of words against the best of the answers."""
    from collections import Counter

    best = 0.0
    for answer in answers:
        mine, theirs = normal(said).split(), normal(answer).split()
        shared = sum((Counter(mine) & Counter(theirs)).values())
        if shared:
            best = max(best, 2 * shared / (len(mine) + len(theirs)))
    return best


def exact(said: str, answers: Sequence[str]) -> bool:
    """SQuAD's exact match."""
    return normal(said) in {normal(answer) for answer in answers}
