"""Groups by what files say in front matter, in lists of several, and by numbers of their kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs as library
from lsfs.config import Config, ModelConfig
from lsfs.syscalls.group import Groups

FILES = {
    "kick-off.md": "---\nclient: Acme Ltd\nstatus: done\ntags: [print, web]\nrating: 5\n"
    "doi: 10.1000/own\n---\n\n# Kick-off\n\nSee also 10.1000/other for more.\n",
    "shop.md": "---\nclient: Acme Ltd\nstatus: open\ntags:\n  - web\nrating: 4\n---\n\nA shop.\n",
    "paper.txt": "On shops\n\nhttps://doi.org/10.1000/own\n\nAbstract\n\nShops are shops.\n",
    "other.txt": "On more shops\n\ndoi:10.1000/other\n\nAbstract\n\nMore shops.\n",
    "minutes.txt": "Minutes\n\nPresent: Ann Lee, Bo Ray and Cy Fox\n",
    "Protokoll.txt": "Protokoll\n\nAnwesend: Ann Lee; Di Orr\n",
    "award.txt": "AWARD\n\nGrant number: NE/X0142/1\n",
    "buy.txt": "ORDER\n\nPlease charge it to grant NE/X0142/1 and tell us.\n",
    "kauf.txt": "BESTELLUNG\n\nFörderkennzeichen: BR 5512/3-1\n",
    "no.txt": "FORM\n\nGrant: none wanted\n",
}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[library.Drive]:
    folder = tmp_path_factory.mktemp("stated") / "docs"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(folder.parent / "state")) as opened:
        opened.wait_indexed()
        yield opened


def shape(found: Groups) -> dict[str, list[str]]:
    return {one.label: [Path(file.path).stem for file in one.files] for one in found.groups}


def test_front_matter_is_grouped_and_counted(drive: library.Drive) -> None:
    assert shape(drive.group_by("client")) == {"Acme Ltd": ["kick-off", "shop"]}
    assert shape(drive.group_by("status")) == {"done": ["kick-off"], "open": ["shop"]}
    found = drive.aggregate("avg", "rating", by=("client",))
    assert [(row.group, row.value) for row in found.rows] == [(("Acme Ltd",), "4.50")]


@pytest.mark.parametrize("key", ["tags", "tag", "keywords"])
def test_each_of_a_list_is_a_group_though_the_word_means_more(
    drive: library.Drive, key: str
) -> None:
    assert shape(drive.group_by(key)) == {"print": ["kick-off"], "web": ["kick-off", "shop"]}


def test_what_nobody_defined_is_found_again_by_new_rules(tmp_path: Path) -> None:
    """Newer rules read all files anew; what was kept of a word of the user is then looked for."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mungo.txt").write_text("Patient: Mungo\nVet: Ann Lee\n", encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    for _ in range(2):
        state = str(tmp_path / "state")
        with library.open(tmp_path / "docs", config=config, state=state) as drive:
            drive.wait_indexed()
            assert shape(drive.group_by("vet")) == {"Ann Lee": ["mungo"]}
        with sqlite3.connect(tmp_path / "state" / "catalog.sqlite") as db:
            db.execute("UPDATE meta SET value = 'of older rules' WHERE key = 'fields'")


def test_a_day_in_german_stays_one_where_no_file_has_tags(drive: library.Drive) -> None:
    assert drive.group_by("tag", query="award.txt").groups == ()


def test_who_was_present(drive: library.Drive) -> None:
    assert shape(drive.group_by("attendees")) == {
        "Ann Lee": ["Protokoll", "minutes"], "Bo Ray": ["minutes"], "Cy Fox": ["minutes"],
        "Di Orr": ["Protokoll"],
    }  # fmt: skip


def test_a_number_behind_the_word_for_what_it_numbers(drive: library.Drive) -> None:
    assert shape(drive.group_by("grant number")) == {
        "NE/X0142/1": ["award", "buy"], "BR 5512/3-1": ["kauf"],
    }  # fmt: skip


def test_the_identifier_in_a_line_of_its_own_is_the_documents(drive: library.Drive) -> None:
    found = drive.join("*.md", "*.txt", on=("doi",))
    assert [(row.left, row.right) for row in found.rows] == [("kick-off.md", "paper.txt")]
