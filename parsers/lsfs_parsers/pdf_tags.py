"""The headings that the tags of a PDF page name (ISO 32000-1, 14.8)."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from msgspec import Struct

from lsfs_parsers.pdf_calls import undeclared
from lsfs_parsers.pdf_lines import Box, Line, Turn, union

_MOST_ELEMENTS = 5_000  # of a page
_MOST_TEXTS = 5_000  # drawing operators that are looked at
_DEEPEST = 40
_TYPE_LENGTH = 64  # bytes
_MOST_LINES = 4  # of one heading
_LONGEST = 300  # characters
_COVERED = 0.85  # share of a line that the tagged text reaches over
_OUTSIDE = 1.0  # points
_TOO_MUCH = 0.5  # share of a page's letters: tags that call so much of it headings are wrong
_FEW_LINES = 8  # of a page that may be all headings: a title page
# These hold no headings, and most of the elements of a page.
_LEAVES = frozenset({
    "P", "Table", "L", "Figure", "Span", "Link", "TOC", "TOCI", "Caption", "Formula", "Note",
    "Code", "Artifact", "Index", "Form", "BibEntry", "Quote", "Reference",
})  # fmt: skip


class Tagged(Struct, frozen=True):
    """A heading as it is tagged.

    Attributes:
        level: from 1.
        boxes: where its text stands on the page as it is read.
    """

    level: int
    boxes: tuple[Box, ...]


def is_tagged(pdf: Any) -> bool:
    """Whether a pypdfium2 document says that it is tagged."""
    import pypdfium2.raw as raw

    return bool(raw.FPDFCatalog_IsTagged(pdf))


def tagged_headings(page: Any, turn: Turn) -> list[Tagged]:
    """The headings of a pypdfium2 page that is turned so to be read."""
    import pypdfium2.raw as raw

    tree = raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return []
    try:
        found = list(_headings(raw, tree))
    finally:
        raw.FPDF_StructTree_Close(tree)
    owners = {content: number for number, (_, marked) in enumerate(found) for content in marked}
    boxes: defaultdict[int, list[Box]] = defaultdict(list)
    if owners:
        content = undeclared("FPDFPageObj_GetMarkedContentID")
        for text in islice(_texts(page), _MOST_TEXTS):
            number = owners.get(content(text))
            if number is not None:
                boxes[number].append(turn.box(*_bounds(text)))
    return [Tagged(found[number][0], tuple(places)) for number, places in boxes.items()]


def _texts(page: Any) -> Iterator[Any]:
    import pypdfium2.raw as raw

    kind, text = undeclared("FPDFPageObj_GetType"), raw.FPDF_PAGEOBJ_TEXT
    count = raw.FPDFPage_CountObjects(page.raw)
    objects = map(undeclared("FPDFPage_GetObject"), repeat(page.raw), range(count))
    return (one for one in objects if kind(one) == text)


def _bounds(text: Any) -> Box:
    """Left, bottom, right and top of a page object in user space.

    Raises:
        pypdfium2.PdfiumError: pdfium does not know them.
    """
    import pypdfium2
    import pypdfium2.raw as raw

    left, bottom, right, top = sides = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(text, *sides):
        raise pypdfium2.PdfiumError("the bounds of a page object are not known")
    return left.value, bottom.value, right.value, top.value


def _headings(raw: Any, tree: Any) -> Iterator[tuple[int, list[int]]]:
    """Levels, and which marked content is the text, of the heading elements of a tree."""
    count = min(raw.FPDF_StructTree_CountChildren(tree), _MOST_ELEMENTS)
    roots = (raw.FPDF_StructTree_GetChildAtIndex(tree, n) for n in range(count))
    waiting = [(root, 0) for root in roots if root]
    budget = _Budget(_MOST_ELEMENTS)
    while waiting and budget.spend():
        element, depth = waiting.pop()
        kind = _type(raw, element)
        level = _level(kind)
        if level:
            yield level, _contents(raw, element, budget)
        elif kind not in _LEAVES and depth < _DEEPEST:
            waiting += [(child, depth + 1) for child in _children(raw, element)]


class _Budget(Struct):
    """How many elements may still be looked at: a tree may be a thicket."""

    left: int

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


def _contents(raw: Any, heading: Any, budget: _Budget) -> list[int]:
    """The marked content of a heading and of what is in it."""
    found: list[int] = []
    waiting = [(heading, 0)]
    while waiting and budget.spend():
        element, depth = waiting.pop()
        count = min(raw.FPDF_StructElement_CountChildren(element), _MOST_ELEMENTS)
        marked = (raw.FPDF_StructElement_GetChildMarkedContentID(element, n) for n in range(count))
        found += [content for content in marked if content >= 0]
        if depth < _DEEPEST:
            waiting += [(child, depth + 1) for child in _children(raw, element)]
    return found


def _children(raw: Any, element: Any) -> list[Any]:
    count = min(raw.FPDF_StructElement_CountChildren(element), _MOST_ELEMENTS)
    found = (raw.FPDF_StructElement_GetChildAtIndex(element, n) for n in range(count))
    return [child for child in found if child]


def _type(raw: Any, element: Any) -> str:
    buffer = ctypes.create_string_buffer(_TYPE_LENGTH)
    size = raw.FPDF_StructElement_GetType(element, buffer, _TYPE_LENGTH)
    if not 2 <= size <= _TYPE_LENGTH:
        return ""
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _level(kind: str) -> int:
    """Of H1 to H6; 0 for anything else, also for H, which does not tell its level."""
    return int(kind[1]) if len(kind) == 2 and kind[0] == "H" and kind[1] in "123456" else 0


def tagged_lines(
    tagged: Sequence[Tagged], lines: Sequence[Line]
) -> Iterator[tuple[Tagged, list[Line]]]:
    """The lines of each heading, where the tags agree with how the page looks.

    Tags are often wrong: what they call a heading must be whole lines, few and short, and not half
    of the page.
    """
    found = [(one, _lines_of(one, lines)) for one in tagged]
    found = [(one, its) for one, its in found if 0 < len(its) <= _MOST_LINES]
    letters = sum(len(line.text) for _, its in found for line in its)
    if len(lines) > _FEW_LINES and letters > _TOO_MUCH * sum(len(line.text) for line in lines):
        return
    for one, its in found:
        if sum(len(line.text) for line in its) <= _LONGEST:
            yield one, its


def _lines_of(tagged: Tagged, lines: Sequence[Line]) -> list[Line]:
    """The lines that a heading is; none when one of them is only partly of it."""
    left, top, right, bottom = union(list(tagged.boxes))
    found = []
    for line in lines:
        middle = (line.top + line.bottom) / 2
        if not top - _OUTSIDE <= middle <= bottom + _OUTSIDE:
            continue
        if line.right <= left or line.left >= right:
            continue
        if _covered(line, tagged.boxes) < _COVERED:
            return []
        found.append(line)
    return found


def _covered(line: Line, boxes: Sequence[Box]) -> float:
    """The share of a line's width that boxes at its height reach over."""
    middle = (line.top + line.bottom) / 2
    spans = sorted(
        (max(box[0], line.left), min(box[2], line.right))
        for box in boxes
        if box[1] - _OUTSIDE <= middle <= box[3] + _OUTSIDE
    )
    reached, total = line.left, 0.0
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total / max(line.right - line.left, _OUTSIDE)
