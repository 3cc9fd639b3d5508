"""LaTeX cut into tokens, with what is not to be read as LaTeX as one token each."""

from __future__ import annotations

import re
from enum import Enum, auto

from msgspec import Struct


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    COMMAND = auto()  # value: its name, without the backslash
    OPEN = auto()
    CLOSE = auto()
    BRACKET = auto()  # value: [ or ]
    CELL = auto()  # an ampersand
    PARAGRAPH = auto()  # an empty line
    BEGIN = auto()  # value: the environment
    END = auto()
    MATH = auto()  # value: its source, within a line of text; so are addresses
    DISPLAY = auto()  # value: its source, on lines of its own
    CODE = auto()  # value: the text of a verbatim environment


class Token(Struct):
    """One token.

    Attributes:
        at: where its value begins in the text.
        match: of an opening brace, the index of the closing one; -1 where there is none.
    """

    kind: Kind
    value: str
    at: int
    match: int = -1


_TOKEN = re.compile(
    r"""
    (?P<par>\n[ \t]*\n\s*)
    | (?P<comment>%[^\n]*(?:\n(?![ \t]*\n)[ \t]*)?)
    | \\begin[ \t]*\{(?P<begin>[A-Za-z]+\*?)\}
    | \\end[ \t]*\{(?P<end>[A-Za-z]+\*?)\}
    | (?P<verb>\\(?:verb|lstinline)\*?(?P<quote>[^A-Za-z\s*{\[])(?P<said>[^\n]*?)(?P=quote))
    | (?P<math>\$\$?|\\\(|\\\[)
    | \\(?:url|path|href|nolinkurl)[ \t]*\{(?P<url>[^{}\n]*)\}
    | \\(?P<command>[A-Za-z@]+\*?)[ \t]*
    | \\(?P<sign>[^A-Za-z@])
    | (?P<mark>[{}\[\]&])
    | (?P<text>[^\\{}\[\]&$%\n]+|\n|\\)
    """,
    re.X,
)
_MARKS = {"{": Kind.OPEN, "}": Kind.CLOSE, "&": Kind.CELL, "[": Kind.BRACKET, "]": Kind.BRACKET}
_CODE = frozenset({
    "verbatim", "Verbatim", "lstlisting", "minted", "alltt", "comment", "filecontents", "code",
})  # fmt: skip
_MATH = frozenset({
    "equation", "align", "gather", "multline", "displaymath", "eqnarray", "math", "alignat",
    "flalign", "split",
})  # fmt: skip
_CLOSING = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
_LONGEST_MATH = 4_000  # characters; a mark without its end must not swallow the document
_CODE_HEAD = re.compile(r"(?:[ \t]*(?:\[[^\]\n]{0,500}\]|\{[^}\n]{0,100}\}))*[ \t]*\n?")


def tokens(text: str) -> list[Token]:
    """The tokens of a LaTeX text without comments. Linear in its length."""
    return _Tokeniser(text).run()


class _Tokeniser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[Token] = []
        self._open: list[int] = []  # opening braces that have no match yet
        self._endless: set[str] = set()  # environments that nothing ends any more

    def run(self) -> list[Token]:
        at = 0
        while match := _TOKEN.match(self._text, at):
            at = self._take(match)
        return self._found

    def _take(self, match: re.Match[str]) -> int:
        """Take one token; where the next one begins."""
        group, start = match.lastgroup, match.start()
        if group == "begin":
            return self._begin(match)
        if group == "math":
            return self._math(match)
        if group == "mark":
            self._mark(match["mark"], start)
        elif group in ("command", "sign"):
            self._add(Kind.COMMAND, match[group], start)
        elif group == "url":
            self._add(Kind.MATH, f"{match['url']} ", match.start("url"))
        elif group == "text":
            self._add(Kind.TEXT, match["text"], start)
        elif group == "par":
            self._add(Kind.PARAGRAPH, "", start)
        elif group == "end":
            self._add(Kind.END, match["end"], start)
        elif group == "verb":
            self._add(Kind.MATH, match["said"], match.start("said"))
        return match.end()

    def _add(self, kind: Kind, value: str, at: int) -> None:
        self._found.append(Token(kind, value, at))

    def _mark(self, mark: str, at: int) -> None:
        self._add(_MARKS[mark], mark, at)
        if mark == "{":
            self._open.append(len(self._found) - 1)
        elif mark == "}" and self._open:
            self._found[self._open.pop()].match = len(self._found) - 1

    def _begin(self, match: re.Match[str]) -> int:
        name, after = match["begin"], match.end()
        plain = name.rstrip("*")
        kind = Kind.CODE if plain in _CODE else Kind.DISPLAY if plain in _MATH else None
        ending = f"\\end{{{name}}}"
        end = -1
        if kind is not None and name not in self._endless:
            end = self._text.find(ending, after)
        if kind is Kind.CODE and end < 0:
            end = len(self._text)  # as TeX has it: nothing else ends it
        if kind is None or end < 0:
            self._endless.add(name)
            self._add(Kind.BEGIN, name, match.start())
            return after
        if kind is Kind.CODE:
            head = _CODE_HEAD.match(self._text, after, end)
            after = head.end() if head else after
        if plain != "comment":
            self._add(kind, self._text[after:end], after)
        return min(end + len(ending), len(self._text))

    def _math(self, match: re.Match[str]) -> int:
        opening, after = match["math"], match.end()
        closing = _CLOSING[opening]
        limit = min(after + _LONGEST_MATH, len(self._text))
        end = self._text.find(closing, after, limit)
        while end > 0 and closing == "$" and self._text[end - 1] == "\\":
            end = self._text.find(closing, end + 1, limit)
        if end < 0 or "\n\n" in self._text[after:end]:
            self._add(Kind.TEXT, opening.lstrip("\\"), match.start())
            return after
        if opening in ("$$", "\\["):
            self._add(Kind.DISPLAY, self._text[after:end], after)
        else:
            self._add(Kind.MATH, self._text[match.start() : end + len(closing)], match.start())
        return end + len(closing)
