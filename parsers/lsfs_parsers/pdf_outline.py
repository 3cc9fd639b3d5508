"""The outline of a PDF (its bookmarks), and the lines that are the headings it names."""

from __future__ import annotations

import ctypes
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice, product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsfs_parsers.pdf_lines import Line, Told
from lsfs_parsers.pdf_marks import CAPTION
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_style import SAME_SIZE, Style
from lsfs_parsers.pdf_tags import tagged_lines

MOST_ENTRIES = 10_000
_DEEPEST = 9
_SECONDS = 5.0  # for reading an outline
_ON_A_PAGE = 200  # entries; more are no headings
_LONGEST = 300  # letters of a title
_MOST_LINES = 4  # of one heading
_ALIKE = 20  # lines of one page with the same text that are compared
_NEXT_LINE = 2.2  # of the size: the next line of a heading is not further down
_NEAR = 4.0  # of the size: a heading stands no further from where its entry points
_LIKE = 0.85  # share of the letters of two titles that agree
_LEAST_LIKE = 6  # letters
_OFTEN = 2  # headings of a size that show its level
_NUMBERED = re.compile(
    r"\s*(?:[^\W\d_]{4,10}\s+|\u00a7\s*)??(?:\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})*|[IVXLC]{1,6})"
    r"[.:)]?\s+(?=\S)"
)
_NO_LETTERS = re.compile(r"[\W_]+")
_NO_DIGIT = re.compile(r"\D+")
_ENDS_CLAUSE = re.compile(r"[.,;]$")


class Entry(Struct, frozen=True):
    """A title in an outline.

    Attributes:
        level: from 1.
        keys: the letters and digits of the title, and of the title without its number.
        page: from 1.
        top: where it points to on the page, in points of the user space; None for the whole page.
    """

    level: int
    keys: tuple[str, ...]
    page: int
    top: float | None


def read_outline(pdf: Any) -> list[Entry]:
    """The entries of a pypdfium2 document's outline that point into it, the first of very many.

    An outline may be endless or point anywhere; its depth, its entries and the time for it are
    limited.
    """
    import pypdfium2

    count, found = len(pdf), list[Entry]()
    end = time.monotonic() + _SECONDS
    try:
        for bookmark in islice(_bookmarks(pdf), MOST_ENTRIES):
            if time.monotonic() > end:
                break
            target = bookmark.get_dest()
            page = target.get_index() if target is not None else None
            keys = keys_of(bookmark.get_title()[: 2 * _LONGEST])
            if keys and page is not None and 0 <= page < count:
                found.append(Entry(bookmark.level + 1, keys, page + 1, _top(target)))
    except (pypdfium2.PdfiumError, UnicodeDecodeError):  # what was read so far is right
        return found
    return found


def _bookmarks(pdf: Any) -> Iterator[Any]:
    """The bookmarks in order, each once and none too deep."""
    import pypdfium2
    import pypdfium2.raw as raw

    seen: set[int] = set()
    first = raw.FPDFBookmark_GetFirstChild(pdf, None)
    waiting = [(first, 0)]
    while waiting:
        bookmark, level = waiting.pop()
        if not bookmark or (place := ctypes.addressof(bookmark.contents)) in seen:
            continue
        seen.add(place)
        yield pypdfium2.PdfBookmark(bookmark, pdf, level)
        waiting.append((raw.FPDFBookmark_GetNextSibling(pdf, bookmark), level))
        if level + 1 < _DEEPEST:
            waiting.append((raw.FPDFBookmark_GetFirstChild(pdf, bookmark), level + 1))


def _top(target: Any) -> float | None:
    """The upper edge of what a destination shows (ISO 32000-1, table 151)."""
    import pypdfium2.raw as raw

    view, numbers = target.get_view()
    at = {raw.PDFDEST_VIEW_XYZ: 1, raw.PDFDEST_VIEW_FITH: 0, raw.PDFDEST_VIEW_FITR: 3}.get(view)
    return float(numbers[at]) if at is not None and len(numbers) > at else None


def keys_of(text: str) -> tuple[str, ...]:
    """What is compared of a title or a line: its letters, with and without the number."""
    whole = _letters(text)
    number = _NUMBERED.match(text)
    bare = _letters(text[number.end() :]) if number else ""
    return tuple(key for key in (whole, bare) if key)


def _letters(text: str) -> str:
    if not text.isascii():  # accents go, which programs also draw as letters of their own
        text = unicodedata.normalize("NFKD", text)
    return _NO_LETTERS.sub("", text.casefold())[:_LONGEST]


