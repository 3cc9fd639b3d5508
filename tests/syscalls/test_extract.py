"""Fields and duplicates through a drive, with the real parsers, and through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs as library
from lsfs.config import Config, ModelConfig
from lsfs.errors import ModelMissing, NotFound, UsageError
from lsfs.index.fields.definitions import definitions
from lsfs.syscalls.relations.asked import asked_of_model
from tests.command import lsfs
from tests.index.conftest import document
from tests.llm.fakes import FakeModel
from tests.syscalls.conftest import TEXTS


def test_fields_of_files(drive: library.Drive) -> None:
    rows = drive.extract("Contracts/harbour-lease.md", wait=True).rows
    found = {(row.field, row.normal) for row in rows}
    assert {("party", "ada byron"), ("party", "harbour homes"), ("rent", "1450 EUR"),
            ("notice", "P3M"), ("date", "2023-02-14")} <= found  # fmt: skip
    rows = drive.extract(field=("amount",), first=True).rows
    assert ("Finance/invoice-2023-17.txt", "total", "380 EUR", 8) in {
        (row.path, row.field, row.normal, row.line) for row in rows
    }
    assert {row.path for row in drive.extract(query="harbour lease", field=("rent",)).rows} >= {
        "Contracts/harbour-lease.md"
    }
    with pytest.raises(NotFound):
        drive.extract("none.txt")
    with pytest.raises(UsageError):
        drive.extract(field=("colour",))
    with pytest.raises(UsageError):
        drive.extract(schema="poem")
    with pytest.raises(ModelMissing):
        drive.extract("Notes", field=("rent",), model=True)


def test_what_words_mean_is_extracted_as_it_is_grouped(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/po.txt").write_text(
        "PURCHASE ORDER\n\nSupplier: Acme Ltd\nCustomer: Roth GmbH\nProject: Mill Lane\n"
        "Policy number: AM-884-2201\n",
        encoding="utf-8",
    )
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "state")) as drive:
        drive.wait_indexed()
        rows = drive.extract(field=("policy number", "supplier", "project")).rows
    assert [(row.field, row.value) for row in rows] == [
        ("contract_number", "AM-884-2201"), ("party", "Acme Ltd"), ("project", "Mill Lane")
    ]  # fmt: skip


class Filler(FakeModel):
    """Fills in what it is told to, whatever the schema says."""

    def fill(
        self, question: str, evidence: list[str], schema: object, cancel: object = None
    ) -> str:
        self.shown.append(question)
        return self.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"value": "EUR 900"}', [("rent", "900 EUR", "EUR 900", "model")]),
        ('{"value": "EUR 901"}', []),
        ('{"value": null}', []),
        ('{"value": "EUR 9', []),
        ('{"value": "0"}', []),
    ],
)
def test_a_value_of_the_model_has_to_stand_in_the_text(text: str, expected: list[object]) -> None:
    said = "For her rooms she gives him EUR 900 each time."
    found = asked_of_model(document(said), ["rent"], definitions(), Filler(text))
    rows = [(one.name, one.normal, said[one.char_start : one.char_end], one.rule) for one in found]
    assert rows == expected


def test_no_model_is_asked_without_a_value_of_the_type() -> None:
    model = Filler('{"value": "none"}')
    assert not list(asked_of_model(document("No sums here."), ["rent"], definitions(), model))
    assert not model.shown


@pytest.fixture
def copies(source: Path) -> Path:
    lease = TEXTS["Contracts/harbour-lease.md"] + "Keys are handed over at noon. " * 3
    (source / "Contracts/harbour-lease.md").rename(source / "a.md")
    (source / "a.md").write_text(lease)
    (source / "b.md").write_text(lease.replace("1,450", "1,500"))
    (source / "copy.md").write_text(lease)
    (source / "one.bin").write_bytes(b"\0\1\2" * 99)
    (source / "two.bin").write_bytes(b"\0\1\2" * 99)
    return source


def test_duplicates_and_folding(copies: Path, no_chat: Config) -> None:
    with library.open(copies, config=no_chat) as drive:
        (group,) = drive.duplicates(threshold=0.7, wait=True).groups
        members = {one.path: one for one in group.members}
        assert (group.path, set(members)) == ("a.md", {"b.md", "copy.md"})
        assert members["copy.md"].exact and members["copy.md"].similarity == 1
        assert [one.name for one in members["b.md"].differs] == ["rent"]
        exact = drive.duplicates(mode="exact").groups
        assert {(one.path, one.members[0].path) for one in exact} == {
            ("a.md", "copy.md"), ("one.bin", "two.bin"),
        }  # fmt: skip
        assert not drive.duplicates("Notes", threshold=0.7).groups
        hits = drive.retrieve("keys noon", fold=True).hits
        (shown,) = [hit for hit in hits if hit.path in {"a.md", *members}]
        assert {shown.path, *shown.similar} == {"a.md", "b.md", "copy.md"}
        with pytest.raises(UsageError):
            drive.duplicates(threshold=0.1)


def test_commands(copies: Path) -> None:
    done = lsfs("index", str(copies), LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    done = lsfs("duplicates", "--threshold", "0.7", cwd=copies, LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    assert "copy.md" in done.stdout and "rent: EUR 1,450 \u2192 EUR 1,500" in done.stdout
    done = lsfs("extract", "Finance", "-f", "total", "--json", cwd=copies, LSFS_MODEL_EMBED="none")
    assert [row["normal"] for row in json.loads(done.stdout)["rows"]] == ["380 EUR"]
