"""Folders in a question: "in the folder taxes", "under projects/alpha"."""

from __future__ import annotations

import re
from collections.abc import Callable

from lsfs.index.asked.explicit import folder
from lsfs.index.asked.questionframe import ends_phrase
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
# "invoices in Purchases": a folder that is there, written as it is called.
_BARE = re.compile(
    r"(?<!\w)(?P<out>(?:(?:but|aber|mais|pero|ma|maar)\s+)?(?:not|nicht|pas|no|non|niet)\s+)?"
    r"(?:in|under|inside|below|within|im|unter|dans|sous|en|bajo|nella|nel|onder)\s+"
    r"(?:the\s+|my\s+|our\s+)?(?=[^\W\d])"
)
_LINK = re.compile(r"\s*,\s*|\s*,?\s+(?:and|or|und|oder|et|ou|y|o|e|en|of)\s+(?:in\s+)?")
_MOST_WORDS = 5  # of such a name
_WORD_END = re.compile(r"[^\s,;:?!]+")
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


def read_known(reading: Reading, is_folder: Callable[[str], bool]) -> None:
    """Take out a folder that only its name tells: "invoices in Purchases".

    Args:
        is_folder: whether a path is one of a folder.
    """
    for match in _BARE.finditer(reading.text):
        end = _known(reading.text, match.end(), is_folder)
        if not end or (reading.plan.dir and not match["out"]):
            continue
        name, said = folder(reading.text[match.end() : end]), reading.text[match.start() : end]
        if match["out"]:
            reading.put(not_dirs=name)
            reading.take(match.start(), end, f"left out: the folder {name!r}")
        else:
            reading.put(dir=name)
            reading.take(match.start(), end, f"{said!r} read as the folder {name!r}")


def apart(text: str, is_folder: Callable[[str], bool]) -> tuple[str, ...]:
    """A question for files in several folders, asked of each: "invoices in Orders and Bills"."""
    for match in _BARE.finditer(text):
        ends = [_known(text, match.end(), is_folder)]
        names = [text[match.end() : ends[0]]] if ends[0] else []
        while names and (link := _LINK.match(text, ends[-1])) is not None:
            end = _known(text, link.end(), is_folder)
            if not end:
                break
            ends.append(end)
            names.append(text[link.end() : end])
        if len(names) > 1 and not match["out"]:
            return tuple(f"{text[: match.end()]}{name}{text[ends[-1] :]}" for name in names)
    return ()


def _known(text: str, start: int, is_folder: Callable[[str], bool]) -> int:
    """Where the longest name of a folder that begins at ``start`` ends; 0 without one.

    Behind it the phrase ends, or a condition begins: not "in Legal matters".
    """
    ends = [m.end() for m, _ in zip(_WORD_END.finditer(text, start), range(_MOST_WORDS))]  # noqa: B905
    for end in reversed(ends):
        name = folder(text[start:end].rstrip("."))
        if fold(name) not in _NO_NAMES and is_folder(name) and ends_phrase(text, end):
            return end
    return 0


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
