"""The share of a bakery in Leeds with a shop on the web, and questions with their truth.

Invoices to cafés and from mills, orders, contracts, mails, minutes, the exports of a bank and of a
shop; some in German and French. Written as its book-keeper would, before any rule was changed.
"""

# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from benchmarks.values_set import Task, write

OWN = "Hearth & Rye Bakery Ltd"
KETTLE, SCHOOL, PUB, BRIDE = (
    "The Copper Kettle Café Ltd",
    "Oakwell Primary School",
    "Harewood Arms Hospitality Ltd",
    "Joan Ellery",
)
MILL, BUTTER, KAISER, FRIDGE, POWER = (
    "Wharfedale Flour Mills plc",
    "Beurrerie du Val SARL",
    "Kaiser Mühlentechnik GmbH",
    "Aire Valley Refrigeration Services Ltd",
    "Yorkshire Energy Co-operative Ltd",
)
HEAD = f"{OWN}\n14 Kirkgate, Leeds LS2 7DJ\nVAT reg. no. GB 318 4420 71"


def sheet(path: Path, rows: list[list[str]], comma: str = ",", encoding: str = "utf-8") -> None:
    """Write a list as an exporting program does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [comma.join(f'"{cell}"' if comma in cell else cell for cell in row) for row in rows]
    path.write_text("\r\n".join(lines) + "\r\n", encoding=encoding)


def html(
    path: Path, title: str, facts: list[tuple[str, str]], lines: list[tuple[str, ...]], foot: str
) -> None:
    """Write a page with a table of facts and one of items."""
    path.parent.mkdir(parents=True, exist_ok=True)
    top = "".join(f"<tr><td><b>{one}</b></td><td>{two}</td></tr>" for one, two in facts)
    table = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines
    )
    path.write_text(
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title}</title><style>td{{padding:4px}}</style></head><body><h1>{title}</h1><table>{top}</table><table>{table}</table><p>{foot}</p></body></html>",
        encoding="utf-8",
    )


def table_docx(path: Path, before: list[str], rows: list[list[str]], after: list[str]) -> None:
    """Write a document whose items stand in a table."""
    import docx

    path.parent.mkdir(parents=True, exist_ok=True)
    document = docx.Document()
    for one in before:
        document.add_paragraph(one)
    table = document.add_table(rows=0, cols=len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    for one in after:
        document.add_paragraph(one)
    document.save(str(path))


def mail(path: Path, frm: str, to: str, subject: str, day: str, body: str) -> None:
    """Write a mail."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = frm, to, subject
    mail["Date"] = f"{date.fromisoformat(day):%a, %d %b %Y} 08:12:00 +0000"
    mail.set_content(body)
    path.write_bytes(mail.as_bytes())


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # what the bakery bills
    html(root / "Sales/HR-1041 Copper Kettle.html", "Sales Invoice", [("Invoice", "HR-1041"), ("Invoice date", "12 January 2025"), ("Bill to", f"{KETTLE}<br>3 Swan Street<br>Leeds"), ("Agreement", "SA-07")], [("Item", "Qty", "Unit", "Amount"), ("Sourdough 800 g", "60", "£3.20", "£192.00"), ("Rye tin", "43", "£2.80", "£120.40"), ("", "", "Total", "£312.40")], f"{OWN} · 14 Kirkgate · Leeds · payment within 14 days")
    table_docx(root / "Sales/HR-1042 school.docx", [HEAD, "INVOICE HR-1042", f"15 January 2025\n\n{SCHOOL}\nOakwell Lane, Batley", "Your purchase order: OPS/25/0071"], [["Description", "Net"], ["Bread rolls, January", "186.00"], ["Total GBP", "186.00"]], ["Food is zero-rated. Thank you."])
    p("Sales/HR-1043 Harewood Arms.pdf", [HEAD, "# Invoice", [["Invoice number", "HR-1043"], ["Date", "20/01/2025"], ["Customer", PUB], ["Agreement", "SA-09"]], [["Baguettes", "£310.75"], ["Burger buns", "£230.00"], ["Amount due", "£540.75"]]])
    html(root / "Sales/HR-1047 Copper Kettle.html", "Sales Invoice", [("Invoice", "HR-1047"), ("Invoice date", "10 February 2025"), ("Bill to", f"{KETTLE}<br>3 Swan Street<br>Leeds"), ("Agreement", "SA-07")], [("Item", "Qty", "Unit", "Amount"), ("Sourdough 800 g", "55", "£3.20", "£176.00"), ("Rye tin", "33", "£3.70", "£122.10"), ("", "", "Total", "£298.10")], f"{OWN} · 14 Kirkgate · Leeds · payment within 14 days")
    p("Sales/HR-1048 Ellery.txt", f"{HEAD}\n\nInvoice HR-1048                      14 February 2025\n\nMrs Joan Ellery\n7 Beck Row\nIlkley\n\nWedding cake, three tiers ............ 420.00\nDelivery ............................. 45.00\n                                      -------\nTo pay                                £465.00\n")
    p("Sales/HR-1052 Harewood Arms.pdf", [HEAD, "# Invoice", [["Invoice number", "HR-1052"], ["Date", "24/02/2025"], ["Customer", PUB], ["Agreement", "SA-09"]], [["Baguettes", "£372.30"], ["Burger buns", "£240.00"], ["Amount due", "£612.30"]]])
    table_docx(root / "Sales/HR-1053 school.docx", [HEAD, "INVOICE HR-1053", f"3 March 2025\n\n{SCHOOL}\nOakwell Lane, Batley", "Your purchase order: OPS/25/0119"], [["Description", "Net"], ["Bread rolls, February", "204.60"], ["Total GBP", "204.60"]], ["Food is zero-rated. Thank you."])
    # what it is billed
    p("Purchases/wharfedale 88213.pdf", [f"{MILL}\nMill Lane, Otley", "# Invoice", [["Invoice no.", "88213"], ["Date", "9 January 2025"], ["Customer", OWN], ["Your order", "PO-311"]], [["Strong white T65, 40 x 25 kg", "£742.50"], ["Total", "£742.50"]]])
    p("Purchases/wharfedale 88790.pdf", [f"{MILL}\nMill Lane, Otley", "# Invoice", [["Invoice no.", "88790"], ["Date", "11 February 2025"], ["Customer", OWN], ["Your order", "PO-315"]], [["Strong white T65, 40 x 25 kg", "£768.00"], ["Total", "£768.00"]]])
    p("Purchases/beurrerie F2025-017.pdf", [f"{BUTTER}\nZone artisanale, 50480 Sainte-Mère-Église", "# Facture", [["Facture n°", "F2025-017"], ["Date", "20/01/2025"], ["Client", OWN], ["Votre commande", "PO-312"]], [["Beurre de tourage 82 %, 200 kg", "1 284,00 €"], ["Total HT (exonéré)", "1 284,00 €"], ["Net à payer", "1 284,00 €"]], "Règlement à 30 jours."])
    p("Purchases/Kaiser RE-25-0098.docx", [KAISER, "Industriestraße 12, 73033 Göppingen", "# Rechnung", f"Rechnungs-Nr.: RE-25-0098\nDatum: 03.02.2025\nIhre Bestellung: B-2025-6\n\n{OWN}\n14 Kirkgate\nLeeds", "1 Walzenstuhl, gebraucht, überholt", "Netto: 2.380,00 EUR\nUSt.: 0,00 EUR (Ausfuhr)\nRechnungsbetrag: 2.380,00 EUR"])
    html(root / "Purchases/airevalley.html", "Invoice SI/5521", [("From", FRIDGE), ("To", OWN), ("Date", "17 February 2025"), ("Contract", "AVR-2231")], [("Call-out, cold room door seal", "£180.00"), ("VAT 20%", "£36.00"), ("Invoice total", "£216.00")], "Please quote SI/5521 with your payment.")
    p("Purchases/energy january.pdf", [POWER, "# Your electricity bill", [["Account number", "4410982"], ["Bill date", "28 January 2025"], ["Supply address", "14 Kirkgate, Leeds"]], f"Dear {OWN},", [["Electricity, 1,214 kWh", "£324.31"], ["VAT at 20%", "£64.86"], ["Total amount due", "£389.17"]]])
    # orders
    p("Orders/PO-311 wharfedale.txt", f"{OWN}\n\nPURCHASE ORDER PO-311\n6 January 2025\n\nSupplier: {MILL}\n\n40 bags strong white T65 at 18.56\nDeliver by 9 January\n")
    p("Orders/PO-315 wharfedale.txt", f"{OWN}\n\nPURCHASE ORDER PO-315\n7 February 2025\n\nSupplier: {MILL}\n\n40 bags strong white T65 at 19.20\n")
    p("Orders/PO-320 boxes.txt", f"{OWN}\n\nPURCHASE ORDER PO-320\n28 February 2025\n\nSupplier: Pennine Packaging Ltd\n\n2,000 cake boxes 10 inch at 0.31\nTotal £620.00\n")
    table_docx(root / "Orders/Bestellung Kaiser.docx", [OWN, f"Bestellung Nr. B-2025-6 vom 20.01.2025\nan {KAISER}, Göppingen"], [["Pos.", "Artikel", "Preis"], ["1", "Walzenstuhl, gebraucht", "2.380,00 EUR"]], ["Lieferung frei Haus bis 15.02.2025. Mit freundlichen Grüßen\nTom Askew"])
    p("Orders/school OPS-25-0071.pdf", [SCHOOL, "# Purchase Order", [["Order No", "OPS/25/0071"], ["Order date", "8 January 2025"], ["Supplier", OWN]], [["Bread rolls for January", "£186.00"]]])
    # contracts
    p("Contracts/supply copper kettle.docx", ["# Supply Agreement", "Reference: SA-07", f"This agreement is made on 2 September 2024 between {OWN} (\"the Baker\") and {KETTLE} (\"the Buyer\").", "The Baker supplies bread on six days a week. The Buyer pays within 14 days.", "Either party may end this agreement with one month's notice."])
    p("Contracts/harewood arms.pdf", ["# Supply Agreement SA-09", f"Dated 18 November 2024\n\n(1) {OWN}, the supplier\n(2) {PUB}, the customer", "Buns and baguettes at the prices of the list. Payment within 14 days of the invoice."])
    p("Contracts/refrigeration.txt", f"SERVICE CONTRACT\n\nContract no.: AVR-2231\nCommencement: 1 October 2024\n\n{FRIDGE} (\"the Contractor\") maintains two cold rooms and a blast chiller of\n{OWN} (\"the Client\").\nAnnual charge: GBP 480.00, call-outs billed apart.\n")
    # mails
    us = "Tom Askew <tom@hearthrye.example>"
    mail(root / "Mail/2025-01-14 short delivery.eml", "Priya Nair <priya@copperkettle.example>", us, "HR-1041 short by 4 loaves", "2025-01-14", "Hi Tom,\n\nyour invoice HR-1041 says 60 sourdough, only 56 came on Saturday. Could you send a credit note?\n\nPriya\nThe Copper Kettle\n")
    mail(root / "Mail/2025-01-17 commande beurre.eml", us, "ventes@beurrerieduval.example", "Commande PO-312", "2025-01-17", f"Bonjour,\n\nnous commandons 200 kg de beurre de tourage selon votre tarif, livraison le 20 janvier. Merci d'indiquer le numéro PO-312 sur la facture.\n\nTom Askew\n{OWN}\n")
    mail(root / "Mail/2025-01-22 Auftragsbestaetigung.eml", "Sabine Kaiser <s.kaiser@kaiser-muehlen.example>", us, "Auftragsbestätigung", "2025-01-22", f"Sehr geehrter Herr Askew,\n\nvielen Dank für Ihre Bestellung B-2025-6 vom 20. Januar. Der Walzenstuhl geht am 3. Februar zur Spedition.\n\nMit freundlichen Grüßen\nSabine Kaiser\n{KAISER}\n")
    mail(root / "Mail/2025-01-30 order rolls.eml", "office@oakwellprimary.example", us, "OPS/25/0071", "2025-01-30", "Dear Tom,\n\nwe have paid your invoice for order OPS/25/0071 yesterday. The February order follows.\n\nLinda Marsh, School Business Manager\n")
    mail(root / "Mail/2025-03-19 reminder.eml", "accounts@airevalley.example", us, "Overdue account", "2025-03-19", f"Dear Sirs,\n\nour invoice SI/5521 of 17 February over £216.00 is still open. Please settle by return.\n\nCredit control\n{FRIDGE}\n")
    # minutes
    p("Minutes/2025-01-06 team.docx", ["# Team meeting", "Date: 6 January 2025\nPresent: Tom Askew, Ruth Dyson, Marek Nowak\nApologies: Ellie Shaw", "1. Flour price goes up in February. Tom orders from Wharfedale now (PO-311).", "2. The cold room door leaks. Ruth calls Aire Valley under contract AVR-2231.", "Action: Marek checks the shop's refunds by 13 January."])
    p("Minutes/2025-03-03 team.md", "# Team meeting, 3 March 2025\n\nPresent: Tom Askew, Ruth Dyson, Ellie Shaw\n\n- Harewood Arms paid only 300 of HR-1052, Tom rings them.\n- New boxes ordered (PO-320).\n- Ellie takes over the shop from Marek.\n")
    # lists
    sheet(root / "Bank/statement 2025 Q1.csv", [["Date", "Description", "Money out", "Money in", "Balance"],
        ["14/01/2025", "WHARFEDALE FLOUR MILLS 88213", "742.50", "", "8,257.50"], ["21/01/2025", "COPPER KETTLE CAFE HR-1041", "", "312.40", "8,569.90"], ["27/01/2025", "BEURRERIE DU VAL F2025-017 EUR 1284.00", "1,079.00", "", "7,490.90"],
        ["29/01/2025", "OAKWELL PRIMARY SCHOOL HR1042", "", "186.00", "7,676.90"], ["31/01/2025", "YORKSHIRE ENERGY CO-OPERATIVE 4410982", "389.17", "", "7,287.73"], ["03/02/2025", "HAREWOOD ARMS HOSPITALITY HR-1043", "", "540.75", "7,828.48"],
        ["18/02/2025", "WHARFEDALE FLOUR MILLS 88790", "768.00", "", "7,060.48"], ["20/02/2025", "J ELLERY CAKE", "", "465.00", "7,525.48"], ["21/02/2025", "COPPER KETTLE CAFE HR-1047", "", "298.10", "7,823.58"],
        ["26/02/2025", "KAISER MUEHLENTECHNIK RE-25-0098", "2,012.45", "", "5,811.13"], ["28/02/2025", "CARD 4417 TESCO STORES LEEDS", "23.15", "", "5,787.98"], ["03/03/2025", "HAREWOOD ARMS HOSPITALITY HR-1052 PART", "", "300.00", "6,087.98"]])
    sheet(root / "Shop/orders_export.csv", [["Name", "Email", "Financial Status", "Created at", "Currency", "Total", "Discount Code", "Lineitem quantity", "Lineitem name", "Billing Name"],
        ["#2001", "amy.holt@mail.example", "paid", "2025-01-03 10:22:41 +0000", "GBP", "24.00", "", "2", "Rye box", "Amy Holt"], ["#2002", "dev@patelhome.example", "paid", "2025-01-05 18:02:10 +0000", "GBP", "36.50", "NEWYEAR", "1", "Brunch hamper", "Dev Patel"],
        ["#2003", "lotte.b@post.example", "refunded", "2025-01-09 07:45:00 +0000", "GBP", "12.00", "", "1", "Rye box", "Lotte Brandt"], ["#2004", "amy.holt@mail.example", "paid", "2025-02-01 12:00:05 +0000", "GBP", "73.00", "", "2", "Brunch hamper", "Amy Holt"],
        ["#2005", "h.quirke@mail.example", "pending", "2025-02-11 20:15:33 +0000", "GBP", "12.00", "", "1", "Rye box", "Henry Quirke"], ["#2006", "dev@patelhome.example", "partially_refunded", "2025-02-14 09:09:09 +0000", "GBP", "58.00", "", "1", "Celebration cake", "Dev Patel"],
        ["#2007", "mo.sy@mail.example", "paid", "2025-03-02 16:40:00 +0000", "GBP", "36.50", "", "1", "Brunch hamper", "Mo Sykes"]])
    sheet(root / "Shop/refunds.csv", [["Refund ID", "Order", "Date", "Refunded amount", "Reason"], ["R-91", "#2003", "2025-01-15", "12.00", "never arrived"], ["R-92", "#2006", "2025-02-20", "8.00", "wrong icing"]], ";")
    p("Shop/customers.xlsx", {"Customers": [["Customer ID", "First name", "Last name", "E-mail", "Town", "Since"], ["C001", "Amy", "Holt", "amy.holt@mail.example", "Leeds", date(2023, 4, 2)], ["C002", "Dev", "Patel", "dev@patelhome.example", "Bradford", date(2024, 11, 20)], ["C003", "Lotte", "Brandt", "lotte.b@post.example", "Leeds", date(2024, 12, 30)], ["C004", "Henry", "Quirke", "h.quirke@mail.example", "York", date(2025, 2, 11)], ["C005", "Ines", "Ferreira", "ines@mail.example", "Leeds", date(2022, 8, 1)]]})


