"""What other processes make of a document is what would be made of it here."""

from __future__ import annotations

import os
import signal

import pytest

from lsfs.config import FieldConfig
from lsfs.index.readers import making_pool
from lsfs.index.readers.making import Rules
from lsfs.index.readers.making_pool import makers

from .conftest import Index, document

OWN = {"badge": FieldConfig(type="number", labels=("badge number",))}
TEXTS = [
    "LEASE CONTRACT\n\nbetween Acme Ltd and Otter GmbH, signed on 3 May 2019. Rent: EUR 700.\n" * 9,
    "Badge number: 4711\n\nA heron \udc80 in the reeds.",
    "",
]


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_pool, "MANY", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def test_the_same_is_made_elsewhere() -> None:
    rules = Rules(OWN)
    documents = [document(text) for text in TEXTS]
    with makers(rules, OWN, waiting=3, workers=2) as (maker, more):
        made = maker.make_all(
            [(one, f"Contracts/{n} \udcff.txt") for n, one in enumerate(documents)]
        )
    assert more == 1
    expected = [rules.make(one, f"Contracts/{n} \udcff.txt") for n, one in enumerate(documents)]
    assert made == expected
    assert [one.name for one in made[1][1].fields] == ["badge"]


def test_few_are_made_here() -> None:
    rules = Rules()
    with makers(rules, {}, waiting=0, workers=2) as (maker, more):
        assert maker is rules
        assert more == 0


@pytest.mark.parametrize("when", ["at its start", "between two"])
def test_a_process_that_is_killed_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    started = making_pool._started
    pids: list[int] = []

    def noted() -> object:
        process = started()
        pids.append(process.pid)
        if when == "at its start":
            os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(making_pool, "_started", noted)
    rules = Rules()
    with makers(rules, {}, waiting=1, workers=1) as (maker, _):
        for text in TEXTS:
            assert maker.make_all([(document(text), "a.txt")]) == [
                rules.make(document(text), "a.txt")
            ]
            if when == "between two":
                os.kill(pids[0], signal.SIGKILL)
                when = "once"
    assert len(pids) == 1
    assert caplog.text.count("has ended") == 1


def test_an_index_is_made_with_them(index: Index) -> None:
    for n in range(30):
        (index.source / f"{n}.txt").write_text(f"otter {n % 20}\n\nSigned on 3 May {2000 + n}.")
    index.run()
    assert index.catalog.counts().pending == 0
    days = index.catalog.db.execute("SELECT path, day FROM file").fetchall()
    assert {(os.fsencode(f"{n}.txt"), f"{2000 + n}-05-03") for n in range(30)} == set(days)
