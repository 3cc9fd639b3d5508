"""What documents state, by rules: in prose, behind labels, in tables, in several languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs import config
from lsfs.config import FieldConfig
from lsfs.errors import UsageError
from lsfs.index.facts.dates import content_dates
from lsfs.index.fields import extract
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import fields_of
from lsfs.index.fields.meant import role_of, source, without_signers
from lsfs.index.fields.undefined import sought, values_in
from lsfs.model import Block, BlockKind, Document, FieldValue, Span, Table

from .conftest import document


def read(text: str, **own: FieldConfig) -> list[FieldValue]:
    found = document(text)
    return fields_of(found, content_dates(found, ""), definitions(own))


def normal(text: str, **own: FieldConfig) -> dict[str, list[str]]:
    """The values by field, the surest first, each proved by its span."""
    values: dict[str, list[str]] = {}
    for one in read(text, **own):
        assert " ".join(text[one.char_start : one.char_end].split()) == one.value
        values.setdefault(one.name, []).append(one.normal)
    return values


LEASE = """LEASE

This agreement is made on 3 May 2023
between Harbour Estates Ltd (the "Landlord") and Ms Anna Schmidt.

The lease commences on 1 June 2023 and is concluded for a period of 24 months. The monthly rent
is EUR 900.00. A security deposit of EUR 2,700 is payable within 14 days; a penalty of EUR 50 is
no rent.
Either party may terminate with three months' notice. Questions: info@harbour.example."""


def test_prose() -> None:
    found = normal(LEASE)
    assert found["party"] == ["harbour estates", "anna schmidt"]
    assert found["date"] == ["2023-05-03"]
    assert found["start"] == ["2023-06-01"]
    assert found["term"] == ["P24M"]
    assert found["notice"] == ["P3M"]
    assert found["rent"] == ["900 EUR"]
    assert found["deposit"] == ["2700 EUR"]
    assert found["email"] == ["info@harbour.example"]


@pytest.mark.parametrize(
    ("sentence", "own"),
    [
        ("Der Vertrag tritt am 01.06.2023 in Kraft und gilt für 24 Monate.", False),
        ("Le bail prend effet le 1er juin 2023 pour une durée de 24 mois.", False),
        ("This agreement is effective 1 June 2023.", True),
    ],
)
def test_a_day_from_which_a_contract_is_in_force(sentence: str, own: bool) -> None:
    found = normal(f"Mietvertrag\n\n{sentence}\n")
    assert found["date" if own else "start"] == ["2023-06-01"]
    assert ("start" if own else "date") not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Rechnung Nr. 2023-0815\nRechnungsdatum: 03.05.2023\nKunde:\nBeispiel AG\n\n"
            "Zahlbar bis 17.05.2023 auf IBAN DE89 3704 0044 0532 0130 00",
            {
                "invoice_number": ["2023-0815"], "date": ["2023-05-03"], "party": ["beispiel"],
                "due": ["2023-05-17"], "iban": ["DE89370400440532013000"],
            },
        ),
        (
            "Facture n° F-2023/17    Date de facture : 3 mai 2023\nMontant TTC : 1 190,50 €",
            {"invoice_number": ["F-2023/17"], "date": ["2023-05-03"], "total": ["1190.50 EUR"]},
        ),
        (
            "Entre los abajo firmantes, Casa Blanca S.L. y Don Luis Pérez. La renta mensual es de "
            "750,00 € y la duración del contrato será de dos años.",
            {"party": ["casa blanca", "luis perez"], "rent": ["750 EUR"], "term": ["P2Y"]},
        ),
        ("Sehr geehrte Frau Dr. Weber,\n\ndanke.\n\nMit freundlichen Grüßen\n\nJonas Keller",
         {"party": ["weber", "jonas keller"]}),
    ],
)  # fmt: skip
def test_languages(text: str, expected: dict[str, list[str]]) -> None:
    assert {name: normal(text).get(name) for name in expected} == expected


