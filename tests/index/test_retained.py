"""Documents of earlier contents are kept for when they come back, and seen by nobody until then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from lsfs.index import ingest
from lsfs.index.find.filters import Filters
from lsfs.index.find.preference import Preference
from lsfs.index.follow import void
from lsfs.index.readers import making
from lsfs.index.store.published import Published
from lsfs.index.store.then import CatalogThen, Entry

from .conftest import Index, build

OLD = "Contract\n\nThe heron stands in the reeds. Signed on 3 May 2019."
NEW = "Invoice\n\nAn otter swims upstream. Invoice date: 7 June 2024."


class Kept:
    """Says which contents are to be kept, and counts how often it is asked."""

    def __init__(self) -> None:
        self.digests: set[bytes] = set()
        self.asked = 0

    def __call__(self) -> set[bytes]:
        self.asked += 1
        return set(self.digests)

    def keep(self, *texts: str) -> None:
        self.digests |= {blake3(text.encode()).digest() for text in texts}


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def index(tmp_path: Path, kept: Kept) -> Iterator[Index]:
    (tmp_path / "source").mkdir()
    built = build(tmp_path / "source", tmp_path / "state", kept)
    yield built
    built.close()


def put(index: Index, path: str, text: str | None) -> None:
    """Write or remove a file behind everybody's back, and index it."""
    target = index.source / path
    if text is None:
        target.unlink()
    else:
        target.write_text(text)
    index.run()


def replaced(index: Index, kept: Kept) -> None:
    """``a.txt`` says NEW and said OLD; ``gone.txt`` said OLD with a word more."""
    kept.keep(OLD, NEW, OLD + " Gone.")
    put(index, "a.txt", OLD)
    put(index, "gone.txt", OLD + " Gone.")
    put(index, "a.txt", NEW)
    put(index, "gone.txt", None)
    assert index.catalog.orphans() == 2


def test_a_content_that_comes_back_is_neither_parsed_nor_embedded(index: Index, kept: Kept) -> None:
    replaced(index, kept)
    before = index.pipeline.work.parsed, index.pipeline.work.embedded
    put(index, "a.txt", OLD)
    put(index, "elsewhere.txt", OLD)
    put(index, "a.txt", NEW)
    put(index, "gone.txt", OLD + " Gone.")
    assert (index.pipeline.work.parsed, index.pipeline.work.embedded) == before
    assert sorted(index.paths("heron")) == ["elsewhere.txt", "gone.txt"]


def test_without_anybody_who_retains_they_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    index = build(tmp_path / "source", tmp_path / "state")
    put(index, "a.txt", OLD)
    put(index, "a.txt", NEW)
    assert index.catalog.orphans() == 0
    assert len(index.vectors) == 1
    index.close()


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(types=("txt",)),
        Filters(kinds=("contract",)),
        Filters(after="2019-01-01", before="2020-01-01"),
    ],
)
def test_no_search_finds_them(index: Index, kept: Kept, mode: str, filters: Filters) -> None:
    replaced(index, kept)
    hits = index.search.hits("heron reeds contract", mode=mode, filters=filters)
    assert all("otter" in hit.text for hit in hits)
    assert all(hit.path == "a.txt" for hit in hits)


def test_no_other_query_finds_them(index: Index, kept: Kept, tmp_path: Path) -> None:
    replaced(index, kept)
    assert [file.path for file in index.search.files(Filters())] == ["a.txt"]
    assert index.search.files(Filters(kinds=("contract",))) == []
    assert [hit.text for hit in index.search.hits("")] == [NEW]
    assert [date.day.year for date in index.search.dates("a.txt")] == [2024]
    prefer = Preference(kinds=("contract",), strong=True)
    assert "kind" not in index.search.hits("otter", prefer=prefer)[0].explain
    counts = index.catalog.counts()
    assert (counts.files, counts.passages, counts.pending) == (1, 1, 0)
    published = Published(index.state / "catalog.sqlite")
    assert published.counts() == counts
    assert [entry.name for entry in published.folder("").documents] == ["a.txt"]
    assert [path for path, _ in published.typed()] == ["a.txt"]
    assert [day for _, day, _ in published.dated()] == ["2024-06-07"]
    assert published.document("gone.txt") is None
    said = published.document("a.txt")
    assert said is not None and said.text == NEW
    published.close()


