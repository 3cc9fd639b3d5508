"""What is asked of files beside the words to look for: the conditions of a question or a filter."""

from __future__ import annotations

from msgspec import Struct

Days = tuple[str, str]  # ISO days, half open; "" leaves a side open


class AmountBound(Struct, frozen=True):
    """What an amount that a document states must be.

    Attributes:
        field: the name of the field: "total", "rent".
        least, most: bounds in ``unit``; None leaves a side open.
        above, below: whether the bound itself is outside ("over 100"), or inside ("at least 100").
        unit: the currency, as in "1450 EUR"; "$" for dollars of any country, "" for any.
    """

    field: str = "total"
    least: float | None = None
    most: float | None = None
    above: bool = False
    below: bool = False
    unit: str = ""


class Conditions(Struct, frozen=True, kw_only=True):
    """What a file must satisfy. The default of each leaves it open.

    Attributes:
        dir: only at or below this folder; "" is the whole drive.
        after, before: ISO days, half open, on ``date_field``; the span around ``spans`` if there
            are several.
        date_field: ``content`` (a document's own date; the file's time where it states none) or
            ``mtime``.
        date_kinds: which dates of a document count, as :class:`lsfs.model.DateKind` names them;
            empty means its own date, or the day from which it takes effect.
        spans: spans of which any fits, when it is more than one; then they count, not ``after``
            and ``before``.
        dated: further dates that it must state: kinds, and the span that one of them must lie in.
        types: names of types or endings of file names; any of them.
        languages: languages in which it is written ("German"); any of them.
        kinds: kinds of document; any of them.
        author: who wrote or sent it: words of the name.
        recipient: to whom it is addressed.
        people: all of them wrote it, received it, or are parties of it.
        not_dirs, not_types, not_languages, not_kinds, not_authors, not_recipients, not_spans: as
            above; what fits any of them is out.
        not_words: words and phrases; files with any of them in name, title or text are out.
        not_titles: words for a sort or a state of documents ("leases", "drafts"); files are out
            that have any of them in name, folders or title, or where their text begins.
        min_bytes, max_bytes: size of the file, both inclusive.
        min_pages, max_pages: number of pages, sheets or slides, both inclusive.
        amounts: amounts that it must state; all of them.
        attachments: whether it is a mail with attachments, or one without.
        empty: only files that hold nothing.
    """

    dir: str = ""
    after: str = ""
    before: str = ""
    date_field: str = "content"
    date_kinds: tuple[str, ...] = ()
    spans: tuple[Days, ...] = ()
    dated: tuple[tuple[tuple[str, ...], str, str], ...] = ()
    types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    author: str = ""
    recipient: str = ""
    people: tuple[str, ...] = ()
    not_dirs: tuple[str, ...] = ()
    not_types: tuple[str, ...] = ()
    not_languages: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    not_authors: tuple[str, ...] = ()
    not_recipients: tuple[str, ...] = ()
    not_spans: tuple[Days, ...] = ()
    not_words: tuple[str, ...] = ()
    not_titles: tuple[str, ...] = ()
    min_bytes: int | None = None
    max_bytes: int | None = None
    min_pages: int | None = None
    max_pages: int | None = None
    amounts: tuple[AmountBound, ...] = ()
    attachments: bool | None = None
    empty: bool = False


EXCLUDING = (
    "not_dirs", "not_types", "not_languages", "not_kinds", "not_authors", "not_recipients",
    "not_spans", "not_words", "not_titles",
)  # fmt: skip
"""Conditions that leave files out."""
REQUIRING = (
    "recipient", "people", "min_bytes", "max_bytes", "min_pages", "max_pages", "amounts",
    "attachments", "empty", "types", "languages", "dir", "author", "dated",
)  # fmt: skip
"""Conditions that a file must satisfy, even where kind and time only make it more likely meant."""
HARD = (*EXCLUDING, *REQUIRING)
"""Conditions that exclude even where kind and time only make a file more likely meant."""
