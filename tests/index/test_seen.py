"""Views of a catalog for who may see some of the files: kept, shared, few, and closed in time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator

import pytest

from lsfs.index.store import seen
from lsfs.index.store.seen import View, Views
from tests.index.conftest import Index


@pytest.fixture
def views(index: Index) -> Iterator[Views]:
    for folder in ("legal", "notes"):
        (index.source / folder).mkdir()
        for number in range(3):
            text = f"the rent of {folder} is {number} and is due"
            (index.source / folder / f"{folder}{number}.txt").write_text(text)
    index.run()
    made = Views(index.catalog, index.state / "catalog.sqlite", index.search)
    yield made
    made.close()


def below(folder: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(f"{folder}/")


def paths(view: View) -> set[str]:
    return {hit.path for hit in view.search.hits("rent due", k=50)}


def is_open(view: View) -> bool:
    try:
        view.catalog.db.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_a_view_is_kept_until_the_catalog_changes(index: Index, views: Views) -> None:
    with views.lent("legal", below("legal")) as first, views.lent("legal", below("legal")) as again:
        assert again is first
        assert paths(first) == {f"legal/legal{n}.txt" for n in range(3)}
        (index.source / "legal" / "new.txt").write_text("the rent of the new one")
        index.run()
        with views.lent("legal", below("legal")) as later:
            assert later is not first
            assert paths(later) == paths(first) | {"legal/new.txt"}
        assert is_open(first)  # it is used still
    assert not is_open(first)
    assert is_open(later)
    views.close()
    assert not is_open(later)


def test_no_grant_sees_what_another_does(views: Views) -> None:
    for _ in range(2):
        for folder, other in (("legal", "notes"), ("notes", "legal")):
            with views.lent(folder, below(folder)) as view:
                assert paths(view) == {f"{folder}/{folder}{n}.txt" for n in range(3)}
                text = repr(view.catalog.db.execute("SELECT * FROM file, document").fetchall())
                assert folder in text
                assert other not in text
                assert not view.catalog.db.execute(
                    "SELECT 1 FROM file_fts WHERE file_fts MATCH ?", (other,)
                ).fetchall()


def test_what_may_change_at_any_time_is_made_for_one_call(views: Views) -> None:
    with views.made(below("legal")) as one, views.made(below("legal")) as other:
        assert one is not other
        assert paths(one) == paths(other)
    assert not is_open(one)


def test_few_views_are_kept(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "KEPT", 2)
    made: list[View] = []
    for grant in ("a", "b", "a", "c"):  # b was not used for longest
        with views.lent(grant, below("legal")) as view:
            made.append(view)
    a, b, _, c = made
    assert [is_open(one) for one in (a, b, c)] == [True, False, True]
    monkeypatch.setattr(seen, "KEPT_FILES", 2)  # one has 3
    with views.lent("d", below("legal")) as large:
        assert len(paths(large)) == 3
    assert not any(is_open(one) for one in (a, c, large))


def test_a_view_that_nobody_uses_goes(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    with views.lent("legal", below("legal")) as view:
        monkeypatch.setattr(seen, "IDLE_SECONDS", -1.0)
        views.drop_idle()
        assert is_open(view)
    views.drop_idle()
    assert not is_open(view)


def test_an_index_that_is_made_anew_is_seen_anew(index: Index, views: Views) -> None:
    with views.lent("legal", below("legal")) as before:
        generation = before.generation
    index.catalog.start_anew()
    index.run()
    index.catalog.set_meta("generation", str(generation))
    with views.lent("legal", below("legal")) as after:
        assert after is not before
        assert len(paths(after)) == 3


def test_views_are_shared_while_the_catalog_changes(index: Index, views: Views) -> None:
    wrong: list[object] = []
    made: set[int] = set()
    all_views: list[View] = []
    stop = threading.Event()

    def look(folder: str) -> None:
        while not stop.is_set():
            asked = index.catalog.generation()
            try:
                with views.lent(folder, below(folder)) as view:
                    found = {row[0] for row in view.catalog.db.execute("SELECT path FROM file")}
                    if len(found) != 3 or not all(below(folder)(p.decode()) for p in found):
                        wrong.append(found)
                    if view.generation < asked:
                        wrong.append((view.generation, asked))
                    if id(view) not in made:
                        made.add(id(view))
                        all_views.append(view)
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=look, args=(f,)) for f in ("legal", "notes") * 3]
    for thread in threads:
        thread.start()
    while len(all_views) < 40 and not wrong:
        with index.catalog.transaction():
            index.catalog.bump()
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    views.close()
    assert not any(is_open(view) for view in all_views)


def test_a_view_that_cannot_be_made_is_not_kept(views: Views) -> None:
    def fails(path: str) -> bool:
        raise RuntimeError(path)

    with pytest.raises(sqlite3.OperationalError), views.lent("legal", fails):
        raise AssertionError
    with views.lent("legal", below("legal")) as view:
        assert len(paths(view)) == 3
