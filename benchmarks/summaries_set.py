"""Documents with planted facts: what a summary has to say, among much that it need not.

A document is of one of six kinds and has sections of filler around its facts. Each fact has the
strings that a summary must hold for it to count as told, and a level: 1 belongs into a line, 2 into
a paragraph, 3 into a page, 4 into a report. Half of the facts of the first two levels are told
twice, in other words. Filler has numbers, dates and names too.
"""

# ruff: noqa: E501, SIM905 - prose and lists of words

from __future__ import annotations

import random
import re

from msgspec import Struct, field

LEVELS = ("line", "paragraph", "page", "report")


class Fact(Struct, frozen=True):
    """A planted fact: strings that tell it, all of them, and from which length on."""

    told: tuple[str, ...]
    level: int


class Planted(Struct):
    """A document and what is planted in it.

    Attributes:
        sections: heading and paragraphs.
        table: rows of a table that follows the named section.
    """

    kind: str
    title: str
    sections: list[tuple[str, list[str]]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def markdown(self) -> str:
        """The document as a file."""
        parts = [f"# {self.title}"]
        for heading, paragraphs in self.sections:
            parts += [f"## {heading}", *paragraphs]
        return "\n\n".join(parts) + "\n"

    @property
    def paragraphs(self) -> list[str]:
        """Its paragraphs without headings."""
        return [text for _, paragraphs in self.sections for text in paragraphs]


_FIRST = "Ada Bruno Clara Dmitri Elif Farah Gustav Hanna Ivo Jamila Kofi Lena Mateo Nadia Olof Petra Quinn Rosa Sven Talia Umar Vera Wen Ximena Yara Zoltan".split()
_LAST = "Abbott Brandt Castell Dorsey Eklund Farkas Grantham Hollis Ilves Jansson Kessler Lindqvist Marlowe Novak Okafor Pereira Quist Rasmussen Sadler Thorne Ulrich Vasquez Whitlock Yilmaz Zeller".split()
_TOWNS = "Averly Brookhaven Castlemere Dunholt Eastwick Fernley Glenmoor Harrowgate Inverloch Kingsport Lathbury Millbrook Northam Oakridge Pentland Ravensby Seabank Thornbury Upwell Westmere".split()
_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_FIRMS = ("Ltd", "GmbH", "plc", "Partners", "& Sons", "Cooperative")

# Nouns and verbs of each kind's filler; many, so that no word of it is heard all the time.
_NOUNS = {
    "report": "scaffold boiler drain gutter survey drawing permit crane footing girder plaster conduit manhole kerb hoist parapet soffit lintel membrane screed trench pump valve meter gauge panel cable duct riser louvre hatch bracket anchor sleeve joint seal coating primer render tile slab beam truss purlin rafter batten sheathing".split(),
    "minutes": "agenda parking kitchen printer calendar newsletter badge locker shelf projector coffee plant window heater lamp door key notice poster cupboard chair desk carpet phone visitor parcel bicycle rota roster archive folder stamp envelope lift mirror curtain fridge kettle tray whiteboard ladder fuse socket".split(),
    "study": "sample assay buffer pipette incubator cohort baseline covariate residual plate reagent freezer centrifuge label questionnaire interviewer coder blinding replicate dilution membrane spectrum detector threshold filter sensor logger protocol batch aliquot enzyme strain culture medium probe primer gel stain section slide field".split(),
    "contract": "key letterbox cellar corridor stairwell garden fence gate bell lamp meter radiator tap sink drain window shutter balcony railing carpet wall ceiling socket switch lock hinge shelf cupboard oven hob extractor bin bicycle pram laundry attic antenna doormat nameplate".split(),
    "incident": "alarm valve shutter corridor extinguisher siren radio badge gate camera conveyor pallet forklift rack dock trailer battery charger sprinkler hydrant hose helmet vest glove spill drain mat barrier cone sign door window panel fuse cable relay motor belt roller guard".split(),
    "policy": "form receipt claim ticket mileage taxi hotel breakfast invoice card advance currency voucher signature copy scan archive deadline approver delegate folder portal password badge laptop phone screen chair headset keyboard licence parcel courier stamp catering gift visitor train".split(),
}  # fmt: skip
_VERBS = "checked moved cleaned repaired replaced labelled photographed counted painted stored returned ordered sorted inspected measured wrapped lifted opened closed tested dried polished covered removed borrowed misplaced numbered described sketched weighed rinsed tightened loosened folded stacked emptied filled trimmed glued mended searched carried hidden shown swapped dusted oiled unpacked packed turned parked washed sanded varnished hung dropped".split()
_ADJ = "old new spare northern southern wet dry narrow wide loose heavy light grey blue wooden metal broken second small large rusty shiny crooked dusty round square plain bent tall low smooth rough faded borrowed foreign thin thick hollow".split()
_OPEN = (
    "In the morning", "After lunch", "On the way back", "Before the weekend", "Late in the evening",
    "Without much ado", "By chance", "As usual", "Once more", "In the rain", "A week later",
    "To everybody's surprise", "Between two showers", "At the back", "For lack of space",
    "Towards noon", "Out of habit", "During a break", "With some effort", "On the second try",
    "{d}:", "In {t}", "With the help of {p}", "Near {t}", "For {e}",
)  # fmt: skip
_PLACE = (
    "beside the {a} {n}", "under the {n}", "behind a {a} {n}", "next to the {n} of {p}",
    "in the yard", "on the stairs", "across the corridor", "by the entrance", "near the {n}",
    "together with the {n}", "instead of the {a} {n}", "for {k} days", "{k} times",
    "without a word", "with great care", "as the drawing shows", "while the {n} was {v}",
    "because the {n} did not fit", "although nobody had asked for it", "until the {n} arrived",
    "so that the {n} could be {v}", "as in {t}", "where {p} had left it", "on {d}", "for {e}",
)  # fmt: skip
_FORMS = (
    "{o} the {a} {n} was {v} {w}.", "{o} somebody {v} the {n} {w}.", "The {n} was {v} {w}.",
    "{p} {v} the {a} {n} {w}.", "A {a} {n} was {v} {w}.", "It was {v} {w}.",
    "{o} {p} {v} the {n} and the {n} {w}.", "The {a} {n} had to be {v} {w}.",
    "This {n} was {v} {w}.", "Both the {n} and the {a} {n} were {v} {w}.",
    "Whether the {n} can be {v} {w} is not known.", "They {v} the {a} {n} {w}.",
)  # fmt: skip


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def person(self) -> str:
        return f"{self.random.choice(_FIRST)} {self.random.choice(_LAST)}"

    def firm(self) -> str:
        return f"{self.random.choice(_LAST)} {self.random.choice(_FIRMS)}"

    def town(self) -> str:
        return self.random.choice(_TOWNS)

    def day(self, year: int) -> str:
        return f"{self.random.randint(1, 28)} {self.random.choice(_MONTHS)} {year}"

    def amount(self, low: int, high: int) -> str:
        return f"EUR {self.random.randint(low, high):,}"

    def filler(self, kind: str) -> str:
        """A sentence that no summary needs."""
        words = {
            "n": _NOUNS[kind], "a": _ADJ, "v": _VERBS, "o": _OPEN, "w": _PLACE, "t": _TOWNS,
        }  # fmt: skip
        text = self.random.choice(_FORMS)
        while match := re.search(r"\{(\w)\}", text):
            one = match[1]
            if one in words:
                said = self.random.choice(words[one])
            elif one == "p":
                said = self.person()
            elif one == "d":
                said = self.day(self.random.randint(2015, 2026))
            else:
                said = self.amount(5, 900) if one == "e" else str(self.random.randint(2, 90))
            text = text[: match.start()] + said + text[match.end() :]
        return text[0].upper() + text[1:]

    def paragraphs(self, kind: str, count: int, told: list[str]) -> list[str]:
        """Paragraphs of filler in which these sentences stand somewhere."""
        made = [[self.filler(kind) for _ in range(self.random.randint(3, 6))] for _ in range(count)]
        for sentence in told:
            into = self.random.choice(made)
            # Not where what follows would go on from it instead of from what it was written behind.
            into.insert(self.random.choice((0, len(into))), sentence)
        return [" ".join(one) for one in made]


def planted(kind: str, seed: int, size: int = 4) -> Planted:
    """A document of a kind.

    Args:
        size: paragraphs of a section; 4 gives some five pages.
    """
    maker = _Maker(seed)
    title, sections = _KINDS[kind](maker)
    document = Planted(kind, title)
    again: list[str] = []
    for heading, told in sections:
        sentences = []
        for sentence, strings, level, other in told:
            sentences.append(sentence)
            document.facts.append(Fact(strings, level))
            if other and maker.random.random() < 0.5:
                again.append(other)
        document.sections.append((heading, maker.paragraphs(kind, size, sentences)))
    place = maker.random.choice((0, len(document.sections) - 1))
    heading, paragraphs = document.sections[place]
    extra = maker.paragraphs(kind, 1, again)
    document.sections[place] = (
        heading,
        [*extra, *paragraphs] if place == 0 else [*paragraphs, *extra],
    )
    return document


_Told = list[tuple[str, tuple[str, ...], int, str]]


def _report(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    project, client, lead = m.town() + " Bridge", m.firm(), m.person()
    start, end = m.day(2023), m.day(2025)
    cost, plan = m.amount(1_000_000, 9_000_000), m.amount(1_000_000, 9_000_000)
    late, hurt = m.random.randint(3, 20), m.random.randint(0, 5)
    left = m.amount(10_000, 90_000)
    return f"{project}: final report", [
        ("Purpose", [
            (f"This report describes the renewal of the {project} for {client}, from {start} to {end}.",
             (client, end), 1, f"The works on the {project} for {client} ended on {end}."),
            (f"The project was led by {lead}.", (lead,), 3, ""),
        ]),
        ("Work done", [
            (f"The bearings of the {project} were replaced and its deck was widened by {late} metres.",
             (f"{late} metres",), 2, f"With a deck that is {late} metres wider, the {project} carries two lanes."),
            (f"The old railings were given to the museum of {m.town()} on {(d := m.day(2024))}.", (d,), 4, ""),
        ]),
        ("Costs", [
            (f"The total cost of the project was {cost}, against a budget of {plan}.",
             (cost, plan), 2, f"In all, the {project} cost {cost}."),
            (f"A reserve of {left} was not used and went back to {client}.", (left,), 3, ""),
        ]),
        ("Delays and safety", [
            (f"The project was completed {late} weeks late, because the steel was delivered late.",
             (f"{late} weeks late",), 2, ""),
            (f"During the project {hurt} people were injured, none of them badly.",
             (f"{hurt} people were injured",), 3, ""),
        ]),
        ("What comes next", [
            (f"The next inspection of the {project} is due on {(d2 := m.day(2030))}.", (d2,), 3, ""),
            (f"We recommend that {client} renews the lighting of the {project} before {(d3 := m.day(2028))}.",
             (d3,), 3, ""),
        ]),
    ]  # fmt: skip


def _minutes(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    chair, firm, other = m.person(), m.firm(), m.firm()
    day, budget, raise_ = m.day(2025), m.amount(50_000, 500_000), m.random.randint(2, 9)
    move, hire = m.day(2026), m.person()
    return f"Minutes of the board of {firm}, {day}", [
        ("Budget", [
            (f"The board of {firm} approved a budget of {budget} for 2026.", (budget,), 1,
             f"The budget of {budget} was accepted without a vote against it."),
            (f"It was agreed that wages at {firm} rise by {raise_} per cent.", (f"{raise_} per cent",), 2, ""),
        ]),
        ("Offices", [
            (f"It was decided that {firm} moves its offices to {(town := m.town())} on {move}.",
             (town, move), 2, f"The move to {town} begins at eight in the morning."),
            (f"The contract with {other} for cleaning was ended.", (other,), 3, ""),
        ]),
        ("Staff", [
            (f"The board appointed {hire} as head of sales of {firm}.", (hire,), 2,
             f"{hire} will report to the board every quarter."),
            (f"{chair} resigned as chair of the board.", (chair, "resigned"), 3, ""),
        ]),
        ("Other business", [
            (f"The next meeting of the board is on {(d := m.day(2026))}.", (d,), 3, ""),
            (f"{(q := m.person())} reports on the insurance by {(d2 := m.day(2026))}.", (q, d2), 4, ""),
        ]),
    ]  # fmt: skip


def _study(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    drug, town = m.random.choice(("Velorin", "Tamodex", "Quintal", "Serapan", "Doxavil")), m.town()
    count, share = m.random.randint(120, 4000), m.random.randint(11, 79)
    other, years = m.random.randint(1, 9), m.random.randint(2, 12)
    return f"{drug} and sleep: a trial in {town}", [
        ("Background", [
            (f"We investigated whether {drug} improves sleep in adults of {town}.", (drug, town), 1,
             f"Sleep was the main outcome of the trial of {drug}."),
        ]),
        ("Methods", [
            (f"We assigned {count} adults to {drug} or placebo for {years} weeks.", (f"{count} adults",), 2,
             f"Of the {count} adults, most finished the trial of {drug}."),
            (f"The trial of {drug} was registered on {(d := m.day(2022))}.", (d,), 4, ""),
        ]),
        ("Results", [
            (f"We found that {drug} improved sleep in {share} per cent of the adults.", (f"{share} per cent",), 2,
             f"An improvement in {share} per cent of adults is more than was seen with placebo."),
            (f"Headache was reported by {other} per cent of the adults who were given {drug}.",
             (f"{other} per cent",), 3, ""),
        ]),
        ("Limits", [
            (f"The trial of {drug} was paid for by {(f := m.firm())}.", (f,), 3, ""),
        ]),
        ("Conclusion", [
            (f"In conclusion, {drug} improves sleep, but its effect is gone after {years} months.",
             (f"{years} months",), 2, ""),
            (f"A longer trial of {drug} begins on {(d2 := m.day(2027))}.", (d2,), 3, ""),
        ]),
    ]  # fmt: skip


def _contract(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    landlord, tenant, day = m.firm(), m.person(), m.day(2024)
    rent, deposit = m.amount(700, 2_500), m.amount(2_600, 9_000)
    street, begin = f"{m.random.randint(2, 90)} {m.random.choice(_LAST)} Street", m.day(2025)
    months = m.random.choice(("three", "four", "six", "nine"))
    return "Residential Lease", [
        ("Parties", [
            (f"This lease is made on {day} between {landlord} (the landlord) and {tenant} (the tenant).",
             (landlord, tenant), 1, ""),
            (f"The landlord lets the flat at {street} to the tenant.", (street,), 2, ""),
        ]),
        ("Rent", [
            (f"The monthly rent of the flat is {rent}, due on the first day of each month.", (rent,), 2,
             f"The rent of {rent} does not include electricity."),
            (f"The tenant pays a deposit of {deposit} to the landlord.", (deposit,), 3, ""),
        ]),
        ("Term", [
            (f"The lease begins on {begin}.", (begin,), 2, ""),
            (f"Either party may end the lease with {months} months' notice in writing.",
             (f"{months} months' notice",), 3, ""),
        ]),
        ("Use", [
            (f"The tenant may not keep more than {(k := m.random.randint(2, 5))} animals in the flat.",
             (f"{k} animals",), 4, ""),
        ]),
    ]  # fmt: skip


def _incident(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    site, day, hurt = m.town(), m.day(2025), m.random.randint(2, 9)
    damage, author = m.amount(20_000, 900_000), m.person()
    hours, tons = m.random.randint(3, 40), m.random.randint(2, 80)
    return f"Fire at the {site} warehouse", [
        ("What happened", [
            (f"On {day} a fire broke out in the {site} warehouse and injured {hurt} people.",
             (day, f"{hurt} people"), 1, f"All {hurt} people who were hurt in the fire have left hospital."),
            (f"The fire in the warehouse burned for {hours} hours.", (f"{hours} hours",), 3, ""),
        ]),
        ("Cause", [
            (f"The fire was caused by a battery of {(f := m.firm())} that was charged without supervision.",
             (f, "battery"), 2, f"Batteries of {f} are not charged in the warehouse any more."),
        ]),
        ("Damage", [
            (f"The damage of the fire amounts to {damage}.", (damage,), 2,
             f"Of the damage of {damage} the insurer pays all but a tenth."),
            (f"The fire destroyed {tons} tons of paper.", (f"{tons} tons",), 3, ""),
        ]),
        ("Measures", [
            (f"The {site} warehouse stays closed until {(d := m.day(2026))}.", (d,), 2, ""),
            (f"{author} is responsible for the new fire plan of the warehouse.", (author,), 3, ""),
            (f"The sprinklers of the warehouse are inspected again on {(d2 := m.day(2026))}.", (d2,), 4, ""),
        ]),
    ]  # fmt: skip


def _policy(m: _Maker) -> tuple[str, list[tuple[str, _Told]]]:
    firm, day, limit = m.firm(), m.day(2026), m.amount(80, 400)
    days, meal, owner = m.random.randint(10, 60), m.amount(15, 70), m.person()
    return f"Travel policy of {firm}", [
        ("Purpose", [
            (f"This policy says what {firm} pays for travel of its staff, from {day} on.", (day,), 1,
             f"Travel before {day} is paid by the old policy."),
        ]),
        ("Hotels", [
            (f"{firm} pays at most {limit} for a night in a hotel.", (limit,), 2,
             f"For travel to {m.town()} the {limit} may be exceeded with approval."),
        ]),
        ("Meals", [
            (f"For meals {firm} pays {meal} a day of travel.", (meal,), 2, ""),
        ]),
        ("Claims", [
            (f"Claims for travel must reach {firm} within {days} days.", (f"{days} days",), 2, ""),
            (f"Questions on travel are answered by {owner}.", (owner,), 3, ""),
            (f"This policy was approved on {(d := m.day(2025))}.", (d,), 4, ""),
        ]),
    ]  # fmt: skip


_KINDS = {
    "report": _report, "minutes": _minutes, "study": _study,
    "contract": _contract, "incident": _incident, "policy": _policy,
}  # fmt: skip
KINDS = tuple(_KINDS)


def long_document(seed: int, chapters: int, paragraphs: int = 24) -> Planted:
    """A document of many chapters, each of which has facts of its own; one is about five pages."""
    maker = _Maker(seed)
    document = Planted("long", f"Handbook of {maker.town()}")
    for number in range(chapters):
        kind = KINDS[number % len(KINDS)]
        one = planted(kind, seed * 1_000 + number, size=max(1, paragraphs // 5))
        text = [part for _, part in one.sections]
        document.sections.append((f"{number + 1} {one.title}", [p for part in text for p in part]))
        document.facts += [fact for fact in one.facts if fact.level == 1]
    return document
