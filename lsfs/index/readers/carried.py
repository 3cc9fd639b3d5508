"""What a mail is besides a mail: an invoice that it carries, or that it is itself."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lsfs.index.facts.kinds import CALLS_ITSELF, Kind, kind_of
from lsfs.model import Document, Page

# Papers that are sent by mail; a mail is found by these kinds and as a mail.
PAPERS = frozenset(
    ("invoice", "receipt", "order", "quote", "contract", "statement", "report", "resume", "minutes")
)
MAILS = frozenset(("message/rfc822", "application/vnd.ms-outlook"))
MOST_PARTS = 20  # of a mail that are looked at


def carried(document: Document) -> Kind | None:
    """The kind of the paper that a mail is or has attached; None where it has none.

    An attachment is told by its name and its text, the mail itself only by what it calls itself:
    who writes about an invoice sends none.

    Args:
        document: a single mail, as read: its parts are its pages.
    """
    found = [kind for kind in _kinds(document) if kind.name in PAPERS]
    return max(found, key=lambda kind: kind.score, default=None)


def _kinds(document: Document) -> Iterator[Kind]:
    whole = Page(1, "", 0, len(document.text))
    first, *attached = document.pages[:MOST_PARTS] or (whole,)
    own = kind_of(_part(document, first, below="\n\n"), "")
    if CALLS_ITSELF in own.reason:
        yield replace(own, reason=f"a mail that {own.reason}")
    for page in attached:
        kind = kind_of(_part(document, page), page.label)
        yield replace(kind, reason=f"attached {page.label!r}: {kind.reason}")


def _part(document: Document, page: Page, below: str = "") -> Document:
    """A part of a mail as a document of its own.

    Args:
        below: it begins behind the first of these, as the text of a mail does behind its head.
    """
    text = document.text[page.char_start : page.char_end]
    text = text.partition(below)[2] if below else text
    plain = replace(document, media_type="text/plain", title="", text=text)
    return replace(plain, blocks=(), tables=(), pages=())
