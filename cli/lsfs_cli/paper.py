"""Where results are printed: lines with parts that stand out, in colours on a terminal.

In place of rich, which takes longer to load than a question to a running drive takes to answer.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TextIO

WIDEST = 96  # characters of running text, on a terminal of any width
_NARROWEST = 20
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Styled:
    """A line of text in parts; nothing in it is taken as markup.

    Args:
        style: of the whole line: words of ``bold dim red green cyan``. A part may take one away
            again with ``not``.
    """

    def __init__(self, text: str = "", style: str = "") -> None:
        self._style = style
        self._parts = [(text, "")]

    def append(self, text: str, style: str = "") -> Styled:
        """Add a part."""
        self._parts.append((text, style))
        return self

    def __str__(self) -> str:
        return "".join(text for text, _ in self._parts)

    def coloured(self) -> str:
        """The text as a terminal takes it."""
        return "".join(_painted(text, f"{self._style} {style}") for text, style in self._parts)


def width(indent: int = 0) -> int:
    """How many characters of running text a line takes, behind an indent."""
    columns = shutil.get_terminal_size((WIDEST + indent, 24)).columns
    return max(_NARROWEST, min(WIDEST, columns - indent))


def plain(line: str) -> str:
    """A line without our colours."""
    return _PAINT.sub("", line)


class Console:
    """Prints lines.

    Args:
        color: whether they may be in colours, where ``file`` is a terminal.
    """

    def __init__(self, file: TextIO, *, color: bool) -> None:
        self._file = file
        self._color = color and file.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")

    def print(self, line: Styled | str = "") -> None:
        """Print a line."""
        is_coloured = self._color and isinstance(line, Styled)
        self._file.write((line.coloured() if is_coloured else str(line)) + "\n")  # type: ignore[union-attr]


def _painted(text: str, style: str) -> str:
    wanted: dict[str, None] = {}
    words = iter(style.split())
    for word in words:
        if word == "not":
            wanted.pop(next(words), None)
        else:
            wanted[word] = None
    codes = ";".join(_CODES[word] for word in wanted)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text
