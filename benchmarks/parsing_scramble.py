"""Draws a PDF's text in random order: only how the pages look tells the order any more."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

Operation = tuple[list[Any], bytes]
Matrix = tuple[float, float, float, float, float, float]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_COLOUR = {b"g", b"rg", b"k", b"cs", b"sc", b"scn", b"gs"}
_FONT = {b"Tf", b"Tc", b"Tw", b"Tz", b"Ts", b"Tr"}
_SHOW = {b"Tj", b"TJ"}
_MARKED = {b"BDC", b"BMC", b"EMC", b"BX", b"EX"}


def scramble(source: Path, target: Path, seed: int) -> None:
    """Write ``source`` with every run of text drawn on its own, in random order."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ContentStream

    chance = random.Random(seed)
    writer = PdfWriter(clone_from=PdfReader(source))
    for page in writer.pages:
        stream = ContentStream(page.get_contents(), writer)
        stream.operations = _scrambled(stream.operations, chance)
        page.replace_contents(stream)
        page.compress_content_streams()
        page.pop("/StructParents", None)
    writer.root_object.pop("/StructTreeRoot", None)
    with target.open("wb") as file:
        writer.write(file)


class _State(Struct, frozen=True):
    """What holds for text at some place of a content stream."""

    matrix: Matrix = _IDENTITY
    colour: tuple[Operation, ...] = ()
    font: dict[bytes, Operation] = field(default_factory=dict)
    leading: float = 0.0


def _scrambled(operations: list[Operation], chance: random.Random) -> list[Operation]:
    reader = _Reader()
    for operands, operator in operations:
        reader.take(operands, bytes(operator))
    reader.close_run()
    chance.shuffle(reader.runs)
    runs = [operation for run in reader.runs for operation in run]
    return [([], b"q"), *reader.drawn, ([], b"Q"), *runs]


class _Reader:
    """Takes a content stream apart into drawings, in their order, and runs of text."""

    def __init__(self) -> None:
        self.drawn: list[Operation] = []
        self.runs: list[list[Operation]] = []
        self._state = _State()
        self._stack: list[_State] = []
        self._line = _IDENTITY
        self._begin: tuple[_State, Matrix] = (self._state, self._line)
        self._run: list[Operation] = []

    def take(self, operands: list[Any], operator: bytes) -> None:
        """The next operation."""
        if operator in _MARKED:
            return
        if operator in (b"BT", b"ET", b"Td", b"TD", b"Tm", b"T*", b"'", b'"'):
            self._position(operands, operator)
        elif operator in _SHOW or (operator in _FONT | _COLOUR and self._run):
            self._run.append((operands, operator))
            self._note(operands, operator)
        else:
            self._note(operands, operator)
        if operator in (b"q", b"Q", b"cm") or not _is_text(operator):
            self.drawn.append((operands, operator))

    def close_run(self) -> None:
        """What was shown since the last place is a run of its own."""
        if any(operator in _SHOW for _, operator in self._run):
            state, line = self._begin
            before = [([], b"q"), (_numbers(state.matrix), b"cm"), *state.colour, ([], b"BT")]
            place = [*state.font.values(), (_numbers(line), b"Tm")]
            self.runs.append([*before, *place, *self._run, ([], b"ET"), ([], b"Q")])
        self._run = []

    def _position(self, operands: list[Any], operator: bytes) -> None:
        self.close_run()
        if operator == b"BT":
            self._line = _IDENTITY
        elif operator == b"Tm":
            a, b, c, d, e, f = map(float, operands)
            self._line = (a, b, c, d, e, f)
        elif operator in (b"Td", b"TD"):
            x, y = map(float, operands)
            if operator == b"TD":
                self._state = replace(self._state, leading=-y)
            self._line = _product((1, 0, 0, 1, x, y), self._line)
        elif operator != b"ET":
            self._line = _product((1, 0, 0, 1, 0, -self._state.leading), self._line)
        self._begin = (self._state, self._line)
        if operator in (b"'", b'"'):
            self._run = [([operands[-1]], b"Tj")]

    def _note(self, operands: list[Any], operator: bytes) -> None:
        """Follow the graphics state."""
        state = self._state
        if operator == b"q":
            self._stack.append(state)
        elif operator == b"Q":
            self._state = self._stack.pop()
        elif operator == b"cm":
            a, b, c, d, e, f = map(float, operands)
            self._state = replace(state, matrix=_product((a, b, c, d, e, f), state.matrix))
        elif operator == b"TL":
            self._state = replace(state, leading=float(operands[0]))
        elif operator in _FONT:
            self._state = replace(state, font={**state.font, operator: (operands, operator)})
        elif operator in _COLOUR:
            kept = tuple(o for o in state.colour if o[1] != operator or operator == b"gs")
            self._state = replace(state, colour=(*kept, (operands, operator)))
        if not self._run:
            self._begin = (self._state, self._line)


def _numbers(matrix: Matrix) -> list[Any]:
    from pypdf.generic import FloatObject

    return [FloatObject(f"{number:.5f}") for number in matrix]


def _is_text(operator: bytes) -> bool:
    shows = _SHOW | _FONT | {b"BT", b"ET", b"Td", b"TD", b"Tm", b"T*", b"TL", b"'", b'"'}
    return operator in shows


def _product(first: Matrix, second: Matrix) -> Matrix:
    """The matrix that does ``first`` and then ``second``."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k,
        e * h + f * j + m,
    )  # fmt: skip
