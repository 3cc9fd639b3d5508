"""Whom a quote names: the landlord of "between Harbour Homes Ltd (landlord) and Ada Byron"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsfs import values
from lsfs.llm.answers.ground import names

_FILLER = re.compile(
    r"[\s,:(\u201c\u201e\"'\u2019-]*(?:(?:the|as|is|was|our|hereinafter|called|referred|to|named|"
    r"at|of|"
    r"als|der|die|das|ist|unser|nachfolgend|genannt|sowie)\b[\s,:(\u201c\u201e\"'\u2019-]*)*"
    r"(?:(?:mr|mrs|ms|dr)\.?\s*)?",
    re.IGNORECASE,
)
_NOT_PEOPLE = frozenset(
    (
        "lease", "agreement", "contract", "rent", "invoice", "policy", "directory", "notes", "dear",
        "mietvertrag", "vertrag", "rechnung",
    )
)  # fmt: skip
_NO_NAMES = frozenset(("signed", "agreement", "contract"))
_VERB = re.compile(r"\W*who\s+((?!is\b|are\b|was\b|were\b|has\b|did\b)\w{4,})", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]*[-*\u2022\u2023\u2013][ \t]")
_LONGEST_LEAD = 60  # characters of a line above a list
_WORD = re.compile(r"[^\W\d_]+")


def named(quotes: Sequence[str], role: str, question: str) -> str:
    """The one whom quotes name in a role, or for what a question asks; "" when none is certain.

    Args:
        quotes: sentences, best first.
        role: "landlord"; "" for the one that "who …" asks for.
        question: whose own names are not the answer.
    """
    verb = _VERB.match(question) if not role else None
    if verb is not None:  # a party of a contract has not signed it for that
        stem = verb[1].casefold()[:4]
        quotes = [quote for quote in quotes if stem in quote.casefold()] or quotes
    for quote in quotes:
        found = _in_role(quote, role) if role else _asked(quote, question)
        if found:
            return found
    return ""


def people(quote: str) -> list[tuple[int, int]]:
    """Where a sentence has names that can be of people or companies."""
    plain = values.without_all(quote, [(one.start, one.end) for one in values.dates(quote)])
    return [
        (start, end)
        for start, end in names(plain)
        if not {word.casefold() for word in _WORD.findall(plain[start:end])} & _NOT_PEOPLE
    ]


def lead_of(text: str, start: int) -> int:
    """Where the line above a list begins, if it names somebody: of what the items say.

    Args:
        text: a passage.
        start: of a sentence in it.

    Returns:
        ``start`` where that is no item of a list, or nobody is named above.
    """
    line = text.rfind("\n", 0, start) + 1
    if not _ITEM.match(text, line):
        return start
    while line and (_ITEM.match(text, line) or text[line : line + 1].isspace()):
        line = text.rfind("\n", 0, line - 1) + 1
        if text[line : line + 1] == "\n":
            return start
    lead = text[line : text.find("\n", line)]
    if _ITEM.match(lead):
        return start
    return line if len(lead) <= _LONGEST_LEAD and people(lead) else start


def _in_role(quote: str, role: str) -> str:
    """The name beside a role, with nothing but small words between."""
    best: tuple[int, str] | None = None
    for at in re.finditer(rf"(?<!\w){re.escape(role)}(?:in|s|n)?(?!\w)", quote, re.IGNORECASE):
        for start, end in people(quote):
            name = quote[start:end]
            if re.fullmatch(rf"{re.escape(role)}(?:in|s)?", name, re.IGNORECASE):
                continue
            gap = quote[at.end() : start] if start >= at.end() else quote[end : at.start()]
            if start < at.end() <= end or start <= at.start() < end:
                name = re.sub(rf"(?i)\A{re.escape(role)}\s+|\s+{re.escape(role)}\Z", "", name)
                gap = ""
            # "Name (role)" is surer than "role and name".
            if name.strip() and _FILLER.fullmatch(gap):
                rank = 0 if start < at.start() else 1
                if best is None or rank < best[0]:
                    best = (rank, name)
    return best[1] if best else ""


def named_beside(quote: str, question: str) -> list[tuple[int, int]]:
    """Where a quote has names that the question does not have."""
    own = {word.casefold() for word in _WORD.findall(question)}
    return [
        (start, end)
        for start, end in people(quote)
        if not {word.casefold() for word in _WORD.findall(quote[start:end])} & own
    ]


def _asked(quote: str, question: str) -> str:
    """The name in a quote that the question does not have; by "by NAME" where there are several."""
    own = {word.casefold() for word in _WORD.findall(question)}
    free = named_beside(quote, question)
    if len(free) == 1:
        return quote[slice(*free[0])]
    by = [span for span in free if re.search(r"\b(?:by|von)\s+\Z", quote[: span[0]], re.IGNORECASE)]
    if by:
        # "Signed for Acme by Laura Chen, signed for Byron by Ada Byron": the one said first of what
        # the question names.
        about = [
            match.start()
            for word in own - _NO_NAMES
            if len(word) > 3
            for match in re.finditer(rf"(?i)\b{re.escape(word)}\b", quote)
        ]
        behind = [span for span in by if any(at < span[0] for at in about)]
        return quote[slice(*(behind or by)[0])] if len(by) == 1 or behind else ""
    return ""
