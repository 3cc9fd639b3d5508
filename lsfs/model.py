"""The values that every part of lsfs speaks in.

All are frozen and know nothing of storage. Text offsets are counted in code points of a document's
canonical text, half open. Paths are strings relative to the drive's root, with ``/`` between parts
and surrogate escapes for bytes that are not UTF-8.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from lsfs.conditions import Conditions

# --- documents: what a parser makes of a file


class Status(StrEnum):
    """How reading a file ended. Every file that the index knows has one."""

    OK = "ok"
    PARTIAL = "partial"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    UNREADABLE = "unreadable"
    PENDING = "pending"


class BlockKind(StrEnum):
    """The role of a block of text in its document."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "para"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    CODE = "code"
    FIGURE = "figure"
    FURNITURE = "furniture"  # beside the text: printed on every page, or for programs


class FurnitureRole(StrEnum):
    """What stands on a page beside its text."""

    HEADER = "header"  # a running head, or what else repeats at the top
    FOOTER = "footer"
    PAGE_NUMBER = "page_number"
    MARGIN = "margin"  # line numbers, a name up the side


class Span(Struct, frozen=True):
    """Where one run of a block's text stands in the file.

    Attributes:
        char_start, char_end: offsets into the canonical text.
        page: number from 1 (a sheet or slide counts as a page); None where the format has none.
        line: line, row or paragraph number from 1; None where the format has none.
        bbox: left, top, right, bottom in points from the top left of the page as it is shown.
    """

    char_start: int
    char_end: int
    page: int | None = None
    line: int | None = None
    bbox: tuple[float, float, float, float] | None = None


class Block(Struct, frozen=True):
    """A paragraph, heading, list item or table of a document.

    Attributes:
        kind: the block's role.
        text: the canonical text between ``char_start`` and ``char_end``.
        level: 1 for the highest heading; 0 for what is no heading.
        heading_path: the headings above this block, highest first.
        spans: where the text came from, in order; they cover it. A paragraph that goes on behind
            a page has spans on two.
        confidence: of text read from a picture, the mean over its words from 0 to 1; else None.
    """

    kind: BlockKind
    text: str
    char_start: int
    char_end: int
    level: int = 0
    heading_path: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    confidence: float | None = None


