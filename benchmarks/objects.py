"""The store of old versions: its space and its speed beside borg, restic, git, zstd and xz.

    python -m benchmarks.objects [--edits N] [--mib N]

Space: a text of 1 MiB and N successive small edits of it, each kept. "ideal" is the first version
and the bytes that were put in, compressed together with zstd. Speed: N MiB of text, of noise, and
of both again when they are known, in MB of content for each second of CPU; then one content of
1 MB, put, and opened and read. Programs that are not installed are named. The text is Python's
standard library. The others cut as they do by default.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import zstandard
from msgspec import Struct

from lsfs.versions.objects import ObjectStore

SEED = 5
TEXT_BYTES = 1 << 20
ROUNDS = 5
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
ENVIRONMENT = {
    **os.environ, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes", "RESTIC_PASSWORD": "x",
    "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
}  # fmt: skip


class Space(Struct, frozen=True):
    """What the versions take: lengths of the files, and blocks of the disk, in bytes."""

    name: str
    apparent: int
    allocated: int


def text(size: int) -> bytes:
    """English, and some code: what is in Python's standard library."""
    library = Path(sysconfig.get_path("stdlib"))
    files = [library / "pydoc_data" / "topics.py", *sorted(library.glob("[a-z]*.py"))]
    found = b"".join(path.read_bytes() for path in files)
    return (found * (size // len(found) + 1))[:size]


def versions(count: int) -> tuple[list[bytes], bytes]:
    """A text and ``count`` edits, one after the other; and the bytes that they put in."""
    chance = random.Random(SEED)
    source, all_of_it, inserted = text(TEXT_BYTES), [text(TEXT_BYTES)], []
    for _ in range(count):
        data, place = all_of_it[-1], chance.randrange(TEXT_BYTES)
        begin = chance.randrange(TEXT_BYTES - 200)
        words = source[begin : begin + chance.randrange(20, 200)].split()
        chance.shuffle(words)
        inserted.append(b" ".join(words))
        removed = chance.randrange(40) if chance.random() < 0.3 else 0
        all_of_it.append(data[:place] + inserted[-1] + data[place + removed :])
    return all_of_it, b"".join(inserted)


def size_of(folder: Path) -> tuple[int, int]:
    """Apparent and allocated bytes of the files below a folder."""
    stats = [path.lstat() for path in folder.rglob("*") if path.is_file()]
    return sum(s.st_size for s in stats), sum(s.st_blocks * 512 for s in stats)


def space(place: Path, count: int) -> list[Space]:
    """Keep all versions in every way."""
    kept, inserted = versions(count)
    ideal = len(zstandard.ZstdCompressor(level=3).compress(kept[0] + inserted))
    rows = [Space("ideal", ideal, ideal)]
    ways: dict[str, Callable[[Path, Sequence[bytes]], None]] = {
        "lsfs": _lsfs, "lsfs (open)": _lsfs, "borg": _borg, "restic": _restic, "git, packed": _git,
        "zstd each": _each(zstandard.ZstdCompressor(level=3).compress), "xz each": _each(_xz),
    }  # fmt: skip
    for name, keep in ways.items():
        if shutil.which(name.split(",")[0].split()[0]) or keep is _lsfs or " each" in name:
            folder = place / name.replace(" ", "-")
            folder.mkdir()
            if name == "lsfs (open)":
                rows.append(Space(name, *_open_size(folder, kept)))
                continue
            keep(folder, kept)
            rows.append(Space(name, *size_of(folder)))
        else:
            rows.append(Space(f"{name}: not installed", 0, 0))
    return rows


def _lsfs(folder: Path, kept: Sequence[bytes]) -> None:
    with ObjectStore(folder) as store:
        _put_all(store, kept)


def _open_size(folder: Path, kept: Sequence[bytes]) -> tuple[int, int]:
    with ObjectStore(folder) as store:
        _put_all(store, kept)
        return size_of(folder)


def _put_all(store: ObjectStore, kept: Sequence[bytes]) -> None:
    like = None
    for data in kept:
        like = store.put_bytes(data, like=like)


def _borg(folder: Path, kept: Sequence[bytes]) -> None:
    repository = folder / "repository"
    _quietly("borg", "init", "-e", "none", repository)
    with tempfile.TemporaryDirectory() as work:
        for number, data in enumerate(kept):
            Path(work, "file").write_bytes(data)
            _quietly(
                "borg", "create", "-C", "zstd,3", f"{repository}::{number}", "file", where=work
            )


def _restic(folder: Path, kept: Sequence[bytes]) -> None:
    _quietly("restic", "init", "-r", folder)
    with tempfile.TemporaryDirectory() as work:
        for data in kept:
            Path(work, "file").write_bytes(data)
            _quietly("restic", "backup", "-r", folder, "--no-cache", "file", where=work)


def _git(folder: Path, kept: Sequence[bytes]) -> None:
    with tempfile.TemporaryDirectory() as work:
        _quietly("git", "init", where=work)
        for data in kept:
            Path(work, "file").write_bytes(data)
            _quietly("git", "add", "file", where=work)
            who = ("-c", "user.name=x", "-c", "user.email=x@x")
            _quietly("git", *who, "commit", "-m", "x", where=work)
        _quietly("git", "gc", "--aggressive", where=work)
        shutil.copytree(Path(work, ".git", "objects"), folder / "objects")


def _each(compress: Callable[[bytes], bytes]) -> Callable[[Path, Sequence[bytes]], None]:
    def keep(folder: Path, kept: Sequence[bytes]) -> None:
        for number, data in enumerate(kept):
            (folder / str(number)).write_bytes(compress(data))

    return keep


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=6)


def _quietly(*command: str | Path, where: str | Path | None = None) -> None:
    subprocess.run([*map(str, command)], cwd=where, env=ENVIRONMENT, check=True, **QUIET)


def speed(place: Path, mib: int) -> list[dict[str, Any]]:
    """Store large files, then store them again."""
    files = {"text": place / "text", "noise": place / "noise"}
    library = Path(sysconfig.get_path("stdlib")).rglob("*.py")
    files["text"].write_bytes(b"".join(path.read_bytes() for path in library)[: mib << 20])
    files["noise"].write_bytes(random.Random(SEED).randbytes(mib << 20))
    rows = []
    for name, path in files.items():
        row: dict[str, Any] = {"data": name, "mb": path.stat().st_size / 1e6}
        with ObjectStore(place / f"store-{name}") as store:
            row["lsfs"] = _rate(path, lambda: _put_file(store, path))  # noqa: B023
            row["lsfs known"] = _rate(path, lambda: _put_file(store, path))  # noqa: B023
            row["lsfs read"] = _rate(path, lambda: _read_all(store))
        rows.append(row | _others(place, path))
    return rows


def _others(place: Path, path: Path) -> dict[str, float]:
    row = {}
    if shutil.which("borg"):
        repository = place / f"borg-{path.name}"
        _quietly("borg", "init", "-e", "none", repository)
        for label in ("borg", "borg known"):
            copy = path.with_name(f"{path.name} {label.replace(' ', '-')}")
            shutil.copy(path, copy)  # another file, so that it is read again
            create = ("borg", "create", "-C", "zstd,3", f"{repository}::{label.split()[-1]}")
            row[label] = _rate(path, lambda: _quietly(*create, copy))  # noqa: B023
    if shutil.which("restic"):
        repository = place / f"restic-{path.name}"
        _quietly("restic", "init", "-r", repository)
        backup = ("restic", "backup", "-r", repository, "--no-cache", "--force", path)
        for label in ("restic", "restic known"):
            row[label] = _rate(path, lambda: _quietly(*backup))
    return row


def _put_file(store: ObjectStore, path: Path) -> None:
    with path.open("rb") as file:
        store.put(file.fileno())


def _read_all(store: ObjectStore) -> None:
    for digest in store.digests():
        with store.open(digest) as content:
            for offset in range(0, content.size, 1 << 20):
                content.read(offset, 1 << 20)


def _rate(path: Path, work: Callable[[], None]) -> float:
    """MB of content for each second of CPU, children included."""
    before = _cpu()
    work()
    return path.stat().st_size / 1e6 / max(_cpu() - before, 1e-6)


def _cpu() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def opening(place: Path) -> dict[str, float]:
    """CPU of one content of 1 MB, after many edits, in milliseconds: put, opened and read."""
    kept, _ = versions(50)
    with ObjectStore(place / "opened") as store:
        _put_all(store, kept[:-1])
        like = store.put_bytes(kept[-2])
        began = _cpu()
        digest = store.put_bytes(kept[-1], like=like)
        put = _cpu() - began
    reads = []
    for _ in range(ROUNDS):
        with ObjectStore(place / "opened", read_only=True) as store:
            began = _cpu()
            store.read(digest)
            reads.append(_cpu() - began)
    return {"put_ms": 1000 * put, "read_ms": 1000 * min(reads)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--mib", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "space").mkdir()
        rows = space(place / "space", options.edits)
        rates = speed(place, options.mib)
        single = opening(place)
    ideal = rows[0].apparent
    sys.stdout.write(f"{options.edits} edits of 1 MiB of text, all kept\n")
    for row in rows:
        share = f"{row.apparent / ideal:>8.2f}"
        sys.stdout.write(f"{row.name:<24}{row.apparent:>12}{row.allocated:>12}{share}\n")
    sys.stdout.write("MB of content for each second of CPU\n")
    for rate in rates:
        cells = [f"{name} {value:.0f}" for name, value in rate.items() if name != "data"]
        sys.stdout.write(f"{rate['data']:<8}{', '.join(cells)}\n")
    sys.stdout.write(f"1 MB: put {single['put_ms']:.1f} ms, read {single['read_ms']:.1f} ms\n")
    figures = [[row.name, row.apparent, row.allocated] for row in rows]
    sys.stdout.write(json.dumps({"space": figures, "speed": rates, "single": single}) + "\n")


if __name__ == "__main__":
    main()
