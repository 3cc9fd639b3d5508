"""Long results on a terminal go through a pager, as those of git and man do."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

from lsfs_cli.paper import plain


@contextlib.contextmanager
def paged(*, wanted: bool = True) -> Iterator[None]:
    """What the block prints goes through a pager, when it is long and for a terminal.

    ``LSFS_PAGER``, else ``PAGER``, else ``less`` is the pager; empty, or ``cat``: none.
    """
    pager = _pager() if wanted and sys.stdout.isatty() else []
    if not pager:
        yield
        return
    terminal, held = sys.stdout, _Held()
    sys.stdout = held
    try:
        yield
    finally:
        sys.stdout = terminal
        _give_out(held.getvalue(), pager)


class _Held(io.StringIO):
    """Output that is held back, and is for a terminal all the same."""

    def isatty(self) -> bool:
        """It is for one."""
        return True


def _pager() -> list[str]:
    for name in ("LSFS_PAGER", "PAGER"):
        if name in os.environ:
            words = shlex.split(os.environ[name])
            return words if words and words != ["cat"] and shutil.which(words[0]) else []
    return ["less"] if shutil.which("less") else []


def _give_out(text: str, pager: list[str]) -> None:
    columns, rows = shutil.get_terminal_size()
    lines = sum(1 + max(0, len(plain(line)) - 1) // columns for line in text.splitlines())
    if lines < rows:
        sys.stdout.write(text)
        return
    # As git has it: colours are kept, and a text of one screen is left on it.
    environment = {"LESS": "FRX", **os.environ}
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # left before the end
        subprocess.run(  # noqa: S603 - the user's own pager
            pager, input=text.encode("utf-8", "replace"), env=environment, check=False
        )
