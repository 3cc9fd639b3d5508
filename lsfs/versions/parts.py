"""Statements in a row that share a fate: a paragraph or a section that came, went or moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from lsfs.differences import Quoted
from lsfs.versions.align import Alignment
from lsfs.versions.statements import Statement

MAX_QUOTE = 2_000  # characters of the sentences that one fact quotes


class Part(Struct, frozen=True):
    """Statements in a row that share a fate: of one paragraph, or of one section."""

    title: Statement | None
    statements: tuple[Statement, ...]

    @property
    def body(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.statements if one is not self.title)


def parts(every: Sequence[Statement], chosen: Sequence[int]) -> list[Part]:
    """Chosen statements by paragraph; those under a chosen heading belong to its section."""
    found: list[list[Statement]] = []
    last = -2
    for at in chosen:
        one = every[at]
        if last == at - 1 and _belongs(one, found[-1]):
            found[-1].append(one)
        else:
            found.append([one])
        last = at
    return [Part(part[0] if part[0].is_heading else None, tuple(part)) for part in found]


def _belongs(one: Statement, part: Sequence[Statement]) -> bool:
    if part[0].is_heading:
        return not one.is_heading or one.level > part[0].level
    return not one.is_heading and one.block == part[-1].block


def joined(group: Sequence[Statement]) -> Quoted:
    """Statements in a row as one quote, up to a table or page number between them."""
    row = [group[0]]
    length = len(group[0].text)
    for one in group[1:]:
        length += len(one.text)
        if one.block > row[-1].block + 1 or length > MAX_QUOTE:
            break
        row.append(one)
    lines = [n for one in row for n in (one.line_start, one.line_end) if n is not None]
    pages = [one.page for one in row if one.page is not None]
    text = " ".join(one.text for one in row)
    return Quoted(
        text, min(pages, default=None), min(lines, default=None), max(lines, default=None)
    )


def move_groups(alignment: Alignment, new: Sequence[Statement]) -> list[list[tuple[int, int]]]:
    """Moved statements that stand in a row on both sides."""
    groups: list[list[tuple[int, int]]] = []
    for i, j in alignment.moved:
        last = groups[-1][-1] if groups else None
        in_row = last is not None and (i, j) == (last[0] + 1, last[1] + 1)
        if in_row and not (new[j].is_heading and not new[groups[-1][0][1]].is_heading):
            groups[-1].append((i, j))
        else:
            groups.append([(i, j)])
    return groups


def blocks_of(every: Sequence[Statement], chosen: Iterable[int]) -> tuple[set[int], set[int]]:
    """The blocks of which all statements are chosen, and those of which some are."""
    total = Counter(one.block for one in every)
    counts = Counter(every[at].block for at in chosen)
    whole = {block for block, count in counts.items() if count == total[block]}
    return whole, set(counts) - whole
