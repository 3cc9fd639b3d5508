"""Text, Markdown, HTML and mail: the same text back, with the lines of the file."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import UnsupportedFormat
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers import detect
from lsfs_parsers import text as text_module
from lsfs_parsers.builder import clean
from lsfs_parsers.detect import Detector
from lsfs_parsers.encoding import decode, looks_binary
from lsfs_parsers.registry import Registry
from tests.parsers.conftest import Reader

GERMAN = (
    "Größe und Länge sind über die Maße hinaus äußerst schön; überall hört man Gespräche.\n" * 3
)


def kinds(document: Document) -> list[str]:
    return [block.kind.value for block in document.blocks]


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def lines(document: Document) -> list[list[int | None]]:
    return [[span.line for span in block.spans] for block in document.blocks]


# --- promises, for any text

anything = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
markup = st.text(
    alphabet=st.sampled_from("# -*+|`~>=\n\r\t:ab.1)[]<!&;é\u0301\u1161\u1100\0\x0c\u2028")
)
any_text = st.one_of(st.text(), markup)


@anything
@given(any_text, st.sampled_from(["a.txt", "a.md", "a.py", "a.csv"]))
def test_promises_hold_for_any_text(read: Reader, text: str, name: str) -> None:
    data = text.encode()
    if not data or looks_binary(data) or data.startswith((b"%PDF", b"PK")):
        return
    read(data, name)


@anything
@given(any_text)
def test_promises_hold_for_any_html(read: Reader, text: str) -> None:
    data = f"<!doctype html><p>{text}<table><tr><td>{text}<td><h2>{text}<ul><li>{text}".encode()
    if not looks_binary(data):
        read(data, "a.html")


@anything
@given(st.text(alphabet=st.sampled_from("ab \n\r"), min_size=1), st.integers(1, 20))
def test_spans_name_the_lines_that_they_hold(read: Reader, text: str, limit: int) -> None:
    source_lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    document = read(text.encode(), "a.txt", max_chars=10_000)
    for block in document.blocks:
        for span in block.spans:
            assert span.line is not None
            found = document.text[span.char_start : span.char_end].strip()
            assert found == source_lines[span.line - 1].strip()
    assert len(read(text.encode(), "a.txt", max_chars=limit).text) <= limit


# --- text


def test_text_has_paragraphs_and_line_numbers(read: Reader) -> None:
    document = read(b"one\r\ntwo\r\n\r\n  three\x0c\nfour\n", "a.txt")
    assert texts(document) == ["one\ntwo", "three\nfour"]
    assert lines(document) == [[1, 2], [4, 5]]
    assert document.pages == ()


def test_source_code_keeps_its_indentation(read: Reader) -> None:
    document = read(b"def f():\n    return 1\n\n    # more\n", "a.py")
    assert kinds(document) == ["code"]
    assert texts(document) == ["def f():\n    return 1\n\n    # more"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-32"]
)
def test_encodings(read: Reader, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    assert read((mark + GERMAN).encode(encoding), "a.txt").text == GERMAN.strip()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет мир, это проверка кодировки текста.\n", "cp1251"),
        ("Привет мир, это проверка кодировки текста.\n", "koi8_r"),
        ("日本語のテキストです。これはテストです。\n", "cp932"),
        ("Zażółć gęślą jaźń, proszę bardzo. Książka leży na stole.\n", "cp1250"),
    ],
)
def test_a_guessed_encoding_is_a_warning(read: Reader, text: str, encoding: str) -> None:
    document = read(text.encode(encoding) * 5, "a.txt")
    assert text.strip() in document.text
    assert "guessed" in document.warnings[0]


SHORT = {
    "根据合同第三条的规定\uff0c乙方应当向甲方支付租金。": ["gb18030"],
    "根據合約第三條的規定\uff0c乙方應當向甲方支付租金。": ["big5"],
    "계약서 제3조에 따라 임차인은 임대료를 지급하여야 한다.": ["euc_kr"],
    "По договору арендатор обязан платить ежемесячно.": ["koi8_r", "cp1251", "cp866"],
    "契約書の第三条に基づき、乙は甲に対して支払うものとする。": ["cp932", "iso2022_jp"],
    "Grüße aus Köln, schöne Straße": ["cp1252"],
    "\u0397 σύμβαση ισχύει από σήμερα": ["cp1253"],
    "Plain words in English only.\r\n": [],
}


@pytest.mark.parametrize("text", SHORT)
def test_short_texts_in_many_encodings(text: str) -> None:
    for encoding in [*SHORT[text], "utf-16-le", "utf-16-be", "utf-8"]:
        assert decode(text.encode(encoding)).text == text


def test_utf_16_without_a_mark_is_text(read: Reader) -> None:
    data = "Grüße an alle, die das lesen.\r\n\r\nEnde.".encode("utf-16-le")
    assert texts(read(data, "a.txt")) == ["Grüße an alle, die das lesen.", "Ende."]
    numbers = b"".join(n.to_bytes(2, "little") for n in range(500))
    assert looks_binary(numbers)
    assert looks_binary(bytes(1000))


def test_a_claim_of_latin_1_is_not_believed_of_utf_8() -> None:
    assert decode("Größe".encode(), declared="ISO-8859-1").text == "Größe"
    assert decode(b"Gr\xf6\xdfe", declared="latin-1").text == "Größe"


def test_an_unknown_encoding_is_read_as_latin_1() -> None:
    data = bytes(range(0x80, 0x100)) + b"abc" * 3000
    decoded = decode(data)
    assert decoded.text.endswith("abc")
    assert decoded.warning


def test_binary_is_no_text() -> None:
    with pytest.raises(UnsupportedFormat):
        decode(b"\x01\x02\x03\x04" * 10)
    assert not looks_binary(b"\x1b[31mred\x1b[0m\t\n")


def test_text_is_composed_and_without_control_characters(read: Reader) -> None:
    document = read("e\u0301\x01\u009b31m and more words".encode(), "a.txt")
    assert document.text == "é  31m and more words"


def test_too_much_text_is_cut(read: Reader) -> None:
    document = read(b"word " * 100 + b"\n\nnext", "a.txt", max_chars=50)
    assert document.status is Status.PARTIAL
    assert "first 50" in document.reason
    assert len(document.text) == 50


def test_a_long_file_is_read_from_its_beginning(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "MAX_BYTES", 8)
    document = read(b"one\n\ntwo\n\nthree", "a.txt")
    assert (document.status, document.text) == (Status.PARTIAL, "one\n\ntwo")


def test_very_many_lines_share_spans(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_SPANS", 4)
    document = read(b"".join(b"line %d\n" % n for n in range(1, 21)), "a.log")
    assert len(document.blocks[0].spans) < 6
    assert document.blocks[0].spans[1].line == 7
    assert document.text.count("\n") == 19


# --- markdown

MARKDOWN = b"""---
title: "My Doc"
date: 2024-02-03
author: Bob
---
# One
para a
para b

