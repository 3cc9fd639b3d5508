"""Files that are made to harm their reader, small enough to be read in a test.

Each is a line of ``FILES``: a name, what makes the bytes, and how reading it may end.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

from msgspec import Struct

from lsfs.model import Status

OK, PARTIAL, EMPTY = Status.OK, Status.PARTIAL, Status.EMPTY
DAMAGED, TOO_LARGE, UNSUPPORTED = Status.DAMAGED, Status.TOO_LARGE, Status.UNSUPPORTED
ENCRYPTED, TIMEOUT, OUT_OF_MEMORY = Status.ENCRYPTED, Status.TIMEOUT, Status.OUT_OF_MEMORY

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


class Hostile(Struct, frozen=True):
    """A file, the ways in which reading it may end, and whether that takes seconds."""

    make: Callable[[], bytes]
    ends: tuple[Status, ...]
    slow: bool = False


# --- PDF


def pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A file of these objects, numbered from 1, with a right table of places."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, trailer, start,
    )  # fmt: skip
    return bytes(out)


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(content), head, content)


FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def page(content: bytes, box: bytes = b"[0 0 612 792]", more: bytes = b"") -> bytes:
    """A document of one page with this content stream (an object)."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox %s/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>%s>>>>" % (box, more),
        content,
        FONT,
    )


def flated(content: bytes) -> bytes:
    return stream(zlib.compress(content, 9), b"/Filter/FlateDecode")


def flate_bomb(megabytes: int = 1500) -> bytes:
    """As many megabytes of blanks, in a thousandth."""
    return page(_blanks(megabytes))


def _blanks(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    first = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return stream(first + again * (megabytes - 1), b"/Filter/FlateDecode")


def attached(*files: bytes) -> bytes:
    """A document of one page to which streams are attached, with names that are no names."""
    names = [b"(a: b/../\\000\\n.xml)", b"<FEFFD800>", b"()"]
    specs = [
        b"<</Type/Filespec/F %s/UF %s/EF<</F %d 0 R>>>>" % (name, name, 6 + 2 * n)
        for n, name in zip(range(len(files)), names, strict=False)
    ]
    tree = b" ".join(b"%s %d 0 R" % (names[n], 5 + 2 * n) for n in range(len(specs)))
    objects = [part for pair in zip(specs, files, strict=True) for part in pair]
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[%s]>>>>>>" % tree,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        stream(b"BT /F 12 Tf 72 700 Td (Printed) Tj ET"),
        *objects,
    )


def operators(count: int = 40_000) -> bytes:
    return page(flated(b"BT /F 9 Tf 10 10 Td " + b"(x) Tj 1 0 Td " * count + b"ET"))


def page_loop() -> bytes:
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2/Parent 3 0 R>>",
        b"<</Type/Pages/Kids[2 0 R]/Count 2/Parent 2 0 R>>",
    )


def many_pages() -> bytes:
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 2000000000>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )


def deep_objects() -> bytes:
    return page(stream(b"BT ET"), more=b"/X" + b"[" * 50_000 + b"]" * 50_000)


def huge_page() -> bytes:
    drawing = b"0 0 1000000 1000000 re f BT /F 900000 Tf 9 9 Td (huge) Tj ET"
    return page(stream(drawing), box=b"[0 0 1036800 1036800]")


def image_bomb() -> bytes:
    """A picture of 60,000 by 60,000 dots on a page without text: its reader would draw it."""
    image = stream(
        zlib.compress(b"\0" * 2**20, 9),
        b"/Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceGray"
        b"/BitsPerComponent 8/Filter/FlateDecode",
    )
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</XObject<</I 5 0 R>>>>>>",
        stream(b"99 0 0 99 0 0 cm /I Do"),
        image,
    )


def jbig2() -> bytes:
    return image_bomb().replace(b"/Filter/FlateDecode", b"/Filter/JBIG2Decode")


def encrypted_pdf() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("user", "owner"))
    canvas.drawString(9, 9, "secret")
    canvas.save()
    return out.getvalue()


# --- archives


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


def docx(body: str, *, head: str = "") -> bytes:
    text = f'{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": text.encode()})


def docx_bomb() -> bytes:
    """A megabyte that would be a gigabyte."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package,
        package.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(b" " * 2**20)
    return out.getvalue()


def lying_sizes() -> bytes:
    """A directory that says of 30 MB that it is 100 bytes."""
    data = bytearray(zipped({"word/document.xml": b" " * 30_000_000}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(data)


def overlapping() -> bytes:
    """Many members that share the same compressed bytes, as in Fifield's bomb."""
    data = zipped({"word/document.xml": b" " * 900_000})
    at = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[at:end]
    count = 5000
    directory = b"".join(
        entry[:-17] + b"word/docum%05d.l" % number + b"x" for number in range(count)
    )
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)
    return data[:at] + directory + tail


