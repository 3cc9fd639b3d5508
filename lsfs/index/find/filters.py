"""Conditions on files, turned into SQL with bound values."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from lsfs import currencies
from lsfs.conditions import HARD, AmountBound, Conditions, Days
from lsfs.errors import UsageError
from lsfs.index.facts.kindwords import kin
from lsfs.index.find.foldernames import ANYWHERE
from lsfs.index.find.folding import fold

# What people call a type, and the endings it covers; any other word is taken as an ending itself.
TYPES = {
    "pdf": ("pdf",),
    "word": ("docx", "doc", "odt"),
    "document": ("pdf", "docx", "doc", "odt", "md", "txt", "html", "htm", "rtf"),
    "spreadsheet": ("xlsx", "xls", "xlsb", "ods", "csv", "tsv"),
    "excel": ("xlsx", "xls", "xlsb"),
    "presentation": ("pptx", "ppt", "odp"),
    "email": ("eml", "mbox", "msg"),
    "html": ("html", "htm", "xhtml"),
    "markdown": ("md", "markdown"),
    "text": ("txt", "md", "log", "rst"),
    "image": ("jpg", "jpeg", "png", "gif", "tif", "tiff", "webp", "heic", "bmp"),
    "jpg": ("jpg", "jpeg"),
    "yaml": ("yaml", "yml"),
    "video": ("mp4", "mov", "avi", "mkv", "webm", "m4v", "wmv", "mpg", "mpeg", "3gp"),
    "audio": ("mp3", "wav", "m4a", "flac", "ogg", "opus", "aac", "wma", "aiff"),
    "archive": ("zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"),
    "code": (
        "py", "c", "h", "cpp", "hpp", "rs", "go", "js", "ts", "java", "kt", "rb", "sh", "sql", "cs",
        "swift", "scala", "lua", "pl", "php", "r", "jl",
    ),
}  # fmt: skip


_OF_TEXT = (
    "kinds", "languages", "author", "recipient", "people", "date_kinds", "dated", "min_pages",
    "max_pages", "amounts", "attachments",
)  # fmt: skip
_TIMES = ("after", "before", "spans", "date_field", "date_kinds")


class Filters(Conditions, frozen=True, kw_only=True):
    """What a file must satisfy to be found at all; see :class:`lsfs.conditions.Conditions`.

    Attributes:
        ids: only files of these ids in the catalog; None allows all.
    """

    ids: tuple[int, ...] | None = None

    @classmethod
    def of(cls, asked: Conditions) -> Filters:
        """The filters of a plan, or of other conditions."""
        return cls(**{name: getattr(asked, name) for name in Conditions.__struct_fields__})

    def with_plan(self, plan: Conditions, *, whole: bool) -> Filters:
        """These filters, and what a plan asks for where they leave it open.

        Args:
            plan: of a question. What it leaves out is left out besides what these do.
            whole: whether its time and kinds count too; for a search they raise what fits, and
                hide nothing.
        """
        values = {name: getattr(self, name) for name in Conditions.__struct_fields__}
        timed = values["after"] or values["before"] or values["spans"]
        for name in Conditions.__struct_fields__ if whole else HARD:
            if name in _TIMES and timed:
                continue
            if name.startswith("not_"):
                values[name] = tuple(dict.fromkeys((*values[name], *getattr(plan, name))))
            elif name == "date_field" or values[name] in ("", (), None, False):
                values[name] = getattr(plan, name)
        if plan.date_field == "mtime" and not timed:  # what changed is certain, and hides the rest
            values |= {name: getattr(plan, name) for name in _TIMES}
        return Filters(**values, ids=self.ids)

    @property
    def is_place(self) -> bool:
        """Whether nothing is asked but the folder."""
        return self == Filters(dir=self.dir)

    def _of_files(self, unread: bool) -> bool:
        """Whether files without a document fit: pictures have types and days, and no text.

        A time alone asks for documents.
        """
        own = self.types or self.min_bytes or self.max_bytes or self.date_field == "mtime"
        of_text = any(getattr(self, name) not in ((), "", None) for name in _OF_TEXT)
        return bool(unread or own) and not of_text

    def sql(self, *, unread: bool = False) -> tuple[str, list[object]]:
        """A condition over ``file f`` and ``document d``, and its values.

        Args:
            unread: also files without a document, where nothing is asked of text.

        It needs the functions of :func:`lsfs.index.find.sqlwords.add_functions` in the connection.

        Raises:
            UsageError: a day is no day, or the date field is unknown.
        """
        first = "1" if self._of_files(unread) else "d.id IS NOT NULL"
        made = _Where(_EMPTY if self.empty else first)
        if self.dir:
            made.add(*_below(self.dir))
        for folder in self.not_dirs:
            made.add_not(*_below(folder))
        for names, add in ((self.types, made.add), (self.not_types, made.add_not)):
            if names:
                endings = sorted({e for name in names for e in endings_of(name)})
                add(f"f.suffix IN ({_marks(endings)})", *endings)
        if self.ids is not None:
            made.add(
                "f.id IN (SELECT value FROM json_each(?))", f"[{', '.join(map(str, self.ids))}]"
            )
        if self.kinds:  # a mail that is an invoice is a mail
            mail = f" OR {_MAIL}" if "email" in self.kinds else ""
            made.add(f"f.kind IN ({_marks(self.kinds)}){mail}", *self.kinds)
        if self.not_kinds:
            made.add_not(f"f.kind IN ({_marks(self.not_kinds)})", *self.not_kinds)
        self._people(made)
        for word in self.not_words:
            made.add_not(*_holding(word))
        for word in self.not_titles:
            made.add_not(*_called(word))
        self._measures(made)
        self._dates(made)
        # Last: it looks at the text of each file that is still in.
        for names, add in ((self.languages, made.add), (self.not_languages, made.add_not)):
            if names:
                add(_WRITTEN_IN, "\n".join(names))
        return made.sql(), made.values

    def _people(self, made: _Where) -> None:
        if self.author:
            made.add(*_written_by(self.author))
        if self.recipient:
            made.add(*_written_to(self.recipient))
        for name in self.people:
            made.add(*_taking_part(name))
        for name in self.not_authors:
            made.add_not(*_written_by(name))
        for name in self.not_recipients:
            made.add_not(*_written_to(name))

    def _measures(self, made: _Where) -> None:
        for column, least, most in (
            ("f.size", self.min_bytes, self.max_bytes),
            ("json_array_length(d.page_bytes)", self.min_pages, self.max_pages),
        ):
            if least is not None:
                made.add(f"{column} >= ?", least)
            if most is not None:
                made.add(f"{column} BETWEEN {int(column != 'f.size')} AND ?", most)
        for bound in self.amounts:
            made.add(*_stating(bound))
        if self.attachments is not None:
            (made.add if self.attachments else made.add_not)(_ATTACHED)
            if not self.attachments:
                made.add(_MAIL)

    def _dates(self, made: _Where) -> None:
        spans = self.spans or (((self.after, self.before),) if self.after or self.before else ())
        if self.date_field not in ("content", "mtime"):
            raise UsageError(f"unknown date field {self.date_field!r}", hint="use content or mtime")
        inside = [self._inside(span) for span in spans]
        if inside:
            made.add(" OR ".join(one for one, _ in inside), *(v for _, vs in inside for v in vs))
        for kinds, after, before in self.dated:
            condition, given = self._of_kinds(kinds, after, before)
            made.add(condition, *given)
        for span in self.not_spans:
            made.add_not(*_dated(*span, self.date_field))

    def _inside(self, span: Days) -> tuple[str, list[object]]:
        if self.date_field == "content":
            return self._of_kinds(self.date_kinds, *span)
        own, *values = _dated(*span, self.date_field)
        return own, values

    def _of_kinds(
        self, kinds: tuple[str, ...], after: str, before: str
    ) -> tuple[str, list[object]]:
        """A date of these kinds, by default its own or the one of effect, lies in the span."""
        if kinds and kinds != ("signed",):
            return _stating_day(kinds, after, before)
        own, *values = _dated(after, before, "content")
        if kinds:
            return own, values
        effective, more = _stating_day(("effective",), after, before)
        return f"{own} OR {effective}", [*values, *more]


class _Where:
    """Conditions joined by AND, and their values in order."""

    def __init__(self, first: str) -> None:
        self._parts = [first]
        self.values: list[object] = []

    def add(self, part: str, *values: object) -> None:
        self._parts.append(f"({part})")
        self.values += map(_bindable, values)

    def add_not(self, part: str, *values: object) -> None:
        # What is not known is not so: NULL must not hide a file.
        self.add(f"NOT coalesce(({part}), 0)", *values)

    def sql(self) -> str:
        return " AND ".join(self._parts)


# --- one condition each: SQL, then its values

# A picture without text is not empty.
_EMPTY = f"f.status = 'empty' AND f.suffix NOT IN ({', '.join(map(repr, TYPES['image']))})"
_MAIL = (
    "(d.media_type LIKE 'message/%' "
    "OR d.media_type IN ('application/mbox', 'application/vnd.ms-outlook'))"
)
_ATTACHED = (
    f"{_MAIL} AND EXISTS (SELECT 1 FROM passage p WHERE p.document_id = d.id AND "  # noqa: S608
    "(p.text LIKE 'Attachment: %' OR p.text LIKE '%\nAttachment: %'))"
)


_WRITTEN_IN = (
    "EXISTS (SELECT 1 FROM passage p WHERE p.document_id = d.id AND p.ordinal = 0 "
    "AND written_in(?, p.text))"
)


def _bindable(value: object) -> object:
    """A value as SQLite takes it: what is asked for may hold lone surrogates, as no text does."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _below(folder: str) -> tuple[str, *tuple[str | bytes, ...]]:
    if folder.startswith(ANYWHERE):
        return "below_any(?, f.path)", fold(folder.removeprefix(ANYWHERE))
    # No file system has half of a surrogate pair in a name, other than as a byte of its own.
    raw = os.fsencode(re.sub("[\ud800-\udc7f\udd00-\udfff]", "\0", folder))
    return "f.path = ? OR (f.path > ? AND f.path < ?)", raw, raw + b"/", raw + b"0"


