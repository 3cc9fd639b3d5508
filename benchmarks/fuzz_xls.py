"""A small workbook as Excel wrote them before 2007, for the fuzzing harness to spoil."""

from __future__ import annotations

import struct
from datetime import datetime

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SUMMARY = "\x05SummaryInformation"
_BEGIN, _FINISH, _SHEET, _NUMBER = 0x809, 0x0A, 0x85, 0x203
_TITLE, _AUTHOR, _CREATED = 2, 4, 12


def xls(title: str = "Lease", author: str = "Ann", made: datetime = datetime(2023, 4, 5)) -> bytes:
    """A workbook of one number ([MS-XLS]), and what it says about itself ([MS-OLEPS])."""
    return compound({"Workbook": _book(), _SUMMARY: _summary(title, author, made)})


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _book() -> bytes:
    begin, sheet_begin = (
        _record(_BEGIN, struct.pack("<HHHH8s", 0x600, kind, 0, 0, b"")) for kind in (5, 0x10)
    )
    number = _record(_NUMBER, struct.pack("<HHHd", 0, 0, 0, 7.0))
    sheet_at = len(begin) + 17  # behind the sheet's name and the end of the globals
    name = _record(_SHEET, struct.pack("<IBBBBc", sheet_at, 0, 0, 1, 0, b"S"))
    return begin + name + _record(_FINISH) + sheet_begin + number + _record(_FINISH)


def _summary(title: str, author: str, made: datetime) -> bytes:
    """A property set of two texts and a time, in tenths of microseconds since 1601."""
    ticks = int((made - datetime(1601, 1, 1)).total_seconds()) * 10_000_000
    texts = [text.encode() + b"\0" for text in (title, author)]
    values = {
        key: struct.pack("<II", 30, len(text)) + text
        for key, text in zip((_TITLE, _AUTHOR), texts, strict=True)
    }
    values[_CREATED] = struct.pack("<IQ", 64, ticks)
    index, content = b"", b""
    for key, value in values.items():
        index += struct.pack("<II", key, 8 + 8 * len(values) + len(content))
        content += value.ljust(-(-len(value) // 4) * 4, b"\0")
    size = 8 + len(index) + len(content)
    head = struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, b"", 1, b"", 48)
    return head + struct.pack("<II", size, len(values)) + index + content


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file ([MS-CFB]) of at most three streams, each in sectors of its own."""
    contents = [content.ljust(4096, b"\0") for content in streams.values()]
    lengths = [-(-len(content) // 512) for content in contents]
    tables = -(-(1 + sum(lengths)) // 127)  # sectors with the chains of all, themselves included
    fat = [*[_FAT] * tables, _END]
    directory, data = _entry("Root Entry", 5, (_FREE, 1)), b""
    for number, (name, content) in enumerate(zip(streams, contents, strict=True), start=1):
        start, length = len(fat), lengths[number - 1]
        fat += [*range(start + 1, start + length), _END]
        data += content.ljust(512 * length, b"\0")
        following = number + 1 if number < len(streams) else _FREE
        directory += _entry(name, 2, (following, _FREE), start, len(content))
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        b"", 0, tables, tables, 0, 4096, _END, 0, _END, 0,
    )  # fmt: skip
    head += struct.pack("<109I", *range(tables), *[_FREE] * (109 - tables))
    sectors = struct.pack(f"<{128 * tables}I", *fat, *[_FREE] * (128 * tables - len(fat)))
    return head + sectors + directory.ljust(512, b"\0") + data


def _entry(
    name: str, kind: int, links: tuple[int, int] = (_FREE, _FREE), start: int = _END, size: int = 0
) -> bytes:
    """An entry of the directory; ``links`` are the next one and the first one below it."""
    raw = name.encode("utf-16-le")
    return raw.ljust(64, b"\0") + struct.pack(
        "<HBBIII16sIQQIQ", len(raw) + 2, kind, 1, _FREE, *links, b"", 0, 0, 0, start, size
    )
