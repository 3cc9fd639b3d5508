"""The values of fields that a structured invoice states, each at its place in the text."""

from __future__ import annotations

from collections.abc import Iterator

from lsfs.index.facts.einvoice import EInvoice, Said
from lsfs.index.fields.definitions import Definitions
from lsfs.index.fields.forms import Form, Reader, party_key, plain
from lsfs.index.fields.labels import Found

RULE = "e-invoice"
_ROLES = ("seller", "buyer")


def structured(invoice: EInvoice, known: Definitions, reader: Reader) -> Iterator[Found]:
    """All values; the amounts of a credit note are negative."""
    for name, said in invoice.said.items():
        if name in _ROLES:
            form = Form(said.start, said.end, party_key(said.text))
            yield Found("party", form, f"{RULE}: {name}", 1.0)
        elif name in known.fields:
            form_ = _form(invoice, known.fields[name].type, said, reader)
            if form_ is not None:
                yield Found(name, form_, RULE, 1.0)


def _form(invoice: EInvoice, type_: str, said: Said, reader: Reader) -> Form | None:
    if type_ == "amount":
        number = said.number
        if number is None:
            return None
        number = -abs(number) if invoice.is_credit else number
        currency = invoice.said.get("currency")
        unit = currency.text if currency else ""
        return Form(said.start, said.end, f"{plain(number)} {unit}".strip())
    if type_ == "date":
        day = said.day
        return Form(said.start, said.end, day.isoformat()) if day else None
    if type_ == "number":  # whatever its form is
        return Form(said.start, said.end, "".join(said.text.split()).upper())
    return reader.read(type_, said.start, said.end, loose=True)
