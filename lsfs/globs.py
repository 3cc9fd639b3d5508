"""Patterns for paths, as shells and agents write them: ``*`` within a name, ``**`` across folders.

A path is matched name by name, each by a pattern that does not backtrack (:mod:`fnmatch`), and the
folders by a set of states; so no pattern takes longer than the path is long times its own length.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from lsfs.errors import UsageError

MOST = 1000  # alternatives that braces may stand for
_ALTERNATIVES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_Name = Callable[[str], object]


def globbed(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path matches one of some globs; names that begin with a dot are as all others.

    Raises:
        UsageError: one of them stands for too many.
    """
    compiled = [_names(one) for pattern in patterns for one in _expanded(pattern)]
    return lambda path: any(_matches(names, path.split("/")) for names in compiled)


def excluded(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path is left out; a pattern without ``*`` names it at any depth."""
    return globbed([p for one in patterns for p in ([one] if "*" in one else [one, f"**/{one}"])])


def _expanded(pattern: str) -> list[str]:
    found = list(islice(_braces(pattern.removeprefix("./")), MOST + 1))
    if len(found) > MOST:
        raise UsageError(f"the pattern stands for more than {MOST}: {pattern[:60]!r}")
    return found


def _braces(pattern: str) -> Iterator[str]:
    """A pattern for each of the alternatives in braces."""
    match = _ALTERNATIVES.search(pattern)
    if match is None:
        yield pattern
        return
    head, tail = pattern[: match.start()], pattern[match.end() :]
    for one in match[1].split(","):
        yield from _braces(head + one + tail)


def _names(pattern: str) -> list[_Name | None]:
    """What each name of a path has to match; None for any number of any names."""
    return [
        None if part == "**" else re.compile(fnmatch.translate(part)).match
        for part in pattern.split("/")
    ]


def _matches(names: list[_Name | None], parts: list[str]) -> bool:
    states = _skipped(names, {0})
    for part in parts:
        states = _skipped(names, {after for at in states for after in _after(names, at, part)})
    return len(names) in states


def _after(names: list[_Name | None], at: int, part: str) -> Iterator[int]:
    if at < len(names):
        name = names[at]
        if name is None:
            yield at
        elif name(part):
            yield at + 1


def _skipped(names: list[_Name | None], states: set[int]) -> set[int]:
    """States with those that are reached by letting ``**`` stand for nothing."""
    reached = set(states)
    for at in sorted(states):
        while at < len(names) and names[at] is None:
            at += 1
            reached.add(at)
    return reached
