"""The shapes of a slide of before 2007 ([MS-ODRAW]): their places, texts and descriptions."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from lsfs.model import Merged
from lsfs_parsers.ppt_records import NOTES, Kind, Record, Records, Text
from lsfs_parsers.slides import Box, around, row_by_row

UNIT = 8  # what places are given in; of it are a point

_TITLE_HOLDERS = frozenset({13, 15, 17})  # [MS-PPT] 2.13.22
_NOTES_HOLDER = 12
_MAX_DEPTH = 50  # of groups in groups
_LINE, _PICTURE = 20, 75  # types of shapes; a table's borders are lines
_DELETED = 0x8
_TABLE, _ABOUT, _ART = 0x39F, 0x381, 0xC0  # properties
_SPARSE = 4  # places in a table for each of its cells; more than that is no table


class Table(NamedTuple):
    """The texts of a table's cells, by rows, and which of them reach over others."""

    rows: list[list[Text | None]]
    merged: list[Merged]


class Shape(Struct):
    """Something drawn on a slide.

    Attributes:
        holder, position: type of the placeholder that it fills, 0 for none, and which one it is.
        about: what is said of a picture.
    """

    box: Box | None = None
    holder: int = 0
    position: int = 0
    text: Text | None = None
    about: str = ""
    table: Table | None = None

    @property
    def is_title(self) -> bool:
        return self.holder in _TITLE_HOLDERS or (self.text is not None and self.text.is_title)

    @property
    def is_note(self) -> bool:
        return self.holder == _NOTES_HOLDER or (self.text is not None and self.text.kind == NOTES)

    @property
    def rank(self) -> tuple[int, int]:
        """Titles before other placeholders in their template's order, before all other shapes."""
        if self.is_title:
            return 0, 0
        return (1, self.position) if self.holder else (2, 0)

    def lines(self, values: Mapping[int, str]) -> list[str]:
        """The paragraphs of its text; see :meth:`lsfs_parsers.ppt_records.Text.lines`."""
        return self.text.lines(values) if self.text is not None else []


class _Scale(NamedTuple):
    """How the numbers in a group become points on the slide."""

    left: float = 0.0
    top: float = 0.0
    x: float = 1 / UNIT
    y: float = 1 / UNIT

    def box(self, left: int, top: int, right: int, bottom: int) -> Box:
        one, other = self.left + left * self.x, self.left + right * self.x
        upper, lower = self.top + top * self.y, self.top + bottom * self.y
        return min(one, other), min(upper, lower), max(one, other), max(upper, lower)

    def inside(self, box: Box | None, frame: tuple[int, ...] | None) -> _Scale:
        """The scale in a group at ``box``, whose own numbers reach over ``frame``."""
        if box is None or frame is None or frame[2] <= frame[0] or frame[3] <= frame[1]:
            return self
        x = (box[2] - box[0]) / (frame[2] - frame[0])
        y = (box[3] - box[1]) / (frame[3] - frame[1])
        return _Scale(box[0] - frame[0] * x, box[1] - frame[1] * y, x, y)


