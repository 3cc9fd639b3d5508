"""What changed in a tree since the catalog was brought in step with it: the plan of one look.

A file that stands elsewhere under the same inode, with the same size and time, was moved: its row
goes along, and with it all that is known of the file. So is one of two that were exchanged, and one
that was renamed over another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct, field

from lsfs.index.store.rows import FileIdentity, FileRow


class Move(Struct, frozen=True):
    """A row that goes to another path.

    Attributes:
        is_certain: nobody can have written to the file since: not even the time of the last change
            of its attributes is another one, as when a folder above it was renamed. Renaming the
            file itself sets that time, and so does writing to it and setting back the other one.
    """

    row: FileRow
    path: str
    identity: FileIdentity

    @property
    def is_certain(self) -> bool:
        return self.row.identity == self.identity


class Changes(Struct, frozen=True):
    """How rows become those of the tree.

    Attributes:
        gone: rows that end.
        moved: rows that go to another path, which may be the one of another that ends or moves.
        changed: rows that stay where they are, and what stands there now.
        new: what stands where no row stays or goes to.
    """

    gone: list[FileRow] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    changed: list[tuple[FileRow, FileIdentity]] = field(default_factory=list)
    new: dict[str, FileIdentity] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.gone or self.moved or self.changed or self.new)


def compare(known: Mapping[str, FileRow], seen: Mapping[str, FileIdentity]) -> Changes:
    """What is to be done so that the rows are those of the tree.

    Args:
        known: the rows, by path.
        seen: the files that there are, by path.
    """
    found = Changes()
    news = {path: now for path, now in seen.items() if not _is_same_file(known.get(path), now)}
    left = [row for path, row in known.items() if path not in seen or path in news]
    found.moved.extend(_moves(left, news))
    going = {move.row.id for move in found.moved}
    targets = {move.path for move in found.moved}
    found.gone.extend(
        row for row in left if row.id not in going and (row.path not in seen or row.path in targets)
    )
    for path, now in seen.items():
        row = known.get(path)
        if path in targets or (row is not None and row.id not in going and row.identity == now):
            continue
        if row is None or row.id in going:
            found.new[path] = now
        else:
            found.changed.append((row, now))
    return found


def _is_same_file(row: FileRow | None, now: FileIdentity) -> bool:
    return row is not None and row.identity.inode == now.inode


def _moves(left: list[FileRow], news: Mapping[str, FileIdentity]) -> list[Move]:
    """Which of the rows that are left stand under a new path; each row and each path once."""
    by_inode: dict[int, list[FileRow]] = defaultdict(list)
    for row in left:
        by_inode[row.identity.inode].append(row)
    moves = []
    for path, now in news.items():
        names = by_inode.get(now.inode, [])
        for row in names:
            if row.identity.same_content(now):
                names.remove(row)
                moves.append(Move(row, path, now))
                break
    return moves
