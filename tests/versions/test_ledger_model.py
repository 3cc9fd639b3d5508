"""Whatever happens to a drive, every moment of it can be brought back.

``STORM_EXAMPLES`` sets how many histories are tried.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.versions.contents import whole
from lsfs.versions.ledger import Ledger
from tests.versions.storm import FILES, NAMES, PUNCH, SIZES, Step, Storm

names = st.sampled_from(NAMES)
slots = st.integers(0, FILES - 1)
sizes = st.sampled_from(SIZES)
flags = st.sampled_from(
    [
        os.O_RDWR,
        os.O_RDWR | os.O_CREAT,
        os.O_WRONLY | os.O_APPEND,
        os.O_RDWR | os.O_CREAT | os.O_TRUNC,
        os.O_RDONLY,
    ]
)
bools = st.booleans()


def one(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), *arguments)


THROUGH = [
    one("put", names, sizes),
    one("put", names, sizes),
    one("same", names),
    one("edit", names, bools),
    one("append", names, sizes),
    one("open", slots, names, flags),
    one("tmpfile", slots, names),
    one("write", slots, st.sampled_from([0, 2, 4000]), sizes, bools),
    one("ftruncate", slots, sizes),
    one("punch", slots, st.sampled_from([PUNCH, 0, 1])),
    one("copy", slots, slots, st.sampled_from([0, 3, 9])),
    one("futimes", slots),
    one("fchmod", slots, st.sampled_from([0o600, 0o644])),
    one("close", slots),
    one("close", slots),
    one("link_slot", slots, names),
    one("truncate", names, sizes),
    one("rename", names, names, st.sampled_from([0, 0, 0, 1, 2])),
    one("rename", names, names, st.sampled_from([0, 0, 0, 1, 2])),
    one("link", names, names),
    one("unlink", names),
    one("symlink", names, names),
    one("mkdir", st.sampled_from([b"d", b"e", b"d/e"])),
    one("rmdir", names),
    one("mknod", names),
    one("chmod", names, st.sampled_from([0o600, 0o755])),
    one("utime", names, bools),
]
BEHIND = [
    one("behind_put", names, sizes, bools),
    one("behind_edit", names, bools),
    one("behind_rename", names, names),
    one("behind_unlink", names),
    one("behind_symlink", names, names),
    one("behind_mkdir", st.sampled_from([b"d", b"e", b"d/e"])),
    one("behind_link", names, names),
]
KEEPING = [
    one("follow"),
    one("look"),
    one("settle"),
    one("reopen"),
    one("restart"),
    one("read", names),
    one("rest"),
]
BEGIN: list[Step] = [
    ("mkdir", b"d"), ("put", b"a", 10), ("put", b"d/a", 10), ("put", b"b", 5000),
    ("rest",), ("follow",),
]  # fmt: skip
ONE_OF = {
    "through": st.one_of(*THROUGH, one("follow"), one("rest")),
    "kept": st.one_of(*THROUGH, *KEEPING),
    "all": st.one_of(*THROUGH, *KEEPING, *BEHIND),
}


def play(steps: list[Step], base: Path) -> None:
    root = Path(tempfile.mkdtemp(dir=base))
    storm = Storm(root)
    try:
        for step in [*BEGIN, *steps]:
            storm.do(step)
        for slot in range(FILES):
            storm.do(("close", slot))
        storm.check()
        storm.do(("look",))
        storm.check()
        storm.do(("settle",))
        storm.check()
        storm.do(("reopen",))
        storm.check()
    finally:
        storm.close()
        shutil.rmtree(root)


@pytest.mark.parametrize("kind", ONE_OF)
def test_every_moment_can_be_brought_back(kind: str, tmp_path: Path) -> None:
    @settings(
        max_examples=int(os.environ.get("STORM_EXAMPLES", "25")),
        deadline=None,
        derandomize="STORM_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(steps=st.lists(ONE_OF[kind], max_size=40))
    def run(steps: list[Step]) -> None:
        play(steps, tmp_path)

    run()


NEW = os.O_RDWR | os.O_CREAT | os.O_TRUNC
LOG = os.O_WRONLY | os.O_APPEND
# Histories in which something was lost once, cut down.
FOUND: dict[str, list[Step]] = {
    "cut by name to the size it has": [("truncate", b"a", 10)],
    "cut by name while it is written": [
        ("open", 0, b"a", os.O_RDWR), ("write", 0, 0, 3, False), ("truncate", b"a", 5),
        ("write", 0, 0, 3, False),
    ],
    "another name for what is written": [
        ("open", 0, b"a", LOG), ("write", 0, 0, 3, False), ("link", b"a", b"c"),
        ("write", 0, 0, 3, False),
    ],
    "a further name of a link": [("symlink", b"c", b"a"), ("link", b"c", b"d/b")],
    "renamed while it is written": [("open", 2, b"d/a", NEW), ("rename", b"d/a", b"b", 0)],
    "a rename that fails": [
        ("put", b"d/e", 5000), ("truncate", b"d/a", 65541), ("rename", b"d/e/a", b"d/a", 0),
        ("put", b"d/a", 3),
    ],
    "a rename that is refused": [
        ("put", b"d/a", 65541), ("rename", b"a", b"d/a", 1), ("put", b"d/a", 0),
    ],
    "renamed onto itself": [("link", b"a", b"c"), ("rename", b"a", b"c", 0), ("put", b"a", 3)],
    "dated while it is written": [("open", 1, b"a", NEW), ("edit", b"a", True)],
    "dated after another has written": [
        ("open", 1, b"d/b", NEW), ("append", b"d/b", 3), ("futimes", 1), ("close", 1),
    ],
    "dated, then overwritten": [
        ("open", 0, b"a", os.O_RDWR), ("utime", b"a", True), ("write", 0, 0, 3, False),
        ("close", 0),
    ],
    "time set back": [("rest",), ("read", b"a"), ("edit", b"a", True), ("settle",),
                      ("edit", b"a", True)],
    "killed while a log is written": [
        ("open", 0, b"d/a", LOG), ("write", 0, 4000, 65541, False), ("restart",),
    ],
    "killed after a file was lengthened": [
        ("open", 2, b"a", os.O_RDWR), ("ftruncate", 2, 65541), ("restart",),
    ],
    "renamed over behind the mount": [("behind_rename", b"b", b"a")],
    "one name renamed over behind the mount": [
        ("behind_unlink", b"b"), ("behind_link", b"d/a", b"b"), ("behind_rename", b"a", b"b"),
    ],
    "an older file comes behind the mount": [("look",), ("behind_put", b"c", 10, True)],
    "a file without a name gets one": [
        ("tmpfile", 0, b"c"), ("write", 0, 0, 10, False), ("link_slot", 0, b"c"), ("rest",),
        ("follow",), ("write", 0, 0, 3, False), ("close", 0),
    ],
    "the name it was opened by goes": [
        ("link", b"a", b"c"), ("follow",), ("open", 0, b"a", os.O_RDWR), ("unlink", b"a"),
        ("write", 0, 0, 3, False), ("close", 0),
    ],
}  # fmt: skip


@pytest.mark.parametrize("history", FOUND)
def test_what_was_lost_once_is_not(history: str, tmp_path: Path) -> None:
    play(FOUND[history], tmp_path)


def test_a_file_outside_that_is_the_same_one(tmp_path: Path) -> None:
    """It may be changed there: what is removed here is kept."""
    storm = Storm(tmp_path / "drive")
    storm.do(("put", b"a", 10))
    held = (storm.folder / "a").read_bytes()
    os.link(storm.folder / "a", tmp_path / "outside")
    storm.do(("look",))
    storm.do(("unlink", b"a"))
    (tmp_path / "outside").write_bytes(b"another")
    storm.keeper.follow()
    (row,) = storm.keeper.past.versions("a")
    assert whole(storm.keeper.past.open(row)) == held
    storm.close()


def test_numbers_rise_with_contents_alone(tmp_path: Path) -> None:
    storm = Storm(tmp_path)
    for step in [
        ("put", b"a", 10), ("same", b"a"), ("rest",), ("same", b"a"), ("follow",), ("settle",),
        ("rest",), ("same", b"a"), ("chmod", b"a", 0o600), ("utime", b"a", True), ("look",),
        ("rename", b"a", b"b", 0), ("rename", b"b", b"a", 0),
    ]:  # fmt: skip
        storm.do(step)
        storm.keeper.follow()
    assert [row.number for row in storm.keeper.past.versions("a")] == [1]
    storm.close()


def test_a_name_for_drafts_takes_no_history_along(tmp_path: Path) -> None:
    """The old file is moved away, a new one put in its place, and again by the same names."""
    storm = Storm(tmp_path)
    storm.do(("put", b"a", 10))
    for _ in range(3):
        storm.do(("put", b"b", 10))
        storm.do(("rename", b"a", b"c", 0))
        storm.do(("rename", b"b", b"a", 0))
        storm.do(("unlink", b"c"))
    storm.check()
    expected = [storm.moments[number].tree[b"a"][1] for number in (0, 3, 7, 11)]
    found = [whole(storm.keeper.past.open(row)) for row in storm.keeper.past.versions("a")]
    assert [frozenset({data}) for data in found] == expected
    storm.close()


def test_the_same_journal_gives_the_same_versions(tmp_path: Path) -> None:
    storm = Storm(tmp_path)
    steps = [
        *BEGIN, ("append", b"a", 5), ("rename", b"a", b"c", 0), ("put", b"a", 10),
        ("link", b"b", b"e"), ("edit", b"e", False), ("rename", b"d", b"x", 0),
        ("rename", b"a", b"c", 2), ("unlink", b"b"), ("put", b"b", 3), ("chmod", b"b", 0o600),
        ("symlink", b"y", b"b"), ("unlink", b"c"),
    ]  # fmt: skip
    for step in steps:
        storm.do(step)
        storm.keeper.follow()
    again = Ledger(tmp_path / "again.sqlite")
    again.follow(storm.keeper.past.journal.after(0, 1000))
    query = (
        "SELECT path, kind, number, begin_ns, end_ns, op, end_op, size, mode, target, previous "
        "FROM version ORDER BY id"
    )
    assert again.query(query, ()) == storm.keeper.ledger.query(query, ())
    again.close()
    storm.close()
