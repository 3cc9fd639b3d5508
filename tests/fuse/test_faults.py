"""What a user keeps when a process of the mount dies, stands still, or eats the machine."""

from __future__ import annotations

import hashlib
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs.errors import LockHeld
from lsfs.versions.events import Op
from lsfs.versions.history import Journal
from tests.fuse.conftest import Drive
from tests.index.conftest import build

pytestmark = pytest.mark.mount

Wait = Callable[..., object]

ROUNDS = 10
# The kernel lets go of a handle after close() has returned, in the background: the journal may not
# yet have heard of as many files as it has such requests under way.
UNDER_WAY = 12
PATIENCE_S = 120

# Writes, replaces and removes files until the mount is gone. Says on standard output what it begins
# (`?`) and what has returned (`!`), each with the digest that the file then has, `-` for none.
WRITER = """
import hashlib, os, random, sys
seed = int(sys.argv[1])
dice = random.Random(seed)

def say(mark, name, digest):
    os.write(1, f"{mark} {name} {digest}\\n".encode())

def write(path, data):
    with open(path, "wb", buffering=0) as file:
        for begin in range(0, len(data), 7000):
            file.write(data[begin : begin + 7000])

try:
    while True:
        name = f"{dice.randrange(40)}.txt"
        words = (f"heron{dice.randrange(1000)}" for _ in range(dice.choice([1, 50, 2000])))
        data = " ".join(words).encode()
        digest = hashlib.sha256(data).hexdigest()
        kind = dice.choice(["write", "write", "save", "remove"])
        if kind == "remove" and os.path.exists(name):
            say("?", name, "-")
            os.unlink(name)
            say("!", name, "-")
        elif kind == "save":
            write(name + ".tmp", data)
            say("?", name, digest)
            os.replace(name + ".tmp", name)
            say("!", name, digest)
        else:
            say("?", name, "torn")
            write(name, data)
            say("!", name, digest)
except OSError:
    pass
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "-"


class Story:
    """What a writer was told, and so what must be in the source."""

    def __init__(self) -> None:
        self.allowed: dict[str, set[str]] = {}
        self.acknowledged: list[str] = []

    def read(self, lines: list[str]) -> None:
        """One life of the mount."""
        self.acknowledged = []
        for line in lines:
            mark, name, what = line.split()
            if mark == "?":
                # Until it returns, before and after are both right.
                self.allowed.setdefault(name, {"-"}).add(what)
            else:
                self.allowed[name] = {what}
                self.acknowledged.append(name)

    def check(self, folder: Path) -> None:
        """Compare with the files; what was cut off in the middle of a write may be anything."""
        for name, allowed in self.allowed.items():
            found = digest(folder / name)
            assert "torn" in allowed or found in allowed, name
            self.allowed[name] = {found}


def crash(drive: Drive, seed: int, story: Story, acknowledged: Path) -> None:
    """Kill the fs process at a random moment of a writer's work."""
    info = drive.mount()
    with (
        acknowledged.open("wb") as output,
        subprocess.Popen(
            # In the mount, so that it is not moved to the bare folder when the mount is taken away.
            [sys.executable, "-c", WRITER, str(seed)],
            cwd=drive.mountpoint,
            stdout=output,
        ) as writer,
    ):
        deadline = time.monotonic() + PATIENCE_S
        while acknowledged.stat().st_size < 1000 and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(random.Random(seed).random() * 0.3)
        process = os.pidfd_open(info.pid)
        os.kill(info.pid, signal.SIGKILL)
        try:
            assert writer.wait(PATIENCE_S) == 0
            assert select.select([process], [], [], PATIENCE_S)[0]
        finally:
            os.close(process)
            writer.kill()
    story.read(acknowledged.read_text().splitlines())


def named(drive: Drive) -> list[str]:
    """Paths that the journal names since it was last asked."""
    found: list[str] = []
    while events := drive.events():
        found += [path for _, *paths in events for path in paths]
    return found


def test_a_killed_fs_loses_nothing_that_was_acknowledged(unmounted: Drive, tmp_path: Path) -> None:
    index = build(unmounted.source, tmp_path / "index")
    story = Story()
    try:
        for seed in range(ROUNDS):
            crash(unmounted, seed, story, tmp_path / "acknowledged")
            # As the source has them, without any help of the mount; and as the next mount shows.
            story.check(unmounted.source)
            Journal(unmounted.state.history).close()  # as the next mount does first
            hints = set(named(unmounted))
            assert len(story.acknowledged) > 5
            assert set(story.acknowledged[:-UNDER_WAY]) <= hints
            with sqlite3.connect(unmounted.state.history) as journal:
                assert journal.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            journal.close()
            # The look at everything that each start of the brain begins with finds the rest.
            index.run()
        unmounted.mount()
        story.check(unmounted.mountpoint)
        (unmounted.mountpoint / "after").write_text("and it goes on")
        unmounted.umount()
        index.run()
        fresh = build(unmounted.source, tmp_path / "fresh")
        try:
            fresh.run()
            assert index.rows() == fresh.rows()
        finally:
            fresh.close()
    finally:
        index.close()


