"""Source code, cut at its functions and classes by tree-sitter's grammars."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct, field

from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Piece, one_line
from lsfs_parsers.head_facts import head_facts
from lsfs_parsers.languages import Language, language_of
from lsfs_parsers.text import MAX_SPANS, add_lines, built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

BLOCK_CHARS = 800  # a longer function is cut at its statements; a passage of the index holds these

_MAX_PARSED = 4 * 1024 * 1024  # bytes; more than this in one file was written by a program
_MAX_SECONDS = 10.0  # for the grammar; ambiguous nonsense takes it hundreds of times the usual
_MAX_GROWTH = 512 * 1024  # KiB of memory; the same nonsense takes 4 KiB for each of its bytes
_CHECK_EVERY = 256  # calls of the progress callback
_READ_STEP = 64 * 1024
_MAX_NAME = 80  # characters
_MAX_NESTED = 12  # definitions in definitions; deeper ones belong to the one above
_LEADING = frozenset(
    {"comment", "line_comment", "block_comment", "attribute_item", "attribute_list", "decorator"}
)
_NAMES = frozenset({
    "identifier", "field_identifier", "type_identifier", "qualified_identifier", "operator_name",
    "destructor_name", "template_function",
})  # fmt: skip
_VALUES = frozenset({
    "arrow_function", "function_expression", "generator_function", "class", "function",
})  # fmt: skip
_CLOSING = re.compile(r"[\s\])};,]*(?:end\s*)?\Z")


class Stretch(Struct, frozen=True):
    """Lines that make a block: ``first`` to ``last``, from 0, and the definitions around them."""

    first: int
    last: int
    path: tuple[str, ...] = ()


class CodeParser:
    """A block for each function, each head of a class and each stretch between them."""

    name = "code"
    version = VERSIONS["code"]
    media_types = (detect.CODE,)

    def parse(self, source: Source) -> Document:
        """The code in ``source``; of a very long file only the beginning.

        The blocks are the lines of the file, all but blank ones around them; their heading paths
        are the definitions that they stand in, as ``class Engine`` and ``def run``. What is in no
        language known here is cut at blank lines.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        text = read_text(source, builder)
        language = language_of(source.name, text)
        lines = lines_of(text)
        add_code(builder, lines, language, seconds=source.seconds_left() / 2)
        return built(source, builder, head_facts(lines))


def add_code(
    builder: Builder,
    lines: list[str],
    language: Language | None,
    *,
    seconds: float = _MAX_SECONDS,
) -> None:
    """Append source code to a document.

    Args:
        lines: the code.
        language: None where it is unknown; such code is cut at blank lines.
        seconds: for reading it by its grammar.
    """
    stretches = cut(lines, language, min(seconds, _MAX_SECONDS)) if language else None
    if stretches is None:
        add_lines(builder, lines, BlockKind.CODE)
        return
    step = 1 + len(lines) // MAX_SPANS
    above = builder.headings
    for one in stretches:
        pieces = [
            Piece("\n".join(lines[at : min(at + step, one.last + 1)]), at + 1)
            for at in range(one.first, one.last + 1, step)
        ]
        builder.add(BlockKind.CODE, pieces, headings=(*above, *one.path))
        if builder.full:
            return


def cut(lines: list[str], language: Language, seconds: float) -> list[Stretch] | None:
    """``lines`` in stretches that cover them all; None where the grammar's limits are reached."""
    data = "\n".join(lines).encode("utf-8", "replace")
    tree = _parsed(data, language, seconds) if len(data) <= _MAX_PARSED else None
    return _Cutter(lines, language).cut(tree.root_node) if tree is not None else None


def _parsed(data: bytes, language: Language, seconds: float) -> Tree | None:
    """The syntax tree of ``data``, errors and all; None when it took too much time or memory."""
    import tree_sitter

    deadline = time.monotonic() + seconds
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + _MAX_GROWTH
    calls = 0

    def stop(_offset: int, _has_error: bool) -> bool:
        nonlocal calls
        calls += 1
        if calls % _CHECK_EVERY:
            return False
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return time.monotonic() > deadline or used > memory

    parser = tree_sitter.Parser(language.grammar())
    try:
        return parser.parse(lambda at, _point: data[at : at + _READ_STEP], progress_callback=stop)
    except ValueError:  # what the binding raises when it was told to stop
        return None


