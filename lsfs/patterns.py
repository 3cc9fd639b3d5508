"""Regular expressions that are compiled when they are first used.

To compile one of sixty words takes a millisecond, and most texts need few of the rules that there
are: a command that reads a few files would wait for hundreds of patterns which it never tries.
"""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")


class _Later:
    """Stands for a pattern; any thread may use it."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags | re.UNICODE

    def __getattr__(self, name: str) -> Any:
        # Called for what is not there yet; from then on it is as fast as the pattern itself.
        compiled = re.compile(self.pattern, self.flags)
        self.__dict__.update((method, getattr(compiled, method)) for method in _METHODS)
        return getattr(compiled, name)


def later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """``re.compile(pattern, flags)``, done when it is first searched for.

    What is wrong with a pattern is told then, by :class:`re.error`; those of this project are
    compiled by their tests.
    """
    return cast("re.Pattern[str]", _Later(pattern, flags))
