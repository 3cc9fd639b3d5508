"""From the lines of a column to its paragraphs, headings, list items, captions and notes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsfs.model import BlockKind
from lsfs_parsers.pdf_columns import Region
from lsfs_parsers.pdf_edges import Edges, Habits, Paragraph
from lsfs_parsers.pdf_headings import promote
from lsfs_parsers.pdf_lines import Box, Line
from lsfs_parsers.pdf_marks import BULLETED, CAPTION, ENUMERATED
from lsfs_parsers.pdf_style import Style

_MAX_CAPTION_SIZE = 1.12  # of the body's size
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LEFT_TO_RIGHT = re.compile(r"[a-zA-Z\u00c0-\u024f\u0370-\u052f]")


def paragraphs_of(
    lines: list[Line], region: Region, style: Style, habits: Habits
) -> list[Paragraph]:
    """The paragraphs of a stretch of a column.

    Args:
        lines: the stretch.
        region: the column, whose other lines show its edges.
        habits: counts of the document, added to.
    """
    if not lines:
        return []
    mirrored = _is_right_to_left(lines)
    shown = lines
    if mirrored:  # with left and right exchanged, all rules hold
        region = Region([_mirrored(line) for line in region.lines], region.box)
        lines = [_mirrored(line) for line in lines]
    edges = Edges.of(lines, style, region)
    found: list[Paragraph] = []
    for line in lines:
        if found and edges.continues(found[-1], line, style):
            found[-1].lines.append(line)
        else:
            found.append(_begun(line, style))
    promote(found, edges, style)
    for before, paragraph in zip([None, *found], found, strict=False):
        _count(before, paragraph, edges, style, habits)
    for paragraph in found:
        paragraph.start = edges.start(paragraph, style, habits)
        paragraph.end = edges.end(paragraph, style)
    if mirrored:
        originals = {id(new): old for new, old in zip(lines, shown, strict=True)}
        for paragraph in found:
            paragraph.lines = [originals[id(line)] for line in paragraph.lines]
    return found


def _begun(line: Line, style: Style) -> Paragraph:
    if CAPTION.match(line.text) and line.size <= _MAX_CAPTION_SIZE * style.body:
        return Paragraph(BlockKind.CAPTION, 0, [line])
    level = style.heading_level(line)
    if level:
        return Paragraph(BlockKind.HEADING, level, [line])
    is_item = BULLETED.match(line.text) or ENUMERATED.match(line.text)
    kind = BlockKind.LIST_ITEM if is_item else BlockKind.PARAGRAPH
    return Paragraph(kind, 0, [line])


def _count(
    before: Paragraph | None, paragraph: Paragraph, edges: Edges, style: Style, habits: Habits
) -> None:
    """What a paragraph between others tells of how paragraphs begin."""
    is_plain = paragraph.kind is BlockKind.PARAGRAPH and len(paragraph.lines) > 1
    if before is None or before.kind is not BlockKind.PARAGRAPH or not is_plain:
        return
    if style.is_body(paragraph.lines[0]):
        if edges.is_indented(paragraph.lines[0], style):
            habits.indented += 1
        else:
            habits.flush += 1


def _is_right_to_left(lines: Iterable[Line]) -> bool:
    text = "".join(line.text for line in lines)[:4000]
    if _RIGHT_TO_LEFT.search(text) is None:
        return False
    return len(_RIGHT_TO_LEFT.findall(text)) > len(_LEFT_TO_RIGHT.findall(text))


def _mirrored(line: Line) -> Line:
    left, top, right, bottom = line.box
    box: Box = (-right, top, -left, bottom)
    return line._replace(box=box)