def _in_header(role: str) -> str:
    """SQL: a mail's header has the name at this role; takes the name."""
    return (
        f"({_MAIL} AND EXISTS (SELECT 1 FROM passage p WHERE p.document_id = d.id "  # noqa: S608
        f"AND header_names('{role}', ?, p.text)))"
    )


def _party(rules: str) -> str:
    """SQL: a party that one of these rules found has the name; takes the name."""
    return (
        "EXISTS (SELECT 1 FROM field v WHERE v.document_id = d.id AND v.name = 'party' "  # noqa: S608
        f"AND ({rules}) AND holds_words(?, v.value))"
    )


_WRITER = _party("v.rule IN ('signature', 'letterhead', 'label: issued by', 'label: absender')")
_WRITER = (
    f"({_WRITER} OR EXISTS (SELECT 1 FROM field v WHERE v.document_id = d.id "  # noqa: S608
    "AND v.name = 'author' AND holds_words(?, v.value)))"
)
_READER = _party(
    "v.rule IN ('salutation', 'address', 'label: bill to', 'label: billed to', "
    "'label: invoice to', 'label: attention', 'label: ship to', 'label: sold to', "
    "'label: rechnungsempfanger')"
)


def _written_by(name: str) -> tuple[str, *tuple[str, ...]]:
    return (
        f"holds_words(?, d.author) OR {_in_header('from')} OR (NOT {_MAIL} AND {_WRITER})",
        name, name, name, name,
    )  # fmt: skip


