"""Changing files: nothing is lost, nothing is half done, nothing happens elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import lsfs
from lsfs.errors import (
    AccessDenied,
    AlreadyThere,
    LockHeld,
    NotFound,
    ParseError,
    UsageError,
    VersionConflict,
)
from lsfs.syscalls.editing import Edit, exchanged


def test_writing(source: Path, drive: lsfs.Drive) -> None:
    made = drive.write_file("new.txt", "one\n")
    assert (made.version, made.created, made.size) == (1, True, 4)
    (source / "new.txt").chmod(0o600)
    os.setxattr(source / "new.txt", "user.note", b"kept")
    again = drive.write_file("new.txt", "two\n", mode="append")
    assert (again.version, again.created) == (2, False)
    assert (source / "new.txt").read_text() == "one\ntwo\n"
    assert (source / "new.txt").stat().st_mode & 0o777 == 0o600
    assert os.getxattr(source / "new.txt", "user.note") == b"kept"
    with pytest.raises(AlreadyThere):
        drive.write_file("new.txt", "x", mode="create")
    with pytest.raises(VersionConflict, match="has version 2, not 1"):
        drive.write_file("new.txt", "x", expected_version=1)
    with pytest.raises(NotFound, match="no folder 'a/b'"):
        drive.write_file("a/b/c", "x")
    assert drive.write_file("a/b/c", "x", parents=True).created
    drive.rollback("new.txt", to=again.undo)
    assert (source / "new.txt").read_text() == "one\n"
    assert [one for one in source.iterdir() if "tmp" in one.name] == []


def test_taking_in_and_copying(source: Path, tmp_path: Path, drive: lsfs.Drive) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "big").write_bytes(data)
    assert drive.put(str(tmp_path / "big"), "in/big", parents=True).size == len(data)
    drive.copy("in/big", "in/other")
    assert (source / "in" / "other").read_bytes() == data
    with pytest.raises(AlreadyThere):
        drive.copy("in/big", "in/other")
    assert drive.copy("Notes/newsletter.html", "in/other", replace=True).version == 2
    with pytest.raises(AccessDenied):
        drive.put(str(tmp_path / "none"), "x")
    with pytest.raises(UsageError, match="folder"):
        drive.write_file("in", "x")


def test_moving(source: Path, drive: lsfs.Drive) -> None:
    drive.write_file("a", "one")
    drive.write_file("a", "two")
    drive.make_dir("deep/er")
    assert "already" in drive.make_dir("deep/er").message
    drive.move("a", "deep/er/b")
    drive.move("deep", "moved")
    assert [one.version for one in drive.versions("moved/er/b").versions] == [1, 2]
    for path, target, kind in (
        ("none", "x", NotFound), ("moved", "Notes", AlreadyThere), ("Notes", "no/x", NotFound),
    ):  # fmt: skip
        with pytest.raises(kind):
            drive.move(path, target)
    (source / "link").symlink_to("Notes")
    drive.move("link", "link2")
    assert (source / "link2").is_symlink() and not (source / "link").is_symlink()


def test_removing_by_plan(source: Path, drive: lsfs.Drive) -> None:
    plan = drive.delete(("Notes",), recursive=True)
    assert (plan.files, plan.folders, plan.applied) == (1, 1, False)
    assert (source / "Notes").exists()
    (source / "Notes" / "late.txt").write_text("late")
    with pytest.raises(VersionConflict, match="changed since"):
        drive.delete(("Notes",), recursive=True, apply=plan.digest)
    assert (source / "Notes" / "newsletter.html").exists()
    plan = drive.delete(("Notes", "Notes/late.txt"), recursive=True)
    done = drive.delete(("Notes", "Notes/late.txt"), recursive=True, apply=plan.digest)
    assert done.applied and not (source / "Notes").exists()
    assert drive.trash_restore("Notes").changes
    assert (source / "Notes" / "late.txt").read_text() == "late"
    with pytest.raises(UsageError, match="with files"):
        drive.delete(("Notes",))
    for path, kind in (("none", NotFound), ("", UsageError), ("../x", UsageError)):
        with pytest.raises(kind):
            drive.delete((path,))


def test_what_is_outside_or_lsfs_own_is_not_changed(
    source: Path, tmp_path: Path, drive: lsfs.Drive
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    (source / "out").symlink_to(tmp_path / "kept")
    for change in (
        lambda: drive.write_file("out/file", "x"),
        lambda: drive.write_file("out/new", "x"),
        lambda: drive.make_dir("out/new"),
        lambda: drive.move("Notes", "out/Notes"),
        lambda: drive.move("out/file", "taken"),
        lambda: drive.copy("out/file", "taken"),
        lambda: drive.delete(("out/file",)),
        lambda: drive.edit_file("out/file", (Edit("kept", "x"),)),
        lambda: drive.write_file(".lsfs/ask/x", "x"),
        lambda: drive.make_dir(".lsfs"),
    ):
        with pytest.raises(AccessDenied):
            change()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]
    assert (tmp_path / "kept" / "file").read_text() == "kept"
    plan = drive.delete(("out",))  # the link itself may go
    drive.delete(("out",), apply=plan.digest)
    assert (tmp_path / "kept" / "file").exists() and not (source / "out").is_symlink()


def test_editing(source: Path, drive: lsfs.Drive) -> None:
    path = source / "edited.txt"
    path.write_bytes("erste Zeile\r\n\tz\xfcrich\r\n  rest\r\n".encode("latin-1"))
    edits = (Edit("erste", "Erste"), Edit("zürich\n    rest", "Zürich\n    Rest"))
    shown = drive.edit_file("edited.txt", edits, dry_run=True)
    assert shown.dry_run and "+Erste Zeile" in shown.diff and b"erste" in path.read_bytes()
    drive.edit_file("edited.txt", edits)
    assert path.read_bytes() == "Erste Zeile\r\n\tZ\xfcrich\r\n\tRest\r\n".encode("latin-1")
    with pytest.raises(UsageError, match="latin-1"):
        drive.edit_file("edited.txt", (Edit("Erste", "€"),))
    with pytest.raises(UsageError, match="does not hold"):
        drive.edit_file("edited.txt", (edits[0], Edit("none", "x")))
    assert b"Erste" in path.read_bytes()
    same = drive.edit_file("edited.txt", (Edit("Erste", "Erste"),))
    assert same.diff == "" and same.undo == ""
    (source / "noise").write_bytes(b"\0\1\2")
    with pytest.raises(ParseError):
        drive.edit_file("noise", edits)


@pytest.mark.parametrize(
    ("text", "old", "new", "wanted"),
    [
        ("a b a", "a", "c", "c b a"),  # the first
        ("  x\n  y\n", "x\ny", "x\nz", "  x\nz\n"),
        ("\tif a:\n\t\tb\n", "if a:\n\tb", "if a:\n\tc\n\td", "\tif a:\n\tc\n\td\n"),
        ("a.b", "a.b", r"\1", r"\1"),  # nothing is a pattern
    ],
)
def test_what_an_edit_exchanges(text: str, old: str, new: str, wanted: str) -> None:
    assert exchanged(text, old, new, "f") == wanted


def test_a_rollback_by_its_plan(source: Path, drive: lsfs.Drive) -> None:
    drive.write_file("a", "one")
    drive.write_file("a", "two")
    plan = drive.rollback("a", version=1, dry_run=True)
    assert plan.digest and (source / "a").read_text() == "two"
    with pytest.raises(VersionConflict):
        drive.rollback("a", version=1, apply="0" * 16)
    drive.write_file("a", "three")
    with pytest.raises(VersionConflict):
        drive.rollback("a", version=1, apply=plan.digest)
    again = drive.rollback("a", version=1, dry_run=True)
    drive.rollback("a", version=1, apply=again.digest)
    assert (source / "a").read_text() == "one"


def test_a_second_process_only_reads(source: Path, drive: lsfs.Drive) -> None:
    with lsfs.open(source) as second:
        assert second.list_dir().entries
        with pytest.raises(LockHeld):
            second.write_file("x", "x")
