"""Summaries as text for people: the sentences, and below them where each stands."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled, width
from lsfs_cli.render import place, shows

if TYPE_CHECKING:
    from lsfs.summaries import Summary, SummaryPart


@shows("Summary")
def _(result: Summary, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    if not result.statements:
        out.print(Styled(safe(result.summary)))
        return
    many = len(result.statements) > 1
    for n, part in enumerate(result.parts):
        if n:
            out.print()
        _part(result, part, out, marked=many)
    out.print()
    _places(result, out, marked=many)


def _part(result: Summary, part: SummaryPart, out: Console, *, marked: bool) -> None:
    if part.heading:
        out.print(Styled(safe(part.heading), style="bold"))
    said = [_marked(result, number) if marked else safe(result.statements[number].text)
            for number in part.statements]  # fmt: skip
    if part.listed:
        for one in said:
            for line in textwrap.wrap(one, width(), initial_indent="- ", subsequent_indent="  "):
                out.print(Styled(line))
        return
    for line in textwrap.wrap(" ".join(said), width()):
        out.print(Styled(line))


def _marked(result: Summary, number: int) -> str:
    """A statement with the numbers of its citations, from 1."""
    one = result.statements[number]
    marks = "".join(f"[{n + 1}]" for n in one.citations)
    return f"{safe(one.text)} {marks}".rstrip()


def _places(result: Summary, out: Console, *, marked: bool) -> None:
    for n, one in enumerate(result.citations, 1):
        line = Styled(f"  {f'[{n}] ' if marked else ''}")
        line.append(place(one.path, one.where), style="dim")
        out.print(line)
        said = [s.text for s in result.statements if n - 1 in s.citations]
        if not any(one.quote in text for text in said):
            for part in textwrap.wrap(f"\u201c{safe(one.quote)}\u201d", width(6)):
                out.print(Styled(f"      {part}", style="dim"))
