"""The values that every part of lsfs speaks in.

All are frozen and know nothing of storage. Text offsets are counted in code points of a document's
canonical text, half open. Paths are strings relative to the drive's root, with ``/`` between parts
and surrogate escapes for bytes that are not UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

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
    FURNITURE = "furniture"


@dataclass(frozen=True, slots=True)
class Span:
    """Where one run of a block's text stands in the file.

    Attributes:
        char_start, char_end: offsets into the canonical text.
        page: number from 1 (a sheet or slide counts as a page); None where the format has none.
        line: line, row or paragraph number from 1; None where the format has none.
        bbox: left, top, right, bottom in points from the top left of the unrotated page.
    """

    char_start: int
    char_end: int
    page: int | None = None
    line: int | None = None
    bbox: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or table of a document.

    Attributes:
        kind: the block's role.
        text: the canonical text between ``char_start`` and ``char_end``.
        level: 1 for the highest heading; 0 for what is no heading.
        heading_path: the headings above this block, highest first.
        spans: where the text came from, in order; they cover it.
    """

    kind: BlockKind
    text: str
    char_start: int
    char_end: int
    level: int = 0
    heading_path: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a table, row by row, and the pages it stands on."""

    rows: tuple[tuple[str, ...], ...]
    pages: tuple[int, ...] = ()
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page, sheet or slide.

    Attributes:
        no: number from 1.
        label: what is printed on it ("iv", a sheet's name); the number when nothing is.
        char_start, char_end: the part of the canonical text that begins on it.
        source: how the text was found: ``text`` or ``ocr``.
    """

    no: int
    label: str
    char_start: int
    char_end: int
    source: str = "text"


@dataclass(frozen=True, slots=True)
class Document:
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
    pages: tuple[Page, ...] = ()
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()


# --- time


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A half-open span of days; ``None`` leaves that side open."""

    start: date | None = None
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.start is None or day >= self.start) and (self.end is None or day < self.end)


class DateKind(StrEnum):
    """What a date in a document says about the document, strongest first."""

    SIGNED = "signed"  # signed, dated, made, effective, issued: the document's own date
    NAMED = "named"  # in the file's name or title
    METADATA = "metadata"  # in the document's properties
    MENTIONED = "mentioned"  # anywhere else in its text


@dataclass(frozen=True, slots=True)
class ContentDate:
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


# --- the index: what is found


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: a range of a document's text, with its pages and lines.

    Attributes:
        char_start, char_end: offsets into the canonical text.
        page, page_end: first and last page; None where the format has no pages.
        line_start, line_end: first and last line; None where the format has no lines.
        heading: the heading path above it, joined with " > ".
    """

    text: str
    char_start: int
    char_end: int
    page: int | None = None
    page_end: int | None = None
    line_start: int | None = None
    line_end: int | None = None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query, and why.

    Attributes:
        path: the file, relative to the drive.
        score: higher is better; comparable within one result only.
        title: the document's title, or the file's name.
        date: the document's own date as ISO text, or "" when it states none.
        explain: the parts of the score by name; empty unless asked for.
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


@dataclass(frozen=True, slots=True)
class Citation:
    """The place in a file that supports a sentence; the quote stands there word for word."""

    path: str
    page: int | None
    line_start: int | None
    line_end: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that matches a question, with the evidence that it does."""

    path: str
    score: float
    title: str
    date: str
    kind: str
    page: int | None
    evidence: str


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How a question was read: the words to look for and the filters taken from it.

    Attributes:
        query: the words that remain to be searched for.
        after, before: days as ISO text, half open, on ``date_field``; "" leaves a side open.
        date_field: ``content`` (what the documents say of themselves) or ``mtime``.
        kinds: kinds of document asked for ("contract", "invoice").
        types: file types asked for ("pdf").
        dir: the folder to look in; "" is the whole drive.
        author: the author or sender asked for.
        listing: whether the files themselves are what is asked for.
        notes: each reading in words, for ``--explain``.
    """

    query: str
    after: str = ""
    before: str = ""
    date_field: str = "content"
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    dir: str = ""
    author: str = ""
    listing: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedSearch:
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


@dataclass(frozen=True, slots=True)
class SavedQuestion:
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


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document in a listing: its name, its file's time, its size as Markdown, its pages."""

    name: str
    mtime_ns: int
    text_bytes: int
    pages: int


@dataclass(frozen=True, slots=True)
class FolderEntries:
    """What a folder holds of documents: folders that have some below them, and its own."""

    folders: tuple[str, ...] = ()
    documents: tuple[DocumentEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that could not be indexed in full, and why."""

    path: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """How far the index is.

    Attributes:
        files: regular files that the index follows.
        indexed: of these, done: readable text is searchable by words and by meaning.
        pending: of these, not done yet.
        errors: of the done ones, those whose status is neither ok nor unsupported nor empty.
        passages: passages stored.
        generation: raised by every change of the index.
    """

    files: int = 0
    indexed: int = 0
    pending: int = 0
    errors: int = 0
    passages: int = 0
    generation: int = 0
