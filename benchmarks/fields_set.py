"""Generated contracts, invoices and letters in four languages, with what they state.

The wordings are those of the documents, not of the rules: each slot has several, among them some
that no rule knows. A document is a list of parts that a layout turns into txt, docx, pdf or eml.
"""

# ruff: noqa: E501, RUF001

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from msgspec import Struct, field

LANGUAGES = ("en", "de", "fr", "es")
LAYOUTS = ("txt", "docx", "pdf", "eml")

Part = str | list[list[str]]  # a paragraph, or the rows of a table


class Sample(Struct):
    """A document and its truth: normal forms by field."""

    kind: str
    language: str
    parts: list[Part]
    truth: dict[str, set[str]] = field(default_factory=dict)


_PEOPLE = {
    "en": ["Olivia Hartley", "James O'Connor", "Priya Nair", "Thomas Whitfield", "Grace Lindqvist"],
    "de": ["Jonas Keller", "Anneliese Vogt", "Mehmet Yildirim", "Sabine Großmann", "Uwe von Hagen"],
    "fr": ["Camille Lefèvre", "Jean-Luc Moreau", "Aïcha Benali", "Hélène du Pré", "Luc Girard"],
    "es": ["Lucía Fernández", "Carlos Ibáñez Ruiz", "María del Mar Soto", "Iker Otxoa", "Ana Gil"],
}
_FIRMS = {
    "en": ["Northgate Joinery Ltd", "Bluefin Analytics, Inc.", "Harrow & Finch LLP", "Calder Mills plc"],
    "de": ["Lindner Metallbau GmbH", "Weiß & Söhne KG", "Nordlicht Energie AG", "Baumhaus Verlag GmbH"],
    "fr": ["Ateliers Marchand SARL", "Groupe Vauban S.A.", "Pâtisserie Delmas SAS", "Éditions du Lac SARL"],
    "es": ["Talleres Ebro S.L.", "Viñedos del Sur S.A.", "Construcciones Mirador S.L.", "Hilaturas Vega S.L."],
}  # fmt: skip
_PLACES = {
    "en": ["12 Quay Street, Bristol BS1 4QA", "7 Mill Lane, Leeds LS2 7EW"],
    "de": ["Gartenstraße 14, 50667 Köln", "Am Markt 3, 20095 Hamburg"],
    "fr": ["8 rue des Tanneurs, 69005 Lyon", "21 avenue Foch, 33000 Bordeaux"],
    "es": ["Calle Mayor 18, 28013 Madrid", "Avda. del Puerto 5, 46021 Valencia"],
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_IBANS = [
    "DE75512108001245126199", "GB33BUKB20201555555555", "FR7630006000011234567890189",
    "ES7921000813610123456789", "DE89370400440532013000", "GB94BARC10201530093459",
]  # fmt: skip
_NUMBER_WORDS = {
    "en": {2: "two", 3: "three", 12: "twelve"},
    "de": {2: "zwei", 3: "drei", 12: "zwölf"},
    "fr": {2: "deux", 3: "trois", 12: "douze"},
    "es": {2: "dos", 3: "tres", 12: "doce"},
}


class Writer:
    """Writes values as a language does, by chance in one of several ways."""

    def __init__(self, language: str, chance: random.Random) -> None:
        self.language = language
        self.chance = chance
        self.pick = chance.choice

    def day(self, value: date) -> str:
        month = _MONTHS[self.language].split()[value.month - 1]
        long = {
            "en": self.pick([f"{value.day} {month} {value.year}", f"{month} {value.day}, {value.year}"]),
            "de": f"{value.day}. {month} {value.year}",
            "fr": f"{value.day} {month} {value.year}",
            "es": f"{value.day} de {month} de {value.year}",
        }[self.language]  # fmt: skip
        short = f"{value.day:02}.{value.month:02}.{value.year}"
        if self.language in ("fr", "es"):
            short = short.replace(".", "/")
        return long if self.language == "en" or self.chance.random() < 0.6 else short

    def amount(self, cents: int) -> tuple[str, str]:
        """As written, and its normal form."""
        whole, rest = divmod(cents, 100)
        currency = "GBP" if self.language == "en" and self.chance.random() < 0.5 else "EUR"
        grouped = f"{whole:,}"
        mark = {"en": ".", "de": ",", "fr": ",", "es": ","}[self.language]
        group = {"en": ",", "de": ".", "fr": self.pick([" ", "\u00a0"]), "es": "."}[self.language]
        digits = grouped.replace(",", group) + (
            f"{mark}{rest:02}" if rest or self.chance.random() < 0.7 else ""
        )
        sign = {"EUR": "€", "GBP": "£"}[currency]
        before = self.language == "en"
        written = self.pick(
            [f"{sign}{digits}", f"{currency} {digits}"]
            if before
            else [f"{digits} {sign}", f"{digits} EUR"]
        )
        normal = f"{whole}.{rest:02}".removesuffix(".00")
        return written, f"{normal} {currency}"

    def months(self, count: int) -> str:
        unit = {"en": "months", "de": "Monate", "fr": "mois", "es": "meses"}[self.language]
        words = _NUMBER_WORDS[self.language]
        return f"{words[count] if count in words and self.chance.random() < 0.5 else count} {unit}"


def _key(name: str) -> str:
    """A name as it is compared, made without the code that is measured."""
    import unicodedata

    for legal in (
        " Ltd",
        ", Inc.",
        " LLP",
        " plc",
        " GmbH",
        " KG",
        " AG",
        " SARL",
        " S.A.",
        " SAS",
        " S.L.",
    ):
        name = name.removesuffix(legal)
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return " ".join(plain.split())


# --- leases and services

_TITLES = {
    "en": ["Tenancy Agreement", "Lease of Residential Premises"],
    "de": ["Mietvertrag über Wohnraum", "Wohnungsmietvertrag"],
    "fr": ["Contrat de location", "Bail d'habitation"],
    "es": ["Contrato de arrendamiento de vivienda", "Contrato de alquiler"],
}
_PARTIES = {
    "en": [
        "THIS AGREEMENT dated {day} is made by and between {a}, of {pa} (“Landlord”), and {b}, of {pb} (“Tenant”).",
        "Landlord: {a}, {pa}\nTenant: {b}, {pb}\nDated {day}",
        "{a} (hereinafter the Lessor) lets to {b} (hereinafter the Lessee) the flat described below. Signed on {day}.",
        "On {day} the following was agreed between\n\n(1) {a}, {pa}; and\n\n(2) {b}, {pb}.",
    ],
    "de": [
        "Zwischen {a}, {pa} – nachfolgend Vermieter genannt – und {b}, {pb} – nachfolgend Mieter genannt – wird am {day} folgender Vertrag geschlossen:",
        "Vermieter: {a}, {pa}\nMieter: {b}, {pb}\nDatum: {day}",
        "{a} (im Folgenden „Vermieter“) vermietet an {b} (im Folgenden „Mieter“) die unten genannte Wohnung. Abgeschlossen am {day}.",
    ],
    "fr": [
        "Entre les soussignés : {a}, demeurant {pa}, ci-après dénommé le bailleur, et {b}, demeurant {pb}, ci-après dénommé le locataire. Fait le {day}.",
        "Bailleur : {a}, {pa}\nLocataire : {b}, {pb}\nDate : {day}",
        "{a} (le « Propriétaire ») donne en location à {b} (le « Preneur ») le logement désigné ci-dessous. Signé le {day}.",
    ],
    "es": [
        "En Madrid, a {day}. REUNIDOS: de una parte, {a}, con domicilio en {pa}, en adelante el arrendador; y de otra, {b}, con domicilio en {pb}, en adelante el arrendatario.",
        "Arrendador: {a}, {pa}\nArrendatario: {b}, {pb}\nFecha: {day}",
        "Entre {a}, con domicilio en {pa}, y {b}, con domicilio en {pb}, se celebra este contrato. Firmado el {day}.",
    ],
}  # fmt: skip
_STARTS = {
    "en": ["The tenancy begins on {start} and runs for {term}.", "Term: {term} from {start}", "Commencement date: {start}\nDuration: {term}", "The flat is let as from {start} for a fixed period of {term}."],
    "de": ["Das Mietverhältnis beginnt am {start} und wird auf {term} abgeschlossen.", "Mietbeginn: {start}\nLaufzeit: {term}", "Der Vertrag tritt am {start} in Kraft und gilt für die Dauer von {term_dat}."],
    "fr": ["La location prend effet le {start} pour une durée de {term}.", "Date d'effet : {start}\nDurée : {term}", "Le bail est consenti pour {term} à compter du {start}."],
    "es": ["El arrendamiento comenzará el {start} y tendrá una duración de {term}.", "Inicio: {start}\nDuración: {term}", "El plazo se fija en {term}, a partir del {start}."],
}  # fmt: skip
_RENTS = {
    "en": ["The Tenant shall pay {rent} per month by way of rent.", "Monthly rent: {rent}", "The rent is fixed at {rent}, payable in advance.", "The rent for each calendar month shall be {rent}, exclusive of heating at £85."],
    "de": ["Die monatliche Miete beträgt {rent} zuzüglich Nebenkosten von 120 €.", "Kaltmiete: {rent}", "Der Mieter zahlt einen monatlichen Mietzins in Höhe von {rent}.", "Als Miete werden {rent} vereinbart."],
    "fr": ["Le loyer mensuel est fixé à {rent}, charges de 60 € en sus.", "Loyer : {rent}", "Le locataire versera chaque mois un loyer de {rent}."],
    "es": ["La renta mensual será de {rent}, más 40 € de gastos.", "Renta: {rent}", "El arrendatario abonará {rent} al mes en concepto de renta."],
}  # fmt: skip
_DEPOSITS = {
    "en": ["A deposit of {deposit} is held against damage.", "Security deposit: {deposit}", "The Tenant lodges {deposit} as security."],
    "de": ["Die Kaution beläuft sich auf {deposit}.", "Kaution: {deposit}", "Der Mieter hinterlegt {deposit} als Sicherheit."],
    "fr": ["Un dépôt de garantie de {deposit} est versé ce jour.", "Dépôt de garantie : {deposit}"],
    "es": ["El arrendatario entrega {deposit} como fianza.", "Fianza: {deposit}"],
}  # fmt: skip
_NOTICES = {
    "en": ["Either side may end it on giving not less than {notice} written notice.", "Notice period: {notice}", "{Notice}' notice is required to leave."],
    "de": ["Die Kündigungsfrist beträgt {notice}.", "Kündigungsfrist: {notice}", "Der Vertrag kann mit einer Frist von {notice_dat} gekündigt werden."],
    "fr": ["Chaque partie peut y mettre fin moyennant un préavis de {notice}.", "Préavis : {notice}"],
    "es": ["Cualquiera de las partes podrá resolverlo con un preaviso de {notice}.", "Plazo de preaviso: {notice}"],
}  # fmt: skip
_FILLERS = {
    "en": ["The premises are in good repair and the inventory is attached. Pets need consent.", "Nothing in this document limits rights under statute. Keys: 3."],
    "de": ["Die Wohnung ist in gutem Zustand. Haustiere bedürfen der Zustimmung.", "Es werden 3 Schlüssel übergeben. Schönheitsreparaturen trägt der Mieter."],
    "fr": ["Le logement est en bon état. Les animaux sont admis avec accord.", "Il est remis 3 clés. L'état des lieux est annexé."],
    "es": ["La vivienda está en buen estado. Se entregan 3 llaves.", "Los animales requieren consentimiento. Se adjunta inventario."],
}  # fmt: skip


def lease(language: str, chance: random.Random) -> Sample:
    """A lease."""
    w = Writer(language, chance)
    a = chance.choice(_FIRMS[language] + _PEOPLE[language][:2])
    b = chance.choice(_PEOPLE[language][2:])
    signed = date(2018, 1, 1) + timedelta(days=chance.randrange(2500))
    start = date(signed.year + (signed.month == 12), signed.month % 12 + 1, 1)
    rent, rent_key = w.amount(chance.randrange(600, 4000) * 100)
    deposit, deposit_key = w.amount(chance.randrange(4100, 9000) * 100)
    term, notice = chance.choice([12, 24, 36, 60]), chance.choice([2, 3])
    slots = {
        "a": a, "b": b, "pa": chance.choice(_PLACES[language]), "pb": chance.choice(_PLACES[language]),
        "day": w.day(signed), "start": w.day(start), "rent": rent, "deposit": deposit,
        "term": w.months(term), "notice": w.months(notice),
    }  # fmt: skip
    slots["term_dat"] = slots["term"].replace("Monate", "Monaten")
    slots["notice_dat"] = slots["notice"].replace("Monate", "Monaten")
    slots["Notice"] = slots["notice"].capitalize()
    sections = [_STARTS, _RENTS, _DEPOSITS, _NOTICES]
    parts: list[Part] = [
        chance.choice(_TITLES[language]),
        chance.choice(_PARTIES[language]).format(**slots),
    ]
    for n, section in enumerate(sections, 1):
        parts.append(
            f"{n}. " + chance.choice(section[language]).format(**slots)
            if chance.random() < 0.5
            else chance.choice(section[language]).format(**slots)
        )
    parts += _FILLERS[language]
    truth = {
        "party": {_key(a), _key(b)}, "date": {signed.isoformat()}, "start": {start.isoformat()},
        "term": {f"P{term}M"}, "notice": {f"P{notice}M"}, "rent": {rent_key},
        "deposit": {deposit_key},
    }  # fmt: skip
    return Sample("contract", language, parts, truth)


# --- invoices

_HEADS = {
    "en": ["Invoice", "TAX INVOICE"], "de": ["Rechnung", "RECHNUNG"], "fr": ["Facture", "FACTURE"],
    "es": ["Factura", "FACTURA"],
}  # fmt: skip
_META = {
    "en": [["Invoice no.", "Invoice date", "Due date"], ["Our invoice", "Date of issue", "Please pay by"], ["Inv. No", "Date", "Payment due"], ["Document number", "Issued", "Payable until"]],
    "de": [["Rechnungsnummer", "Rechnungsdatum", "Zahlbar bis"], ["Rechnung Nr.", "Datum", "Fällig am"], ["Beleg-Nr.", "Ausstellungsdatum", "Zahlungsziel"]],
    "fr": [["Facture n°", "Date de facture", "Échéance"], ["N° de facture", "Date d'émission", "Date d'échéance"], ["Référence facture", "Le", "À régler avant le"]],
    "es": [["Factura n.º", "Fecha de emisión", "Vencimiento"], ["Nº de factura", "Fecha", "Fecha de vencimiento"], ["Número de factura", "Fecha factura", "Pagar antes del"]],
}  # fmt: skip
_TO = {
    "en": ["Bill to", "Invoice to", "Customer", "For the attention of"], "de": ["Rechnung an", "Kunde", "Rechnungsempfänger", "An"],
    "fr": ["Facturé à", "Client", "Destinataire"], "es": ["Facturar a", "Cliente", "Datos del cliente"],
}  # fmt: skip
_SUMS = {
    "en": [["Subtotal", "VAT 20%", "Total due"], ["Net amount", "VAT (20 %)", "Amount payable"], ["Goods", "Tax", "Balance due"]],
    "de": [["Nettobetrag", "zzgl. 19 % MwSt.", "Gesamtbetrag"], ["Zwischensumme", "USt. 19 %", "Rechnungsbetrag"], ["Summe netto", "Umsatzsteuer 19%", "Zu zahlen"]],
    "fr": [["Total HT", "TVA 20 %", "Total TTC"], ["Montant HT", "TVA (20 %)", "Net à payer"], ["Sous-total", "Taxe", "Montant total dû"]],
    "es": [["Base imponible", "IVA 21 %", "Total factura"], ["Subtotal", "IVA (21 %)", "Total a pagar"], ["Importe neto", "Cuota IVA", "Importe total"]],
}  # fmt: skip
_PAY = {
    "en": ["Please transfer to IBAN {iban}, quoting customer number {customer}.", "Bank details: {iban}. Account no.: {customer}", "Pay into {iban}."],
    "de": ["Bitte überweisen Sie auf IBAN {iban}. Kundennummer: {customer}", "Bankverbindung: {iban}. Kd.-Nr.: {customer}"],
    "fr": ["Règlement par virement : {iban}. N° client : {customer}", "IBAN : {iban}. Code client : {customer}"],
    "es": ["Transferencia a {iban}. Nº cliente: {customer}", "IBAN: {iban}. Código de cliente: {customer}"],
}  # fmt: skip
_ITEMS = {
    "en": ["Consulting", "Travel"], "de": ["Beratung", "Anfahrt"], "fr": ["Conseil", "Déplacement"],
    "es": ["Asesoría", "Desplazamiento"],
}  # fmt: skip


def _meta(
    chance: random.Random, labels: Sequence[str], values: Sequence[str], colon: str
) -> list[Part]:
    """Labels and values as two rows, as lines, or as a row for each."""
    pairs = list(zip(labels, values, strict=True))
    if chance.random() < 0.3:
        return [[list(labels), list(values)]]
    if chance.random() < 0.6:
        return ["\n".join(f"{label}{colon} {value}" for label, value in pairs)]
    return [[list(pair) for pair in pairs]]


def invoice(language: str, chance: random.Random) -> Sample:
    """An invoice."""
    w = Writer(language, chance)
    seller, buyer = chance.sample(_FIRMS[language], 2)
    issued = date(2019, 1, 1) + timedelta(days=chance.randrange(2000))
    due = issued + timedelta(days=chance.choice([14, 30]))
    number = chance.choice(
        [
            f"{issued.year}-{chance.randrange(1000, 9999)}",
            f"RE{chance.randrange(10000, 99999)}",
            f"F/{issued.year}/{chance.randrange(10, 999):03}",
        ]
    )
    net_cents = chance.randrange(10_000, 900_000)
    tax_cents = net_cents // 5
    texts = [w.amount(c) for c in (net_cents, tax_cents, net_cents + tax_cents)]
    currency = texts[2][1].rpartition(" ")[2]
    keys = [key.rpartition(" ")[0] + " " + currency for _, key in texts]
    signs = {"EUR": "€", "GBP": "£"}
    written = [
        text.replace("GBP", currency)
        .replace("EUR", currency)
        .replace("£", signs[currency])
        .replace("€", signs[currency])
        for text, _ in texts
    ]
    customer = str(chance.randrange(10_000, 99_999))
    iban = chance.choice(_IBANS)
    spaced = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
    labels = chance.choice(_META[language])
    values = [number, w.day(issued), w.day(due)]
    colon = " :" if language == "fr" else ":"
    meta = _meta(chance, labels, values, colon)
    to = chance.choice(_TO[language])
    place = chance.choice(_PLACES[language])
    address = (
        f"{to}{colon} {buyer}\n{place}" if chance.random() < 0.5 else f"{to}\n{buyer}\n{place}"
    )
    sums = [list(pair) for pair in zip(chance.choice(_SUMS[language]), written, strict=True)]
    items = [[_ITEMS[language][0], "2", written[0]], [_ITEMS[language][1], "1", "0"]]
    pay = chance.choice(_PAY[language])
    parts: list[Part] = [
        f"{seller}\n{chance.choice(_PLACES[language])}",
        chance.choice(_HEADS[language]),
        address,
        *meta,
        items,
        sums,
        pay.format(iban=chance.choice([iban, spaced]), customer=customer),
    ]
    truth = {
        "party": {_key(seller), _key(buyer)}, "invoice_number": {number}, "date": {issued.isoformat()},
        "due": {due.isoformat()}, "net": {keys[0]}, "tax": {keys[1]}, "total": {keys[2]}, "iban": {iban},
    }  # fmt: skip
    if "{customer}" in pay:
        truth["customer_number"] = {customer}
    return Sample("invoice", language, parts, truth)


# --- letters

_LETTERS = {
    "en": ("Dear {title} {last},", ["Re: {subject}", "Subject: {subject}", "{subject}"], ["Yours sincerely,", "Kind regards,", "With many thanks,"], ["Mr", "Ms"], "Thank you for your visit last week. We have noted your wishes about the delivery of 12 chairs for 480 pounds and shall write again."),
    "de": ("Sehr geehrte{r} {title} {last},", ["Betreff: {subject}", "{subject}"], ["Mit freundlichen Grüßen", "Mit besten Grüßen", "Es grüßt Sie"], ["Herr", "Frau"], "vielen Dank für Ihren Besuch in der letzten Woche. Wir haben Ihre Wünsche zu den 12 Stühlen für 480 Euro notiert."),
    "fr": ("{title} {last},", ["Objet : {subject}"], ["Veuillez agréer l'expression de nos salutations distinguées.", "Cordialement,", "Bien à vous,"], ["Monsieur", "Madame"], "Nous vous remercions de votre visite. Vos souhaits pour les 12 chaises à 480 euros ont été notés."),
    "es": ("Estimad{o} {title} {last}:", ["Asunto: {subject}", "{subject}"], ["Atentamente,", "Un cordial saludo,", "Reciba un saludo"], ["Sr.", "Sra."], "Le agradecemos su visita. Hemos anotado sus deseos sobre las 12 sillas por 480 euros."),
}  # fmt: skip
_SUBJECTS = {
    "en": ["Repair of the roof", "Your visit to our workshop"], "de": ["Reparatur des Daches", "Ihr Besuch in der Werkstatt"],
    "fr": ["Réparation du toit", "Votre visite à l'atelier"], "es": ["Reparación del tejado", "Su visita al taller"],
}  # fmt: skip


def letter(language: str, chance: random.Random) -> Sample:
    """A letter."""
    w = Writer(language, chance)
    form, subjects, closings, titles, body = _LETTERS[language]
    sender, receiver = chance.sample(_PEOPLE[language], 2)
    title = chance.choice(titles)
    last = receiver.split()[-1]
    written = date(2018, 1, 1) + timedelta(days=chance.randrange(2500))
    city = {"en": "Leeds", "de": "Köln", "fr": "Lyon", "es": "Madrid"}[language]
    lead = {"en": "", "de": f"{city}, den ", "fr": f"{city}, le ", "es": f"{city}, "}[language]
    subject = chance.choice(_SUBJECTS[language])
    line = chance.choice(subjects)
    email = f"{sender.split()[0].lower().encode('ascii', 'ignore').decode()}@studio.example"
    phone = {
        "en": "+44 113 496 0123",
        "de": "+49 221 4710815",
        "fr": "+33 4 72 00 12 34",
        "es": "+34 915 55 12 34",
    }[language]
    parts: list[Part] = [
        f"{receiver}\n" + chance.choice(_PLACES[language]).replace(", ", "\n"), f"{lead}{w.day(written)}",
        line.format(subject=subject), form.format(title=title, last=last, r="r" if title == "Herr" else "", o="o" if title == "Sr." else "a"),
        body, f"{chance.choice(closings)}\n\n{sender}\nTel. {phone}, {email}",
    ]  # fmt: skip
    truth = {
        # A salutation names a part of who is written to; either form is right.
        "party": {_key(sender), _key(receiver) + "|" + _key(last)}, "date": {written.isoformat()},
        "email": {email}, "phone": {phone.replace(" ", "")},
    }  # fmt: skip
    if ":" in line:
        truth["subject"] = {subject.casefold()}
    return Sample("letter", language, parts, truth)


def samples(count: int, seed: int) -> list[Sample]:
    """Documents of all kinds and languages in turn."""
    chance = random.Random(seed)
    makers: list[Callable[[str, random.Random], Sample]] = [lease, invoice, letter]
    return [makers[n % 3](LANGUAGES[n // 3 % len(LANGUAGES)], chance) for n in range(count)]


# --- layouts


def write(sample: Sample, path: Path) -> None:
    """Write a document in the layout of the path's ending."""
    {"txt": _txt, "docx": _docx, "pdf": _pdf, "eml": _eml}[path.suffix[1:]](sample, path)


def _plain(sample: Sample) -> str:
    texts = []
    for part in sample.parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            widths = [max(len(row[n]) for row in part) + 3 for n in range(len(part[0]))]
            rows = (
                "".join(c.ljust(width) for c, width in zip(row, widths, strict=True))
                for row in part
            )
            texts.append("\n".join(row.rstrip() for row in rows))
    return "\n\n".join(texts) + "\n"


def _txt(sample: Sample, path: Path) -> None:
    path.write_text(_plain(sample), encoding="utf-8")


def _eml(sample: Sample, path: Path) -> None:
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = "scan"
    message.set_content(_plain(sample))
    path.write_bytes(bytes(message))


def _docx(sample: Sample, path: Path) -> None:
    import docx

    document = docx.Document()
    for part in sample.parts:
        if isinstance(part, str):
            for line in part.split("\n"):
                document.add_paragraph(line)
            continue
        table = document.add_table(0, len(part[0]))
        for row in part:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    document.save(str(path))


def _pdf(sample: Sample, path: Path) -> None:
    from xml.sax.saxutils import escape

    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    style = getSampleStyleSheet()["BodyText"]
    story = []
    for part in sample.parts:
        if isinstance(part, str):
            story.append(Paragraph(escape(part).replace("\n", "<br/>"), style))
        else:
            story.append(Table(part, hAlign="LEFT"))
        story.append(Spacer(1, 8))
    SimpleDocTemplate(str(path)).build(story)