class Drawing:
    """What is drawn on a slide.

    Args:
        outline: the texts of its placeholders that are kept apart from them.
    """

    def __init__(self, records: Records, outline: list[Text]) -> None:
        self._records = records
        self._outline = outline
        self._left = dict(enumerate(outline))  # not met in a shape yet

    def shapes(self, slide: Record | None) -> list[Shape]:
        """The shapes that say something, in reading order; those of a group stay together."""
        top = self._records.first(slide, Kind.DRAWING, Kind.ART, Kind.GROUP)
        found = self._in_group(top, _Scale(), 0)[0] if top is not None else []
        known = {shape.text.text for shape in found if shape.text is not None}
        lost = [
            Shape(text=text) for text in self._left.values() if text.text and text.text not in known
        ]
        titles = [shape for shape in lost if shape.is_title]
        return titles + found + [shape for shape in lost if not shape.is_title]

    def _in_group(self, group: Record, scale: _Scale, depth: int) -> tuple[list[Shape], bool]:
        """The shapes of a group in reading order, and whether they are the cells of a table."""
        units: list[tuple[tuple[int, int], Box | None, list[Shape]]] = []
        is_table = False
        for record in self._records.within(group):
            if record.kind == Kind.GROUP and depth < _MAX_DEPTH:
                inner, inner_is_table = self._in_group(record, scale, depth + 1)
                box = around([shape.box for shape in inner])
                table = _table(inner) if inner_is_table else None
                inner = inner if table is None else [Shape(box, table=table)]
                units.append(((2, 0), box, inner))
            elif record.kind == Kind.SHAPE:
                parts = {part.kind: part for part in self._records.within(record)}
                box = self._box(parts, scale)
                if Kind.GROUP_FRAME in parts:  # the group itself
                    frame = self._records.numbers(parts[Kind.GROUP_FRAME], "<4i")
                    scale = scale.inside(box, frame)
                    properties = self._properties(parts.get(Kind.MORE_PROPERTIES))
                    is_table = bool(properties.get(_TABLE, b"\0")[0] & 1)
                    continue
                shape = self._shape(parts, box)
                if shape is not None and (is_table or shape.text is not None or shape.about):
                    units.append((shape.rank, shape.box, [shape]))
        ranked = sorted((unit for unit in units if unit[0][0] < 2), key=lambda unit: unit[0])
        free = [unit for unit in units if unit[0][0] == 2]
        free = [free[at] for at in row_by_row([box for _, box, _ in free])]
        return [shape for _, _, shapes in (*ranked, *free) for shape in shapes], is_table

    def _shape(self, parts: dict[int, Record], box: Box | None) -> Shape | None:
        atom = parts.get(Kind.SHAPE_ATOM)
        (flags,) = self._records.numbers(atom, "<4xI") or (0,)
        if atom is None or atom.instance == _LINE or flags & _DELETED:
            return None
        data = {part.kind: part for part in self._records.within(parts.get(Kind.CLIENT_DATA))}
        position, role = self._records.numbers(data.get(Kind.PLACEHOLDER), "<iB") or (0, 0)
        # How later programs say of a placeholder at the edge what it is.
        (role,) = self._records.numbers(data.get(Kind.EDGE_PLACEHOLDER), "<B") or (role,)
        properties = self._properties(parts.get(Kind.PROPERTIES))
        properties |= self._properties(parts.get(Kind.MORE_PROPERTIES))
        text = self._text(parts.get(Kind.TEXT_BOX))
        if text is None and (art := _string(properties.get(_ART, b""))):
            text = Text(text=art.replace("\r\n", "\r"))
        about = _string(properties.get(_ABOUT, b"")) if atom.instance == _PICTURE else ""
        return Shape(box, role, position, text, about)

    def _text(self, record: Record | None) -> Text | None:
        texts = self._records.texts(self._records.within(record))
        text = next((one for one in texts if one.text or one.place is not None), None)
        if text is None or text.place is None:
            return text
        self._left.pop(text.place, None)
        return self._outline[text.place] if text.place < len(self._outline) else None

    def _box(self, parts: dict[int, Record], scale: _Scale) -> Box | None:
        if found := self._records.numbers(parts.get(Kind.CHILD_ANCHOR), "<4i"):
            return scale.box(*found)
        anchor = parts.get(Kind.ANCHOR)
        numbers = self._records.numbers(anchor, "<4i") or self._records.numbers(anchor, "<4h")
        if numbers is None:
            return None
        top, left, right, bottom = numbers
        return scale.box(left, top, right, bottom)

    def _properties(self, record: Record | None) -> dict[int, bytes]:
        """The values of properties: four bytes, or what they are long ([MS-ODRAW] 2.2.7)."""
        if record is None:
            return {}
        content, found = self._records.content(record), {}
        at = 6 * record.instance
        for start in range(0, min(at, len(content) - 5), 6):
            kind, length = struct.unpack_from("<HI", content, start)
            is_complex = kind & 0x8000
            found[kind & 0x3FFF] = (
                content[at : at + length] if is_complex else content[start + 2 : start + 6]
            )
            at += length if is_complex else 0
        return found


def _table(cells: list[Shape]) -> Table | None:
    """The table that these cells make; None where they do not stand in rows and columns."""
    boxes = [cell.box or (0.0, 0.0, 0.0, 0.0) for cell in cells]
    lefts = sorted({round(box[0]) for box in boxes})
    tops = sorted({round(box[1]) for box in boxes})
    if not cells or len(lefts) * len(tops) > _SPARSE * len(cells):
        return None
    rows: list[list[Text | None]] = [[None] * len(lefts) for _ in tops]
    merged = []
    for cell, (left, top, right, bottom) in zip(cells, boxes, strict=True):
        row, column = bisect_left(tops, round(top)), bisect_left(lefts, round(left))
        height = max(1, bisect_left(tops, round(bottom)) - row)
        width = max(1, bisect_left(lefts, round(right)) - column)
        rows[row][column] = cell.text
        if height > 1 or width > 1:
            merged.append(Merged(row, column, height, width))
    return Table(rows, sorted(merged, key=lambda one: (one.row, one.column)))


def _string(value: bytes) -> str:
    return value.decode("utf-16-le", "replace").rstrip("\0")
