"""Generated contracts, orders, invoices, payment advices and letters that belong together.

One firm's papers: its contracts with other firms, its orders, their invoices, the advices of what
was paid, and letters about invoices, in English, German and French. Each document knows what it is
about, so that the pairs of a join and the sums of a group are known. Names are written in several
ways, and there are traps: firms of similar names, invoices on two contracts, papers without a
number, equal amounts of two currencies.
"""

# ruff: noqa: E501, RUF001

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field

from benchmarks.fields_set import LAYOUTS, Part, Sample, Writer, write

LANGUAGES = ("en", "de", "fr")
OWN = "Meridian Fittings Ltd"

# Each line one firm, and how it is written; the first of a pair of lines is easily taken for the second.
FIRMS: tuple[tuple[str, ...], ...] = (
    ("Acme Ltd", "ACME Limited", "Acme Ltd."),
    ("Acme Holdings Ltd", "Acme Holdings Limited", "ACME HOLDINGS LTD"),
    ("Müller Metallbau GmbH", "Mueller Metallbau GmbH", "Müller Metallbau"),
    ("Müller Maschinenbau GmbH", "Mueller Maschinenbau GmbH", "MÜLLER MASCHINENBAU GMBH"),
    ("North Star Logistics plc", "North Star Logistics", "Northstar Logistics plc"),
    ("South Star Logistics plc", "South Star Logistics", "SOUTH STAR LOGISTICS PLC"),
    ("Studio 54 SARL", "Studio 54", "STUDIO 54 S.A.R.L."),
    ("Studio 55 SARL", "Studio 55", "STUDIO 55 S.A.R.L."),
    ("Weiß & Söhne KG", "Weiss und Söhne KG", "Weiß und Soehne KG"),
    ("Weiß & Partner KG", "Weiss und Partner KG", "Weiß & Partner"),
    ("Pâtisserie Delmas SAS", "Patisserie Delmas", "PATISSERIE DELMAS SAS"),
    ("Ateliers Marchand SARL", "Ateliers Marchand S.A.R.L.", "Atelier Marchand SARL"),
    ("Harrow & Finch LLP", "Harrow and Finch LLP", "HARROW & FINCH"),
    ("Bluefin Analytics, Inc.", "Bluefin Analytics Incorporated", "Blue Fin Analytics, Inc."),
    ("Nordlicht Energie AG", "NORDLICHT ENERGIE AG", "Nordlicht Energie"),
    ("Calder Mills plc", "Calder Mills Plc", "Calder Mils plc"),
)
PLACES: dict[str, tuple[str, ...]] = {
    "en": ("12 Quay Street, Bristol BS1 4QA", "7 Mill Lane, Leeds LS2 7EW"),
    "de": ("Gartenstraße 14, 50667 Köln", "Am Markt 3, 20095 Hamburg"),
    "fr": ("8 rue des Tanneurs, 69005 Lyon", "21 avenue Foch, 33000 Bordeaux"),
}
OWN_PLACE = "4 Foundry Road, Sheffield S1 2BX"
WORKS: dict[str, tuple[str, ...]] = {
    "en": (
        "repainting of the machine hall", "maintenance of the lifts", "translation of the product catalogue",
        "cleaning of the office windows", "replacement of the roof tiles", "training of the forklift drivers",
        "delivery of oak panels", "security patrols at night", "tuning of the database servers",
        "catering for the summer party",
    ),
    "de": (
        "Anstrich der Maschinenhalle", "Wartung der Aufzüge", "Übersetzung des Produktkatalogs",
        "Reinigung der Bürofenster", "Austausch der Dachziegel", "Schulung der Staplerfahrer",
        "Lieferung von Eichenpaneelen", "Wachdienst in der Nacht", "Optimierung der Datenbankserver",
        "Bewirtung beim Sommerfest",
    ),
    "fr": (
        "mise en peinture du hall des machines", "entretien des ascenseurs", "traduction du catalogue de produits",
        "nettoyage des vitres du bureau", "remplacement des tuiles du toit", "formation des caristes",
        "livraison de panneaux de chêne", "rondes de surveillance nocturnes", "réglage des serveurs de bases de données",
        "restauration pour la fête d'été",
    ),
}  # fmt: skip


class Paper(Struct):
    """A document and what is true of it.

    Attributes:
        firm: number of the firm it is from or to.
        number: its own; "" when it states none.
        refers: numbers of what it is about.
        total: its amount in cents; "unit" its currency.
        work: what is done or delivered.
    """

    kind: str
    sample: Sample
    firm: int
    number: str = ""
    refers: tuple[str, ...] = ()
    total: int = 0
    unit: str = "EUR"
    day: date = date(2023, 1, 1)
    work: int = -1
    path: str = ""


