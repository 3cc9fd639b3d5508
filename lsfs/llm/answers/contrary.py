"""What speaks against a sentence as an answer, however alike it is to the question.

A near miss shares nearly all words with what is asked: the premium of the house insurance for that
of the car, the rent of Elm Street for that of Oak Street. What gives it away is one word that the
document does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs.llm.answers.expected import holds_name, is_told_by_form, required_names
from lsfs.llm.answers.stopwords import stop_words
from lsfs.llm.answers.wordforms import WORD, stem

Alike = Callable[[str, str], float]

NAME = 0.5  # what a sentence loses whose document lacks a name or number of the question
FOCUS = 0.5  # what it loses whose document has no word for what is asked for
RIVAL = 0.5  # what it loses that says it of another sort of thing
SYNONYMS = 0.75  # likeness of two words from which on they are taken for one: "home", "house"

# "What is the excess of …": what is asked for stands by itself, and texts call it by its name.
_FOCUS = re.compile(
    r"\W*(?:who|what|how (?:high|much|large|big|long)) (?:is|was|are|were) (?:the|our|my|an?) "
    r"(?:[\w'-]+ )??(?P<focus>[\w'-]+) (?:of|for|in|at|on|to|paid|charged)\b",
    re.IGNORECASE,
)
# A noun with the word that tells it from others of its sort: "the car insurance".
_PAIR = re.compile(
    r"(?<![\w-])(?:the|our|my|an?|for|of|in|from|this|that) (?P<which>[a-z][\w-]+) "
    r"(?P<noun>[a-z][\w-]+)(?=\W*$| (?:of|for|in|at|on|from|to|ends?|run|start|expire|costs?|"
    r"last|take|is|was|are|were|has|have|by|with|set|made)\b)"
)


class Asked(Struct, frozen=True):
    """What a question names that an answer's document must have.

    Attributes:
        names: names and numbers.
        focus: the word for what is asked for; "" where the question has no such form.
        pairs: nouns, each behind the word that tells it from others of its sort.
        words: stems of all words of the question.
    """

    names: tuple[str, ...]
    focus: str
    pairs: tuple[tuple[str, str], ...]
    words: frozenset[str]

    @classmethod
    def of(cls, question: str) -> Asked:
        """Read a question."""
        frame = stop_words(question)
        plain = " ".join(question.split())
        match = _FOCUS.match(plain)
        # An e-mail address says by itself what it is.
        focus = match["focus"].casefold() if match and not is_told_by_form(plain) else ""
        pairs = tuple(
            (pair["which"], pair["noun"])
            for pair in _PAIR.finditer(plain)
            if pair["which"] not in frame and pair["noun"] not in frame
        )
        words = frozenset(stem(word) for word in WORD.findall(plain.casefold()))
        return cls(required_names(question), "" if focus in frame else focus, pairs, words)


class Document:
    """The text of a document, asked for what a question names; each is looked for once.

    Args:
        asked: what the question names.
        text: all that is known of the document: its text, its title, its path.
    """

    def __init__(self, asked: Asked, text: str) -> None:
        self.missing = tuple(name for name in asked.names if not holds_name(text, name))
        self.unfocused = bool(asked.focus) and not _has(text, asked.focus)
        self.strange = tuple(pair for pair in asked.pairs if not _has(text, pair[0]))


def unknown(question: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Words that the question turns on and that none of some documents has.

    Args:
        question: in words.
        texts: what is known of the documents that were looked at.
    """
    asked = Asked.of(question)
    turning = [*asked.names, asked.focus, *(which for which, _ in asked.pairs)]
    whole = "\n".join(texts)
    names = set(asked.names)
    return tuple(
        word
        for word in dict.fromkeys(turning)
        if word and not (holds_name(whole, word) if word in names else _has(whole, word))
    )


def against(asked: Asked, document: Document, sentence: str, alike: Alike | None) -> float:
    """What speaks against a sentence of a document, to be taken from its score; 0 for nothing.

    Args:
        asked: what the question names.
        document: where the sentence stands.
        sentence: its text.
        alike: likeness of two words, -1 to 1; without it words are alike when they are equal.
    """
    loss = NAME if document.missing else 0.0
    loss += FOCUS if document.unfocused else 0.0
    rival = any(_rivals(asked, pair, sentence, alike) for pair in document.strange)
    return loss + (RIVAL if rival else 0.0)


def _has(text: str, word: str) -> bool:
    """Whether a text has a word in any form of it."""
    return re.search(rf"(?<![^\W_]){re.escape(stem(word))}", text, re.IGNORECASE) is not None


def _rivals(asked: Asked, pair: tuple[str, str], sentence: str, alike: Alike | None) -> bool:
    """Whether the noun of a pair stands behind another word, of another meaning."""
    which, noun = pair
    frame = stop_words(sentence)
    found = list(WORD.finditer(sentence.casefold()))
    for before, at in _neighbours(found, sentence):
        if stem(at) != stem(noun) or before in frame or stem(before) in asked.words:
            continue
        if alike is None or alike(which, before) < SYNONYMS:
            return True
    return False


def _neighbours(found: Sequence[re.Match[str]], text: str) -> list[tuple[str, str]]:
    """Words and the one behind each, with nothing but space between."""
    return [(a[0], b[0]) for a, b in pairwise(found) if not text[a.end() : b.start()].strip()]
