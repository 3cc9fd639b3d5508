"""What the versions benchmark does through a mount: changes that destroy something, or nothing.

Each is a generator, as in :mod:`benchmarks.mount_work`: what stands before its ``yield`` prepares,
the function that it yields is measured, what stands behind it clears away.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from blake3 import blake3
from msgspec import Struct

from benchmarks.mount_work import git, run
from lsfs.clock import SystemClock
from lsfs.paths import StatePaths
from lsfs.versions.keeper import Keeper

SMALL = b"It was a bright cold day in April.\n" * 60  # 2 KiB
OTHER = b"And the clocks were striking thirteen.\n" * 60
LARGE_BYTES = 64 << 20
PIECE = os.urandom(1 << 20)
PAGE = b"y" * 4096
QUIET_S = 0.03  # files that are younger may be written to without their times telling

Steps = Iterator[Callable[[], object]]


class Place(Struct, frozen=True):
    """Where a system works.

    Attributes:
        own: an empty folder in the mount.
        source: the same folder behind the mount.
        root: the source itself.
        state: of the drive; None where no versions are kept.
        count: how often an operation is repeated.
        archive: a tar file; its files.
        repository: a git repository elsewhere.
    """

    own: Path
    source: Path
    root: Path
    state: StatePaths | None
    count: int
    archive: Path
    repository: Path

    def names(self) -> list[str]:
        """Names of small files."""
        return [f"file-{n}.txt" for n in range(self.count)]

    def make(self, *, kept: bool) -> list[Path]:
        """Small files, made behind the mount; their paths in it.

        Args:
            kept: their contents are in the object store.
        """
        for name in self.names():
            (self.source / name).write_bytes(name.encode() + SMALL)
        if kept:
            self.keep(self.names())
        return [self.own / name for name in self.names()]

    def keep(self, names: list[str]) -> None:
        """Put what files hold into the object store, as reading them for the index does."""
        if self.state is None:
            return
        keeper = Keeper(self.state, self.root, SystemClock())
        with contextlib.closing(keeper):
            keeper.look([os.fspath((self.source / name).relative_to(self.root)) for name in names])
            for name in names:
                data = (self.source / name).read_bytes()
                with (self.source / name).open("rb") as file:
                    keeper.keep_read(file.fileno(), blake3(data).digest())

    def clear(self) -> None:
        """Remove what is left, behind the mount."""
        for entry in list(self.source.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


class Work(Struct, frozen=True):
    """One row of the table.

    Attributes:
        steps: see above.
        per: by how much the cost is divided; None is by the repetitions.
        loses: bytes go by it that nobody has, so they have to be copied, or brought to the disk.
    """

    name: str
    steps: Callable[[Place], Steps]
    per: int | None = None
    loses: bool = False


def create(place: Place) -> Steps:
    """Small files made and written."""

    def work() -> None:
        for name in place.names():
            (place.own / name).write_bytes(SMALL)

    yield work


def _overwrite(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, OTHER)
    os.close(fd)


def overwrite(place: Place, *, kept: bool = False) -> Steps:
    """Small files cut and written anew."""
    paths = place.make(kept=kept)
    yield lambda: [_overwrite(path) for path in paths]


def overwrite_kept(place: Place) -> Steps:
    """The same, with the versions kept already."""
    return overwrite(place, kept=True)


def rewrite(place: Place) -> Steps:
    """One small file, cut and written again and again."""
    place.make(kept=False)
    path = place.own / place.names()[0]
    yield lambda: [_overwrite(path) for _ in range(place.count)]


def append(place: Place) -> Steps:
    """A line more in a log, each time through an open of its own."""
    path = place.own / "log"
    (place.source / "log").write_bytes(SMALL * 1000)

    def work() -> None:
        for _ in range(1000):
            fd = os.open(path, os.O_WRONLY | os.O_APPEND)
            os.write(fd, b"something happened, and then something else\n")
            os.close(fd)

    yield work


def append_open(place: Place) -> Steps:
    """The same through one open."""
    path = place.own / "log"
    (place.source / "log").write_bytes(SMALL * 1000)
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)

    def work() -> None:
        for _ in range(1000):
            os.write(fd, b"something happened, and then something else\n")

    yield work
    os.close(fd)


def save(place: Place, *, kept: bool = False) -> Steps:
    """What careful editors do: a file beside, and renamed over."""
    paths = place.make(kept=kept)

    def work() -> None:
        for path in paths:
            draft = path.with_name(f".{path.name}.tmp")
            draft.write_bytes(OTHER)
            draft.rename(path)

    yield work


def save_kept(place: Place) -> Steps:
    """The same, with the versions kept already."""
    return save(place, kept=True)


def unlink(place: Place, *, kept: bool = False) -> Steps:
    """Small files removed."""
    paths = place.make(kept=kept)
    yield lambda: [path.unlink() for path in paths]


def unlink_kept(place: Place) -> Steps:
    """The same, with the versions kept already."""
    return unlink(place, kept=True)


def write_large(place: Place) -> Steps:
    """A large file written."""
    path = place.own / "large"

    def work() -> None:
        with path.open("wb", buffering=0) as file:
            for _ in range(LARGE_BYTES // len(PIECE)):
                file.write(PIECE)

    yield work


def random_writes(place: Place, *, kept: bool = False) -> Steps:
    """4 KiB here and there in a large file."""
    behind = place.source / "large"
    with behind.open("wb") as file:
        for _ in range(LARGE_BYTES // len(PIECE)):
            file.write(PIECE)
    pages = LARGE_BYTES // 4096
    offsets = [n * 4096 for n in random.Random(1).sample(range(pages), min(4000, pages))]
    fd = os.open(place.own / "large", os.O_RDWR)
    if kept:
        os.pwrite(fd, PAGE, 0)

    def work() -> None:
        for offset in offsets:
            os.pwrite(fd, PAGE, offset)

    yield work
    os.close(fd)


def random_writes_kept(place: Place) -> Steps:
    """The same behind the first write, which has what was there kept."""
    return random_writes(place, kept=True)


def untar(place: Place) -> Steps:
    """A tree unpacked."""
    yield lambda: run("tar", "xf", place.archive, "-C", place.own)


def remove_tree(place: Place) -> Steps:
    """A tree removed."""
    run("tar", "xf", place.archive, "-C", place.source)
    yield lambda: run("rm", "-rf", *place.own.iterdir())


def remove_tree_kept(place: Place) -> Steps:
    """The same, with the versions kept already."""
    run("tar", "xf", place.archive, "-C", place.source)
    names = [os.fspath(path.relative_to(place.source)) for path in place.source.rglob("*.txt")]
    place.keep(names)
    yield lambda: run("rm", "-rf", *place.own.iterdir())


def clone(place: Place) -> Steps:
    """A repository cloned, changed, and committed."""
    target = place.own / "clone"

    def work() -> None:
        run("git", "clone", "-q", "--no-hardlinks", place.repository, target)
        for path in sorted(target.glob("*/*.txt"))[:100]:
            path.write_bytes(OTHER)
        git(target, "add", ".")
        git(target, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "y")

    yield work


WORKS = (
    Work("create, write 2 KiB", create),
    Work("overwrite 2 KiB", overwrite, loses=True),
    Work("overwrite 2 KiB, kept", overwrite_kept),
    Work("overwrite one file", rewrite, loses=True),
    Work("append to a log", append, 1000),
    Work("append, held open", append_open, 1000),
    Work("atomic save", save, loses=True),
    Work("atomic save, kept", save_kept),
    Work("unlink 2 KiB", unlink, loses=True),
    Work("unlink 2 KiB, kept", unlink_kept),
    Work("write 64 MiB", write_large, 1),
    Work("4 KiB into 64 MiB", random_writes, 4000, loses=True),
    Work("4 KiB, kept", random_writes_kept, 4000),
    Work("tar x", untar, 1),
    Work("rm -rf", remove_tree, 1, loses=True),
    Work("rm -rf, kept", remove_tree_kept, 1),
    Work("git clone, commit", clone, 1, loses=True),
)
