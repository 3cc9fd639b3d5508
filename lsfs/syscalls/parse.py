"""A prompt as calls: what would be run for it, of which nothing is run here."""

from __future__ import annotations

import functools
import os
import shlex
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from lsfs import paths
from lsfs.errors import LsfsError, UsageError
from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, Syscall, registry

if TYPE_CHECKING:
    from lsfs.syscalls.prompt.places import Places
    from lsfs.syscalls.prompt.reader import Planned, Second
    from lsfs.syscalls.prompt.slots import Surroundings

# What a call makes, or forgets: a name that need not be that of a file that is there.
_NEW = {
    ("make_dir", "path"), ("write_file", "path"), ("copy", "destination"),
    ("move", "destination"), ("file_join", "name"), ("put", "path"),
}  # fmt: skip


_MAY_BE_PATHS = ("dir", "what")


class PlannedCall(Struct, frozen=True):
    """A call that a prompt asks for.

    Attributes:
        syscall: its name.
        arguments: by name, only those that the prompt states.
        effect: what it may do: read, write or destructive.
        command: the same as a command line, or as a call in Python where it has none.
    """

    syscall: str
    arguments: dict[str, Any]
    effect: str
    command: str


class Parsed(Struct, frozen=True):
    """What a prompt asks for.

    Attributes:
        prompt: as it was given.
        calls: in their order; none where it is not clear, or cannot be done.
        by: what read it: "rules" or "model"; "" where there are no calls.
        unclear: why there are none.
        choices: the files that a name in it may mean, where there are several.
    """

    prompt: str
    calls: tuple[PlannedCall, ...]
    by: str = ""
    unclear: str = ""
    choices: tuple[str, ...] = ()


class ParseRequest(Struct, frozen=True):
    """What was said."""

    prompt: Annotated[str, Param("what to do, in words", words=True)]


class _Names:
    """The names of one drive; read when one is asked for."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @functools.cached_property
    def _there(self) -> Places:
        from lsfs.syscalls.prompt.places import Places

        catalog = self._call.engines.catalog
        with catalog.lock:
            rows = catalog.db.execute("SELECT path FROM file").fetchall()
        return Places(os.fsdecode(raw) for (raw,) in rows)

    @functools.cached_property
    def _gone(self) -> Places:
        from lsfs.syscalls.prompt.places import Places

        return Places(os.fsdecode(row.path) for row in self._call.engines.past.trash(""))

    def exists(self, path: str) -> bool:
        """Whether something stands at a path."""
        try:
            within = paths.relative(path)
        except LsfsError:  # it leads out of the drive
            return False
        return bool(within) and os.path.lexists(self._call.engines.source / within)

    def found(self, name: str) -> list[str]:
        """The paths that a name may mean; of the trash when there is none else."""
        paths = [path for path in self._there.found(name) if self.exists(path)]
        return paths or self._gone.found(name)

    def surroundings(self) -> Surroundings:
        """What reading a prompt may look at."""
        from lsfs.syscalls.prompt.slots import Surroundings

        return Surroundings(
            {}, functools.cache(self._is_moment), self._is_there, self._is_folder,
            self._is_removed,
        )  # fmt: skip

    def _is_there(self, name: str) -> bool:
        return self._there.is_there(name) or self.exists(name)

    def _is_folder(self, name: str) -> bool:
        return self._there.is_folder(name) or (
            self.exists(name) and (self._call.engines.source / name).is_dir()
        )

    def _is_moment(self, text: str) -> bool:
        from lsfs.syscalls.past import when

        try:
            when(self._call, text)
        except UsageError:
            return False
        return True

    def _is_removed(self, name: str) -> bool:
        here = self.exists(name) or any(map(self.exists, self._there.found(name)))
        return not here and self._gone.is_there(name)


@registry.syscall(
    command="parse",
    examples=(
        "lsfs parse roll back report.txt to the version from yesterday",
        "lsfs parse 'make a folder Taxes and move taxes.pdf into it' --json",
    ),
)
def parse(call: Call, request: ParseRequest) -> Parsed:
    """Say which calls a prompt asks for; ``lsfs do`` runs them.

    By rules, so that the same words always mean the same. What they do not know, the language model
    may propose where ``model.prompts`` says so; rules check that, and it never removes anything. A
    file that is named without its folder is found, if there is only one of that name.
    """
    from lsfs.syscalls.prompt.reader import PromptReader

    names = _Names(call)
    reading = PromptReader(names.surroundings(), _second(call)).read(request.prompt)
    calls = []
    for planned in reading.calls:
        if planned.syscall not in DECLARED:
            return Parsed(request.prompt, (), unclear="lsfs has nothing that does this")
        declared = registry[planned.syscall]
        arguments, choices = _located(declared, planned, names)
        if choices:
            why = f"{len(choices)} files are called so; name the one by its path"
            return Parsed(request.prompt, (), unclear=why, choices=tuple(choices))
        try:
            declared.bind((), arguments)
        except UsageError as error:
            return Parsed(request.prompt, (), unclear=error.message)
        effect = declared.effect_of(declared.bind((), arguments)).value
        calls.append(
            PlannedCall(planned.syscall, arguments, effect, command_of(declared, arguments))
        )
    by = reading.by if calls else ""
    return Parsed(request.prompt, tuple(calls), by=by, unclear=reading.unclear)


def _second(call: Call) -> Second | None:
    """A second reading by the language model, where the settings want one."""
    from lsfs.syscalls.prompt.second import proposed

    chat, settings = call.engines.chat, call.engines.config.model
    is_wanted = settings.prompts == "on" or (
        settings.prompts == "auto" and settings.chat != "default"
    )
    if chat is None or not is_wanted:
        return None
    return functools.partial(proposed, model=chat, cancel=call.cancelled)


def _located(
    declared: Syscall, planned: Planned, names: _Names
) -> tuple[dict[str, Any], list[str]]:
    """The arguments with whole paths; or the paths that one of them may mean."""
    arguments = dict(planned.arguments)
    for entry, _, param in declared.fields():
        value = arguments.get(entry.name)
        is_path = param.path or entry.name in _MAY_BE_PATHS
        if not value or not is_path or (planned.syscall, entry.name) in _NEW:
            continue
        located = []
        for one in [value] if isinstance(value, str) else value:
            found = [one] if names.exists(one) else names.found(one)
            if len(found) > 1:
                return arguments, found
            located.append(found[0] if found else one)
        arguments[entry.name] = located[0] if isinstance(value, str) else located
    return arguments, []


def command_of(declared: Syscall, arguments: dict[str, Any]) -> str:
    """A call as a person would type it.

    Args:
        declared: what is called.
        arguments: by name.
    """
    if not declared.command:
        inner = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        return f"{declared.name}({inner})"
    words = ["lsfs", *declared.command.split()]
    options: list[str] = []
    for entry, _, _ in declared.fields():
        value = arguments.get(entry.name)
        if value is None or value is False:
            continue
        many = [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
        if entry.name in declared.positionals:
            words += many
        elif value is True:
            options.append(f"--{entry.name.rstrip('_').replace('_', '-')}")
        else:
            flag = f"--{entry.name.rstrip('_').replace('_', '-')}"
            options += [part for one in many for part in (flag, one)]
    return shlex.join([*words, *options])
