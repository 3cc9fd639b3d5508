"""Sweeps: what is kept stays, the rest goes, whoever reads meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.errors import ObjectDamaged
from lsfs.fuse import brain
from lsfs.versions.objects import ObjectStore
from lsfs.versions.objects import packs as packs_module
from lsfs.versions.objects import sweeping as sweeping_module
from tests.versions.contents import edited, flip, noise, packs, put, text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path) -> Iterator[ObjectStore]:
    with ObjectStore(root, durable=False) as store:
        yield store


def history(
    store: ObjectStore, count: int, size: int = 300_000, seed: int = 1
) -> dict[bytes, bytes]:
    """Versions that are edits of each other, by digest, oldest first."""
    data = text(size, seed)
    like = put(store, data).digest
    versions = {like: data}
    for number in range(count - 1):
        data = edited(data, number)
        like = put(store, data, like=like).digest
        versions[like] = data
    return versions


@given(
    sizes=st.lists(st.sampled_from((10, 5_000, 60_000, 150_000, 400_000)), min_size=1, max_size=4),
    chance=st.randoms(use_true_random=False),
    thorough=st.booleans(),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_sweep_keeps_exactly_what_it_is_asked_to(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], chance: object, thorough: bool
) -> None:
    root = tmp_path_factory.mktemp("store")
    versions: dict[bytes, bytes] = {}
    with ObjectStore(root, durable=False) as store:
        for seed, size in enumerate(sizes):
            versions |= history(store, 6, size, seed)
    with ObjectStore(root, durable=False) as store:
        for _ in range(3):
            keep = {d for d in versions if chance.random() < 0.6}  # type: ignore[attr-defined]
            swept = store.sweep(keep, thorough=thorough)
            assert swept.objects == len(versions) - len(keep)
            gone = {d: versions.pop(d) for d in list(versions) if d not in keep}
            assert set(store.digests()) == keep
            assert not any(store.has(digest) for digest in gone)
            for digest, data in versions.items():
                assert store.read(digest) == data
            assert list(store.check(deep=True)) == []
            back = next(iter(gone.items()), None)
            if back is not None:
                assert put(store, back[1], like=next(iter(keep), None)).digest == back[0]
                versions[back[0]] = back[1]
    (root / "index.sqlite").unlink()
    with ObjectStore(root, durable=False) as store:  # also when the index is made again
        assert set(store.digests()) == set(versions)
        assert all(store.read(digest) == data for digest, data in versions.items())


def test_the_disk_gets_its_bytes_back(store: ObjectStore, root: Path) -> None:
    kept = store.put_bytes(b"kept")
    for seed in range(5):
        put(store, noise(500_000, seed))
    before = store.usage().bytes_on_disk
    swept = store.sweep(lambda digest: digest == kept)
    assert swept.objects == 5
    assert swept.bytes > 2_400_000
    assert before - store.usage().bytes_on_disk == swept.bytes
    assert sum(path.stat().st_size for path in packs(root)) < 1000
    assert store.sweep([kept]).objects == 0


def test_little_garbage_stays_until_a_thorough_sweep(store: ObjectStore, root: Path) -> None:
    secret, kept = noise(50_000, 1), put(store, noise(500_000, 2)).digest
    store.put_bytes(secret)
    store.sweep([kept])
    assert any(secret in path.read_bytes() for path in packs(root))
    store.sweep([kept], thorough=True)
    assert not any(secret[:50] in path.read_bytes() for path in packs(root))
    assert store.read(kept) == noise(500_000, 2)


def test_what_is_swept_can_be_put_again(store: ObjectStore) -> None:
    versions = history(store, 8)
    newest = list(versions)[-1]
    store.sweep([newest])
    for digest, data in versions.items():
        assert put(store, data, like=newest).digest == digest
    assert all(store.read(digest) == data for digest, data in versions.items())
    assert list(store.check(deep=True)) == []


def test_numbers_of_packs_are_not_given_again(root: Path) -> None:
    seen: set[str] = set()
    for seed in range(4):
        with ObjectStore(root) as store:
            put(store, noise(100_000, seed))
            names = {path.name for path in packs(root)}
            assert not names & seen
            seen |= names
            store.sweep([])
            seen |= {path.name for path in packs(root)}


def test_a_damaged_list_stops_the_sweep(root: Path) -> None:
    with ObjectStore(root) as store:
        kept = put(store, text(300_000)).digest
        gone = put(store, noise(100)).digest
        row = store._reader.content(kept)
    flip(packs(root)[0], row.place + row.length - 5)
    with ObjectStore(root) as store:
        with pytest.raises(ObjectDamaged, match=kept.hex()):
            store.sweep([kept])
        assert store.has(gone)


@pytest.mark.parametrize("step", range(6))
def test_a_sweep_that_is_cut_short_loses_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(packs_module, "PACK_BYTES", 150_000)
    steps: list[str] = []

    def stop(name: str, plain: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            steps.append(name)
            if len(steps) == step + 1:
                raise KeyboardInterrupt
            return plain(*arguments, **named)

        return call

    with ObjectStore(root) as store:
        versions = history(store, 6, 200_000)
        keep = set(list(versions)[1::2])
        for seed in range(8):
            data = noise(70_000, seed)
            versions[put(store, data).digest] = data
        with monkeypatch.context() as patch:
            for owner, name in (
                (sweeping_module.Sweep, "_forget"), (sweeping_module.Sweep, "_exchange"),
                (sweeping_module, "sync_folder"), (packs_module.Packs, "forget"),
                (packs_module.Packs, "drop"),
            ):  # fmt: skip
                patch.setattr(owner, name, stop(name, getattr(owner, name)))
            with pytest.raises(KeyboardInterrupt):
                store.sweep(keep)
    for _ in range(2):
        with ObjectStore(root) as store:
            assert keep <= set(store.digests())
            assert all(store.read(digest) == versions[digest] for digest in keep)
            assert list(store.check(deep=True)) == []
            store.sweep(keep)
            assert set(store.digests()) == keep


READER = """
import sys
from pathlib import Path
from lsfs.versions.objects import ObjectStore
from blake3 import blake3
with ObjectStore(Path(sys.argv[1]), read_only=True) as store:
    digests = [bytes.fromhex(line) for line in sys.argv[2:]]
    print("ready", flush=True)
    rounds = 0
    while not Path(sys.argv[1], "stop").exists():
        for digest in digests:
            store._reader.recent.clear()
            assert blake3(store.read(digest)).digest() == digest
        rounds += 1
    print(rounds)
