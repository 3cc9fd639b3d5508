"""The share of a translation bureau in Lyon, mostly French, and questions with their truth.

Written after the rules were changed for the bakery and the film producer, and asked once.
"""

# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Atelier des Langues SARL"
PUMP, CLINIC, VINO, MUSEUM = (
    "Northgate Pumps Ltd",
    "Klinik am Park GmbH",
    "Cave des Tilleuls SCEA",
    "Musée de la Soie",
)
ANJA, TOM, PAPER = "Anja Brandt", "Tom Hurley", "Papeterie Vasseur SAS"
HEAD = f"{OWN}\n18 rue Mercière, 69002 Lyon\nSIRET 512 884 210 00017"


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    p("Factures émises/F-2025-031.pdf", [HEAD, f"{PUMP}\n4 Foundry Road\nHull HU3 4TT", "# Facture F-2025-031", [["Date de facture", "07/04/2025"], ["Votre commande", "NP-88120"]], [["Traduction du manuel, 12 400 mots", "1 488,00 €"], ["TVA (autoliquidation)", "0,00 €"], ["Total à payer", "1 488,00 €"]]])
    table_docx(root / "Factures émises/F-2025-032.docx", [HEAD, f"{CLINIC}\nParkallee 12\n79098 Freiburg", "Rechnung F-2025-032 vom 15.04.2025", "Ihre Bestellung: 2025-B-0417"], [["Leistung", "Betrag"], ["Übersetzung Patientenbogen", "640,00 €"], ["Rechnungsbetrag", "640,00 €"]], ["Steuerschuldnerschaft des Leistungsempfängers."])
    html(root / "Factures émises/F-2025-033.html", "Facture F-2025-033", [("Émetteur", OWN), ("Destinataire", f"{VINO}<br>2 chemin des Vignes<br>69620 Oingt"), ("Date d'émission", "22 avril 2025"), ("Devis", "D-25-14")], [("Étiquettes en anglais et en allemand", "350,00 €"), ("TVA 20 %", "70,00 €"), ("Net à payer", "420,00 €")], "Pénalités de retard : trois fois le taux légal.")
    p("Factures émises/F-2025-034.txt", f"{HEAD}\n\nFacture F-2025-034\nLyon, le 5 mai 2025\n\n{MUSEUM}\n7 place des Canuts\n69004 Lyon\n\nAudioguide, traduction anglaise : 900,00 €\nTVA 20 % : 180,00 €\nMontant total : 1 080,00 €\n")
    p("Factures émises/F-2025-035.pdf", [HEAD, f"{PUMP}\n4 Foundry Road\nHull HU3 4TT", "# Facture F-2025-035", [["Date de facture", "19/05/2025"], ["Votre commande", "NP-88307"]], [["Relecture", "312,00 €"], ["TVA (autoliquidation)", "0,00 €"], ["Total à payer", "312,00 €"]]])
    p("Factures reçues/brandt 2025-11.docx", ["Anja Brandt · Übersetzerin", "Gartenstraße 3, 04275 Leipzig", "# Rechnung", f"Rechnungsnummer: 2025-11\nDatum: 28.04.2025\n\nAn {OWN}, Lyon", "Patientenbogen, 4.000 Wörter", "Gesamtbetrag: 360,00 EUR"])
    p("Factures reçues/hurley.pdf", ["Tom Hurley Translations", "# Invoice 0098", [["Invoice date", "12 May 2025"], ["Bill to", OWN], ["Agreement", "ST-07"]], [["Audio guide, 6,000 words", "EUR 540.00"], ["Balance due", "EUR 540.00"]]])
    html(root / "Factures reçues/vasseur.html", "FACTURE", [("Vendeur", f"{PAPER}, 11 quai Saint-Vincent, Lyon"), ("Client", OWN), ("N° facture", "V25-4471"), ("Date", "02/05/2025")], [("Papier, toner", "75,00 €"), ("TVA 20 %", "15,00 €"), ("Total TTC", "90,00 €")], "Merci de votre confiance")
    p("Contrats/sous-traitance Hurley.docx", ["# Contrat de sous-traitance ST-07", f"Entre {OWN}, ci-après « le Donneur d'ordre »,\net Tom Hurley, traducteur à Galway, ci-après « le Sous-traitant ».", "Fait à Lyon, le 10 février 2025"])
    p("Contrats/Rahmenvertrag Klinik.pdf", ["# Rahmenvertrag RV-2024-3", f"zwischen der {CLINIC}, Freiburg (Auftraggeberin)\nund der {OWN}, Lyon (Auftragnehmerin)", "Unterzeichnet am 2. Dezember 2024"])
    p("Contrats/northgate.txt", f"MASTER SERVICES AGREEMENT\n\nAgreement no. MSA-552\nDated 14 January 2025\n\n{PUMP} (\"the Customer\")\nand {OWN} (\"the Supplier\")\n\nRates as per annex.\n")
    p("Commandes/NP-88120.pdf", [PUMP, "# Purchase Order", [["PO Number", "NP-88120"], ["PO Date", "24 March 2025"], ["Supplier", OWN]], [["Manual EN-FR", "EUR 1,488.00"]]])
    p("Commandes/2025-B-0417.txt", f"{CLINIC}\n\nBestellung\n\nBestell-Nr.: 2025-B-0417\nBestelldatum: 02.04.2025\nLieferant: {OWN}\n\nÜbersetzung Patientenbogen, 640,00 €\n")
    p("Commandes/NP-88411.pdf", [PUMP, "# Purchase Order", [["PO Number", "NP-88411"], ["PO Date", "26 May 2025"], ["Supplier", OWN]], [["Data sheets EN-DE", "EUR 220.00"]]])
    p("Devis/D-25-14.docx", [HEAD, VINO, "# Devis D-25-14", "Date : 3 avril 2025", "Étiquettes, deux langues : 350,00 € HT\nTotal TTC : 420,00 €"])
    p("Devis/D-25-17.docx", [HEAD, "Lycée Ampère", "# Devis D-25-17", "Date : 9 mai 2025", "Site web : 1 200,00 € HT\nTotal TTC : 1 440,00 €"])
    us = "Claire Monnet <claire@atelierlangues.example>"
    mail(root / "Courrier/2025-05-28 Northgate.eml", "AP <ap@northgate.example>", us, "Query", "2025-05-28", f"Dear Claire,\n\ninvoice F-2025-035 was sent without our order number NP-88307 on the first page.\n\nRegards\nAccounts, {PUMP}\n")
    mail(root / "Courrier/2025-06-03 relance Vasseur.eml", "compta@vasseur.example", us, "Relance", "2025-06-03", f"Bonjour,\n\nsauf erreur, notre facture V25-4471 du 2 mai reste impayée.\n\n{PAPER}\n")
    sheet(root / "Banque/releve_T2_2025.csv", [["Date opération", "Date valeur", "Libellé", "Débit euros", "Crédit euros"],
        ["28/04/2025", "28/04/2025", "VIR RECU KLINIK AM PARK GMBH F-2025-032", "", "640,00"], ["05/05/2025", "05/05/2025", "VIR EMIS BRANDT ANJA RG 2025-11", "360,00", ""], ["07/05/2025", "08/05/2025", "VIR RECU NORTHGATE PUMPS LTD F2025031", "", "1 488,00"],
        ["15/05/2025", "15/05/2025", "VIR RECU CAVE DES TILLEULS FACTURE 033", "", "420,00"], ["21/05/2025", "21/05/2025", "VIR EMIS T HURLEY INV 0098", "540,00", ""], ["30/05/2025", "30/05/2025", "FRAIS DE TENUE DE COMPTE", "9,90", ""]], ";", "cp1252")
    p("Listes/heures.xlsx", {"Mai": [["Date", "Traductrice", "Dossier", "Heures", "Tarif (EUR)", "Montant (EUR)"], [date(2025, 5, 5), "Claire Monnet", "NP-88120", 6, 45, 270], [date(2025, 5, 6), "Inès Roux", "F-AUDIO", 4, 40, 160], [date(2025, 5, 7), "Claire Monnet", "NP-88307", 3, 45, 135], [date(2025, 5, 9), "Inès Roux", "F-AUDIO", 5, 40, 200]]})
    sheet(root / "Boutique/commandes.csv", [["N° commande", "Date commande", "Statut", "E-mail client", "Produit", "Quantité", "Total TTC"],
        ["1201", "02/04/2025", "expédiée", "a.petit@mel.example", "Lexique juridique", "1", "24,00"], ["1202", "11/04/2025", "annulée", "b.noel@mel.example", "Lexique médical", "1", "28,00"], ["1203", "30/04/2025", "expédiée", "a.petit@mel.example", "Lexique médical", "2", "56,00"], ["1204", "12/05/2025", "expédiée", "c.diaz@mel.example", "Lexique juridique", "1", "24,00"]], ";")
    sheet(root / "Boutique/clients.csv", [["Réf client", "Nom", "E-mail", "Ville"], ["C1", "Alice Petit", "a.petit@mel.example", "Lyon"], ["C2", "Bruno Noël", "b.noel@mel.example", "Nice"], ["C4", "Dora Weil", "d.weil@mel.example", "Metz"]], ";")
    sheet(root / "Boutique/remboursements.csv", [["Remboursement", "Commande", "Date", "Montant"], ["RB-1", "1202", "15/04/2025", "28,00"]], ";")


