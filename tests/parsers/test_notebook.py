"""Notebooks: cells as pages, with their lines, and what they printed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import ParseError
from lsfs.model import Document, Status
from lsfs_parsers import notebook as notebook_module
from tests.parsers.conftest import Reader

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "source": ["# Study\n", "Some *text*\n"]},
    {
        "cell_type": "code",
        "source": "%matplotlib inline\nimport os\n\ndef f(x):\n    return x\n",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["one\n", "\x1b[31mtwo\x1b[0m\n"]},
            {
                "output_type": "execute_result",
                "data": {
                    "image/png": "AAAA", "text/plain": "   a\n0  1",
                    "text/html": "<table><tr><th>a<th>b<tr><td>1<td>2</table>",
                },
            },
            {"output_type": "display_data", "data": {"image/png": "A", "text/plain": "<Figure>"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["x"]},
        ],
    },
    {"cell_type": "code", "source": "%%bash\nrun() {\n  ls\n}\n", "outputs": []},
    {"cell_type": "raw", "source": "raw words"},
]  # fmt: skip


def made(cells: list[Any], **metadata: Any) -> bytes:
    return json.dumps({"nbformat": 4, "metadata": metadata, "cells": cells}).encode()


def blocks(document: Document) -> list[tuple[int | None, str, str, int | None]]:
    """Page, kind, text and first line of each block."""
    return [
        (block.spans[0].page, block.kind.value, block.text, block.spans[0].line)
        for block in document.blocks
    ]


def test_cells_are_pages(read: Reader) -> None:
    document = read(made(CELLS, authors=[{"name": "Ann"}]), "a.ipynb")
    assert document.parser == "notebook"
    assert document.page_unit == "cell"
    assert len(document.pages) == 4
    assert (document.title, document.author) == ("Study", "Ann")
    assert blocks(document) == [
        (1, "heading", "Study", 1),
        (1, "para", "Some *text*", 2),
        (2, "code", "%matplotlib inline\nimport os", 1),
        (2, "code", "def f(x):\n    return x", 4),
        (2, "code", "one\ntwo", None),
        (2, "table", "a | b\n1 | 2", None),
        (2, "code", "<Figure>", None),
        (2, "code", "ValueError: bad", None),
        (3, "code", "%%bash", 1),
        (3, "code", "run() {\n  ls\n}", 2),
        (4, "para", "raw words", 1),
    ]
    assert document.blocks[3].heading_path == ("Study", "def f")
    assert document.blocks[9].heading_path == ("Study", "function run")


def test_format_3(read: Reader) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Head"},
        {"cell_type": "code", "language": "python", "input": ["x = 1"], "outputs": [
            {"output_type": "pyout", "text": ["1"]}, {"output_type": "pyerr", "ename": "E"},
        ]},
    ]  # fmt: skip
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}], "metadata": {}})
    assert [(kind, text) for _, kind, text, _ in blocks(read(data.encode(), "a.ipynb"))] == [
        ("heading", "Head"), ("code", "x = 1"), ("code", "1"), ("code", "E:"),
    ]  # fmt: skip


def test_long_outputs_are_cut(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_module, "MAX_OUTPUT", 10)
    output = {"output_type": "stream", "text": "word " * 100}
    document = read(made([{"cell_type": "code", "source": "", "outputs": [output]}]), "a.ipynb")
    assert document.text == "word word"
    assert document.warnings


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"a": 1}', made(CELLS)[:300]])
def test_damage_is_said(read: Reader, data: bytes) -> None:
    with pytest.raises(ParseError, match=r"notebook"):
        read(data, "a.ipynb")


def test_damage_is_a_status(sandboxed: Reader) -> None:
    assert sandboxed(b'{"cells": [', "a.ipynb").status is Status.DAMAGED
    assert sandboxed(b"[" * 200_000, "a.ipynb").status is Status.DAMAGED


anything = st.recursive(
    st.none() | st.integers() | st.sampled_from(["code", "markdown", "# x", "text/plain", "def f"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["cell_type", "source", "outputs", "output_type", "data", "text/html"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(anything, min_size=1, max_size=3), anything)
def test_any_cells(read: Reader, cells: list[Any], metadata: Any) -> None:
    read(json.dumps({"cells": cells, "metadata": metadata}).encode(), "a.ipynb")
