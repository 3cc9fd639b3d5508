"""The model's own sentences on what changed; they are used only where a single fact bears them.

The rules of ``ask`` hold (numbers, dates, names, no word of the model's own), and more: an old
value must not pass for a new one, what was removed must not pass for what holds, and words keep the
order that they have in the fact, because "the tenant pays the landlord" also has all words of its
opposite.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from lsfs.errors import ContextTooLong
from lsfs.llm.chat import ChatModel
from lsfs.llm.evidence import words
from lsfs.llm.ground import supported
from lsfs.llm.orders import speaks_to_a_model
from lsfs.llm.stopwords import ENGLISH
from lsfs.model import ChangeFact, ChangeKind
from lsfs.sentences import sentences

log = logging.getLogger("lsfs.llm.change")

MAX_SENTENCES = 2
MAX_TRIED = 3  # facts that the model is asked about, each by itself: small models mix them up
MAX_WORDS = 40  # of a sentence
MAX_QUOTE = 300  # characters of a quote that the model sees

_REPLACED = (ChangeKind.VALUE, ChangeKind.CELL, ChangeKind.SECTION_RENAMED)
_STATED = (ChangeKind.ADDED, ChangeKind.SECTION_ADDED, ChangeKind.ROW_ADDED)
_GONE = (ChangeKind.REMOVED, ChangeKind.SECTION_REMOVED, ChangeKind.ROW_REMOVED)
_UP = "increase increased increases rise rose raised risen went grew up higher more later"
_DOWN = (
    "decrease decreased decreases fall fell reduced lowered dropped went down lower less earlier"
)
_CHANGED = "change changed changes updated amended modified replaced replaces now new previously"
_ADDED = "added new now section sentence paragraph text states says row table"
_REMOVED = "removed deleted section sentence paragraph text row table"
_MODALS = frozenset(
    ("may", "might", "must", "shall", "should", "can", "could", "will", "would", "cannot")
)
_NONE: frozenset[str] = frozenset()
_WORD = re.compile(r"[^\W_]+")
# What may stand between the old value and the new one, the other way round, and before one alone.
_ONWARD = re.compile(
    r"\W*(?:(?:was |has )?(?:been )?"
    r"(?:changed|increased|raised|rose|fell|updated|amended|reduced)\s)?"
    r"(?:to|and is now|is now|now)?\W*|\W*(?:was|has been|is|is now) replaced (?:by|with)\W*",
    re.IGNORECASE,
)
_BACKWARD = re.compile(r"\W*(?:has |now )?(?:replaced|replaces)(?: the| an?)?\W*", re.IGNORECASE)
_NEW = re.compile(r"(?:\b(?:to|is|are|is now|now|becomes?)\W*|:\s*)$", re.IGNORECASE)
_OLD = re.compile(r"\bfrom\W+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a fact allows to be said.

    Attributes:
        question: what the model is asked.
        told: the fact as the model is shown it.
        source: the words that a sentence on it may use.
        needed: of these, which it must use.
        frame: words beside them, by stem.
        demanded: of the frame, any one that must be used; empty for none.
    """

    question: str
    told: str
    source: str
    needed: frozenset[str]
    frame: frozenset[str]
    demanded: frozenset[str] = frozenset()


