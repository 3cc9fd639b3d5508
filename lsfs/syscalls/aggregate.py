"""Counts, sums and the like over what files state: computed exactly, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import chain
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.errors import UsageError
from lsfs.joins import Aggregated, AggregateRow, Evidence, LeftOut
from lsfs.model import FieldValue
from lsfs.places import cited
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.relations.evidence import Quotes
from lsfs.syscalls.retrieve import pending_note

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions
    from lsfs.index.fields.meant import Source
    from lsfs.index.join.columns import Groups
    from lsfs.index.join.reading import SideFile

_DAYS = {"D": Decimal(1), "W": Decimal(7), "M": Decimal("30.4375"), "Y": Decimal("365.25")}
_CENT, _MONEY_PLACES = Decimal("0.01"), 2
# By kind, the number that a document has of its own: two of one number are one document.
_OWN_NUMBER = {
    "invoice": "invoice_number", "contract": "contract_number", "order": "order_number",
    "receipt": "invoice_number",
}  # fmt: skip
_DRAFTS = ("draft", "drafts", "entwurf", "brouillon", "borrador", "bozza")
_ADDABLE = ("amount", "number", "text")
_ORDERED = (*_ADDABLE, "date", "duration")


class AggregateRequest(Struct, frozen=True):
    """What is computed, of what, of which files."""

    function: Annotated[
        str, Param("what to compute", choices=("count", "sum", "min", "max", "avg"))
    ]
    field: Annotated[
        str,
        Param(
            "of what: amount (what a document comes to), total, rent, due; count needs none",
            positional=True,
        ),
    ] = ""
    by: Annotated[
        tuple[str, ...],
        Param("a row for each: counterparty, date:month, kind, folder, type, any field"),
    ] = ()
    query: Annotated[str, Param('only these files: "invoices from 2023", a folder, a glob')] = ""
    party: Annotated[str, Param("only files that name this party, in any spelling")] = ""
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    own: Annotated[
        tuple[str, ...], Param("a name of your own, which is no counterparty; else told by most")
    ] = ()
    copies: Annotated[bool, Param("count copies of a document too")] = False
    files: Annotated[bool, Param("show the files of each row, with the places")] = False
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


class _Item(Struct, frozen=True):
    """A file that counts, with its value and the groups it is in."""

    file: SideFile
    value: FieldValue | None
    groups: tuple[tuple[str, ...], ...]
    grouping: FieldValue | None


@registry.syscall(
    command="aggregate",
    examples=(
        'lsfs aggregate sum amount --by counterparty --query "invoices from 2023"',
        "lsfs aggregate count --by kind --by date:year",
        "lsfs aggregate max rent --query contracts --files",
    ),
)
def aggregate(call: Call, request: AggregateRequest) -> Aggregated:
    """Count files, or add up what they state, exactly, with the places.

    Of each file one value counts: its total, not its lines. Currencies are never mixed. A file that
    states none, or several that contradict each other, and a copy of another one is left out, and
    listed with the reason. Where only spreadsheets and CSV files are meant, their rows count.
    """
    from lsfs.syscalls.selection import selected

    if request.function != "count" and not request.field:
        raise UsageError(
            f"say what to compute the {request.function} of",
            hint=f"lsfs aggregate {request.function} amount",
        )
    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    whole = _counts_files(request)
    chosen = selected(engines, request.query, {"dir": paths.relative(request.dir)}, unread=whole)
    files, reading = list(chosen.whole if whole else chosen.files), chosen.reading
    if _of_rows(request, files):
        from lsfs.index.fields.definitions import definitions
        from lsfs.index.join.reading import with_rows

        files, told = with_rows(engines.catalog, files, definitions(engines.config.fields))
        reading = "; ".join((reading, *told))
    if request.party:
        files = of_party(call, files, request.party)
        reading = f"{reading} that names {request.party}"
    return over(call, request, files, reading)


def _counts_files(request: AggregateRequest) -> bool:
    """Whether nothing is asked of what files say, so that pictures without text count."""
    from lsfs.index.join.columns import OF_FILES

    by_files = all(one in OF_FILES for one in request.by)
    return request.function == "count" and by_files and not request.field and not request.party


def _of_rows(request: AggregateRequest, files: Sequence[SideFile]) -> bool:
    """Whether rows count and not files: all are lists, and what is asked for stands in rows."""
    from lsfs.index.join.columns import OF_FILES
    from lsfs.index.join.lists import may_be_list

    in_rows = [one for one in request.by if one not in OF_FILES]
    if request.function == "count" and not request.field and not in_rows:
        return False
    return bool(files) and all(may_be_list(file.path, file.kind) for file in files)


def over(call: Call, request: AggregateRequest, files: list[SideFile], reading: str) -> Aggregated:
    """An aggregate over these files.

    Args:
        reading: how they were chosen, in words.
    """
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.fields.meant import source
    from lsfs.index.join.reading import UNREAD

    engines = call.engines
    known = definitions(engines.config.fields)
    what = source(request.field, known) if request.field else None
    _check(request.function, what)
    work = _Work(call, request, known, what, files)
    items, left_out = work.items()
    rows = tuple(work.rows(items))
    unit = "rows" if any(file.row for file in files) else "files"
    notes = [f"{reading}: {len(files)} {unit}, of which {len(items)} count"]
    read = (item.file.file for item in items if item.file.document_id != UNREAD)
    drafts = _drafts(engines, list(dict.fromkeys(read)))
    if drafts:
        notes.append(f"drafts that count too: {', '.join(drafts)}")
    if any(len(item.groups) > 1 for item in items):
        notes.append("some files are in several rows, so that the rows add up to more than all")
    return Aggregated(
        request.function, request.field, request.by, rows, tuple(work.totals(items)),
        tuple(left_out), len(items), request.files, (*notes, *work.notes, *pending_note(engines)),
        unit,
    )  # fmt: skip


def _drafts(engines: Engines, paths: Sequence[str]) -> list[str]:
    """Those of some files that call themselves drafts, in name, title or first words."""
    from lsfs.index.find.filters import Filters
    from lsfs.index.find.scope import entries

    rows = (engines.catalog.file(path) for path in paths)
    wanted = Filters(ids=tuple(row.id for row in rows if row), not_titles=_DRAFTS)
    others = {one.path for one in entries(engines.catalog, wanted)}
    return [path for path in paths if path not in others]


def of_party(
    call: Call, files: Sequence[SideFile], party: str, *, unless: str = ""
) -> list[SideFile]:
    """Those of some files that name a party, in any spelling, or by a part of its name.

    No other party may have that part: "Hadley" for Hadley Plumbing & Heating Ltd.

    Args:
        unless: a role; files in which the party has this one are left out.
    """
    from lsfs.index.facts.names import meant_by, name_of
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.fields.meant import role_of, source
    from lsfs.index.join.mentions import filled
    from lsfs.index.join.reading import own_names, parties_anywhere, values_of

    known = definitions(call.engines.config.fields)
    catalog = call.engines.catalog
    stated = values_of(catalog, source("party", known), files)
    other, own = source("counterparty", known), own_names(catalog)
    others = values_of(catalog, other, files, own)
    anywhere = parties_anywhere(catalog, other, own)
    for path, values in filled(catalog, other, others, files, anywhere).items():
        if path not in others:
            stated[path] = [*stated.get(path, ()), *values]
    meant = meant_by(party, {name_of(v.value) for values in stated.values() for v in values})
    found = []
    for file in files:
        named = [v for v in stated.get(file.path, ()) if name_of(v.value) in meant]
        if named and not (unless and any(role_of(value.rule) == unless for value in named)):
            found.append(file)
    return found


def _check(function: str, what: Source | None) -> None:
    if what is None or function == "count":
        return
    able = _ADDABLE if function in ("sum", "avg") else _ORDERED
    number = what.type == "number" and any(name.endswith("_number") for name in what.names)
    if what.type not in able or number or (what.type == "text" and not what.label):
        raise UsageError(
            f"{what.asked} is no amount: it has no {function}",
            hint="amounts: amount, total, net, tax, rent, price, salary, deposit",
        )


class _Work:
    """One aggregate while it is computed."""

    def __init__(
        self,
        call: Call,
        request: AggregateRequest,
        known: Definitions,
        what: Source | None,
        files: list[SideFile],
    ) -> None:
        from lsfs.index.join.reading import own_names

        self._call = call
        self._request = request
        self._known = known
        # What nobody defined is a number when it is to be added up.
        is_number = what is not None and bool(what.label) and request.function != "count"
        self._what = replace(what, type="amount") if what and is_number else what
        self._files = files
        self._catalog = call.engines.catalog
        self._quotes = Quotes(self._catalog)
        self.notes: list[str] = []
        self._own = list(request.own)
        columns = [one.partition(":")[0] for one in request.by]
        if not self._own and any(self._is_foreign(one) for one in columns):
            self._own = own_names(self._catalog)
            if self._own:
                self.notes.append(f"{', '.join(self._own)}: taken for the owner of the drive")

    def _is_foreign(self, name: str) -> bool:
        from lsfs.index.fields.meant import source
        from lsfs.index.join.columns import OF_FILES

        if name in OF_FILES:
            return False
        what = source(name, self._known)
        return what.foreign or bool(what.role)

    # --- which files count

    def items(self) -> tuple[list[_Item], list[LeftOut]]:
        """The files that count, and the others with the reason."""
        left_out: list[LeftOut] = []
        figures = self._figures(left_out)
        if not self._request.copies:
            for path, reason in self._doubles(figures):
                figures.pop(path, None)
                left_out.append(LeftOut(path, reason))
        columns = [self._groups(one) for one in self._request.by]
        items = [
            _Item(file, figures[file.path], *_product(columns, file.path))
            for file in self._files
            if file.path in figures
        ]
        places = {file.path: cited(file.file, file.place) for file in self._files}
        left_out = [LeftOut(places[one.path], one.reason) for one in left_out]
        return items, sorted(left_out, key=lambda one: one.path)

    def _figures(self, left_out: list[LeftOut]) -> dict[str, FieldValue | None]:
        """The value of each file that has one; None where none is needed."""
        from lsfs.index.fields.meant import source
        from lsfs.index.join.figures import figure
        from lsfs.index.join.reading import values_of

        what = self._what
        if what is None:
            return {file.path: None for file in self._files}
        values = values_of(self._catalog, what, self._files, surest=False)
        if what.label:
            values = {path: [_bare(value) for value in found] for path, found in values.items()}
        net = values_of(self._catalog, source("net", self._known), self._files)
        tax = values_of(self._catalog, source("tax", self._known), self._files)
        found: dict[str, FieldValue | None] = {}
        for file in self._files:
            own = values.get(file.path, [])
            adds = all(value.name == "total" for value in own)
            one = figure(own, net.get(file.path, ()), tax.get(file.path, ()) if adds else ())
            if one.value is not None and self._number(one.value) is None:
                left_out.append(LeftOut(file.path, f"{one.value.value!r} is no number"))
            elif one.value is not None:
                found[file.path] = one.value
            else:
                left_out.append(LeftOut(file.path, one.reason.replace("none", f"no {what.asked}")))
        return found

    def _doubles(self, figures: dict[str, FieldValue | None]) -> Iterator[tuple[str, str]]:
        """Files that say what another one says, and those that contradict one another."""
        from lsfs.index.join.lists import file_of
        from lsfs.index.join.reading import UNREAD

        seen: dict[tuple[int | bytes | str, str], str] = {}
        has_unread = any(file.document_id == UNREAD for file in self._files)
        contents = self._catalog.contents_without_document() if has_unread else {}
        for file in self._files:
            if file.path not in figures:
                continue
            content = file.document_id or contents.get(file.path) or file.path
            first = seen.setdefault((content, file.place), file.path)
            if first != file.path:
                yield file.path, f"has the content of {file_of(first)}"
        yield from self._numbered(figures, set(seen.values()))

    def _numbered(
        self, figures: dict[str, FieldValue | None], paths: set[str]
    ) -> Iterator[tuple[str, str]]:
        """The same for documents that bear one number, of one firm."""
        from lsfs.index.fields.meant import source
        from lsfs.index.join.reading import values_of

        for kind, field in _OWN_NUMBER.items():
            files = [one for one in self._files if one.path in paths and one.kind == kind]
            numbers = values_of(self._catalog, source(field, self._known), files)
            parties = values_of(self._catalog, source("party", self._known), files)
            same: dict[str, list[str]] = {}
            for file in files:
                for value in numbers.get(file.path, ())[:1]:
                    same.setdefault(value.normal, []).append(file.path)
            for number, holders in same.items():
                label = f"{field.replace('_', ' ')} {number}"
                bills = [path for path in holders if not _is_credit(figures.get(path))]
                if bills:  # a credit note names the bill that it takes something off
                    yield from _repeated(bills, figures, parties, label)

    # --- groups

    def _groups(self, asked: str) -> Groups:
        from lsfs.index.fields.meant import source
        from lsfs.index.groups.attributes import period_named
        from lsfs.index.join import columns
        from lsfs.index.join.mentions import filled
        from lsfs.index.join.reading import parties_anywhere, values_of

        one = columns.column(asked)
        if one.field in columns.OF_FILES:
            return columns.by_file(one, self._files)
        what = source(one.field, self._known)
        if what.names == ("date",):
            return columns.by_day(one, self._files)
        if one.period and what.type != "date":
            raise UsageError(f"{one.field} is no date: it has no {one.period}")
        stated = values_of(self._catalog, what, self._files, self._own)
        anywhere = (
            parties_anywhere(self._catalog, what, self._own)
            if what.type == "party"
            else chain.from_iterable(stated.values())
        )
        stated = filled(self._catalog, what, stated, self._files, anywhere)
        if not stated and (part := period_named(asked)):  # no column is called so
            return columns.by_day(columns.Column("date", part), self._files)
        return columns.by_value(one, what.type, stated, self._files)

    def rows(self, items: Sequence[_Item]) -> list[AggregateRow]:
        """A row for each group and currency, the groups in order."""
        if not self._request.by:
            return self.totals(items)
        grouped: dict[tuple[str, ...], list[_Item]] = {}
        for item in items:
            for group in item.groups:
                grouped.setdefault(group, []).append(item)
        order = sorted(grouped, key=lambda group: [(not one, one.casefold(), one) for one in group])
        return [row for group in order for row in self._of_group(group, grouped[group])]

    def totals(self, items: Sequence[_Item]) -> list[AggregateRow]:
        """The same over all files, each once."""
        return self._of_group((), items)

    def _of_group(self, group: tuple[str, ...], items: Sequence[_Item]) -> list[AggregateRow]:
        by_unit: dict[str, list[_Item]] = {}
        for item in items:
            by_unit.setdefault(self._unit(item), []).append(item)
        if self._request.function == "count":
            by_unit = {"": list(items)}
        return [self._row(group, unit, found) for unit, found in sorted(by_unit.items())]

    def _unit(self, item: _Item) -> str:
        return item.value.normal.partition(" ")[2] if item.value and self._is_money() else ""

    def _is_money(self) -> bool:
        return self._what is not None and self._what.type == "amount"

    def _row(self, group: tuple[str, ...], unit: str, items: Sequence[_Item]) -> AggregateRow:
        chosen = list(items)
        function = self._request.function
        if function == "count":
            value = str(len(items))
        else:
            numbers = [number for one in items if (number := self._number(one.value)) is not None]
            if function in ("min", "max"):
                best = min(numbers) if function == "min" else max(numbers)
                chosen = [one for one in items if self._number(one.value) == best]
                value = self._shown(best, chosen[0].value)
            else:
                total = sum(numbers, Decimal(0))
                finest = max(_places(number) for number in numbers)
                value = (
                    self._plain(total)
                    if function == "sum"
                    else _mean(total / len(numbers), _MONEY_PLACES if unit else finest + 2)
                )
        evidence = tuple(self._evidence(one) for one in chosen)
        return AggregateRow(group, unit, value, len(items), evidence)

    def _evidence(self, item: _Item) -> Evidence:
        stated = item.value or item.grouping
        if stated is None:
            return Evidence(item.file.file, "", "", "", where=item.file.place)
        return self._quotes.evidence(item.file.file, stated)

    # --- numbers

    def _number(self, value: FieldValue | None) -> Decimal | None:
        """A value as a number: of a date its day, of a duration its days."""
        if value is None or self._what is None:
            return None
        if self._request.function == "count":
            return Decimal(1)
        if self._what.type == "date":
            from datetime import date

            return Decimal(date.fromisoformat(value.normal).toordinal())
        if self._what.type == "duration":
            return Decimal(value.normal[1:-1]) * _DAYS[value.normal[-1]]
        try:
            return Decimal(value.normal.partition(" ")[0])
        except InvalidOperation:
            return None

    def _shown(self, number: Decimal, value: FieldValue | None) -> str:
        if value is not None and self._what is not None and self._what.type in ("date", "duration"):
            return value.normal
        return self._plain(number)

    def _plain(self, number: Decimal) -> str:
        """A number without an exponent; an amount with two places where they say all of it."""
        if self._is_money() and number == number.quantize(_CENT):
            number = number.quantize(_CENT)
        return format(number, "f")


def _places(number: Decimal) -> int:
    """How many digits a number has behind the point."""
    return max(0, -int(number.as_tuple().exponent))


def _mean(number: Decimal, places: int) -> str:
    """An average, rounded: with two places, and with more where what it is of has them."""
    rounded = number.quantize(Decimal(1).scaleb(-max(places, _MONEY_PLACES)), ROUND_HALF_EVEN)
    whole, _, behind = format(rounded, "f").partition(".")
    return f"{whole}.{behind.rstrip('0').ljust(_MONEY_PLACES, '0')}"


def _bare(value: FieldValue) -> FieldValue:
    """A number without the currency of its document, unless it is written with it: of hours."""
    from lsfs.index.join.lists import COLUMN, currency_of

    if value.rule.startswith(COLUMN) or currency_of(value.value):
        return value
    return replace(value, normal=value.normal.partition(" ")[0])


def _product(
    columns: Sequence[Groups], path: str
) -> tuple[tuple[tuple[str, ...], ...], FieldValue | None]:
    """The groups of a file over all columns, and what states the first of them."""
    groups: list[tuple[str, ...]] = [()]
    grouping: FieldValue | None = None
    for column in columns:
        here = column.get(path, {"": None})
        groups = [(*group, name) for group in groups for name in here]
        grouping = grouping or next(iter(here.values()))
    return tuple(groups), grouping


def _is_credit(value: FieldValue | None) -> bool:
    return value is not None and value.normal.startswith("-")


def _repeated(
    holders: Sequence[str],
    figures: dict[str, FieldValue | None],
    parties: dict[str, list[FieldValue]],
    label: str,
) -> Iterator[tuple[str, str]]:
    """Of files with one number those that repeat the first one, or contradict it, and why."""
    first = holders[0]
    for path in holders[1:]:
        mine = {value.normal for value in parties.get(path, ())}
        theirs = {value.normal for value in parties.get(first, ())}
        if mine != theirs and not len(mine & theirs) > 1 and mine and theirs:
            continue  # two firms may count alike
        here, there = figures.get(path), figures.get(first)
        if here is None or there is None or here.normal == there.normal:
            yield path, f"says the same as {first}: {label}"
        else:
            yield path, f"contradicts {first}: {label}, but {here.value} and {there.value}"
            yield first, f"contradicts {path}: {label}, but {there.value} and {here.value}"
