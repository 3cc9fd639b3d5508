"""Folders of links to files in groups, and the names in them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Parts


class Group(Struct):
    """A folder of groups, of files, or of both."""

    groups: dict[str, Group] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    links: dict[str, str] | None = None  # paths by names, made when they are asked for

    def below(self, names: Iterable[str]) -> Group:
        """The group at the end of a path, made where it is missing."""
        group = self
        for name in names:
            group = group.groups.setdefault(name, Group())
        return group

    def at(self, names: Iterable[str]) -> Group | None:
        """The group at the end of a path; None where there is none."""
        group: Group | None = self
        for name in names:
            group = group.groups.get(name) if group else None
        return group


def target(parts: Parts, path: str) -> bytes:
    """The relative path from a link to a file of the drive."""
    return b"../" * len(parts) + os.fsencode(path)


def folder_name(label: str) -> str:
    """A label as the name of a folder."""
    return unprobed(" ".join(label.split()))


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
        return unprobed(name)
    stem, suffix = rendering.split_name(name)
    brackets = f" ({addition}){suffix}"
    if len(os.fsencode(brackets)) > rendering.NAME_MAX // 2:
        return unprobed(name)  # too long to be told; the digest will tell it apart
    room = rendering.NAME_MAX - len(os.fsencode(brackets))
    return unprobed(rendering.safe_name(stem, room) + rendering.safe_name(brackets))


def unprobed(name: str) -> str:
    """A safe name that no program looks for."""
    safe = rendering.safe_name(name.replace("/", "-"), rendering.NAME_MAX - 1)
    return f"_{safe}" if nodes.is_probed(safe) or not safe else safe
