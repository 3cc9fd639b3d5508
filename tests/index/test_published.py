"""What the mount reads of the index, against a catalog that another one writes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lsfs import markdown
from lsfs.index.facts.writers import author_of
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.kept import Questions
from lsfs.index.store.published import Published
from lsfs.index.store.schema import SCHEMA_VERSION
from lsfs.model import Citation, FolderEntries, FoundFile, SavedQuestion
from tests.index.conftest import Index


@pytest.fixture
def published(index: Index) -> Iterator[Published]:
    opened = Published(index.state / "catalog.sqlite")
    yield opened
    opened.close()


def expected(paths: list[str], folder: str) -> tuple[list[str], list[str]]:
    start = f"{folder}/" if folder else ""
    below = [path[len(start) :] for path in paths if path.startswith(start)]
    folders = {path.split("/")[0] for path in below if "/" in path}
    return sorted(folders), sorted(path for path in below if "/" not in path)


def test_folders_hold_what_lies_in_them(index: Index, published: Published) -> None:
    draw = random.Random(7)
    letters = ["a", "b.c", "b", "é", "\udcff", " ", "a!", "a0", "%", "\n"]
    paths = set()
    for _ in range(150):
        parts = [draw.choice(letters) for _ in range(draw.randint(0, 3))]
        path = index.source / "/".join(parts)
        if any(above.is_file() for above in (path, *path.parents)):
            continue
        path.mkdir(parents=True, exist_ok=True)
        name = draw.choice(letters) + ".txt"
        (path / name).write_text("text")
        paths.add("/".join([*parts, name]))
    (index.source / "nothing").mkdir()
    (index.source / "nothing/b").write_bytes(b"\0")
    index.run()
    known = sorted(index.catalog.files_below())
    assert known == sorted([*paths, "nothing/b"])
    folders = {path.rpartition("/")[0] for path in paths} | {"", "a", "nothing", "none", "b"}
    for folder in folders:
        entries = published.folder(folder)
        found = sorted(entries.folders), sorted(entry.name for entry in entries.documents)
        assert found == expected(sorted(paths), folder), repr(folder)


def test_sizes_are_stored_with_the_document(index: Index, published: Published) -> None:
    (index.source / "d").mkdir()
    (index.source / "d/a.txt").write_text("Ünder\n\nway")
    index.run()
    document = published.document("d/a.txt")
    assert document is not None
    [entry] = published.folder("d").documents
    assert entry.text_bytes == len(markdown.whole(document)) == 12
    assert entry.mtime_ns == (index.source / "d/a.txt").stat().st_mtime_ns
    assert (entry.pages, published.page_sizes("d/a.txt")) == (0, ())
    assert published.document("d/b.txt") is None


def test_groups(index: Index, published: Published) -> None:
    (index.source / "a.TXT").write_text("Signed on 3 May 2019.")
    (index.source / "b.bin").write_bytes(b"\0")
    index.run()
    assert sorted(published.typed()) == [("a.TXT", "txt"), ("b.bin", "bin")]
    assert published.dated() == [("a.TXT", "2019-05-03", "2019-05-04")]
    index.catalog.db.execute("UPDATE document SET author = 'Ada'")
    assert published.authored() == [("a.TXT", "Ada")]
    assert published.dates("a.TXT") == ["2019-05-03"]
    assert (published.status("b.bin"), published.status("c")) == ("unsupported", "")
    assert published.generation() == index.catalog.generation() > 0


def test_authors_are_those_of_the_properties_else_of_the_text(
    index: Index, published: Published
) -> None:
    signed = "Dear Ms Lund,\n\nThank you for the boards.\n\nKind regards,\nTove Marsh\n"
    texts = {
        "a.txt": "Minutes of the board\n\nAuthor: Ines Calder\n\nThe roof was discussed.",
        "b.txt": signed,
        "c.txt": "Nobody wrote this.",
        "d.txt": signed.replace("boards", "doors"),
        "e.txt": "A mail of which the properties name who sent it.",
    }
    for name, text in texts.items():
        (index.source / name).write_text(text)
    index.run()
    of = "(SELECT document_id FROM file WHERE path = CAST(? AS BLOB))"
    for name, author in (("d.txt", "python-docx"), ("e.txt", '"Ada Byron" <ada@mill.example>')):
        index.catalog.db.execute(f"UPDATE document SET author = ? WHERE id = {of}", (author, name))
    assert published.authored() == [
        ("e.txt", "Ada Byron"), ("a.txt", "Ines Calder"), ("b.txt", "Tove Marsh"),
        ("d.txt", "Tove Marsh"),
    ]  # fmt: skip
    assert [author_of(one) for one in ("ada@x.org", "<ada@x.org>", "A  B", "root", "")] == [
        "ada@x.org", "ada@x.org", "A B", "", "",
    ]  # fmt: skip


def test_kept_questions(index: Index, published: Published) -> None:
    questions = Questions(index.catalog)
    asked = SavedQuestion("rent", "What?", time_ns=5)
    assert not questions.save_answer(asked), "nobody asked it"
    questions.save(asked)
    assert (published.questions(), published.question("rent")) == (["rent"], asked)
    citations = (Citation("a\udcff", 1, None, None, "q"),)
    files = (FoundFile("a", 0.5, "t", "", "", 1, "e"),)
    answered = SavedQuestion("rent", "What?", 3, 6, "700", citations, files, "m")
    assert questions.save_answer(answered)
    assert published.question("rent") == questions.get("rent") == answered
    questions.save(SavedQuestion("rent", "Who?"))
    assert not questions.save_answer(answered), "it is another question now"
    assert published.question("rent") == SavedQuestion("rent", "Who?")
    assert questions.drop("rent")
    assert not questions.drop("rent")
    assert not questions.save_answer(answered)
    assert published.question("rent") is None


def test_all_threads_may_ask(index: Index, published: Published) -> None:
    for number in range(20):
        (index.source / f"{number}.txt").write_text(f"text {number}")
    index.run()

    def ask(number: int) -> object:
        path = f"{number % 20}.txt"
        document = published.document(path)
        assert document is not None
        return published.status(path), len(published.folder("").documents), document.text

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(200)))
    assert found == [("ok", 20, f"text {number % 20}") for number in range(200)]


def test_a_catalog_that_was_made_anew_is_read(index: Index, published: Published) -> None:
    (index.source / "a.txt").write_text("x")
    index.run()
    assert published.generation() > 0
    path = index.state / "catalog.sqlite"
    path.rename(index.state / "damaged")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).rename(index.state / f"damaged{suffix}")
    assert published.folder("") == FolderEntries()
    fresh = Catalog(path)
    fresh.set_meta("generation", "77")
    assert published.generation() == 77
    fresh.close()


def test_another_schema_is_not_read(index: Index) -> None:
    old = index.state / "old.sqlite"
    with sqlite3.connect(old) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION - 1}")
    db.close()
    published = Published(old)
    assert (published.generation(), published.document("a")) == (0, None)
    published.close()
