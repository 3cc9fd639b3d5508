"""The share of a vineyard in Québec, French and English, and questions with their truth.

What values_clinic asks, in another trade: credit notes, balances, licences, payslips, certificates,
dollars of two countries. Written at the same time; no rule was changed after a look at it.
"""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Vignoble du Coteau Rouge inc."
INN, SHOP, CLUB = "Auberge des Trois Ponts ltée", "Épicerie Lavallée", "Lakeside Wine Club Ltd."
CORK, GLASS, PRESS, HYDRO = (
    "Bouchons Delacroix SAS",
    "Granite State Bottle Company LLC",
    "Imprimerie Fortier inc.",
    "Hydro-Estrie",
)
LAND, BRAND, GAGNON, PAGE = (
    "Ferme Beauregard et Fils S.E.N.C.",
    "Coteau Heritage Brands Corp.",
    "Mélanie Gagnon",
    "Olivier Pagé",
)
HEAD = f"{OWN}\n1450, chemin du Coteau, Dunham (Québec) J0E 1M0\nN° TPS 81440 2217 RT0001"


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    p("Ventes/V-301 auberge.pdf", [HEAD, "# Facture", [["Numéro de facture", "V-301"], ["Date", "4 juin 2025"], ["Client", INN]], [["36 bouteilles rouge 2023", "648,00 $"], ["TPS", "32,40 $"], ["TVQ", "64,64 $"], ["Total", "745,04 $"]], "Payable dans les 30 jours"])
    p("Ventes/V-304 Lavallée.txt", f"{HEAD}\n\nFACTURE V-304\nDate : 11 juin 2025\n\nClient : {SHOP}\n\n24 bouteilles rosé 2024           384,00 $\nTPS et TVQ                         57,50 $\nTotal                             441,50 $\nAcompte versé                    -200,00 $\nSolde à payer                     241,50 $\n")
    html(root / "Ventes/V-307 wine club.html", "Invoice V-307", [("Bill to", f"{CLUB}<br>88 Lakeshore Road<br>Oakville ON"), ("Invoice date", "18 June 2025")], [("Description", "Amount"), ("60 bottles red 2023", "$1,020.00"), ("HST", "$132.60"), ("Amount due", "$1,152.60")], f"{OWN} · Dunham, Québec · all amounts in CAD")
    p("Ventes/NC-12 auberge.docx", [HEAD, "# Note de crédit", f"Note de crédit n° NC-12\nDate : 20 juin 2025\nClient : {INN}\nFacture d'origine : V-301", "Deux bouteilles bouchonnées : 36,00 $\nTPS et TVQ : 5,39 $\nTotal du crédit : 41,39 $"])
    p("Achats/Delacroix FA-8812.pdf", [f"{CORK}\n12 rue du Liège, 33000 Bordeaux\nSIRET 512 884 017 00021", "# Facture", [["Facture n°", "FA-8812"], ["Date", "02/06/2025"], ["Client", OWN], ["Votre commande", "C-41"]], [["5 000 bouchons", "1 150,00 €"], ["Remise", "-50,00 €"], ["Net à payer", "1 100,00 €"]]])
    p("Achats/Delacroix avoir.txt", f"{CORK}\n12 rue du Liège, 33000 Bordeaux\n\nAVOIR N° AV-203\nDate : 16/06/2025\nClient : {OWN}\nSur facture FA-8812\n\n300 bouchons défectueux          66,00 €\nTotal avoir                      66,00 €\n")
    table_docx(root / "Achats/Granite State 20418.docx", [f"{GLASS}\n7 Quarry Road, Keene, NH 03431, USA", "INVOICE 20418", f"June 5, 2025\n\nSold to: {OWN}", "P.O. number: C-42"], [["Item", "Amount"], ["2,400 bottles, Bordeaux green", "$2,160.00"], ["Freight", "$240.00"], ["Total due (USD)", "$2,400.00"]], ["Terms: net 30"])
    mail(root / "Achats/Granite State refund.eml", "Billing <billing@granitebottle.example>", "info@coteaurouge.example", "Credit for invoice 20418", "2025-06-19", f"Bonjour,\n\nwe are sorry about the broken pallet and have refunded USD 180.00 on invoice 20418.\n\nBest regards, Tina Marsh\n{GLASS}\n")
    p("Achats/Fortier 5120.pdf", [f"{PRESS}\n30, rue Principale, Cowansville (Québec)", "# Facture 5120", "Date : 9 juin 2025", f"Facturé à : {OWN}", [["6 000 étiquettes", "720,00 $"], ["TPS", "36,00 $"], ["TVQ", "71,82 $"], ["Montant dû", "827,82 $"]]])
    html(root / "Achats/hydro mai.html", "Votre facture d'électricité", [("Titulaire", OWN), ("N° de compte", "299 104 77"), ("N° de facture", "HE-660214"), ("Date de facturation", "30 mai 2025")], [("Solde précédent", "188,20 $"), ("Paiement reçu", "-188,20 $"), ("Consommation", "151,34 $"), ("Taxes", "22,66 $"), ("Montant à payer", "174,00 $")], f"{HYDRO} · C. P. 900, Granby")
    p("Commandes/C-41.txt", f"{OWN}\n\nBON DE COMMANDE C-41\nDate : 20 mai 2025\n\nFournisseur : {CORK}\n\n5 000 bouchons 45 mm\n")
    p("Commandes/C-42.txt", f"{OWN}\n\nPURCHASE ORDER C-42\n22 May 2025\n\nSupplier: {GLASS}\n\n2,400 bottles, Bordeaux green, at USD 0.90\n")
    p("Commandes/C-44.txt", f"{OWN}\n\nBON DE COMMANDE C-44\nDate : 12 juin 2025\n\nFournisseur : Tonnellerie Bastien\n\n2 barriques\n")
    p("Contrats/bail parcelle.docx", ["# Bail à ferme", f"ENTRE : {LAND} (ci-après « le Bailleur »)\nET : {OWN} (ci-après « le Locataire »)", "Le Bailleur loue au Locataire la parcelle 17, quatre hectares, du 1er avril 2024 au 31 mars 2034.", "Le loyer annuel est de 6 400,00 $.", "Signé à Dunham le 15 mars 2024"])
    p("Contrats/brand licence.pdf", ["# TRADEMARK LICENCE", "Agreement no. TL-9", f"This agreement is made on 2 May 2024 between {BRAND} (the \"Licensor\") and {OWN} (the \"Licensee\").", "The Licensee may use the mark COTEAU ROUGE on wine sold in Canada until 1 May 2027.", "Licence fee: CAD 1,500.00 per year."])
    p("Contrats/emploi Gagnon.txt", f"CONTRAT DE TRAVAIL\n\nEmployeur : {OWN}\nEmployée : {GAGNON}\nFonction : œnologue\nDate d'entrée : 3 février 2025\nSalaire : 68 000,00 $ par année\n")
    p("Personnel/paie Gagnon juin.pdf", [OWN, "# Bulletin de paie", [["Employée", GAGNON], ["Matricule", "P-07"], ["Période", "juin 2025"]], [["Salaire brut", "5 666,67 $"], ["Retenues", "1 402,10 $"], ["Salaire net", "4 264,57 $"]]])
    p("Personnel/paie Pagé juin.pdf", [OWN, "# Bulletin de paie", [["Employé", PAGE], ["Matricule", "P-03"], ["Période", "juin 2025"]], [["Salaire brut", "4 300,00 $"], ["Retenues", "940,00 $"], ["Salaire net", "3 360,00 $"]]])
    p("Personnel/attestation Pagé.txt", f"CENTRE DE FORMATION AGRICOLE DE BROME\n\nATTESTATION\n\nNous attestons que\n{PAGE}\na suivi la formation « Application des pesticides ».\n\nNuméro d'attestation : AT-5510\nDate : 14 avril 2025\n")
    p("Personnel/CV Roy.docx", ["# Amélie Roy", "Curriculum vitæ", "amelie.roy@courriel.example", "Expérience", "2022 - 2025 Vendangeuse, Domaine des Pins inc.", "Formation", "2021 Diplôme en viticulture"])
    p("Lettres/rappel Lavallée.docx", [HEAD, f"{SHOP}\n9, rue du Moulin\nSutton (Québec)", "Le 15 juillet 2025", "Facture V-304", "Madame, Monsieur,", "le solde de 241,50 $ de la facture V-304 demeure impayé.", "Cordialement, Mélanie Gagnon"])
    p("Lettres/bailleur.pdf", [f"{LAND}\n600, rang Saint-Joseph, Dunham", "Le 3 juin 2025", f"{OWN}\n1450, chemin du Coteau\nDunham", "Objet : chemin d'accès", "Bonjour,", "nous réparerons le chemin de la parcelle 17 en août.", "Salutations, Denis Beauregard"])
    sheet(root / "Banque/juin.csv", [["Date", "Description", "Retrait", "Dépôt", "Solde"],
        ["2025-06-11", "DEPOT EPICERIE LAVALLEE V-304", "", "200.00", "9200.00"], ["2025-06-17", "HYDRO-ESTRIE HE-660214", "174.00", "", "9026.00"], ["2025-06-27", "IMPRIMERIE FORTIER FACT 5120", "827.82", "", "8198.18"], ["2025-06-30", "PAIE M GAGNON", "4264.57", "", "3933.61"], ["2025-07-02", "AUBERGE DES TROIS PONTS V-301 - NC-12", "", "703.65", "4637.26"]])
    p("Notes/cuverie.md", "---\nprojet: Nouvelle cuverie\nresponsable: Mélanie Gagnon\nstatut: en cours\n---\n\nDeux barriques commandées (C-44).\n")


