"""Which strings a pattern cannot match without, so that most texts need not be searched for it.

An alternation of sixty words is tried word for word at every place of a text. So what every match
of a pattern must hold is looked for first, for all patterns in one pass (Aho and Corasick,
"Efficient string matching", 1975), as RE2's FilteredRE2 does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from re import _parser  # type: ignore[attr-defined]  # what `re` itself compiles from
from typing import Any

from lsfs import bytewise

MOST = 400  # strings of one pattern that are still worth looking for
_EXACT = 24  # strings that a part may stand for before it counts as open
_LEAST = 3  # characters of a literal: shorter ones stand in every text
_DOT_ABOVE, _DOTLESS = "\u0307", "\u0131"

Words = frozenset[str]


class Sought:
    """A pattern that is searched for only in texts that hold what it needs.

    Args:
        pattern: its matches are the pattern's own; nothing is lost. One that is given as text is
            compiled when a text may match, which takes a fifth of a millisecond.
        needs: folded strings of which every match holds one, where the pattern does not show them.
        flags: of a pattern that is given as text.
    """

    __slots__ = ("_compiled", "_flags", "needs", "text")

    def __init__(
        self, pattern: re.Pattern[str] | str, needs: Iterable[str] = (), flags: int = 0
    ) -> None:
        self._compiled = None if isinstance(pattern, str) else pattern
        self.text = pattern if isinstance(pattern, str) else pattern.pattern
        self._flags = flags if isinstance(pattern, str) else pattern.flags
        self.needs = frozenset(needs) or _needed(self.text, self._flags)

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        if self._compiled is None:
            self._compiled = re.compile(self.text, self._flags)
        return self._compiled

    def may_match(self, held: Words) -> bool:
        """Whether the pattern may match a text; False is sure.

        Args:
            held: which of the strings that are needed the text holds.
        """
        return not self.needs or not self.needs.isdisjoint(held)


class Strings:
    """Finds which of many strings a text holds, and where, in one pass.

    Args:
        wanted: the strings.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = sorted(set(wanted))

    @cached_property
    def _automaton(self) -> Any:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        return BytesAhoCorasick(
            [_raw(one) for one in self._wanted], implementation=Implementation.DFA
        )

    @cached_property
    def _bytewise(self) -> Any:
        """Finds them in texts of one byte a character, of either codec; None if it cannot."""
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        joined = "".join(self._wanted).encode("latin-1", "replace")
        if "?" in joined.decode("latin-1") or any(0x80 <= byte < 0xA0 for byte in joined):
            return None
        wanted = [one.encode("latin-1") for one in self._wanted]
        return BytesAhoCorasick(wanted, implementation=Implementation.DFA)

    def held(self, text: str) -> Words:
        """Those that a text holds."""
        found = self._automaton.find_matches_as_indexes(_raw(text), overlapping=True)
        return frozenset(self._wanted[at] for at in {at for at, _, _ in found})

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where they stand in a text, also those within others, by their ends."""
        coded = bytewise.encoded(text)
        if coded is not None and self._bytewise is not None:
            found = self._bytewise.find_matches_as_indexes(coded[0], overlapping=True)
            for _, first, last in found:
                yield first, last
            return
        raw = _raw(text)
        behind = end = 0  # of the last one, in bytes and in characters
        for at, _, last in self._automaton.find_matches_as_indexes(raw, overlapping=True):
            end += len(raw[behind:last].decode("utf-8", "surrogatepass"))
            behind = last
            yield end - len(self._wanted[at]), end


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def within_lines(pattern: str) -> str:
    """A pattern for lines that is faster to search for: ``\\n`` in place of a leading ``^``.

    It matches in a text with a line break put before it where the pattern (with MULTILINE) matches
    in the text; other patterns are given back as they are.
    """
    if not pattern.startswith("^"):
        return pattern
    parsed = list(_parser.parse(pattern, re.MULTILINE))
    operators = [str(one[0]) for one in parsed[:2]]
    # "^a|^b" is parsed as one "^" before a branch.
    led = operators[:1] == ["AT"] and "BRANCH" not in operators
    return f"\n{pattern[1:]}" if led else pattern


def at_lines(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """The matches of a pattern that begins with "^" (MULTILINE), tried where lines begin only."""
    at, end = start, start
    if start > 0 and text[start - 1] != "\n":
        at = text.find("\n", start) + 1
    while at or not start:
        match = pattern.match(text, at) if at >= end else None
        if match is not None:
            yield match
            end = match.end()
        at = text.find("\n", at) + 1
        if not at:
            return


def folded(text: str) -> str:
    """A text as literals are compared with it: every form that IGNORECASE takes as one is one."""
    text = bytewise.casefold(text)
    if text.isascii():
        return text
    return text.replace(_DOT_ABOVE, "").replace(_DOTLESS, "i")


def literals(pattern: re.Pattern[str]) -> Words:
    """Folded strings of which every match of a pattern holds at least one; none if not known."""
    return _needed(pattern.pattern, pattern.flags)


def _needed(pattern: str, flags: int) -> Words:
    _, required = _sequence(_parser.parse(pattern, flags))
    if required is None or len(required) > MOST or _worth(required) < _LEAST:
        return frozenset()
    # What holds "invoice" holds "voice": the shorter one is enough.
    return frozenset(
        one for one in required if not any(two != one and two in one for two in required)
    )


def _worth(words: Words | None) -> int:
    """Characters of the shortest; that one decides how many texts are left out."""
    return min(map(len, words)) if words else 0


def _better(one: Words | None, two: Words | None) -> Words | None:
    """Of two sets that are both required, the one that leaves out more."""
    return one if _rank(one) >= _rank(two) else two


def _rank(words: Words | None) -> tuple[int, int, int]:
    worth = _worth(words)
    return min(worth, 8), -len(words or ()), worth


def _sequence(items: Iterable[Any]) -> tuple[Words | None, Words | None]:
    """What a run of parts stands for: all its strings if they are few, and what it requires."""
    run: Words = frozenset({""})  # the strings that end at this part
    whole = True  # whether the run began with the sequence
    required: Words | None = None
    letters: list[str] = []  # that follow each other, and are not in `run` yet
    for operation, value in (*items, (None, None)):
        if operation is _parser.LITERAL:
            letters.append(chr(value))
            continue
        if letters:
            tail = folded("".join(letters))
            run = frozenset(head + tail for head in run)
            letters.clear()
        if operation is None:
            break
        exact, needs = _part(str(operation), value)
        if exact is not None and len(run) * len(exact) <= _EXACT:
            run = frozenset(head + tail for head in run for tail in exact)
            continue
        required = _better(required, run)
        required = _better(required, exact if exact is not None else needs)
        whole = False
        run = exact if exact is not None and len(exact) <= _EXACT else frozenset({""})
    return (run if whole else None), _better(required, run)


def _part(operation: str, value: Any) -> tuple[Words | None, Words | None]:
    """The same of one part; ``operation`` is its name in :mod:`re`."""
    if operation in ("AT", "ASSERT", "ASSERT_NOT"):  # they take no characters
        return frozenset({""}), None
    if operation == "IN":
        return _set(value), None
    if operation == "SUBPATTERN":
        return _sequence(value[3])
    if operation == "ATOMIC_GROUP":
        return _sequence(value)
    if operation == "BRANCH":
        return _branch(value[1])
    if operation.endswith("_REPEAT"):
        return _repeat(*value)
    return None, None


def _set(items: Sequence[tuple[Any, Any]]) -> Words | None:
    if len(items) > _EXACT or any(str(operation) != "LITERAL" for operation, _ in items):
        return None
    return frozenset(folded(chr(value)) for _, value in items)


def _branch(alternatives: Iterable[Any]) -> tuple[Words | None, Words | None]:
    exact: set[str] | None = set()
    required: set[str] | None = set()
    for one in alternatives:
        strings, needs = _sequence(one)
        exact = exact | strings if exact is not None and strings is not None else None
        least = _better(strings, needs)
        if required is not None:
            required = required | least if least is not None and _worth(least) else None
    return (
        None if exact is None else frozenset(exact),
        None if required is None else frozenset(required),
    )


def _repeat(least: int, most: int, item: Any) -> tuple[Words | None, Words | None]:
    exact, needs = _sequence(item)
    if (least, most) == (0, 1) and exact is not None:
        return exact | {""}, None
    if (least, most) == (1, 1):
        return exact, needs
    return None, _better(exact, needs) if least else None
