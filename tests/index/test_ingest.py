"""The index follows the files, does nothing twice, and survives being cut off anywhere."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs.config import IndexConfig
from lsfs.errors import IndexCorrupt
from lsfs.index.ingest import Pipeline
from lsfs.index.store.catalog import Catalog, open_or_rebuild
from lsfs.index.store.published import Published
from lsfs.model import Document, Status

from .conftest import Index, PlainReader, build


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_file_is_found_after_it_is_indexed(index: Index) -> None:
    write(index.source / "a.txt", "The heron stands in the reeds.")
    index.run()
    assert index.paths("heron") == ["a.txt"]
    assert index.catalog.counts().pending == 0
    assert index.catalog.counts().files == 1


def test_an_edit_replaces_what_was_found(index: Index) -> None:
    write(index.source / "a.txt", "The heron stands in the reeds.")
    index.run()
    write(index.source / "a.txt", "An otter swims upstream.")
    index.run()
    assert index.paths("heron", mode="keyword") == []
    assert index.paths("otter") == ["a.txt"]
    assert len(index.vectors) == 1


def test_a_removed_file_is_no_hit(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    (index.source / "a.txt").unlink()
    index.run()
    assert index.paths("heron") == []
    assert len(index.vectors) == 0


def _reasons(index: Index) -> str:
    rows = index.catalog.db.execute("SELECT kind_reason FROM file").fetchall()
    return " ".join(reason for (reason,) in rows)


@pytest.mark.parametrize("restarted", [True, False])
def test_a_move_that_was_cut_short_is_judged_all_the_same(
    index: Index, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    """The paths are written down, and then the process ends."""
    folder = index.source / "Contracts"
    folder.mkdir()
    (folder / "lease.txt").write_text("The heron and the lake.")
    (folder / "empty.txt").write_text("")
    index.run()
    assert "Contracts" in _reasons(index)

    def ends(self: Pipeline, moves: object) -> None:
        raise KeyboardInterrupt

    folder.rename(index.source / "Invoices")
    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "_restate", ends)
        with pytest.raises(KeyboardInterrupt):
            index.run()
    if restarted:
        index.use(index.reader)
    index.run()
    assert "Contracts" not in _reasons(index)
    assert index.catalog.meta("moved") == ""
    assert index.pipeline.work.embedded == (0 if restarted else 1)


def test_a_rename_moves_rows_and_reads_nothing(index: Index) -> None:
    for n in range(5):
        write(index.source / "old" / f"{n}.txt", f"heron number {n}")
    index.run()
    before = index.pipeline.work.read, index.pipeline.work.embedded
    (index.source / "old").rename(index.source / "new")
    index.run()
    assert (index.pipeline.work.read, index.pipeline.work.embedded) == before
    assert index.pipeline.work.renamed == 5
    assert sorted(index.paths("heron")) == [f"new/{n}.txt" for n in range(5)]


def test_an_atomic_save_is_an_edit(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    write(index.source / ".a.txt.swp", "otter")
    (index.source / ".a.txt.swp").rename(index.source / "a.txt")
    index.run()
    assert index.paths("otter") == ["a.txt"]
    assert index.catalog.counts().files == 1


def test_equal_contents_share_a_document_and_a_vector(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    write(index.source / "b.txt", "heron")
    index.run()
    assert index.pipeline.work.parsed == 1
    assert index.pipeline.work.embedded == 1
    assert sorted(index.paths("heron")) == ["a.txt", "b.txt"]


def test_an_edit_embeds_only_what_is_new(index: Index) -> None:
    paragraphs = [f"Paragraph {n} speaks of the {n}th river. " * 15 for n in range(6)]
    write(index.source / "a.txt", "\n\n".join(paragraphs))
    index.run()
    first = index.pipeline.work.embedded
    write(index.source / "a.txt", "\n\n".join([*paragraphs, "And a word on herons. " * 30]))
    index.run()
    assert index.pipeline.work.embedded - first <= 2
    assert index.pipeline.work.reused >= 5


def test_a_file_touched_without_a_change_is_not_parsed_again(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    os.utime(index.source / "a.txt", (1, 1))
    index.run()
    assert index.pipeline.work.parsed == 1
    assert index.pipeline.work.embedded == 1


def test_a_newer_parser_reads_again(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    index.reader.version = 2
    os.utime(index.source / "a.txt", (1, 1))
    index.run()
    assert index.pipeline.work.parsed == 2


@pytest.mark.parametrize(
    "name", ['it\'s "quoted".txt', "new\nline.txt", "[bold]x[red].txt", "caf\udce9.txt", "ü.txt"]
)
def test_any_file_name(index: Index, name: str) -> None:
    path = index.source / name
    path.write_text("heron")
    index.run()
    assert index.paths("heron") == [name]
    path.unlink()
    index.run()
    assert index.paths("heron") == []


def test_what_is_ignored_is_not_indexed(index: Index) -> None:
    write(index.source / ".git" / "config", "heron")
    write(index.source / "node_modules" / "x.txt", "heron")
    write(index.source / "id_rsa", "heron")
    write(index.source / "a.txt", "heron")
    index.run()
    assert index.paths("heron") == ["a.txt"]


def test_links_are_not_followed(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.txt", "heron")
    (index.source / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    (index.source / "folder").symlink_to(tmp_path / "outside")
    index.run()
    assert index.paths("heron") == []


def test_a_fifo_does_not_hang_the_index(index: Index) -> None:
    os.mkfifo(index.source / "pipe")
    write(index.source / "a.txt", "heron")
    index.run()
    assert index.paths("heron") == ["a.txt"]


def test_unsupported_and_empty_files_have_a_status(index: Index) -> None:
    (index.source / "x.bin").write_bytes(b"\0\1\2")
    (index.source / "empty.txt").write_bytes(b"")
    index.run()
    counts = index.catalog.counts()
    assert (counts.files, counts.pending, counts.errors) == (2, 0, 0)


def test_an_interrupted_run_goes_on_where_it_was(index: Index) -> None:
    index.use(PlainReader(), IndexConfig(parse_workers=1))
    for n in range(50):
        write(index.source / f"{n}.txt", f"heron {n}")
    calls = iter(range(100))
    index.pipeline.run(stop=lambda: next(calls) > 4)
    assert 5 <= index.pipeline.work.read < 50  # and what was begun by then
    assert index.catalog.counts().pending == 50  # what is read is not embedded yet
    index.run()
    assert index.catalog.counts().pending == 0
    assert index.pipeline.work.read == 50


def test_a_crash_between_upsert_and_done_is_replayed(index: Index, tmp_path: Path) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    index.catalog.db.execute("UPDATE passage SET embedded = 0")
    index.close()
    again = build(index.source, index.state)
    again.run()
    assert len(again.vectors) == 1
    assert again.catalog.counts().pending == 0
    again.close()


def test_damaged_vectors_are_made_again(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    index.close()
    for manifest in (index.state / "vectors.lance").rglob("*.manifest"):
        manifest.write_bytes(b"")
    again = build(index.source, index.state)
    again.run()
    assert len(again.vectors) == 1
    assert again.paths("heron", mode="semantic") == ["a.txt"]
    again.close()


def test_lost_vectors_are_noticed(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    index.close()
    shutil.rmtree(index.state / "vectors.lance")
    again = build(index.source, index.state)
    again.run()
    assert len(again.vectors) == 1
    again.close()


@pytest.mark.parametrize("damage", ["garbage", "zeros behind the first page"])
def test_a_damaged_catalog_is_made_again(index: Index, damage: str) -> None:
    for n in range(40):
        write(index.source / f"{n}.txt", f"heron {n} " * 100)
    index.run()
    index.close()
    path = index.state / "catalog.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        data[:] = random.Random(1).randbytes(len(data))
    else:
        data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(IndexCorrupt):
        Catalog(path)
    open_or_rebuild(path).close()
    again = build(index.source, index.state)
    again.run()
    assert len(again.paths("heron", k=100)) == 40
    assert (index.state / "catalog.sqlite.damaged").exists()
    again.close()


def test_a_huge_file_does_not_hold_up_the_rest(index: Index) -> None:
    write(index.source / "huge.txt", "\n\n".join(f"Reed {n} of the bank. " * 40 for n in range(90)))
    write(index.source / "small.txt", "heron")
    calls = iter(range(1000))
    index.pipeline.run(stop=lambda: next(calls) > 3)  # two files, and one batch of vectors
    assert index.paths("heron", mode="semantic")[0] == "small.txt"


def test_files_are_judged_anew_when_the_rules_change(index: Index) -> None:
    write(index.source / "a.txt", "Lease Agreement\n\nSigned on 3 March 2023.")
    index.run()
    index.catalog.db.execute("UPDATE file SET kind = '', day = ''")
    index.catalog.set_meta("facts", "0")
    index.close()
    again = build(index.source, index.state)
    assert again.rows()[0][3:5] == ("contract", "2023-03-03")
    assert again.pipeline.work.read == 0
    again.close()


def test_churn_ends_as_a_fresh_index(index: Index, tmp_path: Path) -> None:
    """Random creates, edits, renames, deletes and folder moves, indexed at random moments."""
    chance = random.Random(11)
    for step in range(300):
        _change(index.source, chance, step)
        if chance.random() < 0.2:
            index.run()
    index.run()
    fresh = build(index.source, tmp_path / "fresh")
    fresh.run()
    assert index.rows() == fresh.rows()
    assert len(index.vectors) == len(fresh.vectors)
    fresh.close()


def _change(source: Path, chance: random.Random, step: int) -> None:
    files = [p for p in source.rglob("*") if p.is_file()]
    folders = [p for p in source.rglob("*") if p.is_dir()]
    action = chance.choice(["create", "create", "edit", "rename", "delete", "move", "copy"])
    folder = source / f"d{chance.randrange(5)}"
    if action == "create" or not files:
        write(folder / f"{step}.txt", f"text {step} of the {chance.randrange(20)}th river")
    elif action == "edit":
        write(chance.choice(files), f"changed at {step}")
    elif action == "rename":
        folder.mkdir(exist_ok=True)
        chance.choice(files).rename(folder / f"renamed{step}.txt")
    elif action == "delete":
        chance.choice(files).unlink()
    elif action == "copy":
        shutil.copy2(chance.choice(files), source / f"copy{step}.txt")
    elif folders:
        chance.choice(folders).rename(source / f"moved{step}")


# --- what cannot be read is tried once


class Failing(PlainReader):
    """Finds every file damaged, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def read(self, fd: int, name: str) -> Document:
        self.tries += 1
        return Document("text/x-bad", "plain", self.version, Status.DAMAGED, "no end")


