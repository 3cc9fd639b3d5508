"""What a word like "supplier" or "deadline" means: a field that documents state, or a role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lsfs.index.fields.definitions import Definition, Definitions, label_key, words_of

# Words for a party's role, in five languages; where files call it one of these, it has the role.
_ROLES = """
supplier: supplier | vendor | seller | provider | service provider | contractor | issued by
    remit to | lieferant | verkäufer | verkäuferin | auftragnehmer | auftragnehmerin
    rechnungssteller
    fournisseur | vendeur | prestataire | émetteur | proveedor | vendedor | vendedora | emisor
    fornitore | venditore
customer: customer | client | buyer | purchaser | bill to | billed to | invoice to | sold to
    ship to | customer name | kunde | kundin | käufer | käuferin | auftraggeber | auftraggeberin
    rechnungsempfänger | rechnung an | acheteur | acquéreur | facturé à | facture à | cliente
    comprador | compradora | facturar a | facturado a | acquirente
landlord: landlord | lessor | name of landlord | vermieter | vermieterin | bailleur | arrendador
    arrendadora | locatore
tenant: tenant | lessee | name of tenant | mieter | mieterin | preneur | locataire | arrendatario
    arrendataria | conduttore
employer: employer | arbeitgeber | arbeitgeberin | employeur | empleador | datore di lavoro
employee: employee | arbeitnehmer | arbeitnehmerin | salarié | salariée | empleado | trabajador
    trabajadora
lender: lender | darlehensgeber | prêteur | prestamista
borrower: borrower | darlehensnehmer | emprunteur | prestatario
insurer: insurer | versicherer | assureur | aseguradora | assicuratore
insured: insured | policyholder | policy holder | versicherungsnehmer | assuré | asegurado
"""
# Words for a field that documents do not call it by.
_SYNONYMS = {
    "counterparty": "party", "counter party": "party", "company": "party", "firm": "party",
    "organisation": "party", "organization": "party", "person": "party", "name": "party",
    "partner": "party", "business partner": "party", "vertragspartner": "party",
    "firma": "party", "geschaftspartner": "party", "entreprise": "party", "cocontractant": "party",
    "empresa": "party", "contraparte": "party", "azienda": "party", "controparte": "party",
    "deadline": "due", "frist": "due", "delai": "due", "plazo": "due", "expiry": "end",
    "expiry date": "end", "expiration": "end", "ablauf": "end", "amount": "total",
    "sum": "total", "betrag": "total", "montant": "total", "importe": "total", "importo": "total",
    "duration": "term", "laufzeit": "term", "mail": "email", "account": "iban",
    "bank account": "iban", "konto": "iban", "invoice": "invoice_number", "order": "order_number",
    "notice": "notice", "birthday": "born", "topic line": "subject",
}  # fmt: skip
_OTHER_SIDE = frozenset(
    ("counterparty", "counter party", "partner", "business partner", "vertragspartner",
     "geschaftspartner", "cocontractant", "contraparte", "controparte")
)  # fmt: skip
# What else documents call what people often group by and no field is for.
_CALLED = """
    project | projekt | projet | proyecto | progetto | project name | projektname | nom du projet
    cost centre | cost center | kostenstelle | centre de coûts | centre de coût | centro de coste
        centro de costes | centro di costo
    department | abteilung | département | service | departamento | reparto | dept
    matter | case | fall | affaire | asunto | caso | case name
    product | produkt | produit | producto | prodotto
    account manager | kundenbetreuer | manager | responsable
    status | state | zustand | état | estado | stato
    location | site | standort | ort | lieu | ubicación | luogo | place
    country | land | pays | país | paese
    budget | grant | fund
    priority | priorität | priorité | prioridad | priorità
    owner | verantwortlich | verantwortlicher | propriétaire | responsable | proprietario
