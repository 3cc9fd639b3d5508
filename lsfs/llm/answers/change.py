"""The model's own sentences on what changed; they are used only where a single fact bears them.

The rules of ``ask`` hold (numbers, dates, names, no word of the model's own), and more: an old
value must not pass for a new one, nor what was removed for what holds; and a quote is repeated
whole, because "the tenant pays the landlord" also has all words of its opposite, and half of a
sentence may leave out its condition.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from threading import Event

from msgspec import Struct

from lsfs.differences import ChangeFact, ChangeKind
from lsfs.errors import ContextTooLong
from lsfs.llm.answers.chat import ChatModel
from lsfs.llm.answers.ground import supported
from lsfs.llm.answers.orders import speaks_to_a_model
from lsfs.sentences import sentences
from lsfs.values import without_all

log = logging.getLogger("lsfs.llm.answers.change")

MAX_SENTENCES = 2
MAX_TRIED = 3  # facts that the model is asked about, each by itself: small models mix them up
MAX_WORDS = 40  # of a sentence
MAX_QUOTE = 300  # characters of a quote that the model sees

_REPLACED = (ChangeKind.VALUE, ChangeKind.CELL, ChangeKind.SECTION_RENAMED)
_STATED = (ChangeKind.ADDED, ChangeKind.SECTION_ADDED, ChangeKind.ROW_ADDED)
_GONE = (ChangeKind.REMOVED, ChangeKind.SECTION_REMOVED, ChangeKind.ROW_REMOVED)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What may be said around the words and values of a fact.
_GLUE = _set("the a an of in from to was were has have been is are by with now it its and document")
_CHANGED = _set("change changed changes updated amended modified replaced replaces new")
_UP = _set("increase increased increases rise rose raised went grew up higher")
_DOWN = _set("decrease decreased decreases fall fell reduced lowered dropped went down lower")
_ADDED = _set("the a new now section sentence paragraph text row says states added was has been it")
_REMOVED = _set("the a section sentence paragraph text row removed deleted was has been")
_SAYS = _set("the text now says states it that document")
_GONE_WORDS = _set("removed deleted")
_ARTICLES = _set("the a an")
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


class _Claim(Struct, frozen=True):
    """What a fact allows to be said.

    Attributes:
        question: what the model is asked.
        told: the fact as the model is shown it.
        source: what a sentence on it must say: the name of a value, or one sentence of a quote.
        around: the only words that may stand beside it.
        demanded: one of these must be among them; empty for none.
    """

    question: str
    told: str
    source: str
    around: frozenset[str]
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
    text = _head(quote.quote)
    if not text:
        return None
    if fact.kind in _STATED:
        return _Claim("What does the text say now?", text, text, _ADDED)
    if fact.kind in _GONE:
        return _Claim("What was removed?", f"Removed: {text}", text, _REMOVED, _GONE_WORDS)
    if fact.kind in (ChangeKind.NEGATED, ChangeKind.WORDING):
        return _Claim("What does the text say now?", text, text, _SAYS)
    return None


def _head(quote: str) -> str:
    """The whole sentences at the beginning of a quote that the model can be shown."""
    ends = [end for _, end in sentences(quote) if end <= MAX_QUOTE]
    return quote[: ends[-1]] if ends else ""


def _of_replaced(fact: ChangeFact) -> _Claim | None:
    name = "heading" if fact.kind is ChangeKind.SECTION_RENAMED else fact.subject
    if not (fact.before and fact.after):
        return None
    if not name and fact.value == "name":
        told = f"{fact.before} was replaced by {fact.after}."
        return _Claim(f"Who replaced {fact.before}?", told, "", _GLUE | _CHANGED)
    # Without a name for it the model would invent one, and "made" or "signed" is none.
    if not name or (fact.value == "date" and len(name.split()) == 1):
        return None
    verb, around = "changed", _GLUE | _CHANGED
    if fact.value in ("amount", "percent", "number") and fact.direction:
        verb = "rose" if fact.direction == "up" else "fell"
        around |= _UP if fact.direction == "up" else _DOWN
    told = f"The {name} {verb} from {fact.before} to {fact.after}."
    return _Claim(f"How did the {name} change?", told, name, around)


# --- whether a sentence keeps to it


def _bears(fact: ChangeFact, claim: _Claim, sentence: str) -> bool:
    if len(sentence.split()) > MAX_WORDS or sentence.endswith("?"):
        return False
    if fact.kind in _REPLACED:
        held = _right_way(sentence, fact) and _names_it(sentence, fact, claim)
    else:
        held = any(_repeats(sentence, claim.source[a:b], claim) for a, b in sentences(claim.source))
    return held and supported(sentence, [claim.told]).ok


def _names_it(sentence: str, fact: ChangeFact, claim: _Claim) -> bool:
    """Whether a sentence says the name of the value, and nothing of its own."""
    spans = [*_places(sentence, fact.before), *_places(sentence, fact.after)]
    rest = _cut_out(_words(without_all(sentence, spans)), _words(claim.source))
    return rest is not None and set(rest) <= claim.around


def _repeats(sentence: str, source: str, claim: _Claim) -> bool:
    """Whether a sentence says all of another one: half of it may mean something else."""
    told = [word for word in _words(source) if word not in _ARTICLES]
    said = [word for word in _words(sentence) if word not in _ARTICLES]
    rest = _cut_out(said, told) if told else None
    if rest is None or (claim.demanded and not claim.demanded & set(rest)):
        return False
    return set(rest) <= claim.around


def _cut_out(words: list[str], run: list[str]) -> list[str] | None:
    """Words without the first place where ``run`` stands among them; None where it does not."""
    for at in range(len(words) - len(run) + 1):
        if words[at : at + len(run)] == run:
            return words[:at] + words[at + len(run) :]
    return None


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


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
