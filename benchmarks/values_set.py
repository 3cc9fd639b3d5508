"""The share of a housing association, a third in German and French, and questions with their truth.

Leases, reminders, a bank's list, policies, claims, quotations, invoices, members, notes with front
matter. Written as somebody would who has not seen a rule of lsfs, before any was changed for it.
"""

# ruff: noqa: E501

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from msgspec import Struct, field

Truth = Mapping[Any, Any]


class Task(Struct, frozen=True):
    """A question, and what is right.

    Attributes:
        do: group, join, aggregate, ask, files or extract.
        arguments: of the method of a drive.
        truth: of groups the files of each label; of joins the pairs; of aggregates the value of
            each group and currency; of a question one of some numbers; of files their paths; of an
            extraction paths with values.
        maybe: what is neither right nor wrong.
        alias: other labels that are right.
    """

    name: str
    do: str
    arguments: Mapping[str, Any]
    truth: Any
    maybe: frozenset[Any] = frozenset()
    alias: Mapping[str, set[str]] = field(default_factory=dict)


OWN = "Weir Street Housing Association"
TEN = {
    "ok": "Samuel Okafor",
    "br": "Hanna Brückner",
    "le": "Élodie Lemaire",
    "ok2": "Samira Okafor",
    "pa": "Rajesh Patel",
    "fi": "Margaret Finch",
}
INS = {
    "al": "Albion Mutual Insurance plc",
    "he": "Helvia Versicherung AG",
    "at": "Atlantis Assurances SA",
}
TR = {
    "pl": "Pryce Plumbing Ltd",
    "pr": "Pryce & Sons Roofing Ltd",
    "el": "Elektro Hartwig GmbH",
    "pe": "Peinture Aubry SARL",
}