class _Level(Struct):
    """A file or the body of a class, while its children are gone through.

    Attributes:
        children: those that remain.
        at: the first line that is in no stretch yet.
        last: its last line.
        loose: the children from ``at`` on that define nothing.
    """

    path: tuple[str, ...]
    children: Iterator[Node]
    at: int
    last: int
    loose: list[Node] = field(default_factory=list)


class _Cutter:
    """Goes through a syntax tree and cuts the lines below it. Never recurses."""

    def __init__(self, lines: list[str], language: Language) -> None:
        self._lines = lines
        self._language = language
        self._sizes = [0, *accumulate(len(line) + 1 for line in lines)]
        self._found: list[Stretch] = []

    def cut(self, root: Node) -> list[Stretch]:
        levels = [_Level((), self._children(root), 0, len(self._lines) - 1)]
        while levels:
            level = levels[-1]
            node = next(level.children, None)
            if node is None:
                self._stretch(level, level.last)
                levels.pop()
                if levels:
                    levels[-1].at = level.last + 1
                continue
            definition = self._definition(node)
            if definition is None or node.start_point.row < level.at:
                level.loose.append(node)
                continue
            below = self._begin(level, node, definition)
            if below is not None:
                levels.append(below)
        return self._found

    def _begin(self, level: _Level, node: Node, definition: Node) -> _Level | None:
        """Take in the definition that ``node`` is or wraps; its level when it has one."""
        first, last = self._lead(level, node), min(_last_row(node), level.last)
        self._stretch(level, first - 1)
        path = (*level.path, self._heading(definition))
        body = definition.child_by_field_name("body")
        is_container = definition.type in self._language.containers
        if is_container and body is not None and len(path) < _MAX_NESTED:
            return _Level(path, self._children(definition, body), first, last)
        self._parts([node], first, last, path)
        level.at = last + 1
        return None

    def _lead(self, level: _Level, node: Node) -> int:
        """The first line of a definition with the comments and attributes right above it."""
        first = node.start_point.row
        while level.loose:
            above = level.loose[-1]
            touches = _last_row(above) == first - 1 and above.start_point.row >= level.at
            if above.type not in _LEADING or not touches:
                break
            # A comment at the end of a line belongs to what stands before it.
            if self._lines[above.start_point.row][: above.start_point.column].strip():
                break
            first = level.loose.pop().start_point.row
        return first

    def _stretch(self, level: _Level, last: int) -> None:
        """Lines of a level that are in no definition, up to ``last``."""
        if last >= level.at and any(line.strip() for line in self._lines[level.at : last + 1]):
            self._parts(level.loose, level.at, last, level.path)
        level.loose = []
        level.at = max(level.at, last + 1)

    def _parts(self, nodes: Sequence[Node], first: int, last: int, path: tuple[str, ...]) -> None:
        """Stretches of at most ``BLOCK_CHARS`` where statements allow it."""
        if self._closes(first, last) and self._found and self._found[-1].last == first - 1:
            self._found[-1] = Stretch(self._found[-1].first, last, self._found[-1].path)
            return
        begin = end = first
        for start, stop in self._atoms(nodes, first, last):
            if start > begin and self._size(begin, stop) > BLOCK_CHARS:
                self._found.append(Stretch(begin, end, path))
                begin = start
            end = stop
        self._found.append(Stretch(begin, last, path))

    def _closes(self, first: int, last: int) -> bool:
        """Whether there are only closing brackets in these lines."""
        return last - first < 3 and bool(_CLOSING.match("\n".join(self._lines[first : last + 1])))

    def _atoms(self, nodes: Sequence[Node], first: int, last: int) -> Iterator[tuple[int, int]]:
        """The lines from ``first`` to ``last`` in runs that are small or cannot be cut."""
        work = [(list(nodes), first, last)]
        while work:
            inside, start, stop = work.pop()
            if start == stop or self._size(start, stop) <= BLOCK_CHARS or not inside:
                yield start, stop
                continue
            work.extend(reversed(list(_divided(inside, start, stop))))

    def _size(self, first: int, last: int) -> int:
        return self._sizes[last + 1] - self._sizes[first]

    def _children(self, node: Node, body: Node | None = None) -> Iterator[Node]:
        """Its named children, with those of nodes that are looked through in their place.

        So is the ``body``; what stands before it may be the comment of its first definition.
        """
        work = [iter(node.named_children)]
        while work:
            child = next(work[-1], None)
            if child is None:
                work.pop()
            elif child.type in self._language.open or child.type == "ERROR" or child == body:
                work.append(iter(child.named_children))
            else:
                yield child

    def _definition(self, node: Node) -> Node | None:
        """The definition that a node is or wraps; None when it is something else."""
        for _ in range(4):
            inner = self._wrapped(node) if node.type in self._language.wrappers else None
            if inner is None:
                break
            node = inner
        if node.type not in self._language.definitions:
            return None
        if node.type in ("lexical_declaration", "variable_declaration"):
            return node if _declared_function(node) is not None else None
        if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
            return None
        return node

    def _wrapped(self, node: Node) -> Node | None:
        known = self._language.definitions.keys() | self._language.wrappers
        inside = [child for child in node.named_children[:20] if child.type in known]
        return inside[-1] if inside else None

    def _heading(self, node: Node) -> str:
        word = self._language.definitions[node.type]
        name = _name(node)
        return one_line(f"{word} {name}" if name else word)[:_MAX_NAME]


