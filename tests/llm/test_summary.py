"""What a summary is made of, and that an edit costs no more than its branch."""

from __future__ import annotations

import random

import pytest

from lsfs.llm.summary.summary import Known, budget, summarized
from lsfs.llm.summary.summary_select import chosen, counted, weighed
from lsfs.llm.summary.summary_tree import LEAF_MOST, digested, leaves
from lsfs.llm.summary.summary_units import Piece, Unit, goes_on, units_of
from lsfs.llm.summary.summary_write import bears
from lsfs.model import Block, BlockKind, Document


class Memory(dict[bytes, bytes]):
    """A cache."""

    def put(self, key: bytes, body: bytes) -> None:
        self[key] = body


def document(*blocks: tuple[BlockKind, str], title: str = "") -> Document:
    made: list[Block] = []
    at, above = 0, tuple[str, ...]()
    for kind, text in blocks:
        is_heading = kind is BlockKind.HEADING
        path = () if is_heading else above
        above = (text,) if is_heading else above
        made.append(Block(kind, text, at, at + len(text), int(is_heading), path))
        at += len(text) + 2
    whole = "\n\n".join(block.text for block in made)
    return Document("text/plain", "test", 1, text=whole, title=title, blocks=tuple(made))


def said(found: Document, units: list[Unit]) -> list[list[str]]:
    return [[found.text[a:b] for a, b in unit.spans] for unit in units]


def sentences_of(*blocks: tuple[BlockKind, str]) -> list[list[str]]:
    found = document(*blocks)
    pieces = [Piece(block, block.char_start, block.char_end) for block in found.blocks]
    return said(found, units_of(pieces))


P, LI, T = BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.TABLE


def test_a_sentence_that_goes_on_brings_what_it_goes_on_from() -> None:
    found = sentences_of((P, "The lease ends in May 2031. It can be renewed once. It costs EUR 9."))
    assert found == [
        ["The lease ends in May 2031."],
        ["The lease ends in May 2031.", "It can be renewed once."],
        ["The lease ends in May 2031.", "It can be renewed once.", "It costs EUR 9."],
    ]


def test_a_sentence_is_left_out_where_what_it_goes_on_from_is_not_there() -> None:
    assert sentences_of((P, "It ends in May 2031. They agree to that in full.")) == []
    assert sentences_of((P, "Er endet im Mai 2031. Der Vertrag gilt für zwei Jahre.")) == [
        ["Der Vertrag gilt für zwei Jahre."]
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It was agreed that the rent rises.", False),
        ("This agreement is made on 3 May 2024.", False),
        ("This is why the bridge was closed.", True),
        ("However, the bridge was closed.", True),
        ("The bridge was closed.", False),
    ],
)
def test_what_goes_on(sentence: str, expected: bool) -> None:
    assert goes_on(sentence) is expected


def test_items_of_a_list_bring_the_line_above_them() -> None:
    found = sentences_of(
        (P, "The tenant of the flat shall:"),
        (LI, "- pay the rent of EUR 900;"),
        (P, "Signed here."),
    )
    assert found == [["The tenant of the flat shall:", "pay the rent of EUR 900;"]]


def test_of_a_table_only_what_sums_it_up_is_told_and_whole() -> None:
    found = sentences_of((T, "Item | Cost\nLiner | EUR 300\nTotal | EUR 900"))
    assert found == [["Total | EUR 900"]]


@pytest.mark.parametrize(
    "line",
    [
        "Dear Ms Ellingsen,",
        "Page 3 of 9",
        "Yours sincerely,",
        "III. Profit and loss",
        "Who signed it in 2023?",
        "Terms:",
    ],
)
def test_lines_that_say_nothing(line: str) -> None:
    assert sentences_of((P, line)) == []


def test_sources_and_headings_are_no_sentences_of_a_document() -> None:
    found = sentences_of(
        (BlockKind.HEADING, "References"),
        (P, "Lin and Bilmes wrote a paper on summaries in 2011."),
        (BlockKind.HEADING, "Results of the trial in 2020"),
        (P, "The trial of the drug ended in 2020."),
    )
    assert found == [["The trial of the drug ended in 2020."]]


def test_what_was_said_is_not_said_again() -> None:
    found = document(
        (P, "The total rent of the Harbour Street flat is EUR 1,450 a month."),
        (P, "The total rent of the Harbour Street flat is EUR 1,450 per month."),
        (P, "Dogs are not allowed in the Harbour Street flat."),
    )
    units = units_of([Piece(b, b.char_start, b.char_end) for b in found.blocks])
    picked = chosen(units, weighed(counted(units)), 100)
    assert len(picked) == 2
    assert 2 in picked


