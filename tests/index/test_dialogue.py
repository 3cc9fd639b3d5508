"""Several questions in one, questions that need another, and questions behind others."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lsfs.index.dialogue.bridge import bridged, states
from lsfs.index.dialogue.comparison import compared
from lsfs.index.dialogue.division import divide
from lsfs.index.dialogue.followup import read
from lsfs.index.dialogue.measured import measured
from lsfs.index.dialogue.turns import Turn

SIMPLE = (Path(__file__).parent / "data/simple_questions.txt").read_text("utf-8").splitlines()
TODAY = date(2026, 11, 27)


def parts(question: str) -> list[str]:
    return [part.question for part in divide(question)]


# --- several in one


def test_questions_that_are_one_stay_one() -> None:
    assert len(SIMPLE) >= 200
    taken_apart = [q for q in SIMPLE if divide(q) or compared(q) or bridged(q)]
    assert taken_apart == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "What is the rent and the deposit in the Harbour Street lease?",
            ["What is the rent in the Harbour Street lease?",
             "What is the deposit in the Harbour Street lease?"],
        ),
        (
            "What are the rent, the deposit and the notice period in the Mill Road lease?",
            ["What is the rent in the Mill Road lease?",
             "What is the deposit in the Mill Road lease?",
             "What is the notice period in the Mill Road lease?"],
        ),
        (
            "Who signed the Acme contract and when does it end?",
            ["Who signed the Acme contract?", "when does the Acme contract end?"],
        ),
        (
            "Who signed the Acme contract and when?",
            ["Who signed the Acme contract?", "When was the Acme contract signed?"],
        ),
        (
            "When and where was Ada Byron born?",
            ["When was Ada Byron born?", "Where was Ada Byron born?"],
        ),
        (
            "What are the start and end dates of the Acme agreement?",
            ["What is the start date of the Acme agreement?",
             "What is the end date of the Acme agreement?"],
        ),
        (
            "What is the rent in the Harbour Street lease and in the Mill Road lease?",
            ["What is the rent in the Harbour Street lease?",
             "What is the rent in the Mill Road lease?"],
        ),
        (
            "What is the rent of the Harbour Street lease and the deposit of the Mill Road lease?",
            ["What is the rent of the Harbour Street lease?",
             "What is the deposit of the Mill Road lease?"],
        ),
        (
            "What is the rent and the colour of the door in the Mill Road lease?",
            ["What is the rent in the Mill Road lease?",
             "What is the colour of the door in the Mill Road lease?"],
        ),
        ("When did the lease start and how long is it?",
         ["When did the lease start?", "how long is the lease?"]),
        ("What is the rent and when is it due?", ["What is the rent?", "when is the rent due?"]),
        ("What is the rent? And what is the deposit?",
         ["What is the rent?", "what is the deposit?"]),
        ("Show me the contracts from 2023 and the invoices from 2022",
         ["contracts from 2023", "invoices from 2022"]),
        (
            "Wie hoch ist die Miete und die Kaution im Mietvertrag Lindenallee?",
            ["Wie hoch ist die Miete im Mietvertrag Lindenallee?",
             "Wie hoch ist die Kaution im Mietvertrag Lindenallee?"],
        ),
    ],
)  # fmt: skip
def test_questions_that_are_several(question: str, expected: list[str]) -> None:
    assert parts(question) == expected


def test_whom_a_part_is_about_comes_from_the_part_before() -> None:
    first, second = divide("Who is the landlord of the Mill Road lease and what is his email?")
    assert (first.of_person, second.of_person) == (False, True)


@pytest.mark.parametrize(
    ("question", "sign", "form", "left"),
    [
        ("Which is higher, the rent of the Oak Lane lease or of the Elm Road lease?", 1, "which",
         "What is the rent of the Oak Lane lease?"),
        ("Is the deposit in the Oak Lane lease lower than in the Elm Road lease?", -1, "whether",
         "What is the deposit in the Oak Lane lease?"),
        ("Which lease has the higher rent, Oak Lane or Elm Road?", 1, "which",
         "What is the rent in the Oak Lane lease?"),
        ("Which lease ends first, Oak Lane or Elm Road?", -1, "which",
         "When does the Oak Lane lease end?"),
        ("What is the difference between the rent of the Oak Lane lease and that of the Elm Road "
         "lease?", 1, "difference", "What is the rent of the Oak Lane lease?"),
        ("Ist die Miete im Mietvertrag Eichweg höher als im Mietvertrag Ulmengasse?", 1, "whether",
         "Wie hoch ist die Miete im Mietvertrag Eichweg?"),
    ],
)  # fmt: skip
def test_comparisons(question: str, sign: int, form: str, left: str) -> None:
    found = compared(question)
    assert found is not None
    assert (found.sign, found.form, found.left) == (sign, form, left)


def test_what_is_compared_is_read_from_the_quote() -> None:
    rent = measured("the rent", ["A deposit of EUR 2,900.", "The monthly rent is EUR 1,450."])
    assert rent is not None
    assert (int(rent.value), rent.unit, rent.quote) == (1450, "EUR month", 1)
    end = measured("the end date", ["It begins on 1 March 2023 and ends on 28 February 2026."])
    assert end is not None
    assert date.fromordinal(int(end.value)) == date(2026, 2, 28)
    assert measured("the rent", ["A deposit of EUR 2,900."]) is None
    assert measured("the end date", ["It ends on 3/4/2026."]) is None  # April, or March?


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("What is the phone number of the landlord of the Mill Road lease?",
         "Who is the landlord of the Mill Road lease?", "What is the phone number of X?"),
        ("What is the landlord's email in the Mill Road lease?",
         "Who is the landlord in the Mill Road lease?", "What is the email of X?"),
        ("What is the email of the person who signed the Acme contract?",
         "Who signed the Acme contract?", "What is the email of X?"),
        ("How can I call the tenant of the Mill Road lease?",
         "Who is the tenant of the Mill Road lease?", "What is the phone number of X?"),
        ("Wie ist die Telefonnummer des Vermieters der Wohnung Lindenallee?",
         "Wer ist der Vermieter der Wohnung Lindenallee?", "Wie ist die Telefonnummer von X?"),
    ],
)  # fmt: skip
def test_bridges(question: str, first: str, second: str) -> None:
    found = bridged(question)
    assert found is not None
    assert (found.first, found.second("X")) == (first, second)


def test_a_quote_without_a_number_is_no_phone_number() -> None:
    assert states("Harbour Homes: phone +353 91 555 014", "the phone number", said=True)
    assert not states("made on 14 February 2023 by Ada Byron", "the phone number", said=True)


# --- behind others

RENT = Turn(
    question="", read_as="What is the monthly rent in the Harbour Street lease?",
    files=("Leases/harbour.md",), sources=("Leases/harbour.md",),
)  # fmt: skip
SIGNED = Turn(
    question="", read_as="Who signed the Acme agreement?", files=("acme.txt",),
    names=("Laura Chen",), days=("2023-05-04",),
)  # fmt: skip
LISTED = Turn(
    question="", read_as="invoices from 2023", listing=True, files=("a.txt", "b.txt", "c.txt")
)


@pytest.mark.parametrize(
    ("turn", "question", "expected"),
    [
        (RENT, "and the deposit?", "What is the deposit in the Harbour Street lease?"),
        (RENT, "what about the notice period?",
         "What is the notice period in the Harbour Street lease?"),
        (RENT, "and in the Mill Road lease?", "What is the monthly rent in the Mill Road lease?"),
        (RENT, "the same for Mill Road", "What is the monthly rent in the Mill Road lease?"),
        (RENT, "who is the landlord?", "who is the landlord in the Harbour Street lease?"),
        (RENT, "when does it end?", "when does the Harbour Street lease end?"),
        (RENT, "and the deposit in the Mill Road lease?",
         "What is the deposit in the Mill Road lease?"),
        (SIGNED, "what is her phone number?", "what is the phone number of Laura Chen?"),
        (SIGNED, "and his email?", "What is the email of Laura Chen?"),
        (SIGNED, "when does it end?", "when does the Acme agreement end?"),
        (SIGNED, "which invoices since then?", "which invoices since 2023-05-04?"),
        (LISTED, "only the ones with Acme", "invoices from 2023 with Acme"),
        (LISTED, "which of them are from May?", "invoices from May 2023"),
        (LISTED, "only the PDFs", "invoices from 2023 type:pdf"),
        (LISTED, "without the HTML files", "invoices from 2023 -type:html"),
        (LISTED, "not from Alice", "invoices from 2023 not from Alice"),
        (LISTED, "which are over 1,000 EUR?", "invoices from 2023 over 1,000 EUR"),
        (LISTED, "and the year before?", "invoices from 2022"),
        (LISTED, "what about 2021?", "invoices from 2021"),
        (LISTED, "and contracts?", "contracts from 2023"),
        (LISTED, "the newest of them", "invoices from 2023 sort:newest limit:1"),
        (LISTED, "how much is it in total?", "What is the total of the invoices?"),
        (LISTED, "When does the Acme agreement end?", "When does the Acme agreement end?"),
    ],
)  # fmt: skip
def test_follow_ups(turn: Turn, question: str, expected: str) -> None:
    assert read(question, [turn], TODAY).question == expected


def test_follow_ups_in_german() -> None:
    rent = Turn(question="", read_as="Wie hoch ist die Miete im Mietvertrag Lindenallee?")
    for question, expected in (
        ("und die Kaution?", "Wie ist die Kaution im Mietvertrag Lindenallee?"),
        ("wann beginnt er?", "wann beginnt der Mietvertrag Lindenallee?"),
        ("wie lang ist er?", "wie lang ist der Mietvertrag Lindenallee?"),
    ):  # fmt: skip
        assert read(question, [rent], TODAY).question == expected
    listed = Turn(question="", read_as="Rechnungen aus 2023", listing=True, files=("a",))
    assert read("und das Jahr davor?", [listed], TODAY).question == "Rechnungen aus 2022"


def test_what_is_picked_from_a_listing() -> None:
    assert read("the second one", [LISTED], TODAY).files == ("b.txt",)
    assert read("the last two", [LISTED], TODAY).files == ("b.txt", "c.txt")
    asked = read("when is the first one due?", [LISTED], TODAY)
    assert (asked.question, asked.files, asked.only) == (
        "when is the invoice due", ("a.txt",), True,
    )  # fmt: skip
    missing = read("the fifth one", [LISTED], TODAY)
    assert (missing.note, missing.picked) == ("there are only 3 of them", False)
    picked = Turn(question="", read_as=LISTED.read_as, listing=True, picked=True, files=("b.txt",))
    # What was picked is no listing to narrow, yet it is what "it" means.
    assert read("only from May", [LISTED, picked], TODAY).files == LISTED.files
    assert read("when is it due?", [LISTED, picked], TODAY).files == ("b.txt",)


def test_moments() -> None:
    assert read("and now?", [RENT], TODAY).at == ""
    then = read("as of last week?", [RENT], TODAY)
    assert (then.question, then.at) == (RENT.read_as, "last week")
    of_day = read("contracts with Acme as of then?", [SIGNED], TODAY)
    assert (of_day.question, of_day.at) == ("contracts with Acme?", "2023-05-04")


def test_the_other_one() -> None:
    assert read("and in the other lease?", [RENT], TODAY).other_than == RENT.files
    both = Turn(question="", read_as="leases", listing=True, files=("mill.md", *RENT.files))
    assert read("and in the other one?", [both, RENT], TODAY).files == ("mill.md",)


def test_without_a_question_before() -> None:
    found = read("and the deposit?", [], TODAY)
    assert found.question == "and the deposit?"
    assert found.note
