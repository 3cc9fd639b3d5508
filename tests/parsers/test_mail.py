"""Mail: all that was written, what is attached by the parsers of its formats, and damage."""

from __future__ import annotations

import io
from email.message import EmailMessage
from functools import cache

import openpyxl
import pytest
from docx import Document as WordDocument
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import ParseError
from lsfs.model import Document, Status
from lsfs_parsers import mail as mail_module
from tests.parsers.conftest import Reader


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def labels(document: Document) -> list[str]:
    return [page.label for page in document.pages]


def written(text: str = "Hello\n", subject: str = "Offer") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.org", "bob@example.org", subject
    mail["Date"] = "Mon, 1 May 2023 10:00:00 +0200"
    mail.set_content(text)
    return mail


@cache
def word() -> bytes:
    document = WordDocument()
    document.add_heading("Terms", 1)
    document.add_paragraph("The rent is 950 euros.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@cache
def workbook() -> bytes:
    book = openpyxl.Workbook()
    for name in ("One", "Two"):
        sheet = book.create_sheet(name)
        sheet.append(["item", "price"])
        sheet.append(["tea", 3])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def attach(mail: EmailMessage, data: bytes, name: str) -> None:
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)


def test_attachments_are_read_by_their_own_parsers(read: Reader) -> None:
    mail = written()
    attach(mail, word(), "terms.docx")
    attach(mail, workbook(), "prices.xlsx")
    document = read(bytes(mail), "a.eml")
    assert document.page_unit == "part"
    assert labels(document) == ["Offer", "terms.docx", "prices.xlsx"]
    rent = next(block for block in document.blocks if "950" in block.text)
    assert rent.heading_path == ("terms.docx", "Terms")
    assert (rent.spans[0].page, rent.spans[0].line) == (2, None)
    tables = [block for block in document.blocks if block.kind == "table"]
    assert [block.heading_path[1].split()[-1] for block in tables] == ["One", "Two"]
    assert document.tables[1].rows == (("item", "price"), ("tea", "3"))
    assert document.title == "Offer"


def test_a_mail_without_files_has_no_pages(read: Reader) -> None:
    assert read(bytes(written()), "a.eml").pages == ()


def test_attachments_in_a_mailbox_belong_to_its_messages(read: Reader) -> None:
    mail = written()
    attach(mail, word(), "terms.docx")
    box = b"From ann@example.org Mon May  1 10:00:00 2023\n" + bytes(mail) + b"\n"
    document = read(box * 2, "Inbox")
    assert document.page_unit == "message"
    assert labels(document) == ["Offer", "Offer"]
    assert [block.spans[0].page for block in document.blocks if "950" in block.text] == [1, 2]


def test_messages_in_messages(read: Reader) -> None:
    mail = written("level 0\n", "m0")
    attach(mail, b"file 0", "f0.txt")
    for level in range(1, 4):
        outer = written(f"level {level}\n", f"m{level}")
        attach(outer, f"file {level}".encode(), f"f{level}.txt")
        outer.add_attachment(mail)
        mail = outer
    document = read(bytes(mail), "a.eml")
    assert labels(document) == ["m3", "f3.txt", "m2", "f2.txt", "m1"]
    inner = next(block for block in document.blocks if block.text == "file 2")
    assert inner.heading_path == ("m2", "f2.txt")
    assert {"level 3", "level 2", "level 1", "file 3", "file 2"} <= set(texts(document))
    assert any("too deep" in warning for warning in document.warnings)
    as_file = written()
    attach(as_file, bytes(written("inside\n", "in")), "forwarded.eml")
    assert "inside" in texts(read(bytes(as_file), "a.eml"))


