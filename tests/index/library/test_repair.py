"""Damage made by hand is found and mended, and the next ingestion leaves all as it was before."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from lsfs.config import IndexConfig
from lsfs.index.library import damage, schema
from lsfs.index.library.check import check
from lsfs.index.library.claims import Claims
from lsfs.index.library.mirror import SCHEMA, Mirror
from lsfs.index.library.objects import Objects
from lsfs.index.library.repair import repair
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.tables import Library
from lsfs.index.library.told import LibraryReport
from lsfs.index.library.writing import Writer
from lsfs.index.store.catalog import Catalog
from tests.index.conftest import PlainReader
from tests.index.library.conftest import Folder, contents

FILES = 12
Rows = dict[str, list[dict[str, Any]]]


class Damaged(Struct):
    """A library that somebody damages, and the folder that it is of."""

    folder: Folder
    before: Rows
    documents: list[str]  # ids of documents of two passages or more, each of one file

    @property
    def place(self) -> Path:
        return Path(self.folder.uri.removeprefix("file://"))

    @property
    def library(self) -> Library:
        return Library(Objects(self.folder.uri))

    def change(self, name: str, change: Callable[[Any], None]) -> None:
        """Change a table behind the heads' back."""
        there = self.library
        table = there.database.open_table(name)
        change(table)
        head = there.head()
        tables = {**head.tables, name: table.version}
        assert there.heads.add(replace(head, number=head.number + 1, tables=tables))

    def rows(self, name: str, where: str) -> Any:
        return self.library.snapshot().table(name).search().where(where).to_arrow()

    def bytes_of(self, document: str) -> Path:
        (digest,) = self.rows("document", f"id = '{document}'")["digest"].to_pylist()
        return self.place / schema.bytes_at(digest)

    def kinds(self, *, deep: bool = False) -> set[str]:
        return {one.kind for one in check(self.library, deep=deep).problems}

    def mend(self, *, deep: bool = False) -> LibraryReport:
        library = self.library
        made_by = MadeBy.of(PlainReader().versions(), {}, IndexConfig())
        return repair(Writer(library, Claims(library.heads), made_by), deep=deep)

    def is_as_before(self) -> bool:
        self.folder.ingest()
        return contents(self.folder.uri) == self.before and not self.kinds(deep=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    (root / "Papers").mkdir()
    folder = Folder(root / "Papers", f"file://{root}/library", "Papers", PlainReader())
    chance = random.Random(3)
    for n in range(FILES):
        words = " ".join(
            chance.choices(["rent", "deposit", "heron", "harbour", "key", "lease", "mill"], k=300)
        )
        folder.write(f"{n}.txt", f"Note {n}. {words}.\n\nMore of note {n}: {words}.")
    folder.ingest()
    return root


@pytest.fixture
def damaged(made: Path, tmp_path: Path) -> Iterator[Damaged]:
    shutil.copytree(made / "library", tmp_path / "library")
    folder = Folder(made / "Papers", f"file://{tmp_path}/library", "Papers", PlainReader())
    before = contents(folder.uri)
    documents = [row["id"] for row in before["document"]]
    assert all(row["passages"] > 1 for row in before["document"])
    yield Damaged(folder, before, documents)


def test_rows_that_are_not_right(damaged: Damaged, tmp_path: Path) -> None:
    copy = Mirror(Catalog(tmp_path / "copy.sqlite", schema=SCHEMA), lambda path: None)
    twice, lost, renamed, no_vector, orphaned, less, spoilt, other_text = damaged.documents[:8]
    file_twice, moved = (row["id"] for row in damaged.before["file"][:2])
    add, files = damaged.rows, damaged.rows("file", "true")
    no_unit = [0.0] * damaged.library.head().dimension
    damaged.change("file", lambda t: t.add(files.slice(0, 0).from_pylist(
        [r for r in files.to_pylist() if r["id"] == file_twice], schema=files.schema
    )))  # fmt: skip
    damaged.change("file", lambda t: t.update(f"id = '{moved}'", {"id": "0" * 32}))
    damaged.change("document", lambda t: t.add(add("document", f"id = '{twice}'")))
    damaged.change("passage", lambda t: t.add(add("passage", f"document = '{twice}'")))
    damaged.change("document", lambda t: t.delete(f"id IN ('{lost}', '{orphaned}')"))
    damaged.change("passage", lambda t: t.delete(f"document = '{lost}'"))
    damaged.change("document", lambda t: t.update(f"id = '{renamed}'", {"named": "?"}))
    damaged.change("passage", lambda t: t.update(
        f"document = '{no_vector}' AND ordinal = 1", {"vector": no_unit}
    ))  # fmt: skip
    damaged.change("passage", lambda t: t.delete(f"document = '{less}' AND ordinal = 0"))
    damaged.change("document", lambda t: t.update(f"id = '{spoilt}'", {"body": b"no body"}))
    damaged.change("passage", lambda t: t.update(f"document = '{other_text}'", {"text": "?"}))
    deep = {damage.UNREADABLE, damage.OTHER_TEXT}
    found = {
        damage.FILE_ID, damage.FILE_TWICE, damage.NO_DOCUMENT, damage.DOCUMENT_ID,
        damage.DOCUMENT_TWICE, damage.PASSAGE_TWICE, damage.NO_VECTOR, damage.NO_OWNER,
        damage.OTHER_PASSAGES,
    }  # fmt: skip
    assert damaged.kinds() == found
    assert damaged.kinds(deep=True) == found | deep
    done = damaged.mend(deep=True)
    assert {one.kind for one in done.problems if one.is_mended} == found | deep
    assert damaged.kinds(deep=True) == set()
    assert done.sources == ("Papers",)
    assert 7 <= done.marked <= 9
    assert (
        len(contents(damaged.folder.uri)["document"]) == FILES - 7
    )  # the others say what they did
    copy.update(damaged.library.snapshot())  # readers can take it in
    assert damaged.is_as_before()


def test_a_copy_of_damaged_rows_is_made_anew(damaged: Damaged, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "copy.sqlite", schema=SCHEMA)
    document = damaged.documents[0]
    damaged.change("passage", lambda t: t.add(damaged.rows("passage", f"document = '{document}'")))
    Mirror(catalog, lambda path: None).update(damaged.library.snapshot())
    damaged.mend()
    Mirror(catalog, lambda path: None).update(damaged.library.snapshot())
    (count,) = catalog.db.execute("SELECT count(*) FROM passage_place").fetchone()
    assert count == len(damaged.before["passage"])
    assert catalog.db.execute("SELECT count(*) FROM file").fetchone() == (FILES,)


def test_bytes_that_are_not_right(damaged: Damaged) -> None:
    gone, short, others = (damaged.bytes_of(one) for one in damaged.documents[:3])
    size = others.stat().st_size
    gone.unlink()
    short.write_bytes(b"?")
    others.write_bytes(b"?" * size)
    assert damaged.kinds() == {damage.NO_BYTES, damage.OTHER_SIZE}
    done = damaged.mend(deep=True)
    assert {one.kind for one in done.problems} == {
        damage.NO_BYTES, damage.OTHER_SIZE, damage.OTHER_BYTES
    }  # fmt: skip
    assert done.marked == 3
    aside = {path.name: path.read_bytes() for path in (damaged.place / "damaged").iterdir()}
    assert aside == {short.name: b"?", others.name: b"?" * size}
    assert damaged.kinds() == {damage.NO_BYTES}  # until the folder is indexed again
    assert damaged.is_as_before()
    assert others.stat().st_size == size


def test_indexes_that_are_lost(damaged: Damaged) -> None:
    for part in (damaged.place / "tables" / "passage.lance" / "_indices").rglob("*"):
        if part.is_file():
            part.write_bytes(b"?" * 100)
    done = damaged.mend()
    assert [one.kind for one in done.problems] == [damage.BAD_INDEX]
    assert done.marked == 0
    assert damaged.kinds() == set()
    assert damaged.is_as_before()


@pytest.mark.parametrize(("name", "part"), [("document", "data"), ("passage", "_versions")])
def test_tables_that_cannot_be_read(damaged: Damaged, name: str, part: str) -> None:
    shutil.rmtree(damaged.place / "tables" / f"{name}.lance" / part)
    done = damaged.mend()
    assert [(one.kind, one.examples) for one in done.problems] == [(damage.BAD_TABLE, (name,))]
    assert done.marked == FILES
    assert damaged.kinds() == set()
    assert damaged.is_as_before()


def test_a_table_of_files_is_not_guessed(damaged: Damaged) -> None:
    shutil.rmtree(damaged.place / "tables" / "file.lance" / "data")
    head = damaged.library.head()
    (problem,) = damaged.mend().problems
    assert problem.kind == damage.BAD_TABLE
    assert not problem.is_mended
    assert damaged.library.head().tables == head.tables


def test_a_library_that_is_well_is_left_alone(damaged: Damaged) -> None:
    head = damaged.library.head()
    assert damaged.mend(deep=True).problems == ()
    assert damaged.library.head() == head
