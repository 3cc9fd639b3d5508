"""A library answers as the drive does that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import lsfs
from lsfs.errors import AccessDenied, LsfsError, NotFound, UsageError
from lsfs.index.library import following, mirror
from lsfs.index.library.objects import LibraryUnreachable, Objects
from lsfs.model import Hit
from lsfs.safety.grants import Grant
from tests.library.conftest import NAME, SECRET, World

QUERIES = (
    "heron near the harbour", "silence at the marsh", "monthly rent", "observation towers dike",
    "eggs counted by the warden", '"asks for silence"', "kestrel -quarry", "ferr*",
)  # fmt: skip
FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"type": "md"}, {"after": "2021-01-01", "before": "2022-01-01"}, {"dir": "Field/2020"},
)  # fmt: skip


def _in_library(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "dir": f"{NAME}/{options['dir']}"} if "dir" in options else options


def _hits(drive: lsfs.Drive, query: str, **options: Any) -> list[tuple[Any, ...]]:
    return [_told(hit) for hit in drive.retrieve(query, k=10, **options).hits]


def _told(hit: Hit) -> tuple[Any, ...]:
    path = hit.path.removeprefix(f"{NAME}/")
    return (path, hit.page, hit.where, hit.char_start, hit.text, hit.date, hit.kind)


def _both(
    local: lsfs.Drive, library: lsfs.Drive, mode: str
) -> Iterator[tuple[tuple[Hit, ...], tuple[Hit, ...]]]:
    """What a drive finds, and a library of it, for each query with each filter."""
    for query in QUERIES:
        for options in FILTERS:
            mine = local.retrieve(query, k=10, mode=mode, explain=True, **options)
            asked = _in_library(options)
            theirs = library.retrieve(query, k=10, mode=mode, explain=True, **asked)
            yield mine.hits, theirs.hits


def _clear(hits: Sequence[Hit], score: Callable[[Hit], float], least: float) -> set[Any]:
    """Hits that would be among the best also if all scores were a bit other."""
    last = min(map(score, hits), default=0.0)
    return {_told(hit) for hit in hits if score(hit) > last + least or len(hits) < 10}


@pytest.mark.parametrize("are_few", [True, False])
def test_meaning_finds_the_same(
    local: lsfs.Drive, world: World, monkeypatch: pytest.MonkeyPatch, are_few: bool
) -> None:
    """With the codes of vectors on this machine, and of a large library with the vectors there."""
    monkeypatch.setattr(mirror, "FEW", 100_000 if are_few else 0)
    # A drive scores the int8 codes of vectors; a large library the vectors themselves.
    off = 1e-6 if are_few else 0.01

    def cosine(hit: Hit) -> float:
        return hit.scores["cosine"]

    compared = 0
    with world.library(f"few-{are_few}") as library:
        for wanted, found in _both(local, library, "semantic"):
            assert len(found) == len(wanted)
            for mine, theirs in zip(wanted, found, strict=True):
                assert abs(cosine(mine) - cosine(theirs)) < off
            assert _clear(wanted, cosine, off) <= set(map(_told, found))
            compared += len(wanted)
    assert compared > 100


def test_words_find_the_same_but_for_ties(local: lsfs.Drive, library: lsfs.Drive) -> None:
    same, total = 0, 0
    for mode in ("keyword", "hybrid"):
        for wanted, found in _both(local, library, mode):
            clear = _clear(wanted, lambda hit: hit.score, 0.05)
            same += len(clear & set(map(_told, found)))
            total += len(clear)
    assert total > 150
    assert same / total > 0.97  # the stemmers differ, and what a common word weighs


def test_lists_groups_and_facts_are_the_same(local: lsfs.Drive, library: lsfs.Drive) -> None:
    wanted = [one.path for one in local.ask("contracts from 2023").files]
    assert wanted
    assert [one.path for one in library.ask("contracts from 2023").files] == [
        f"{NAME}/{path}" for path in wanted
    ]
    for key in ("type", "year"):
        labels = [
            [(group.label, len(group.files)) for group in drive.group_by(key).groups]
            for drive in (local, library)
        ]
        assert labels[0] == labels[1]
    assert library.status().index["passages"] == local.status().index["passages"]
    assert library.status().source.startswith("s3://")


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("What did the walkway over the fen cost?", 2),
        ("What is the monthly rent in the Harbour Homes lease?", None),
    ],
)
def test_answers_cite_the_same_places(
    local: lsfs.Drive, library: lsfs.Drive, question: str, page: int | None
) -> None:
    said = [drive.ask(question) for drive in (local, library)]
    assert said[1].answer == said[0].answer
    cited = [
        [
            (one.path.removeprefix(f"{NAME}/"), one.page, one.quote, one.where)
            for one in answer.citations
        ]
        for answer in said
    ]
    assert cited[1] == cited[0]
    assert cited[1][0][1] == page


def test_files_are_read_as_from_a_folder(local: lsfs.Drive, library: lsfs.Drive) -> None:
    path = "Contracts/mill-lease.txt"
    assert library.read(f"{NAME}/{path}").data == local.read(path).data
    assert library.read_text(f"{NAME}/report.pdf").text == local.read_text("report.pdf").text
    assert library.text(f"{NAME}/report.pdf").blocks == local.text("report.pdf").blocks
    names = [[one.name for one in drive.list_dir(at).entries] for drive, at in (
        (local, "Field"), (library, f"{NAME}/Field"),
    )]  # fmt: skip
    assert names[0] == names[1]


def test_nothing_is_changed_and_nothing_has_a_past(library: lsfs.Drive, world: World) -> None:
    for call in (
        lambda: library.write_file(f"{NAME}/new.txt", "text"),
        lambda: library.delete([f"{NAME}/report.pdf"]),
        lambda: library.reindex(),
    ):
        with pytest.raises(AccessDenied, match=f"{world.uri} is a shared library"):
            call()
    with pytest.raises(UsageError, match="keeps no versions"):
        library.versions(f"{NAME}/report.pdf")


def test_fsck_looks_at_the_library(own: World) -> None:
    with own.library() as drive:
        done = drive.fsck()
        assert done.problems == ()
        assert done.checked["files"] == done.checked["contents"] == 6
        objects = Objects(own.uri)
        objects.delete([next(objects.all("files")).path])
        (problem,) = drive.fsck(deep=True).problems
        assert "bytes of a file are missing" in problem.what
        assert f"lsfs library check {own.uri} --repair" in problem.hint
        with pytest.raises(AccessDenied, match="shared library"):
            drive.fsck(repair=True)


def test_who_may_see_some_files_finds_no_others(world: World) -> None:
    grant = Grant(paths=(f"{NAME}/Contracts/**",), verbs=("read", "search"))
    state = str(world.root / "library")
    with lsfs.open(world.uri, config=world.settings, state=state, grant=grant) as drive:
        for mode in ("keyword", "semantic", "hybrid"):
            found = drive.retrieve("rent at the harbour", mode=mode).hits
            assert found
            assert all(hit.path.startswith(f"{NAME}/Contracts/") for hit in found)
        with pytest.raises(LsfsError):
            drive.read_text(f"{NAME}/report.pdf")


def test_credentials_are_not_kept(library: lsfs.Drive, world: World) -> None:
    library.read_text(f"{NAME}/report.pdf")
    for path in (world.root / "library").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    with pytest.raises(UsageError, match="no credentials"):
        lsfs.open("s3://key:secret@shared/reserve")
    with pytest.raises(NotFound, match=f"no library at {world.uri}-2"):
        lsfs.open(f"{world.uri}-2", config=world.settings, state=str(world.root / "none"))


def test_a_reader_sees_one_version_while_others_write(
    own: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_SECONDS", 1e9)  # until it is told to look
    with own.library() as drive:
        before = _hits(drive, "heron at the harbour")
        gone = own.folder / "Field" / "2019" / "harbour-heron.txt"
        (own.folder / "new.txt").write_text("A shoebill stands in the reeds of the delta.\n")
        gone.unlink()
        own.write()
        assert _hits(drive, "heron at the harbour") == before
        assert _hits(drive, "shoebill", mode="keyword") == []
        assert drive.text(f"{NAME}/Field/2019/harbour-heron.txt").blocks
        assert drive.status().index["files"] == 6
        drive.wait_indexed()
        assert [hit[0] for hit in _hits(drive, "shoebill", mode="keyword")] == ["new.txt"]
        with pytest.raises(NotFound):
            drive.text(f"{NAME}/Field/2019/harbour-heron.txt")


def test_the_copy_is_the_same_however_it_came_about(own: World) -> None:
    """After any commits and a compaction, it is what a new reader copies at once."""
    with own.library("old") as drive:
        for n in range(2):
            (own.folder / f"new-{n}.txt").write_text(f"The {n}th bittern booms.\n")
            (own.folder / "Field" / "2020").joinpath("changed.md").write_text(f"# Crane\n\n{n}\n")
            own.write()
            drive.wait_indexed()
        (own.folder / "new-0.txt").unlink()
        (own.folder / "new-1.txt").rename(own.folder / "moved.txt")
        own.write()
        drive.wait_indexed()
        with own.library("new") as fresh:
            assert _copy(drive) == _copy(fresh)


def _copy(drive: lsfs.Drive) -> list[list[tuple[Any, ...]]]:
    db = drive._caller.engines.catalog.db  # type: ignore[attr-defined]
    queries = (
        "SELECT path, size, mtime_ns, status, digest, kind, day FROM file ORDER BY path",
        "SELECT f.path, p.ordinal, p.text, p.heading, p.text_hash FROM file f "
        "JOIN passage p ON p.document_id = f.document_id ORDER BY 1, 2",
        "SELECT f.path, c.day, c.words FROM file f JOIN content_date c ON c.file_id = f.id "
        "ORDER BY 1, 2, 3",
        "SELECT f.path, n.name, n.title FROM file f JOIN file_fts n ON n.rowid = f.id ORDER BY 1",
        "SELECT count(*) FROM document",
        "SELECT document_id - min(document_id) OVER (), count(*), max(id) - min(id) + 1 "
        "FROM passage_place GROUP BY document_id HAVING count(*) <> max(id) - min(id) + 1",
    )
    return [db.execute(query).fetchall() for query in queries]


def test_a_storage_that_is_gone_is_named(own: World) -> None:
    with own.library() as drive:
        drive.retrieve("heron")
        own.tap.cut()
        try:
            with pytest.raises(LibraryUnreachable, match=own.uri):
                drive.wait_indexed()
            with pytest.raises(LibraryUnreachable, match=own.uri):
                drive.read(f"{NAME}/Field/2019/harbour-heron.txt")
        finally:
            own.tap.mend()
        assert drive.read(f"{NAME}/Field/2019/harbour-heron.txt").data


def test_a_damaged_copy_is_made_again(own: World) -> None:
    with own.library() as drive:
        wanted = _hits(drive, "heron")
    catalog = own.root / "library" / "catalog.sqlite"
    catalog.write_bytes(b"not a database" * 100)
    with own.library() as drive:
        assert _hits(drive, "heron") == wanted


def test_a_shared_folder_is_a_library_too(own: World, tmp_path: Path) -> None:
    uri = (tmp_path / "shelf").as_uri()
    own.write(uri)
    with lsfs.open(uri, config=own.settings, state=str(tmp_path / "shelf-state")) as drive:
        assert drive.retrieve("heron", mode="keyword").hits
        assert drive.read(f"{NAME}/Field/2019/harbour-heron.txt").data


def test_a_look_for_news_is_one_request(own: World) -> None:
    with own.library() as drive:
        requests = own.tap.requests
        drive.wait_indexed()
        assert own.tap.requests - requests == 1


@pytest.mark.parametrize(
    "expression",
    [
        '"silence"', '"asks for silence"', '("heron" OR "crane") AND "harbour"',
        '"heron" "harbour"',
        'text : ("kestrel" OR "plover")', 'heading : "lease"', '("heron") NOT "harbour"',
        '"kestre" *', 'NEAR("notice" "harbour", 3)', '"never was" OR "rent"', '"absent"',
    ],
)  # fmt: skip
def test_what_holds_an_expression_is_what_fts5_finds(
    local: lsfs.Drive, library: lsfs.Drive, expression: str
) -> None:
    query = (
        "SELECT f.path, p.ordinal FROM passage_fts CROSS JOIN passage p "
        "ON p.id = passage_fts.rowid JOIN file f ON f.document_id = p.document_id "
        "WHERE passage_fts MATCH ?"
    )
    found = []
    for drive in (local, library):
        catalog = drive._caller.engines.catalog  # type: ignore[attr-defined]
        rows = catalog.db.execute(query, (expression,)).fetchall()
        found.append({(path.removeprefix(f"{NAME}/".encode()), at) for path, at in rows})
    assert found[1] == found[0]
    assert found[0] or expression == '"absent"'
