"""A document within another: what is attached to a mail is read by the parser of its own format."""

from __future__ import annotations

import time
from functools import cache

from lsfs.model import Block, BlockKind, Document, Page, Status
from lsfs_parsers.base import HeldSource, Source
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.child import Child
from lsfs_parsers.detect import Detector
from lsfs_parsers.registry import Registry

_READABLE = (Status.OK, Status.PARTIAL)


@cache
def _reader() -> Child:
    return Child(Registry(), Detector())


def media_type(data: bytes, name: str) -> str:
    """What some bytes that are called ``name`` are."""
    source, _, _ = _reader().choose(HeldSource(-1, name, len(data), data=data))
    return source.media_type


def read_held(data: bytes, name: str, outer: Source, *, share: int = 2) -> Document:
    """The document in some bytes; never raises.

    Args:
        outer: the file that they are in.
        share: it may take one part in so many of the time that is left, and of the characters.
    """
    deadline = time.monotonic() + outer.seconds_left() / share - outer.pictures.given
    held = HeldSource(
        -1,
        name,
        len(data),
        max_chars=outer.max_chars // share,
        deadline=deadline,
        pictures=outer.pictures,
        memory=outer.memory,
        data=data,
    )
    source, parser, failure = _reader().choose(held)
    return failure or _reader().parse(source, parser)


def add_document(builder: Builder, document: Document, name: str) -> None:
    """Append the blocks of a document below its name; why it cannot be read is a warning.

    Its lines and pages are not those of the file around it: the number of a page becomes a heading.
    """
    for warning in document.warnings:
        builder.warn(f"{name}: {warning}")
    if document.status not in _READABLE and document.status is not Status.EMPTY:
        builder.warn(f"{name}: {document.reason}")
        return
    tables = iter(document.tables)
    pages = {page.no: page for page in document.pages} if len(document.pages) > 1 else {}
    for block in document.blocks:
        with builder.under(name, *_page_name(block, pages, document), *block.heading_path):
            table = next(tables, None) if block.kind is BlockKind.TABLE else None
            if table is None:
                kind = BlockKind.PARAGRAPH if block.kind is BlockKind.TABLE else block.kind
                builder.add(
                    kind, [Piece(block.text)], level=block.level, confidence=block.confidence
                )
                continue
            grid = Grid(table.header_rows, merged=table.merged, first_column=table.first_column)
            builder.add_table(
                table.rows, pieces=[Piece(block.text)], grid=grid, confidence=block.confidence
            )


def _page_name(block: Block, pages: dict[int, Page], document: Document) -> tuple[str, ...]:
    """Where the block begins, as "page 3" or "sheet Totals"."""
    numbers = (span.page for span in block.spans if span.page is not None)
    page = pages.get(next(numbers, 0))
    return (f"{document.page_unit} {page.label}",) if page is not None else ()
