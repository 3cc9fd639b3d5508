"""Rare words choose what common ones only rank."""

from __future__ import annotations

import sqlite3

import pytest

from lsfs.index.find import common_words
from lsfs.index.find.common_words import Frequencies, Gate

RANKED = "SELECT rowid, -bm25(passage_fts) AS s FROM passage_fts WHERE passage_fts MATCH ?"


@pytest.fixture
def db(monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    monkeypatch.setattr(common_words, "SMALL", 10)
    monkeypatch.setattr(common_words, "BUDGET", 18)
    monkeypatch.setattr(common_words, "ENOUGH", 5)
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE passage (id INTEGER PRIMARY KEY)")
    db.execute("CREATE VIRTUAL TABLE passage_fts USING fts5(text)")
    for n in range(200):
        words = ["filler"] * (n % 7)
        words += [f"half {n}"] if n % 2 else []
        words += ["third"] if n % 3 == 0 else []
        words += ["rare"] if n % 20 == 3 else []
        db.execute("INSERT INTO passage VALUES (?)", (n + 1,))
        db.execute("INSERT INTO passage_fts(rowid, text) VALUES (?, ?)", (n + 1, " ".join(words)))
    return db


def gate(db: sqlite3.Connection) -> Gate:
    return Gate(db, Frequencies().at(db, 1))


def scores(db: sqlite3.Connection, *matches: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for match in matches:
        for id_, score in db.execute(RANKED, (match,)):
            found[id_] = max(score, found.get(id_, 0.0))
    return found


@pytest.mark.parametrize(
    "terms", [['"rare"', '"half"', '"third"'], ['"half"', '"rare"', '"half"', '"rare"']]
)
def test_a_rare_word_chooses_and_scores_stay_the_same(
    db: sqlite3.Connection, terms: list[str]
) -> None:
    gated = scores(db, *gate(db).expressions(terms))
    whole = scores(db, " OR ".join(terms))
    assert gated.keys() == scores(db, '"rare"').keys()
    assert gated == {id_: pytest.approx(whole[id_], rel=1e-6) for id_ in gated}


def test_where_all_are_common_two_must_meet(db: sqlite3.Connection) -> None:
    gated = scores(db, *gate(db).expressions(['"half"', '"third"']))
    assert gated.keys() == scores(db, '"half" AND "third"').keys()
    whole = scores(db, '"half" OR "third"')
    assert gated == {id_: pytest.approx(whole[id_]) for id_ in gated}


@pytest.mark.parametrize("terms", [['"rare"'], ['"rare"', '"missing"'], ['"missing"', '"gone"']])
def test_nothing_is_gated_without_need(db: sqlite3.Connection, terms: list[str]) -> None:
    assert gate(db).expressions(terms) == [" OR ".join(terms)]


def test_the_most_common_words_rank_no_more_where_counting_them_takes_long(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common_words, "COUNTED", 100)
    expressions = gate(db).expressions(['"rare"', '"half"', '"third"'])  # 10, 100, 67 passages
    whole = scores(db, '"rare" OR "third"')
    assert scores(db, *expressions) == {
        id_: pytest.approx(whole[id_]) for id_ in scores(db, '"rare"')
    }


def test_frequencies_are_asked_for_once_in_a_state_of_the_index(db: sqlite3.Connection) -> None:
    frequencies = Frequencies()
    assert frequencies.at(db, 1).of(db, '"rare"') == 10
    db.execute("INSERT INTO passage VALUES (999)")
    db.execute("INSERT INTO passage_fts(rowid, text) VALUES (999, 'rare')")
    assert frequencies.at(db, 1).of(db, '"rare"') == 10
    assert frequencies.passages == 200
    assert frequencies.at(db, 2).of(db, '"rare"') == 11
    assert frequencies.passages == 201
