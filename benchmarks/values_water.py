"""The share of a trust for wells in southern India, in English, and questions with their truth.

Grants from three countries, purchase orders, invoices, timesheets, leases, policies, agreements of
secrecy, receipts in four currencies. Written together with benchmarks.values_sailing; of its first
runs only the totals were looked at.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Tarapath Water Trust"
HALDEN, SEVERN, NANDINI = (
    "The Halden Foundation",
    "Severn & Wye Charitable Trust",
    "Nandini Textiles Private Limited",
)
DRILL, SENSE, MERID, LOTUS, VENKAT, CEMENT = (
    "Kaveri Drillers & Co.",
    "AquaSense Instruments Pvt. Ltd.",
    "Meridian Hydrology Inc.",
    "Lotus Offset Printers",
    "R. Venkataraman",
    "Shree Balaji Cement Traders",
)
LAKSHMI, STORE = "Lakshmi Narasimhan", "Gowda Warehousing LLP"
HIMA, SAHYA = "Himadri General Insurance Co. Ltd.", "Sahyadri Health Assurance Ltd"
HEAD = (
    f"{OWN}\n112, 4th Cross, Jayanagar 3rd Block, Bengaluru 560011\nRegd. No. BNG-IV-2209/2011-12"
)


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # grants
    p("Grants/Halden GA.pdf", ["# GRANT AGREEMENT", "Grant No. HF-24-0613", f"This Grant Agreement is entered into as of July 1, 2024 by and between {HALDEN}, a Delaware nonprofit corporation (the \"Grantor\"), and {OWN}, a public charitable trust (the \"Grantee\").", "1. Purpose. Restoration of check dams in Kolar district (Project: Check Dams Kolar).\n2. Amount. The Grantor shall pay US$85,000.00 in three instalments.\n3. Term. This Agreement ends on June 30, 2026.\n4. Reports are due on January 31 and July 31 of each year."])
    p("Grants/Severn award.docx", [SEVERN, "12 Castle Street, Hereford HR1 2NW", "14 March 2025", f"The Managing Trustee\n{OWN}\n112, 4th Cross, Jayanagar\nBengaluru 560011", "Our reference: SWT/2025/118", "Dear Ms Raghavan,", "Grant award: Stepwells of Chitradurga", "I am delighted to tell you that our trustees have awarded you a grant of £22,500 towards the project Stepwells of Chitradurga. The grant runs from 1 April 2025 to 31 March 2026.", "Yours sincerely,\nHelen Prosser\nGrants Officer"])
    p("Grants/Nandini CSR MoU.docx", ["# MEMORANDUM OF UNDERSTANDING", "MoU No.: NTPL-CSR-07\nDate: 10-04-2025", f"BETWEEN {NANDINI}, having its registered office at Peenya, Bengaluru (hereinafter called \"the Donor\") AND {OWN} (hereinafter called \"the Implementing Agency\").", "The Donor shall contribute Rs. 18,00,000 (Rupees eighteen lakhs only) to the Project: School Rainwater.", "This MoU shall remain in force until 31-03-2026."])
    # purchase orders
    p("Purchase orders/TWT-PO-0231.pdf", [HEAD, "# PURCHASE ORDER", [["PO No.", "TWT-PO-0231"], ["PO Date", "04-Jul-2025"], ["Vendor", DRILL], ["Project", "Check Dams Kolar"]], [["Drilling of borewell, 300 ft", "2,40,000.00"], ["Grand Total (INR)", "2,40,000.00"]]])
    p("Purchase orders/TWT-PO-0236.txt", f"{HEAD}\n\nPURCHASE ORDER\nPO number : TWT-PO-0236          Dated : 18-Jul-2025\nTo        : {SENSE}\nProject   : Stepwells of Chitradurga\n\n4 nos. level logger AL-20 @ 19,000.00      76,000.00\nGST 18%                                    13,680.00\nTOTAL INR                                  89,680.00\n")
    table_docx(root / "Purchase orders/TWT-PO-0240.docx", [OWN, "Purchase Order TWT-PO-0240", "Date: 1-Aug-2025", f"Supplier: {CEMENT}, Kolar", "Project: Check Dams Kolar"], [["Item", "Qty", "Amount (Rs.)"], ["OPC 53 grade cement, 50 kg", "120 bags", "49,200.00"], ["Total", "", "49,200.00"]], ["Authorised signatory: Anjali Deshmukh"])
    html(root / "Purchase orders/TWT-PO-0244.html", "Purchase Order", [("PO No.", "TWT-PO-0244"), ("Date", "04-Aug-2025"), ("Vendor", f"{MERID}<br>2200 Larimer St<br>Denver, CO 80205"), ("Project", "Check Dams Kolar")], [("Groundwater model, licence for one year", "USD 3,150.00"), ("Total", "USD 3,150.00")], f"{OWN}, Bengaluru")
    # invoices
    p("Invoices/KD-118.pdf", [f"{DRILL}\n#41, Tank Bund Road, Kolar 563101\nGSTIN: 29AACFK4411M1Z6", "# TAX INVOICE", [["Invoice No.", "KD/118"], ["Dated", "28-Jul-2025"], ["Buyer (Bill to)", OWN], ["Buyer's Order No.", "TWT-PO-0231"]], [["Borewell drilling", "2,03,389.83"], ["IGST 18%", "36,610.17"], ["Total", "Rs. 2,40,000.00"]], "Amount chargeable (in words): INR Two Lakh Forty Thousand Only"])
    html(root / "Invoices/aquasense 0087.html", "Tax Invoice", [("Seller", f"{SENSE}<br>Hosur Road, Bengaluru"), ("Invoice No.", "ASI/25-26/0087"), ("Invoice Date", "06-Aug-2025"), ("Bill To", OWN), ("PO Ref", "TWT-PO-0236")], [("Level logger AL-20", "4", "76,000.00"), ("CGST 9%", "", "6,840.00"), ("SGST 9%", "", "6,840.00"), ("Grand Total", "", "₹ 89,680.00")], "Terms: 45 days. This is a computer generated invoice.")
    p("Invoices/Meridian 5107.docx", [MERID, "2200 Larimer St, Denver, CO 80205", "INVOICE", "Invoice #: 5107\nDate: 08/14/2025\nDue date: 09/13/2025\nP.O. #: TWT-PO-0244", f"Bill To:\n{OWN}\n112, 4th Cross, Jayanagar\nBengaluru 560011, India", "Groundwater model, 1 year license    $3,150.00", "Balance Due: $3,150.00"])
    p("Invoices/lotus.txt", f"LOTUS OFFSET PRINTERS\n8th Main, Basavanagudi, Bengaluru\n\nBILL No. 2219                        Date: 20/08/2025\n\nM/s {OWN}\n\n500 annual reports          12,500.00\nGST 18%                      2,250.00\n                            ---------\nTotal                Rs. 14,750.00/-\n(Rupees fourteen thousand seven hundred and fifty only)\n")
    p("Invoices/RV-2025-04.docx", [VENKAT, "Consultant (Hydrogeology)\n27, Vontikoppal, Mysuru 570002\nPAN: ABCPV1188K", "Invoice No. RV/2025/04", "31 August 2025", f"To\n{OWN}\nBengaluru", "Professional fees for August 2025, Stepwells of Chitradurga: Rs. 60,000.00\nLess: TDS @ 10%: Rs. 6,000.00\nNet payable: Rs. 54,000.00"])
    p("Invoices/CN-012 aquasense.txt", f"{SENSE}\n\nCREDIT NOTE\n\nCredit Note No.: CN/25-26/012\nDate: 22-Aug-2025\nAgainst invoice: ASI/25-26/0087\nIssued to: {OWN}\n\nOne defective cable\nTotal credit: Rs. 4,720.00\n")
    # timesheets
    sheet(root / "Timesheets/2025-08.csv", [["Employee", "Week ending", "Project", "Activity", "Hours", "Billable"], ["Anjali Deshmukh", "2025-08-08", "Check Dams Kolar", "site visit", "16", "yes"], ["Anjali Deshmukh", "2025-08-08", "School Rainwater", "design", "12.5", "yes"], ["Farhan Ali", "2025-08-08", "Stepwells of Chitradurga", "survey", "38", "yes"], ["Anjali Deshmukh", "2025-08-15", "Check Dams Kolar", "supervision", "24", "yes"], ["Farhan Ali", "2025-08-15", "Stepwells of Chitradurga", "survey", "20", "yes"], ["Farhan Ali", "2025-08-15", "Office", "reports", "18.5", "no"]])
    p("Timesheets/September Meera.xlsx", {"Sep": [["Timesheet - September 2025"], ["Employee:", "Meera Raghavan"], ["Date", "Project", "Hours", "Remarks"], [date(2025, 9, 1), "School Rainwater", 4, "kick-off"], [date(2025, 9, 2), "Office", 7.5, None], [date(2025, 9, 3), "School Rainwater", 6, None], ["Total", None, 17.5, None]]})
    # leases
    p("Leases/office Jayanagar.pdf", ["# LEASE DEED", f"This Lease Deed is made at Bengaluru on this the 1st day of February 2025 between Smt. {LAKSHMI}, residing at Malleswaram (hereinafter referred to as the \"Lessor\") and {OWN} (hereinafter referred to as the \"Lessee\").", "Schedule property: 112, 4th Cross, Jayanagar 3rd Block, Bengaluru 560011.", "1. The term is eleven months from 1 February 2025 to 31 December 2025.\n2. The Lessee shall pay a monthly rent of Rs. 48,000/-.\n3. Interest-free refundable deposit: Rs. 3,00,000/-."])
    p("Leases/store Kolar.txt", f"LEAVE AND LICENCE AGREEMENT\n\nDate: 1 October 2024\nLicensor: {STORE}\nLicensee: {OWN}\nPremises: Shed 7, APMC Yard, Kolar\nLicence fee: INR 12,500.00 per month\nExpiry date: 30 September 2025\nNotice period: 30 days\n")
    # insurance
    p("Insurance/vehicle.pdf", [HIMA, "# Motor Insurance Certificate cum Policy Schedule", [["Policy No.", "3402/88112/00/000"], ["Insured", OWN], ["Vehicle", "KA-05-MN-7741"], ["Period of insurance", "15/06/2025 to 14/06/2026"], ["Total premium", "Rs. 21,476.00"]]])
    p("Insurance/staff.txt", f"{SAHYA}\n\nGROUP HEALTH INSURANCE\n\nPolicy number: SHA-GRP-55017\nPolicyholder: {OWN}\nLives covered: 14\nPremium: INR 1,32,500.00\nExpiry date: 30 November 2025\n")
    mail(root / "Insurance/claim.eml", "Farhan Ali <farhan@tarapath.example>", "claims@himadri.example", "Damage to KA-05-MN-7741", "2025-08-29", f"Dear Sir/Madam,\n\nour jeep was hit by a lorry near Hosakote on 27 August. Policy no. 3402/88112/00/000. The garage estimates Rs. 38,200.\n\nRegards\nFarhan Ali\n{OWN}\n")
    # secrecy
    p("NDA/Meridian.docx", ["# MUTUAL NON-DISCLOSURE AGREEMENT", f"This Mutual Non-Disclosure Agreement (\"Agreement\") is effective as of June 2, 2025 between {MERID}, a Colorado corporation, and {OWN}.", "This Agreement shall terminate on June 1, 2027."])
    p("NDA/Venkataraman.txt", f"NON-DISCLOSURE AGREEMENT\n\nDate: 12 May 2025\n\nDisclosing party: {OWN}\nReceiving party: {VENKAT}\n\nThe Receiving Party keeps the survey data secret for three years.\n")
    # receipts
    p("Receipts/hotel Nairobi.txt", "UHURU GARDENS HOTEL\nNairobi\n\nRECEIPT 77120\n21 Aug 2025\nGuest: Ms Meera Raghavan\n\n2 nights B&B          KES 18,400.00\nCity levy             KES    600.00\nTotal paid            KES 19,000.00\nCard ****4417\n")
    html(root / "Receipts/taxi.html", "Your trip receipt", [("Date", "22 August 2025"), ("Rider", "Meera Raghavan"), ("Receipt no.", "TRP-90871")], [("Fare", "KES 1,150.00"), ("Tip", "KES 100.00"), ("Total", "KES 1,250.00")], "Thanks for riding with Swala Cabs")
    p("Receipts/train.pdf", ["# E-ticket receipt", [["Receipt No.", "R8841207"], ["Booked on", "04-Sep-2025"], ["Passenger", "Farhan Ali"], ["From - To", "Bengaluru - Chitradurga"], ["Total fare", "INR 842.00"]]])
    p("Receipts/London.md", "---\nreceipt: 5518-02\ndate: 2025-09-10\nvendor: Quill & Page Stationers\ntotal: 36.40 GBP\nproject: Stepwells of Chitradurga\nstatus: to be reimbursed\n---\n\nPaper and pens for the donors' evening. Paid by Meera.\n")
    (root / "Receipts/payment.json").write_text(json.dumps({"object": "receipt", "receipt_number": "2071-4410", "date": "2025-08-30", "vendor": "Cloudnest Inc.", "customer": OWN, "total": "49.00", "currency": "USD"}, indent=1), encoding="utf-8")
    # mails
    mail(root / "Mail/reminder kaveri.eml", "accounts@kaveridrillers.example", "Anjali Deshmukh <anjali@tarapath.example>", "Payment reminder KD/118", "2025-09-15", f"Dear Madam,\n\nkindly release the balance of Rs. 1,40,000 against our invoice KD/118 dated 28-Jul-2025.\n\nRegards\nFor {DRILL}\nS. Muniraju\n")
    mail(root / "Mail/halden report.eml", "Grace Okoye <gokoye@haldenfoundation.example>", "Meera Raghavan <meera@tarapath.example>", "HF-24-0613: mid-year report", "2025-08-05", "Hi Meera,\n\nthe narrative report for grant HF-24-0613 was due on July 31. Can you send it by Friday?\n\nBest,\nGrace\n")
    mail(root / "Mail/meridian wire.eml", "Meera Raghavan <meera@tarapath.example>", "Tyler Boone <tboone@meridianhydro.example>", "Wire for invoice 5107", "2025-09-08", f"Hi Tyler,\n\nwe have wired $3,150.00 for invoice 5107 today.\n\nMeera\n{OWN}\n")
    mail(root / "Mail/rent.eml", f"{LAKSHMI} <lnarasimhan@post.example>", "meera@tarapath.example", "Renewal of lease", "2025-09-20", "Dear Ms Raghavan,\n\nthe lease ends in December. I would renew it at Rs. 51,000 a month.\n\nLakshmi Narasimhan\n")
    # bank, donors
    sheet(root / "Bank/current account.csv", [["Txn Date", "Value Date", "Narration", "Chq/Ref No.", "Withdrawal Amt.", "Deposit Amt.", "Closing Balance"],
        ["01/08/2025", "01/08/2025", "NEFT-LAKSHMI NARASIMHAN-RENT AUG", "N213", "48,000.00", "", "9,12,400.00"], ["07/08/2025", "07/08/2025", "NEFT-KAVERI DRILLERS AND CO-PART KD/118", "N219", "1,00,000.00", "", "8,12,400.00"], ["12/08/2025", "12/08/2025", "RTGS-NANDINI TEXTILES PVT LTD-NTPL-CSR-07", "R044", "", "6,00,000.00", "14,12,400.00"],
        ["22/08/2025", "22/08/2025", "UPI-LOTUS OFFSET PRINTERS-2219", "U871", "14,750.00", "", "13,97,650.00"], ["01/09/2025", "01/09/2025", "NEFT-LAKSHMI NARASIMHAN-RENT SEP", "N240", "48,000.00", "", "13,49,650.00"], ["03/09/2025", "03/09/2025", "NEFT-R VENKATARAMAN-RV/2025/04", "N244", "54,000.00", "", "12,95,650.00"],
        ["08/09/2025", "09/09/2025", "OUTWARD REMITTANCE USD 3150 MERIDIAN HYDROLOGY INC 5107", "F010", "2,77,830.00", "", "10,17,820.00"], ["19/09/2025", "19/09/2025", "NEFT-AQUASENSE INSTRUMENTS PVT LTD-ASI/25-26/0087", "N251", "84,960.00", "", "9,32,860.00"]])
    p("Donors/donors.xlsx", {"Donors": [["Donor ID", "Donor name", "E-mail", "Country", "Pledge", "Currency"], ["D-01", "Asha Pillai", "asha.p@mail.example", "India", 25000, "INR"], ["D-02", "Tom Wexford", "twexford@mail.example", "UK", 600, "GBP"], ["D-03", "Ruth Kaplan", "rkaplan@mail.example", "USA", 1000, "USD"], ["D-04", "Imran Sheikh", "imran.s@mail.example", "India", 12000, "INR"]]})
    sheet(root / "Donors/donations 2025.csv", [["Receipt no", "Donor ID", "Received on", "Amount", "Currency", "Mode"], ["80G-0411", "D-01", "2025-04-20", "10000", "INR", "UPI"], ["80G-0412", "D-01", "2025-07-20", "15000", "INR", "cheque"], ["80G-0413", "D-02", "2025-05-02", "300", "GBP", "card"], ["80G-0414", "D-04", "2025-06-11", "12000", "INR", "UPI"]])
    # minutes, notes
    p("Minutes/board 2025-08-20.docx", ["# Minutes of the meeting of the Board of Trustees", "Held on 20 August 2025 at Bengaluru\nPresent: Meera Raghavan, Suresh Hegde, Grace Okoye\nLeave of absence: Anjali Deshmukh", "1. The balance of KD/118 is held back until the pump test.", "2. PO TWT-PO-0240 for cement was ratified.", "3. The lease of the store at Kolar is not to be renewed."])
    p("Notes/kolar.md", "---\nproject: Check Dams Kolar\nowner: Anjali Deshmukh\nstatus: delayed\ntags: [borewell, monsoon]\ngrant: HF-24-0613\n---\n\nThe pump test waits for power.\n")
    p("Notes/stepwells.md", "---\nproject: Stepwells of Chitradurga\nowner: Farhan Ali\nstatus: on track\ntags: [survey]\ngrant: SWT/2025/118\n---\n\nNine of fourteen wells surveyed.\n")
    p("Notes/schools.md", "---\nproject: School Rainwater\nowner: Anjali Deshmukh\nstatus: on track\ntags: [survey, monsoon]\n---\n\nTanks for six schools; Nandini pays.\n")


G, P, J, T, L, V, D, R, E, N = "Grants/", "Purchase orders/", "Invoices/", "Timesheets/", "Leases/", "Insurance/", "NDA/", "Receipts/", "Mail/", "Notes/"
BANK, DON, GIFT = "Bank/current account.csv", "Donors/donors.xlsx", "Donors/donations 2025.csv"
hal, sev, nan = (G + x for x in ("Halden GA.pdf", "Severn award.docx", "Nandini CSR MoU.docx"))
o31, o36, o40, o44 = (P + x for x in ("TWT-PO-0231.pdf", "TWT-PO-0236.txt", "TWT-PO-0240.docx", "TWT-PO-0244.html"))
kd, sen, mer, lot, ven, cn = (J + x for x in ("KD-118.pdf", "aquasense 0087.html", "Meridian 5107.docx", "lotus.txt", "RV-2025-04.docx", "CN-012 aquasense.txt"))
off, sto = L + "office Jayanagar.pdf", L + "store Kolar.txt"
veh, sta, cla = V + "vehicle.pdf", V + "staff.txt", V + "claim.eml"
nm, nv = D + "Meridian.docx", D + "Venkataraman.txt"
hot, tax, tra, lon, pay = (R + x for x in ("hotel Nairobi.txt", "taxi.html", "train.pdf", "London.md", "payment.json"))
rk, rh, rm, rl = (E + x for x in ("reminder kaveri.eml", "halden report.eml", "meridian wire.eml", "rent.eml"))
kol, ste, scho, board = N + "kolar.md", N + "stepwells.md", N + "schools.md", "Minutes/board 2025-08-20.docx"
CHECK, STEP, RAIN = "Check Dams Kolar", "Stepwells of Chitradurga", "School Rainwater"
NAMES = {DRILL: {"kaveri drillers & co", "kaveri drillers"}, SENSE: {"aquasense instruments", "aquasense instruments pvt"}, MERID: {"meridian hydrology"}, NANDINI: {"nandini textiles", "nandini textiles private"}, HALDEN: {"halden foundation"}, LAKSHMI: {"smt. lakshmi narasimhan", "smt lakshmi narasimhan"}, VENKAT: {"venkataraman"}, HIMA: {"himadri general insurance co", "himadri general insurance"}, SAHYA: {"sahyadri health assurance"}, STORE: {"gowda warehousing"}}
B, Q, X, H = BANK + ":", GIFT + ":", DON + "!Donors:", T + "2025-08.csv:"
TASKS = [
    Task("group supplier Invoices", "group", dict(key="supplier", dir="Invoices"), truth={DRILL: {kd}, SENSE: {sen, cn}, MERID: {mer}, LOTUS: {lot}, VENKAT: {ven}}, alias=NAMES),
    Task("group vendor Purchase orders", "group", dict(key="vendor", dir="Purchase orders"), truth={DRILL: {o31}, SENSE: {o36}, CEMENT: {o40}, MERID: {o44}}, alias=NAMES),
    Task("group counterparty Grants", "group", dict(key="counterparty", dir="Grants"), truth={HALDEN: {hal}, SEVERN: {sev}, NANDINI: {nan}}, alias=NAMES, maybe=frozenset()),
    Task("group landlord Leases", "group", dict(key="landlord", dir="Leases"), truth={LAKSHMI: {off}, STORE: {sto}}, alias=NAMES),
    Task("group counterparty NDA", "group", dict(key="counterparty", dir="NDA"), truth={MERID: {nm}, VENKAT: {nv}}, alias=NAMES),
    Task("group project", "group", dict(key="project"), truth={CHECK: {hal, o31, o40, o44, kol}, STEP: {sev, o36, lon, ste, ven}, RAIN: {nan, scho}}, maybe=frozenset({T + "2025-08.csv", T + "September Meera.xlsx", "Timesheets/2025-08.csv", kd, sen, mer})),
    Task("group currency Receipts", "group", dict(key="currency", dir="Receipts"), truth={"KES": {hot, tax}, "INR": {tra}, "GBP": {lon}, "USD": {pay}}),
    Task("group status Notes", "group", dict(key="status", dir="Notes"), truth={"delayed": {kol}, "on track": {ste, scho}}),
    Task("group grant number", "group", dict(key="grant number"), truth={"HF-24-0613": {hal, rh, kol}, "SWT/2025/118": {sev, ste}}),
    Task("group insurer Insurance", "group", dict(key="insurer", dir="Insurance"), truth={HIMA: {veh}, SAHYA: {sta}}, alias=NAMES, maybe=frozenset({cla})),
    Task("group present Minutes", "group", dict(key="present", dir="Minutes"), truth={"Meera Raghavan": {board}, "Suresh Hegde": {board}, "Grace Okoye": {board}}),
    Task("group year Grants, Leases", "group", dict(key="year", dir="Leases"), truth={"2025": {off}, "2024": {sto}}),
    Task("invoices x orders, order number", "join", dict(left="Invoices", right="Purchase orders", on=("order_number",)), truth={(kd, o31), (sen, o36), (mer, o44)}),
    Task("orders without an invoice", "join", dict(how="anti", left="Purchase orders", right="Invoices", on=("order_number",)), truth={(o40, "")}),
    Task("bank x invoices, invoice number", "join", dict(left=BANK, right="Invoices", on=("invoice_number",)), truth={(B + "3", kd), (B + "5", lot), (B + "7", ven), (B + "8", mer), (B + "9", sen)}, maybe=frozenset({(B + "9", cn)})),
    Task("bank x leases, counterparty", "join", dict(left=BANK, right="Leases", on=("counterparty",)), truth={(B + "2", off), (B + "6", off)}),
    Task("invoices x bank, counterparty", "join", dict(left="Invoices", right=BANK, on=("counterparty",)), truth={(kd, B + "3"), (lot, B + "5"), (ven, B + "7"), (mer, B + "8"), (sen, B + "9"), (cn, B + "9")}),
    Task("invoices x NDA, counterparty", "join", dict(left="Invoices", right="NDA", on=("counterparty",)), truth={(mer, nm), (ven, nv)}),
    Task("mails x invoices, invoice number", "join", dict(left="Mail", right="Invoices", on=("invoice_number",)), truth={(rk, kd), (rm, mer)}),
    Task("mails x grants, grant number", "join", dict(left="Mail", right="Grants", on=("grant number",)), truth={(rh, hal)}),
    Task("minutes x orders, order number", "join", dict(left="Minutes", right="Purchase orders", on=("order_number",)), truth={(board, o40)}),
    Task("claim x policies, policy number", "join", dict(left="Insurance/*.eml", right="Insurance", on=("policy_number",)), truth={(cla, veh)}),
    Task("donations x donors, donor id", "join", dict(left=GIFT, right=DON, on=("donor id",)), truth={(Q + "2", X + "2"), (Q + "3", X + "2"), (Q + "4", X + "3"), (Q + "5", X + "5")}),
    Task("donors without donations", "join", dict(how="anti", left=DON, right=GIFT, on=("donor id",)), truth={(X + "4", "")}),
    Task("timesheets x notes, project", "join", dict(left=T + "2025-08.csv", right="Notes", on=("project",)), truth={(H + "2", kol), (H + "3", scho), (H + "4", ste), (H + "5", kol), (H + "6", ste)}),
    Task("sum of invoices by supplier", "aggregate", dict(function="sum", field="amount", by=("supplier",), query="Invoices"), truth={(DRILL, "INR"): "240000.00", (SENSE, "INR"): "84960.00", (MERID, "USD"): "3150.00", (LOTUS, "INR"): "14750.00", (VENKAT, "INR"): "54000.00"}, alias=NAMES),
    Task("sum of hours by project", "aggregate", dict(function="sum", field="hours", by=("project",), query=T + "2025-08.csv"), truth={(CHECK, ""): "40", (RAIN, ""): "12.5", (STEP, ""): "58", ("Office", ""): "18.5"}),
    Task("avg of hours by employee", "aggregate", dict(function="avg", field="hours", by=("employee",), query=T + "2025-08.csv"), truth={("Anjali Deshmukh", ""): "17.5", ("Farhan Ali", ""): "25.5"}),
    Task("sum of donations by mode", "aggregate", dict(function="sum", field="amount", by=("mode",), query=GIFT), truth={("UPI", "INR"): "22000", ("cheque", "INR"): "15000", ("card", "GBP"): "300"}),
    Task("max rent of leases", "aggregate", dict(function="max", field="rent", by=("landlord",), query="Leases"), truth={(LAKSHMI, "INR"): "48000.00", (STORE, "INR"): "12500.00"}, alias=NAMES),
    Task("sum of receipts by currency", "aggregate", dict(function="sum", field="total", by=(), query="Receipts"), truth={("", "KES"): "20250.00", ("", "INR"): "842.00", ("", "GBP"): "36.40", ("", "USD"): "49.00"}),
    Task("count of orders by project", "aggregate", dict(function="count", by=("project",), query="Purchase orders"), truth={(CHECK, ""): "3", (STEP, ""): "1"}),
    Task("sum of withdrawals by month", "aggregate", dict(function="sum", field="withdrawal amt.", by=("date:month",), query=BANK), truth={("2025-08", ""): "162750.00", ("2025-09", ""): "464790.00"}),
    Task("ask: how much from AquaSense", "ask", dict(question="How much did AquaSense Instruments bill us in 2025?"), truth=("84,960", "84960")),
    Task("files: agreements ending in 2025", "files", dict(question="contracts expiring in 2025"), truth={off, sto}),
    Task("files: policies expiring", "files", dict(question="insurance policies that expire in 2025"), truth={sta}),
    Task("files: invoices due in September 2025", "files", dict(question="invoices due in September 2025"), truth={mer}),
    Task("files: invoices of the third quarter over 50,000", "files", dict(question="invoices over 50,000 INR"), truth={kd, sen, ven}),
    Task("files: emails from Meera, not to Halden", "files", dict(question="emails from Meera Raghavan"), truth={rm}),
    Task("files: receipts from August 2025", "files", dict(question="receipts from August 2025"), truth={hot, tax, pay}),
    Task("extract policy number", "extract", dict(path="Insurance", field=("policy_number",), first=True), truth={(veh, "3402/88112/00/000"), (sta, "SHA-GRP-55017"), (cla, "3402/88112/00/000")}),
    Task("extract invoice number", "extract", dict(path="Invoices", field=("invoice_number",), first=True), truth={(kd, "KD/118"), (sen, "ASI/25-26/0087"), (mer, "5107"), (lot, "2219"), (ven, "RV/2025/04")}, maybe=frozenset({(cn, "ASI/25-26/0087"), (cn, "CN/25-26/012")})),
]