def test_rows_and_columns_of_tables() -> None:
    rows = (("Invoice no", "Date", "Customer no"), ("A-17", "3 May 2023", "10044"))
    text = "\n".join(" | ".join(row) for row in rows)
    sums = "Subtotal | 100.00\nVAT 19 % | 19.00\nTotal | 119.00 EUR"
    whole = f"{text}\n\n{sums}"
    blocks = tuple(
        Block(BlockKind.TABLE, part, at, at + len(part), spans=(Span(at, at + len(part), page=2),))
        for part, at in ((text, 0), (sums, len(text) + 2))
    )
    cells = tuple(tuple(line.split(" | ")) for line in sums.split("\n"))
    found = Document(
        "text/plain", "x", 1, text=whole, blocks=blocks, tables=(Table(rows), Table(cells))
    )
    values = {one.name: one for one in fields_of(found, content_dates(found, ""), definitions())}
    expected = {
        "invoice_number": "A-17", "date": "2023-05-03", "customer_number": "10044",
        "net": "100 EUR", "tax": "19 EUR", "total": "119 EUR",
    }  # fmt: skip
    assert {name: values[name].normal for name in expected} == expected
    assert values["total"].page == 2


def test_words_that_only_look_like_labels() -> None:
    found = normal(
        "Total eclipse of 2023. The tenant from Berlin pays. Date palms.\n\nInvoice\n12 Main St"
    )
    assert not found.keys() & {"total", "party", "invoice_number"}


def test_the_title_of_a_contract_is_no_party() -> None:
    text = (
        "Supply Agreement\nThis agreement is made on 3 May 2023 between Acme Ltd "
        '("Supplier") and Heron GmbH ("Customer").\n'
    )
    assert normal(text)["party"] == ["acme", "heron"]


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        (
            'Freight\n\nSigned on 19 December 2022 by Calder Freight, Dock Road 44 ("the Carrier") '
            'and Ellingsen & Roth, Slipway 8 ("the Shipper").\n',
            ["calder freight", "ellingsen roth"],
        ),
        (
            "Framework\n\nSeabank Council, Town Hall Square 1, represented by its head "
            '("the Council"), and Ellingsen & Roth, joiners (\u201cthe Supplier\u201d).\n',
            ["ellingsen roth", "seabank council"],
        ),
        ("Skylark Cleaning and Ellingsen & Roth agree, on 24 January 2022, that windows are "
         "cleaned.\n", ["ellingsen roth", "skylark cleaning"]),
        ("Landlord and Tenant agree that the flat is clean.\n", []),
        ("Historians and Economists agree that prices rose.\n", []),
        ('The flat at Mill Lane, Leeds ("the Premises") is let.\n', []),
    ],
)  # fmt: skip
def test_parties_as_contracts_write_them(text: str, parties: list[str]) -> None:
    assert sorted(normal(text).get("party", [])) == parties


@pytest.mark.parametrize(
    ("names", "parties"),
    [
        ("Smith and Sons Ltd and Acme GmbH", ["smith and sons", "acme"]),
        ("Baker and Sons and Carter Ltd", ["baker and sons", "carter"]),
        ("Müller und Söhne GmbH und Weber AG", ["muller und sohne", "weber"]),
        ("García e Hijos S.L. y Banco Sol S.A.", ["garcia e hijos", "banco sol"]),
        ("Marks and Spencer plc and Acme Ltd", ["marks and spencer", "acme"]),
        ("Smith and Acme Ltd", ["smith", "acme"]),
        ("John Smith and Jane Doe", ["john smith", "jane doe"]),
    ],
)
def test_firms_with_an_and_in_their_name(names: str, parties: list[str]) -> None:
    found = normal(f"This contract is made between {names}.\n")
    assert sorted(found["party"]) == sorted(parties)


def test_own_fields() -> None:
    own = {
        "cost_centre": FieldConfig("number", ("Cost centre", "Kostenstelle")),
        "project": FieldConfig(regex=r"\bPRJ-(\d{4})\b"),
    }
    found = normal("Kostenstelle: 4711\n\nFor PRJ-0042 only.", **own)
    assert (found["cost_centre"], found["project"]) == (["4711"], ["0042"])


