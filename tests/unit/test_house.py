"""The rules of the house: layers, light imports, complete declarations."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import lsfs
from lsfs import errors
from lsfs.errors import LsfsError
from lsfs.syscalls import methods
from lsfs.syscalls.drive import Drive
from lsfs.syscalls.registry import registry
from lsfs_cli.main import GROUPS, cli

ROOT = Path(__file__).resolve().parents[2]
ROOTS = (ROOT, ROOT / "parsers", ROOT / "cli")
HEAVY = {
    "lancedb", "llama_cpp", "onnxruntime", "onnx", "transformers", "dateparser", "numpy", "pyarrow",
    "pypdfium2", "docx", "watchdog", "mfusepy", "fuse", "tokenizers", "safetensors", "lxml",
    "torch",
}  # fmt: skip
UNNEEDED = HEAVY | {
    "blake3", "fastcdc", "rich", "sqlite3", "tempfile", "zstandard",
    "lsfs.index.facts.dates", "lsfs.index.find.search", "lsfs.llm", "lsfs.versions.contents",
    "lsfs.versions.keeper", "lsfs.versions.ledger",
}  # fmt: skip


def test_imports_point_down() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["--version"]])
def test_help_loads_no_engine(arguments: list[str]) -> None:
    code = (
        "import sys; from lsfs_cli.main import main\n"
        f"sys.argv = ['lsfs', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", ["rollback", "versions", "log", "status", "prune"])
def test_a_command_to_a_running_drive_loads_only_what_speaks_to_it(name: str) -> None:
    code = (
        "import sys, lsfs.serve.client, lsfs.syscalls.drive\n"
        "from lsfs_cli import approval, generate, main, render, render_past\n"
        "from lsfs.syscalls.declared import DECLARED\n"
        f"first = DECLARED[{name!r}].command.split()[0]\n"
        "main.cli.get_command(None, first)\n"
        f"print(sorted({UNNEEDED!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


UNUSED = {
    "index": {"lsfs.index.groups.grouped", "lsfs.joins", "lsfs.syscalls.kv", "lsfs.syscalls.past",
        "lsfs_cli.told"},
    "search": {"lsfs.joins", "lsfs.sentences", "lsfs.syscalls.past", "numpy.ma"},
}  # fmt: skip


def test_commands_on_a_drive_that_is_not_mounted_load_only_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "note.txt").write_text("The rent is due in May.")
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    for name, argument in (("index", str(tmp_path / "docs")), ("search", "rent")):
        words = ["lsfs", "--state", str(tmp_path / "state"), "-q", name, argument]
        code = (
            "import sys; from lsfs_cli.main import main\n"
            f"sys.argv = {words!r}\n"
            "try: main()\nexcept SystemExit: pass\n"
            f"print(sorted({UNUSED[name]!r} & set(sys.modules)), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / "docs", capture_output=True, text=True,
            check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, ROOTS))},
        )  # fmt: skip
        assert done.stderr.strip() == "[]", name
        assert "note.txt" in done.stdout or name == "index"


def test_a_command_that_ends_at_once_has_said_all_and_keeps_its_word() -> None:
    """What is to be done at the end is done, and threads that Python waits for are waited for."""
    code = (
        "import atexit, sys, threading, time; from lsfs_cli import main as module\n"
        "def late(): time.sleep(0.2); print('late', end=' ')\n"
        "def main():\n"
        "    print('said', end=' '); atexit.register(print, 'done', end=' ')\n"
        "    if len(sys.argv) > 1: threading.Thread(target=late).start()\n"
        "    sys.exit(13)\n"
        "module.main = main; module.command()"
    )
    for more, says in (((), "said done"), (("thread",), "said late done")):
        done = subprocess.run(
            [sys.executable, "-c", code, *more], cwd=ROOT, capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, ROOTS))},
        )  # fmt: skip
        assert (done.returncode, done.stdout.strip()) == (13, says)


def test_public_names_exist() -> None:
    for name in lsfs.__all__:
        assert getattr(lsfs, name) is not None


def test_every_error_is_in_the_tree_and_has_its_own_exit_code() -> None:
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, LsfsError)
    ]
    for error in classes:
        assert error.__name__ in (errors.__doc__ or "")
    direct = [error for error in classes if error.__base__ is LsfsError]
    codes = [error.exit_code for error in direct]
    assert len(set(codes)) == len(codes)


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Every command by the words that it is called by, also those of groups."""
    context = cli.make_context("lsfs", [], resilient_parsing=True)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group) and name in GROUPS:
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())
        else:
            yield name, command


def test_every_syscall_is_at_every_door() -> None:
    commands = dict(every_command())
    for declared in registry:
        assert callable(getattr(Drive, declared.name))
        assert declared.schema()["request"]
        assert declared.doc
        if declared.command:
            assert declared.command in commands
            assert declared.examples


def test_the_stub_that_type_checkers_read_is_current() -> None:
    written = Path(methods.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert written == methods.stub(), "run: python -m lsfs.syscalls.methods"


def test_what_is_known_of_syscalls_before_they_are_loaded_is_current() -> None:
    written = Path(methods.__file__).with_name("declared.py").read_text(encoding="utf-8")
    assert written == methods.outlines(), "run: python -m lsfs.syscalls.methods"


def test_every_parameter_is_described() -> None:
    for declared in registry:
        for entry, _, param in declared.fields():
            assert param.help, f"{declared.name}.{entry.name}"


def test_every_command_has_help_with_examples() -> None:
    for name, command in every_command():
        assert "Examples:" in (command.help or ""), name
