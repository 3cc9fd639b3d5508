"""Runs ``lsfs`` as a shell would: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lsfs_cli.main import main

ROOTS = [Path(__file__).resolve().parents[1] / part for part in (".", "parsers", "cli")]
Done = subprocess.CompletedProcess[str]


def apart(*arguments: str, cwd: Path | None = None, **variables: str) -> Done:
    """Run the command in a process of its own, without a language model."""
    own = {"PYTHONPATH": os.pathsep.join(map(str, ROOTS)), "LSFS_MODEL_CHAT": "none"}
    return subprocess.run(
        [sys.executable, "-m", "lsfs_cli", *arguments],
        cwd=cwd, env={**os.environ, **own, **variables}, capture_output=True, text=True,
        check=False, errors="surrogateescape",
    )  # fmt: skip


def lsfs(*arguments: str, cwd: Path | None = None, **variables: str) -> Done:
    """Run the command in this process, without a language model."""
    own = {"LSFS_MODEL_CHAT": "none", **variables}
    words = ["lsfs", *arguments]
    with contextlib.ExitStack() as stack:
        out, err, nothing = (stack.enter_context(_stream()) for _ in range(3))
        stack.enter_context(mock.patch.dict(os.environ, own))
        stack.enter_context(
            mock.patch.multiple(sys, argv=words, stdin=nothing, stdout=out, stderr=err)
        )
        stack.enter_context(mock.patch.object(logging.root, "handlers", []))
        for logger in (logging.root, logging.getLogger("lsfs.config")):
            stack.callback(logger.setLevel, logger.level)
        stack.enter_context(contextlib.chdir(cwd or "."))
        try:
            main()
        except SystemExit as ended:
            assert isinstance(ended.code, int)
            return subprocess.CompletedProcess(words, ended.code, _text(out), _text(err))
    raise AssertionError("main() always ends with a code")


@contextlib.contextmanager
def _stream() -> Iterator[io.TextIOWrapper]:
    """An empty file, as which a pipe is to a command: no terminal."""
    with tempfile.TemporaryFile() as file, io.TextIOWrapper(file, encoding="utf-8") as stream:
        yield stream


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.buffer.seek(0)
    return stream.buffer.read().decode("utf-8", "surrogateescape")