def test_a_pattern_that_never_ends_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="lsfs"):  # whatever an earlier test has set
        assert "x" not in normal("a" * 40 + "!", x=FieldConfig(regex=r"(a|aa)+$"))
    assert "fields.x.regex" in caplog.text


def test_own_fields_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "user.toml"
    file.write_text('[fields.cost_centre]\ntype = "number"\nlabels = ["Cost centre"]\n')
    loaded = config.load(user_file=file, environment={})
    assert loaded.fields["cost_centre"] == FieldConfig("number", ("Cost centre",))
    for wrong in ('[fields.x]\nlabel = "y"', '[fields.x]\ntype = "z"', '[fields.x]\nregex = "("'):
        file.write_text(wrong)
        with pytest.raises(UsageError):
            config.load(user_file=file, environment={})


@pytest.mark.parametrize(
    "text",
    [
        "between " * 20_000, "total: " * 20_000, "€" * 50_000, "EUR 1.000," * 10_000,
        "DE00" + " 0000" * 20_000, "+49 " * 20_000, "a@" * 30_000, "|" * 50_000,
        ("Dear " + "X" * 5000 + "\n") * 40, "1 000 000 " * 10_000, "between A " + "and " * 20_000,
    ],
)  # fmt: skip
def test_hostile_text_takes_no_time_to_speak_of(text: str) -> None:
    assert isinstance(read(text[:200_000]), list)  # the suite's time limit is the assertion


def test_only_the_beginning_of_a_huge_document_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    first = "Total: 5.00 EUR"
    text = f"{first}\n\n{'words ' * 9}\n\nInvoice no.: 77"
    assert {one.name for one in read(text)} > {one.name for one in read(first)}
    monkeypatch.setattr(extract, "READ_CHARS", 60)
    assert read(text) == read(first)


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        ("Vaultline stores back-ups of Roth & Sons. Accepted on 11 February 2025 by Pia Lund.",
         {"supplier": "vaultline", "customer": "roth sons"}),
        ("Pebble Hosting provides to Acme Ltd web space of 40 GB. Agreed on 1 September 2020.",
         {"supplier": "pebble hosting", "customer": "acme"}),
        ("Roth & Sons employs Ms Pia Lund as office manager. Signed on 1 February 2022.",
         {"employer": "roth sons", "employee": "pia lund"}),
        ("Krautwerk liefert Gemüse an Mensa Nord. Vereinbart am 3. Mai 2021.",
         {"supplier": "krautwerk", "customer": "mensa nord"}),
        ("Apple sells phones to Vodafone. The figures were published on 3 May 2021.", {}),
        ("The Supplier delivers chairs to Acme Ltd. Signed on 3 May 2021.", {}),
        ("Acme Ltd stores wood. Signed on 3 May 2021.", {}),
    ],
)  # fmt: skip
def test_parties_of_a_contract_of_one_sentence(text: str, parties: dict[str, str]) -> None:
    found = [one for one in read(text) if one.name == "party"]
    told = {role_of(one.rule): one.normal for one in found if one.rule.startswith("undertakes")}
    assert told == parties


def test_who_signs_for_a_party_is_none() -> None:
    def party(value: str, rule: str, at: int) -> FieldValue:
        return FieldValue("party", value, value.lower(), at, at + len(value), rule=rule)

    firm = party("Ellingsen & Roth", "role: supplier", 100)
    signer = party("Mara Ellingsen", "label: supplier", 4000)
    council = party("Seabank Council", "role: customer", 40)
    assert without_signers([firm, signer, council]) == [firm, council]
    tenants = [party("Anna Schmidt", "label: tenant", 50), party("Ben Vogel", "label: tenant", 80)]
    assert without_signers(tenants) == tenants
    again = party("Ellingsen & Roth", "label: supplier", 4000)
    other = party("Acme Ltd", "label: supplier", 5000)
    assert without_signers([firm, again, other]) == [firm, again, other]


def test_a_paper_without_a_legal_form_on_its_head() -> None:
    text = "Hadley Plumbing and Heating\n\nINVOICE\n\nInvoice number: HPH-3310\n"
    (party,) = [one for one in read(text) if one.name == "party"]
    assert (party.value, role_of(party.rule)) == ("Hadley Plumbing and Heating", "supplier")
    assert "party" not in normal("Some Remarks on Prices\n\nThe price rose.\n")
    assert "party" not in normal("Invoice Template\n\nINVOICE\n")


