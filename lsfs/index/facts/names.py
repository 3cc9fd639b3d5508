"""Whether two names are one name, written in two ways.

Spelling, order, initials and legal forms may differ; a word more may not, for "Acme" and "Acme
Holdings" are two companies. Edits are counted by optimal string alignment (Damerau 1964), and a
name is compared with those only that share a word with it, or a word but for one letter (symmetric
deletion: Mor and Fraenkel, "A hash code method for detecting and correcting spelling errors", 1982;
Bocek et al., "Fast similarity search in large dictionaries", 2007).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.index.facts.dates import fold

if TYPE_CHECKING:
    from nicknames import NickNamer

THRESHOLD = 0.9
MISSPELT = 0.85  # at least so much alike are a name and a misspelling of it
RARE = 3  # a misspelling is at least so many times rarer than the name
ORDER, SPACING, LEGAL = 0.98, 0.97, 0.95  # other order, other spaces, two legal forms
INITIAL = 0.05  # what an initial for a name, or a name less, costs
SHORT, SLIP = "short", "slip"  # how a word stands for another one
SMALL_COST = 0.03  # what "of" costs
WORD_MORE = 0.87  # the most that names can score of which one has a word more
FIRST = 2.5  # an edit of a first letter makes another name much more often than a slip
CROWD = 200  # names with a common word that are compared one by one
_KEY_CHARS = 5  # of words this long one letter may be wrong
_DIGITS = re.compile(r"\d")
_ABBREVIATED = re.compile(r"\b(?:[^\W\d_]\.){2,}|\b[^\W\d_]\.[^\W\d_]\b")
_ELIDED = re.compile(r"\b([^\W\d_])'(?=[^\W\d_]{2})")  # O'Connor, d'Armor
_TOKEN = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"}
)
_PLAIN = str.maketrans(
    {"ø": "o", "Ø": "O", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "\u2019": "'"}
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEGAL_FORMS = {
    form: name
    for name, forms in {
        "ltd": "ltd limited pty pte pvt", "plc": "plc", "llc": "llc", "llp": "llp", "lp": "lp",
        "inc": "inc incorporated", "corp": "corp corporation", "co": "co company cie compagnie",
        "gmbh": "gmbh mbh", "ag": "ag", "kg": "kg", "ohg": "ohg", "ug": "ug", "ev": "ev",
        "kgaa": "kgaa", "gbr": "gbr", "ek": "ek", "se": "se", "eg": "eg",
        "sa": "sa sau", "sas": "sas sasu", "sarl": "sarl", "eurl": "eurl", "sci": "sci",
        "snc": "snc",
        "scea": "scea", "gaec": "gaec",
        "sl": "sl slu", "srl": "srl", "spa": "spa", "bv": "bv", "nv": "nv", "oy": "oy", "ab": "ab",
        "aps": "aps", "as": "as", "lda": "lda ltda",
    }.items()
    for form in forms.split()
}  # fmt: skip
_BEFORE = _set(
    """the der die das le la les il lo el los firma firm societe ste empresa ditta
    mr mrs ms miss dr prof herr herrn frau monsieur madame mme mlle senor senora sr sra don dona
    signor signora sig messrs"""
)
_AND = _set("and und et y e")
_SMALL = _set("of de du des del della di da do dos van von der den la le les el los")
_SHORT_FOR = {
    "bros": "brothers", "intl": "international", "mfg": "manufacturing", "assoc": "associates",
    "gebr": "gebruder", "st": "saint", "dept": "department", "univ": "university",
    "svcs": "services", "mgmt": "management", "tech": "technology", "eng": "engineering",
}  # fmt: skip


class Name(Struct, frozen=True):
    """A name as it is compared.

    Attributes:
        words: without legal form, title and "and"; folded.
        legal: the legal form; "" without one.
        other: the words with umlauts written as two letters, where there are any.
    """

    words: tuple[str, ...]
    legal: str = ""
    other: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """The words in each way of writing them."""
        return (self.words, self.other) if self.other else (self.words,)


def is_legal_form(word: str) -> bool:
    """Whether a folded word is a legal form: "ltd", "gmbh"."""
    return word in _LEGAL_FORMS


def is_title(word: str) -> bool:
    """Whether a folded word stands before a name without being of it: "mrs", "firma"."""
    return word in _BEFORE


@lru_cache(maxsize=100_000)
def name_of(written: str) -> Name:
    """A name as it is compared, from how it is written."""
    words, legal = _words(written)
    spelled = written.translate(_UMLAUTS)
    other = _words(spelled)[0] if spelled != written else ()
    return Name(words, legal, other if other != words else ())


def _words(written: str) -> tuple[tuple[str, ...], str]:
    joined = _ABBREVIATED.sub(lambda m: m[0].replace(".", ""), written.translate(_PLAIN))
    joined = _ELIDED.sub(r"\1", joined)
    last, comma, first = joined.partition(",")
    if comma and first.strip() and not set(_TOKEN.findall(fold(first))) & _LEGAL_FORMS.keys():
        joined = f"{first} {last}"  # "Nair, Priya"
    words = _TOKEN.findall(fold(joined.replace("&", " and ")))
    legal = ""
    while len(words) > 1 and (words[-1] in _LEGAL_FORMS or (legal and words[-1] in _AND)):
        legal = _LEGAL_FORMS.get(words.pop(), "") or legal
    while len(words) > 1 and words[0] in _BEFORE:
        words.pop(0)
    kept = [_SHORT_FOR.get(word, word) for word in words if word not in _AND]
    return tuple(kept or words), legal


def likeness(one: Name, two: Name) -> tuple[float, str]:
    """How surely two names are one, from 0 to 1, and what differs, in words."""
    best, how = 0.0, ""
    people = not (one.legal or two.legal)  # Jack Brown Ltd is not John Brown Ltd
    for mine in one.spellings:
        for theirs in two.spellings:
            found = _alike(mine, theirs, people=people)
            if found[0] > best:
                best, how = found
    if one.legal and two.legal and one.legal != two.legal:
        return round(best * LEGAL, 3), f"{how}, legal forms {one.legal} and {two.legal}"
    return round(best, 3), how


def _alike(mine: tuple[str, ...], theirs: tuple[str, ...], *, people: bool) -> tuple[float, str]:
    if mine == theirs:
        return 1.0, "equal"
    if sorted(mine) == sorted(theirs):
        return ORDER, "other order"
    if "".join(mine) == "".join(theirs):
        return SPACING, "other spacing"
    here, there = _without_common(mine, theirs), _without_common(theirs, mine)
    return _judge(mine, theirs, here, there, people=people)


def _without_common(words: Sequence[str], others: Sequence[str]) -> list[str]:
    left = list(others)
    kept = []
    for word in words:
        if word in left:
            left.remove(word)
        else:
            kept.append(word)
    return kept


def _judge(
    mine: tuple[str, ...],
    theirs: tuple[str, ...],
    here: list[str],
    there: list[str],
    *,
    people: bool,
) -> tuple[float, str]:
    """The likeness of names of which some words differ: each is an initial, a slip, or a word."""
    common = sum(len(word) for word in mine) - sum(len(word) for word in here)
    longest = max(sum(map(len, mine)), sum(map(len, theirs)))
    cost, notes = 0.0, []
    pairs = _paired(here, there, people=people)
    for word, other, kind, edits in pairs:
        here.remove(word)
        there.remove(other)
        if kind != SLIP:
            cost += INITIAL
            notes.append(f"{word} for {other}")
        else:
            cost += edits / longest
            common += min(len(word), len(other))
            notes.append(f"{word} for {other}")
    alone = here + there
    for word in alone:
        small = word in _SMALL
        cost += SMALL_COST if small else INITIAL if len(word) == 1 and word.isalpha() else 0
        notes.append(f"{word} in one only")
    told = ", ".join(notes)
    whole = [word for word in alone if word not in _SMALL and (len(word) > 1 or word.isdigit())]
    # Initials that stand for nothing on either side are two: J. Smith is not K. Smith.
    two = bool({*here} - _SMALL and {*there} - _SMALL) or bool(here and there and whole)
    if common < 3 or any(_DIGITS.search(word) for word in whole) or two:
        return min(0.5, common / longest), told
    if whole:
        return max(0.0, WORD_MORE * (common / longest) ** 0.25 - cost), told
    return max(0.0, 1 - cost), told


def _paired(
    here: list[str], there: list[str], *, people: bool
) -> list[tuple[str, str, str, float]]:
    """Words of two names that stand for each other, the likeliest first, each once."""
    found = []
    for at, word in enumerate(here):
        for to, other in enumerate(there):
            kind, cost = _stands_for(word, other, people=people)
            if kind:
                found.append((cost, at, to, kind))
    found.sort()
    pairs, used, taken = [], set(), set()
    for cost, at, to, kind in found:
        if at not in used and to not in taken:
            used.add(at)
            taken.add(to)
            pairs.append((here[at], there[to], kind, cost))
    return pairs


def _stands_for(word: str, other: str, *, people: bool) -> tuple[str, float]:
    """Whether a word is another one's initial, short form or slip; and the edits that it takes."""
    if min(len(word), len(other)) == 1:
        return (SHORT, 0.5) if word[0] == other[0] and word.isalpha() else ("", 0.0)
    if people and _is_nickname(word, other):
        return SHORT, 0.5
    if min(len(word), len(other)) < 4 or _DIGITS.search(word + other):
        return "", 0.0
    from rapidfuzz.distance import OSA

    most = 1 if max(len(word), len(other)) < 9 else 2
    edits = OSA.distance(word, other, score_cutoff=most)
    if edits > most:
        return "", 0.0
    return SLIP, edits * (FIRST if word[0] != other[0] else 1)


