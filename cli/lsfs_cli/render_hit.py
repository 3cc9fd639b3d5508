"""A hit as text: its snippet with the words that matched, and how its score came about."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled, width

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.model import Hit

_RAW = {"keyword": ("bm25", "keyword_rank"), "semantic": ("cosine", "semantic_rank"),
        "name": ("name_bm25", "")}  # fmt: skip


def show_snippet(text: str, highlights: Sequence[tuple[int, int]], out: Console) -> None:
    """Print part of a passage, wrapped; what matched stands out where there are colours."""
    flat, marked = _flat(text, highlights)
    at = 0
    for line in textwrap.wrap(flat, width(4), break_on_hyphens=False):
        at = flat.index(line, at)
        out.print(_emphasised(line, marked[at : at + len(line)]))
        at += len(line)


def _flat(text: str, highlights: Sequence[tuple[int, int]]) -> tuple[str, list[bool]]:
    """The text on one line, and for each of its letters whether it matched."""
    hot = [False] * len(text)
    for start, end in highlights:
        hot[start:end] = [True] * (end - start)
    letters: list[str] = []
    marked: list[bool] = []
    for char, is_hot in zip(text, hot, strict=True):
        for one in safe(char):
            if one.isspace():
                if not letters or letters[-1] == " ":
                    continue
                one = " "
            letters.append(one)
            marked.append(is_hot)
    return "".join(letters), marked


def _emphasised(line: str, marked: Sequence[bool]) -> Styled:
    styled = Styled("    ")
    start = 0
    for end in range(1, len(line) + 1):
        if end == len(line) or marked[end] != marked[start]:
            styled.append(line[start:end], style="bold cyan" if marked[start] else "")
            start = end
    return styled


def explained(hit: Hit) -> Iterator[str]:
    """A line for the score and one for each of its parts; nothing unless it was asked for."""
    if not hit.explain:
        return
    sum_ = " + ".join(f"{name} {value:.3f}" for name, value in hit.explain.items())
    yield f"{hit.score:.3f} = {sum_}"
    for name in hit.explain:
        share, weight = hit.scores.get(f"{name}_share"), hit.scores.get(f"{name}_weight")
        if share is None or weight is None:
            continue
        raw, rank = _RAW.get(name, ("", ""))
        told = [f"{weight:.2f} \u00d7 {share:.3f}"]
        told += [f"{raw.removeprefix('name_')} {hit.scores[raw]:.3f}"] if raw in hit.scores else []
        told += [f"rank {hit.scores[rank]:.0f}"] if rank in hit.scores else []
        yield f"  {name}: {', '.join(told)}"
