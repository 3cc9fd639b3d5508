"""What pdfium knows of the characters of a page, asked about many in few steps of Python.

ctypes converts the arguments of a function whose types are declared, which takes longer than all
the rest of such a call. So none are declared here.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from collections.abc import Sequence
from functools import cache
from itertools import repeat
from typing import Any

_AT_ONCE = 1024  # characters


@cache
def undeclared(name: str) -> Any:
    """A function of pypdfium2.raw that takes its arguments as they are.

    A whole number becomes a C ``int``: an address must be the object that ctypes has for it.
    """
    import pypdfium2.raw as raw

    function = getattr(raw, name)
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(function.restype)(address)


class _Columns:
    """Four columns of doubles that pdfium writes to, a row for each of so many characters."""

    def __init__(self) -> None:
        self._values = array("d", bytes(4 * 8 * _AT_ONCE))
        whole = (ctypes.c_double * (4 * _AT_ONCE)).from_buffer(self._values)
        self.places = [
            [ctypes.byref(whole, 8 * n) for n in range(at, at + _AT_ONCE)]
            for at in range(0, 4 * _AT_ONCE, _AT_ONCE)
        ]

    def read(self, column: int, rows: int) -> Sequence[float]:
        """The first rows of a column."""
        at = column * _AT_ONCE
        return self._values[at : at + rows]


class _Functions:
    """The functions of pdfium, and where they leave their answers."""

    def __init__(self) -> None:
        import pypdfium2.raw as raw

        self.text = undeclared("FPDFText_GetText")
        self.box = undeclared("FPDFText_GetCharBox")
        self.origin = undeclared("FPDFText_GetCharOrigin")
        self.size = undeclared("FPDFText_GetFontSize")
        self.matrix = undeclared("FPDFText_GetMatrix")
        self.weight = undeclared("FPDFText_GetFontWeight")
        self.angle = undeclared("FPDFText_GetCharAngle")
        self.index = undeclared("FPDFText_GetCharIndexFromTextIndex")
        self.count_rectangles = undeclared("FPDFText_CountRects")
        self.rectangle = undeclared("FPDFText_GetRect")
        self.columns = _Columns()
        self.found_matrix = raw.FS_MATRIX()
        self.to_matrix = ctypes.byref(self.found_matrix)
        self.found_sides = [ctypes.c_double() for _ in range(4)]
        self.to_sides = [ctypes.byref(side) for side in self.found_sides]


_functions = cache(_Functions)


class Characters:
    """The characters of a pypdfium2 text page, by pdfium's indices; places are in user space."""

    def __init__(self, text_page: Any) -> None:
        self._open = text_page  # it is closed when nothing holds it
        # Where it is, as an argument that ctypes need not make anew for each call.
        self._page = ctypes.byref(text_page.raw.contents)
        self._functions = _functions()

    def boxes(self, indices: Sequence[int]) -> list[list[float]]:
        """The left sides of all of them, the right ones, the bottoms and the tops; not a number for
        what is no character."""
        return self._places(self._functions.box, indices, 4)

    def sides(self, indices: Sequence[int]) -> list[list[float]]:
        """The first two of :meth:`boxes`."""
        return self._places(self._functions.box, indices, 4, 2)

    def origins(self, indices: Sequence[int]) -> list[list[float]]:
        """The x and the y from which they are drawn; not a number for what is no character."""
        return self._places(self._functions.origin, indices, 2)

    def _places(
        self, function: Any, indices: Sequence[int], count: int, kept: int | None = None
    ) -> list[list[float]]:
        """The first of the numbers that a function leaves for each character."""
        columns = self._functions.columns
        found: list[list[float]] = [[] for _ in range(kept or count)]
        for start in range(0, len(indices), _AT_ONCE):
            some = indices[start : start + _AT_ONCE]
            known = list(map(function, repeat(self._page), some, *columns.places[:count]))
            for number, values in enumerate(found):
                values += columns.read(number, len(some))
            if not all(known):
                for row in (row for row, is_known in enumerate(known, start) if not is_known):
                    for values in found:
                        values[row] = math.nan
        return found

    def units(self, count: int) -> str:
        """The text with one character for each UTF-16 unit, so that indices are pdfium's."""
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = max(0, self._functions.text(self._page, 0, count, buffer) - 1)
        text = bytes(buffer)[: 2 * written].decode("utf-16-le", "surrogatepass")
        # A pair of units is one character of Python's.
        return text if len(text) == written else "".join(map(chr, buffer[:written]))

    def sizes(self, indices: Sequence[int]) -> list[float]:
        """The letter sizes as they are shown: many programs leave them to the matrix."""
        page, to_matrix, found = self._page, self._functions.to_matrix, self._functions.found_matrix
        matrix = self._functions.matrix
        sizes = []
        for index in indices:
            size = self._functions.size(page, index)
            if matrix(page, index, to_matrix):
                size *= math.hypot(found.c, found.d)
            sizes.append(size if math.isfinite(size) else 0.0)  # a matrix of a damaged file
        return sizes

    def weights(self, indices: Sequence[int]) -> list[int]:
        """The weights of their fonts, 400 for regular letters; -1 where that is not known."""
        return list(map(self._functions.weight, repeat(self._page), indices))

    def angles(self, indices: Sequence[int]) -> list[int]:
        """The degrees, clockwise, by which they are turned."""
        turns = map(self._functions.angle, repeat(self._page), indices)
        return [round(math.degrees(turn)) % 360 if turn > 0 else 0 for turn in turns]

    def rectangles(self, first: int, count: int) -> list[tuple[float, float, float, float]]:
        """Left, bottom, right and top of the pieces of text that some characters are, each of one
        font and size."""
        page, rectangle, places = self._page, self._functions.rectangle, self._functions.to_sides
        left, top, right, bottom = self._functions.found_sides
        found = []
        for number in range(self._functions.count_rectangles(page, first, count)):
            rectangle(page, number, *places)
            found.append((left.value, bottom.value, right.value, top.value))
        return found

    def indices(self, units: Sequence[int]) -> list[int]:
        """Which characters some units of the text are: the text leaves some of them out."""
        found = map(self._functions.index, repeat(self._page), units)
        return [index if index >= 0 else unit for index, unit in zip(found, units, strict=True)]
