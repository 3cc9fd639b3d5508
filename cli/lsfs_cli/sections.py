"""The commands by what they are for, as ``lsfs --help`` and the manual show them."""

from __future__ import annotations

import click

SECTIONS = {
    "Begin": "init index mount umount status doctor",
    "Find and ask": "search grep ask summarize do parse",
    "Sort and combine": "group extract aggregate join duplicates map concat file-join",
    "Files": "ls tree find stat read text cat write put cp mv mkdir rm",
    "The past": (
        "log history diff changes rollback snapshot snapshots restore drop-snapshot trash prune "
        "purge"
    ),
    "Agents, people, safety": "mcp aios serve lock unlock share unshare shares audit trust",
    "Care": "config model kv library fsck reindex unit bench completion man schema",
}
REST = "More"


def sections(names: list[str]) -> dict[str, list[str]]:
    """Some commands, by what they are for; each is in one section."""
    left = dict.fromkeys(names)
    found = {
        title: [name for name in listed.split() if name in left and not left.pop(name)]
        for title, listed in SECTIONS.items()
    }
    return {title: named for title, named in {**found, REST: list(left)}.items() if named}


def write(helps: dict[str, str], formatter: click.HelpFormatter) -> None:
    """Write what commands do, by section, one line or two for each.

    Args:
        helps: the first sentence of each command's help.
    """
    width = max(len(name) for name in helps)
    for title, names in sections(sorted(helps)).items():
        with formatter.section(title):
            rows = [(name.ljust(width), first_sentence(helps[name])) for name in names]
            formatter.write_dl(rows)


def first_sentence(text: str) -> str:
    """The first sentence of a help text, as plain text without a full stop."""
    first, dot, _ = text.partition(". ")
    return (first if dot else text).strip().removesuffix(".").replace("``", "")