def many_entries() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for number in range(10_001):
            package.writestr(f"{number}", b"")
    return out.getvalue()


def nested_zips() -> bytes:
    data = zipped({"bomb.txt": b" " * 2**20})
    for _ in range(30):
        data = zipped({"a.zip": data, "b.zip": data[:1000]})
    return data


def endless_directory() -> bytes:
    """A whole archive but for the place of its directory, which is itself."""
    data = bytearray(zipped({"word/document.xml": b"x"}))
    at = data.rindex(b"PK\x05\x06")
    data[at + 16 : at + 20] = struct.pack("<I", at)
    return bytes(data)


# --- markup


def entities() -> str:
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE x [<!ENTITY e0 "lol">{steps}]>'


def external() -> str:
    return '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(rows: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "http://schemas.openxmlformats.org/package/2006/relationships"
    return zipped({
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{kind}"><Relationship Id="a" '
        f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kind}"><Relationship Id="a" '
        f'Type="{rel}/worksheet" Target="worksheets/a.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="A" '
        f'sheetId="1" r:id="a"/></sheets></workbook>'.encode(),
        "xl/worksheets/a.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>'
        "</worksheet>".encode(),
    })  # fmt: skip


def far_cell() -> bytes:
    cells = "".join(
        f'<row r="{row}"><c r="{cell}{row}"><v>1</v></c></row>'
        for row, cell in ((1, "A"), (1_048_576, "XFD"))
    )
    return xlsx(cells)


def wide_table() -> bytes:
    """One row of many cells above many rows of one: filled up, a hundred million."""
    wide = "<tr>" + "<td>a" * 10_000
    return f"<table>{wide}{'<tr><td>b<td>c' * 10_000}</table>".encode()


def mail(body: bytes, kind: bytes = b"text/plain") -> bytes:
    head = b"From: a@example.org\nTo: b@example.org\nSubject: s\nDate: Mon, 1 May 2023 1:00:00 +0\n"
    return head + b"MIME-Version: 1.0\nContent-Type: " + kind + b"\n\n" + body


def nested_parts(depth: int) -> bytes:
    data = b"deep"
    for number in range(depth):
        mark = b"b%d" % number
        data = (
            b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n%s\n--%s--\n"
            % (mark, mark, data, mark)
        )  # fmt: skip
    return b"From: a\nTo: b\nDate: c\nSubject: d\n" + data


