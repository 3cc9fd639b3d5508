"""Histories of operations: made at random, played on a mount and on a folder, cut to the shortest.

What a transport cannot do is declared here, with the reason, and left out.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.fuse import libc
from tests.fuse.model import (
    FILES,
    FOLDERS,
    KEEP_SIZE,
    PUNCH_HOLE,
    ROOT,
    XATTRS,
    ZERO_RANGE,
    Actor,
    Operation,
    Outcome,
    short,
    snapshot,
)
from tests.fuse.ways import COPYING

# --- what a transport cannot do, and why


class Limit(Struct, frozen=True):
    """Something that no code of ours can mend in a transport.

    Attributes:
        reason: why.
        kinds: operations that are left out.
        arguments: leaves out an operation with such arguments.
    """

    reason: str
    kinds: frozenset[str]
    arguments: Callable[[tuple[Any, ...]], bool] = lambda _: True


BY_PATH = Limit(
    "the high-level interface of libfuse has a node for each name, so for a second the other names "
    "of a file show attributes, and their open files show pages, from before a change",
    frozenset({"link", "link_open"}),
)
NO_TMPFILE = Limit("libfuse passes FUSE_TMPFILE on to nobody", frozenset({"tmpfile"}))
NOT_KEPT = Limit(
    "the high-level interface of libfuse forgets a file whose name is removed unless it has a "
    "handle for it, which O_PATH descriptors and pipes have not, and forgets all that was in a "
    "removed folder; what is open in such a way is closed instead of used",
    frozenset({"reopen"}),
    lambda given: bool(given[2] & os.O_PATH),
)
NOBODY = Limit(
    "a chown that names nobody only clears setuid and setgid, and by its own rules FUSE asks us to "
    "do that or not; on the kernel transport it looks like what is sent before somebody changes an "
    "open file, so it is not refused to whom it should be",
    frozenset({"chown", "fchown"}),
    lambda given: (given[1], given[2]) == (-1, -1),
)
NO_RENAME_FLAGS = Limit(
    "libfuse 2 has no flags for rename", frozenset({"rename"}), lambda given: given[2] != 0
)
NO_FALLOCATE = Limit("fusepy's structure of operations ends before it", frozenset({"fallocate"}))

REMOVING = frozenset({"rmdir", "unlink", "rename"})

LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "mfusepy": (NOBODY, BY_PATH, NO_TMPFILE, NOT_KEPT),
    "fusepy": (
        NOBODY,
        BY_PATH,
        NO_TMPFILE,
        NOT_KEPT,
        NO_RENAME_FLAGS,
        NO_FALLOCATE,
    ),
    "kernel": (NOBODY,),
    COPYING: (NOBODY,),
}


# --- what to do: for each argument of each operation, what it may be

Choices = Sequence[Any]

_NAMES = (b"a", b"b", b"c")
_ODD = (b"\xff\xfe", "ü\n".encode(), b"n" * 255, b"n" * 256, b"", b".", b"./a", b"a/", b"a//b")
_ONE = _NAMES * 8 + _ODD
_TWO = tuple(
    one + b"/" + two for one in _NAMES for two in (*_NAMES, b"\xff\xfe", b"..", b"n" * 255)
)
_THREE = tuple(b"/".join((one, two, b"c")) for one in _NAMES for two in _NAMES)
PLACES: Choices = tuple((ROOT, path) for path in _ONE + _TWO * 2 + _THREE) + tuple(
    (slot, path) for slot in range(FOLDERS) for path in _NAMES * 2 + _TWO[:6] + _ODD[:3]
)
SLOTS: Choices = tuple(range(FILES))
FOLDER_SLOTS: Choices = tuple(range(FOLDERS))
MODES: Choices = (0o644, 0o600, 0o755, 0o777, 0o000, 0o4755, 0o2775, 0o6777, 0o1777, 0o2777, 0o040)
FOLDER_MODES: Choices = (0o755, 0o777, 0o777, 0o1777, 0o2777, 0o700)
MASKS: Choices = (0, 0, 0o022, 0o077)
USERS: Choices = (0, 1000, 1001, -1)
FOLLOW: Choices = (False, True)
_ACCESS = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
_HOW = (
    0, 0, 0, os.O_CREAT, os.O_CREAT, os.O_CREAT | os.O_EXCL, os.O_CREAT | os.O_TRUNC, os.O_TRUNC,
    os.O_NOFOLLOW, os.O_CREAT | os.O_NOFOLLOW, os.O_DIRECTORY, os.O_CREAT | os.O_DIRECTORY,
)  # fmt: skip
FLAGS: Choices = (
    *(access | how | add for access in _ACCESS for how in _HOW for add in (0, os.O_APPEND)),
    os.O_PATH, os.O_PATH | os.O_NOFOLLOW, os.O_RDWR | os.O_SYNC, os.O_WRONLY | os.O_RDWR,
)  # fmt: skip
OFFSETS: Choices = (0, 0, 1, 7, 511, 4095, 4096, 4097, 8192, 10_000, 65_536, 100_001, 131_072)
SIZES: Choices = (0, 1, 1, 9, 100, 100, 4096, 4096, 5000, 40_000, 131_073)
DATA: Choices = (*((7 * size % 250, size) for size in SIZES), (3, 10), (99, 1000))
TARGETS: Choices = (b"a", b"b", b"c", b"b/c", b"./a", b"nowhere", b"\xff", b"t" * 1000, b"a/b/c/d")
VALUES: Choices = (b"", b"v", b"v\0w", b"x" * 200, b"y" * 3000)
XATTR_FLAGS: Choices = (0, 0, os.XATTR_CREATE, os.XATTR_REPLACE)
_SECONDS = ((1, 1), (10**9, 987_654_321), (0, 0), (-5, 999), (0, libc.UTIME_NOW))
TIMES: Choices = tuple(
    (one, two)
    for one in (*_SECONDS, (0, libc.UTIME_OMIT))
    for two in (*_SECONDS, (9, libc.UTIME_OMIT))
)
NODES: Choices = (stat.S_IFIFO | 0o644, stat.S_IFSOCK | 0o600, 0o640, stat.S_IFCHR | 0o600)
DEVICES: Choices = (os.makedev(240, 7), os.makedev(241, 300))  # for local use: nothing is there
WHENCE: Choices = (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)
ALLOCATE: Choices = (
    0, KEEP_SIZE, PUNCH_HOLE | KEEP_SIZE, ZERO_RANGE, ZERO_RANGE | KEEP_SIZE, PUNCH_HOLE,
)  # fmt: skip

# Weight, and what each argument may be.
KINDS: Mapping[str, tuple[int, tuple[Choices, ...]]] = {
    "mkdir": (9, (PLACES, FOLDER_MODES)),
    "rmdir": (4, (PLACES,)),
    "unlink": (7, (PLACES,)),
    "rename": (8, (PLACES, PLACES, (0, 0, 0, libc.RENAME_NOREPLACE, libc.RENAME_EXCHANGE, 3))),
    "link": (4, (PLACES, PLACES, FOLLOW)),
    "link_open": (1, (SLOTS, PLACES)),
    "symlink": (2, (TARGETS, PLACES)),
    "mknod": (2, (PLACES, NODES, DEVICES)),
    "umask": (1, (MASKS,)),
    "stat": (8, (PLACES, FOLLOW)),
    "readlink": (2, (PLACES,)),
    "access": (2, (PLACES, (os.R_OK, os.W_OK, os.X_OK, os.F_OK, os.R_OK | os.W_OK))),
    "listing": (3, (PLACES,)),
    "statvfs": (1, (PLACES,)),
    "chmod": (3, (PLACES, MODES)),
    "chown": (3, (PLACES, USERS, USERS, FOLLOW)),
    "utime": (3, (PLACES, TIMES, FOLLOW)),
    "truncate": (3, (PLACES, OFFSETS)),
    "setxattr": (3, (PLACES, XATTRS, VALUES, XATTR_FLAGS, FOLLOW)),
    "getxattr": (2, (PLACES, XATTRS, FOLLOW)),
    "listxattr": (1, (PLACES, FOLLOW)),
    "removexattr": (1, (PLACES, XATTRS, FOLLOW)),
    "open": (22, (SLOTS, PLACES, FLAGS, MODES)),
    "reopen": (2, (SLOTS, SLOTS, FLAGS)),
    "tmpfile": (1, (SLOTS, PLACES, (os.O_RDWR, os.O_WRONLY), MODES)),
    "close_file": (5, (SLOTS,)),
    "dup": (1, (SLOTS, SLOTS)),
    "fstat": (3, (SLOTS,)),
    "read": (4, (SLOTS, SIZES)),
    "write": (6, (SLOTS, DATA)),
    "pread": (6, (SLOTS, SIZES, OFFSETS)),
    "pwrite": (8, (SLOTS, DATA, OFFSETS)),
    "seek": (2, (SLOTS, (*OFFSETS, -1), WHENCE)),
    "seek_data": (2, (SLOTS, OFFSETS, (os.SEEK_DATA, os.SEEK_HOLE))),
    "ftruncate": (4, (SLOTS, OFFSETS)),
    "fallocate": (4, (SLOTS, ALLOCATE, OFFSETS, SIZES)),
    "copy": (3, (SLOTS, OFFSETS, SLOTS, OFFSETS, SIZES)),
    "map_write": (3, (SLOTS, DATA, OFFSETS)),
    "map_read": (2, (SLOTS, SIZES, OFFSETS)),
    "sync": (1, (SLOTS, FOLLOW)),
    "lock": (1, (SLOTS, (fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN))),
    "fchmod": (2, (SLOTS, MODES)),
    "fchown": (2, (SLOTS, USERS, USERS)),
    "futime": (2, (SLOTS, TIMES)),
    "fsetxattr": (1, (SLOTS, XATTRS, VALUES, XATTR_FLAGS)),
    "fgetxattr": (1, (SLOTS, XATTRS)),
    "flistxattr": (1, (SLOTS,)),
    "open_folder": (3, (FOLDER_SLOTS, PLACES)),
    "close_folder": (1, (FOLDER_SLOTS,)),
    "list_folder": (2, (FOLDER_SLOTS,)),
    "sync_folder": (1, (FOLDER_SLOTS,)),
}
# Root is refused little; the others are what permissions are for.
ACTING: Choices = (0,) * 8 + (1000, 1001)


def operations(chance: random.Random, users: Choices = ACTING) -> Iterator[Operation]:
    """Random operations without end."""
    kinds = list(KINDS)
    weights = [KINDS[kind][0] for kind in kinds]
    choose = chance.choice
    while True:
        for kind in chance.choices(kinds, weights, k=1000):
            arguments = tuple(choose(choices) for choices in KINDS[kind][1])
            yield Operation(kind, arguments, choose(users))


# --- playing


class Difference(Struct, frozen=True):
    """Where the mount was not like the folder."""

    what: str
    mounted: object
    plain: object

    @property
    def kind(self) -> str:
        """What differed, without arguments and names."""
        return re.split(r"[(:]", self.what)[0]

    def __str__(self) -> str:
        return f"{self.what}\n  mounted: {short(self.mounted)}\n  plain:   {short(self.plain)}"


class Pair:
    """The mount and the folder beside it.

    Args:
        mounted: a folder in the mount.
        plain: a folder that is not mounted.
        behind: where the first is in the drive's source; compared with the others by ``check``.
        limits: what the transport cannot do.
    """

    def __init__(
        self, mounted: Path, plain: Path, behind: Path, limits: Sequence[Limit] = ()
    ) -> None:
        self._mounted, self._plain = Actor(mounted), Actor(plain)
        self._behind = os.open(behind, os.O_RDONLY | os.O_DIRECTORY)
        self._limits = {
            kind: [limit for limit in limits if kind in limit.kinds]
            for kind in {kind for limit in limits for kind in limit.kinds}
        }
        self._keeps_removed = NOT_KEPT not in limits

    def apply(self, operation: Operation) -> Difference | None:
        """Do an operation on both; what differed."""
        limits = self._limits.get(operation.kind)
        if limits and any(limit.arguments(operation.arguments) for limit in limits):
            return None
        mounted, plain = self._mounted.apply(operation), self._plain.apply(operation)
        if not self._keeps_removed and plain == () and operation.kind in REMOVING:
            self._let_go(operation)
        return None if mounted == plain else Difference(str(operation), mounted, plain)

    def _let_go(self, operation: Operation) -> None:
        """Close what the transport cannot keep after its name was removed."""
        folder_gone = operation.kind == "rmdir" or (
            operation.kind == "rename" and self._is_folder(operation.arguments[1])
        )
        for closing in self._plain.removed():
            if folder_gone or self._plain.without_handle(closing):
                self._mounted.apply(closing)
                self._plain.apply(closing)

    def _is_folder(self, place: Any) -> bool:
        return str(self._plain.apply(Operation("stat", (place, False)))[0]).startswith("0o4")

    def check(self) -> Difference | None:
        """Compare all that there is; the first entry that differs."""
        plain = self._plain.snapshot()
        tree = {name: found for name, found in plain.items() if not name.startswith("file ")}
        return _first_difference("all", self._mounted.snapshot(), plain) or _first_difference(
            "behind the mount", snapshot(self._behind, {}), tree
        )

    def close(self) -> None:
        """Let go of both."""
        self._mounted.close()
        self._plain.close()
        os.close(self._behind)


def _first_difference(
    what: str, mounted: Mapping[str, Outcome], plain: Mapping[str, Outcome]
) -> Difference | None:
    for name in sorted(mounted.keys() | plain.keys()):
        one, two = mounted.get(name), plain.get(name)
        if one != two:
            return Difference(f"{what}: {name!r}", one, two)
    return None


class Arena(Struct, frozen=True):
    """Where histories are played, each in fresh folders.

    Attributes:
        mounted: a folder in the mount.
        plain: a folder that is not mounted.
        behind: where the first is in the drive's source.
        limits: what the transport cannot do.
    """

    mounted: Path
    plain: Path
    behind: Path
    limits: Sequence[Limit] = ()

    @contextmanager
    def pair(self) -> Iterator[Pair]:
        """Two empty folders, gone afterwards."""
        name = f"h{next(_numbers)}"
        for place in (self.mounted, self.plain):
            (place / name).mkdir()
            (place / name).chmod(0o777)
        mask = os.umask(0)
        pair = Pair(self.mounted / name, self.plain / name, self.behind / name, self.limits)
        try:
            yield pair
        finally:
            os.umask(mask)
            pair.close()
            for place in (self.behind, self.plain):
                shutil.rmtree(place / name)


_numbers = itertools.count()


def play(
    arena: Arena, history: Iterable[Operation], check_every: int = 500
) -> tuple[list[Operation], Difference | None]:
    """Do a history until something differs.

    Returns:
        what was done, and the difference that its last operation, or the check after it, showed.
    """
    done: list[Operation] = []
    with arena.pair() as pair:
        for operation in history:
            done.append(operation)
            difference = pair.apply(operation)
            if difference is None and len(done) % check_every == 0:
                difference = pair.check()
            if difference is not None:
                return done, difference
        return done, pair.check()


def shrink(
    arena: Arena, history: Sequence[Operation], seconds: float = 120.0
) -> tuple[list[Operation], Difference | None]:
    """Leave out of a history all that its difference does not need (Zeller's ddmin, in halves).

    Returns:
        the shortest found in that time, and its difference; None if it does not come again.
    """
    kept, found = _replay(arena, list(history))
    wanted = found and found.kind
    size = len(kept) // 2
    deadline = time.monotonic() + seconds
    while found is not None and size and time.monotonic() < deadline:
        begin = 0
        while begin < len(kept) and time.monotonic() < deadline:
            shorter, difference = _replay(arena, kept[:begin] + kept[begin + size :])
            if difference is None or difference.kind != wanted:
                begin += size
            else:
                kept, found = shorter, difference
        size = min(size, len(kept)) // 2
    return kept, found


def _replay(arena: Arena, history: list[Operation]) -> tuple[list[Operation], Difference | None]:
    # Checked at the end only, so that what a check alone shows is found in the same place.
    done, difference = play(arena, history, len(history) + 1)
    return done, difference
