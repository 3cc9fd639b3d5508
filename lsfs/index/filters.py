"""Conditions on files, turned into SQL with bound values."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lsfs.errors import UsageError

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
    "code": (
        "py", "c", "h", "cpp", "hpp", "rs", "go", "js", "ts", "java", "kt", "rb", "sh", "sql", "cs",
        "swift", "scala", "lua", "pl", "php", "r", "jl",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What a file must satisfy to be found at all.

    Attributes:
        dir: only at or below this folder; "" is the whole drive.
        after, before: ISO days, half open; "" leaves a side open.
        date_field: ``content`` (a document's own date; the file's time where it states none) or
            ``mtime``.
        types: names of :data:`TYPES` or endings; any of them.
        kinds: kinds of document; any of them.
        author: part of the author's or sender's name.
        ids: only files of these ids in the catalog; None allows all.
    """

    dir: str = ""
    after: str = ""
    before: str = ""
    date_field: str = "content"
    types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    author: str = ""
    ids: tuple[int, ...] | None = None

    def sql(self) -> tuple[str, list[object]]:
        """A condition over ``file f`` and ``document d``, and its values.

        Raises:
            UsageError: a day is no day, or the date field is unknown.
        """
        parts: list[str] = ["d.id IS NOT NULL"]
        values: list[object] = []
        if self.dir:
            raw = os.fsencode(self.dir)
            parts.append("(f.path = ? OR (f.path > ? AND f.path < ?))")
            values += [raw, raw + b"/", raw + b"0"]
        if self.types:
            endings = sorted({e for name in self.types for e in endings_of(name)})
            parts.append(f"f.suffix IN ({_marks(endings)})")
            values += endings
        if self.kinds:
            parts.append(f"f.kind IN ({_marks(self.kinds)})")
            values += self.kinds
        if self.author:
            parts.append("instr(lower(d.author), lower(?)) > 0")
            values.append(self.author)
        if self.ids is not None:
            parts.append("f.id IN (SELECT value FROM json_each(?))")
            values.append(f"[{', '.join(map(str, self.ids))}]")
        self._dates(parts, values)
        return " AND ".join(parts), values

    def _dates(self, parts: list[str], values: list[object]) -> None:
        if not (self.after or self.before):
            return
        after, before = _day(self.after or "0001-01-01"), _day(self.before or "9999-12-31")
        times: list[object] = [_nanoseconds(after), _nanoseconds(before)]
        by_time = "(f.mtime_ns >= ? AND f.mtime_ns < ?)"
        if self.date_field == "mtime":
            parts.append(by_time)
            values += times
        elif self.date_field == "content":
            parts.append(
                f"((f.day <> '' AND f.day >= ? AND f.day_end <= ?) OR (f.day = '' AND {by_time}))"
            )
            values += [after.isoformat(), before.isoformat(), *times]
        else:
            raise UsageError(f"unknown date field {self.date_field!r}", hint="use content or mtime")


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


def _marks(values: object) -> str:
    assert isinstance(values, (list, tuple))  # noqa: S101
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
