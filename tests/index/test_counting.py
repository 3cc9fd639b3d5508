"""How far an index is: what is not read yet is told from what is found by words already."""

from __future__ import annotations

import io
from pathlib import Path

from lsfs.model import IndexCounts
from lsfs.syscalls.files import StatusReport
from lsfs_cli.paper import Console
from lsfs_cli.render import show
from tests.index.test_embedding import Model, World


def test_what_is_found_by_words_only_is_told_from_what_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "source").mkdir()
    for name in "abcd":
        (tmp_path / "source" / f"{name}.txt").write_text(f"heron {name}")
    world = World(tmp_path / "source", tmp_path / "state")
    world.start(Model("any", 64))
    try:
        with world.catalog.transaction() as db:
            db.execute(
                "UPDATE file SET status = 'pending', document_id = NULL WHERE path = ?", (b"a.txt",)
            )
            db.execute("UPDATE passage SET embedded = 0 WHERE text IN ('heron b', 'heron c')")
        counts = world.catalog.counts()
        assert (counts.files, counts.indexed, counts.pending, counts.unread) == (4, 1, 3, 1)
        assert world.catalog.waiting() == (1, 2)
    finally:
        world.close()


def pending(counts: IndexCounts) -> str:
    """The line of ``lsfs status`` that says what is still to be done."""
    index = {name: getattr(counts, name) for name in IndexCounts.__slots__}
    out = io.StringIO()
    show(StatusReport("drive", {}, {}, index, {}), Console(out, color=False))
    (line,) = (line for line in out.getvalue().splitlines() if line.startswith("pending"))
    return line.removeprefix("pending").strip()


def test_the_status_says_what_is_to_be_done_with_them() -> None:
    assert pending(IndexCounts(files=9, indexed=9)) == "0"
    assert pending(IndexCounts(files=9, indexed=5, pending=4, unread=4)) == "4"
    told = pending(IndexCounts(files=9, indexed=2, pending=7, unread=4))
    assert told == "4 to be read; 3 found by words, not by meaning yet"