class Outline:
    """Tells lines to be headings, page after page: those that the entries of an outline name, and
    those that are tagged so. Learns which letter sizes have which levels."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._by_page: defaultdict[int, list[Entry]] = defaultdict(list)
        for entry in entries:
            if len(self._by_page[entry.page]) < _ON_A_PAGE:
                self._by_page[entry.page].append(entry)
        self._count = 0
        self._sizes: dict[float, Counter[int]] = {}
        self._lower: Counter[int] = Counter()  # by how much a tag's level is below the entry's

    def tell(self, page: PdfPage, style: Style) -> None:
        """Mark the lines of a page that are headings.

        An entry that names no line may do so on the next page, where a heading can have moved.
        """
        told: dict[int, Told] = {}
        entries = self._by_page.pop(page.number, [])
        lines = _Lines(page.lines if entries else ())
        for entry in entries:
            top = None if entry.top is None else page.turn.box(0, entry.top, 0, entry.top)[1]
            found = lines.named(entry, top, told)
            if found:
                self._tell(found, entry.level, told, style)
            elif entry.page == page.number and len(self._by_page[page.number + 1]) < _ON_A_PAGE:
                self._by_page[page.number + 1].append(replace(entry, top=None))
        self._tell_tagged(page, told, style)
        if told:
            page.lines = [
                line._replace(told=told[id(line)]) if id(line) in told else line
                for line in page.lines
            ]

    def _tell_tagged(self, page: PdfPage, told: dict[int, Told], style: Style) -> None:
        for tagged, lines in tagged_lines(page.tagged, page.lines):
            known = [told[id(line)] for line in lines if id(line) in told]
            if known:
                self._lower[tagged.level - known[0].level] += 1
                continue
            if any(CAPTION.match(line.text) for line in lines):
                continue
            lower = max(self._lower, key=lambda by: self._lower[by], default=0)
            self._tell(lines, max(1, tagged.level - lower), told, style)

    def _tell(self, lines: list[Line], level: int, told: dict[int, Told], style: Style) -> None:
        self._count += 1
        told |= dict.fromkeys(map(id, lines), Told(level, self._count))
        size = style.heading_size(lines[0])
        if size is not None:
            self._sizes.setdefault(size, Counter())[level] += 1

    def ranks(self) -> Mapping[float, int]:
        """The level that the headings of a size have, where several agree."""
        return {
            size: level
            for size, levels in self._sizes.items()
            for level, count in levels.most_common(1)
            if count >= _OFTEN and 2 * count > levels.total()
        }


class _Lines:
    """The lines of a page by what they say."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = [line for line in lines if not CAPTION.match(line.text)]
        self._by_key: defaultdict[str, list[tuple[Line, bool]]] = defaultdict(list)
        for line in self._lines:
            for number, key in enumerate(keys_of(line.text)):
                self._by_key[key].append((line, number > 0))

    def named(self, entry: Entry, top: float | None, taken: Mapping[int, Told]) -> list[Line]:
        """The lines that together are the title of an entry, the nearest to ``top``; or none."""
        for key in entry.keys:
            found = [
                lines
                for lines in self._spelled(key)
                if not any(id(line) in taken for line in lines) and _may_be_heading(lines, top)
            ]
            if found:
                return min(found, key=lambda lines: abs(lines[0].top - (top or 0.0)))
        return [] if top is None else self._like(entry, top, taken)

    def _like(self, entry: Entry, top: float, taken: Mapping[int, Told]) -> list[Line]:
        """The lines at a place that say what an entry says but for a few letters: fonts have
        ligatures and formulas that no text is known of."""
        at_top = (line for line in self._lines if _is_at(line, top) and id(line) not in taken)
        near = list(islice(at_top, _ALIKE))
        best: tuple[float, list[Line]] = (_LIKE, [])
        for line in near:
            found = [line]
            while found:
                keys = keys_of(" ".join(one.text for one in found))
                if not keys or len(keys[-1]) < _LEAST_LIKE:
                    break
                ratio = max(_likeness(one, other) for one, other in product(keys, entry.keys))
                best = max(best, (ratio, found), key=lambda one: one[0])
                after = next((one for one in near if _is_next(found[-1], one)), None)
                found = [*found, after] if after and len(found) < _MOST_LINES else []
        return best[1]

    def _spelled(self, key: str) -> Iterator[list[Line]]:
        for length in range(len(key), 0, -1):
            for line, _ in self._by_key.get(key[:length], [])[:_ALIKE]:
                rest = self._below(line, key[length:], _MOST_LINES - 1)
                if rest is not None:
                    yield [line, *rest]

    def _below(self, line: Line, key: str, most: int) -> list[Line] | None:
        """The lines under ``line`` that say the rest of a title."""
        if not key or not most:
            return None if key else []
        for length in range(len(key), 0, -1):
            for after, is_bare in self._by_key.get(key[:length], [])[:_ALIKE]:
                if is_bare or not _is_next(line, after):
                    continue
                rest = self._below(after, key[length:], most - 1)
                if rest is not None:
                    return [after, *rest]
        return None


def _likeness(one: str, other: str) -> float:
    """The share of letters that agree; numbers must be the same."""
    if _NO_DIGIT.sub("", one) != _NO_DIGIT.sub("", other):
        return 0.0
    return SequenceMatcher(None, one, other).ratio()


def _is_next(line: Line, after: Line) -> bool:
    beside = after.left < line.right and line.left < after.right
    near = 0 < after.top - line.top < _NEXT_LINE * line.size
    return near and beside and abs(after.size - line.size) < SAME_SIZE


def _is_at(line: Line, top: float) -> bool:
    return abs(line.top - top) < _NEAR * line.size


def _may_be_heading(lines: Sequence[Line], top: float | None) -> bool:
    """Whether lines that say what an entry says are its heading: those that end as a sentence
    does may be the end of a paragraph, unless the entry points to them."""
    return (top is not None and _is_at(lines[0], top)) or not (
        _ENDS_CLAUSE.search(lines[-1].text) or next(iter(lines[0].text)).islower()
    )
