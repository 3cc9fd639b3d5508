"""Two sets of files, row by row, on what they state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.joins import Evidence, Joined, JoinRow, KeyMatch, NearMiss, csv_of
from lsfs.model import FieldValue
from lsfs.places import cited
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, Tool, registry
from lsfs.syscalls.relations.evidence import Quotes
from lsfs.syscalls.retrieve import pending_note

if TYPE_CHECKING:
    from lsfs.index.join.reading import SideFile
    from lsfs.index.join.rows import JoinKey, Pair, Partner
    from lsfs.syscalls.selection import Selection

ROWS = 1000
MOST_COUNTED = 1_000_000  # rows; beyond it is only said that there are more
NEAR_MISSES = 50  # of all files together
SHOWN_MISSING = 1000


class JoinRequest(Struct, frozen=True):
    """What is joined with what, on what."""

    left: Annotated[
        str, Param('files: a question ("invoices from 2023"), a folder, a file, a glob')
    ]
    right: Annotated[str, Param("the files that they are joined with, likewise")]
    on: Annotated[
        tuple[str, ...],
        Param(
            "a field of both: counterparty, invoice_number, Rechnungsnummer; a=b for a field "
            "of each, a~b nearly equal, a==b to the letter; 'meaning'; several have all to hold"
        ),
    ] = ()
    how: Annotated[
        str,
        Param(
            "inner: pairs; left: also files without one; anti: only those",
            choices=("inner", "left", "anti"),
        ),
    ] = "inner"
    within: Annotated[str, Param("dates: at most so far apart: 7d, 2w before, 1m after")] = ""
    tolerance: Annotated[str, Param("amounts: at most so far apart: 1%, 5.00")] = ""
    threshold: Annotated[
        float, Param("the least score: of names 0.9 when left out, of meanings 0.5")
    ] = 0.0
    own: Annotated[
        tuple[str, ...], Param("a name of your own, which is no counterparty; else told by most")
    ] = ()
    candidates: Annotated[
        int, Param("meaning: how many files are looked at closely for each on the left")
    ] = 10
    limit: Annotated[int, Param("show at most so many rows")] = ROWS
    near_misses: Annotated[bool, Param("show pairs that almost fit, and why they do not")] = False
    explain: Annotated[bool, Param("show how each key was compared")] = False
    csv: Annotated[bool, Param("give the rows as a table for spreadsheets")] = False
    save: Annotated[str, Param("keep the join as a directory .lsfs/join/NAME")] = ""
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


@registry.syscall(
    command="join",
    writes_with="save",
    examples=(
        "lsfs join invoices contracts --on counterparty",
        'lsfs join "invoices from 2023" orders --on order_number --how anti',
        "lsfs join Finance Bank --on amount~amount --on date --within 7d --tolerance 1%",
    ),
    tools=(
        Tool(
            "join",
            "Pair two sets of files on what they state (invoices with contracts on counterparty).",
            leaves_out=(
                "threshold",
                "own",
                "candidates",
                "limit",
                "near_misses",
                "explain",
                "csv",
                "save",
                "wait",
            ),
        ),
    ),
)
def join(call: Call, request: JoinRequest) -> Joined:
    """Join two sets of files on what they state, as rows with the places of both sides.

    Names match in other spellings, dates and amounts within what --within and --tolerance allow,
    numbers exactly. A file that fits several has several rows; --how anti shows those that fit
    none. Each row of a spreadsheet or CSV file is joined by itself.
    """
    if not request.on:
        raise UsageError(
            "say what to join on", hint="lsfs join invoices contracts --on counterparty"
        )
    if request.limit < 1:
        raise UsageError("the limit must be at least 1")
    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    if request.save:
        from lsfs.syscalls.joins_kept import keep_join

        keep_join(call, request.save, request, strict=True)
    return computed(call, request)


def computed(call: Call, request: JoinRequest) -> Joined:
    """The rows of a join in the present state of the index."""
    from lsfs.syscalls.relations.joinkeys import is_meaning, keys_of
    from lsfs.syscalls.selection import selected

    engines = call.engines
    left, right = selected(engines, request.left), selected(engines, request.right)
    notes = [f"left: {left.reading}, {_files(left)}; right: {right.reading}, {_files(right)}"]
    left_files, right_files = list(left.files), list(right.files)
    if not any(map(is_meaning, request.on)):
        left_files, of_left = _with_rows(call, left_files)
        right_files, of_right = _with_rows(call, right_files)
        notes += dict.fromkeys([*of_left, *of_right])
    sides, told = keys_of(call, request, left_files, right_files)
    work = _Work(call, request, sides, left_files, right_files)
    rows, total = work.rows()
    return Joined(
        rows=tuple(rows),
        total=total,
        more=total > len(rows),
        left_files=len(left.files),
        right_files=len(right.files),
        left_missing=work.missing([side.left for side in sides], left_files),
        right_missing=work.missing([side.right for side in sides], right_files),
        near_misses=tuple(work.near_misses()) if request.near_misses else (),
        keys=tuple(side.use() for side in sides) if request.explain else (),
        notes=(*notes, *told, *pending_note(engines)),
        table=csv_of(rows) if request.csv else "",
    )


def _with_rows(call: Call, files: Sequence[SideFile]) -> tuple[list[SideFile], list[str]]:
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.join.reading import with_rows

    return with_rows(call.engines.catalog, files, definitions(call.engines.config.fields))


def _files(selection: Selection) -> str:
    count = len(selection.files)
    return "1 file" if count == 1 else f"{count} files"


class _Work:
    """One join while it is computed."""

    def __init__(
        self,
        call: Call,
        request: JoinRequest,
        sides: Sequence[JoinKey],
        left: Sequence[SideFile],
        right: Sequence[SideFile],
    ) -> None:
        self._call = call
        self._request = request
        self._sides = sides
        self._left = left
        self._by_path = {file.path: file for file in (*left, *right)}
        self._quotes = Quotes(call.engines.catalog)

    def rows(self) -> tuple[list[JoinRow], int]:
        """The first rows, and how many there are; not all are counted where there are many."""
        from lsfs.index.join.rows import partners

        rows: list[JoinRow] = []
        total = 0
        for path, found in partners(self._sides, self._left):
            self._call.check()
            wanted = self._wanted(path, found)
            total += len(wanted)
            rows += [
                self._alone(path) if one is None else self._row(path, one)
                for one in wanted[: self._request.limit - len(rows)]
            ]
            if total > MOST_COUNTED:
                break
        return rows, total

    def _wanted(self, path: str, found: list[Partner]) -> list[Partner | None]:
        """The rows of a left file; None stands for the one of a file without a partner."""
        if self._request.how == "inner":
            return list(found)
        if self._request.how == "anti":
            return [] if found else [None]
        return list(found) or [None]

    def _row(self, path: str, partner: Partner) -> JoinRow:
        keys = tuple(self._match(path, pair) for pair in partner.pairs)
        shown = "; ".join(dict.fromkeys(key.left.value for key in keys))
        one, two = self._by_path[path], self._by_path[partner.path]
        return JoinRow(
            one.file, two.file, shown, partner.score, keys, "", one.place, two.place
        )  # fmt: skip

    def _match(self, path: str, pair: Pair) -> KeyMatch:
        at = pair.fit.at
        return KeyMatch(
            pair.on, pair.fit.score, pair.fit.how,
            self._evidence(path, pair.left), self._evidence(at.path, at.value),
        )  # fmt: skip

    def _evidence(self, path: str, value: FieldValue) -> Evidence:
        return self._quotes.evidence(self._by_path[path].file, value)

    def _alone(self, path: str) -> JoinRow:
        from lsfs.index.join.rows import failed

        file = self._by_path[path]
        missing = [side.asked for side in self._sides if path not in side.left]
        if missing:
            why = f"states no {' and no '.join(missing)}"
            return JoinRow(file.file, "", "", 0.0, (), why, file.place)
        why = "nothing on the right fits"
        nearest = failed(self._sides, path)[:1]
        for pair, reason in nearest:
            at = pair.fit.at
            there = self._by_path[at.path]
            why += f"; nearest: {at.value.value} in {cited(there.file, there.place)} ({reason})"
        return JoinRow(file.file, "", "", 0.0, (), why, file.place)

    def missing(
        self, stated: Sequence[Mapping[str, object]], files: Sequence[SideFile]
    ) -> tuple[str, ...]:
        """Files that state not all of the keys."""
        lacking = (
            cited(f.file, f.place) for f in files if any(f.path not in one for one in stated)
        )
        return tuple(itertools.islice(lacking, SHOWN_MISSING))

    def near_misses(self) -> Iterator[NearMiss]:
        """What almost fits, of the files of the left side that have no partner first."""
        from lsfs.index.join.rows import failed, partners_of

        paths = [file.path for file in self._left]
        paths.sort(key=lambda path: bool(partners_of(self._sides, path)))
        made = (
            NearMiss(
                self._evidence(path, pair.left),
                self._evidence(pair.fit.at.path, pair.fit.at.value),
                pair.fit.score,
                why,
            )
            for path in paths
            for pair, why in failed(self._sides, path)
        )
        yield from itertools.islice(made, NEAR_MISSES)
