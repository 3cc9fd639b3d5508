"""CSV, JSON, YAML, TOML, INI and XML: the values with their names, and the lines of the file."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.model import BlockKind, Document
from lsfs_parsers import delimited
from lsfs_parsers.packing import BLOCK_CHARS
from tests.parsers.conftest import Reader
from tests.parsers.test_code import covers

some = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def paths(document: Document) -> list[str]:
    return [" > ".join(block.heading_path) for block in document.blocks]


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


# --- CSV


def test_csv_is_a_table_with_the_names_of_its_columns(read: Reader) -> None:
    data = b'name;price;note\nCoffee;3,20;"black\nhot"\n\nTea;2,50;x; y\n'
    document = read(data, "a.csv")
    assert document.tables[0].rows[1:] == (
        ("Coffee", "3,20", "black hot"),
        ("Tea", "2,50", "x", "y"),
    )
    assert document.tables[0].header_rows == 1
    assert document.tables[0].row_lines == (1, 2, 5)
    assert document.text.split("\n")[1:] == [
        "name: Coffee | price: 3,20 | note: black hot",
        "name: Tea | price: 2,50 | note: x | y",
    ]
    assert [span.line for span in document.blocks[0].spans] == [1, 2, 5]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_mark_between_cells_is_found(read: Reader, mark: str) -> None:
    row = mark.join(["a b", "1.5", "x; y, z" if mark == "|" else "x"])
    document = read(f"{row}\n".encode() * 3, "a.csv")
    assert document.tables[0].rows == (tuple(row.split(mark)),) * 3
    assert document.tables[0].header_rows == 0


def test_a_quote_that_is_not_closed_takes_nothing_away(read: Reader) -> None:
    rows = "".join(f'{n},"word\n' if n == 3 else f"{n},word\n" for n in range(2_000))
    document = read(rows.encode(), "a.csv")
    assert len(document.tables[0].rows) == 2_000
    assert "quote" in document.warnings[0]


def test_what_nothing_divides_is_kept_as_lines(read: Reader) -> None:
    document = read(b"one\ntwo\n\nthree\n", "a.csv")
    assert texts(document) == ["one\ntwo", "three"]
    assert document.blocks[0].kind is BlockKind.CODE


def test_the_rest_of_a_long_table_is_kept(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_CELLS", 10)
    document = read(b"".join(b"a%d,b\n" % n for n in range(9)), "a.csv")
    assert len(document.tables[0].rows) == 5
    assert texts(document)[1] == "a5,b\na6,b\na7,b\na8,b"
    assert document.blocks[1].spans[0].line == 6
    assert document.warnings


cells = st.text(alphabet=st.sampled_from('ab1 ,;"\n|\té'), max_size=6)


@some
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_csv_that_was_written_is_read(read: Reader, rows: list[tuple[str, ...]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([("x", "y", "z"), *rows])
    document = read(file.getvalue().encode(), "a.csv")
    for row in rows:
        for cell in row:
            assert " ".join(cell.split()) in " ".join(document.text.split()) or '"' in cell


# --- JSON


def records(count: int) -> dict[str, object]:
    users = [{"id": n, "bio": "words " * 30, "tags": ["a", "b"]} for n in range(count)]
    return {"name": "x", "users": users, "more": {"one": "x" * 500, "deep": {"z": ["q" * 300] * 4}}}


@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_cut_at_members_under_their_keys(read: Reader, indent: int | None) -> None:
    text = json.dumps(records(6), indent=indent)
    document = read(text.encode(), "a.json")
    assert document.parser == "json"
    assert set(paths(document)) == {"", "users", "more", "more > deep > z"}
    assert max(map(len, texts(document))) <= BLOCK_CHARS + 20
    assert "".join("".join(texts(document)).split()) == "".join(text.split())
    if indent:
        covers(document, text)


def test_json_escapes_are_read(read: Reader) -> None:
    document = read(rb'{"a": "Z\u00fcrich \ud83d\ude00 \\u00e9 \u0022 \ud800"}', "a.json")
    assert document.text == r'{"a": "Zürich 😀 \\u00e9 \u0022 �"}'


def test_each_line_of_json_is_a_record(read: Reader) -> None:
    text = '{"a": 1}\n\n{"b": [1, 2]}\n' + json.dumps(records(6)) + "\n"
    document = read(text.encode(), "a.jsonl")
    assert document.media_type == "application/x-ndjson"
    assert texts(document)[:2] == ['{"a": 1}', '{"b": [1, 2]}']
    assert {span.line for block in document.blocks for span in block.spans} == {1, 3, 4}
    assert "users" in paths(document)


@pytest.mark.parametrize("text", ["{a: 1}\n\n// no\n", '["\n' * 50, "[" * 100_000, "", '"\\"' * 9])
def test_what_is_no_json_is_kept_as_lines(read: Reader, text: str) -> None:
    document = read(f"x{text}".encode() if not text else text.encode(), "a.json")
    assert "read as text" in document.warnings[0]
    covers(document, text or "x")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],:\n é', max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=30,
)


@some
@given(values, st.sampled_from([None, 0, 1]))
def test_any_json_is_covered(read: Reader, value: object, indent: int | None) -> None:
    text = json.dumps([value, "x" * 300, value, "y" * 500], indent=indent, ensure_ascii=False)
    document = read(text.encode("utf-8", "replace"), "a.json")
    if indent is not None and text.isascii():
        covers(document, text)
    assert "y" * 500 in document.text


# --- YAML, TOML, INI


def test_yaml_is_cut_at_keys(read: Reader) -> None:
    big = "".join(f"  key {n}:\n    v: {'w ' * 100}\n" for n in range(8))
    text = f"# top\nname: x\nservices:\n- a: 1\n  b: 2\n- c\n# of big\nbig:\n{big}last: 1\n"
    document = read(text.encode(), "a.yml")
    assert list(dict.fromkeys(paths(document))) == ["", "big"]
    assert texts(document)[1].startswith("# of big\nbig:\n  key 0:")
    assert texts(document)[-1] == "last: 1"
    covers(document, text)


def test_toml_and_ini_are_cut_at_sections(read: Reader) -> None:
    text = 'title = "x"\n\n# about a\n[a.b]\nx = [1,\n 2]\n# end\n\n[[c]] # why\ny = 1\n'
    for name in ("a.toml", "a.ini"):
        document = read(text.encode(), name)
        assert paths(document) == ["", "a.b", "c"]
        assert document.blocks[1].spans[0].line == 3
        covers(document, text)


lines = st.lists(
    st.sampled_from(["a: 1", "  b:", "- c", "  - d: e", "[s]", "# x", "", "k = v", "\tt", "---"]),
    min_size=1,
)


@some
@given(lines, st.sampled_from(["a.yaml", "a.toml", "a.ini"]))
def test_any_settings_are_covered(read: Reader, found: list[str], name: str) -> None:
    text = "\n".join(["x: y", *found, "long: " + "z" * 900, *found])
    covers(read(text.encode(), name), text)


# --- XML

INVOICE = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<!-- c -->
<inv:Invoice xmlns:inv="urn:x" id="7">
  <ID>123</ID>
  <Total currency="EUR">12.5</Total>
  <Supplier>
    <Name>Gr\xfc\xdfe</Name>
    <p>Some <i>mixed</i> text</p>
  </Supplier>
  <Line/><Line n="2"/>
  <Note>late</Note>
</inv:Invoice>
"""


