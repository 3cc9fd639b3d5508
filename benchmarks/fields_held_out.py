"""Documents of other kinds and wordings than benchmarks.fields_set, to see how rules carry over.

Written after the rules were tuned on the other set, and measured once before any rule was changed
for them: employment, consulting, loan and sale; bills of utilities and craftsmen; reminders.
"""
# ruff: noqa: E501

from __future__ import annotations

import random
from datetime import date, timedelta

from benchmarks.fields_set import _FIRMS, _IBANS, _PEOPLE, LANGUAGES, Part, Sample, Writer, _key

# Kind, text, and which slots are the truth of which field. "§" parts paragraphs.
_DOCUMENTS = {
    "en": [
        ("contract", "CONTRACT OF EMPLOYMENT§This contract is entered into as of {d1} between {firm} (the “Company”) and {person} (the “Employee”).§1 Position. The Employee will join as a bookkeeper, reporting to the head of finance, from {d2}.§2 Pay. The Company will pay a gross annual salary of {m1} in twelve equal instalments. Expenses up to £250 are refunded.§3 Ending. After the probationary period of six months, employment may be ended by either party upon {t2}' notice in writing.§Executed on {d1}", {"party": "firm person", "date": "d1", "start": "d2", "salary": "m1", "notice": "t2"}),
        ("contract", "CONSULTING AGREEMENT No. {no}§Client: {firm}\nConsultant: {person}\nEffective date: {d2}§The Consultant shall advise the Client on packaging. This Agreement remains in force for {t1} and then ends without further notice. The Client shall pay a fixed fee of {m1} on completion. Invoices are payable within 30 days.§Liability is capped at EUR 100,000.", {"party": "firm person", "start": "d2", "term": "t1", "price": "m1", "contract_number": "no"}),
        ("contract", "BILL OF SALE§I, {person}, hereby sell to {firm} one used delivery van for a total price of {m1}, receipt of which is acknowledged. Sold as seen.§Signed on {d1}", {"party": "firm person", "date": "d1", "price": "m1"}),
        ("invoice", "{firm}\nReg. office 4 Canal Row§STATEMENT OF CHARGES§Account holder: {person}\nAccount number: {cust}\nBill date: {d1}\nBill number: {no}§Electricity 412 kWh at 28.1p  {m3}\nStanding charge 30 days  {m4}\nVAT at 5%  {m2}\nTotal to pay by {d2}: {m1}", {"party": "firm person", "date": "d1", "due": "d2", "total": "m1", "tax": "m2", "invoice_number": "no", "customer_number": "cust"}),
        ("letter", "{firm}§{d1}§Our ref: {no}§Dear {person},§Final reminder: invoice of last month§We have not received {m1}, which fell due on {d2}. Kindly settle it without delay to {iban}.§Yours faithfully,\n{other}", {"party": "firm person other", "date": "d1", "reference": "no"}),
    ],
    "de": [
        ("contract", "ARBEITSVERTRAG§zwischen der {firm} (nachfolgend „Arbeitgeber“) und {person} (nachfolgend „Arbeitnehmer“)§§ 1 Beginn. Das Arbeitsverhältnis beginnt am {d2} und ist auf {t1} befristet.§§ 2 Vergütung. Das monatliche Bruttogehalt beträgt {m1} und ist jeweils am Monatsende fällig.§§ 3 Urlaub. Der Urlaub beträgt 28 Tage.§§ 4 Beendigung. Es gilt eine Kündigungsfrist von {t2}.§Köln, den {d1}", {"party": "firm person", "date": "d1", "start": "d2", "term": "t1", "notice": "t2", "salary": "m1"}),
        ("contract", "Darlehensvertrag Nr. {no}§Darlehensgeber: {firm}\nDarlehensnehmer: {person}§Der Darlehensgeber gewährt ein Darlehen in Höhe von {m1}, verzinst mit 4,5 % jährlich. Das Darlehen ist bis zum {d2} zurückzuzahlen.§Unterzeichnet am {d1}", {"party": "firm person", "date": "d1", "price": "m1", "end": "d2", "contract_number": "no"}),
        ("invoice", "{firm}\nElektroinstallationen§Herrn\n{person}\nHauptstr. 9\n50667 Köln§Rechnung§Rg.-Nr.: {no}   Kd-Nr.: {cust}   Datum: {d1}§Austausch Sicherungskasten  {m3}\nSumme netto  {m3}\nMwSt. 19%  {m2}\nRechnungsbetrag brutto  {m1}§Bitte begleichen Sie den Betrag bis spätestens {d2}. IBAN {iban}", {"party": "firm person", "date": "d1", "due": "d2", "total": "m1", "net": "m3", "tax": "m2", "invoice_number": "no", "customer_number": "cust", "iban": "iban"}),
        ("invoice", "Stadtwerke-Abschlag§Vertragspartner: {person}\nVertragskonto: {cust}\nBelegnummer: {no}\nBelegdatum: {d1}§Ihr Abschlag über {m1} wird am {d2} fällig.§{firm}", {"party": "firm person", "date": "d1", "due": "d2", "total": "m1", "invoice_number": "no", "customer_number": "cust"}),
        ("letter", "{firm}\nPostfach 12§{d1}§Unser Zeichen: {no}§Zahlungserinnerung§Guten Tag {person},§leider ist der Betrag von {m1} noch offen. Bitte zahlen Sie bis zum {d2}.§Freundliche Grüße\n{other}", {"party": "firm person other", "date": "d1", "reference": "no"}),
    ],
    "fr": [
        ("contract", "CONTRAT DE TRAVAIL À DURÉE DÉTERMINÉE§Entre la société {firm}, représentée par son gérant, d'une part, et {person}, d'autre part, il a été convenu ce qui suit.§Article 1. Le présent contrat est conclu pour une durée de {t1}. Il prend effet le {d2}.§Article 2. La rémunération mensuelle brute est de {m1}.§Fait à Lyon, le {d1}", {"party": "firm person", "date": "d1", "start": "d2", "term": "t1", "salary": "m1"}),
        ("contract", "CONTRAT DE PRESTATION n° {no}§Client : {firm}\nPrestataire : {person}\nDate de début : {d2}\nDate de fin : {d3}§Les honoraires s'élèvent à {m1} hors taxes. Résiliation possible avec un préavis de {t2}.", {"party": "firm person", "start": "d2", "end": "d3", "notice": "t2", "price": "m1", "contract_number": "no"}),
        ("invoice", "{firm}\nPlomberie - Chauffage§{person}\n3 place Bellecour, 69002 Lyon§FACTURE N° {no} du {d1}§Remplacement chaudière  {m3}\nMontant HT  {m3}\nTVA 10 %  {m2}\nTotal TTC  {m1}§À régler au plus tard le {d2} sur le compte {iban}", {"party": "firm person", "date": "d1", "due": "d2", "total": "m1", "net": "m3", "tax": "m2", "invoice_number": "no", "iban": "iban"}),
        ("letter", "{firm}§Lyon, le {d1}§V/Réf. : {no}§Objet : relance§Madame, Monsieur,§Sauf erreur, la somme de {m1} reste due depuis le {d2}.§Je vous prie d'agréer mes salutations distinguées.\n{other}", {"party": "firm other", "date": "d1", "reference": "no", "subject": "subject"}),
    ],
    "es": [
        ("contract", "CONTRATO DE TRABAJO TEMPORAL§De una parte, {firm}, en adelante la empresa, y de otra, {person}, en adelante el trabajador, acuerdan:§Primera. El contrato se inicia el {d2} y finaliza el {d3}.§Segunda. El salario bruto mensual será de {m1}.§Firmado en Valencia el {d1}", {"party": "firm person", "date": "d1", "start": "d2", "end": "d3", "salary": "m1"}),
        ("contract", "Contrato de compraventa n.º {no}§Vendedor: {person}\nComprador: {firm}§El precio de la compraventa asciende a {m1}, que se abonará antes del {d2}.§Fecha: {d1}", {"party": "firm person", "date": "d1", "price": "m1", "contract_number": "no"}),
        ("invoice", "{firm}\nElectricidad y reformas§FACTURA\nN.º {no}\nFecha: {d1}§Cliente: {person}\nReforma cocina  {m3}\nBase imponible  {m3}\nIVA 10%  {m2}\nTOTAL  {m1}§Forma de pago: transferencia a {iban} antes del {d2}", {"party": "firm person", "date": "d1", "due": "d2", "total": "m1", "net": "m3", "tax": "m2", "invoice_number": "no", "iban": "iban"}),
        ("letter", "{firm}§Madrid, {d1}§N/Ref.: {no}§Asunto: recordatorio de pago§Apreciado cliente:§Sigue pendiente el importe de {m1}, con vencimiento el {d2}.§Reciba un cordial saludo,\n{other}", {"party": "firm other", "date": "d1", "reference": "no", "subject": "subject"}),
    ],
}  # fmt: skip


