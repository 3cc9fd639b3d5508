"""Conversations with known answers: a set to build on, one held out, one written afterwards.

A conversation is a paragraph, a line a turn: the question, ``=>``, and what is expected of the
answer. ``a & b`` must both stand in it, ``!c`` must not; ``[x, y]`` are the files of a listing, all
and no others (their names without folder and ending); ``none`` is "not found". A question that
begins with ``/at `` and a moment is asked of that moment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

_LEASE = """# Lease of {place}

This lease is made on {signed} between {landlord} (landlord) and {tenant} (tenant).

## Rent and deposit

The monthly rent is EUR {rent}, due on the first day of each month.

The tenant pays a deposit of EUR {deposit} before moving in.

## Term

The lease begins on {start} and ends on {end}. Either party may end it with a notice period of
{notice} in writing.

Signed by {tenant} and {agent} on {signed}.
"""
_INVOICE = """INVOICE

Invoice number: {number}
Invoice date: {date}
From: {sender}
Bill to: {to}

{what}

Total due: EUR {total}
Payment due: {due}
"""

BUILT_ON: Mapping[str, str] = {
    "Leases/harbour-street.md": _LEASE.format(
        place="12 Harbour Street",
        signed="14 February 2023",
        landlord="Harbour Homes Ltd",
        tenant="Ada Byron",
        rent="1,450",
        deposit="2,900",
        start="1 March 2023",
        end="28 February 2026",
        notice="three months",
        agent="Peter Nolan",
    ),
    "Leases/mill-road.md": _LEASE.format(
        place="7 Mill Road",
        signed="3 May 2021",
        landlord="Old Mill Estates",
        tenant="Ada Byron",
        rent="980",
        deposit="1,960",
        start="1 June 2021",
        end="31 May 2024",
        notice="six weeks",
        agent="Joan Clarke",
    ),
    "Contracts/acme-services.txt": """SERVICES AGREEMENT

This agreement is made on 4 May 2023 between Acme Corp (customer) and Byron Consulting (contractor).

The contractor advises the customer on its data centre. The fee is EUR 850 per day.

The agreement starts on 15 May 2023 and ends on 31 December 2024.

Signed for Acme Corp by Laura Chen, signed for Byron Consulting by Ada Byron.
""",
    "Contracts/northwind-supply.txt": """SUPPLY AGREEMENT

This agreement is made on 9 September 2022 between Northwind Traders (supplier) and Byron Consulting
(buyer).

The price of each crate is EUR 42. The agreement ends on 30 September 2025.

Signed for Northwind Traders by Omar Haddad.
""",
    "Contracts/acme-nda.html": """<html><head><title>Non-disclosure agreement</title></head><body>
<h1>Non-disclosure agreement</h1><p>This agreement is made on 11 November 2022 between Acme Corp and
Byron Consulting.</p><p>The duty of silence lasts five years. Signed for Acme Corp by Victor Lund.
</p></body></html>
""",
    "Invoices/acme-2022-11.txt": _INVOICE.format(
        number="A-2211",
        date="30 November 2022",
        sender="Byron Consulting",
        to="Acme Corp",
        what="Workshop on backups, one day: EUR 800",
        total="800",
        due="31 December 2022",
    ),
    "Invoices/acme-2023-05.txt": _INVOICE.format(
        number="A-2305",
        date="31 May 2023",
        sender="Byron Consulting",
        to="Acme Corp",
        what="Advice in May, eight days: EUR 6,800",
        total="6,800",
        due="30 June 2023",
    ),
    "Invoices/acme-2023-11.txt": _INVOICE.format(
        number="A-2311",
        date="30 November 2023",
        sender="Byron Consulting",
        to="Acme Corp",
        what="Advice in November, four days: EUR 3,400",
        total="3,400",
        due="30 December 2023",
    ),
    "Invoices/northwind-2023-05.html": "<html><body><h1>Invoice</h1><p>Invoice number: N-77</p>"
    "<p>Invoice date: 12 May 2023</p><p>From: Northwind Traders</p><p>Bill to: Byron Consulting</p>"
    "<p>Ten crates of paper</p><p>Total due: EUR 420</p></body></html>",
    "Letters/rent-increase.txt": """Harbour Homes Ltd
1 Quay, Galway

2 October 2024

Dear Ada Byron,

From 1 January 2025 the parking space at Harbour Street costs EUR 60 a month.

Yours sincerely,
Peter Nolan
""",
    "Contacts/directory.txt": """Directory