def write(path: Path, body: Any, **more: Any) -> None:
    """Write a file in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _WRITERS[path.suffix](path, body, **more)


def _text(path: Path, body: str) -> None:
    path.write_text(body, encoding="utf-8")


def _docx(path: Path, body: Sequence[str]) -> None:
    import docx

    document = docx.Document()
    for block in body:
        if block.startswith("# "):
            document.add_heading(block[2:], 1)
        else:
            for line in block.split("\n"):
                document.add_paragraph(line)
    document.save(str(path))


def _pdf(path: Path, body: Sequence[str | list[list[str]]]) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    styles = getSampleStyleSheet()
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")])
    flow: list[Any] = []
    for block in body:
        if isinstance(block, list):
            flow.append(Table(block, style=grid))
        else:
            style = styles["Title" if block.startswith("# ") else "BodyText"]
            text = block.removeprefix("# ").replace("&", "&amp;").replace("\n", "<br/>")
            flow.append(Paragraph(text, style))
        flow.append(Spacer(1, 8))
    SimpleDocTemplate(str(path)).build(flow)


def _xlsx(path: Path, body: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in body.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)


def _csv(path: Path, body: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows(body)


def _eml(path: Path, body: str, *, frm: str, to: str, subject: str, day: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = frm, to, subject
    mail["Date"] = f"{date.fromisoformat(day):%a, %d %b %Y} 09:30:00 +0000"
    mail.set_content(body)
    path.write_bytes(mail.as_bytes())


_WRITERS: dict[str, Any] = {
    ".txt": _text, ".md": _text, ".docx": _docx, ".pdf": _pdf, ".xlsx": _xlsx, ".csv": _csv,
    ".eml": _eml,
}  # fmt: skip


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # leases
    p("Leases/WS-01.docx", ["# Assured Shorthold Tenancy Agreement", "Lease no. WS-01\nDated 1 March 2022", f"Landlord: {OWN}\nTenant: Samuel Okafor\nProperty: Flat 1, 20 Weir Street, Kendal LA9 4AB", "Rent: £640.00 per month, payable on the first day of each month.", "Deposit: £640.00"])
    p("Leases/WS-02.pdf", ["# Tenancy agreement", f"This tenancy agreement (reference WS-02) is made on 15 June 2022 between {OWN} (\"the Landlord\") and Samira Okafor (\"the Tenant\").", "The Landlord lets to the Tenant Flat 2, 20 Weir Street, Kendal at a monthly rent of £595.00. A deposit of £595.00 has been received."])
    p("Leases/WS-03.txt", f"TENANCY\n\nLease no.: WS-03\nDate: 3 October 2022\nTenant: Mrs Margaret Finch\nLandlord: {OWN}\nPremises: Flat 3, 20 Weir Street, Kendal\nMonthly rent: GBP 610.00\nNotice period: two months\n")
    p("Leases/Mietvertrag WS-11.docx", ["# Mietvertrag", "Vertragsnummer: WS-11", f"Vermieter: {OWN}\nMieterin: Hanna Brückner\nMietobjekt: Wohnung 1, Lindenhof 4, 79098 Freiburg", "Die monatliche Miete beträgt 820,00 EUR. Die Kaution beträgt 1.640,00 EUR.", "Mietbeginn: 01.05.2023"])
    p("Leases/bail WS-21.pdf", ["# Contrat de bail", "Bail n° WS-21", f"Bailleur : {OWN}\nLocataire : Élodie Lemaire\nLogement : 3 rue du Lac, 74000 Annecy", "Loyer mensuel : 705,50 €. Dépôt de garantie : 705,50 €.", "Fait à Annecy, le 1er septembre 2023"])
    p("Leases/WS-04.md", f"---\ntenant: Rajesh Patel\nproperty: Flat 4, 20 Weir Street\nlease: WS-04\nrent: 630.00 GBP\nstatus: ended\n---\n\n# Lease WS-04\n\nBetween {OWN} (landlord) and Rajesh Patel (tenant), from 1 February 2021 to 31 January 2024.\n")
    # reminders
    p("Reminders/2024-02 Okafor.docx", [OWN, "Samuel Okafor\nFlat 1, 20 Weir Street", "12 February 2024\nOur ref: WS-01", "# Rent reminder", "Dear Mr Okafor,", "your rent of £640.00 for February 2024 has not reached us. Please pay by 26 February 2024."])
    p("Reminders/2024-03 Finch.txt", f"{OWN}\n\n11 March 2024\nLease no. WS-03\n\nDear Mrs Finch,\n\nof your rent for March only £300.00 was paid. The balance of £310.00 is overdue.\n\nYours sincerely\nDora Quayle\n")
    p("Reminders/Mahnung Brückner.pdf", [OWN, "Hanna Brückner\nLindenhof 4\n79098 Freiburg", "# Mahnung", "Datum: 14.03.2024\nVertragsnummer: WS-11", "Sehr geehrte Frau Brückner,\nfür März 2024 ist die Miete von 820,00 EUR noch nicht eingegangen."])
    p("Reminders/rappel Lemaire.docx", [OWN, "Madame Élodie Lemaire\n3 rue du Lac, Annecy", "Annecy, le 18 mars 2024", "Objet : loyer impayé, bail n° WS-21", "Madame,\nle loyer de mars 2024, soit 705,50 €, reste impayé."])
    p("Reminders/DRAFT Okafor S.txt", f"DRAFT\n\n{OWN}\n\nSamira Okafor\nFlat 2, 20 Weir Street\n\nRef WS-02\n\nDear Ms Okafor,\n\nplease disregard - rent of £595.00 was paid late.\n")
    # rent bank list
    p("Bank/rents-2024-q1.csv", [["Booking date", "Payer", "Purpose", "Amount", "Currency"],
        ["02.01.2024", "Samuel Okafor", "rent january WS-01", "640.00", "GBP"], ["03.01.2024", "S Okafor", "WS-02 rent", "595.00", "GBP"], ["04.01.2024", "Margaret Finch", "WS-03", "610.00", "GBP"],
        ["05.01.2024", "Hanna Brueckner", "Miete Januar WS-11", "820.00", "EUR"], ["05.01.2024", "Elodie Lemaire", "loyer janvier WS-21", "705.50", "EUR"], ["08.01.2024", "Rajesh Patel", "last rent WS-04", "630.00", "GBP"],
        ["01.02.2024", "Samira Okafor", "WS-02 feb", "595.00", "GBP"], ["02.02.2024", "FINCH M", "WS-03", "610.00", "GBP"], ["05.02.2024", "Hanna Brückner", "WS-11", "820.00", "EUR"], ["06.02.2024", "Élodie Lemaire", "WS-21", "705.50", "EUR"],
        ["26.02.2024", "Samuel Okafor", "WS-01 feb + mar part", "900.00", "GBP"], ["01.03.2024", "Margaret Finch", "WS-03 part", "300.00", "GBP"], ["12.03.2024", "Kendal Council", "grant for bins", "250.00", "GBP"]])
    # insurance
    p("Insurance/albion buildings.pdf", [INS["al"], "# Policy Schedule", [["Policy number", "AM-884-2201"], ["Policyholder", OWN], ["Insured property", "20 Weir Street, Kendal"], ["Annual premium", "£1,984.00"], ["Period", "1 January 2024 to 31 December 2024"]]])
    p("Insurance/albion liability.txt", f"{INS['al']}\n\nPUBLIC LIABILITY INSURANCE\n\nPolicy no. AM-771-0954\nInsured: {OWN}\nPremium: GBP 412.50 per year\nStart date: 1 January 2024\n")
    p("Insurance/Helvia Police.docx", [f"{INS['he']}, Basel", "# Versicherungsschein", f"Policennummer: HV 30-118842\nVersicherungsnehmer: {OWN}\nVersichertes Objekt: Lindenhof 4, Freiburg\nJahresprämie: 1.310,00 EUR\nBeginn: 01.05.2023"])
    p("Insurance/atlantis.pdf", [INS["at"], "# Attestation d'assurance habitation", f"Numéro de police : AT-5500-7\nSouscripteur : {OWN}\nBien assuré : 3 rue du Lac, Annecy\nPrime annuelle : 588,00 €"])
    p("Insurance/claim burst pipe.eml", "Dear Sirs,\n\nunder policy AM-884-2201 we report a burst pipe in Flat 3 on 9 January 2024. The plumber's invoice is for £276.00.\n\nDora Quayle\nWeir Street Housing Association\n", frm="Dora Quayle <dora@weirstreet.example>", to="claims@albionmutual.example", subject="Claim, burst pipe", day="2024-01-11")
    p("Insurance/Schaden Lindenhof.eml", "Sehr geehrte Damen und Herren,\n\nzur Police HV 30-118842 melden wir einen Sturmschaden am Dach vom 22.02.2024.\n\nDora Quayle\n", frm="Dora Quayle <dora@weirstreet.example>", to="schaden@helvia.example", subject="Sturmschaden", day="2024-02-26")
    p("Insurance/claim bicycle.txt", "Claim form\n\nPolicy number: AM-000-1111\nClaimant: Rajesh Patel\nDate of loss: 4 January 2024\nAmount claimed: £350.00\n")
    # quotes, work orders, invoices of trades
    p("Repairs/quote pryce 118.pdf", [f"{TR['pl']}\n8 Mill Brow, Kendal", "# Quotation", [["Quote number", "Q-118"], ["Date", "10 January 2024"], ["For", OWN], ["Property", "Flat 3, 20 Weir Street"]], [["Replace pipe under sink", "£230.00"], ["VAT", "£46.00"], ["Total", "£276.00"]]])
    p("Repairs/quote roof.docx", [TR["pr"], "# Quote Q-4009", f"Prepared for {OWN}\n2 February 2024", "Property: 20 Weir Street\nWork: replace slates and flashing", "Total price: £1,920.00 including VAT"])
    p("Repairs/Angebot Hartwig.docx", [f"{TR['el']}, Freiburg", "# Angebot", f"Angebotsnummer: A-2024-17\nDatum: 15.02.2024\nKunde: {OWN}\nObjekt: Lindenhof 4, Freiburg", "Erneuerung der Treppenhausbeleuchtung\nGesamtpreis: 1.428,00 EUR"])
    p("Repairs/devis Aubry.pdf", [TR["pe"], "# Devis n° D-77", f"Client : {OWN}\nDate : 20 février 2024\nLogement : 3 rue du Lac, Annecy", [["Peinture du séjour", "880,00 €"], ["Total TTC", "880,00 €"]]])
    p("Repairs/invoice pryce 2024-031.pdf", [f"{TR['pl']}\n8 Mill Brow, Kendal", "# Invoice", [["Invoice no.", "PP-2024-031"], ["Date", "16/01/2024"], ["Customer", OWN], ["Quote", "Q-118"], ["Property", "Flat 3, 20 Weir Street"]], [["Pipe replaced", "£230.00"], ["VAT", "£46.00"], ["Total due", "£276.00"]]])
    p("Repairs/invoice pryce 2024-044.txt", f"Pryce Plumbing Limited\n\nInvoice PP-2024-044\nDate: 4 March 2024\nTo: {OWN}\nProperty: Flat 1, 20 Weir Street\n\nBoiler service\nTotal: £96.00\n")
    p("Repairs/invoice roof.txt", f"PRYCE & SONS ROOFING LTD\n\nINVOICE 7720\n\n1 March 2024\n\nBilled to: {OWN}\nYour acceptance of our quote Q-4009\n\nBalance due: £1,920.00\n")
    p("Repairs/Rechnung Hartwig.pdf", [f"{TR['el']} · Freiburg", "# Rechnung", f"Rechnungsnummer: R-2024-203\nRechnungsdatum: 21.03.2024\nAngebot: A-2024-17\nKunde: {OWN}", [["Treppenhausbeleuchtung", "1.200,00 EUR"], ["MwSt. 19 %", "228,00 EUR"], ["Gesamtbetrag", "1.428,00 EUR"]]])
    # members
    p("Members/members.xlsx", {"Members": [["Member no", "Surname", "First name", "Flat", "Joined", "Fee", "Committee"], [101, "Okafor", "Samuel", "WS-01", date(2022, 3, 1), 12, "Garden"], [102, "Okafor", "Samira", "WS-02", date(2022, 6, 15), 12, "Finance"], [103, "Finch", "Margaret", "WS-03", date(2022, 10, 3), 12, "Garden"], [104, "Brückner", "Hanna", "WS-11", date(2023, 5, 1), 15, None], [105, "Lemaire", "Élodie", "WS-21", date(2023, 9, 1), 15, "Finance"], [106, "Aldous", "Peter", None, date(2019, 1, 1), 30, "Finance"]]})
    # notes

    def note(name: str, head: str, text: str) -> None:
        p(f"Notes/{name}.md", f"---\n{head}\n---\n\n{text}\n")

    note("burst-pipe", "property: 20 Weir Street\npolicy: AM-884-2201\npriority: high\ntags: [water, insurance]\nassigned: Dora Quayle", "Water under the sink in flat 3. Pryce came the same day.")
    note("roof", "property: 20 Weir Street\npriority: high\ntags: [roof]\nassigned: Neil Barrow", "Two slates on the pavement.")
    note("treppenhaus", "property: Lindenhof 4\npriority: low\ntags: [electric]\nassigned: Dora Quayle", "Das Licht geht nach zehn Sekunden aus.")
    note("sturm", "property: Lindenhof 4\npolicy: HV 30-118842\npriority: medium\ntags:\n- roof\n- insurance\nassigned: Neil Barrow", "Ziegel lose nach dem Sturm.")
    note("peinture", "property: 3 rue du Lac\npriority: low\ntags: [paint]\nassigned: Dora Quayle", "Le séjour est à repeindre avant l'été.")


L, C, V, Q, N, B = "Leases/", "Reminders/", "Insurance/", "Repairs/", "Notes/", "Bank/rents-2024-q1.csv:"
lease = {"ok": L + "WS-01.docx", "ok2": L + "WS-02.pdf", "fi": L + "WS-03.txt", "br": L + "Mietvertrag WS-11.docx", "le": L + "bail WS-21.pdf", "pa": L + "WS-04.md"}
rem = {"ok": C + "2024-02 Okafor.docx", "fi": C + "2024-03 Finch.txt", "br": C + "Mahnung Brückner.pdf", "le": C + "rappel Lemaire.docx", "ok2": C + "DRAFT Okafor S.txt"}
AL = {"Margaret Finch": {"mrs margaret finch"}, "Élodie Lemaire": {"madame élodie lemaire"}}
pol = {"AM-884-2201": V + "albion buildings.pdf", "AM-771-0954": V + "albion liability.txt", "HV 30-118842": V + "Helvia Police.docx", "AT-5500-7": V + "atlantis.pdf"}
who = {INS["al"]: {pol["AM-884-2201"], pol["AM-771-0954"]}, INS["he"]: {pol["HV 30-118842"]}, INS["at"]: {pol["AT-5500-7"]}}
paid = {"ok": ["2", "12"], "ok2": ["3", "8"], "fi": ["4", "9", "13"], "br": ["5", "10"], "le": ["6", "11"], "pa": ["7"]}
TASKS = [
    Task("group tenant Leases", "group", dict(key="tenant", dir="Leases"), truth={TEN[k]: {lease[k]} for k in lease}, alias=AL),
    Task("group tenant Reminders", "group", dict(key="tenant", dir="Reminders"), truth={TEN[k]: {rem[k]} for k in rem}, alias={**AL, "Margaret Finch": {"mrs finch", "mrs margaret finch", "finch"}}),
    Task("group policy number Insurance", "group", dict(key="policy number", dir="Insurance"), truth={**{k: {v} for k, v in pol.items()}, "AM-884-2201": {pol["AM-884-2201"], V + "claim burst pipe.eml"}, "HV 30-118842": {pol["HV 30-118842"], V + "Schaden Lindenhof.eml"}, "AM-000-1111": {V + "claim bicycle.txt"}}),
    Task("group tags", "group", dict(key="tags", dir="Notes"), truth={"water": {N + "burst-pipe.md"}, "insurance": {N + "burst-pipe.md", N + "sturm.md"}, "roof": {N + "roof.md", N + "sturm.md"}, "electric": {N + "treppenhaus.md"}, "paint": {N + "peinture.md"}}),
    Task("group assigned Notes", "group", dict(key="assigned", dir="Notes"), truth={"Dora Quayle": {N + x for x in ("burst-pipe.md", "treppenhaus.md", "peinture.md")}, "Neil Barrow": {N + "roof.md", N + "sturm.md"}}),
    Task("group priority Notes", "group", dict(key="priority", dir="Notes"), truth={"high": {N + "burst-pipe.md", N + "roof.md"}, "low": {N + "treppenhaus.md", N + "peinture.md"}, "medium": {N + "sturm.md"}}),
    Task("group insurer", "group", dict(key="insurer", dir="Insurance"), truth=who, alias={INS["al"]: {"albion mutual insurance"}, INS["he"]: {"helvia versicherung"}, INS["at"]: {"atlantis assurances"}}, maybe=frozenset({V + "claim burst pipe.eml", V + "Schaden Lindenhof.eml", V + "claim bicycle.txt"})),
    Task("join Reminders Leases tenant", "join", dict(left="Reminders", right="Leases", on=("tenant",)), truth={(rem[k], lease[k]) for k in rem}),
    Task("join Reminders Leases lease number", "join", dict(left="Reminders", right="Leases", on=("lease number",)), truth={(rem[k], lease[k]) for k in rem}),
    Task("join bank Leases payer=tenant", "join", dict(left="Bank/rents-2024-q1.csv", right="Leases", on=("payer=tenant",)), truth={(B + r, lease[k]) for k in paid for r in paid[k]} - {(B + "3", lease["ok2"])}, maybe=frozenset({(B + "3", lease["ok2"])})),
    Task("anti bank Leases payer=tenant", "join", dict(how="anti", left="Bank/rents-2024-q1.csv", right="Leases", on=("payer=tenant",)), truth={(B + "14", "")}, maybe=frozenset({(B + "3", "")})),
    Task("join bank Leases amount=rent + payer", "join", dict(left="Bank/rents-2024-q1.csv", right="Leases", on=("amount=rent", "payer=tenant",)), truth={(B + r, lease[k]) for k, r in (("ok", "2"), ("ok2", "8"), ("fi", "4"), ("fi", "9"), ("br", "5"), ("br", "10"), ("le", "6"), ("le", "11"), ("pa", "7"))}, maybe=frozenset({(B + "3", lease["ok2"])})),
    Task("join claims policies policy number", "join", dict(left="Insurance/*.eml", right="Insurance", on=("policy number",)), truth={(V + "claim burst pipe.eml", pol["AM-884-2201"]), (V + "Schaden Lindenhof.eml", pol["HV 30-118842"])}),
    Task("join Notes Insurance policy", "join", dict(left="Notes", right="Insurance", on=("policy",)), truth={(N + "burst-pipe.md", pol["AM-884-2201"]), (N + "burst-pipe.md", V + "claim burst pipe.eml"), (N + "sturm.md", pol["HV 30-118842"]), (N + "sturm.md", V + "Schaden Lindenhof.eml")}),
    Task("join invoices quotes quote_number", "join", dict(left="Repairs/*nvoice*", right="Repairs/*quote*", on=("quote_number",)), truth={(Q + "invoice pryce 2024-031.pdf", Q + "quote pryce 118.pdf"), (Q + "invoice roof.txt", Q + "quote roof.docx")}),
    Task("anti quotes invoices quote_number", "join", dict(how="anti", left="quotes", right="invoices", on=("quote_number",)), truth={(Q + "devis Aubry.pdf", "")}),
    Task("sum amount invoices by supplier", "aggregate", dict(function="sum", field="amount", by=("supplier",), query="invoices"), truth={(TR["pl"], "GBP"): "372.00", (TR["pr"], "GBP"): "1920.00", (TR["el"], "EUR"): "1428.00"}, alias={TR["pl"]: {"pryce plumbing", "pryce plumbing limited"}, TR["pr"]: {"pryce & sons roofing"}, TR["el"]: {"elektro hartwig"}}),
    Task("sum fee by committee", "aggregate", dict(function="sum", field="fee", by=("committee",), query="Members/members.xlsx"), truth={("Garden", ""): "24", ("Finance", ""): "57"}, maybe=frozenset({("", "")})),
    Task("sum amount by payer bank", "aggregate", dict(function="sum", field="amount", by=("currency",), query="Bank/rents-2024-q1.csv"), truth={("GBP", "GBP"): "5130.00", ("EUR", "EUR"): "3051.00"}),
    Task("sum rent Leases", "aggregate", dict(function="sum", field="rent", by=(), query="Leases"), truth={("", "GBP"): "2475.00", ("", "EUR"): "1525.50"}),
    Task("sum premium by insurer", "aggregate", dict(function="sum", field="premium", by=("insurer",), query="Insurance"), truth={(INS["al"], "GBP"): "2396.50", (INS["he"], "EUR"): "1310.00", (INS["at"], "EUR"): "588.00"}, alias={INS["al"]: {"albion mutual insurance"}, INS["he"]: {"helvia versicherung"}, INS["at"]: {"atlantis assurances"}}),
    Task("join members Leases flat=lease number", "join", dict(left="Members/members.xlsx", right="Leases", on=("flat=lease number",)), truth={(f"Members/members.xlsx!Members:{i + 2}", lease[k]) for i, k in enumerate(("ok", "ok2", "fi", "br", "le"))}),
    Task("group property Notes+Repairs", "group", dict(key="property", dir="Notes"), truth={"20 Weir Street": {N + "burst-pipe.md", N + "roof.md"}, "Lindenhof 4": {N + "treppenhaus.md", N + "sturm.md"}, "3 rue du Lac": {N + "peinture.md"}}),
    Task("ask How much did Pryce Plumbing bill us in 2024?", "ask", dict(question="How much did Pryce Plumbing bill us in 2024?"), truth=("372",)),
]
