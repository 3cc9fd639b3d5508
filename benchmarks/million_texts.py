"""A folder of texts that has as many passages as wanted, with a vocabulary like that of real ones.

Sentences are taken from retrieval sets, and a third of their longer words are replaced: by words of
what the file is about, or by words of a vocabulary that grows with the text, drawn by Zipf's law.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lsfs.index.find.terms import STOP_WORDS

SHORTEST, LONGEST = 430, 780  # characters of a paragraph: each becomes one passage
A_FILE = 50  # passages of a file, on average
FOLDERS = 20
INVENTED = 300_000  # words that no real text has
REPLACED = 0.35  # of the words of five letters and more
SUFFIXES = (".txt", ".txt", ".txt", ".md")
YEARS = range(2015, 2025)
_SYLLABLES = re.findall(
    "..r?", "babeborcaceldadenfafingagilhojokalermominovpelquarisaseltatorvavenwoyazo"
)
_WORD = re.compile(r"\w+|\W+")


class Made(Struct, frozen=True):
    """What was written.

    Attributes:
        passages: how many there are to be.
        size: bytes of all files.
        known: words of passages, with the path of the file that each stands in.
    """

    files: int
    passages: int
    size: int
    known: list[tuple[str, str]]


class Texts:
    """Makes paragraphs.

    Args:
        folders: sets with a ``corpus.json`` {id: text}.
        seed: of all that is random.
    """

    def __init__(self, folders: Sequence[Path], seed: int) -> None:
        self._chance = random.Random(seed)
        texts: list[str] = [
            text
            for folder in folders
            for text in json.loads((folder / "corpus.json").read_text(encoding="utf-8")).values()
        ]
        cut = (one for text in texts for one in re.split(r"(?<=[.!?])\s+", text))
        self._sentences = [_WORD.findall(one) for one in cut if 40 <= len(one) <= 300]
        counts = Counter(word for one in self._sentences for word in one if _is_content(word))
        self._words: list[str] = [word for word, _ in counts.most_common()]
        self._words += [self._invented() for _ in range(INVENTED)]

    def _invented(self) -> str:
        return "".join(self._chance.choices(_SYLLABLES, k=self._chance.choice((2, 3, 3, 4))))

    def _word(self) -> str:
        """A word by Zipf's law: the logarithm of its rank is uniform."""
        rank = math.exp(self._chance.random() * math.log(len(self._words)))
        return self._words[min(int(rank), len(self._words)) - 1]

    def file(self, passages: int) -> list[str]:
        """Paragraphs of a file that is about something."""
        about = [self._word() for _ in range(12)]
        return [self._paragraph(about) for _ in range(passages)]

    def _paragraph(self, about: Sequence[str]) -> str:
        made = ""
        while len(made) < SHORTEST:
            made = f"{made} {self._sentence(about)}".strip()
        return made if len(made) <= LONGEST else made[: made.rindex(" ", 0, LONGEST)] + "."

    def _sentence(self, about: Sequence[str]) -> str:
        chance = self._chance.random
        words = list(self._chance.choice(self._sentences))
        for at, word in enumerate(words):
            if len(word) >= 5 and word.islower() and chance() < REPLACED:
                words[at] = self._chance.choice(about) if chance() < 0.3 else self._word()
        return "".join(words).replace("\n", " ")


def _is_content(word: str) -> bool:
    return word.isalpha() and word.islower() and len(word) >= 5


def write(root: Path, folders: Sequence[Path], passages: int, seed: int) -> Made:
    """Write files below ``root`` that have so many passages."""
    texts, chance = Texts(folders, seed), random.Random(f"files {seed}")
    known: list[tuple[str, str]] = []
    files, size, left = 0, 0, passages
    for files, count in enumerate(_counts(chance, passages), start=1):
        paragraphs = texts.file(count)
        data = "\n\n".join(paragraphs).encode()
        name = (
            f"part{files % FOLDERS:02}/{files // 1000:03}/note-{files:06}{chance.choice(SUFFIXES)}"
        )
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        day = datetime.datetime(chance.choice(YEARS), 1 + files % 12, 15, tzinfo=datetime.UTC)
        os.utime(path, (day.timestamp(), day.timestamp()))
        size, left = size + len(data), left - count
        if chance.random() < 200 * count / passages:  # about 200 in all
            known.append((_some_words(chance.choice(paragraphs), chance), name))
    return Made(files, passages - left, size, known)


def _counts(chance: random.Random, passages: int) -> Iterator[int]:
    """Passages of each file, most short and a few long."""
    left = passages
    while left > 0:
        count = min(left, max(1, round(chance.lognormvariate(math.log(A_FILE) - 0.5, 1))))
        yield count
        left -= count


def _some_words(paragraph: str, chance: random.Random) -> str:
    """Words of a paragraph, as somebody remembers it."""
    words = [one for one in re.findall(r"\w+", paragraph) if one.lower() not in STOP_WORDS]
    first = chance.randrange(max(1, len(words) - 8))
    return " ".join(words[first : first + chance.randint(3, 7)])
