"""Filters, fusion and what a hit says."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import UsageError
from lsfs.index.find import common_words, fulltext, search
from lsfs.index.find.filters import Filters, endings_of
from lsfs.index.find.preference import Preference
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.readers.passages import MAX_CHARS, split
from lsfs.model import Block, BlockKind, Document, Span

from .conftest import Index, document


@pytest.fixture
def filled(index: Index) -> Index:
    texts = {
        "Contracts/lease.txt": "Lease Agreement\n\nThis lease agreement is made on 3 March 2023 "
        "between Ada Byron and the Harbour Company. The rent is 900 euros.",
        "Contracts/old.md": "Lease Agreement\n\nThis lease agreement is made on 4 May 2019 "
        "between Ada Byron and the Mill. The rent is 700 euros.",
        "Notes/birds.txt": "The heron stands in the reeds and waits.",
        "Notes/rent.txt": "Rent went up again, says the newspaper.",
    }
    for name, text in texts.items():
        path = index.source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    os.utime(index.source / "Notes/birds.txt", (1_500_000_000, 1_500_000_000))
    index.run()
    return index


def test_words_are_stemmed(filled: Index) -> None:
    assert filled.paths("herons standing", mode="keyword") == ["Notes/birds.txt"]


def test_filters_exclude(filled: Index) -> None:
    def found(**values: object) -> list[str]:
        return sorted(filled.paths("rent", filters=Filters(**values)))  # type: ignore[arg-type]

    assert found(dir="Notes")[-1] == "Notes/rent.txt"
    assert all(path.startswith("Notes/") for path in found(dir="Notes"))
    assert "Contracts/old.md" in found(types=("markdown",))
    assert found(types=("md",)) == ["Contracts/old.md"]
    assert found(after="2023-01-01", before="2024-01-01") == ["Contracts/lease.txt"]
    by_time = Filters(before="2018-01-01", date_field="mtime")
    assert filled.paths("heron", filters=by_time) == ["Notes/birds.txt"]
    assert found(kinds=("contract",)) == ["Contracts/lease.txt", "Contracts/old.md"]


def test_a_quote_in_a_folder_name_is_only_a_quote(filled: Index) -> None:
    assert filled.paths("rent", filters=Filters(dir="' OR 1=1 --")) == []


def test_wrong_filters_are_refused(filled: Index) -> None:
    with pytest.raises(UsageError, match="not a day"):
        filled.paths("rent", filters=Filters(after="yesterday"))
    with pytest.raises(UsageError, match="date field"):
        filled.paths("rent", filters=Filters(after="2020-01-01", date_field="moon"))
    with pytest.raises(UsageError, match="mode"):
        filled.paths("rent", mode="psychic")


def test_a_preference_raises_but_does_not_exclude(filled: Index) -> None:
    prefer = Preference(kinds=("contract",), after="2019-01-01", before="2020-01-01", strong=True)
    found = filled.paths("rent", prefer=prefer)
    assert found[0] == "Contracts/old.md"
    assert "Notes/rent.txt" in found


def test_file_names_count(filled: Index) -> None:
    assert filled.paths("birds", mode="keyword")[0] == "Notes/birds.txt"


def test_a_hit_explains_itself(filled: Index) -> None:
    hit = filled.search.hits("heron")[0]
    assert hit.score == pytest.approx(sum(hit.explain.values()), abs=1e-5)
    assert hit.line_start == 1
    assert hit.text == "The heron stands in the reeds and waits."
    text = (filled.source / hit.path).read_text()
    assert text[hit.char_start : hit.char_end] == hit.text


def test_a_phrase_in_quotes_must_occur(filled: Index) -> None:
    assert filled.paths('"stands in the reeds"') == ["Notes/birds.txt"]
    assert filled.paths('"reeds the in stands"') == []


def test_an_empty_query_gives_the_newest(filled: Index) -> None:
    assert len(filled.paths("  ", k=2)) == 2


def test_files_of_a_kind_and_time_come_with_their_date_line(filled: Index) -> None:
    files = filled.search.files(Filters(kinds=("contract",), after="2023-01-01"))
    assert [file.path for file in files] == ["Contracts/lease.txt"]
    assert "3 March 2023" in files[0].evidence
    assert files[0].date == "2023-03-03"


def test_types_in_words() -> None:
    assert "xlsx" in endings_of("spreadsheets")
    assert endings_of("*.PDF") == ("pdf",)


def test_passages_cover_the_text_and_stay_in_bounds() -> None:
    text = "\n\n".join(" ".join(f"Sentence {n}-{m} is here." for m in range(40)) for n in range(9))
    cut = split(document(text))
    assert all(len(passage.text) <= MAX_CHARS for passage in cut)
    assert all(text[p.char_start : p.char_end] == p.text for p in cut)
    covered = "".join(p.text for p in cut)
    assert covered.replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")
    assert sorted(len(p.text) for p in cut)[len(cut) // 2] >= 400


def test_a_passage_knows_its_pages_and_headings() -> None:
    first, second = "Rent. " * 40, "Term. " * 40
    text = f"Terms\n\n{first}\n\n{second}"
    begin = len("Terms\n\n")
    middle = begin + len(first) + 2
    blocks = (
        Block(BlockKind.HEADING, "Terms", 0, 5, 1, (), (Span(0, 5, page=1),)),
        Block(
            BlockKind.PARAGRAPH, first, begin, begin + len(first), 0, ("Terms",),
            (Span(begin, begin + len(first), page=1),),
        ),
        Block(
            BlockKind.PARAGRAPH, second, middle, len(text), 0, ("Terms",),
            (Span(middle, len(text), page=2),),
        ),
    )  # fmt: skip
    cut = split(Document("application/pdf", "pdf", 1, text=text, blocks=blocks))
    assert (cut[0].page, cut[-1].page_end) == (1, 2)
    assert cut[-1].heading == "Terms"


def test_a_word_without_end_is_cut() -> None:
    assert all(len(p.text) <= MAX_CHARS for p in split(document("x" * 5000)))


def test_a_shared_document_is_filtered_by_each_path(filled: Index) -> None:
    copy: Path = filled.source / "Contracts" / "birds.txt"
    copy.write_text((filled.source / "Notes/birds.txt").read_text())
    filled.run()
    assert filled.paths("heron", filters=Filters(dir="Notes"), mode="keyword") == [
        "Notes/birds.txt"
    ]


def test_a_snippet_shows_the_words_that_matched(index: Index) -> None:
    filler = "Nothing of interest is said here at all. " * 6
    text = f"{filler}The herons were standing near the reeds. {filler}"
    (index.source / "a.txt").write_text(text)
    (index.source / "b.txt").write_text("猫が東京にいる。" + "。".join("何もない" * 90))
    index.run()
    hit = index.search.hits("heron stands", mode="keyword")[0]
    assert hit.text[hit.snippet_start :].startswith(hit.snippet)
    assert len(hit.snippet) < len(hit.text)
    assert [hit.snippet[a:b] for a, b in hit.highlights] == ["herons", "standing"]
    hit = index.search.hits("東京", mode="keyword")[0]
    assert [hit.snippet[a:b] for a, b in hit.highlights] == ["東京"]


def test_a_misspelt_word_is_searched_for_as_it_was_meant(filled: Index) -> None:
    for wrong, right in {"haron": "heron", "agreemnet": "agreement", "ehron": "heron"}.items():
        found = filled.search.find(wrong, mode="keyword")
        assert found.notes == (f"also searched for: {right}",)
        assert found.hits
    assert filled.search.find("leaseagreement", mode="keyword").notes == (
        "also searched for: lease agreement",
    )
    for known in ("heron", "rent", "zzzzzzqq", "x1y2", '"haron"', "+haron"):
        assert not [n for n in filled.search.find(known).notes if n.startswith("also")]


def test_the_words_of_file_names_correct_spelling(index: Index) -> None:
    (index.source / "quarterly.txt").write_text("Nothing of it in here.")
    index.run()
    assert index.paths("quartrely", mode="keyword") == ["quarterly.txt"]


def test_a_word_that_the_model_knows_is_no_misspelt_one_unless_it_may_be_a_name(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    (index.source / "a.txt").write_text("The electrons leave the metal.")
    (index.source / "b.txt").write_text("A letter to Miss Johnson about the harvest.")
    index.run()
    known = {"election", "jonson"}
    monkeypatch.setattr(HashEmbedder, "knows", lambda _, word: word in known)
    notes = {word: index.search.find(word).notes for word in ("election", "elektrons", "jonson")}
    assert notes == {
        "election": (),
        "elektrons": ("also searched for: electrons",),
        "jonson": ("also searched for: Johnson",),
    }
    # Where nothing is found by meaning, a near word is better than none.
    by_word = index.search.find("election", mode="keyword")
    assert by_word.notes == ("also searched for: electrons",)


def test_each_part_of_a_score_is_share_times_weight(filled: Index) -> None:
    for hit in filled.search.hits("heron rent", prefer=Preference(kinds=("contract",))):
        assert hit.score == pytest.approx(sum(hit.explain.values()), abs=1e-5)
        for name, value in hit.explain.items():
            product = hit.scores[f"{name}_share"] * hit.scores[f"{name}_weight"]
            assert value == pytest.approx(product, abs=1e-5)
            assert 0 <= hit.scores[f"{name}_share"] <= 1


def _book(about: str, seed: int, passages: int = 9) -> str:
    """So many passages: the first says what the book is about, the last speaks of a smoker."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnop", k=84)) for _ in range(5 * passages)]
    parts = [" ".join(words[5 * n : 5 * n + 5]) + "." for n in range(passages)]
    return "\n\n".join([f"{about} {parts[0]}", *parts[1:-1], f"A smoker calms them. {parts[-1]}"])