def _written_to(name: str) -> tuple[str, str, str]:
    return f"{_in_header('to')} OR (NOT {_MAIL} AND {_READER})", name, name


def _taking_part(name: str) -> tuple[str, *tuple[str, ...]]:
    return (
        f"holds_words(?, d.author) OR {_in_header('any')} OR (NOT {_MAIL} AND ({_party('1')} "
        "OR holds_words(?, d.title)))",
        name, name, name, name,
    )  # fmt: skip


def _holding(word: str) -> tuple[str, *tuple[str, ...]]:
    """The file's name, its title or its text hold a word or a phrase."""
    terms = " ".join(re.findall(r"\w+", word.encode("utf-8", "ignore").decode()))
    if not terms:
        return ("0",)
    said = (
        "f.id IN (SELECT rowid FROM file_fts WHERE file_fts MATCH ?) OR d.id IN "
        "(SELECT p.document_id FROM passage_fts JOIN passage p ON p.id = passage_fts.rowid "
        "WHERE passage_fts MATCH ?)"
    )
    return said, f'"{terms}"', f'"{terms}"'


BEGINNING = 120  # characters of a text in which it says what it is


def _called(word: str) -> tuple[str, *tuple[str, ...]]:
    """Name, folders, title or the beginning of the text call it so, or by another word for it."""
    terms = "\n".join([word, *sorted(kin(word))])
    said = (
        "holds_any(?, f.path) OR holds_any(?, d.title) OR EXISTS (SELECT 1 FROM passage p WHERE "  # noqa: S608
        f"p.document_id = d.id AND p.ordinal = 0 AND holds_any(?, substr(p.text, 1, {BEGINNING})))"
    )
    return said, terms, terms, terms


