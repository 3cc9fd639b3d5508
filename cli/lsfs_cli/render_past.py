"""Results about the past as text for people."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lsfs.untrusted import safe
from lsfs_cli import render
from lsfs_cli.paper import Console, Styled

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.differences import ChangeSummary, Diff
    from lsfs.model import Problem
    from lsfs.syscalls.fsck import Checked
    from lsfs.syscalls.log import ChangeLog, LogEntry
    from lsfs.syscalls.past import History, Snapshot, Snapshots, Version
    from lsfs.syscalls.purge import PurgePlan
    from lsfs.syscalls.retention import Plan
    from lsfs.syscalls.rollback import Change, Restored, Trash

_HOW = {"outside": "behind the mount"}
_ACTION = {
    "write": "brought back", "remove": "removed", "make_dir": "folder made",
    "remove_dir": "folder removed", "link": "link made", "move": "moved", "mode": "permissions set",
}  # fmt: skip


def moment(iso: str) -> str:
    """A time of a result as the reader's clock shows it."""
    if not iso:
        return ""
    found = datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone()
    return found.strftime("%Y-%m-%d %H:%M:%S")


def size(count: int) -> str:
    """A number of bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError


def who(text: str) -> str:
    """The program of a version's ``who``."""
    return str(json.loads(text)[2]) if text.startswith("[") else ""


@render.shows("History")
def _(result: History, out: Console) -> None:
    for version in result.versions:
        _version(version, result.path, out)


def _version(version: Version, path: str, out: Console) -> None:
    line = Styled(f"{version.version:>4}", style="bold")
    line.append(f"  {moment(version.time)}  {size(version.size):>10}", style="not bold")
    notes = [_HOW.get(version.op, version.op)]
    notes += [f"by {safe(who(version.who))}"] if who(version.who) else []
    notes += [f"as {safe(version.path)}"] if version.path != path else []
    notes += [] if version.kept else ["not kept"]
    notes += ["(now)"] if version.present else []
    line.append("  " + " ".join(notes), style="dim not bold")
    out.print(line)


@render.shows("Restored")
def _(result: Restored, out: Console) -> None:
    if not result.changes:
        out.print(Styled(f"{safe(result.path) or 'the drive'} is at {safe(result.to)} already"))
        return
    for change in result.changes:
        out.print(_change(change, dry=result.dry_run))
    if not result.dry_run:
        here = safe(result.path) or "."
        out.print(Styled(f"undo: lsfs rollback {here!r} --to {result.undo}", style="dim"))


def _change(change: Change, *, dry: bool) -> Styled:
    line = Styled("would be " if dry and not change.problem else "")
    line.append(_ACTION.get(change.action, change.action) + "  ")
    line.append(safe(change.path), style="bold")
    if change.version and change.action == "write":
        line.append(f"  version {change.version}", style="dim")
    if change.origin:
        line.append(f"  from {safe(change.origin)}", style="dim")
    if change.problem:
        line.append(f"  NOT DONE: {safe(change.problem)}", style="red")
    if change.in_use:
        line.append("  a program has it open: what that writes from now on is lost", style="yellow")
    return line


@render.shows("Trash")
def _(result: Trash, out: Console) -> None:
    for file in result.files:
        line = Styled(f"{moment(file.time)}  {size(file.size):>10}  ")
        line.append(safe(file.path), style="bold")
        if not file.kept:
            line.append("  not kept", style="dim")
        out.print(line)
    if not result.files:
        out.print("the trash is empty")


@render.shows("Snapshots")
def _(result: Snapshots, out: Console) -> None:
    render.table(((s.name, moment(s.time)) for s in result.snapshots), out)


@render.shows("Snapshot")
def _(result: Snapshot, out: Console) -> None:
    out.print(Styled(f"{safe(result.name)}  {moment(result.time)}"))


