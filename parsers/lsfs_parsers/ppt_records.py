"""The records of PowerPoint files of before 2007 ([MS-PPT], [MS-ODRAW]), and the texts in them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct, field

from lsfs.errors import Encrypted, ParseError

# What may be read of a stream: records, and runs of bytes; the most that a file of 3 MB needed was
# 49,000. A small file can list a slide again and again.
_LEAST_WORK = 300_000
_BYTES_FOR_MORE = 32
_RUN = 16

_HEAD = struct.Struct("<HHI")  # [MS-PPT] 2.3.1: version and instance, type, length
_TITLES = frozenset({0, 6})  # text types, [MS-PPT] 2.13.33
_BODY, NOTES, _OTHER = 1, 2, 4
_BODIES = frozenset({_BODY, 5, 7, 8})  # those in the middle, of half and of quarter size


class Kind(IntEnum):
    """Types of records ([MS-PPT] 2.13.24, [MS-ODRAW] 2.2) that are looked into."""

    DOCUMENT = 0x03E8
    DOCUMENT_ATOM = 0x03E9
    SLIDE = 0x03EE
    SLIDE_ATOM = 0x03EF
    NOTES = 0x03F0
    SLIDE_PERSIST = 0x03F3
    MAIN_MASTER = 0x03F8
    SHOW_INFO = 0x03F9
    DRAWING = 0x040C
    EDGE_PLACEHOLDER = 0x0420
    PLACEHOLDER = 0x0BC3
    OUTLINE_REFERENCE = 0x0F9E
    TEXT_HEADER = 0x0F9F
    WIDE_TEXT = 0x0FA0
    TEXT_STYLE = 0x0FA1
    MASTER_STYLE = 0x0FA3
    NARROW_TEXT = 0x0FA8
    STRING = 0x0FBA
    NUMBER_FIELD = 0x0FD8
    HEADERS_FOOTERS = 0x0FD9
    HEADERS_FOOTERS_ATOM = 0x0FDA
    LIST = 0x0FF0
    USER_EDIT = 0x0FF5
    DATE_FIELD = 0x0FF7
    USER_DATE_FIELD = 0x0FF8
    HEADER_FIELD = 0x0FF9
    FOOTER_FIELD = 0x0FFA
    FORMATTED_DATE_FIELD = 0x1015
    TAGS = 0x1388
    BINARY_TAG = 0x138A
    TAG_DATA = 0x138B
    PERSIST_DIRECTORY = 0x1772
    COMMENT = 0x2EE0
    ART = 0xF002
    GROUP = 0xF003
    SHAPE = 0xF004
    GROUP_FRAME = 0xF009
    SHAPE_ATOM = 0xF00A
    PROPERTIES = 0xF00B
    TEXT_BOX = 0xF00D
    CHILD_ANCHOR = 0xF00F
    ANCHOR = 0xF010
    CLIENT_DATA = 0xF011
    MORE_PROPERTIES = 0xF122


_FIELDS = frozenset({
    Kind.NUMBER_FIELD, Kind.DATE_FIELD, Kind.USER_DATE_FIELD, Kind.HEADER_FIELD, Kind.FOOTER_FIELD,
    Kind.FORMATTED_DATE_FIELD,
})  # fmt: skip


class Record(NamedTuple):
    """A record: its type, instance, and where its content starts and ends in the stream."""

    kind: int
    instance: int
    start: int
    end: int


class Spent(ParseError):
    """Records refer to each other or repeat so much that they are not read to the end."""


class Text(Struct):
    """The text of a placeholder or box.

    Attributes:
        kind: its text type ([MS-PPT] 2.13.33): a title, a body, notes, another.
        place: its number in the slide's outline, if that has the text.
        fields: by place in the text, the type of what stands there for a ``*``.
        runs: characters, level and bullet of each run of paragraphs; None where the bullet is
            the master's.
    """

    kind: int = _OTHER
    place: int | None = None
    text: str = ""
    fields: dict[int, int] = field(default_factory=dict)
    runs: list[tuple[int, int, bool | None]] = field(default_factory=list)

    @property
    def is_title(self) -> bool:
        return self.kind in _TITLES

    def lines(self, values: Mapping[int, str]) -> list[str]:
        """The paragraphs that are not blank, the fields in them filled."""
        return [line for line, _ in self.paragraphs(values, {}) if line.strip()]

    def paragraphs(
        self, values: Mapping[int, str], bullets: Mapping[tuple[int, int], bool]
    ) -> Iterator[tuple[str, bool]]:
        """Each paragraph, a line break in it being a newline, and whether it has a bullet.

        Args:
            values: what fields show, by their type; others are blank.
            bullets: by text type and level, whether the master gives one.
        """
        at, run, end = 0, 0, self.runs[0][0] if self.runs else 0
        for line in self.text.split("\r"):
            while at >= end and run + 1 < len(self.runs):
                run += 1
                end += self.runs[run][0]
            _, level, bullet = self.runs[run] if self.runs else (0, 0, None)
            if bullet is None:
                bullet = bullets.get((self.kind, level), False)
            yield self._filled(line, at, values).replace("\v", "\n"), bullet
            at += len(line) + 1

    def _filled(self, line: str, start: int, values: Mapping[int, str]) -> str:
        if not self.fields or "*" not in line:
            return line
        return "".join(
            values.get(self.fields[at], "") if letter == "*" and at in self.fields else letter
            for at, letter in enumerate(line, start)
        )


class Records:
    """A stream of records, which are read one by one within a limit.

    Args:
        data: the stream.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _LEAST_WORK + len(data) // _BYTES_FOR_MORE

    def whole(self) -> Record:
        """All that is in the stream, as what one record holds."""
        return Record(0, 0, 0, len(self._data))

    def at(self, place: int) -> Record | None:
        """The record that begins at ``place``."""
        return next(self.within(Record(0, 0, place, len(self._data))), None)

    def within(self, outer: Record | None) -> Iterator[Record]:
        """The records in another one; one that is too long for it ends where that one does.

        Raises:
            Spent: too much was read.
        """
        if outer is None:
            return
        at, end = outer.start, outer.end
        while at + _HEAD.size <= end:
            self._spend(1)
            instance, kind, length = _HEAD.unpack_from(self._data, at)
            at += _HEAD.size
            yield Record(kind, instance >> 4, at, min(at + length, end))
            at += length

    def first(self, outer: Record | None, *path: int) -> Record | None:
        """The first record of a type in ``outer``, of the next type in that one, and so on."""
        for kind in path:
            outer = next((inner for inner in self.within(outer) if inner.kind == kind), None)
        return outer

    def numbers(self, record: Record | None, form: str) -> tuple[int, ...] | None:
        """The numbers at the start of a record; None when it is too short for them."""
        if record is None or record.end - record.start < struct.calcsize(form):
            return None
        return struct.unpack_from(form, self._data, record.start)

    def content(self, record: Record) -> bytes:
        self._spend((record.end - record.start) // _RUN)
        return self._data[record.start : record.end]

    def string(self, record: Record) -> str:
        return self.content(record).decode("utf-16-le", "replace")

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise Spent("the presentation is too big, or its records repeat without end")

    # --- what is where

    def edits(self, newest: int | None) -> Iterator[Record]:
        """What the file's writer said of each saving, the last one first ([MS-PPT] 2.3.3).

        Args:
            newest: where the last one is.
        """
        seen: set[int] = set()
        while newest is not None and newest not in seen:
            seen.add(newest)
            edit = self.at(newest)
            if edit is None or edit.kind != Kind.USER_EDIT:
                return
            yield edit
            (newest,) = self.numbers(edit, "<8xI") or (0,)
            if not newest:
                return

    def places(self, edits: Iterable[Record]) -> dict[int, int]:
        """Where each object is, by its number ([MS-PPT] 2.3.4).

        Args:
            edits: the last one first.

        Raises:
            Encrypted: the objects are.
        """
        found: dict[int, int] = {}
        for edit in edits:
            if any(self.numbers(edit, "<28xI") or ()):
                raise Encrypted("the presentation needs a password")
            (directory,) = self.numbers(edit, "<12xI") or (0,)
            for number, place in self._directory(self.at(directory)):
                found.setdefault(number, place)
        return found

    def _directory(self, record: Record | None) -> Iterator[tuple[int, int]]:
        if record is None or record.kind != Kind.PERSIST_DIRECTORY:
            return
        entries = iter(
            struct.iter_unpack("<I", self.content(record)[: (record.end - record.start) & ~3])
        )
        for (head,) in entries:
            self._spend(1 + (head >> 20))
            for number, (place,) in zip(range(head >> 20), entries, strict=False):
                yield (head & 0xFFFFF) + number, place

    # --- texts

    def texts(self, records: Iterator[Record]) -> Iterator[Text]:
        """The texts among ``records``; each begins with a header or a place in the outline."""
        text, begun = Text(), False
        for record in records:
            if record.kind in (Kind.TEXT_HEADER, Kind.OUTLINE_REFERENCE):
                if begun:
                    yield text
                (value,) = self.numbers(record, "<I") or (_OTHER,)
                is_header = record.kind == Kind.TEXT_HEADER
                text, begun = (Text(value) if is_header else Text(place=value)), True
            elif record.kind in (Kind.WIDE_TEXT, Kind.NARROW_TEXT):
                wide = record.kind == Kind.WIDE_TEXT
                text.text = self.content(record).decode(
                    "utf-16-le" if wide else "latin-1", "replace"
                )
                self._spend(text.text.count("\r"))
                begun = True
            elif record.kind == Kind.TEXT_STYLE:
                text.runs = self._runs(self.content(record), len(text.text))
            elif record.kind in _FIELDS and (numbers := self.numbers(record, "<I")):
                text.fields[numbers[0]] = record.kind
        if begun:
            yield text

    def _runs(self, styles: bytes, length: int) -> list[tuple[int, int, bool | None]]:
        runs: list[tuple[int, int, bool | None]] = []
        at = covered = 0
        while covered <= length and at + 10 <= len(styles):  # the last run has one character more
            count, level = struct.unpack_from("<IH", styles, at)
            bullet, at = _paragraph_style(styles, at + 6)
            self._spend(1)
            runs.append((count, level, bullet))
            covered += count
        return runs

    def bullets(self, master: Record | None) -> dict[tuple[int, int], bool]:
        """By text type and level, whether a master gives its paragraphs a bullet."""
        found: dict[tuple[int, int], bool | None] = {}
        for record in self.within(master):
            if record.kind == Kind.MASTER_STYLE and record.instance in _BODIES:
                styles, at = self.content(record), 2
                for level in range(min(styles[0] if styles else 0, 5)):
                    at += 2 if record.instance >= 5 else 0  # its level
                    if at + 4 > len(styles):
                        break
                    found[record.instance, level], at = _paragraph_style(styles, at)
                    at = _behind_letters(styles, at)
        return {
            (kind, level): found.get((kind, level), found.get((_BODY, level))) or False
            for kind in _BODIES
            for level in range(5)
        }


def _paragraph_style(styles: bytes, at: int) -> tuple[bool | None, int]:
    """Whether a TextPFException ([MS-PPT] 2.9.20) gives a bullet, and where it ends."""
    if at + 4 > len(styles):
        return None, len(styles)
    (mask,) = struct.unpack_from("<I", styles, at)
    at += 4
    bullet = None
    if mask & 0x1 and at < len(styles):
        bullet = bool(styles[at] & 1)
    at += 2 if mask & 0xF else 0
    # The character, font and size of the bullet; alignment, three distances, two margins, tabs.
    at += 2 * (mask & 0xFDD0).bit_count() + (4 if mask & 0x20 else 0)
    if mask & 0x100000 and at + 2 <= len(styles):
        at += 2 + 4 * int.from_bytes(styles[at : at + 2], "little")
    at += 2 * sum(1 for part in (0x10000, 0xE0000, 0x200000) if mask & part)
    return bullet, at


def _behind_letters(styles: bytes, at: int) -> int:
    """Where a TextCFException ([MS-PPT] 2.9.16) ends."""
    if at + 4 > len(styles):
        return len(styles)
    (mask,) = struct.unpack_from("<I", styles, at)
    # Flags, then four fonts, size and position of two bytes, and a color.
    two_bytes = (1 if mask & 0xFFFF else 0) + int(mask & 0xEB0000).bit_count()
    return at + 4 + 2 * two_bytes + (4 if mask & 0x40000 else 0)
