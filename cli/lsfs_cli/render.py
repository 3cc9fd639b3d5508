"""Results as text for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled, width
from lsfs_cli.render_hit import explained, show_snippet

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.model import FoundFile, Hit
    from lsfs.syscalls.ask import Answer
    from lsfs.syscalls.done import Done
    from lsfs.syscalls.files import StatusReport, Text, Waited
    from lsfs.syscalls.retrieve import Hits, Matches

SNIPPET_LINES = 3


def console(color: bool) -> Console:
    """Where results go: standard output, in colours only on a terminal."""
    return Console(sys.stdout, color=color)


def place(path: str, where: str) -> str:
    """A place in a file as people write it: ``a.pdf p.3``, ``notes.txt:12-15``."""
    from lsfs.places import cited

    return safe(cited(path, where))


Form = Callable[[Any, Console], None]
_FORMS: dict[str, Form] = {}


def shows(name: str) -> Callable[[Form], Form]:
    """Declare the decorated function as what prints results of a type."""

    def declare(form: Form) -> Form:
        _FORMS[name] = form
        return form

    return declare


def knows(result: Any) -> bool:
    """Whether its type has a form of its own, of those that were declared so far."""
    return type(result).__name__ in _FORMS


def show(result: Any, out: Console) -> None:
    """Print a result. Types without a form of their own are printed as they are."""
    form = _FORMS.get(type(result).__name__)
    if form is None:
        out.print(Styled(str(result)))
    else:
        form(result, out)


@shows("Hits")
def _(result: Hits, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    for hit in result.hits:
        _hit(hit, out)


def _hit(hit: Hit, out: Console) -> None:
    head = Styled(place(hit.path, hit.where), style="bold")
    detail = "  ".join(part for part in (hit.kind, hit.date, f"{hit.score:.3f}") if part)
    head.append(f"  {safe(detail)}", style="dim not bold")
    out.print(head)
    if hit.snippet:
        show_snippet(hit.snippet, hit.highlights, out)
    else:
        _quote(hit.text, out, SNIPPET_LINES)
    if hit.similar:
        count = len(hit.similar)
        names = ", ".join(safe(path) for path in hit.similar[:3]) + (" \u2026" if count > 3 else "")
        out.print(Styled(f"    and {count} similar: {names}", style="dim"))
    for line in explained(hit):
        out.print(Styled(f"    {line}", style="dim"))


def _quote(text: str, out: Console, lines: int) -> None:
    flat = " ".join(safe(text).split())
    import textwrap

    for line in textwrap.wrap(flat, width(4), max_lines=lines, placeholder=" …"):
        out.print(Styled(f"    {line}"))


@shows("Matches")
def _(result: Matches, out: Console) -> None:
    for match in result.matches:
        out.print(Styled(f"{place(match.path, match.where)}: {safe(match.text)}"))


@shows("Answer")
def _(result: Answer, out: Console) -> None:
    _answer(result, out)
    if result.read_as:
        out.print(Styled(f"(read as: {safe(result.read_as)})", style="dim"))
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))


def _answer(result: Answer, out: Console) -> None:
    if result.by == "plan":
        for note in result.plan.notes or ("nothing but words to look for",):
            out.print(Styled(safe(note)))
        return
    if result.by == "list":
        _listing(result, out)
        return
    if not result.grounded:
        out.print(Styled(safe(result.answer)))
        if result.plan.listing:
            for note in result.plan.notes:
                out.print(Styled(f"({safe(note)})", style="dim"))
        return
    out.print("\n")  # the answer itself was printed as it came
    told: set[str] = set()
    for citation in result.citations:
        where = place(citation.path, citation.where)
        if where not in told:
            out.print(Styled(f"  {where}", style="bold"))
        told.add(where)
        if citation.quote not in result.answer:
            _quote(citation.quote, out, SNIPPET_LINES)
    others = [f for f in result.files if f.path not in {c.path for c in result.citations}]
    if others:
        out.print(Styled("see also: " + ", ".join(safe(f.path) for f in others), style="dim"))


def _listing(result: Answer, out: Console) -> None:
    out.print(Styled(result.answer.partition("\n")[0], style="bold"))
    for note in result.plan.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    for file in result.files:
        _file(file, out)


def _file(file: FoundFile, out: Console) -> None:
    line = Styled(f"  {file.date or '          '}  ")
    line.append(place(file.path, file.where), style="bold")
    line.append(f"  {safe(file.title)}", style="dim")
    out.print(line)
    if file.evidence:
        import textwrap

        for part in textwrap.wrap(f"“{' '.join(safe(file.evidence).split())}”", width(14)):
            out.print(Styled(f"              {part}", style="dim"))


@shows("Text")
def _(result: Text, out: Console) -> None:
    page: int | None = None
    for block in result.blocks:
        begins = next((span.page for span in block.spans if span.page is not None), None)
        if begins is not None and begins != page:
            page = begins
            label = next((p.label for p in result.pages if p.no == page), str(page))
            out.print(Styled(f"--- {safe(result.page_unit)} {page} ({safe(label)})", style="dim"))
        head = "#" * block.level + " " if block.level else ""
        out.print(Styled(head + safe(block.text, lines=True)))
        out.print()
    for warning in result.warnings:
        out.print(Styled(f"({safe(warning)})", style="dim"))


def _work(work: dict[str, Any]) -> str:
    """What indexing is at, how fast, and for how long."""
    from lsfs_cli.progress import pace

    if work["paused"]:
        return f"paused: {work['paused']}"
    going = pace(work)
    return f"{work['stage']} {work['done']} of {work['total']}" + (f", {going}" if going else "")


def _kept(kv: dict[str, int]) -> str:
    """What is kept of the language model's work."""
    from lsfs_cli.render_past import size

    word = "passage" if kv["blocks"] == 1 else "passages"
    return f"{kv['blocks']} {word} read by the model, {size(kv['bytes'])} of {size(kv['limit'])}"


