"""Who wrote the text that a question names, by what it says below its title or in its properties.

A title page says by whom it is where a name stands, not in a sentence; so no sentence is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import Citation, FieldValue, FoundFile
from lsfs.syscalls.engines import Engines

if TYPE_CHECKING:
    from lsfs.index.asked.askedauthors import Work
    from lsfs.index.find.filters import Filters
    from lsfs.model import Document

CANDIDATES = 30  # files that are looked at
NAMED = 0.75  # share of the words for a text that its name must have
ALONE = 0.5  # share of its name's words that a single word must be
MOST_FILES = 3  # of one name
BEGINNING = 300  # characters in which a title stands
TITLE_LINES = 3
FRONT = 4000  # characters in which the name of the properties is looked for
_WORD = re.compile(r"[^\W_]+")
_FROM = re.compile(r"^From: .+", re.MULTILINE)
_NAMES = re.compile(r"\s*(?:[,;]|\band\b|\bund\b|\bet\b)\s*")
_SENT = frozenset(("label: from", "label: issued by", "label: von", "label: de",
                   "label: absender"))  # fmt: skip


class Author(Struct, frozen=True):
    """Who wrote a file.

    Attributes:
        said: a line that says it.
        citation: where it stands; of the properties of a file there is nothing to quote.
    """

    said: str
    citation: Citation


def written_by(
    engines: Engines, question: str, filters: Filters
) -> tuple[tuple[Author, ...], tuple[FoundFile, ...]]:
    """Who wrote what a question names, and the files that are called so.

    Args:
        filters: what the files must satisfy.

    Returns:
        Nobody where the files do not say it; no file either where none is called so.
    """
    from lsfs.index.asked.askedauthors import asked_work

    work = asked_work(question)
    paths = _called(engines, work, filters) if work is not None else ()
    found = tuple(author for path in paths for author in authors(engines, path))
    named = dict.fromkeys(author.citation.path for author in found) or paths
    return found, tuple(_file(engines, path) for path in named)


def _file(engines: Engines, path: str) -> FoundFile:
    row = engines.catalog.file(path)
    title = engines.catalog.load(row.document_id).title if row and row.document_id else ""
    return FoundFile(path, 1.0, title or PurePosixPath(path).name, "", "", None, "")


# --- which files


def _called(engines: Engines, work: Work, filters: Filters) -> tuple[str, ...]:
    """The files whose name, title or first lines have the words for a text, best first."""
    within = replace(filters, types=("email",)) if work.mail else replace(filters, types=())
    hits = engines.search.hits(
        " ".join(work.words), k=CANDIDATES, filters=within, per_file=1, plain=True
    )
    marked: dict[str, tuple[float, float]] = {}
    for path in dict.fromkeys(hit.path for hit in hits):
        if engines.is_there(path):
            marked[path] = _likeness(work, _names(engines, path))
    best = max(marked.values(), default=(0.0, 0.0))
    if best[0] < NAMED or (len(work.words) == 1 and best[1] < ALONE and not work.topic):
        return ()
    return tuple(path for path, mark in marked.items() if mark == best)[:MOST_FILES]


def _names(engines: Engines, path: str) -> list[list[str]]:
    """What a file may be called, in words: its name, its title, the lines that it begins with."""
    from lsfs.index.find.folding import fold

    row = engines.catalog.file(path)
    with engines.catalog.lock:
        found = engines.catalog.db.execute(
            "SELECT d.title, p.text FROM document d JOIN passage p ON p.document_id = d.id "
            "WHERE d.id = ? AND p.ordinal = 0",
            (row.document_id if row else None,),
        ).fetchone()
    title, text = found or ("", "")
    lines = [line for line in text[:BEGINNING].split("\n") if line.strip()][:TITLE_LINES]
    return [_WORD.findall(fold(name)) for name in (PurePosixPath(path).stem, title, *lines)]


def _likeness(work: Work, names: Sequence[Sequence[str]]) -> tuple[float, float]:
    """The share of the words that the names have, and of the likest name that the words are."""
    words = work.words
    from lsfs.index.groups.languages import STOP_WORDS

    every = [word for name in names for word in name]
    share = sum(any(_is_form(word, other) for other in every) for word in words) / len(words)
    told = [
        [word for word in name if word not in STOP_WORDS and not word.isdigit()] for name in names
    ]
    back = (
        sum(any(_is_form(word, other) for word in work.every) for other in name) / len(name)
        for name in told
        if name
    )
    return share, max(back, default=0.0)


def _is_form(word: str, other: str) -> bool:
    """Whether two words are one with other endings."""
    short, long = sorted((word, other), key=len)
    return word == other or (
        len(short) > 4 and long.startswith(short) and len(long) < len(short) + 4
    )


# --- who


def authors(engines: Engines, path: str) -> Iterator[Author]:
    """Who wrote a file: the sender of a mail, who is named below the title, who signed it, or whom
    its properties name."""
    from lsfs.index.facts.writers import author_of
    from lsfs.index.fields.bylines import BYLINE
    from lsfs.index.store import stated

    row = engines.catalog.file(path)
    if row is None or row.document_id is None:
        return
    document = engines.catalog.load(row.document_id)
    with engines.catalog.lock:
        fields = stated.of_document(engines.catalog.db, row.document_id)
    sender = _FROM.search(document.text[:FRONT]) if _is_mail(document) else None
    if sender is not None:
        yield _line(document, path, sender.start(), sender.end())
        return
    named = [one for one in fields if one.name == "author"]
    named = [one for one in named if one is named[0] or one.rule == named[0].rule == BYLINE]
    party = [one for one in fields if one.name == "party"]
    signed = [one for one in party if one.rule in ("signature", "signed")][:1]
    stated_so = named or signed
    if stated_so:
        yield from _lines(document, path, stated_so)
    elif name := author_of(document.author):
        yield from _by_properties(document, path, name)
    else:
        yield from _lines(document, path, [one for one in party if one.rule in _SENT][:1])


def _is_mail(document: Document) -> bool:
    return document.media_type.startswith("message/") or document.media_type in (
        "application/mbox", "application/vnd.ms-outlook"
    )  # fmt: skip


def _by_properties(document: Document, path: str, name: str) -> Iterator[Author]:
    """Where the beginning has a name of the properties; else the properties say it."""
    front = document.text[:FRONT]
    places = [front.find(one) for one in _NAMES.split(name) if len(one) > 2]
    at = min((place for place in places if place >= 0), default=None)
    if at is None:
        said = f"{name} (author in the properties of {path})"
        yield Author(said, Citation(path, None, None, None, ""))
        return
    yield _around(document, path, at)


def _lines(document: Document, path: str, values: Sequence[FieldValue]) -> Iterator[Author]:
    """The lines of values, each once."""
    seen: set[str] = set()
    for one in values:
        author = _around(document, path, one.char_start)
        if author.said not in seen:
            seen.add(author.said)
            yield author


def _around(document: Document, path: str, at: int) -> Author:
    start = document.text.rfind("\n", 0, at) + 1
    end = document.text.find("\n", at)
    return _line(document, path, start, end if end >= 0 else len(document.text))


def _line(document: Document, path: str, start: int, end: int) -> Author:
    from lsfs.places import Places

    places = Places(document)
    span = next(iter(places.spans(start, end)), None)
    quote = " ".join(document.text[start:end].split())
    page, line = (span.page, span.line) if span else (None, None)
    citation = Citation(path, page, line, line, quote, places.where(start, end))
    return Author(f"\u201c{quote}\u201d", citation)