"""
_CODE_LETTERS = 2  # the least of an abbreviation that stands for a word in codes


@dataclass(frozen=True, slots=True)
class Meaning:
    """What files are grouped by when a meaning is named.

    Attributes:
        field: the field, as it is called in the catalog.
        type: its type; see lsfs.index.fields.definitions.TYPES.
        roles: labels one of which has to announce the value; empty allows any.
        other_side: the party that nearly all files have is one's own and does not count.
        defined: whether files are read for it when they are indexed.
    """

    field: str
    type: str
    roles: frozenset[str] = frozenset()
    other_side: bool = False
    defined: bool = True


def meaning_of(key: str, known: Definitions) -> Meaning:
    """What a user's word means: a role, a field, what a label announces, else a new field."""
    name = _key(key)
    role = _role_of(name)
    if role:
        return Meaning("party", "party", _ROLE_LABELS[role])
    field = _SYNONYMS.get(name) or next(
        (one for one in known.fields if name in (one, _key(one)) or key == one), ""
    )
    if not field and name in known.labels:
        field = known.labels[name]
        if known.fields[field].type == "party":
            return Meaning(field, "party", frozenset((name,)))
    if field:
        type_ = known.fields[field].type
        return Meaning(field, type_, other_side=name in _OTHER_SIDE)
    return Meaning(name.replace(" ", "_"), "text", defined=False)


def sought(meaning: Meaning) -> Definitions:
    """A field that nobody defined, with what documents may call it.

    The pattern is of codes that abbreviate the word: PRJ-0042, Project 17, CC 4711.
    """
    name = meaning.field.replace("_", " ")
    labels = next((group for group in _CALLED_GROUPS if name in group), frozenset((name,)))
    definition = Definition(meaning.field, meaning.type, code_pattern(name))
    return Definitions({meaning.field: definition}, dict.fromkeys(labels, meaning.field))


def code_pattern(name: str) -> str:
    """A regular expression of codes for what is called ``name``; "" where none can be guessed."""
    words = name.split()
    word = words[0]
    consonants = re.sub(r"(?<=.)[aeiouy]", "", word)
    prefixes = {consonants[:3], word[:3], word[:4], word} if len(words) == 1 else set()
    prefixes |= {"".join(one[0] for one in words)} if len(words) > 1 else set()
    prefixes = {one.upper() for one in prefixes if len(one) >= _CODE_LETTERS and one.isascii()}
    if not prefixes:
        return ""
    any_of = "|".join(sorted(prefixes, key=lambda one: (-len(one), one)))
    return rf"(?<![\w-])(?:{any_of})[-_/ ]?\d[\dA-Z]*(?:[-_/]\d[\dA-Z]*)*(?!\w)"


def role_pattern(roles: frozenset[str]) -> re.Pattern[str]:
    """Finds a role right behind a name: (the "Landlord"), im Folgenden "Mieter"."""
    any_of = "|".join(re.escape(role) for role in sorted(roles, key=lambda r: (-len(r), r)))
    return re.compile(rf"[\s,(]*(?:[^\W\d_]+[\s:]+){{0,5}}?[\W\s]{{0,2}}(?:{any_of})\b")


def _key(words: str) -> str:
    return label_key(words_of(words.replace("_", " ")))


def _role_of(name: str) -> str:
    for form in (name, name.removesuffix("s")):
        if form in _ROLE_LABELS:
            return form
    return ""


def _roles() -> Mapping[str, frozenset[str]]:
    """The labels of each role; every label of a role names it too."""
    labels: dict[str, frozenset[str]] = {}
    for entry in re.split(r"\n(?=\w)", _ROLES.strip()):
        _, _, called = entry.partition(":")
        group = frozenset(_key(one) for one in re.split(r"[|\n]", called) if one.strip())
        labels |= {name: group for name in group if name not in labels}
    return labels


def _called() -> list[frozenset[str]]:
    groups: list[list[str]] = []
    for line in _CALLED.strip("\n").splitlines():
        names = [_key(one) for one in line.split("|")]
        if line.startswith("        "):
            groups[-1] += names
        else:
            groups.append(names)
    return [frozenset(group) for group in groups]


_ROLE_LABELS = _roles()
_CALLED_GROUPS = _called()
