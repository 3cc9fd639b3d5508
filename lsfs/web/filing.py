"""The page of a file: its pages as they look, its text as lsfs reads it, what it states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import LsfsError, NotFound
from lsfs.model import Block, BlockKind, Page, Table
from lsfs.web import quotes
from lsfs.web.links import number, path_of
from lsfs.web.pages import Pages
from lsfs.web.quotes import Range

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from lsfs.model import Citation
    from lsfs.syscalls.extract import Extracted
    from lsfs.syscalls.files import Text

PICTURED = ("application/pdf", "image/")  # whose pages are shown as they look
ENTRIES = 500  # of a folder on one page
BLOCKS = 120  # on one page of what has none of its own
ROWS = 200  # of a table
LETTERS = 20_000  # of a block
FIELDS = 40
SIMILAR = 6
_TRIED = 3  # citations that are looked up for a page to show
_ABOUT = 400  # characters from the beginning that say what a file is about
_STEP = 4 << 20  # bytes read at once of a download


class Run(Struct, frozen=True):
    """A run of text, marked or not."""

    text: str
    marked: bool


class Row(Struct, frozen=True):
    """A row of a table."""

    cells: tuple[str, ...]
    heads: bool
    marked: bool


class Shown(Struct, frozen=True):
    """A block as the page shows it.

    Attributes:
        kind: see :class:`lsfs.model.BlockKind`.
        line: the number of its first line, 0 where the format has none.
        runs: its text.
        rows: of a table whose cells are known.
        left_out: rows that are not shown.
    """

    kind: str
    line: int
    runs: tuple[Run, ...] = ()
    rows: tuple[Row, ...] = ()
    left_out: int = 0


class Part(Struct, frozen=True):
    """What of a document is shown at once: a page of it, or a stretch of what has no pages."""

    number: int
    count: int
    unit: str
    label: str
    blocks: tuple[Block, ...]
    page: Page | None = None


class Sheet(Struct, frozen=True):
    """A page as it looks.

    Attributes:
        boxes: left, top, width and height in points of what is marked on it.
    """

    path: str
    page: Page
    boxes: tuple[quotes.Box, ...]


def shown(pages: Pages, request: Request) -> Response:
    """The page of a file or folder."""
    path = path_of(request)
    try:
        stat = pages.call("stat", path=path)
    except NotFound:
        return _gone(pages, path)
    if stat.entry.kind == "directory":
        return _folder(pages, path, number(request, "page", 1))
    described = pages.call("describe", paths=(path,)).files
    facts = described[0] if described else None
    values: dict[str, Any] = {"path": path, "stat": stat, "facts": facts}
    try:
        text = pages.call("text", path=path)
    except LsfsError as error:
        return pages.page("unread.html", **values, reason=error.message)
    return pages.page("file.html", **values, **_document(request, text), **_beside(pages, text))


def _folder(pages: Pages, path: str, at: int) -> Response:
    """What a folder holds: folders first."""
    listing = pages.call("list_dir", path=path)
    entries = sorted(listing.entries, key=lambda one: one.kind != "directory")
    last = max(1, -(-len(entries) // ENTRIES))
    at = min(at, last)
    return pages.page(
        "folder.html", path=path, entries=entries[(at - 1) * ENTRIES : at * ENTRIES], part=at,
        last=last, more=listing.more,
    )  # fmt: skip


def _gone(pages: Pages, path: str) -> Response:
    """A file that is not there, or not any more."""
    history = pages.call("versions", path=path)  # raises NotFound where nothing is known of it
    return pages.page("gone.html", 404, path=path, versions=history.versions)


def _document(request: Request, text: Text) -> dict[str, Any]:
    """What the page shows of a document, with a quote of it marked."""
    quote = request.query_params.get("quote", "")
    asked = number(request, "page", 0)
    place: Range = (0, 0)
    if quote:
        place = quotes.find(text.blocks, quote, request.query_params.get("to", ""), asked or None)
    part = _part(text, asked, place)
    return {
        "text": text,
        "part": part,
        "blocks": list(blocks(part.blocks, text, place)),
        "sheet": _sheet(text, part, place),
        "quote": quote,
        "is_found": place != (0, 0),
    }


def _sheet(text: Text, part: Part, place: Range) -> Sheet | None:
    """A page as it looks; None where the format has none."""
    page = part.page
    if page is None or page.width <= 0 or not text.media_type.startswith(PICTURED):
        return None
    return Sheet(text.path, page, tuple(quotes.boxes(part.blocks, place, page.no)))


def evidence(pages: Pages, citations: Sequence[Citation]) -> tuple[Citation, Sheet] | None:
    """The page of the first quote that can be shown as it looks, with all quotes of it marked."""
    for citation in citations[:_TRIED]:
        try:
            text = pages.call("text", path=citation.path)
        except LsfsError:  # it has gone since the answer was found
            continue
        place = quotes.find(text.blocks, citation.quote, page=citation.page)
        part = _part(text, 0, place)
        sheet = _sheet(text, part, place)
        if place != (0, 0) and sheet is not None:
            others = (one for one in citations if one.path == citation.path and one != citation)
            found = [quotes.find(part.blocks, one.quote, page=part.number) for one in others]
            more = [box for one in found for box in quotes.boxes(part.blocks, one, part.number)]
            return citation, replace(sheet, boxes=(*sheet.boxes, *more))
    return None


def _part(text: Text, asked: int, place: Range) -> Part:
    """The page that is asked for, else that of the quote, else the first."""
    if text.pages:
        no = (quotes.page_at(text.blocks, place) if place != (0, 0) else None) or asked or 1
        no = min(no, len(text.pages))
        page = text.pages[no - 1]
        on_it = tuple(b for b in text.blocks if any(s.page == no for s in b.spans))
        return Part(no, len(text.pages), text.page_unit, page.label, on_it, page)
    count = max(1, -(-len(text.blocks) // BLOCKS))
    no = min(asked or 1, count)
    for index, block in enumerate(text.blocks):
        if block.char_start <= place[0] < block.char_end:
            no = index // BLOCKS + 1
    return Part(no, count, "part", str(no), text.blocks[(no - 1) * BLOCKS : no * BLOCKS])


def blocks(part: Sequence[Block], text: Text, place: Range) -> Iterator[Shown]:
    """Blocks as the page shows them."""
    in_text = (block for block in text.blocks if block.kind is BlockKind.TABLE)
    tables = {id(block): table for block, table in zip(in_text, text.tables, strict=False)}
    for block in part:
        line = next((span.line or 0 for span in block.spans), 0)
        table = tables.get(id(block))
        if table is not None and len(block.spans) == len(table.rows):
            rows = list(_rows(block, table, place))
            first = next((n for n, row in enumerate(rows) if row.marked), 0)
            begin = max(0, first - ROWS // 2) if len(rows) > ROWS else 0
            cut = rows[begin : begin + ROWS]
            yield Shown("table", line, rows=tuple(cut), left_out=len(rows) - len(cut))
        else:
            yield Shown(block.kind.value, line, tuple(_runs(block, place)))


def _rows(block: Block, table: Table, place: Range) -> Iterator[Row]:
    for n, (cells, span) in enumerate(zip(table.rows, block.spans, strict=True)):
        marked = span.char_start < place[1] and place[0] < span.char_end
        yield Row(cells, n < table.header_rows, marked)


def _runs(block: Block, place: Range) -> Iterator[Run]:
    """The text of a block in runs that are in a range or not; of a very long one what is around."""
    start, end = (min(max(at - block.char_start, 0), len(block.text)) for at in place)
    first = max(0, min(start - LETTERS // 2, len(block.text) - LETTERS))
    last = min(len(block.text), first + LETTERS)
    edges = (first, max(first, min(start, last)), max(first, min(end, last)), last)
    if first:
        yield Run(f"… ({first:,} letters)\n", False)
    for a, b in pairwise(edges):
        if a < b:
            yield Run(block.text[a:b], (a, b) == edges[1:3])
    if last < len(block.text):
        yield Run(f"\n… ({len(block.text) - last:,} letters)", False)


def _beside(pages: Pages, text: Text) -> dict[str, Any]:
    """What a file states, and what is like it."""
    rows: tuple[Extracted, ...] = pages.call("extract", path=text.path, first=True).rows
    about = " ".join([text.title, *(block.text for block in text.blocks[:8])])[:_ABOUT]
    hits = pages.call("semantic_retrieve", query=about, k=4 * SIMILAR).hits if about.strip() else ()
    alike = {hit.path: hit for hit in reversed(hits) if hit.path != text.path}
    return {"fields": rows[:FIELDS], "similar": list(reversed(alike.values()))[:SIMILAR]}


def picture(pages: Pages, request: Request) -> Response:
    """A page of a file as it looks."""
    from starlette.responses import Response

    found = pages.call(
        "page_image", path=path_of(request), page=number(request, "page", 1),
        width=number(request, "width", 1400),
    )  # fmt: skip
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(found.data, media_type=found.media_type, headers=headers)


def download(pages: Pages, request: Request) -> Response:
    """The bytes of a file, to be saved: a browser never opens them here."""
    from urllib.parse import quote

    from starlette.responses import StreamingResponse

    path, version = path_of(request), number(request, "version", 0)
    first = pages.call("read", path=path, version=version, size=_STEP)

    def parts() -> Iterator[bytes]:
        yield first.data
        at = len(first.data)
        while at < first.total:
            data = pages.call("read", path=path, version=first.version, offset=at, size=_STEP).data
            if not data:  # it was cut off meanwhile: the browser sees that it is too short
                return
            yield data
            at += len(data)

    named = quote(path.rpartition("/")[2].encode("utf-8", "replace"))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{named}",
        "Content-Length": str(first.total),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(parts(), media_type="application/octet-stream", headers=headers)
