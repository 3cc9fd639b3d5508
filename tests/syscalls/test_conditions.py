"""What a question asks for in words is what is listed: a drive of files with known answers."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.tree import SourceTree

LEASE = """LEASE AGREEMENT

This lease is made on {signed} between {one} (the "Landlord") and {two} (the "Tenant").

Term: from {start} to {end}.

The monthly rent is EUR {rent}.
"""
INVOICE = """INVOICE

Invoice number: {number}
Invoice date: {date}
Bill to: {to}

Subtotal: EUR {net}
VAT: EUR {tax}
Total: EUR {total}

Due date: {due}
"""
LETTER = """{sender}
12 Main Street

{date}

Dear Mr {to},

{text}

Yours sincerely,
{sender}
"""


def _lease(signed: str, start: str, end: str, rent: str, two: str = "Globex Ltd") -> str:
    return LEASE.format(signed=signed, start=start, end=end, rent=rent, one="Acme Ltd", two=two)


def _invoice(number: int, date: str, due: str, total: int, to: str = "Initech Ltd") -> str:
    net = round(total / 1.2)
    return INVOICE.format(
        number=number, date=date, due=due, total=f"{total:,}.00", net=f"{net:,}.00",
        tax=f"{total - net:,}.00", to=to,
    )  # fmt: skip


TEXTS = {
    # signed, from, to
    "contracts/lease-a.txt": _lease("3 May 2022", "1 June 2022", "31 May 2025", "900"),
    "contracts/lease-b.txt": _lease("9 March 2023", "1 April 2023", "31 March 2026", "1,400"),
    "contracts/lease-c.txt": _lease(
        "20 November 2022", "1 January 2023", "31 December 2025", "2,100", "Initech Ltd"
    ),
    "contracts/lease-draft.txt": _lease("5 June 2023", "1 July 2023", "30 June 2024", "800"),
    "contracts/effective.txt": "SERVICE AGREEMENT\n\nThis agreement is made on 12 December 2021 "
    "between Acme Ltd and Hooli Ltd and is governed by the law of England.\n\nThis agreement is "
    "effective as of 1 January 2022.\n",
    "contracts/old/nda.txt": "NON-DISCLOSURE AGREEMENT\n\nThis agreement is made on 7 July 2019 "
    "between Acme Ltd and Globex Ltd. It refers to a meeting held in March 2023 in Rome and was "
    "discussed again on 14 April 2023.\n",
    "contracts/amended.txt": "CONSULTING AGREEMENT\n\nThis agreement is made on 2 February 2020 "
    "between Acme Ltd and Umbrella Ltd.\n\nSee the letter dated 3 May 2023. It terminates on "
    "30 June 2025.\n",
    "invoices/i1.txt": _invoice(101, "3 March 2024", "15 May 2024", 6000),
    "invoices/i2.txt": _invoice(102, "10 May 2024", "9 June 2024", 480),
    "invoices/i3.txt": _invoice(103, "28 April 2024", "28 May 2024", 1200, "Hooli Ltd"),
    "invoices/i4.txt": _invoice(104, "1 February 2023", "3 March 2023", 96),
    "invoices/copy of i1.txt": _invoice(101, "3 March 2024", "15 May 2024", 6000).replace(
        "INVOICE\n", "INVOICE\n\nCopy\n", 1
    ),
    "letters/roof.txt": LETTER.format(
        sender="Alice Smith", date="5 June 2023", to="Bob Jones", text="The roof leaks again."
    ),
    "letters/garden.txt": LETTER.format(
        sender="Carol White", date="8 June 2022", to="Dan Brown", text="The garden is too wet."
    ),
    "letters/thanks.txt": LETTER.format(
        sender="Bob Jones", date="9 July 2023", to="Adams", text="Thank you for the fine visit."
    ),
    "letters/dach.txt": LETTER.format(
        sender="Alice Schmidt",
        date="7. Juni 2021",
        to="Braun",
        text="das Dach ist wieder nicht "
        "dicht, und wir haben keine Zeit mehr, weil es auch in die Wohnung über uns regnet.",
    )
    .replace("Dear Mr", "Sehr geehrter Herr")
    .replace("Yours sincerely", "Mit freundlichen Grüßen"),
    "notes/empty.txt": "",
    "notes/long.txt": "Notes on birds\n\n" + "The heron stands in the reeds and waits. " * 4000,
    "notes/birds.md": "# Notes\n\nThe heron is a bird. Anna Keller was born on 4 May 1985.\n",
    "poems/abeilles.txt": "Les abeilles\n\nDans le jardin les abeilles\nsont avec nous, et pas "
    "sans vous ;\nelles ont tout vu de la rose.\n",
    "poems/bees.txt": "The bees\n\nThe bees are in the garden,\nand they have seen it all.\n",
    "data/prices.csv": "item,price\nheron,1\nduck,2\n",
}
MAILS = {
    "mail/1.eml": ("Alice Smith <alice@acme.test>", "Bob Jones <bob@globex.test>", "Roof",
                   "Mon, 5 Jun 2023 10:00:00 +0000", True),
    "mail/2.eml": ("Bob Jones <bob@globex.test>", "Alice Smith <alice@acme.test>", "Re: Roof",
                   "Tue, 6 Jun 2023 10:00:00 +0000", False),
    "mail/3.eml": ("Carol White <carol@acme.test>", "Bob Jones <bob@globex.test>", "Lunch",
                   "Fri, 3 May 2024 10:00:00 +0000", False),
    "mail/4.eml": ("Dan Brown <dan@hooli.test>", "Carol White <carol@acme.test>", "Garden",
                   "Sat, 4 May 2024 10:00:00 +0000", True),
}  # fmt: skip


PHOTOS = {"photos/beach.jpg": "2019:07:14 12:00:00", "photos/tree.jpg": "2023:12:25 18:30:00"}


def _photo(taken: str) -> bytes:
    """A picture without a word on it."""
    exif, made = Image.Exif(), io.BytesIO()
    exif.get_ifd(0x8769)[0x9003] = taken
    Image.new("RGB", (64, 48), "green").save(made, "JPEG", exif=exif)
    return made.getvalue()


def _mail(sender: str, to: str, subject: str, date: str, attached: bool) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Date"] = sender, to, subject, date
    message.set_content(f"About the {subject.lower()} there is more to say.")
    if attached:
        message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="list.csv")
    return message.as_bytes()


@pytest.fixture(scope="module")
def conditions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsfs.Drive]:
    root = tmp_path_factory.mktemp("conditions")
    patch = pytest.MonkeyPatch()
    for name in ("DATA", "CONFIG", "STATE"):
        patch.setenv(f"XDG_{name}_HOME", str(root / name.lower()))
    source = root / "docs"
    contents = {name: text.encode() for name, text in TEXTS.items()}
    contents |= {name: _mail(*mail) for name, mail in MAILS.items()}
    contents |= {name: _photo(taken) for name, taken in PHOTOS.items()}
    for name, data in contents.items():
        path: Path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with lsfs.open(source, config=Config(model=ModelConfig(chat="none"))) as drive:
        yield drive
    patch.undo()


def _listed(drive: lsfs.Drive, question: str) -> list[str]:
    answer = drive.ask(question, wait=True)
    assert answer.plan.listing, question
    return [file.path for file in answer.files] if answer.by == "list" else []


LEASES = {"contracts/lease-a.txt", "contracts/lease-b.txt", "contracts/lease-c.txt",
          "contracts/lease-draft.txt"}  # fmt: skip
CASES: list[tuple[str, set[str]]] = [
    # dates by their meaning
    ("contracts from 2023", {"contracts/lease-b.txt", "contracts/lease-draft.txt"}),
    ("contracts from 2022", {"contracts/lease-a.txt", "contracts/lease-c.txt",
                             "contracts/effective.txt"}),
    ("contracts signed in 2022", {"contracts/lease-a.txt", "contracts/lease-c.txt"}),
    ("contracts signed in 2021", {"contracts/effective.txt"}),
    ("contracts effective in 2022", {"contracts/lease-a.txt", "contracts/effective.txt"}),
    ("contracts starting in January 2023", {"contracts/lease-c.txt"}),
    ("contracts expiring in 2025", {"contracts/lease-a.txt", "contracts/lease-c.txt",
                                    "contracts/amended.txt"}),
    ("contracts expiring after 2025", {"contracts/lease-b.txt"}),
    ("contracts signed in 2022 and expiring in December 2025", {"contracts/lease-c.txt"}),
    ("invoices due in May 2024", {"invoices/i1.txt", "invoices/i3.txt",
                                  "invoices/copy of i1.txt"}),
    ("invoices from May 2024", {"invoices/i2.txt"}),
    ("invoices due in May 2024 but not copies", {"invoices/i1.txt", "invoices/i3.txt"}),
    ("contracts from 2019 or 2023", {"contracts/old/nda.txt", "contracts/lease-b.txt",
                                     "contracts/lease-draft.txt"}),
    # what is left out
    ("contracts but not drafts", {"contracts/lease-a.txt", "contracts/lease-b.txt",
                                  "contracts/lease-c.txt", "contracts/effective.txt",
                                  "contracts/old/nda.txt", "contracts/amended.txt"}),
    ("contracts except leases", {"contracts/effective.txt", "contracts/old/nda.txt",
                                 "contracts/amended.txt"}),
    ("contracts but not with Globex", {"contracts/lease-c.txt", "contracts/effective.txt",
                                       "contracts/amended.txt"}),
    ("contracts not in contracts/old/", LEASES | {"contracts/effective.txt",
                                                  "contracts/amended.txt"}),
    ("contracts other than from 2022", {"contracts/lease-b.txt", "contracts/lease-draft.txt",
                                        "contracts/effective.txt", "contracts/old/nda.txt",
                                        "contracts/amended.txt"}),
    ("invoices or letters from 2023 or 2024 but not copies", {
        "invoices/i1.txt", "invoices/i2.txt", "invoices/i3.txt", "invoices/i4.txt",
        "letters/roof.txt", "letters/thanks.txt"}),
    ("files in the folder notes except .md", {"notes/long.txt"}),
    # folders in another case, further down, and by their names alone
    ("contracts in the Contracts folder from 2019", {"contracts/old/nda.txt"}),
    ("contracts in the Old folder", {"contracts/old/nda.txt"}),
    ("text files in notes", {"notes/long.txt", "notes/birds.md", "notes/empty.txt"}),
    ("PDFs in notes", set()),
    ("markdown files in notes or poems", {"notes/birds.md"}),
    ("files in data or poems", {"data/prices.csv", "poems/abeilles.txt", "poems/bees.txt"}),
    ("contracts not in contracts", set()),
    ("files about bees, not in notes", {"poems/bees.txt"}),
    ("dir:OLD contracts", {"contracts/old/nda.txt"}),
    ("contracts in notes with clauses", set()),
    # people
    ("emails from Alice", {"mail/1.eml"}),
    ("emails to Bob", {"mail/1.eml", "mail/3.eml"}),
    ("emails that Bob received", {"mail/1.eml", "mail/3.eml"}),
    ("mails Bob received in 2024", {"mail/3.eml"}),
    ("Mails, die Bob erhalten hat", {"mail/1.eml", "mail/3.eml"}),
    ("emails between Alice and Bob", {"mail/1.eml", "mail/2.eml"}),
    ("emails not from Alice or Bob", {"mail/3.eml", "mail/4.eml"}),
    ("letters from Alice Smith", {"letters/roof.txt"}),
    ("letters to Dan Brown", {"letters/garden.txt"}),
    ("letters not to Bob Jones", {"letters/garden.txt", "letters/thanks.txt",
                                  "letters/dach.txt"}),
    ("emails with attachments", {"mail/1.eml", "mail/4.eml"}),
    ("emails without attachments", {"mail/2.eml", "mail/3.eml"}),
    ("emails from Dan in May 2024 with attachments", {"mail/4.eml"}),
    # pictures without text, by the day on which they were taken
    ("photos from Christmas 2023", {"photos/tree.jpg"}),
    ("photos", {"photos/beach.jpg", "photos/tree.jpg"}),
    ("photos from before 2020", {"photos/beach.jpg"}),
    ("photos of the beach taken in 2019", {"photos/beach.jpg"}),
    ("photos of the beach", {"photos/beach.jpg"}),
    # languages
    ("Verträge, aber keine Entwürfe", {"contracts/lease-a.txt", "contracts/lease-b.txt",
                                       "contracts/lease-c.txt", "contracts/effective.txt",
                                       "contracts/old/nda.txt", "contracts/amended.txt"}),
    ("Verträge außer Entwürfen", {"contracts/lease-a.txt", "contracts/lease-b.txt",
                                  "contracts/lease-c.txt", "contracts/effective.txt",
                                  "contracts/old/nda.txt", "contracts/amended.txt"}),
    ("Verträge außer Mietverträgen", {"contracts/effective.txt", "contracts/old/nda.txt",
                                      "contracts/amended.txt"}),
    ("Verträge, die 2021 unterschrieben wurden", {"contracts/effective.txt"}),
    ("letters in German", {"letters/dach.txt"}),
    ("letters except the German ones", {"letters/roof.txt", "letters/garden.txt",
                                         "letters/thanks.txt"}),
    ("language:german letters", {"letters/dach.txt"}),
    ("the German letters", {"letters/dach.txt"}),
    ("poems in French", {"poems/abeilles.txt"}),
    ("French poems", {"poems/abeilles.txt"}),
    ("Gedichte auf Französisch", {"poems/abeilles.txt"}),
    ("the French ones", {"poems/abeilles.txt"}),
    # how many there are
    ("how many poems do I have?", {"poems/abeilles.txt", "poems/bees.txt"}),
    ("wie viele Rechnungen aus 2023 habe ich?", {"invoices/i4.txt"}),
    ("Wie viele Tabellen gibt es?", {"data/prices.csv"}),
    ("combien de contrats avons-nous de 2019 ?", {"contracts/old/nda.txt"}),
    ("Combien ai-je de photos de 2023 ?", {"photos/tree.jpg"}),
    ("¿cuántas facturas tengo de 2023?", {"invoices/i4.txt"}),
    ("quante fatture del 2023 abbiamo?", {"invoices/i4.txt"}),
    ("hoeveel facturen uit 2023 heb ik?", {"invoices/i4.txt"}),
    # types, sizes, amounts
    ("spreadsheets", {"data/prices.csv"}),
    ("empty files", {"notes/empty.txt"}),
    ("files larger than 100 KB", {"notes/long.txt"}),
    ("invoices over 1,000 EUR", {"invoices/i1.txt", "invoices/i3.txt",
                                 "invoices/copy of i1.txt"}),
    ("invoices under 500 EUR", {"invoices/i2.txt", "invoices/i4.txt"}),
    ("invoices between 400 and 1300 euros", {"invoices/i2.txt", "invoices/i3.txt"}),
    ("leases with rent above 1,000 EUR", {"contracts/lease-b.txt", "contracts/lease-c.txt"}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "paths"), CASES, ids=[case[0] for case in CASES])
def test_lists_exactly_what_is_asked_for(
    conditions: lsfs.Drive, question: str, paths: set[str]
) -> None:
    assert set(_listed(conditions, question)) == paths


UNIONS: list[tuple[str, set[str]]] = [
    ("contracts signed in 2021 and invoices from 2023",
     {"contracts/effective.txt", "invoices/i4.txt"}),
    ("letters from 2022 or e-mails to Bob",
     {"letters/garden.txt", "mail/1.eml", "mail/3.eml"}),
    ("e-mails to Bob or from Dan", {"mail/1.eml", "mail/3.eml", "mail/4.eml"}),
    ("letters and e-mails from June 2023", {"letters/roof.txt", "mail/1.eml", "mail/2.eml"}),
    ("contracts expiring after 2025, invoices under 100 EUR and spreadsheets",
     {"contracts/lease-b.txt", "invoices/i4.txt", "data/prices.csv"}),
    ("invoices from 2023 and photos from 1999", {"invoices/i4.txt"}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "paths"), UNIONS, ids=[case[0] for case in UNIONS])
def test_sets_that_are_asked_for_together(
    conditions: lsfs.Drive, question: str, paths: set[str]
) -> None:
    answer = conditions.ask(question, wait=True)
    assert {file.path for file in answer.files} == paths
    found = conditions.retrieve(question).hits
    assert {hit.path for hit in found[: len(paths)]} <= paths


def test_each_of_several_sets_is_explained(conditions: lsfs.Drive) -> None:
    ordered = conditions.ask("the oldest contract and the newest invoice")
    assert {file.path for file in ordered.files} == {"contracts/old/nda.txt", "invoices/i2.txt"}
    asked = "contracts signed in 2021 and invoices from 2023"
    answer = conditions.ask(asked)
    assert [part.question for part in answer.parts] == [
        "contracts signed in 2021", "invoices from 2023"
    ]  # fmt: skip
    notes = conditions.retrieve(asked).notes
    assert notes[0].startswith("set 1: contracts signed in 2021;")
    assert "kinds asked for: invoice" in notes[1]


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        *CASES,
        *UNIONS,
        ("the latest two contracts", {"contracts/lease-draft.txt", "contracts/lease-b.txt"}),
        ("largest file", {"notes/long.txt"}),
        ("where is the heron", {"notes/birds.md", "notes/long.txt", "data/prices.csv"}),
    ],
)
def test_the_same_files_are_grouped(conditions: lsfs.Drive, question: str, paths: set[str]) -> None:
    found = conditions.group_by("type", query=question)
    assert {file.path for group in found.groups for file in group.files} == paths
    (count,) = conditions.aggregate("count", query=question, copies=True).rows
    assert int(count.value) == len(paths)


def test_several_folders_are_named_at_once(conditions: lsfs.Drive) -> None:
    found = conditions.group_by("folder", query="poems and data")
    assert {one.label: one.count for one in found.groups} == {"poems": 2, "data": 1}
    found = conditions.group_by("folder", query="poems, data/prices.csv and letters")
    assert {one.label: one.count for one in found.groups} == {"poems": 2, "data": 1, "letters": 4}


def test_what_no_file_holds_is_grouped_by_likeness_and_told(conditions: lsfs.Drive) -> None:
    found = conditions.group_by("type", query="the leaking roof of Umbrella")
    assert "letters/roof.txt" in {file.path for group in found.groups for file in group.files}
    assert any("no file has all of the words leaking, roof, umbrella" in n for n in found.notes)
    assert conditions.aggregate("count", query="the leaking roof of Umbrella").rows[0].value == "0"


def test_a_sum_is_over_the_dates_that_are_meant(conditions: lsfs.Drive) -> None:
    answer = conditions.ask("total of invoices due in May 2024")
    assert answer.by == "computed"
    assert answer.answer.startswith("7200.00 EUR in 2 files")  # of three, one is a copy


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("the latest two contracts", ["contracts/lease-draft.txt", "contracts/lease-b.txt"]),
        ("oldest contract", ["contracts/old/nda.txt"]),
        ("the newest invoice", ["invoices/i2.txt"]),
        ("largest file", ["notes/long.txt"]),
        # By amount: what is said of invoices, or of their price.
        ("the two smallest invoices", ["invoices/i4.txt", "invoices/i2.txt"]),
        ("Which is the cheapest invoice from May 2024?", ["invoices/i2.txt"]),
        ("the most expensive lease", ["contracts/lease-c.txt"]),
        (
            "invoices from 2024 sorted by amount, not copies",
            ["invoices/i1.txt", "invoices/i3.txt", "invoices/i2.txt"],
        ),
        ("die günstigste Rechnung", ["invoices/i4.txt"]),
        ("Which is the oldest contract?", ["contracts/old/nda.txt"]),
        ("emails oldest first", ["mail/1.eml", "mail/2.eml", "mail/3.eml", "mail/4.eml"]),
    ],
)
def test_in_the_order_asked_for(conditions: lsfs.Drive, question: str, paths: list[str]) -> None:
    assert _listed(conditions, question) == paths
    assert [hit.path for hit in conditions.retrieve(question).hits] == paths


def test_what_fits_an_order_only_by_likeness_is_sorted_and_kept(conditions: lsfs.Drive) -> None:
    hits = conditions.retrieve("latest contract about zebras and rent").hits
    days = [hit.date for hit in hits]
    assert hits
    assert days == sorted(days, reverse=True)


def test_nothing_found_says_which_condition_is_in_the_way(conditions: lsfs.Drive) -> None:
    answer = conditions.ask("invoices over 50,000 EUR")
    assert answer.by == "none"
    assert "without the amount: 5 files" in answer.answer
    left_out = conditions.ask("leases in 2023 but not from Acme and not drafts and not 2023")
    assert "without what is left out" in left_out.answer
    assert "without the time: 1 file" in conditions.ask("emails from Dan in 2023").answer


def test_the_evidence_is_the_date_that_is_asked_for(conditions: lsfs.Drive) -> None:
    (file,) = conditions.ask("contracts that expire in June 2025").files
    assert "30 June 2025" in file.evidence
    invoices = conditions.ask("invoices due in May 2024 but not copies").files
    assert sorted(file.evidence for file in invoices) == [
        "Due date: 15 May 2024",
        "Due date: 28 May 2024",
    ]


def test_a_search_excludes_by_words_and_by_flags(conditions: lsfs.Drive) -> None:
    def found(query: str, **options: object) -> set[str]:
        return {hit.path for hit in conditions.retrieve(query, k=50, **options).hits}  # type: ignore[arg-type]

    everything = found("heron")
    assert {"notes/long.txt", "notes/birds.md", "data/prices.csv"} <= everything
    for query, options in (
        ("heron -type:csv -dir:notes", {}),
        ("heron -dir:notes", {"not_type": ("csv",)}),
        ("heron", {"not_type": ("csv",), "not_dir": ("notes",)}),
    ):
        left = found(query, **options)
        assert not left & {"notes/long.txt", "notes/birds.md", "data/prices.csv"}
    assert "notes/long.txt" not in found("heron size:<100kb")
    assert "notes/birds.md" not in found("heron", without=("born",))


def test_kinds_and_times_without_another_word(conditions: lsfs.Drive) -> None:
    def found(query: str) -> list[str]:
        return list(dict.fromkeys(hit.path for hit in conditions.retrieve(query, k=50).hits))

    assert set(found("everything from May 2024, except emails")) == {"invoices/i2.txt"}
    # A kind is found whatever it is called in the files.
    invoices = {path for path in TEXTS if path.startswith("invoices/")}
    assert set(found("Rechnungen")[: len(invoices)]) == invoices
    mails = {path for path in found("roof") if path.endswith(".eml")}
    assert mails and not mails & set(found("roof, not emails"))
    assert "letters/roof.txt" in found("roof, not emails")


def test_a_date_that_is_asked_for_by_its_meaning_comes_first(conditions: lsfs.Drive) -> None:
    hits = conditions.retrieve("agreement with Acme in 2023").hits
    paths = list(dict.fromkeys(hit.path for hit in hits))
    own = [paths.index(f"contracts/lease-{x}.txt") for x in ("b", "draft")]
    assert max(own) < paths.index("contracts/old/nda.txt")  # it only mentions 2023


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("photos from 2023", ["photos/tree.jpg"]),
        ("photos", ["photos/beach.jpg", "photos/tree.jpg"]),
        ("photos of the beach", ["photos/beach.jpg"]),
        ("the oldest photo", ["photos/beach.jpg"]),
        ("type:image sort:newest", ["photos/tree.jpg", "photos/beach.jpg"]),
        ("photos from 1999", []),
    ],
)
def test_a_search_shows_pictures_without_text(
    conditions: lsfs.Drive, query: str, paths: list[str]
) -> None:
    found = conditions.retrieve(query, wait=True).hits
    shown = [hit.path for hit in found if hit.path.startswith("photos/")]
    assert (shown if "sort" in query else sorted(shown)) == paths
    assert all(hit.text == "" for hit in found if hit.path in shown)


def test_a_search_by_type_alone_shows_them_too(conditions: lsfs.Drive) -> None:
    found = conditions.retrieve("tree", type=("image",), wait=True).hits
    assert [hit.path for hit in found] == ["photos/tree.jpg"]
    plain = conditions.retrieve("tree", wait=True).hits  # asks for no files
    assert "photos/tree.jpg" not in {hit.path for hit in plain}


def test_the_disk_is_asked_only_of_files_that_have_the_words(
    conditions: lsfs.Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions.retrieve("lease", wait=True)
    asked: list[str] = []
    exists = SourceTree.exists

    def noted(self: SourceTree, path: str) -> bool:
        asked.append(path)
        return exists(self, path)

    monkeypatch.setattr(SourceTree, "exists", noted)
    hits = conditions.retrieve("roof", type=("txt",), mode="keyword").hits
    assert {hit.path for hit in hits} == {*asked} != set()
    asked.clear()
    conditions.retrieve("tree", type=("image",), mode="keyword")
    assert {*asked} == {"photos/tree.jpg"}


def test_a_query_is_kept_with_its_options(conditions: lsfs.Drive) -> None:
    asked = {
        "type": ("txt", "md"), "not_dir": ("contracts/old",), "without": ("Globex",),
        "after": "2020-01-01", "kind": ("contract",),
    }  # fmt: skip
    hits = conditions.retrieve("agreement", save="agreements", k=50, min_score=0.01, **asked)
    assert any("without --min-score" in note for note in hits.notes)
    with sqlite3.connect(f"{conditions.status().state}/catalog.sqlite") as db:
        rows = dict(db.execute("SELECT name, query FROM saved_search"))
    kept = conditions.retrieve(rows["agreements"], k=50)
    assert kept.hits and {hit.path for hit in kept.hits} == {hit.path for hit in hits.hits}
    conditions.drop_search("agreements")
