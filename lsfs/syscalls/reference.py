"""docs/reference.md: all syscalls with their arguments, written by this module from the registry.

    python -m lsfs.syscalls.reference

A test keeps the page true.
"""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Syscall, registry

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
_HEAD = """# Reference

Written by `python -m lsfs.syscalls.reference` from the declarations; do not edit.

Each operation is one declaration, which gives a method of `lsfs.Drive`, a command of `lsfs`, a tool
of the MCP server and a request of the daemon. *Effect*: `read` changes nothing; `write` changes
files or what is kept about them, and can be undone; `destructive` is shown as a plan first and done
when the plan is confirmed. On the command line an argument is an option of the same name with
dashes (`--not-type`), unless its name stands in the usage line.

"""


def page() -> str:
    """The text of the page."""
    declared = [registry[name] for name in DECLARED]  # whichever are loaded already
    rows = [
        f"| [`{one.name}`](#{one.name}) | {_command(one)} | {one.effect} | {_first(one.doc)} |"
        for one in declared
    ]
    table = ["| Python | command | effect | what |", "|---|---|---|---|", *rows]
    return _HEAD + "\n".join(table) + "\n\n" + "\n".join(map(_section, declared))


def _command(one: Syscall) -> str:
    return f"`lsfs {one.command}`" if one.command else ""


def _first(doc: str) -> str:
    sentence = doc.partition("\n\n")[0].replace("\n", " ")
    return sentence.replace("``", "`").replace("|", "\\|")


def _section(one: Syscall) -> str:
    known = [f"effect `{one.effect}`"]
    if one.writes_with:
        known.append(f"`write` with `{one.writes_with}`")
    if one.command:
        names = (entry.name for entry, _, _ in one.fields() if entry.name in one.positionals)
        known.insert(0, f"`lsfs {' '.join([one.command, *map(str.upper, names)])}`")
    if one.tools:
        known.append("MCP: " + ", ".join(f"`{tool.name}`" for tool in one.tools))
    lines = [f"## {one.name}", "", " · ".join(known), "", one.doc.replace("``", "`"), ""]
    if one.fields():
        lines += ["| argument | type | default | |", "|---|---|---|---|"]
        lines += [_argument(*field) for field in one.fields()]
        lines.append("")
    lines += [f"Gives `{one.result.__name__}`: {_shape(one.result)}", ""]
    if one.examples:
        lines += ["```console", *(f"$ {line}" for line in one.examples), "```", ""]
    return "\n".join(lines)


def _argument(entry: FieldInfo, hint: Any, param: Any) -> str:
    default = "needed" if entry.required else f"`{_default(entry)}`"
    choices = f"; one of {', '.join(f'`{c}`' for c in param.choices if c)}" if param.choices else ""
    told = (param.help + choices).replace("|", "\\|")
    return f"| `{entry.name}` | {_type(hint)} | {default} | {told} |"


def _default(entry: FieldInfo) -> str:
    if entry.default is NODEFAULT and callable(entry.default_factory):
        return repr(entry.default_factory())
    return repr(entry.default)


def _type(hint: Any) -> str:
    if typing.get_origin(hint) is None:
        return f"`{getattr(hint, '__name__', hint)}`"
    name = str(hint)
    for part in typing.get_args(hint):
        if isinstance(part, type) and issubclass(part, Struct):
            name = name.replace(f"{part.__module__}.{part.__qualname__}", part.__name__)
    return f"`{name.replace('typing.', '')}`".replace("|", "\\|")


def _shape(result: Any) -> str:
    if not issubclass(result, Struct):
        return "see its docstring."
    return ", ".join(f"`{name}`" for name in result.__struct_fields__) + "."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is written\n")
