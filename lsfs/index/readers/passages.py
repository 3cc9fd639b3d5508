"""A document cut into passages: sentence- and heading-aware, 400 to 800 characters."""

from __future__ import annotations

from collections.abc import Iterator

from blake3 import blake3

from lsfs.model import Block, BlockKind, Document, Passage
from lsfs.places import Places

MAX_CHARS = 800
ENOUGH_CHARS = 400  # from here on a passage ends with its block
BEFORE_HEADING = 120  # less than this is carried over a heading rather than left alone
LINEWISE = frozenset({BlockKind.TABLE, BlockKind.CODE})
_HEADINGS = (BlockKind.HEADING, BlockKind.TITLE)


def split(document: Document) -> list[Passage]:
    """The passages of a document, in order; together they cover its text but for blank space."""
    locate = _Locator(document)
    passages: list[Passage] = []
    # The passage that is being filled: -1 where there is none, and the headings at its two ends.
    begin = end = -1
    first = last = ""
    for block, heading, opens_section in _sections(document):
        for low, high in _ranges(block):
            is_full = high - begin > MAX_CHARS or (opens_section and end - begin >= BEFORE_HEADING)
            if begin >= 0 and is_full:
                passages.append(locate.passage(begin, end, first or last))
                begin = -1
            if begin < 0:
                begin, first = low, heading
            end, last = high, heading
            opens_section = False
        # A heading never ends a passage: it belongs to what follows.
        if block.kind not in _HEADINGS and begin >= 0 and end - begin >= ENOUGH_CHARS:
            passages.append(locate.passage(begin, end, first or last))
            begin = -1
    if begin >= 0:
        passages.append(locate.passage(begin, end, first or last))
    return passages


def embedded_text(passage: Passage) -> str:
    """What stands for a passage in front of the embedding model: its headings, then its text."""
    return f"{passage.heading}\n{passage.text}" if passage.heading else passage.text


def text_hash(passage: Passage) -> bytes:
    """BLAKE3 (16 bytes) of :func:`embedded_text`; equal hashes share a vector."""
    return blake3(embedded_text(passage).encode("utf-8", "surrogatepass")).digest(length=16)


def _sections(document: Document) -> Iterator[tuple[Block, str, bool]]:
    """The blocks that say something, each with the headings above it and whether it begins anew."""
    before: tuple[str, ...] = ()
    for block in document.blocks:
        if block.kind is BlockKind.FURNITURE or not block.text.strip():
            continue
        # Code has no headings in its text: a function is named by the path of its block.
        named_anew = block.kind is BlockKind.CODE and block.heading_path != before
        before = block.heading_path
        yield block, " > ".join(before), named_anew or block.kind in _HEADINGS


def _ranges(block: Block) -> Iterator[tuple[int, int]]:
    """A block as ranges of the document's text, none longer than a passage."""
    if block.char_end - block.char_start <= MAX_CHARS:
        yield block.char_start, block.char_end
        return
    from lsfs.sentences import sentences  # most commands cut nothing

    parts = _lines(block.text) if block.kind in LINEWISE else sentences(block.text)
    for start, end in parts:
        while end - start > MAX_CHARS:
            half, most = start + MAX_CHARS // 2, start + MAX_CHARS
            cut = max(block.text.rfind(blank, half, most) for blank in " \n\t")
            cut = start + MAX_CHARS if cut < 0 else cut
            yield block.char_start + start, block.char_start + cut
            start = cut
        if block.text[start:end].strip():
            yield block.char_start + start, block.char_start + end


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.rstrip("\r\n"))
        start += len(line)


class _Locator:
    """Makes passages of stretches of one document's text."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._places = Places(document)

    def passage(self, start: int, end: int, heading: str) -> Passage:
        text = self._text[start:end]
        start += len(text) - len(text.lstrip())
        text = text.strip()
        end = start + len(text)
        spans = self._places.spans(start, end)
        pages = [span.page for span in spans if span.page is not None]
        lines = [span.line for span in spans if span.line is not None]
        return Passage(
            text=text,
            char_start=start,
            char_end=end,
            page=min(pages, default=None),
            page_end=max(pages, default=None),
            line_start=min(lines, default=None),
            line_end=max(lines, default=None),
            heading=heading,
            where=self._places.of_spans(spans, start, end),
        )
