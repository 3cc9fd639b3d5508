"""What changed between two versions of a document, as facts that a quote proves each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lsfs.differences import (
    ChangeCounts,
    ChangeFact,
    ChangeFacts,
    ChangeKind,
    SectionChange,
    SectionState,
)
from lsfs.model import BlockKind, Document, Status
from lsfs.versions import wording
from lsfs.versions.align import Alignment, aligned
from lsfs.versions.cells import GridChange, TableChanges, table_changes
from lsfs.versions.extracted import Extract, Reader, Value, no_values
from lsfs.versions.grids import delimited, grids
from lsfs.versions.parts import Part, blocks_of, joined, move_groups, parts
from lsfs.versions.ranking import ranked, value_strength
from lsfs.versions.replaced import Replaced, Rewording, rewording
from lsfs.versions.statements import Statement, running, statements
from lsfs.versions.unified import CUT_SHORT

MAX_FACTS = 200
MAX_VALUES = 100  # listed as added, and as removed
MIN_MOVED = 4  # words; less is not worth telling that it moved


def change_facts(before: Document, after: Document, extract: Extract = no_values) -> ChangeFacts:
    """What changed, strongest first; nothing for documents that say the same in the same order.

    Args:
        before, after: the two versions.
        extract: the values of a document, called once for each version.
    """
    found = _Comparison(before, after, extract)
    facts = ranked(found.facts())
    shown = tuple(replace(fact, text=wording.sentence(fact)) for fact in facts[:MAX_FACTS])
    come, gone = found.values()
    return ChangeFacts(
        shown, tuple(found.sections()), found.counts(), come, gone, len(facts) - len(shown),
        tuple(found.notes()),
    )  # fmt: skip


class _Comparison:
    """Two versions read and aligned."""

    def __init__(self, before: Document, after: Document, extract: Extract) -> None:
        self._documents = (before, after)
        repeated = running((before, after))
        whole = delimited(before), delimited(after)
        tables = [grids(before), grids(after)]
        if whole[0] is not None and whole[1] is not None:
            tables = [[whole[0]], [whole[1]]]
            self._all: tuple[list[Statement], list[Statement]] = ([], [])
        else:
            self._all = (
                statements(before, repeated, tables=False),
                statements(after, repeated, tables=False),
            )
        self._tables: TableChanges = table_changes(*tables)
        self._old = Reader(before, _stated(before, self._all[0], extract))
        self._new = Reader(after, _stated(after, self._all[1], extract))
        self._alignment: Alignment = aligned(self._old, self._new, *self._all)
        self._rewordings = {pair: self._reworded(*pair) for pair in self._alignment.changed}

    def _reworded(self, i: int, j: int) -> Rewording:
        old, new = self._all
        return rewording(self._old.tokens(old[i]), self._new.tokens(new[j]))

    def facts(self) -> Iterator[ChangeFact]:
        """All facts, in no order, each without its text."""
        for (i, j), change in self._rewordings.items():
            yield from self._of_pair(self._all[0][i], self._all[1][j], change)
        yield from self._of_one_side()
        yield from self._of_moves()
        yield from self._of_numbers()
        for grid in self._tables.changed:
            yield from self._of_grid(grid)
        for table in self._tables.added:
            words = wording.rows(len(table.rows))
            yield ChangeFact(
                ChangeKind.TABLE_ADDED, "", table.heading, after=words, quote_after=table.place
            )
        for table in self._tables.removed:
            words = wording.rows(len(table.rows))
            yield ChangeFact(
                ChangeKind.TABLE_REMOVED, "", table.heading, before=words, quote_before=table.place
            )

    def _of_pair(self, old: Statement, new: Statement, change: Rewording) -> Iterator[ChangeFact]:
        for one in change.values:
            yield _value_fact(one, old, new)
        if not change.worded:
            return
        kind = ChangeKind.NEGATED if change.negated else ChangeKind.WORDING
        before, after = "", ""
        if new.is_heading:
            kind = ChangeKind.SECTION_RENAMED
            before, after = old.text, new.text
        yield ChangeFact(
            kind, "", _above(new), before=before, after=after,
            quote_before=old.quoted(), quote_after=new.quoted(),
        )  # fmt: skip

    # --- what is in one version only

    def _of_one_side(self) -> Iterator[ChangeFact]:
        old, new = self._all
        for part in parts(old, self._alignment.removed):
            yield self._one_sided(part, self._old, gone=True)
        for part in parts(new, self._alignment.added):
            yield self._one_sided(part, self._new, gone=False)

    def _one_sided(self, part: Part, reader: Reader, *, gone: bool) -> ChangeFact:
        first, last = part.statements[0], part.statements[-1]
        quoted = joined(part.body or part.statements)
        if part.title is not None:
            kind = ChangeKind.SECTION_REMOVED if gone else ChangeKind.SECTION_ADDED
            name, heading = part.title.text, part.title.heading
            quoted = joined(part.statements)
        else:
            kind = ChangeKind.REMOVED if gone else ChangeKind.ADDED
            name, heading = "", first.heading
        values = reader.within(first.char_start, last.char_end)
        weight = value_strength(value.kind for value in values)
        if gone:
            return ChangeFact(kind, "", heading, before=name, quote_before=quoted, strength=weight)
        return ChangeFact(kind, "", heading, after=name, quote_after=quoted, strength=weight)

    # --- what is the same, elsewhere

    def _of_moves(self) -> Iterator[ChangeFact]:
        old, new = self._all
        for group in move_groups(self._alignment, new):
            mine, theirs = [old[i] for i, _ in group], [new[j] for _, j in group]
            words = sum(len(one.text.split()) for one in theirs)
            if theirs[0].key.startswith("\0") or (words < MIN_MOVED and not theirs[0].is_heading):
                continue
            name = theirs[0].text if theirs[0].is_heading else ""
            yield ChangeFact(
                ChangeKind.MOVED, "", _above(theirs[0]), subject=name,
                before=_above(mine[0]), after=_above(theirs[0]),
                quote_before=joined(mine), quote_after=joined(theirs),
            )  # fmt: skip

    def _of_numbers(self) -> Iterator[ChangeFact]:
        old, new = self._all
        for i, j in self._alignment.same:
            if old[i].text != new[j].text and new[j].is_heading:
                yield ChangeFact(
                    ChangeKind.RENUMBERED, "", _above(new[j]), before=old[i].text,
                    after=new[j].text, quote_before=old[i].quoted(), quote_after=new[j].quoted(),
                )  # fmt: skip

    # --- tables

    def _of_grid(self, grid: GridChange) -> Iterator[ChangeFact]:
        heading = grid.new.heading
        for cell in grid.cells:
            yield ChangeFact(
                ChangeKind.CELL, "", heading, f"{cell.row}, {cell.column}", cell.before, cell.after,
                quote_before=cell.place_before, quote_after=cell.place_after,
            )  # fmt: skip
        for place in grid.rows_added:
            yield ChangeFact(ChangeKind.ROW_ADDED, "", heading, quote_after=place)
        for place in grid.rows_removed:
            yield ChangeFact(ChangeKind.ROW_REMOVED, "", heading, quote_before=place)
        for name in grid.columns_added:
            place = replace(grid.new.place, quote=" | ".join(grid.new.header))
            yield ChangeFact(ChangeKind.COLUMN_ADDED, "", heading, after=name, quote_after=place)
        for name in grid.columns_removed:
            place = replace(grid.old.place, quote=" | ".join(grid.old.header))
            yield ChangeFact(
                ChangeKind.COLUMN_REMOVED, "", heading, before=name, quote_before=place
            )

    # --- in all

    def sections(self) -> Iterator[SectionChange]:
        """The sections that are not as they were."""
        old, new = self._all
        alignment = self._alignment
        partner = {j: i for i, j in (*alignment.same, *alignment.moved, *alignment.changed)}
        added, kept = set(alignment.added), {i for i, _ in alignment.changed}
        touched = self._touched()
        for j, one in enumerate(new):
            if not one.is_heading:
                continue
            if j in added:
                yield SectionChange(SectionState.ADDED, "", one.heading, None, one.page)
                continue
            mine = old[partner[j]]
            renamed = partner[j] in kept
            if renamed or one.heading in touched:
                state = SectionState.RENAMED if renamed else SectionState.CHANGED
                yield SectionChange(state, mine.heading, one.heading, mine.page, one.page)
        for i in alignment.removed:
            if old[i].is_heading:
                yield SectionChange(SectionState.REMOVED, old[i].heading, "", old[i].page, None)

    def _touched(self) -> set[str]:
        """Headings, in the later version, of sections whose own statements or tables changed."""
        old, new = self._all
        alignment = self._alignment
        now = {old[i].heading: new[j].heading for i, j in (*alignment.same, *alignment.changed)}
        found = {new[j].heading for _, j in alignment.changed if not new[j].is_heading}
        found |= {new[j].heading for j in alignment.added if not new[j].is_heading}
        gone = (old[i].heading for i in alignment.removed if not old[i].is_heading)
        found |= {now.get(heading, "") for heading in gone}
        found |= {g.new.heading for g in self._tables.changed if _is_changed(g)}
        return found

    def counts(self) -> ChangeCounts:
        """How much changed."""
        old, new = self._all
        alignment = self._alignment
        gone, some_gone = blocks_of(old, alignment.removed)
        come, some_come = blocks_of(new, alignment.added)
        altered = {new[j].block for _, j in alignment.changed} | some_come
        kept = {old[i].block: new[j].block for i, j in (*alignment.same, *alignment.changed)}
        altered |= {kept[block] for block in some_gone if block in kept}
        return ChangeCounts(
            paragraphs_added=len(come),
            paragraphs_removed=len(gone),
            paragraphs_changed=len(altered - come),
            paragraphs_moved=len({new[j].block for _, j in alignment.moved}),
            words_added=sum(len(new[j].text.split()) for j in alignment.added)
            + sum(change.words_added for change in self._rewordings.values()),
            words_removed=sum(len(old[i].text.split()) for i in alignment.removed)
            + sum(change.words_removed for change in self._rewordings.values()),
            cells_changed=sum(len(grid.cells) for grid in self._tables.changed),
            pages_before=len(self._documents[0].pages),
            pages_after=len(self._documents[1].pages),
        )

    def values(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What only the later version says, and what only the earlier one does."""
        return _only(self._new, self._old), _only(self._old, self._new)

    def notes(self) -> Iterator[str]:
        """What makes the comparison less than whole."""
        for name, document in zip(("earlier", "later"), self._documents, strict=True):
            if document.status not in (Status.OK, Status.EMPTY):
                reason = f": {document.reason}" if document.reason else ""
                yield f"the {name} version is {document.status.value}{reason}"
        complete = self._alignment.complete and all(g.complete for g in self._tables.changed)
        if not complete:
            yield CUT_SHORT


