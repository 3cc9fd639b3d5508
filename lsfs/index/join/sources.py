"""What a key, or a column, is read from: a field, the parties in a role, a label nobody defined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from lsfs.errors import UsageError
from lsfs.index.dates import fold
from lsfs.index.fields.definitions import TYPES, Definitions, label_key, words_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTERPARTY = "counterparty"
AMOUNT = "amount"
# Of a document with several amounts the first of these that it states is what it is about.
MAIN_AMOUNTS = ("total", "price", "rent", "salary", "net", "deposit")
_COUNTERPARTY_WORDS = _words(
    """counterparty counterparties gegenpartei geschaftspartner gegenseite cocontractant
    contrepartie partenaire contraparte controparte partner"""
)

# What a party is to the other one; labels by role, as documents write them (folded).
_ROLES = {
    "supplier": """seller | vendor | supplier | provider | service provider | contractor | issued by
        | remit to | consultant | licensor | lieferant | auftragnehmer | auftragnehmerin
        | verkaufer | verkauferin | rechnungssteller | vendeur | fournisseur | emetteur
        | prestataire | vendedor | vendedora | proveedor | emisor | prestador | venditore
        | fornitore""",
    "customer": """customer | customer name | client | buyer | purchaser | bill to | billed to
        | invoice to | sold to | ship to | licensee | kunde | kundin | kaufer | kauferin
        | auftraggeber | auftraggeberin | rechnungsempfanger | empfanger | rechnung an | acheteur
        | acquereur | facture a | destinataire | comprador | compradora | cliente | facturar a
        | facturado a | destinatario | acquirente""",
    "landlord": """landlord | lessor | name of landlord | vermieter | vermieterin | bailleur
        | arrendador | arrendadora | locatore""",
    "tenant": """tenant | lessee | name of tenant | mieter | mieterin | locataire | preneur
        | arrendatario | arrendataria | conduttore""",
    "employer": "employer | arbeitgeber | arbeitgeberin | employeur | empleador | datore di lavoro",
    "employee": """employee | arbeitnehmer | arbeitnehmerin | salarie | salariee | empleado
        | trabajador | trabajadora""",
    "lender": "lender | darlehensgeber | preteur | prestamista",
    "borrower": "borrower | darlehensnehmer | emprunteur | prestatario",
    "insured": "insured | policyholder | policy holder | versicherungsnehmer",
}
_ROLE_OF = {
    label.strip(): role
    for role, labels in _ROLES.items()
    for label in " ".join(labels.split()).split("|")
}
_BY_RULE = {"letterhead": "supplier"}


@dataclass(frozen=True, slots=True)
class Source:
    """What is read from each file.

    Attributes:
        asked: as it was asked for.
        names: fields of the catalog; the first one that a file states counts where ``first``.
        type: see lsfs.index.fields.definitions.TYPES.
        role: only parties in this role, where a file tells who is what.
        foreign: only parties that are not the drive's own.
        label: what stands before the value in the text, for what is no field.
        first: see ``names``.
    """

    asked: str
    names: tuple[str, ...]
    type: str
    role: str = ""
    foreign: bool = False
    label: str = ""
    first: bool = False

    @property
    def words(self) -> str:
        """What is read, in words."""
        if self.label:
            return f"what stands behind the words {self.label!r}"
        if self.role:
            return f"party, as {self.role}"
        if self.foreign:
            return "party, without those that most files name"
        return (" or else " if self.first else " or ").join(self.names)


def source(asked: str, known: Definitions) -> Source:
    """What a name in a request is read from.

    Args:
        asked: a field ("due"), one of its labels in any language ("Rechnungsnummer"), a role
            ("landlord"), a type ("amount"), or any other label.
        known: the fields that there are.

    Raises:
        UsageError: it has no word, or is longer than a label.
    """
    words = words_of(asked.replace("_", " "))
    if not words or len(words) > 6:
        raise UsageError(f"not a field: {asked!r}", hint="see: lsfs extract FILE")
    key = label_key(words)
    if key in _COUNTERPARTY_WORDS:
        return Source(asked, ("party",), "party", foreign=True)
    for name in ("_".join(words), "_".join(words).lower(), "_".join(map(fold, words))):
        if name in known.fields:
            return Source(asked, (name,), known.fields[name].type)
    if key == AMOUNT:
        return Source(asked, MAIN_AMOUNTS, AMOUNT, first=True)
    if key in TYPES:
        names = tuple(name for name, one in known.fields.items() if one.type == key)
        return Source(asked, names, key)
    if key in _ROLES or key in _ROLE_OF:
        return Source(asked, ("party",), "party", role=_ROLE_OF.get(key, key))
    field = known.labels.get(key) or known.labels.get(key.removesuffix("s"))
    if field is not None:
        return Source(asked, (field,), known.fields[field].type)
    return Source(asked, (), "text", label=key)


def role_of(rule: str) -> str:
    """The role that a party has by the label it was found by; "" where it tells none."""
    how, _, label = rule.partition(": ")
    return _ROLE_OF.get(label, "") if label else _BY_RULE.get(how, "")


# --- keys


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a join: what is compared with what, and how.

    Attributes:
        asked: as it was asked for.
        near: whether values that are nearly equal match too; None leaves it to their type: names in
            other spellings do, all else does not.
        days: how many days may lie between two dates.
        direction: "after": the right one is not before the left one; "before": the other way; "":
            either.
        share, margin: how far two amounts may be apart: as a share of the larger one, or in
            units of their currency.
        threshold: how alike two names have to be.
    """

    asked: str
    left: Source
    right: Source
    near: bool | None = None
    days: int | None = None
    direction: str = ""
    share: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    threshold: float = 0.9