@pytest.fixture
def failing(index: Index) -> Failing:
    reader = Failing()
    index.use(reader)
    return reader


def test_a_content_that_cannot_be_read_is_tried_once(index: Index, failing: Failing) -> None:
    write(index.source / "a.txt", "bad")
    index.run()
    index.run()
    os.utime(index.source / "a.txt", (1, 1))
    index.run()
    (index.source / "a.txt").rename(index.source / "b.txt")
    shutil.copy(index.source / "b.txt", index.source / "c.txt")
    index.run()
    assert failing.tries == 1
    assert {path: row.status for path, row in index.catalog.files_below().items()} == {
        "b.txt": Status.DAMAGED,
        "c.txt": Status.DAMAGED,
    }
    index.close()
    again = build(index.source, index.state)
    again.use(failing)
    os.utime(index.source / "b.txt", (2, 2))
    again.run()
    assert failing.tries == 1
    again.close()


def test_another_content_or_parser_is_tried(index: Index, failing: Failing) -> None:
    write(index.source / "a.txt", "bad")
    index.run()
    write(index.source / "a.txt", "worse")
    index.run()
    assert failing.tries == 2
    failing.version = 2
    index.use(failing)
    index.run()  # nothing is pending: nobody asks
    index.pipeline.check_parsers()
    index.run()
    assert failing.tries == 3


