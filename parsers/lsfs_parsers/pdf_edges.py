"""The edges of a column, and by them which of its lines go on and which begin something.

The rules and their thresholds were found on documents of four typesetting systems with known
content. Lengths are points, or multiples of the body's letter size.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct, field

from lsfs.model import BlockKind
from lsfs_parsers.pdf_columns import Region, runs_on
from lsfs_parsers.pdf_lines import Line
from lsfs_parsers.pdf_marks import BULLETED, CAPTION, ENUMERATED
from lsfs_parsers.pdf_style import SAME_SIZE, Style, ends_sentence
from lsfs_parsers.pdf_words import HYPHENS
from lsfs_parsers.window import End, Start

_LABEL = re.compile(r"[^\W_][^\s:!?;,]*(?: [^\s:!?;,]+){0,3} ?:\s+\S")  # "Invoice date: 3 May"
_CAPTION_LEADING = 1.2  # of the usual distance between lines
_NEW_PARAGRAPH_GAP = 1.32  # of the column's usual distance between lines
_WIDER_GAP = 1.14  # the same between a sentence that ends and one that begins
_INDENT = 0.6
_NOT_FULL = 2.2  # a line that ends this far before the right edge could have taken more
_TIGHT = 0.4  # by so much the width of a word may be misjudged
_LOOSE = 1.2  # the same where a sentence does not end
_HEADING_LEADING = 1.6  # of the size
# Of a column's width: room that the last line leaves although it goes on in the next column.
_JUSTIFIED_END = 0.06
_RAGGED_END = 0.3
_EXACT = 0.25  # a line of justified text ends this near the edge
_LONG_LINE = 45  # characters; a line this long may well have been wrapped
_USUAL_LINE = 0.7  # of the longer ones: the length of a line that is no paragraph's last
_WRAPPED_LINE = 20  # characters; shorter ones are an address or a greeting, not a narrow column
_NOT_STRAY = 0.15  # share of the lines
_LETTER = 0.5  # of the size: how wide a letter is
_SINGLE_SPACED = 1.7  # of the size; short lines further apart are paragraphs


class Paragraph(Struct):
    """Lines that belong together, and how they look to what is before and behind the column."""

    kind: BlockKind
    level: int
    lines: list[Line] = field(default_factory=list)
    start: Start = Start.CLOSED
    end: End = End.CLOSED


class Habits(Struct):
    """How paragraphs of a document begin, counted where it can be seen."""

    indented: int = 0
    flush: int = 0

    @property
    def indents(self) -> bool:
        """Whether a line that is not indented does not begin a paragraph."""
        return self.indented >= 3 and self.indented > 9 * self.flush


class Edges(Struct, frozen=True):
    """The edges of a column and the distance between its lines.

    Attributes:
        left, right: where most lines begin, and end.
        limit: how far a line can reach; further than most where the right margin is ragged.
    """

    left: float
    right: float
    limit: float
    justified: bool
    leading: float
    wraps: bool  # a line that reaches the right edge goes on in the next one

    @classmethod
    def of(cls, lines: Sequence[Line], style: Style, region: Region | None = None) -> Edges:
        """The edges that the lines show, or where they are few, those of their column."""
        column = lines
        if region is not None and len(lines) < _WRAPPED_LINE:
            column = region.lines if _spread(region.lines) > _spread(lines) else lines
        body = [line for line in column if style.is_body(line)] or list(column)
        # In narrow columns only the longest lines have so many characters.
        lengths = sorted(len(line.text) for line in body)
        enough = min(_LONG_LINE, _USUAL_LINE * lengths[int(0.9 * (len(lengths) - 1))])
        long = [line for line in body if len(line.text) >= enough]
        # A letter has more short lines than full ones; only a few long ones are strays in a column.
        wide = long if len(long) >= _NOT_STRAY * len(body) else body
        lefts, rights = sorted(x.left for x in body), sorted(x.right for x in wide)
        gaps = [
            pitch(before, after)
            for before, after in pairwise(body)
            if 0 < after.top - before.top < 3 * style.body
        ]
        leading = statistics.median(gaps) if gaps else 1.25 * style.body
        left = lefts[int(0.15 * (len(lefts) - 1))]
        right = rights[round(0.85 * (len(rights) - 1))]
        limit = _furthest(rights, right, style)
        justified = limit - rights[len(rights) // 2] < _EXACT * style.body
        wraps = any(
            one.right > min(right - _NOT_FULL * style.body, limit - _width_of_first(after))
            and len(one.text) >= _WRAPPED_LINE
            and runs_on(one, after)
            for one, after in pairwise(body)
        )
        return cls(left, right, limit, justified, leading, wraps)

    def is_indented(self, line: Line, style: Style) -> bool:
        """Whether a line starts to the right of the column's edge."""
        return line.left - self.left > _INDENT * style.body

    def continues(self, paragraph: Paragraph, line: Line, style: Style) -> bool:
        """Whether ``line`` goes on with ``paragraph``, whose last line stands before it."""
        last = paragraph.lines[-1]
        if last.told or line.told:
            return last.told == line.told
        if abs(last.size - line.size) > SAME_SIZE:
            return False
        if last.bold != line.bold or BULLETED.match(line.text) or _is_caption(line):
            return False
        if paragraph.kind is BlockKind.CAPTION:  # its lines may be centred
            return 0 < line.top - last.top < _CAPTION_LEADING * self.leading
        if paragraph.kind is BlockKind.HEADING:
            near = 0 < pitch(last, line) < _HEADING_LEADING * line.size
            return near and self._had_no_room(last, line)
        ended = ends_sentence(last.text)
        gap = pitch(last, line)
        if gap <= 0:  # beside it: a sentence that is not over goes on there
            return last.hyphen or not ended
        scale = max(1.0, line.size / style.body)
        if gap > _NEW_PARAGRAPH_GAP * self.leading * scale:
            return False
        if last.hyphen:
            return True
        if ended and _starts_anew(line) and gap > _WIDER_GAP * self.leading * scale:
            return False
        full = self._is_full(paragraph, line, style)
        if ENUMERATED.match(line.text) and (ended or not full or not self.wraps):
            return False
        # Where lines are wrapped, a name with a colon may also stand within a sentence.
        among_labels = _is_label(last) or not self.wraps
        apart = ended or not full or _starts_anew(line)
        if among_labels and apart and _is_label(line):
            return False
        if not full and (_starts_anew(line) or gap > _SINGLE_SPACED * line.size):
            return False
        if self.is_indented(line, style) and paragraph.kind is not BlockKind.LIST_ITEM:
            base = min(one.left for one in paragraph.lines[1:] or paragraph.lines)
            if line.left - base > _INDENT * style.body:
                return not (ended or len(paragraph.lines) > 1)
        return full or not ended

    def start(self, paragraph: Paragraph, style: Style, habits: Habits) -> Start:
        """How a paragraph looks to what the column before it ends with."""
        if paragraph.kind is not BlockKind.PARAGRAPH:
            return Start.CLOSED
        first = paragraph.lines[0]
        letter = next((one for one in first.text if one.isalnum()), "")
        indented = self.is_indented(first, style)
        if indented and len(paragraph.lines) > 1:  # all of it is: an item goes on
            indented = first.left - paragraph.lines[1].left > _INDENT * style.body
        if letter.islower():
            return Start.PLAIN if indented else Start.RUNNING
        if indented:
            return Start.CLOSED
        return Start.RUNNING if habits.indents and letter.isupper() else Start.PLAIN

    def end(self, paragraph: Paragraph, style: Style) -> End:
        """How a paragraph looks to what the next column begins with."""
        if paragraph.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            return End.CLOSED
        last = paragraph.lines[-1]
        if last.hyphen or (last.text[-1] in HYPHENS and last.text[-2:-1].isalpha()):
            return End.DIVIDED
        left_over = self.limit - last.right
        ends = ends_sentence(last.text)
        if len(paragraph.lines) == 1 and not self.wraps and len(last.text) < _LONG_LINE:
            return End.CLOSED
        if self.justified and left_over < _EXACT * style.body:
            return End.OPEN  # few paragraphs end just there
        room = _JUSTIFIED_END if self.justified else _RAGGED_END
        if left_over > max(_NOT_FULL * style.body, room * (self.limit - self.left)):
            return End.CLOSED if ends or not self.wraps else End.DOUBTFUL
        return End.DOUBTFUL if ends else End.OPEN

    def _is_full(self, paragraph: Paragraph, line: Line, style: Style) -> bool:
        """Whether the last line of ``paragraph`` ends where it does for want of room.

        In a column that shows no wrapped line, the right edge is only where the longest line ends.
        """
        last = paragraph.lines[-1]
        near = _NOT_FULL * style.body
        reaches = last.right + _width_of_first(line)
        if ends_sentence(last.text):
            return self.wraps and reaches > self.limit - _TIGHT * style.body
        no_room = reaches > self.limit - _LOOSE * style.body
        is_long = len(last.text) >= _LONG_LINE
        if (no_room or last.right > self.right - near) and (self.wraps or is_long):
            return True
        # A quotation or a box has an edge of its own, which the line above or below shows.
        beside = [*paragraph.lines[-2:-1], line]
        return is_long and any(
            abs(one.right - last.right) < near and len(one.text) >= _LONG_LINE for one in beside
        )

    def _had_no_room(self, last: Line, line: Line) -> bool:
        """Whether the first word of ``line`` would not have fitted on ``last``."""
        needed = last.right - last.left + 0.9 * _width_of_first(line)
        return needed > 0.85 * (self.right - self.left)