## Two ##
- x
  more
1. z

| a | b |
|---|---|
| 1 | 2 |

```py
  code

  more
```

Setext
===
end
"""


def test_markdown_blocks(read: Reader) -> None:
    document = read(MARKDOWN, "a.md")
    assert kinds(document) == [
        "para", "heading", "para", "heading", "list_item", "list_item", "table", "code", "heading",
        "para",
    ]  # fmt: skip
    assert lines(document) == [
        [3, 4],
        [6],
        [7, 8],
        [10],
        [11, 12],
        [13],
        [15, 17],
        [19 + 1, 21, 22],
        [25],
        [27],
    ]
    assert texts(document)[7] == "  code\n\n  more"
    assert [block.level for block in document.blocks][1::2] == [1, 2, 0, 0, 0]
    assert document.blocks[7].heading_path == ("One", "Two")
    assert document.blocks[9].heading_path == ("Setext",)
    assert document.tables[0].rows == (("a", "b"), ("1", "2"))
    assert document.tables[0].header_rows == 1


def test_markdown_front_matter(read: Reader) -> None:
    document = read(MARKDOWN, "a.md")
    assert (document.title, document.author) == ("My Doc", "Bob")
    assert document.created == date(2024, 2, 3)


def test_a_rule_at_the_top_is_no_front_matter(read: Reader) -> None:
    document = read(b"---\nplain words\n---\n# Head\n", "a.md")
    assert "plain words" in document.text
    assert document.title == "plain words"  # underlined: a heading of the second level


# --- html

PAGE = b"""<!doctype html><html lang="en"><head><title>T &amp; x</title>
<meta name="author" content="Ann"><meta property="article:published_time" content="2023-04-05T1">
<style>p {color: red}</style><script>evil()</script></head><body><h1>Head</h1>
<p>one<br>two <b>bo</b>ld
<ul><li>a<li><p>b</p></ul>
<pre>
 x = 1
   y</pre>
