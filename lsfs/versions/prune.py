"""Which old versions may go, by rules of retention, and letting them go.

A version is kept while it is what the file holds, while a snapshot names a moment at which it was,
and while a rule keeps it; rules add up. Hourly, daily and longer ones keep the last version of each
of so many hours or days in which there was one, as borg and restic do. Rows stay, without content:
numbers are never given again.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from blake3 import blake3
from msgspec import Struct

from lsfs.versions.ledger import Ledger

_PERIODS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "hourly": lambda t: (t.year, t.month, t.day, t.hour),
    "daily": lambda t: (t.year, t.month, t.day),
    "weekly": lambda t: tuple(t.isocalendar())[:2],
    "monthly": lambda t: (t.year, t.month),
    "yearly": lambda t: (t.year,),
}


_LIVE = "SELECT content FROM version WHERE end_ns IS NULL AND content IS NOT NULL"


class Rules(Struct, frozen=True):
    """What is kept of each file: so many of the last versions, and the last of so many periods.

    Attributes:
        within_s: all versions of so many seconds.
    """

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within_s: float = 0.0

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


class Held(Struct):
    """A content that a file had for a while; several rows of the ledger where it was renamed."""

    rows: list[int]
    path: bytes
    number: int
    content: int
    begin_ns: int
    end_ns: int | None
    size: int
    removed: bool


class Pruning:
    """Chooses versions of a ledger, and gives them up.

    Args:
        ledger: says which there are.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def all(self) -> dict[int, list[Held]]:
        """The versions of each file that are not pruned, oldest first, by the file's first row."""
        rows = self._ledger.query(
            "SELECT id, previous, path, number, content, begin_ns, end_ns, size, end_op, pruned "
            "FROM version WHERE kind = 'file' AND content IS NOT NULL ORDER BY id",
            (),
        )
        root: dict[int, int] = {}
        held: dict[tuple[int, int, int], Held] = {}
        for id_, previous, path, number, content, begin, end, size, end_op, pruned in rows:
            first = root[id_] = root.get(previous, id_)
            if pruned:
                continue
            removed = end_op in ("removed", "outside")
            one = held.get((first, number, content))
            if one is None:
                held[first, number, content] = Held(
                    [id_], path, number, content, begin, end, size, removed
                )
                continue
            one.rows.append(id_)
            one.path, one.removed = path, removed
            one.end_ns = None if end is None or one.end_ns is None else max(end, one.end_ns)
        files: dict[int, list[Held]] = defaultdict(list)
        for (first, _, _), one in held.items():
            files[first].append(one)
        for versions in files.values():
            versions.sort(key=lambda one: (one.begin_ns, one.rows[0]))
        return files

    def by_rules(self, rules: Rules, now_ns: int) -> list[Held]:
        """The versions that no rule keeps, and that are neither present nor of a snapshot."""
        moments = self._moments()
        doomed: list[Held] = []
        for versions in self.all().values():
            kept = _kept(versions, rules, now_ns)
            doomed += [
                one for one in versions if id(one) not in kept and not _is_protected(one, moments)
            ]
        return doomed

    def removed(self, below: bytes, before_ns: int) -> list[Held]:
        """All versions of files at or below a path that were removed before a moment."""
        moments = self._moments()
        there = {row[0] for row in self._ledger.query(_LIVE, ())}
        doomed: list[Held] = []
        for versions in self.all().values():
            last = max(versions, key=lambda one: (one.begin_ns, one.rows[-1]))
            if last.end_ns is None or not last.removed or last.end_ns > before_ns:
                continue
            if last.content in there:
                continue  # the file has another name
            if below and last.path != below and not last.path.startswith(below + b"/"):
                continue
            doomed += [one for one in versions if not _is_protected(one, moments)]
        return doomed

    def oldest(self) -> list[Held]:
        """All versions that are neither present nor of a snapshot, those that went first first."""
        moments = self._moments()
        found = [
            one
            for versions in self.all().values()
            for one in versions
            if not _is_protected(one, moments)
        ]
        return sorted(found, key=lambda one: (one.end_ns or 0, one.rows[0]))

    def _moments(self) -> list[int]:
        rows = self._ledger.query("SELECT time_ns FROM snapshot ORDER BY time_ns", ())
        return [row[0] for row in rows]

    def give_up(self, doomed: Iterable[Held]) -> list[bytes]:
        """Let versions go; gives captured files that nobody needs any more.

        Their bytes go with the next sweep of the object store.
        """
        rows = [(id_,) for one in doomed for id_ in one.rows]
        files: list[bytes] = []
        with self._ledger.transaction() as db:
            db.executemany("UPDATE version SET pruned = 1 WHERE id = ?", rows)
            while True:
                free = db.execute(
                    "SELECT id, file FROM content WHERE (kept OR event IS NOT NULL OR within "
                    "IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM version WHERE "
                    "version.content = content.id AND NOT pruned) AND NOT EXISTS "
                    "(SELECT 1 FROM content part WHERE part.within = content.id)"
                ).fetchall()
                if not free:
                    return files
                files += [file for _, file in free if file is not None]
                db.executemany(
                    "UPDATE content SET kept = 0, event = NULL, file = NULL, within = NULL "
                    "WHERE id = ?",
                    [(id_,) for id_, _ in free],
                )

    def kept_digests(self) -> set[bytes]:
        """The contents that the object store has to keep."""
        rows = self._ledger.query("SELECT digest FROM content WHERE kept", ())
        return {row[0] for row in rows}


def digest_of(doomed: Iterable[Held]) -> str:
    """A short name for a choice of versions, by which it can be approved."""
    hasher = blake3()
    for row in sorted(row for one in doomed for row in one.rows):
        hasher.update(row.to_bytes(8, "big"))
    return hasher.hexdigest(length=8)


def _is_protected(one: Held, moments: list[int]) -> bool:
    if one.end_ns is None:
        return True
    first = bisect.bisect_left(moments, one.begin_ns)
    return first < len(moments) and moments[first] < one.end_ns


def _kept(versions: list[Held], rules: Rules, now_ns: int) -> set[int]:
    """The versions of a file that the rules keep, by identity."""
    newest_first = versions[::-1]
    kept = {id(one) for one in newest_first[: rules.last]}
    if rules.within_s:
        since = now_ns - int(rules.within_s * 1e9)
        kept |= {id(one) for one in versions if one.end_ns is None or one.end_ns >= since}
    for name, period_of in _PERIODS.items():
        seen: set[tuple[int, ...]] = set()
        for one in newest_first:
            if len(seen) >= getattr(rules, name):
                break
            period = period_of(datetime.fromtimestamp(one.begin_ns / 1e9).astimezone())
            if period not in seen:
                seen.add(period)
                kept.add(id(one))
    return kept