# --- a brain that is no help

ORDINARY = """
set -eu
mkdir -p papers/deep
for i in {1..60}; do printf 'page %s\\n' $i > papers/$i.txt; done
cp -r papers copies
mv copies/1.txt copies/deep/one.txt
mv copies/deep copies/deeper
cat papers/*.txt > all.txt
sed -i 's/page 2/leaf 2/' all.txt
test "$(find . -type f | wc -l)" = 121
test "$(grep -r 'page' papers | wc -l)" = 60
tar cf papers.tar papers
mkdir out
tar xf papers.tar -C out
diff -r papers out/papers
rm -r papers out papers.tar
"""


def ordinary_work(drive: Drive, plain: Path) -> None:
    """Work as people do it, on the mount and on a plain folder: both end up the same."""
    plain.mkdir()
    for folder in (plain, drive.mountpoint):
        done = subprocess.run(
            ["bash", "-c", ORDINARY], cwd=folder, capture_output=True, timeout=PATIENCE_S,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    for folder in (drive.source, drive.mountpoint):
        subprocess.run(["diff", "-r", plain, folder], check=True, timeout=PATIENCE_S)


def awaited(drive: Drive, eventually: Wait, path: str) -> None:
    """The journal comes to name a path."""
    found: list[str] = []

    def there() -> bool:
        found.extend(named(drive))
        return path in found

    eventually(there)


@pytest.fixture
def brain_pid(unmounted: Drive, eventually: Wait) -> Iterator[int]:
    """A mount with a brain that answers; stopped or not, it goes on at the end."""
    unmounted.mount(brain=True)
    eventually(unmounted.state.socket.exists)
    pid = unmounted.info.brain_pid
    assert pid is not None
    yield pid
    os.kill(pid, signal.SIGCONT)
    unmounted.umount()


def test_work_goes_on_while_the_brain_stands_still(
    unmounted: Drive, brain_pid: int, tmp_path: Path, eventually: Wait
) -> None:
    os.kill(brain_pid, signal.SIGSTOP)
    ordinary_work(unmounted, tmp_path / "plain")
    awaited(unmounted, eventually, "all.txt")


def test_work_goes_on_while_the_brain_dies_again_and_again(
    unmounted: Drive, tmp_path: Path, eventually: Wait
) -> None:
    unmounted.mount(brain_command=["false"])
    ordinary_work(unmounted, tmp_path / "plain")
    awaited(unmounted, eventually, "all.txt")
    unmounted.umount()


# Twice as many as there are cores, each for as long as its parent lives.
BUSY = """
import os, subprocess, sys
spin = "import os, sys\\nwhile os.getppid() == int(sys.argv[1]): sum(range(10000))"
command = [sys.executable, "-c", spin, str(os.getpid())]
children = [subprocess.Popen(command) for _ in range(2 * (os.cpu_count() or 1))]
while os.read(0, 4096):
    pass
for child in children:
    child.kill()
    child.wait()
"""


def test_work_goes_on_while_the_brain_takes_all_processors(
    unmounted: Drive, tmp_path: Path, eventually: Wait
) -> None:
    unmounted.mount(brain_command=[sys.executable, "-c", BUSY])
    pid = eventually(lambda: unmounted.info.brain_pid)
    eventually(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    ordinary_work(unmounted, tmp_path / "plain")
    awaited(unmounted, eventually, "all.txt")
    unmounted.umount()


# --- two at once


def test_a_second_mount_is_refused_with_the_reason_and_harms_nothing(
    unmounted: Drive, tmp_path: Path
) -> None:
    info = unmounted.mount()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (unmounted.mountpoint / "f").open("w") as file:
        with pytest.raises(LockHeld, match=rf"{unmounted.mountpoint} \(process {info.pid}\)"):
            replace(unmounted, mountpoint=elsewhere).mount()
        file.write("the first goes on")
    assert unmounted.info == info
    assert (unmounted.source / "f").read_text() == "the first goes on"
    assert list(elsewhere.iterdir()) == []
    unmounted.umount()
    assert Op.WRITTEN in [event[0] for event in unmounted.events()]
