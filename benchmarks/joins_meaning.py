"""Contracts and invoices about the same work in other words, without a number or name in common.

Each line is a piece of work, as a contract orders it and as an invoice bills it. The first half is
what the weights of a join on meaning were chosen on; the second half was not looked at for that.
"""

# ruff: noqa: E501

from __future__ import annotations

import random
from pathlib import Path

_WORKS = """
repainting the walls and ceilings of the machine hall | two coats of white emulsion for the hall with the presses, including scaffolding
regular maintenance of the passenger lifts | quarterly inspection and greasing of both elevators, new suspension rope
translation of the product catalogue into French | rendering 48 catalogue pages from English into French, proofreading
cleaning of the office windows every month | washing window panes, floors one to four, April and May
replacement of the broken roof tiles | removing damaged slates and laying new ones on the north roof
training the drivers of the forklift trucks | two-day course for nine fork truck operators, with examination
guarding the premises at night and on holidays | night watch, 31 shifts, patrol with dog
tuning and care of the database servers | query optimisation and index rebuild on the PostgreSQL cluster
food and drink for the summer party of the staff | barbecue buffet, salads and beverages for 120 guests
photographs of the new furniture collection | studio shoot of 36 chairs and tables, retouching
drilling a well for the garden irrigation | borehole of 40 metres with pump for watering the lawns
legal advice on the purchase of the neighbouring plot | hours of counsel regarding acquisition of adjacent land
design of a new company logo and letterhead | brand mark, three drafts, stationery artwork
removal of snow and ice from the car park in winter | gritting and ploughing the parking area, 14 call-outs
medical check-ups of the employees | occupational health examinations of 57 workers, vaccinations
printing of the annual report | 2,000 brochures, offset, perfect binding, financial year
repair of the burst pipe in the cellar | plumber: leak in basement sealed, copper tube replaced
rental of a crane for the erection of the silo | mobile crane hire, 60 tonnes, two days, with operator
software for the booking of the meeting rooms | licence for conference room reservation app, 12 months
planting of trees along the access road | 25 lime saplings set beside the driveway, stakes and mulch
hauling of rubble from the demolition site | tipper lorry, nine loads of debris to landfill
insulation of the attic with mineral wool | 180 square metres glass fibre fitted under the rafters
a survey of customer satisfaction | telephone interviews with 300 clients, evaluation of answers
upholstery of the seats in the theatre | new foam and red velvet for 212 auditorium chairs
"""
_HELD_OUT = """
installation of solar panels on the warehouse | photovoltaic modules, 96 pieces, inverter and wiring on the storage building
calibration of the laboratory scales | adjusting and certifying eleven balances in the lab
daily delivery of fresh fruit to the canteen | baskets of apples, pears and bananas for the staff restaurant
pest control in the grain store | rodent bait stations set and inspected in the cereal depot
audit of the annual financial statements | examination of balance sheet and books by chartered accountants
renovation of the wooden staircase | sanding and varnishing oak steps, replacing banister
shipping of machine parts to Brazil by sea | ocean freight, one 20-foot container, port of Santos
coaching of the sales team | six sessions on negotiation for account executives
rewiring of the production line | electrician: new cables and switchboard for the assembly belt
disposal of used solvents and paints | hazardous waste collected, 14 drums, incineration
recording of a radio advertisement | voice-over, studio time and mixing of a 30-second commercial
weekly laundry of the work clothes | washing and ironing of overalls and aprons
restoration of an oil painting in the boardroom | cleaning varnish and mending canvas of a portrait
fencing of the southern boundary | 300 metres of wire mesh with posts and two gates
migration of the mail accounts to the cloud | moving 140 mailboxes to hosted Exchange
inspection of the fire extinguishers | yearly check of 85 extinguishing devices, refilled powder
a feasibility study for a cycle path | report on the viability of a bike lane along the canal
sharpening of the saw blades | grinding 60 circular blades, hard metal
organisation of the trade fair stand | exhibition booth, design, set-up and hostesses
replacement of the boiler in the gymnasium | new gas condensing heater for the sports hall, flue
veterinary care of the police horses | hoof treatment, deworming and vaccination of nine mares
development of a mobile app for parcel tracking | programming iOS and Android client showing shipments
dredging of the marina | excavating silt from the yacht harbour, 4,000 cubic metres
binding of old newspapers for the archive | book binder: 90 volumes of journals, linen covers
"""
_CONTRACT = """SERVICE AGREEMENT

Dated {day} June 2023

between the parties named overleaf.

1. Subject matter
The Contractor undertakes for the Client: {work}.

2. Payment
Payment is due thirty days after receipt of an invoice. Late payment bears interest.

3. Termination
Either party may terminate this agreement on three months' notice in writing. The laws of England apply, and the courts of London have jurisdiction.
"""
_INVOICE = """INVOICE

Date: {day} September 2023

For services rendered:
{work}

Subtotal: EUR {net}.00
VAT 20%: EUR {tax}.00
Total due: EUR {total}.00

Please pay within thirty days without deduction to the account below. Thank you for your business.
"""


def works(held_out: bool) -> list[tuple[str, str]]:
    """What is ordered, and how it is billed."""
    return pairs_of(_HELD_OUT if held_out else _WORKS)


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The two halves of each line."""
    lines = [line.partition("|") for line in text.strip().splitlines()]
    return [(one.strip(), two.strip()) for one, _, two in lines]


def put(folder: Path, found: list[tuple[str, str]], seed: int) -> set[tuple[str, str]]:
    """Write the papers, and invoices that no contract orders; gives the pairs that belong together.

    Args:
        found: what is ordered, and how it is billed.
    """
    chance = random.Random(seed)
    (folder / "contracts").mkdir(parents=True)
    (folder / "invoices").mkdir()
    pairs = set()
    numbers = list(range(len(found)))
    chance.shuffle(numbers)
    for n, (ordered, billed) in enumerate(found):
        net = chance.randrange(10, 900) * 5
        slots = {"day": chance.randrange(1, 28), "net": net, "tax": net // 5, "total": net * 6 // 5}
        invoice = f"invoices/{numbers[n]:03}.txt"
        (folder / invoice).write_text(_INVOICE.format(work=billed, **slots), encoding="utf-8")
        if n % 6 == 5:
            continue  # nobody ordered it
        contract = f"contracts/{n:03}.txt"
        (folder / contract).write_text(_CONTRACT.format(work=ordered, **slots), encoding="utf-8")
        pairs.add((invoice, contract))
    return pairs
