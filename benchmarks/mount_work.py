"""What the mount benchmark does in a folder: single operations, and whole workloads.

Each is a generator: what stands before its ``yield`` prepares, the function that it yields is
measured, what stands behind it clears away.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

BLOCK = b"x" * 131072
PAGE = b"y" * 4096
LARGE_BYTES = 64 * 1024 * 1024
LISTED = 1000  # entries of the folder that readdir lists

Steps = Iterator[Callable[[], object]]


class Place(Struct, frozen=True):
    """A system's view of the tree, and a folder of its own in it.

    Attributes:
        root: the tree, as the system shows it.
        own: below it, where this system may change things.
        source: the tree itself.
        archive: a tar file of the small files, elsewhere.
        count: how often an operation is repeated.
    """

    root: Path
    own: Path
    source: Path
    archive: Path
    count: int

    def files(self) -> list[str]:
        """As many small files as operations are repeated; nothing is looked at."""
        return [os.fspath(self.root / name) for name in small_names(self.count)]

    def new(self, kind: str) -> list[str]:
        """Names for new files."""
        return [os.fspath(self.own / f"{kind}{n}") for n in range(self.count)]

    def offsets(self) -> list[int]:
        """Places in the large file, in no order, none twice."""
        return [n * 4096 for n in random.Random(1).sample(range(LARGE_BYTES // 4096), self.count)]


class Work(Struct, frozen=True):
    """One row of a table.

    Attributes:
        name: as the table shows it.
        group: what it counts towards: metadata, changes, reads or writes.
        steps: see above.
        per: by how much the cost is divided; None is by the repetitions.
    """

    name: str
    group: str
    steps: Callable[[Place], Steps]
    per: int | None = None

    @property
    def mutates(self) -> bool:
        """Whether the journal has to do with it."""
        return self.group in ("changes", "writes")


def small_names(count: int) -> list[str]:
    """Names of the small files, 50 in a folder."""
    return [f"small/d{n // 50}/{n}.txt" for n in range(count)]


def fill(source: Path, files: int) -> None:
    """The tree: small files, the same as a repository, a folder to list, and one large file."""
    for n, name in enumerate(small_names(files)):
        path = source / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"line {n}\n" * (20 + n % 100))
    shutil.copytree(source / "small", source / "repository")
    git(source / "repository", "init", "-q")
    git(source / "repository", "add", ".")
    git(source / "repository", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    (source / "listed").mkdir()
    for n in range(LISTED):
        (source / "listed" / f"entry-{n:04}").touch()
    with (source / "large").open("wb") as file:
        for _ in range(LARGE_BYTES // len(BLOCK)):
            file.write(os.urandom(len(BLOCK)))


def git(folder: Path, *arguments: str) -> None:
    """Run git without the user's settings."""
    plain = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", os.fspath(folder), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **plain})


def run(*command: str | Path, fails: int = 0) -> None:
    """Run a program, its output thrown away; the exit code ``fails`` is right, too."""
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in (0, fails):
        done.check_returncode()


def each(function: Callable[[str], object], paths: list[str]) -> Callable[[], None]:
    """A function that calls another for every path."""

    def loop() -> None:
        for path in paths:
            function(path)

    return loop


