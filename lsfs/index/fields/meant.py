"""What a word like "supplier", "Rechnungsnummer" or "deadline" means: fields, a role, a label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.index.facts.dates import fold
from lsfs.index.fields.definitions import TYPES, Definitions, label_key, words_of
from lsfs.index.fields.forms import is_firm
from lsfs.model import FieldValue
from lsfs.patterns import later

AMOUNT = "amount"
# Of a document with several amounts the first of these that it states is what it is about.
MAIN_AMOUNTS = ("total", "price", "rent", "salary", "net", "deposit")
LONGEST_LABEL = 6  # words

# Words for a party's role, in five languages; where files call it one of these, it has the role.
_ROLE_TABLE = """
supplier: supplier | vendor | seller | provider | service provider | contractor | issued by
    sold by | verkauft durch | verkauft von | vendu par | vendido por | venduto da | verkocht door
    remit to | payee | paid to | beneficiary | zahlungsempfänger | begünstigter | bénéficiaire
    beneficiario | subcontractor | subunternehmer | nachunternehmer | sous traitant | subcontratista
    lieferant | verkäufer | verkäuferin | auftragnehmer | auftragnehmerin
    rechnungssteller | rechnungsersteller | rechnungsaussteller | leistungserbringer
    consultant | licensor | licenser | lizenzgeber | lizenzgeberin | licenciante
    fournisseur | vendeur | prestataire | émetteur | proveedor | vendedor | vendedora | emisor
    prestador
    fornitore | venditore | contratista | appaltatore | leverancier | verkoper | opdrachtnemer
customer: customer | client | buyer | purchaser | bill to | billed to | invoice to | sold to
    issued to | ship to | payer | paid by | zahlungspflichtiger | payeur | pagador | customer name
    kunde | kundin | käufer | käuferin | auftraggeber | auftraggeberin
    rechnungsempfänger | empfänger | rechnung an | leistungsempfänger | warenempfänger
    licensee | lizenznehmer | lizenznehmerin | licenciatario
    destinataire | destinatario | acheteur | acquéreur | facturé à | facture à | cliente
    patient | patiente | patientin | paciente | guest | passenger
    comprador | compradora | facturar a | facturado a | acquirente | contratante | committente
    appaltante | donneur d ordre | klant | koper | opdrachtgever
landlord: landlord | lessor | name of landlord | vermieter | vermieterin | bailleur | arrendador
    arrendadora | locatore | verpächter | verpächterin | verhuurder
tenant: tenant | lessee | name of tenant | mieter | mieterin | preneur | locataire | arrendatario
    arrendataria | conduttore | pächter | pächterin | huurder
employer: employer | arbeitgeber | arbeitgeberin | employeur | empleador | datore di lavoro
    werkgever
employee: employee | arbeitnehmer | arbeitnehmerin | salarié | salariée | empleado | trabajador
    trabajadora | werknemer
lender: lender | darlehensgeber | prêteur | prestamista
borrower: borrower | darlehensnehmer | emprunteur | prestatario
insurer: insurer | versicherer | assureur | aseguradora | assicuratore
    verzekeraar
insured: insured | policyholder | policy holder | versicherungsnehmer | assuré | asegurado
    souscripteur | preneur d assurance | tomador | tomador del seguro | contraente
    verzekeringnemer
sponsor: sponsor | sponsored by | sponsorin | parrain | patrocinador | patrocinadora
donor: donor | donated by | spender | spenderin | donateur | donatrice | donante | donatore
funder: funder | funding body | fördergeber | zuwendungsgeber | financeur | financiador
    finanziatore
