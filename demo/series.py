"""The documents of the sample drive that come in numbers: invoices and the archive of minutes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from demo.sources import Source
from demo.truth import Fact

_CUSTOMERS = {
    "Seabank Borough Council": ("Town Hall Square 1, Port Averly", "library shelving"),
    "Calder Freight": ("Dock Road 44, Port Averly", "counter and pigeonholes"),
    "Gullwing Cafe": ("Harbour Street 3, Port Averly", "bar top in oiled oak"),
    "Dr Oona Mallory": ("Rectory Lane 12, Inverloch", "surgery cupboards"),
    "Fennimore Hotel": ("Esplanade 70, Seabank", "twelve bedside tables"),
    "Marsh & Teller Solicitors": ("Chandler's Yard 9, Port Averly", "reading desks"),
}
_EXTRAS = (
    "delivery and carrying in",
    "fitting on site, two joiners",
    "hardwax oil, two coats",
    "removal of the old furniture",
    "drawer runners, soft close",
)
_INVOICES = (
    (date(2021, 3, 9), "Dr Oona Mallory", ""),
    (date(2021, 10, 27), "Gullwing Cafe", ""),
    (date(2022, 5, 18), "Calder Freight", ""),
    (date(2022, 11, 30), "Fennimore Hotel", ""),
    (date(2023, 2, 8), "Marsh & Teller Solicitors", "contract MT-2022-07 of 4 October 2022"),
    (date(2023, 7, 31), "Seabank Borough Council", "framework contract SBC-FW-23, call-off 1"),
    (date(2023, 10, 16), "Seabank Borough Council", "framework contract SBC-FW-23, call-off 2"),
    (date(2023, 12, 5), "Calder Freight", "your contract no. CF-9917"),
    (date(2024, 4, 22), "Gullwing Cafe", ""),
    (date(2024, 9, 12), "Seabank Borough Council", "framework contract SBC-FW-23, call-off 5"),
    (date(2025, 6, 3), "Fennimore Hotel", ""),
    (date(2026, 2, 24), "Dr Oona Mallory", ""),
)
_TOPICS = (
    "{who} reported that the {what} would be ready in week {week} and that {n} panels were still "
    "to be veneered.",
    "The order book stood at {n} open jobs; {who} will promise nothing before week {week}.",
    "Waste wood: {n} sacks went to the briquette press. {who} will ask for a second press.",
    "{who} had measured the {what} again and found a difference of {n} millimetres, which the "
    "scribe strip will hide.",
    "Safety: the guard of the spindle moulder had been left open on {n} days. {who} talked to "
    "everybody concerned and wrote it in the log.",
    "Customer complaint about the {what}: a drawer sticks in damp weather. {who} goes there in "
    "week {week}.",
    "Training: {who} showed the new cutting list program; {n} of the old lists have been moved.",
    "The van needs tyres. {who} collects {n} offers and decides in week {week}.",
    "Prices of birch plywood rose by {n} per cent since the last meeting; {who} will call the "
    "supplier and update the calculation for the {what}.",
    "Apprentice: the practice piece is a small copy of the {what}; {who} gives {n} hours a week.",
)
_WHAT = (
    "library shelving",
    "hotel bedside tables",
    "reading desks",
    "staircase for Rectory Lane",
    "bar top",
    "shop counter",
    "window seats",
)
_PEOPLE = ("Mara Ellingsen", "Tobias Roth", "Jonas Veld", "Pia Lund", "Henrike Osei")


def all_series(rng: random.Random) -> Iterator[Source]:
    """Every document of a series; the same for the same state of ``rng``."""
    for number, (day, customer, reference) in enumerate(_INVOICES, start=1):
        yield _invoice(rng, day, customer, reference, number)
    yield _minutes(rng)


def _invoice(rng: random.Random, day: date, customer: str, reference: str, number: int) -> Source:
    address, work = _CUSTOMERS[customer]
    invoice = f"R{day:%y}-{number * 7 + 100}"
    lines = [(work.capitalize(), rng.randrange(18, 90) * 50)]
    lines += [(extra, rng.randrange(3, 24) * 25) for extra in rng.sample(_EXTRAS, 2)]
    total = round(sum(price for _, price in lines) * 1.2, 2)
    due = day + timedelta(days=rng.choice((14, 21, 30)))
    table = "\n".join(f"| {text} | {price:,.2f} |" for text, price in lines)
    about = f"Our reference: {reference}.\n\n" if reference else ""
    body = (
        f"# Invoice {invoice}\n\nEllingsen & Roth Joinery, Slipway 8, Port Averly\n\n"
        f"To: {customer}, {address}\n\nInvoice date: {day:%d.%m.%Y}\n\n{about}"
        f"For our work we charge, in EUR:\n\n| Item | Net |\n{table}\n\n"
        f"Total including 20 % VAT: EUR {total:,.2f}\n\n"
        f"Please pay by {due.day} {due:%B %Y} to the account printed below, quoting the number of "
        "the invoice. Goods remain ours until they are paid in full.\n"
    )
    return Source(
        path=f"Finance/Invoices/{day.year}/{day:%Y-%m-%d} {invoice} {customer.split()[0]}.pdf",
        kind="invoice",
        day=day,
        created=day,
        body=body,
        facts=(Fact(f"What is the total of invoice {invoice}?", f"EUR {total:,.2f}", 1),),
        extra={"head": "Ellingsen & Roth Joinery - furniture and fittings"},
    )


def _minutes(rng: random.Random) -> Source:
    """Six years of Monday meetings, every other week: about 100 KB."""
    days = [date(2020, 1, 6) + timedelta(days=14 * week) for week in range(150)]
    return Source(
        path="Archive/minutes archive 2020-2025.txt",
        kind="minutes",
        day=None,  # of many days, and of none
        touched=days[-1],
        body="Minutes of the Monday meetings\n\n" + "\n".join(_meeting(rng, day) for day in days),
        facts=(
            Fact(
                "Who found the missing key of the finishing room?",
                "Henrike Osei found the missing key of the finishing room behind the glue press",
            ),
        ),
    )


def _meeting(rng: random.Random, day: date) -> str:
    present = ", ".join(sorted(rng.sample(_PEOPLE, 3)))
    points = [
        f"{number}. "
        + topic.format(
            who=rng.choice(_PEOPLE),
            what=rng.choice(_WHAT),
            week=rng.randrange(2, 52),
            n=rng.randrange(2, 40),
        )
        for number, topic in enumerate(rng.sample(_TOPICS, 5), start=1)
    ]
    if day.year == 2022 and day.month == 5 and day.day < 15:
        points.append(
            "6. Henrike Osei found the missing key of the finishing room behind the glue press."
        )
    title = f"Monday meeting, {day.day} {day:%B %Y}"
    return f"{title}\n{'-' * len(title)}\nPresent: {present}\n\n" + "\n".join(points) + "\n"
