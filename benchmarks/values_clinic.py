"""The share of a physiotherapy practice in Australia, English and German, and questions with their truth.

Invoices, credit notes, refunds, bills with a balance, leases and licences, payslips, a curriculum
vitae, certificates, signed letters, dollars of two countries. Written before any rule was changed.
"""

# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Marlow Street Physiotherapy Pty Ltd"
FUND, CLUB, SCHOOL = (
    "Westcape Health Fund Ltd",
    "Fremantle Rovers Football Club Inc.",
    "St Brendan's College",
)
KESTREL, REHA, PINE = (
    "Kestrel Medical Supplies Pty Ltd",
    "Bodensee Reha GmbH",
    "Northpine Software Inc.",
)
POWER, LINEN, REID = "Swan River Energy Pty Ltd", "Cottesloe Linen Hire Pty Ltd", "Lachlan Reid"
MARRI, ANVIL = "Marri Property Holdings Pty Ltd", "Anvil Indemnity Insurance Ltd"
SZABO, TANAKA, DOYLE = "Dr Helen Szabo", "Yuki Tanaka", "Karen Doyle"
ODUYA, ACHT, RAGHU = "Benjamin Oduya", "Daniel Achterberg", "Priya Raghunathan"
AID = "St Aidan First Aid Training"
HEAD = f"{OWN}\n18 Marlow Street, Fremantle WA 6160\nABN 41 602 118 775"


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # what the practice bills
    p("Billed/MS-2101 Westcape.pdf", [HEAD, "# Tax Invoice", [["Invoice number", "MS-2101"], ["Invoice date", "3 March 2025"], ["Bill to", FUND], ["Provider agreement", "WH-0331"]], [["February sessions, 12 members", "$1,320.00"], ["GST", "$0.00"], ["Total (AUD)", "$1,320.00"]], "Payment terms: 30 days"])
    table_docx(root / "Billed/MS-2102 Rovers.docx", [HEAD, "TAX INVOICE MS-2102", f"10 March 2025\n\n{CLUB}\nOval Road, Fremantle WA 6160", "Season 2025, match day cover"], [["Description", "Amount"], ["Match day physiotherapist, 4 rounds", "$800.00"], ["GST", "$80.00"], ["Total", "$880.00"], ["Less deposit received 20 February", "-$500.00"], ["Balance due", "$380.00"]], ["Please pay by 24 March 2025."])
    p("Billed/MS-2104 Achterberg.pdf", [HEAD, "# Tax Invoice / Receipt", [["Invoice number", "MS-2104"], ["Date", "12/03/2025"], ["Patient", f"Mr {ACHT}"]], [["Initial consultation", "$110.00"], ["Hydrotherapy, single session", "$80.00"], ["Total", "$190.00"], ["Paid by card", "$190.00"], ["Balance owing", "$0.00"]], "Thank you."])
    html(root / "Billed/MS-2107 Westcape.html", "Tax Invoice", [("Invoice number", "MS-2107"), ("Invoice date", "1 April 2025"), ("Bill to", f"{FUND}<br>GPO Box 1180<br>Perth WA 6001"), ("Provider agreement", "WH-0331")], [("Description", "Sessions", "Amount"), ("March sessions, 14 members", "14", "$1,540.00"), ("Total payable", "", "$1,540.00")], f"{OWN} · ABN 41 602 118 775 · 18 Marlow Street, Fremantle")
    p("Billed/MS-2109 St Brendan.txt", f"{HEAD}\n\nTax invoice MS-2109            7 April 2025\n\nTo: {SCHOOL}\n    22 Chapel Road, Palmyra WA 6157\n\nPosture workshop, years 8 and 9 ........ $600.00\nGST ...................................... $60.00\nTotal amount ........................... $660.00\n\nDue date: 21 April 2025\n")
    p("Billed/MS-CN-14 Westcape.txt", f"{HEAD}\n\nCREDIT NOTE MS-CN-14\nDate: 14 March 2025\n\nTo: {FUND}\nRe: invoice MS-2101\n\nOne session charged twice          $110.00\nTotal credit                       $110.00\n")
    p("Billed/refund Achterberg.docx", ["# Refund advice", HEAD, f"Date: 19 March 2025\n\nMr {ACHT}\n4 Tuart Lane\nBeaconsfield WA 6162", "Refund for invoice MS-2104: the hydrotherapy pool was closed.", "Amount refunded: $80.00\nRefunded to: card ending 4471"])
    # what it is billed
    p("Bills/kestrel KM-55810.pdf", [f"{KESTREL}\n7 Baile Road, Canning Vale WA 6155\nABN 88 140 220 619", "# Tax invoice", [["Invoice no.", "KM-55810"], ["Date", "5 March 2025"], ["Customer", OWN], ["Your order no.", "PO-88"]], [["40 resistance bands", "$520.00"], ["20 rolls strapping tape", "$180.00"], ["GST 10%", "$70.00"], ["Total incl. GST", "$770.00"]]])
    p("Bills/kestrel KM-56021.pdf", [f"{KESTREL}\n7 Baile Road, Canning Vale WA 6155\nABN 88 140 220 619", "# Tax invoice", [["Invoice no.", "KM-56021"], ["Date", "2 April 2025"], ["Customer", OWN], ["Your order no.", "PO-94"]], [["Treatment table, electric", "$2,400.00"], ["GST 10%", "$240.00"], ["Total incl. GST", "$2,640.00"]]])
    p("Bills/kestrel CR-1190.pdf", [f"{KESTREL}\n7 Baile Road, Canning Vale WA 6155\nABN 88 140 220 619", "# Adjustment note", [["Adjustment note no.", "CR-1190"], ["Date", "17 March 2025"], ["Customer", OWN], ["Original invoice", "KM-55810"]], [["5 rolls strapping tape, returned", "$45.00"], ["GST 10%", "$4.50"], ["Total credit incl. GST", "$49.50"]]])
    table_docx(root / "Bills/Bodensee 2025-311.docx", [f"{REHA}\nSeestraße 40, 88045 Friedrichshafen\nUSt-IdNr. DE811907734", "Rechnung", f"Rechnungsnummer: 2025-311\nRechnungsdatum: 11.03.2025\nIhre Bestellung: PO-91\n\n{OWN}\n18 Marlow Street\nFremantle WA 6160, Australien"], [["Pos.", "Bezeichnung", "Betrag"], ["1", "Gangtrainer, generalüberholt", "3.150,00 €"], ["2", "Luftfracht", "480,00 €"], ["", "Rechnungsbetrag", "3.630,00 €"]], ["Steuerfreie Ausfuhrlieferung. Zahlbar innerhalb von 14 Tagen."])
    p("Bills/Bodensee Gutschrift.txt", f"{REHA}\nSeestraße 40, 88045 Friedrichshafen\n\nGUTSCHRIFT Nr. G-2025-019\nDatum: 28.03.2025\n\nAn: {OWN}\nzu Rechnung 2025-311\n\nTransportschaden am Gehäuse      230,00 €\nGutschriftbetrag                 230,00 €\n\nDer Betrag wird mit der Zahlung verrechnet.\n")
    html(root / "Bills/northpine INV-7741.html", "Invoice INV-7741", [("From", f"{PINE}<br>410 Adelaide Street West<br>Toronto ON"), ("Customer", OWN), ("Issued", "15 March 2025"), ("Agreement", "LIC-2207")], [("Item", "Amount"), ("Practice Desk licence fee, 12 months", "$2,400.00"), ("Onboarding", "$350.00"), ("Amount due", "$2,750.00")], "All amounts are in Canadian dollars (CAD).")
    html(root / "Bills/swan river march.html", "Your electricity account", [("Account holder", OWN), ("Account number", "7710 448 02"), ("Bill number", "SRE-90217744"), ("Date of issue", "27 March 2025"), ("Pay by", "15 April 2025")], [("Previous balance", "$212.40"), ("Payments received", "-$212.40"), ("Usage 1 February to 24 March", "$214.71"), ("GST", "$21.47"), ("Amount due", "$236.18")], f"{POWER} · ABN 60 331 902 115 · 1 Horseshoe Bridge Road, Perth")
    p("Bills/linen march.txt", f"COTTESLOE LINEN HIRE PTY LTD\nABN 19 555 830 224\n31 Stirling Highway, North Fremantle\n\nTax invoice: 4471\nDate: 31 March 2025\nCustomer: {OWN}\nContract: CLH-118\n\nTowels, 800 pieces                400.00\nLoyalty discount 5%               -20.00\nNet                               380.00\nGST                                38.00\nNet payable (AUD)                 418.00\n")
    p("Bills/linen april.txt", f"COTTESLOE LINEN HIRE PTY LTD\nABN 19 555 830 224\n31 Stirling Highway, North Fremantle\n\nTax invoice: 4538\nDate: 30 April 2025\nCustomer: {OWN}\nContract: CLH-118\n\nTowels, 840 pieces                420.00\nGST                                42.00\nInvoice total (AUD)               462.00\nLess direct debit 28 April       -200.00\nBalance                           262.00\n")
    p("Bills/reid bookkeeping.pdf", [f"{REID}\nBookkeeping and BAS services\n9 Wray Avenue, Fremantle WA 6160\nABN 73 204 118 090", "# Invoice 0087", "Date: 4 April 2025", f"To: {OWN}", [["Bookkeeping January to March, 11 hours", "$550.00"], ["Amount payable", "$550.00"]], "No GST has been charged."])
    mail(root / "Bills/northpine refund.eml", "Northpine Billing <billing@northpine.example>", "accounts@marlowphysio.example", "Refund for invoice INV-7741", "2025-04-09", f"Hello Karen,\n\nas agreed we have refunded CAD 350.00 for the onboarding on invoice INV-7741. It should reach your card within five business days.\n\nThanks, Amelie Roy\n{PINE}\n")
    # contracts
    p("Agreements/lease.docx", ["# Commercial Lease", "Lease no. L-2023/18", f"This lease is made on 1 July 2023 between {MARRI} ACN 120 884 317 of 200 St Georges Terrace, Perth (\"the Landlord\") and {OWN} of 18 Marlow Street, Fremantle (\"the Tenant\").", "1. The Landlord lets the ground floor of 18 Marlow Street to the Tenant for five years. The term ends on 30 June 2028.", "2. The rent is $5,200.00 per calendar month plus GST. A licence fee of $60.00 a month is payable for the parking bay.", "3. A security deposit of $10,400.00 is held by the Landlord.", "Signed for the Landlord: Graham Pell\nSigned for the Tenant: Karen Doyle"])
    p("Agreements/practice desk licence.pdf", ["# SOFTWARE LICENCE AGREEMENT", "Agreement number: LIC-2207", f"Licensor: {PINE}\nLicensee: {OWN}\nEffective date: 15 March 2025", "The Licensor grants the Licensee a non-exclusive licence to use Practice Desk at one location for ten users.", "Licence fee: CAD 2,400.00 per year, invoiced in advance.", "Either party may terminate with 60 days' written notice."])
    p("Agreements/room licence Szabo.docx", ["# Licence to occupy a consulting room", f"THIS LICENCE is granted on 3 February 2025 by {OWN} (\"the Licensor\") to {SZABO} (\"the Licensee\").", "The Licensee may use consulting room 3 on Tuesdays and Thursdays until 31 January 2026.", "Licence fee: $180.00 per week. This licence creates no tenancy.", f"Signed\n\n{DOYLE}, for the Licensor\n{SZABO}"])
    p("Agreements/linen service.txt", f"SERVICE AGREEMENT\n\nContract number: CLH-118\nSupplier: {LINEN}\nCustomer: {OWN}\nStart date: 1 August 2024\nEnd date: 31 July 2025\n\nThe Supplier delivers clean towels twice a week and collects used ones.\nNotice period: one month\n")
    p("Agreements/employment Tanaka.docx", ["# Employment contract", f"Employer: {OWN}\nEmployee: {TANAKA}", "Position: senior physiotherapist\nCommencement date: 15 January 2024\nSalary: $92,000.00 per annum", "Notice period: four weeks"])
    p("Agreements/ultrasound hire.pdf", ["# Equipment lease", "Lease agreement EQ-077", f"Lessor: {KESTREL}\nLessee: {OWN}", "Equipment: ultrasound unit US-200\nCommencement: 1 November 2024\nMonthly payment: $95.00\nExpiry date: 31 October 2026"])
    p("Agreements/indemnity policy.txt", f"{ANVIL}\n\nCERTIFICATE OF INSURANCE\n\nPolicy number: PI-4402913\nInsured: {OWN}\nClass: professional indemnity\nAnnual premium: $1,860.00\nPeriod of insurance: 1 January 2025 to 31 December 2025\n")
    # staff
    for who, number, gross, tax, net in ((TANAKA, "E-04", "$7,666.67", "$1,866.00", "$5,800.67"), (DOYLE, "E-01", "$8,500.00", "$2,190.00", "$6,310.00")):
        p(f"Staff/payslip {who.split()[1]} March.pdf", [OWN, "# Payslip", [["Employee", who], ["Employee number", number], ["Pay period", "1 - 31 March 2025"], ["Payment date", "31 March 2025"]], [["Gross pay", gross], ["Tax withheld", tax], ["Net pay", net]], "Superannuation is paid quarterly."])
    p("Staff/CV Oduya.docx", [f"# {ODUYA}", "Curriculum vitae", "15 Holdsworth Street, Fremantle WA 6160 · ben.oduya@post.example · 0491 570 156", "Experience", "2021 - 2025 Physiotherapist, Swan Valley Hospital\n2019 - 2021 Graduate physiotherapist, Rehab West Pty Ltd", "Education", "2018 Bachelor of Physiotherapy, Curtin University", "Referees", "Margaret Lim, head of department"])
    p("Staff/first aid Tanaka.pdf", [AID, "# Certificate of attainment", f"This is to certify that\n{TANAKA}\nhas completed the course HLTAID011 Provide First Aid", "Certificate number: FA-209931\nDate of issue: 22 February 2025\nValid until: 22 February 2028", "Robert Nkemelu\nTraining manager"])
    p("Staff/registration Doyle.txt", f"PHYSIOTHERAPY BOARD OF AUSTRALIA\n\nCERTIFICATE OF REGISTRATION\n\nName: {DOYLE}\nRegistration number: PHY0001840021\nDate of issue: 1 December 2024\nExpiry date: 30 November 2025\n")
    p("Staff/staff.xlsx", {"Staff": [["Employee no.", "Surname", "First name", "Email", "Start date", "Role", "Monthly salary"], ["E-01", "Doyle", "Karen", "karen@marlowphysio.example", date(2016, 2, 1), "Principal", 8500], ["E-04", "Tanaka", "Yuki", "yuki@marlowphysio.example", date(2024, 1, 15), "Physiotherapist", 7666.67], ["E-06", "Walsh", "Orla", "orla@marlowphysio.example", date(2022, 8, 8), "Reception", 4700], ["E-07", "Nguyen", "Minh", "minh@marlowphysio.example", date(2023, 5, 2), "Physiotherapist", 7100]]})
    # letters
    p("Letters/rent review.pdf", [f"{MARRI}\n200 St Georges Terrace, Perth WA 6000", "18 March 2025", f"{OWN}\n18 Marlow Street\nFremantle WA 6160", "Rent review, lease L-2023/18", "Dear Ms Doyle,", "From 1 July 2025 the rent of the premises will be $5,356.00 per calendar month, in accordance with clause 8.", "Yours faithfully, Graham Pell"])
    p("Letters/reminder Rovers.docx", [HEAD, f"{CLUB}\nOval Road\nFremantle WA 6160", "2 April 2025", "Invoice MS-2102", "Dear treasurer,", "our records show that the balance of $380.00 on invoice MS-2102 is still outstanding. Please pay it by 16 April.", "Kind regards, Karen Doyle"])
    p("Letters/referral Raghunathan.pdf", [f"{SZABO}\nConsultant rheumatologist\n18 Marlow Street, Fremantle", "25 March 2025", f"Re: Ms {RAGHU}, born 14 August 1988", "Dear Yuki,", "Thank you for seeing this patient with early knee osteoarthritis. I suggest six sessions of strength training.", "With thanks,\nHelen Szabo"])
    mail(root / "Letters/cancellation.eml", f"{RAGHU} <priya.raghunathan@post.example>", "reception@marlowphysio.example", "My appointment on Friday", "2025-04-03", "Hi Orla,\n\nI can't make Friday, could I come on Monday instead? And was invoice MS-2111 already sent to Westcape?\n\nThanks, Priya\n")
    p("Letters/westcape remittance.txt", f"{FUND}\nGPO Box 1180, Perth WA 6001\n\nREMITTANCE ADVICE\n\nPayee: {OWN}\nPayment date: 31 March 2025\n\nYour invoice MS-2101              $1,320.00\nYour credit note MS-CN-14          -$110.00\nTotal paid                        $1,210.00\n")
    p("Letters/kestrel statement.pdf", [f"{KESTREL}\n7 Baile Road, Canning Vale WA 6155", "# Statement of account", [["Customer", OWN], ["Statement date", "30 April 2025"]], [["Invoice KM-55810", "$770.00"], ["Adjustment note CR-1190", "-$49.50"], ["Payment 20 March, thank you", "-$720.50"], ["Invoice KM-56021", "$2,640.00"], ["Balance", "$2,640.00"]]])
    # orders
    p("Orders/PO-88 kestrel.txt", f"{OWN}\n\nPURCHASE ORDER PO-88\n3 March 2025\n\nSupplier: {KESTREL}\n\n40 resistance bands at $13.00\n20 rolls strapping tape at $9.00\nTotal ex GST $700.00\n")
    mail(root / "Orders/PO-91 bodensee.eml", "Karen Doyle <karen@marlowphysio.example>", "vertrieb@bodensee-reha.example", "Purchase order PO-91", "2025-03-06", f"Dear Mr Haug,\n\nplease send us the gait trainer of your quotation A-2025-88 for EUR 3,630.00 including air freight. Our order number is PO-91.\n\nKind regards, Karen Doyle\n{OWN}\n")
    table_docx(root / "Orders/PO-94 table.docx", [OWN, "Purchase order PO-94 of 24 March 2025", f"To: {KESTREL}"], [["Item", "Qty", "Price"], ["Treatment table, electric", "1", "$2,400.00"]], ["Karen Doyle, principal"])
    p("Orders/PO-97 sign.txt", f"{OWN}\n\nPURCHASE ORDER PO-97\n14 April 2025\n\nSupplier: Fremantle Signworks\n\nOne window sign, fitted, $490.00\n")
    # bank, minutes, notes
    sheet(root / "Bank/cheque account.csv", [["Date", "Description", "Debit", "Credit", "Balance"],
        ["20/02/2025", "DEPOSIT FREMANTLE ROVERS FC MS-2102", "", "500.00", "18,500.00"], ["12/03/2025", "EFTPOS SETTLEMENT MS-2104", "", "190.00", "18,690.00"], ["19/03/2025", "REFUND CARD 4471 MS-2104", "80.00", "", "18,610.00"], ["20/03/2025", "KESTREL MEDICAL SUPPLIES KM-55810 LESS CR-1190", "720.50", "", "17,889.50"],
        ["31/03/2025", "WESTCAPE HEALTH FUND MS-2101", "", "1,210.00", "19,099.50"], ["31/03/2025", "SALARY Y TANAKA", "5,800.67", "", "13,298.83"], ["01/04/2025", "MARRI PROPERTY HOLDINGS RENT APR", "5,720.00", "", "7,578.83"], ["11/04/2025", "L REID BOOKKEEPING INV 0087", "550.00", "", "7,028.83"],
        ["15/04/2025", "SWAN RIVER ENERGY SRE-90217744", "236.18", "", "6,792.65"], ["28/04/2025", "DD COTTESLOE LINEN HIRE", "200.00", "", "6,592.65"], ["30/04/2025", "WESTCAPE HEALTH FUND MS-2107", "", "1,540.00", "8,132.65"]])
    p("Meetings/2025-03-05 practice.md", "# Practice meeting\n\nDate: 5 March 2025\nPresent: Karen Doyle, Yuki Tanaka, Orla Walsh\nApologies: Minh Nguyen\n\n1. The gait trainer of Bodensee is ordered (PO-91).\n2. Room 3 works well with Dr Szabo.\n")
    p("Meetings/2025-04-10 practice.docx", ["# Practice meeting", "Date: 10 April 2025\nPresent: Karen Doyle, Yuki Tanaka, Minh Nguyen", "1. Rovers have still not paid the rest of MS-2102.", "2. The landlord's rent review was accepted.", "3. Interview with Benjamin Oduya on 14 April."])
    p("Notes/gym.md", "---\nproject: Gym extension\nowner: Yuki Tanaka\nstatus: planned\ntags: [building, equipment]\n---\n\nNeeds the landlord's consent.\n")
    p("Notes/website.md", "---\nproject: New website\nowner: Orla Walsh\nstatus: in progress\ntags: [web]\n---\n\nOnline booking through Practice Desk.\n")
    p("Notes/gait.md", "---\nproject: Gym extension\nowner: Karen Doyle\nstatus: in progress\norder: PO-91\ntags: [equipment]\n---\n\nThe gait trainer came with a dent.\n")


