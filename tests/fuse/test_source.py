"""Where an open file of the source is, asked of the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.fuse import brain
from lsfs.fuse.source import Source


@pytest.fixture
def source(folder: Path) -> Iterator[Source]:
    source = Source(folder)
    yield source
    source.close()


def where(source: Source, path: Path) -> bytes | None:
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        return source.path_of(fd)
    finally:
        os.close(fd)


def test_a_file_is_where_it_is_below_the_root(source: Source, folder: Path) -> None:
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/f").write_text("x")
    (folder / "link").symlink_to("a/f")
    assert where(source, folder) == b""
    assert where(source, folder / "a/b") == b"a/b"
    assert where(source, folder / "a/f") == b"a/f"
    assert where(source, folder / "link") == b"link"


def test_a_folder_whose_name_only_begins_like_the_root_is_not_below_it(
    source: Source, folder: Path
) -> None:
    beside = folder.with_name(folder.name + "-2")
    beside.mkdir()
    (beside / "f").write_text("x")
    assert where(source, beside / "f") == b""


def test_a_removed_file_is_nowhere(source: Source, folder: Path) -> None:
    for name in ("f", "g (deleted)"):
        fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT)
        assert source.path_of(fd) == os.fsencode(name)
        (folder / name).unlink()
        assert source.path_of(fd) is None
        os.close(fd)


def test_a_removed_name_is_not_taken_for_another_file_of_the_name_it_seems_to_have(
    source: Source, folder: Path
) -> None:
    (folder / "f").write_text("x")
    (folder / "further name").hardlink_to(folder / "f")
    fd = os.open(folder / "f", os.O_RDONLY)
    (folder / "f").unlink()
    (folder / "f (deleted)").write_text("another")
    assert source.path_of(fd) == b""
    os.close(fd)


@pytest.mark.mount
def test_a_mount_that_covers_the_source_is_not_entered(folder: Path) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root mounts something over a folder")
    (folder / "d").mkdir()
    (folder / "d/f (deleted)").write_text("x")
    code = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from lsfs.fuse.source import Source\n"
        "source = Source(Path(sys.argv[1]))\n"
        "subprocess.run(['mount', '-t', 'tmpfs', 'none', sys.argv[1]], check=True)\n"
        "assert os.listdir(sys.argv[1]) == []\n"
        "fd = os.open('d/f (deleted)', os.O_RDONLY, dir_fd=source.root)\n"
        "print(source.path_of(fd))\n"
    )
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code, str(folder)],
        capture_output=True, text=True, env=brain.environment(), timeout=60, check=False,
    )  # fmt: skip
    assert (done.stderr, done.stdout) == ("", "b'd/f (deleted)'\n")
