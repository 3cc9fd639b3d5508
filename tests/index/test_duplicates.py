"""Files that say the same, kept in step with the files."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np

from lsfs.index.facts import near
from lsfs.index.find.duplicates import Comparison, files_of, groups

from .conftest import Index

WORDS = ["".join(letters) for letters in itertools.product("bdfkl", "aeiou", "mnrst", "aeiou")]


def prose(seed: int, count: int = 400) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def edited(words: list[str], share: float, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["altered" if chance.random() < share else word for word in words]


def grouped(index: Index, threshold: float = 0.8, **options: bool) -> set[frozenset[str]]:
    files = files_of(index.catalog)
    return {
        frozenset(path for one in group for _, path in files[one])
        for group in groups(index.catalog, threshold, **options)
    }


def test_an_estimate_is_near_the_resemblance() -> None:
    base = prose(0, 2000)
    for share in (0.0, 0.02, 0.1, 0.3):
        a, b = near.shingles(" ".join(base)), near.shingles(" ".join(edited(base, share)))
        told = near.estimates(near.signature(a), near.signature(b)[None, :])[0]
        assert abs(told - near.resemblance(a, b)) < 0.15
    assert near.resemblance(near.shingles(""), near.shingles("a b c d")) == 0
    assert (near.signature(near.shingles("")) == np.iinfo(np.uint32).max).all()
    assert near.words("Über 世界 e-mail") == ["über", "世", "界", "e", "mail"]


def test_runs_are_those_of_the_words() -> None:
    odd = "Über 世界 e-mail a_b \U0001d4b3\U0001d4b4 İstanbul ٣٤ x² \ud800 ・ " * 30
    long = "word " * 20_000 + "x" * 70_000 + " end"
    for text in ("", "one two", odd, long):
        found = near.words(text)
        told = near.runs_of(text)
        written = list(zip(found, found[1:], found[2:], strict=False))
        assert len(told) == len(written)
        assert len(dict(zip(written, told.tolist(), strict=True))) == len(set(told.tolist()))
        assert set(near.shingles(text).tolist()) == set(told.tolist())
    assert not near.are_enough(near.runs_of("a b c d " * 200))


def test_signatures_that_were_made_otherwise_are_made_anew(index: Index) -> None:
    (index.source / "a.txt").write_text(" ".join(prose(1)))
    index.run()
    was = index.catalog.db.execute("SELECT * FROM signature").fetchall()
    index.catalog.db.execute("UPDATE signature SET minima = zeroblob(512)")
    index.catalog.set_meta("signatures", "1")
    index.use(index.reader)
    assert index.catalog.db.execute("SELECT * FROM signature").fetchall() == was


def test_groups_follow_the_files(index: Index) -> None:
    base = prose(1)
    (index.source / "a.txt").write_text(" ".join(base))
    (index.source / "b.txt").write_text(" ".join(edited(base, 0.02)))
    (index.source / "other.txt").write_text(" ".join(prose(2)))
    (index.source / "short.txt").write_text("a b c")
    index.run()
    assert grouped(index) == {frozenset({"a.txt", "b.txt"})}
    (index.source / "c.txt").write_text(" ".join(edited(base, 0.01, 2)))
    index.run()
    assert grouped(index) == {frozenset({"a.txt", "b.txt", "c.txt"})}
    (index.source / "a.txt").write_text(" ".join(prose(3)))
    (index.source / "b.txt").unlink()
    index.run()
    assert grouped(index) == set()
    assert index.catalog.db.execute("SELECT count(*) FROM signature").fetchone()[0] == 3


def letter(number: int, name: str, amount: int) -> str:
    terms = " ".join(prose(9, 150))
    return f"Invoice no.: {number}\nBill to: {name}\n\n{terms}\n\nTotal: EUR {amount}.00"


def test_forms_are_no_duplicates_but_revisions_are(index: Index) -> None:
    (index.source / "one.txt").write_text(letter(1001, "Ada Byron", 100))
    (index.source / "two.txt").write_text(letter(1002, "Grace Hopper", 250))
    (index.source / "one, mended.txt").write_text(letter(1001, "Ada Byron", 120))
    index.run()
    assert grouped(index) == {frozenset({"one.txt", "one, mended.txt"})}
    assert len(grouped(index, forms=True).pop()) == 3
    comparison = Comparison(index.catalog)
    ids = {path: one for one, places in files_of(index.catalog).items() for _, path in places}
    told = comparison.differences(ids["one, mended.txt"], ids["one.txt"])
    assert [(one.name, one.here, one.there) for one in told] == [
        ("total", ("EUR 120.00",), ("EUR 100.00",))
    ]


def test_fields_are_stored_by_document_and_read_by_file(index: Index, tmp_path: Path) -> None:
    (index.source / "a.txt").write_text("Total: EUR 5.00")
    (index.source / "b.txt").write_text("Total: EUR 5.00")
    index.run()
    found = [
        (one.path, one.field.normal, one.field.char_start) for one in index.catalog.fields("total")
    ]
    assert found == [("a.txt", "5 EUR", 7), ("b.txt", "5 EUR", 7)]
    (index.source / "a.txt").unlink()
    (index.source / "b.txt").write_text("nothing")
    index.run()
    assert not index.catalog.fields("total")
    assert index.catalog.db.execute("SELECT count(*) FROM field").fetchone()[0] == 0