<table><caption>Cap</caption><tr><th>A<th>B<tr><td>1<td>2 &lt; 3</table>
<table><tr><td><h2>Lay</h2><p>text</p></td><td>beside</td></tr></table>
tail</body>"""


def test_html_blocks(read: Reader) -> None:
    document = read(PAGE, "a.html")
    assert list(zip(kinds(document), texts(document), strict=True)) == [
        ("heading", "Head"),
        ("para", "one\ntwo bold"),
        ("list_item", "a"),
        ("list_item", "b"),
        ("code", " x = 1\n   y"),
        ("caption", "Cap"),
        ("table", "A | B\n1 | 2 < 3"),
        ("heading", "Lay"),
        ("para", "text"),
        ("para", "beside"),
        ("para", "tail"),
    ]
    assert document.tables[0].rows == (("A", "B"), ("1", "2 < 3"))
    assert lines(document)[0] == [3]
    assert lines(document)[4] == [7, 8]


def test_html_facts(read: Reader) -> None:
    document = read(PAGE, "a.html")
    assert (document.title, document.author, document.language) == ("T & x", "Ann", "en")
    assert document.created == date(2023, 4, 5)


def test_both_html_readers_agree(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    from lsfs_parsers import html

    with_lxml = read(
        PAGE.replace(b"\n two", b"two").replace(b"<li><p>b", b"</li><li><p>b"), "a.html"
    )
    monkeypatch.setattr(html, "_tree", lambda text: None)
    without = read(PAGE.replace(b"<li><p>b", b"</li><li><p>b"), "a.html")
    assert texts(with_lxml)[:4] == texts(without)[:4]
    assert with_lxml.tables == without.tables
    assert with_lxml.title == without.title


def test_deeply_nested_html_is_not_lost(read: Reader) -> None:
    deep = b"<div>" * 200_000 + b"treasure" + b"</div>" * 200_000
    assert read(b"<html><body><p>top</p>" + deep, "a.html").text == "top\n\ntreasure"


def test_html_of_comments_only_is_empty(read: Reader) -> None:
    assert read(b"<!--" * 50_000, "a.html").status is Status.EMPTY


def test_html_in_a_declared_encoding(read: Reader) -> None:
    page = '<html><meta charset="koi8-r"><p>Привет'.encode("koi8-r")
    assert read(page, "a.html").text == "Привет"


# --- mail


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Ann <ann@example.org>"
    mail["To"] = "bob@example.org"
    mail["Subject"] = "Grüße vom Vertrag"
    mail["Date"] = "Mon, 1 May 2023 23:00:00 -0700"
    mail.set_content("Hello\nthere\n\nsecond é\n")
    mail.add_alternative("<p>the same in html</p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="Vertrag ü.pdf")
    return mail


def test_mail(read: Reader) -> None:
    document = read(bytes(message()), "a")
    assert document.media_type == "message/rfc822"
    assert texts(document) == [
        "From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: Grüße vom Vertrag\n"
        "Date: Mon, 01 May 2023 23:00:00 -0700",
        "Hello\nthere",
        "second é",
        "Attachment: Vertrag ü.pdf (application/pdf)",
        "x",
    ]
    assert (document.title, document.author) == ("Grüße vom Vertrag", "Ann <ann@example.org>")
    assert document.created == date(2023, 5, 1)  # the writer's day, not the reader's
    assert document.line_unit == "line"


def line_numbers_hold(document: Document, raw: bytes) -> int:
    """How many spans have a line; checks that each says what that line of the file says."""
    file = raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    spans = [span for block in document.blocks for span in block.spans if span.line is not None]
    for span in spans:
        assert document.text[span.char_start : span.char_end].strip() == file[span.line - 1].strip()
    return len(spans)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_mail_are_those_of_the_file(read: Reader, end: str) -> None:
    head = "Received: by x;\n id 1\nFrom: a@b\nTo: b@c\nSubject: roof\nMIME-Version: 1.0\n"
    plain = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    body = "Hello,\n\nthe répair costs 340\n\n\nand no more.\n"
    one = (head + plain + body).replace("\n", end).encode()
    assert line_numbers_hold(read(one, "a.eml"), one) == 6
    multi = (
        head + 'Content-Type: multipart/mixed; boundary="xx"\n\npreamble\n\n--xx\n' + plain + body
        + "\n--xx\nContent-Type: text/html\n\n<p>x</p>\n--xx--\n"
    )  # fmt: skip
    two = multi.replace("\n", end).encode()
    assert line_numbers_hold(read(two, "a.eml"), two) == 6
    box = (b"From a@b Mon May  1 10:00:00 2023" + end.encode() + one + end.encode()) * 2
    assert line_numbers_hold(read(box, "Inbox"), box) == 12


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_body_that_was_unpacked_has_no_lines(read: Reader, encoding: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@example.org", "x"
    mail.set_content("Caf\u00e9 au lait\n\ncosts 340\n", cte=encoding)
    document = read(bytes(mail), "a.eml")
    assert [span.line for block in document.blocks[1:] for span in block.spans] == [None, None]
    assert line_numbers_hold(document, bytes(mail)) == 2


def test_mail_in_html(read: Reader) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "x"
    mail.set_content("<p>Dear <b>Bob</b><p>bye", subtype="html")
    assert texts(read(bytes(mail), "a.eml"))[1:] == ["Dear Bob", "bye"]


def test_malformed_mail(read: Reader) -> None:
    raw = (
        b"From: =?utf-8?q?=\r\nTo: <<>>,\r\nDate: never\r\nSubject: \xff\xfe raw\r\n"
        b"Content-Type: multipart/mixed; boundary=\r\n\r\nbody text"
    )
    document = read(raw, "a.eml")
    assert document.created is None
    assert "body text" in document.text


def test_a_very_long_header_costs_no_time(read: Reader) -> None:
    raw = b"From: a@b\nDate: x\nTo: b@c\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nbody"
    assert read(raw, "a.eml").text.endswith("body")


def test_a_mailbox_has_a_page_for_each_message(read: Reader) -> None:
    raw = b"From ann@example.org Mon May  1 10:00:00 2023\n" + bytes(message()) + b"\n"
    document = read(raw * 3, "Inbox")
    assert document.media_type == "application/mbox"
    assert [page.label for page in document.pages] == ["Grüße vom Vertrag"] * 3
    assert [block.spans[0].page for block in document.blocks] == [1] * 5 + [2] * 5 + [3] * 5


# --- detection


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"", "a.txt", "application/x-empty"),
        (b"%PDF-1.7\n", "a.txt", "application/pdf"),
        (b"\0" * 900 + b"%PDF-1.4\n", "a", "application/pdf"),
        (b"this file starts with %PDF-1.7 they say", "a.txt", "text/plain"),
        (b"plain words", "a.pdf", "text/plain"),
        (b"# Head", "a.MD", "text/markdown"),
        (b"# Head", "README", "text/plain"),
        (b"#!/bin/sh\necho", "run", "text/x-source"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"<!-- x --> <!DOCTYPE HTML><p>", "a.txt", "text/html"),
        (b"note: this\nother: that\n", "a.txt", "text/plain"),
        (b"words", "a.eml", "text/plain"),
        (b"{\\rtf1 text}", "a.txt", "application/rtf"),
        (b"\x89PNG\r\n\x1a\n\0", "a.txt", "image/png"),
        (b"int main() {}", "Makefile", "text/x-source"),
    ],
)
def test_detection(source: Reader, data: bytes, name: str, media_type: str) -> None:
    assert source(data, name).media_type == media_type


def test_detection_without_libmagic(source: Reader) -> None:
    detector = Detector()
    detector._magic = None
    assert detector.media_type(source(b"words", "x")) == "text/plain"
    assert detector.media_type(source(bytes(range(256)), "x")) == "application/octet-stream"


def test_binary_is_unsupported(sandboxed: Reader) -> None:
    document = sandboxed(bytes(range(256)) * 8, "a.txt")
    assert document.status is Status.UNSUPPORTED
    assert document.parser == "detect"


def test_empty_files(sandboxed: Reader) -> None:
    assert sandboxed(b"", "a.txt").status is Status.EMPTY
    assert sandboxed(b" \n\n", "a.txt").status is Status.EMPTY


def test_the_built_in_table_is_true(registry: Registry) -> None:
    from lsfs_parsers.registry import _BUILT_IN, _BUILT_IN_TYPES

    fresh = Registry()
    assert fresh.versions().keys() == {*_BUILT_IN, detect.NAME}
    assert not fresh._loaded
    for media_type, name in _BUILT_IN_TYPES.items():
        parser = registry.find(media_type.replace("*", "x"))
        assert parser is not None
        assert parser.name == name
        assert parser.version == registry.versions()[name]
        assert media_type in parser.media_types
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["lsfs.parsers"] == _BUILT_IN


def test_code_in_this_project_is_read(read: Reader) -> None:
    data = Path(__file__).read_bytes()
    document = read(data, "test.py")
    assert document.blocks[0].kind is BlockKind.CODE


def test_control_characters_are_spaces_in_texts_of_all_alphabets() -> None:
    kept = "".join(" " if ord(c) < 32 and c not in "\t\n" else c for c in map(chr, range(127)))
    controls, letters = "".join(map(chr, range(127, 160))), "".join(map(chr, range(160, 256)))
    for foreign in ("", "\u0416"):
        text = "".join(map(chr, range(256))) + foreign
        assert clean(text) == kept + " " * len(controls) + letters + foreign
