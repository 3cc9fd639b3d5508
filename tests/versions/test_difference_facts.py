"""What changed between two versions, told as facts: pairs of texts, and what holds of all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lsfs.differences import ChangeFact, ChangeFacts, ChangeKind, SectionState
from lsfs.model import Status
from lsfs.syscalls.change import change_summary_of
from lsfs.syscalls.values import document_values
from lsfs.versions.align import aligned
from lsfs.versions.extracted import Reader
from lsfs.versions.facts import change_facts
from lsfs.versions.paged import paged
from lsfs.versions.statements import statements
from lsfs.versions.unified import Names
from tests.versions.reading import read

LEASE = """# Lease

This lease is made on 3 May 2023 between Anna Schmidt and Acme GmbH.

## 1 Object

The flat is on the second floor. It has 3 rooms and a balcony.

## 2 Rent

The monthly rent is 950 € and is due on the first day of each month. The deposit is 1,900 €.

## 3 Notice

Notice period: 3 months. The tenant may sublet the flat.

## 4 Keys

| Item | Number | Paid |
|------|--------|------|
| Door | 2 | yes |
| Cellar | 1 | no |
| Garage | 1 | no |
"""


def facts_of(before: str, after: str, name: str = "lease.md") -> ChangeFacts:
    return change_facts(read(before, name), read(after, name), document_values)


def edited(*changes: tuple[str, str]) -> ChangeFacts:
    after = LEASE
    for old, new in changes:
        assert old in after
        after = after.replace(old, new)
    return facts_of(LEASE, after)


def told(found: ChangeFacts) -> list[str]:
    return [fact.text for fact in found.facts]


OBJECT = "The flat is on the second floor. It has 3 rooms and a balcony.\n\n"
NOTICE = "## 3 Notice\n\nNotice period: 3 months. The tenant may sublet the flat.\n\n"

# Each with all the facts that are expected, strongest first.
PAIRS: list[tuple[list[tuple[str, str]], list[str]]] = [
    ([("950 €", "1,020 €")], ["2 Rent: monthly rent 950 € → 1,020 € (line 11)"]),
    ([("950 €", "EUR 1,020.00")], ["2 Rent: monthly rent 950 € → EUR 1,020.00 (line 11)"]),
    ([("950 €", "$950")], ["2 Rent: monthly rent 950 € → $950 (line 11)"]),
    ([("3 months", "6 months")], ["3 Notice: Notice period 3 months → 6 months (line 15)"]),
    ([("3 months", "1 month")], ["3 Notice: Notice period 3 months → 1 month (line 15)"]),
    ([("3 May 2023", "5 June 2023")], ["Lease: made 3 May 2023 → 5 June 2023 (line 3)"]),
    ([("Anna Schmidt", "Eva Klein")], ["Lease: Anna Schmidt → Eva Klein (line 3)"]),
    ([("Acme GmbH", "Globex Ltd")], ["Lease: Acme GmbH → Globex Ltd (line 3)"]),
    (
        [("950 €", "1,020 €"), ("1,900 €", "2,040 €")],
        [
            "2 Rent: monthly rent 950 € → 1,020 € (line 11)",
            "2 Rent: deposit 1,900 € → 2,040 € (line 11)",
        ],
    ),
    (
        [("may sublet", "may not sublet")],
        [
            "3 Notice: “The tenant may sublet the flat.” → “The tenant may not sublet the flat.” "
            "(line 15)"
        ],
    ),
    (
        [("a balcony", "a garden")],
        [
            "1 Object: “It has 3 rooms and a balcony.” → “It has 3 rooms and a garden.” (line 7)",
        ],
    ),
    ([("| Door | 2 |", "| Door | 3 |")], ["4 Keys: Door, Number: 2 → 3 (line 21)"]),
    (
        [("| Cellar | 1 | no |", "| Cellar | 1 | yes |")],
        ["4 Keys: Cellar, Paid: no → yes (line 22)"],
    ),
    ([("| Door | 2 | yes |", "| Door | 2 | |")], ["4 Keys: Door, Paid: yes → ∅ (line 21)"]),
    (
        [("| Garage | 1 | no |\n", "")],
        ["4 Keys: row removed: “Garage | 1 | no” (line 23)"],
    ),
    (
        [("| Door |", "| Gate | 1 | no |\n| Door |")],
        ["4 Keys: row added: “Gate | 1 | no” (line 21)"],
    ),
    (
        [(" The tenant may sublet the flat.", "")],
        ["3 Notice: removed: “The tenant may sublet the flat.” (line 15)"],
    ),
    (
        [("sublet the flat.", "sublet the flat. Pets need consent.")],
        ["3 Notice: added: “Pets need consent.” (line 15)"],
    ),
    ([("## 2 Rent", "## 2 Payment")], ["Lease: heading “2 Rent” → “2 Payment” (line 9)"]),
    (
        [(NOTICE, "")],
        [
            "section “3 Notice” was removed: “Notice period: 3 months. The tenant may sublet the "
            "flat.” (line 13)"
        ],
    ),
    (
        [(NOTICE, "## 3 Pets\n\nPets need consent.\n\n" + NOTICE.replace("3 N", "4 N"))],
        [
            "section “3 Pets” was added: “Pets need consent.” (line 13)",
            "Lease: heading “3 Notice” is now “4 Notice” (line 17)",
        ],
    ),
    (
        [(OBJECT, ""), ("## 4 Keys", OBJECT + "## 4 Keys")],
        [
            "moved from “1 Object” to “3 Notice”: “The flat is on the second floor. It has 3 rooms "
            "and a balcony.” (line 15)"
        ],
    ),
    (
        [(NOTICE, ""), ("## 1 Object", NOTICE + "## 1 Object")],
        ["section “3 Notice” moved (line 5)"],
    ),
    ([("and is due on", "and is due\non")], []),
    ([("# Lease\n", "# Lease\n\n\n")], []),
    ([("|------|", "|:-----|")], []),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), PAIRS)
def test_facts_of_a_lease(changes: list[tuple[str, str]], expected: list[str]) -> None:
    found = edited(*changes)
    assert told(found) == expected
    for fact in found.facts:
        assert_grounded(fact)


TEXT_PAIRS = [
    ("Rent: 950\n", "Rent: 1020\n", ["Rent 950 → 1020 (line 1)"]),
    (
        "§ 4 Notice\nNotice period: 3 months\n",
        "§ 4 Notice\nNotice period: 6 months\n",
        ["§ 4 Notice: Notice period 3 months → 6 months (line 2)"],
    ),
    (
        "Die Miete beträgt 950,00 € im Monat.\n",
        "Die Miete beträgt 1.020,00 € im Monat.\n",
        ["Miete 950,00 € → 1.020,00 € (line 1)"],
    ),
    (
        "Mieter ist Anna Schmidt und die Wohnung liegt im zweiten Stock.\n",
        "Mieter ist Eva Klein und die Wohnung liegt im zweiten Stock.\n",
        ["Anna Schmidt → Eva Klein (line 1)"],
    ),
    (
        "Le loyer est de 950 € par mois.\n",
        "Le loyer est de 1 020 € par mois.\n".replace("1 0", "1\u00a00"),
        ["loyer 950 € → 1 020 € (line 1)"],
    ),
    ("The rate is 5%.\n", "The rate is 7.5%.\n", ["rate 5% → 7.5% (line 1)"]),
    ("Call at 10:30.\n", "Call at 11:30.\n", ["Call 10:30 → 11:30 (line 1)"]),
    (
        "See order INV-2023-001 here.\n",
        "See order INV-2023-002 here.\n",
        ["INV-2023-001 → INV-2023-002 (line 1)"],
    ),
    ("timeout = 30\n", "timeout = 60\n", ["timeout 30 → 60 (line 1)"]),
    ("Due on 1 March.\n", "Due on 1 April.\n", ["Due 1 March → 1 April (line 1)"]),
    (
        "The term ends on 03/04/2023.\n",
        "The term ends on 3 April 2023.\n",
        [],
    ),
    ("The fee is USD 1,000.00.\n", "The fee is $1000.\n", []),
    ("Payment within 10 working days.\n", "Payment within 14 working days.\n",
     ["Payment 10 working days → 14 working days (line 1)"]),
    ("You have 25 days of vacation.\n", "You have 28 days of vacation.\n",
     ["vacation 25 days → 28 days (line 1)"]),
    ("We raise your annual salary to $85,000.\n", "We raise your annual salary to $92,500.\n",
     ["annual salary $85,000 → $92,500 (line 1)"]),
    ("We call John Miller today.\n", "We call Jane Miller today.\n",
     ["John Miller → Jane Miller (line 1)"]),
    ("if ready: go\n", "if not ready: go\n",
     ["“if ready: go” → “if not ready: go” (line 1)"]),
    ("One.\n\nTwo.\n\nThree.\n", "One.\n\nThree.\n", ["removed: “Two.” (line 3)"]),
    ("", "Hello there.\n", ["added: “Hello there.” (line 1)"]),
    ("Same.\n", "Same.\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), TEXT_PAIRS)
def test_facts_of_plain_text(before: str, after: str, expected: list[str]) -> None:
    found = facts_of(before, after, "note.txt")
    assert told(found) == expected
    for fact in found.facts:
        assert_grounded(fact)


def assert_grounded(fact: ChangeFact) -> None:
    """Every fact stands on a quote of the version that it speaks of."""
    assert fact.quote_before or fact.quote_after
    if fact.kind is ChangeKind.VALUE:
        assert fact.quote_before is not None
        assert fact.quote_after is not None
        assert fact.before in fact.quote_before.quote
        assert fact.after in fact.quote_after.quote


def test_fields_of_a_fact() -> None:
    (fact,) = edited(("950 €", "1,020 €")).facts
    assert (fact.kind, fact.value, fact.direction) == (ChangeKind.VALUE, "amount", "up")
    assert (fact.subject, fact.before, fact.after) == ("monthly rent", "950 €", "1,020 €")
    assert fact.heading == "Lease > 2 Rent"
    assert fact.quote_after is not None
    assert fact.quote_after.quote.startswith("The monthly rent is 1,020 € and")
    assert (fact.quote_after.page, fact.quote_after.line_start) == (None, 11)


def test_one_replacement_in_many_places_is_one_fact() -> None:
    before = "The tenant is Anna Schmidt.\n\nToday Anna Schmidt pays.\n\nSigned by Anna Schmidt.\n"
    (fact,) = facts_of(before, before.replace("Anna Schmidt", "Eva Klein")).facts
    assert fact.places == 3
    assert fact.text == "Anna Schmidt → Eva Klein (3 places) (line 1)"


def test_the_strongest_fact_comes_first() -> None:
    found = edited(
        ("a balcony", "a garden"), ("3 months", "6 months"), ("950 €", "1,020 €"),
        ("| Door | 2", "| Door | 3"), ("sublet the flat.", "sublet the flat. Pets need consent."),
    )  # fmt: skip
    kinds = [(fact.kind, fact.value) for fact in found.facts]
    assert kinds == [
        (ChangeKind.VALUE, "amount"), (ChangeKind.VALUE, "number"), (ChangeKind.CELL, ""),
        (ChangeKind.ADDED, ""), (ChangeKind.WORDING, ""),
    ]  # fmt: skip


def test_columns_put_in_do_not_change_the_cells_beside_them() -> None:
    wide = (
        LEASE.replace("| Item | Number |", "| Item | Kind | Number |")
        .replace("|------|--------|", "|------|---|--------|")
        .replace("| Door | 2", "| Door | steel | 3")
        .replace("| Cellar | 1", "| Cellar | brass | 1")
        .replace("| Garage | 1", "| Garage | brass | 1")
    )
    found = facts_of(LEASE, wide)
    assert told(found) == [
        "4 Keys: Door, Number: 2 → 3 (line 21)",
        "4 Keys: column “Kind” was added (line 21)",
    ]
    assert found.counts.cells_changed == 1


def test_sorted_rows_are_no_change() -> None:
    after = LEASE.replace(
        "| Door | 2 | yes |\n| Cellar | 1 | no |", "| Cellar | 1 | no |\n| Door | 2 | yes |"
    )
    assert after != LEASE
    assert told(facts_of(LEASE, after)) == []


def test_columns_of_one_name_are_told_apart() -> None:
    before = "| Item | Price | Price |\n|---|---|---|\n| Tea | 1 | 2 |\n| Milk | 3 | 4 |\n"
    assert told(facts_of(before, before)) == []
    after = before.replace("| 1 | 2 |", "| 1 | 5 |")
    assert told(facts_of(before, after)) == ["Tea, Price: 2 → 5 (line 3)"]


def test_tables_come_and_go() -> None:
    table = LEASE[LEASE.index("| Item") :]
    without = facts_of(LEASE, LEASE.replace(table, "None.\n"))
    assert without.facts[0].text.startswith("4 Keys: a table of 3 rows was removed: “Door | 2")
    back = facts_of(LEASE.replace(table, "None.\n"), LEASE)
    assert back.facts[0].kind is ChangeKind.TABLE_ADDED


def test_sections_by_their_state() -> None:
    found = edited(
        ("## 2 Rent", "## 2 Payment"), (NOTICE, ""), ("a balcony", "a garden"),
        ("## 4 Keys", "## 4 Pets\n\nNone.\n\n## 5 Keys"),
    )  # fmt: skip
    states = [(one.state, one.heading_before, one.heading_after) for one in found.sections]
    assert states == [
        (SectionState.CHANGED, "Lease > 1 Object", "Lease > 1 Object"),
        (SectionState.RENAMED, "Lease > 2 Rent", "Lease > 2 Payment"),
        (SectionState.ADDED, "", "Lease > 4 Pets"),
        (SectionState.REMOVED, "Lease > 3 Notice", ""),
    ]


def test_counts_and_values() -> None:
    found = edited(
        ("950 €", "1,020 €"), ("## 4 Keys", "Pets need Frank Huber's consent.\n\n## 4 Keys")
    )
    assert found.values_added == ("1,020 €", "Frank Huber")
    assert found.values_removed == ("950 €",)
    counts = found.counts
    assert (counts.paragraphs_added, counts.paragraphs_removed, counts.paragraphs_changed) == (
        1,
        0,
        1,
    )
    assert (counts.words_added, counts.words_removed) == (6, 1)


def test_numbers_of_headings_are_no_values() -> None:
    found = edited(("## 4 Keys", "## 7 Keys"))
    assert [fact.kind for fact in found.facts] == [ChangeKind.RENUMBERED]
    assert (found.values_added, found.values_removed) == ((), ())


def test_without_extraction_changes_are_told_by_words() -> None:
    (fact,) = change_facts(read(LEASE), read(LEASE.replace("950 €", "1,020 €"))).facts
    assert fact.kind is ChangeKind.WORDING


def test_a_version_that_was_not_read_whole_is_noted() -> None:
    cut = replace(read(LEASE), status=Status.PARTIAL, reason="only the first pages were read")
    found = change_facts(read(LEASE), cut, document_values)
    assert found.notes == ("the later version is partial: only the first pages were read",)


def test_more_facts_than_are_told() -> None:
    before = "\n\n".join(f"The fee of plan {chr(97 + n % 26)}{n}x is {n} €." for n in range(300))
    after = before.replace(" €.", "0 €.")
    found = facts_of(before, after, "note.txt")
    assert len(found.facts) == 200
    assert found.more > 0


CSV = 'item,price,note\nCoffee,3.20,"black, hot"\nTea,2.50,\nMilk,1.10,cold\n'


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("a.csv", CSV, CSV.replace("3.20", "3.50"), ["Coffee, price: 3.20 → 3.50 (line 2)"]),
        ("a.csv", CSV, CSV + "Cocoa,4,\n", ["row added: “item: Cocoa | price: 4” (line 5)"]),
        (
            "a.csv", CSV, CSV.replace('"black, hot"', "black"),
            ["Coffee, note: black, hot → black (line 2)"],
        ),
        ("a.csv", "a;1\nb;2\n", "a;1\nb;3\n", ["b, column 2: 2 → 3 (line 2)"]),
        ("a.tsv", "k\tv\nx\t1\n", "k\tv\nx\t2\n", ["x, v: 1 → 2 (line 2)"]),
    ],
)  # fmt: skip
def test_tables_in_text_form(name: str, before: str, after: str, expected: list[str]) -> None:
    assert told(facts_of(before, after, name)) == expected


def test_a_table_in_text_form_with_cells_of_several_lines() -> None:
    before = 'item,note\nTea,"hot\nsweet"\n'
    found = facts_of(before, before.replace("sweet", "bitter"), "a.csv")
    assert told(found) == ["Tea, note: hot sweet → hot bitter (line 2)"]


# --- what holds of every pair

PARAGRAPHS = st.lists(
    st.sampled_from(
        [
            "The monthly rent is 950 euros.",
            "The tenant keeps the garden in order.",
            "Notice is given in writing by 3 May 2023.",
            "Anna Schmidt pays the deposit of 1,900 euros.",
            "# Heading one",
            "# 2 Heading two",
            "- an item of a list",
            "| a | b |\n|---|---|\n| c | 1 |",
        ]
    ),
    max_size=8,
)


def _text(paragraphs: Sequence[str]) -> str:
    return "\n\n".join(paragraphs) + "\n"


@given(PARAGRAPHS)
def test_equal_documents_have_no_facts(paragraphs: list[str]) -> None:
    found = facts_of(_text(paragraphs), _text(paragraphs))
    assert (found.facts, found.sections, found.values_added) == ((), (), ())


@given(st.permutations(range(6)))
def test_paragraphs_in_another_order_are_moved_and_nothing_else(order: list[int]) -> None:
    every = [
        f"Paragraph {word} says that the {word} thing is {n + 1} metres long. It is true."
        for n, word in enumerate(["red", "green", "blue", "old", "young", "tall"])
    ]
    found = facts_of(_text(every), _text([every[n] for n in order]))
    assert {fact.kind for fact in found.facts} <= {ChangeKind.MOVED}
    assert bool(found.facts) == (order != sorted(order))
    assert (found.counts.words_added, found.counts.words_removed) == (0, 0)


@given(PARAGRAPHS, PARAGRAPHS)
def test_what_is_in_both_is_neither_added_nor_removed(before: list[str], after: list[str]) -> None:
    found = facts_of(_text(before), _text(after))
    shared = {text for text in before if text in after and before.count(text) == after.count(text)}
    one_sided = [
        (fact.quote_before or fact.quote_after)
        for fact in found.facts
        if fact.kind in (ChangeKind.ADDED, ChangeKind.REMOVED)
    ]
    quotes = {place.quote for place in one_sided if place is not None}
    assert not quotes & shared


@given(PARAGRAPHS, PARAGRAPHS)
def test_every_quote_stands_in_its_version(before: list[str], after: list[str]) -> None:
    old, new = read(_text(before)), read(_text(after))
    words_old, words_new = (" ".join(one.text.split()) for one in (old, new))
    for fact in change_facts(old, new, document_values).facts:
        if fact.quote_before is not None:
            assert fact.quote_before.quote in words_old
        if fact.quote_after is not None:
            assert fact.quote_after.quote in words_new


@given(PARAGRAPHS, PARAGRAPHS)
def test_every_statement_has_one_fate(before: list[str], after: list[str]) -> None:
    readers = [Reader(one, document_values(one)) for one in map(read, map(_text, (before, after)))]
    old, new = (statements(reader.document) for reader in readers)
    found = aligned(*readers, old, new)
    pairs = [*found.same, *found.moved, *found.changed]
    assert sorted([*(i for i, _ in pairs), *found.removed]) == list(range(len(old)))
    assert sorted([*(j for _, j in pairs), *found.added]) == list(range(len(new)))


@given(PARAGRAPHS, PARAGRAPHS)
def test_swapped_documents_swap_what_is_added_and_removed(
    before: list[str], after: list[str]
) -> None:
    old, new = read(_text(before)), read(_text(after))
    there, back = paged(old, new, Names("x")), paged(new, old, Names("x"))
    assert (there.added, there.removed) == (back.removed, back.added)
    here, gone = change_facts(old, new, document_values), change_facts(new, old, document_values)
    assert (here.values_added, here.values_removed) == (gone.values_removed, gone.values_added)


def test_the_summary_without_a_model_is_the_facts() -> None:
    before, after = read(LEASE), read(LEASE.replace("950 €", "1,020 €"))
    summary = change_summary_of(before, after)
    assert summary.facts == change_facts(before, after, document_values).facts
    assert (summary.sentence, summary.model) == ("", "")
    assert change_summary_of(before, before).facts == ()