hirer: hirer | hired by | entleiher | entleiherin
"""
# Roles that are part of a wider one, and asked for by themselves: who licenses supplies, but not
# every supplier licenses.
_NARROWER = {
    "licensor": ("licensor", "licenser", "lizenzgeber", "lizenzgeberin", "licenciante"),
    "licensee": ("licensee", "lizenznehmer", "lizenznehmerin", "licenciatario"),
}
# Words for a field that documents do not call it by.
_SYNONYMS = {
    "company": "party", "firm": "party", "organisation": "party", "organization": "party",
    "person": "party", "name": "party", "firma": "party", "entreprise": "party",
    "empresa": "party", "azienda": "party",
    "deadline": "due", "frist": "due", "delai": "due", "plazo": "due", "expiry": "end",
    "expiry date": "end", "expiration": "end", "ablauf": "end", "sum": AMOUNT,
    "betrag": AMOUNT, "montant": AMOUNT, "importe": AMOUNT, "importo": AMOUNT,
    "duration": "term", "laufzeit": "term", "mail": "email", "account": "iban",
    "bank account": "iban", "konto": "iban", "invoice": "invoice_number", "order": "order_number",
    "notice": "notice", "birthday": "born", "topic line": "subject",
}  # fmt: skip
_OTHER_SIDE = frozenset(
    ("counterparty", "counterparties", "counter party", "partner", "business partner",
     "gegenpartei", "gegenseite", "geschaftspartner", "vertragspartner", "cocontractant",
     "contrepartie", "partenaire", "contraparte", "controparte")
)  # fmt: skip
# What else documents call what people often group by and no field is for.
_CALLED = """
    project | projekt | projet | proyecto | progetto | project name | projektname | nom du projet
        project no | project code | project id | projektnummer | projekt no | no de projet
        numéro de projet | número de proyecto | codice progetto
    cost centre | cost center | kostenstelle | centre de coûts | centre de coût | centro de coste
        centro de costes | centro di costo
    department | abteilung | département | service | departamento | reparto | dept
    matter | case | fall | affaire | asunto | caso | case name
    product | produkt | produit | producto | prodotto
    account manager | kundenbetreuer | manager | responsable
    status | state | zustand | état | estado | stato
    location | site | standort | ort | lieu | ubicación | luogo | place | venue
        veranstaltungsort | sede
    property | premises | property address | address of the property | rented property
        mietobjekt | objekt | mietsache | immobilie | bien | bien loué | logement | locaux
        inmueble | finca | vivienda | immobile
    country | land | pays | país | paese
    budget | fund
    priority | priorität | priorité | prioridad | priorità
    owner | verantwortlich | verantwortlicher | propriétaire | responsable | proprietario
    tag | keyword | schlagwort | schlagwörter | stichwort | stichwörter | mot clé | mots clés
        étiquette | palabra clave | palabras clave | etiqueta | parola chiave | parole chiave
    attendee | present | participant | attending | in attendance | those present | anwesend
        anwesende | teilnehmer | teilnehmende | teilnehmerinnen | présent | présents | asistentes
        presenti | partecipanti
    chair | chaired by | chairperson | chairman | chairwoman | leitung | sitzungsleitung | vorsitz
        président de séance | présidente de séance | présidence | preside | presidenza
    assignee | assigned | assigned to | zugewiesen | zugewiesen an | zuständig | assigné à
        asignado a | assegnato a
    grant no | grant reference | grant agreement no | award no | funding reference
        förderkennzeichen | fkz | bewilligungsnummer | convention no | no de convention
        subvention no | no de subvención | no di sovvenzione
    asset no | asset tag | inventory no | inventarnummer | inventar nr | no d inventaire
        no de inventario | no di inventario
    serial no | seriennummer | serien nr | no de série | no de serie | no di serie
    member no | membership no | mitgliedsnummer | mitglieds nr | no d adhérent | no de membre
        no de socio | no di socio
    delivery note no | lieferscheinnummer | lieferschein nr | bon de livraison no | no de albarán
    claim no | schadennummer | schaden nr | no de sinistre | no de siniestro | no di sinistro
    case no | file no | ticket no | aktenzeichen | vorgangsnummer | no de dossier
        no de expediente | no di pratica
    tracking no | sendungsnummer | no de suivi | no de seguimiento
    batch no | lot no | chargennummer | charge no | no de lot | no de lote | no di lotto
    meter no | zählernummer | zähler nr | no de compteur | no de contador
    vehicle | registration no | licence plate | license plate | kennzeichen | immatriculation
        matrícula | targa
    room | raum | zimmer | salle | sala | stanza
    season | saison | temporada | stagione
    event | veranstaltung | événement | manifestation | evento
    premium | prämie | prime | prima | premio | versicherungsprämie | prime d assurance
        annual premium | total premium | premium amount | gross premium | jahresprämie
        jahresbeitrag | versicherungsbeitrag | prime annuelle | prime totale | prime ttc
        prima anual | prima total | prima total anual | premio annuo | premio totale | premie
        jaarpremie
    currency | währung | devise | monnaie | moneda | divisa | valuta
    team | mannschaft | équipe | equipo | squadra
    category | kategorie | catégorie | categoría | categoria
    brand | marke | marque | marca
    course | kurs | cours | curso | corso
    booking no | booking reference | booking ref | buchungsnummer | buchungs nr
        no de réservation | no de reserva | no di prenotazione
