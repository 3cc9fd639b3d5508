"""The share of a film producer in Hamburg, mostly German, and questions with their truth.

Written together with benchmarks.values_bakery, and asked nothing until the rules were changed for
that one.
"""

# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Lindner & Voss Filmproduktion GmbH"
EIGHT, TOWN, BEACON, MARELLE = (
    "Kanal Acht Fernsehen AG",
    "Hansestadt Lüneburg",
    "Beacon Learning Ltd",
    "Éditions Marelle SAS",
)
RENT, SOUND, JANA, OWEN, LUMIERE = (
    "Kameraverleih Petersen e.K.",
    "Tonstudio Weiß GmbH",
    "Jana Kowalczyk",
    "Owen Price",
    "Studio Lumière SARL",
)
HEAD = f"{OWN}\nGroße Bergstraße 160 · 22767 Hamburg\nUSt-IdNr. DE301448812"


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # Ausgangsrechnungen
    p("Rechnungen/Ausgang/AR-25-001 Kanal Acht.pdf", [HEAD, f"{EIGHT}\nRundfunkplatz 2\n80335 München", "# Rechnung AR-25-001", [["Rechnungsdatum", "10.01.2025"], ["Projekt", "LV-24-03 Moorland"], ["Vertrag", "V-2024-118"]], [["Zweite Rate Dokumentation", "8.000,00 €"], ["zzgl. 19 % MwSt.", "1.520,00 €"], ["Rechnungsbetrag", "9.520,00 €"]], "Zahlbar innerhalb von 14 Tagen."])
    table_docx(root / "Rechnungen/Ausgang/AR-25-002 Lüneburg.docx", [HEAD, f"{TOWN}\nAm Ochsenmarkt 1\n21335 Lüneburg", "Rechnung Nr. AR-25-002 vom 24.01.2025", "Ihre Auftragsnummer: 4500078112\nProjekt: LV-25-01 Elbe"], [["Leistung", "EUR"], ["Imagefilm, Drehbuch", "2.400,00"], ["MwSt. 19 %", "456,00"], ["Gesamtbetrag", "2.856,00"]], ["Vielen Dank für den Auftrag."])
    html(root / "Rechnungen/Ausgang/AR-25-003 Beacon.html", "Invoice AR-25-003", [("Issued by", OWN), ("Issued to", f"{BEACON}, 9 Harbour Row, Bristol"), ("Issue date", "3 February 2025"), ("PO number", "BL-PO-5567"), ("Project", "LV-25-02 Tides")], [("Animation, 3 minutes", "EUR 3,150.00"), ("VAT (reverse charge)", "EUR 0.00"), ("Amount payable", "EUR 3,150.00")], "Bank details overleaf.")
    p("Rechnungen/Ausgang/AR-25-004 Marelle.pdf", [HEAD, f"{MARELLE}\n12 quai Voltaire\n75007 Paris", "# Facture AR-25-004", "Hambourg, le 12 février 2025", "Contrat : CM-31", [["Cession de droits, film « Marée basse »", "1 900,00 €"], ["TVA non applicable", "0,00 €"], ["Montant total", "1 900,00 €"]]])
    p("Rechnungen/Ausgang/AR-25-005 Kanal Acht.pdf", [HEAD, f"{EIGHT}\nRundfunkplatz 2\n80335 München", "# Rechnung AR-25-005", [["Rechnungsdatum", "28.02.2025"], ["Projekt", "LV-24-03 Moorland"], ["Vertrag", "V-2024-118"]], [["Schlussrate Dokumentation", "4.000,00 €"], ["zzgl. 19 % MwSt.", "760,00 €"], ["Rechnungsbetrag", "4.760,00 €"]], "Zahlbar innerhalb von 14 Tagen."])
    table_docx(root / "Rechnungen/Ausgang/AR-25-006 Lüneburg.docx", [HEAD, f"{TOWN}\nAm Ochsenmarkt 1\n21335 Lüneburg", "Rechnung Nr. AR-25-006 vom 14.03.2025", "Ihre Auftragsnummer: 4500079334\nProjekt: LV-25-01 Elbe"], [["Leistung", "EUR"], ["Imagefilm, erster Drehtag", "1.200,00"], ["MwSt. 19 %", "228,00"], ["Gesamtbetrag", "1.428,00"]], ["Vielen Dank für den Auftrag."])
    # Eingangsrechnungen
    html(root / "Rechnungen/Eingang/petersen 0117.html", "Rechnung", [("Rechnungssteller", f"{RENT}, Kiel"), ("Rechnungsempfänger", OWN), ("Beleg-Nr.", "2025/0117"), ("Belegdatum", "16.01.2025"), ("Projekt", "LV-24-03")], [("Kamera, 3 Tage", "900,00 €"), ("MwSt 19 %", "171,00 €"), ("Zu zahlen", "1.071,00 €")], "Rahmenvertrag RV-77")
    html(root / "Rechnungen/Eingang/petersen 0163.html", "Rechnung", [("Rechnungssteller", f"{RENT}, Kiel"), ("Rechnungsempfänger", OWN), ("Beleg-Nr.", "2025/0163"), ("Belegdatum", "20.02.2025"), ("Projekt", "LV-25-01")], [("Objektive, 2 Tage", "500,00 €"), ("MwSt 19 %", "95,00 €"), ("Zu zahlen", "595,00 €")], "Rahmenvertrag RV-77")
    p("Rechnungen/Eingang/Tonstudio TW-889.docx", [SOUND, "Hafenstraße 8, 20359 Hamburg", "# RECHNUNG", f"Rechnung-Nr. TW-889\nHamburg, 22. Januar 2025\n\nAn\n{OWN}", "Mischung Moorland (LV-24-03), 8 Stunden", "Summe netto 600,00 €\n19 % USt 114,00 €\nEndbetrag 714,00 €"])
    p("Rechnungen/Eingang/kowalczyk jan.txt", f"Jana Kowalczyk · Kamera\nStresemannstr. 40, 22769 Hamburg\n\nAn {OWN}\n\nHonorarrechnung 07/2025\nDatum: 31.01.2025\n\n5 Drehtage LV-25-01 à 450,00 EUR gemäß Vertrag HV-25-02\n\nGesamt: 2.250,00 EUR\n(Kleinunternehmerin nach § 19 UStG)\n")
    p("Rechnungen/Eingang/price 0312.pdf", ["Owen Price, film editor\nCardiff", "# Invoice 0312", [["Date", "5 March 2025"], ["To", OWN], ["Our agreement", "HV-25-03"], ["Project", "LV-25-02"]], [["Editing, 4 days", "EUR 1,480.00"], ["Total", "EUR 1,480.00"]]])
    p("Rechnungen/Eingang/lumiere FA-2025-44.pdf", [f"{LUMIERE}\nRennes", "# FACTURE", f"N° de facture : FA-2025-44\nDate de facture : 18/02/2025\nDestinataire : {OWN}", [["Étalonnage", "800,00 €"], ["TVA 20 %", "160,00 €"], ["Total TTC", "960,00 €"]]])
    # Verträge
    p("Verträge/Kanal Acht.pdf", ["# Produktionsvertrag", f"Vertragsnummer V-2024-118\n\nzwischen der {EIGHT}, München, - Auftraggeber -\nund der {OWN}, Hamburg, - Produzent -", "geschlossen am 4. Oktober 2024", "Die Vergütung beträgt 20.000,00 EUR zuzüglich Mehrwertsteuer in drei Raten."])
    p("Verträge/Honorarvertrag Kowalczyk.docx", ["# Honorarvertrag HV-25-02", f"Die {OWN} (nachfolgend Auftraggeberin)\nund Jana Kowalczyk, Hamburg (nachfolgend Auftragnehmerin)\nvereinbaren:", "Kameraarbeit an zehn Tagen, Tagessatz 450,00 EUR.", "Hamburg, den 8. Januar 2025"])
    p("Verträge/freelance Price.docx", ["# Freelance agreement", "No. HV-25-03, dated 3 February 2025", f"Between {OWN} (the Company) and Owen Price, Cardiff (the Editor).", "Fee: EUR 370.00 per day."])
    p("Verträge/Marelle.txt", f"CONTRAT DE CESSION DE DROITS\nRéférence : CM-31\n\nEntre {OWN}, le cédant,\net {MARELLE}, le cessionnaire.\n\nFait à Paris, le 20 janvier 2025\n\nPrix : 1 900,00 € hors taxes.\n")
    p("Verträge/petersen.md", f"---\nvertragspartner: {RENT}\nvertragsnummer: RV-77\nbeginn: 2023-06-01\n---\n\n# Mietrahmenvertrag\n\nKameras und Objektive nach Liste, zehn Prozent Nachlass.\n")
    # Angebote, Aufträge
    p("Angebote/AN-25-004 Lüneburg.docx", [HEAD, f"{TOWN}\nPressestelle", "# Angebot AN-25-004", "Datum: 7. Januar 2025", "Imagefilm über die Elbe, Drehbuch: 2.400,00 EUR netto\nGesamt: 2.856,00 EUR"])
    p("Angebote/AN-25-006 Beacon.pdf", [HEAD, "# Quotation AN-25-006", [["Date", "16 January 2025"], ["Client", BEACON]], [["Animation, 3 minutes", "EUR 3,150.00"], ["Total", "EUR 3,150.00"]]])
    p("Angebote/AN-25-009 Museum.docx", [HEAD, "Museum am Deich e.V.", "# Angebot AN-25-009", "Datum: 3. März 2025", "Hörstationen\nGesamt: 5.950,00 EUR"])
    p("Aufträge/Auftrag 4500078112.pdf", [TOWN, "# Auftrag", [["Auftragsnummer", "4500078112"], ["Datum", "14.01.2025"], ["Auftragnehmer", OWN], ["Ihr Angebot", "AN-25-004"]], "Imagefilm über die Elbe, Drehbuch, laut Angebot."])
    p("Aufträge/BL-PO-5567.pdf", [BEACON, "# Purchase order", [["PO number", "BL-PO-5567"], ["Date", "22 January 2025"], ["Vendor", OWN], ["Quotation", "AN-25-006"]], [["Animation", "EUR 3,150.00"]]])
    # Post
    us = "Mira Lindner <mira@lindnervoss.example>"
    mail(root / "Post/2025-01-27 Kanal Acht.eml", "Rechnungswesen <re@kanalacht.example>", us, "Ihre Rechnung AR-25-001", "2025-01-27", f"Sehr geehrte Frau Lindner,\n\nwir haben Ihre Rechnung AR-25-001 heute angewiesen.\n\nMit freundlichen Grüßen\nPaul Sattler\n{EIGHT}\n")
    mail(root / "Post/2025-02-05 Beacon PO.eml", "Grace Odell <grace@beacon.example>", us, "purchase order", "2025-02-05", f"Hi Mira,\n\nyour invoice must quote BL-PO-5567, otherwise finance sends it back.\n\nGrace Odell\n{BEACON}\n")
    mail(root / "Post/2025-03-17 Mahnung Petersen.eml", "buchhaltung@petersen-kamera.example", us, "Zahlungserinnerung", "2025-03-17", f"Guten Tag,\n\nunsere Rechnung 2025/0163 vom 20.02.2025 über 595,00 EUR ist noch offen.\n\n{RENT}\n")
    mail(root / "Post/2025-03-10 Marelle.eml", "compta@marelle.example", us, "Votre facture", "2025-03-10", f"Madame,\n\nvotre facture AR-25-004 a été réglée le 6 mars.\n\nService comptable\n{MARELLE}\n")
    p("Protokolle/2025-01-13 Produktion.docx", ["# Protokoll Produktionssitzung", "Datum: 13.01.2025\nAnwesend: Mira Lindner, Falk Voss, Jana Kowalczyk\nEntschuldigt: Timo Brandt", "TOP 1 Moorland (LV-24-03): Mischung bei Weiß in der nächsten Woche.", "TOP 2 Elbe (LV-25-01): Jana dreht ab dem 20. nach HV-25-02."])
    p("Protokolle/2025-02-20 call.md", "# Call with Beacon, 20 February 2025\n\nAttendees: Mira Lindner, Grace Odell, Owen Price\n\n- Tides (LV-25-02): rough cut by 10 March.\n- Owen's days run under HV-25-03.\n")
    # Listen
    sheet(root / "Bank/Umsaetze_2025.csv", [["Buchungstag", "Wertstellung", "Buchungstext", "Auftraggeber/Empfänger", "Verwendungszweck", "Betrag", "Währung"],
        ["20.01.2025", "20.01.2025", "ÜBERWEISUNG", "Kameraverleih Petersen", "Beleg 2025/0117", "-1.071,00", "EUR"], ["27.01.2025", "27.01.2025", "GUTSCHRIFT", "KANAL ACHT FERNSEHEN AG", "AR-25-001", "9.520,00", "EUR"], ["03.02.2025", "03.02.2025", "ÜBERWEISUNG", "Jana Kowalczyk", "Honorar 07/2025", "-2.250,00", "EUR"],
        ["05.02.2025", "05.02.2025", "ÜBERWEISUNG", "TONSTUDIO WEISS GMBH", "TW-889", "-714,00", "EUR"], ["07.02.2025", "07.02.2025", "GUTSCHRIFT", "HANSESTADT LUENEBURG STADTKASSE", "AR-25-002 / 4500078112", "2.856,00", "EUR"], ["21.02.2025", "21.02.2025", "GUTSCHRIFT", "BEACON LEARNING LTD", "INV AR25003", "3.150,00", "EUR"],
        ["25.02.2025", "25.02.2025", "ÜBERWEISUNG", "Studio Lumiere SARL", "FA-2025-44", "-960,00", "EUR"], ["06.03.2025", "06.03.2025", "GUTSCHRIFT", "EDITIONS MARELLE", "FACTURE AR-25-004", "1.900,00", "EUR"], ["10.03.2025", "10.03.2025", "LASTSCHRIFT", "Hamburg Strom", "Abschlag März", "-118,00", "EUR"],
        ["12.03.2025", "12.03.2025", "GUTSCHRIFT", "KANAL ACHT FERNSEHEN AG", "Schlussrate Moorland", "4.760,00", "EUR"], ["14.03.2025", "14.03.2025", "ÜBERWEISUNG", "O. Price", "Inv 0312", "-1.480,00", "EUR"]], ";", "cp1252")
    p("Listen/Reisekosten.xlsx", {"2025": [["Beleg", "Mitarbeiter", "Datum", "Projekt", "Zweck", "Betrag (EUR)"], ["R1", "Mira Lindner", date(2025, 1, 21), "LV-25-01", "Bahn Lüneburg", 34.8], ["R2", "Falk Voss", date(2025, 1, 21), "LV-25-01", "Mietwagen", 112.5], ["R3", "Mira Lindner", date(2025, 2, 6), "LV-24-03", "Hotel München", 189.0], ["R4", "Timo Brandt", date(2025, 2, 19), "LV-25-02", "Flug Bristol", 241.3], ["R5", "Falk Voss", date(2025, 3, 4), "LV-24-03", "Taxi", 23.7], ["Summe", None, None, None, None, 601.3]]})
    p("Listen/Projekte.xlsx", {"Projekte": [["Projektnummer", "Titel", "Kunde", "Budget", "Beginn"], ["LV-24-03", "Moorland", EIGHT, 20000, date(2024, 10, 4)], ["LV-25-01", "Elbe", "Stadt Lüneburg", 12000, date(2025, 1, 14)], ["LV-25-02", "Tides", BEACON, 3150, date(2025, 1, 22)], ["LV-25-03", "Deich", "Museum am Deich", 5000, None]]})
    sheet(root / "Shop/bestellungen.csv", [["Bestellnummer", "Bestelldatum", "Status", "Kundennummer", "Kunde", "Artikel", "Menge", "Gesamtsumme"],
        ["70011", "04.01.2025", "abgeschlossen", "K-101", "Bettina Ahrens", "DVD Wattenmeer", "1", "19,90"], ["70012", "09.01.2025", "abgeschlossen", "K-102", "Luc Moreau", "DVD Wattenmeer", "2", "39,80"], ["70013", "17.01.2025", "storniert", "K-103", "Sven Otte", "Poster Elbe", "1", "12,00"],
        ["70014", "02.02.2025", "abgeschlossen", "K-101", "Bettina Ahrens", "Poster Elbe", "3", "36,00"], ["70015", "20.02.2025", "in Bearbeitung", "K-105", "Anke Grote", "DVD Wattenmeer", "1", "19,90"], ["70016", "01.03.2025", "abgeschlossen", "K-102", "Luc Moreau", "Poster Elbe", "1", "12,00"]], ";")
    sheet(root / "Shop/kunden.csv", [["Kundennummer", "Nachname", "Vorname", "Ort"], ["K-101", "Ahrens", "Bettina", "Husum"], ["K-102", "Moreau", "Luc", "Lille"], ["K-103", "Otte", "Sven", "Kiel"], ["K-104", "Raabe", "Ilse", "Hamburg"], ["K-105", "Grote", "Anke", "Bremen"]], ";")
    sheet(root / "Shop/retouren.csv", [["Retoure", "Bestellung", "Datum", "Erstattung"], ["RT-1", "70012", "16.01.2025", "19,90"], ["RT-2", "70013", "20.01.2025", "12,00"]], ";")


