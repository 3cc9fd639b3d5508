"""Ways to spoil a file: its bytes, its words, and what lies compressed within it."""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

LARGEST = 2 * 1024 * 1024  # bytes of a mutant

# What parsers decide by, of all formats: a wrong one in a wrong place is what they are tried with.
TOKENS: tuple[bytes, ...] = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x8f\xbf\xbf", b"\r", b"\n\n",
    b"\t", b"-1", b"0", b"4294967295", b"2147483648", b"18446744073709551615", b"1e999", b"NaN",
    b"%n",
    b"<", b">", b"</", b"<!--", b"-->", b"]]>", b"<![CDATA[", b"&#0;", b"&#x110000;", b"&lt;",
    b"<table>", b"<tr>", b"<td>", b"</td>", b"<div>", b"<pre>", b"<li>", b"<h1>", b"<script>",
    b"<!DOCTYPE x [<!ENTITY a '&a;'>]>", b'<!ENTITY x SYSTEM "file:///etc/passwd">',
    b"<w:tbl>", b"<w:tr>", b"<w:tc>", b"<w:p>", b"</w:p>", b"<w:sdt>", b'w:val="-1"',
    b'colspan="1000000"', b'rowspan="65535"', b'number-columns-repeated="1048576"',
    b'number-rows-repeated="1048576"', b'r="XFD1048576"', b'spans="1:16384"', b't="s"',
    b"obj", b"endobj", b"stream\n", b"endstream", b"xref", b"trailer", b"startxref", b"1 0 R",
    b"/Kids [1 0 R]", b"/Parent 1 0 R", b"/Length -1", b"/Filter /FlateDecode", b"/Count 999999999",
    b"/MediaBox [0 0 1e9 1e9]", b"/Type /Page", b"/Encrypt 1 0 R", b"/JBIG2Decode", b"BT", b"ET",
    b"Tj", b"q\n" * 50, b"/W [8 8 8]", b"/Rotate 45", b"[" * 200, b"<<" * 200, b"(" * 200,
    b"Content-Type: multipart/mixed; boundary=a", b"\n--a\n", b"Content-Transfer-Encoding: base64",
    b"=?utf-8?q?", b"?=", b"charset=utf-7", b"\nFrom a 12:00\n", b"Subject: ", b'name*0*="',
    b"|", b"|---|", b"```", b"~~~", b"---\n", b"# ", b"- ", b"> ", b"1. ", b"    ", b"\\",
    b"`" * 99,
    b"{", b"}", b'{"a":' * 50, b"[" * 500, b"\\u0000", b"\\ud800", b"null", b'"cells"', b'"source"',
    b"\\begin{", b"\\end{", b"\\item", b"\\def\\a{\\a\\a}", b"{\\rtf1", b"\\bin999999999 ",
    b"\\'zz",
    b"\\u-32768?", b"PK\x03\x04", b"PK\x05\x06", b"PK\x01\x02", b"\x1f\x8b", b"BZh9",
    "\u202e".encode(), "\u0301".encode() * 60, "ﷺ".encode() * 20,
)  # fmt: skip
_NUMBER = re.compile(rb"\d+")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)

Mutation = Callable[[bytes, random.Random], bytes]


def mutant(seed: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A spoiled ``seed``; ``others`` are files of its format to take parts of."""
    if seed.startswith(b"PK") and chance.random() < 0.7:
        return _members_mutated(seed, chance)
    if b"%PDF-" in seed[:1024] and chance.random() < 0.5:
        return _streams_mutated(seed, chance)
    if chance.random() < 0.1:
        seed = _spliced(seed, chance.choice(others), chance)
    return _several(seed, chance)


def _several(data: bytes, chance: random.Random) -> bytes:
    for _ in range(1 + int(chance.expovariate(0.4))):
        if not data:
            return data
        data = chance.choice(_MUTATIONS)(data, chance)[:LARGEST]
    return data


def _members_mutated(data: bytes, chance: random.Random) -> bytes:
    """The archive with some members spoiled, whole as an archive: sizes and checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    # What a document says stands in the large members; the others describe them.
    weights = [1 + len(content) for _, content in members]
    for _ in range(1 + int(chance.expovariate(1))):
        (at,) = chance.choices(range(len(members)), weights)
        name, content = members[at]
        members[at] = (name, _several(content, chance))
    if chance.random() < 0.1:
        del members[chance.randrange(len(members))]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name, content in members:
            new.writestr(name, content)
    return stream.getvalue()


def _streams_mutated(data: bytes, chance: random.Random) -> bytes:
    """The PDF with what lies compressed in some streams spoiled; lengths are set right."""

    def again(match: re.Match[bytes]) -> bytes:
        if chance.random() < 0.5:
            return match[0]
        try:
            content = _several(zlib.decompress(match[1]), chance)
        except zlib.error:
            return b"stream\n" + _several(match[1], chance) + b"\nendstream"
        return b"stream\n" + zlib.compress(content, 1) + b"\nendstream"

    return _STREAM.sub(again, data)[:LARGEST]


def _spliced(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _flip(data: bytes, chance: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    new = chance.randbytes(chance.choice((1, 2, 4, 8, 32)))
    return data[:at] + new + data[at + len(new) :]


def _integer(data: bytes, chance: random.Random) -> bytes:
    format_ = chance.choice(("<B", "<H", ">H", "<I", ">I"))
    value = chance.choice(_EDGES) & ((1 << 8 * struct.calcsize(format_)) - 1)
    at = chance.randrange(len(data))
    return data[:at] + struct.pack(format_, value) + data[at + struct.calcsize(format_) :]


def _number(data: bytes, chance: random.Random) -> bytes:
    """A written number becomes another one."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _flip(data, chance)
    match = chance.choice(found)
    values = (b"0", b"-1", b"1", b"65536", b"2147483647", b"4294967296", b"1e308", b"9" * 30)
    return data[: match.start()] + chance.choice(values) + data[match.end() :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + 1 + int(chance.expovariate(1 / 40)) :]


def _truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + 1 + int(chance.expovariate(1 / 60))]
    times = chance.choice((2, 3, 10, 100, 1000))
    return data[:start] + part * min(times, max(1, LARGEST // len(part) // 4)) + data[start:]


def _token(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 5, 200)) + data[at:]


def _move(data: bytes, chance: random.Random) -> bytes:
    a, b, c = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


_MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip, _overwrite, _integer, _number, _number, _cut, _cut, _truncate, _repeat, _token,
    _token, _token, _move,
)  # fmt: skip
