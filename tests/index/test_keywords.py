"""Keywords are whole words in any case, wherever lines and pages end."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import UsageError
from lsfs.index.find.filters import Filters
from lsfs.index.find.scope import entries
from lsfs.index.groups.keywords import holding, keyword, parsed, terms_in
from lsfs.index.groups.wording import wording
from tests.index.conftest import Index


def found(index: Index, *words: str, condition: str = "or") -> list[str]:
    every = entries(index.catalog, Filters())
    return [file.path for file in holding(index.catalog, parsed(words), condition, every)]


def fill(index: Index, **texts: str) -> None:
    for name, text in texts.items():
        (index.source / name).write_text(text, encoding="utf-8")
    index.pipeline.run()


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("art", "The ART of it.", True), ("art", "a start, a party, arts", False),
        ("art", "art_work", False), ("art", "state-of-the-art", True),
        ("art", "state-of-the-\nart", True), ("art", "art", True), ("art", "2art", False),
        ("contract", "contracts", False), ("contracts", "contract", False),
        ("notice period", "the notice\nperiod ends", True),
        ('"notice period"', "Notice  Period", True),
        ("notice period", "notice\n\nperiod", False),
        ("notice period", "notice of a period", False),
        ("international", "inter-\nnational", True),
        ("international", "inter-\n\n  national", True),
        ("inter", "inter-\nnational", False), ("international", "inter\nnational", False),
        ("international", "inter\u00adnational", True),
        ("straße", "in der STRASSE", True), ("strasse", "die Straße", True),
        ("müller", "M\u0075\u0308ller", True), ("muller", "Müller", False),
        ("finance", "the \ufb01nance", True), ("C++", "in C++ or C", True), ("C++", "in C", False),
        ("契約", "賃貸契約書について", True), ("契約", "契\n約", True), ("契約", "約契", False),
        ("계약", "계약은 끝났다", True), ("약", "계약", False),
        ("O'Brien", "Mr O'Brien", True), ("14.5", "is 14.5 %", True),
        ("14.5", "is 14.50 %", False),
    ],
)  # fmt: skip
def test_a_word_and_what_is_not_it(index: Index, word: str, text: str, expected: bool) -> None:
    fill(index, file=text)
    assert found(index, word) == (["file"] if expected else [])


def test_a_hyphen_that_belongs_to_a_word_stays(index: Index) -> None:
    fill(index, a="a well-\nknown man", b="well and known", c="well, well; known, known")
    assert found(index, "well") == ["a", "b", "c"]
    assert found(index, "wellknown") == []
    fill(index, d="wellknown")  # now it is a word, and the other one may be cut
    assert found(index, "wellknown") == ["a", "d"]


def test_a_word_of_any_length_is_looked_for(index: Index) -> None:
    fill(index, a="x" * 400, b="x" * 20)
    assert found(index, "x" * 400) == ["a"]
    assert found(index, "x" * 20_000) == []


def test_conditions(index: Index) -> None:
    fill(index, a="rent and lease", b="rent", c="lease", d="nothing")
    assert found(index, "rent", "lease", condition="and") == ["a"]
    assert found(index, "rent", "lease") == ["a", "b", "c"]
    assert found(index, "rent", "Rent") == ["a", "b"]
    with pytest.raises(UsageError):
        found(index, "rent", condition="xor")
    with pytest.raises(UsageError):
        keyword(' " ')


def test_evidence_is_the_place_in_the_text(index: Index) -> None:
    text = "one\ntwo\n\nthree Stra\u00dfe\nfour inter-\nnational"
    fill(index, a=text)
    every = entries(index.catalog, Filters())
    for said, place in (("strasse", "Straße"), ("international", "inter-\nnational")):
        (file,) = holding(index.catalog, parsed([said]), "or", every)
        assert text[file.char_start : file.char_end] == place
        assert file.line == text.count("\n", 0, file.char_start) + 1
        assert file.where == f":{file.line}" and "\u00d7 1" in file.reason


def test_long_files_of_short_lines(index: Index) -> None:
    words = [f"word{n}" for n in range(2000)]
    fill(index, a="\n".join(words))
    for word in words[::97]:
        assert found(index, word) == ["a"]


def test_equal_files_are_all_found(index: Index) -> None:
    fill(index, a="rent", b="rent")
    assert found(index, "rent") == ["a", "b"]


@given(st.text(max_size=60))
def test_offsets_lead_back_to_the_text(text: str) -> None:
    compared = wording(text, lambda word, times: False)
    assert compared.at is None or len(compared.at) == len(compared.text)
    for n in range(len(compared.text)):
        start, end = compared.origin(n, n + 1)
        assert 0 <= start < end <= len(text)


WORDS = st.sampled_from(["art", "start", "Rent", "parent", "lease", "please", "Öl", "Möl"])


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=4), WORDS)
def test_the_index_proposes_all_that_a_scan_finds(
    index: Index, texts: list[list[str]], word: str
) -> None:
    for path in index.source.iterdir():
        path.unlink()
    fill(index, **{f"f{n}": " ".join(words) for n, words in enumerate(texts)})
    wanted = re.compile(rf"\b{word}\b", re.IGNORECASE)
    assert found(index, word) == [
        f"f{n}" for n, words in enumerate(texts) if wanted.search(" ".join(words))
    ]


def test_keywords_of_a_line() -> None:
    assert list(terms_in('rent "notice period" lease')) == ["rent", "notice period", "lease"]