def change_sentence(
    facts: Sequence[ChangeFact], chat: ChatModel, *, cancel: Event | None = None
) -> str:
    """At most two sentences of the model on what changed; "" when none holds.

    Args:
        facts: strongest first; the model sees the first few.
        chat: the model; its text is data that is checked, like any other.
        cancel: stops the model.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    claims = [(fact, claim) for fact in facts if (claim := _claim(fact)) is not None]
    kept: list[str] = []
    for fact, claim in claims[:MAX_TRIED]:
        sentence = _written(fact, claim, chat, cancel)
        if sentence and sentence not in kept:
            kept.append(sentence)
        if len(kept) == MAX_SENTENCES:
            break
    return " ".join(kept)


def _written(fact: ChangeFact, claim: _Claim, chat: ChatModel, cancel: Event | None) -> str:
    """The first sentence that the model has for a fact and that the fact bears."""
    if speaks_to_a_model(claim.told):
        return ""
    try:
        text = chat.write(claim.question, [claim.told], None, cancel)
    except ContextTooLong as error:
        log.info("no sentence by %s: %s", chat.name, error)  # the facts are a summary, too
        return ""
    found = (" ".join(text[start:end].split()) for start, end in sentences(text))
    return next((sentence for sentence in found if _bears(fact, claim, sentence)), "")


def holds(sentence: str, facts: Sequence[ChangeFact]) -> bool:
    """Whether a sentence says nothing beyond one of the facts."""
    claims = [(fact, claim) for fact in facts if (claim := _claim(fact)) is not None]
    return any(_bears(fact, claim, sentence) for fact, claim in claims)


# --- what a fact allows


def _claim(fact: ChangeFact) -> _Claim | None:
    """What may be said of a fact; None for those that no sentence is made of."""
    if fact.kind in _REPLACED:
        return _of_replaced(fact)
    quote = fact.quote_before if fact.kind in _GONE else fact.quote_after
    if quote is None:
        return None
    text = quote.quote[:MAX_QUOTE]
    if fact.kind in _STATED:
        return _Claim("What does the text say now?", text, text, _NONE, _stems(_ADDED))
    if fact.kind in _GONE:
        verbs = _stems("removed deleted")
        told = f"Removed: {text}"
        return _Claim("What was removed?", told, text, _NONE, _stems(_REMOVED), verbs)
    if fact.kind in (ChangeKind.NEGATED, ChangeKind.WORDING):
        frame = _stems("now text says states")
        return _Claim("What does the text say now?", text, text, _NONE, frame)
    return None


def _of_replaced(fact: ChangeFact) -> _Claim | None:
    name = "heading" if fact.kind is ChangeKind.SECTION_RENAMED else fact.subject
    if not (fact.before and fact.after):
        return None
    if not name and fact.value == "name":
        told = f"{fact.before} was replaced by {fact.after}."
        source = f"{fact.before} {fact.after}"
        return _Claim(f"Who replaced {fact.before}?", told, source, _NONE, _stems(_CHANGED))
    # Without a name for it the model would invent one, and "made" or "signed" is none.
    if not name or (fact.value == "date" and len(name.split()) == 1):
        return None
    ordered = fact.value in ("amount", "percent", "number")
    verb = {"up": "rose", "down": "fell"}.get(fact.direction, "changed") if ordered else "changed"
    verbs = _CHANGED + {"up": f" {_UP}", "down": f" {_DOWN}"}.get(fact.direction, "")
    return _Claim(
        f"How did the {name} change?",
        f"The {name} {verb} from {fact.before} to {fact.after}.",
        f"{name} {fact.before} {fact.after}",
        frozenset(_content(name)),
        _stems(verbs),
    )


# --- whether a sentence keeps to it


def _bears(fact: ChangeFact, claim: _Claim, sentence: str) -> bool:
    if len(sentence.split()) > MAX_WORDS or sentence.endswith("?"):
        return False
    said = _content(sentence)
    own = [stem for stem in said if stem not in claim.frame or stem in _content(claim.source)]
    if not own or not claim.needed <= set(own):
        return False
    if claim.demanded and not claim.demanded & set(said):
        return False
    if not _in_order(own, fact, claim) or not _modals(sentence) <= _modals(claim.source):
        return False
    if fact.kind in _REPLACED and not _right_way(sentence, fact):
        return False
    return supported(sentence, [claim.told]).ok


def _in_order(own: Sequence[str], fact: ChangeFact, claim: _Claim) -> bool:
    """Whether words stand in a sentence in the order that they have in the fact."""
    if fact.kind in _REPLACED:
        # The order of the values is checked by itself; a name may stand before or behind them.
        return set(own) <= set(_content(claim.source))
    source = iter(_content(claim.source))
    return len(own) > 1 and all(stem in source for stem in own)


def _right_way(sentence: str, fact: ChangeFact) -> bool:
    """Whether the new value is said to be the new one, and the old one, if at all, the old."""
    before, after = _places(sentence, fact.before), _places(sentence, fact.after)
    if len(after) != 1 or len(before) > 1:
        return False
    new_start, new_end = after[0]
    if not before:
        return _NEW.search(sentence[:new_start]) is not None
    old_start, old_end = before[0]
    lead = sentence[:old_start]
    if old_start < new_start:
        onward = _ONWARD.fullmatch(sentence[old_end:new_start]) is not None
        return onward and _NEW.search(lead) is None
    if _OLD.search(lead):
        return _NEW.search(sentence[:new_start]) is not None
    return _BACKWARD.fullmatch(sentence[new_end:old_start]) is not None


def _places(sentence: str, value: str) -> list[tuple[int, int]]:
    pattern = r"(?<!\w)(?<!\d[.,])" + re.escape(value) + r"(?!\w|[.,]\d)"
    return [match.span() for match in re.finditer(pattern, sentence, re.I)]


def _modals(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text)) & _MODALS


def _content(text: str) -> list[str]:
    return words(" ".join(word for word in text.split() if word.casefold() not in ENGLISH))


def _stems(text: str) -> frozenset[str]:
    return frozenset(words(text))
