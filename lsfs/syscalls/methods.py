"""The methods of ``Drive``, one for each syscall.

Made at run time from the registry; ``methods.pyi``, which editors and type checkers read, is
written by ``python -m lsfs.syscalls.methods`` and kept true by a test.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsfs.syscalls import (  # noqa: F401 - declared on import
    ask,
    compare,
    files,
    fsck,
    log,
    past,
    questions,
    retention,
    retrieve,
    rollback,
)
from lsfs.syscalls.registry import Syscall, registry


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


for _declared in registry:
    setattr(Methods, _declared.name, _method(_declared))


def stub() -> str:
    """The text of ``methods.pyi``."""
    lines = [
        '"""Written by ``python -m lsfs.syscalls.methods``."""',
        "",
        "from typing import Any",
        "",
    ]
    modules: dict[str, list[str]] = {}
    for declared in registry:
        modules.setdefault(declared.result.__module__, []).append(declared.result.__name__)
    for module, names in sorted(modules.items()):
        lines.append(f"from {module} import {', '.join(sorted(set(names)))}")
    lines += [
        "",
        "class Methods:",
        "    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...",
    ]
    for declared in registry:
        lines += [f"    def {declared.name}(", "        self,"]
        lines += [f"        {_argument(entry, hint)}," for entry, hint, _ in declared.fields()]
        lines += [f"    ) -> {declared.result.__name__}: ..."]
    return "\n".join(lines) + "\n"


def _argument(entry: dataclasses.Field[Any], hint: Any) -> str:
    name = hint.__name__ if typing.get_origin(hint) is None else str(hint)
    default = "" if entry.default is dataclasses.MISSING else " = ..."
    return f"{entry.name}: {name}{default}"


if __name__ == "__main__":
    Path(__file__).with_suffix(".pyi").write_text(stub(), encoding="utf-8")
    sys.stdout.write("methods.pyi is written\n")
