"""Who wrote a paper, by the names between its title and its abstract."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsfs.index.facts.literals import at_lines
from lsfs.index.fields.forms import Form, party_key
from lsfs.index.fields.labels import Found
from lsfs.model import BlockKind, Document

BYLINE = "byline"  # the rule by which they are found
FRONT = 4000  # characters in which the abstract begins
LONGEST_LINE = 1000  # characters
MOST_BLOCKS = 6  # below the title, in which the names stand
_ABSTRACT = re.compile(
    r"^[ \t#*_]*(?:abstract|summary|zusammenfassung|kurzfassung|résumé|resumen|sommario)\b",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"[^\n]+")
# "Camille Moreau1,2*, Idris Bello† and Hana Kowalczyk"
_MARK = r"[\d*†‡§¶\u2217\u00b9\u00b2\u00b3\u2070-\u2079]"
_BETWEEN = re.compile(
    rf"(?:[ \t]*{_MARK}+(?:[ \t]?,[ \t]?{_MARK}+)*)?[ \t]*(?:[,;·&|]|\b(?:and|und|et|y|e)\b|\Z)"
    r"(?:[ \t]*(?:&|\b(?:and|und|et|y|e)\b))?[ \t]*"
)
_NAME = re.compile(
    r"(?:[^\W\d_a-zß-ÿ](?:\.[ \t-]*|(?:[^\W\d_]|['\u2019-]){0,30}[ \t]+)){1,3}"
    r"(?:(?:van|von|de|del|der|den|di|da|la|le|dos|bin|al|ten|ter)[ \t]+){0,2}"
    r"[^\W\d_a-zß-ÿ](?:[^\W\d_]|['\u2019-]){1,30}"
)
_NO_NAMES = re.compile(
    r"\b(?:universit\w*|department|institute?\w*|school|college|center|centre|faculty|laborator\w+|lab|"
    r"journal|letters|proceedings|conference|press|transactions|review|research|sciences?|society|"
    r"academy|hospital|inc|ltd|gmbh|street|road|version|draft|preprint|accepted|received|published|"
    r"open access|keywords?|january|february|march|april|may|june|july|august|september|october|"
    r"november|december)\b",
    re.IGNORECASE,
)


def byline(document: Document) -> Iterator[Found]:
    """The authors of a paper: lines of nothing but names, the first between title and abstract."""
    abstract = next(at_lines(_ABSTRACT, document.text[:FRONT]), None)
    if abstract is None:
        return
    before = [block for block in document.blocks if block.char_start < abstract.start()]
    below = [
        block for block in before[1:] if block.kind not in (BlockKind.TITLE, BlockKind.HEADING)
    ]
    found: list[Form] = []
    for block in below[:MOST_BLOCKS]:
        end = min(block.char_end, abstract.start())
        for line in _LINE.finditer(document.text, block.char_start, end):
            names = _names(document.text, *line.span())
            if found and not names:
                break
            found += names
        else:
            continue
        break
    yield from (Found("author", form, BYLINE, 0.7) for form in found)


def _names(text: str, start: int, end: int) -> list[Form]:
    """The names that a line consists of; [] where there is more in it than names."""
    line = text[start:end].rstrip(" .")
    if len(line) > LONGEST_LINE or _NO_NAMES.search(line):
        return []
    found, at = [], len(line) - len(line.lstrip())
    while at < len(line):
        name = _NAME.match(line, at)
        mark = _BETWEEN.match(line, name.end()) if name else None
        if name is None or mark is None or mark.end() == name.end() < len(line):
            return []
        written = name[0].strip()
        found.append(Form(start + at, start + at + len(written), party_key(written)))
        at = mark.end()
    return found
