"""What a structured invoice states: CII, UBL and FatturaPA, from the text that its XML became.

The XML is the document, or it is attached to the PDF that prints it (ZUGFeRD, Factur-X, XRechnung).
The parser of XML gives each element as a line ``name: text`` below the names of those around it, so
what the standards call an element tells what it states, and its place is a place in the text. CII
(UN/CEFACT Cross Industry Invoice) is ZUGFeRD and Factur-X, CII and UBL (OASIS, 2.1) are XRechnung
and Peppol (EN 16931), FatturaPA is what Italy uses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import ATTACHED, Block, BlockKind, ContentDate, DateKind, Document

_ROOTS = {
    "CrossIndustryInvoice": "cii",
    "CrossIndustryDocument": "cii",  # as ZUGFeRD 1.0 has it
    "Invoice": "ubl",
    "CreditNote": "ubl",
    "FatturaElettronica": "fattura",
}
# A field, or a party's role, and the elements that state it, the surest first. Of CII the words in
# which its versions differ are left out. A line that ends with "/" leads to those below it.
_ELEMENTS = {
    "cii": """
        ExchangedDocument/
            invoice_number ID
            type TypeCode
            date IssueDateTime/DateTimeString
        TradeTransaction/TradeAgreement/
            seller SellerTradeParty/Name
            buyer BuyerTradeParty/Name
            customer_number BuyerTradeParty/ID
            tax_id SellerTradeParty/TaxRegistration/ID
            email SellerTradeParty/DefinedTradeContact/EmailURIUniversalCommunication/URIID
            reference BuyerReference
            order_number BuyerOrderReferencedDocument/IssuerAssignedID
            order_number BuyerOrderReferencedDocument/ID
            contract_number ContractReferencedDocument/IssuerAssignedID
            contract_number ContractReferencedDocument/ID
            quote_number QuotationReferencedDocument/IssuerAssignedID
        TradeTransaction/TradeDelivery/
            delivered ActualDeliveryEvent/OccurrenceDateTime/DateTimeString
        TradeTransaction/TradeSettlement/
            currency InvoiceCurrencyCode
            start BillingPeriod/StartDateTime/DateTimeString
            end BillingPeriod/EndDateTime/DateTimeString
            due TradePaymentTerms/DueDateDateTime/DateTimeString
            iban TradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID
        TradeTransaction/TradeSettlement/TradeSettlementMonetarySummation/
            total GrandTotalAmount
            net TaxBasisTotalAmount
            tax TaxTotalAmount
    """,
    "ubl": """
        /
            invoice_number ID
            type InvoiceTypeCode
            type CreditNoteTypeCode
            date IssueDate
            reference BuyerReference
            order_number OrderReference/ID
            contract_number ContractDocumentReference/ID
            delivered Delivery/ActualDeliveryDate
            currency DocumentCurrencyCode
            start InvoicePeriod/StartDate
            end InvoicePeriod/EndDate
            due DueDate
            due PaymentMeans/PaymentDueDate
            tax TaxTotal/TaxAmount
            iban PaymentMeans/PayeeFinancialAccount/ID
        AccountingSupplierParty/Party/
            seller PartyLegalEntity/RegistrationName
            seller PartyName/Name
            tax_id PartyTaxScheme/CompanyID
            email Contact/ElectronicMail
        AccountingCustomerParty/Party/
            buyer PartyLegalEntity/RegistrationName
            buyer PartyName/Name
            customer_number PartyIdentification/ID
        LegalMonetaryTotal/
            total TaxInclusiveAmount
            total PayableAmount
            net TaxExclusiveAmount
    """,
    "fattura": """
        FatturaElettronicaBody/DatiGenerali/
            invoice_number DatiGeneraliDocumento/Numero
            type DatiGeneraliDocumento/TipoDocumento
            date DatiGeneraliDocumento/Data
            order_number DatiOrdineAcquisto/IdDocumento
            contract_number DatiContratto/IdDocumento
            currency DatiGeneraliDocumento/Divisa
            total DatiGeneraliDocumento/ImportoTotaleDocumento
        FatturaElettronicaHeader/
            seller CedentePrestatore/DatiAnagrafici/Anagrafica/Denominazione
            seller CedentePrestatore/DatiAnagrafici/Anagrafica/Cognome
            buyer CessionarioCommittente/DatiAnagrafici/Anagrafica/Denominazione
            buyer CessionarioCommittente/DatiAnagrafici/Anagrafica/Cognome
            tax_id CedentePrestatore/DatiAnagrafici/IdFiscaleIVA/IdCodice
        FatturaElettronicaBody/DatiPagamento/DettaglioPagamento/
            due DataScadenzaPagamento
            iban IBAN
    """,
}
_VERSIONED = re.compile(r"Applicable|Specified|SupplyChain|Header(?!/)")
_LINE = re.compile(r"^(?P<name>[^\s:(]+)(?: \([^\n]*?\))?: (?P<said>[^\n]+)", re.MULTILINE)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
# Credit notes among the types of UNTDID 1001 that EN 16931 admits, and Italy's.
_CREDITS = frozenset(
    ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532", "TD04")
)
_DATES = {
    "date": DateKind.SIGNED,
    "start": DateKind.STARTS,
    "due": DateKind.DUE,
    "end": DateKind.EXPIRES,
    "delivered": DateKind.DELIVERED,
}
_NEEDED = ("invoice_number", "date", "seller")


def _table(lines: str) -> dict[str, tuple[int, str]]:
    """What an element states, by its path below the root, and how early it stands in the table."""
    table: dict[str, tuple[int, str]] = {}
    lead = ""
    for line in lines.split("\n"):
        if line.endswith("/"):
            lead = line.strip().lstrip("/")
        elif line.strip():
            name, path = line.split()
            table[lead + path] = len(table), name
    return table


_TABLES = {syntax: _table(lines) for syntax, lines in _ELEMENTS.items()}


class Said(Struct, frozen=True):
    """What an element says, and where in the text of the document."""

    start: int
    end: int
    text: str

    @property
    def day(self) -> date | None:
        """The day that it states."""
        match = _DAY.match(self.text)
        try:
            return date(*map(int, match.groups())) if match else None
        except ValueError:
            return None

    @property
    def number(self) -> Decimal | None:
        """The number that it states."""
        try:
            number = Decimal(self.text)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None


class EInvoice(Struct, frozen=True):
    """A structured invoice.

    Attributes:
        said: what it states by field; parties by "seller" and "buyer", the currency by "currency".
        is_credit: whether it is a credit note, whose amounts are written without a sign.
        attached: the name of the attachment that it is; "" where it is the document.
        start: where in the text of the document it begins; before it stands what is printed.
    """

    said: dict[str, Said]
    is_credit: bool
    attached: str = ""
    start: int = 0


def einvoice(document: Document) -> EInvoice | None:
    """What a document states as a structured invoice; None where neither it is one nor what is
    attached to it."""
    if not document.blocks:
        return None
    if document.media_type.endswith("xml"):
        return _invoice(document.blocks, "", 0)
    for page in reversed(document.pages):
        if page.source != ATTACHED:
            return None
        first = bisect_left(document.blocks, page.char_start, key=lambda one: one.char_start)
        last = bisect_left(document.blocks, page.char_end, key=lambda one: one.char_start)
        found = _invoice(document.blocks[first:last], page.label, _printed(document))
        if found is not None:
            return found
    return None


def _printed(document: Document) -> int:
    """Where the text of a document's own pages ends, and that of its attachments begins."""
    return next(page.char_start for page in document.pages if page.source == ATTACHED)


