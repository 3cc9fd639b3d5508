"""Leases, policies, agreements and minutes with known facts, and questions that just miss them.

A near miss differs from a question with an answer by one word: another street, another person, a
policy for another thing, a fact that this sort of paper states and this one does not.
"""

from __future__ import annotations

import random

from msgspec import Struct

from benchmarks.answers_set import Asked, Texts

_STREETS = (
    "Alder Lane", "Birch Road", "Castle Street", "Dover Road", "Elm Street", "Foundry Lane",
    "Granary Court", "Hill View", "Ivy Close", "Jubilee Road", "Kiln Street", "Larch Avenue",
)  # fmt: skip
_OTHER_STREETS = ("Oak Street", "Quarry Road", "Station Lane", "Willow Court")
_PEOPLE = (
    "Amara Okafor", "Bruno Keller", "Carla Mendes", "Derek Holt", "Elena Petrova", "Farid Nasser",
    "Greta Lindholm", "Hugo Marchetti", "Ines Duarte", "Jonas Weber", "Keiko Tanaka", "Liam Doyle",
)  # fmt: skip
_OTHER_PEOPLE = ("Nadia Rahman", "Oscar Bell", "Priya Raman", "Tomas Novak")
_INSURED = ("house", "car", "travel", "dental", "liability", "bicycle", "pet", "boat")
_SERVICES = (
    ("cleaning", "cleaning of the offices"), ("catering", "catering for the canteen"),
    ("gardening", "care of the gardens"), ("security", "guarding of the gate"),
    ("translation", "translation of manuals"), ("payroll", "running of the payroll"),
)  # fmt: skip
_OTHER_SERVICES = ("plumbing", "courier", "printing")
_TEAMS = ("sales", "support", "logistics", "research", "design", "finance")
_OTHER_TEAMS = ("marketing", "legal")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November",
)  # fmt: skip


class Papers(Struct, frozen=True):
    """Files with questions that they answer, and questions that they just miss."""

    texts: Texts
    missing: list[str]


def papers(seed: int) -> Papers:
    """All papers of a seed; the same seed gives the same ones."""
    chance = random.Random(seed)
    made = Papers(Texts({}, []), [])
    for street, person in zip(_STREETS, _PEOPLE, strict=True):
        _lease(made, chance, street, person)
    for thing in chance.sample(_INSURED, 5):
        _policy(made, chance, thing)
    told = {file.split("-")[1].split(".")[0] for file in made.texts.files if "policy" in file}
    made.missing.extend(
        f"What is the premium of the {thing} insurance?" for thing in _INSURED if thing not in told
    )
    for word, what in _SERVICES:
        _service(made, chance, word, what)
    made.missing.extend(f"What is the monthly fee for {word}?" for word in _OTHER_SERVICES)
    made.missing.extend(f"When does the {word} contract end?" for word in _OTHER_SERVICES)
    for team in _TEAMS:
        _minutes(made, chance, team)
    made.missing.extend(f"What is the {team} budget for next year?" for team in _OTHER_TEAMS)
    made.missing.extend(f"What is the monthly rent of {street}?" for street in _OTHER_STREETS)
    made.missing.extend(f"When does the lease of {person} end?" for person in _OTHER_PEOPLE)
    return made


def _day(chance: random.Random, year: int) -> str:
    return f"{chance.randrange(1, 29)} {chance.choice(_MONTHS)} {year}"


def _lease(made: Papers, chance: random.Random, street: str, person: str) -> None:
    number, rent = chance.randrange(1, 90), f"{chance.randrange(40, 220) * 10:,} euros"
    end, pays = _day(chance, 2027), chance.random() < 0.5
    deposit = f"{chance.randrange(240, 500) * 10:,} euros"
    lines = [
        "LEASE AGREEMENT",
        f"This lease of the flat at {number} {street} is made between Northgate Homes and "
        f"{person}, the tenant.",
        f"The tenant pays a monthly rent of {rent} in advance. It is due on the third working day.",
        f"The lease ends on {end} unless both sides agree otherwise in writing.",
        "The tenant keeps the flat in good repair and may not sublet it.",
    ]
    if pays:
        lines.insert(3, f"A deposit of {deposit} was paid when the keys were handed over.")
    file = f"lease-{street.split()[0].lower()}.txt"
    made.texts.files[file] = "\n\n".join(lines) + "\n"
    ask = made.texts.questions
    ask.append(Asked(f"What is the monthly rent of {street}?", (rent,), file))
    ask.append(Asked(f"When does the lease of {person} end?", (end,), file))
    ask.append(Asked(f"Who is the tenant of the flat in {street}?", (person,), file))
    question = f"How high is the deposit for {street}?"
    if pays:
        ask.append(Asked(question, (deposit,), file))
    else:
        made.missing.append(question)
    made.missing.append(f"What is the parking fee at {street}?")


def _policy(made: Papers, chance: random.Random, thing: str) -> None:
    premium = f"{chance.randrange(90, 900)} euros"
    number = f"{thing[:2].upper()}-{chance.randrange(10_000, 99_999)}"
    until = _day(chance, 2026)
    file = f"policy-{thing}.txt"
    made.texts.files[file] = (
        f"INSURANCE POLICY\n\nPolicy number: {number}\n\nThe annual premium of the {thing} "
        f"insurance is {premium}, payable in two instalments.\n\nCover runs until {until} and is "
        "renewed for a year unless notice is given.\n\nClaims are reported within five days.\n"
    )
    ask = made.texts.questions
    ask.append(Asked(f"What is the premium of the {thing} insurance?", (premium,), file))
    ask.append(Asked(f"Until when does the {thing} insurance run?", (until,), file))
    made.missing.append(f"What is the excess of the {thing} insurance?")


def _service(made: Papers, chance: random.Random, word: str, what: str) -> None:
    fee, firm = f"{chance.randrange(20, 400) * 5} euros", f"{chance.choice(_PEOPLE).split()[1]} Ltd"
    end = _day(chance, 2026)
    file = f"agreement-{word}.txt"
    made.texts.files[file] = (
        f"SERVICE AGREEMENT\n\n{firm} takes over the {what} from the start of the year.\n\n"
        f"The monthly fee for {word} is {fee} plus VAT. The {word} contract ends on {end}.\n\n"
        "Either side may give notice of six weeks.\n"
    )
    ask = made.texts.questions
    ask.append(Asked(f"What is the monthly fee for {word}?", (fee,), file))
    ask.append(Asked(f"When does the {word} contract end?", (end,), file))
    made.missing.append(f"What is the hourly rate for {word}?")


def _minutes(made: Papers, chance: random.Random, team: str) -> None:
    budget, lead = f"{chance.randrange(20, 400)},000 euros", chance.choice(_PEOPLE)
    file = f"minutes-{team}.txt"
    made.texts.files[file] = (
        f"Minutes of the {team} team\n\n{lead} was elected as the new lead of the {team} team.\n\n"
        f"The {team} budget for next year was set at {budget}. Travel was not discussed.\n\n"
        "The next meeting will be held online.\n"
    )
    ask = made.texts.questions
    ask.append(Asked(f"What is the {team} budget for next year?", (budget,), file))
    ask.append(Asked(f"Who is the new lead of the {team} team?", (lead,), file))
    made.missing.append(f"How many people work in the {team} team?")
