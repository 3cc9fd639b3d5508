"""Versions of real PDF, Word and Excel files, made in the test."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
import openpyxl
import pytest
from docx.document import Document as WordDocument
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from lsfs.differences import ChangeKind, Diff, DiffKind
from lsfs.syscalls.change import change_summary_of
from lsfs.versions.difference import difference
from lsfs.versions.unified import Names
from tests.versions.reading import read

STYLES = getSampleStyleSheet()
BREAK = "\f"
CARE = (
    "The landlord keeps the flat in good repair and the tenant tells the landlord of any damage "
    "without delay and in writing. "
)
LEASE = (
    "# 1 Parties",
    "This lease is made on 3 May 2023 between Anna Schmidt and Acme GmbH of Berlin.",
    CARE + "The lease begins on 1 July 2023.",
    BREAK,
    "# 2 Rent",
    "The monthly rent is 950 € and it is to be paid on the first day of each month, in advance, to "
    "the account of the landlord. The tenant pays for heating apart.",
    BREAK,
    "# 3 Notice",
    "The notice period is 3 months. Notice is given in writing.",
    "A deposit of 1,900 € is paid before the keys are handed over.",
)


def pdf(parts: Sequence[str], *, size: int = 8) -> bytes:
    """A PDF with a line at the head and a page number at the foot of each page."""
    pages = parts.count(BREAK) + 1

    def printed(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont("Helvetica", size)
        canvas.drawString(72, 800, "Lease Harbour Street")
        canvas.drawString(72, 30, f"Page {document.page} of {pages}")

    story = []
    for part in parts:
        if part == BREAK:
            story.append(PageBreak())
        elif part.startswith("# "):
            story.append(Paragraph(part[2:], STYLES["Heading1"]))
        else:
            story.append(Paragraph(part, STYLES["BodyText"]))
    stream = io.BytesIO()
    SimpleDocTemplate(stream).build(story, onFirstPage=printed, onLaterPages=printed)
    return stream.getvalue()


def compared(before: bytes, after: bytes, name: str) -> tuple[Diff, list[str]]:
    """The diff and the facts of two versions of a file."""
    documents = read(before, name), read(after, name)
    facts = change_summary_of(*documents).facts
    return difference(before, after, Names(name), documents), [fact.text for fact in facts]


def swapped(parts: Sequence[str], *changes: tuple[str, str]) -> list[str]:
    found = list(parts)
    for old, new in changes:
        assert any(old in part for part in found)
        found = [part.replace(old, new) for part in found]
    return found


CHANGES = (("950 €", "1,020 €"), ("3 May 2023", "5 June 2023"), ("Anna Schmidt", "Eva Maria Klein"))
FACTS = [
    "2 Rent: monthly rent 950 € → 1,020 € (page 2)",
    "1 Parties: made 3 May 2023 → 5 June 2023 (page 1)",
    "1 Parties: Anna Schmidt → Eva Maria Klein (page 1)",
]


@pytest.mark.parametrize("size", [8, 10, 14])
def test_a_contract_whose_rent_date_and_party_change(size: int) -> None:
    before, after = pdf(LEASE, size=size), pdf(swapped(LEASE, *CHANGES), size=size)
    diff, facts = compared(before, after, "lease.pdf")
    assert facts == FACTS
    assert diff.kind is DiffKind.PAGES
    assert [(page.page_before, page.page_after) for page in diff.pages] == [(1, 1), (2, 2)]
    assert (diff.added, diff.removed) == (2, 2)
    assert any(line.startswith("+The monthly rent is 1,020 €") for line in diff.pages[1].lines)
    assert "@@ page 2 @@\n" in diff.text


@pytest.mark.parametrize("size", [8, 14])
def test_a_page_put_in_leaves_the_pages_after_it_as_they_were(size: int) -> None:
    more = ["# 4 Pets", "Pets are not allowed in the flat or in the yard.", BREAK]
    after = [*LEASE[:7], *more, *LEASE[7:]]
    diff, facts = compared(pdf(LEASE, size=size), pdf(after, size=size), "lease.pdf")
    assert facts == [
        "section “4 Pets” was added: “Pets are not allowed in the flat or in the yard.” (page 3)"
    ]
    (page,) = diff.pages
    assert (page.page_before, page.page_after) == (None, 3)
    assert page.lines == ("+4 Pets", "+Pets are not allowed in the flat or in the yard.")
    assert "@@ new page 3 @@" in diff.text
    back, facts = compared(pdf(after, size=size), pdf(LEASE, size=size), "lease.pdf")
    assert [(page.page_before, page.page_after) for page in back.pages] == [(3, None)]
    assert facts[0].startswith("section “4 Pets” was removed")


def test_a_paragraph_that_moved_to_another_page() -> None:
    after = [*LEASE[:2], *LEASE[3:], LEASE[2]]
    diff, facts = compared(pdf(LEASE), pdf(after), "lease.pdf")
    assert len(facts) == 1
    assert facts[0].startswith("moved from “1 Parties” to “3 Notice”: “The landlord keeps")
    assert facts[0].endswith("(page 3, was page 1)")
    assert [(page.added, page.removed) for page in diff.pages] == [(0, 2), (2, 0)]


def test_text_that_slips_to_the_next_page_did_not_change() -> None:
    body = [f"Clause {word} is about {word} matters and no others." for word in "abcdefghijklmnop"]
    before = [*body[:8], BREAK, *body[8:]]
    after = ["A new clause stands in front.", *body[:6], BREAK, *body[6:]]
    diff, facts = compared(pdf(before), pdf(after), "lease.pdf")
    assert facts == ["added: “A new clause stands in front.” (page 1)"]
    assert (diff.added, diff.removed) == (1, 0)


def test_a_pdf_with_another_picture_only() -> None:
    diff, facts = compared(pdf(LEASE), pdf(LEASE, size=9), "lease.pdf")
    assert facts == []
    assert diff.kind is DiffKind.BINARY


def word(*, rent: str = "950", cellar: str = "1", order: Sequence[int] = (0, 1, 2)) -> bytes:
    document: WordDocument = docx.Document()
    sections = (
        ("1 Object", "The flat is on the second floor of the house at 12 Mill Lane."),
        ("2 Rent", f"The monthly rent is {rent} euros, payable on the first day of the month."),
        ("3 Notice", "Notice is given in writing by either of the two parties."),
    )
    document.add_heading("Lease", 0)
    for number in order:
        document.add_heading(sections[number][0], 1)
        document.add_paragraph(sections[number][1])
    document.add_heading("4 Keys", 1)
    table = document.add_table(rows=0, cols=2)
    for cells in (("Door", "2"), ("Cellar", cellar)):
        row = table.add_row()
        row.cells[0].text, row.cells[1].text = cells
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_a_word_document() -> None:
    diff, facts = compared(word(), word(rent="1,020", cellar="3"), "lease.docx")
    assert facts == [
        "2 Rent: monthly rent 950 euros → 1,020 euros (line 5)",
        "4 Keys: Cellar, column 2: 1 → 3 (line 10)",
    ]
    assert diff.kind is DiffKind.PAGES
    (page,) = diff.pages
    assert (page.page_before, page.page_after, page.added, page.removed) == (None, None, 2, 2)
    assert "@@ text @@" in diff.text


def test_a_section_of_a_word_document_that_moved() -> None:
    summary = change_summary_of(
        read(word(), "lease.docx"), read(word(order=(1, 2, 0)), "lease.docx")
    )
    assert {fact.kind for fact in summary.facts} == {ChangeKind.MOVED}
    assert summary.facts[0].text == "section “1 Object” moved (line 6)"


def sheet(rows: Sequence[Sequence[object]], **others: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Prices"
    for row in rows:
        first.append(list(row))
    for name, content in others.items():
        other = book.create_sheet(name, 0)
        for row in content:
            other.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


ROWS = (("Item", "Price", "Stock"), ("Coffee", 3.2, 40), ("Tea", 2.5, 12), ("Milk", 1.1, 7))


def test_cells_of_a_spreadsheet() -> None:
    after = (*ROWS[:1], ("Coffee", 3.5, 40), ("Cocoa", 4, 3), *ROWS[2:])
    diff, facts = compared(sheet(ROWS), sheet(after), "prices.xlsx")
    assert facts == [
        "Prices: Coffee, Price: 3.2 → 3.5 (page 1)",
        "Prices: row added: “Item: Cocoa | Price: 4 | Stock: 3” (page 1)",
    ]
    assert diff.kind is DiffKind.PAGES
    assert [(page.label, page.added, page.removed) for page in diff.pages] == [("Prices", 2, 1)]


def test_a_sheet_put_in_front() -> None:
    notes = (("Note", "By"), ("Checked", "Eva"))
    diff, facts = compared(sheet(ROWS), sheet(ROWS, Notes=notes), "prices.xlsx")
    assert [(p.page_before, p.page_after, p.label) for p in diff.pages] == [(None, 1, "Notes")]
    assert any("Notes" in fact for fact in facts)


def test_rows_are_told_apart_though_all_of_them_moved() -> None:
    after = (ROWS[0], ("Water", 0.5, 99), *reversed(ROWS[1:]))
    _, facts = compared(sheet(ROWS), sheet(after), "prices.xlsx")
    assert facts == ["Prices: row added: “Item: Water | Price: 0.5 | Stock: 99” (page 1)"]
