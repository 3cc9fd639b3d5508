"""Which names are one name."""

from __future__ import annotations

import pytest

from lsfs.index.facts import addresses, identifiers
from lsfs.index.facts.names import THRESHOLD, Names, families, likeness, meant_by, name_of, ranked


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Acme Ltd.", "ACME Limited"),
        ("Acme", "Acme Ltd"),
        ("Müller Metallbau GmbH", "Mueller Metallbau"),
        ("Weiß & Söhne KG", "Weiss und Soehne"),
        ("Viñedos del Sur S.A.", "VINEDOS DEL SUR, S.A."),
        ("Groupe Vauban S.A.R.L.", "Groupe Vauban SARL"),
        ("Nair, Priya", "Priya Nair"),
        ("P. Nair", "Priya Nair"),
        ("Dr. Priya K. Nair", "Priya Nair"),
        ("Blue Fin Analytics, Inc.", "Bluefin Analytics"),
        ("Northgate Joinery Ltd", "Nortgate Joinery"),
        ("Éditions du Lac SARL", "Editions Lac"),
        ("J.P. Morgan", "JP Morgan"),
        ("Sam Adeyemi", "Samuel Adeyemi"),
        ("Bob O'Connor", "Robert OConnor"),
        ("H OCONNOR", "Helen O\u2019Connor"),
    ],
)
def test_one_name_in_two_spellings(one: str, two: str) -> None:
    for pair in ((one, two), (two, one)):
        assert likeness(*map(name_of, pair))[0] >= THRESHOLD, likeness(*map(name_of, pair))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Acme Ltd", "Acme Holdings Ltd"),
        ("North Star Ltd", "South Star Ltd"),
        ("Studio 54", "Studio 55"),
        ("Müller Metallbau GmbH", "Müller Maschinenbau GmbH"),
        ("Weiß & Söhne KG", "Weiß & Partner KG"),
        ("Jack Brown Ltd", "John Brown Ltd"),
        ("Calder Mills plc", "Calder Hills plc"),
        ("Hansen Bau GmbH", "Jansen Bau GmbH"),
        ("Nair", "Priya Nair"),
        ("A. Nair", "Priya Nair"),
        ("Bau GmbH", "AG"),
        ("J. Smith", "K. Smith"),
        ("Studio A Ltd", "Studio B Ltd"),
    ],
)
def test_two_names_that_are_alike(one: str, two: str) -> None:
    for pair in ((one, two), (two, one)):
        assert likeness(*map(name_of, pair))[0] < THRESHOLD, likeness(*map(name_of, pair))


def test_two_legal_forms_lower_the_score_and_are_told() -> None:
    score, how = likeness(name_of("Acme GmbH"), name_of("Acme Ltd"))
    assert score == pytest.approx(0.95)
    assert "gmbh" in how
    assert "ltd" in how


def test_candidates_hold_what_a_comparison_of_all_finds() -> None:
    words = ("Baker", "Cooper", "Smithson", "Wainwright", "Thatcher", "Fletcher", "Carter")
    written = [f"{a} {b} Ltd" for a in words for b in words if a != b]
    written += [name.replace("th", "t") for name in written]
    names = list(dict.fromkeys(map(name_of, written)))
    index = Names(names)
    for name in names:
        found = {at for at, _, _ in index.like(name, THRESHOLD)}
        assert found == {
            at for at, other in enumerate(names) if likeness(name, other)[0] >= THRESHOLD
        }
    assert index.compared < len(names) ** 2


def test_names_whose_words_are_all_common_are_found() -> None:
    names = [name_of(f"Acme Trading {n:04}") for n in range(1000)]
    index = Names(names)
    assert [at for at, _, _ in index.like(name_of("ACME trading 0500"), THRESHOLD)] == [500]
    # As many look into lists that are cut, not into all names.
    assert index.compared < 1000


def test_spellings_join_the_commonest_form() -> None:
    counts = {
        "Siemens": 9, "Siemans": 1, "Mueller Bau": 2, "Bau Müller GmbH": 1, "P. Nair": 1,
        "Priya Nair": 2, "J. Smith": 1, "John Smith": 3, "Jane Smith": 3,
        "Vestas": 3, "Vistas": 2, "Studio 54": 9, "Studio 55": 1,
    }  # fmt: skip
    head = families({name_of(written): count for written, count in counts.items()})
    joined = {(" ".join(a.words), " ".join(b.words)) for a, b in head.items() if a != b}
    assert joined == {
        ("siemans", "siemens"),
        ("bau muller", "mueller bau"),
        ("p nair", "priya nair"),
    }
    alone = families(
        {
            name_of("Marina North"): 2,
            name_of("Marine North"): 3,
            name_of("Team A"): 1,
            name_of("Team Alpha"): 9,
        },
        parties=False,
    )
    assert all(one == other for one, other in alone.items())


def test_what_a_name_is_called() -> None:
    assert ranked({"T ZIELINSKI": 3, "Tomasz Zielinski": 1})[0] == "Tomasz Zielinski"
    assert ranked({"CALDER MILLS PLC": 5, "Calder Mils plc": 1})[0] == "CALDER MILLS PLC"
    assert ranked({"Margaret": 2, "Margaret Ashdown": 1})[0] == "Margaret Ashdown"


def test_a_code_stands_for_the_one_text_that_has_it() -> None:
    head = identifiers.heads({"p-2301": 2, "P-2301 Relaunch": 1, "q-7777": 1, "room 12": 1})
    assert head == {"p-2301": "P-2301 Relaunch", "P-2301 Relaunch": "P-2301 Relaunch",
                    "q-7777": "q-7777", "room 12": "room 12"}  # fmt: skip
    assert not identifiers.codes("12 rooms in 203")


def test_a_part_of_a_name_that_no_other_has() -> None:
    names = {name_of(one) for one in ("Hadley Heating Ltd", "Hadley Heating", "Acme", "Acme Homes")}
    assert {one.words for one in meant_by("Hadley", names)} == {("hadley", "heating")}
    assert meant_by("Acme", names) == {name_of("Acme")}
    assert not meant_by("Hadley", {name_of("Hadley Heating"), name_of("Hadley Bank")})


def test_addresses_that_say_more_or_less() -> None:
    written = {"27 orchard rise": 2, "27 orchard rise, hove bn3 6he": 1, "flat 5, 14 mill rd": 1,
               "14 mill road, flat 5, leeds": 1, "14 mill road": 1, "plot 9": 1,
               "gartenstraße 14": 1, "gartenstr. 14, 50667 köln": 1, "5 high street": 1,
               "5 high street, hove": 1, "5 high street, lewes": 1}  # fmt: skip
    head = addresses.heads(written)
    assert head["27 orchard rise, hove bn3 6he"] == "27 orchard rise"
    assert head["flat 5, 14 mill rd"] == head["14 mill road, flat 5, leeds"] != head["14 mill road"]
    assert head["5 high street"] == "5 high street"
    assert len({head[one] for one in written if "high" in one}) == 3