V, B, G, S, L, P, M, N = "Billed/", "Bills/", "Agreements/", "Staff/", "Letters/", "Orders/", "Meetings/", "Notes/"
i1, i2, i4, i7, i9, icn, irf = (V + x for x in ("MS-2101 Westcape.pdf", "MS-2102 Rovers.docx", "MS-2104 Achterberg.pdf", "MS-2107 Westcape.html", "MS-2109 St Brendan.txt", "MS-CN-14 Westcape.txt", "refund Achterberg.docx"))
k1, k2, kcr, r1, rcr, pine, power, li1, li2, reid, prf = (B + x for x in ("kestrel KM-55810.pdf", "kestrel KM-56021.pdf", "kestrel CR-1190.pdf", "Bodensee 2025-311.docx", "Bodensee Gutschrift.txt", "northpine INV-7741.html", "swan river march.html", "linen march.txt", "linen april.txt", "reid bookkeeping.pdf", "northpine refund.eml"))
lease, lic, room, serv, empl, hire, pol = (G + x for x in ("lease.docx", "practice desk licence.pdf", "room licence Szabo.docx", "linen service.txt", "employment Tanaka.docx", "ultrasound hire.pdf", "indemnity policy.txt"))
pt, pd, cv, aid, reg, LIST = (S + x for x in ("payslip Tanaka March.pdf", "payslip Doyle March.pdf", "CV Oduya.docx", "first aid Tanaka.pdf", "registration Doyle.txt", "staff.xlsx"))
rev, rem, ref, can, rmt, stm = (L + x for x in ("rent review.pdf", "reminder Rovers.docx", "referral Raghunathan.pdf", "cancellation.eml", "westcape remittance.txt", "kestrel statement.pdf"))
p88, p91, p94, p97 = (P + x for x in ("PO-88 kestrel.txt", "PO-91 bodensee.eml", "PO-94 table.docx", "PO-97 sign.txt"))
m3, m4, gym, web, gait = M + "2025-03-05 practice.md", M + "2025-04-10 practice.docx", N + "gym.md", N + "website.md", N + "gait.md"
BANK = "Bank/cheque account.csv"
R, W = BANK + ":", LIST + "!Staff:"
NAMES = {ACHT: {"mr daniel achterberg"}, RAGHU: {"ms priya raghunathan"}, SZABO: {"helen szabo"}, CLUB: {"fremantle rovers football club"}, FUND: {"westcape health fund"},
         **{one: {one.removesuffix(" Ltd").lower(), one.removesuffix(" Pty Ltd").lower()} for one in (KESTREL, POWER, LINEN, MARRI)}}
