"""What a mail is besides a mail: an invoice that it carries, or that it is itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from lsfs.index.facts.kinds import CALLS_ITSELF, Kind, kind_of, named_by
from lsfs.model import Document, Page
from lsfs.patterns import later

# Papers that are sent by mail; a mail is found by these kinds and as a mail.
PAPERS = frozenset(
    ("invoice", "receipt", "order", "quote", "contract", "statement", "report", "resume", "minutes")
)
MAILS = frozenset(("message/rfc822", "application/vnd.ms-outlook"))
MOST_PARTS = 20  # of a mail that are looked at
_SUBJECT = later(
    r"^(?:subject|betreff|objet|asunto|oggetto|onderwerp|ämne)\s*:\s*(.+)$", re.I | re.M
)
# An answer, or a mail about an invoice that was sent before.
_ABOUT = later(
    r"\b(?:re|aw|wg|fwd?|tr|rv|antw|sv)\s*:|remind|overdue|unpaid|outstanding|question|query|paid|"
    r"late\b|missing|mahnung|erinnerung|überfällig|frage|rappel|relance|impay|recordatorio|vencid|"
    r"impagad|sollecito|scadut|herinnering|aanmaning|påminnelse",
    re.I,
)
_NUMBER = later(
    r"^\W*(?:(?:tax )?invoice|bill|rechnungs?|facture|factura|fattura|factuur)[ -]*"
    r"(?:no|number|nr|nummer|num|n[º°o]|num[eé]ro|#)?\b\.?\s*[:#]?\s*[\w/.-]*\d",
    re.I | re.M,
)
_TOTAL = later(
    r"^\W*(?:grand total|total|amount due|balance due|gesamt\w*|rechnungsbetrag|summe|endbetrag|"
    r"montant|importe|totale|importo|totaal|te betalen)\b[^\n\d]{0,40}\d",
    re.I | re.M,
)


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
    elif _is_invoice(document.text[first.char_start : first.char_end]):
        yield Kind("invoice", 5.0, "a mail that states number and total of what its subject names")
    for page in attached:
        kind = kind_of(_part(document, page), page.label)
        yield replace(kind, reason=f"attached {page.label!r}: {kind.reason}")


def _is_invoice(text: str) -> bool:
    """Whether a mail is the invoice that its subject names: it states its number and its total."""
    head, _, body = text.partition("\n\n")
    subject = _SUBJECT.search(head)
    if subject is None or named_by(subject[1]) != "invoice" or _ABOUT.search(subject[1]):
        return False
    return bool(_NUMBER.search(body) and _TOTAL.search(body))


def _part(document: Document, page: Page, below: str = "") -> Document:
    """A part of a mail as a document of its own.

    Args:
        below: it begins behind the first of these, as the text of a mail does behind its head.
    """
    text = document.text[page.char_start : page.char_end]
    text = text.partition(below)[2] if below else text
    plain = replace(document, media_type="text/plain", title="", text=text)
    return replace(plain, blocks=(), tables=(), pages=())
