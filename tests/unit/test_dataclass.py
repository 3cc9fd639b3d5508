"""Classes made by ``lsfs.dataclass`` do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import Any

import pytest

from lsfs import codec
from lsfs.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    path: str
    page: int | None = None
    tags: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """Where something stands."""

    path: str
    page: int | None = None
    tags: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line(Place):
    line: int = 0


@dataclass(frozen=True, slots=True)
class One:
    value: object


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(frozen=True, kw_only=True)
class Named:
    name: str
    count: int = 0


@dataclass(slots=True)
class Count:
    done: int = 0
    seen: set[str] = field(default_factory=set)
    rate: float = field(init=False, repr=False, compare=False)
    left: int = field(init=False, default=7)
    found: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.rate = self.done / 2


@dataclass(slots=True, eq=False)
class Single:
    value: int


@dataclass(frozen=True)
class Own:
    value: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __repr__(self) -> str:
        return "own"


def test_the_same_values_print_and_compare_as_those_of_the_standard_library() -> None:
    for arguments in (("a",), ("a", 3), ("a", None, ("x",), ["n"])):
        one, two = Place(*arguments), Standard(*arguments)
        assert repr(one) == repr(two).replace("Standard", "Place")
        assert dataclasses.asdict(one) == dataclasses.asdict(two)
        assert one == Place(*arguments)
        assert one != Place("b", *arguments[1:])
        assert one != two
    assert Place.__match_args__ == Standard.__match_args__
    assert Place.__slots__ == Standard.__slots__
    assert Place.__doc__ == Standard.__doc__
    assert (
        inspect.signature(Place).parameters.keys() == inspect.signature(Standard).parameters.keys()
    )
    assert Place.__init__.__annotations__ == Standard.__init__.__annotations__
    assert Place("a").notes is not Place("a").notes


def test_what_may_not_change_has_a_hash_and_refuses_to() -> None:
    one: Any = Named(name="a")
    assert hash(one) == hash(Named(name="a")) != hash(Named(name="b"))
    assert {One(1): "x"}[One(1)] == "x"
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    with pytest.raises(TypeError, match="positional"):
        Named("a")  # type: ignore[misc]
    with pytest.raises(TypeError, match="missing"):
        Place()  # type: ignore[call-arg]


def test_what_may_change_has_no_hash() -> None:
    count = Count(4)
    assert (count.rate, count.left, count.found) == (2.0, 7, [])
    assert repr(count) == "Count(done=4, seen=set(), left=7, found=[])"
    count.rate = 9.0
    assert count == Count(4)
    with pytest.raises(TypeError, match="unhashable"):
        hash(count)
    with pytest.raises(TypeError):
        Count(1, set(), 2.0)  # type: ignore[call-arg]
    assert Single(1) != Single(1)
    assert hash(Single(1))


def test_what_a_class_says_itself_stays() -> None:
    assert Own(1) == Own(2)
    assert repr(Own(1)) == "own"
    assert hash(Own(1)) == hash(Own(1))


def test_a_class_goes_on_from_another() -> None:
    line = Line("a", line=3)
    assert line == Line("a", None, (), [], 3)
    assert line != Place("a")
    assert dataclasses.replace(line, path="b") == Line("b", line=3)
    assert dataclasses.replace(Place("a"), page=2).page == 2


def test_values_are_copied_and_sent() -> None:
    for value in (Line("a", 1, ("x",), ["n"], 5), One(3), Nothing(), Named(name="a"), Count(2)):
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value
    assert codec.loads(codec.dumps(Line("a", line=2)), Line) == Line("a", line=2)


def test_a_value_that_holds_itself_can_be_printed() -> None:
    held: list[object] = []
    held.append(One(held))
    assert repr(held) == "[One(value=[...])]"


def test_one_value_is_compared_as_one_of_several_is() -> None:
    nan = float("nan")
    assert One(nan) == One(nan)