def test_the_number_in_a_title() -> None:
    assert normal("Sales invoice F/2023/1196\n")["invoice_number"] == ["F/2023/1196"]
    assert normal("Our quotation: Q-881\n")["quote_number"] == ["Q-881"]
    for other in (
        "Annual invoice 2023\n",
        "Credit note for invoice 17-3\n",
        "Order 66 was given\n",
    ):
        assert not {"invoice_number", "order_number"} & normal(other).keys()


def test_an_amount_of_anything_is_what_a_paper_comes_to_where_no_total_is() -> None:
    assert normal("CREDIT ADVICE\nAmount: GBP 1,150.00\n")["total"] == ["1150 GBP"]
    assert normal("Amount: 100.00 EUR\nTotal: 120.00 EUR\n")["total"][0] == "120 EUR"
    assert "total" not in normal("Insured amount: EUR 1,000,000.00\n")
    assert "total" not in normal("Description | Amount\nBolts | 12.00 EUR\nNuts | 3.00 EUR\n")


def test_what_stands_behind_a_bold_label() -> None:
    assert normal("**Reference:** P-2301\n")["reference"] == ["p-2301"]


def test_what_stands_below_a_title_may_be_a_name() -> None:
    found = normal(
        "TAX INVOICE\n\nStudio 55\n12 Quay Street, Bristol BS1 4QA\n\nOur invoice: F/13\n"
    )
    assert found["invoice_number"] == ["F/13"]
    assert found["party"] == ["studio 55"]


def test_a_firm_of_several_names() -> None:
    for name in ("Pemberton, Ashe & Co. LLP", "Klein, Weber und Partner", "Finch Bros. Ltd"):
        found = [one.value for one in read(f"Client: {name}, 17 place Bellecour\n")]
        assert found == [name]
    assert [one.value for one in read("To: Anna Schmidt, Weber & Co. KG\n")] == ["Anna Schmidt"]


def test_who_wrote_a_paper() -> None:
    head = (
        "Minirhizotron Images with Few Labels\n\n{}\n\nUniversity of Leeds\n\nAbstract\n\nRoots.\n"
    )
    for names in ("Hana Kowalczyk1,2*, Jun Sato\u2020 and J. R. van den Berg", "Lukas Weber"):
        text = head.format(names)
        title, *rest = document(text).blocks
        read_ = replace(document(text), blocks=(replace(title, kind=BlockKind.TITLE), *rest))
        found = [one.value for one in fields_of(read_, (), definitions()) if one.name == "author"]
        wanted = ["Lukas Weber"] if "Weber" in names else None
        assert found == (wanted or ["Hana Kowalczyk", "Jun Sato", "J. R. van den Berg"])
    assert "author" not in normal("Soil Biology Notes\n\nJournal of Crop Ecology\n\nAbstract\n")