@lru_cache(maxsize=100_000)
def _is_nickname(word: str, other: str) -> bool:
    """Whether one is the other for short: Sam for Samuel, Bob for Robert."""
    known = _nicknames()
    return other in known.nicknames_of(word) or word in known.nicknames_of(other)


@lru_cache(maxsize=1)
def _nicknames() -> NickNamer:
    from nicknames import NickNamer

    return NickNamer()


class Names:
    """Names that others are looked for among, without comparing each with each.

    Args:
        names: each once.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        self._names = list(names)
        self._exact: dict[str, list[int]] = {}
        self._near: dict[str, list[int]] = {}
        self.compared = 0
        for at, name in enumerate(self._names):
            for key in _exact_keys(name):
                self._exact.setdefault(key, []).append(at)
            for key in _near_keys(name):
                self._near.setdefault(key, []).append(at)

    def like(self, name: Name, least: float) -> list[tuple[int, float, str]]:
        """Places of names that are as much alike, best first, with score and how."""
        found = []
        for at in sorted(self._candidates(name)):
            self.compared += 1
            score, how = likeness(name, self._names[at])
            if score >= least:
                found.append((at, score, how))
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def _candidates(self, name: Name) -> set[int]:
        found: set[int] = set()
        for key in _exact_keys(name):
            found.update(self._exact.get(key, ()))
        lists = sorted((self._near[key] for key in _near_keys(name) if key in self._near), key=len)
        few = [places for places in lists if len(places) <= CROWD]
        for places in few:
            found.update(places)
        if not few and len(lists) > 1:  # all its words are common: those that share two of them
            found.update(set(lists[0]) & set(lists[1]))
        return found


def _exact_keys(name: Name) -> set[str]:
    return {key for words in name.spellings for key in ("".join(words), " ".join(sorted(words)))}


def _near_keys(name: Name) -> set[str]:
    """Its words, and each long one without one of its letters."""
    keys: set[str] = set()
    for word in {word for words in name.spellings for word in words}:
        if word in _SMALL or len(word) == 1:
            continue
        keys.add(word)
        if len(word) >= _KEY_CHARS and not _DIGITS.search(word):
            keys.update(word[:at] + word[at + 1 :] for at in range(len(word)))
    return keys


def meant_by(written: str, names: Collection[Name]) -> set[Name]:
    """Those of some names that are meant: spellings of it, else the one that it is a part of.

    Args:
        names: each once.
    """
    wanted = name_of(written)
    spelled = {name for name in names if likeness(name, wanted)[0] >= THRESHOLD}
    if spelled:
        return spelled
    longer = [name for name in names if {*wanted.words} <= {*name.words}]
    heads = set(families(dict.fromkeys(longer, 1)).values())
    return set(longer) if len(heads) == 1 else set()


def ranked(spellings: Mapping[str, int]) -> list[str]:
    """Spellings of one name, that first by which it is best called.

    It is the commonest one; but capitals and initials are only chosen where they are three times as
    common as a name in full. Of equally common ones the longer says more, but for a written "and".
    """
    most = max(len(name_of(written).words) for written in spellings)
    fine = {written: not _is_poor(written, most) for written in spellings}
    return sorted(
        spellings,
        key=lambda one: (
            -spellings[one] * (RARE if fine[one] else 1),
            not fine[one],
            -len(one.replace("&", "and")),
            one,
        ),
    )


def _is_poor(written: str, most: int) -> bool:
    """Whether a spelling is in capitals, has an initial for a name, or only one name of several."""
    words = name_of(written).words
    shouts = written.isupper() and len(written) >= _KEY_CHARS
    brief = len(words) == 1 < most
    return shouts or brief or any(len(word) == 1 and word.isalpha() for word in words)


def families(counts: Mapping[Name, int], *, parties: bool = True) -> dict[Name, Name]:
    """The commonest form of each name: in another order, with another legal form, misspelt.

    What may be one name or another is left alone, and so is, below the threshold of a join, what
    is not much rarer than the name: both are names then.

    Args:
        counts: how often there is each name.
        parties: whether they are of people and firms; of other words only slips are told.
    """
    ordered = sorted(counts, key=lambda name: (-counts[name], name.words, name.legal))
    index = Names(ordered)
    head: dict[Name, Name] = {}
    for name in ordered:
        # Straight to the name, not to another misspelling: chains of small steps lead anywhere.
        alike = [
            (ordered[at], score)
            for at, score, _ in index.like(name, MISSPELT)
            if head.get(ordered[at]) == ordered[at]
        ]
        same = [other for other, _ in alike if _same_words(name, other)]
        near = [
            other
            for other, score in alike
            if (parties and score >= THRESHOLD)
            or (counts[other] >= RARE * counts[name] and _misspelt(name, other))
        ]
        head[name] = same[0] if same else near[0] if len(near) == 1 else name
    return head


def _same_words(one: Name, two: Name) -> bool:
    return bool(_exact_keys(one) & _exact_keys(two))


def _misspelt(one: Name, two: Name) -> bool:
    """Whether there is a word for each word, and none that differs is an initial."""
    differing = {*one.words} ^ {*two.words}
    return len(one.words) == len(two.words) and all(len(word) > 1 for word in differing)