@pytest.mark.parametrize(
    ("data", "name", "warning"),
    [
        (b"%PDF-1.7 broken", "a.pdf", "a.pdf: "),
        (word()[:400], "a.docx", "a.docx: the archive is cut short"),
        (b"\x78\x9f\x3e\x22" + bytes(50), "winmail.dat", "TNEF"),
        (bytes(range(256)) * 9, "a.bin", "a.bin: no parser reads"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage\0".encode("utf-16-le"), "a.docx",
         "a.docx: the document needs a password"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_warning(
    read: Reader, data: bytes, name: str, warning: str
) -> None:
    mail = written()
    attach(mail, data, name)
    document = read(bytes(mail), "a.eml")
    assert document.status is Status.OK
    assert "Hello" in texts(document)
    assert warning in "\n".join(document.warnings)


def test_large_attachments_are_named_only(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "MAX_ATTACHMENT", 5)
    mail = written()
    attach(mail, b"too many words", "a.txt")
    document = read(bytes(mail), "a.eml")
    assert "Attachment: a.txt" in document.text
    assert "too many" not in document.text
    assert "too large" in document.warnings[0]


def multipart(kind: str, *parts: str) -> bytes:
    head = f'From: a@b\nDate: x\nTo: b@c\nContent-Type: multipart/{kind}; boundary="xx"\n\n'
    return (head + "".join(f"--xx\n{part}\n" for part in parts) + "--xx--\n").encode()


PLAIN = "Content-Type: text/plain\n\n"
HTML = "Content-Type: text/html\n\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (multipart("alternative", PLAIN + "plain", HTML + "<p>html"), ["plain"]),
        (multipart("alternative", PLAIN + " \n-\n", HTML + "<p>html"), ["html"]),
        (multipart("alternative", HTML + "<p>html"), ["html"]),
        (multipart("mixed", PLAIN + "one", HTML + "<p>two", PLAIN + "list footer"),
         ["one", "two", "list footer"]),
        (multipart("mixed", "Content-Type: text/calendar\n\nSUMMARY:x"),
         ["Attachment: unnamed (text/calendar)", "SUMMARY:x"]),
        (multipart("report", PLAIN + "failed", "Content-Type: message/delivery-status\n\n"
                   "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;b@c\n"),
         ["failed", "Reporting-MTA: dns;x", "Final-Recipient: rfc822;b@c"]),
    ],
)  # fmt: skip
def test_the_parts_that_a_person_wrote(read: Reader, data: bytes, expected: list[str]) -> None:
    assert texts(read(data, "a.eml"))[1:] == expected


def test_encrypted_mail_is_said(read: Reader) -> None:
    data = multipart("encrypted", "Content-Type: application/octet-stream\n\nxx")
    assert "encrypted" in read(data, "a.eml").warnings[0]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Subject: Gr\xfc\xdfe\n", "Subject: Grüße"),
        ("Subject: Grüße\n".encode(), "Subject: Grüße"),
        (b"Subject: =?x-unknown?q?a=FCb?=\n", "Subject: a"),
        (b"Subject: =?utf-8?b?broken\n", "Subject: =?utf-8?b?broken"),
        ("Content-Type: text/plain; charset=latin-1\nX: y\n\nGrüße an alle\n".encode(), "Grüße an"),
        (b"Content-Type: text/plain; charset=no-such\nX: y\n\nGr\xfc\xdfe an alle\n", "Grüße an"),
        (b"X: y\nZ: z\n\n" + "これはテストです。".encode("iso2022_jp") + b"\n", "これはテストです"),
        (b'Content-Type: text/plain;;;charset="\n\nwords\n', "words"),
        (b"Content-Transfer-Encoding: base64\n\n!!!not base64 at all\n", ""),
    ],
)
def test_broken_encodings(read: Reader, raw: bytes, text: str) -> None:
    assert text in read(b"From: a@b\nDate: x\nTo: b@c\n" + raw + b"\n", "a.eml").text


def test_deep_parts_do_not_hang(sandboxed: Reader) -> None:
    deep = b"From: a@b\nDate: x\nTo: c\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3_000)
    )
    assert sandboxed(deep + b"\nwords", "a.eml").status in (Status.OK, Status.DAMAGED)
    many = multipart("mixed", *[PLAIN + f"w{n}" for n in range(3_000)])
    document = sandboxed(many, "a.eml")
    assert "w900" in document.text
    assert "1,000 parts" in document.warnings[0]


@cache
def sample() -> bytes:
    mail = written("Hello\n> quoted\n")
    mail.add_alternative("<p>Hello", subtype="html")
    attach(mail, word(), "terms.docx")
    mail.add_attachment(written("inner\n", "in"))
    return bytes(mail)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=4)), min_size=1, max_size=12),
    st.booleans(),
)
def test_mutated_mail(read: Reader, edits: list[tuple[int, bytes]], boxed: bool) -> None:
    changed = bytearray(sample())
    for at, value in edits:
        changed[at : at + 2] = value
    changed = changed.replace(b"\0", b"")
    head = b"From a@b Mon May  1 10:00:00 2023\nFrom: a@b\nDate: x\nTo: c\n"
    try:
        read(head[34 * (not boxed) :] + bytes(changed), "a.mbox" if boxed else "a.eml")
    except ParseError:
        return
