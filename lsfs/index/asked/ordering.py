"""Orders in a question: the latest invoice, the ten largest files, the oldest three contracts."""

from __future__ import annotations

import re

from lsfs.index.asked import questionwords as w
from lsfs.index.asked.questionframe import WHICH, bare, names_documents, names_files, of_many, topic
from lsfs.index.asked.questionreading import Reading
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
_ORDERS = {
    "newest": w.LATEST_WORDS,
    "oldest": r"(?:oldest|earliest|(?:aller)?(?:älteste|früheste)[nrsm]?|oudste|"
    r"plus\s+ancien(?:ne)?s?|más\s+antigu[oa]s?|più\s+vecchi[oae]?|first(?=\s+(?:\d|"
    r"two|three|four|five|ten)))\b",
    "largest": r"(?:largest|biggest|(?:aller)?größte[nrsm]?|grootste|"
    r"plus\s+(?:gros(?:se)?s?|grande?s?)|más\s+grandes?|più\s+grand[ei])\b",
    "smallest": r"(?:smallest|(?:aller)?kleinste[nrsm]?|plus\s+petite?s?|"
    r"más\s+pequeñ[oa]s?|"
    r"più\s+piccol[oaie])\b",
}
_WORDS = "|".join(f"(?P<{name}>{words})" for name, words in _ORDERS.items())
_BEFORE = re.compile(
    rf"(?<!\w)(?:top\s+)?(?:(?P<n>{_NUMBER})\s+)?(?:{_WORDS})(?:\s+(?P<m>{_NUMBER}))?"
    r"(?:\s+(?:of|and greatest)\b)?",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?<!\w)(?:l[ea]s?\s+)?(?:(?P<newest>plus\s+récente?s?|más\s+recientes?|"
    r"più\s+recent[ei])|"
    r"(?P<oldest>plus\s+ancien(?:ne)?s?|más\s+antigu[oa]s?|più\s+vecchi[oae]?)|"
    r"(?P<largest>plus\s+gros(?:se)?s?|más\s+grandes?|più\s+grand[ei]))\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\W*(?:(?:i|gli|le|les|los|las|die|the)\s+)?({_NUMBER})\s+", re.IGNORECASE)
_SORTED = re.compile(
    r"[\s,]*\b(?:sorted|ordered)\s+by\s+(?P<by>date|size|age)\b|[\s,]*\b(?P<first>newest|oldest|"
    r"latest|"
    r"largest|biggest|smallest)\s+first\b",
    re.IGNORECASE,
)
_BY = {"date": "newest", "size": "largest", "age": "oldest", "latest": "newest",
       "biggest": "largest"}  # fmt: skip


def read(reading: Reading) -> bool:
    """Take out an order before or behind the files that it is said of; whether one was there."""
    asked = _SORTED.search(reading.text)
    if asked is not None:
        said = (asked["by"] or asked["first"]).lower()
        _put(reading, asked, _BY.get(said, said), 0)
    found = _before(reading) or _behind(reading)
    if found is None:
        return False
    frame = WHICH.match(reading.text, 0, found.end())
    groups = found.groupdict()
    sort = next(name for name in _ORDERS if groups.get(name))
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
        if names_documents(after) and not names_files(bare(before)):
            return found
    return None


def _behind(reading: Reading) -> re.Match[str] | None:
    found = _BEHIND.search(reading.text)
    if found is None or not names_documents(_lead(reading, found)):
        return None
    return found
