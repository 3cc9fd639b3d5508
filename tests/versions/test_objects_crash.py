"""A writer that is killed, a disk that is full: what was acknowledged is there, all is sound."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from blake3 import blake3

from lsfs.errors import StateUnwritable
from lsfs.fuse import brain
from lsfs.versions.objects import ObjectStore
from lsfs.versions.objects import index as index_module
from lsfs.versions.objects import packs as packs_module
from tests.versions.contents import noise, packs, put, text

ROUNDS = int(os.environ.get("LSFS_CRASH_ROUNDS", "20"))

# Puts, batches and sweeps; says what is acknowledged, and what may be gone from now on.
WRITER = """
import os, random, sys
from pathlib import Path
from lsfs.versions.objects import ObjectStore, packs
from tests.versions.contents import edited, noise, put, text
packs.PACK_BYTES = 200_000
chance = random.Random(int(sys.argv[2]))
def say(word, digests):
    os.write(1, (word + " " + " ".join(d.hex() for d in digests) + "\\n").encode())
with ObjectStore(Path(sys.argv[1])) as store:
    say("ready", [])
    kept, data, like = list(store.digests()), text(150_000, chance.randrange(3)), None
    while True:
        act = chance.random()
        if act < 0.6:
            data = edited(data, chance.randrange(1 << 30))
            like = put(store, data, like=like, cuts=(len(data) // 2,)).digest
            kept.append(like)
            say("kept", [like])
        elif act < 0.9:
            with store.batch():
                some = [store.put_bytes(noise(chance.randrange(50_000), chance.randrange(1 << 30)))
                        for _ in range(5)]
            kept += some
            say("kept", some)
        else:
            gone = [d for d in kept if chance.random() < 0.4]
            kept = [d for d in kept if d not in gone]
            say("gone", gone)
            store.sweep(kept, thorough=chance.random() < 0.5)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def test_a_killed_writer_loses_nothing_that_it_acknowledged(root: Path) -> None:
    chance = random.Random(7)
    kept: set[bytes] = set()
    for seed in range(ROUNDS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(seed)],
            stdout=subprocess.PIPE,
            env=brain.environment(),
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready \n"
        time.sleep(chance.random() * 0.15)
        writer.kill()
        out, _ = writer.communicate()
        for line in out.decode().splitlines():
            word, *digests = line.split()
            named = {bytes.fromhex(digest) for digest in digests}
            kept = kept | named if word == "kept" else kept - named
        with ObjectStore(root, durable=False) as store:
            for digest in kept:
                assert blake3(store.read(digest)).digest() == digest
            assert list(store.check(deep=True)) == []
            if seed % 7 == 6:  # it begins anew, so that a round stays quick
                kept = set(list(kept)[:5])
                store.sweep(kept)


@pytest.mark.parametrize("torn", ["whole", "a byte", "much", "zeros", "a part twice"])
def test_a_torn_end_is_cut_and_what_is_whole_before_it_is_taken_in(
    root: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    with ObjectStore(root) as store:
        first = put(store, text(200_000)).digest
        monkeypatch.setattr(store._index, "commit", _fail)
        monkeypatch.setattr(store._packs, "rewind", lambda: None)
        with pytest.raises(KeyboardInterrupt):
            put(store, noise(200_000))
    (pack,) = packs(root)
    whole = pack.read_bytes()
    ends = {
        "whole": whole, "a byte": whole[:-1], "much": whole[:-100_000],
        "zeros": whole + bytes(5000), "a part twice": whole + whole[8:5000],
    }  # fmt: skip
    pack.write_bytes(ends[torn])
    with ObjectStore(root) as store:
        assert store.read(first) == text(200_000)
        assert store.has(blake3(noise(200_000)).digest()) == ends[torn].startswith(whole)
        assert list(store.check(deep=True)) == []
        new = put(store, noise(70_000, 9)).digest
    (root / "index.sqlite").unlink()
    with ObjectStore(root) as store:
        assert store.read(new) == noise(70_000, 9)
        assert store.read(first) == text(200_000)
        assert list(store.check(deep=True)) == []


def _fail(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_process_that_ends_in_a_batch_leaves_what_was_whole(root: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from lsfs.versions.objects import ObjectStore\n"
        "store = ObjectStore(Path(sys.argv[1]))\n"
        "with store.batch():\n"
        "    [store.put_bytes(b'%d' % n) for n in range(20)]\n"
        "    os._exit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], env=brain.environment())
    assert done.returncode == 3
    with ObjectStore(root, read_only=True) as store:
        assert list(store.digests()) == []
    with ObjectStore(root) as store:
        assert len(list(store.digests())) == 20
        assert list(store.check(deep=True)) == []


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes; more fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("fits", [0, 1000, 70_000, 200_001, 399_000])
def test_a_full_disk_in_the_middle_of_a_put(root: Path, tmp_path: Path, fits: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(noise(400_000))
    with ObjectStore(root) as store:
        first = put(store, text(300_000)).digest
        (pack,) = packs(root)
        size = pack.stat().st_size
        with source.open("rb") as file:
            with full_at(size + fits), pytest.raises(StateUnwritable, match=str(pack)) as caught:
                store.put(file.fileno())
            assert caught.value.exit_code == 74
            assert pack.stat().st_size == size
            assert list(store.digests()) == [first]
            assert list(store.check(deep=True)) == []
            assert store.read(first) == text(300_000)
            digest = store.put(file.fileno()).digest
    with ObjectStore(root) as store:
        assert store.read(digest) == noise(400_000)
        assert list(store.check(deep=True)) == []


def test_a_full_disk_at_the_first_put(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(noise(400_000))
    with ObjectStore(root) as store, source.open("rb") as file:
        for size in (4, 1000, 300_000):
            with full_at(size), pytest.raises(StateUnwritable):
                store.put(file.fileno())
            assert packs(root) == []
        assert store.read(store.put(file.fileno()).digest) == noise(400_000)


def test_a_full_disk_in_a_batch_spares_what_was_put_before(root: Path, tmp_path: Path) -> None:
    with ObjectStore(root) as store:
        with store.batch():
            before = store.put_bytes(noise(50_000, 1))
            size = packs(root)[0].stat().st_size
            with full_at(size + 100), pytest.raises(StateUnwritable):
                store.put_bytes(noise(50_000, 2))
            after = store.put_bytes(noise(50_000, 3))
        assert set(store.digests()) == {before, after}
        assert list(store.check(deep=True)) == []


def test_an_index_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ObjectStore(root) as store:
        first = store.put_bytes(b"first")

        def full(*_: object) -> None:
            raise StateUnwritable("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(index_module.Index, "commit", full)
            with pytest.raises(StateUnwritable), store.batch():
                second = put(store, noise(300_000)).digest
                assert store.has(second)
        assert not store.has(second)
        assert put(store, noise(300_000)).digest == second
        assert set(store.digests()) == {first, second}
        assert list(store.check(deep=True)) == []
    with ObjectStore(root) as store:
        assert store.read(second) == noise(300_000)


def test_who_shares_chunks_with_a_failed_commit_fails_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(300_000)
    with ObjectStore(root) as store:
        put_it, failed = threading.Event(), threading.Event()
        errors: list[BaseException] = []

        def other() -> None:
            try:
                with store.batch():
                    put(store, data + b"more")
                    put_it.set()
                    failed.wait()
            except StateUnwritable as error:
                errors.append(error)

        def full(*_: object) -> None:
            raise StateUnwritable("the disk is full")

        thread = threading.Thread(target=other)
        with monkeypatch.context() as patch:
            patch.setattr(packs_module.Packs, "sync", full)
            with pytest.raises(StateUnwritable), store.batch():
                put(store, data)
                thread.start()
                put_it.wait()
        failed.set()
        thread.join()
        assert len(errors) == 1
        assert list(store.digests()) == []
        assert store.read(put(store, data).digest) == data
        assert list(store.check(deep=True)) == []


def test_a_sweep_without_room_for_a_new_pack(root: Path) -> None:
    with ObjectStore(root) as store:
        kept = put(store, noise(500_000, 1)).digest
        for seed in range(2, 5):
            put(store, noise(500_000, seed))
        with full_at(400_000), pytest.raises(StateUnwritable):
            store.sweep([kept])
        assert list(store.digests()) == [kept]
        assert store.read(kept) == noise(500_000, 1)
        assert list(store.check(deep=True)) == []
        store.sweep([kept])
        assert store.usage().bytes_on_disk < 600_000
