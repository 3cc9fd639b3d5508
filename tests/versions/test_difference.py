"""Two contents of a file as text: the unified diff, and what holds of every comparison."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.differences import DiffKind
from lsfs.model import Document, Status
from lsfs.versions.difference import SAME_TEXT, difference, unified
from lsfs.versions.matching import gaps, matching
from lsfs.versions.unified import CUT_SHORT, Decoded, Names, decoded
from tests.versions.reading import read

NAMES = Names("file.txt", "version 1", "version 2")
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d e", "f\r", "-", "@@ x"]), max_size=14)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))
_RANGE = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def applied(diff: str, before: str) -> str:
    """A unified diff applied by the letter: every context line must be where it says."""
    old = before.split("\n")
    old = [line + "\n" for line in old[:-1]] + ([old[-1]] if old[-1] else [])
    new: list[str] = []
    at = 0
    body = [line + "\n" for line in diff.split("\n")[:-1]][2:]
    for number, line in enumerate(body):
        if head := _RANGE.match(line):
            start, count = int(head[1]), int(head[2] or 1)
            first = start - 1 if count else start
            new += old[at:first]
            at = first
            continue
        if line.startswith("\\"):
            continue
        ended = not (number + 1 < len(body) and body[number + 1].startswith("\\"))
        text = line[1:] if ended else line[1:-1]
        if line[0] in " -":
            assert old[at] == text
            at += 1
        if line[0] in " +":
            new.append(text)
    return "".join(new + old[at:])


@given(TEXTS, TEXTS)
def test_the_diff_applied_to_before_gives_after(before: str, after: str) -> None:
    diff = unified(before.encode(), after.encode(), NAMES)
    if before == after:
        assert (diff.kind, diff.text) == (DiffKind.SAME, "")
    else:
        assert diff.kind is DiffKind.TEXT
        assert applied(diff.text, before) == after


@given(TEXTS, TEXTS)
def test_swapped_arguments_swap_added_and_removed(before: str, after: str) -> None:
    there = unified(before.encode(), after.encode(), NAMES)
    back = unified(after.encode(), before.encode(), NAMES)
    assert (there.added, there.removed) == (back.removed, back.added)


@given(
    st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30)
)
def test_a_matching_pairs_equal_items_in_order(before: list[str], after: list[str]) -> None:
    found = matching(before, after)
    pairs = found.pairs()
    assert found.complete
    assert all(before[i] == after[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    covered = sum(gap.before_end - gap.before_start for gap in gaps(found.runs, len(before), 0))
    assert covered == len(before) - len(pairs)
    assert [(j, i) for i, j in pairs] == matching(after, before).pairs()


@pytest.mark.skipif(shutil.which("patch") is None, reason="the program patch is not installed")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\nc\r\n", "a\r\nX\r\nc\r\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("\n" * 20, "\n" * 10 + "x\n" + "\n" * 10),
        ("--- x\n+++ y\n", "@@ -1 +1 @@\n-- z\n"),
        ("".join(f"{n}\n" for n in range(60)), "".join(f"{n + n // 20}\n" for n in range(60))),
        ("äöü €\n", "äöü £\n"),
        ("a\x0cb\u2028c\x85d\n", "a\x0cb\u2028c\x85e\n"),
    ],
)
@pytest.mark.parametrize("name", ["file.txt", "with space.txt", 'a "quote".txt', "tab\there.txt"])
def test_the_program_patch_applies_it(tmp_path: Path, before: str, after: str, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(before.encode())
    diff = unified(before.encode(), after.encode(), Names(name, "version 1", "version 2"))
    command = ["patch", "-p0", "--silent"]
    subprocess.run(command, input=diff.text.encode(diff.encoding), cwd=tmp_path, check=True)
    assert file.read_bytes() == after.encode()


def test_how_it_looks() -> None:
    before = "".join(f"line {n}\n" for n in range(1, 10))
    diff = unified(before.encode(), before.replace("line 5", "line five").encode(), NAMES)
    assert diff.text == (
        "--- file.txt\tversion 1\n+++ file.txt\tversion 2\n@@ -2,7 +2,7 @@\n"
        " line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n line 7\n line 8\n"
    )
    assert (diff.added, diff.removed, diff.path) == (1, 1, "file.txt")
    assert (diff.before, diff.after) == ("version 1", "version 2")


def test_a_missing_last_newline_is_told() -> None:
    assert unified(b"a\n", b"a", NAMES).text.endswith("-a\n+a\n\\ No newline at end of file\n")


def test_other_line_ends_are_told_and_kept() -> None:
    diff = unified(b"a\r\nb\r\n", b"a\nb\n", NAMES)
    assert "-a\r\n" in diff.text
    assert diff.notes == ("the line ends changed from CRLF to LF",)
    assert unified(b"a\r\nb\n", b"a\nb\n", NAMES).notes == (
        "the line ends changed from CRLF and LF to LF",
    )


def test_other_encodings_of_one_text() -> None:
    diff = unified("préavis\n".encode("latin-1"), "préavis\n".encode(), NAMES)
    assert (diff.kind, diff.text) == (DiffKind.TEXT, "")
    assert diff.notes == ("the encoding changed from latin-1 to utf-8",)
    marked = unified("\ufeffa\n".encode(), b"a\n", NAMES)
    assert marked.notes == ("the byte order mark was removed",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
def test_text_with_a_byte_order_mark_is_decoded_without_loss(encoding: str) -> None:
    data = "\ufeffä\n".encode(encoding)
    assert decoded(data) == Decoded("\ufeffä\n", encoding)


@given(st.binary(max_size=60))
def test_what_is_decoded_encodes_to_the_same_bytes(data: bytes) -> None:
    found = decoded(data)
    assert found is None or found.text.encode(found.encoding) == data


def test_another_decoder() -> None:
    cyrillic = lambda data: Decoded(data.decode("koi8-r"), "koi8-r")  # noqa: E731
    diff = unified("да\n".encode("koi8-r"), "нет\n".encode("koi8-r"), NAMES, cyrillic)
    assert diff.text.endswith("-да\n+нет\n")
    assert diff.encoding == "koi8-r"


def test_the_labels_cannot_break_the_header() -> None:
    diff = unified(b"a\n", b"b\n", Names("x", "one\n+++ y", "two"))
    assert diff.text.startswith("--- x\tone +++ y\n+++ x\ttwo\n@@")


def test_binary_files_differ_by_size_and_digest() -> None:
    diff = unified(b"\0" * 2000, b"\0a", NAMES)
    assert diff.kind is DiffKind.BINARY
    assert re.fullmatch(
        r"binary files differ: 2,000 bytes \([0-9a-f]{16}\) and 2 bytes \([0-9a-f]{16}\)\n",
        diff.text,
    )


def test_text_that_became_binary() -> None:
    assert unified(b"a\n", b"\0", NAMES).kind is DiffKind.BINARY


@pytest.mark.parametrize("empty", [(b"", b"a\nb\n"), (b"a\nb\n", b"")])
def test_from_and_to_nothing(empty: tuple[bytes, bytes]) -> None:
    diff = unified(*empty, NAMES)
    assert applied(diff.text, empty[0].decode()) == empty[1].decode()
    assert diff.added + diff.removed == 2


def test_texts_that_differ_too_much_are_cut_short_and_said_to_be() -> None:
    before = "".join(f"{n * n % 7 % 2}\n" for n in range(30_000))
    after = "".join(f"{n * n % 11 % 3 % 2}\n" for n in range(30_001))
    diff = unified(before.encode(), after.encode(), NAMES)
    assert applied(diff.text, before) == after
    assert diff.notes == (CUT_SHORT,)


def test_a_budget_of_nothing_still_gives_a_matching() -> None:
    before, after = list("abab" * 50), list("baba" * 51)
    found = matching(before, after, budget=0)
    assert not found.complete
    assert all(before[i] == after[j] for i, j in found.pairs())


def test_large_texts_with_few_changes_are_compared_in_full() -> None:
    lines = [f"line {n}\n" for n in range(100_000)]
    changed = [*lines[:10], "new\n", *lines[20:70_000], *lines[70_001:]]
    diff = unified("".join(lines).encode(), "".join(changed).encode(), NAMES)
    assert (diff.added, diff.removed, diff.notes) == (1, 11, ())


# --- which comparison is made


def test_text_files_are_compared_as_text_though_they_were_parsed() -> None:
    before, after = b"# A\n\nOne.\n", b"# A\n\nTwo.\n"
    diff = difference(before, after, NAMES, (read(before), read(after)))
    assert diff.kind is DiffKind.TEXT


def test_unread_files_are_binary() -> None:
    unread = Document("application/octet-stream", "detect", 1, Status.UNSUPPORTED)
    diff = difference(b"\0a", b"\0b", NAMES, (unread, unread))
    assert diff.kind is DiffKind.BINARY
    assert diff.notes == ()


def test_the_same_text_in_other_bytes_is_said_to_be(tmp_path: Path) -> None:
    import docx

    def made(author: str) -> bytes:
        document = docx.Document()
        document.add_paragraph("The rent is 950 EUR.")
        document.core_properties.author = author
        document.save(str(tmp_path / "made.docx"))
        return (tmp_path / "made.docx").read_bytes()

    before, after = made("Anna"), made("Eva")
    diff = difference(before, after, NAMES, (read(before, "a.docx"), read(after, "a.docx")))
    assert diff.kind is DiffKind.BINARY
    assert diff.notes == (SAME_TEXT,)
    assert difference(before, before, NAMES).kind is DiffKind.SAME
