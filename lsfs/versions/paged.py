"""How two documents differ page by page, in what was read of them.

Statements are compared over the whole document, not page against page: one that only slipped to the
next page did not change, and a page put in between leaves the pages after it as they were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lsfs.differences import Diff, DiffKind, PageDiff
from lsfs.model import Document
from lsfs.versions.matching import Gap, gaps, matching
from lsfs.versions.statements import Statement, running, statements
from lsfs.versions.unified import CUT_SHORT, Names, header

CONTEXT = 1  # statements around a change
LEFT_OUT = " \u2026"

_Pages = tuple[int | None, int | None]  # of the earlier and of the later version


class _Entry(Struct, frozen=True):
    """A statement in the order of the diff: " ", "-" or "+", and the pages that it belongs to."""

    sign: str
    text: str
    pages: _Pages


def paged(before: Document, after: Document, names: Names) -> Diff:
    """What was removed and added on each page; for documents without pages, in all.

    Returns:
        A diff of kind ``pages``, empty when both say the same in the same order.
    """
    repeated = running((before, after))
    old, new = statements(before, repeated), statements(after, repeated)
    found = matching([_compared(one) for one in old], [_compared(one) for one in new])
    pairs = found.pairs()
    changed = gaps(found.runs, len(old), len(new))
    partners = _Partners(before, after, old, new)
    partners.count(pairs)
    partners.guess(changed)
    by_page: dict[_Pages, list[_Entry]] = defaultdict(list)
    for entry in _entries(old, new, changed, partners):
        by_page[entry.pages].append(entry)
    pages = tuple(
        _page(pages, entries, before, after)
        for pages, entries in sorted(by_page.items(), key=lambda item: partners.order(item[0]))
        if any(entry.sign != " " for entry in entries)
    )
    text = header(names) + "".join(_rendered(page) for page in pages) if pages else ""
    return Diff(
        names.path,
        names.before,
        names.after,
        DiffKind.PAGES,
        text,
        pages,
        added=sum(page.added for page in pages),
        removed=sum(page.removed for page in pages),
        notes=() if found.complete else (CUT_SHORT,),
    )


def _compared(one: Statement) -> str:
    return one.key if one.key.startswith("\0") else one.text


class _Partners:
    """Which pages of two versions are the same page: those with most statements in common."""

    def __init__(
        self,
        before: Document,
        after: Document,
        old: Sequence[Statement],
        new: Sequence[Statement],
    ) -> None:
        self._old, self._new = old, new
        self._to_new: dict[int, int] = {}
        self._to_old: dict[int, int] = {}
        named = {p.label: p.no for p in before.pages if p.label != str(p.no)}
        for page in after.pages:
            if page.label != str(page.no) and page.label in named:
                self._join(named[page.label], page.no)  # a sheet is the one of its name

    def count(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Join the pages that share most, the most alike first."""
        shared: Counter[tuple[int, int]] = Counter()
        for i, j in pairs:
            mine, theirs = self._old[i], self._new[j]
            if mine.page is not None and theirs.page is not None and mine.key[:1] != "\0":
                shared[mine.page, theirs.page] += len(mine.text)
        for (mine_no, theirs_no), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
            self._join(mine_no, theirs_no)

    def guess(self, changed: Iterable[Gap]) -> None:
        """Join pages without anything in common that stand at the same place."""
        for gap in changed:
            mine = self._alone(self._old[gap.before_start : gap.before_end], self._to_new)
            theirs = self._alone(self._new[gap.after_start : gap.after_end], self._to_old)
            if len(mine) == len(theirs):
                for old_no, new_no in zip(mine, theirs, strict=True):
                    self._join(old_no, new_no)

    def _alone(self, run: Sequence[Statement], joined: dict[int, int]) -> list[int]:
        numbers = dict.fromkeys(one.page for one in run if one.page is not None)
        return [number for number in numbers if number not in joined]

    def _join(self, old_no: int, new_no: int) -> None:
        if old_no not in self._to_new and new_no not in self._to_old:
            self._to_new[old_no] = new_no
            self._to_old[new_no] = old_no

    def of_old(self, number: int | None) -> _Pages:
        """The pair that a page of the earlier version belongs to."""
        return number, self._to_new.get(number) if number is not None else None

    def of_new(self, number: int | None) -> _Pages:
        """The pair that a page of the later version belongs to."""
        return self._to_old.get(number) if number is not None else None, number

    def order(self, pages: _Pages) -> tuple[float, int]:
        """By the later version; a page that is gone comes where it was."""
        before, after = pages
        if after is not None:
            return after, 1
        earlier = [self._to_new[no] for no in self._to_new if before is not None and no < before]
        return max(earlier, default=0) + 0.5, before or 0


def _entries(
    old: Sequence[Statement], new: Sequence[Statement], changed: Iterable[Gap], partners: _Partners
) -> Iterator[_Entry]:
    """All statements in the order of the diff."""
    j = 0
    for gap in (*changed, Gap(len(old), len(old), len(new), len(new))):
        for one in new[j : gap.after_start]:
            yield _Entry(" ", one.text, partners.of_new(one.page))
        for one in old[gap.before_start : gap.before_end]:
            yield _Entry("-", one.text, partners.of_old(one.page))
        for one in new[gap.after_start : gap.after_end]:
            yield _Entry("+", one.text, partners.of_new(one.page))
        j = gap.after_end


def _page(pages: _Pages, entries: list[_Entry], before: Document, after: Document) -> PageDiff:
    near = set()
    for at, entry in enumerate(entries):
        if entry.sign != " ":
            near |= set(range(at - CONTEXT, at + CONTEXT + 1))
    lines: list[str] = []
    for at, entry in enumerate(entries):
        if at in near:
            lines.append(entry.sign + entry.text)
        elif not lines or lines[-1] != LEFT_OUT:
            lines.append(LEFT_OUT)
    while lines[-1] == LEFT_OUT:
        lines.pop()
    if lines[0] == LEFT_OUT:
        lines = lines[1:]
    signs = Counter(entry.sign for entry in entries)
    label = _label(after, pages[1]) or _label(before, pages[0])
    return PageDiff(*pages, label, tuple(lines), signs["+"], signs["-"])


def _label(document: Document, number: int | None) -> str:
    page = next((page for page in document.pages if page.no == number), None)
    return page.label if page is not None and page.label != str(page.no) else ""


def _rendered(page: PageDiff) -> str:
    name = f" ({page.label})" if page.label else ""
    before, after = page.page_before, page.page_after
    if before is None and after is None:
        where = "text"
    elif before is None:
        where = f"new page {after}{name}"
    elif after is None:
        where = f"page {before}{name}, removed"
    else:
        where = f"page {after}{name}" + (f", was {before}" if before != after else "")
    return f"@@ {where} @@\n" + "".join(f"{line}\n" for line in page.lines)
