"""Documents joined into one: read, as a new file, appended; and taken back."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium
import pytest
from reportlab.pdfgen.canvas import Canvas

import lsfs
from lsfs.errors import LsfsError, NotFound, ParseError, UsageError
from tests.syscalls.test_past import clock, then  # noqa: F401 - fixtures


def pdf(path: Path, *pages: str) -> None:
    canvas = Canvas(str(path))
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()


@pytest.fixture
def drive(then: lsfs.Drive) -> lsfs.Drive:  # noqa: F811
    folder = then.source / "in"
    folder.mkdir()
    pdf(folder / "a.pdf", "First page of a", "Second page of a")
    pdf(folder / "b.pdf", "Only page of b")
    (folder / "one.txt").write_bytes(b"one\nno line end")
    (folder / "two.txt").write_bytes("zwei, gr\xfc\xdfe\n".encode("latin-1"))
    (folder / "notes.md").write_text("# Notes\n\nas *they* are")
    (folder / "--odd -- name.md").write_text("odd")
    then.wait_indexed()
    return then


def test_as_text_with_the_pages(drive: lsfs.Drive) -> None:
    found = drive.concat("in/a.pdf", "in/notes.md", also=("in/b.pdf",))
    assert [(one.page, one.path, one.source_page) for one in found.pages] == [
        (1, "in/a.pdf", 1), (2, "in/a.pdf", 2), (3, "in/notes.md", None), (4, "in/b.pdf", 1),
    ]  # fmt: skip
    assert found.text.startswith("<!-- file 1 of 3: in/a.pdf; begins on page 1 of this -->\n\n")
    assert "<!-- file 3 of 3: in/b.pdf; begins on page 4 of this -->\n\n" in found.text
    assert found.text.index("Second page of a") < found.text.index("# Notes")
    assert "--odd" not in drive.concat("in/--odd -- name.md", "in/a.pdf").text.splitlines()[0]
    with pytest.raises(NotFound):
        drive.concat("in/a.pdf", "in/none.pdf")


def test_pdf_files_become_one_pdf(drive: lsfs.Drive) -> None:
    done = drive.file_join("in/a.pdf", "in/b.pdf")
    assert (done.path, done.how, done.removed) == ("in/a_b.pdf", "pdf", ())
    joined = pdfium.PdfDocument(drive.source / "in/a_b.pdf")
    texts = [page.get_textpage().get_text_bounded().strip() for page in joined]
    assert texts == ["First page of a", "Second page of a", "Only page of b"]
    assert (drive.source / "in/a.pdf").exists()
    with pytest.raises(UsageError, match="there already"):
        drive.file_join("in/a.pdf", "in/b.pdf")


def test_texts_are_joined_by_the_byte(drive: lsfs.Drive) -> None:
    done = drive.file_join("in/one.txt", "in/two.txt", name="both.txt")
    assert (done.path, done.how) == ("in/both.txt", "bytes")
    assert (drive.source / "in/both.txt").read_bytes() == (
        b"one\nno line end\n" + "zwei, gr\xfc\xdfe\n".encode("latin-1")
    )


def test_others_become_markdown(drive: lsfs.Drive) -> None:
    done = drive.file_join("in/one.txt", "in/a.pdf")
    assert (done.path, done.how) == ("in/one_a.md", "markdown")
    text = (drive.source / "in/one_a.md").read_text()
    assert text == drive.concat("in/one.txt", "in/a.pdf").text


def test_append_is_kept_and_taken_back(drive: lsfs.Drive) -> None:
    before = {name.name: name.read_bytes() for name in (drive.source / "in").iterdir()}
    planned = drive.file_join("in/one.txt", "in/two.txt", condition="append", dry_run=True)
    assert (planned.path, planned.removed) == ("in/one.txt", ("in/two.txt",))
    assert (drive.source / "in/one.txt").read_bytes() == before["one.txt"]
    done = drive.file_join("in/one.txt", "in/two.txt", condition="append")
    joined = before["one.txt"] + b"\n" + before["two.txt"]
    assert (drive.source / "in/one.txt").read_bytes() == joined
    assert not (drive.source / "in/two.txt").exists()
    assert [one.path for one in drive.trash().files] == ["in/two.txt"]
    assert [one.version for one in drive.versions("in/one.txt").versions] == [1, 2]
    drive.rollback("in", to=done.undo)
    assert {name.name: name.read_bytes() for name in (drive.source / "in").iterdir()} == before


def test_what_is_appended_to_stays_as_it_is(drive: lsfs.Drive) -> None:
    drive.file_join("in/notes.md", "in/b.pdf", condition="append")
    text = (drive.source / "in/notes.md").read_text()
    assert text.startswith("# Notes\n\nas *they* are")
    assert "Only page of b" in text
    with pytest.raises(UsageError, match="of its own kind"):
        drive.file_join("in/a.pdf", "in/one.txt", condition="append")
    with pytest.raises(UsageError, match="itself"):
        drive.file_join("in/a.pdf", "in/a.pdf", condition="append")
    with pytest.raises(UsageError):
        drive.file_join("in/a.pdf", "../outside.pdf")
    with pytest.raises(UsageError):
        drive.file_join("in/a.pdf", "in/one.txt", name="../outside.md")
    with pytest.raises(LsfsError):
        drive.file_join("in/a.pdf", "in/one.txt", name="no/such/folder.md")


def test_a_damaged_pdf_changes_nothing(drive: lsfs.Drive) -> None:
    whole = (drive.source / "in/a.pdf").read_bytes()
    drive.file_join("in/a.pdf", "in/b.pdf", dry_run=True)
    (drive.source / "in/b.pdf").write_bytes(b"%PDF-1.7\nno more of it")
    with pytest.raises(ParseError):
        drive.file_join("in/a.pdf", "in/b.pdf", condition="append")
    assert (drive.source / "in/a.pdf").read_bytes() == whole
    assert sorted(name.name for name in (drive.source / "in").iterdir()) == [
        "--odd -- name.md", "a.pdf", "b.pdf", "notes.md", "one.txt", "two.txt",
    ]  # fmt: skip
