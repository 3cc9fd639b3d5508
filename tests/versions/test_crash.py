"""A process that is killed at any line of what it does to the past loses nothing of it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.versions import mend, recover
from lsfs.versions.prune import Rules
from tests.versions import killing
from tests.versions.contents import noise, text
from tests.versions.test_check import BIG, checkpointed, scribbled
from tests.versions.world import World

POINTS = 3  # of each action, in the ordinary suite
MANY = 40


def prepared(root: Path) -> World:
    """A drive with something of everything."""
    world = World(root)
    world.write("small", text(500, 1))
    world.write("big", noise(BIG, 1))
    world.write("big", noise(BIG, 2))
    world.settle()
    world.write("small", text(600, 2))
    world.write("small", text(700, 3))
    world.write("big", noise(BIG, 3))
    world.write("log", text(300, 5))
    world.append("log", text(300, 6))
    world.write("log", text(50, 7))
    world.write("gone", noise(BIG, 4))
    world.remove("gone")
    world.keeper.follow()
    world.committed()
    return world


def settle(world: World) -> None:
    world.keeper.settle()


def prune(world: World) -> None:
    world.keeper.settle()
    world.keeper.give_up(world.keeper.pruning.by_rules(Rules(last=2), 0), thorough=True)


def roll_back(world: World) -> None:
    world.rollback("big", 1)
    world.rollback("small", 1)


def bring_back(world: World) -> None:
    world.rollback("gone", 1)


def copy(world: World) -> None:
    recover.copy(world.keeper.ledger, world.state.versions_copy, 10**18)


def work(world: World) -> None:
    world.write("small", text(900, 9))
    world.write("new", text(900, 9))
    world.rename("new", "big")
    world.append("log", text(100, 10))
    world.remove("log")
    world.settle()


def recovered(world: World) -> None:
    world.close()
    checkpointed(world.state.versions)
    scribbled(world.state.versions)
    world.open()


def salvaged(world: World) -> None:
    world.close()
    checkpointed(world.state.history)
    scribbled(world.state.history, 8192)
    world.open()


def mended(world: World) -> None:
    world.settle()
    (pack,) = (world.state.objects / "packs").glob("*.pack")
    os.truncate(pack, pack.stat().st_size // 2)
    mend.mend(
        world.keeper, world.state, world.clock.now_ns(), deep=True, mend_journal=lambda _: None
    )


# What may be missing afterwards.
ACTIONS: dict[Callable[[World], None], set[str]] = {
    settle: set(),
    prune: {"small", "big", "log"},
    roll_back: set(),
    bring_back: set(),
    copy: set(),
    work: set(),
    recovered: set(),
    salvaged: {"small", "log"},  # what only the journal had
    mended: {"small", "big", "log", "gone"},
}


def verified(world: World, allowed: set[str], before: dict[str, set[bytes]]) -> None:
    """Nothing is damaged, nothing is missing, and each file is as it was before or after."""
    world.keeper.look()
    found = world.mend(deep=True) if allowed else world.check(deep=True)
    wrong = [one for one in found.problems if not one.repaired]
    assert wrong == []
    assert {path for path, _ in world.missing()} <= allowed
    assert world.check(deep=True).problems == [] or not allowed
    for path, contents in before.items():
        place = world.source / path
        assert (place.read_bytes() if place.exists() else b"") in contents, path


def crash(root: Path, action: Callable[[World], None], lines: int) -> tuple[bool, int]:
    """Kill a process that does something at a line, and see what is left."""
    root.mkdir()
    world = prepared(root)
    before = {
        path: {
            (world.source / path).read_bytes() if (world.source / path).exists() else b"",
            *world.expected[path],
            text(900, 9),
            text(50, 7) + text(100, 10),
            b"",
        }
        for path in ("small", "big", "log", "gone")
    }
    for path in ("small", "big"):
        before[path].discard(b"")
    world.close()

    def child() -> None:
        with World(root) as other:
            other.expected = world.expected
            action(other)

    done = killing.run(child, lines)
    world.open()
    try:
        verified(world, ACTIONS[action], before)
        world.settle()
        world.close()
        world.open()
        verified(world, ACTIONS[action], before)
    finally:
        world.close()
    return done


def crashes(root: Path, action: Callable[[World], None], points: int) -> None:
    finished, lines = crash(root / "whole", action, 0)
    assert finished
    dice = random.Random(action.__name__ + str(points))
    for point in range(points):
        line = dice.randrange(1, lines)
        try:
            crash(root / str(point), action, line)
        except BaseException as error:
            error.add_note(f"{action.__name__} was killed at line {line} of {lines}")
            raise


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_any_line(tmp_path: Path, action: Callable[[World], None]) -> None:
    crashes(tmp_path, action, POINTS)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_many_lines(tmp_path: Path, action: Callable[[World], None]) -> None:
    crashes(tmp_path, action, MANY)
