"""Whether invoices are paid, by what they say of it themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.find.folding import fold

if TYPE_CHECKING:
    from lsfs.model import FoundFile, QueryPlan
    from lsfs.syscalls.engines import Engines

KINDS = frozenset(("invoice", "receipt", "order", "statement"))
_NAMED = 5  # files that a note names
_ASKED_UNPAID = frozenset(
    [
        "unpaid",
        "outstanding",
        "overdue",
        "open",
        "unbezahlt",
        "unbezahlte",
        "unbezahlten",
        "offen",
        "offene",
        "offenen",
        "uberfallig",
        "uberfallige",
        "uberfalligen",
        "impaye",
        "impayes",
        "impayee",
        "impayees",
        "pendiente",
        "pendientes",
        "impagada",
        "impagadas",
    ]
)
_ASKED_PAID = frozenset(
    [
        "paid",
        "settled",
        "bezahlt",
        "bezahlte",
        "bezahlten",
        "beglichen",
        "beglichene",
        "beglichenen",
        "paye",
        "payes",
        "payee",
        "payees",
        "pagada",
        "pagadas",
        "pagate",
    ]
)
_SAYS_UNPAID = re.compile(
    r"\b(?:unpaid|not (?:yet )?(?:been )?paid|outstanding|overdue|past due|unbezahlt|nicht bezahlt|"
    r"noch offen|überfällig|impayée?s?|non payée?s?|pendiente de pago|impagad[oa]s?|"
    r"non (?:è stat[oa] )?pagat[oa])\b|\b(?:status|zustand|état|estado|stato)\s*:\s*"
    r"(?:open|due|offen|pendiente|aperto)\b",
    re.IGNORECASE,
)
_SAYS_PAID = re.compile(
    r"(?<!\bbe )(?<!\bget )\bpaid\b(?! (?:by|within|until|before|no later|in \d+ days))|"
    r"\bpayment (?:has been |was )?received\b|\bsettled\b|(?<!\bnicht )\b(?:bezahlt|beglichen)\b|"
    r"(?<!\bnon )\b(?:payée?s?|acquittée?s?)\b|\bpagad[oa]s?\b|\bsaldat[oa]\b",
    re.IGNORECASE,
)


class Paid(Struct, frozen=True):
    """Files by whether they say what is asked for.

    Attributes:
        files: those that say it, each with the sentence.
        silent: those that say neither.
    """

    files: tuple[FoundFile, ...]
    silent: tuple[FoundFile, ...]

    def note(self) -> tuple[str, ...]:
        """What is to be said of those that say nothing."""
        if not self.silent:
            return ()
        named = ", ".join(file.path for file in self.silent[:_NAMED])
        more = len(self.silent) - _NAMED
        named += f" and {more} more" if more > 0 else ""
        return (f"{len(self.silent)} more say nothing of payment: {named}",)


def asked_state(plan: QueryPlan) -> str:
    """``unpaid`` or ``paid`` where a question for invoices asks for it, else ""."""
    if not KINDS & {*plan.kinds}:
        return ""
    words = {fold(word) for word in re.findall(r"[^\W\d_]+", plan.query)}
    if words & _ASKED_UNPAID or {"not", "paid"} <= words:
        return "unpaid"
    return "paid" if words & _ASKED_PAID else ""


def without_state(plan: QueryPlan) -> QueryPlan:
    """The question without the word for it."""
    words = _ASKED_UNPAID | _ASKED_PAID | {"not", "yet"}
    kept = [word for word in plan.query.split() if fold(word.strip(".,;:?!")) not in words]
    while kept and fold(kept[-1]) in ("and", "or", "und", "et", "y", "e", "are", "still"):
        kept.pop()
    return replace(plan, query=" ".join(kept))


def by_state(engines: Engines, files: Sequence[FoundFile], state: str) -> Paid:
    """The files that say that they are paid, or unpaid; and those that say neither."""
    said: list[FoundFile] = []
    silent: list[FoundFile] = []
    for file in files:
        row = engines.catalog.file(file.path)
        text = engines.catalog.load(row.document_id).text if row and row.document_id else ""
        unpaid, paid = _SAYS_UNPAID.search(text), _SAYS_PAID.search(text)
        if unpaid is None and paid is None:
            silent.append(file)
        elif (unpaid is not None) == (state == "unpaid"):
            said.append(_with(engines, file, text, unpaid or paid))
    return Paid(tuple(said), tuple(silent))


def _with(engines: Engines, file: FoundFile, text: str, match: re.Match[str] | None) -> FoundFile:
    """The file with the sentence that says it."""
    from lsfs.index.find.search import sentence_at
    from lsfs.places import Places

    row = engines.catalog.file(file.path)
    if match is None or row is None or row.document_id is None:
        return file
    places = Places(engines.catalog.load(row.document_id))
    spans = places.spans(*match.span())
    page = next((span.page for span in spans if span.page is not None), None)
    quote = sentence_at(text, match.start())
    return replace(file, evidence=quote, page=page, where=places.where(*match.span()))
