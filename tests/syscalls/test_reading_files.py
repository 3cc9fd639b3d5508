"""Looking at files: lists, trees, names, texts in parts; and never outside of the drive."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lsfs
from lsfs.errors import AccessDenied, LsfsError, NotFound, ParseError, UsageError
from lsfs.syscalls.reading import Whole, _end, _tail


@given(
    st.lists(st.text("aü€🎈 ", max_size=6), max_size=12),
    st.booleans(),
    st.integers(4, 30),
    st.integers(1, 14),
)
def test_parts_and_lines_of_a_text(lines: list[str], ended: bool, limit: int, count: int) -> None:
    data = ("\n".join(lines) + ("\n" if ended else "")).encode()
    whole = Whole(data)
    begin, parts, is_cut = 0, [], True
    while is_cut:
        end, is_cut = _end(whole, begin, 0, limit)
        assert end > begin or not data[begin:]
        parts.append(data[begin:end])
        parts[-1].decode()  # no character is cut
        begin = end
    assert b"".join(parts) == data
    as_lines = data.decode().splitlines(keepends=True)
    end, _ = _end(whole, 0, count, 1 << 20)
    assert data[:end].decode() == "".join(as_lines[:count])
    assert data[_tail(whole, count, 1 << 20) :].decode() == "".join(as_lines[-count:])


def test_a_file_larger_than_a_block(source: Path, drive: lsfs.Drive) -> None:
    lines = [f"{n:07}\n" for n in range(30_000)]
    (source / "log").write_text("".join(lines))
    assert drive.read_text("log", tail=10_000).text == "".join(lines[-10_000:])
    assert drive.read_text("log", head=10_000).text == "".join(lines[:10_000])
    first = drive.read_text("log", limit=100)
    assert first.text == "".join(lines[:12]) and first.total == 240_000
    assert drive.read_text("log", cursor=first.next, limit=8).text == lines[12]


def test_documents_are_read_as_text(source: Path, drive: lsfs.Drive) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(source / "a.pdf"))
    for text in ("The first page has this.", "The second one has that."):
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    read = drive.read_text("a.pdf")
    assert read.read_as == "application/pdf"
    assert "<!-- page 2 -->" in read.text and "The second one has that." in read.text
    (source / "noise").write_bytes(os.urandom(4000) + b"\0")
    with pytest.raises(ParseError):
        drive.read_text("noise")
    both = drive.read_texts(("a.pdf", "none")).files
    assert "first page" in both[0].text and "no 'none'" in both[1].problem


def test_an_earlier_version_and_the_past(source: Path, drive: lsfs.Drive) -> None:
    drive.write_file("a.txt", "one\n")
    then = drive.snapshot("then").name
    drive.write_file("a.txt", "two\n")
    drive.move("a.txt", "b.txt")
    assert drive.read_text("b.txt", version=1).text == "one\n"
    assert "a.txt" in [one.name for one in drive.list_dir(at=then).entries]
    assert drive.stat("a.txt", at=then).entry.size == 4
    with pytest.raises(NotFound, match="there was no"):
        drive.stat("b.txt", at=then)
    assert drive.read("a.txt", at=then, named_then=True).data == b"one\n"


def test_lists_trees_and_names(source: Path, drive: lsfs.Drive) -> None:
    (source / "link").symlink_to("Contracts")
    (source / ".lsfs-0123456789abcdef.tmp").touch()  # a file that is just being written
    listed = drive.list_dir(".").entries
    assert [(one.name, one.kind) for one in listed] == [
        ("Contracts", "directory"), ("Finance", "directory"), ("Notes", "directory"),
        ("link", "link"),
    ]  # fmt: skip
    assert [one.name for one in drive.list_dir("link", sort_by="size").entries] == [
        "harbour-lease.md", "mill-lease.txt",
    ]  # fmt: skip
    assert len(drive.tree().entries) == 8
    cut = drive.tree(limit=4)
    assert len(cut.entries) == 4 and set(cut.cut) == {"Contracts", "Finance", "Notes"}
    names = drive.find_files("", "**/*.txt", exclude_patterns=("Finance",)).entries
    assert [one.path for one in names] == ["Contracts/mill-lease.txt"]
    assert drive.find_files("", "**", limit=2).more
    found = drive.stat("link/mill-lease.txt")
    assert found.entry.target == "Contracts/mill-lease.txt" and found.entry.size == 155


PARTS = st.sampled_from(
    ["..", ".", "", "in", "out", "up", "loop", "abs", "Contracts", "mill-lease.txt", "secret",
     "etc", "passwd", "~", "a\x00b", "\udcff", "...", "..\\..", "%2e%2e", "root"]
)  # fmt: skip

ENDS = ("mill-lease.txt", "in/mill-lease.txt", "Contracts/mill-lease.txt", "secret", "passwd")


def test_no_path_leads_out(source: Path, tmp_path: Path, drive: lsfs.Drive) -> None:
    (tmp_path / "secret").write_text("SECRET")
    links: dict[str, str | Path] = {
        "in": "Contracts", "out": tmp_path, "up": "..", "loop": "loop", "abs": source / "Contracts",
        "root": "/", "Contracts/up": "../..", "Contracts/in": "../in/../Contracts",
    }  # fmt: skip
    for name, target in links.items():
        (source / name).symlink_to(target)
    inside = {path.read_bytes() for path in source.glob("*/*") if path.is_file()}
    reached = 0

    @settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(PARTS, max_size=5), st.sampled_from(ENDS), st.sampled_from(("", "/")))
    def check(parts: list[str], end: str, begin: str) -> None:
        nonlocal reached
        path = begin + "/".join([*parts, end])
        try:
            data = drive.read(path).data
        except LsfsError:
            return
        assert data in inside
        reached += 1

    check()
    assert reached
    assert drive.read("abs/in/mill-lease.txt").data in inside


def test_a_link_that_is_put_in_the_way_meanwhile(
    source: Path, tmp_path: Path, drive: lsfs.Drive
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("SECRET")
    (source / "real").mkdir()
    (source / "real" / "a").write_text("inside")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (source / "swapped").symlink_to(tmp_path / "out")
            (source / "swapped").unlink()
            (source / "real").rename(source / "swapped")
            (source / "swapped").rename(source / "real")

    thread = threading.Thread(target=swap)
    thread.start()
    read = set()
    tries, until = 0, time.monotonic() + 60
    try:
        # On a slow machine it may take long until a look falls on the moment of the link.
        while tries < 400 or ("AccessDenied" not in read and time.monotonic() < until):
            tries += 1
            try:
                read.add(drive.read_text("swapped/a").text)
                drive.write_file("swapped/a", "inside")
            except LsfsError as error:
                read.add(type(error).__name__)
    finally:
        done.set()
        thread.join()
    assert "SECRET" not in read and "AccessDenied" in read
    assert (tmp_path / "out" / "a").read_text() == "SECRET"
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "a"]


def test_what_is_refused_is_said(source: Path, drive: lsfs.Drive) -> None:
    os.mkfifo(source / "pipe")
    (source / "out").symlink_to("/etc")
    for path, kind in (
        ("none", NotFound), ("Contracts/mill-lease.txt/x", NotFound), ("Contracts", UsageError),
        ("pipe", UsageError), ("out/passwd", AccessDenied), ("../x", UsageError),
    ):  # fmt: skip
        with pytest.raises(kind) as told:
            drive.read_text(path)
        assert told.value.message
    with pytest.raises(UsageError, match="head or tail"):
        drive.read_text("Contracts/mill-lease.txt", head=1, tail=1)
    with pytest.raises(UsageError, match="cursor"):
        drive.read_text("Contracts/mill-lease.txt", cursor="-1")
