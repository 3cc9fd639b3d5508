"""Commands that measure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lsfs.errors import UsageError
from lsfs.untrusted import safe
from lsfs_cli.session import Session

pass_session = click.make_pass_decorator(Session, ensure=True)
ALL = "all"


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    kv.params += common
    return {"bench": bench}


@click.group()
def bench() -> None:
    """Measure on this machine, with models of your choice.

    \b
    Examples:
      lsfs bench kv --lengths 1024 --budgets 12,25 --trials 24
      lsfs bench kv --model ~/models/other.gguf --policies quest,snap,hybrid --tasks needles
    """


@bench.command()
@click.option("--model", default="default", metavar="MODEL", help="default, a name or a GGUF file")
@click.option(
    "--policies", default=ALL, metavar="NAMES", help="with commas; all", show_default=True
)
@click.option(
    "--tasks", default="needles", metavar="NAMES", help="with commas; all", show_default=True
)
@click.option("--lengths", default="1024", metavar="TOKENS", help="with commas", show_default=True)
@click.option(
    "--budgets", default="12,25,50", metavar="PERCENT", help="with commas", show_default=True
)
@click.option("--trials", default=24, help="questions of a task at a length", show_default=True)
@click.option("--seed", default=1, help="of the texts", show_default=True)
@click.option(
    "--store", default="f16", metavar="FORMAT", help="how states are kept", show_default=True
)
@click.option(
    "--again",
    default=-1,
    metavar="TOKENS",
    help="choose again after so many; -1: as the paper does",
)
@click.option("--window", default=0, metavar="TOKENS", help="compose longer texts; 0: the model's")
@click.option(
    "--threads", default=1, help="of the model; 0: one less than cores", show_default=True
)
@click.option("--prose", default="", metavar="FILE", help="what stands around facts; else made up")
@click.option(
    "--xquad", default="", metavar="FILE", help="documents and questions, as SQuAD has them"
)
@click.option("--plot", default="", metavar="FILE", help="a PNG or SVG file")
@pass_session
def kv(session: Session, /, **options: Any) -> None:
    """Compare policies that keep some of what a model has read.

    Prints a table and a line of JSON. Texts are made up, the same for the same seed. Times are
    seconds of the CPU. The policies, tasks and store formats are those of docs/laboratory.md.

    \b
    Examples:
      lsfs bench kv --policies streaming,quest,snap,hybrid --budgets 6,12,25,50,100
      lsfs bench kv --tasks all --lengths 1024,2048 --plot kv.svg
      lsfs bench kv --lengths 16384 --trials 8 --policies snap,hybrid
      lsfs bench kv --store lowrank --policies shadowkv
    """
    import json

    from lsfs.llm.lab import door, plot, report

    if options["plot"]:
        plot.check(Path(options["plot"]))
    asked = door.Asked(
        model=options["model"],
        policies=_names(options["policies"], door.policy_names()),
        tasks=_names(options["tasks"], door.task_names(options["xquad"])),
        lengths=_numbers(options["lengths"]),
        budgets=[number / 100 for number in _numbers(options["budgets"])],
        **{name: options[name] for name in door.PLAIN},
    )
    measured = door.measured(asked, session.note)
    if options["plot"]:
        plot.drawn(measured.rows, Path(options["plot"]))
    if session.json:
        session.print_json(measured.as_json())
        return
    for line in report.lines(measured.rows):
        click.echo(safe(line))
    for kept in measured.formats:
        click.echo(safe(json.dumps(kept)))
    sys.stdout.write(json.dumps(measured.as_json()) + "\n")


def _names(text: str, every: list[str]) -> list[str]:
    named = [name.strip() for name in text.split(",") if name.strip()]
    return every if text == ALL else list(dict.fromkeys(named))


def _numbers(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(number) for number in text.split(",")))
    except ValueError as error:
        raise UsageError(f"not numbers with commas between them: {text}") from error