def _stated(document: Document, every: Sequence[Statement], extract: Extract) -> list[Value]:
    """The values of statements and tables: not the numbers of headings, items and pages."""
    ranges = [(one.body_start, one.char_end) for one in every if not one.key.startswith("\0")]
    tables = (block for block in document.blocks if block.kind is BlockKind.TABLE)
    ranges = sorted([*ranges, *((block.char_start, block.char_end) for block in tables)])
    kept = []
    for value in extract(document) if ranges else ():
        at = bisect_right(ranges, value.start, key=lambda span: span[0]) - 1
        if at >= 0 and value.end <= ranges[at][1]:
            kept.append(value)
    return kept


def _only(mine: Reader, theirs: Reader) -> tuple[str, ...]:
    known = {(value.kind, value.meaning) for value in theirs.values}
    found: dict[tuple[str, str], Value] = {}
    for value in mine.values:
        if (value.kind, value.meaning) not in known:
            found.setdefault((value.kind, value.meaning), value)
    return tuple(" ".join(value.text.split()) for value in found.values())[:MAX_VALUES]


def _is_changed(grid: GridChange) -> bool:
    return bool(
        grid.cells or grid.rows_added or grid.rows_removed or grid.columns_added
        or grid.columns_removed
    )  # fmt: skip


def _above(one: Statement) -> str:
    """The headings above a statement; of a heading, without itself."""
    return one.heading.rpartition(" > ")[0] if one.is_heading else one.heading


def _value_fact(one: Replaced, old: Statement, new: Statement) -> ChangeFact:
    return ChangeFact(
        ChangeKind.VALUE, "", _above(new), one.subject, one.written_before, one.written_after,
        one.after.kind, one.direction, old.quoted(), new.quoted(),
    )  # fmt: skip