S, P, R, C, M, N = "Sales/", "Purchases/", "Orders/", "Contracts/", "Mail/", "Minutes/"
B, SO, SR, SC = "Bank/statement 2025 Q1.csv:", "Shop/orders_export.csv:", "Shop/refunds.csv:", "Shop/customers.xlsx!Customers:"
s41, s42, s43, s47, s48, s52, s53 = (S + name for name in ("HR-1041 Copper Kettle.html", "HR-1042 school.docx", "HR-1043 Harewood Arms.pdf", "HR-1047 Copper Kettle.html", "HR-1048 Ellery.txt", "HR-1052 Harewood Arms.pdf", "HR-1053 school.docx"))
w1, w2, but, kai, fri, ene = (P + name for name in ("wharfedale 88213.pdf", "wharfedale 88790.pdf", "beurrerie F2025-017.pdf", "Kaiser RE-25-0098.docx", "airevalley.html", "energy january.pdf"))
ck, ha, rf = C + "supply copper kettle.docx", C + "harewood arms.pdf", C + "refrigeration.txt"
short, com, auf, rolls, rem = (M + name for name in ("2025-01-14 short delivery.eml", "2025-01-17 commande beurre.eml", "2025-01-22 Auftragsbestaetigung.eml", "2025-01-30 order rolls.eml", "2025-03-19 reminder.eml"))
BANK = "Bank/statement 2025 Q1.csv"
paid_in = {(B + "3", s41), (B + "5", s42), (B + "7", s43), (B + "10", s47), (B + "13", s52)}
paid_out = {(B + "2", w1), (B + "4", but), (B + "8", w2), (B + "11", kai)}
NAMES = {KETTLE: {"copper kettle café ltd", "the copper kettle", "copper kettle cafe"}, BRIDE: {"mrs joan ellery"}, POWER: {"yorkshire energy co-operative"}}
TASKS = [
    Task("bank x sales, invoice number", "join", dict(left=BANK, right="Sales", on=("invoice_number",)), truth=paid_in),
    Task("sales without payment, invoice number", "join", dict(how="anti", left="Sales", right=BANK, on=("invoice_number",)), truth={(s48, ""), (s53, "")}),
    Task("bank x purchases, invoice number", "join", dict(left=BANK, right="Purchases", on=("invoice_number",)), truth=paid_out),
    Task("bank x sales, counterparty", "join", dict(left=BANK, right="Sales", on=("counterparty",)), truth={(B + r, s) for rows, sales in ((("3", "10"), (s41, s47)), (("5",), (s42, s53)), (("7", "13"), (s43, s52)), (("9",), (s48,))) for r in rows for s in sales}),
    Task("bank x purchases, amount and date", "join", dict(left=BANK, right="Purchases", on=("amount", "date"), within="14d"), truth={(B + "2", w1), (B + "6", ene), (B + "8", w2)}),
    Task("sales x bank, amount and counterparty", "join", dict(left="Sales", right=BANK, on=("amount", "counterparty")), truth={(s41, B + "3"), (s42, B + "5"), (s43, B + "7"), (s47, B + "10"), (s48, B + "9")}),
    Task("purchases x orders, order number", "join", dict(left="Purchases", right="Orders", on=("order_number",)), truth={(w1, R + "PO-311 wharfedale.txt"), (w2, R + "PO-315 wharfedale.txt"), (kai, R + "Bestellung Kaiser.docx")}),
    Task("orders without an invoice, order number", "join", dict(how="anti", left="Orders", right="invoices", on=("order_number",)), truth={(R + "PO-320 boxes.txt", "")}),
    Task("orders x mails, order number", "join", dict(left="Orders", right="Mail", on=("order_number",)), truth={(R + "Bestellung Kaiser.docx", auf), (R + "school OPS-25-0071.pdf", rolls)}),
    Task("mails x invoices, invoice number", "join", dict(left="Mail", right="invoices", on=("invoice_number",)), truth={(short, s41), (rem, fri)}),
    Task("invoices x contracts, counterparty", "join", dict(left="invoices", right="contracts", on=("counterparty",)), truth={(s41, ck), (s47, ck), (s43, ha), (s52, ha), (fri, rf)}),
    Task("sales x contracts, agreement", "join", dict(left="Sales", right="Contracts", on=("agreement",)), truth={(s41, ck), (s47, ck), (s43, ha), (s52, ha)}),
    Task("minutes x contracts, contract number", "join", dict(left="Minutes", right="Contracts", on=("contract_number",)), truth={(N + "2025-01-06 team.docx", rf)}),
    Task("refunds x shop orders, order", "join", dict(left="Shop/refunds.csv", right="Shop/orders_export.csv", on=("Order=Name",)), truth={(SR + "2", SO + "4"), (SR + "3", SO + "7")}),
    Task("refunds x shop orders, amount", "join", dict(left="Shop/refunds.csv", right="Shop/orders_export.csv", on=("Order=Name", "refunded amount=total")), truth={(SR + "2", SO + "4")}),
    Task("shop orders x customers, email", "join", dict(left="Shop/orders_export.csv", right="Shop/customers.xlsx", on=("email",)), truth={(SO + str(a), SC + str(b)) for a, b in ((2, 2), (3, 3), (4, 4), (5, 2), (6, 5), (7, 3))}),
    Task("customers without orders, email", "join", dict(how="anti", left="Shop/customers.xlsx", right="Shop/orders_export.csv", on=("email",)), truth={(SC + "6", "")}),
    Task("shop orders without customer, left", "join", dict(how="anti", left="Shop/orders_export.csv", right="Shop/customers.xlsx", on=("email",)), truth={(SO + "8", "")}),
    Task("sum of sales by customer", "aggregate", dict(function="sum", field="amount", by=("customer",), query="Sales"), truth={(KETTLE, "GBP"): "610.50", (SCHOOL, "GBP"): "390.60", (PUB, "GBP"): "1153.05", (BRIDE, "GBP"): "465.00"}, alias=NAMES),
    Task("sum of purchases by supplier", "aggregate", dict(function="sum", field="amount", by=("supplier",), query="Purchases"), truth={(MILL, "GBP"): "1510.50", (BUTTER, "EUR"): "1284.00", (KAISER, "EUR"): "2380.00", (FRIDGE, "GBP"): "216.00", (POWER, "GBP"): "389.17"}, alias=NAMES),
    Task("count of sales by customer", "aggregate", dict(function="count", by=("customer",), query="Sales"), truth={(KETTLE, ""): "2", (SCHOOL, ""): "2", (PUB, ""): "2", (BRIDE, ""): "1"}, alias=NAMES),
    Task("sum of shop totals by product", "aggregate", dict(function="sum", field="total", by=("lineitem name",), query="Shop/orders_export.csv"), truth={("Rye box", "GBP"): "48.00", ("Brunch hamper", "GBP"): "146.00", ("Celebration cake", "GBP"): "58.00"}),
    Task("count of shop orders by status", "aggregate", dict(function="count", by=("financial status",), query="Shop/orders_export.csv"), truth={("paid", ""): "4", ("refunded", ""): "1", ("pending", ""): "1", ("partially_refunded", ""): "1"}),
    Task("max of shop totals by billing name", "aggregate", dict(function="max", field="total", by=("billing name",), query="Shop/orders_export.csv"), truth={("Amy Holt", "GBP"): "73.00", ("Dev Patel", "GBP"): "58.00", ("Lotte Brandt", "GBP"): "12.00", ("Henry Quirke", "GBP"): "12.00", ("Mo Sykes", "GBP"): "36.50"}),
    Task("sum of money out", "aggregate", dict(function="sum", field="money out", by=(), query=BANK), truth={("", ""): "5014.27"}),
    Task("sum of money in by month", "aggregate", dict(function="sum", field="money in", by=("date:month",), query=BANK), truth={("2025-01", ""): "498.40", ("2025-02", ""): "1303.85", ("2025-03", ""): "300.00"}),
    Task("min of invoices by currency across folders", "aggregate", dict(function="min", field="amount", by=("supplier",), query="invoices from January 2025"), truth={(MILL, "GBP"): "742.50", (BUTTER, "EUR"): "1284.00", (POWER, "GBP"): "389.17", (OWN, "GBP"): "186.00"}, alias={**NAMES, OWN: {"hearth & rye bakery"}}),
    Task("ask: how much from Wharfedale", "ask", dict(question="How much did Wharfedale Flour Mills bill us in 2025?"), truth=("1,510.50", "1510.50")),
]
