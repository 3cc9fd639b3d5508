"""Rare words choose what common ones only rank."""

from __future__ import annotations

import sqlite3

import pytest

from lsfs.index import common_words
from lsfs.index.common_words import Gate

RANKED = "SELECT rowid, -bm25(passage_fts) AS s FROM passage_fts WHERE passage_fts MATCH ?"


@pytest.fixture
def db(monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    monkeypatch.setattr(common_words, "SMALL", 10)
    monkeypatch.setattr(common_words, "BUDGET", 20)
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


def scores(db: sqlite3.Connection, match: str) -> dict[int, float]:
    return dict(db.execute(RANKED, (match,)).fetchall())


@pytest.mark.parametrize(
    "terms", [['"rare"', '"half"', '"third"'], ['"half"', '"rare"', '"half"', '"rare"']]
)
def test_a_rare_word_chooses_and_scores_stay_the_same(
    db: sqlite3.Connection, terms: list[str]
) -> None:
    match, times = Gate(db).expression(terms)
    whole = scores(db, " OR ".join(terms))
    gated = scores(db, match)
    assert gated.keys() == scores(db, '"rare"').keys()
    for id_, score in gated.items():
        assert score / times == pytest.approx(whole[id_], rel=1e-6)


def test_where_all_are_common_two_must_meet(db: sqlite3.Connection) -> None:
    match, times = Gate(db).expression(['"half"', '"third"'])
    gated = scores(db, match)
    assert gated.keys() == scores(db, '"half" AND "third"').keys()
    whole = scores(db, '"half" OR "third"')
    assert all(score / times == pytest.approx(whole[id_]) for id_, score in gated.items())


@pytest.mark.parametrize("terms", [['"rare"'], ['"rare"', '"missing"'], ['"missing"', '"gone"']])
def test_nothing_is_gated_without_need(db: sqlite3.Connection, terms: list[str]) -> None:
    assert Gate(db).expression(terms) == (" OR ".join(terms), 1)
