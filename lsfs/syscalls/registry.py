"""The one place where an operation of the system is declared.

A syscall is a function ``(Call, Request) -> Result`` with typed, frozen values on both sides. From
its declaration come the method of ``Drive``, the command of the command line, the request that a
daemon understands, and the JSON schema; nothing about it is written down twice.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import os
import typing
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import FieldInfo, fields

from lsfs import codec
from lsfs.errors import UsageError
from lsfs.syscalls.declared import DECLARED, Outline

Request = TypeVar("Request")
Result = TypeVar("Result")


class Effect(StrEnum):
    """What a syscall may change: nothing, files or what is kept about them, or beyond recall."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Param(Struct, frozen=True):
    """What a person needs to know of one field of a request.

    Attributes:
        help: one line for help texts and schemas.
        flags: command line spellings beside ``--field-name``.
        choices: the values that are allowed; empty allows any of the type.
        hidden: not an option of the command line.
        path: names a file of the drive; the command line also takes it relative to where one is.
        words: a phrase; the command line joins its words, so that it needs no quotes.
        positional: the command line takes it without a name though it may be left out.
        session: names who calls. When it is left out, the command line fills in its terminal, and
            a ``Drive`` itself.
        local: names a file of this machine, relative to where the caller is.
    """

    help: str
    flags: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    hidden: bool = False
    path: bool = False
    words: bool = False
    positional: bool = False
    session: bool = False
    local: bool = False


class Tool(Struct, frozen=True):
    """How agents are offered a syscall, over the Model Context Protocol.

    Attributes:
        name: the tool; a syscall may be several, with other defaults.
        doc: what it does; "" takes the first paragraph of the syscall's docstring.
        leaves_out: fields of the request that agents cannot set.
        fill: fields that the server sets, whatever was asked.
        camel: arguments are spelled as in ``excludePatterns``.
        idempotent: doing it twice is doing it once; None for what only reads.
        destructive: it may replace or remove what is there.
        by_plan: the first call only says what would be done; the digest that it gives has it done.
        requires: fields that agents have to give though others may leave them out.
    """

    name: str
    doc: str = ""
    leaves_out: tuple[str, ...] = ()
    fill: Mapping[str, Any] = field(default_factory=dict)
    camel: bool = False
    idempotent: bool | None = None
    destructive: bool | None = None
    by_plan: bool = False
    requires: tuple[str, ...] = ()


