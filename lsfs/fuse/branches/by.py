"""All files grouped by date, type, author and party, as folders of links."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Branch, Node, Parts
from lsfs.fuse.knowledge import Fresh, PerGeneration, Published
from lsfs.index.filters import type_of

MONTH_DAYS = 31  # a date that is less exact belongs to its year only
OTHER = "other"
_ENDING = re.compile(r"[\w+-]{1,16}$")  # what follows a dot otherwise is no type of file


@dataclass(slots=True)
class _Group:
    """A folder of groups, of files, or of both."""

    groups: dict[str, _Group] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    links: dict[str, str] | None = None  # paths by names, made when they are asked for

    def below(self, names: Iterable[str]) -> _Group:
        """The group at the end of a path, made where it is missing."""
        group = self
        for name in names:
            group = group.groups.setdefault(name, _Group())
        return group


class ByBranch(Branch):
    """``by/{date,type,author,party}/…/<file>``.

    Args:
        published: what the brain has published.
        generation: of the index.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self, published: Published, generation: Fresh[int], monotonic: Callable[[], float]
    ) -> None:
        self._keys: dict[str, Callable[[], _Group]] = {
            "date": lambda: _by_date(published.dated()),
            "type": lambda: _by_type(published.typed()),
            "author": lambda: _by_name(published.authored()),
            "party": lambda: _by_name(published.parties()),
        }
        self._groups: PerGeneration[str, _Group] = PerGeneration(
            generation, lambda key: self._keys[key](), _Group(), monotonic
        )
        self._monotonic = monotonic

    def lookup(self, parts: Parts) -> Node:
        """A group, or a file in one."""
        if len(parts) == 1:
            return nodes.directory(parts)
        group = self._group(parts[1:-1]) if len(parts) > 2 else None
        if group is None:
            if parts[1] in self._keys and len(parts) == 2:
                return nodes.directory(parts)
            raise nodes.error(errno.ENOENT, parts)
        if parts[-1] in group.groups:
            return nodes.directory(parts)
        path = self._links(parts[1], group).get(parts[-1])
        if path is None:
            raise nodes.error(errno.ENOENT, parts)
        return nodes.link(parts, _target(parts, path))

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The groups and files of a group."""
        if len(parts) == 1:
            return [(key, nodes.directory((*parts, key))) for key in self._keys]
        group = self._group(parts[1:])
        if group is None:
            raise nodes.error(errno.ENOENT, parts)
        found = [(name, nodes.directory((*parts, name))) for name in sorted(group.groups)]
        for name, path in self._links(parts[1], group).items():
            entry = (*parts, name)
            found.append((name, nodes.link(entry, _target(entry, path))))
        return found

    def _links(self, key: str, group: _Group) -> dict[str, str]:
        """The files of a group by names that differ: more work than the groups themselves."""
        if group.links is None:
            begin = self._monotonic()
            group.links = distinct_names(group.paths, group.groups)
            self._groups.charge(key, self._monotonic() - begin)
        return group.links

    def _group(self, names: Parts) -> _Group | None:
        if names[0] not in self._keys:
            return None
        group: _Group | None = self._groups.get(names[0])
        for name in names[1:]:
            group = group.groups.get(name) if group else None
        return group


def _target(parts: Parts, path: str) -> bytes:
    """The relative path from a link to a file of the drive."""
    return b"../" * len(parts) + os.fsencode(path)


def _by_date(dated: Iterable[tuple[str, str, str]]) -> _Group:
    root = _Group()
    for path, day, day_end in dated:
        days = (date.fromisoformat(day_end) - date.fromisoformat(day)).days
        names = (day[:4], day[:7]) if days <= MONTH_DAYS else (day[:4],)
        root.below(names).paths.append(path)
    return root


def _by_type(typed: Iterable[tuple[str, str]]) -> _Group:
    root = _Group()
    names: dict[str, str] = {}
    for path, suffix in typed:
        name = names.get(suffix)
        if name is None:
            name = names[suffix] = type_of(suffix) if _ENDING.match(suffix) else OTHER
        root.below((name,)).paths.append(path)
    return root


def _by_name(named: Iterable[tuple[str, str]]) -> _Group:
    root = _Group()
    for path, name in named:
        root.below((_unprobed(" ".join(name.split())),)).paths.append(path)
    return root


# --- names


def distinct_names(paths: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Paths by names that differ: each its file's own, with folders in brackets where needed.

    A name depends on the paths of files of the same name only, so that it stays when others come.

    Args:
        taken: names that are not to be had.
    """
    same: dict[str, list[str]] = {}
    for path in sorted(paths):
        same.setdefault(_named(path, ""), []).append(path)
    found: dict[str, str] = {}
    clashing = []
    for name, sharers in same.items():
        if len(sharers) == 1 and name not in taken:
            found[name] = sharers[0]
        else:
            clashing.append(sharers)
    for sharers in clashing:
        for name, path in zip(_told_apart(sharers), sharers, strict=True):
            free = name not in found and name not in taken
            found[name if free else _by_digest(path)] = path
    return dict(sorted(found.items()))


def _told_apart(paths: list[str]) -> list[str]:
    """Names with as many folders in brackets as it takes."""
    for names in _longer_and_longer(paths):
        if len(set(names)) == len(paths):
            return names
    return [_by_digest(path) for path in paths]


def _longer_and_longer(paths: list[str]) -> Iterator[list[str]]:
    folders = [path.split("/")[:-1] for path in paths]
    for depth in range(1, 1 + max(map(len, folders))):
        yield [
            _named(path, " - ".join(above[-depth:]))
            for path, above in zip(paths, folders, strict=True)
        ]


def _by_digest(path: str) -> str:
    return _named(path, hashlib.blake2b(os.fsencode(path), digest_size=4).hexdigest())


def _named(path: str, addition: str) -> str:
    """A file's name with an addition in brackets before its ending."""
    name = path.rpartition("/")[2]
    if not addition:
        return _unprobed(name)
    stem, suffix = rendering.split_name(name)
    brackets = f" ({addition}){suffix}"
    if len(os.fsencode(brackets)) > rendering.NAME_MAX // 2:
        return _unprobed(name)  # too long to be told; the digest will tell it apart
    room = rendering.NAME_MAX - len(os.fsencode(brackets))
    return _unprobed(rendering.safe_name(stem, room) + rendering.safe_name(brackets))


def _unprobed(name: str) -> str:
    """A safe name that no program looks for."""
    safe = rendering.safe_name(name.replace("/", "-"), rendering.NAME_MAX - 1)
    return f"_{safe}" if nodes.is_probed(safe) or not safe else safe
