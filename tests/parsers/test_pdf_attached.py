"""Files attached to a PDF: read by the parser of their format, named, kept within limits."""

from __future__ import annotations

import pytest

from lsfs.model import ATTACHED, BlockKind, Document
from lsfs.places import Places
from lsfs_parsers import pdf_attached
from tests.parsers.conftest import Reader
from tests.parsers.pdf_drawing import portfolio


def part(document: Document, number: int) -> str:
    page = document.pages[number - 1]
    return document.text[page.char_start : page.char_end].strip()


def test_each_attachment_is_a_page_behind_those_printed(read: Reader) -> None:
    document = read(portfolio({"notes.txt": b"The kiln is fired on Monday.", "z.bin": b"\0" * 99}))
    assert [(page.label, page.source) for page in document.pages] == [
        ("1", "text"), ("notes.txt", ATTACHED), ("z.bin", ATTACHED),
    ]  # fmt: skip
    assert part(document, 1) == "Please find it attached."
    assert part(document, 2) == "Attachment: notes.txt (28 bytes)\n\nThe kiln is fired on Monday."
    assert part(document, 3) == "Attachment: z.bin (99 bytes)"
    assert any(warning.startswith("z.bin: ") for warning in document.warnings)
    at = document.text.index("kiln")
    assert Places(document).where(at, at + 4) == "attachment notes.txt"


def test_xml_is_for_programs(read: Reader) -> None:
    document = read(portfolio({"data.xml": b"<data><kiln>7</kiln></data>"}))
    kinds = {block.kind for block in document.blocks if block.spans[0].page == 2}
    assert kinds == {BlockKind.FURNITURE}
    assert document.blocks[-1].heading_path == ("data.xml", "data")


def test_what_is_attached_to_an_attachment_is_named_only(read: Reader) -> None:
    inner = portfolio({"deep.txt": b"unseen", "deep.xml": b"<a><b>seen</b></a>"}, "Second")
    document = read(portfolio({"inner.pdf": inner}))
    assert "Second" in document.text
    assert "deep.txt (6 bytes)" in document.text
    assert "unseen" not in document.text
    assert "b: seen" in document.text


def test_limits(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_attached, "MOST_ATTACHMENTS", 2)
    monkeypatch.setattr(pdf_attached, "MAX_ATTACHED", 10)
    document = read(portfolio({"a.txt": b"eight by", "b.txt": b"three", "c.txt": b"more"}))
    assert [page.label for page in document.pages] == ["1", "a.txt", "b.txt"]
    assert "eight by" in document.text
    assert "three" not in document.text
    assert document.warnings == (
        "b.txt: attached, too large to be read",
        "only the first 2 of 3 attachments were looked at",
    )


def test_a_name_is_one_line_and_not_endless(read: Reader) -> None:
    document = read(portfolio({"a\n\tb" + "c" * 999: b"text"}))
    label = document.pages[1].label
    assert label.startswith("a bccc")
    assert len(label) == 200
