"""A query as it is typed: plain words, or words with operators.

    rent deposit            any of the words
    "notice period"         the phrase; beside many other words it is only preferred
    "notice period"~5       both words at most five words apart; also NEAR(notice period, 5)
    inv*                    a word that begins so
    +rent -draft            files must have the first word, and must not have the second
    (rent OR lease) NOT draft   in capitals; in such a query words side by side must all occur
    title:lease  heading:term  path:2023   words of the title, of a heading, of the path

Conditions hold of a file as a whole. What only looks like an operator — ``C++``, ``-5``, a dash, a
question mark, brackets in a sentence, ``and`` in lower case — stays a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.index.find import terms

FIELDS = ("title", "heading", "path")
BESIDE = 4  # words beside a phrase in quotes that still leave it the point of a query
SENTENCE_WORDS, SENTENCE_SMALL = 8, 3  # of prose at least: words, and stop words among them
NEAR_WORDS = 10  # apart at most, where NEAR does not say
MOST_PARTS = 200  # of a condition

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<sign>(?<![^\s(])[+-](?=[^\W\d_]|["(]))
    |(?P<field>(?<![^\s(+-])(?:title|heading|path):(?=[\w"(]))
    |(?P<near>(?<![^\s(+-:])NEAR\()
    |(?P<phrase>"[^"]*"(?:~\d*)?)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<word>[^\s()"]+)""",
    re.VERBOSE,
)
_PREFIX = re.compile(r"[^\W_][\w.-]*\*\Z")
_NEAR = re.compile(r"([^(),]*)(?:,([^(),]*))?\)")


class Leaf(Struct, frozen=True):
    """Something that a text may have.

    Attributes:
        kind: ``word``, ``phrase``, ``prefix`` or ``near``.
        text: the words.
        field: one of :data:`FIELDS`; "" is the text with its headings.
        distance: of ``near``, words apart at most.
    """

    kind: str
    text: str
    field: str = ""
    distance: int = 0


class Both(Struct, frozen=True):
    """All of the parts."""

    parts: tuple[Node, ...]


class Any(Struct, frozen=True):
    """One of the parts at least."""

    parts: tuple[Node, ...]


class Without(Struct, frozen=True):
    """Not this."""

    part: Node


Node = Leaf | Both | Any | Without


class Query(Struct, frozen=True):
    """A query as it was read.

    Attributes:
        wanted: what raises a passage that has it.
        condition: what a file must satisfy; None for no condition.
        exact: only passages that have something wanted are hits; likeness alone finds none.
        words: the query without operators, as the embedding model reads it.
        notes: how operators were read, for a person.
    """

    wanted: tuple[Leaf, ...]
    condition: Node | None = None
    exact: bool = False
    words: str = ""
    notes: tuple[str, ...] = ()


def read(text: str, *, plain: bool = False) -> Query:
    """Read a query.

    Args:
        plain: it is a sentence: only quotes mean anything.

    Raises:
        UsageError: an operator is used in a way that has no meaning; it says where.
    """
    tokens = _tokens(text)
    if plain or _joins_signs(tokens) or not _has_operators(tokens):
        return _plain(text)
    try:
        return _Reader(text, [token for token in tokens if not _is_bare(token)]).query()
    except UsageError:
        if _all_capitals(text):
            return _plain(text)
        raise


def has_operators(text: str) -> bool:
    """Whether a query has operators; a plain one may be a sentence."""
    tokens = _tokens(text)
    return not _joins_signs(tokens) and _has_operators(tokens)