def printed(document: Document, invoice: EInvoice) -> Document:
    """The pages that print an invoice; the document itself where the invoice is all of it."""
    if not invoice.attached:
        return document
    count = bisect_left(document.blocks, invoice.start, key=lambda one: one.char_start)
    blocks = document.blocks[:count]
    return replace(
        document,
        text=document.text[: blocks[-1].char_end if blocks else 0],
        blocks=blocks,
        tables=document.tables[: sum(one.kind is BlockKind.TABLE for one in blocks)],
        pages=tuple(page for page in document.pages if page.source != ATTACHED),
    )


def _invoice(blocks: Sequence[Block], attached: str, start: int) -> EInvoice | None:
    above = 1 if attached else 0  # its name stands above its elements
    paths = (block.heading_path for block in blocks)
    root = next((path[above] for path in paths if len(path) > above), "")
    if root not in _ROOTS:
        return None
    table = _TABLES[_ROOTS[root]]
    best: dict[str, tuple[int, Said]] = {}
    for path, said in _elements(blocks, above, root):
        rank, name = table.get(path, (0, ""))
        if name and (name not in best or rank < best[name][0]):
            best[name] = rank, said
    if not all(name in best for name in _NEEDED):
        return None
    kept = {name: one for name, (_, one) in best.items()}
    is_credit = root == "CreditNote" or ("type" in kept and kept["type"].text in _CREDITS)
    return EInvoice(kept, is_credit, attached, start)


def _elements(blocks: Sequence[Block], above: int, root: str) -> Iterator[tuple[str, Said]]:
    """The elements with text, by their path below the root."""
    for block in blocks:
        names = block.heading_path[above:]
        if not names or names[0] != root:
            continue  # deeper than the innermost names that a block keeps
        for line in _LINE.finditer(block.text):
            path = _VERSIONED.sub("", "/".join((*names[1:], line["name"])))
            start, end = line.span("said")
            yield path, Said(start + block.char_start, end + block.char_start, line["said"])


def dates_of(invoice: EInvoice, days: Sequence[ContentDate]) -> tuple[ContentDate, ...]:
    """The dates that a structured invoice states, its own first, each where it is printed.

    Args:
        days: that are printed.
    """
    stated = [(kind, invoice.said[name]) for name, kind in _DATES.items() if name in invoice.said]
    places = {one.day: one for one in reversed(days)} if invoice.attached else {}
    found: list[ContentDate] = []
    for kind, said in stated:
        day = said.day
        if day is not None:
            plain = ContentDate(day, day + timedelta(days=1), kind, said.start, said.end, said.text)
            seen = places.get(day)
            found.append(replace(seen, kind=kind) if seen is not None else plain)
    return tuple(found)
