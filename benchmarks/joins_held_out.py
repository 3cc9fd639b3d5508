"""Papers in other words, names and spellings than those that the joins were tuned on.

Written after the rules were frozen, and run once; whoever changes a rule for it has to say so.
"""

# ruff: noqa: E501

from __future__ import annotations

from benchmarks.joins_set import Wording

WORDING = Wording(
    own="Kestrel & Vane Instruments plc",
    firms=(
        ("Delta Foods Ltd", "DELTA FOODS LTD", "Delta Foods Limited", "The Delta Foods Ltd"),
        ("Delta Food Services Ltd", "Delta Food Services Limited", "DELTA FOOD SERVICES"),
        ("Schröder & Sohn GmbH", "Schroeder & Sohn GmbH", "Schröder und Sohn GmbH"),
        ("Schröder & Töchter GmbH", "Schroeder & Toechter GmbH", "Schröder und Töchter"),
        ("Transports Lefèvre SA", "Transports Lefevre S.A.", "TRANSPORTS LEFÈVRE SA"),
        ("Transports Lefort SA", "Transports Lefort S.A.", "TRANSPORTS LEFORT"),
        ("Unit 7 Design LLC", "Unit 7 Design, LLC", "UNIT 7 DESIGN LLC"),
        ("Unit 9 Design LLC", "Unit 9 Design, LLC", "UNIT 9 DESIGN LLC"),
        ("Hargreaves Brothers Ltd", "Hargreaves Bros. Ltd", "Hargreaves Bros Limited"),
        ("Hargreaves Sisters Ltd", "Hargreaves Sisters Limited", "HARGREAVES SISTERS LTD"),
        ("Oststern Bau AG", "Oststern-Bau AG", "OSTSTERN BAU AG"),
        ("Weststern Bau AG", "Weststern-Bau AG", "WESTSTERN BAU AG"),
        ("Crèmerie d'Armor SARL", "Cremerie d'Armor", "CRÈMERIE D'ARMOR S.A.R.L."),
        ("Pemberton, Ashe & Co. LLP", "Pemberton Ashe & Co LLP", "Pemberton, Ashe and Co. LLP"),
        (
            "Silverline Freight International Inc.",
            "Silverline Freight Intl Inc.",
            "Silverline Freight International, Inc.",
        ),
        ("Whitcombe Engineering plc", "Whitcomb Engineering plc", "Whitcombe Engineering"),
    ),
    places={
        "en": ("Unit 4, Harbour Road, Plymouth PL1 3RP", "221 Castle Street, Edinburgh EH2 3AH"),
        "de": ("Lindenallee 8, 80331 München", "Hafenweg 77, 48155 Münster"),
        "fr": ("5 quai de la Loire, 44000 Nantes", "17 place Bellecour, 69002 Lyon"),
    },
    contracts={
        "en": [
            "FRAMEWORK AGREEMENT FOR SERVICES\n\nAgreement number {number}\n\nThis Agreement is entered into on {day}\n\nbetween\n\n(1) {firm} of {place} (the “Supplier”); and\n\n(2) {own} of {ownplace} (the “Customer”).\n\nThe Supplier shall carry out the {work} for a fee of {amount}.",
            "MAINTENANCE CONTRACT\n\nContract reference: {number}\nDate: {day}\nService provider: {firm}, {place}\nCustomer: {own}, {ownplace}\n\nScope: {work}.\nFee: {amount}",
        ],
        "de": [
            "RAHMENVERTRAG\n\nVertrag Nr. {number} vom {day}\n\nzwischen\n\n{firm}, {place}\n(im Folgenden „Auftragnehmer“)\n\nund\n\n{own}, {ownplace}\n(im Folgenden „Auftraggeber“).\n\nVertragsgegenstand: {work}. Als Honorar werden {amount} vereinbart.",
        ],
        "fr": [
            "CONTRAT-CADRE\n\nNuméro de contrat : {number}\nFait à Nantes, le {day}\n\nPrestataire : {firm}, {place}\nClient : {own}, {ownplace}\n\nObjet du contrat : {work}. Honoraires : {amount}.",
        ],
    },
    orders={
        "en": [
            "Order confirmation wanted\n\nPURCHASE ORDER {number}\n\nPO number: {number}\nIssued: {day}\nVendor: {firm}, {place}\nBill to: {own}, {ownplace}\n\nItem: {work}\n\nOrder total: {amount}\nTotal amount: {amount}"
        ],
        "de": [
            "BESTELLUNG\n\nBestell-Nr. {number} vom {day}\nLieferant: {firm}, {place}\nRechnung an: {own}, {ownplace}\n\nPosition 1: {work}\n\nGesamtsumme: {amount}"
        ],
        "fr": [
            "BON DE COMMANDE\n\nN° de commande : {number}\nDate : {day}\nFournisseur : {firm}, {place}\nFacturer à : {own}, {ownplace}\n\nDésignation : {work}\n\nTotal à payer : {amount}"
        ],
    },
    invoices={
        "en": [
            "INVOICE\n\nFrom: {firm}, {place}\nTo: {own}, {ownplace}\n\nInvoice number: {number}\nDated {day}\n{refs}\n{work}: {net}\nplus VAT at 20%: {tax}\nGrand total: {amount}",
            "{firm} · {place}\n\nSales invoice {number}\n\nDate of invoice: {day}\nCustomer: {own}\n{ownplace}\n{refs}\nDescription: {work}\n\nNet: {net}\nVAT: {tax}\nBalance due: {amount}",
        ],
        "de": [
            "{firm} · {place}\n\nRechnung Nr. {number}\nDatum: {day}\nEmpfänger: {own}, {ownplace}\n{refs}\n{work}\n\nZwischensumme {net}\nUmsatzsteuer {tax}\nRechnungsbetrag {amount}"
        ],
        "fr": [
            "Facture\n\nÉmetteur : {firm}, {place}\nDestinataire : {own}, {ownplace}\nNuméro de facture : {number}\nÉmise le {day}\n{refs}\nDésignation : {work}\n\nSous-total : {net}\nTVA 20 % : {tax}\nNet à payer : {amount}"
        ],
    },
    payments={
        "en": [
            "REMITTANCE ADVICE\n\nPayer: {own}, {ownplace}\nTo: {firm}\nPayment date: {day}\n\nAmount paid by bank transfer\n\nTotal: {amount}"
        ],
        "de": [
            "Überweisungsbeleg\n\nAuftraggeber: {own}\nEmpfänger: {firm}\nDatum: {day}\n\nBetrag, gesamt\nSumme: {amount}"
        ],
        "fr": [
            "Ordre de virement\n\nÉmetteur : {own}\nDestinataire : {firm}\nDate : {day}\n\nTotal : {amount}"
        ],
    },
    letters={
        "en": [
            "{own}\n{ownplace}\n\n{day}\n\n{firm}\n{place}\n\nYour ref: {ref}\n\nDear Sirs,\n\nwe do not understand the second item and ask you to explain it.\n\nYours faithfully,\n\nMartin Okafor"
        ],
        "de": [
            "{own}\n{ownplace}\n\n{firm}\n{place}\n\nMünchen, den {day}\n\nUnser Zeichen: KV / mo\nIhr Zeichen: {ref}\n\nSehr geehrte Damen und Herren,\n\nwir bitten um Erläuterung der zweiten Position.\n\nMit freundlichen Grüßen\n\nMartin Okafor"
        ],
        "fr": [
            "{own}\n{ownplace}\n\n{firm}\n{place}\n\nLyon, le {day}\n\nVos réf. : {ref}\n\nMadame, Monsieur,\n\nnous vous prions d'expliquer la deuxième ligne.\n\nCordialement,\n\nMartin Okafor"
        ],
    },
)
