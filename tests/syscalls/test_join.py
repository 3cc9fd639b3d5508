"""Joins and numbers over files through a drive, with the real parsers, and the command line."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

import lsfs as library
from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import NotFound, UsageError
from lsfs.index.store.published import Published
from lsfs.joins import Joined
from lsfs.syscalls import joins_kept
from lsfs.syscalls.drive import Drive, open_local
from lsfs.syscalls.engines import Call
from lsfs_cli.exits import exit_code
from tests.command import lsfs

OWN = "Meridian Fittings Ltd"


def contract(number: str, firm: str, price: str, day: str = "3 March 2023") -> str:
    return (
        f"SERVICE AGREEMENT\n\nContract no.: {number}\nClient: {OWN}\nContractor: {firm}\n"
        f"Dated {day}\n\nThe contract price is {price}.\n"
    )


def invoice(number: str, firm: str, total: str, *lines: str, day: str = "5 May 2023") -> str:
    more = "".join(f"{line}\n" for line in lines)
    return (
        f"{firm}\n12 Quay Street, Bristol BS1 4QA\n\nINVOICE\n\nInvoice no.: {number}\n"
        f"Invoice date: {day}\nBill to: {OWN}\n{more}\nTotal due: {total}\n"
    )


FILES = {
    "contracts/acme.txt": contract("C-1", "Acme Ltd", "EUR 9,000.00"),
    "contracts/holdings.txt": contract("C-2", "Acme Holdings Ltd", "EUR 100.00"),
    "contracts/mueller.txt": contract("C-3", "Müller Metallbau GmbH", "GBP 250.00"),
    "contracts/mueller2.txt": contract("C-4", "Müller Metallbau GmbH", "EUR 250.00"),
    "invoices/a1.txt": invoice("I-1", "ACME Limited", "EUR 1,000.10", "Contract no.: C-1"),
    "invoices/a2.txt": invoice("I-2", "Acme Ltd.", "EUR 250.00", "Contract no.: C-1",
                               "Contract no.: C-2", day="1 June 2023"),
    "invoices/m1.txt": invoice("M/7", "Mueller Metallbau GmbH", "1.234,56 EUR", "Badge: ZX 9"),
    "invoices/m2.txt": invoice("M/8", "Mueller Metallbau", "GBP 250.00", day="7 July 2023"),
    "invoices/lost.txt": invoice("X-1", "Studio 54 Ltd", "EUR 5.00", day="9 September 2022"),
    "badges/one.txt": "A note\n\nBadge: zx-9\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("joins") / "docs"
    for name, text in FILES.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return source


@pytest.fixture(scope="module")
def papers(folder: Path) -> Iterator[library.Drive]:
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(folder.parent / "state")) as drive:
        drive.wait_indexed()
        yield drive


def pairs(joined: Joined) -> list[tuple[str, str]]:
    return [(Path(row.left).stem, Path(row.right).stem) for row in joined.rows]


def test_rows_on_a_name_with_both_places(papers: library.Drive) -> None:
    joined = papers.join("invoices", "contracts", on=("counterparty",), explain=True)
    assert pairs(joined) == [
        ("a1", "acme"), ("a2", "acme"), ("m1", "mueller"), ("m1", "mueller2"), ("m2", "mueller"),
        ("m2", "mueller2"),
    ]  # fmt: skip
    row = joined.rows[0]
    (match,) = row.keys
    assert (row.score, row.key) == (1.0, "ACME Limited")
    assert (match.left.path, match.left.where, match.left.quote) == (
        "invoices/a1.txt", ":1", "ACME Limited",
    )  # fmt: skip
    assert (match.right.where, match.right.rule) == (":5", "label: contractor")
    (use,) = joined.keys
    assert (use.left_files, use.right_files, use.right_values) == (5, 4, 3)
    # Whose drive it is stands in all of them, and joins nothing.
    assert any(OWN in note for note in joined.notes)
    assert len(papers.join("invoices", "contracts", on=("counterparty",), own=("Acme",)).rows) == 20


def test_the_sides_are_questions_with_all_files_that_fit(papers: library.Drive) -> None:
    asked = papers.join("invoices from 2023", "all contracts with Acme", on=("counterparty",))
    assert pairs(asked) == [("a1", "acme"), ("a2", "acme")]
    assert (asked.left_files, asked.right_files) == (4, 2)
    globbed = papers.join("invoices/m*.txt", "**/mueller2.txt", on=("counterparty",))
    assert pairs(globbed) == [("m1", "mueller2"), ("m2", "mueller2")]
    assert papers.join("invoices/a1.txt", "contracts", on=("counterparty",)).total == 1


def test_one_to_many_and_none(papers: library.Drive) -> None:
    joined = papers.join("invoices", "contracts", on=("Vertragsnummer",), how="left")
    assert pairs(joined) == [
        ("a1", "acme"), ("a2", "acme"), ("a2", "holdings"), ("lost", ""), ("m1", ""), ("m2", ""),
    ]  # fmt: skip
    assert joined.rows[3].why == "states no Vertragsnummer"
    assert set(joined.left_missing) == {f"invoices/{name}.txt" for name in ("lost", "m1", "m2")}
    alone = papers.join("invoices", "contracts", on=("counterparty",), how="anti")
    assert pairs(alone) == [("lost", "")]
    backwards = papers.join("contracts", "invoices", on=("counterparty",), how="anti")
    assert pairs(backwards) == [("holdings", "")]
    assert "Acme Ltd." in backwards.rows[0].why or "ACME Limited" in backwards.rows[0].why


def test_several_keys_have_all_to_hold(papers: library.Drive) -> None:
    joined = papers.join("invoices", "contracts", on=("counterparty", "amount"), near_misses=True)
    assert pairs(joined) == [("m2", "mueller")]  # as much in another currency is not as much
    assert [key.on for key in joined.rows[0].keys] == ["counterparty", "amount"]
    told = {(Path(one.left.path).stem, Path(one.right.path).stem): one.why
            for one in joined.near_misses}  # fmt: skip
    assert told["m2", "mueller2"] == (
        "fits in counterparty, not in amount; amount: other currency: GBP and EUR "
        "(asked for: equal, of the same currency)"
    )
    assert told["a2", "mueller2"] == "fits in amount, not in counterparty"


def test_a_label_that_is_no_field(papers: library.Drive) -> None:
    joined = papers.join("invoices", "badges", on=("badge",))
    assert pairs(joined) == [("m1", "one")]
    assert joined.rows[0].keys[0].left.where == ":9"


def test_more_rows_than_are_shown(papers: library.Drive) -> None:
    joined = papers.join("invoices", "contracts", on=("counterparty",), limit=2)
    assert (pairs(joined), joined.total, joined.more) == ([("a1", "acme"), ("a2", "acme")], 6, True)
    same = papers.join("invoices", "invoices", on=("counterparty",))
    assert pairs(same) == [("a1", "a2"), ("a2", "a1"), ("m1", "m2"), ("m2", "m1")]


@pytest.mark.parametrize(
    "arguments", [{"on": ()}, {"on": ("total=party",)}, {"on": ("party",), "limit": 0},
                  {"on": ("party",), "how": "outer"}]
)  # fmt: skip
def test_what_is_no_join(papers: library.Drive, arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        papers.call("join", "invoices", "contracts", **arguments)


# --- numbers


def numbers(papers: library.Drive, *arguments: str, **named: object) -> dict[object, str]:
    rows = papers.call("aggregate", *arguments, **named).rows
    return {(*row.group, row.unit) if row.unit else row.group: row.value for row in rows}


def test_sums_are_exact_and_of_one_currency(papers: library.Drive) -> None:
    found = numbers(papers, "sum", "amount", by=("counterparty",), query="invoices")
    acme, mueller = "ACME Limited", "Mueller Metallbau GmbH"
    assert found == {
        (acme, "EUR"): "1250.10", (mueller, "EUR"): "1234.56", (mueller, "GBP"): "250.00",
        ("Studio 54 Ltd", "EUR"): "5.00",
    }  # fmt: skip
    whole = papers.aggregate("sum", "total", query="invoices from 2023", by=("date:month",))
    assert [(row.group, row.unit, row.value) for row in whole.rows] == [
        (("2023-05",), "EUR", "2234.66"), (("2023-06",), "EUR", "250.00"),
        (("2023-07",), "GBP", "250.00"),
    ]  # fmt: skip
    assert [(row.unit, row.value, row.files) for row in whole.totals] == [
        ("EUR", "2484.66", 3), ("GBP", "250.00", 1),
    ]  # fmt: skip
    evidence = whole.rows[1].evidence[0]
    assert (evidence.path, evidence.value, evidence.where) == (
        "invoices/a2.txt", "EUR 250.00", ":12",
    )  # fmt: skip


def test_counts_least_greatest_mean(papers: library.Drive) -> None:
    assert numbers(papers, "count", by=("kind",), query="**/*.txt")[("contract",)] == "4"
    assert numbers(papers, "avg", "amount", query="invoices") == {
        ("EUR",): "622.42",
        ("GBP",): "250.00",
    }
    greatest = papers.aggregate("max", "total", query="invoices", files=True)
    assert [(row.value, row.evidence[0].path) for row in greatest.rows] == [
        ("1234.56", "invoices/m1.txt"), ("250.00", "invoices/m2.txt"),
    ]  # fmt: skip
    assert numbers(papers, "min", "date", query="invoices") == {(): "2022-09-09"}
    for function, field in (
        ("sum", ""),
        ("sum", "invoice_number"),
        ("avg", "date"),
        ("sum", "party"),
    ):
        with pytest.raises(UsageError):
            papers.aggregate(function, field)


def test_what_does_not_count_is_told(tmp_path: Path) -> None:
    texts = {
        "a.txt": invoice("I-1", "Acme Ltd", "EUR 10.00"),
        "copy of a.txt": invoice("I-1", "Acme Ltd", "EUR 10.00"),
        "a, printed.md": "# A print\n\n" + invoice("I-1", "Acme Ltd", "EUR 10.00"),
        "b.txt": invoice("I-2", "Acme Ltd", "EUR 10.00") + "\nTotal due: EUR 12.00\n",
        "c.txt": invoice("I-3", "Acme Ltd", "on request"),
        "d.txt": invoice("I-4", "Acme Ltd", "EUR 7.00"),
        "d, again.txt": invoice("I-4", "Acme Ltd", "EUR 8.00", "Revised"),
        "e.txt": invoice("I-4", "Bluefin Ltd", "EUR 1.00"),
    }
    (tmp_path / "docs").mkdir()
    for name, text in texts.items():
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "state")) as drive:
        drive.wait_indexed()
        found = drive.aggregate("sum", "amount")
        assert [(row.unit, row.value, row.files) for row in found.rows] == [("EUR", "11.00", 2)]
        reasons = {one.path: one.reason for one in found.left_out}
        assert reasons.keys() == texts.keys() - {"a, printed.md", "e.txt"}
        assert reasons["a.txt"] == "says the same as a, printed.md: invoice number I-1"
        assert reasons["copy of a.txt"] == "has the content of a.txt"
        assert reasons["b.txt"] == ("states 2 different ones: EUR 10.00 (:10) and EUR 12.00 (:12)")
        assert reasons["c.txt"] == "states no amount"
        assert reasons["d.txt"].startswith("contradicts d, again.txt: invoice number I-4")
        everything = drive.aggregate("sum", "amount", copies=True)
        assert [row.value for row in everything.rows] == ["46.00"]


def test_files_without_text_are_counted_by_what_is_known_of_them(tmp_path: Path) -> None:
    (tmp_path / "docs" / "beach").mkdir(parents=True)
    for name, colour in (("a.png", "red"), ("again.png", "red"), ("beach/b.png", "blue")):
        Image.new("RGB", (40, 30), colour).save(tmp_path / "docs" / name)
    (tmp_path / "docs" / "notes.txt").write_text("Herons nest in March.")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "state")) as drive:
        drive.wait_indexed()
        found = drive.aggregate("count", query="photos")
        assert [row.value for row in found.rows] == ["2"]
        assert [(one.path, one.reason) for one in found.left_out] == [
            ("again.png", "has the content of a.png")
        ]
        assert not any("drafts" in note for note in found.notes)
        by = drive.aggregate("count", by=("type", "folder"), copies=True)
        assert {(row.group, row.value) for row in by.rows} == {
            (("image", ""), "2"), (("image", "beach"), "1"), (("text", ""), "1"),
        }  # fmt: skip
        # What files say is asked of those that say something.
        assert drive.aggregate("count", by=("date:year",)).files == 1


def test_command_line(folder: Path, papers: library.Drive) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        state = str(folder.parent / "state")  # of a drive that is open: it is read as it is
        return lsfs(*arguments, "--state", state, cwd=folder, LSFS_MODEL_EMBED="none")

    done = run("join", "invoices", "contracts", "--on", "counterparty")
    assert done.returncode == 0, done.stderr
    assert "invoices/a1.txt  contracts/acme.txt      1.00  ACME Limited" in done.stdout
    assert "counterparty: ACME Limited (line 1) = Acme Ltd (line 5)" in done.stdout
    done = run("aggregate", "sum", "amount", "--by", "kind", "--query", "invoices", "--files")
    assert "invoice  2489.66 EUR  4 files" in done.stdout
    assert "invoices/a1.txt:11  EUR 1,000.10" in done.stdout
    none = Joined((), 0, more=False, left_files=1, right_files=1)
    assert exit_code(none) == 1


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How much did we pay Acme in 2023?", ["1250.10 EUR in 2 files"]),
        ("What did Acme charge us in 2023?", ["1250.10 EUR in 2 files"]),
        ("wie viel haben wir 2023 an Müller Metallbau GmbH bezahlt?",
         ["1234.56 EUR in 1 file", "250.00 GBP in 1 file"]),
        ("Combien avons-nous payé à Studio 54 en 2022 ?", ["5.00 EUR in 1 file"]),
        ("¿Cuánto nos ha facturado Studio 54 en 2022?", ["5.00 EUR in 1 file"]),
        ("Combien Studio 54 nous a-t-il facturé en 2022 ?", ["5.00 EUR in 1 file"]),
        ("Wie viel hat uns Studio 54 im Jahr 2022 berechnet?", ["5.00 EUR in 1 file"]),
        ("what is the sum of all invoices from 2023?",
         ["2484.66 EUR in 3 files", "250.00 GBP in 1 file"]),
        ("how much is the total of the invoices from 2023?",
         ["2484.66 EUR in 3 files", "250.00 GBP in 1 file"]),
    ],
)  # fmt: skip
def test_a_question_for_a_sum_is_computed(
    papers: library.Drive, question: str, expected: list[str]
) -> None:
    answer = papers.ask(question)
    assert (answer.by, answer.grounded) == ("computed", True)
    lines = answer.answer.splitlines()
    assert lines[: len(expected)] == expected
    assert {one.path for one in answer.files} == {one.path for one in answer.citations}
    assert all(one.quote for one in answer.citations)


@pytest.mark.parametrize(
    "question",
    [
        "How much did we pay for the roof?",
        "How much did we pay Acme Holdings in 2023?",  # their papers have no invoice
        "How much did we pay Acme in 1999?",
        "How much did we invoice in 2023?",  # all were written to us
        "How much is the fee in the contract with Acme?",
    ],
)
def test_other_questions_are_not(papers: library.Drive, question: str) -> None:
    assert papers.ask(question).by != "computed"


def test_what_we_billed(tmp_path: Path) -> None:
    customers = ["Acme Ltd", "Otter GmbH", "Acme Ltd", "Heron AG", "Reed Ltd"]
    pairs = [*((OWN, one) for one in customers), ("Acme Ltd", OWN)]
    for n, (firm, customer) in enumerate(pairs):
        text = invoice(f"I-{n}", firm, f"EUR {10**n}.00").replace(
            f"Bill to: {OWN}", f"Bill to: {customer}"
        )
        (tmp_path / f"{n}.txt").write_text(text)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "state")) as drive:
        drive.wait_indexed()
        for question, expected in (
            ("How much did we invoice in 2023?", "11111.00 EUR in 5 files"),
            ("What have we billed Acme?", "101.00 EUR in 2 files"),
            ("How much did Acme Ltd pay us in 2023?", "101.00 EUR in 2 files"),
            ("How much did we spend on Acme?", "100000.00 EUR in 1 file"),
        ):
            assert drive.ask(question).answer.splitlines()[0] == expected


def test_only_files_of_a_party(papers: library.Drive) -> None:
    assert numbers(papers, "count", party="ACME ltd.") == {(): "3"}
    assert numbers(papers, "count", party="Acme Holdings") == {(): "1"}


# --- kept joins


def test_kept_joins(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    for name in ("contracts/acme.txt", "invoices/a1.txt"):
        (source / name).parent.mkdir(parents=True)
        (source / name).write_text(FILES[name], encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    record = initialise(source, str(tmp_path / "state"))
    caller = open_local(record, config)
    name = "invoices + contracts on counterparty, date within 3m before how left"
    with Drive(record.source, caller) as drive:
        drive.wait_indexed()
        assert drive.save_join(name).message == f"{name}: 1 rows"
        drive.join("invoices", "contracts", on=("contract_number",), save="by number")
        published = Published(record.state.catalog)
        assert published.joins() == ["by number", name]
        kept = published.join(name)
        assert kept is not None
        assert [(row.left, row.right) for row in kept.joined.rows] == [
            ("invoices/a1.txt", "contracts/acme.txt")
        ]
        (source / "invoices/a2.txt").write_text(FILES["invoices/a2.txt"], encoding="utf-8")
        drive.wait_indexed()
        joins_kept.refresh(Call(caller.engines))
        kept = published.join("by number")
        assert kept is not None
        assert [row.left for row in kept.joined.rows] == ["invoices/a1.txt", "invoices/a2.txt"]
        said = "invoices with contracts on contract_number"
        assert drive.save_join(said).message == f"{said}: 2 rows"
        drive.drop_join(said)
        caller.engines.catalog.start_anew()
        assert published.joins() == ["by number", name]
        drive.drop_join(name)
        with pytest.raises(NotFound):
            drive.drop_join(name)
        for wrong in ("invoices", "a+b on", "invoices+contracts on total~party", ".x+y on z"):
            with pytest.raises(UsageError):
                drive.save_join(wrong)
        assert published.joins() == ["by number"]
        published.close()


def test_a_table_for_spreadsheets(papers: library.Drive) -> None:
    table = papers.join("invoices", "contracts", on=("contract_number",), csv=True).table
    lines = list(csv.DictReader(table.splitlines()))
    assert [(line["left"], line["right_value"]) for line in lines] == [
        ("invoices/a1.txt", "C-1"), ("invoices/a2.txt", "C-1"), ("invoices/a2.txt", "C-2"),
    ]  # fmt: skip
