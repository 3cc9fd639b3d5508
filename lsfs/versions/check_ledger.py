"""What must be true of the rows of a ledger, whatever happened to the drive."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

from lsfs.model import Problem

SHOWN = 20  # of one kind

# Each query gives path and number of what breaks a rule, or NULL and 0 where no file does.
_RULES = {
    "two things stand at one path at once": (
        "SELECT path, max(number) FROM version NOT INDEXED WHERE end_ns IS NULL "
        "GROUP BY path HAVING count(*) > 1"
    ),
    "it ends before it begins": "SELECT path, number FROM version WHERE end_ns < begin_ns",
    "it begins before what stood at its path had ended": (
        "SELECT path, number FROM (SELECT path, number, begin_ns, lag(coalesce(end_ns, 1 << 62)) "
        "OVER (PARTITION BY path ORDER BY begin_ns, id) AS earlier FROM version) "
        "WHERE begin_ns < earlier"
    ),
    "the version before it is not there": (
        "SELECT path, number FROM version one WHERE previous IS NOT NULL AND "
        "(previous >= id OR NOT EXISTS (SELECT 1 FROM version WHERE id = one.previous))"
    ),
    "its number does not follow from the version before it": (
        "SELECT one.path, one.number FROM version one JOIN version two ON two.id = one.previous "
        "WHERE one.kind = 'file' AND two.kind = 'file' "
        "AND one.number NOT IN (two.number, two.number + 1)"
    ),
    "it has the number of the version before it, and another content": (
        "SELECT one.path, one.number FROM version one JOIN version two ON two.id = one.previous "
        "JOIN content a ON a.id = one.content JOIN content b ON b.id = two.content "
        "WHERE one.kind = 'file' AND two.kind = 'file' AND one.number = two.number "
        "AND a.id <> b.id AND NOT (one.pruned OR two.pruned) "
        "AND a.digest IS NOT NULL AND b.digest IS NOT NULL AND a.digest <> b.digest"
    ),
    "it is a file without a content": (
        "SELECT path, number FROM version one WHERE kind = 'file' AND (number < 1 OR "
        "NOT EXISTS (SELECT 1 FROM content WHERE id = one.content))"
    ),
    "it is a folder or a link with a content": (
        "SELECT path, number FROM version WHERE kind <> 'file' AND content IS NOT NULL"
    ),
    "it is of no known kind": (
        "SELECT path, number FROM version WHERE kind NOT IN ('file', 'dir', 'link') "
        "OR (kind = 'link' AND target IS NULL)"
    ),
    "its content is said to be stored under no name": (
        "SELECT path, number FROM version JOIN content ON content.id = version.content "
        "WHERE kept AND (digest IS NULL OR length(digest) <> 32)"
    ),
    "a change is about a version that is not there": (
        "SELECT path, 0 FROM change WHERE NOT EXISTS "
        "(SELECT 1 FROM version WHERE id = change.version)"
    ),
}


def problems(db: sqlite3.Connection, now_ns: int, *, deep: bool = False) -> list[Problem]:
    """What is wrong with a ledger's database; its rows are not looked at when SQLite objects.

    Args:
        now_ns: the time.
        deep: compare the database's own indexes with its tables.
    """
    try:
        found = db.execute(f"PRAGMA {'integrity' if deep else 'quick'}_check(1)").fetchone()[0]
        if found != "ok":
            return [Problem("versions", f"the database is damaged: {found}")]
        return [*_broken_rules(db), *_strange_values(db, now_ns)]
    except sqlite3.DatabaseError as error:
        return [Problem("versions", f"the database is damaged: {error}")]


def _broken_rules(db: sqlite3.Connection) -> Iterator[Problem]:
    for words, query in _RULES.items():
        for path, number in db.execute(f"{query} LIMIT {SHOWN}"):
            yield Problem("versions", words, os.fsdecode(path or b""), number or 0)
    paths = db.execute("SELECT path, parent, number FROM version")
    wrong = (row for row in paths if row[0].rpartition(b"/")[0] != row[1])
    for _, (path, _, number) in zip(range(SHOWN), wrong, strict=False):
        yield Problem("versions", "it is listed in another folder", os.fsdecode(path), number)


def _strange_values(db: sqlite3.Connection, now_ns: int) -> Iterator[Problem]:
    values = dict(db.execute("SELECT key, value FROM meta"))
    for key in ("position", "began_ns", "latest_ns"):
        if not values.get(key, "0").isdigit():
            yield Problem("versions", f"{key} is {values[key]!r}, which is no number")
            return
    latest = max(now_ns, int(values.get("latest_ns", "0")))
    for name, time_ns in db.execute("SELECT name, time_ns FROM snapshot"):
        if not int(values.get("began_ns", "0")) <= time_ns <= latest:
            yield Problem("versions", f"the snapshot {name!r} is of a time that never was")
