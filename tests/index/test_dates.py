"""The dates of documents: what they are, what they say of it, and how fast they are found."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.facts.dates import MAX_DATES, content_dates, primary
from lsfs.model import Block, BlockKind, ContentDate, DateKind, Document


def read(text: str, path: str = "x.pdf", **more: object) -> tuple[ContentDate, ...]:
    values: dict[str, object] = {"media_type": "application/pdf", "text": text, **more}
    return content_dates(Document(parser="t", parser_version=1, **values), path)  # type: ignore[arg-type]


def own(text: str, path: str = "x.pdf", **more: object) -> str:
    found = primary(read(text, path, **more))
    return found.day.isoformat() if found else ""


def test_the_day_it_was_made_outranks_its_end_and_its_name() -> None:
    text = "This lease is made on 14 February 2023 and shall end on 31 December 2026."
    dates = read(text, "lease_2026_renewed.pdf")
    assert own(text, "lease_2026_renewed.pdf") == "2023-02-14"
    assert [d.kind for d in dates] == [DateKind.SIGNED, DateKind.NAMED, DateKind.EXPIRES]


def test_a_newsletter_is_of_its_title_not_of_what_it_mentions() -> None:
    text = "Acme News\nIssue 12 | March 2024\n\nOur 2023 contracts, as of 1 May 2023, are new."
    assert own(text, title="Acme News") == "2024-03-01"
    assert own("Our 2023 contracts are new.", title="Newsletter 2024") == "2024-01-01"


def test_a_signature_outranks_the_properties() -> None:
    assert own("Terms.\n\nSigned: 9 May 2023", created=date(2021, 3, 4)) == "2023-05-09"
    assert own("Terms.", created=date(2021, 3, 4)) == "2021-03-04"


def test_a_letter_has_its_date_line_not_that_of_the_contract_it_is_about() -> None:
    text = (
        "John Doe\n12 Main St\n\nMarch 3, 2024\n\nDear Jane,\nyour contract dated 14 May 2021 ends."
    )
    assert own(text) == "2024-03-03"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Invoice date: 2023-04-12", "2023-04-12"),
        ("Date:\n12.04.2023", "2023-04-12"),
        ("Dated 12/04/2023", "2023-04-12"),
        ("Issued 12th April, 2023", "2023-04-12"),
        ("Signed on April 12, 2023", "2023-04-12"),
        ("made this 12th day of April, 2023", "2023-04-12"),
        ("executed this twelfth day of April, 2023", "2023-04-12"),
        ("entered into as of Apr. 12, 2023", "2023-04-12"),
        ("Issue date: 12-Apr-2023", "2023-04-12"),
        ("Berlin, den 12. April 2023", "2023-04-12"),
        ("Rechnungsdatum: 12.4.2023", "2023-04-12"),
        ("Paris, le 12 avril 2023", "2023-04-12"),
        ("Fait à Lyon, le 12 février 2023", "2023-02-12"),
        ("Madrid, 12 de abril de 2023", "2023-04-12"),
        ("Fecha: 12 de abril de 2023", "2023-04-12"),
        ("Roma, 12 aprile 2023", "2023-04-12"),
        ("Amsterdam, 12 maart 2023", "2023-03-12"),
        ("Lisboa, 12 de março de 2023", "2023-03-12"),
        ("Signed on l2 April 2O23", "2023-04-12"),
        ("Minutes of the meeting held on 12 April 2023", "2023-04-12"),
    ],
)
def test_forms_and_cues_of_its_own_date(text: str, day: str) -> None:
    found = primary(read(text))
    assert found is not None
    assert (found.day.isoformat(), found.kind) == (day, DateKind.SIGNED)
    assert text[found.char_start : found.char_end] == found.text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The term terminates on 31 December 2025.", "expires"),
        ("It shall expire on 31 December 2025.", "expires"),
        ("valid until 31/12/2025, then void.", "expires"),
        ("gültig bis 31.12.2025", "expires"),
        ("Der Vertrag läuft bis zum 31.12.2025.", "expires"),
        ("Payment is due on 31 December 2025.", "due"),
        ("Due date: 31 December 2025", "due"),
        ("zahlbar, fällig am 31.12.2025", "due"),
        ("He was born on 31 December 1985 in Rome.", "born"),
        ("geboren am 31.12.1985 in Rom", "born"),
        ("The work commences on 31 December 2025.", "starts"),
        ("The hearing takes place on 31 December 2025 in Rome.", "event"),
        ("Goods will be delivered on 31 December 2025.", "delivered"),
        ("We met on 31 December 2025 in Rome.", "mentioned"),
        ("See the agreement dated 31 December 2025 for more.", "mentioned"),
        ("Wait until 31 December 2025 for more.", "mentioned"),
    ],
)
def test_other_dates_have_a_meaning_of_their_own(text: str, kind: str) -> None:
    (found,) = read("Some words about nothing much go first here.\n" * 30 + text)
    assert found.kind == kind


def test_what_takes_effect_dates_a_document_after_its_signature() -> None:
    text = "This lease is effective as of 1 May 2023.\n\nSigned: 9 April 2023"
    assert own("Effective Date: 12 April 2023") == "2023-04-12"
    assert [(d.kind, str(d.day)) for d in read(text)] == [
        (DateKind.SIGNED, "2023-04-09"),
        (DateKind.EFFECTIVE, "2023-05-01"),
    ]


def test_the_end_of_a_period_is_when_it_expires() -> None:
    kinds = {str(d.day): d.kind for d in read("Term: from 1 May 2023 to 30 April 2025")}
    assert kinds == {"2023-05-01": DateKind.PERIOD, "2025-04-30": DateKind.EXPIRES}


@pytest.mark.parametrize(
    ("path", "day", "end"),
    [
        ("a/2023-04-12 lease.pdf", "2023-04-12", "2023-04-13"),
        ("20230412_lease.pdf", "2023-04-12", "2023-04-13"),
        ("lease 12.04.2023.pdf", "2023-04-12", "2023-04-13"),
        ("report_2022_Q3.docx", "2022-07-01", "2022-10-01"),
        ("budget-2023-04.xlsx", "2023-04-01", "2023-05-01"),
        ("minutes March 2024.docx", "2024-03-01", "2024-04-01"),
        ("tax_return_2021.pdf", "2021-01-01", "2022-01-01"),
    ],
)
def test_dates_in_names(path: str, day: str, end: str) -> None:
    found = primary(read("No date.", path))
    assert found is not None
    assert (found.day.isoformat(), found.end.isoformat()) == (day, end)
    assert (found.kind, found.char_start) == (DateKind.NAMED, -1)


@pytest.mark.parametrize(
    "path",
    ["Invoice 2021-117.pdf", "room 2023.txt", "ISO 9001.pdf", "IMG_120231.jpg", "2023a4f.bin"],
)
def test_serial_numbers_are_no_dates(path: str) -> None:
    assert read("No date.", path) == ()


@pytest.mark.parametrize(
    "text", ["costs $2000", "1,2023", "route 1950", "it may be", "31.02.2023x", "12345678", "2023"]
)
def test_numbers_are_no_dates(text: str) -> None:
    assert read("Words come first.\nThen this line. " + text + " and so on") == ()


def test_day_first_unless_the_document_says_otherwise() -> None:
    assert own("Date: 03/04/2023") == "2023-04-03"
    assert own("Date: 03/04/2023\n\nDue 04/25/2023") == "2023-03-04"
    assert own("Date: 03/04/2023\n\nwe wrote on April 25, 2023") == "2023-03-04"
    assert own("Date: 03/04/2023\n\nSpringfield, IL 62704") == "2023-03-04"
    assert own("Date: 03/04/2023\n\nwe met 25/04/2023") == "2023-04-03"


def test_mails_and_front_matter_carry_their_own_date() -> None:
    day = date(2024, 5, 6)
    for media in ("message/rfc822", "text/markdown"):
        (found,) = read("Hello.", media_type=media, created=day)
        assert (found.kind, found.day) == (DateKind.SIGNED, day)


def test_a_year_counts_in_a_heading_and_after_a_cue() -> None:
    block = Block(BlockKind.HEADING, "Accounts 2022", 40, 53)
    text = "x" * 39 + "\nAccounts 2022\nfor the fiscal year 2021 and 1999 others"
    years = [d.day.year for d in read(text, blocks=(block,))]
    assert sorted(years) == [2021, 2022]


def test_a_single_date_at_the_head_counts_a_late_one_does_not() -> None:
    assert own("We met with all of them in the old town hall on 3 May 2023, and then left.") == (
        "2023-05-03"
    )
    assert own("word " * 300 + "and on 3 May 2023 too.") == ""
    assert primary(()) is None


def test_a_long_text_is_read_fast_and_capped() -> None:
    text = ("On 3 March 2021 it cost 2000, see 2023-04-05 and May 2022. " * 18000)[:1_000_000]
    start = time.process_time()
    assert len(read(text)) == MAX_DATES
    read("2023 " * 200_000)
    assert time.process_time() - start < 50  # 0.8 s each on a free machine


@settings(deadline=None)
@given(st.text(max_size=500), st.text(max_size=60))
def test_never_raises(text: str, path: str) -> None:
    for found in read(text, path, title=path):
        assert found.day < found.end


def test_a_year_in_the_name_is_made_exact_by_the_day_in_the_text() -> None:
    text = "Overview for Ellis.\n\nDrawn up 29 December 2023; valid to 31 March 2025."
    assert str(primary(read(text, "overview 2023.txt")).day) == "2023-12-29"  # type: ignore[union-attr]
    several = text + "\n\nThe hearing was on 3 May 2023."
    assert str(primary(read(several, "overview 2023.txt")).day) == "2023-01-01"  # type: ignore[union-attr]


PIECES = [
    "12",
    "31",
    ".",
    "/",
    "-",
    " ",
    "2023",
    "1999",
    "20O3",
    "March",
    "mai",
    ",",
    "of",
    "Q3",
    "\n",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "Date:", "l2", "99", "th", "day of"]), max_size=25))
def test_never_raises_on_what_is_almost_a_date(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in read(text, text):
        assert found.day < found.end
        assert found.char_start < 0 or text[found.char_start : found.char_end] == found.text


FILL = "Nothing of note is said in this sentence about the thing at all.\n" * 30
PRINTED = date(2026, 1, 1)  # when a program made the file


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Service contract.\n\nConcluded on 7 September 2023 between A and B.", "2023-09-07"),
        ("We met on 3 May 2023 in the hall.\n" + FILL, "2023-05-03"),
        (FILL + "\nLeipzig, den 3. März 2023\n\n______\nMax Muster", "2023-03-03"),
        (FILL + "\nLeipzig, den 3. März 2023      Ulm, den 4. März 2023", "2023-03-03"),
        (FILL + "\nJane Doe\n7 September 2023\n", "2023-09-07"),
        (FILL + "Unterzeichnet in Bonn am 10. Januar 2024", "2024-01-10"),
        (FILL + "Unterschrieben in Frankfurt am Main am 10. Januar 2024", "2024-01-10"),
        (FILL + "Geschlossen zu Wien am 3. Mai 2022", "2022-05-03"),
        (FILL + "This contract was concluded in Graz on 7 July 2022.", "2022-07-07"),
        ("The contract was concluded in Graz on 7 July 2022.\n" + FILL, "2022-07-07"),
        (FILL + "Made in London on 3 May 2022, in two copies.", "2022-05-03"),
        (FILL + "Signé à Nantes, le 20 février 2023", "2023-02-20"),
        (FILL + "Conclu à Lyon le 3 mai 2022.", "2022-05-03"),
        (FILL + "Firmado en Madrid, a 3 de mayo de 2022", "2022-05-03"),
        (FILL + "Firmato a Roma, il 3 maggio 2022", "2022-05-03"),
        # Not its own: the properties are all there is.
        ("The term ends on 31 December 2025.\n" + FILL, "2026-01-01"),
        ("Thank you for your letter of 3 May 2023, all.\n" + FILL, "2026-01-01"),
        ("In March 2023 we met.\n" + FILL, "2026-01-01"),
        (FILL + "The trip then ended in Rome on the coast on 3 May 2023.", "2026-01-01"),
        (FILL + "We came on 3 May 2023 and left for good on 5 May 2023, all of us.", "2026-01-01"),
    ],
)
def test_what_the_text_says_outranks_when_the_file_was_made(text: str, day: str) -> None:
    assert own(text, created=PRINTED) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Bail\n\nLe contrat prend effet le 1er mars 2023.\n\nSigné à Nantes, le 20 février 2023",
         "2023-02-20"),
        ("Notice\n\nThe rent is then due the 1 March 2023.\n\nSigned in Bath on 2 May 2022",
         "2022-05-02"),
        ("Bonjour.\n\nLyon le 12 avril 2023", "2023-04-12"),
        ("Hinweis.\n\nSt. Gallen, 3. Mai 2023", "2023-05-03"),
        ("Avviso.\n\nRoma, lì 3 maggio 2023", "2023-05-03"),
    ],
)  # fmt: skip
def test_a_sentence_that_ends_in_a_date_is_no_place_line(text: str, day: str) -> None:
    assert own(text) == day


def test_the_year_of_a_title_is_not_made_exact_by_a_day_on_a_later_page() -> None:
    text = "Annual Report 2023\n" + FILL + "The old hall burnt down on 3 May 2023, alas.\n" + FILL
    assert own(text, title="Annual Report 2023") == "2023-01-01"
    assert own("Annual Report 2023\n\nof the board, 9 May 2023, in full\n" + FILL) == "2023-05-09"


@pytest.mark.parametrize(
    "period",
    [
        "Policy period: May 1, 2025 to May 1, 2026",
        "Term: 1 May 2025 - 30 April 2026",
        "The term of this lease is from 1 May 2025 to 30 April 2026",
        "Valid from 1 May 2025 to 1 May 2026",
        "Laufzeit: 01.05.2025 bis 30.04.2026",
        "Gültig vom 1.5.2025 bis 30.4.2026",
        "Période de validité : du 1er mai 2025 au 30 avril 2026",
        "Vigencia: del 1 de mayo de 2025 al 1 de mayo de 2026",
    ],
)
def test_the_start_of_its_period_dates_what_has_no_other_date(period: str) -> None:
    assert own(f"Certificate\n\n{FILL}{period}") == "2025-05-01"
    assert own(f"Certificate\n\n{FILL}{period}", created=PRINTED) == "2026-01-01"
    assert own(f"Signed: 2 April 2025\n\n{FILL}{period}") == "2025-04-02"


def test_the_end_of_a_period_dates_nothing() -> None:
    assert own(FILL + "The card is valid until 3 May 2026, the other one to 4 May 2027.") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # several days, told once
        ("The fair runs. From 4 to 9 June 2019 in hall 3.", [("2019-06-04", "2019-06-10")]),
        ("Fair, June 4-9, 2019.", [("2019-06-04", "2019-06-10")]),
        ("Messe vom 4. bis 9. Juni 2019.", [("2019-06-04", "2019-06-10")]),
        ("Salon du 28 mai au 2 juin 2019.", [("2019-05-28", "2019-06-03")]),
        ("Away 28 December - 3 January 2020.", [("2019-12-28", "2020-01-04")]),
        ("Zeitraum 1.4.-30.6.2022", [("2022-04-01", "2022-07-01")]),
        # months in Roman numbers
        ("Le 14.VII.1935 à midi", [("1935-07-14", "1935-07-15")]),
        ("am 2. XI. 1950", [("1950-11-02", "1950-11-03")]),
        ("Kap. IV.2020", [("2020-04-01", "2020-05-01")]),
        # weeks, quarters and halves
        ("delivered in week 7 of 2022", [("2022-02-14", "2022-02-21")]),
        ("Liefertermin KW 7/2022", [("2022-02-14", "2022-02-21")]),
        ("sprint 2022-W07 ended", [("2022-02-14", "2022-02-21")]),
        ("im 2. Quartal 2021", [("2021-04-01", "2021-07-01")]),
        ("au troisième trimestre 2021", [("2021-07-01", "2021-10-01")]),
        ("in the first half of 2021", [("2021-01-01", "2021-07-01")]),
        ("week 60 of 2022, 5th quarter 2021", []),
        ("ce 2ème jour de juin 2018", [("2018-06-02", "2018-06-03")]),
        # no spans
        ("pages 3-5, May 2021", [("2021-05-01", "2021-06-01")]),
        ("9 to 3 June 2019", [("2019-06-03", "2019-06-04")]),
    ],
)
def test_spans_weeks_and_roman_months_are_found(text: str, found: list[tuple[str, str]]) -> None:
    dates = sorted(
        read(f"Some words.\n\nMore words here.\n\n{text} and so on."), key=lambda d: d.day
    )
    assert [(str(d.day), str(d.end)) for d in dates] == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("This agreement takes effect on 1 July 2020", DateKind.EFFECTIVE),
        ("Der Mietvertrag tritt am 1.7.2020 in Kraft", DateKind.EFFECTIVE),
        ("Le présent contrat prend effet le 1er juillet 2020", DateKind.EFFECTIVE),
        ("El contrato entrará en vigor el 1 de julio de 2020", DateKind.EFFECTIVE),
        ("Il contratto entra in vigore il 1 luglio 2020", DateKind.EFFECTIVE),
        ("The law takes effect on 1 July 2020", DateKind.STARTS),
        ("Forms must reach us no later than 1 July 2020", DateKind.DUE),
        ("Widerspruchsfrist: 1.7.2020", DateKind.DUE),
        ("Anmeldung bis 1.7.2020", DateKind.DUE),
        ("Bitte überweisen Sie den Betrag bis 1.7.2020", DateKind.DUE),
        ("La convention, faite à Lyon, entrera en vigueur le 1er juillet 2020", DateKind.EFFECTIVE),
        ("à régler au plus tard le 1er juillet 2020", DateKind.DUE),
        ("Pagamento entro il 1 luglio 2020", DateKind.DUE),
        ("Offre valable jusqu'au 1er juillet 2020", DateKind.EXPIRES),
        ("Das Verhältnis ist bis zum 1.7.2020 befristet", DateKind.EXPIRES),
        ("Ihre Bestellung vom 1.7.2020", DateKind.MENTIONED),
        ("Livraison le 1er juillet 2020", DateKind.DELIVERED),
        ("NOW THEREFORE, effective as of 1 July 2020, it reads", DateKind.EFFECTIVE),
        ("Le présent bail est consenti à compter du 1er juillet 2020", DateKind.EFFECTIVE),
        ("Decorrenza dal 1 gennaio 2019, scadenza il 1 luglio 2020", DateKind.EXPIRES),
        ("El presente contrato finaliza el 1 de julio de 2020", DateKind.EXPIRES),
        ("CONTRATO DE ARRENDAMIENTO\n\nFecha de vencimiento: 1 de julio de 2020", DateKind.EXPIRES),
        ("FACTURA por contrato\n\nFecha de vencimiento: 1 de julio de 2020", DateKind.DUE),
        ("La fattura: scadenza il 1 luglio 2020", DateKind.DUE),
        ("Starts on 1 Jul '20 at noon", DateKind.STARTS),
        ("suite à notre entretien du 1er juillet 2020", DateKind.MENTIONED),
    ],
)
def test_what_is_said_of_a_date_in_other_languages(text: str, kind: DateKind) -> None:
    head = "Some words.\n\nMore words stand here in this paragraph, signed on 3 May 2019.\n\n"
    (one,) = [d for d in read(f"{head}{text}.") if d.day == date(2020, 7, 1)]
    assert one.kind is kind


@pytest.mark.parametrize(
    "head",
    ["PROTOKOLL der Sitzung vom 5.3.2018", "Verbale della riunione del 5 marzo 2018",
     "Acta de la reunión del 5 de marzo de 2018", "Minutes of the meeting held on 5 March 2018"],
)  # fmt: skip
def test_minutes_are_of_the_day_in_their_heading(head: str) -> None:
    text = f"{head}\nPoint 1: the minutes of 5 February 2018. The next meeting is on 6 April 2018."
    assert own(text) == "2018-03-05"


@pytest.mark.parametrize(
    "opening",
    ["En Sevilla, a 5 de marzo de 2018, reunidos de una parte Luis y de otra Inés.",
     "Torino, lì 5 marzo 2018. Tra Luigi e Ines si conviene quanto segue.",
     "Satzung in der Fassung vom 5. März 2018, geändert am 2. Mai 2020."],
)  # fmt: skip
def test_an_opening_with_a_place_dates_what_follows_in_its_line(opening: str) -> None:
    assert own(f"CONTRATO\n\n{opening}\nVéase la carta de 4 de abril de 2017.") == "2018-03-05"
