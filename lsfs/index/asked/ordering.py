"""Orders in a question: the latest invoice, the ten largest files, the oldest three contracts."""

from __future__ import annotations

import re

from lsfs.index.asked import questionwords as w
from lsfs.index.asked.questionframe import (
    WHICH,
    bare,
    names_documents,
    names_files,
    noun_phrase,
    of_many,
    topic,
)  # fmt: skip
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold

_COUNTS = {
    word: count
    for count, words in {
        1: "one", 2: "two zwei deux dos due twee couple",
        3: "three drei trois tres tre drie", 4: "four vier quatre cuatro quattro",
        5: "five fünf funf cinq cinco cinque vijf", 6: "six sechs seis sei zes",
        7: "seven sieben sept siete sette zeven", 8: "eight acht huit ocho otto",
        9: "nine neun neuf nueve nove negen", 10: "ten zehn dix diez dieci tien",
        12: "twelve zwölf zwolf douze twaalf dozen dutzend",
        20: "twenty zwanzig vingt veinte venti twintig",
    }.items()
    for word in words.split()
}  # fmt: skip
_NUMBER = "(?:" + "|".join([r"\d{1,3}", *sorted(_COUNTS, key=len, reverse=True)]) + r")(?!\w)"
_WORDS = "|".join(f"(?P<{name}>{words})" for name, words in w.ORDER_WORDS.items())
_BEFORE = re.compile(
    rf"(?<!\w)(?:top\s+)?(?:(?P<n>{_NUMBER})\s+)?(?:{_WORDS})(?:\s+(?P<m>{_NUMBER}))?"
    r"(?:\s+(?:of|and greatest)\b)?",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?<!\w)(?:l[ea]s?\s+)?(?:(?P<newest>plus\s+récente?s?|más\s+recientes?|"
    r"più\s+recent[ei])|"
    r"(?P<oldest>plus\s+ancien(?:ne)?s?|más\s+antigu[oa]s?|più\s+vecchi[oae]?)|"
    r"(?P<largest>plus\s+gros(?:se)?s?|más\s+grandes?|più\s+grand[ei])|"
    r"(?P<dearest>plus\s+(?:chère?s?|chers?|élevée?s?)|más\s+(?:car|alt)[oa]s?|più\s+(?:car|alt)[oaie])|"
    r"(?P<cheapest>moins\s+(?:chère?s?|chers?)|más\s+(?:barat|baj)[oa]s?|meno\s+car[oaie]))\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\W*(?:(?:i|gli|le|les|los|las|die|the)\s+)?({_NUMBER})\s+", re.IGNORECASE)
_SORTED = re.compile(
    r"[\s,]*\b(?:sorted|ordered)\s+by\s+(?P<by>date|size|age|amount|total|price|value)\b|[\s,]*\b(?P<first>newest|oldest|"
    r"latest|"
    r"largest|biggest|smallest|cheapest|dearest|highest|lowest|most\s+expensive)\s+first\b",
    re.IGNORECASE,
)
_BY = {
    "date": "newest", "size": "largest", "age": "oldest", "latest": "newest", "biggest": "largest",
    "amount": "dearest", "total": "dearest", "price": "dearest", "value": "dearest",
    "highest": "dearest", "lowest": "cheapest", "most expensive": "dearest",
}  # fmt: skip
# Of these the largest is the one of the highest amount, not the file of most bytes.
_OF_MONEY = frozenset(("invoice", "order", "quote", "receipt"))
_OF_FILES = re.compile(r"\b(?:files?|by\s+(?:file\s+)?size|nach\s+größe|dateien)\b", re.IGNORECASE)
_BY_AMOUNT = re.compile(
    r"[\s,]*\b(?:by|in|nach|par|por|per|op)\s+(?:(?:the|dem|der|their|total)\s+)?(?:amount|total|price|value|"
    r"betrag|summe|preis|montant|prix|importe|precio|importo|prezzo|bedrag)\b",
    re.IGNORECASE,
)


def read(reading: Reading) -> bool:
    """Take out an order before or behind the files that it is said of; whether one was there."""
    asked = _SORTED.search(reading.text)
    if asked is not None:
        said = " ".join((asked["by"] or asked["first"]).lower().split())
        _put(reading, asked, _BY.get(said, said), 0)
    found = _before(reading) or _behind(reading)
    if found is None:
        return False
    frame = WHICH.match(reading.text, 0, found.end())
    groups = found.groupdict()
    sort = next(name for name in w.ORDER_WORDS if groups.get(name))
    sort = _by_amount(reading, found, sort)
    many = of_many(reading.text[found.end() :] if found.re is _BEFORE else _lead(reading, found))
    said = groups.get("n") or groups.get("m") or ""
    counted = _COUNTED.match(bare(reading.text)) if found.re is _BEHIND else None
    if counted is not None:
        said, at = counted[1], len(reading.text) - len(bare(reading.text))
        reading.blank(at + counted.start(1), at + counted.end(1))
    limit = int(said) if said.isdecimal() else _COUNTS.get(fold(said), 0)
    _put(reading, found, sort, limit or (0 if many else 1))
    if frame is not None:
        reading.blank(*frame.span())
    return True


def _by_amount(reading: Reading, found: re.Match[str], sort: str) -> str:
    """The order by amount that "largest" means of invoices, and of all that is said to be by it."""
    if sort not in ("largest", "smallest"):
        return sort
    of_money = {"largest": "dearest", "smallest": "cheapest"}[sort]
    said = _BY_AMOUNT.search(reading.text)
    if said is not None:
        reading.blank(*said.span())
        return of_money
    head = _lead(reading, found) if found.re is _BEHIND else reading.text[found.end() :]
    kinds = kinds_in(noun_phrase(head))
    return of_money if kinds and kinds <= _OF_MONEY and not _OF_FILES.search(head) else sort


def _put(reading: Reading, found: re.Match[str], sort: str, limit: int) -> None:
    reading.put(sort=sort)
    if limit:
        reading.put(limit=limit)
    reading.blank(*found.span())
    reading.filtered = True
    count = f", {limit} of them" if limit else ""
    reading.notes.append(f"{found[0].strip(' ,')!r} read as an order: {sort} first{count}")


def _lead(reading: Reading, found: re.Match[str]) -> str:
    return bare(reading.text[: found.start()])


def _before(reading: Reading) -> re.Match[str] | None:
    for found in _BEFORE.finditer(reading.text, 0, topic(reading.text)):
        before, after = reading.text[: found.start()], reading.text[found.end() :]
        if not names_documents(after) or names_files(bare(before)):
            continue
        of_money = found["dearest"] or found["cheapest"]
        if not of_money or kinds_in(noun_phrase(after)) <= _OF_MONEY | {"contract"}:
            return found  # and not "the highest mountain report"
    return None


def _behind(reading: Reading) -> re.Match[str] | None:
    found = _BEHIND.search(reading.text)
    if found is None or not names_documents(_lead(reading, found)):
        return None
    return found
