"""What a grouping consists of; light, for the process that serves the mount reads it too."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

OTHER = "(other)"  # where the files of the groups go that are too many to be shown


class GroupedFile(Struct, frozen=True):
    """A file of a group, and why it is in it.

    Attributes:
        path: relative to the drive.
        reason: the rule, in words: "ending .pdf", "label: supplier", "'rent' on p.3".
        value: what the file says, as written; "" where no place in it decides.
        page, line: where it says so; None where the format has none.
        char_start, char_end: the same as offsets into the canonical text; -1 without a place.
        where: the same as people write it; see lsfs.places.
        score: how near it is to what the group is about, from 0 to 1; 1 where that is no question.
    """

    path: str
    reason: str = ""
    value: str = ""
    page: int | None = None
    line: int | None = None
    char_start: int = -1
    char_end: int = -1
    where: str = ""
    score: float = 1.0


class FileGroup(Struct, frozen=True):
    """Files that have something in common.

    Attributes:
        label: what they have in common.
        count: how many files.
        files: the files, in order of their paths; of topics, the most typical first.
        within: labels of the wider groups around it, the widest first.
        terms: of a topic, the words that set it apart, the most distinctive first.
        spellings: other ways in which files write the label.
    """

    label: str
    count: int
    files: tuple[GroupedFile, ...]
    within: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    @classmethod
    def of(cls, label: str, files: Iterable[GroupedFile], *, ranked: bool = False) -> FileGroup:
        """A group of these files, each once, by its first reason."""
        once: dict[str, GroupedFile] = {}
        for file in files:
            once.setdefault(file.path, file)
        kept = list(once.values()) if ranked else [once[path] for path in sorted(once)]
        return cls(label, len(kept), tuple(kept))


class Links(Struct, frozen=True):
    """A group of a kept grouping, as a folder of links.

    Attributes:
        folders: names of the folders from the widest to this one.
        paths: the files in it.
    """

    folders: tuple[str, ...]
    paths: tuple[str, ...]


class SavedGroup(Struct, frozen=True):
    """A grouping that is kept as a directory, as it was computed last.

    Attributes:
        name: the directory below ``.lsfs/group``.
        request: the request that made it, as JSON.
        generation: the index generation that it was computed from.
        title: the request in words.
    """

    name: str
    request: str
    generation: int
    title: str = ""
    groups: tuple[Links, ...] = ()


def at_most(groups: list[FileGroup], most: int) -> list[FileGroup]:
    """The largest groups, and one of all files that are in none of them."""
    if most <= 0 or len(groups) <= most:
        return groups
    largest = {id(group) for group in sorted(groups, key=lambda g: (-g.count, g.label))[:most]}
    kept = [group for group in groups if id(group) in largest]
    shown = {file.path for group in kept for file in group.files}
    rest = [
        file
        for group in groups
        if id(group) not in largest
        for file in group.files
        if file.path not in shown
    ]
    return [*kept, FileGroup.of(OTHER, rest)] if rest else kept
