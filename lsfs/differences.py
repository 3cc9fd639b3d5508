"""The values in which versions speak of how two contents of a file differ.

Like those of :mod:`lsfs.model` they are frozen and know nothing of storage.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field


class DiffKind(StrEnum):
    """How two contents were compared."""

    SAME = "same"
    TEXT = "text"  # line by line, as a unified diff
    PAGES = "pages"  # sentence by sentence of what was read, page by page
    BINARY = "binary"  # by size and digest


class PageDiff(Struct, frozen=True):
    """What changed on a page.

    Attributes:
        page_before, page_after: its numbers; None where the page is not in that version, both None
            for a document without pages.
        label: what is printed on it (a sheet's name), where that is not its number.
        lines: as in a unified diff: " " is context, "-" removed, "+" added; " \u2026" left out.
        added, removed: lines of each sort.
    """

    page_before: int | None
    page_after: int | None
    label: str
    lines: tuple[str, ...]
    added: int
    removed: int


class Diff(Struct, frozen=True):
    """How two contents of a file differ, as text.

    Attributes:
        path: the file.
        before, after: what the two are called ("version 3").
        kind: how they were compared.
        text: the differences; for ``text`` a unified diff for ``patch -p0``, "" when there are
            none on that level.
        pages: the same page by page, for ``pages``.
        added, removed: lines, or for ``pages`` sentences and rows.
        notes: what the text does not show: other line ends, another encoding, a comparison that
            was cut short.
        encoding: of the bytes of ``text`` that ``patch`` takes; "" but for ``text``.
    """

    path: str
    before: str
    after: str
    kind: DiffKind
    text: str = ""
    pages: tuple[PageDiff, ...] = ()
    added: int = 0
    removed: int = 0
    notes: tuple[str, ...] = ()
    encoding: str = ""


class ChangeKind(StrEnum):
    """What happened to a place in a document."""

    VALUE = "value"  # a number, amount, date or name was replaced by another
    NEGATED = "negated"  # a statement now says "not", or no longer does
    CELL = "cell"  # a cell of a table
    ROW_ADDED = "row_added"
    ROW_REMOVED = "row_removed"
    COLUMN_ADDED = "column_added"
    COLUMN_REMOVED = "column_removed"
    TABLE_ADDED = "table_added"
    TABLE_REMOVED = "table_removed"
    SECTION_ADDED = "section_added"
    SECTION_REMOVED = "section_removed"
    SECTION_RENAMED = "section_renamed"
    ADDED = "added"  # a sentence
    REMOVED = "removed"
    WORDING = "wording"  # a sentence in other words
    MOVED = "moved"
    RENUMBERED = "renumbered"  # headings that only got another number


class Quoted(Struct, frozen=True):
    """A sentence or row as it stands in one of two versions, white space aside.

    Attributes:
        page: from 1; None where the format has none.
        line_start, line_end: from 1; None where the format has none.
    """

    quote: str
    page: int | None = None
    line_start: int | None = None
    line_end: int | None = None


class ChangeFact(Struct, frozen=True):
    """One thing that changed, and the places that prove it.

    Attributes:
        kind: what happened.
        text: the fact in a short plain sentence.
        heading: the headings above it, joined with " > ", in the later version where it is there.
        subject: the words that name a value ("monthly rent"); "" when nothing does.
        before, after: a value, cell or heading as written; "" on the side where it is not.
        value: ``amount``, ``percent``, ``number``, ``date``, ``time``, ``name``, ``identifier``;
            "" for what is no value.
        direction: ``up`` (more, later) or ``down``, for values that have an order.
        quote_before, quote_after: where it stands; None on the side where it is not.
        places: how often the same happened.
        strength: order of importance, higher first; comparable within one result.
    """

    kind: ChangeKind
    text: str
    heading: str = ""
    subject: str = ""
    before: str = ""
    after: str = ""
    value: str = ""
    direction: str = ""
    quote_before: Quoted | None = None
    quote_after: Quoted | None = None
    places: int = 1
    strength: float = 0.0


class SectionState(StrEnum):
    """What happened to a section."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"


class SectionChange(Struct, frozen=True):
    """A section that is not as it was; headings are whole paths, joined with " > "."""

    state: SectionState
    heading_before: str
    heading_after: str
    page_before: int | None
    page_after: int | None


class ChangeCounts(Struct, frozen=True):
    """How much changed; what only moved is in no other number."""

    paragraphs_added: int = 0
    paragraphs_removed: int = 0
    paragraphs_changed: int = 0
    paragraphs_moved: int = 0
    words_added: int = 0
    words_removed: int = 0
    cells_changed: int = 0
    pages_before: int = 0
    pages_after: int = 0


class ChangeFacts(Struct, frozen=True):
    """What changed between two versions of a document, found by rules.

    Attributes:
        facts: strongest first; none when the documents say the same.
        sections: in the order of the later version, removed ones last.
        values_added, values_removed: amounts, dates, names and the like that occur in one version
            only, as written, in the order of their places.
        more: facts left out, for there were too many.
        notes: what makes the comparison less than whole.
    """

    facts: tuple[ChangeFact, ...] = ()
    sections: tuple[SectionChange, ...] = ()
    counts: ChangeCounts = field(default_factory=ChangeCounts)
    values_added: tuple[str, ...] = ()
    values_removed: tuple[str, ...] = ()
    more: int = 0
    notes: tuple[str, ...] = ()


class ChangeSummary(Struct, frozen=True):
    """What changed between two versions, in words.

    Attributes:
        facts: strongest first.
        sentence: the language model's summary, checked against the facts; "" when it wrote none
            that holds.
        model: the model that took part; "" when none did.
    """

    facts: tuple[ChangeFact, ...] = ()
    sentence: str = ""
    model: str = ""
    sections: tuple[SectionChange, ...] = ()
    counts: ChangeCounts = field(default_factory=ChangeCounts)
    values_added: tuple[str, ...] = ()
    values_removed: tuple[str, ...] = ()
    more: int = 0
    notes: tuple[str, ...] = ()
