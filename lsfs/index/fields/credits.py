"""Papers that give money back: what a credit note or a refund comes to counts against the bills.

They print their amounts without a sign, as bills do; only their title tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from lsfs import bytewise
from lsfs.index.fields.labels import Found
from lsfs.patterns import later

HEAD = 2_000  # characters in which a paper calls itself something
REFUND = "refund"  # what the word "refunded" makes of an amount: the total of a refund
_TURNED = frozenset(("total", "net", "tax"))
_NEEDED = (
    "credit", "adjustment", "refund", "gutschrift", "storno", "erstattung", "crédit", "avoir",
    "rembours", "reembols", "crédito", "abono", "devolución", "rimborso", "kreditnota",
)  # fmt: skip
_CREDIT = (
    r"credit[ -]?(?:note|memo|memorandum|invoice|nota|factuur)|adjustment note|"
    r"refund(?: (?:advice|note|notice|confirmation|receipt|voucher))?|"
    r"stornorechnung|stornogutschrift|rechnungsgutschrift|rechnungsstorno|(?:rück)?erstattung|"
    r"(?P<settled>gutschrift)|note de crédit|(?:facture|note) d['\u2019]avoir|avoir|"
    r"(?:avis de )?remboursement|nota de crédito|(?:nota|factura) de abono|abono|reembolso|"
    r"nota di (?:ac)?credito|rimborso|kreditnota"
)
_OTHER = (
    r"invoices?|bill|rechnung|facture|factura|fattura|factuur|statement(?: of account)?|receipt|"
    r"remittance(?: advice)?|kontoauszug|quotation|quote|(?:purchase )?order|bestellung|commande|"
    r"agreement|contract|vertrag|contrat"
)
# A line that is a title: its name alone, or with its number, its day or what it is for.
_TITLE = later(
    r"^[\W_]*(?:(?:subject|betreff|objet|asunto|oggetto|re)\s*:\s*)?(?:tax |vat |sales )?"
    rf"(?:(?P<credit>{_CREDIT})|(?:{_OTHER}))"
    r"(?=[^\w\n]*$|[^\w\n]+(?:no|nr|n|num\w*|número|id|date|datum|fecha|vom|dated|"
    r"(?:for|to|on|of|zu|zur|pour|sur|sobre|per|su)\s+(?:\w+\s+){0,2}(?:invoice|rechnung|facture|"
    r"factura|fattura|order|bestellung|commande|pedido))\b|[^\w\n]*[A-Z]{0,6}(?:-[A-Z]{1,4})?[-/]?\d)"
    r"(?![^\n]*\d[.,]\d\d\b)",  # no row of a list
    re.IGNORECASE | re.MULTILINE,
)
# A German "Gutschrift" is also a bill that the buyer writes (§ 14 UStG); of one that takes back a
# bill it is said which.
_TAKEN_BACK = later(
    r"\b(?:original|bezugs|ausgangs)?rechnung(?:s-?(?:nr|nummer))?\b", re.IGNORECASE
)


def is_credit(text: str) -> bool:
    """Whether the first title of a paper says that it gives money back."""
    head = text[:HEAD]
    low = bytewise.lower(head)
    if not any(word in low for word in _NEEDED):
        return False
    title = _TITLE.search(head)
    if title is None or not title["credit"]:
        return False
    return not title["settled"] or _TAKEN_BACK.search(head, title.end()) is not None


def signed(found: Iterable[Found], text: str) -> Iterator[Found]:
    """Values of a text, those that a credit note adds up to below zero, refunds as its total."""
    values = list(found)
    credit = any(one.name in _TURNED or one.name == REFUND for one in values) and is_credit(text)
    for one in values:
        if one.name == REFUND:
            if not credit:
                continue
            one = replace(one, name="total")
        below = credit and one.name in _TURNED and not one.form.normal.startswith("-")
        yield replace(one, form=replace(one.form, normal=f"-{one.form.normal}")) if below else one