"""
# Labels that several values stand behind, parted by commas.
_MANY = frozenset(("tag", "attendee"))
_BY_RULE = {"letterhead": "supplier", "imprint": "supplier", "addressee": "customer"}
INSURES = later(
    r"insurance|assurances?\b|underwrit|versicherung|mutuelle|\bmutual\b|\bmutua\b|seguros|"
    r"aseguradora|assicuraz|verzekering",
    re.IGNORECASE,
)
# How persons are found that write for a party.
_FAR = 800  # characters behind a party's name at which somebody signs for it
_PERSONAL = frozenset((
    "salutation", "signature", "label: from", "label: to", "label: von", "label: an", "label: de",
    "label: attention", "label: attn", "label: for the attention of",
))  # fmt: skip


class Source(Struct, frozen=True):
    """What is read from each file.

    Attributes:
        asked: as it was asked for.
        names: fields of the catalog; the first one that a file states counts where ``first``.
        type: see lsfs.index.fields.definitions.TYPES.
        role: only parties in this role, where a file tells who is what.
        announced: only parties that one of these labels announces, as far as a file tells.
        foreign: only parties that are not the drive's own.
        label: what stands before the value in the text, for what is no field.
        first: see ``names``.
    """

    asked: str
    names: tuple[str, ...]
    type: str
    role: str = ""
    announced: frozenset[str] = frozenset()
    foreign: bool = False
    label: str = ""
    first: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields in the catalog; for what is no field, the name that its values are kept by."""
        return self.names or (self.label.replace(" ", "_"),)

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
    """What a user's word means.

    Args:
        asked: a field ("due"), one of its labels in any language ("Rechnungsnummer"), a word for it
            ("deadline"), a role ("landlord"), a type ("amount"), or any other label.
        known: the fields that there are.

    Raises:
        UsageError: it has no word, or is longer than a label.
    """
    words = words_of(asked.replace("_", " "))
    if not words or len(words) > LONGEST_LABEL:
        raise UsageError(f"not a field: {asked!r}", hint="see: lsfs extract FILE")
    for name in ("_".join(words), "_".join(words).lower(), "_".join(map(fold, words))):
        if name in known.fields:
            return Source(asked, (name,), known.fields[name].type)
    key = label_key(words)
    if key in _OTHER_SIDE:
        return Source(asked, ("party",), "party", foreign=True)
    for form in (key, key.removesuffix("s")):
        narrow = next((role for role, labels in _NARROWER.items() if form in labels), "")
        if narrow:
            labels = frozenset(_NARROWER[narrow])
            return Source(asked, ("party",), "party", role=narrow, announced=labels)
        if form in _ROLE_OF:
            role = _ROLE_OF[form]
            return Source(asked, ("party",), "party", role=role, announced=_ROLES[role])
    key = _SYNONYMS.get(key, key)
    if key == AMOUNT:
        return Source(asked, MAIN_AMOUNTS, AMOUNT, first=True)
    if key in TYPES and key not in known.fields:
        names = tuple(name for name, one in known.fields.items() if one.type == key)
        return Source(asked, names, key)
    return _announced(asked, key, known)


