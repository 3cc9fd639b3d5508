"""What changed between two versions of one statement: values replaced, words, negation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from lsfs.versions.extracted import QUANTITIES, Token, Value
from lsfs.versions.matching import gaps, matching

MAX_SUBJECT = 4  # words
MAX_LABEL = 6


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEGATION = re.compile(
    r"not|never|none|neither|nor|nothing|nobody|cannot|without|except|unless|no|nicht|kein\w*"
    r"|niemals|ohne|ne|pas|jamais|sans|nunca|sin|non|mai|senza|\w+n['\u2019]t",
    re.IGNORECASE,
)
# Words between a value and what it is a value of, and words that end what it is called.
_CONNECTING = _set(
    """a an the this that its of to at by on in for from with as is are was were be been being will
    shall must may can could should would has have had it and or not than more less most least up
    about over under until within after before amounts amount equals totals comes set per each every
    which who whom when where if then so i you he she we they my
    your our his her their der die das den dem des ein eine einen einem einer und oder ist sind
    war wird werden beträgt beläuft sich auf am im in von vom zu zum zur bis für mit nach
    als le la les un une des du de et ou est sont à au aux en dans sur par pour el los las y o es
    son del al con por il lo gli i e è sono di da nel"""
)
_MEASURES = _set(
    """second seconds minute minutes hour hours day days week weeks month months quarter quarters
    year years mm cm m km m2 m\u00b2 sqm ha g kg t l ml pages page persons people units pieces items
    copies employees users points times degrees tage tag tagen woche wochen monat monate monaten
    jahr jahre jahren stunde stunden jours jour semaine semaines mois an ans heures d\u00edas
    d\u00eda semanas meses mes a\u00f1os a\u00f1o horas giorni giorno settimane mesi mese anni anno
    ore working business calendar"""
)
_OF = frozenset({"of", "von", "de", "di"})
_MORE_OF_IT = frozenset({"working", "business", "calendar"})  # "10 working days"


class Replaced(Struct, frozen=True):
    """A value that another one stands in place of.

    Attributes:
        before, after: the values.
        written_before, written_after: with their units ("3 months").
        subject: the words that say what it is a value of.
        direction: "up", "down" or "".
    """

    before: Value
    after: Value
    written_before: str
    written_after: str
    subject: str
    direction: str


class Rewording(Struct, frozen=True):
    """The difference of two versions of a statement.

    Attributes:
        values: those that were replaced, in order.
        worded: whether other words differ, too.
        negated: whether one of the two negates more than the other.
        words_added, words_removed: how many words and values.
    """

    values: tuple[Replaced, ...]
    worded: bool
    negated: bool
    words_added: int
    words_removed: int


def rewording(old: Sequence[Token], new: Sequence[Token]) -> Rewording:
    """How one statement became another.

    Args:
        old, new: their words, in order.
    """
    found = matching([token.key for token in old], [token.key for token in new])
    values: list[Replaced] = []
    worded = False
    gone: list[Token] = []
    come: list[Token] = []
    for gap in gaps(found.runs, len(old), len(new)):
        mine = range(gap.before_start, gap.before_end)
        theirs = range(gap.after_start, gap.after_end)
        pairs = list(_paired(old, new, mine, theirs))
        values += [_replaced(old, new, i, j) for i, j in pairs]
        told_old, told_new = {i for i, _ in pairs}, {j for _, j in pairs}
        rest_old = [old[i] for i in mine if i not in told_old and old[i].is_word]
        rest_new = [new[j] for j in theirs if j not in told_new and new[j].is_word]
        worded = worded or not _only_inflected(rest_old, rest_new)
        gone += [old[i] for i in mine if old[i].is_word]
        come += [new[j] for j in theirs if new[j].is_word]
    negated = _negations(old) % 2 != _negations(new) % 2
    return Rewording(tuple(values), worded, negated and worded, len(come), len(gone))


def _paired(
    old: Sequence[Token], new: Sequence[Token], mine: Sequence[int], theirs: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Values that stand for each other in a gap: first those of one kind, then any quantities."""
    left = [i for i in mine if old[i].value is not None]
    right = [j for j in theirs if new[j].value is not None]
    for family in (_kind, _family):
        for name in dict.fromkeys(family(old[i]) for i in left):
            here = [i for i in left if family(old[i]) == name]
            there = [j for j in right if family(new[j]) == name]
            for i, j in zip(here, there, strict=False):
                left.remove(i)
                right.remove(j)
                yield i, j


