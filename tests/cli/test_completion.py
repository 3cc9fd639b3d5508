"""Completion in the shells themselves, those that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASH = r"""
source <(lsfs completion bash)
complete_() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); compopt() { :; }
              _lsfs_completion lsfs; echo "${COMPREPLY[*]}"; }
complete_ lsfs sea
complete_ lsfs trash re
complete_ lsfs search --mo
complete_ lsfs search rent --mode key
"""
FISH = """
lsfs completion fish | source
complete -C "lsfs sea"
complete -C "lsfs trash re"
complete -C "lsfs search --mo"
complete -C "lsfs search rent --mode key"
"""
# What zsh itself would offer: its own function is called, and what it would add is printed.
ZSH = """
compdef() { :; }
_describe() { local name=$3; echo ${(P)name}; }
compadd() { local name=${@[-1]}; echo ${(P)name}; }
source <(lsfs completion zsh)
run_() { words=("$@"); CURRENT=$#words; _lsfs_completion lsfs; }
run_ lsfs sea
run_ lsfs trash re
run_ lsfs search --mo
run_ lsfs search rent --mode key
"""


@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("fish", FISH), ("zsh", ZSH)])
def test_shells_complete(shell: str, script: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "lsfs"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m lsfs_cli "$@"\n')
    command.chmod(0o755)
    roots = os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli"))
    environment = {
        **os.environ,
        "PYTHONPATH": roots,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    options = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}[shell]
    done = subprocess.run(
        [shell, *options, "-c", script],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 4, done
    for line, word in zip(lines, ("search", "restore", "--mode", "keyword"), strict=True):
        assert word in line
    assert done.stderr == ""
