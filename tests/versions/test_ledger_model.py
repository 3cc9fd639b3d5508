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
        max_examples=int(os.environ.get("STORM_EXAMPLES", "60")),
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