def test_they_do_not_take_the_places_of_others(
    index: Index, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsfs.index.find.search.CANDIDATES", 2)
    for n in range(6):
        kept.keep(f"The heron stands in the reeds {n}.")
        put(index, "a.txt", f"The heron stands in the reeds {n}.")
    put(index, "b.txt", "The heron stands near the river.")
    put(index, "a.txt", "Nothing about birds.")
    assert "b.txt" in index.paths("heron stands in the reeds 3", mode="semantic")


def test_a_file_that_is_removed_is_hidden_at_once(index: Index, kept: Kept) -> None:
    kept.keep(OLD)
    put(index, "a.txt", OLD)
    assert index.paths("heron", mode="semantic") == ["a.txt"]
    put(index, "a.txt", None)
    assert index.paths("heron", mode="semantic") == []
    put(index, "b.txt", OLD)
    assert index.paths("heron", mode="semantic") == ["b.txt"]


def test_what_is_hidden_is_looked_up_once_for_each_state(index: Index, kept: Kept) -> None:
    replaced(index, kept)
    index.paths("heron", mode="semantic")
    first, rows = index.search._hidden, index.vectors._shown[2]
    index.paths("otter", mode="semantic")
    assert index.search._hidden is first
    assert index.vectors._shown[2] is rows


def test_which_to_retain_is_not_asked_after_each_change(
    index: Index, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "COLLECT_AFTER", 5)
    put(index, "a.txt", "number 0")
    assert kept.asked == 0  # nothing to ask for
    for n in range(1, 20):
        put(index, "a.txt", f"number {n}")
        assert index.catalog.orphans() <= 5
    assert 0 < kept.asked <= 5


def test_a_reindex_reads_them_again(index: Index, kept: Kept) -> None:
    replaced(index, kept)
    void(index.catalog)
    assert index.catalog.orphans() == 0


def test_another_model_does_not_embed_the_past(
    index: Index, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced(index, kept)
    index.catalog.set_meta("embedder", "another")
    index.close()
    again = build(index.source, index.state, kept)
    again.run()
    assert again.pipeline.work.embedded == 1
    assert again.catalog.orphans() == 0
    again.close()


def test_of_two_readings_of_a_content_the_latest_is_kept(index: Index, kept: Kept) -> None:
    kept.keep(OLD)
    put(index, "a.txt", OLD)
    index.reader.version = 2
    os.utime(index.source / "a.txt", (1, 1))
    index.run()
    put(index, "a.txt", None)
    again = build(index.source, index.state, kept)
    again.run()
    rows = again.catalog.db.execute("SELECT parser_version FROM document").fetchall()
    assert rows == [(2,)]
    again.close()


# --- the catalog of a moment


def test_the_same_queries_read_other_files(index: Index, kept: Kept) -> None:
    replaced(index, kept)
    put(index, "same.txt", "A kingfisher waits.")
    documents = index.catalog.documents()
    old, gone = (documents[blake3(text.encode()).digest()] for text in (OLD, OLD + " Gone."))
    then = CatalogThen(index.state / "catalog.sqlite")
    left = then.fill(
        [
            Entry("before/a.txt", 1, 10, old),
            Entry("gone.txt", 1, 20, gone),
            Entry("odd.txt", 1, 30, gone),
            Entry("same.txt", 1, 40),
        ],
        lambda id_, path: None if path == "odd.txt" else making.facts_of(then.load(id_), path),
    )
    assert left == 1
    search = index.search.of(then)
    for mode in ("hybrid", "keyword", "semantic"):
        found = {hit.path for hit in search.hits("the heron stands in the reeds", mode=mode)}
        assert {"before/a.txt", "gone.txt"} <= found
        assert "a.txt" not in found
    assert [h.path for h in search.hits("kingfisher", mode="keyword")] == ["same.txt"]
    assert search.hits("otter", mode="keyword") == []
    contracts = search.files(Filters(kinds=("contract",), after="2019-05-03", before="2019-05-04"))
    assert [file.path for file in contracts] == ["before/a.txt", "gone.txt"]
    assert [hit.path for hit in search.hits("", k=1)] == ["same.txt"]
    assert [f.path for f in search.files(Filters(dir="before"))] == ["before/a.txt"]
    assert then.counts().files == 3
    then.close()
    assert index.paths("otter") == ["a.txt"]


def test_the_present_stays_as_it_is_while_a_moment_is_open(index: Index, kept: Kept) -> None:
    put(index, "a.txt", OLD)
    then = CatalogThen(index.state / "catalog.sqlite")
    put(index, "a.txt", NEW)
    index.catalog.collect()
    assert index.catalog.orphans() == 0
    then.fill([Entry("a.txt", 1, 10)], lambda *_: None)
    assert [hit.text for hit in index.search.of(then).hits("heron", mode="keyword")] == [OLD]
    then.close()
