"""The sample drive: the same each time, and as its truth says, read with other tools than ours."""

from __future__ import annotations

import email
import email.policy
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import docx
import openpyxl
import pytest

from demo import truth
from demo.sample_drive import make
from demo.truth import Fact, Truth

SCRIPT = Path(__file__).resolve().parents[2] / "demo" / "sample_drive.py"


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample") / "a drive"


@pytest.fixture(scope="module")
def truths(drive: Path) -> list[Truth]:
    return make(drive)


def contracts_of(truths: list[Truth], year: int) -> list[Truth]:
    return [known for known in truths if known.signed_in(year)]


def modified(drive: Path, path: str) -> int:
    return datetime.fromtimestamp((drive / path).stat().st_mtime, UTC).year


# --- reading files with independent tools


def pdf_text(file: Path, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(
        ["pdftotext", *options, str(file), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def word_text(file: Path) -> str:
    document = docx.Document(str(file))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return " ".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def mail_text(file: Path) -> str:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return f"{message['subject']} {body.get_content()}"


def sheet_text(file: Path, number: int) -> str:
    book = openpyxl.load_workbook(file, read_only=True)
    rows = list(book.worksheets[number - 1].iter_rows(values_only=True))
    book.close()
    return " ".join(str(value) for row in rows for value in row)


def text_at(file: Path, page: int | None) -> str:
    """The text of one page, or of the whole file where its format has none; blanks as one."""
    if file.suffix == ".pdf":
        text = pdf_text(file, "-f", str(page), "-l", str(page))
    elif file.suffix == ".xlsx":
        assert page is not None
        text = sheet_text(file, page)
    elif file.suffix == ".docx":
        text = word_text(file)
    elif file.suffix == ".eml":
        text = mail_text(file)
    elif file.suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8")))
    else:
        text = file.read_text(encoding="utf-8")
    return " ".join(text.split())


def page_count(file: Path) -> int:
    return pdf_text(file).count("\f")


def with_facts(truths: list[Truth]) -> Iterator[tuple[str, Fact]]:
    return ((known.path, fact) for known in truths for fact in known.facts)


# --- the tests


def test_two_runs_write_the_same_bytes_and_times(
    drive: Path, truths: list[Truth], tmp_path: Path
) -> None:
    second, saved = tmp_path / "second", tmp_path / "truth.json"
    command = [sys.executable, str(SCRIPT), str(second), "--truth", str(saved)]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    assert truth.load(saved) == truths
    for known in truths:
        ours, theirs = drive / known.path, second / known.path
        assert ours.read_bytes() == theirs.read_bytes(), known.path
        assert ours.stat().st_mtime_ns == theirs.stat().st_mtime_ns, known.path


def test_another_seed_writes_other_figures(truths: list[Truth], tmp_path: Path) -> None:
    assert make(tmp_path / "other", seed=8) != truths


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(FileExistsError, match="not empty"):
        make(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_truth_names_every_file_once(drive: Path, truths: list[Truth]) -> None:
    there = {str(file.relative_to(drive)) for file in drive.rglob("*") if file.is_file()}
    paths = [known.path for known in truths]
    assert set(paths) == there
    assert len(paths) == len(there)
    assert 70 <= len(paths) <= 90


def test_every_fact_stands_on_its_page_and_on_no_other(drive: Path, truths: list[Truth]) -> None:
    wrong: list[str] = []
    for path, fact in with_facts(truths):
        file = drive / path
        if fact.answer not in text_at(file, fact.page):
            wrong.append(f"{path}: {fact.answer!r} is not on page {fact.page}")
        if file.suffix == ".pdf":
            others = set(range(1, page_count(file) + 1)) - {fact.page}
            wrong += [
                f"{path}: {fact.answer!r} is on page {page} too"
                for page in others
                if fact.answer in text_at(file, page)
            ]
    assert wrong == []


def test_there_are_enough_facts_and_no_question_twice(truths: list[Truth]) -> None:
    questions = [fact.question for _, fact in with_facts(truths)]
    assert len(questions) == len(set(questions))
    assert len({path for path, _ in with_facts(truths)}) >= 25
    assert sum(fact.page is not None for _, fact in with_facts(truths)) >= 25


def test_contracts_of_2023_and_of_other_years(truths: list[Truth]) -> None:
    of_2023 = contracts_of(truths, 2023)
    assert len(of_2023) >= 9
    assert {Path(known.path).suffix for known in of_2023} == {
        ".pdf",
        ".docx",
        ".md",
        ".txt",
        ".html",
    }
    assert len([known for known in truths if known.is_contract]) - len(of_2023) >= 12
    assert {known.date[:4] for known in truths if known.is_contract} >= {"2019", "2022", "2026"}
    assert any(not known.path.startswith("Contracts/") for known in of_2023)


def test_the_text_of_each_contract_of_2023_states_its_year(
    drive: Path, truths: list[Truth]
) -> None:
    for known in contracts_of(truths, 2023):
        file = drive / known.path
        text = pdf_text(file) if file.suffix == ".pdf" else text_at(file, None)
        assert "2023" in text, known.path


def test_distractors_speak_of_2023_and_contracts(drive: Path, truths: list[Truth]) -> None:
    found: list[str] = []
    for known in truths:
        file = drive / known.path
        if known.is_contract or known.kind in {"binary", "empty", "bank statement"}:
            continue
        if file.suffix == ".xlsx":
            continue
        text = pdf_text(file) if file.suffix == ".pdf" else text_at(file, None)
        about = re.search(r"contract|lease|agreement", text, re.IGNORECASE)
        if "2023" in f"{known.date} {text}" and about:
            found.append(known.path)
    assert len(found) >= 9, found
    assert any(path.startswith("Contracts/") for path in found)


def test_times_and_properties_that_mislead(drive: Path, truths: list[Truth]) -> None:
    of_2023 = [known.path for known in contracts_of(truths, 2023)]
    assert "Finance/Vehicles/van lease.pdf" in of_2023
    assert modified(drive, "Finance/Vehicles/van lease.pdf") == 2019
    old = [known.path for known in contracts_of(truths, 2019)]
    assert any(modified(drive, path) == 2023 for path in old)
    nda = docx.Document(str(drive / "Contracts/NDA Quillon.docx")).core_properties
    assert nda.created is not None
    assert nda.created.year == 2020
    lease = (drive / "Legal/Harbour Street lease.pdf").read_bytes()
    assert b"D:20210608" in lease


def test_awkward_files_are_there(drive: Path, truths: list[Truth]) -> None:
    by_kind = {known.kind: drive / known.path for known in truths}
    assert by_kind["empty"].stat().st_size == 0
    assert b"\x00" in by_kind["binary"].read_bytes()
    locked = by_kind["bank statement"].read_bytes()
    assert b"/Encrypt" in locked
    assert b"4,216.08" not in locked
    names = " ".join(known.path for known in truths)
    assert all(sign in names for sign in '"[]()🌲')
    assert max((drive / known.path).stat().st_size for known in truths) >= 95_000
    assert max(page_count(file) for file in drive.rglob("*lease.pdf")) >= 3
    assert all(os.access(drive / known.path, os.R_OK) for known in truths)
