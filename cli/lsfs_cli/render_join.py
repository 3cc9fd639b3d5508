"""Rows of joins and sums, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.places import cited
from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render import shows

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.joins import Aggregated, AggregateRow, Evidence, Joined, JoinRow, KeyMatch, NearMiss
    from lsfs.syscalls.file_join import Concatenation, FileJoined

LONGEST = 48  # characters of a path or value in a table


@shows("Joined")
def _(result: Joined, out: Console) -> None:
    if result.table:
        out.print(Styled(safe(result.table.replace("\r\n", "\n"), lines=True).rstrip("\n")))
        return
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    for use in result.keys:
        sides = use.left if use.left == use.right else f"{use.left} = {use.right}"
        out.print(
            Styled(
                safe(
                    f"  {use.on}: {sides}; {use.comparison}; {use.left_files} and "
                    f"{use.right_files} files state it, {use.left_values} and {use.right_values} "
                    f"values, {use.compared} pairs compared"
                ),
                style="dim",
            )
        )
    widths = _widths(result.rows)
    for row in result.rows:
        _row(row, widths, out)
    _end(result, out)
    for miss in result.near_misses:
        _miss(miss, out)


def _widths(rows: tuple[JoinRow, ...]) -> tuple[int, int]:
    left = max((len(_left(row)) for row in rows), default=0)
    right = max((len(_right(row)) for row in rows), default=0)
    return left, right


def _left(row: JoinRow) -> str:
    return _tail(cited(row.left, row.left_place))


def _right(row: JoinRow) -> str:
    return _tail(cited(row.right, row.right_place))


def _row(row: JoinRow, widths: tuple[int, int], out: Console) -> None:
    line = Styled(f"{_left(row):<{widths[0]}}", style="bold")
    if not row.right:
        line.append(f"  \u2205  {_short(row.key)}", style="not bold")
        out.print(line)
        out.print(Styled(f"    {safe(row.why)}", style="dim"))
        return
    line.append(f"  {_right(row):<{widths[1]}}")
    line.append(f"  {row.score:.2f}  {_short(row.key)}", style="not bold")
    out.print(line)
    for key in row.keys:
        out.print(Styled(f"    {_told(key)}", style="dim"))


def _told(key: KeyMatch) -> str:
    """A key's two places: "party: Acme Ltd (p.1) = ACME Limited (p.2), other spelling"."""
    how = "" if key.how == "equal" else f", {safe(key.how)}"
    return f"{safe(key.on)}: {_value(key.left)} = {_value(key.right)}{how}"


def _value(one: Evidence) -> str:
    where = one.where.lstrip(" :!")
    where = f"line {where}" if one.where.startswith(":") else where
    return f"{_short(one.value)} ({safe(where)})" if where else _short(one.value)


def _end(result: Joined, out: Console) -> None:
    if not result.rows:
        out.print(Styled("no rows"))
    elif result.more:
        out.print(Styled(f"{len(result.rows)} of {result.total} rows (--limit shows more)"))
    else:
        out.print(Styled("1 row" if result.total == 1 else f"{result.total} rows"))
    for side, paths in (("left", result.left_missing), ("right", result.right_missing)):
        if paths:
            few = ", ".join(safe(path) for path in paths[:3]) + (", \u2026" if paths[3:] else "")
            out.print(Styled(f"({len(paths)} of the {side} state no such key: {few})", style="dim"))


def _miss(miss: NearMiss, out: Console) -> None:
    line = Styled(
        f"  almost {miss.score:.2f}  {safe(cited(miss.left.path, miss.left.where))} "
        f"{_short(miss.left.value)}  /  {safe(cited(miss.right.path, miss.right.where))} "
        f"{_short(miss.right.value)}"
    )
    line.append(f"  {safe(miss.why)}", style="dim")
    out.print(line)


@shows("Aggregated")
def _(result: Aggregated, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    lines = [(_named(row, result), row) for row in result.rows]
    if result.by and len(result.rows) > 1:
        lines += [("all", row) for row in result.totals]
    names = max((len(name) for name, _ in lines), default=0)
    digits = max((len(row.value) for _, row in lines), default=0)
    for name, row in lines:
        count = f"{row.files} {result.unit if row.files != 1 else result.unit.removesuffix('s')}"
        line = Styled(f"{name:<{names}}  {row.value:>{digits}} {safe(row.unit)}", style="bold")
        out.print(line if result.function == "count" else line.append(f"  {count}", style="dim"))
        if name != "all" or not result.by:
            _places(row, result, out)
    if not lines:
        out.print(Styled("nothing to compute"))
    if result.left_out:
        number = len(result.left_out)
        one_out = f"1 {result.unit.removesuffix('s')} is left out:"
        out.print(Styled(one_out if number == 1 else f"{number} {result.unit} are left out:"))
    for one in result.left_out:
        out.print(Styled(f"  {safe(one.path)}: {safe(one.reason)}", style="dim"))


def _named(row: AggregateRow, result: Aggregated) -> str:
    return "  ".join(_short(one) or "(none)" for one in row.group) or safe(result.function)


def _places(row: AggregateRow, result: Aggregated, out: Console) -> None:
    few = len(row.evidence) if result.show_files or result.function in ("min", "max") else 0
    for one in row.evidence[:few]:
        quote = f"  \u201c{safe(one.quote)}\u201d" if one.quote else ""
        place = safe(cited(one.path, one.where))
        out.print(Styled(f"    {place}  {_short(one.value)}{quote}", style="dim"))


@shows("Concatenation")
def _(result: Concatenation, out: Console) -> None:
    out.print(Styled(safe(result.text, lines=True)))


@shows("FileJoined")
def _(result: FileJoined, out: Console) -> None:
    verb = "would write" if result.dry_run else "wrote"
    out.print(Styled(f"{verb} {safe(result.path)} ({result.how}, {len(result.pages)} pages)"))
    for path in result.removed:
        out.print(Styled(f"{'would remove' if result.dry_run else 'removed'} {safe(path)}"))
    if not result.dry_run:
        out.print(Styled(f"(taken back with: lsfs rollback . --to {result.undo})", style="dim"))


def _short(text: str) -> str:
    text = safe(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"


def _tail(path: str) -> str:
    """A path cut in front: its end tells files apart."""
    path = safe(path)
    return path if len(path) <= LONGEST else f"\u2026{path[1 - LONGEST :]}"
