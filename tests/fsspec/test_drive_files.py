"""What a drive can do beyond what fsspec asks of every file system."""

from __future__ import annotations

import multiprocessing
import pickle
import time
import tomllib
from pathlib import Path

import fsspec
import pytest

from lsfs.fsspec import DriveFileSystem

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_found_by_its_protocol(drive_fs: DriveFileSystem) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["fsspec.specs"] == {"lsfs": "lsfs.fsspec:DriveFileSystem"}
    assert fsspec.get_filesystem_class("lsfs") is DriveFileSystem
    assert drive_fs.unstrip_protocol("/a/b") == "lsfs:///a/b"
    for spelling in ("lsfs://a/b", "lsfs:///a/b/", "/a/b", "a/./b", "lsfs://a/b?at=yesterday"):
        assert DriveFileSystem._strip_protocol(spelling) == "/a/b"


def test_what_is_overwritten_is_kept_and_can_be_read(
    drive_fs: DriveFileSystem, files: Path
) -> None:
    drive_fs.pipe_file("past/a.txt", b"one\n")
    then = drive_fs.drive.snapshot("first").name
    time.sleep(0.01)
    drive_fs.pipe_file("past/a.txt", b"two, which is longer\n")
    drive_fs.mv("past/a.txt", "past/b.txt")
    assert (files / "past" / "b.txt").read_bytes() == b"two, which is longer\n"
    assert len(drive_fs.drive.versions("past/b.txt").versions) == 2
    drive, state = drive_fs._where
    earlier = DriveFileSystem(drive, state, at=then, skip_instance_cache=True)
    try:
        assert earlier.cat_file("past/a.txt") == b"one\n"
        assert earlier.ls("past", detail=False) == ["/past/a.txt"]
        assert earlier.info("/past/a.txt")["size"] == 4
        assert not earlier.exists("past/b.txt")
        assert earlier.find("past") == ["/past/a.txt"]
        for change in (
            lambda: earlier.pipe_file("past/a.txt", b""),
            lambda: earlier.rm("past/a.txt"),
            lambda: earlier.mkdir("new"),
        ):
            with pytest.raises(OSError, match="only be read"):
                change()
    finally:
        earlier.close()
    with fsspec.open(f"lsfs://past/a.txt?at={then}", drive=drive, state=state) as file:
        assert file.read() == b"one\n"
        file.fs.close()
    drive_fs.rm("past", recursive=True)
    assert [one.path for one in drive_fs.drive.trash("past").files] == ["past/b.txt"]


def test_parts_of_files_and_appending(drive_fs: DriveFileSystem) -> None:
    data = bytes(range(256)) * 40_000  # more than is read at once
    with drive_fs.open("large", "wb", block_size=1 << 20) as file:
        file.write(data)
    with drive_fs.open("large", "rb", block_size=1 << 20, cache_type="none") as file:
        file.seek(5_000_000)
        assert file.read(6_000_000) == data[5_000_000:]
    assert drive_fs.cat_file("large", 10, 20) == data[10:20]
    with drive_fs.open("large", "ab") as file:
        file.write(b"end")
    assert drive_fs.tail("large", 5) == data[-2:] + b"end"
    drive_fs.rm("large")


def test_links_inside_are_followed_and_others_are_not(
    drive_fs: DriveFileSystem, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    drive_fs.pipe_file("links/a", b"inside")
    (files / "links" / "in").symlink_to("a")
    (files / "links" / "out").symlink_to(tmp_path / "secret")
    assert drive_fs.cat_file("links/in") == b"inside"
    found = {one["name"]: one for one in drive_fs.ls("links")}
    assert found["/links/in"]["type"] == "file" and found["/links/in"]["islink"]
    assert found["/links/out"]["type"] == "other"
    with pytest.raises(PermissionError):
        drive_fs.cat_file("links/out")
    with pytest.raises(PermissionError):
        drive_fs.pipe_file("links/out", b"")
    assert (tmp_path / "secret").read_text() == "secret"
    with pytest.raises(OSError):
        drive_fs.info("links/../../secret")
    drive_fs.rm("links", recursive=True)


def test_the_errors_of_a_file_system(drive_fs: DriveFileSystem) -> None:
    with pytest.raises(FileNotFoundError):
        drive_fs.cat_file("none")
    with pytest.raises(FileNotFoundError):
        drive_fs.mkdir("a/b", create_parents=False)
    drive_fs.makedirs("a/b")
    with pytest.raises(FileExistsError):
        drive_fs.mkdir("a/b")
    with pytest.raises(FileExistsError):
        drive_fs.makedirs("a/b")
    with pytest.raises(OSError):
        drive_fs.rmdir("a")
    with pytest.raises(OSError):
        drive_fs.rm("a")
    drive_fs.rmdir("a/b")
    drive_fs.rmdir("a")
    with pytest.raises(NotADirectoryError):
        drive_fs.rmdir("a")


def test_a_child_of_the_process(drive_fs: DriveFileSystem) -> None:
    drive_fs.pipe_file("child", b"from the parent")
    copied = pickle.loads(pickle.dumps(drive_fs))
    assert copied.cat_file("child") == b"from the parent"  # through the process that serves it
    copied.close()
    process = multiprocessing.get_context("spawn").Process(target=_append, args=(drive_fs,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert drive_fs.cat_file("child") == b"from the parent, and the child"
    drive_fs.rm("child")


def _append(files: DriveFileSystem) -> None:
    with files.open("child", "ab") as file:
        file.write(b", and the child")
    files.close()


def test_it_answers(drive_fs: DriveFileSystem) -> None:
    assert drive_fs.retrieve("anything", k=3).hits == ()
    assert not drive_fs.ask("what is the rent?").grounded
