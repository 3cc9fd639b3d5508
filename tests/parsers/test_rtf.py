"""Rich Text: structure, characters in every spelling, tables, notes, and hostile files."""

from __future__ import annotations

from datetime import date

import pytest

from lsfs.model import Document, Merged, Status
from tests.parsers.conftest import Reader

FONTS = (
    r"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Times Cyr;}{\f2\fcharset2 Symbol;}"
    r"{\f3\fcharset128 Mincho;}}"
)
STYLES = (
    r"{\stylesheet{\ql Normal;}{\s1\outlinelevel0\sbasedon0 heading 1;}"
    r"{\*\cs10\additive Default Paragraph Font;}{\s2\sbasedon1\sbasedon3 Kapitel;}"
    r"{\s3\outlinelevel1 \'dcberschrift;}{\s4 Title;}{\s5\sbasedon5 Loop;}}"
)
INFO = (
    r"{\info{\title The Report}{\author Ann Author}{\*\company Acme}"
    r"{\creatim\yr2023\mo4\dy5\hr23\min30}{\revtim\yr2024\mo1\dy1}}"
)


def rtf(body: str, head: str = FONTS + STYLES + INFO) -> bytes:
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + head + body + "}").encode("latin-1")


def kinds_and_texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


def test_structure(read: Reader) -> None:
    body = (
        r"\pard\s4 Report\par\pard\s1 First\par\pard\plain some \b bold\b0  words\par"
        "\r\n" + r"{\pntext\f2\'B7\tab}\pard\ls1 item\par{\listtext 2.\tab}next\par"
        r"\pard\s3 Deeper\par\pard a\line b\par\pard\outlinelevel2 Deepest\par\pard\s5 end\par"
    )
    document = read(rtf(body), "a.rtf")
    assert kinds_and_texts(document) == [
        ("title", "Report"),
        ("heading", "First"),
        ("para", "some bold words"),
        ("list_item", "item"),
        ("list_item", "next"),
        ("heading", "Deeper"),
        ("para", "a\nb"),
        ("heading", "Deepest"),
        ("para", "end"),
    ]
    assert document.blocks[-1].heading_path == ("First", "Deeper", "Deepest")
    assert document.line_unit == "paragraph"
    assert [block.spans[0].line for block in document.blocks] == list(range(1, 10))
    assert (document.title, document.author) == ("The Report", "Ann Author")
    assert document.created == date(2023, 4, 5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"caf\'e9 \'93x\'94 \'80", "café \u201cx\u201d \u20ac"),
        (r"\u8216\'91hi\u8217\'92", "\u2018hi\u2019"),
        (r"\uc0\u228 x{\uc2\u246 ab}y", "äxöy"),
        (r"\u-10179?\u-8704?", "\U0001f600"),
        (r"\f1 \'cf\'f0\'e8\plain \'e9", "Приé"),
        (r"{\f1\'cf}\'e9", "Пé"),
        (r"\f3 \'93\'fa\'96\'7b\'83e", "日本テ"),
        (r"{\f2\'b7} x", "\u2022 x"),
        (r"a\emdash b\endash c\~d\_e\-f\{g\}\\", "a\u2014b\u2013c\xa0d-ef{g}\\"),
        (r"\lquote a\rquote  \ldblquote b\rdblquote", "\u2018a\u2019 \u201cb\u201d"),
        ("a\tb", "a\tb"),
        (r"a{\v hidden}{\deleted gone}\v x\v0 b", "ab"),
        (r"{\field{\*\fldinst HYPERLINK \\l x}{\fldrslt click}} me", "click me"),
        (r"{\upr{\b old}{\*\ud{\u1064?}}}y", "\u0428y"),
        (r"{\pict\wmetafile8 0102}{\*\unknown\u8364?x}{\header top}text", "text"),
        (r"{\pict\bin5 }{}}}}done", "done"),
        (r"{\*\shppict{\pict 00}}{\nonshppict{\pict 00}}x", "x"),
    ],
)
def test_characters(read: Reader, written: str, meant: str) -> None:
    data = rtf(r"\pard\plain " + written + r"\par")
    assert read(data, "a.rtf").text == meant


def test_code_page_of_the_document(read: Reader) -> None:
    data = rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\par}"
    assert read(data, "a.rtf").text == "При"
    assert read(rb"{\rtf1\mac \'8e\par}", "a.rtf").text == "é"
    assert read(rb"{\rtf1\ansi\ansicpg99999 \'e9\par}", "a.rtf").text == "é"


