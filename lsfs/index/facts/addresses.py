"""Whether two addresses are one: its parts in another order, its town or postcode left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from lsfs.index.facts.dates import fold

_PART = re.compile(r"[,;\n|]")
_WORD = re.compile(r"[^\W_]+(?:['\u2019]s)?")
# "BN3 6HE", "50667 Köln", "D-20095", "CA 94103": what a town has, and no house.
_POSTCODE = re.compile(
    r"\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b|\b(?:[a-z]{1,2}-)?\d{4,5}(?=\s+[^\W\d_])"
    r"|\b[a-z]{2} \d{5}(?:-\d{4})?\b"
)
_SHORT = {
    "st": "street", "str": "strasse", "rd": "road", "ave": "avenue", "av": "avenue", "sq": "square",
    "ln": "lane", "dr": "drive", "apt": "flat", "apartment": "flat",
}  # fmt: skip
_LEAST_LETTERS = 3  # of a word that makes a part with a number one of an address
_MOST_PARTS = 8


class Address(Struct, frozen=True):
    """An address as it is compared.

    Attributes:
        places: the parts with a number of their own: house, flat, floor.
        rest: the words of the others: town, postcode, name of a building.
    """

    places: frozenset[tuple[str, ...]]
    rest: frozenset[str]

    def fits(self, other: Address) -> bool:
        """Whether the two can be one: of the rest one only says more than the other."""
        return self.places == other.places and (self.rest <= other.rest or other.rest <= self.rest)


def address_of(written: str) -> Address | None:
    """An address from how it is written; None for what has no part with a word and a number."""
    parts = [part for part in _PART.split(fold(written)) if part.strip()]
    if not 1 <= len(parts) <= _MOST_PARTS:
        return None
    places: set[tuple[str, ...]] = set()
    rest: set[str] = set()
    for part in parts:
        words = _WORD.findall(_POSTCODE.sub(" ", part))
        if any(char.isdigit() for word in words for char in word):
            places.add(tuple(_SHORT.get(word, word) for word in words))
        else:
            rest.update(words)
        rest.update(code.replace(" ", "") for code in _POSTCODE.findall(part))
    named = any(
        word.isalpha() and len(word) >= _LEAST_LETTERS for words in places for word in words
    )
    return Address(frozenset(places), frozenset(rest)) if named else None


def heads(written: Mapping[str, int]) -> dict[str, str]:
    """The spelling that stands for each one: another one of its address, or itself.

    One that may be of two addresses ("5 High Street" beside one in Hove and one in Lewes) stands
    for itself.

    Args:
        written: each spelling, and how often there is it.
    """
    by_place: dict[frozenset[tuple[str, ...]], list[tuple[str, Address]]] = defaultdict(list)
    for one in written:
        address = address_of(one)
        if address is not None:
            by_place[address.places].append((one, address))
    found = {one: one for one in written}
    for same in by_place.values():
        fullest = _fullest(address for _, address in same)
        members: dict[Address, list[str]] = defaultdict(list)
        for one, address in same:
            fitting = [full for full in fullest if address.fits(full)]
            if len(fitting) == 1:
                members[fitting[0]].append(one)
        for spellings in members.values():
            head = min(spellings, key=lambda one: (-written[one], -len(one), one))
            found.update(dict.fromkeys(spellings, head))
    return found


def _fullest(addresses: Iterable[Address]) -> set[Address]:
    """Those that say more than, or as much as, each other one that they fit."""
    known = set(addresses)
    return {one for one in known if not any(one.rest < other.rest for other in known)}
