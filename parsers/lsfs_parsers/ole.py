"""Compound files of older Office programs ([MS-CFB]): streams, and what they say of themselves."""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
from typing import Any

from lsfs.errors import ParseError, UnsupportedFormat
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Facts
from lsfs_parsers.encoding import decode

_SUMMARY = "\x05SummaryInformation"
_TITLE, _AUTHOR, _CREATED = 2, 4, 12  # [MS-OLEPS] 2.25.1
_TEXT, _WIDE_TEXT, _TIME = 30, 31, 64
_MOST_PROPERTIES = 100
_LONGEST = 64 * 1024  # bytes of a summary
_EPOCH = datetime(1601, 1, 1)
# What olefile raises for files that contradict themselves; its own error is an OSError.
_DAMAGED = (OSError, ValueError, TypeError, KeyError, IndexError, struct.error)
_LAST = 0xFFFFFFF0  # sector numbers from here on are marks


def streams(source: Source, *names: str) -> dict[str, bytes]:
    """The streams of these names; empty where there is none.

    Raises:
        ParseError: the file is damaged.
    """
    import olefile

    with source.open() as stream:
        try:
            with olefile.OleFileIO(stream) as file:
                _check_chains(file)
                return {
                    name: file.openstream(name).read() if file.exists(name) else b""
                    for name in names
                }
        except _DAMAGED as error:
            raise ParseError(f"the file is damaged: {error}") from error


def at_root(source: Source) -> frozenset[str]:
    """What stands in no storage of the file, by name in small letters; nothing if it is damaged."""
    import olefile

    with source.open() as stream:
        try:
            with olefile.OleFileIO(stream) as file:
                return frozenset(path[0].lower() for path in file.listdir() if len(path) == 1)
        except _DAMAGED:
            return frozenset()


def compound_facts(source: Source) -> Facts:
    """The facts in a file's summary; none where there is no whole one.

    Raises:
        ParseError: a chain of its sectors has no end; who follows it never stops.
    """
    import olefile

    with source.open() as stream:
        try:
            with olefile.OleFileIO(stream) as file:
                _check_chains(file)
                if not file.exists(_SUMMARY) or file.get_size(_SUMMARY) > _LONGEST:
                    return Facts()
                return _facts(file.openstream(_SUMMARY).read())
        except _DAMAGED:
            return Facts()


def _check_chains(file: Any) -> None:
    following = file.fat
    starts = [entry.isectStart for entry in file.direntries if entry is not None]
    ending: set[int] = set()  # sectors of chains that were followed to their end
    for start in (file.first_dir_sector, file.first_mini_fat_sector, *starts):
        sector, chain = start, set[int]()
        while sector < min(_LAST, len(following)) and sector not in ending:
            if sector in chain:
                raise ParseError("the file is damaged: a chain of its sectors has no end")
            chain.add(sector)
            sector = following[sector]
        ending |= chain


def _facts(summary: bytes) -> Facts:
    """The facts in the first property set ([MS-OLEPS] 2.21, 2.20)."""
    (start,) = struct.unpack_from("<I", summary, 44)
    (count,) = struct.unpack_from("<I", summary, start + 4)
    found: dict[int, tuple[int, int]] = {}  # the type of each property, and where its value is
    for number in range(min(count, _MOST_PROPERTIES)):
        key, offset = struct.unpack_from("<II", summary, start + 8 + 8 * number)
        (kind,) = struct.unpack_from("<I", summary, start + offset)
        found[key] = kind & 0xFFFF, start + offset + 4
    return Facts(
        _text(summary, *found.get(_TITLE, (0, 0))),
        _text(summary, *found.get(_AUTHOR, (0, 0))),
        "",
        _day(summary, *found.get(_CREATED, (0, 0))),
    )


def _text(summary: bytes, kind: int, at: int) -> str:
    """A text in the code page of who wrote it, which is guessed as that of any text is."""
    if kind not in (_TEXT, _WIDE_TEXT):
        return ""
    (length,) = struct.unpack_from("<I", summary, at)
    if kind == _WIDE_TEXT:
        raw = summary[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace")
        return raw.partition("\0")[0]
    try:
        return decode(summary[at + 4 : at + 4 + length].partition(b"\0")[0]).text
    except UnsupportedFormat:
        return ""


def _day(summary: bytes, kind: int, at: int) -> date | None:
    if kind != _TIME:
        return None
    (ticks,) = struct.unpack_from("<Q", summary, at)  # tenths of microseconds
    try:
        return (_EPOCH + timedelta(microseconds=ticks // 10)).date() if ticks else None
    except OverflowError:
        return None
