"""Questions for a sum: "How much did we pay Acme in 2023?", answered by adding up."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lsfs.joins import Aggregated
from lsfs.model import Citation, FoundFile, QueryPlan
from lsfs.syscalls.aggregate import AggregateRequest, of_party, over
from lsfs.syscalls.engines import Call
from lsfs.syscalls.selection import matching

if TYPE_CHECKING:
    from lsfs.index.filters import Filters
    from lsfs.index.join.reading import SideFile

KINDS = ("invoice", "receipt")  # what is paid, when the question does not say
LISTED = 50  # files named in an answer
_WHO = r"(?P<who>.+?)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:how much|what)(?: money)? (?:did|do|have) (?:we|i)(?: already)? "
        rf"(?:pay|paid|spend|spent)(?: (?:to|with|at|on))?(?: {_WHO})?",
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
# What was asked of others: invoices in which the one who is named is not who is paid.
_BILLED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:how much|what)(?: money)? (?:did|do|have) (?:we|i)(?: already)? "
        rf"(?:bill|billed|invoice|invoiced|charge|charged)(?: to)?(?: {_WHO})?",
        rf"how much(?: money| rent| in total)? (?:did|does|do|has|have) {_WHO} "
        r"(?:pay|paid|owe|owed)(?: (?:to )?(?:us|me))?",
        rf"wie ?viel(?: geld| miete)? hat {_WHO} (?:uns |mir |an uns )?(?:bezahlt|gezahlt)",
        rf"wie ?viel (?:haben wir|habe ich)(?: (?:an )?{_WHO})? "
        r"(?:in rechnung gestellt|berechnet|fakturiert)",
        rf"combien (?:avons-nous|ai-je|a-t-on) facturé(?: (?:à|chez))?(?: {_WHO})?",
        rf"cu[áa]nto (?:hemos facturado|facturamos|he facturado|facturé)(?: a)?(?: {_WHO})?",
        rf"quanto abbiamo fatturato(?: a)?(?: {_WHO})?",
    )
)
_SMALL = frozenset(("and", "&", "und", "et", "y", "e", "of", "de", "du", "der", "von", "la", "le"))


@dataclass(frozen=True, slots=True)
class SumAsked:
    """What a question for a sum is about.

    Attributes:
        who: the party; "" for all.
        is_billed: it is the one who was to pay.
    """

    who: str
    is_billed: bool = False


def asked_sum(plan: QueryPlan) -> SumAsked | None:
    """What a question for a sum is about; None when it asks for no sum."""
    words = " ".join(plan.query.split()).strip(" ?.!")
    for forms, is_billed in ((_BILLED, True), (_FORMS, False)):
        for form in forms:
            match = form.fullmatch(words)
            if match is not None:
                who = (match["who"] or "").strip()
                return SumAsked(who, is_billed) if not who or _is_name(who) else None
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


def summed(call: Call, plan: QueryPlan, filters: Filters, asked: SumAsked) -> Aggregated | None:
    """The sum that a question asks for; None when no file counts for it."""
    kinds = plan.kinds or (KINDS[:1] if asked.is_billed else KINDS)
    plan = replace(plan, query="", kinds=kinds)  # the words ask for the sum
    if asked.who:  # the name is one of a party, whoever wrote what
        plan = replace(plan, author="", recipient="", people=())
    chosen = matching(call.engines, plan, filters)
    files = list(chosen.files)
    if asked.is_billed:
        files = _ours(call, files)
    if asked.who:
        # What is addressed to them they have to pay.
        unless = "supplier" if asked.is_billed else "customer"
        files = of_party(call, files, asked.who, unless=unless)
    found = over(call, AggregateRequest("sum", "amount"), files, chosen.reading)
    return found if found.rows else None


def _ours(call: Call, files: list[SideFile]) -> list[SideFile]:
    """Files that we have written to others: they name us, and not as who has to pay."""
    from lsfs.index.join.reading import own_names

    found = {
        one.path: one
        for name in own_names(call.engines.catalog)
        for one in of_party(call, files, name, unless="customer")
    }
    return list(found.values())


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
