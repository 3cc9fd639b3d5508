"""Structured invoices: what CII, UBL and FatturaPA state becomes fields, dates and a kind."""

from __future__ import annotations

import base64
import os

import pytest

from lsfs.index.facts.einvoice import einvoice
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import READ_CHARS, fields_of
from lsfs.index.fields.meant import role_of
from lsfs.index.readers.making import facts_of
from lsfs.index.readers.passages import split
from lsfs.model import DateKind, Document, FieldValue
from lsfs_parsers import detect
from lsfs_parsers.base import HeldSource
from lsfs_parsers.pdf import PdfParser
from lsfs_parsers.xml_text import XmlParser
from tests.parsers.pdf_drawing import portfolio

CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:r" xmlns:ram="urn:a" xmlns:udt="urn:u">
 <rsm:ExchangedDocument><ram:ID>RE 2024/17</ram:ID><ram:TypeCode>{type}</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240305</udt:DateTimeString>
  </ram:IssueDateTime>
  <ram:IncludedNote><ram:Content>Zur Bestellung vom 01.03.2024</ram:Content></ram:IncludedNote>
 </rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:SpecifiedTradeProduct><ram:Name>Joghurt</ram:Name></ram:SpecifiedTradeProduct>
   <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>
    <ram:LineTotalAmount>445.27</ram:LineTotalAmount>
   </ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>
  </ram:IncludedSupplyChainTradeLineItem>{more}
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Käserei Alm GmbH</ram:Name><ram:SpecifiedTaxRegistration>
    <ram:ID schemeID="VA">DE123456789</ram:ID></ram:SpecifiedTaxRegistration>
   </ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:ID>K-88</ram:ID><ram:Name>Markt Nord AG</ram:Name>
   </ram:BuyerTradeParty>
   <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>B-5</ram:IssuerAssignedID>
   </ram:BuyerOrderReferencedDocument>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
    <udt:DateTimeString format="102">20240404</udt:DateTimeString></ram:DueDateDateTime>
   </ram:SpecifiedTradePaymentTerms>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:TaxBasisTotalAmount>445.27</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">84.60</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>529.87</ram:GrandTotalAmount>
    <ram:DuePayableAmount>29.87</ram:DuePayableAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""
UBL = """<ubl:CreditNote xmlns:ubl="urn:u" xmlns:cac="urn:a" xmlns:cbc="urn:b">
 <cbc:ID>GS-9</cbc:ID><cbc:IssueDate>2025-02-01</cbc:IssueDate>
 <cbc:DocumentCurrencyCode>CHF</cbc:DocumentCurrencyCode>
 <cac:OrderReference><cbc:ID>4711</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyName><cbc:Name>Alm</cbc:Name></cac:PartyName>
  <cac:PartyLegalEntity><cbc:RegistrationName>Käserei Alm AG</cbc:RegistrationName>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Markt Nord</cbc:Name>
  </cac:PartyName></cac:Party></cac:AccountingCustomerParty>
 <cac:LegalMonetaryTotal>
  <cbc:TaxInclusiveAmount currencyID="CHF">120.5</cbc:TaxInclusiveAmount>
 </cac:LegalMonetaryTotal>
</ubl:CreditNote>"""
FATTURA = """<p:FatturaElettronica versione="FPR12" xmlns:p="urn:p"><FatturaElettronicaHeader>
 <CedentePrestatore><DatiAnagrafici><Anagrafica><Denominazione>Alfa Srl</Denominazione>
  </Anagrafica></DatiAnagrafici></CedentePrestatore>
 <CessionarioCommittente><DatiAnagrafici><Anagrafica><Denominazione>Beta SpA</Denominazione>
  </Anagrafica></DatiAnagrafici></CessionarioCommittente></FatturaElettronicaHeader>
 <FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento>
  <TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>2023-12-18</Data>
  <Numero>123/A</Numero><ImportoTotaleDocumento>36.60</ImportoTotaleDocumento>
 </DatiGeneraliDocumento></DatiGenerali></FatturaElettronicaBody>
</p:FatturaElettronica>"""


def parsed(text: str) -> Document:
    data = text.encode()
    return XmlParser().parse(
        HeldSource(-1, "invoice.xml", len(data), media_type=detect.XML, data=data)
    )


def values(document: Document) -> list[FieldValue]:
    return fields_of(document, facts_of(document, "a.xml").dates, definitions())


