"""The hint of what was meant by a path at which nothing is: only of what the caller may see."""

from __future__ import annotations

import pytest

from lsfs.errors import NotFound
from lsfs.safety.grants import Grant
from tests.safety.conftest import Open


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("read_text", "mill-lease.txt"),
        ("stat", "Contracts/mil-lease.txt"),
        ("versions", "mill-laese.txt"),
    ],
)
def test_the_nearest_name_is_told(opened: Open, call: str, path: str) -> None:
    drive = opened()
    drive.wait_indexed()
    with pytest.raises(NotFound) as told:
        drive.call(call, path)
    assert told.value.hint == "did you mean 'Contracts/mill-lease.txt'?"
    with pytest.raises(NotFound) as told:
        drive.call(call, "nothing like it")
    assert "did you mean" not in told.value.hint


def test_a_name_that_may_not_be_seen_is_not(opened: Open) -> None:
    opened().wait_indexed()
    drive = opened(grant=Grant(paths=("Notes/**",)))
    with pytest.raises(NotFound) as told:
        drive.read_text("Notes/mill-lease.txt")
    assert "Contracts" not in told.value.hint