Harbour Homes Ltd: phone +353 91 555 014, email office@harbour-homes.example

Old Mill Estates: phone +353 1 555 200, email joan@old-mill.example

Laura Chen works at Acme Corp. Her phone number is +353 1 555 777.

Omar Haddad works at Northwind Traders. His email is omar@northwind.example.
""",
    "Notes/office.txt": """Notes on the office

The coffee machine was bought in March 2022 for EUR 390. The printer is a Brother HL-5000.
The wifi password is on the fridge.
""",
}

HELD_OUT: Mapping[str, str] = {
    "Wohnung/mietvertrag-lindenallee.txt": """MIETVERTRAG

zwischen Gruber Immobilien GmbH (Vermieter) und Jonas Weber (Mieter) über die Wohnung Lindenallee 8.

Die monatliche Miete beträgt 1.120 EUR. Die Kaution beträgt 3.360 EUR.

Das Mietverhältnis beginnt am 1. April 2022. Die Kündigungsfrist beträgt drei Monate.

Wien, den 10. März 2022
""",
    "Flats/rose-court.md": _LEASE.format(
        place="Rose Court 3",
        signed="20 August 2020",
        landlord="Petra Lang",
        tenant="Jonas Weber",
        rent="640",
        deposit="1,280",
        start="1 September 2020",
        end="31 August 2023",
        notice="four weeks",
        agent="Petra Lang",
    ),
    "Flats/tower-lane.md": _LEASE.format(
        place="Tower Lane 21",
        signed="5 June 2024",
        landlord="Skyline Rentals",
        tenant="Jonas Weber",
        rent="1,875",
        deposit="3,750",
        start="1 July 2024",
        end="30 June 2027",
        notice="two months",
        agent="Miriam Cole",
    ),
    "Work/employment-zenith.txt": """CONTRACT OF EMPLOYMENT

This contract is made on 12 January 2024 between Zenith Labs (employer) and Jonas Weber (employee).

The annual salary is EUR 68,000. The employment starts on 1 February 2024. The employee has 28 days
of holiday a year. The probation lasts six months.

Signed by Ruth Adler for Zenith Labs.
""",
    "Work/employment-orbit.txt": """CONTRACT OF EMPLOYMENT

This contract is made on 2 March 2019 between Orbit Media (employer) and Jonas Weber (employee).

The annual salary is EUR 51,500. The employment starts on 1 April 2019. The employee has 25 days of
holiday a year.

Signed by Carlo Neri for Orbit Media.
""",
    "Insurance/household.txt": """HOUSEHOLD INSURANCE POLICY

Policy number: H-99120
Insurer: Alpina Versicherung
Insured: Jonas Weber

The yearly premium is EUR 214. The excess is EUR 150. The policy is valid from 1 January 2024 and
ends on 31 December 2026.
""",
    "Bills/power-2023-02.txt": _INVOICE.format(
        number="P-302",
        date="15 February 2023",
        sender="Voltana Energy",
        to="Jonas Weber",
        what="Electricity in January",
        total="96",
        due="1 March 2023",
    ),
    "Bills/power-2024-02.txt": _INVOICE.format(
        number="P-402",
        date="14 February 2024",
        sender="Voltana Energy",
        to="Jonas Weber",
        what="Electricity in January",
        total="118",
        due="1 March 2024",
    ),
    "Bills/power-2024-08.html": "<html><body><h1>Invoice</h1><p>Invoice number: P-408</p>"
    "<p>Invoice date: 13 August 2024</p><p>From: Voltana Energy</p><p>Bill to: Jonas Weber</p>"
    "<p>Electricity in July</p><p>Total due: EUR 71</p></body></html>",
    "Bills/dentist-2024-03.txt": _INVOICE.format(
        number="D-18",
        date="20 March 2024",
        sender="Dr Elena Rossi",
        to="Jonas Weber",
        what="Two fillings",
        total="260",
        due="20 April 2024",
    ),
    "Mail/zenith-offer.eml": "From: Ruth Adler <ruth@zenith.example>\n"
    "To: Jonas Weber <jonas@weber.example>\nSubject: Your offer\n"
    "Date: Mon, 8 Jan 2024 10:00:00 +0000\n\n"
    "Dear Jonas,\n\nour office is at 5 Mercator Street. Your first project is called Heron.\n\n"
    "Ruth\n",
    "Mail/orbit-goodbye.eml": "From: Carlo Neri <carlo@orbit.example>\n"
    "To: Jonas Weber <jonas@weber.example>\nSubject: Goodbye\n"
    "Date: Thu, 30 Nov 2023 09:00:00 +0000\n\n"
    "Dear Jonas,\n\nplease hand in the laptop by 15 December 2023.\n\nCarlo\n",
    "Contacts/people.txt": """People