def _furthest(rights: Sequence[float], usual: float, style: Style) -> float:
    """How far lines reach; a single one that reaches further does not count."""
    for before, last in zip(rights[-2::-1], rights[:0:-1], strict=True):
        if last <= usual or last - before < _INDENT * style.body:
            return max(last, usual)
    return usual


def _width_of_first(line: Line) -> float:
    """How much room the first word of a line and a space take, about."""
    word = line.text.split(maxsplit=1)[0]
    return min(_LETTER * line.size, (line.right - line.left) / len(line.text)) * (len(word) + 1)


def pitch(line: Line, after: Line) -> float:
    """How far one line stands below another."""
    if line.baseline is not None and after.baseline is not None:
        return after.baseline - line.baseline
    # Letters with and without heads and tails: what is further apart is so at both edges.
    return min(after.top - line.top, after.bottom - line.bottom)


def _spread(lines: Sequence[Line]) -> float:
    return max(line.right for line in lines) - min(line.left for line in lines)


def _starts_anew(line: Line) -> bool:
    """Whether a line begins as a sentence, a name, a date or a number does."""
    first = line.text[:1]
    if not first.isalnum():
        first = next((letter for letter in line.text if letter.isalnum()), "")
    return first.isupper() or first.isdigit()


def _is_label(line: Line) -> bool:
    return ":" in line.text and _LABEL.match(line.text) is not None


def _is_caption(line: Line) -> bool:
    match = CAPTION.match(line.text)
    return match is not None and match[0][-1:] in (".", ":")
