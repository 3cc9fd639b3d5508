"""What a structured invoice states: CII, UBL and FatturaPA, from the text that its XML became.

The parser of XML gives each element as a line ``name: text`` below the names of those around it, so
what the standards call an element tells what it states, and its place is a place in the text. CII
(UN/CEFACT Cross Industry Invoice) is ZUGFeRD and Factur-X, CII and UBL (OASIS, 2.1) are XRechnung
and Peppol (EN 16931), FatturaPA is what Italy uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from lsfs.model import ContentDate, DateKind, Document

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
    """

    said: dict[str, Said]
    is_credit: bool


def einvoice(document: Document) -> EInvoice | None:
    """What a document states as a structured invoice; None where it is none."""
    if not document.media_type.endswith("xml") or not document.blocks:
        return None
    root = next(iter(document.blocks[0].heading_path), "")
    if root not in _ROOTS:
        return None
    table = _TABLES[_ROOTS[root]]
    best: dict[str, tuple[int, Said]] = {}
    for path, said in _elements(document, root):
        rank, name = table.get(path, (0, ""))
        if name and (name not in best or rank < best[name][0]):
            best[name] = rank, said
    if not all(name in best for name in _NEEDED):
        return None
    kept = {name: one for name, (_, one) in best.items()}
    is_credit = root == "CreditNote" or ("type" in kept and kept["type"].text in _CREDITS)
    return EInvoice(kept, is_credit)


def _elements(document: Document, root: str) -> Iterator[tuple[str, Said]]:
    """The elements with text, by their path below the root."""
    for block in document.blocks:
        names = block.heading_path
        if not names or names[0] != root:
            continue  # deeper than the innermost names that a block keeps
        for line in _LINE.finditer(document.text, block.char_start, block.char_end):
            path = _VERSIONED.sub("", "/".join((*names[1:], line["name"])))
            yield path, Said(*line.span("said"), line["said"])


def dates_of(document: Document) -> tuple[ContentDate, ...]:
    """The dates that a structured invoice states, its own first; () where a document is none."""
    invoice = einvoice(document)
    if invoice is None:
        return ()
    stated = [(kind, invoice.said[name]) for name, kind in _DATES.items() if name in invoice.said]
    return tuple(
        ContentDate(day, day + timedelta(days=1), kind, said.start, said.end, said.text)
        for kind, said in stated
        if (day := said.day)
    )
