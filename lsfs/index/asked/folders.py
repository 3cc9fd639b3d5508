"""Folders in a question: "in the folder taxes", "under projects/alpha"."""

from __future__ import annotations

import re

from lsfs.index.asked.explicit import folder
from lsfs.index.asked.questionreading import Reading
from lsfs.index.find.folding import fold

_PLACE = r"\"[^\"]+\"|'[^']+'|[^\s,;?!\"']+"
_NOUN = (
    r"(?:sub)?(?:folders?|directory|directories|ordner|verzeichnis|dossier|répertoire|"
    r"carpeta|cartella)"
)
FORMS = (
    re.compile(
        r"\b(?:in|from|under|inside|within|below|of|im|aus dem|dans|en|nel(?:la)?|de|unter)\s+"
        r"(?:the\s+|le\s+|la\s+|my\s+|dem\s+)?"
        rf"{_NOUN}\s+(?:called\s+|named\s+)?({_PLACE})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:in|from|under|inside|within|below)\s+(?:the\s+|"
        rf"my\s+)?({_PLACE})\s+(?:sub)?(?:folder|directory)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:in|under|inside|below|within|from|unter|dans|sous|en|nella)\s+"
        r"(/[^\s/,;?!\"]+(?:/[^\s/,;?!\"]+)*|"
        r"(?=[^\s/]*[^\W\d][^\s/]*/)[^\s/,;?!\"]+(?:/[^\s/,;?!\"]+)*)(/?)(?![^\s,;?!.])",
        re.IGNORECASE,
    ),
)
_NO_NAMES = frozenset((
    "the", "a", "this", "that", "these", "those", "which", "what", "where", "with", "of", "same",
    "other", "another", "current", "right", "wrong", "structure", "hierarchy", "tree", "path",
    "above", "below", "each", "every", "any", "are", "is", "was", "were", "for", "called", "named",
))  # fmt: skip
_OF = re.compile(r"\s+(?:of|de|der|des|du|del|di|structure|hierarchy|tree)\b", re.IGNORECASE)
_EITHER = re.compile(
    r"(?:and|or|his|he|she|him|n|w|on|off|input|read|true|yes|pass|client|tcp|english|german|"
    r"french|spanish|italian|dutch|portuguese|deutsch|englisch|französisch)/",
    re.IGNORECASE,
)


def at(text: str, start: int) -> tuple[int, str] | None:
    """The end of the words for a folder that begin at ``start``, and that folder."""
    for form in FORMS:
        match = form.match(text, start)
        name = _named(text, match) if match else ""
        if match is not None and name:
            return match.end(), name
    return None


def read(reading: Reading) -> None:
    """Take out the folder to look in."""
    for form in FORMS:
        for match in form.finditer(reading.text):
            name = _named(reading.text, match)
            if name and not reading.plan.dir:
                reading.put(dir=name)
                reading.take(*match.span(), f"{match[0]!r} read as the folder {name!r}")
                return


def _named(text: str, match: re.Match[str]) -> str:
    """The folder that a phrase names; "" when it is about folders in general."""
    name = folder(match[1].rstrip("."))
    if fold(name) in _NO_NAMES or not name:
        return ""
    slashed = match.re is FORMS[2]
    if slashed and _EITHER.match(f"{match[1]}/"):
        return ""
    # "in the folder hierarchy of the company"
    return "" if match[1][0] not in "\"'" and not slashed and _OF.match(text, match.end()) else name
