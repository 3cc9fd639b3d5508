"""The parsing benchmark counts what it says it counts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.parsing_assertions import Assertion, holds
from benchmarks.parsing_documents import Crossing, Element, Note, Truth, layout, load
from benchmarks.parsing_files import Order, looked_up, make
from benchmarks.parsing_letters import letters
from benchmarks.parsing_score import Count, Reading, added, score

FIRST = "The committee described the annual report in its long session."
SECOND = "Every participant was asked about the infrastructure of the region."
LETTERS = letters(SECOND)
BORDER = LETTERS.index("structure")  # where the page ends
NOTE = "A footnote about the municipal library."
HEAD = "Working paper about rivers"
ROWS = (("Alpha one", "11.50"), ("Beta two", "12.75"), ("Gamma three", ""))

ELEMENTS = (
    Element("title", "Rivers and their reports"),
    Element("heading", "1 Results", level=1),
    Element("para", FIRST, notes=(Note(len(FIRST), "1", NOTE),)),
    Element("para", SECOND),
    Element("list_item", "An item of the list.", level=1, marker="•"),
    Element("table", "Table 1: Weights", header=("Name", "Weight"), rows=ROWS),
    Element("figure", "Figure 1: A drawing of the river."),
)
LAYOUT = replace(layout(random.Random(1), 1), heads="running", number_style="page")
TRUTH = Truth(
    "hand", "none", "en", 1, LAYOUT, HEAD, "", ELEMENTS,
    heads=(HEAD,),
    page_labels=("Page 203", "Page 204"),
    crossings=(
        Crossing(
            "para", 1, LETTERS[BORDER - 15 : BORDER], LETTERS[BORDER : BORDER + 15],
            "infrastructure",
        ),
    ),
)  # fmt: skip

GOOD = (
    ("title", "Rivers and their reports"),
    ("heading", "1 Results"),
    ("para", FIRST + "1"),
    ("para", SECOND),
    ("list_item", "An item of the list."),
    ("caption", "Table 1: Weights"),
    ("table", "Name\tWeight\nAlpha one\t11.50\nBeta two\t12.75\nGamma three\t"),
    ("caption", "Figure 1: A drawing of the river."),
    ("footnote", "1 " + NOTE),
)
TABLE = (("Name", "Weight"), *ROWS)


def read(
    blocks: tuple[tuple[str, str], ...], tables: tuple[object, ...] = (TABLE,)
) -> dict[str, float | None]:
    reading = Reading(
        [text for _, text in blocks],
        [kind for kind, _ in blocks],
        tables,  # type: ignore[arg-type]
    )
    return {name: count.share for name, count in score(TRUTH, reading).items()}


def changed(number: int, *blocks: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (*GOOD[:number], *blocks, *GOOD[number + 1 :])


def test_a_perfect_reading() -> None:
    found = read(GOOD)
    wrong = {name: found.pop(name) for name in ("ned", "merged", "left")}
    assert found.pop("notes_joined") is None  # there was none to join
    assert set(found.values()) == {1.0}, found
    assert wrong["merged"] == wrong["left"] == 0
    marks = 2  # of the note: in the text, and before the note
    said = len(letters("".join(text for _, text in GOOD[:7]))) + 1
    assert wrong["ned"] == pytest.approx(marks / said)


def test_an_empty_reading_keeps_nothing() -> None:
    found = read((), ())
    assert found["ned"] == 1
    assert {found[name] for name in ("intact", "joined", "kept", "words", "rows", "whole")} == {0}
    assert found["left"] == found["merged"] == 0


def test_a_paragraph_in_two_halves_is_not_whole() -> None:
    early, border = SECOND.index(" participant"), SECOND.index("structure")
    for place, joined in ((early, 1), (border, 0)):
        found = read(changed(3, ("para", SECOND[:place]), ("para", SECOND[place:])))
        assert (found["intact"], found["joined"], found["restored"]) == (0.5, joined, joined)


def test_a_divided_word_is_restored_only_when_it_is_whole() -> None:
    divided = SECOND.replace("infrastructure", "infra- structure")
    found = read(changed(3, ("para", divided)))
    assert (found["joined"], found["restored"], found["intact"]) == (1, 0, 1)
    words = len(f"{FIRST} {SECOND}".split())
    assert found["words"] == pytest.approx((words - 1) / words)


def test_paragraphs_in_one_block_are_merged() -> None:
    found = read((*GOOD[:2], ("para", f"{FIRST}1\n{SECOND}"), *GOOD[4:]))
    assert (found["merged"], found["intact"]) == (1, 1)


def test_an_end_and_a_beginning_that_the_text_has_elsewhere_merge_nothing() -> None:
    again = f"Once more: {FIRST[-25:]} {SECOND[:25]}."
    truth = replace(
        TRUTH, elements=(*ELEMENTS, Element("heading", "2", level=1), Element("para", again))
    )
    reading = Reading([text for _, text in GOOD] + ["2", again])
    assert score(truth, reading)["merged"] == Count(0, 1)


def test_what_is_left_of_the_pages() -> None:
    assert read(changed(3, ("para", SECOND), ("para", HEAD)))["left"] == 1 / 4
    assert read(changed(3, ("para", f"{SECOND} Page 203 {HEAD}")))["left"] == 2 / 4
    # A number that the text has, too, is no page number.
    assert read(changed(3, ("para", f"{SECOND} Page 2")))["left"] == 0


def test_the_alternating_heads_are_headings_too() -> None:
    look = replace(LAYOUT, heads="alternating")
    truth = replace(TRUTH, layout=look, heads=(HEAD, "1 Results"))
    blocks = [text for _, text in GOOD]
    assert score(truth, Reading(blocks))["left"] == Count(0, 4)
    assert score(truth, Reading([*blocks, "1 Results"]))["left"] == Count(1, 4)


def test_letters_are_kept_in_any_order() -> None:
    assert read(tuple(reversed(GOOD)))["kept"] == 1
    assert read(tuple(reversed(GOOD)))["ned"] > 0.5  # type: ignore[operator]
    without = [kind_text for n, kind_text in enumerate(GOOD) if n != 3]
    grams = sum(max(0, len(letters(text)) - 3) for text in _pieces())
    missing = (len(letters(SECOND)) - 3) / grams
    assert read(tuple(without))["kept"] == pytest.approx(1 - missing, abs=0.02)


def _pieces() -> list[str]:
    cells = [cell for row in TABLE for cell in row]
    return [element.text for element in ELEMENTS] + [NOTE] + cells


def test_headings_and_notes_stand_alone() -> None:
    assert read(changed(1, ("heading", f"1 Results {FIRST}")))["headings"] == 0
    told = read(changed(1, ("para", "1 Results")))
    assert (told["headings"], told["told"]) == (1, 0)
    assert read(changed(8, ("footnote", f"1 {NOTE} 2 Another one")))["notes"] == 0


def test_rows_and_tables() -> None:
    wrong = (TABLE[0], ("Alpha", "one", "11.50"), *ROWS[1:])
    found = read(GOOD, (wrong,))
    assert found["rows"] == pytest.approx(2 * 2 / (3 + 3))
    assert found["whole"] == 0
    halves = ((TABLE[0], ROWS[0]), (TABLE[0], *ROWS[1:]))  # the header is no row
    assert (read(GOOD, halves)["rows"], read(GOOD, halves)["whole"]) == (1, 0)
    assert read(GOOD, (TABLE, (("false", "table"),)))["rows"] == pytest.approx(6 / 7)
    assert "rows" not in score(TRUTH, Reading([text for _, text in GOOD]))


def test_counts_add_up() -> None:
    assert added([{"a": Count(1, 2)}, {"a": Count(3, 4), "b": Count()}]) == {
        "a": Count(4, 6), "b": Count(),
    }  # fmt: skip
    assert Count().share is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"type": "present", "text": "annual  report"}, True),
        ({"type": "present", "text": "annual rebort"}, False),
        ({"type": "present", "text": "annual rebort", "max_diffs": 1}, True),
        ({"type": "present", "text": "ANNUAL REPORT", "case_sensitive": False}, True),
        ({"type": "present", "text": "annual report", "last_n": 20}, False),
        ({"type": "absent", "text": "Page 203"}, True),
        ({"type": "absent", "text": "annual report"}, False),
        ({"type": "order", "before": "committee", "after": "participant"}, True),
        ({"type": "order", "before": "participant", "after": "committee"}, False),
        ({"type": "order", "before": "comittee", "after": "partizipant", "max_diffs": 2}, True),
        ({"type": "table", "cell": "12.75", "left": "Beta two", "up": "11.50"}, True),
        ({"type": "table", "cell": "12.75", "top_heading": "Weight"}, True),
        ({"type": "table", "cell": "12.75", "right": "Beta two"}, False),
        ({"type": "table", "cell": "12.75", "left_heading": "Gamma three"}, False),
    ],
)
def test_assertions(facts: dict[str, object], expected: bool) -> None:
    reading = Reading([text for _, text in GOOD], tables=(TABLE,))
    assert holds(Assertion("a.pdf", str(facts["type"]), facts), reading) is expected


def test_documents_show_their_truth_and_scrambled_ones_look_the_same(tmp_path: Path) -> None:
    import pypdfium2

    from benchmarks.engines import reportlab

    order = Order(seed=3, documents=2, languages=("en",), scrambled=1)
    made = list(make(tmp_path, order, [reportlab.ENGINE]))
    assert [truth.scrambled for truth in made] == [False, True, False, True]
    plain, twin = (tmp_path / f"{truth.name}.pdf" for truth in made[:2])
    assert load(plain.with_suffix(".json")) == looked_up(made[0], plain) == made[0]
    assert len(made[0].page_labels) > 3
    assert made[0].crossings
    with pypdfium2.PdfDocument(plain) as first, pypdfium2.PdfDocument(twin) as second:
        for one, other in zip(first, second, strict=True):
            assert one.render().to_numpy().tobytes() == other.render().to_numpy().tobytes()
            said, again = (page.get_textpage().get_text_range() for page in (one, other))
            assert said != again
            assert sorted(letters(said)) == sorted(letters(again))
