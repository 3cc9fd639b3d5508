"""Headings in the letters of running text: known by a number, by capitals, by standing alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsfs.model import BlockKind
from lsfs_parsers.pdf_edges import Edges, Paragraph, pitch
from lsfs_parsers.pdf_style import BOLD, LOWEST_LEVEL, Style

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,4})\.?\s+(?=[^\W\d_])")  # "2.1 Scope"
_COUNTED = re.compile(r"(?:\d{1,2}|[A-Z]|[IVX]{1,5})\.\s+(?=[^\W\d_])")  # "3. Scope"
_CALLED = re.compile(
    r"(?:(?:article|artikel|art[i\u00ed]culo|art\.|articolo|artigo|section|abschnitt|secci[o\u00f3]n|chapter"
    r"|kapitel|chapitre|cap[i\u00ed]tulo|clause|part|teil|schedule|annex|appendix|anhang|b\u00f6l\u00fcm|madde)"
    r"\s+|\u00a7\s*)(?:\d{1,3}(?:\.\d{1,2})*|[A-Z]|[IVXL]{1,6})\b[.:]?",
    re.I,
)
_ENDS_CLAUSE = re.compile(r"[.!?:;,\u3002\uff0c\uff1a-]$|[.\u2026]{3}|\d$")
_LONGEST = 80  # characters
_MOST_WORDS = 12
_CAPITALS = 5  # letters at least
_PROSE = 60  # characters of the paragraph below
_APART = 1.14  # of the usual distance between lines: how far it stands below what is above it
_SHORT = 0.85  # of the column's width


def promote(found: Sequence[Paragraph], edges: Edges, style: Style) -> None:
    """Make headings of the lines that stand alone over text and are numbered, called a section or
    written in capitals.

    Args:
        found: the paragraphs of a stretch of a column, in order; changed.
    """
    for n, paragraph in enumerate(found[:-1]):
        before = found[n - 1] if n else None
        level = _level(paragraph, style)
        if not level or not _stands_alone(before, paragraph, edges):
            continue
        after = found[n + 1]
        deeper = after.kind is BlockKind.HEADING or _level(after, style) > level
        if deeper or _is_text(after):
            paragraph.kind, paragraph.level = BlockKind.HEADING, level


def _level(paragraph: Paragraph, style: Style) -> int:
    """The level of what may be a heading by its words, 0 for anything else."""
    line = paragraph.lines[0]
    is_item = paragraph.kind is BlockKind.LIST_ITEM
    if len(paragraph.lines) > 1 or not (is_item or paragraph.kind is BlockKind.PARAGRAPH):
        return 0
    text = line.text
    if len(text) > _LONGEST or len(text.split()) > _MOST_WORDS or not style.is_body(line):
        return 0
    highest = style.level_of(BOLD)
    called = _CALLED.match(text)
    if called and (called.end() == len(text) or text[called.end() :].lstrip()[:1].isupper()):
        return highest
    if _ENDS_CLAUSE.search(text):
        return 0
    number = _NUMBERED.match(text) or _COUNTED.match(text)
    if number and text[number.end()].islower():
        return 0
    if number and number.re is _NUMBERED:
        return min(highest + number[1].count("."), LOWEST_LEVEL)
    if len(line.cells) > 1 or (is_item and not number):
        return 0
    is_capital = text.isupper() and sum(letter.isalpha() for letter in text) >= _CAPITALS
    return highest if number or is_capital else 0


def _stands_alone(before: Paragraph | None, paragraph: Paragraph, edges: Edges) -> bool:
    """Whether a line is short, and further below the text above than that text's lines."""
    line = paragraph.lines[0]
    if line.right - line.left > _SHORT * (edges.right - edges.left):
        return False
    if before is None or before.kind is BlockKind.HEADING:
        return True
    gap = pitch(before.lines[-1], line)
    return gap <= 0 or gap > _APART * edges.leading


def _is_text(paragraph: Paragraph) -> bool:
    """Whether a paragraph is what a heading stands over."""
    if paragraph.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
        return False
    return sum(len(line.text) for line in paragraph.lines) >= _PROSE
