"""All files grouped by date, type, author, kind, party and topic, as folders of links."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from datetime import date

from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.linked import Group, distinct_names, folder_name, target
from lsfs.fuse.branches.nodes import Branch, Node, Parts
from lsfs.fuse.knowledge import Fresh, PerGeneration, Published
from lsfs.index.find.filters import type_of

MONTH_DAYS = 31  # a date that is less exact belongs to its year only
OTHER = "other"
_ENDING = re.compile(r"[\w+-]{1,16}$")  # what follows a dot otherwise is no type of file


_NO_TOPICS = b"""# No topics yet

Topics are found in the background when all files have been read, or now with:

    lsfs group topic

A drive with only a few files has none until then.
"""
README = "README.md"


class ByBranch(Branch):
    """``by/{date,type,author,kind,party,topic}/…/<file>``.

    Args:
        published: what the brain has published.
        generation: of the index.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self, published: Published, generation: Fresh[int], monotonic: Callable[[], float]
    ) -> None:
        self._keys: dict[str, Callable[[], Group]] = {
            "date": lambda: _by_date(published.dated()),
            "type": lambda: _by_type(published.typed()),
            "author": lambda: _by_name(published.authored()),
            "kind": lambda: _by_name(published.kinds()),
            "party": lambda: _by_name(published.parties()),
            "topic": lambda: _by_topic(published.topics()),
        }
        self._groups: PerGeneration[str, Group] = PerGeneration(
            generation, lambda key: self._keys[key](), Group(), monotonic
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
        if parts[1:] == ("topic", README) and not group.groups:
            return nodes.file(parts, _NO_TOPICS)
        path = self._links(parts[1], group).get(parts[-1])
        if path is None:
            raise nodes.error(errno.ENOENT, parts)
        return nodes.link(parts, target(parts, path))

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
            found.append((name, nodes.link(entry, target(entry, path))))
        if parts[1:] == ("topic",) and not group.groups:
            found.append((README, self.lookup((*parts, README))))
        return found

    def _links(self, key: str, group: Group) -> dict[str, str]:
        """The files of a group by names that differ: more work than the groups themselves."""
        if group.links is None:
            begin = self._monotonic()
            group.links = distinct_names(group.paths, group.groups)
            self._groups.charge(key, self._monotonic() - begin)
        return group.links

    def _group(self, names: Parts) -> Group | None:
        if names[0] not in self._keys:
            return None
        return self._groups.get(names[0]).at(names[1:])


def _by_date(dated: Iterable[tuple[str, str, str]]) -> Group:
    root = Group()
    for path, day, day_end in dated:
        days = (date.fromisoformat(day_end) - date.fromisoformat(day)).days
        names = (day[:4], day[:7]) if days <= MONTH_DAYS else (day[:4],)
        root.below(names).paths.append(path)
    return root


def _by_type(typed: Iterable[tuple[str, str]]) -> Group:
    root = Group()
    names: dict[str, str] = {}
    for path, suffix in typed:
        name = names.get(suffix)
        if name is None:
            name = names[suffix] = type_of(suffix) if _ENDING.match(suffix) else OTHER
        root.below((name,)).paths.append(path)
    return root


def _by_name(named: Iterable[tuple[str, str]]) -> Group:
    root = Group()
    for path, name in named:
        root.below((folder_name(name),)).paths.append(path)
    return root


def _by_topic(placed: Iterable[tuple[str, tuple[str, ...]]]) -> Group:
    root = Group()
    for path, labels in placed:
        root.below(map(folder_name, labels)).paths.append(path)
    return root
