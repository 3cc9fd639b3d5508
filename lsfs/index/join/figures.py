"""Which value of a document counts: the total of an invoice, not each of its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from lsfs.index.join.matching import money
from lsfs.model import FieldValue

# Of labels of one kind these name what is to be paid in the end.
_FINAL = re.compile(
    r"due|payable|grand|to pay|zahl|rechnungsbetrag|gesamtbetrag|endbetrag|brutto|ttc|payer|dû|"
    r"pagar|factura|generale|pagare|incl|inc vat|con iva",
    re.IGNORECASE,
)
_SHOWN = 3


class Figure(Struct, frozen=True):
    """The value of a document, or why it has none.

    Attributes:
        value: None where none counts.
        reason: why; "" where one does.
    """

    value: FieldValue | None
    reason: str = ""


def figure(
    values: Sequence[FieldValue], net: Sequence[FieldValue], tax: Sequence[FieldValue]
) -> Figure:
    """The one value of a field that counts for a document.

    It is the only one; or the one that net amount and tax add up to; or the surest. Of equally sure
    ones with different values none counts.

    Args:
        values: what the document states of the field, with all their confidences.
        net, tax: what it states of these.
    """
    if not values:
        return Figure(None, "states none")
    unique: dict[str, FieldValue] = {}
    for value in sorted(values, key=_rank):
        unique.setdefault(value.normal, value)
    kept = list(unique.values())
    if len(kept) == 1:
        return Figure(kept[0])
    adding = _adding_up(kept, net, tax)
    if adding is not None:
        return Figure(adding)
    best = [value for value in kept if _rank(value)[:2] == _rank(kept[0])[:2]]
    if len(best) == 1:
        return Figure(best[0])
    shown = " and ".join(
        f"{value.value}{f' ({value.where})' if value.where else ''}" for value in best[:_SHOWN]
    )
    return Figure(None, f"states {len(best)} different ones: {shown}")


def _rank(value: FieldValue) -> tuple[float, bool, int]:
    """The surest first; of these what a label calls final; of these the first."""
    return -value.confidence, not _FINAL.search(value.rule), value.char_start


def _adding_up(
    values: Sequence[FieldValue], net: Sequence[FieldValue], tax: Sequence[FieldValue]
) -> FieldValue | None:
    """The value that is the sum of net amount and tax, where exactly one is."""
    sums = {
        (one.value + two.value, one.currency)
        for a in net
        for b in tax
        if (one := money(a.normal)) and (two := money(b.normal)) and one.currency == two.currency
    }
    found = [
        value
        for value in values
        if (read := money(value.normal)) and (read.value, read.currency) in sums
    ]
    return found[0] if len(found) == 1 else None