_CONTRACTS: dict[str, list[str]] = {
    "en": [
        "SERVICE AGREEMENT\n\nContract no.: {number}\n\nThis agreement is made on {day} between {own}, {ownplace} (the “Client”), and {firm}, {place} (the “Contractor”).\n\nThe Contractor undertakes the {work}.\n\nThe contract price is {amount}.",
        "CONTRACT FOR SERVICES\n\nContract number: {number}\nClient: {own}, {ownplace}\nContractor: {firm}, {place}\nDated {day}\n\nSubject matter of this contract is the {work}. Price: {amount}.",
    ],
    "de": [
        "DIENSTLEISTUNGSVERTRAG\n\nVertragsnummer: {number}\n\nZwischen {own}, {ownplace} – nachfolgend Auftraggeber genannt – und {firm}, {place} – nachfolgend Auftragnehmer genannt – wird am {day} folgender Vertrag geschlossen:\n\nGegenstand ist: {work}.\n\nDer Gesamtpreis beträgt {amount}.",
        "WERKVERTRAG\n\nVertrags-Nr.: {number}\nAuftraggeber: {own}, {ownplace}\nAuftragnehmer: {firm}, {place}\nDatum: {day}\n\nDer Auftragnehmer übernimmt: {work}. Preis: {amount}.",
    ],
    "fr": [
        "CONTRAT DE PRESTATION DE SERVICES\n\nContrat n° : {number}\n\nEntre les soussignés : {own}, {ownplace}, ci-après dénommé le client, et {firm}, {place}, ci-après dénommé le prestataire. Fait le {day}.\n\nLe contrat porte sur : {work}.\n\nPrix : {amount}.",
    ],
}
_ORDERS: dict[str, list[str]] = {
    "en": [
        "PURCHASE ORDER\n\nOrder no.: {number}\nOrder date: {day}\nSupplier: {firm}, {place}\nShip to: {own}, {ownplace}\n\nWe order: {work}.\n\nTotal: {amount}"
    ],
    "de": [
        "BESTELLUNG\n\nBestellnummer: {number}\nDatum: {day}\nLieferant: {firm}, {place}\nKunde: {own}, {ownplace}\n\nWir bestellen: {work}.\n\nGesamtbetrag: {amount}"
    ],
    "fr": [
        "BON DE COMMANDE\n\nCommande n° : {number}\nDate : {day}\nFournisseur : {firm}, {place}\nClient : {own}, {ownplace}\n\nNous commandons : {work}.\n\nMontant total : {amount}"
    ],
}
_INVOICES: dict[str, list[str]] = {
    "en": [
        "{firm}\n{place}\n\nINVOICE\n\nInvoice no.: {number}\nInvoice date: {day}\nBill to: {own}, {ownplace}\n{refs}\nFor the {work}.\n\nSubtotal: {net}\nVAT: {tax}\nTotal due: {amount}",
        "TAX INVOICE\n\n{firm}\n{place}\n\nOur invoice: {number}\nDate of issue: {day}\nInvoice to: {own}, {ownplace}\n{refs}\nWork done: {work}\n\nNet amount: {net}\nTax: {tax}\nAmount payable: {amount}",
    ],
    "de": [
        "{firm}\n{place}\n\nRECHNUNG\n\nRechnungsnummer: {number}\nRechnungsdatum: {day}\nRechnung an: {own}, {ownplace}\n{refs}\nLeistung: {work}\n\nNettobetrag: {net}\nzzgl. MwSt.: {tax}\nGesamtbetrag: {amount}"
    ],
    "fr": [
        "{firm}\n{place}\n\nFACTURE\n\nFacture n° : {number}\nDate de facture : {day}\nFacturé à : {own}, {ownplace}\n{refs}\nPrestation : {work}\n\nTotal HT : {net}\nTVA : {tax}\nTotal TTC : {amount}"
    ],
}
_PAYMENTS: dict[str, list[str]] = {
    "en": [
        "{own}\n{ownplace}\n\nPAYMENT ADVICE\n\nTo: {firm}\nDate: {day}\n\nWe have transferred the following to you.\n\nTotal amount: {amount}"
    ],
    "de": [
        "{own}\n{ownplace}\n\nZAHLUNGSAVIS\n\nAn: {firm}\nDatum: {day}\n\nWir haben Ihnen Folgendes überwiesen.\n\nGesamtbetrag: {amount}"
    ],
    "fr": [
        "{own}\n{ownplace}\n\nAVIS DE PAIEMENT\n\nDestinataire : {firm}\nDate : {day}\n\nNous vous avons viré la somme suivante.\n\nMontant total : {amount}"
    ],
}
_LETTERS: dict[str, list[str]] = {
    "en": [
        "{own}\n{ownplace}\n\n{firm}\n{place}\n\n{day}\n\nYour reference: {ref}\n\nDear Sir or Madam,\n\nplease send us a copy of the time sheets.\n\nYours sincerely,\n\nDana Holt"
    ],
    "de": [
        "{own}\n{ownplace}\n\n{firm}\n{place}\n\n{day}\n\nIhr Zeichen: {ref}\n\nSehr geehrte Damen und Herren,\n\nbitte senden Sie uns eine Kopie der Stundenzettel.\n\nMit freundlichen Grüßen\n\nDana Holt"
    ],
    "fr": [
        "{own}\n{ownplace}\n\n{firm}\n{place}\n\n{day}\n\nVotre référence : {ref}\n\nMadame, Monsieur,\n\nveuillez nous envoyer une copie des feuilles d'heures.\n\nCordialement,\n\nDana Holt"
    ],
}


