"""Topics of documents whose topics are known, by their words; no model is loaded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.groups import cluster, documents, labels
from lsfs.index.groups import topics as stored
from lsfs.index.groups.labels import Texts
from lsfs.syscalls.drive import LocalCaller
from lsfs.syscalls.group import Groups
from lsfs.syscalls.relations.topics import grounded

WORDS = {
    "sea": "harbour ship captain sail anchor tide pier cargo sailor lighthouse deck mast",
    "kitchen": "bread flour oven butter dough sugar recipe yeast bakery pastry salt cream",
    "garden": "rose tulip soil spade greenhouse hedge lawn seed compost blossom orchard fern",
    "music": "violin orchestra melody concert rhythm chord pianist symphony opera choir flute",
}
COMMON = "the of and with in this year 2023 was many for a number and 17 x y"


def text(topic: str, number: int) -> str:
    rng = random.Random(f"{topic} {number}")
    words = rng.choices(WORDS[topic].split(), k=40) + rng.choices(COMMON.split(), k=40)
    rng.shuffle(words)
    return " ".join(words) + "."


def fill(folder: Path, count: int) -> None:
    folder.mkdir()
    for topic in WORDS:
        for number in range(count):
            (folder / f"{topic} {number}.txt").write_text(text(topic, number))


@pytest.fixture
def words_only() -> Config:
    return replace(Config(), model=ModelConfig(chat="none", embed="none"))


@pytest.fixture
def drive(tmp_path: Path, words_only: Config) -> Iterator[lsfs.Drive]:
    fill(tmp_path / "docs", 8)
    with lsfs.open(tmp_path / "docs", config=words_only, state=str(tmp_path / "s")) as opened:
        yield opened


def topics_of(found: Groups) -> dict[str, set[str]]:
    """The true topics of the files by the label of the topic that was found for them."""
    return {group.label: {file.path.split()[0] for file in group.files} for group in found.groups}


def test_topics_are_found_and_labelled(drive: lsfs.Drive) -> None:
    found = drive.group_by("topic")
    assert sorted(map(sorted, topics_of(found).values())) == [[name] for name in sorted(WORDS)]
    assert [group.count for group in found.groups] == [8] * 4 and not found.ungrouped
    for label, (topic,) in ((label, topics) for label, topics in topics_of(found).items()):
        assert all(word.lower() in WORDS[topic] for word in label.split(", "))
    assert any("no embedding model" in note for note in found.notes)
    scores = [file.score for file in found.groups[0].files]
    assert scores == sorted(scores, reverse=True) and all(0 < score <= 1 for score in scores)


def test_topics_stay_when_files_come_and_go(drive: lsfs.Drive, tmp_path: Path) -> None:
    before = drive.group_by("topic")
    assert drive.group_by("topic") == before
    source = tmp_path / "docs"
    (source / "new.txt").write_text(text("garden", 99))
    (source / "sea 0.txt").write_text(text("sea", 98))
    (source / "music 0.txt").unlink()
    (source / "empty.txt").write_text("")
    after = drive.group_by("topic")
    assert topics_of(after).keys() == topics_of(before).keys()
    (garden,) = [label for label, topics in topics_of(before).items() if topics == {"garden"}]
    assert topics_of(after)[garden] == {"garden", "new.txt"}
    assert "empty.txt" not in {file.path for group in after.groups for file in group.files}


def test_topics_that_are_found_anew_keep_their_labels(drive: lsfs.Drive, tmp_path: Path) -> None:
    before = topics_of(drive.group_by("topic"))
    for number in range(8, 11):
        for topic in WORDS:
            (tmp_path / "docs" / f"{topic} {number}.txt").write_text(text(topic, number))
    after = drive.group_by("topic")
    assert sum(group.count for group in after.groups) == 44
    assert topics_of(after) == before
    assert topics_of(drive.group_by("topic", anew=True)) == before


def test_topics_keep_number_and_name_when_all_is_read_anew(drive: lsfs.Drive) -> None:
    drive.group_by("topic")
    assert isinstance(drive._caller, LocalCaller)
    catalog = drive._caller.engines.catalog
    named = [stored.call_it(catalog, one, f"About {one.label}") for one in stored.topics(catalog)]
    assert len(named) == 4
    drive.reindex()
    drive.group_by("topic", wait=True)
    assert {one.id: one.shown for one in stored.topics(catalog)} == {
        one.id: one.name for one in named
    }


def test_so_many_topics_as_asked_for(drive: lsfs.Drive) -> None:
    assert len(drive.group_by("topic", k=2).groups) == 2
    assert len(drive.group_by("topic").groups) == 2  # until another number is asked for
    assert len(drive.group_by("topic", k=6).groups) == 6
    assert len(drive.group_by("topic", anew=True).groups) == 4


def test_topics_of_some_files_only(drive: lsfs.Drive) -> None:
    whole = drive.group_by("topic")
    found = drive.group_by("topic", query='"violin"', k=1)
    assert found.files < 32 and len(found.groups) == 1
    assert drive.group_by("topic") == whole


def test_the_same_files_have_the_same_topics_elsewhere(
    drive: lsfs.Drive, tmp_path: Path, words_only: Config
) -> None:
    here = drive.group_by("topic")
    other = tmp_path / "other"
    other.mkdir()
    for path in sorted((tmp_path / "docs").iterdir(), reverse=True):
        (other / path.name).write_bytes(path.read_bytes())
    with lsfs.open(other, config=words_only, state=str(tmp_path / "t")) as second:
        assert second.group_by("topic").groups == here.groups


def test_few_files_have_no_topics(tmp_path: Path, words_only: Config) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("a harbour")
    with lsfs.open(tmp_path / "docs", config=words_only, state=str(tmp_path / "s")) as drive:
        assert sum(group.count for group in drive.group_by("topic").groups) <= 1


def directions(groups: int, each: int, spread: float, seed: int = 3) -> cluster.Matrix:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, 48))
    drawn = np.repeat(centres, each, axis=0) + spread * rng.normal(size=(groups * each, 48))
    return cluster.normalised(drawn.astype(np.float32))


@pytest.mark.parametrize("groups", [2, 3, 7, 12])
def test_the_silhouette_finds_the_number_of_groups(groups: int) -> None:
    x = directions(groups, 30, 0.5)
    found = cluster.clustered(cluster.reduced(x))
    assert len(found.centroids) == groups
    for n in range(groups):
        assert len(set(found.labels[n * 30 : n * 30 + 30].tolist())) == 1


def test_what_is_drawn_at_random_is_one_group() -> None:
    x = np.random.default_rng(1).normal(size=(400, 48)).astype(np.float32)
    assert len(cluster.clustered(cluster.reduced(cluster.normalised(x))).centroids) == 1


def test_equal_directions_are_one_group() -> None:
    x = np.tile(directions(1, 1, 0.0), (9, 1))
    assert len(cluster.kmeans(x, 4).centroids) == 1
    assert len(cluster.clustered(x).centroids) == 1


def test_labels_have_no_junk() -> None:
    first, second = Texts(), Texts()
    for n in range(5):
        first.add(
            f"The 2023 report of page {n} xkcdq a b: Prime numbers, a prime number. {'q' * 30}"
        )
        second.add("La règle et le théorème; www http 賃貸契約 und der Vertrag")
    one, other = labels.terms([first, second])
    words = {word.casefold() for term in (*one, *other) for word in term.split()}
    assert not words & {"the", "2023", "page", "a", "xkcdq", "q" * 30, "www", "http", "und", "le"}
    assert "prime" in " ".join(one).casefold() and "賃貸契約" in other


def test_a_title_and_its_heading_are_no_pair() -> None:
    texts = Texts()
    for _ in range(4):
        texts.add("Biosecurity\nBiosecurity\n\nClinical waste")
    assert texts.holding.keys() == {"biosecurity", "clinical", "waste", "clinical waste"}


def test_labels_of_siblings_differ() -> None:
    taken: set[str] = set()
    for found in [("rent",), ("rent",), ("rent", "lease"), (), ()]:
        taken.add(labels.label(found, taken))
    assert len(taken) == 5


def test_words_are_read_from_the_beginning(drive: lsfs.Drive) -> None:
    drive.wait_indexed()
    catalog = drive._caller.engines.catalog  # type: ignore[attr-defined]
    ids, x, rarity = documents.by_words(catalog)
    assert x.shape == (32, documents.BUCKETS) and np.allclose(np.linalg.norm(x, axis=1), 1)
    few, y, _ = documents.by_words(catalog, ids[:3].tolist(), rarity)
    assert few.tolist() == ids[:3].tolist() and np.allclose(x[:3], y)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harbour Ships", "Harbour Ships"), ("The Harbour", "The Harbour"), ("Airport Ships", ""),
        ("The", ""), ("", ""), ("harbour " * 9, ""), ("17", ""),
        ("harbour, ships,", ""),
    ],
)  # fmt: skip
def test_a_name_is_made_of_words_of_the_files(title: str, expected: str) -> None:
    assert grounded(title, ["the ships in 17", "harbour"]) == expected
