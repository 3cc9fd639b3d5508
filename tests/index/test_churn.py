"""After any changes the index equals one that is made afresh, row by row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import churn
from benchmarks.churn import Index, NamedReader, differences, fresh, opened
from lsfs.index.compare import compare
from lsfs.index.tree import SourceTree


@pytest.mark.parametrize("seed", [1, 2])
def test_changes_while_nobody_looks(tmp_path: Path, seed: int) -> None:
    for found in churn.down(tmp_path, 300, seed, NamedReader(), each=150):
        assert found == []


def test_changes_that_are_followed(tmp_path: Path) -> None:
    for found in churn.live(tmp_path, 160, 3, NamedReader(), each=80):
        assert found == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path: Path, source: Path) -> Iterator[Index]:
    with opened(source, tmp_path / "state", NamedReader()) as made:
        yield made


def write(source: Path, **texts: str) -> None:
    """Files of these names, each with a name for an ending: ``a_txt`` is ``a.txt``."""
    for name, text in texts.items():
        (source / name.replace("_", ".")).write_text(text)


def rename_over(source: Path) -> None:
    (source / "a.txt").replace(source / "b.txt")


def swap(source: Path) -> None:
    (source / "a.txt").rename(source / "aside")
    (source / "b.txt").rename(source / "a.txt")
    (source / "aside").rename(source / "b.txt")


def turn(source: Path) -> None:
    """Three take each other's places."""
    swap(source)
    (source / "b.txt").rename(source / "aside")
    (source / "c.md").rename(source / "b.txt")
    (source / "aside").rename(source / "c.md")


def back_in_time(source: Path) -> None:
    """Other bytes of the same number, under another name, with the time that there was."""
    before = (source / "a.txt").stat()
    (source / "a.txt").rename(source / "d.txt")
    (source / "d.txt").write_text("otter in the reeds")
    os.utime(source / "d.txt", ns=(before.st_atime_ns, before.st_mtime_ns))


def other_kind_of_text(source: Path) -> None:
    (source / "c.md").rename(source / "c.csv")
    shutil.copy(source / "a.txt", source / "a.csv")


def linked(source: Path) -> None:
    os.link(source / "a.txt", source / "link.txt")
    (source / "b.txt").unlink()


SOME: dict[str, Callable[[Path], None]] = {
    change.__name__: change
    for change in (rename_over, swap, turn, back_in_time, other_kind_of_text, linked)
}


@pytest.mark.parametrize("change", SOME)
def test_a_change(index: Index, source: Path, tmp_path: Path, change: str) -> None:
    write(source, a_txt="heron in the reeds", b_txt="a lease of 3 May 2019", c_md="# An otter, too")
    index.pipeline.run()
    SOME[change](source)
    index.pipeline.run()
    assert differences(index.state(), fresh(source, tmp_path / "fresh", NamedReader())) == []


def test_a_swap_parses_and_embeds_nothing(index: Index, source: Path) -> None:
    write(source, a_txt="heron", b_txt="a lease of 3 May 2019")
    index.pipeline.run()
    work = index.pipeline.work
    before = work.parsed, work.embedded
    swap(source)
    index.pipeline.run()
    assert (work.parsed, work.embedded, work.renamed, work.removed) == (*before, 2, 0)


def test_a_tree_that_moves_is_not_read(index: Index, source: Path, tmp_path: Path) -> None:
    for number in range(30):
        place = source / "tree" / f"d{number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(f"heron {number}")
    index.pipeline.run()
    work = index.pipeline.work
    before = work.read, work.parsed, work.embedded
    (source / "tree").rename(source / "Contracts")  # which says that they are contracts
    index.pipeline.run()
    assert (work.read, work.parsed, work.embedded) == before
    assert work.renamed == 30
    assert differences(index.state(), fresh(source, tmp_path / "fresh", NamedReader())) == []


def test_equal_text_is_embedded_once_in_all_files(index: Index, source: Path) -> None:
    part = "The tenant pays the rent on the first day of each month. " * 12
    for number in range(6):
        (source / f"{number}.txt").write_text(f"{part}\n\n{part}\n\nNumber {number}. " * 2)
    index.pipeline.run()
    work = index.pipeline.work
    passages = index.catalog.counts().passages
    assert work.embedded + work.reused == passages
    distinct = index.catalog.db.execute("SELECT count(DISTINCT text_hash) FROM passage").fetchone()
    assert work.embedded == distinct[0] < passages


def test_nothing_is_to_be_done_where_nothing_has_changed(index: Index, source: Path) -> None:
    write(source, a_txt="heron", b_txt="otter")
    index.pipeline.run()
    generation = index.catalog.generation()
    assert not index.pipeline.refresh()
    index.pipeline.run()
    assert index.catalog.generation() == generation
    known = index.catalog.files_below()
    assert not compare(known, dict(index.tree.files()))


def test_another_name_of_a_changed_file_is_looked_at_with_it(index: Index, source: Path) -> None:
    write(source, a_txt="heron")
    os.link(source / "a.txt", source / "b.txt")
    index.pipeline.run()
    (source / "b.txt").write_text("otter")
    index.pipeline.run(["b.txt"])  # the event names one
    digests = {digest for digest in index.catalog.contents().values()}
    assert len(digests) == 1
    tree = SourceTree(source, ())
    assert dict(tree.files()) == {
        path: row.identity for path, row in index.catalog.files_below().items()
    }
    tree.close()
