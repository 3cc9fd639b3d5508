from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.sentences import MAX_CHARS, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["Dr. Smith met J. R. R. Tolkien.", "They spoke."],
        ["The lease, e.g. No. 5, ends.", "The rent, i.e. $1,200.50, is due."],
        ["He works for Acme Inc.", "The firm is old."],
        ["Acme Inc. Tenant rules apply.", "Yes!"],
        ["It costs approx. 5 EUR.", "Is it dear?", "No."],
        ['"Really?" he said.', "\u201cYes.\u201d", "She left."],
        ["The U.S. Army left at 5 p.m. on Monday.", "It rained."],
        ["See Sec. 4 and Fig. 2.", "Then stop."],
        ["Er kam am 3. M\u00e4rz 2023.", "Das war z.B. gut."],
        ["The answer is no.", "They left."],
        ["Wait... what?", "Well\u2026", "Go on."],
        ["It was done.[3]", "Later it was not.[4][5]", "End."],
        ["Visit https://example.org/a.b?c=d. now", "Version 1.2.3 is out."],
        ["The Tenant pays by then.", "(b) The Landlord repairs."],
    ],
)
def test_prose(parts: list[str]) -> None:
    # "d. now" goes on in lower case, so a gap that ends nothing may stand inside a part.
    joined = " ".join(parts)
    expected = [" ".join(parts)] if parts[0].startswith("Visit") else parts
    assert cut(joined) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["Invoice No.: 123", "Date: 3 March 2023", "Total due: 1,200.00"],
        ["Item | Qty | Price", "Chairs | 4 | 100.00", "Desks | 2 | 380.00"],
        ["item\tqty\tprice of the thing in whole euros and cents", "Chairs\t4\t100"],
        ["Rent ........ 1,200", "Deposit ..... 2,400"],
        ["a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z", "1,2,3,4,5"],
        ["From: a@example.org", "To: b@example.org", "Subject: The rent of the flat"],
        ["Acme Ltd", "12 High Street", "London"],
        ["- one thing that is rather long and has no end mark", "- another thing", "* third"],
        ["1. The tenant pays rent.", "2. The landlord repairs the roof."],
        ["(a) the first of the two conditions that must be met", "(ii) the second"],
        ["2023-01-01 12:00:01 INFO started the server on port 8080", "2023-01-02 stopped"],
    ],
)
def test_lines_that_stand_alone(lines: list[str]) -> None:
    assert cut("\n".join(lines)) == lines


def test_wrapped_lines_are_joined() -> None:
    text = (
        "The monthly rent for the premises described above\nshall be $1,450, payable on the\nfirst."
    )
    assert cut(text + "\nNext one.") == [text, "Next one."]
    name = "This agreement is made between the landlord and\nAcme Corporation of Delaware."
    assert cut(name) == [name]


def test_blank_lines_and_page_breaks_end_a_sentence() -> None:
    text = "A heading\n\nThe text goes on\n \nafter a gap\fnew page"
    assert cut(text) == ["A heading", "The text goes on", "after a gap", "new page"]


def test_windows_line_ends() -> None:
    assert cut("Total: 5\r\nDate: today\r\n\r\nEnd.\r\n") == ["Total: 5", "Date: today", "End."]


def test_no_gap_is_needed_after_cjk_marks() -> None:
    first, second = "\u65e5\u672c\u8a9e\u306e\u6587\u3002", "\u3082\u3046\u4e00\u3064\uff01"
    assert cut(first + second + "x") == [first, second, "x"]


def test_nothing_to_cut() -> None:
    assert sentences("") == []
    assert sentences(" \n\t\n ") == []


def test_endless_sentences_are_bounded() -> None:
    text = "clause after clause, " * 400
    spans = sentences(text)
    assert len(spans) > 5
    assert all(text[end - 1] == "," for _, end in spans)


@given(st.text(alphabet=st.sampled_from(list("ab AB.,;:!?\n\t|()[]1\"'-\r\f\u3002")), max_size=300))
def test_spans_are_ordered_trimmed_and_complete(text: str) -> None:
    spans = sentences(text)
    last = 0
    covered = []
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert end - start <= MAX_CHARS
        assert not text[start].isspace() and not text[end - 1].isspace()
        covered.append(text[start:end])
        last = end
    assert "".join("".join(covered).split()) == "".join(text.split())


@given(st.lists(st.sampled_from(["The rent is due. ", "Acme Inc. ", "No. 5 ", "a,b,c,d\n", "\n"])))
def test_a_blank_line_separates_what_is_around_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    alone = len(sentences(text))
    assert len(sentences(f"{text}\n\n{text}")) == 2 * alone


@pytest.mark.parametrize(
    "unit",
    [
        "The rent is $1,200.50, e.g. No. 5. It ends.\nDate: 3 March\n", "a", ". ", "a. ", "\n",
        "a,", '."', "[1].", " ", "          I.", "x" * 50 + "\n", "a, b " * 50 + "\n",
    ],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    began = time.process_time()
    sentences(text)
    assert time.process_time() - began < 30.0  # quadratic would take minutes