def test_identifiers_of_papers_but_not_of_those_they_cite() -> None:
    text = "A Paper\n\nhttps://doi.org/10.5555/JCE.2021.118.\n\nReferences\n\n[1] doi:10.5555/x.1\n"
    assert normal(text)["doi"] == ["10.5555/jce.2021.118"]


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        (
            "between Bolt Energy plc, 1 Grid Street (the “Sponsor”) and Larkfield Club (the “Club”)"
            "\n\nThe Sponsor pays.\n",
            {"Bolt Energy plc": "between: sponsor", "Larkfield Club": "between"},
        ),
        (
            "zwischen der Fluss & Feld AG, Uferweg 8, 8200 Schaffhausen (Sponsor)\n\nund dem "
            "Larkfield Club (Verein)\n\nDer Sponsor zahlt.\n",
            {"Fluss & Feld AG": "between: sponsor", "Larkfield Club": "between"},
        ),
        (
            "Between Hollis and Reid Architects (7 Yard, Bath) and Calder Studio.\n",
            {"Hollis and Reid Architects": "between", "Calder Studio": "between"},
        ),
        (
            "between Tide Trust of 3 Quay, Cardiff and Calder Studio.\n",
            {"Tide Trust": "between", "Calder Studio": "between"},
        ),
        ("Nimbus Gases AG, Zug\nInvoice 81\n", {"Nimbus Gases AG": "letterhead"}),
        ("Nimbus Gases AG, who sells gas\n", {}),
        ("INVOICE\n\nInvoice to Acme Ltd\n", {"Acme Ltd": "label: invoice to"}),
        # An address behind a name in its cell, and a street below it.
        ("Bill to | Kettle Café Ltd 3 Swan Street Leeds\n", {"Kettle Café Ltd": "row: bill to"}),
        (
            "Destinataire | Cave des Tilleuls SCEA 2 chemin des Vignes 69620 Oingt\n",
            {"Cave des Tilleuls SCEA": "row: destinataire"},
        ),
        ("Kundin: Klinik am Park GmbH\n", {"Klinik am Park GmbH": "label: kundin"}),
        ("INVOICE 7\n\nOakwell School\nOakwell Lane, Batley\n", {"Oakwell School": "address"}),
        ("RECHNUNG 7\n\nStadt Husum\nAm Markt 1\n", {"Stadt Husum": "address"}),
        ("Steps\n\nMachine Learning\nThe long road to it\n", {}),
        ("Supply Agreement SA-09\n\nPayment in 14 days\n", {}),
        (
            "CONTRACT\n\n(1) Acme Ltd, the supplier\n(2) Larkfield Club, the customer\n\nText\n",
            {"Acme Ltd": "role: supplier", "Larkfield Club": "role: customer"},
        ),
        (
            "Jana Kowal · Kamera\nAm Ring 4, 22769 Hamburg\n\nAn Voss GmbH\n\nHonorarrechnung 7\n",
            {"Jana Kowal": "letterhead"},
        ),
        ("Owen Price, film editor\n\nInvoice 31\n", {"Owen Price": "letterhead"}),
        (
            "Rechnungssteller | Verleih Petersen e.K., Kiel\nRechnungsempfänger | Voss GmbH\n",
            {
                "Verleih Petersen e.K.": "row: rechnungssteller",
                "Voss GmbH": "row: rechnungsempfanger",
            },
        ),
        (
            "Issued by | ?\nIssued to | Beacon Ltd, 9 Harbour Row, Bristol\n",
            {"Beacon Ltd": "row: issued to"},
        ),
        ("CONTRACT\n\nLandlord Acme Ltd shall pay\n", {}),
    ],
)
def test_who_is_a_party_and_what_it_is_called(text: str, parties: dict[str, str]) -> None:
    assert {v.value: v.rule for v in read(text) if v.name == "party"} == parties


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Agreement: SP-2025/05\n", ["SP-2025/05"]),
        ("Policy HV 30-118842\n", ["HV30-118842"]),
        ("Lease: Flat 3, 20 Weir Street\n", []),
        ("Contract: 12 months from May\n", []),
        ("Vertrag: Wartung 2024\n", []),
    ],
)
def test_a_code_behind_the_name_of_a_contract_is_its_number(text: str, numbers: list[str]) -> None:
    assert normal(text).get("contract_number", []) == numbers


def test_a_code_below_the_word_invoice_is_its_number() -> None:
    assert normal("INVOICE\n\nIC-2024-003 of 4 March 2024\n")["invoice_number"] == ["IC-2024-003"]
    assert "invoice_number" not in normal("INVOICE\n\nPO-7701\n")
    assert "invoice_number" not in normal("INVOICE\n\n12 Mill Lane\n")


# --- bills, as they are printed

TOTALS = """Rechnung Nr. 471102 vom 05.03.2018

Gesamtbetrag der Zuschläge | 0,00
Gesamtbetrag der Abschläge | -0,00
Rechnungssumme ohne USt. | 473,00
Bruttosumme | 529,87 EUR"""


