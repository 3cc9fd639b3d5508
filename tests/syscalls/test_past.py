"""Versions by the Python API, on a drive that is not mounted: found, compared, brought back."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blake3 import blake3

import lsfs
from lsfs.clock import FixedClock
from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import LsfsError, NotFound, UsageError, VersionConflict
from lsfs.syscalls.drive import Drive, open_local
from tests.command import ROOTS

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(BEGIN)


@pytest.fixture
def then(tmp_path: Path, clock: FixedClock) -> Iterator[Drive]:
    """A drive of an empty folder, without models, whose clock the test moves."""
    config = Config(model=ModelConfig(chat="none", embed="none"))
    folder = tmp_path / "docs"
    folder.mkdir()
    record = initialise(folder, str(tmp_path / "state"))
    with Drive(record.source, open_local(record, config, clock=clock)) as opened:
        yield opened


def write(drive: Drive, path: str, content: str | bytes, at: datetime, clock: FixedClock) -> None:
    """Write a file behind lsfs at some moment, and have it seen."""
    clock.set(at)
    place = drive.source / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(place, (at.timestamp(), at.timestamp()))
    drive.wait_indexed()


def tree(folder: Path) -> dict[str, tuple[int, bytes | str | None]]:
    """All that is below a folder: permissions and content, or what a link says."""
    found: dict[str, tuple[int, bytes | str | None]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content: bytes | str | None = None
        if stat.S_ISLNK(about.st_mode):
            content = os.readlink(path)  # noqa: PTH115
        elif stat.S_ISREG(about.st_mode):
            content = path.read_bytes()
        mode = 0 if isinstance(content, str) else stat.S_IMODE(about.st_mode)
        found[os.fspath(path.relative_to(folder))] = mode, content
    return found


def test_every_edit_is_a_version_and_can_be_read(then: Drive, clock: FixedClock) -> None:
    texts = [f"edition {n}\n" * (n + 1) for n in range(12)]
    for n, text in enumerate(texts):
        write(then, "notes.txt", text, BEGIN + timedelta(days=n), clock)
    history = then.versions("notes.txt").versions
    assert [version.version for version in history] == list(range(1, 13))
    assert [version.size for version in history] == [len(text) for text in texts]
    assert [version.digest for version in history] == [
        blake3(text.encode()).hexdigest() for text in texts
    ]
    assert [version.present for version in history] == [False] * 11 + [True]
    for n, text in enumerate(texts):
        assert then.read("notes.txt", version=n + 1).data == text.encode()
        moment = (BEGIN + timedelta(days=n, hours=5) if n < 11 else clock.now()).isoformat()
        assert then.read("notes.txt", at=moment).data == text.encode()
    part = then.read("notes.txt", version=3, offset=4, size=5)
    assert (part.data, part.total) == (texts[2].encode()[4:9], len(texts[2]))


def test_the_same_content_again_is_no_version(then: Drive, clock: FixedClock) -> None:
    for n in range(4):
        write(then, "f", "the same", BEGIN + timedelta(hours=n), clock)
    assert len(then.versions("f").versions) == 1


@pytest.mark.parametrize("size", [0, 1, 5_000, 70_000, 1_500_000])
def test_rollback_goes_to_any_version_and_forward(
    then: Drive, clock: FixedClock, size: int
) -> None:
    chance = random.Random(size)
    texts = [chance.randbytes(size) + b"%d" % n for n in range(6)]
    for n, text in enumerate(texts):
        write(then, "a/f", text, BEGIN + timedelta(hours=n), clock)
    file = then.source / "a" / "f"
    for n in (3, 1, 6, 2):
        clock.set(clock.now() + timedelta(hours=1))
        done = then.rollback("a/f", version=n)
        assert file.read_bytes() == texts[n - 1]
        assert [(change.action, change.version) for change in done.changes] == [("write", n)]
    numbers = [version.version for version in then.versions("a/f").versions]
    assert numbers == list(range(1, 11))  # each rollback is a version
    then.rollback("a/f", to=done.undo)
    assert file.read_bytes() == texts[5]
    then.rollback("a/f", back=10)
    assert file.read_bytes() == texts[0]


def test_n_back_and_words(then: Drive, clock: FixedClock) -> None:
    for n in range(5):
        write(then, "f", f"text {n}", BEGIN + timedelta(days=n), clock)
    clock.set(BEGIN + timedelta(days=4, hours=1))
    file = then.source / "f"
    then.rollback("f", back=1)
    assert file.read_text() == "text 3"
    then.rollback("f", to="2 versions ago")
    assert file.read_text() == "text 3"  # the rollback itself was one
    then.rollback("f", to="3 days ago")
    assert file.read_text() == "text 1"
    then.rollback("f", to=(BEGIN + timedelta(days=2)).isoformat())
    assert file.read_text() == "text 2"


def test_what_cannot_be_meant_is_said(then: Drive, clock: FixedClock) -> None:
    write(then, "f", "text", BEGIN, clock)
    with pytest.raises(UsageError, match="one of"):
        then.rollback("f")
    with pytest.raises(UsageError, match="one of"):
        then.rollback("f", version=1, back=1)
    with pytest.raises(NotFound, match="version 7"):
        then.rollback("f", version=7)
    with pytest.raises(NotFound, match="has no"):
        then.rollback("f", back=1)
    with pytest.raises(UsageError):
        then.rollback("f", to="gibberish o'clock")
    with pytest.raises(NotFound, match="nothing is known"):
        then.versions("never")
    with pytest.raises(NotFound):
        then.rollback("", to="2001-01-01")
    with pytest.raises(UsageError, match="folder"):
        then.rollback("", back=1)
    with pytest.raises(UsageError):
        then.rollback("../outside", back=1)
    assert tree(then.source) == {"f": (0o644, b"text")}


def test_attributes_come_back(then: Drive, clock: FixedClock) -> None:
    write(then, "run.sh", "echo one", BEGIN, clock)
    file = then.source / "run.sh"
    file.chmod(0o750)
    clock.set(BEGIN + timedelta(hours=1))
    then.wait_indexed()
    os.setxattr(file, "user.mine", b"kept")
    write(then, "run.sh", "echo two, longer", BEGIN + timedelta(hours=2), clock)
    file.chmod(0o640)
    clock.set(BEGIN + timedelta(hours=3))
    then.rollback("run.sh", version=1)
    assert file.read_text() == "echo one"
    assert stat.S_IMODE(file.stat().st_mode) == 0o750
    assert file.stat().st_mtime == BEGIN.timestamp()
    assert os.getxattr(file, "user.mine") == b"kept"
    assert list(then.source.iterdir()) == [file]  # no draft is left


def test_a_file_keeps_its_history_when_it_is_renamed(then: Drive, clock: FixedClock) -> None:
    write(then, "draft.txt", "one", BEGIN, clock)
    write(then, "draft.txt", "two!", BEGIN + timedelta(hours=1), clock)
    clock.set(BEGIN + timedelta(hours=2))
    (then.source / "final").mkdir()
    (then.source / "draft.txt").rename(then.source / "final" / "report.txt")
    then.wait_indexed()
    write(then, "final/report.txt", "three", BEGIN + timedelta(hours=3), clock)
    history = then.versions("final/report.txt").versions
    assert [(v.version, v.path) for v in history] == [
        (1, "draft.txt"), (2, "draft.txt"), (3, "final/report.txt"),
    ]  # fmt: skip
    then.rollback("final/report.txt", version=1)
    assert tree(then.source)["final/report.txt"][1] == b"one"
    assert [v.version for v in then.versions("draft.txt").versions] == [1, 2]


def test_a_folder_and_the_drive_as_they_were(then: Drive, clock: FixedClock) -> None:
    write(then, "letters/a.txt", "A", BEGIN, clock)
    write(then, "letters/deep/b.txt", "B", BEGIN, clock)
    write(then, "other.txt", "other", BEGIN, clock)
    (then.source / "letters" / "link").symlink_to("a.txt")
    (then.source / "letters" / "empty").mkdir(mode=0o711)
    clock.set(BEGIN + timedelta(hours=1))
    snapshot = then.snapshot("good")
    before = tree(then.source)
    clock.set(BEGIN + timedelta(hours=2))
    source = then.source
    (source / "letters" / "a.txt").write_text("changed")
    (source / "letters" / "deep").rename(source / "moved")
    (source / "letters" / "link").unlink()
    (source / "letters" / "link").symlink_to("elsewhere")
    (source / "letters" / "empty").rmdir()
    (source / "letters" / "empty").write_text("a file now")
    (source / "new").mkdir()
    (source / "new" / "file").write_text("new")
    (source / "other.txt").unlink()
    then.wait_indexed()
    changed = tree(source)
    clock.set(BEGIN + timedelta(hours=3))

    plan = then.rollback("letters", to="good", dry_run=True)
    assert plan.dry_run and len(plan.changes) > 3
    assert tree(source) == changed
    part = then.rollback("letters", to="good")
    assert [change for change in part.changes if change.problem] == []
    now = tree(source)
    assert {p: v for p, v in now.items() if p.startswith("letters")} == {
        p: v for p, v in before.items() if p.startswith("letters")
    }
    assert "other.txt" not in now and "new/file" in now

    clock.set(BEGIN + timedelta(hours=4))
    then.restore("good")
    assert tree(source) == before
    clock.set(BEGIN + timedelta(hours=5))
    then.rollback("", to=part.undo)
    assert tree(source) == changed
    assert then.snapshots().snapshots == (snapshot,)


def test_removed_files_come_back_from_the_trash(then: Drive, clock: FixedClock) -> None:
    for name in ("a", "b", "deep/c"):
        write(then, f"box/{name}.txt", f"text of {name}", BEGIN, clock)
    before = tree(then.source)
    clock.set(BEGIN + timedelta(hours=1))
    for path in sorted(then.source.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    found = then.trash()
    assert sorted(file.path for file in found.files) == [
        "box/a.txt", "box/b.txt", "box/deep/c.txt",
    ]  # fmt: skip
    assert found.bytes == sum(len(f"text of {name}") for name in ("a", "b", "deep/c"))
    then.trash_restore("box/deep")
    assert (then.source / "box/deep/c.txt").read_text() == "text of deep/c"
    then.trash_restore("box")
    assert tree(then.source) == before
    assert then.trash().files == ()
    with pytest.raises(NotFound):
        then.trash_restore("box")


def test_a_file_that_has_another_name_is_not_in_the_trash(then: Drive, clock: FixedClock) -> None:
    write(then, "draft", "as git makes an object: linked, then the draft goes", BEGIN, clock)
    os.link(then.source / "draft", then.source / "object")
    then.wait_indexed()
    clock.set(BEGIN + timedelta(hours=1))
    (then.source / "draft").unlink()
    assert then.trash().files == ()
    assert then.trash_empty().versions == 0
    (then.source / "object").unlink()
    assert {file.path for file in then.trash().files} == {"draft", "object"}
    then.trash_restore("object")
    assert (then.source / "object").read_text().startswith("as git")


def test_what_is_given_up_is_shown_first(then: Drive, clock: FixedClock) -> None:
    for n in range(6):
        write(then, "f", f"text number {n}", BEGIN + timedelta(days=n), clock)
        if n == 2:
            then.snapshot("keep")
    plan = then.prune(keep_last=2)
    assert (plan.versions, plan.applied) == (3, False)
    assert [version.version for version in plan.shown] == [1, 2, 4]
    with pytest.raises(VersionConflict):
        then.prune(keep_last=2, apply="0123456789abcdef")
    assert then.read("f", version=1).data == b"text number 0"
    assert then.prune(keep_last=2, apply=plan.digest).applied
    history = then.versions("f").versions
    assert [v.version for v in history] == [1, 2, 3, 4, 5, 6]
    assert [v.version for v in history if v.kept] == [3, 5, 6]
    with pytest.raises(LsfsError):
        then.read("f", version=1)
    for n in (3, 5, 6):
        assert then.read("f", version=n).data == f"text number {n - 1}".encode()
    assert then.prune(keep_last=2).versions == 0


def test_rules_keep_the_last_of_each_day(then: Drive, clock: FixedClock) -> None:
    for n in range(12):
        write(then, "f", f"text {n}", BEGIN + timedelta(hours=8 * n), clock)
    plan = then.prune(keep_daily=3)
    then.prune(keep_daily=3, apply=plan.digest)
    kept = [v for v in then.versions("f").versions if v.kept]
    days = [datetime.fromisoformat(v.time).astimezone().date() for v in kept]
    assert len(days) == len(set(days)) == 3
    assert kept[-1].version == 12


def test_the_oldest_go_until_all_have_a_size(then: Drive, clock: FixedClock) -> None:
    chance = random.Random(1)
    for n in range(8):
        write(then, "f", chance.randbytes(200_000), BEGIN + timedelta(days=n), clock)
    plan = then.prune(max_size="700k")
    done = then.prune(max_size="700k", apply=plan.digest)
    assert done.freed > 500_000
    kept = [v.version for v in then.versions("f").versions if v.kept]
    assert kept[-1] == 8 and 0 < len(kept) < 8
    assert kept == list(range(kept[0], 9))


def test_emptying_the_trash(then: Drive, clock: FixedClock) -> None:
    write(then, "old", "old", BEGIN, clock)
    write(then, "young", "young", BEGIN, clock)
    write(then, "stays", "stays", BEGIN, clock)
    (then.source / "old").unlink()
    clock.set(BEGIN + timedelta(days=1))
    then.wait_indexed()
    clock.set(BEGIN + timedelta(days=40))
    (then.source / "young").unlink()
    then.wait_indexed()
    plan = then.trash_empty(older_than="30d")
    assert [version.path for version in plan.shown] == ["old"]
    then.trash_empty(older_than="30d", apply=plan.digest)
    assert [file.path for file in then.trash().files] == ["young"]
    plan = then.trash_empty()
    then.trash_empty(apply=plan.digest)
    assert then.trash().files == ()
    assert then.read("stays").data == b"stays"


def test_the_log_says_what_happened(then: Drive, clock: FixedClock) -> None:
    write(then, "before", "there from the beginning", BEGIN, clock)
    write(then, "d/f", "one", BEGIN + timedelta(hours=1), clock)
    write(then, "d/f", "two!", BEGIN + timedelta(hours=2), clock)
    clock.set(BEGIN + timedelta(hours=3))
    then.rollback("d/f", version=1)
    (then.source / "before").unlink()
    then.wait_indexed()
    told = [(e.op, e.path, e.version, e.outside) for e in then.log().changes]
    assert ("outside", "d/f", 2, True) in told
    assert ("restored", "d/f", 3, False) in told
    assert told[-1] == ("removed", "before", 1, True)
    assert [e.path for e in then.log("d").changes if e.kind == "file"] == ["d/f"] * 3
    since = (BEGIN + timedelta(hours=2, minutes=30)).isoformat()
    assert [e.op for e in then.log(since=since).changes] == ["restored", "removed"]
    restored = next(e for e in then.log().changes if e.op == "restored")
    assert (restored.program, restored.uid) == ("lsfs", os.geteuid())


def test_differences_and_what_changed_in_words(then: Drive, clock: FixedClock) -> None:
    text = "# Lease\n\nThe monthly rent is EUR {}.\n\nThe tenant is Ada Byron.\n"
    write(then, "lease.md", text.format(950), BEGIN, clock)
    write(then, "lease.md", text.format("1,020"), BEGIN + timedelta(days=1), clock)
    found = then.diff("lease.md")
    assert found.kind == "text"
    assert "-The monthly rent is EUR 950." in found.text.splitlines()
    assert "+The monthly rent is EUR 1,020." in found.text.splitlines()
    assert then.diff("lease.md", "2", "2").kind == "same"
    back = then.diff("lease.md", "2", "1")
    assert (back.added, back.removed) == (found.removed, found.added)
    summary = then.change_summary("lease.md", "1", "2")
    assert [(fact.before, fact.after) for fact in summary.facts] == [("EUR 950", "EUR 1,020")]
    with pytest.raises(UsageError, match="no version before"):
        then.diff("lease.md", after="1")


def test_names_of_any_bytes(then: Drive, clock: FixedClock) -> None:
    name = os.fsdecode(b"caf\xe9 [1]\n.txt")
    write(then, name, "one", BEGIN, clock)
    write(then, name, "two!", BEGIN + timedelta(days=1), clock)
    then.rollback(name, back=1)
    assert (then.source / name).read_text() == "one"
    assert [e.path for e in then.log(name).changes][-1] == name


def test_going_back_loads_no_vectors(source: Path) -> None:
    """Without a mount as well: LanceDB takes two seconds to load."""
    code = (
        "import sys, lsfs\n"
        "with lsfs.open(sys.argv[1]) as drive:\n"
        "    drive.versions('Contracts/mill-lease.txt')\n"
        "    drive.log()\n"
        "print('lancedb' in sys.modules)"
    )
    with lsfs.open(source) as drive:
        drive.wait_indexed()
    roots = os.pathsep.join(map(str, ROOTS))
    done = subprocess.run(
        [sys.executable, "-c", code, str(source)],
        env={**os.environ, "PYTHONPATH": roots, "LSFS_MODEL_CHAT": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