def test_xml(read: Reader) -> None:
    document = read(INVOICE, "a.xml")
    assert list(zip(paths(document), texts(document), strict=True)) == [
        ("Invoice", "Invoice (id=7)\nID: 123\nTotal (currency=EUR): 12.5"),
        ("Invoice > Supplier", "Name: Grüße\np: Some mixed text"),
        ("Invoice", "Line (n=2)\nNote: late"),
    ]
    assert [span.line for block in document.blocks for span in block.spans] == [
        3, 4, 5, 7, 8, 10, 11,
    ]  # fmt: skip


GROWING = "".join(f"<!ENTITY b{n + 1} '&b{n};&b{n};'>" for n in range(40))
BOMB = f"<!DOCTYPE a [<!ENTITY b0 'x'>{GROWING}]><a>&b40;</a>"
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>so &x; so</a>'


@pytest.mark.parametrize(
    "text", ["<a><b>words</a>", "no xml", "<a>" * 20_000 + "words", BOMB, "<a>&undefined;</a>"]
)
def test_what_is_no_xml_is_kept_as_lines(read: Reader, text: str) -> None:
    document = read(text.encode(), "a.xml")
    assert "read as text" in document.warnings[0]
    assert document.text == text


def test_xml_reads_nothing_outside(read: Reader) -> None:
    assert read(OUTSIDE.encode(), "a.xml").text == "a: so so"


def test_xml_of_many_leaves_is_many_blocks(read: Reader) -> None:
    text = "<a>" + "".join(f"<b>words {n}</b>\n" for n in range(3_000)) + "tail</a>"
    document = read(text.encode(), "a.xml")
    assert max(map(len, texts(document))) <= BLOCK_CHARS + 100
    assert texts(document)[-1].endswith("tail")
    assert document.text.count("words") == 3_000


tags = st.lists(st.sampled_from(["<a>", "</a>", "<b x='1'>", "</b>", "one ", "two", "\n", "<c/>"]))


@some
@given(tags)
def test_any_xml_keeps_its_words(read: Reader, parts: list[str]) -> None:
    text = f"<r>{''.join(parts)}</r>"
    document = read(text.encode(), "a.xml")
    assert document.text.count("one") == text.count("one")
    assert document.text.count("two") == text.count("two")