def test_a_label_that_goes_on_is_another() -> None:
    found = normal(TOTALS)
    assert found["total"] == ["529.87 EUR"]
    assert found["net"] == ["473 EUR"]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Summe inkl. USt: 571,04 EUR", "total", "571.04 EUR"),
        ("Summe inkl. 19,0 % USt.: 571,04 EUR", "total", "571.04 EUR"),
        ("Total excl. 20% VAT | EUR 100.00", "net", "100 EUR"),
        ("Exclusief BTW | € 593,36", "net", "593.36 EUR"),
        ("Klantnummer: 6669263", "customer_number", "6669263"),
        ("Bitte überweisen Sie bis zum 24.07.2014.", "due", "2014-07-24"),
        ("Überweisen Sie bitte bis zum\n\n21.11.2018 den Betrag.", "due", "2018-11-21"),
        ("Please remit until 2019-07-01.", "due", "2019-07-01"),
        ("Der Betrag wird am 20.03.2014 von Ihrem Konto eingezogen.", "due", "2014-03-20"),
        ("Invoice No : # BLR_WFLD2015100098", "invoice_number", "BLR_WFLD2015100098"),
        ("Facture n° 2022089083 - Page 1/1", "invoice_number", "2022089083"),
        ("Währung: GBP\nBruttosumme: 12,50\n1 EUR = 0,9 GBP", "total", "12.50 GBP"),
    ],
)
def test_bills(text: str, field: str, value: str) -> None:
    assert normal(text)[field] == [value]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Rechnung Seite 1", "invoice_number"),
        ("Zahlbar mit 2 % Skonto bis zum 14.11.2018", "due"),
        ("Rechnung gemäß Bestellung vom 01.03.2018", "start"),
        ("Die Zeit zwischen Übergabe und Rückgabe zählt.", "party"),
        ("Lieferant GmbH", "party"),
    ],
)
def test_bills_do_not_state(text: str, field: str) -> None:
    found = read(text)
    assert [one.value for one in found if one.name == field and one.value != text] == []


COLUMN = """Menge | Preis | Endbetrag
1 | 326,50 | 382,47
2 | 130,70 | 136,52
 | 457,20 | {} EUR"""


def test_below_the_head_of_a_column_its_sum_counts() -> None:
    assert normal(COLUMN.format("518,99"))["total"] == ["518.99 EUR"]
    assert "total" not in normal(COLUMN.format("77,00"))


SECTIONS = """Rechnung Nr. 17

Verkäufer:

Nummer: 549910

Name: Käserei Alm GmbH

Käufer/Leistungsempfänger:

Nummer : 4711
Herrn
Max Wieland
Talweg 3"""


def test_who_is_named_below_a_role() -> None:
    found = {role_of(one.rule): one.value for one in read(SECTIONS) if one.name == "party"}
    assert found == {"supplier": "Käserei Alm GmbH", "customer": "Max Wieland"}


WINDOW = """Käserei Alm GmbH ● Almweg 12 ● 87654 Bergen

fon (555) 23 78 -0

Markt Nord

Talweg 42

88802 Seestadt

Rechnung # RE-2014/502 von 03.07.2014"""


def test_below_the_senders_line_stands_to_whom_a_bill_goes() -> None:
    found = {role_of(one.rule): one.value for one in read(WINDOW) if one.name == "party"}
    assert found == {"supplier": "Käserei Alm GmbH", "customer": "Markt Nord"}
    letter = WINDOW.replace("Rechnung # RE-2014/502 von 03.07.2014", "Sehr geehrte Damen,")
    assert "customer" not in {role_of(one.rule) for one in read(letter) if one.name == "party"}


def test_a_street_above_another_part_of_an_address_is_nobody() -> None:
    text = "Metallbau Nord GmbH\nPappelallee 15\nHof 3\n12345 Leipzig"
    assert [one.value for one in read(text) if one.name == "party"] == ["Metallbau Nord GmbH"]