def test_a_newer_parser_reads_documents_again(index: Index) -> None:
    write(index.source / "a.txt", "heron")
    index.run()
    index.reader.version = 2
    index.use(index.reader)
    index.pipeline.check_parsers()
    assert index.paths("heron") == ["a.txt"]  # found all the while
    index.run()
    assert index.pipeline.work.parsed == 1
    assert index.paths("heron") == ["a.txt"]


def test_wider_limits_try_again(index: Index) -> None:
    write(index.source / "a.txt", "heron" * 10)
    index.use(index.reader, IndexConfig(max_file_bytes=10))
    index.run()
    assert index.catalog.files_below()["a.txt"].status is Status.TOO_LARGE
    index.use(index.reader, IndexConfig(max_file_bytes=5))
    index.pipeline.check_parsers()
    assert index.catalog.pending(9) == []
    index.use(index.reader, IndexConfig(max_file_bytes=100))
    index.pipeline.check_parsers()
    index.run()
    assert index.catalog.files_below()["a.txt"].status is Status.OK


def test_what_was_read_in_part_is_read_again_within_wider_limits(index: Index) -> None:
    class Hasty(PlainReader):
        """Has no time for more than the first word."""

        def read(self, fd: int, name: str) -> Document:
            return replace(super().read(fd, name), status=Status.PARTIAL, reason="no time")

    write(index.source / "a.txt", "heron")
    index.use(Hasty(), IndexConfig(scan_seconds=10))
    index.run()
    for seconds, pending in ((5, 0), (20, 1)):
        index.use(PlainReader(), IndexConfig(scan_seconds=seconds))
        index.pipeline.check_parsers()
        assert len(index.catalog.pending(9)) == pending
        assert index.paths("heron") == ["a.txt"]  # found all the while
    index.run()
    assert index.catalog.files_below()["a.txt"].status is Status.OK


