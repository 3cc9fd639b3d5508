"""Draws how right each policy is against the share of the cells that it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsfs.errors import UsageError
from lsfs.llm.lab.run import FULL, Row

SUFFIXES = (".png", ".svg")


def check(path: Path) -> None:
    """See that a plot can be drawn, before anything is measured.

    Raises:
        UsageError: the name or the library is not such.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"a plot is one of {', '.join(SUFFIXES)}", hint="--plot kv.svg")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        hint = "pip install 'lsfs[bench]'"
        raise UsageError("matplotlib is not installed", hint=hint) from error


def drawn(rows: Sequence[Row], path: Path) -> None:
    """One panel for each task and length, with intervals; a continuation by its agreement.

    Args:
        rows: what was measured.
        path: a PNG or SVG file.
    """
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "lsfs"
    from matplotlib import pyplot

    panels = list(dict.fromkeys((row.task, row.length) for row in rows))
    width = min(3, len(panels))
    height = -(-len(panels) // width)
    size = (4.2 * width, 3.2 * height)
    figure, axes = pyplot.subplots(height, width, figsize=size, layout="constrained", squeeze=False)
    names = [name for name in dict.fromkeys(row.policy for row in rows) if name != FULL]
    colours = pyplot.get_cmap("tab20")
    for panel, (task, length) in zip(axes.flat, panels, strict=False):
        here = [row for row in rows if (row.task, row.length) == (task, length)]
        whole = next(row for row in here if row.policy == FULL)
        panel.axhline(_height(whole), color="#999999", linestyle="--", label=FULL)
        for number, name in enumerate(names):
            mine = sorted((100 * r.budget, _height(r)) for r in here if r.policy == name)
            if not mine:
                continue
            colour = colours(number % 20)
            panel.plot(*zip(*mine, strict=True), "o-", color=colour, label=name)
            for row in (r for r in here if r.policy == name and r.right.trials):
                panel.vlines(100 * row.budget, *row.right.interval, color=colour, alpha=0.3)
        what = "right" if whole.right.trials else "agree"
        panel.set(
            title=f"{task}, {length} tokens", xlabel="% kept", ylabel=what, ylim=(-0.02, 1.02)
        )
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes.flat[len(panels) :]:
        panel.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize=8, frameon=False)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, metadata=metadata)
    pyplot.close(figure)


def _height(row: Row) -> float:
    return row.right.share if row.right.trials else row.agree
