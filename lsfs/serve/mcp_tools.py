"""The tools that agents are offered, made from the syscalls: schemas, arguments, hints."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs import codec
from lsfs.drives import DriveRecord
from lsfs.errors import AccessDenied, UsageError
from lsfs.serve.mcp_names import decoded
from lsfs.serve.mcp_text import FORMS
from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Effect, Syscall, Tool, registry

CURSOR = {"type": "string", "description": "go on where an answer was cut: its `next`"}
_FOLDERS = frozenset({"dir"})  # fields that name a folder, beside those that are paths


class Offered(Struct, frozen=True):
    """A syscall as one tool."""

    tool: Tool
    syscall: Syscall

    @property
    def description(self) -> str:
        """What it does, in a few lines."""
        return self.tool.doc or self.syscall.doc.partition("\n\n")[0].replace("\n", " ")

    @property
    def is_paged(self) -> bool:
        """Whether the server cuts its results, and goes on with a cursor of its own."""
        return FORMS[self.tool.name].is_paged

    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        raw = codec.schema(self.syscall.request)
        definitions = raw["$defs"]
        shape = definitions[raw["$ref"].rpartition("/")[2]]
        properties: dict[str, Any] = {}
        for entry, _, param in self.syscall.fields():
            if entry.name in self.tool.leaves_out or (param.hidden and not self.tool.by_plan):
                continue
            known = _plain(shape["properties"][entry.name], definitions, camel=self.tool.camel)
            known["description"] = param.help
            if param.choices:
                known["enum"] = list(param.choices)
            properties[self._spelled(entry.name)] = known
        if self.is_paged:
            properties["cursor"] = CURSOR
        named = (*shape.get("required", ()), *self.tool.requires)
        required = [self._spelled(name) for name in named]
        made: dict[str, Any] = {"type": "object", "properties": properties}
        return {**made, "required": required} if required else made

    def arguments(self, given: Mapping[str, Any], drive: Paths) -> tuple[dict[str, Any], int]:
        """Arguments of the syscall, and how many items of its result were shown already.

        Raises:
            UsageError: one is unknown (the nearest is named), or the cursor is none.
            AccessDenied: a path lies outside of the drive.
        """
        schema = self.schema()["properties"]
        values = dict(given)
        for name in values:
            if name not in schema:
                near = difflib.get_close_matches(name, schema, n=1, cutoff=0.5)
                known = f"did you mean {near[0]!r}?" if near else f"it takes: {', '.join(schema)}"
                raise UsageError(f"{self.tool.name} has no argument {name!r}", hint=known)
        begin = _cursor(values.pop("cursor", "")) if self.is_paged else 0
        if self.tool.camel:
            values = _snake(values)
        values = {name: value for name, value in values.items() if value is not None}
        missing = [name for name in self.tool.requires if not values.get(name)]
        if missing:
            raise UsageError(f"{self.tool.name} needs {missing[0]!r}")
        for entry, _, param in self.syscall.fields():
            if (param.path or entry.name in _FOLDERS) and entry.name in values:
                values[entry.name] = drive.within(values[entry.name])
        values |= self.tool.fill
        if self.tool.by_plan:
            values["dry_run"] = not values.get("apply")
        return values, begin

    def _spelled(self, name: str) -> str:
        return _camel(name) if self.tool.camel else name


def offered(*, allow_write: bool) -> dict[str, Offered]:
    """The tools by name.

    Args:
        allow_write: also those that change something.
    """
    return {
        tool.name: Offered(tool, declared)
        for declared in registry
        for tool in declared.tools
        if allow_write or declared.effect is Effect.READ
    }


def check(one: Offered, arguments: Mapping[str, Any], *, allow_write: bool) -> None:
    """Refuse a call that would change something where nothing may be changed.

    Raises:
        AccessDenied: it would.
    """
    request = one.syscall.bind((), arguments)
    if one.syscall.effect_of(request) is not Effect.READ and not allow_write:
        raise AccessDenied(f"{one.tool.name} changes files, and this server only reads")


def in_tools(hint: str) -> str:
    """A hint for the command line in the words of an agent, who has tools."""

    def named(match: re.Match[str]) -> str:
        command = match[1]
        found = (key for key, one in DECLARED.items() if one.command == command)
        tools = [tool.name for key in found for tool in registry[key].tools]
        return tools[0] if tools else match[0]

    return re.sub(r"\blsfs ([a-z][a-z-]*)", named, hint)


class Paths:
    """What agents call files: relative to the drive, or in full as the system does.

    Args:
        record: the drive.
    """

    def __init__(self, record: DriveRecord) -> None:
        self._record = record

    @property
    def folders(self) -> list[Path]:
        """The folders that stand for the drive: its source, and where it is mounted."""
        mountpoint = self._record.mount_info().get("mountpoint")
        return [self._record.source, *([Path(mountpoint)] if mountpoint else [])]

    def within(self, path: Any) -> Any:
        """A path, or several, relative to the drive.

        Raises:
            AccessDenied: it lies outside.
        """
        if isinstance(path, list | tuple):
            return [self.within(one) for one in path]
        if not isinstance(path, str):
            return path  # what it is to be is said where all arguments are checked
        text = os.path.expanduser(path) if path.startswith("~") else path  # noqa: PTH111
        text = os.path.normpath(decoded(text)) if text else ""
        if text.startswith("/"):
            for folder in self.folders:
                if Path(text).is_relative_to(folder):
                    return Path(text).relative_to(folder).as_posix()
        if text.startswith(("/", "../")) or text == "..":
            allowed = ", ".join(map(str, self.folders))
            raise AccessDenied(
                f"{path!r} lies outside of the drive ({allowed})",
                hint="give it relative to the drive, as in 'Contracts/lease.pdf'",
            )
        return "" if text == "." else text


def _cursor(text: Any) -> int:
    if text in ("", None):
        return 0
    if not (isinstance(text, str) and text.isdecimal()):
        raise UsageError("not a cursor", hint="give back what an answer gave as `next`")
    return int(text)


def _plain(shape: Mapping[str, Any], definitions: Mapping[str, Any], *, camel: bool) -> Any:
    """A schema without references, titles and empty defaults."""
    if "$ref" in shape:
        return _plain(definitions[shape["$ref"].rpartition("/")[2]], definitions, camel=camel)
    made: dict[str, Any] = {}
    for key, value in shape.items():
        if key in ("title", "description") or (
            key == "default" and value in ("", 0, False, [], ())
        ):
            continue
        if key == "properties":
            made[key] = {
                _camel(name) if camel else name: _plain(one, definitions, camel=camel)
                for name, one in value.items()
            }
        elif key == "required" and camel:
            made[key] = [_camel(name) for name in value]
        else:
            made[key] = _plain(value, definitions, camel=camel) if key == "items" else value
    return made


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _snake(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {re.sub(r"[A-Z]", _lower, key): _snake(one) for key, one in value.items()}
    return [_snake(one) for one in value] if isinstance(value, list) else value


def _lower(match: re.Match[str]) -> str:
    return "_" + match[0].lower()