class Wording(Struct):
    """How a set writes its papers; another one makes a set held out."""

    firms: Sequence[tuple[str, ...]] = FIRMS
    places: dict[str, tuple[str, ...]] = field(default_factory=lambda: PLACES)
    works: dict[str, tuple[str, ...]] = field(default_factory=lambda: WORKS)
    contracts: dict[str, list[str]] = field(default_factory=lambda: _CONTRACTS)
    orders: dict[str, list[str]] = field(default_factory=lambda: _ORDERS)
    invoices: dict[str, list[str]] = field(default_factory=lambda: _INVOICES)
    payments: dict[str, list[str]] = field(default_factory=lambda: _PAYMENTS)
    letters: dict[str, list[str]] = field(default_factory=lambda: _LETTERS)
    languages: tuple[str, ...] = LANGUAGES
    own: str = OWN


_REFS = {
    "en": ("Contract no.: {0}\n", "Order no.: {0}\n"),
    "de": ("Vertragsnummer: {0}\n", "Bestellnummer: {0}\n"),
    "fr": ("Contrat n° : {0}\n", "Commande n° : {0}\n"),
}
_NAMES = {
    "contract": "contract",
    "order": "order",
    "invoice": "invoice",
    "payment": "advice",
    "letter": "letter",
}


class Maker:
    """Makes the papers of one set.

    Args:
        seed: of all chance.
        wording: how they are written.
    """

    def __init__(self, seed: int, wording: Wording | None = None) -> None:
        self._chance = random.Random(seed)
        self._wording = wording or Wording()
        self._numbers = 1000
        self.papers: list[Paper] = []

    def make(self, firms: int, each: int) -> list[Paper]:
        """Papers of so many firms, each with so many invoices."""
        for firm in range(min(firms, len(self._wording.firms))):
            self._dealings(firm, each)
        return self.papers

    def _dealings(self, firm: int, each: int) -> None:
        chance = self._chance
        works = list(range(len(self._wording.works["en"])))
        chance.shuffle(works)
        contracts = [self._contract(firm, works[n]) for n in range(2)]
        orders = [self._order(firm, works[2 + n]) for n in range(2)]
        for n in range(each):
            about = [contracts[n % 2]]
            if n % 4 == 3:
                about = contracts  # one invoice on two contracts
            if n % 5 == 4:
                about = []  # none is named
            order = orders[n % 2] if n % 2 else None
            work = about[0].work if about else contracts[0].work
            invoice = self._invoice(firm, about, order, work)
            if n % 3 != 2:
                self._payment(invoice)
            if n % 3 == 0:
                self._letter(invoice)
        if firm % 4 == 0:  # as much, in another currency, to the same firm
            twin = self._invoice(firm, [], None, contracts[1].work, unit="GBP")
            self._payment(twin, unit="USD")

    def _number(self, form: str) -> str:
        self._numbers += self._chance.randrange(1, 9)
        return form.format(self._numbers)

    def _slots(self, firm: int, day: date, cents: int, unit: str, language: str) -> dict[str, str]:
        w = Writer(language, self._chance)
        return {
            "own": self._wording.own, "ownplace": OWN_PLACE, "day": w.day(day),
            "firm": self._chance.choice(self._wording.firms[firm]),
            "place": self._chance.choice(self._wording.places[language]),
            "amount": amount(cents, unit, language, self._chance),
        }  # fmt: skip

    def _add(
        self,
        kind: str,
        texts: dict[str, list[str]],
        language: str,
        slots: dict[str, str],
        **true: object,
    ) -> Paper:
        text = self._chance.choice(texts[language]).format(**slots)
        parts: list[Part] = [part for part in text.split("\n\n") if part.strip()]
        paper = Paper(kind, Sample(kind, language, parts), **true)  # type: ignore[arg-type]
        self.papers.append(paper)
        return paper

    def _language(self) -> str:
        return self._chance.choice(self._wording.languages)

    def _day(self, first: int = 0) -> date:
        return date(2023, 1, 10) + timedelta(days=first + self._chance.randrange(300))

    def _contract(self, firm: int, work: int) -> Paper:
        language, day, cents = (
            self._language(),
            self._day(),
            self._chance.randrange(100_000, 9_000_000),
        )
        number = self._number("C-{}")
        slots = self._slots(firm, day, cents, "EUR", language)
        slots |= {"number": number, "work": self._wording.works[language][work]}
        return self._add(
            "contract",
            self._wording.contracts,
            language,
            slots,
            firm=firm,
            number=number,
            total=cents,
            day=day,
            work=work,
        )

    def _order(self, firm: int, work: int) -> Paper:
        language, day, cents = (
            self._language(),
            self._day(),
            self._chance.randrange(10_000, 900_000),
        )
        number = self._number("PO-{}")
        slots = self._slots(firm, day, cents, "EUR", language)
        slots |= {"number": number, "work": self._wording.works[language][work]}
        return self._add(
            "order",
            self._wording.orders,
            language,
            slots,
            firm=firm,
            number=number,
            total=cents,
            day=day,
            work=work,
        )

    def _invoice(
        self, firm: int, about: list[Paper], order: Paper | None, work: int, unit: str = "EUR"
    ) -> Paper:
        language, day = self._language(), self._day(20)
        net = self._chance.randrange(20_000, 2_000_000)
        tax = net // 5
        number = self._number(self._chance.choice(["2023-{}", "RE{}", "F/2023/{}"]))
        refers = tuple(one.number for one in about)
        contract, ordered = _REFS[language]
        refs = "".join(contract.format(one) for one in refers)
        refs += ordered.format(order.number) if order else ""
        slots = self._slots(firm, day, net + tax, unit, language)
        slots |= {
            "number": number, "refs": refs, "work": self._wording.works[language][work],
            "net": amount(net, unit, language, self._chance),
            "tax": amount(tax, unit, language, self._chance),
        }  # fmt: skip
        both = (*refers, *((order.number,) if order else ()))
        return self._add(
            "invoice",
            self._wording.invoices,
            language,
            slots,
            firm=firm,
            number=number,
            refers=both,
            total=net + tax,
            unit=unit,
            day=day,
            work=work,
        )

    def _payment(self, invoice: Paper, unit: str = "") -> None:
        language = self._language()
        day = invoice.day + timedelta(days=self._chance.randrange(1, 28))
        unit = unit or invoice.unit
        slots = self._slots(invoice.firm, day, invoice.total, unit, language)
        refers = (invoice.number,) if unit == invoice.unit else ()
        self._add(
            "payment",
            self._wording.payments,
            language,
            slots,
            firm=invoice.firm,
            refers=refers,
            total=invoice.total,
            unit=unit,
            day=day,
        )

    def _letter(self, invoice: Paper) -> None:
        language = self._language()
        day = invoice.day + timedelta(days=40)
        slots = self._slots(invoice.firm, day, 0, "EUR", language)
        slots["ref"] = self._chance.choice(["{0}", "invoice {0}", "{0} / accounts"]).format(
            invoice.number
        )
        self._add(
            "letter",
            self._wording.letters,
            language,
            slots,
            firm=invoice.firm,
            refers=(invoice.number,),
            day=day,
        )