def test_words_anywhere_in_a_long_file_and_where_it_begins_count_for_its_passages(
    index: Index,
) -> None:
    (index.source / "boats.txt").write_text(_book("Sailing along the coast.", 1))
    (index.source / "hives.txt").write_text(_book("Keeping bees in cities.", 2))
    (index.source / "leaflet.txt").write_text(_book("Keeping bees in cities.", 3, passages=4))
    index.run()
    hits = index.search.hits("bees smoker", k=50, per_file=50)
    shares = {(hit.path, hit.line_start): hit.scores.get("keyword_share", 0.0) for hit in hits}
    last = {hit.path: hit for hit in hits if "smoker" in hit.text}
    for name, begins in (("hives.txt", shares["hives.txt", 1]), ("boats.txt", 0.0)):
        of_file, scores = last[name].explain, last[name].scores
        assert scores["beginning_share"] == begins
        assert scores["file_share"] == max(shares[key] for key in shares if key[0] == name)
        assert sum(scores[f"{part}_weight"] for part in ("keyword", "semantic", "file")) == (
            pytest.approx(1)
        )
        assert last[name].score == pytest.approx(sum(of_file.values()), abs=1e-5)
    assert last["hives.txt"].explain["beginning"] > 0
    assert not {"file", "beginning"} & last["leaflet.txt"].explain.keys()
    assert last["leaflet.txt"].scores["semantic_weight"] == 0.7


