"""Draws the time and memory of an answer against the size of the folder, from benchmarks.sparse_kv.

python -m benchmarks.sparse_kv --only folders | tail -1 > folders.json
python -m benchmarks.sparse_kv_plot folders.json docs/reading.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

GROWS = "#b04a3a"
STAYS = "#2f6f8f"


def drawn(rows: list[dict[str, Any]], anew_s: float, path: Path) -> None:
    """Two panels: CPU seconds to the first text, and peak memory.

    Args:
        rows: of the part ``folders``.
        anew_s: CPU seconds in which the four passages would be read anew.
        path: of the SVG.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lsfs"
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 3.0), layout="constrained")
    sizes = [row["tokens"] for row in rows]
    left.plot(sizes, [row["cpu_s"] for row in rows], "o-", color=STAYS, label="blocks kept")
    left.axhline(anew_s, color=GROWS, linestyle="--", label="the same 4 passages read anew")
    left.set(ylabel="CPU s to the first text", yscale="log", ylim=(0.1, 30))
    right.plot(sizes, [row["peak_mb"] for row in rows], "o-", color=STAYS, label="4 passages")
    wholes = [(row["tokens"], row["document"]["peak_mb"]) for row in rows if "document" in row]
    right.plot(*zip(*wholes, strict=True), "s:", color=STAYS, label="as one document, 512 cells")
    right.axhline(400, color="#999999", linewidth=0.8)
    right.set(ylabel="peak resident MB", ylim=(0, 500))
    for axes in (left, right):
        axes.set(xlabel="tokens in the folder", xscale="log")
        axes.axvline(8192, color="#999999", linewidth=0.8)
        axes.annotate("window", (8192, axes.get_ylim()[1]), va="top", fontsize=8, color="#666666")
        axes.legend(fontsize=8, frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("figures", type=Path, help="the line of JSON")
    parser.add_argument("svg", type=Path)
    parser.add_argument("--anew", type=float, default=9.0, help="CPU s of reading 4 passages")
    options = parser.parse_args()
    rows = json.loads(options.figures.read_text(encoding="utf-8"))["folders"]
    drawn(rows, options.anew, options.svg)


if __name__ == "__main__":
    main()