def _indexed(index: dict[str, int]) -> str:
    if not index["generation"] and not index["files"]:
        return "the files are not looked at yet (lsfs status --wait waits for it)"
    return f"{index['indexed']} of {index['files']} files, {index['passages']} passages"


def _pending(index: dict[str, int]) -> str:
    """How many files are not indexed in full, and how far those are."""
    by_words = index["pending"] - index["unread"]
    if not by_words:
        return str(index["pending"])
    return f"{index['unread']} to be read; {by_words} found by words, not by meaning yet"


def _problems(index: dict[str, int]) -> str:
    """How many files were not read in full, and how many are of a kind that is not read at all."""
    unread = index["unsupported"]
    found = str(index["errors"]) + (f", and {unread} of a kind that is not read" if unread else "")
    return found + (" (lsfs status --problems)" if index["errors"] or unread else "")


@shows("StatusReport")
def _(result: StatusReport, out: Console) -> None:
    index = result.index
    mounted = result.fs
    rows = [
        ("drive", safe(result.source)),
        (
            "mount",
            f"{safe(mounted['mountpoint'])} ({mounted.get('transport', '?')}, pid {mounted['pid']})"
            if mounted
            else "not mounted",
        ),
        *([("", safe(mounted["why"]))] if mounted.get("why") else []),
        ("index", _indexed(index)),
        ("pending", _pending(index)),
        *([("working", safe(_work(result.work)))] if result.work else []),
        ("problems", _problems(index)),
        ("answers", result.models.get("chat") or "none: answers are quotes"),
        ("search", result.models.get("embed") or "none: search is by keyword"),
        *([("kept", _kept(result.kv))] if result.kv.get("blocks") else []),
        *(("locked", safe(f"{one.path}: {one.holder}")) for one in result.locks),
        ("state", safe(result.state)),
    ]
    if follows := result.models.get("embed_next"):
        done = result.models["embedded_anew"]
        rows.insert(-1, ("follows", safe(f"{follows} ({done} passages; lsfs index does the rest)")))
    for name, value in rows:
        out.print(Styled(f"{name:<9} {value}"))
    for status in dict.fromkeys(problem["status"] for problem in result.problems):
        alike = [problem for problem in result.problems if problem["status"] == status]
        out.print(Styled(f"\n{status} ({len(alike)}): {alike[0]['advice']}"))
        for problem in alike:
            reason = f": {safe(problem['reason'])}" if problem["reason"] else ""
            out.print(Styled(f"  {safe(problem['path'])}{reason}"))


@shows("Waited")
def _(result: Waited, out: Console) -> None:
    out.print(Styled("up to date" if result.done else f"{result.pending} files are pending"))


@shows("Done")
def _(result: Done, out: Console) -> None:
    out.print(Styled(safe(result.message)))


def table(rows: Iterable[tuple[str, str]], out: Console) -> None:
    """Two columns, the first as wide as it needs to be."""
    pairs = list(rows)
    widest = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        out.print(Styled(f"{safe(name):<{widest}}  {safe(value)}"))