E, R, C, O, D, M = "Factures émises/", "Factures reçues/", "Contrats/", "Commandes/", "Devis/", "Courrier/"  # noqa: E741
f1, f2, f3, f4, f5 = (E + n for n in ("F-2025-031.pdf", "F-2025-032.docx", "F-2025-033.html", "F-2025-034.txt", "F-2025-035.pdf"))
br, hu, va = (R + n for n in ("brandt 2025-11.docx", "hurley.pdf", "vasseur.html"))
ch, ck, cn = (C + n for n in ("sous-traitance Hurley.docx", "Rahmenvertrag Klinik.pdf", "northgate.txt"))
BANK, B, CO, CL, RB = "Banque/releve_T2_2025.csv", "Banque/releve_T2_2025.csv:", "Boutique/commandes.csv:", "Boutique/clients.csv:", "Boutique/remboursements.csv:"
NAMES = {PUMP: {"northgate pumps"}, CLINIC: {"klinik am park"}, VINO: {"cave des tilleuls"}, TOM: {"tom hurley translations"}, PAPER: {"papeterie vasseur"}}
TASKS = [
    Task("relevé x factures émises, numéro de facture", "join", dict(left=BANK, right="Factures émises", on=("numéro de facture",)), truth={(B + "2", f2), (B + "4", f1)}, maybe=frozenset({(B + "5", f3)})),
    Task("factures émises without payment", "join", dict(how="anti", left="Factures émises", right=BANK, on=("amount",)), truth={(f4, ""), (f5, "")}),
    Task("relevé x factures reçues, invoice_number", "join", dict(left=BANK, right="Factures reçues", on=("invoice_number",)), truth={(B + "3", br), (B + "6", hu)}),
    Task("relevé x factures, counterparty and amount", "join", dict(left=BANK, right="Factures*/*", on=("counterparty", "amount")), truth={(B + "2", f2), (B + "3", br), (B + "4", f1), (B + "5", f3), (B + "6", hu)}),
    Task("relevé x factures, amount and date", "join", dict(left=BANK, right="Factures*/*", on=("amount", "date"), within="21d"), truth={(B + "2", f2), (B + "3", br), (B + "6", hu)}),
    Task("factures x commandes, order number", "join", dict(left="Factures émises", right="Commandes", on=("order_number",)), truth={(f1, O + "NP-88120.pdf"), (f2, O + "2025-B-0417.txt")}),
    Task("commandes without facture", "join", dict(how="anti", left="Commandes", right="Factures émises", on=("order_number",)), truth={(O + "NP-88411.pdf", "")}),
    Task("factures x contrats, counterparty", "join", dict(left="Factures*/*", right="Contrats", on=("counterparty",)), truth={(f1, cn), (f5, cn), (f2, ck), (hu, ch)}),
    Task("factures x contrats, contract number", "join", dict(left="Factures*/*", right="Contrats", on=("contract_number",)), truth={(hu, ch)}),
    Task("factures x devis, numéro de devis", "join", dict(left="Factures émises", right="Devis", on=("numéro de devis",)), truth={(f3, D + "D-25-14.docx")}),
    Task("devis without facture, left", "join", dict(how="anti", left="Devis", right="Factures émises", on=("quote_number",)), truth={(D + "D-25-17.docx", "")}),
    Task("courrier x factures, invoice number", "join", dict(left="Courrier", right="Factures*/*", on=("invoice_number",)), truth={(M + "2025-05-28 Northgate.eml", f5), (M + "2025-06-03 relance Vasseur.eml", va)}),
    Task("heures x factures, dossier=order number", "join", dict(left="Listes/heures.xlsx", right="Factures émises", on=("Dossier=order_number",)), truth={("Listes/heures.xlsx!Mai:2", f1), ("Listes/heures.xlsx!Mai:4", f5)}),
    Task("commandes x clients, e-mail", "join", dict(left="Boutique/commandes.csv", right="Boutique/clients.csv", on=("E-mail client=E-mail",)), truth={(CO + "2", CL + "2"), (CO + "3", CL + "3"), (CO + "4", CL + "2")}),
    Task("clients without commande, e-mail", "join", dict(how="anti", left="Boutique/clients.csv", right="Boutique/commandes.csv", on=("email",)), truth={(CL + "4", "")}),
    Task("remboursements x commandes", "join", dict(left="Boutique/remboursements.csv", right="Boutique/commandes.csv", on=("Commande=N° commande",)), truth={(RB + "2", CO + "3")}),
    Task("sum of factures émises by client", "aggregate", dict(function="sum", field="amount", by=("client",), query="Factures émises"), truth={(PUMP, "EUR"): "1800.00", (CLINIC, "EUR"): "640.00", (VINO, "EUR"): "420.00", (MUSEUM, "EUR"): "1080.00"}, alias=NAMES),
    Task("sum of factures reçues by fournisseur", "aggregate", dict(function="sum", field="amount", by=("fournisseur",), query="Factures reçues"), truth={(ANJA, "EUR"): "360.00", (TOM, "EUR"): "540.00", (PAPER, "EUR"): "90.00"}, alias=NAMES),
    Task("sum of montants by dossier", "aggregate", dict(function="sum", field="Montant", by=("Dossier",), query="Listes/heures.xlsx"), truth={("NP-88120", "EUR"): "270.00", ("F-AUDIO", "EUR"): "360.00", ("NP-88307", "EUR"): "135.00"}),
    Task("max of heures by traductrice", "aggregate", dict(function="max", field="Heures", by=("Traductrice",), query="Listes/heures.xlsx"), truth={("Claire Monnet", ""): "6", ("Inès Roux", ""): "5"}),
    Task("count of commandes by statut", "aggregate", dict(function="count", by=("Statut",), query="Boutique/commandes.csv"), truth={("expédiée", ""): "3", ("annulée", ""): "1"}),
    Task("sum of commandes by produit", "aggregate", dict(function="sum", field="Total TTC", by=("Produit",), query="Boutique/commandes.csv"), truth={("Lexique juridique", ""): "48.00", ("Lexique médical", ""): "84.00"}),
    Task("sum of débits by month", "aggregate", dict(function="sum", field="Débit euros", by=("date:month",), query=BANK), truth={("2025-05", "EUR"): "909.90"}),
    Task("min of invoices of April and May", "aggregate", dict(function="min", field="amount", by=("supplier",), query="invoices from May 2025"), truth={(TOM, "EUR"): "540.00", (PAPER, "EUR"): "90.00", (OWN, "EUR"): "312.00"}, alias={**NAMES, OWN: {"atelier des langues"}}),
]
