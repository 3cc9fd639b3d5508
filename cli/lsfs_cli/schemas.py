"""JSON schemas of what the commands print with ``--json``, made from the types of their results."""

from __future__ import annotations

import typing
from typing import Any

from msgspec import Struct

from lsfs import codec
from lsfs.index.library.told import Compacted, LibraryReport
from lsfs.syscalls.bulk import Put
from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.parse import Parsed
from lsfs.syscalls.registry import registry
from lsfs.syscalls.sharing import SharedLink, SharedLinks
from lsfs_cli import told
from lsfs_cli.session import SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Commands that print JSON whether it is asked for or not, or none at all.
UNDESCRIBED = frozenset({"completion", "schema"})


class Did(Parsed, frozen=True):
    """A prompt as it was read, and the results of its calls, when they were run."""

    results: tuple[dict[str, Any], ...] = ()


class Fault(Struct, frozen=True):
    """What went wrong: a stable name, what happened, and what can be done."""

    code: str
    message: str
    hint: str


class Failed(Struct, frozen=True):
    """What any command prints when it fails."""

    error: Fault


_OWN: dict[str, Any] = {
    "aios": told.Served, "bench kv": told.Measured, "config get": told.Settings,
    "config list": told.Settings, "config set": told.Settings, "do": Did, "doctor": told.Checks,
    "index": registry["status"].result | told.WouldIndex | Put, "init": told.Initialised,
    "library check": LibraryReport, "library compact": Compacted, "man": told.Manual,
    "mcp": told.Served, "member add": told.MemberAdded, "member list": told.MembersListed,
    "member remove": told.MemberRemoved, "model list": told.Models,
    "model pull": told.ModelPulled, "model recommend": told.ModelsAdvised,
    "model remove": told.ModelRemoved, "model use": told.ModelsUsed, "mount": told.Mounted,
    "serve": told.Served, "share": SharedLink | SharedLinks | told.Served, "trust": told.Trusted,
    "umount": told.Unmounted, "unit": told.Unit,
}  # fmt: skip
_LIKE = {"cat": "read", "map": "map_files"}  # syscalls whose results they print


def results() -> dict[str, Any]:
    """The type of what each command prints, or several, by the words that it is called by."""
    syscalls = {one.command: registry[name].result for name, one in DECLARED.items() if one.command}
    like = {command: registry[name].result for command, name in _LIKE.items()}
    return dict(sorted({**syscalls, **like, **_OWN}.items()))


def of(command: str) -> dict[str, Any]:
    """The JSON schema of what a command prints: its result, or an error."""
    kinds = typing.get_args(found := results()[command]) or (found,)
    made = [codec.schema(kind) for kind in (*kinds, Failed)]
    return {
        "$schema": DIALECT,
        "title": f"lsfs {command} --json",
        "type": "object",
        "properties": {"schema": {"const": SCHEMA}},
        "required": ["schema"],
        "anyOf": [{"$ref": one["$ref"]} for one in made],
        "$defs": {name: shape for one in made for name, shape in one["$defs"].items()},
    }
