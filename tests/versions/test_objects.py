"""The store of old contents: what was put comes back, in little space."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import NotFound, UsageError
from lsfs.versions.objects import ObjectStore
from lsfs.versions.objects import chunking as chunking_module
from lsfs.versions.objects import packs as packs_module
from tests.versions.contents import edited, noise, packs, put, text

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CONTENT = st.one_of(
    st.binary(max_size=300),
    st.builds(text, st.integers(0, 700_000), st.integers(0, 5)),
    st.builds(noise, st.integers(0, 400_000), st.integers(0, 5)),
    st.builds(bytes, st.integers(0, 3_000_000)),
    st.builds(
        lambda a, b, c: a + bytes(b) + c,
        st.builds(text, st.integers(0, 200_000)),
        st.integers(0, 1_500_000),
        st.builds(noise, st.integers(0, 200_000)),
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path / "objects", durable=False) as store:
        yield store


@given(data=CONTENT, chance=st.randoms(use_true_random=False))
@QUICK
def test_any_content_comes_back(store: ObjectStore, data: bytes, chance: object) -> None:
    done = put(store, data)
    assert (done.digest, done.size) == (blake3(data).digest(), len(data))
    assert store.put_bytes(data) == done.digest
    assert store.has(done.digest) and store.size(done.digest) == len(data)
    assert store.read(done.digest) == data
    with store.open(done.digest) as content:
        for _ in range(10):
            begin = chance.randrange(len(data) + 10)  # type: ignore[attr-defined]
            size = chance.choice((0, 1, 100, 70_000, len(data)))  # type: ignore[attr-defined]
            assert content.read(begin, size) == data[begin : begin + size]


@given(
    first=CONTENT,
    seeds=st.lists(st.integers(0, 1000), min_size=1, max_size=5),
    likes=st.lists(st.integers(0, 5), min_size=5, max_size=5),
)
@QUICK
def test_edits_come_back_whatever_they_are_said_to_be_like(
    store: ObjectStore, first: bytes, seeds: list[int], likes: list[int]
) -> None:
    versions, digests = [first], [put(store, first).digest]
    for seed, like in zip(seeds, likes, strict=False):
        versions.append(edited(versions[-1], seed))
        near = digests[like] if like < len(digests) else blake3(b"unknown").digest()
        digests.append(put(store, versions[-1], like=near).digest)
    for digest, version in zip(digests, versions, strict=True):
        assert store.read(digest) == version
    assert list(store.check(deep=True)) == []


@given(data=CONTENT, places=st.lists(st.floats(0, 1.1), max_size=6), like=st.booleans())
@QUICK
def test_cuts_are_prefixes(
    store: ObjectStore, data: bytes, places: list[float], like: bool
) -> None:
    cuts = tuple(sorted(int(place * len(data)) for place in places))
    near = put(store, edited(data, 3)).digest if like else None
    done = put(store, data, like=near, cuts=cuts)
    assert done.cuts == tuple(blake3(data[:cut]).digest() for cut in cuts)
    for cut, digest in zip(cuts, done.cuts, strict=True):
        assert store.read(digest) == data[:cut]
    assert store.read(done.digest) == data


def test_a_length_is_a_prefix(store: ObjectStore, tmp_path: Path) -> None:
    data = text(500_000)
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(17)
        for length in (0, 1, 65_536, 65_537, 400_000, 600_000):
            done = store.put(file.fileno(), length=length)
            assert done.size == min(length, len(data))
            assert store.read(done.digest) == data[:length]
        assert file.tell() == 17
    whole = put(store, data).digest
    with store.open(whole, 70_000) as content:
        assert content.size == 70_000
        assert content.read(69_999, 10) == data[69_999:70_000]
    for wrong in (-1, 500_001):
        with pytest.raises(UsageError):
            store.open(whole, wrong)


def test_what_is_not_there(store: ObjectStore) -> None:
    digest = bytes(32)
    assert not store.has(digest)
    for ask in (store.size, store.open, store.read):
        with pytest.raises(NotFound):
            ask(digest)


def test_cuts_must_rise(store: ObjectStore) -> None:
    for cuts in ((2, 1), (-1,)):
        with pytest.raises(UsageError):
            put(store, b"abc", cuts=cuts)


def test_a_hundred_small_edits_take_little_space(tmp_path: Path) -> None:
    data, root = text(1 << 20), tmp_path / "objects"
    with ObjectStore(root, durable=False) as store:
        like = put(store, data).digest
        for seed in range(100):
            data = edited(data, seed)
            like = put(store, data, like=like).digest
        assert store.usage().contents == 101
    with ObjectStore(tmp_path / "first", durable=False) as store:
        put(store, text(1 << 20))
    size, first = (
        sum(path.stat().st_size for path in packs(place)) for place in (root, tmp_path / "first")
    )
    assert size < 1.4 * first


def test_what_is_known_takes_no_space(store: ObjectStore, tmp_path: Path) -> None:
    data = text(900_000)
    put(store, data)
    (pack,) = packs(tmp_path / "objects")
    before = pack.stat().st_size
    put(store, data)
    put(store, data, like=blake3(data).digest())
    assert pack.stat().st_size == before
    put(store, data[:5000] + b"inserted" + data[5000:])
    assert pack.stat().st_size < before + 120_000


def test_zeros_are_not_stored_and_come_back_as_holes(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(300 << 20)
        file.seek(100 << 20)
        file.write(text(300_000))
        file.seek(200 << 20)
        file.write(b"x")
    assert path.stat().st_blocks * 512 < 1 << 20
    with path.open("rb") as file:
        cut = 250 << 20
        done = store.put(file.fileno(), cuts=[cut])
    assert done.digest == blake3(path.read_bytes()).digest()
    assert store.size(done.cuts[0]) == cut
    with store.open(done.digest) as content:
        assert content.read((200 << 20) - 1, 3) == b"\0x\0"
        assert content.read((100 << 20) + 5, 1000) == text(300_000)[5:1005]
    assert store.usage().bytes_on_disk < 1 << 20


def test_large_contents(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking_module, "_LARGE_BYTES", 1 << 20)
    data = noise(9 << 20)
    first = put(store, data).digest
    chunks = store.usage().chunks
    assert chunks < 60
    second = put(store, data[: 5 << 20] + b"word" + data[5 << 20 :], like=first).digest
    assert store.usage().chunks <= chunks + 3
    assert store.read(second)[5 << 20 :][:8] == b"word" + data[5 << 20 :][:4]
    assert store.read(first) == data


def test_packs_end_and_others_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs_module, "PACK_BYTES", 100_000)
    root, contents = tmp_path / "objects", [noise(90_000, seed) for seed in range(6)]
    with ObjectStore(root) as store:
        for content in contents[:3]:
            put(store, content)
    with ObjectStore(root) as store, store.batch():
        for content in contents[3:]:
            put(store, content)
    assert len(packs(root)) >= 4
    with ObjectStore(root) as store:
        assert sorted(store.digests()) == sorted(blake3(content).digest() for content in contents)
        assert all(store.read(blake3(content).digest()) == content for content in contents)
        assert list(store.check(deep=True)) == []


def test_a_chunk_of_others_can_be_a_content(store: ObjectStore) -> None:
    data = text(400_000)
    put(store, data)
    reading = chunking_module.SMALL
    (first, *_) = chunking_module.fastcdc(data, reading.least, reading.average, reading.most)
    part = data[: first.length]
    assert not store.has(blake3(part).digest())
    digest = put(store, part).digest if len(part) > 1 << 16 else store.put_bytes(part)
    assert store.read(digest) == part
    assert sorted(store.digests()) == sorted([digest, blake3(data).digest()])


def test_a_batch_is_readable_at_once_and_committed_at_its_end(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    with ObjectStore(root) as store, ObjectStore(root, read_only=True) as other:
        with store.batch():
            digests = [store.put_bytes(b"content %d" % number) for number in range(50)]
            assert store.read(digests[0]) == b"content 0"
            assert not other.has(digests[0])
            with pytest.raises(UsageError):
                store.sweep([])
        assert all(other.has(digest) for digest in digests)
        with pytest.raises(ZeroDivisionError), store.batch():
            late = store.put_bytes(b"late")
            _ = 1 / 0
        assert other.read(late) == b"late"


def test_a_new_content_is_looked_for_once(store: ObjectStore) -> None:
    asked: list[str] = []
    store._index._writing().set_trace_callback(asked.append)
    data = text(20_000, 3)
    assert not store.has(blake3(data).digest())
    digest = store.put_bytes(data)
    assert sum("FROM record WHERE" in one for one in asked) == 1
    # What was not there is found once it is.
    assert store.has(digest) and store.read(digest) == data


def test_readers_see_an_empty_store_until_there_is_one(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    with ObjectStore(root, read_only=True) as reader:
        assert not reader.has(bytes(32))
        assert list(reader.digests()) == [] == list(reader.check(deep=True))
        assert reader.usage().contents == 0
        assert not root.exists()
        for write in (lambda: reader.put_bytes(b""), lambda: reader.sweep([]), reader.batch):
            with pytest.raises(UsageError):
                with_context = write()
                with_context.__enter__()  # type: ignore[attr-defined]
        with ObjectStore(root) as store:
            digest = store.put_bytes(b"first")
            assert reader.read(digest) == b"first"
            assert root.stat().st_mode & 0o777 == 0o700
            files = [path for path in root.rglob("*") if path.is_file()]
            assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_threads_put_and_read_at_once(store: ObjectStore) -> None:
    contents = [text(200_000, seed % 6) for seed in range(24)]
    failed: list[BaseException] = []

    def work(part: list[bytes]) -> None:
        try:
            for content in part:
                digest = put(store, content, like=blake3(contents[0]).digest()).digest
                assert store.read(digest) == content
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(contents[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(list(store.digests())) == 6
    assert list(store.check(deep=True)) == []
