"""Which files are left out: rules of the drive's folders, of git, and of the settings.

``.lsfsignore`` and ``.gitignore`` are read in every folder, in git's syntax (by pathspec). As in
ripgrep, the kind of file goes before the depth: what ``.lsfsignore`` says wins, then
``.gitignore``, then ``index.ignore`` of the settings; of two files of one kind the deeper one wins,
and of two lines of one file the later. As in git, nothing below a folder that is left out can be
taken in again.

``.gitignore`` counts within git's working trees (``index.gitignore = "repositories"``): elsewhere
it came along with a copy, and a person's documents are not build products. A working tree within
another one has rules of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

log = logging.getLogger("lsfs.index.ignore")

OWN = ".lsfsignore"
GIT = ".gitignore"
REPOSITORY = ".git"
MOST_BYTES = 1 << 20  # of a file of rules; a larger one is none
# A folder with such an entry is made by a program, and can be made again.
CACHE_TAG = "CACHEDIR.TAG"  # https://bford.info/cachedir/
MADE_BY_PROGRAMS = frozenset({CACHE_TAG, "pyvenv.cfg"})
STATE = frozenset({"source.json", "catalog.sqlite"})  # both: the state of a drive
# Changes to these change which other files are left out.
DECIDING = frozenset({OWN, GIT, REPOSITORY, *MADE_BY_PROGRAMS, *STATE})

GitRules = Literal["repositories", "everywhere", "never"]
Read = Callable[[str], bytes | None]  # the bytes of a file of the drive; None where there is none


class Rules(Struct, frozen=True):
    """The lines of one file.

    Attributes:
        folder: where it stands, with a slash behind; "" for the top.
    """

    folder: str
    lines: GitIgnoreSpec

    def says(self, path: str) -> bool | None:
        """Whether a path (of a folder with a slash behind) is left out; None: no line says."""
        return self.lines.check_file(path[len(self.folder) :]).include


class Scope(Struct, frozen=True):
    """The rules that hold for the entries of one folder, the nearest last."""

    own: tuple[Rules, ...] = ()
    git: tuple[Rules, ...] = ()
    in_repository: bool = False

    def says(self, path: str) -> bool | None:
        """Whether an entry is left out; None: the drive has no rule for it."""
        for rules in (*reversed(self.own), *reversed(self.git)):
            if (said := rules.says(path)) is not None:
                return said
        return None


class Ignore:
    """Decides what is left out.

    Args:
        patterns: of the settings, in git's syntax; they hold in every folder.
        git: where ``.gitignore`` counts.
        in_repository: whether the drive's folder lies within a working tree of git.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        git: GitRules = "repositories",
        *,
        in_repository: bool = False,
    ) -> None:
        self._defaults = _Names(patterns)
        self._git = git
        self._known: dict[str, tuple[bytes, Rules]] = {}  # files of rules, as they were last read
        self._top = Scope(in_repository=in_repository)

    def entered(self, folder: str, names: Iterable[str], above: Scope | None, read: Read) -> Scope:
        """The rules for the entries of a folder.

        Args:
            folder: its path; "" for the top.
            names: of those of its entries that are among :data:`DECIDING`.
            above: the rules of the folder that it lies in; None for the top.
            read: gives the content of a file of rules.
        """
        scope = above or self._top
        names = set(names)
        if names.isdisjoint((OWN, GIT, REPOSITORY)):
            return scope
        own, git, within = scope.own, scope.git, scope.in_repository
        if REPOSITORY in names:
            git, within = (), True
        if OWN in names:
            own = (*own, *self._rules(folder, OWN, read))
        if GIT in names and (self._git == "everywhere" or (self._git != "never" and within)):
            git = (*git, *self._rules(folder, GIT, read))
        return Scope(own, git, within)

    def leaves_out(self, scope: Scope, path: str, *, is_dir: bool) -> bool:
        """Whether an entry of the folder that the rules are of is left out."""
        if scope.own or scope.git:
            said = scope.says(f"{path}/" if is_dir else path)
            if said is not None:
                return said
        return self._defaults.match(path, is_dir=is_dir)

    def _rules(self, folder: str, name: str, read: Read) -> tuple[Rules, ...]:
        path = f"{folder}/{name}" if folder else name
        data = read(path)
        if not data:
            return ()
        if self._known.get(path, (b"",))[0] != data:
            lines = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").splitlines()
            rules = Rules(f"{folder}/" if folder else "", _spec(lines, path))
            self._known[path] = (data, rules)
        return (self._known[path][1],)


def is_made_by_program(folder: str, names: Iterable[str]) -> bool:
    """Whether a folder with such entries is a cache, an environment, or the state of a drive.

    The drive's own folder is none of them, whatever it holds.
    """
    names = set(names)
    return bool(folder) and (not names.isdisjoint(MADE_BY_PROGRAMS) or names >= STATE)


class _Names:
    """Patterns of the settings: one expression for those of names, git's syntax for the others."""

    def __init__(self, patterns: Iterable[str]) -> None:
        import fnmatch
        import re

        plain: list[str] = []
        others: list[str] = []
        for pattern in patterns:
            (others if "/" in pattern or pattern.startswith("!") else plain).append(pattern)
        joined = "|".join(fnmatch.translate(pattern) for pattern in plain)
        self._name = re.compile(joined or r"(?!)")
        self._others = _spec(others, "index.ignore") if others else None

    def match(self, path: str, *, is_dir: bool) -> bool:
        if self._others is not None:
            said = self._others.check_file(f"{path}/" if is_dir else path).include
            if said is not None:
                return said
        return self._name.match(path.rpartition("/")[2]) is not None


def _spec(lines: Sequence[str], origin: str) -> GitIgnoreSpec:
    """The lines as rules; one that is none is said, and the others hold."""
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore import GitIgnorePatternError

    try:
        return GitIgnoreSpec.from_lines(lines)
    except GitIgnorePatternError:
        kept = []
        for line in lines:
            try:
                GitIgnoreSpec.from_lines([line])
                kept.append(line)
            except GitIgnorePatternError:
                log.warning("%s: not a pattern: %r", origin, line)
        return GitIgnoreSpec.from_lines(kept)


def within_repository(folder: os.PathLike[str]) -> bool:
    """Whether a folder lies below the top of a working tree of git."""
    from pathlib import Path

    return any((parent / REPOSITORY).exists() for parent in Path(folder).parents)