def key(asked: str, known: Definitions) -> Key:
    """A key from words: "party", "invoice_no=reference", "amount~amount", "customer==client".

    Raises:
        UsageError: a side is empty, or the two cannot be compared.
    """
    for mark in ("==", "=", "~"):
        left, found, right = asked.partition(mark)
        if found:
            break
    if found and not (left.strip() and right.strip()):
        raise UsageError(f"not a key: {asked!r}", hint="write it as: invoice_no=reference")
    one = source(left.strip(), known)
    two = source(right.strip(), known) if found else one
    if one.label and not two.label:
        one = replace(one, type=two.type)
    if two.label and not one.label:
        two = replace(two, type=one.type)
    if not _comparable(one.type, two.type):
        raise UsageError(
            f"{left.strip()} ({one.type}) cannot be compared with {right.strip()} ({two.type})"
        )
    return Key(asked, one, two, {"==": False, "~": True}.get(found))


_WRITTEN = frozenset(("number", "text", "iban", "email", "phone"))


def _comparable(one: str, two: str) -> bool:
    return one == two or {one, two} <= _WRITTEN or {one, two} <= {"party", "text"}


_WITHIN = re.compile(
    r"\s*(\d{1,5})\s*(d|days?|w|weeks?|m|months?|y|years?)\s*(before|after)?\s*", re.IGNORECASE
)
_LENGTHS = {"d": 1, "w": 7, "m": 31, "y": 366}
_TOLERANCE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,4})?)\s*(%)?\s*[A-Za-z]{0,3}\s*")


def with_limits(keys: Iterable[Key], within: str, tolerance: str, threshold: float) -> list[Key]:
    """Keys with how far apart their values may be.

    Args:
        within: days, as "7d", "2w before", "1m after"; months count 31 days, years 366.
        tolerance: "1%", or an amount.
        threshold: how alike names have to be, from 0.5 to 1.

    Raises:
        UsageError: one of them is no such thing, or there is no key that it is about.
    """
    made = list(keys)
    if made and not 0.5 <= threshold <= 1:
        raise UsageError("the threshold must lie between 0.5 and 1")
    made = [replace(one, threshold=threshold) for one in made]
    if within:
        match = _WITHIN.fullmatch(within)
        if match is None:
            raise UsageError(f"not a time: {within!r}", hint="write it as: 7d, 2w before, 1m after")
        days = int(match[1]) * _LENGTHS[match[2][0].lower()]
        made = _set(made, "date", within, days=days, direction=(match[3] or "").lower())
    if tolerance:
        match = _TOLERANCE.fullmatch(tolerance)
        if match is None:
            raise UsageError(f"not a tolerance: {tolerance!r}", hint="write it as: 1% or 5.00")
        limits: Mapping[str, object] = (
            {"share": Decimal(match[1]) / 100} if match[2] else {"margin": Decimal(match[1])}
        )
        made = _set(made, AMOUNT, tolerance, **limits)
    return made


def _set(keys: list[Key], type_: str, asked: str, **limits: object) -> list[Key]:
    if not any(one.left.type == type_ for one in keys):
        raise UsageError(f"{asked!r} is about {type_}s, and no key is one")
    return [replace(one, **limits) if one.left.type == type_ else one for one in keys]  # type: ignore[arg-type]
