"""Manual pages, made from the commands' own help: roff with the macros of man(7)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

import lsfs
from lsfs_cli import sections

_UNWRAPPED = "\b"  # click's mark of a paragraph whose lines stay as they are


def pages(cli: click.Group) -> dict[str, str]:
    """The text of each page by the name of its file, ``lsfs.1`` first."""
    context = click.Context(cli, info_name="lsfs", resilient_parsing=True)
    return {f"{'-'.join(words)}.1": _page(words, made) for words, made in _commands(context)}


def _commands(context: click.Context) -> Iterator[tuple[list[str], click.Context]]:
    words = context.command_path.split()
    yield words, context
    if isinstance(context.command, click.Group):
        for name in sorted(context.command.list_commands(context)):
            command = context.command.get_command(context, name)
            if command is not None and not command.hidden:
                below = click.Context(command, info_name=name, parent=context)
                yield from _commands(below)


def _page(words: list[str], context: click.Context) -> str:
    command = context.command
    title, name = "-".join(words).upper(), "-".join(words)
    short = sections.first_sentence(command.get_short_help_str(limit=1000))
    lines = [
        f'.TH "{_roff(title)}" "1" "" "lsfs {lsfs.__version__}" "lsfs manual"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(short)}",
        ".SH SYNOPSIS",
        f".B {_roff(' '.join(words))}",
        _roff(" ".join(command.collect_usage_pieces(context))),
        *_described(command.help or ""),
        *_options(command, context),
    ]
    if isinstance(command, click.Group):
        lines += _below(words, command, context)
    if len(words) > 1:
        lines += [".SH SEE ALSO", f".BR {_roff('-'.join(words[:-1]))} (1)"]
    if command.epilog:
        lines += [".SH EXIT STATUS", *_paragraph(command.epilog)]
    return "\n".join(lines) + "\n"


def _described(text: str) -> Iterator[str]:
    yield ".SH DESCRIPTION"
    for part in inspect.cleandoc(text).split("\n\n"):
        if part.removeprefix(_UNWRAPPED).strip().startswith("Examples:"):
            yield ".SH EXAMPLES"
            part = f"{_UNWRAPPED}\n" + part.partition("Examples:")[2].strip("\n")
        yield from _paragraph(part)


def _paragraph(text: str) -> Iterator[str]:
    yield ".PP"
    if not text.startswith(_UNWRAPPED):
        yield _roff(" ".join(text.split()))
        return
    yield ".nf"
    for line in text.removeprefix(_UNWRAPPED).strip("\n").splitlines():
        yield _roff(line.strip())
    yield ".fi"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [
        record for one in command.get_params(context) if (record := one.get_help_record(context))
    ]
    if records:
        yield ".SH OPTIONS"
    for flags, text in records:
        yield from (".TP", f"\\fB{_roff(flags)}\\fP", _roff(" ".join(text.split())) or "\\&")


def _below(words: list[str], command: click.Group, context: click.Context) -> Iterator[str]:
    names = [name for name in command.list_commands(context)]
    is_whole = len(words) == 1
    for title, part in (sections.sections(names) if is_whole else {"Commands": names}).items():
        yield f".SH {_roff(title.upper() if is_whole else 'COMMANDS')}"
        for name in part:
            one = command.get_command(context, name)
            short = one.get_short_help_str(limit=1000) if one else ""
            yield from (".TP", f"\\fB{_roff('-'.join([*words, name]))}\\fP(1)",
                        _roff(sections.first_sentence(short)))  # fmt: skip


def _roff(text: str) -> str:
    """Text that roff takes as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    escaped = escaped.replace("``", "").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = re.sub(r"\^", r"\\(ha", escaped).replace("~", "\\(ti")
    return "\\&" + escaped if escaped.startswith(".") else escaped