FILES: dict[str, Hostile] = {
    # PDF
    "bomb.pdf": Hostile(flate_bomb, (OUT_OF_MEMORY, TIMEOUT), slow=True),
    "attached-bomb.pdf": Hostile(
        lambda: attached(_blanks(1500)), (OK, PARTIAL, TIMEOUT, OUT_OF_MEMORY), slow=True
    ),
    "attached.pdf": Hostile(
        lambda: attached(stream(b"<a>" * 9000), stream(b"%PDF-1.7 junk"), b"null"), (OK,)
    ),
    "operators.pdf": Hostile(operators, (OK, PARTIAL, TIMEOUT)),
    "loop.pdf": Hostile(page_loop, (DAMAGED, EMPTY, PARTIAL)),
    "pages.pdf": Hostile(many_pages, (DAMAGED, EMPTY, PARTIAL, TIMEOUT, TOO_LARGE)),
    "deep.pdf": Hostile(deep_objects, (OK, EMPTY, DAMAGED, PARTIAL)),
    "huge.pdf": Hostile(huge_page, (OK, EMPTY, PARTIAL)),
    "picture.pdf": Hostile(image_bomb, (EMPTY, PARTIAL, TIMEOUT, OUT_OF_MEMORY), slow=True),
    "jbig2.pdf": Hostile(jbig2, (EMPTY, PARTIAL, TIMEOUT, OUT_OF_MEMORY), slow=True),
    "locked.pdf": Hostile(encrypted_pdf, (ENCRYPTED,)),
    "cut.pdf": Hostile(lambda: operators(5000)[:300], (DAMAGED, EMPTY, PARTIAL)),
    "junk.pdf": Hostile(lambda: b"\0" * 900 + b"%PDF-1.4\n" + b"junk" * 99, (DAMAGED,)),
    # archives and what they hold
    "bomb.docx": Hostile(docx_bomb, (TOO_LARGE,)),
    "lies.docx": Hostile(lying_sizes, (DAMAGED, EMPTY, TOO_LARGE)),
    "overlapping.docx": Hostile(overlapping, (TOO_LARGE, DAMAGED)),
    "entries.zip": Hostile(many_entries, (PARTIAL,)),
    "nested.zip": Hostile(nested_zips, (OK, PARTIAL, EMPTY, UNSUPPORTED, TOO_LARGE)),
    "endless.docx": Hostile(endless_directory, (DAMAGED, EMPTY)),
    "entities.docx": Hostile(
        lambda: docx(paragraph("&e11;"), head=entities()), (DAMAGED, EMPTY, TOO_LARGE)
    ),
    "tables.docx": Hostile(
        lambda: docx("<w:tbl><w:tr><w:tc>" * 3000 + "x" + "</w:tc></w:tr></w:tbl>" * 3000),
        (DAMAGED, EMPTY, OK),
    ),
    "far.xlsx": Hostile(far_cell, (OK, PARTIAL, DAMAGED, OUT_OF_MEMORY, TIMEOUT, TOO_LARGE)),
    # text of all kinds
    "entities.xml": Hostile(lambda: f"{entities()}<x>&e11;</x>".encode(), (OK, DAMAGED)),
    "divs.html": Hostile(lambda: b"<div>" * 50_000 + b"deep", (OK, PARTIAL, DAMAGED)),
    "tables.html": Hostile(lambda: b"<table><tr><td>" * 3000 + b"deep", (OK, PARTIAL, DAMAGED)),
    "wide.html": Hostile(wide_table, (OK, PARTIAL)),
    "parts.eml": Hostile(lambda: nested_parts(1_000), (OK, EMPTY, PARTIAL, DAMAGED, TIMEOUT)),
    "headers.eml": Hostile(
        lambda: mail(b"x").replace(b"\n\n", b"\n" + b"X-A: b\n" * 100_000 + b"\n", 1), (OK,)
    ),
    "boundaries.eml": Hostile(
        lambda: mail(b"--a\n\n" * 10_000, b"multipart/mixed; boundary=a"), (OK, EMPTY, PARTIAL)
    ),
    "deep.json": Hostile(lambda: b"[" * 1_000_000, (OK, PARTIAL, DAMAGED)),
    "deeper.ipynb": Hostile(lambda: b'{"cells":' * 200_000, (OK, PARTIAL, DAMAGED)),
    "line.csv": Hostile(lambda: b"a,b;" * 500_000, (OK, PARTIAL)),
    "line.txt": Hostile(lambda: b"a" * 5_000_000, (OK, PARTIAL)),
    "quotes.csv": Hostile(lambda: b'a,b\n"' * 100_000, (OK, PARTIAL, DAMAGED)),
    "odd.txt": Hostile(lambda: b"\xff\xfe" + b"\x00\xd8" * 9999 + b"a", (OK, PARTIAL)),
    "marks.txt": Hostile(lambda: "e\u0301\u0316".encode() * 2 + "\u0301".encode() * 300_000, (OK,)),
    "zalgo.txt": Hostile(lambda: ("a" + "\u0301\u0316" * 20_000).encode(), (OK,)),
    "nul.txt": Hostile(lambda: b"\0" * 3_000_000, (UNSUPPORTED,)),
    "dates.txt": Hostile(lambda: b"3 March 2023 " * 100_000, (OK,)),
    "comment.html": Hostile(lambda: b"<!--" * 200_000, (OK, EMPTY, DAMAGED)),
    "brackets.md": Hostile(lambda: b"[" * 100_000 + b"](" * 100_000, (OK,)),
    "ticks.md": Hostile(lambda: b"`" * 300_000 + b"\n" + b"~~~\n" * 50_000, (OK,)),
    "deep.rtf": Hostile(lambda: rb"{\rtf1 " + b"{" * 300_000 + b"x", (OK, EMPTY, PARTIAL, DAMAGED)),
    "bin.rtf": Hostile(lambda: rb"{\rtf1 \bin2147483647 x}", (OK, EMPTY, PARTIAL, DAMAGED)),
    "macro.tex": Hostile(lambda: rb"\def\a{\a\a}\a" * 50_000, (EMPTY,)),
    "long.json": Hostile(lambda: json.dumps(["x" * 99] * 20_000).encode(), (OK, PARTIAL)),
}  # fmt: skip

# Strings that make a pattern go over its text again and again, each many times.
REPEATED = (
    "\n", "\r", " ", "\t", "-", "_", "=", "*", "#", "|", "`", "<", "<!--", "(", "[", "{", "\\", ".",
    ",", ":", ";", "1", "1.", "a", "a ", "A.", "a\n", "\n ", " \n", "---\n", "a: b\n", "| - ",
    "\xa0", "\n\n", "From a 12:00\n", "=?utf-8?q?a?=", "1 March ", "zwischen und ", "the your ",
    "\u0301",
    "\u2028", "> ", "- ", "&", "&#", "https://", "a@", "\\begin{a}", "{\\", "$", "%", "\"", "'",
)  # fmt: skip