V, A, C, K, S, L = "Ventes/", "Achats/", "Commandes/", "Contrats/", "Personnel/", "Lettres/"
v1, v4, v7, nc = (V + x for x in ("V-301 auberge.pdf", "V-304 Lavallée.txt", "V-307 wine club.html", "NC-12 auberge.docx"))
de, av, gr, grr, fo, hy = (A + x for x in ("Delacroix FA-8812.pdf", "Delacroix avoir.txt", "Granite State 20418.docx", "Granite State refund.eml", "Fortier 5120.pdf", "hydro mai.html"))
c41, c42, c44, bail, lic, emp = C + "C-41.txt", C + "C-42.txt", C + "C-44.txt", K + "bail parcelle.docx", K + "brand licence.pdf", K + "emploi Gagnon.txt"
pg, pp, att, cv, rap, bll = (x for x in (S + "paie Gagnon juin.pdf", S + "paie Pagé juin.pdf", S + "attestation Pagé.txt", S + "CV Roy.docx", L + "rappel Lavallée.docx", L + "bailleur.pdf"))
BANK = "Banque/juin.csv"
R = BANK + ":"
NAMES = {OWN: {"vignoble du coteau rouge"}, INN: {"auberge des trois ponts", "auberge des trois ponts ltée"}, CLUB: {"lakeside wine club"}, CORK: {"bouchons delacroix"}, GLASS: {"granite state bottle company", "granite state bottle company llc"}, PRESS: {"imprimerie fortier"}, LAND: {"ferme beauregard et fils", "ferme beauregard et fils s.e.n.c"}, BRAND: {"coteau heritage brands", "coteau heritage brands corp"}}
TASKS = [
    Task("group client Ventes", "group", dict(key="client", dir="Ventes"), truth={INN: {v1, nc}, SHOP: {v4}, CLUB: {v7}}, alias=NAMES),
    Task("group fournisseur Achats", "group", dict(key="fournisseur", dir="Achats"), truth={CORK: {de, av}, GLASS: {gr, grr}, PRESS: {fo}, HYDRO: {hy}}, alias=NAMES),
    Task("group counterparty Contrats", "group", dict(key="counterparty", dir="Contrats"), truth={LAND: {bail}, BRAND: {lic}, GAGNON: {emp}}, alias=NAMES),
    Task("group bailleur", "group", dict(key="bailleur", dir="Contrats"), truth={LAND: {bail}}, alias=NAMES),
    Task("group licensor", "group", dict(key="licensor", dir="Contrats"), truth={BRAND: {lic}}, alias=NAMES),
    Task("group party Personnel", "group", dict(key="party", dir="Personnel"), truth={GAGNON: {pg}, PAGE: {pp, att}, "Amélie Roy": {cv}, OWN: {pg, pp}}, alias=NAMES, maybe=frozenset({att})),
    Task("group counterparty Lettres", "group", dict(key="counterparty", dir="Lettres"), truth={SHOP: {rap}, LAND: {bll}}, alias=NAMES),
    Task("group author Lettres", "group", dict(key="author", dir="Lettres"), truth={GAGNON: {rap}, "Denis Beauregard": {bll}}),
    Task("achats x commandes", "join", dict(left="Achats", right="Commandes", on=("order_number",)), truth={(de, c41), (gr, c42)}),
    Task("commandes sans facture", "join", dict(how="anti", left="Commandes", right="Achats", on=("order_number",)), truth={(c44, "")}),
    Task("banque x ventes", "join", dict(left=BANK, right="Ventes/V-*", on=("invoice_number",)), truth={(R + "2", v4), (R + "6", v1)}),
    Task("banque x achats", "join", dict(left=BANK, right="Achats", on=("invoice_number",)), truth={(R + "3", hy), (R + "4", fo)}),
    Task("lettres x ventes", "join", dict(left="Lettres", right="Ventes", on=("invoice_number",)), truth={(rap, v4)}),
    Task("sum by client", "aggregate", dict(function="sum", field="amount", by=("client",), query="Ventes"), truth={(INN, "CAD"): "703.65", (SHOP, "CAD"): "441.50", (CLUB, "CAD"): "1152.60"}, alias=NAMES),
    Task("sum by fournisseur", "aggregate", dict(function="sum", field="total", by=("supplier",), query="Achats"), truth={(CORK, "EUR"): "1034.00", (GLASS, "USD"): "2220.00", (PRESS, "CAD"): "827.82", (HYDRO, "CAD"): "174.00"}, alias=NAMES),
    Task("sum by currency", "aggregate", dict(function="sum", field="amount", by=("currency",), query="Achats"), truth={("EUR", "EUR"): "1034.00", ("USD", "USD"): "2220.00", ("CAD", "CAD"): "1001.82"}),
    Task("max loyer", "aggregate", dict(function="max", field="loyer", by=("bailleur",), query="Contrats"), truth={(LAND, "CAD"): "6400.00"}, alias=NAMES),
    Task("ask: auberge", "ask", dict(question="Combien avons-nous facturé à l'Auberge des Trois Ponts en 2025 ?"), truth=("703,65", "703.65")),
    Task("ask: Granite State", "ask", dict(question="How much did Granite State Bottle bill us in 2025?"), truth=("2,220.00", "2220.00")),
    Task("ask: bailleur", "ask", dict(question="Qui est le bailleur ?"), truth=("Ferme Beauregard",)),
    Task("files: avoirs", "files", dict(question="avoirs"), truth={nc, av}, maybe=frozenset({grr})),
    Task("extract total Achats", "extract", dict(path="Achats", field=("total",), first=True), truth={(de, "1 100,00 €"), (av, "66,00 €"), (gr, "$2,400.00"), (fo, "827,82 $"), (hy, "174,00 $")}, maybe=frozenset({(grr, "USD 180.00")})),
]
