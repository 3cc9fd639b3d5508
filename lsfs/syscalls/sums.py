"""Questions for a sum: "How much did we pay Acme in 2023?", answered by adding up."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lsfs.joins import Aggregated
from lsfs.model import Citation, FoundFile, QueryPlan
from lsfs.syscalls.aggregate import AggregateRequest, of_party, over
from lsfs.syscalls.engines import Call
from lsfs.syscalls.selection import matching

if TYPE_CHECKING:
    from lsfs.index.filters import Filters

KINDS = ("invoice", "receipt")  # what is paid, when the question does not say
LISTED = 50  # files named in an answer
_WHO = r"(?P<who>.+?)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:how much|what)(?: money)? (?:did|do|have) (?:we|i)(?: already)? "
        rf"(?:pay|paid|spend|spent)(?: (?:to|with|at))?(?: {_WHO})?",
        rf"how much (?:did|has|have) {_WHO} (?:bill|billed|charged?|invoiced?)(?: us| me)?",
        r"(?:what (?:is|was) )?(?:the )?(?:total|sum)(?: amount)? of (?:(?:all|the|our|my) )*"
        rf"(?:invoices|bills|receipts)(?: (?:from|by|of) {_WHO})?",
        rf"(?:wie ?viel|was)(?: geld)? (?:haben wir|habe ich)(?: (?:an|bei))?(?: {_WHO})? "
        r"(?:bezahlt|gezahlt|ausgegeben)",
        rf"(?:die )?summe (?:aller|der) rechnungen(?: von {_WHO})?",
        r"combien (?:avons-nous|ai-je|a-t-on) (?:payé|versé|dépensé)(?: (?:à|chez))?"
        rf"(?: {_WHO})?",
        r"cu[áa]nto (?:hemos pagado|pagamos|he pagado|pagué|gastamos|hemos gastado)"
        rf"(?: (?:a|en|con))?(?: {_WHO})?",
        rf"quanto abbiamo (?:pagato|speso|versato)(?: (?:a|da))?(?: {_WHO})?",
    )
)
_SMALL = frozenset(("and", "&", "und", "et", "y", "e", "of", "de", "du", "der", "von", "la", "le"))


def asked_sum(plan: QueryPlan) -> str | None:
    """Whom a question for a sum is about, "" for all; None when it asks for no sum."""
    words = " ".join(plan.query.split()).strip(" ?.!")
    for form in _FORMS:
        match = form.fullmatch(words)
        if match is not None:
            who = (match["who"] or "").strip()
            return who if not who or _is_name(who) else None
    return None


def _is_name(text: str) -> bool:
    """Whether all words are capitalised, as those of a name: not "for the roof"."""
    words = text.split()
    named = [word for word in words if word.casefold() not in _SMALL]
    return (
        bool(named)
        and len(words) <= 6
        and all(word[0].isupper() or word[0].isdigit() for word in named)
    )


def summed(call: Call, plan: QueryPlan, filters: Filters, who: str) -> Aggregated | None:
    """The sum that a question asks for; None when no file counts for it."""
    plan = replace(plan, query="", kinds=plan.kinds or KINDS)  # the words ask for the sum
    if who:  # the name is one of a party, whoever wrote what
        plan = replace(plan, author="", recipient="", people=())
    chosen = matching(call.engines, plan, filters)
    files = list(chosen.files)
    if who:
        # What is addressed to them they have to pay.
        files = of_party(call, files, who, unless="customer")
    found = over(call, AggregateRequest("sum", "amount"), files, chosen.reading)
    return found if found.rows else None


def text_of(found: Aggregated) -> str:
    """A sum in words: the numbers, what each file adds, and what was left out."""
    lines = [f"{row.value} {row.unit}".strip() + f" in {_files(row.files)}" for row in found.rows]
    evidence = [one for row in found.rows for one in row.evidence]
    lines += [f"- {one.path}: {one.value}" for one in evidence[:LISTED]]
    lines += [f"- and {len(evidence) - LISTED} more"] if len(evidence) > LISTED else []
    if found.left_out:
        lines.append(f"left out: {_files(len(found.left_out))}")
        lines += [f"- {one.path}: {one.reason}" for one in found.left_out[:LISTED]]
    return "\n".join(lines)


def citations_of(found: Aggregated) -> tuple[Citation, ...]:
    """Where each number that was added up stands."""
    return tuple(
        Citation(one.path, one.page, one.line, one.line, one.quote, one.where)
        for row in found.rows
        for one in row.evidence
    )


def files_of(found: Aggregated) -> tuple[FoundFile, ...]:
    """The files that were added up."""
    return tuple(
        FoundFile(one.path, 1.0, PurePosixPath(one.path).name, "", "", one.page, one.quote,
                  one.where)
        for row in found.rows
        for one in row.evidence
    )  # fmt: skip


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