def samples(count: int, seed: int) -> list[Sample]:
    """Documents of all languages in turn."""
    chance = random.Random(seed)
    return [
        _filled(
            language := LANGUAGES[n % 4],
            _DOCUMENTS[language][n // 4 % len(_DOCUMENTS[language])],
            chance,
        )
        for n in range(count)
    ]


def _filled(
    language: str, template: tuple[str, str, dict[str, str]], chance: random.Random
) -> Sample:
    kind, text, fields = template
    w = Writer(language, chance)
    slots: dict[str, str] = {}
    keys: dict[str, str] = {"subject": "recordatorio de pago" if language == "es" else "relance"}

    def put(slot: str, written: str, normal: str) -> None:
        slots[slot], keys[slot] = written, normal

    firm = chance.choice(_FIRMS[language])
    person, other = chance.sample(_PEOPLE[language], 2)
    for slot, name in (("firm", firm), ("person", person), ("other", other)):
        put(slot, name, _key(name))
    first = date(2018, 2, 1) + timedelta(days=chance.randrange(2000))
    for slot, after in (("d1", 0), ("d2", chance.randrange(10, 40)), ("d3", 400)):
        day = first + timedelta(days=after)
        put(slot, w.day(day), day.isoformat())
    for slot, low in (("m1", 200_000), ("m2", 20_000), ("m3", 100_000), ("m4", 1000)):
        written, normal = w.amount(chance.randrange(low, 2 * low))
        for currency, sign in (("GBP", "£"), ("EUR", "€")) if language != "en" else (("EUR", "€"),):
            other_sign, code = ("€", "EUR") if currency == "GBP" else ("£", "GBP")
            written = written.replace(currency, code).replace(sign, other_sign)
            normal = normal.replace(currency, code)
        if language != "en":
            written, normal = (
                written.replace("GBP", "EUR").replace("£", "€"),
                normal.replace("GBP", "EUR"),
            )
        put(slot, written, normal)
    for slot, count in (("t1", chance.choice([6, 12, 18, 24])), ("t2", chance.choice([1, 2, 3]))):
        written = w.months(count)
        if count == 1:
            written = {"en": "one month", "de": "einem Monat", "fr": "un mois", "es": "un mes"}[
                language
            ]
        elif language == "de" and slot == "t2":
            written = written.replace("Monate", "Monaten")
        put(slot, written, f"P{count}M")
    number = chance.choice(
        [f"{chance.randrange(10**5, 10**6)}", f"K-{chance.randrange(1000, 9999)}/22"]
    )
    put("no", number, number.casefold() if kind == "letter" else number)
    put("cust", str(chance.randrange(10**6, 10**7)), "")
    keys["cust"] = slots["cust"]
    iban = chance.choice(_IBANS)
    put("iban", iban, iban)
    parts: list[Part] = [part for part in text.format(**slots).split("§") if part.strip()]
    truth = {field: {keys[slot] for slot in names.split()} for field, names in fields.items()}
    return Sample(kind, language, parts, truth)