@render.shows("PurgePlan")
def _(result: PurgePlan, out: Console) -> None:
    said = "forgotten" if result.applied else "would be forgotten"
    out.print(Styled(f"{said}: {result.versions} versions, {result.events} events, of"))
    for path in result.paths:
        out.print(Styled(f"  {safe(path)}"))
    if result.more:
        out.print(Styled(f"  and {result.more} more"))
    for stays in result.stays:
        out.print(Styled(f"stays: {safe(stays)}"))


@render.shows("Plan")
def _(result: Plan, out: Console) -> None:
    if not result.versions:
        out.print("nothing is to go")
        return
    if result.applied:
        out.print(f"{result.versions} versions are gone; {size(result.freed)} are free again")
        return
    for version in result.shown:
        line = f"  {moment(version.time)}  {size(version.size):>10}  version {version.version} of "
        out.print(Styled(line).append(safe(version.path), style="bold"))
    if result.versions > len(result.shown):
        out.print(f"  … and {result.versions - len(result.shown)} more")
    out.print(f"{result.versions} versions would go, {size(result.bytes)} before compression")


@render.shows("ChangeLog")
def _(result: ChangeLog, out: Console) -> None:
    for entry in result.changes:
        out.print(_entry(entry))


def _entry(entry: LogEntry) -> Styled:
    op = "written" if entry.op == "outside" else entry.op
    line = Styled(f"{moment(entry.time)}  {op:<10}  ")
    line.append(safe(entry.path) + ("/" if entry.kind == "dir" else ""), style="bold")
    notes = [f"version {entry.version}"] if entry.version and op != "removed" else []
    notes += [f"from {safe(entry.origin)}"] if entry.origin else []
    notes += [f"by {safe(entry.program)}"] if entry.program else []
    notes += ["behind the mount"] if entry.outside else []
    if notes:
        line.append("  " + ", ".join(notes), style="dim")
    return line


def live(change: dict[str, Any] | None, *, as_json: bool, color: bool) -> None:
    """Print a change as it comes."""
    if change is None:
        return
    if as_json:
        sys.stdout.write(json.dumps(change) + "\n")
    else:
        from lsfs import codec
        from lsfs.syscalls.log import LogEntry

        render.console(color).print(_entry(codec.from_builtins(change, LogEntry)))
    sys.stdout.flush()


@render.shows("Diff")
def _(result: Diff, out: Console) -> None:
    if result.kind == "same":
        out.print(Styled(f"{safe(result.before)} and {safe(result.after)} are the same"))
    for line in result.text.splitlines():
        out.print(_diff_line(line))
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))


def _diff_line(line: str) -> Styled:
    style = {"-": "red", "+": "green", "@": "cyan"}.get(line[:1], "")
    return Styled(safe(line), style=style)


@render.shows("ChangeSummary")
def _(result: ChangeSummary, out: Console) -> None:
    if not result.facts:
        out.print("nothing that changes what it says; every difference: lsfs diff")
    if result.sentence:
        out.print(Styled(safe(result.sentence), style="bold"))
    for fact in result.facts:
        out.print(Styled(f"  {safe(fact.text)}"))
    if result.more:
        out.print(Styled(f"  … and {result.more} more", style="dim"))
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))


@render.shows("Checked")
def _(result: Checked, out: Console) -> None:
    for problem in result.problems:
        out.print(_problem(problem))
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in result.checked.items() if n)
    left = sum(not problem.repaired for problem in result.problems)
    verdict = f"{left} problems" if left else "all is well"
    out.print(Styled(f"{verdict} ({counts or 'nothing is kept yet'})"))


def _problem(problem: Problem) -> Styled:
    line = Styled("mended  " if problem.repaired else "DAMAGE  ")
    line.append(problem.where + "  ")
    if problem.path:
        line.append(safe(problem.path), style="bold")
        line.append((f" version {problem.version}" if problem.version else "") + ": ")
    line.append(safe(problem.what))
    if problem.hint:
        line.append(f"  ({safe(problem.hint)})", style="dim")
    return line