# --- the tree


def long_document(chapters: int = 24, seed: int = 1) -> Document:
    maker = random.Random(seed)
    words = ["".join(maker.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(900)]
    blocks = []
    for chapter in range(chapters):
        blocks.append((BlockKind.HEADING, f"Chapter {chapter + 1}"))
        for _ in range(6):
            lines = [
                f"The {' '.join(maker.choices(words, k=9))} of {maker.randint(2, 9999)}."
                for _ in range(5)
            ]
            blocks.append((P, " ".join(lines)))
    return document(*blocks, title="Ilves bridge: a handbook")


def test_an_edit_reads_its_branch_alone() -> None:
    found, cache = long_document(), Memory()
    first = digested(found, cache)
    assert first.computed == first.nodes > 10
    assert digested(found, cache).computed == 0
    blocks = [(block.kind, block.text) for block in found.blocks]
    kind, text = blocks[100]
    for edited in (
        [*blocks[:100], (kind, f"The bridge was closed on 3 May 2031. {text}"), *blocks[101:]],
        [*blocks[:100], *blocks[101:]],
        [*blocks[:100], (P, "The bridge was closed on 3 May 2031."), *blocks[100:]],
    ):
        again = digested(document(*edited, title="Ilves bridge: a handbook"), Memory(cache))
        assert 1 <= again.computed <= 4
        assert again.key != first.key


def test_what_was_kept_gives_the_summary_that_reading_anew_gives() -> None:
    found, cache = long_document(), Memory()
    digested(found, cache)
    blocks = [(block.kind, block.text) for block in found.blocks]
    edited = document(
        *blocks[:100], (P, "It was decided that the Ilves bridge is closed on 3 May 2031."),
        *blocks[100:], title="Ilves bridge: a handbook",
    )  # fmt: skip
    kept, anew = digested(edited, cache), digested(edited, Memory())
    assert kept.computed < anew.computed
    for length in ("line", "paragraph", "page", "report"):
        spans = summarized(kept, length, Known("Ilves bridge: a handbook"))
        assert spans == summarized(anew, length, Known("Ilves bridge: a handbook")) == sorted(spans)
        words = sum(len(edited.text[a:b].split()) for a, b in spans)
        assert 0 < words <= budget(length, kept.kept.words)
    told = [
        edited.text[a:b] for a, b in summarized(kept, "page", Known("Ilves bridge: a handbook"))
    ]
    assert any("Ilves bridge is closed" in sentence for sentence in told)


def test_no_part_is_larger_than_a_leaf_may_be() -> None:
    maker = random.Random(3)
    text = " ".join(f"The word {maker.randint(0, 10**6)} stands here." for _ in range(9_000))
    parts = list(leaves(document((P, text))))
    assert len(parts) > 10
    assert max(piece.end - piece.start for part in parts for piece in part) <= LEAF_MOST
    assert digested(document((P, "")), Memory()).nodes == 0


# --- the model's wording


SOURCE = (
    "The monthly rent of the flat at Harbour Street, which Ada Byron let in 2023, is EUR 1,450, as "
    "everybody in the house knows by now."
)
SHORTER = "The rent of the flat at Harbour Street, which Ada Byron let in 2023, is EUR 1,450."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHORTER, True),
        (SHORTER.replace("1,450", "1,540"), False),
        (
            SHORTER.replace(", which Ada Byron let in 2023,", ""),
            False,
        ),  # a name and a year are gone
        (SHORTER.replace("flat", "cheap flat"), False),
        (SHORTER.replace("Ada Byron", "Bob Byron"), False),
        ("", False),
        (SOURCE, False),  # no shorter
    ],
)
def test_what_a_sentence_bears(text: str, expected: bool) -> None:
    assert bears(SOURCE, text) is expected


def test_a_condition_does_not_go() -> None:
    source = (
        "The deposit of the flat is paid back in May unless the tenant owes rent to the landlord."
    )
    assert not bears(source, "The deposit of the flat is paid back in May.")


def test_no_share_goes() -> None:
    source = (
        "A third is paid when the contract is signed, a third before loading, and a third later."
    )
    assert not bears(
        source, "A third is paid when the contract is signed, before loading, and later."
    )
