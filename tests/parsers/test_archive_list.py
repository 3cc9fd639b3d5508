"""Archives: a table of their members. Compressed files: the document that they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import ParseError
from lsfs.model import Document, Status
from lsfs_parsers import archive_list, compressed
from tests.parsers.conftest import Reader

MEMBERS = {"top/a.txt": b"a" * 10, "top/sub/ü.txt": b"b" * 700}
HEADER = ("Name", "Bytes", "Modified")


def zipped(members: dict[str, bytes] = MEMBERS) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, (2023, 5, 1, 10, 0, 0)), data)
    return stream.getvalue()


def tarred(members: dict[str, bytes] = MEMBERS) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1_682_935_200
            file.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def rows(document: Document) -> tuple[tuple[str, ...], ...]:
    return document.tables[0].rows


LISTED = (HEADER, ("top/a.txt", "10", "2023-05-01"), ("top/sub/ü.txt", "700", "2023-05-01"))


def test_zip(read: Reader) -> None:
    document = read(zipped(), "a.zip")
    assert rows(document) == LISTED
    assert document.title == "top"
    assert document.text.split("\n")[1] == "top/a.txt | 10 | 2023-05-01"
    assert [span.line for span in document.blocks[0].spans] == [None, 1, 2]
    assert read(zipped({"META-INF/MANIFEST.MF": b""}), "a.jar").parser == "archive"


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress,
    "tar.zst": zstandard.ZstdCompressor().compress,
}  # fmt: skip


@pytest.mark.parametrize("suffix", PACKERS)
def test_tar(read: Reader, suffix: str) -> None:
    document = read(PACKERS[suffix](tarred()), f"a.{suffix}")
    assert rows(document) == LISTED


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz"])
def test_a_damaged_tar_lists_what_it_can(read: Reader, suffix: str) -> None:
    noise = {"a": random.Random(1).randbytes(5_000), "b": random.Random(2).randbytes(300_000)}
    packed = PACKERS[suffix](tarred(noise))
    document = read(packed[: len(packed) // 2], f"a.{suffix}")
    assert document.status is Status.PARTIAL
    assert [row[0] for row in rows(document)] == ["Name", "a", "b"]


@pytest.mark.parametrize("suffix", ["tar.gz", "tar.bz2", "tar.xz", "tar.zst"])
def test_what_cannot_be_unpacked_is_damaged(read: Reader, suffix: str) -> None:
    packed = PACKERS[suffix](tarred())
    with pytest.raises(ParseError):
        read(packed[:20] + bytes(200), f"a.{suffix}")


COMPRESSED = {name.removeprefix("tar."): pack for name, pack in PACKERS.items() if name != "tar"}


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_file_is_read_as_what_it_holds(read: Reader, suffix: str) -> None:
    notes = b"# Herons\n\nThey nest in March.\n\nAnd in May.\n"
    document = read(COMPRESSED[suffix](notes), f"notes.md.{suffix}")
    plain = read(notes, "notes.md")
    assert (document.text, document.title, document.parser) == (plain.text, "Herons", "markdown")
    assert document.blocks == plain.blocks
    assert document.media_type != plain.media_type  # who is told "Markdown" would open it as such


def test_tables_and_pages_of_a_compressed_file(read: Reader) -> None:
    table = read(gzip.compress(b"Name,Sum\nheron,12\notter,15\n"), "birds.csv.gz")
    assert rows(table) == (("Name", "Sum"), ("heron", "12"), ("otter", "15"))
    picture = b'<svg xmlns="http://www.w3.org/2000/svg"><title>Heron</title><text>wing</text></svg>'
    assert "wing" in read(gzip.compress(picture), "heron.svgz").text


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_the_rest_of_a_file_that_is_cut_short_is_missed(read: Reader, suffix: str) -> None:
    lines = "".join(f"Heron {n} nests in row {n * n}.\n" for n in range(9_000)).encode()
    packed = COMPRESSED[suffix](lines)
    document = read(packed[: len(packed) // 2], f"herons.txt.{suffix}")
    assert document.status is Status.PARTIAL
    assert document.reason.startswith("the rest cannot be unpacked")
    assert "Heron 2000 nests" in document.text and "Heron 8999" not in document.text


def test_what_a_compressed_file_holds_is_named_where_it_cannot_be_read(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = random.Random(3).randbytes(1_000)
    data = gzip.compress(noise, mtime=1_682_935_200)
    assert rows(read(data, "any.bin.gz"))[1] == ("any.bin", "1000", "2023-05-01")
    text = b"heron " * 1_000
    twice = gzip.compress(gzip.compress(text))  # some unpack to themselves for ever
    assert rows(read(twice, "notes.txt.gz.gz"))[1][0] == "notes.txt"
    monkeypatch.setattr(compressed, "MAX_HELD", 4_000)
    assert rows(read(bz2.compress(text), "notes.txt.bz2"))[1] == ("notes.txt", "", "")


def test_names_in_old_encodings(read: Reader) -> None:
    data = zipped({"Gr\xfc\xdfe.txt": b""})
    as_dos = data.replace("Grüße".encode(), b"Gr\x81\xe1e..").replace(b"\x00\x08", b"\x00\x00")
    assert "Gr" in read(as_dos, "a.zip").text
    names = ["日本語のファイル.txt", "テスト文書.doc"]
    fake = {f"{'x' * len(name.encode('cp932'))}{n}": name for n, name in enumerate(names)}
    packed = zipped(dict.fromkeys(fake, b""))
    for plain, name in fake.items():
        packed = packed.replace(
            plain[:-1].encode() + plain[-1].encode(), name.encode("cp932") + b"0"
        )
    assert "日本語のファイル.txt" in read(packed, "a.zip").text


def test_a_password_hides_no_names(read: Reader) -> None:
    data = bytearray(zipped({"a.txt": b"x"}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    document = read(bytes(data), "a.zip")
    assert "a.txt" in document.text
    assert document.warnings == ("its members need a password",)


def test_bombs_are_listed_unopened(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(50 * 2**20))
    assert rows(read(stream.getvalue(), "a.zip"))[1][1] == str(50 * 2**20)
    monkeypatch.setattr(archive_list, "MAX_READ", 2**20)
    big = gzip.compress(tarred({"a": b"x", "zeros": bytes(3 * 2**20), "b": b"y"}))
    document = read(big, "a.tgz")
    assert (document.status, len(rows(document))) == (Status.PARTIAL, 3)


def test_many_members_are_cut(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_list, "MAX_MEMBERS", 3)
    many = {f"f{n}": b"" for n in range(9)}
    for data in (zipped(many), tarred(many), gzip.compress(tarred(many))):
        document = read(data, "a")
        assert (document.status, len(rows(document))) == (Status.PARTIAL, 4)


@pytest.mark.parametrize("data", [b"7z\xbc\xaf\x27\x1c\0\4", b"Rar!\x1a\x07\x01\0"])
def test_other_archives_are_unsupported(sandboxed: Reader, data: bytes) -> None:
    assert sandboxed(data, "a").status is Status.UNSUPPORTED


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([zipped(), *(pack(tarred()) for pack in PACKERS.values())]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=20),
)
def test_mutated_archives(read: Reader, data: bytes, edits: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for at, value in edits:
        changed[6 + at % (len(data) - 6)] = value
    try:
        read(bytes(changed), "a.bin")
    except (ParseError, AssertionError) as error:
        assert isinstance(error, ParseError) or "application/" in str(error)