def _announced(asked: str, key: str, known: Definitions) -> Source:
    """The field of a name or label; else what stands behind the label."""
    if key in known.fields:
        return Source(asked, (key,), known.fields[key].type)
    label = key if key in known.labels else key.removesuffix("s")
    field = known.labels.get(label)
    if field is None:
        return Source(asked, (), "text", label=key)
    type_ = known.fields[field].type
    return Source(asked, (field,), type_, announced=frozenset((label,) if type_ == "party" else ()))


def called(label: str) -> frozenset[str]:
    """What documents call what a label is for, that no field is for."""
    for form in (label, label.removesuffix("s")):
        for group in _CALLED_GROUPS:
            if form in group:
                return group
    return frozenset((label,))


def is_many(label: str) -> bool:
    """Whether several values stand behind a label, as the names of those who were present."""
    return bool(called(label) & _MANY)


def label_of(rule: str) -> str:
    """The label that announced a value; "" where none did."""
    return rule.partition(": ")[2]


def role_of(rule: str) -> str:
    """The role that a party has by the label it was found by; "" where it tells none."""
    label = label_of(rule)
    return _ROLE_OF.get(label, "") if label else _BY_RULE.get(rule, "")


def has_role(value: FieldValue, role: str) -> bool:
    """Whether a party has a role by its label; an insurer on its own paper by its name, too."""
    if role in _NARROWER:
        return label_of(value.rule) in _NARROWER[role]
    told = role_of(value.rule)
    return told == role or (
        role == "insurer" and told in ("", "supplier") and bool(INSURES.search(value.value))
    )


def other_sides(values: Sequence[FieldValue]) -> list[FieldValue]:
    """Parties of one file without who writes, signs or is greeted for one of them.

    Args:
        values: parties that are not the drive's own.
    """
    firms = any(is_firm(value.value) for value in values)
    return [
        value
        for value in values
        if value.rule not in _PERSONAL
        or is_firm(value.value)
        or not (firms or any(_is_part(value, other) for other in values))
    ]


def without_signers(values: Sequence[FieldValue]) -> list[FieldValue]:
    """Parties of one file without who only signs for one of them.

    "Supplier: Mara Ellingsen" below a contract whose beginning calls Ellingsen & Roth the supplier.
    """
    first: dict[str, FieldValue] = {}
    for value in sorted(values, key=lambda value: value.char_start):
        if role := role_of(value.rule):
            first.setdefault(role, value)
    return [value for value in values if not _signs_for(value, first.get(role_of(value.rule)))]


def _signs_for(value: FieldValue, named: FieldValue | None) -> bool:
    if named is None or value.normal == named.normal or is_firm(value.value):
        return False
    return value.rule.startswith("label: ") and value.char_start - named.char_end >= _FAR


def _is_part(value: FieldValue, other: FieldValue) -> bool:
    """Whether a name is another one, shortened: "Gareth" of "Gareth Brennan"."""
    return value.normal != other.normal and f" {value.normal} " in f" {other.normal} "


def _key(words: str) -> str:
    return label_key(words_of(words))


def _roles() -> Mapping[str, frozenset[str]]:
    """The labels of each role."""
    labels: dict[str, frozenset[str]] = {}
    for entry in re.split(r"\n(?=\w)", _ROLE_TABLE.strip()):
        role, _, names = entry.partition(":")
        labels[role] = frozenset(_key(one) for one in re.split(r"[|\n]", names) if one.strip())
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


_ROLES = _roles()
_ROLE_OF = {label: role for role, labels in _ROLES.items() for label in labels}
# Those that may stand behind a name: not "bill to".
ROLE_NAMES = frozenset(
    label for label in _ROLE_OF if not {*label.split()} & {"to", "by", "a", "an", "of"}
)
_CALLED_GROUPS = _called()