def test_only_the_best_are_asked_for_their_files(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BY_FILE", 1)
    (index.source / "hives.txt").write_text(_book("Keeping bees in cities.", 2))
    index.run()
    hits = index.search.hits("bees smoker", k=50, per_file=50)
    assert len(hits) > 1
    assert sum("file" in hit.explain for hit in hits) == 1


def test_words_alone_are_not_weighed_by_the_file(index: Index) -> None:
    (index.source / "hives.txt").write_text(_book("Keeping bees in cities.", 2))
    index.run()
    for mode in ("keyword", "semantic"):
        hits = index.search.hits("bees smoker", mode=mode)
        assert hits and not any("file" in hit.explain for hit in hits)


def test_copies_come_after_what_says_something_else(filled: Index) -> None:
    text = (filled.source / "Notes/birds.txt").read_text()
    for n in range(5):
        (filled.source / f"copy{n}.txt").write_text(text)
    (filled.source / "other.txt").write_text("Another heron, elsewhere.")
    filled.run()
    found = filled.paths("heron waits", mode="keyword", k=3)
    assert "other.txt" in found
    everything = filled.paths("heron waits", mode="keyword", k=50)
    assert {f"copy{n}.txt" for n in range(5)} <= set(everything)


def test_where_filters_leave_little_of_rare_words_more_words_choose_and_the_best_stay(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("in", "out"):
        texts = []
        for n in range(100):
            words = ["common"] * (n % 2) + ["middling"] * (n % 5 == 0)
            words += ["rare"] * (n % 20 == (0 if folder == "in" else 3))
            texts.append(" ".join([*words, f"{folder}{n}", *["filler"] * 70]))
        path = index.source / folder / "notes.txt"
        path.parent.mkdir()
        path.write_text("\n\n".join(texts))
    index.run()
    monkeypatch.setattr(common_words, "SMALL", 10)
    monkeypatch.setattr(common_words, "BUDGET", 15)
    monkeypatch.setattr(fulltext, "FEW", 15)
    monkeypatch.setattr(fulltext, "TOP", 12)
    asked: list[str] = []
    whole = 'passage_fts MATCH \'"common" OR "middling" OR "rare"\''

    def best(*widths: int) -> list[tuple[str, int]]:
        asked.clear()
        monkeypatch.setattr(fulltext, "WIDTHS", widths)
        index.catalog.db.set_trace_callback(asked.append)
        given = {"mode": "keyword", "filters": Filters(dir="in"), "per_file": 100, "k": 12}
        hits = index.search.hits("common middling rare", **given)  # type: ignore[arg-type]
        index.catalog.db.set_trace_callback(None)
        return [(hit.path, hit.char_start) for hit in hits]

    by_all = best()
    assert any(whole in one for one in asked)
    assert best(4) == by_all
    assert len(by_all) == 12
    assert not any(whole in one for one in asked)


def test_the_best_of_more_words_are_those_of_all_words(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    vocabulary = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(200)]
    weights = [1 / (n + 1) for n in range(200)]
    for name in ("in/a.txt", "out/b.txt"):
        texts = [" ".join(chance.choices(vocabulary, weights, k=90)) for _ in range(150)]
        path = index.source / name
        path.parent.mkdir()
        path.write_text("\n\n".join(texts))
    index.run()
    monkeypatch.setattr(common_words, "SMALL", 10)
    monkeypatch.setattr(common_words, "BUDGET", 20)
    monkeypatch.setattr(fulltext, "LIKELY", 1)  # the bound itself, which holds for any text
    wider: list[int] = []
    once = fulltext.FullText._wider

    def counted(*given: Any) -> dict[int, float]:
        found = once(*given)
        wider.append(len(found))
        return found

    monkeypatch.setattr(fulltext.FullText, "_wider", counted)

    def best(query: str, *widths: int) -> list[tuple[int, int, float]]:
        monkeypatch.setattr(fulltext, "WIDTHS", widths)
        given: dict[str, Any] = {"mode": "keyword", "filters": Filters(dir="in"), "k": 10}
        hits = index.search.hits(query, per_file=100, **given)
        return [(hit.char_start, hit.char_end, hit.scores["bm25"]) for hit in hits]

    sufficed = 0
    for _ in range(40):
        query = " ".join(chance.sample(vocabulary, 2) + chance.choices(vocabulary, weights, k=4))
        by_all = best(query)
        wider.clear()
        assert best(query, 4, 8) == by_all
        sufficed += any(wider)
    assert sufficed