class Syscall(Struct, frozen=True):
    """A declared operation.

    Attributes:
        name: its name in Python, in requests and in schemas.
        command: its name on the command line; "" when it has none.
        effect: what it may do.
        request, result: the types of both sides.
        run: what it does.
        examples: command lines for the help.
        streams: whether it emits events before its result.
        writes_with: a field of the request that makes a call of one that reads write; "" for none.
        tools: how agents are offered it; none are not.
    """

    name: str
    command: str
    effect: Effect
    request: type[Any]
    result: type[Any]
    run: Callable[[Any, Any], Any]
    examples: tuple[str, ...] = ()
    streams: bool = False
    writes_with: str = ""
    tools: tuple[Tool, ...] = ()

    def effect_of(self, request: Any) -> Effect:
        """What a call with this request may change."""
        if self.writes_with and getattr(request, self.writes_with):
            return Effect.WRITE
        return self.effect

    @property
    def doc(self) -> str:
        """What it does, for a person."""
        return inspect.cleandoc(self.run.__doc__ or "")

    def fields(self) -> list[tuple[FieldInfo, Any, Param]]:
        """Fields of the request with their type and description."""
        return _fields(typing.cast(Hashable, self.request))

    @property
    def positionals(self) -> frozenset[str]:
        """Fields that the command line takes without a name."""
        return frozenset(
            entry.name for entry, _, param in self.fields() if param.positional or entry.required
        )

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A checked request from a call's arguments.

        Raises:
            UsageError: an argument is missing, unknown (the nearest is named), given twice, or of
                the wrong type.
        """
        names = self.request.__struct_fields__
        if len(args) > len(names):
            raise UsageError(f"{self.name} takes at most {len(names)} arguments")
        values = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
                known = f"did you mean {near[0]!r}?" if near else f"it takes: {', '.join(names)}"
                raise UsageError(f"{self.name} has no argument {name!r}", hint=known)
            if name in values:
                raise UsageError(f"{self.name} got {name!r} twice")
            values[name] = value
        for entry, _, _ in self.fields():
            if entry.required and entry.name not in values:
                raise UsageError(f"{self.name} needs {entry.name!r}")
        several = {entry.name for entry, hint, _ in self.fields() if hint == tuple[str, ...]}
        plain = {name: _plain(value, name in several) for name, value in values.items()}
        request = codec.from_builtins(plain, self.request)
        self._check_choices(request)
        return request

    def _check_choices(self, request: Any) -> None:
        for entry, _, param in self.fields():
            value = getattr(request, entry.name)
            if param.choices and value not in param.choices:
                raise UsageError(
                    f"{self.name}: {entry.name} cannot be {value!r}",
                    hint=f"use one of: {', '.join(param.choices)}",
                )

    def schema(self) -> dict[str, Any]:
        """JSON schemas of request and result, for agents and for constrained decoding."""
        return {
            "name": self.name,
            "description": self.doc,
            "effect": self.effect.value,
            "request": codec.schema(self.request),
            "result": codec.schema(self.result),
        }


class Registry:
    """All syscalls by name.

    Args:
        outlines: syscalls whose modules are loaded when they are asked for.
    """

    def __init__(self, outlines: Mapping[str, Outline] | None = None) -> None:
        self._outlines = outlines or {}
        self._syscalls: dict[str, Syscall] = {}

    def __iter__(self) -> typing.Iterator[Syscall]:
        for name in self._outlines:
            self._load(name)
        return iter(self._syscalls.values())

    def _load(self, name: str) -> None:
        if name not in self._syscalls and name in self._outlines:
            importlib.import_module(f"lsfs.syscalls.{self._outlines[name].module}")

    def __getitem__(self, name: str) -> Syscall:
        """The syscall of this name.

        Raises:
            UsageError: there is none; the nearest is named.
        """
        self._load(name)
        if name in self._syscalls:
            return self._syscalls[name]
        near = difflib.get_close_matches(name, {**self._outlines, **self._syscalls}, n=1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"no syscall {name!r}", hint=hint)

    def syscall(
        self,
        *,
        effect: Effect = Effect.READ,
        command: str = "",
        examples: tuple[str, ...] = (),
        streams: bool = False,
        writes_with: str = "",
        tools: tuple[Tool, ...] = (),
    ) -> Callable[[Callable[[Any, Request], Result]], Callable[[Any, Request], Result]]:
        """Declare the decorated function as a syscall named after it."""

        def declare(run: Callable[[Any, Request], Result]) -> Callable[[Any, Request], Result]:
            hints = typing.get_type_hints(run)
            request = hints[list(inspect.signature(run).parameters)[1]]
            name = run.__name__
            hints["return"]._repr_html_ = _html
            self._syscalls[name] = Syscall(
                name, command, effect, request, hints["return"], run, examples, streams,
                writes_with, tools,
            )  # fmt: skip
            return run

        return declare


def _plain(value: Any, is_several: bool) -> Any:
    """A value that may be given in other ways: a path as an object, one text where several may."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return (value,) if is_several and isinstance(value, str) else value


def _html(result: Any) -> str:
    """A result as notebooks show it."""
    from lsfs.notebook import html

    return html(result)


@functools.cache  # each call of a syscall looks at them, and they take longer than most calls
def _fields(request: Any) -> list[tuple[FieldInfo, Any, Param]]:
    found = []
    for entry in fields(request):
        hint = entry.type
        extras = typing.get_args(hint)[1:] if _annotated(hint) else ()
        param = next((e for e in extras if isinstance(e, Param)), Param(""))
        found.append((entry, typing.get_args(hint)[0] if _annotated(hint) else hint, param))
    return found


def _annotated(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Annotated


registry = Registry(DECLARED)