def test_notes_boxes_and_comments(read: Reader) -> None:
    body = (
        r"\pard text\chftn{\footnote\pard\plain {\up6\chftn} the note\par second} goes on"
        r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt\pard boxed\par}}}"
        r"{\*\atnid A}{\*\atnauthor Ann}{\*\annotation{\*\atndate 1}\pard why?}.\par after\par"
    )
    assert kinds_and_texts(read(rtf(body), "a.rtf")) == [
        ("para", "text goes on."),
        ("footnote", "the note\nsecond"),
        ("para", "boxed"),
        ("footnote", "Comment: why?"),
        ("para", "after"),
    ]


def row(defined: str, *cells: str) -> str:
    texts = "".join(rf"\pard\intbl {cell}\cell" for cell in cells)
    return rf"\trowd{defined}{texts}\row "


def test_tables(read: Reader) -> None:
    body = (
        r"\pard before\par"
        + row(r"\trhdr\cellx1000\cellx2000\cellx3000", "a", r"b\par c", "d")
        + row(r"\cellx2010\clvmgf\cellx3000", "wide", "high")
        + row(r"\cellx1000\cellx2000\clvmrg\cellx3000", "x", "y", "")
        + row(r"\cellx1000\clmgf\cellx2000\clmrg\cellx3000", "1", "2", "")
        + r"\pard after\par"
    )
    document = read(rtf(body), "a.rtf")
    assert [kind for kind, _ in kinds_and_texts(document)] == ["para", "table", "para"]
    (table,) = document.tables
    assert table.rows == (
        ("a", "b c", "d"), ("wide", "", "high"), ("x", "y", ""), ("1", "2", ""),
    )  # fmt: skip
    assert table.merged == (Merged(1, 0, 1, 2), Merged(1, 2, 2, 1), Merged(3, 1, 1, 2))
    assert table.header_rows == 1
    assert table.row_lines == (2, 3, 4, 5)
    assert document.blocks[-1].spans[0].line == 6


def test_tables_without_definitions(read: Reader) -> None:
    body = row(r"\cellx9", "a", "b") + row("", "c", "d") + r"\pard x\par"
    assert read(rtf(body), "a.rtf").tables[0].rows == (("a", "b"), ("c", "d"))


def test_tables_in_cells_are_text_of_the_cell(read: Reader) -> None:
    body = (
        r"\trowd\cellx5000\pard\intbl\itap1 outer\par\pard\intbl\itap2 A\nestcell B\nestcell"
        r"{\*\nesttableprops\trowd\cellx1000\cellx2000\nestrow}{\nonesttables x\par}"
        r"\pard\intbl\itap1 after\cell\row\pard out\par"
    )
    document = read(rtf(body), "a.rtf")
    assert kinds_and_texts(document) == [("table", "outer A B after"), ("para", "out")]


def test_a_file_that_is_cut_short(read: Reader) -> None:
    data = rtf(r"\pard first\par second\par")
    document = read(data[:-5], "a.rtf")
    assert document.status is Status.PARTIAL
    assert document.text == "first\n\nsecond"
    assert read(data + b"rubbish behind", "a.rtf").status is Status.OK


def test_nested_without_end(sandboxed: Reader) -> None:
    assert sandboxed(rb"{\rtf1" + b"{" * 1_000_000, "a.rtf").status is Status.DAMAGED
    document = sandboxed(rb"{\rtf1 " + b"{\\b x}" * 20_000 + b"}", "a.rtf")
    assert document.status is Status.OK
    assert len(document.text) == 20_000


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1}", b"{\\rtf", b"{\\rtf1}}}}{", b"{\\rtf1\\u\\u99999999999 \\uc-5\\'zz\\",
        b"{\\rtf1\\'",
        b"{\\rtf1\\cell\\row\\cellx\\trowd\\row\\cell\\nestcell\\itap-3\\cell}",
        b"{\\rtf1{\\footnote{\\footnote{\\footnote a}b}c}d\\row}",
        b"{\\rtf1{\\stylesheet{\\stylesheet{\\s1\\sbasedon2 a;}{\\s2\\sbasedon1 b;}}}\\s1 x\\par}",
        b"{\\rtf1{\\info{\\creatim\\yr0\\mo99}}\\bin99999999 x}", b"{\\rtf1\\bin-1 x\\f-1 \\'e9}",
    ],
)  # fmt: skip
def test_malformed_files(read: Reader, data: bytes) -> None:
    assert len(read(data, "a.rtf").text) < 20