_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def amount(cents: int, unit: str, language: str, chance: random.Random) -> str:
    """An amount as a language writes it, with its sign or its code."""
    whole, rest = divmod(cents, 100)
    group, mark = {"en": (",", "."), "de": (".", ","), "fr": ("\u00a0", ",")}[language]
    digits = f"{whole:,}".replace(",", group) + f"{mark}{rest:02}"
    if language == "en":
        return chance.choice([f"{_SIGNS[unit]}{digits}", f"{unit} {digits}"])
    return chance.choice([f"{digits} {_SIGNS[unit]}", f"{digits} {unit}"])


def put(papers: list[Paper], folder: Path) -> None:
    """Write papers into a folder for each kind, in all layouts in turn; says where in them."""
    for n, paper in enumerate(papers):
        layout = LAYOUTS[n % len(LAYOUTS)]
        paper.path = f"{_NAMES[paper.kind]}s/{_NAMES[paper.kind]}-{n:04}.{layout}"
        target = folder / paper.path
        target.parent.mkdir(parents=True, exist_ok=True)
        write(paper.sample, target)


def sums(papers: list[Paper], kind: str) -> dict[tuple[int, str], Decimal]:
    """The exact sum of the papers of a kind by firm and currency."""
    found: dict[tuple[int, str], Decimal] = {}
    for paper in papers:
        if paper.kind == kind:
            key = paper.firm, paper.unit
            found[key] = found.get(key, Decimal(0)) + Decimal(paper.total) / 100
    return found
