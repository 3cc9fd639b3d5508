"""Sentences to stand around what is asked for: made up, or from a file."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from lsfs.errors import UsageError

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


class Prose(Protocol):
    """Sentences."""

    def sentences(self, chance: random.Random) -> Iterator[str]:
        """Sentences in another order each time, without end."""
        ...


class Written:
    """The sentences of a text.

    Args:
        path: a text file, a folder of Markdown files, or a file in the form of SQuAD.

    Raises:
        UsageError: it has no paragraphs of several sentences.
    """

    def __init__(self, path: Path) -> None:
        paragraphs = [_sentences(text) for text in _texts(path)]
        self._paragraphs = [each for each in paragraphs if len(each) > 1]
        if not self._paragraphs:
            raise UsageError(f"no paragraphs of several sentences in {path}")

    def sentences(self, chance: random.Random) -> Iterator[str]:
        """Paragraphs in another order each time, sentence by sentence."""
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


# --- made up

_WORDS = {
    "town": "Alden Brackley Corrin Dunmore Elsworth Farley Gresham Haldon Ivybridge Kelso Lorne "
    "Marlow Norbury Orton Penrith Radley Selby Tarrant Upton Wickham",
    "river": "Aster Bourne Calder Derry Esk Fenwick Glen Humber Isla Kennet Lune Medway",
    "trade": "weavers bakers printers coopers carters masons farmers millers tanners glaziers "
    "fishermen clockmakers",
    "person": "Ada Barnes|Owen Clarke|Ruth Dawson|Hugh Ellis|Clara Finch|Simon Grey|Edith Hale|"
    "Martin Irving|Joan Kemp|Peter Lang|Nora Mills|Arthur Pryce|Helen Rowe|Walter Stone",
    "work": "bridge|mill|market hall|library|school|harbour wall|railway station|town hall|canal|"
    "observatory|theatre|hospital",
    "matter": "wool|grain|timber|slate|copper|salt|cider|paper|glass|linen|tin|honey",
    "season": "spring|summer|autumn|winter",
    "quality": "quiet|crowded|narrow|well kept|remote|prosperous|damp|sunny|steep|windy",
    "reason": "the roads were poor|the harvest had failed|the river had flooded|trade was slow|"
    "labour was scarce|prices had doubled|the old one had burnt down|nobody could agree on a plan",
    "custom": "a fair by the church|a race along the bank|a supper for the poor|a concert in the "
    "square|a sale of cattle|a procession with lamps",
}
_BANK = {name: words.split("|" if "|" in words else " ") for name, words in _WORDS.items()}
_PATTERNS = (
    "The {work} at {town} was begun in the {season} because {reason}.",
    "Most families in {town} lived by {matter}, and the {trade} were few.",
    "In those years {person} kept a record of the weather and of the price of {matter}.",
    "Between {town} and {town} the road follows the {river} for several miles.",
    "The {trade} of {town} held {custom} every {season}.",
    "It was a {quality} place, and travellers seldom stayed longer than a night.",
    "When {reason}, the {trade} moved to {town} and took up the sale of {matter}.",
    "{person} wrote that the {work} was the finest building on the {river}.",
    "Little is known of the first {work}, which stood on the other bank of the {river}.",
    "By the {season} the council had agreed to repair the {work}.",
    "The valley of the {river} is {quality}, with orchards on its southern side.",
    "Visitors came for {custom}, which lasted until the {season} rains.",
    "A letter of {person} describes how {matter} was carried down the {river} on barges.",
    "Although {reason}, the {work} of {town} was never closed.",
    "The people of {town} still tell how {person} crossed the {river} on foot.",
    "Some of the {trade} owned land near {town}, where they grew what they needed.",
    "The museum shows tools of the {trade} and a model of the {work}.",
    "For a time {matter} from {town} was sold in every market of the county.",
    "Nobody remembers why the {quality} street behind the {work} has two names.",
    "After {custom} the {trade} met at the {work} to settle their accounts.",
)
_SLOT = re.compile(r"\{(\w+)\}")


class Made:
    """Sentences about towns that do not exist, so that no model has read them."""

    def sentences(self, chance: random.Random) -> Iterator[str]:
        """Paragraphs of a few sentences, no pattern twice within one."""
        while True:
            for pattern in chance.sample(_PATTERNS, 6):
                yield _SLOT.sub(lambda slot: chance.choice(_BANK[slot[1]]), pattern)