def _divided(nodes: Sequence[Node], first: int, last: int) -> Iterator[tuple[list[Node], int, int]]:
    """The lines from ``first`` to ``last`` cut where nodes begin, each run with what is inside."""
    runs: list[tuple[int, Node | None]] = [(first, None)]
    for node in nodes:
        row = min(max(node.start_point.row, first), last)
        begin, biggest = runs[-1]
        if row > begin:
            runs.append((row, node))
        elif biggest is None or _last_row(node) > _last_row(biggest):
            runs[-1] = (begin, node)
    ends = [begin - 1 for begin, _ in runs[1:]] + [last]
    for (begin, outer), end in zip(runs, ends, strict=True):
        inside = list(outer.named_children) if outer is not None else []
        yield inside, begin, end


def _last_row(node: Node) -> int:
    """The last line on which a node has anything; its end may stand at the start of the next."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row


def _declared_function(node: Node) -> Node | None:
    """The name that a declaration gives to a function or class written in it."""
    for declarator in node.named_children[:4]:
        value = declarator.child_by_field_name("value")
        if value is not None and value.type in _VALUES:
            return declarator.child_by_field_name("name")
    return None


def _name(node: Node) -> str:
    """What a definition calls itself, with the type that it belongs to where it says so."""
    if node.type == "impl_item":
        trait, of = (node.child_by_field_name(name) for name in ("trait", "type"))
        return " for ".join(text for text in (_text(trait), _text(of)) if text)
    if node.type in ("lexical_declaration", "variable_declaration"):
        return _text(_declared_function(node))
    name = node.child_by_field_name("name")
    if name is None:
        name = _declared_name(node)
    receiver = _receiver(node)
    return f"{receiver}.{_text(name)}" if receiver else _text(name)


def _declared_name(node: Node) -> Node | None:
    """The name within C's declarators, and within Go's lists of types."""
    declarator = node.child_by_field_name("declarator")
    inner = declarator or next(iter(node.named_children), None)
    for _ in range(_MAX_NESTED):
        if inner is None or inner.type in _NAMES:
            return inner
        below = inner.child_by_field_name("declarator") or inner.child_by_field_name("name")
        if below is None:
            below = next((one for one in inner.named_children if one.type in _NAMES), None)
        inner = below
    return None


def _receiver(node: Node) -> str:
    """The type that a method of Go or a singleton method of Ruby belongs to."""
    found = node.child_by_field_name("receiver") or node.child_by_field_name("object")
    return re.sub(r"^.*[\s*(]", "", _text(found).rstrip(")")) if found is not None else ""


def _text(node: Node | None) -> str:
    if node is None or node.text is None:
        return ""
    return one_line(node.text[: 4 * _MAX_NAME].decode("utf-8", "replace"))
