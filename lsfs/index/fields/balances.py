"""What a bill comes to, where some of it was paid before: its total, not the rest that is due."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace

from lsfs.index.fields.forms import Form, Reader
from lsfs.index.fields.labels import Found
from lsfs.patterns import later

_FAR = 600  # characters from a total to the rest of it
_REST = 0.6  # how sure the rest is the total; alone it counts
_PAID = later(
    r"\b(?:deposit|(?:pre-?|part-?)?pa(?:id|yments?)|received|in advance|advance|direct debit|"
    r"on account|instal?ments?|debited|anzahlung\w*|abschlag\w*|(?:ge|be|an)zahlt\w*|"
    r"(?:voraus|teil|an|ein)?zahlung\w*|erhalten\w*|acomptes?|versée?s?|réglée?s?|payée?s?|"
    r"paiements?|règlements?|arrhes|anticipos?|pagad[oa]s?|pagos?|recibid[oa]s?|cobrad[oa]s?|"
    r"a cuenta|accont[oi]|pagat[oi]|versat[oi]|ricevut[oi]|aanbetaling\w*|betaald|voorschot)\b",
    re.IGNORECASE,
)
# What withholds something of a bill takes nothing off what was paid.
_WITHHELD = later(r"retenci[oó]n|retention|withh[eo]ld|einbehalt|retenue|ritenuta", re.IGNORECASE)
_PAID_LABELS = frozenset(
    ("amount paid", "paid amount", "payment amount", "gezahlter betrag", "montant paye",
     "montant regle", "importe pagado", "importe abonado", "importo pagato")
)  # fmt: skip


def with_balances(reader: Reader, found: Sequence[Found]) -> Iterator[Found]:
    """Values, those less sure that are a total less what was paid of it, or what was paid."""
    totals = [one for one in found if one.name == "total"]
    first = {one.form.start: one for one in reversed(totals)}  # each place once
    for one in found:
        is_rest = one.name == "total" and any(
            _is_part(reader, whole.form, one) for whole in first.values()
        )
        yield replace(one, confidence=min(_REST, one.confidence)) if is_rest else one


def _is_part(reader: Reader, whole: Form, one: Found) -> bool:
    """Whether an amount is what remains of another one, or what was paid of it."""
    rest = one.form
    (total, unit), (left, other) = _money(whole), _money(rest)
    if left >= total or unit != other:
        return False
    if one.rule.partition(": ")[2] in _PAID_LABELS:
        return True
    between = reader.text[whole.end : rest.start]
    if not 0 < len(between) <= _FAR or not _PAID.search(between) or _WITHHELD.search(between):
        return False
    paid = sum(_money(form)[0] for form in reader.all_of("amount", whole.end, rest.start))
    return total - paid == left


def _money(form: Form) -> tuple[Decimal, str]:
    """An amount without its sign, and its currency."""
    number, _, unit = form.normal.partition(" ")
    return abs(Decimal(number)), unit