def normal(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in values(document):
        assert document.text[one.char_start : one.char_end] == one.value
        assert one.confidence == 1.0
        found.setdefault(one.name, []).append(one.normal)
    return found


def roles(document: Document) -> dict[str, str]:
    return {role_of(one.rule): one.value for one in values(document) if one.name == "party"}


def test_cii() -> None:
    document = parsed(CII.format(type="380", more=""))
    facts = facts_of(document, "a.xml")
    assert (facts.kind, facts.day) == ("invoice", "2024-03-05")
    assert roles(document) == {"supplier": "Käserei Alm GmbH", "customer": "Markt Nord AG"}
    found = normal(document)
    assert found.pop("party") == ["kaserei alm", "markt nord"]
    assert found == {
        "invoice_number": ["RE2024/17"],
        "date": ["2024-03-05"],
        "due": ["2024-04-04"],
        "order_number": ["B-5"],
        "customer_number": ["K-88"],
        "tax_id": ["DE123456789"],
        "total": ["529.87 EUR"],
        "net": ["445.27 EUR"],
        "tax": ["84.60 EUR"],
    }


def test_dates_say_what_they_are() -> None:
    document = parsed(CII.format(type="380", more=""))
    assert [(one.kind, str(one.day)) for one in facts_of(document, "a.xml").dates] == [
        (DateKind.SIGNED, "2024-03-05"),
        (DateKind.DUE, "2024-04-04"),
        (DateKind.MENTIONED, "2024-03-01"),
    ]


def test_the_amounts_of_a_credit_note_are_negative() -> None:
    assert normal(parsed(CII.format(type="381", more="")))["total"] == ["-529.87 EUR"]
    found = normal(parsed(UBL))
    assert found["total"] == ["-120.50 CHF"]
    assert found["order_number"] == ["4711"]


def test_of_two_names_the_registered_one_counts() -> None:
    assert roles(parsed(UBL)) == {"supplier": "Käserei Alm AG", "customer": "Markt Nord"}


def test_fattura() -> None:
    document = parsed(FATTURA)
    found = normal(document)
    assert found["invoice_number"] == ["123/A"]
    assert found["total"] == ["36.60 EUR"]
    assert roles(document) == {"supplier": "Alfa Srl", "customer": "Beta SpA"}
    assert facts_of(document, "a.xml").day == "2023-12-18"


@pytest.mark.parametrize(
    "text",
    [
        "<Invoice><ID>7</ID><IssueDate>2024-01-01</IssueDate></Invoice>",  # nobody's
        "<invoices><Invoice><ID>7</ID></Invoice></invoices>",
    ],
)
def test_other_xml_is_none(text: str) -> None:
    document = parsed(text)
    assert einvoice(document) is None


def test_parties_behind_many_items_are_found() -> None:
    item = "<ram:IncludedSupplyChainTradeLineItem><ram:Name>{}</ram:Name>"
    items = "".join(
        item.format(f"item {n} " + "of many " * 30) + "</ram:IncludedSupplyChainTradeLineItem>"
        for n in range(2500)
    )
    document = parsed(CII.format(type="380", more=items))
    assert len(document.text) > READ_CHARS
    assert len(normal(document)["party"]) == 2


def test_what_is_attached_is_no_text() -> None:

    attached = base64.encodebytes(os.urandom(3000)).decode()
    document = parsed(f"<a><file name='x.pdf'>{attached}</file><note>{'words ' * 200}</note></a>")
    assert attached[:40] not in document.text
    assert "file (name=x.pdf)" in document.text
    assert "words words" in document.text


def hybrid(lines: list[str], xml: str, name: str = "factur-x.xml") -> Document:
    """A PDF with some lines on its page, and an invoice attached."""
    data = portfolio({name: xml.encode()}, *lines)
    return PdfParser().parse(
        HeldSource(-1, "a.pdf", len(data), media_type="application/pdf", data=data)
    )


PRINT = [
    "Käserei Alm GmbH", "Rechnung Nr. RE 2024/17", "Rechnungsdatum: 05.03.2024",
    "Markt Nord AG", "Joghurt 445,27 EUR", "Gesamtbetrag: 529,87 EUR", "Zahlbar sofort",
]  # fmt: skip


def test_what_a_pdf_has_attached_wins_and_is_cited_where_it_is_printed() -> None:
    document = hybrid(PRINT, CII.format(type="380", more=""))
    facts = facts_of(document, "a.pdf")
    assert (facts.kind, facts.day) == ("invoice", "2024-03-05")
    assert roles(document) == {"supplier": "Käserei Alm GmbH", "customer": "Markt Nord AG"}
    found = {one.name: one for one in values(document)}
    assert {one.confidence for one in found.values()} == {1.0}
    total, due = found["total"], found["due"]
    assert (total.value, total.normal, total.where) == ("529,87 EUR", "529.87 EUR", "p.1")
    assert total.rule == "e-invoice factur-x.xml"
    assert (due.normal, due.where) == ("2024-04-04", "attachment factur-x.xml")
    assert found["date"].where == "p.1"
    assert [str(one.day) for one in facts.dates] == ["2024-03-05", "2024-04-04"]


def test_a_total_that_is_printed_otherwise_is_kept_beside_it() -> None:
    lines = [line.replace("529,87", "530,00") for line in PRINT]
    totals = [
        one for one in values(hybrid(lines, CII.format(type="380", more=""))) if one.name == "total"
    ]
    assert [(one.normal, one.where) for one in totals] == [
        ("529.87 EUR", "attachment factur-x.xml"), ("530 EUR", "p.1"),
    ]  # fmt: skip


def test_net_and_total_of_one_amount_are_two_values() -> None:
    xml = CII.format(type="380", more="").replace("445.27", "529.87").replace("84.60", "0.00")
    found = {one.name: one.where for one in values(hybrid(PRINT, xml))}
    assert found["total"] == "p.1"
    assert found["net"] == "attachment factur-x.xml"


def test_passages_are_cut_from_what_is_printed() -> None:
    document = hybrid(PRINT, CII.format(type="380", more=""))
    assert "GrandTotalAmount" in document.text
    assert all("GrandTotalAmount" not in one.text for one in split(document))


def test_other_attachments_make_no_invoice() -> None:
    assert einvoice(hybrid(PRINT, "<Invoice><ID>7</ID></Invoice>")) is None
    assert einvoice(hybrid(PRINT, "no xml at all")) is None