def test_a_bill_has_the_day_of_its_own_title() -> None:
    text = "Order Date: 15-10-2015\nInvoice Date: 20-10-2015"
    assert normal(text)["date"][0] == "2015-10-20"
    assert normal("Lieferung 2.3.\n\nRechnung (380) Nr. 471102 vom 05.03.2018")["date"] == [
        "2018-03-05"
    ]
    other = read("Lieferung\n\nZu Rechnung Nr. 471102 vom 05.03.2018 gilt:")
    assert "own date" not in {one.rule for one in other}


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        (
            "DE UNA PARTE, el Club Ría (en adelante, «el Club»), y DE OTRA, don Juan Leal Mar "
            "(en adelante, «el Cesionario»).",
            ["Club Ría", "Juan Leal Mar"],
        ),
        ("CESIÓN\n\nCedente: Club Ría\nCesionaria: Ana Penas", ["Club Ría", "Ana Penas"]),
        ("SERVICIOS\n\nContratista: Ana Penas", ["Ana Penas"]),
        ("HUUR\n\nVerhuurder: Jan Bakker\nHuurder: Els Mulder", ["Jan Bakker", "Els Mulder"]),
        ("El contratista Principal paga.", []),
        ("Facturar a: Hotel Mar, S.A. Avenida del Puerto, 40 15960 Serena", ["Hotel Mar, S.A."]),
        ("Kunde: Velas Otero SL Calle Mayor 3", ["Velas Otero SL"]),
        ("Aseguradora Mar, S.A. de Seguros\n\nCondiciones", ["Aseguradora Mar, S.A. de Seguros"]),
        ("Mutua de Navegantes, mutua a prima fija\n\nPÓLIZA", ["Mutua de Navegantes"]),
        ("Mutua de Navegantes\n\nUna carta", []),
    ],
)  # fmt: skip
def test_parties_of_spanish_and_dutch_papers(text: str, parties: list[str]) -> None:
    found = sorted((one for one in read(text) if one.name == "party"), key=lambda v: v.char_start)
    assert [one.value for one in found] == parties


BILL = """Club Ría Serena
Muelle 1, 15960 Serena

FACTURA F-2025-012

Concello de Mar
Praza Vella, 1
15961 Mar"""


def test_a_bill_goes_to_the_address_below_the_letterhead() -> None:
    found = {role_of(one.rule): one.value for one in read(BILL) if one.name == "party"}
    assert found == {"supplier": "Club Ría Serena", "customer": "Concello de Mar"}
    letter = BILL.replace("FACTURA F-2025-012", "Estimados amigos:")
    assert "customer" not in {role_of(one.rule) for one in read(letter) if one.name == "party"}


JSON = """{
  "type": "invoice", "invoiceNumber": "HB-55120", "issue_date": "2025-05-15",
  "seller": {"name": "Hostbay Ltd", "vat_number": "IE 1234567"},
  "buyer": {"name": "Club Ría"}, "currency": "EUR",
  "lines": [{"text": "Hosting", "amount": 99.00, "order_number": "X-1"}],
  "total": 118.8
}"""


def test_members_of_a_json_paper() -> None:
    def values(text: str) -> dict[str, list[str]]:
        found = replace(document(text), media_type="application/json")
        found = replace(found, blocks=(Block(BlockKind.CODE, text, 0, len(text)),))
        named: dict[str, list[str]] = {}
        for one in fields_of(found, content_dates(found, ""), definitions()):
            named.setdefault(one.name, []).append(one.normal)
        return named

    assert values(JSON) == {
        "invoice_number": ["HB-55120"], "date": ["2025-05-15"], "total": ["118.80 EUR"],
        "party": ["hostbay", "club ria"],
    }  # fmt: skip
    assert values(JSON.replace('"type"', '"document"')) == values(JSON)
    assert values(JSON.replace("invoice", "website", 1)) == {}  # data of a program
    about = '"document": "how an invoice is read by this program"'
    assert values(JSON.replace('"type": "invoice"', about)) == {}


def test_a_line_with_a_label_of_its_own_is_no_value_of_the_one_above() -> None:
    known = sought(source("grant number", definitions()))
    below = values_in(document("GRANT AGREEMENT\nGrant No. HF-24-0613"), known)
    assert "Grant No. HF-24-0613" not in {one.value for one in below}
    assert [one.value for one in values_in(document("GRANT NUMBER\nHF-24-0613"), known)] == [
        "HF-24-0613"
    ]