def _kind(token: Token) -> str:
    return token.value.kind if token.value else ""


def _family(token: Token) -> str:
    return "quantity" if _kind(token) in QUANTITIES else _kind(token)


def _replaced(old: Sequence[Token], new: Sequence[Token], i: int, j: int) -> Replaced:
    before, after = old[i].value, new[j].value
    if before is None or after is None:  # _paired gives values only
        raise ValueError("not a value")
    subject = subject_of(new, j) or subject_of(old, i)
    return Replaced(
        before, after, written(old, i), written(new, j), subject, direction(before, after)
    )


def direction(before: Value, after: Value) -> str:
    """Whether a value rose ("up") or fell ("down"); "" for values that have no common order."""
    if before.kind != after.kind or before.size is None or after.size is None:
        return ""
    if before.kind == "amount" and before.meaning.split()[-1] != after.meaning.split()[-1]:
        return ""  # another currency
    return "up" if after.size > before.size else "down" if after.size < before.size else ""


def written(tokens: Sequence[Token], at: int) -> str:
    """A value as written, and the unit of measure behind a number."""
    value = tokens[at].value
    text = " ".join(value.text.split()) if value else tokens[at].key
    if value is None or value.kind != "number":
        return text
    for token in tokens[at + 1 : at + 3]:
        word = token.key.casefold()
        if token.value is not None or word not in _MEASURES:
            break
        text += f" {token.key}"
        if word not in _MORE_OF_IT:
            break
    return text


def subject_of(tokens: Sequence[Token], at: int) -> str:
    """The words before a value that say what it is: a label, or the nearest run of plain words."""
    value = tokens[at].value
    named = value is not None and value.kind in ("name", "identifier")
    label = _label(tokens, at)
    if label or named:
        return label
    k = at - 1
    while k >= 0 and (not tokens[k].is_word or tokens[k].key.casefold() in _CONNECTING):
        if tokens[k].key in ".;!?|":
            return ""
        k -= 1
    found: list[str] = []
    while k >= 0 and len(found) < MAX_SUBJECT and _plain(tokens[k]):
        found.insert(0, tokens[k].key)
        k -= 1
    return " ".join(found) or _measured(tokens, at)


def _measured(tokens: Sequence[Token], at: int) -> str:
    """The words behind a value that say what it measures: "25 days of vacation"."""
    k = at + 1
    while k < len(tokens) and tokens[k].key.casefold() in _MEASURES:
        k += 1
    if k >= len(tokens) or tokens[k].key.casefold() not in _OF:
        return ""
    found: list[str] = []
    for token in tokens[k + 1 : k + 1 + MAX_SUBJECT]:
        if not _plain(token):
            break
        found.append(token.key)
    return " ".join(found[:2])


def _label(tokens: Sequence[Token], at: int) -> str:
    """What stands before a colon or bar in front of a value."""
    k = at - 1
    while k >= 0 and tokens[k].value is None and tokens[k].key.casefold() in _CONNECTING:
        k -= 1
    if k < 1 or tokens[k].key not in (":", "|", "="):
        return ""
    words: list[str] = []
    k -= 1
    while k >= 0 and tokens[k].key not in (":", "|", ";", ".", "="):
        if tokens[k].is_word:
            value = tokens[k].value
            words.insert(0, value.text if value else tokens[k].key)
        k -= 1
    return " ".join(words) if len(words) <= MAX_LABEL else ""


def _plain(token: Token) -> bool:
    return token.value is None and token.is_word and token.key.casefold() not in _CONNECTING


def _only_inflected(old: Sequence[Token], new: Sequence[Token]) -> bool:
    """Whether words differ in number only: "1 month", "2 months"."""
    if len(old) != len(new):
        return False
    return all(_stem(a.key) == _stem(b.key) for a, b in zip(old, new, strict=True))


def _stem(word: str) -> str:
    word = word.casefold()
    return re.sub(r"(?:es|en|s|e|n)$", "", word) if word in _MEASURES else word


def _negations(tokens: Sequence[Token]) -> int:
    return sum(
        token.value is None and _NEGATION.fullmatch(token.key) is not None for token in tokens
    )