Petra Lang: phone +43 1 555 301, email petra@lang.example

Skyline Rentals: phone +43 1 555 900, email hello@skyline.example

Ruth Adler works at Zenith Labs. Her phone number is +43 1 555 442.

Alpina Versicherung: phone +43 5 555 100
""",
}

_BUILT_ON_TALKS = """
What is the monthly rent in the Harbour Street lease? => 1,450
and the deposit? => 2,900 & !1,960
and the notice period? => three months & !six weeks
and in the Mill Road lease? => six weeks & !three months
what about the rent? => 980 & !1,450

When does the Acme services agreement end? => 31 December 2024
who signed it? => Laura Chen & !Omar Haddad & !Victor Lund
what is the fee? => 850
and when does it start? => 15 May 2023

contracts from 2022 => [northwind-supply, acme-nda]
only the ones with Acme => [acme-nda]
and from 2023? => [acme-services]

invoices from 2023 => [acme-2023-05, acme-2023-11, northwind-2023-05]
which of them are from May? => [acme-2023-05, northwind-2023-05]
only the ones with Acme => [acme-2023-05]
how much is it? => 6,800

invoices from 2023 => [acme-2023-05, acme-2023-11, northwind-2023-05]
and the year before? => [acme-2022-11]
and contracts? => [northwind-supply, acme-nda]

invoices from 2023 => [acme-2023-05, acme-2023-11, northwind-2023-05]
the newest of them => [acme-2023-11]
when is it due? => 30 December 2023

invoices to Acme => [acme-2022-11, acme-2023-05, acme-2023-11]
only the first one => one
what about 2022? => [acme-2022-11]

What is the deposit in the Mill Road lease? => 1,960
and in the other lease? => 2,900 & !1,960
who is the landlord? => Harbour Homes & !Old Mill
what is their phone number? => 555 014

When was the Harbour Street lease signed? => 14 February 2023
which invoices since then? => [acme-2023-05, acme-2023-11, northwind-2023-05]
without the HTML files => [acme-2023-05, acme-2023-11]

Who signed the Northwind supply agreement? => Omar Haddad
what is his email? => omar@northwind.example
and his phone number? => none

Who works at Acme Corp? => Laura Chen
what is her phone number? => 555 777

letters from 2024 => [rent-increase]
what does the parking space cost? => 60
who wrote it? => Peter Nolan

How much was the coffee machine? => 390
and the printer? => none
which printer is it? => Brother

What is the rent in the Harbour Street lease? => 1,450
Who won the chess tournament? => none
and the deposit in the Mill Road lease? => 1,960 & !2,900

contracts with Acme => [acme-services, acme-nda]
the second one => one
only the HTML files => [acme-nda]
how long does it last? => five years

leases => [harbour-street, mill-road]
the older one => [mill-road]
when did it end? => 31 May 2024

What is the rent in the Mill Road lease? => 980
the same for Harbour Street => 1,450 & !980
and its landlord? => Harbour Homes & !Old Mill

invoices => [acme-2022-11, acme-2023-05, acme-2023-11, northwind-2023-05]
not the ones from Acme => any
which are over 1,000 EUR? => [acme-2023-05, acme-2023-11]
the largest total? => any
"""

_HELD_OUT_TALKS = """
What is the monthly rent in the Rose Court lease? => 640
What about the deposit? => 1,280 & !3,750
And who is the landlord? => Petra Lang & !Skyline
what's her phone number? => 555 301
and her email? => petra@lang.example

How high is the rent in the Tower Lane lease? => 1,875
and when does it end? => 30 June 2027 & !31 August 2023
same question for Rose Court => 31 August 2023 & !30 June 2027
and the notice period there? => four weeks & !two months

What is the annual salary at Zenith Labs? => 68,000
how about Orbit Media? => 51,500 & !68,000
how many days of holiday? => 25 & !28
and who signed that? => Carlo Neri & !Ruth Adler

invoices from 2024 => [power-2024-02, power-2024-08, dentist-2024-03]
only those from Voltana => [power-2024-02, power-2024-08]
and in 2023? => [power-2023-02]

invoices from 2024 => [power-2024-02, power-2024-08, dentist-2024-03]
the ones from February => [power-2024-02]
what's the total? => 118
when is it due? => 1 March 2024