AR, ER, V, AN, AU, PO, PR = "Rechnungen/Ausgang/", "Rechnungen/Eingang/", "Verträge/", "Angebote/", "Aufträge/", "Post/", "Protokolle/"
B, BANK = "Bank/Umsaetze_2025.csv:", "Bank/Umsaetze_2025.csv"
BE, KU, RT, REISE, PROJ = "Shop/bestellungen.csv:", "Shop/kunden.csv:", "Shop/retouren.csv:", "Listen/Reisekosten.xlsx!2025:", "Listen/Projekte.xlsx!Projekte:"
a1, a2, a3, a4, a5, a6 = (AR + n for n in ("AR-25-001 Kanal Acht.pdf", "AR-25-002 Lüneburg.docx", "AR-25-003 Beacon.html", "AR-25-004 Marelle.pdf", "AR-25-005 Kanal Acht.pdf", "AR-25-006 Lüneburg.docx"))
p1, p2, tw, jk, op, lu = (ER + n for n in ("petersen 0117.html", "petersen 0163.html", "Tonstudio TW-889.docx", "kowalczyk jan.txt", "price 0312.pdf", "lumiere FA-2025-44.pdf"))
va, vj, vo, vm, vp = (V + n for n in ("Kanal Acht.pdf", "Honorarvertrag Kowalczyk.docx", "freelance Price.docx", "Marelle.txt", "petersen.md"))
NAMES = {TOWN: {"stadt lüneburg", "lüneburg"}, RENT: {"kameraverleih petersen"}, EIGHT: {"kanal acht fernsehen"}, MARELLE: {"éditions marelle"}, JANA: {"jana kowalczyk"}, LUMIERE: {"studio lumiere"}, SOUND: {"tonstudio weiß"}, OWEN: {"owen price"}, BEACON: {"beacon learning"}}
TASKS = [
    Task("bank x Ausgangsrechnungen, Rechnungsnummer", "join", dict(left=BANK, right="Rechnungen/Ausgang", on=("Rechnungsnummer",)), truth={(B + "3", a1), (B + "6", a2), (B + "7", a3), (B + "9", a4)}),
    Task("Ausgangsrechnungen without payment, Rechnungsnummer", "join", dict(how="anti", left="Rechnungen/Ausgang", right=BANK, on=("Rechnungsnummer",)), truth={(a5, ""), (a6, "")}),
    Task("bank x Eingangsrechnungen, invoice_number", "join", dict(left=BANK, right="Rechnungen/Eingang", on=("invoice_number",)), truth={(B + "2", p1), (B + "4", jk), (B + "5", tw), (B + "8", lu), (B + "12", op)}),
    Task("bank x Rechnungen, counterparty and amount", "join", dict(left=BANK, right="Rechnungen/**/*", on=("counterparty", "amount")), truth={(B + "2", p1), (B + "3", a1), (B + "4", jk), (B + "5", tw), (B + "6", a2), (B + "7", a3), (B + "8", lu), (B + "9", a4), (B + "11", a5), (B + "12", op)}),
    Task("bank x Rechnungen, amount and date", "join", dict(left=BANK, right="Rechnungen/**/*", on=("amount", "date"), within="14d"), truth={(B + "2", p1), (B + "4", jk), (B + "5", tw), (B + "6", a2), (B + "8", lu), (B + "11", a5), (B + "12", op)}),
    Task("bank without invoice, amount", "join", dict(how="anti", left=BANK, right="Rechnungen/**/*", on=("amount",)), truth={(B + "10", "")}),
    Task("Rechnungen x Verträge, Vertragsnummer", "join", dict(left="Rechnungen/**/*", right="Verträge", on=("Vertragsnummer",)), truth={(a1, va), (a5, va), (a4, vm), (p1, vp), (p2, vp), (jk, vj), (op, vo)}),
    Task("Rechnungen x Verträge, counterparty", "join", dict(left="Rechnungen/**/*", right="Verträge", on=("counterparty",)), truth={(a1, va), (a5, va), (a4, vm), (p1, vp), (p2, vp), (jk, vj), (op, vo)}),
    Task("Aufträge x Angebote, quote number", "join", dict(left="Aufträge", right="Angebote", on=("quote_number",)), truth={(AU + "Auftrag 4500078112.pdf", AN + "AN-25-004 Lüneburg.docx"), (AU + "BL-PO-5567.pdf", AN + "AN-25-006 Beacon.pdf")}),
    Task("Angebote without Auftrag, quote number", "join", dict(how="anti", left="Angebote", right="Aufträge", on=("Angebotsnummer",)), truth={(AN + "AN-25-009 Museum.docx", "")}),
    Task("Ausgangsrechnungen x Aufträge, order number", "join", dict(left="Rechnungen/Ausgang", right="Aufträge", on=("order_number",)), truth={(a2, AU + "Auftrag 4500078112.pdf"), (a3, AU + "BL-PO-5567.pdf")}),
    Task("Post x Rechnungen, invoice number", "join", dict(left="Post", right="Rechnungen/**/*", on=("invoice_number",)), truth={(PO + "2025-01-27 Kanal Acht.eml", a1), (PO + "2025-03-17 Mahnung Petersen.eml", p2), (PO + "2025-03-10 Marelle.eml", a4)}),
    Task("Post x Aufträge, order number", "join", dict(left="Post", right="Aufträge", on=("order_number",)), truth={(PO + "2025-02-05 Beacon PO.eml", AU + "BL-PO-5567.pdf")}),
    Task("Protokolle x Verträge, Vertragsnummer", "join", dict(left="Protokolle", right="Verträge", on=("Vertragsnummer",)), truth={(PR + "2025-01-13 Produktion.docx", vj), (PR + "2025-02-20 call.md", vo)}),
    Task("Reisekosten x Projekte, project", "join", dict(left="Listen/Reisekosten.xlsx", right="Listen/Projekte.xlsx", on=("Projekt=Projektnummer",)), truth={(REISE + str(a), PROJ + str(b)) for a, b in ((2, 3), (3, 3), (4, 2), (5, 4), (6, 2))}),
    Task("Projekte without Rechnung, project", "join", dict(how="anti", left="Listen/Projekte.xlsx", right="Rechnungen/**/*", on=("Projektnummer=Projekt",)), truth={(PROJ + "5", "")}),
    Task("Bestellungen x Kunden, Kundennummer", "join", dict(left="Shop/bestellungen.csv", right="Shop/kunden.csv", on=("Kundennummer",)), truth={(BE + str(a), KU + str(b)) for a, b in ((2, 2), (3, 3), (4, 4), (5, 2), (6, 6), (7, 3))}),
    Task("Kunden without Bestellung, Kundennummer", "join", dict(how="anti", left="Shop/kunden.csv", right="Shop/bestellungen.csv", on=("Kundennummer",)), truth={(KU + "5", "")}),
    Task("Retouren x Bestellungen", "join", dict(left="Shop/retouren.csv", right="Shop/bestellungen.csv", on=("Bestellung=Bestellnummer",)), truth={(RT + "2", BE + "3"), (RT + "3", BE + "4")}),
    Task("sum of Ausgangsrechnungen by customer", "aggregate", dict(function="sum", field="amount", by=("customer",), query="Rechnungen/Ausgang"), truth={(EIGHT, "EUR"): "14280.00", (TOWN, "EUR"): "4284.00", (BEACON, "EUR"): "3150.00", (MARELLE, "EUR"): "1900.00"}, alias=NAMES),
    Task("sum of Eingangsrechnungen by supplier", "aggregate", dict(function="sum", field="amount", by=("supplier",), query="Rechnungen/Eingang"), truth={(RENT, "EUR"): "1666.00", (SOUND, "EUR"): "714.00", (JANA, "EUR"): "2250.00", (OWEN, "EUR"): "1480.00", (LUMIERE, "EUR"): "960.00"}, alias=NAMES),
    Task("count of Eingangsrechnungen by supplier", "aggregate", dict(function="count", by=("supplier",), query="Rechnungen/Eingang"), truth={(RENT, ""): "2", (SOUND, ""): "1", (JANA, ""): "1", (OWEN, ""): "1", (LUMIERE, ""): "1"}, alias=NAMES),
    Task("sum of Reisekosten by Projekt", "aggregate", dict(function="sum", field="Betrag", by=("Projekt",), query="Listen/Reisekosten.xlsx"), truth={("LV-25-01", "EUR"): "147.30", ("LV-24-03", "EUR"): "212.70", ("LV-25-02", "EUR"): "241.30"}),
    Task("max of Reisekosten by Mitarbeiter", "aggregate", dict(function="max", field="Betrag", by=("Mitarbeiter",), query="Listen/Reisekosten.xlsx"), truth={("Mira Lindner", "EUR"): "189.00", ("Falk Voss", "EUR"): "112.50", ("Timo Brandt", "EUR"): "241.30"}),
    Task("sum of Bestellungen by Artikel", "aggregate", dict(function="sum", field="Gesamtsumme", by=("Artikel",), query="Shop/bestellungen.csv"), truth={("DVD Wattenmeer", ""): "79.60", ("Poster Elbe", ""): "60.00"}),
    Task("count of Bestellungen by Status", "aggregate", dict(function="count", by=("Status",), query="Shop/bestellungen.csv"), truth={("abgeschlossen", ""): "4", ("storniert", ""): "1", ("in Bearbeitung", ""): "1"}),
    Task("min of bank by month", "aggregate", dict(function="min", field="Betrag", by=("date:month",), query=BANK), truth={("2025-01", "EUR"): "-1071.00", ("2025-02", "EUR"): "-2250.00", ("2025-03", "EUR"): "-1480.00"}),
    Task("sum of all invoices from February 2025", "aggregate", dict(function="sum", field="amount", by=(), query="invoices from February 2025"), truth={("", "EUR"): "11365.00"}),
    Task("ask: Kanal Acht", "ask", dict(question="Wie viel haben wir Kanal Acht 2025 berechnet?"), truth=("14.280", "14,280", "14280")),
]