def leaves(node: Node | None) -> Iterator[Leaf]:
    """What a condition asks for, without what it excludes."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, (Both, Any)):
        for part in node.parts:
            yield from leaves(part)


# --- plain queries


def _plain(text: str) -> Query:
    phrases = [phrase for phrase in re.findall(r'"([^"]+)"', text) if re.search(r"\w", phrase)]
    rest = re.sub(r'"[^"]*"', " ", text)
    words = tuple(Leaf("word", word) for word in terms.words(rest))
    if not phrases:
        return Query(words, words=text)
    told = tuple(Leaf("phrase", phrase) for phrase in phrases)
    beside = len(re.findall(r"\w+", rest))
    if beside > BESIDE:  # a long question merely quotes
        return Query((*told, *words), words=text)
    said = [word for word in words if word.text.lower() not in terms.STOP_WORDS]
    return Query((*told, *said), Both(told), exact=True, words=text)


# --- queries with operators


class _Token(Struct, frozen=True):
    kind: str
    text: str
    at: int  # from 0


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "word" and match[0] in ("AND", "OR", "NOT"):
            kind = match[0]
        elif kind == "word" and _PREFIX.match(match[0]):
            kind = "prefix"
        elif kind == "phrase" and "~" in match[0]:
            kind = "apart"
        if kind != "space":
            found.append(_Token(kind, match[0], match.start()))
    return found


def _has_operators(tokens: Sequence[_Token]) -> bool:
    kinds = {token.kind for token in tokens}
    if not any(re.search(r"\w", t.text) for t in tokens if t.kind not in ("AND", "OR", "NOT")):
        return False
    if kinds & {"field", "near", "prefix", "apart"}:
        return True
    if _is_sentence(tokens):  # "was associated with age (OR 2.3)", "methods -exact or not- for"
        return False
    # "-l" is an option of a command more often than a word to leave out.
    signed = any(
        token.kind == "sign" and (after.kind != "word" or len(after.text) > 1)
        for token, after in pairwise(tokens)
    )
    return signed or (bool(kinds & {"AND", "OR", "NOT"}) and not _shouted(tokens))


def _joins_signs(tokens: Sequence[_Token]) -> bool:
    """Whether AND, OR or NOT stands beside a sign that is no word: ``' OR 1=1 --`` is a text.

    As an operand it would be no condition, which every file satisfies.
    """
    joins = {"AND", "OR", "NOT"}
    return any(
        (one.kind in joins and _is_bare(two)) or (two.kind in joins and _is_bare(one))
        for one, two in pairwise(tokens)
    )


def _is_bare(token: _Token) -> bool:
    return token.kind == "word" and not terms.written(token.text)


def _is_sentence(tokens: Sequence[_Token]) -> bool:
    """Whether a query is prose: long, and with the small words that nobody types beside AND."""
    told = [token.text for token in tokens if token.kind == "word"]
    small = sum(word.lower() in terms.STOP_WORDS for word in told)
    return len(told) >= SENTENCE_WORDS and small >= SENTENCE_SMALL


def _shouted(tokens: Sequence[_Token]) -> bool:
    """Whether a query in capitals has a NOT: ``DO NOT DISTURB`` is a text."""
    whole = " ".join(token.text for token in tokens)
    return _all_capitals(whole) and any(token.kind == "NOT" for token in tokens)


def _all_capitals(text: str) -> bool:
    return text.upper() == text and text.lower() != text


class _Reader:
    """Reads tokens from left to right; NOT binds closest, then AND, then OR."""

    def __init__(self, text: str, tokens: Sequence[_Token]) -> None:
        self._text = text
        self._tokens = [*tokens, _Token("end", "", len(text))]
        self._next = 0
        # In a query with AND, OR or NOT, words side by side must all occur.
        self._boolean = any(token.kind in ("AND", "OR", "NOT") for token in tokens)
        self._must: list[Node] = []
        self._should: list[Node] = []

    def query(self) -> Query:
        if self._boolean:
            node = self._any()
            self._expect_end()
            self._must.append(node)
        else:
            while self._peek.kind != "end":
                self._add()
        if len(self._tokens) > MOST_PARTS:
            raise UsageError(f"the query has more than {MOST_PARTS} parts")
        return self._made()

    def _made(self) -> Query:
        must = self._must
        condition = None if not must else must[0] if len(must) == 1 else Both(tuple(must))
        wanted = [leaf for node in (*self._should, *self._must) for leaf in leaves(node)]
        text = [leaf for leaf in wanted if not leaf.field or leaf.field == "heading"]
        asked = [leaf for node in self._must for leaf in leaves(node)]
        exact = any(leaf.field in ("", "heading") for leaf in asked)
        words = " ".join(leaf.text for leaf in wanted)
        return Query(tuple(wanted), condition, exact and bool(text), words, self._notes())

    def _notes(self) -> tuple[str, ...]:
        told = [_said(node) for node in self._must]
        return (f"files must have: {' and '.join(told)}",) if told else ()

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _wrong(self, token: _Token, what: str, hint: str) -> UsageError:
        return UsageError(f"{what}, at character {token.at + 1} of the query", hint=hint)

    # --- without AND, OR, NOT

    def _add(self) -> None:
        token = self._peek
        if token.kind in ("open", "close"):  # brackets of a sentence
            self._take()
        elif token.kind == "sign":
            self._take()
            node = self._unit()
            self._must.append(Without(node) if token.text == "-" else node)
        else:
            node = self._unit()
            required = isinstance(node, Leaf) and (node.kind != "word" or node.field)
            (self._must if required or not isinstance(node, Leaf) else self._should).append(node)

    # --- with them

    def _any(self) -> Node:
        parts = [self._both()]
        while self._peek.kind == "OR":
            self._after(self._take())
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _both(self) -> Node:
        parts = [self._signed()]
        while self._peek.kind not in ("OR", "close", "end"):
            if self._peek.kind == "AND":
                self._after(self._take())
            parts.append(self._signed())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _signed(self) -> Node:
        token = self._peek
        if token.kind == "NOT" or (token.kind == "sign" and token.text == "-"):
            self._after(self._take())
            return Without(self._signed())
        if token.kind == "sign":
            self._take()
        return self._unit()

    def _after(self, operator: _Token) -> None:
        if self._peek.kind in ("end", "close", "AND", "OR"):
            raise self._wrong(
                operator,
                f"{operator.text} has nothing behind it",
                f"write a word there, or {operator.text.lower()!r} to look for the word itself",
            )

    def _expect_end(self) -> None:
        if self._peek.kind != "end":
            raise self._wrong(
                self._peek, "a bracket is closed that was not opened", "remove it, or open one"
            )

    # --- one thing to look for

    def _unit(self) -> Node:
        token = self._take()
        if token.kind in ("AND", "OR"):
            raise self._wrong(
                token,
                f"{token.text} has nothing before it",
                f"write a word there, or {token.text.lower()!r} to look for the word itself",
            )
        if token.kind == "field":
            return self._in_field(token)
        if token.kind == "open":
            return self._group(token)
        if token.kind == "near":
            return self._near(token)
        if token.kind in ("phrase", "apart"):
            return self._phrase(token)
        if token.kind == "prefix":
            return Leaf("prefix", token.text[:-1])
        if token.kind in ("end", "close"):
            raise self._wrong(token, "a word is missing", "write one, or remove what asks for it")
        return self._word(token)

    def _word(self, token: _Token) -> Node:
        found = [Leaf("word", word) for word in terms.written(token.text)]
        return found[0] if len(found) == 1 else Both(tuple(found))

    def _in_field(self, token: _Token) -> Node:
        name = token.text[:-1]
        return _with_field(self._unit(), name)

    def _group(self, opened: _Token) -> Node:
        node = self._any()
        if self._take().kind != "close":
            raise self._wrong(opened, "a bracket is not closed", "close it with )")
        return node

    def _phrase(self, token: _Token) -> Node:
        body, _, distance = token.text.rpartition('"')
        words = body[1:]
        if not re.search(r"\w", words):
            raise self._wrong(token, "the quotes hold no word", "write words between them")
        if not distance:
            return Leaf("phrase", words)
        if not distance[1:]:
            raise self._wrong(token, "~ has no number behind it", 'write how far: "a b"~5')
        return self._apart(token, words, int(distance[1:]))

    def _near(self, token: _Token) -> Node:
        match = _NEAR.match(self._text, token.at + len("NEAR("))
        hint = "write it as NEAR(one two, 5)"
        if match is None:
            raise self._wrong(token, "NEAR( is not closed, or holds brackets", hint)
        while self._peek.kind != "end" and self._peek.at < match.end():
            self._take()
        distance = (match[2] or str(NEAR_WORDS)).strip()
        if not re.fullmatch(r"\d{1,6}", distance, re.ASCII):
            raise self._wrong(token, f"NEAR has no number of words but {distance!r}", hint)
        return self._apart(token, match[1].replace('"', " "), int(distance))

    def _apart(self, token: _Token, words: str, distance: int) -> Leaf:
        if len(terms.written(words)) < 2:
            raise self._wrong(token, "to be near takes two words", "write it as NEAR(one two, 5)")
        return Leaf("near", words, distance=min(distance, 10_000))


def _with_field(node: Node, name: str) -> Node:
    if isinstance(node, Leaf):
        return replace(node, field=name)
    if isinstance(node, Without):
        return Without(_with_field(node.part, name))
    return type(node)(tuple(_with_field(part, name) for part in node.parts))


def _said(node: Node) -> str:
    """A condition in words."""
    if isinstance(node, Without):
        return f"not {_said(node.part)}"
    if isinstance(node, (Both, Any)):
        joined = (" and " if isinstance(node, Both) else " or ").join(map(_said, node.parts))
        return f"({joined})"
    shown = {"phrase": f'"{node.text}"', "prefix": f"{node.text}\u2026"}.get(node.kind, node.text)
    if node.kind == "near":
        shown = f"{shown} within {node.distance} words"
    return f"{node.field}: {shown}" if node.field else shown
