"""The methods of ``Drive`` and ``AsyncDrive``, one for each syscall.

Made from the registry when they are first looked up, so that who uses one syscall loads the modules
of one. ``methods.pyi``, which editors and type checkers read, and ``declared.py``, which says what
there is, are written by ``python -m lsfs.syscalls.methods`` and kept true by a test.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Syscall, registry

MODULES = (  # that declare syscalls
    "retrieve", "ask", "past", "compare", "files", "fsck", "purge", "log", "changes",
    "questions", "retention", "rollback", "extract", "duplicates", "group", "combined", "map",
    "join", "aggregate", "file_join", "joins_kept",
    "listing", "reading", "writing", "editing", "delete", "kv", "parse", "summarize",
    "locking", "sharing", "audit", "describe", "page_image",
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


class AsyncMethods:
    """Base of ``AsyncDrive``: every syscall as a method to be awaited."""

    async def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a syscall by name.

        Raises:
            UsageError: no such syscall, or wrong arguments.
            LsfsError: what the syscall raised.
        """
        raise AttributeError(name)  # what runs it is the drive's affair


def _method(declared: Syscall, of: type[Any]) -> Callable[..., Any]:
    def method(self: Methods, *args: Any, **kwargs: Any) -> Any:
        return self.call(declared.name, *args, **kwargs)

    async def awaited(self: AsyncMethods, *args: Any, **kwargs: Any) -> Any:
        return await self.call(declared.name, *args, **kwargs)

    made: Callable[..., Any] = method if of is Methods else awaited
    made.__name__ = declared.name
    made.__qualname__ = f"{of.__name__.replace('Methods', 'Drive')}.{declared.name}"
    made.__doc__ = declared.doc
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(declared.request)
    made.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[own, *signature.parameters.values()], return_annotation=declared.result
    )
    return made


class _Late:
    """A method that is made when it is first looked up."""

    def __init__(self, name: str, of: type[Any]) -> None:
        self._name = name
        self._of = of

    def __get__(self, drive: Any, kind: type[Any]) -> Any:
        setattr(self._of, self._name, _method(registry[self._name], self._of))
        return getattr(kind if drive is None else drive, self._name)


for _base in (Methods, AsyncMethods):
    for _name in DECLARED:
        setattr(_base, _name, _Late(_name, _base))


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
        "from collections.abc import Sequence",
        "from typing import Any",
        "",
    ]
    modules: dict[str, list[str]] = {}
    for declared in _all():
        modules.setdefault(declared.result.__module__, []).append(declared.result.__name__)
        for _, hint, _ in declared.fields():
            for part in filter(_is_value, typing.get_args(hint)):
                modules.setdefault(part.__module__, []).append(part.__name__)
    for module, names in sorted(modules.items()):
        lines.append(f"from {module} import {', '.join(sorted(set(names)))}")
    for base, word in ((Methods, "def"), (AsyncMethods, "async def")):
        lines += [
            "",
            f"class {base.__name__}:",
            f"    {word} call(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...",
        ]
        for declared in _all():
            lines += [f"    {word} {declared.name}(", "        self,"]
            lines += [f"        {_argument(entry, hint)}," for entry, hint, _ in declared.fields()]
            lines += [f"    ) -> {declared.result.__name__}: ..."]
    return "\n".join(lines) + "\n"


def _is_value(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Struct)


def _argument(entry: FieldInfo, hint: Any) -> str:
    name = hint.__name__ if typing.get_origin(hint) is None else str(hint)
    if hint == tuple[str, ...]:  # one text may be given too, which is a sequence of them already
        name = "Sequence[str]"
    for part in filter(_is_value, typing.get_args(hint)):
        name = name.replace(f"{part.__module__}.{part.__qualname__}", part.__name__)
    default = "" if entry.default is NODEFAULT else " = ..."
    return f"{entry.name}: {name}{default}"


if __name__ == "__main__":
    Path(__file__).with_suffix(".pyi").write_text(stub(), encoding="utf-8")
    Path(__file__).with_name("declared.py").write_text(outlines(), encoding="utf-8")
    sys.stdout.write("methods.pyi and declared.py are written\n")
