"""Turns: in order, within limits, round the members; nobody is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.serve.turns import (
    Limits,
    QueueFull,
    Refused,
    ShuttingDown,
    TooManyRequests,
    Turn,
    Turns,
)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await work()

    asyncio.run(main())


def test_places_go_round_the_members() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=1, waiting=20, member_running=1, member_waiting=10))
        here = [turns.enter(name) for name in ("greedy",) * 5 + ("ada", "ben", "ada")]
        order = []
        while turns.running:
            (turn,) = [one for one in here if one.began is not None]
            order.append(turn.member)
            here.remove(turn)
            turn.leave()
        assert order == ["greedy", "greedy", "ada", "ben", "greedy", "ada", "greedy", "greedy"]

    run(work)


def test_one_member_never_has_all_places() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=3, waiting=4, member_running=2, member_waiting=10))
        greedy = [turns.enter("greedy") for _ in range(6)]
        assert [one.began is not None for one in greedy] == [True, True, *[False] * 4]
        with pytest.raises(QueueFull):
            turns.enter("greedy")
        modest = turns.enter("ada")  # there is a place, however long the queue
        assert modest.began is not None and turns.running == 3

    run(work)


def test_a_place_is_for_who_has_the_fewest() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=2, waiting=20, member_running=2, member_waiting=10))
        greedy = [turns.enter("greedy") for _ in range(6)]
        modest = [turns.enter(name) for name in ("ada", "ben")]
        order = []
        for leaves in (greedy[0], greedy[1], modest[0]):
            leaves.leave()
            order.append([one.member for one in (*modest, *greedy[2:]) if one.began is not None])
        assert order[0] == ["ada"]  # for the greedy one has another place still
        assert order[1] == ["ada", "greedy"]  # none has one, and it goes round
        assert order[2] == ["ada", "ben", "greedy"]

    run(work)


def test_there_is_no_room_for_more() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=1, waiting=3, member_running=1, member_waiting=2))
        kept = [turns.enter("ada") for _ in range(3)]  # one runs, two wait
        with pytest.raises(TooManyRequests) as mine:
            turns.enter("ada")
        kept.append(turns.enter("ben"))
        with pytest.raises(QueueFull) as all_of_us:
            turns.enter("cleo")
        for refused, status in ((mine, 429), (all_of_us, 503)):
            assert refused.value.status == status and 1 <= refused.value.retry_s <= 60
            assert "try again in" in refused.value.hint
        kept[1].leave()  # who waits no longer makes room
        assert turns.waiting == 2
        turns.enter("cleo")

    run(work)


def test_who_is_cancelled_leaves_and_the_others_go_on() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=1, waiting=9, member_running=1, member_waiting=9))
        first, second, third = (turns.enter(name) for name in ("ada", "ben", "cleo"))
        waits = asyncio.create_task(second.begin())
        await asyncio.sleep(0)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        second.leave()
        first.leave()
        first.leave()  # once is enough
        await third.begin()
        assert (turns.running, turns.waiting) == (1, 0)

    run(work)


def test_at_the_end_each_has_an_answer() -> None:
    async def work() -> None:
        turns = Turns(Limits(places=1, waiting=9, member_running=1, member_waiting=9))
        runs, waits = turns.enter("ada"), turns.enter("ada")
        turns.close()
        with pytest.raises(ShuttingDown):
            turns.enter("ben")
        assert waits.began is None  # there is time
        turns.refuse_waiting()
        with pytest.raises(ShuttingDown):
            await waits.begin()
        waits.leave()
        assert turns.running == 1
        runs.leave()
        await turns.emptied()

    run(work)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60),
)  # fmt: skip
def test_limits_hold_and_no_place_stays_empty(
    places: int, running: int, waiting: int, steps: list[tuple[int, bool]]
) -> None:
    async def work() -> None:
        limits = Limits(places, 6, running, waiting)
        turns = Turns(limits)
        here: list[Turn] = []
        for who, comes in steps:
            name = f"m{who}"
            if comes:
                before = len(here), turns.running, turns.waiting
                try:
                    here.append(turns.enter(name))
                except Refused:
                    assert before == (len(here), turns.running, turns.waiting)
            elif mine := [one for one in here if one.member == name]:
                here.remove(mine[0])
                mine[0].leave()
            at_work = Counter(one.member for one in here if one.began is not None)
            queued = Counter(one.member for one in here if one.began is None)
            assert turns.running == at_work.total() <= places
            assert turns.waiting == queued.total() <= 6
            assert all(at_work[one] <= running for one in at_work)
            assert all(queued[one] <= waiting for one in queued)
            if turns.running < places:  # then who waits may run no more
                assert all(at_work[one] == running for one in queued)
        for one in here:
            one.leave()
        await asyncio.wait_for(turns.emptied(), 60)

    run(work)
