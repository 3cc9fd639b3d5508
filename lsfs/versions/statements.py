"""A document as the statements that it makes: its sentences, list items, rows and headings.

They are what is compared where a file is not text itself: the wrapping of lines, the place of page
breaks, and what is printed on every page do not matter.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.differences import Quoted
from lsfs.model import Block, BlockKind, Document, Span
from lsfs.sentences import sentences

EDGE = 2  # blocks at the top and at the foot of a page that may be printed on every page
MAX_RUNNING = 120  # characters of such a block
_HEADINGS = (BlockKind.TITLE, BlockKind.HEADING)
_LINEWISE = (BlockKind.TABLE, BlockKind.CODE)
_NUMBER = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?<!\w)(?:(?:page|seite|p\.|s\.|p[a\u00e1]gina)\s*)?[-\u2013]?\s*#"
    r"(?:\s*(?:/|of|von|sur|de|di)\s*#)?\s*[-\u2013]?(?!\w)",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]+")
# The number of a heading or of an item: "§ 4", "4.", "4.2", "Section 4:", "Art. IV", "(b)".
_NUMBERING = re.compile(
    r"(?:(?:§+|(?:section|article|art\.?|clause|chapter|annex|appendix|abschnitt|artikel|kapitel"
    r"|anlage|ziffer|chapitre|section|cap[ií]tulo|art[ií]culo)\s)\s*(?:\d+(?:\.\d+)*|[ivxlc]+)[a-z]?"
    r"|\d+(?:\.\d+)+|\d+[.)]|\d+(?=\s)|\([a-z0-9]{1,3}\)|[a-z][.)]|[ivxlc]+[.)])"
    r"[.:)]?\s*[-\u2013\u2014:]?\s*(?=\S)",
    re.IGNORECASE,
)
_ITEM_MARK = re.compile(r"[-*+\u2022\u2013]\s+")
# In plain text: a line of its own that is numbered like the heading of a section.
_TITLED_LINE = re.compile(
    r"(?:§+\s*\d+[a-z]?|(?:section|article|clause|chapter|abschnitt|artikel|kapitel)\s+[\divxlc]+"
    r"|\d{1,2}(?:\.\d{1,2})*[.)]?)[.:]?\s+[^\W\d_]",
    re.IGNORECASE,
)
_MAX_TITLE_WORDS = 8


class Statement(Struct, frozen=True):
    """A sentence, item, row or heading.

    Attributes:
        text: as it stands there, each run of white space made one space.
        key: what makes it the same as another one: of a heading or an item without its number.
        heading: the headings above it, joined with " > "; of a heading, up to itself.
        kind: of its block; a heading found in plain text is one.
        level: of a heading; 0 for all else.
        block: number of its block in the document.
        char_start, char_end: its place in the document's text.
        body_start: where it begins behind the number of a heading or item.
    """

    text: str
    key: str
    heading: str
    kind: BlockKind
    level: int
    block: int
    char_start: int
    char_end: int
    body_start: int
    page: int | None
    line_start: int | None
    line_end: int | None

    @property
    def is_heading(self) -> bool:
        """Whether it is a title or heading."""
        return self.kind in _HEADINGS

    def quoted(self) -> Quoted:
        """Its words and its place."""
        return Quoted(self.text, self.page, self.line_start, self.line_end)


def statements(
    document: Document, running: frozenset[str] = frozenset(), *, tables: bool = True
) -> list[Statement]:
    """The statements of a document, in order.

    Args:
        running: what is printed on every page, from :func:`running`; taken the first time only.
        tables: whether rows of tables with known cells are taken.
    """
    cells = [bool(table.rows) for table in document.tables]
    found: list[Statement] = []
    seen: set[str] = set()
    pages = len(document.pages)
    masks = {number: _mask(document.blocks[number], pages) for number in _edges(document)}
    printed = {number: mask for number, mask in masks.items() if mask in running}
    # Large print at the top of a page was taken for a heading of what follows.
    no_heads = {" ".join(document.blocks[number].text.split()) for number in printed}
    number_of_table = 0
    titled = ""  # the heading that was found in plain text
    for number, block in enumerate(document.blocks):
        if block.kind is BlockKind.TABLE:
            known = number_of_table < len(cells) and cells[number_of_table]
            number_of_table += 1
            if known and not tables:
                continue
        mask = printed.get(number)
        if mask is not None:
            if mask and mask not in seen:
                found.append(_printed(block, number, mask))
                seen.add(mask)
            continue
        if block.kind in _HEADINGS:
            titled = ""
        heads = tuple(head for head in block.heading_path if head not in no_heads)
        for one in _of_block(replace(block, heading_path=heads), number, titled):
            titled = one.heading if one.is_heading and block.kind not in _HEADINGS else titled
            found.append(one)
    return found


def _printed(block: Block, number: int, mask: str) -> Statement:
    """What is printed on every page, which heads nothing, whatever its size."""
    one = _statement(block, number, 0, len(block.text), "", BlockKind.FURNITURE, 0)
    return replace(one, key=f"\0{mask}")


def running(documents: Sequence[Document]) -> frozenset[str]:
    """What is printed at the edge of several pages, without page numbers.

    Args:
        documents: the versions that are compared; a page more in one of them may be what tells.
    """
    found = {""}  # a page number alone
    for document in documents:
        pages_of: dict[str, set[int | None]] = defaultdict(set)
        for number in _edges(document):
            block = document.blocks[number]
            pages_of[_mask(block, len(document.pages))].add(block.spans[0].page)
        found |= {mask for mask, pages in pages_of.items() if len(pages) > 1}
    return frozenset(found)


def _edges(document: Document) -> set[int]:
    """The positions of the short blocks that a page begins or ends with."""
    by_page: dict[int, list[int]] = defaultdict(list)
    for number, block in enumerate(document.blocks):
        if block.spans and block.spans[0].page is not None:
            by_page[block.spans[0].page].append(number)
    edges = {n for numbers in by_page.values() for n in (*numbers[:EDGE], *numbers[-EDGE:])}
    blocks = document.blocks
    return {
        n
        for n in edges
        if len(blocks[n].text) <= MAX_RUNNING and blocks[n].kind is not BlockKind.TABLE
    }


def _mask(block: Block, pages: int) -> str:
    """The text of a block without the number of its page; parsers may join it to a line."""
    own = {str(block.spans[0].page), str(pages)}
    text = " ".join(block.text.split())
    masked = _NUMBER.sub(lambda match: "#" if match[0] in own else match[0], text)
    return " ".join(_PAGE_NUMBER.sub(" ", masked).split())


def _of_block(block: Block, number: int, titled: str) -> Iterator[Statement]:
    heads = " > ".join(block.heading_path)
    if block.kind in _HEADINGS:
        path = " > ".join((*block.heading_path, " ".join(block.text.split())))
        level = max(block.level, 1)
        yield _statement(block, number, 0, len(block.text), path, block.kind, level)
        return
    if block.kind in _LINEWISE:
        spans = [match.span() for match in _LINE.finditer(block.text) if match[0].strip()]
    else:
        spans = sentences(block.text)
    for at, (start, end) in enumerate(spans):
        following = spans[at + 1][0] if at + 1 < len(spans) else -1
        if not heads and _is_titled(block, start, end, following):
            titled = " ".join(block.text[start:end].split())
            yield _statement(block, number, start, end, titled, BlockKind.HEADING, 1)
        else:
            yield _statement(block, number, start, end, heads or titled, block.kind, 0)


def _is_titled(block: Block, start: int, end: int, following: int) -> bool:
    """Whether a line of plain text is the heading of what follows in its block or after it."""
    if block.kind is not BlockKind.PARAGRAPH:
        return False
    text = block.text
    alone = (start == 0 or text[:start].rstrip(" \t").endswith("\n")) and (
        end == len(text) or text[end:].lstrip(" \t").startswith("\n")
    )
    line = text[start:end]
    if not alone or "\n" in line or line[-1] in ".!?;,:" or not _TITLED_LINE.match(line):
        return False
    # A list of numbered lines has no headings.
    is_list = following >= 0 and _TITLED_LINE.match(text, following) is not None
    return not is_list and len(line.split()) <= _MAX_TITLE_WORDS


def _statement(
    block: Block, number: int, start: int, end: int, heading: str, kind: BlockKind, level: int
) -> Statement:
    written = block.text[start:end]
    text = " ".join(written.split())
    left, right = block.char_start + start, block.char_start + end
    within = _spans(block.spans, left, right)
    pages = [span.page for span in within if span.page is not None]
    lines = [span.line for span in within if span.line is not None]
    page, first, last = min(pages, default=None), min(lines, default=None), max(lines, default=None)
    key, body = text, left
    if kind in (*_HEADINGS, BlockKind.LIST_ITEM):
        key = unnumbered(text)
        body += len(written) - len(unnumbered(written))
    if level:
        key = f"#{key}"  # a heading is never the same as a sentence
    return Statement(
        text, key, heading, kind, level, number, left, right, body, page, first, last
    )  # fmt: skip


def _spans(spans: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    first = max(bisect_right(spans, start, key=lambda span: span.char_start) - 1, 0)
    last = bisect_left(spans, end, lo=first, key=lambda span: span.char_start)
    return spans[first:last]


def unnumbered(text: str) -> str:
    """A heading or item without its mark and number; the whole when there is nothing else."""
    bare = _ITEM_MARK.sub("", text, count=1) if _ITEM_MARK.match(text) else text
    match = _NUMBERING.match(bare)
    return bare[match.end() :] if match else bare