invoices from 2024 => [power-2024-02, power-2024-08, dentist-2024-03]
without the HTML ones => [power-2024-02, dentist-2024-03]
the oldest of these => [power-2024-02]
and the previous year? => [power-2023-02]

emails from 2024 => [zenith-offer]
who sent it? => Ruth Adler
what is the first project called? => Heron
and from 2023? => [orbit-goodbye]

contracts from 2024 => [tower-lane, employment-zenith]
which of those are leases? => [tower-lane]
what is its deposit? => 3,750 & !1,280
who signed it? => Miriam Cole & !Ruth Adler

Wie hoch ist die Miete im Mietvertrag Lindenallee? => 1.120
und die Kaution? => 3.360 & !1,280
und die Kündigungsfrist? => drei Monate & !four weeks
wann beginnt er? => April 2022

What is the premium of the household insurance? => 214
and the excess? => 150
when does it end? => 31 December 2026
who is the insurer? => Alpina
do you have their phone number? => 555 100

When does the employment at Zenith Labs start? => 1 February 2024
which bills since then? => [power-2024-02, power-2024-08, dentist-2024-03]
only the ones from the dentist => [dentist-2024-03]
how much was it? => 260

Who signed the Orbit Media contract? => Carlo Neri
what did he want back? => any
When was it made? => 2 March 2019 & !12 January 2024

leases from 2020 => [rose-court]
what about 2024? => [tower-lane]
and its rent? => 1,875 & !640
and the swimming pool? => none

How long is the probation at Zenith Labs? => six months
and at Orbit Media? => none
Who is the president of France? => none
and the salary there? => any

bills from Voltana => [power-2023-02, power-2024-02, power-2024-08]
the last one => one
only from 2024 => [power-2024-02, power-2024-08]
the newest of them => [power-2024-08]
"""

# Written when the rules were done, over the first set of files, and asked once.
_LATER_TALKS = """
Which leases do we have? => [harbour-street, mill-road]
the first => one
how much is the rent there? => any
and who signed it? => any

When does the Mill Road lease begin? => 1 June 2021
When does it end? => 31 May 2024
Is there a deposit? => 1,960 & !2,900
How about the Harbour Street lease? => 2,900 & !1,960

Show me the invoices to Acme => [acme-2022-11, acme-2023-05, acme-2023-11]
Just the ones from 2023 => [acme-2023-05, acme-2023-11]
the older one => [acme-2023-05]
What is its invoice number? => A-2305
When does it have to be paid? => any
And the other one? => any

What's the fee in the Acme services agreement? => 850
Until when does it run? => 31 December 2024
Who is the contractor? => Byron Consulting
Who signed for Acme? => Laura Chen & !Victor Lund

Who is the supplier in the Northwind supply agreement? => Northwind Traders
And the buyer? => Byron Consulting
How much is a crate? => 42
When does that agreement end? => 30 September 2025

documents about the office => any
What is the printer? => Brother
Where is the wifi password? => fridge
When was the coffee machine bought? => March 2022

contracts signed in 2023 => [acme-services, harbour-street]
and in 2022? => [northwind-supply, acme-nda]
and 2021? => [mill-road]
What is the notice period in it? => six weeks & !three months

What is the phone number of Old Mill Estates? => 555 200
and of Harbour Homes? => 555 014
and their email? => office@harbour-homes.example & !joan@

invoices from 2022 => [acme-2022-11]
and the following year? => [acme-2023-05, acme-2023-11, northwind-2023-05]
only the HTML ones => [northwind-2023-05]
what is the total? => 420
"""


class Turn(Struct, frozen=True):
    """A question of a conversation, and what its answer must be."""

    question: str
    expected: str
    at: str = ""


SETS = {
    "built on": (BUILT_ON, _BUILT_ON_TALKS),
    "held out": (HELD_OUT, _HELD_OUT_TALKS),
    "later": (BUILT_ON, _LATER_TALKS),
}


def talks(name: str) -> list[list[Turn]]:
    """The conversations of one of the sets."""
    text = SETS[name][1]
    return [
        [_turn(line) for line in paragraph.splitlines()] for paragraph in text.strip().split("\n\n")
    ]


def _turn(line: str) -> Turn:
    question, _, expected = line.partition(" => ")
    moment = re.match(r"/at (.+?) / ", question)
    at = moment[1] if moment else ""
    return Turn(question[moment.end() :] if moment else question, expected, at)
