"""Listings that go on: "only the ones with Acme", "and invoices?", "the newest of them"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lsfs.index.asked.questionframe import FILE_WORDS, TOKEN, TYPE_WORDS
from lsfs.index.dialogue.nouns import names_kind
from lsfs.index.dialogue.shifting import is_shift, is_time, with_time
from lsfs.index.dialogue.turns import Reading, Turn
from lsfs.index.find.filters import TYPES
from lsfs.index.find.folding import fold

_ONES = r"(?:(?:the|these|those|all|die|alle)\s+)?(?:ones?|those|these|files|die|diejenigen)"
_OF_THEM = r"(?:of|from|among|von)\s+(?:them|those|these|denen|ihnen|diesen)"
_ONLY = re.compile(
    rf"(?:(?:now|but|please)\s+)?(?:only|just|nur)\s+(?:{_ONES}\b\s*)?(?P<rest>.+)", re.I
)
_WHICH = re.compile(
    rf"(?:which|what|welche|any|are any|how many|wie viele)(?:\s+ones)?(?:\s+{_OF_THEM})?\s*"
    r"(?P<verb>(?:are|were|is|was|have|sind|waren|haben)\b)?\s*(?:the\s+ones\s+)?(?P<rest>.+)",
    re.IGNORECASE,
)
_THOSE = re.compile(rf"{_ONES}\s+(?P<rest>.+)", re.IGNORECASE)
_NOT = re.compile(
    rf"(?:but\s+)?(?P<out>without|not|except(?:\s+for)?|excluding|no|ohne|nicht|außer|keine)\s+"
    rf"(?:{_ONES}\b\s*)?(?P<rest>.+)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\A(?:the|a|an|die|der|das|den|that|which|are|were|sind)\s+", re.IGNORECASE)
_BEHIND = re.compile(r"\s+(?:ones?|files?|documents?|dateien|dokumente)\Z", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"\A(?P<word>with|from|by|to|about|of|in|under|for|over|below|above|more than|less than|"
    r"between|since|"
    r"before|after|signed|due|expiring|mit|von|an|über|aus|vor|nach|seit|unter)\s+",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:(?:only|just|and|nur|und)\s+)?(?:(?:which|what|welche[rs]?)\s+(?:one\s+)?(?:is|ist)\s+)?"
    r"(?:the|die|der|das)\s+(?:(?P<n>\d+|two|three|four|five|zwei|drei|vier|fünf)\s+)?"
    r"(?P<word>newest|latest|newer|most recent|oldest|earliest|older|largest|biggest|larger|bigger|"
    r"smallest|smaller|neueste[nrs]?|neuere|jüngste[nr]?|älteste[nrs]?|ältere|größte[nrs]?|"
    r"kleinste[nrs]?)"
    rf"(?:\s+(?P<m>\d+|two|three|four|five|zwei|drei|vier|fünf))?(?:\s+(?:one|ones|{_OF_THEM}))?",
    re.IGNORECASE,
)
_ORDERS = {
    "new": "newest", "lat": "newest", "mos": "newest", "neu": "newest", "jun": "newest",
    "old": "oldest", "ear": "oldest", "alt": "oldest", "lar": "largest", "big": "largest",
    "gro": "largest", "sma": "smallest", "kle": "smallest",
}  # fmt: skip
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5}
_NTH = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1, "erste": 1, "zweite": 2, "dritte": 3,
    "vierte": 4, "letzte": -1,
}  # fmt: skip
_NTH_WORDS = "|".join(_NTH)
_NUMBER = re.compile(
    rf"(?:the|die|der|das|den|dem|number|no\.?|nummer|nr\.?)\s+(?:(?P<nth>{_NTH_WORDS})[nrsm]?|"
    r"(?P<digit>\d{1,3})(?:st|nd|rd|th|\.)?)"
    r"(?:\s+(?P<count>two|three|four|five|\d))?(?:\s+(?:ones?|files?|documents?|result|hit|entry|"
    rf"lease|contract|invoice|letter|email|report|{_OF_THEM}))?",
    re.IGNORECASE,
)
_EMBEDDED = re.compile(
    rf"\b(?:the|die|der|das|den|dem)\s+(?P<nth>{_NTH_WORDS})[nrsm]?\s+(?:one|file|document|"
    rf"result|hit|entry|"
    rf"of them|of these|of those)\b",
    re.IGNORECASE,
)
_TYPE_NAMES = {fold(word): name for word, name in TYPE_WORDS.items()} | {
    f"{name}s": name for name in TYPES
}
_LEFT = re.compile(r"\s*\b(?:sort|limit):\S+")


def listing_of(turns: Sequence[Turn]) -> Turn | None:
    """The latest listing, not what was picked out of it."""
    return next((turn for turn in reversed(turns) if turn.listing and not turn.picked), None)


def picked(core: str, turns: Sequence[Turn]) -> Reading | None:
    """ "The second one", "the newest of them"."""
    base = listing_of(turns)
    if base is None or not base.files:
        return None
    order = _ORDER.fullmatch(core)
    if order is not None:
        said = (order["n"] or order["m"] or "1").lower()
        count = _NUMBERS.get(said) or int(said)
        sort = _ORDERS[fold(order["word"])[:3]]
        question = f"{_plain(base.read_as)} sort:{sort} limit:{count}"
        return Reading(question=question, files=base.files, only=True, picked=True)
    number = _NUMBER.fullmatch(re.sub(r"\A(?:only|just|and|nur|und)\s+", "", core, flags=re.I))
    if number is None:
        return None
    chosen = _chosen(number, base.files)
    if not chosen:
        note = f"there are only {len(base.files)} of them"
        return Reading(question=base.read_as, files=base.files, only=True, note=note)
    return Reading(question=_plain(base.read_as), files=chosen, only=True, picked=True)


def _chosen(number: re.Match[str], files: tuple[str, ...]) -> tuple[str, ...]:
    nth = _NTH[fold(number["nth"])] if number["nth"] else int(number["digit"])
    count = number.groupdict().get("count")
    if count:
        many = _NUMBERS.get(count.lower()) or int(count)
        return files[-many:] if nth < 0 else files[:many] if nth == 1 else ()
    if nth < 0:
        return files[-1:]
    return files[nth - 1 : nth] if nth else ()


def of_picked(question: str, turns: Sequence[Turn]) -> Reading | None:
    """A question about one of a listing: "what is the rent in the second one?"."""
    base = listing_of(turns)
    found = _EMBEDDED.search(question)
    if base is None or found is None:
        return None
    chosen = _chosen_nth(_NTH[fold(found["nth"])], base.files)
    if not chosen:
        return None
    asked = f"{question[: found.start()]}the {one_of(base.read_as)}{question[found.end() :]}"
    return Reading(question=asked, files=chosen, only=True)


def _chosen_nth(nth: int, files: tuple[str, ...]) -> tuple[str, ...]:
    return files[-1:] if nth < 0 else files[nth - 1 : nth]


def narrowed(core: str, turns: Sequence[Turn], today: date) -> Reading | None:
    """ "Only the ones with Acme", "which of them are from May?", "without the drafts"."""
    base = listing_of(turns)
    if base is None:
        return None
    without = _NOT.fullmatch(core)
    if without is not None:
        rest = _bare(without["rest"])
        question = f"{_plain(base.read_as)} {_left_out(rest)}"
        return Reading(question=question, files=base.files, only=True)
    for form in (_ONLY, _THOSE, _WHICH):
        found = form.fullmatch(core)
        if found is None or (form is _WHICH and not _narrows(found)):
            continue
        question = _with_condition(_plain(base.read_as), found["rest"], today)
        return Reading(question=question, files=base.files, only=True)
    return None


def _narrows(found: re.Match[str]) -> bool:
    """Whether "which …" goes on from a listing: "which are over 1,000", "which of them …"."""
    of_them = re.search(_OF_THEM, found[0], re.IGNORECASE) is not None
    condition = _PREPOSITION.match(found["rest"]) is not None
    kinds = any(names_kind(word) for word in TOKEN.findall(found["rest"]))
    return of_them or (bool(found["verb"]) and condition and not kinds)


def timed_or_none(core: str, turns: Sequence[Turn], today: date) -> Reading | None:
    """ "What about 2022?", "and the year before?" behind any question."""
    return timed(core, turns, today) if is_time(core, today) or is_shift(core) else None


def swapped(core: str, turns: Sequence[Turn]) -> Reading | None:
    """ "And invoices?", "and from Northwind?" behind a listing."""
    base = listing_of(turns)
    if base is None:
        return None
    if _head(core) == (0, len(TOKEN.findall(_bare(core)))):  # kinds alone
        return Reading(question=_with_kind(_plain(base.read_as), _bare(core)))
    lead = _PREPOSITION.match(core)
    if lead is None:
        return None
    other = r"(?!(?:from|with|by|to|in|since|mit|von|aus|seit|type:\S*|-type:\S*)\b)"
    own = re.search(rf"\b{lead['word']}\s+(?:{other}\S+\s?)+", _plain(base.read_as), re.IGNORECASE)
    text = _plain(base.read_as)
    if own is not None:
        return Reading(question=f"{text[: own.start()]}{core} {text[own.end() :]}".strip())
    return Reading(question=f"{text} {core}")


def timed(core: str, turns: Sequence[Turn], today: date) -> Reading | None:
    """The latest question that a time can be put into, with it."""
    from lsfs.index.dialogue.shifting import time_of

    usable = [turn for turn in turns if not turn.picked]
    having = [turn for turn in usable if time_of(turn.read_as, today) is not None]
    listings = [turn for turn in usable if turn.listing]
    for turn in (*having[-1:], *listings[-1:], *([] if is_shift(core) else usable[-1:])):
        question = with_time(_plain(turn.read_as), core, today)
        if question is not None:
            return Reading(question=question)
    return None


def one_of(listing: str) -> str:
    """What one file of a listing is called: "invoice" for "invoices from 2023"."""
    words = TOKEN.findall(listing)
    name = next((word for word in words if names_kind(word)), "file")
    folded = name.lower()
    if folded.endswith("ies"):
        return f"{folded[:-3]}y"
    return folded.removesuffix("s") if not folded.endswith("ss") else folded


# --- conditions


def _plain(listing: str) -> str:
    """A listing without the order that was asked for last."""
    return _LEFT.sub("", listing).rstrip(" ?.")


def _bare(rest: str) -> str:
    rest = rest.strip(" ?.,")
    while (found := _ARTICLE.match(rest)) is not None:
        rest = rest[found.end() :]
    return rest


def _type_of(words: str) -> str:
    """The file type that words name: "PDFs", "the HTML files"; "" when none."""
    bare = fold(_BEHIND.sub("", _bare(words)))
    return _TYPE_NAMES.get(bare.replace(" ", "_")) or _TYPE_NAMES.get(bare) or (
        bare if bare in TYPES else ""
    )  # fmt: skip


def _left_out(rest: str) -> str:
    type_ = _type_of(rest)
    if type_:
        return f"-type:{type_}"
    return f"not {rest}" if _PREPOSITION.match(rest) else f"without {rest}"


def _with_condition(listing: str, rest: str, today: date) -> str:
    """A listing with one more condition."""
    bare = _bare(rest)
    type_ = _type_of(bare)
    if type_:
        return f"{listing} type:{type_}"
    if is_time(bare, today):
        return with_time(listing, bare, today) or listing
    head = _head(bare)
    if head is not None and head[0] == 0 and head[1] == len(TOKEN.findall(bare)):
        return _with_kind(listing, bare)
    if head is not None and head[0] == 0:  # "only invoices with Acme"
        words = TOKEN.findall(bare)
        at = bare.index(words[head[1]])
        return f"{_with_kind(listing, bare[:at].strip())} {bare[at:]}"
    if _PREPOSITION.match(bare):
        return f"{listing} {_PREPOSITION.sub(lambda m: f'{m[1]} ', bare)}"
    return f"{listing} with {_BEHIND.sub('', bare)}" if bare[:1].isupper() else f"{listing} {bare}"


def _head(text: str) -> tuple[int, int] | None:
    """Where words name sorts of documents, from and to; None when they do not."""
    words = TOKEN.findall(_bare(text))
    at = [i for i, word in enumerate(words) if names_kind(word)]
    if not at or at[-1] > 2:
        return None
    return 0, at[-1] + 1


def _with_kind(listing: str, kind: str) -> str:
    """A listing of another sort of documents."""
    for match in TOKEN.finditer(listing):
        if names_kind(match[0]) or fold(match[0]) in FILE_WORDS:
            return f"{listing[: match.start()]}{kind}{listing[match.end() :]}"
    return f"{kind} {listing}"
