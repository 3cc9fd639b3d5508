"""A call of every command, on the hostile drive."""

from __future__ import annotations

from collections.abc import Iterator

import click

from lsfs_cli.main import cli
from tests.cli.conftest import FOLDER, NAMES

LEASE, BILL, PLAIN = NAMES
NOTE = f"{FOLDER}/note.txt"
# In an order in which each finds what it needs. Exit codes other than 0 stand behind.
CALLS: list[tuple[str, list[str], int]] = [
    ("init", ["docs"], 0),
    ("index", ["docs"], 0),
    ("status", ["--wait", "--problems"], 0),
    ("doctor", [], 0),
    ("search", ["monthly", "rent", "--explain"], 0),
    ("search", ["zzzz"], 1),
    ("grep", ["lease"], 0),
    ("ask", ["What", "is", "the", "monthly", "rent?"], 0),
    ("ask", ["leases from 2023"], 0),
    ("ask", ["leases from 2023", "--plan"], 0),
    ("summarize", [LEASE], 0),
    ("parse", ["roll", "back", "plain.txt", "to", "the", "previous", "version"], 0),
    ("do", ["what is the monthly rent?"], 0),
    ("group", ["type"], 0),
    ("extract", [LEASE], 0),
    ("aggregate", ["count", "files"], 0),
    ("join", ["plain.txt", FOLDER, "--on", "invoice_number"], 0),
    ("duplicates", [], 0),
    ("status", ["--wait"], 0),
    ("map", ["-o", "map.html"], 0),
    ("concat", [LEASE, BILL], 0),
    ("file-join", [LEASE, BILL, "--name", f"{FOLDER}/joined.txt"], 0),
    ("ls", [FOLDER], 0),
    ("tree", [], 0),
    ("find", ["*lease*"], 0),
    ("stat", [LEASE], 0),
    ("read", [LEASE], 0),
    ("text", [LEASE], 0),
    ("write", [NOTE, "one \x1b[31m line"], 0),
    ("write", [NOTE, "two"], 0),
    ("cat", [NOTE], 0),
    ("put", ["docs/plain.txt", f"{FOLDER}/put.txt"], 0),
    ("cp", [NOTE, f"{FOLDER}/copy.txt"], 0),
    ("mv", [f"{FOLDER}/copy.txt", f"{FOLDER}/moved.txt"], 0),
    ("mkdir", [f"{FOLDER}/below"], 0),
    ("log", [], 0),
    ("history", [NOTE], 0),
    ("diff", [NOTE], 0),
    ("changes", [NOTE], 0),
    ("rollback", [NOTE, "--back", "1"], 0),
    ("lock", [NOTE], 0),
    ("status", [], 0),
    ("unlock", [NOTE], 0),
    ("share", [NOTE], 13),  # off until it is allowed
    ("share", ["--list"], 0),
    ("unshare", [NOTE], 12),
    ("trust", ["--show"], 12),
    ("member add", ["ada", "--paths", "Notes/**"], 0),
    ("member add", ["ada"], 2),
    ("member list", [], 0),
    ("member remove", ["ada"], 0),
    ("member remove", ["ada"], 12),
    ("snapshot", ["here"], 0),
    ("snapshots", [], 0),
    ("restore", ["here"], 0),
    ("drop-snapshot", ["here"], 0),
    ("rm", [NOTE, "--yes"], 0),
    ("trash list", [], 0),
    ("trash restore", [NOTE], 0),
    ("rm", [NOTE, "--yes"], 0),
    ("trash empty", ["--yes"], 0),
    ("prune", ["--keep-last", "1", "--yes"], 0),
    ("purge", [NOTE, "--yes"], 0),
    ("audit list", [], 0),
    ("audit verify", [], 0),
    ("fsck", [], 0),
    ("reindex", [], 0),
    ("kv status", [], 0),
    ("kv clear", [], 0),
    ("config list", [], 0),
    ("config get", ["index.debounce_ms"], 0),
    ("config set", ["index.debounce_ms", "50"], 0),
    ("mount", ["docs", "there", "--dry-run"], 0),
    ("umount", ["there", "--dry-run"], 0),
    ("unit", ["docs", "there"], 0),
    ("man", ["man1"], 0),
    ("model list", [], 0),
    ("model recommend", [], 0),
]
# Servers and libraries, what takes minutes or fetches, and what prints the same whatever is asked
# for; each has tests of its own.
APART = {
    "aios", "bench kv", "completion", "library check", "library compact", "mcp", "model pull",
    "model remove", "model use", "schema", "serve",
}  # fmt: skip


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Every command by the words that it is called by."""
    context = click.Context(cli, info_name="lsfs", resilient_parsing=True)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())
        else:
            yield name, command
