"""Questions for a sum: "How much did we pay Acme in 2023?", answered by adding up."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.joins import Aggregated
from lsfs.model import Citation, FoundFile, QueryPlan
from lsfs.syscalls.aggregate import AggregateRequest, of_party, over
from lsfs.syscalls.engines import Call
from lsfs.syscalls.retrieve import read_query
from lsfs.syscalls.selection import matching

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.index.join.reading import SideFile

KINDS = ("invoice", "receipt")  # what is paid, when the question does not say
_TO = frozenset(("to", "an", "adresse a"))  # labels of who an invoice is written to
LONGEST_TIME = 8  # words of a time
LISTED = 50  # files named in an answer
_WHO = r"(?P<who>.+?)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:how much|what)(?: money)? (?:did|do|have) (?:we|i)(?: already)? "
        rf"(?:pay|paid|spend|spent)(?: (?:to|with|at|on))?(?: {_WHO})?",
        rf"(?:how much|what) (?:did|has|have) {_WHO} (?:bill|billed|charged?|invoiced?)"
        r"(?: us| me)?",
        r"(?:(?:what|how much) (?:is|was) )?(?:the )?(?:total|sum)(?: amount)? of "
        rf"(?:(?:all|the|our|my) )*(?:invoices|bills|receipts)(?: (?:from|by|of) {_WHO})?",
        rf"(?:wie ?viel|was)(?: geld)? (?:haben wir|habe ich)(?: (?:an|bei))?(?: {_WHO})? "
        r"(?:bezahlt|gezahlt|ausgegeben)",
        rf"(?:die )?summe (?:aller|der) rechnungen(?: von {_WHO})?",
        r"combien (?:avons-nous|ai-je|a-t-on) (?:payé|versé|dépensé)(?: (?:à|chez))?"
        rf"(?: {_WHO})?",
        r"cu[áa]nto (?:hemos pagado|pagamos|he pagado|pagué|gastamos|hemos gastado)"
        rf"(?: (?:a|en|con))?(?: {_WHO})?",
        rf"cu[áa]nto (?:nos|me) han? (?:facturado|cobrado) {_WHO}",
        rf"wie ?viel hat (?:uns|mir) {_WHO} (?:berechnet|in rechnung gestellt|fakturiert)",
        rf"combien (?:nous |m['\u2019])(?:a|ont) facturé {_WHO}",
        rf"combien {_WHO} (?:nous |m['\u2019])(?:a|ont)(?:-t-(?:il|elle))? facturé",
        rf"quanto (?:ci|mi) ha(?:nno)? fatturato {_WHO}",
        rf"hoeveel heeft {_WHO} (?:ons|mij) (?:gefactureerd|in rekening gebracht)",
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


class SumAsked(Struct, frozen=True):
    """What a question for a sum is about.

    Attributes:
        who: the party; "" for all.
        is_billed: it is the one who was to pay.
    """

    who: str
    is_billed: bool = False


def asked_sum(plan: QueryPlan) -> SumAsked | None:
    """What a question for a sum is about; None when it asks for no sum."""
    words = " ".join(plan.query.split()).strip(" ?.!\u00bf")
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


def dated(call: Call, plan: QueryPlan) -> tuple[QueryPlan, Filters] | None:
    """A question for a sum whose last words are a time, as the time of the papers that count.

    "How much did Acme pay in 2023?" asks for when it was paid, which only the papers tell.
    """
    from lsfs.index.time import timespan

    words = plan.query.strip(" ?.!").split()
    today = call.engines.today()
    for count in range(min(LONGEST_TIME, len(words) - 1), 0, -1):
        time = " ".join(words[-count:])
        rest = replace(plan, query=" ".join(words[:-count]))
        found = timespan.find(time, today)
        whole = bool(found) and (found[0].start, found[0].end) == (0, len(time))
        if whole and asked_sum(rest) is not None:
            asked = read_query(call.engines, f"{KINDS[0]}s {time}")
            return replace(asked.plan, query=rest.query), asked.filters
    return None


def _ours(call: Call, files: list[SideFile]) -> list[SideFile]:
    """Files that we have written to others.

    They name us, and not as who has to pay; or nobody but another one as who has to.
    """
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.fields.meant import label_of, role_of, source
    from lsfs.index.join.reading import own_names, values_of

    catalog = call.engines.catalog
    own = own_names(catalog)
    found = {
        one.path: one for name in own for one in of_party(call, files, name, unless="customer")
    }
    known = definitions(call.engines.config.fields)
    everybody = values_of(catalog, source("party", known), files)
    others = values_of(catalog, source("counterparty", known), files, own)
    for file in files if own else ():
        named = everybody.get(file.path, [])
        paying = [v for v in named if role_of(v.rule) == "customer" or label_of(v.rule) in _TO]
        if named and len(paying) == len(named) == len(others.get(file.path, ())):
            found[file.path] = file
    return [file for file in files if file.path in found]


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
