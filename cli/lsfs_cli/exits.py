"""What a result means to a shell: 0 something was found, 1 nothing was."""

from __future__ import annotations

import functools
from typing import Any

from lsfs.syscalls.ask import Answer
from lsfs.syscalls.files import Waited
from lsfs.syscalls.fsck import Checked
from lsfs.syscalls.retrieve import Hits, Matches


@functools.singledispatch
def exit_code(result: Any) -> int:
    """The exit code of a result; a result that is no search is always 0."""
    return 0


@exit_code.register
def _(result: Hits) -> int:
    return 0 if result.hits else 1


@exit_code.register
def _(result: Matches) -> int:
    return 0 if result.matches else 1


@exit_code.register
def _(result: Answer) -> int:
    return 0 if result.grounded or result.by == "plan" else 1


@exit_code.register
def _(result: Waited) -> int:
    return 0 if result.done else 1


@exit_code.register
def _(result: Checked) -> int:
    return 0 if all(problem.repaired for problem in result.problems) else 40
