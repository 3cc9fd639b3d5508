"""A model's wording of a summary's sentences, used only where the sentence that it words bears it.

Planned, then written, as AgentWrite does (Bai et al., "LongWriter", ICLR 2025): what is said where
is decided before, by the extract; the model writes one sentence of it at a time, with that sentence
for its only source.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from threading import Event

from msgspec import Struct

from lsfs import values
from lsfs.errors import ContextTooLong
from lsfs.llm.answers import ground
from lsfs.llm.answers.answer import MAX_WORDS
from lsfs.llm.answers.chat import ChatModel
from lsfs.llm.answers.orders import speaks_to_a_model
from lsfs.llm.answers.stopwords import ENGLISH
from lsfs.llm.answers.swapped import swapped
from lsfs.llm.answers.wordforms import words
from lsfs.sentences import sentences

log = logging.getLogger("lsfs.llm.summary")

QUESTION = "Say this in one shorter sentence, with the same names, numbers and dates."
LEAST_WORDS = 12  # of a sentence that is worth wording anew
SAVED = 0.9  # the words of the new sentence are at most this share of the old one's
# What a sentence depends on: when it goes, the rest may be false.
_CONDITION = re.compile(
    r"\b(?:if|unless|except|only|until|provided|subject|may|might|must|shall|should|could|would|"
    r"can|cannot|not|no|never|without|before|after|within|at least|at most|up to|about|"
    r"approximately|almost|nearly|alleged(?:ly)?|claim(?:s|ed)?|propos\w+|expect\w*|plan(?:s|ned)?"
    r"|because|although|however|but|or)\b",
    re.IGNORECASE,
)
# "A third on signing, a third before loading": each has to be said as often.
_SHARE = re.compile(
    r"\b(?:half|halves|thirds?|quarters?|fifths?|tenths?|first|second|last|each|both|either|"
    r"all|every|some|most|more|less|fewer|twice|double)\b|\d(?:[\d.,]*\d)?",
    re.IGNORECASE,
)


class Worded(Struct, frozen=True):
    """What came of asking a model: the sentence to use, and whether it is the model's."""

    text: str
    tried: bool = False
    used: bool = False


def worded(sentence: str, chat: ChatModel, cancel: Event | None = None) -> Worded:
    """A sentence of a summary in a model's words, where it bears them; else as it is.

    Args:
        sentence: as the file has it.
        chat: the model; nothing that it says is trusted.
        cancel: stops the model.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    if len(sentence.split()) < LEAST_WORDS or speaks_to_a_model(sentence):
        return Worded(sentence)
    try:
        said = chat.write(QUESTION, [sentence], None, cancel)
    except ContextTooLong as error:
        log.info("no sentence by %s: %s", chat.name, error)
        return Worded(sentence, tried=True)
    found = sentences(said)
    first = " ".join(said[found[0][0] : found[0][1]].split()) if found else ""
    if bears(sentence, first):
        return Worded(first, tried=True, used=True)
    return Worded(sentence, tried=True)


def bears(source: str, said: str) -> bool:
    """Whether a sentence says the same as its source in fewer words, by what can be checked.

    Every word of it stands in the source; names, numbers, dates and negations agree, each by the
    same words and in the same order; and no value and no condition of the source is missing.
    """
    count = len(said.split())
    if not 3 <= count <= min(MAX_WORDS, SAVED * len(source.split())) or said.endswith("?"):
        return False
    if not _content(said) <= _content(source):
        return False
    if not ground.supported(said, [source]).ok or swapped(said, source):
        return False
    # The other way round: a summary may leave words out, but no value and no condition.
    if not ground.supported(_values_of(source), [said]).ok:
        return False
    return _counted(_CONDITION, source) <= _counted(_CONDITION, said) and _counted(
        _SHARE, source
    ) <= _counted(_SHARE, said)


def _counted(pattern: re.Pattern[str], text: str) -> Counter[str]:
    """How often each of some words stands in a text."""
    return Counter(match.group().casefold() for match in pattern.finditer(text))


def _content(text: str) -> frozenset[str]:
    return frozenset(words(" ".join(w for w in text.split() if w.casefold() not in ENGLISH)))


def _values_of(text: str) -> str:
    """The dates, numbers and names of a text."""
    days = [(day.start, day.end) for day in values.dates(text)]
    plain = values.without(text, days)
    numbers = [(number.start, number.end) for number in values.numbers(plain)]
    named = [span for span in ground.names(plain) if span[0] > 0 or " " in plain[span[0] : span[1]]]
    parts = [text[start:end].strip() for start, end in (*days, *numbers, *named)]
    return "; ".join(parts)
