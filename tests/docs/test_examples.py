"""What the documents show works: the tutorial is run, every other command is at least one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lsfs.syscalls import reference
from lsfs_cli.main import cli
from tests.docs.console import ROOT, differs, shown

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENDS = ("|", ">", "<", "&&", ";", "#")


def test_the_reference_is_current() -> None:
    assert reference.PAGE.read_text("utf-8") == reference.page(), (
        "run: python -m lsfs.syscalls.reference"
    )


def words_of(command: str) -> list[list[str]]:
    """The ``lsfs`` commands of a line of the shell, without redirections and comments."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in ENDS:
            found.append([])
        else:
            found[-1].append(word)
    return [words[1:] for words in found if words[:1] == ["lsfs"]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    for one in shown(page):
        if "…" in one.command or "[" in one.command:
            continue
        for words in words_of(one.command):
            check(cli, words, one.command)


def check(group: click.Command, words: list[str], line: str) -> None:
    """Parse words as a command line would be, without running anything."""
    command, name, rest = group, "lsfs", words
    parent: click.Context | None = None
    while isinstance(command, click.Group):
        context = command.make_context(name, list(rest), parent=parent, resilient_parsing=False)
        names = [*getattr(context, "_protected_args", ()), *context.args]
        if not names:
            return
        found = command.get_command(context, names[0])
        assert found is not None, f"no command {names[0]!r}: {line}"
        command, name, rest, parent = found, names[0], names[1:], context
    command.make_context(name, list(rest), parent=parent)


@pytest.mark.skipif(not os.access("/dev/fuse", os.W_OK), reason="nothing can be mounted here")
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "lsfs"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lsfs_cli "$@"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    away = {name for name in os.environ if name.startswith(("LSFS_", "XDG_"))}
    env = {name: value for name, value in os.environ.items() if name not in away}
    env |= {
        "HOME": str(home),
        "PATH": f"{program.parent}:{Path(sys.executable).parent}:{env['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "parsers"), str(ROOT / "cli")]),
        "LC_ALL": "C.UTF-8",
        "QUOTING_STYLE": "shell-escape",
    }
    folder = str(ROOT)
    try:
        for one in shown(ROOT / "docs/tutorial.md"):
            script = f"{one.command}\ncode=$?\npwd >&3\nexit $code"
            with (tmp_path / "pwd").open("wb") as where:
                done = subprocess.run(
                    ["bash", "-c", f"exec 3>&{where.fileno()}\n{script}"],
                    cwd=folder, env=env, pass_fds=[where.fileno()], stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180,
                )  # fmt: skip
            folder = (tmp_path / "pwd").read_text().strip()
            assert done.returncode in (0, 1), f"{one.command}: {done.stdout}"
            problem = differs(one.lines, done.stdout)
            assert not problem, f"{one.command}: {problem}"
    finally:
        subprocess.run(
            [program, "umount", home / "Drive"], cwd="/", env=env, capture_output=True, timeout=60
        )