class Merged(Struct, frozen=True):
    """A cell that stands for several: its row and column from 0, and how many it covers."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


class Table(Struct, frozen=True):
    """The cells of a table, row by row. The n-th table is the n-th block of kind ``table``.

    Attributes:
        rows: the texts of the cells; what a merged cell covers is empty.
        pages: the pages it stands on, in order.
        header_rows: how many rows at the top name the columns.
        row_pages: page of each row; empty where the format has no pages.
        row_lines: line, row or paragraph number of each row; empty where the format has none.
        boxes: place of each cell on its page, None for an empty one; empty where the format has
            no places.
        merged: the cells that cover others.
        first_column: number of the first column from 0, of a range that starts further right in
            its sheet.
    """

    rows: tuple[tuple[str, ...], ...]
    pages: tuple[int, ...] = ()
    header_rows: int = 0
    row_pages: tuple[int, ...] = ()
    row_lines: tuple[int, ...] = ()
    boxes: tuple[tuple[tuple[float, float, float, float] | None, ...], ...] = ()
    merged: tuple[Merged, ...] = ()
    first_column: int = 0


class Furniture(Struct, frozen=True):
    """A running head, a page number: on the page, and not of the text.

    Attributes:
        page: number from 1.
        text: as printed.
        role: what it is.
        bbox: left, top, right, bottom in points from the top left of the page as it is shown.
    """

    page: int
    text: str
    role: FurnitureRole
    bbox: tuple[float, float, float, float] | None = None


ATTACHED = "attached"  # a page that is no page of the file, but a file that is attached to it


class Page(Struct, frozen=True):
    """One page, sheet or slide.

    Attributes:
        no: number from 1.
        label: what is printed on it ("iv", a sheet's name); the number when nothing is.
        char_start, char_end: the blocks that begin on it. What goes on from the page before is
            in that page's part; spans tell the page of each character.
        source: how the text was found: ``text``, ``ocr``, ``neural``, or :data:`ATTACHED`.
        width, height: as it is shown, in points; 0 where the format has no sizes.
        rotation: degrees clockwise by which the page is turned to be shown.
    """

    no: int
    label: str
    char_start: int
    char_end: int
    source: str = "text"
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0


class Document(Struct, frozen=True):
    """A file as lsfs reads it.

    Attributes:
        media_type: what the content is, by looking at it, not at the name.
        parser: name of the parser that read it.
        parser_version: raised when the parser's output changes; makes old documents stale.
        status: how the reading ended.
        reason: why the status is not ``ok``, for a person.
        text: the canonical text: blocks joined by two newlines.
        title, author, language: from the document's own metadata or first heading; "" if unknown.
        created: the document's own date (a mail's Date, a PDF's CreationDate), not the file's.
        line_unit: what ``Span.line`` counts: "line", "row", "paragraph".
        page_unit: what ``Span.page`` counts: "page", "sheet", "slide", "message", "part" (of a
            message), "chapter" or "cell".
        furniture: what stands on the pages beside the text.
    """

    media_type: str
    parser: str
    parser_version: int
    status: Status = Status.OK
    reason: str = ""
    text: str = ""
    title: str = ""
    author: str = ""
    language: str = ""
    created: date | None = None
    line_unit: str = "line"
    page_unit: str = "page"
    pages: tuple[Page, ...] = ()
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    furniture: tuple[Furniture, ...] = ()
    warnings: tuple[str, ...] = ()


# --- time


class DaySpan(Struct, frozen=True):
    """A half-open span of days; ``None`` leaves that side open."""

    start: date | None = None
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.start is None or day >= self.start) and (self.end is None or day < self.end)


class DateKind(StrEnum):
    """What a date in a document says about the document, strongest first."""

    SIGNED = "signed"  # signed, dated, made, issued: the document's own date
    EFFECTIVE = "effective"  # the day from which it takes effect, as it says of itself
    NAMED = "named"  # in the file's name or title
    METADATA = "metadata"  # in the document's properties
    PERIOD = "period"  # the start of the period that it covers
    STARTS = "starts"  # when what it is about begins: a lease, a job, a period
    DUE = "due"  # when it is to be paid or done
    EXPIRES = "expires"  # when it ends or is no longer valid
    EVENT = "event"  # when something takes place: a meeting, a hearing, a flight
    DELIVERED = "delivered"
    BORN = "born"
    MENTIONED = "mentioned"  # anywhere else in its text


class ContentDate(Struct, frozen=True):
    """A date that a document states.

    Attributes:
        day: the first day meant.
        end: the day after the last day meant; a month or a year is a longer span.
        kind: what the date says about the document.
        char_start, char_end: where it stands in the canonical text; -1 when it is not in the text.
        text: the words as written.
    """

    day: date
    end: date
    kind: DateKind
    char_start: int = -1
    char_end: int = -1
    text: str = ""


# --- fields: what a document states


class FieldValue(Struct, frozen=True):
    """A value that a document states for a field, and where.

    Attributes:
        name: the field: "party", "total", "due".
        value: as written, white space aside.
        normal: as it is compared: "1234.5 EUR", "2023-05-03", "P24M", a name without
            its legal form.
        char_start, char_end: where it stands in the canonical text.
        page, line: where it begins; None where the format has none.
        where: the place as people write it; see lsfs.places.
        rule: how it was found: "label: amount due", "sentence", "model".
        confidence: how sure that kind of rule is, from 0 to 1.
    """

    name: str
    value: str
    normal: str
    char_start: int
    char_end: int
    page: int | None = None
    line: int | None = None
    where: str = ""
    rule: str = ""
    confidence: float = 0.0


# --- the index: what is found


class Passage(Struct, frozen=True):
    """The unit of retrieval: a range of a document's text, with its pages and lines.

    Attributes:
        char_start, char_end: offsets into the canonical text.
        page, page_end: first and last page; None where the format has no pages.
        line_start, line_end: first and last line; None where the format has no lines.
        heading: the heading path above it, joined with " > ".
        where: the place as people write it; see lsfs.places.
    """

    text: str
    char_start: int
    char_end: int
    page: int | None = None
    page_end: int | None = None
    line_start: int | None = None
    line_end: int | None = None
    heading: str = ""
    where: str = ""


class Hit(Struct, frozen=True):
    """A passage that answers a query, and why.

    Attributes:
        path: the file, relative to the drive.
        score: higher is better; comparable within one result only.
        title: the document's title, or the file's name.
        date: the document's own date as ISO text, or "" when it states none.
        explain: the parts of the score by name, which add up to it; empty unless asked for.
        where: the place as people write it ("p.3", "!Sheet1 B4:F9"); see lsfs.places.
        similar: files that say nearly the same and are not shown by themselves, when folded.
        snippet: the part of the text that shows best why it was found.
        snippet_start: where in the text it begins.
        highlights: ranges of the snippet, half open, that match the query.
        scores: what the parts were made from: raw scores (``bm25``, ``cosine``), the rank in each
            arm, the share of each part and its weight; empty unless asked for.
    """

    path: str
    page: int | None
    page_end: int | None
    line_start: int | None
    line_end: int | None
    char_start: int
    char_end: int
    score: float
    title: str
    date: str
    text: str
    kind: str = ""
    explain: dict[str, float] = field(default_factory=dict)
    where: str = ""
    similar: tuple[str, ...] = ()
    snippet: str = ""
    snippet_start: int = 0
    highlights: tuple[tuple[int, int], ...] = ()
    scores: dict[str, float] = field(default_factory=dict)


class Citation(Struct, frozen=True):
    """The place in a file that supports a sentence; the quote stands there word for word.

    Attributes:
        where: the place as people write it; see lsfs.places.
    """

    path: str
    page: int | None
    line_start: int | None
    line_end: int | None
    quote: str
    where: str = ""


class Statement(Struct, frozen=True):
    """A sentence or row of an answer, and what it rests on.

    Attributes:
        text: as the answer has it, without its marks.
        citations: numbers of the answer's citations that bear it, from 0.
        supported: whether those bear all of it, by what can be checked: it is a quote of one of
            them, or its numbers, dates, names and negations stand there.
    """

    text: str
    citations: tuple[int, ...]
    supported: bool


class FoundFile(Struct, frozen=True):
    """A file that matches a question, with the evidence that it does."""

    path: str
    score: float
    title: str
    date: str
    kind: str
    page: int | None
    evidence: str
    where: str = ""


class QueryPlan(Conditions, frozen=True):
    """How a question was read: the words to look for and the conditions taken from it.

    Attributes:
        query: the words that remain to be searched for.
        listing: whether the files themselves are what is asked for.
        sort: ``newest``, ``oldest``, ``largest``, ``smallest`` or, by the amount that they come to,
            ``dearest`` or ``cheapest`` first; "" by how well they fit.
        limit: how many files are asked for; 0 for all.
        notes: each reading in words, for ``--explain``.
        either: the sets that are asked for together, each a plan; then they count, and of this
            plan only the written filters and the notes.
    """

    query: str
    listing: bool = False
    sort: str = ""
    limit: int = 0
    notes: tuple[str, ...] = ()
    either: tuple[QueryPlan, ...] = ()


class SavedSearch(Struct, frozen=True):
    """A query that is kept as a directory, with its latest hits.

    Attributes:
        name: the directory below ``.lsfs/search``; nested parts narrow
            ("contracts/after:2023-01-01").
        generation: the index generation that the hits were computed from.
        query: what is searched for, when it is not the name itself.
    """

    name: str
    generation: int
    hits: tuple[Hit, ...] = ()
    query: str = ""


class SavedQuestion(Struct, frozen=True):
    """A question that is kept as a file, with its latest answer.

    Attributes:
        name: the file below ``.lsfs/ask``, without ``.md``.
        generation: the index generation that the answer was found in; -1 while there is none.
        time_ns: when it was asked or, later, answered: nanoseconds since 1970.
        answer, citations, files, model: see the result of ``ask``.
    """

    name: str
    question: str
    generation: int = -1
    time_ns: int = 0
    answer: str = ""
    citations: tuple[Citation, ...] = ()
    files: tuple[FoundFile, ...] = ()
    model: str = ""


class DocumentEntry(Struct, frozen=True):
    """A document in a listing: its name, its file's time, its size as Markdown, its pages."""

    name: str
    mtime_ns: int
    text_bytes: int
    pages: int


class FolderEntries(Struct, frozen=True):
    """What a folder holds of documents: folders that have some below them, and its own."""

    folders: tuple[str, ...] = ()
    documents: tuple[DocumentEntry, ...] = ()


class FileProblem(Struct, frozen=True):
    """A file that could not be indexed in full, and why.

    Attributes:
        path: relative to the drive.
        status: how reading it ended.
        reason: why, for a person.
        parser, version: which parser read it, "detect" where none was found; "" and 0 where it was
            not read at all.
        size: of the file in bytes.
        time: when that was, in ISO 8601 (UTC).
    """

    path: str
    status: Status
    reason: str
    parser: str = ""
    version: int = 0
    size: int = 0
    time: str = ""


class Problem(Struct, frozen=True):
    """Something that is wrong with what is kept of a drive.

    Attributes:
        where: history, versions, objects, catalog, vectors, kv or library.
        what: what was found, for a person.
        path: the file that it is about; "" when it is about no single one.
        version: the number of the version that it is about; 0 for none.
        repaired: whether it is well again.
        hint: what to do about it, or what it means.
    """

    where: str
    what: str
    path: str = ""
    version: int = 0
    repaired: bool = False
    hint: str = ""


class IndexCounts(Struct, frozen=True):
    """How far the index is.

    Attributes:
        files: regular files that the index follows.
        indexed: of these, done: readable text is searchable by words and by meaning.
        pending: of these, not done yet.
        unread: of the pending ones, those that nothing of is searchable; the others are by words.
        errors: of the done ones, those whose status is neither ok nor unsupported nor empty.
        unsupported: of the done ones, those of a kind that no parser reads.
        passages: passages stored.
        generation: raised by every change of the index.
    """

    files: int = 0
    indexed: int = 0
    pending: int = 0
    errors: int = 0
    passages: int = 0
    generation: int = 0
    unsupported: int = 0
    unread: int = 0
