"""Versions and moments in a prompt: "yesterday's version", "two versions ago", "version 3"."""

from __future__ import annotations

import re

from lsfs.syscalls.prompt.slots import NUMBERS, Arguments, Surroundings, number_of

_VERSION = r"(?:version|revision|copy|state|edition|one|contents?|draft)"
_COUNT = r"(?:\d{1,4}|" + "|".join(NUMBERS) + r")(?:\s+of)?"
_SHELL = re.compile(
    rf"""^(?:back\s+to\s+)?(?:(?:the|its|their|that|a|my)\s+)?
         (?:(?:how|what|where|the\s+way|way|as)\s+(?:it|they|this|things|everything)?\s*
            (?:was|were|looked|stood)\s*(?:like\s+)?|{_VERSION}\s+(?:it\s+had\s+)?(?!\#?\d))?
         (?:(?:from|as\s+of|as\s+at|of|on|in|at|dated)\s+)?(?:(?:the)\s+)?""",
    re.IGNORECASE | re.VERBOSE,
)
_OWNED = re.compile(rf"(?:['\u2019]s?)?\s+(?:{_VERSION}|snapshot)$|['\u2019]s?$", re.IGNORECASE)
_NUMBERED = re.compile(rf"(?:the\s+)?(?:{_VERSION}\s*(?:number|no\.?|\#)?|v)\s*(\d{{1,6}})", re.I)
_FIRST = re.compile(
    rf"(?:the\s+|its\s+)?(?:very\s+)?(?:first|original|initial)(?:\s+{_VERSION})?", re.I
)
_LAST = re.compile(
    rf"""(?:(?:the|its)\s+)?(?:previous|prior|preceding|last|earlier|former)\s+{_VERSION}
       | (?:the\s+)?(?:one|{_VERSION}|way\s+it\s+was|(?:how|what)\s+it\s+was)?\s*
         before\s+(?:the|my|that|its)\s+(?:last|latest|most\s+recent)\s+(?:change|edit|save)s?
       | (?:the\s+)?one\s+before""",
    re.IGNORECASE | re.VERBOSE,
)
_BACK = re.compile(
    rf"({_COUNT})\s+(?:{_VERSION}|change|edit|save|step)s?(?:\s+(?:ago|back|earlier|before))?", re.I
)


def version(name: str, words: str, around: Surroundings) -> Arguments | None:
    """As ``version``, ``back`` or ``to``, as a rollback takes them."""
    if _FIRST.fullmatch(words):
        return {"version": 1}
    if _LAST.fullmatch(words):
        return {"back": 1}
    numbered = _NUMBERED.fullmatch(words)
    if numbered:
        return {"version": int(numbered[1])}
    back = _BACK.fullmatch(words)
    if back:
        return {"back": number_of(back[1].removesuffix(" of"))}
    found = moment(name, words, around)
    return {"to": found[name]} if found else None


def moment(name: str, words: str, around: Surroundings) -> Arguments | None:
    """As the words of a moment, or the name of a snapshot."""
    said = around.bare(words)
    for text in (_plain(said), said):
        if text and around.is_moment(text):
            return {name: text}
    return None


def state(name: str, words: str, around: Surroundings) -> Arguments | None:
    """As one text: the number of a version, "2 versions ago", or a moment; as ``diff`` takes it."""
    found = version(name, words, around)
    if found is None:
        alone = re.fullmatch(r"#?(\d{1,6})", words)
        return {name: alone[1]} if alone else None
    if "version" in found:
        return {name: str(found["version"])}
    if "back" in found:
        return {name: f"-{found['back']}"}
    return {name: found["to"]}


def counted(name: str, words: str, around: Surroundings) -> Arguments | None:
    """How many versions back, without the word."""
    found = _BACK.fullmatch(words)
    return {name: number_of(found[1].removesuffix(" of"))} if found else None


def _plain(words: str) -> str:
    """The moment in "how it was on Monday", "the version from last week", "yesterday's version"."""
    inner = _SHELL.sub("", words, count=1)
    return _OWNED.sub("", inner, count=1).strip()