TASKS = [
    Task("group customer Billed", "group", dict(key="customer", dir="Billed"), truth={FUND: {i1, i7, icn}, CLUB: {i2}, ACHT: {i4, irf}, SCHOOL: {i9}}, alias=NAMES),
    Task("group supplier Bills", "group", dict(key="supplier", dir="Bills"), truth={KESTREL: {k1, k2, kcr}, REHA: {r1, rcr}, PINE: {pine, prf}, POWER: {power}, LINEN: {li1, li2}, REID: {reid}}, alias=NAMES),
    Task("group counterparty Agreements", "group", dict(key="counterparty", dir="Agreements"), truth={MARRI: {lease}, PINE: {lic}, SZABO: {room}, LINEN: {serv}, TANAKA: {empl}, KESTREL: {hire}, ANVIL: {pol}}, alias=NAMES),
    Task("group landlord Agreements", "group", dict(key="landlord", dir="Agreements"), truth={MARRI: {lease}}, alias=NAMES, maybe=frozenset({hire})),
    Task("group licensor Agreements", "group", dict(key="licensor", dir="Agreements"), truth={PINE: {lic}, OWN: {room}}, alias=NAMES),
    Task("group employee Staff", "group", dict(key="employee", dir="Staff"), truth={TANAKA: {pt}, DOYLE: {pd}}, maybe=frozenset({aid, reg})),
    Task("group person Staff", "group", dict(key="party", dir="Staff"), truth={TANAKA: {pt, aid}, DOYLE: {pd, reg}, ODUYA: {cv}, OWN: {pt, pd}, AID: {aid}, "Physiotherapy Board of Australia": {reg}}, maybe=frozenset({LIST})),
    Task("group counterparty Letters", "group", dict(key="counterparty", dir="Letters"), truth={MARRI: {rev}, CLUB: {rem}, SZABO: {ref}, FUND: {rmt}, KESTREL: {stm}, RAGHU: {can, ref}}, alias=NAMES),
    Task("group author Letters", "group", dict(key="author", dir="Letters"), truth={"Graham Pell": {rev}, DOYLE: {rem}, "Helen Szabo": {ref}, RAGHU: {can}}, maybe=frozenset({rmt, stm}), alias={"Helen Szabo": {"dr helen szabo"}}),
    Task("group project", "group", dict(key="project"), truth={"Gym extension": {gym, gait}, "New website": {web}}),
    Task("group status Notes", "group", dict(key="status", dir="Notes"), truth={"planned": {gym}, "in progress": {web, gait}}),
    Task("group present Meetings", "group", dict(key="present", dir="Meetings"), truth={DOYLE: {m3, m4}, TANAKA: {m3, m4}, "Orla Walsh": {m3}, "Minh Nguyen": {m4}}),
    Task("group kind Billed", "group", dict(key="kind", dir="Billed"), truth={"invoice": {i1, i2, i7, i9, icn}}, maybe=frozenset({i4, irf})),
    Task("group date:month Bills", "group", dict(key="date:month", dir="Bills"), truth={"2025-03": {k1, kcr, r1, rcr, pine, power, li1}, "2025-04": {k2, li2, reid, prf}}),
    Task("bills x orders, order number", "join", dict(left="Bills", right="Orders", on=("order_number",)), truth={(k1, p88), (k2, p94), (r1, p91)}),
    Task("orders without a bill", "join", dict(how="anti", left="Orders", right="Bills", on=("order_number",)), truth={(p97, "")}),
    Task("bank x billed, invoice number", "join", dict(left=BANK, right="Billed/MS-2*", on=("invoice_number",)), truth={(R + "2", i2), (R + "3", i4), (R + "4", i4), (R + "6", i1), (R + "12", i7)}),
    Task("billed without a payment", "join", dict(how="anti", left="Billed/MS-2*", right=BANK, on=("invoice_number",)), truth={(i9, "")}),
    Task("bank x bills, invoice number", "join", dict(left=BANK, right="Bills", on=("invoice_number",)), truth={(R + "5", k1), (R + "9", reid), (R + "10", power)}, maybe=frozenset({(R + "5", kcr)})),
    Task("bills x bank, counterparty and amount", "join", dict(left="Bills", right=BANK, on=("counterparty", "amount")), truth={(reid, R + "9"), (power, R + "10")}),
    Task("bills x agreements, counterparty", "join", dict(left="Bills", right="Agreements", on=("counterparty",)), truth={(k1, hire), (k2, hire), (kcr, hire), (pine, lic), (prf, lic), (li1, serv), (li2, serv)}),
    Task("bills x agreements, contract number", "join", dict(left="Bills", right="Agreements", on=("contract_number",)), truth={(pine, lic), (li1, serv), (li2, serv)}),
    Task("letters x billed, invoice number", "join", dict(left="Letters", right="Billed/MS-2*", on=("invoice_number",)), truth={(rem, i2), (rmt, i1)}),
    Task("credit notes x invoices", "join", dict(left="Billed/[Mr]*[CfN]*", right="Billed/MS-2*", on=("invoice_number",)), truth={(icn, i1), (irf, i4)}, maybe=frozenset({(x, x) for x in (i1, i2, i4, i7, i9)})),
    Task("payslips x staff, employee number", "join", dict(left="Staff/payslip*", right=LIST, on=("employee number=Employee no.",)), truth={(pt, W + "3"), (pd, W + "2")}),
    Task("sum billed by customer", "aggregate", dict(function="sum", field="amount", by=("customer",), query="Billed"), truth={(FUND, "AUD"): "2750.00", (CLUB, "AUD"): "880.00", (ACHT, "AUD"): "110.00", (SCHOOL, "AUD"): "660.00"}, alias=NAMES),
    Task("sum of bills by supplier", "aggregate", dict(function="sum", field="total", by=("supplier",), query="Bills"), truth={(KESTREL, "AUD"): "3360.50", (REHA, "EUR"): "3400.00", (PINE, "CAD"): "2400.00", (POWER, "AUD"): "236.18", (LINEN, "AUD"): "880.00", (REID, "AUD"): "550.00"}, alias=NAMES),
    Task("sum of bills by currency", "aggregate", dict(function="sum", field="amount", by=("currency",), query="Bills"), truth={("AUD", "AUD"): "5026.68", ("EUR", "EUR"): "3400.00", ("CAD", "CAD"): "2400.00"}),
    Task("max rent of agreements", "aggregate", dict(function="max", field="rent", by=("landlord",), query="Agreements"), truth={(MARRI, "AUD"): "5200.00"}, alias=NAMES),
    Task("sum of net pay by employee", "aggregate", dict(function="sum", field="net pay", by=("employee",), query="Staff/payslip*"), truth={(TANAKA, "AUD"): "5800.67", (DOYLE, "AUD"): "6310.00"}),
    Task("avg monthly salary by role", "aggregate", dict(function="avg", field="monthly salary", by=("role",), query=LIST), truth={("Principal", ""): "8500", ("Physiotherapist", ""): "7383.34", ("Reception", ""): "4700"}),
    Task("sum of debits by month", "aggregate", dict(function="sum", field="debit", by=("date:month",), query=BANK), truth={("2025-03", ""): "6601.17", ("2025-04", ""): "6706.18"}),
    Task("ask: billed to Westcape", "ask", dict(question="How much did we bill Westcape in 2025?"), truth=("2,750.00", "2750.00")),
    Task("ask: paid to Kestrel", "ask", dict(question="How much did Kestrel bill us in 2025?"), truth=("3,360.50", "3360.50")),
    Task("ask: Bodensee", "ask", dict(question="How much did we pay Bodensee Reha in 2025?"), truth=("3,400.00", "3400.00")),
    Task("ask: Who is the landlord?", "ask", dict(question="Who is the landlord?"), truth=("Marri Property Holdings",)),
    Task("ask: the rent", "ask", dict(question="How much is the rent in the lease?"), truth=("5,200.00", "5200.00")),
    Task("ask: Who is the licensor of Practice Desk?", "ask", dict(question="Who is the licensor of Practice Desk?"), truth=("Northpine Software",)),
    Task("files: credit notes", "files", dict(question="credit notes"), truth={icn, kcr, rcr}, maybe=frozenset({irf, prf})),
    Task("files: invoices over 1,000 dollars", "files", dict(question="invoices over 1,000 dollars"), truth={i1, i7, k2, pine}),
    Task("files: agreements ending in 2026", "files", dict(question="agreements ending in 2026"), truth={room, hire}),
    Task("extract total Bills", "extract", dict(path="Bills", field=("total",), first=True), truth={(k1, "$770.00"), (k2, "$2,640.00"), (kcr, "$49.50"), (r1, "3.630,00 €"), (rcr, "230,00 €"), (pine, "$2,750.00"), (power, "$236.18"), (li1, "418.00"), (li2, "462.00"), (reid, "$550.00")}, maybe=frozenset({(prf, "CAD 350.00")})),
]
