"""Patterns for paths."""

from __future__ import annotations

import pytest

from lsfs.errors import UsageError
from lsfs.globs import excluded, globbed

CASES = {
    "*.txt": (["a.txt", ".txt"], ["a/b.txt", "a.md"]),
    "**/*.txt": (["a.txt", "a/b.txt", "a/b/c.txt"], ["a/b"]),
    "**": (["a", "a/b"], []),
    "a/**": (["a", "a/b", "a/b/c"], ["b", "ab"]),
    "a/**/z": (["a/z", "a/b/z", "a/b/c/z"], ["a/b", "z"]),
    "a/*/z": (["a/b/z"], ["a/z", "a/b/c/z"]),
    "{a,b}.{txt,md}": (["a.txt", "b.md"], ["c.txt", "a.pdf"]),
    "[ab]?": (["ax", "b1"], ["cx", "a"]),
    "./a": (["a"], ["b"]),
    "a{b": (["a{b"], ["ab"]),
}


@pytest.mark.parametrize("pattern", CASES)
def test_what_matches(pattern: str) -> None:
    matches = globbed([pattern])
    yes, no = CASES[pattern]
    assert all(matches(path) for path in yes)
    assert not any(matches(path) for path in no)


def test_a_bare_name_is_left_out_wherever_it_stands() -> None:
    is_out = excluded(("node_modules", "*.tmp"))
    assert is_out("node_modules") and is_out("a/b/node_modules") and is_out("x.tmp")
    assert not is_out("a/x.tmp") and not is_out("node")
    assert not excluded(())("anything")


def test_no_pattern_takes_long() -> None:
    assert not globbed(["*a" * 40 + "b"])("a" * 255)
    assert not globbed(["**/" * 40 + "z"])("/".join("a" * 60))
    with pytest.raises(UsageError, match="more than"):
        globbed(["{0,1,2,3,4,5,6,7,8,9}" * 6])
