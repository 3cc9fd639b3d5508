"""What the first lines of a plain text or of source code say about the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day

_LINES = 60
_LONGEST = 300  # characters of a line
_MARKS = r"\s*(?:(?:#+|//+!?|/\*+!?|\*+|;+|--+|%+|\"{3}|'{3}|<!--|rem\b|dnl\b|\.\.)\s*)?"
# "Author: Ann", "@author Ann", "\author Ann", ":Author: Ann", "#+AUTHOR: Ann", "__author__ = 'Ann'"
_FIELD = re.compile(
    _MARKS + r"(?:"
    r"[@\\](?P<tag>title|author|date)\s*:?\s+"
    r"|(?P<set>:|\+|__)?(?P<name>title|authors?|written\s+by|creator|(?:creation\s+|release\s+)?date"
    r"|created(?:\s+on)?)(?:__\s*=|:+)\s*"
    r"|(?P<on>created\s+on)\s+(?=\w)"
    r")(?P<value>\S.*)",
    re.I,
)
_QUOTES = "\"'`, \t"
_BEHIND = re.compile(r"\s*(?:\*/|-->|\"{3}|'{3}|\[e?book.*\])\s*\Z", re.I)


def head_facts(lines: Iterable[str]) -> Facts:
    """The facts among the first lines, of a text or in the comments above code.

    ``Title:`` alone is a line of any form; it counts beside an author, or with a mark of its own
    (``:Title:``, ``#+TITLE:``).
    """
    title = author = written = ""
    is_sure = False
    for match in _fields(lines):
        name = (match["tag"] or match["name"] or match["on"]).lower()
        value = _BEHIND.sub("", match["value"]).strip(_QUOTES)
        if name == "title" and not title:
            title, is_sure = value, bool(match["set"] or match["tag"])
        elif name.startswith(("author", "written", "creator")):
            author = author or value
        elif name != "title":
            written = written or value
    return Facts(title if is_sure or author else "", author, "", day(written))


def _fields(lines: Iterable[str]) -> Iterator[re.Match[str]]:
    for line in islice(lines, _LINES):
        if len(line) <= _LONGEST and (match := _FIELD.match(line)):
            yield match
