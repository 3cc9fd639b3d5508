"""Filters that are written as such: ``type:pdf``, ``-dir:archive``, ``size:>10mb``, ``on:2023-05``.

The one grammar of them, for search, questions and the names of kept queries. A ``-`` before a
filter excludes what it fits; before a word or a phrase in quotes, what holds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from lsfs.conditions import AmountBound, Days
from lsfs.index.asked.measures import UNITS, number
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.time import timespan
from lsfs.model import DateKind, DaySpan

_FILTER = re.compile(
    r"(?<!\S)(-?)(after|before|on|due|expires|starts|signed|type|language|dir|folder|author|from|to|with|"
    r"kind|size|pages|amount|has|sort|limit|word):(\"[^\"]*\"|[^\s\"]+)",
    re.IGNORECASE,
)
_WITHOUT_WORD = re.compile(r"(?<=\s)-(\"[^\"]+\"|[^\W\d_]{3,}(?=\s|$))")
_RANGE = re.compile(
    r"(?P<mark>[<>]=?|=)?(?P<low>\d+(?:[.,]\d+)*)?(?P<unit>[a-z]*)(?P<to>\.\.|-)?(?P<high>\d+(?:[.,]\d+)*)?"
    r"(?P<unit2>[a-z]*)",
    re.IGNORECASE,
)
_SORTS = {
    "newest": "newest", "latest": "newest", "oldest": "oldest", "earliest": "oldest",
    "largest": "largest", "biggest": "largest", "smallest": "smallest", "size": "largest",
    "date": "newest", "dearest": "dearest", "amount": "dearest", "cheapest": "cheapest",
}  # fmt: skip
_DATES = {
    "due": DateKind.DUE,
    "expires": DateKind.EXPIRES,
    "starts": DateKind.STARTS,
    "signed": DateKind.SIGNED,
}
_LISTED = {
    "type": "types",
    "language": "languages",
    "kind": "kinds",
    "with": "people",
    "word": "not_words",
}
_EXCLUDED = {
    "language": "not_languages",
    "type": "not_types", "kind": "not_kinds", "dir": "not_dirs", "folder": "not_dirs",
    "author": "not_authors", "from": "not_authors", "to": "not_recipients", "word": "not_words",
    "with": "not_words",
}  # fmt: skip


def read(reading: Reading, today: date, *, words: bool = True) -> None:
    """Take the written filters out of a question; what is none stays, with a note.

    Args:
        words: whether ``-word`` is one.
    """
    for match in list(_FILTER.finditer(reading.text)):
        name, value = match[2].lower(), match[3].strip('"')
        put = _exclude if match[1] else _require
        problem = put(reading, name, value, today)
        if problem:
            reading.notes.append(f"{match[0]!r} {problem} and was not read")
            continue
        reading.take(*match.span(), f"{match[0]!r} read as a filter")
    for match in list(_WITHOUT_WORD.finditer(reading.text)) if words else ():
        word = match[1].strip('"')
        reading.put(not_words=word)
        reading.take(*match.span(), f"files with {word!r} are left out")


def _require(reading: Reading, name: str, value: str, today: date) -> str:
    """Add a filter; gives what is wrong with it, else ""."""
    if name in ("size", "pages", "amount"):
        return _measure(reading, name, value)
    if name in ("after", "before", "on") or name in _DATES:
        return _time(reading, name, value, today)
    if name in ("dir", "folder"):
        reading.put(dir=folder(value))
    elif name in ("author", "from"):
        reading.put(author=value)
    elif name == "to":
        reading.put(recipient=value)
    elif name == "sort":
        if value.lower() not in _SORTS:
            return "is no order"
        reading.put(sort=_SORTS[value.lower()])
    elif name == "limit":
        if not value.isdecimal() or len(value) > 6:
            return "is no number"
        reading.put(limit=int(value))
    elif name == "has":
        if not value.lower().startswith("attachment"):
            return "is nothing that can be asked for"
        reading.put(attachments=True)
    elif name == "word":
        return "is a word to look for"
    else:
        made = {"kind": _kind, "language": str.capitalize}.get(name, str.lower)
        reading.put(**{_LISTED[name]: made(value)})
    return ""


def _exclude(reading: Reading, name: str, value: str, today: date) -> str:
    if name == "has" and value.lower().startswith("attachment"):
        reading.put(attachments=False)
    elif name == "on":
        span = _days(value, today)
        if span is None:
            return "is no day"
        reading.put(not_spans=_iso(span))
    elif name in _EXCLUDED:
        changed: dict[str, Callable[[str], str]] = {
            "kind": _kind, "dir": folder, "folder": folder, "type": str.lower,
            "language": str.capitalize,
        }  # fmt: skip
        reading.put(**{_EXCLUDED[name]: changed.get(name, str)(value)})
    else:
        return "cannot be turned round"
    return ""


def _kind(value: str) -> str:
    known = kinds_in([value])
    return known.pop() if len(known) == 1 else value.lower()


def folder(text: str) -> str:
    """A folder as a path relative to the drive; what would leave it is dropped."""
    parts = text.strip("\"'").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


# --- days


def _time(reading: Reading, name: str, value: str, today: date) -> str:
    span = _days(value, today)
    if span is None:
        return "is no day"
    after, before = _iso(span)
    if name == "after":
        reading.put(after=after)
    elif name == "before":
        reading.put(before=after)
    else:
        reading.put(after=after, before=before)
    if name in _DATES:
        reading.put(date_kinds=_DATES[name].value)
    return ""


def _iso(span: DaySpan) -> Days:
    return span.start.isoformat() if span.start else "", span.end.isoformat() if span.end else ""


def _days(text: str, today: date) -> DaySpan | None:
    """The days of 2023-05-31, 2023-05, 2023, or of words: "last month"."""
    found = timespan.find(text.replace("_", " "), today)
    if len(found) != 1 or found[0].start or found[0].end != len(text):
        return None
    return found[0].span if found[0].span.start else None


# --- measures


def _measure(reading: Reading, name: str, value: str) -> str:
    """Read >10mb, <=20, 5-10, 100..500eur, 3."""
    match = _RANGE.fullmatch(value)
    low, high = (number(match[part] or "") for part in ("low", "high")) if match else (None, None)
    if match is None or (low is None and high is None) or (high is not None and match["mark"]):
        return "is no measure"
    unit = (match["unit2"] or match["unit"]).lower()
    mark = match["mark"] or ("" if match["to"] else "=")
    least = low if mark in (">", ">=", "=", "") else None
    most = high if match["to"] else low if mark in ("<", "<=", "=") else None
    if name == "amount":
        bound = AmountBound(
            least=least, most=most, above=mark == ">", below=mark == "<", unit=unit.upper()
        )
        reading.put(amounts=bound)
        return ""
    if unit and (name == "pages" or unit not in UNITS):
        return "is no measure"
    factors = [UNITS[part.lower()] if part else 0 for part in (match["unit"], match["unit2"])]
    factor = [one or max(factors) or 1 for one in factors]
    bounds = [
        None if least is None else round(least * factor[0]) + (mark == ">"),
        None if most is None else round(most * factor[int(bool(match["to"]))]) - (mark == "<"),
    ]
    what = "bytes" if name == "size" else "pages"
    named = zip((f"min_{what}", f"max_{what}"), bounds, strict=True)
    reading.put(**{name: bound for name, bound in named if bound is not None})
    return ""