def test_a_file_that_never_rests_holds_up_nobody(index: Index) -> None:
    class Writing(PlainReader):
        def read(self, fd: int, name: str) -> Document:
            found = super().read(fd, name)
            if name == "log.txt":
                with (index.source / name).open("a") as log:
                    log.write("more\n")
            return found

    index.use(Writing())
    write(index.source / "log.txt", "line\n")
    write(index.source / "z.txt", "heron in the reeds, longer than the log")
    index.run()
    assert index.pipeline.restless == 1
    assert index.paths("heron", mode="semantic") == ["z.txt"]


def test_files_are_taken_in_in_order_and_a_closed_reader_ends_the_run(index: Index) -> None:
    class Closing(PlainReader):
        def read(self, fd: int, name: str) -> Document:
            if name == "2.txt":
                return Document("", "", 0, Status.PENDING, "reading was interrupted")
            return super().read(fd, name)

    index.use(Closing(), IndexConfig(parse_workers=3))
    for n in range(9):
        write(index.source / f"{n}.txt", f"heron {n}")
    index.run()
    statuses = [row.status for row in index.catalog.files_below().values()]
    assert statuses.count(Status.PENDING) >= 1
    index.use(PlainReader())
    index.run()
    assert len(index.paths("heron", k=100)) == 9


def test_problems_say_who_found_them_and_when(index: Index, failing: Failing) -> None:
    write(index.source / "a.txt", "bad")
    index.run()
    published = Published(index.state / "catalog.sqlite")
    (problem,) = published.problems()
    published.close()
    assert (problem.path, problem.status, problem.reason) == ("a.txt", Status.DAMAGED, "no end")
    assert (problem.parser, problem.version, problem.size) == ("plain", 1, 3)
    assert problem.time.endswith("+00:00")
