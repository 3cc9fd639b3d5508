"""The values of fields that a structured invoice states, each at its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace

from lsfs.index.facts.einvoice import EInvoice, Said
from lsfs.index.fields.definitions import Definitions
from lsfs.index.fields.forms import Form, Reader, party_key, plain
from lsfs.index.fields.labels import Found

RULE = "e-invoice"
_ROLES = ("seller", "buyer")
_SHORTEST = 4  # characters that are looked for in print: "7" stands anywhere


def structured(invoice: EInvoice, known: Definitions, reader: Reader) -> Iterator[Found]:
    """All values; the amounts of a credit note are negative."""
    rule = f"{RULE} {invoice.attached.replace(':', ' ')}".strip()
    for name, said in invoice.said.items():
        if name in _ROLES:
            form = Form(said.start, said.end, party_key(said.text))
            yield Found("party", form, f"{rule}: {name}", 1.0)
        elif name in known.fields:
            form_ = _form(invoice, known.fields[name].type, said, reader)
            if form_ is not None:
                yield Found(name, form_, rule, 1.0)


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


class Print:
    """The pages that print a structured invoice.

    Args:
        found: what rules read on them.
        reader: of their text.
    """

    def __init__(self, found: Sequence[Found], reader: Reader) -> None:
        self._found = found
        self._reader = reader
        self._taken: set[tuple[int, int]] = set()

    def beside(self, exact: Sequence[Found], known: Definitions, text: str) -> Iterator[Found]:
        """The exact values, each where it is printed, else where it was; and those of the print.

        What the print says of a field that is stated exactly counts only where the exact value is
        not printed: then the two differ, and both are kept. Of parties there are no others.

        Args:
            exact: what the invoice states.
            text: of the document, in which the places of ``exact`` are.
        """
        types = {name: one.type for name, one in known.fields.items()}
        places: dict[int, Form] = {}
        # Net and total may be one number: each has the place where a rule read it as such.
        for look in (self._read, self._anywhere):
            for n, one in enumerate(exact):
                type_ = types[one.name]
                form = self._free(look(one, type_, text), one, type_) if n not in places else None
                if form is not None:
                    places[n] = form
        for n, one in enumerate(exact):
            yield replace(one, form=places.get(n, one.form))
            if n not in places and types[one.name] != "party":
                yield from self._read_as(one.name)
        stated = {one.name for one in exact}
        yield from (one for one in self._found if one.name not in stated)

    def _free(self, forms: Iterable[Form], one: Found, type_: str) -> Form | None:
        """The first that says the same as an exact value, and that none is cited at yet."""
        for form in forms:
            place = form.start, form.end
            if _same(form, one.form, type_) and place not in self._taken:
                self._taken.add(place)
                return Form(*place, one.form.normal)
        return None

    def _read_as(self, name: str) -> list[Found]:
        return [one for one in self._found if one.name == name]

    def _read(self, one: Found, type_: str, text: str) -> list[Form]:
        """What rules read of its field."""
        del type_, text
        return [other.form for other in self._read_as(one.name)]

    def _anywhere(self, one: Found, type_: str, text: str) -> list[Form]:
        """What may be it, wherever it stands."""
        printed = self._reader.text
        if type_ == "amount":
            return self._reader.all_of(type_, 0, len(printed))[::-1]  # sums stand last
        if type_ == "date":
            return self._reader.all_of(type_, 0, len(printed))
        if type_ == "iban":
            return self._reader.ibans()
        written = text[one.form.start : one.form.end]
        if len(written) < _SHORTEST:
            return []
        words = r"\s+".join(map(re.escape, written.split()))
        places = re.finditer(rf"(?<!\w){words}(?!\w)", printed, re.IGNORECASE)
        return [Form(*place.span(), one.form.normal) for place in places]


def _same(printed: Form, exact: Form, type_: str) -> bool:
    if type_ != "amount":
        return printed.normal == exact.normal
    (number, *unit), (other, *currency) = printed.normal.split(), exact.normal.split()
    # A credit note may be printed with a sign or without one.
    is_same = abs(Decimal(number)) == abs(Decimal(other))
    return is_same and (not unit or not currency or unit == currency)