def _stating(bound: AmountBound) -> tuple[str, *tuple[object, ...]]:
    """The surest amount of a field lies within bounds."""
    value = (
        "(SELECT CAST(v.normal AS REAL) FROM field v WHERE v.document_id = d.id AND v.name = ? "
        "AND v.normal GLOB ? ORDER BY v.confidence DESC, v.char_start LIMIT 1)"
    )
    parts: list[str] = []
    values: list[object] = []
    for limit, mark in (
        (bound.least, ">" if bound.above else ">="),
        (bound.most, "<" if bound.below else "<="),
    ):
        if limit is not None:
            parts.append(f"{value} {mark} ?")
            unit = currencies.ANY_DOLLAR if bound.unit == currencies.DOLLAR else bound.unit
            values += [bound.field, f"* {unit}" if unit else "*", limit]
    return " AND ".join(parts) or "1", *values


_FIELDS = {"due": "due", "expires": "end", "starts": "start"}


def _stating_day(kinds: Sequence[str], after: str, before: str) -> tuple[str, list[object]]:
    """A date of one of these kinds lies in the span; fields of that meaning count, where sure."""
    low, high = _day(after or "0001-01-01"), _day(before or "9999-12-31")
    named = [_FIELDS[kind] for kind in kinds if kind in _FIELDS]
    dated = (
        f"EXISTS (SELECT 1 FROM content_date c WHERE c.file_id = f.id AND c.kind IN "  # noqa: S608
        f"({_marks(kinds)}) AND c.day >= ? AND c.day_end <= ?)"
    )
    stated = (
        f"EXISTS (SELECT 1 FROM field v WHERE v.document_id = d.id AND v.name IN ({_marks(named)}) "  # noqa: S608
        "AND v.confidence >= 0.9 AND v.normal >= ? AND v.normal < ?)"
    )
    days: list[object] = [low.isoformat(), high.isoformat()]
    if not named:
        return dated, [*kinds, *days]
    return f"{dated} OR {stated}", [*kinds, *days, *named, *days]


def _dated(after: str, before: str, date_field: str) -> tuple[str, *tuple[object, ...]]:
    """The file's own day lies in a span; the time of change of one that states none."""
    low, high = _day(after or "0001-01-01"), _day(before or "9999-12-31")
    times = (_nanoseconds(low), _nanoseconds(high))
    by_time = "(f.mtime_ns >= ? AND f.mtime_ns < ?)"
    if date_field == "mtime":
        return by_time, *times
    own = f"((f.day <> '' AND f.day >= ? AND f.day_end <= ?) OR (f.day = '' AND {by_time}))"
    return own, low.isoformat(), high.isoformat(), *times


def endings_of(name: str) -> tuple[str, ...]:
    """The file name endings that a type stands for."""
    word = name.lower().lstrip("*.")
    return TYPES.get(word) or TYPES.get(word.removesuffix("s")) or (word,)


def type_of(suffix: str) -> str:
    """What people call the type of files with this ending; the ending itself where it has no name.

    Of several names it is the first one in :data:`TYPES` that is neither wide nor a brand.
    """
    named = (name for name in TYPES if name not in ("document", "excel") and suffix in TYPES[name])
    return next(named, "document" if suffix in TYPES["document"] else suffix)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a day: {text!r}", hint="write it as 2023-05-31") from None


def _nanoseconds(day: date) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    # SQLite's integers hold 64 bits: years beyond 2262 are beyond every file.
    return max(-(2**63), min(2**63 - 1, seconds * 1_000_000_000))