def _open_close(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _create(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def _remove(path: str) -> None:
    Path(path).unlink()


# --- single operations


def stat(place: Place) -> Steps:
    """Attributes of files that the kernel knows nothing about any more."""
    yield each(os.lstat, place.files())


def lookup(place: Place) -> Steps:
    """Names that are not there."""
    yield each(os.path.lexists, place.new("missing"))


def open_close(place: Place) -> Steps:
    """One file opened again and again."""
    yield each(_open_close, place.files()[:1] * place.count)


def _descriptor(path: Path, flags: int) -> int:
    fd = os.open(path, flags)
    # Else the kernel reads ahead, and most reads ask nobody.
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    return fd


def read_4k(place: Place) -> Steps:
    """Pages in no order."""
    fd = _descriptor(place.root / "large", os.O_RDONLY)
    yield lambda: [os.pread(fd, 4096, offset) for offset in place.offsets()]
    os.close(fd)


def write_4k(place: Place) -> Steps:
    """Pages in order, over what was there."""
    path = place.own / "pages"
    path.write_bytes(PAGE * place.count)
    fd = os.open(path, os.O_WRONLY)
    yield lambda: [os.pwrite(fd, PAGE, n * 4096) for n in range(place.count)]
    os.close(fd)
    path.unlink()


def read_128k(place: Place) -> Steps:
    """Larger pieces, in order."""
    fd = os.open(place.root / "large", os.O_RDONLY)
    pieces = LARGE_BYTES // len(BLOCK)
    yield lambda: [os.pread(fd, len(BLOCK), n * len(BLOCK)) for n in range(pieces)]
    os.close(fd)


def create(place: Place) -> Steps:
    """Empty files made."""
    paths = place.new("created")
    yield each(_create, paths)
    each(_remove, paths)()


def unlink(place: Place) -> Steps:
    """Empty files removed."""
    paths = place.new("removed")
    each(_create, paths)()
    yield each(_remove, paths)


def rename(place: Place) -> Steps:
    """One file renamed, to and fro."""
    old, new = place.own / "a", place.own / "b"
    old.touch()

    def there_and_back() -> None:
        for _ in range(place.count // 2):
            old.rename(new)
            new.rename(old)

    yield there_and_back
    old.unlink()


def readdir(place: Place) -> Steps:
    """A folder of a thousand listed."""
    path = os.fspath(place.root / "listed")
    yield lambda: [os.listdir(path) for _ in range(20)]  # noqa: PTH208


def mkdir_rmdir(place: Place) -> Steps:
    """A folder made and removed."""
    path = place.own / "folder"

    def there_and_gone() -> None:
        for _ in range(place.count):
            path.mkdir()
            path.rmdir()

    yield there_and_gone


OPERATIONS = (
    Work("stat", "metadata", stat),
    Work("lookup, missing", "metadata", lookup),
    Work("open + close", "metadata", open_close),
    Work("readdir of 1,000", "metadata", readdir, 20),
    Work("read 4k", "reads", read_4k),
    Work("read 128k", "reads", read_128k, LARGE_BYTES // len(BLOCK)),
    Work("write 4k", "writes", write_4k),
    Work("create", "changes", create),
    Work("unlink", "changes", unlink),
    Work("rename", "changes", rename),
    Work("mkdir + rmdir", "changes", mkdir_rmdir),
)


# --- whole workloads


def find(place: Place) -> Steps:
    """Everything listed and looked at."""
    yield lambda: run("find", place.root / "small", "-size", "+1000M")


def list_all(place: Place) -> Steps:
    """The same, as people do it."""
    yield lambda: run("ls", "-lR", place.root / "small")


def grep(place: Place) -> Steps:
    """Every file read."""
    yield lambda: run("grep", "-r", "no such text", place.root / "small", fails=1)


def git_status(place: Place) -> Steps:
    """Every file compared with an index."""
    repository = place.root / "repository"
    yield lambda: git(repository, "--no-optional-locks", "status", "--porcelain")


def tar_out(place: Place) -> Steps:
    """An archive made of the small files."""
    # Not /dev/null, into which tar puts nothing without reading it; nor into the mount.
    target = place.archive.with_name("made.tar")
    yield lambda: run("tar", "cf", target, "-C", place.root, "small")
    target.unlink()


def tar_in(place: Place) -> Steps:
    """An archive unpacked."""
    yield lambda: run("tar", "xf", place.archive, "-C", place.own)
    shutil.rmtree(place.own / "small")


def copy(place: Place) -> Steps:
    """A tree copied, from the mount into it."""
    yield lambda: run("cp", "-r", place.root / "small", place.own / "copy")
    shutil.rmtree(place.own / "copy")


def small_files(place: Place) -> Steps:
    """Small files made and removed again."""
    paths = [Path(path) for path in place.new("small")]

    def make_and_remove() -> None:
        for path in paths:
            path.write_bytes(b"x" * 100)
        for path in paths:
            path.unlink()

    yield make_and_remove


def _read_all(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(len(BLOCK)):
            pass


def _forget(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def read_cold(place: Place) -> Steps:
    """A large file that is in no cache."""
    for path in (place.root / "large", place.source / "large"):
        _forget(path)
    yield lambda: _read_all(place.root / "large")


def read_warm(place: Place) -> Steps:
    """A large file for the second time."""
    _read_all(place.root / "large")
    yield lambda: _read_all(place.root / "large")


def write_large(place: Place) -> Steps:
    """A large file written."""
    path = place.own / "written"

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for _ in range(LARGE_BYTES // len(BLOCK)):
                file.write(BLOCK)

    yield write
    path.unlink()


def read_random(place: Place) -> Steps:
    """4 KiB here and there, each time through an open of its own."""
    path = os.fspath(place.root / "large")

    def read() -> None:
        for offset in place.offsets():
            fd = os.open(path, os.O_RDONLY)
            os.pread(fd, 4096, offset)
            os.close(fd)

    yield read


def write_random(place: Place) -> Steps:
    """4 KiB here and there, over what was there."""
    path = place.own / "pages"
    # Made behind the mount: only the random writes are of interest.
    with (place.source / path.relative_to(place.root)).open("wb") as file:
        file.truncate(LARGE_BYTES)
    fd = os.open(path, os.O_RDWR)

    def write() -> None:
        for offset in place.offsets():
            os.pwrite(fd, PAGE, offset)

    yield write
    os.close(fd)
    path.unlink()


WORKLOADS = (
    Work("find", "metadata", find, 1),
    Work("ls -lR", "metadata", list_all, 1),
    Work("grep -r", "metadata", grep, 1),
    Work("git status", "metadata", git_status, 1),
    Work("tar c", "metadata", tar_out, 1),
    Work("tar x", "changes", tar_in, 1),
    Work("cp -r", "changes", copy, 1),
    Work("make, remove files", "changes", small_files, 1),
    Work("read 64 MB, cold", "reads", read_cold, 1),
    Work("read 64 MB, again", "reads", read_warm, 1),
    Work("open, read 4k", "reads", read_random, 1),
    Work("write 64 MB", "writes", write_large, 1),
    Work("random 4k writes", "writes", write_random, 1),
)
