"""Pairs by meaning: with vectors whose likeness is known, and with words alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from lsfs.index.join import cores
from lsfs.index.join.meaning import CROWD, Meaning, _stems
from lsfs.index.join.reading import SideFile, Values
from lsfs.index.meaning.vectors import VectorStore
from lsfs.index.store.catalog import Catalog
from lsfs.model import Document, FieldValue, Passage

COUNT = 12
TOPICS = ("roof", "lift", "server", "garden", "printing", "crane", "plumbing", "training", "legal",
          "seats", "snow", "survey")  # fmt: skip


class Vectors:
    """Vectors by passage id."""

    def __init__(self, known: dict[int, NDArray[np.float32]]) -> None:
        self._known = known

    def __len__(self) -> int:
        return len(self._known)

    def many(self, ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        found = [id_ for id_ in ids if id_ in self._known]
        return np.array(found), np.stack([self._known[id_] for id_ in found])


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


def fill(catalog: Catalog, side: str, form: str) -> list[SideFile]:
    """A document of each topic, in a form that all documents of the side have."""
    files = []
    with catalog.transaction():
        for n in range(COUNT):
            text = form.format(TOPICS[n])
            passage = Passage(text, 0, len(text), where="p.1")
            document = Document("text/plain", "none", 1)
            id_ = catalog.add_document(f"{side}{n}".encode().ljust(32), document, [(passage, b"")])
            files.append(SideFile(f"{side}/{n:02}.txt", id_))
    return files


@pytest.fixture
def sides(catalog: Catalog) -> tuple[list[SideFile], list[SideFile]]:
    left = fill(
        catalog, "in", "Invoice. Thank you for the order. We worked on the thing. Please pay."
    )
    right = fill(catalog, "con", "Contract. The parties agree. The thing is to be made. Signed.")
    return left, right


def vectors(catalog: Catalog, files: Sequence[SideFile], seed: int) -> dict[int, Any]:
    """Vectors that are nearly the same within a side; what differs is the topic, and chance."""
    form = np.random.default_rng(seed).normal(size=64)
    topics = np.random.default_rng(1).normal(size=(COUNT, 64))
    chance = np.random.default_rng(seed + 1).normal(size=(COUNT, 64))
    made = 4 * form + topics + 0.5 * chance
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    with catalog.lock:
        ids = dict(catalog.db.execute("SELECT document_id, id FROM passage").fetchall())
    return {ids[f.document_id]: made[n].astype(np.float32) for n, f in enumerate(files)}


def rows(key: Meaning, left: Sequence[SideFile]) -> list[tuple[str, str]]:
    return [(file.path[3:], other[4:]) for file in left for other in key.fits(file.path)]


def test_what_a_side_has_in_common_does_not_count(
    catalog: Catalog, sides: tuple[list[SideFile], list[SideFile]]
) -> None:
    left, right = sides
    known = vectors(catalog, left, 10) | vectors(catalog, right, 20)
    store = cast("VectorStore", Vectors(known))
    key = Meaning("meaning", catalog, store, left, right, {})
    assert rows(key, left) == [(f"{n:02}.txt", f"{n:02}.txt") for n in range(COUNT)]
    # Taken as they are, the vectors of a side are all alike.
    mine = np.stack([vector for vector in vectors(catalog, left, 10).values()])
    assert (mine @ mine.T).min() > 0.8
    assert key.use().compared <= COUNT * 11
    assert all(
        pair.fit.score < 0.5 or "likeness" in pair.fit.how for pair in key.misses("in/00.txt")
    )


def test_words_alone(catalog: Catalog) -> None:
    left = fill(catalog, "in", "Invoice. Thank you for the order. We worked on the {}. Please pay.")
    right = fill(catalog, "con", "Contract. The parties agree. The {} is to be made. Signed.")
    key = Meaning("meaning", catalog, None, left, right, {})
    assert rows(key, left) == [(f"{n:02}.txt", f"{n:02}.txt") for n in range(COUNT)]
    pair = key.fits("in/02.txt")["con/02.txt"]
    assert pair.left.value == "We worked on the server."
    assert pair.fit.at.value.value == "The server is to be made."
    assert (pair.left.where, pair.fit.how) == ("p.1", "words: server")
    assert "no vectors" in key.use().comparison


def stated(files: Sequence[SideFile], normal: str) -> Values:
    value = FieldValue("contract_number", normal, normal, 0, 1)
    return {file.path: [value] for file in files}


def test_a_value_in_common_makes_a_candidate_but_not_a_crowd(
    catalog: Catalog, sides: tuple[list[SideFile], list[SideFile]]
) -> None:
    left, right = sides
    known = vectors(catalog, left, 10) | vectors(catalog, right, 20)
    store = cast("VectorStore", Vectors(known))
    shared = {"number": (stated(left[:1], "C-1"), stated(right[5:6], "C-1"))}
    key = Meaning("meaning", catalog, store, left, right, shared, candidates=1)
    found = {path: pair.fit for path, pair in key.fits("in/00.txt").items()}
    found |= {pair.fit.at.path: pair.fit for pair in key.misses("in/00.txt")}
    assert "same contract number" in found["con/05.txt"].how
    assert found["con/05.txt"].score >= 0.6
    many = [SideFile(f"more/{n}", right[5].document_id) for n in range(CROWD + 1)]
    crowded = {"number": (stated(left[:1], "C-1"), stated(many, "C-1"))}
    key = Meaning("meaning", catalog, store, left, [*right, *many], crowded, candidates=1)
    assert not any(path.startswith("more/") for path in key.fits("in/00.txt"))


class Embedder:
    """Vectors of single words, and how many texts it was given."""

    name, dimension = "counting", 8

    def __init__(self) -> None:
        self.given = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.given += len(texts)
        return np.ones((len(texts), self.dimension), np.float32)

    def knows(self, word: str) -> bool:
        """There is no vocabulary."""
        return False

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return np.ones(self.dimension, np.float32)


def test_what_is_filled_into_a_template_is_taken_out_of_it() -> None:
    form = "The contractor undertakes this work. He cares for the {}. Payment follows in June."
    documents = {n: [form.format(f"{TOPICS[n]} of the {TOPICS[n - 1]}")] for n in range(COUNT)}
    own = "Nothing here is written from any template whatsoever."
    documents |= {COUNT: [own], COUNT + 1: [own.replace("any", f"any {'other ' * 600}")]}
    found = cores.cores(documents, _stems)
    # The words that such sentences begin with are template, too; a long text of one's own has none.
    assert found == {
        **{n: [(0, f"{TOPICS[n]} of the {TOPICS[n - 1]}")] for n in range(COUNT)},
        COUNT: [(0, own.rstrip("."))],
    }


def test_a_likeness_counts_less_where_others_are_as_near(catalog: Catalog) -> None:
    left, right = fill(catalog, "in", "Bill."), fill(catalog, "con", "Order {}.")
    with catalog.lock:
        ids = dict(catalog.db.execute("SELECT document_id, id FROM passage").fetchall())
    plain = np.eye(64, dtype=np.float32)
    known = {ids[file.document_id]: plain[n] for n, file in enumerate(right)}
    for n, file in enumerate(left):
        other = 0.29 if n == 10 else 0.0  # the eleventh is as near to another order
        own = np.sqrt(1 - 0.3**2 - other**2)
        made = 0.3 * plain[n] + other * plain[11] + own * plain[40 + n]
        known[ids[file.document_id]] = made.astype(np.float32)
    key = Meaning("meaning", catalog, cast("VectorStore", Vectors(known)), left, right, {})
    clear = key.fits("in/00.txt")["con/00.txt"].fit
    doubtful = key.fits("in/10.txt")["con/10.txt"].fit
    likenesses = [float(one.how.removeprefix("likeness ")) for one in (clear, doubtful)]
    assert likenesses == pytest.approx([0.3, 0.3], abs=0.04)
    assert doubtful.score < clear.score - 0.15


def test_words_alone_make_as_many_candidates_as_asked_for(catalog: Catalog) -> None:
    left = fill(catalog, "in", "We worked on the {} and on the boat, the hull and the sail.")
    right = fill(catalog, "con", "The {} is to be made, and the boat, the hull and the sail.")
    key = Meaning("meaning", catalog, None, left, right, {}, candidates=2)
    assert rows(key, left) == [(f"{n:02}.txt", f"{n:02}.txt") for n in range(COUNT)]
    assert key.use().compared <= 2 * COUNT


def test_what_was_taken_out_is_embedded_once() -> None:
    embedder, texts = Embedder(), [f"something about {topic}" for topic in TOPICS]
    first = cores.embedded([*texts, texts[0]], embedder)
    assert embedder.given == len(texts)
    assert cores.embedded(texts, embedder).keys() == first.keys()
    assert embedder.given == len(texts)
