"""Where the words of a quote stand: in the text of a document, and on its page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from lsfs.model import Block, BlockKind, Span

Range = tuple[int, int]
Box = tuple[float, float, float, float]

_LEAST = 24  # characters of the beginning by which a quote is still found
_LONGEST = 5_000  # characters between the beginning and the end of one
_NARROW, _WIDE = frozenset("iljtfrI.,;:'|!()[]- "), frozenset("mwMW@%")
_PADDING = 1.5  # points around marked words


def find(blocks: Sequence[Block], quote: str, end: str = "", page: int | None = None) -> Range:
    """The range of a document's text that says a quote; white space does not count.

    Args:
        blocks: of the document, in order.
        end: how a quote ends of which ``quote`` is only the beginning.
        page: where it is expected; another place counts where it is not there.

    Returns:
        offsets into the canonical text; (0, 0) where it is nowhere.
    """
    text, base = _text(blocks)
    words = quote.split()
    here = _pages(blocks, page)
    while words:
        pattern = r"\s+".join(map(re.escape, words))
        if end:
            tail = r"\s+".join(map(re.escape, end.split()))
            pattern += rf"[\s\S]{{0,{_LONGEST}}}?{tail}"
        matches = [(m.start() + base, m.end() + base) for m in re.finditer(pattern, text)]
        if matches:
            return next((m for m in matches if any(a <= m[0] < b for a, b in here)), matches[0])
        words, end = words[: len(words) // 2], ""  # a parser may have read the rest otherwise since
        if len(" ".join(words)) < _LEAST:
            break
    return 0, 0


def _text(blocks: Sequence[Block]) -> tuple[str, int]:
    """The text of blocks, each at its place, and where it begins."""
    if not blocks:
        return "", 0
    base = blocks[0].char_start
    parts: list[str] = []
    at = base
    for block in blocks:
        parts += ["\n" * (block.char_start - at), block.text]
        at = block.char_end
    return "".join(parts), base


def _pages(blocks: Sequence[Block], page: int | None) -> list[Range]:
    spans = (span for block in blocks for span in block.spans)
    return [(one.char_start, one.char_end) for one in spans if one.page == page]


def page_at(blocks: Sequence[Block], place: Range) -> int | None:
    """The page on which a range begins."""
    for block in blocks:
        for span in block.spans:
            if span.char_start <= place[0] < span.char_end:
                return span.page
    return None


def boxes(blocks: Sequence[Block], place: Range, page: int) -> Iterator[Box]:
    """Where a range of text stands on a page, a box for each line; in points from its top left."""
    for left, top, right, bottom in _lines(_parts(blocks, place, page)):
        yield (
            left - _PADDING, top - _PADDING,
            right - left + 2 * _PADDING, bottom - top + 2 * _PADDING,
        )  # fmt: skip


def _parts(blocks: Sequence[Block], place: Range, page: int) -> Iterator[Box]:
    for block in blocks:
        for span in block.spans:
            start, end = max(place[0], span.char_start), min(place[1], span.char_end)
            if span.page == page and span.bbox is not None and start < end:
                yield _cut(block, span, (start, end))


def _lines(parts: Iterable[Box]) -> Iterator[Box]:
    """The same, with words that stand beside each other as one: a scan has a box for each word."""
    line: Box | None = None
    for one in parts:
        if line is not None and _goes_on(line, one):
            line = (line[0], min(line[1], one[1]), one[2], max(line[3], one[3]))
            continue
        if line is not None:
            yield line
        line = one
    if line is not None:
        yield line


def _goes_on(line: Box, word: Box) -> bool:
    """Whether a word stands next in a line: at its height, and no farther off than it is high."""
    height = line[3] - line[1]
    middle = (word[1] + word[3]) / 2
    return line[1] < middle < line[3] and 0 <= word[0] - line[2] <= height


def _cut(block: Block, span: Span, part: Range) -> Box:
    """The box of a part of a line, by the usual widths of its letters."""
    assert span.bbox is not None  # noqa: S101  the caller looked
    left, top, right, bottom = span.bbox
    first = span.char_start - block.char_start
    line = block.text[first : span.char_end - block.char_start].rstrip()
    if block.kind is BlockKind.TABLE or any(map(_is_from_right, line)):
        return span.bbox
    a, b = part[0] - span.char_start, min(part[1] - span.char_start, len(line))
    whole = _width(line) or 1.0
    scale = (right - left) / whole
    begin = left + _width(line[:a]) * scale
    return begin, top, max(begin, left + _width(line[:b]) * scale), bottom


def _is_from_right(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL")


def _width(text: str) -> float:
    """About how wide a text is, in letters."""
    return sum(
        0.55 if c in _NARROW else 1.5 if c in _WIDE else 1.2 if c.isupper() else 1.0 for c in text
    )
