from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from lsfs.errors import ModelError
from lsfs.llm.runtime.residents import Residents


class Weights:
    """A model that counts itself."""

    def __init__(self, name: str, alive: list[str]) -> None:
        self.name, self._alive = name, alive
        alive.append(name)

    def close(self) -> None:
        self._alive.remove(self.name)


def loader(name: str, alive: list[str]) -> Callable[[], Weights]:
    return lambda: Weights(name, alive)


def room(budget: int) -> tuple[Residents, list[str]]:
    return Residents(budget), []


def use(residents: Residents, name: str, alive: list[str], size: int = 40) -> None:
    with residents.use(name, size, loader(name, alive)) as weights:
        assert weights.name in alive


def test_the_least_recently_used_makes_room() -> None:
    residents, alive = room(100)
    for name in ("chat", "embed", "chat", "draft"):
        use(residents, name, alive)
    assert residents.keys() == ["chat", "draft"]
    assert sorted(alive) == ["chat", "draft"]
    assert residents.bytes == 80
    use(residents, "large", alive, size=100)
    assert alive == ["large"]
    residents.close()
    assert alive == []


def test_one_in_use_stays(caplog: pytest.LogCaptureFixture) -> None:
    residents, alive = room(100)
    with residents.use("chat", 60, loader("chat", alive)):
        with caplog.at_level(logging.WARNING, "lsfs.llm"):
            use(residents, "embed", alive, size=60)
        assert "model.memory" in caplog.text
        assert sorted(alive) == ["chat", "embed"]
    use(residents, "draft", alive, size=30)
    assert sorted(alive) == ["draft", "embed"]
    residents.close()


def test_one_that_cannot_be_loaded_leaves_nothing_behind() -> None:
    residents, alive = room(100)

    def broken() -> Weights:
        raise ModelError("no memory")

    with pytest.raises(ModelError), residents.use("chat", 60, broken):
        pass
    assert residents.bytes == 0
    use(residents, "chat", alive)
    residents.drop("chat")
    residents.drop("chat")
    assert alive == []


def test_it_is_loaded_once_for_several_threads_and_closed_after_all() -> None:
    residents, alive = room(100)
    loading, go_on, inside = threading.Event(), threading.Event(), threading.Barrier(4)
    loads: list[int] = []

    def slowly() -> Weights:
        loads.append(1)
        loading.set()
        go_on.wait(5)
        return Weights("chat", alive)

    def work() -> None:
        with residents.use("chat", 10, slowly) as weights:
            inside.wait(5)
            inside.wait(5)
            assert weights.name in alive

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert loading.wait(5)
    go_on.set()
    inside.wait(5)
    closing = threading.Thread(target=residents.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive() and alive == ["chat"]
    inside.wait(5)
    for thread in [*threads, closing]:
        thread.join(5)
    assert (loads, alive) == ([1], [])


def test_many_threads_and_little_room() -> None:
    residents, alive = room(70)
    failed: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for step in range(60):
                use(residents, f"model-{(seed * 7 + step * 3) % 5}", alive, size=30)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not failed
    assert len(alive) == len(set(alive)) == len(residents.keys())
    use(residents, "last", alive, size=30)
    assert residents.bytes <= 70
    residents.close()
    assert alive == []


def test_the_default_budget_is_a_share_of_the_memory() -> None:
    assert 2**28 < Residents().budget < 2**50
