"""Search by meaning at 100,000, a million and ten million passages, on one machine.

    python -m benchmarks.scale [--sizes 100000,1000000,10000000] [--seed 1] [--plot FILE.png]

Vectors of 384 numbers are made by seed, chunk by chunk (see :mod:`benchmarks.scale_work`): all of
ten million as float32 are 15 GB, and are never in memory. Three ways are measured on the same
vectors: LanceDB's IVF_PQ with refine; the codes of :mod:`lsfs.index.meaning.codes`, a coarse stage
of signs with int8 rescoring; and exact float32, one query at a time, which is the truth for
recall@10.

For ten million about 30 GB of disk are needed, and 5 GB of memory; each size is removed before the
next. ``--keep PLACE`` keeps them and goes on with the steps that are missing. A step that takes
more than ``--minutes`` is left out. One table, and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import scale_work

Result = dict[str, Any]
COLOURS = {"exact float32": "#888888", "codes": "#2f6f8f", "IVF_PQ": "#b04a3a"}
ENOUGH = 0.98  # recall@10 of what is drawn
EXACT_BYTES = 4 * scale_work.DIMENSION


def measured(place: Path, n: int, seed: int, minutes: float) -> Result:
    """All steps for one size, each in a process of its own; those that were run are not again.

    A step that does not end in time is left out, and so are those that need what it makes.
    """
    place.mkdir(parents=True, exist_ok=True)
    told: Result = {"n": n}
    for name in scale_work.STEPS:
        kept = place / f"{name}.json"
        needed = name.replace("ask", "build")
        if not kept.exists() and (needed == name or needed in told):
            print(f"{n:,}: {name}", file=sys.stderr, flush=True)
            command = [sys.executable, "-m", "benchmarks.scale", "--step", name]
            command += ["--sizes", str(n), "--seed", str(seed), "--keep", str(place.parent)]
            # One thread for numpy: a query is answered by one. LanceDB takes what it likes.
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            try:
                subprocess.run(command, env=environment, check=True, timeout=60 * minutes)
            except subprocess.TimeoutExpired:
                print(f"{n:,}: {name} took more than {minutes:g} minutes", flush=True)
        if kept.exists():
            told[name] = json.loads(kept.read_text(encoding="utf-8"))
        if "write" not in told:
            break
    return told


def rows(told: Result) -> Iterator[Result]:
    """What is compared, one row for each way and setting.

    Build is what comes on top of the float32 that are stored in any case. Memory is that of the
    process that asks: its own, and what it has mapped, which the system takes back when it must.
    """
    n, write = told["n"], told["write"]
    yield {
        "way": "exact float32", "setting": "in memory", "n": n, "recall": 1.0, "build_cpu_s": 0.0,
        "build_wall_s": 0.0, "bytes": EXACT_BYTES, "own_mib": n * EXACT_BYTES / 2**20,
        "mapped_mib": 0.0, **write["exact"],
    }  # fmt: skip
    for way, step in (("codes", "codes"), ("IVF_PQ", "ivf_pq")):
        if f"ask {step}" not in told:
            continue
        build, ask = told[f"build {step}"], told[f"ask {step}"]
        cpu, wall = build["cpu_s"], build["wall_s"]
        if way == "codes":
            cpu, wall = cpu + write["code"]["cpu_s"], wall + write["code"]["wall_s"]
        for setting, row in ask.items():
            if isinstance(row, dict):
                yield {
                    "way": way, "setting": setting, "n": n, "build_cpu_s": cpu,
                    "build_wall_s": wall, "bytes": build["bytes"],
                    "build_peak_mib": build["peak_mib"], "own_mib": ask["own_mib"],
                    "mapped_mib": ask["mapped_mib"], "first_s": ask["first_s"], **row,
                }  # fmt: skip


def show(told: Result) -> None:
    """Print what one size gave."""
    store = told["write"]["store"]
    print(
        f"\n{told['n']:,} vectors: float32 in LanceDB {store['bytes']:.0f} bytes each, written in "
        f"{store['cpu_s']:.0f} CPU s"
    )
    if "grow" in told:
        print(f"{scale_work.MORE:,} more in {told['grow']['store']['cpu_s']:.2f} CPU s")
    print(
        f"{'':36}{'CPU ms':>8}{'p95':>8}{'k=200':>8}{'p95':>8}{'recall':>8}"
        f"{'build s':>9}{'wall':>7}{'bytes':>7}{'own MiB':>9}{'mapped':>8}"
    )
    for row in rows(told):
        many = [row.get(f"cpu_ms_200_p{p}", float("nan")) for p in (50, 95)]
        print(
            f"{row['way']:15}{row['setting']:21}{row['cpu_ms_10_p50']:8.1f}"
            f"{row['cpu_ms_10_p95']:8.1f}{many[0]:8.1f}{many[1]:8.1f}{row['recall']:8.3f}"
            f"{row['build_cpu_s']:9.1f}{row['build_wall_s']:7.0f}{row['bytes']:7.0f}"
            f"{row['own_mib']:9.0f}{row['mapped_mib']:8.0f}"
        )
    sys.stdout.flush()


def cheapest(told: Result) -> list[Result]:
    """Of each way the setting that takes least among those of enough recall, else the best one."""
    found: dict[str, list[Result]] = {}
    for row in rows(told):
        found.setdefault(row["way"], []).append(row)
    chosen = []
    for settings in found.values():
        enough = [row for row in settings if row["recall"] >= ENOUGH]
        by_time = min(enough, key=lambda row: float(row["cpu_ms_10_p50"]), default=None)
        chosen.append(by_time or max(settings, key=lambda row: float(row["recall"])))
    return chosen


def drawn(report: list[Result], path: Path) -> None:
    """The growth of each with the number of passages, as :func:`cheapest` has it."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    found = [row for told in report for row in cheapest(told)]
    figure, axes = pyplot.subplots(1, 4, figsize=(11, 2.8), layout="constrained")
    panels = (
        ("CPU ms of a query, p50 and p95", "cpu_ms_10_p50", "log"),
        ("recall@10", "recall", "linear"),
        ("CPU s to build", "build_cpu_s", "log"),
        ("MiB of memory to ask", "memory", "log"),
    )
    for panel, (title, key, scale) in zip(axes, panels, strict=True):
        for way, colour in COLOURS.items():
            mine = [row | {"memory": row["own_mib"] + row["mapped_mib"]} for row in found]
            mine = [row for row in mine if row["way"] == way and row[key] > 0]
            sizes = [row["n"] for row in mine]
            panel.plot(sizes, [row[key] for row in mine], "o-", color=colour, label=way)
            if key == "cpu_ms_10_p50":
                late = [row["cpu_ms_10_p95"] for row in mine]
                panel.plot(sizes, late, ":", color=colour, linewidth=1)
        panel.set(title=title, xscale="log", yscale=scale, xlabel="passages")
        panel.title.set_fontsize(9)
        panel.spines[["top", "right"]].set_visible(False)
    axes[1].set_ylim(0.8, 1.005)
    axes[0].legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=80)


def main() -> None:
    """Measure, print a table for each size, and one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="100000,1000000,10000000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=45, help="a step may take at most")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")
    parser.add_argument("--keep", type=Path, metavar="PLACE", help="keep all here, and go on there")
    parser.add_argument("--step", choices=tuple(scale_work.STEPS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("LANCE_LOG", "error")
    sizes = [int(part) for part in options.sizes.split(",")]
    if options.step:
        scale_work.run(options.step, options.keep / str(sizes[0]), sizes[0], options.seed)
        return
    place = options.keep or Path(tempfile.mkdtemp(prefix="lsfs-scale-"))
    report = []
    try:
        for n in sizes:
            report.append(measured(place / str(n), n, options.seed, options.minutes))
            if "write" not in report[-1]:
                raise SystemExit(f"{n:,} vectors were not made in {options.minutes:g} minutes")
            show(report[-1])
            if options.keep is None:
                shutil.rmtree(place / str(n))
    finally:
        if options.keep is None:
            shutil.rmtree(place)
    if options.plot:
        drawn(report, options.plot)
    print(json.dumps({"benchmark": "scale", "seed": options.seed, "sizes": report}))


if __name__ == "__main__":
    main()