"""


def test_readers_in_other_processes_do_not_notice(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs_module, "PACK_BYTES", 100_000)
    with ObjectStore(root, durable=False) as store:
        versions = history(store, 6, 150_000)
        keep = set(versions)
        arguments = [str(root), *(digest.hex() for digest in keep)]
        reader = subprocess.Popen(
            [sys.executable, "-c", READER, *arguments],
            stdout=subprocess.PIPE, text=True, env=brain.environment(),
        )  # fmt: skip
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(30):
            put(store, noise(120_000, number))
            store.sweep(keep, thorough=True)
        (root / "stop").touch()
        out, _ = reader.communicate()
        assert reader.returncode == 0
        assert int(out) > 0


def test_a_sweep_waits_for_who_holds_the_store(store: ObjectStore) -> None:
    held, go = threading.Event(), threading.Event()
    noted: set[bytes] = set()

    def put_and_note() -> None:
        with store.hold():
            digest = store.put_bytes(b"put, and not noted yet")
            held.set()
            go.wait()
            noted.add(digest)

    thread = threading.Thread(target=put_and_note)
    thread.start()
    held.wait()
    threading.Timer(0.05, go.set).start()
    store.sweep(lambda digest: digest in noted)
    thread.join()
    assert noted == set(store.digests()) == {blake3(b"put, and not noted yet").digest()}


def test_the_index_is_small_after_a_sweep(store: ObjectStore, root: Path) -> None:
    with store.batch():
        for number in range(2000):
            store.put_bytes(b"%d" % number)
    store.sweep([])
    assert (root / "index.sqlite").stat().st_size < 40_000
