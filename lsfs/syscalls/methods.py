"""The methods of ``Drive``, one for each syscall.

Made from the registry when they are first looked up, so that who uses one syscall loads the modules
of one. ``methods.pyi``, which editors and type checkers read, and ``declared.py``, which says what
there is, are written by ``python -m lsfs.syscalls.methods`` and kept true by a test.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Syscall, registry

MODULES = (  # that declare syscalls
    "retrieve", "ask", "past", "compare", "files", "fsck", "purge", "log", "questions", "retention",
    "rollback", "extract", "duplicates", "group", "combined", "map", "join", "aggregate",
    "file_join", "joins_kept",
    "listing", "reading", "writing", "editing", "delete", "kv", "parse", "summarize",
    "locking", "sharing", "audit",
)  # fmt: skip


class Methods:
    """Base of ``Drive``: every syscall as a method."""

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a syscall by name.

        Raises:
            UsageError: no such syscall, or wrong arguments.
            LsfsError: what the syscall raised.
        """
        raise AttributeError(name)  # what runs it is the drive's affair


def _method(declared: Syscall) -> Callable[..., Any]:
    def method(self: Methods, *args: Any, **kwargs: Any) -> Any:
        return self.call(declared.name, *args, **kwargs)

    method.__name__ = declared.name
    method.__qualname__ = f"Drive.{declared.name}"
    method.__doc__ = declared.doc
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(declared.request)
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[own, *signature.parameters.values()], return_annotation=declared.result
    )
    return method


class _Late:
    """A method that is made when it is first looked up."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, drive: Methods | None, kind: type[Methods]) -> Any:
        method = _method(registry[self._name])
        setattr(Methods, self._name, method)
        return getattr(kind if drive is None else drive, self._name)


for _name in DECLARED:
    setattr(Methods, _name, _Late(_name))


def _all() -> list[Syscall]:
    """All syscalls, also those that ``declared.py`` does not know yet."""
    for module in MODULES:
        importlib.import_module(f"lsfs.syscalls.{module}")
    return sorted(
        registry, key=lambda one: (MODULES.index(_module(one)), one.run.__code__.co_firstlineno)
    )


_HEAD = '''"""Which syscalls there are: written by ``python -m lsfs.syscalls.methods``."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import NamedTuple


class Outline(NamedTuple):
    """What is known of a syscall whose module is not loaded: its command, its first sentence."""

    module: str
    command: str
    summary: str


DECLARED = {'''


def _module(declared: Syscall) -> str:
    return declared.run.__module__.rpartition(".")[2]


def outlines() -> str:
    """The text of ``declared.py``."""
    lines = [_HEAD]
    for one in _all():
        summary = one.doc.partition("\n\n")[0].replace("\n", " ")
        words = ", ".join(json.dumps(word) for word in (_module(one), one.command, summary))
        lines.append(f'    "{one.name}": Outline({words}),')
    return "\n".join(lines) + "\n}\n"


def stub() -> str:
    """The text of ``methods.pyi``."""
    lines = [
        '"""Written by ``python -m lsfs.syscalls.methods``."""',
        "",
        "from typing import Any",
        "",
    ]
    modules: dict[str, list[str]] = {}
    for declared in _all():
        modules.setdefault(declared.result.__module__, []).append(declared.result.__name__)
        for _, hint, _ in declared.fields():
            for part in filter(dataclasses.is_dataclass, typing.get_args(hint)):
                modules.setdefault(part.__module__, []).append(part.__name__)
    for module, names in sorted(modules.items()):
        lines.append(f"from {module} import {', '.join(sorted(set(names)))}")
    lines += [
        "",
        "class Methods:",
        "    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...",
    ]
    for declared in _all():
        lines += [f"    def {declared.name}(", "        self,"]
        lines += [f"        {_argument(entry, hint)}," for entry, hint, _ in declared.fields()]
        lines += [f"    ) -> {declared.result.__name__}: ..."]
    return "\n".join(lines) + "\n"


def _argument(entry: dataclasses.Field[Any], hint: Any) -> str:
    name = hint.__name__ if typing.get_origin(hint) is None else str(hint)
    for part in filter(dataclasses.is_dataclass, typing.get_args(hint)):
        name = name.replace(f"{part.__module__}.{part.__qualname__}", part.__name__)
    default = "" if entry.default is dataclasses.MISSING else " = ..."
    return f"{entry.name}: {name}{default}"


if __name__ == "__main__":
    Path(__file__).with_suffix(".pyi").write_text(stub(), encoding="utf-8")
    Path(__file__).with_name("declared.py").write_text(outlines(), encoding="utf-8")
    sys.stdout.write("methods.pyi and declared.py are written\n")
