"""A document as Markdown, whole or page by page.

The words are left as the file has them, so that a search for them finds them: what would be a mark
of Markdown in the text stays one. Page marks are comments, which a reader of the page does not see.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import Block, BlockKind, Document, Page, Table

_MARKED = re.compile(r"(?:[-*+\u2022]|\d{1,9}[.)])\s")  # a list item that brings its own mark
_FENCE = re.compile(r"`{3,}")
_DASHES = re.compile(r"-{2,}")
_DEEPEST = 6  # heading levels of Markdown
_PADDED = 1_000_000  # cells up to which short rows are filled up: one row may be a million wide


class Sizes(Struct, frozen=True):
    """What a document takes as Markdown, in bytes: the whole, and each of its pages."""

    text: int
    pages: tuple[int, ...] = ()


def whole(document: Document) -> bytes:
    """All of a document, with a mark where each page begins."""
    parts = _title(document)
    starts = [page.char_start for page in document.pages]
    begun = 0
    for block, text in _rendered(document):
        here = bisect_right(starts, block.char_start)
        parts += [_mark(page) for page in document.pages[begun:here]]
        begun = max(begun, here)
        parts.append(text)
    parts += [_mark(page) for page in document.pages[begun:]]
    return _joined(parts)


def page(document: Document, number: int) -> bytes:
    """What stands on a page.

    Args:
        number: its place among the document's pages, from 1.
    """
    return _on_pages(document, document.pages[number - 1 : number])[0]


def sizes(document: Document) -> Sizes:
    """The lengths of what :func:`whole` and :func:`page` give."""
    pages = _on_pages(document, document.pages) if document.pages else []
    return Sizes(len(whole(document)), tuple(len(content) for content in pages))


def _on_pages(document: Document, pages: Sequence[Page]) -> list[bytes]:
    on_page: dict[int, list[str]] = {page.no: [] for page in pages}
    for block, text in _rendered(document):
        numbers = {span.page for span in block.spans if span.page is not None}
        for number in numbers & on_page.keys():
            on_page[number].append(text if len(numbers) == 1 else _part(block, number))
    return [_joined(on_page[page.no]) for page in pages]


def _part(block: Block, page: int) -> str:
    """The part of a block that stands on one of its pages."""
    cut = [
        block.text[span.char_start - block.char_start : span.char_end - block.char_start]
        for span in block.spans
        if span.page == page
    ]
    kind = BlockKind.PARAGRAPH if block.kind is BlockKind.TABLE else block.kind
    return _block(replace(block, text="".join(cut).strip(), kind=kind), None)


def _title(document: Document) -> list[str]:
    """The title as a heading, when the text does not begin with it."""
    title = " ".join(document.title.split())
    first = document.blocks[0] if document.blocks else None
    heads = (BlockKind.TITLE, BlockKind.HEADING)
    if not title or (first and first.kind in heads and " ".join(first.text.split()) == title):
        return []
    return [f"# {title}"]


def _rendered(document: Document) -> Iterator[tuple[Block, str]]:
    """Each block with its Markdown; the n-th table belongs to the n-th block of its kind."""
    tables = iter(document.tables)
    for block in document.blocks:
        table = next(tables, None) if block.kind is BlockKind.TABLE else None
        yield block, _block(block, table)


def _block(block: Block, table: Table | None) -> str:
    text = block.text
    if block.kind in (BlockKind.TITLE, BlockKind.HEADING):
        level = min(max(block.level, 1), _DEEPEST)
        return f"{'#' * level} {' '.join(text.split())}"
    if block.kind is BlockKind.LIST_ITEM:
        return (text if _MARKED.match(text) else f"- {text}").replace("\n", "\n  ")
    if block.kind is BlockKind.CODE:
        longest = max((len(found) for found in _FENCE.findall(text)), default=2)
        fence = "`" * (longest + 1)
        return f"{fence}\n{text}\n{fence}"
    if table is not None and table.rows:
        return _table(table)
    return text


def _table(table: Table) -> str:
    width = max(len(row) for row in table.rows)
    if width == 0:
        return ""
    # Markdown's tables must have a header; one without gets an empty one.
    rows = [*([] if table.header_rows else [()]), *table.rows]
    filled = width if width * len(rows) <= _PADDED else 0
    lines = [_row(row, filled if number else width) for number, row in enumerate(rows)]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _row(cells: Sequence[str], width: int) -> str:
    plain = [" ".join(cell.split()).replace("|", "\\|") for cell in cells]
    return "| " + " | ".join([*plain, *[""] * (width - len(plain))]) + " |"


def _mark(page: Page) -> str:
    label = "" if page.label in ("", str(page.no)) else f": {' '.join(page.label.split())}"
    # Two dashes may end a comment.
    return f"<!-- page {page.no}{_DASHES.sub('-', label)} -->"


def _joined(parts: Sequence[str]) -> bytes:
    text = "\n\n".join(part for part in parts if part)
    return (text + "\n" if text else "").encode("utf-8", "replace")
