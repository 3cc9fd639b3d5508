"""How a query is read: plain words stay plain, operators mean what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsfs.errors import UsageError
from lsfs.index.find import han, query, terms
from lsfs.index.find.query import read

from .conftest import Index

TEXTS = {
    "lease.txt": "The tenant pays the monthly rent of 1,234.50 euros. "
    "The notice period is 3 months.",
    "draft.txt": "A draft: the rent may rise with inventories and universities in the city.",
    "deposit.txt": "The deposit is invested by Straßenbau Müller in İSTANBUL and in Łódź.",
    "code.py.txt": "def getUserName(user_id): return C++ and C# bindings, see file.ext and a@b.org",
    "kyoto.txt": "東京都の人口は約1400万人です。猫が好き。iPhone用ケースを買った。",
    "korea.txt": "서울에서 만나요",
    "taipei.txt": "臺北市立圖書館位於臺北。藏書豐富。",
    "shanghai.txt": "上海市立博物馆位于上海。藏品丰富。",
    "thai.txt": "ภาษาไทยเป็นภาษาที่มีระดับเสียง",
    "wide.txt": "ＡＢＣ株式会社 and the ﬁnance ﾊﾟｿｺﾝ. Ελλάδα",
    "Reports/report2023_v2.txt": "Nothing says what it is about; sent by e-mail on 2023-01-31.",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Index:
    from .conftest import build

    place: Path = tmp_path_factory.mktemp("query")
    source = place / "source"
    (source / "Reports").mkdir(parents=True)
    for name, text in TEXTS.items():
        (source / name).write_text(text, encoding="utf-8")
    index = build(source, place / "state")
    index.run()
    return index


def found(index: Index, text: str, mode: str = "keyword") -> list[str]:
    return sorted(name.removesuffix(".txt") for name in index.paths(text, mode=mode, k=50))


@pytest.mark.parametrize(
    "text",
    [
        "what is the rent?", "rent and deposit", "C++ tutorial", "ls -l option", "a - b", 'foo"',
        "a temperature of -5 degrees", "+49 30 123", "What (if anything) is due?", "AT&T merger",
        "TO BE OR NOT TO BE", "DO NOT DISTURB", 'AND OR NOT ( * "', "AND", "((", '""~', "",
        "title: x",
        "the symptom was significantly associated with age (OR 2.3 [95% CI 1.2-4.6]) in the study",
        "WHO HAS THE MOST POINTS AND THE MOST FOULS IN A GAME",
        "2*3", "**bold**", "caf\udce9", "nul\0byte", "x" * 5000,
        "https://a.b/c?d=e#f", "NASA OR",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_operator_is_a_word(filled: Index, text: str) -> None:
    assert read(text).condition is None
    assert not read(text).notes
    filled.search.hits(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rent AND notice", ["lease"]),
        ("rent NOT draft", ["lease"]),
        ("+rent -draft", ["lease"]),
        ("(rent OR deposit) AND NOT notice", ["deposit", "draft"]),
        ("rent notice OR deposit", ["deposit", "lease"]),
        ('"monthly rent"', ["lease"]),
        ('"rent monthly"', []),
        ('"tenant rent"~3', ["lease"]),
        ('"tenant rent"~1', []),
        ("NEAR(tenant euros, 12)", ["lease"]),
        ("NEAR(tenant months, 3)", []),
        ("invent*", ["draft"]),
        ("universi*", ["draft"]),
        ("universitas*", []),
        ("strass*", ["deposit"]),
        ("path:report", ["Reports/report2023_v2"]),
        ("path:reports AND e-mail", ["Reports/report2023_v2"]),
        ("title:lease", ["lease"]),
        ("title:(lease OR draft)", ["draft", "lease"]),
        ('+"notice period"', ["lease"]),
    ],
)
def test_operators(filled: Index, text: str, names: list[str]) -> None:
    assert found(filled, text) == names
    hybrid = found(filled, text, "hybrid")
    assert hybrid == names


def test_only_what_to_leave_out_lists_the_rest(filled: Index) -> None:
    assert set(found(filled, "-rent")) == {n.removesuffix(".txt") for n in TEXTS} - {
        "lease",
        "draft",
    }


@pytest.mark.parametrize(
    ("text", "what", "at"),
    [
        ("rent AND", "nothing behind", 6),
        ("AND rent", "nothing before", 1),
        ("rent OR OR lease", "nothing behind", 6),
        ("(rent OR lease", "not closed", 1),
        ("rent OR lease)", "was not opened", 14),
        ("rent OR NEAR(a b", "NEAR", 9),
        ("NEAR(a b, x)", "no number", 1),
        ("NEAR(one, 5)", "two words", 1),
        ('rent "a b"~', "no number", 6),
        ("rent AND ()", "missing", 11),
    ],
)
def test_a_wrong_operator_is_explained(text: str, what: str, at: int) -> None:
    with pytest.raises(UsageError, match=what) as error:
        read(text)
    assert f"character {at} " in str(error.value)
    assert error.value.hint
    assert not read(text, plain=True).notes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("東京", "kyoto"), ("人口", "kyoto"), ("猫", "kyoto"), ("好き", "kyoto"),
        ("iphone", "kyoto"), ("東京の人口は何人ですか", "kyoto"),
        ("图书馆", "taipei"), ("圖書館", "taipei"), ("台北圖书馆", "taipei"),
        ("博物館", "shanghai"), ("博物馆", "shanghai"), ("位於上海", "shanghai"),
        ("서울", "korea"), ("만나", "korea"),
        ("ไทย", "thai"),
        ("株式", "wide"), ("パソコン", "wide"), ("abc", "wide"), ("finance", "wide"),
        ("ελλαδα", "wide"), ("strassenbau", "deposit"), ("STRASSENBAU", "deposit"),
        ("straßenbau", "deposit"), ("mueller", "deposit"), ("muller", "deposit"),
        ("istanbul", "deposit"), ("lodz", "deposit"), ("1234.50", "lease"), ("1,234.50", "lease"),
        ("user name", "code.py"), ("getusername", "code.py"), ("user_id", "code.py"),
        ("c++", "code.py"), ("C#", "code.py"), ("file.ext", "code.py"), ("a@b.org", "code.py"),
        ("2023-01-31", "Reports/report2023_v2"), ("email", "Reports/report2023_v2"),
        ("report 2023", "Reports/report2023_v2"),
    ],
)  # fmt: skip
def test_words_of_all_sorts_are_found(filled: Index, text: str, name: str) -> None:
    assert filled.paths(text, mode="keyword")[0] == f"{name}.txt"


def test_a_run_without_blanks_is_found_within_another_but_not_across(filled: Index) -> None:
    assert found(filled, '"人口は約"') == ["kyoto"]
    assert found(filled, "+京都 人口") == ["kyoto"]  # letter by letter it does stand there
    assert found(filled, '"都人"') == []


def test_what_is_written_in_other_characters_is_shown(filled: Index) -> None:
    (hit, *_) = filled.search.hits("图书馆", mode="keyword")
    shown = [hit.snippet[start:end] for start, end in hit.highlights]
    assert "".join(shown) == "圖書館"


def test_chinese_characters_are_folded_in_place() -> None:
    assert han.simplified("圖書館 abc 図書館 서울 ไทย 乾") == "图书馆 abc 図书馆 서울 ไทย 干"
    for code in (*range(0x3400, 0xA000), *range(0x20000, 0x20400)):
        once = han.simplified(chr(code))
        assert len(once) == 1
        assert han.simplified(once) == once


def test_words_beside_a_text_that_were_made_otherwise_are_made_anew(index: Index) -> None:
    (index.source / "a.txt").write_text("臺北市立圖書館", encoding="utf-8")
    index.run()
    db = index.catalog.db
    db.execute("INSERT INTO passage_fts(passage_fts) VALUES ('delete-all')")
    db.execute("UPDATE passage SET parts = '圖書 書館 館'")
    db.execute("INSERT INTO passage_fts(passage_fts) VALUES ('rebuild')")
    assert index.paths("图书馆", mode="keyword") == []
    index.catalog.set_meta("words", "1")
    index.use(index.reader)
    assert index.paths("图书馆", mode="keyword") == ["a.txt"]
    db.execute("INSERT INTO passage_fts(passage_fts, rank) VALUES ('integrity-check', 1)")


def test_a_word_that_repeats_weighs_more(index: Index) -> None:
    for name, text in {"a.txt": "heron and pond", "b.txt": "otter and pond"}.items():
        (index.source / name).write_text(text)
    index.run()
    assert index.paths("otter heron heron", mode="keyword")[0] == "a.txt"
    assert index.paths("heron otter otter", mode="keyword")[0] == "b.txt"


def test_plain_text_has_no_parts() -> None:
    assert terms.parts_of("A plain text, with 3.14 and e-mail.") == ""
    assert terms.parts_of("naïve café") == ""  # the tokenizer takes the accents off


def test_what_it_means_is_said() -> None:
    assert read('+rent -"first draft"').notes == ('files must have: rent and not "first draft"',)
    assert query.has_operators("rent NOT draft")
