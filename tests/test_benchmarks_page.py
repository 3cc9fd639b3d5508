"""docs/benchmarks.md names every benchmark that there is, and no other; each can be loaded."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def commands() -> set[str]:
    """The benchmarks that say how they are run."""
    pattern = re.compile(r"^    python -m benchmarks\.(\w+)", re.MULTILINE)
    found = (pattern.search(path.read_text("utf-8")) for path in ROOT.glob("benchmarks/*.py"))
    return {match[1] for match in found if match}


def test_the_page_lists_what_there_is() -> None:
    page = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    rows = [line.split("|")[2] for line in page.splitlines() if line.startswith("| ")][1:]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    # Of others, and of little use alone.
    parts = {"crash_keeper", "minilm_gguf", "sparse_kv_folder", "sparse_kv_plot"}
    others = {name for name in commands() if (ROOT / f"benchmarks/{name}.py").exists()} - parts
    assert listed - others == set()
    assert others - listed == set()


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_benchmark_can_be_loaded(name: str) -> None:
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "sumy"}:  # an extra, and a peer
            raise
        pytest.skip(str(error))
    assert module.__doc__
