"""Declaring and binding syscalls."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import pytest
from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.syscalls.registry import Effect, Param, Registry


class Greeted(Struct, frozen=True):
    text: str


class Request(Struct, frozen=True):
    name: Annotated[str, Param("whom to greet")]
    times: Annotated[int, Param("how often")] = 1
    tone: Annotated[str, Param("how", choices=("warm", "cold"))] = "warm"
    others: Annotated[tuple[str, ...], Param("whom else")] = ()


def declared() -> Registry:
    own = Registry()

    @own.syscall(effect=Effect.WRITE, command="greet")
    def greet(call: object, request: Request) -> Greeted:
        """Greet somebody."""
        return Greeted(" ".join([f"hello {request.name}"] * request.times))

    return own


def test_a_request_is_bound_from_positions_and_names() -> None:
    greet = declared()["greet"]
    assert greet.bind(("Ada",), {"times": 2}) == Request("Ada", 2)
    assert greet.run(None, greet.bind(("Ada",), {})).text == "hello Ada"
    assert greet.effect is Effect.WRITE
    assert greet.doc == "Greet somebody."


def test_paths_are_accepted_where_text_is_and_one_text_where_several_are() -> None:
    greet = declared()["greet"]
    assert greet.bind((PurePosixPath("a/b"),), {}).name == "a/b"
    for others in ("Bob", ["Bob"], ("Bob",), PurePosixPath("Bob")):
        assert greet.bind(("Ada",), {"others": others}).others == ("Bob",)


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((), {}, "needs 'name'"),
        (("a", 1, "warm", (), 4), {}, "at most 4"),
        (("a",), {"name": "b"}, "twice"),
        (("a",), {"tims": 2}, "'tims'"),
        (("a",), {"times": "many"}, "int"),
        (("a",), {"tone": "loud"}, "'loud'"),
    ],
)
def test_wrong_arguments_are_refused(
    args: tuple[object, ...], kwargs: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        declared()["greet"].bind(args, kwargs)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        declared()["greet"].bind(("a",), {"tims": 2})
    assert caught.value.hint == "did you mean 'times'?"
    with pytest.raises(UsageError) as caught:
        declared()["great"]
    assert caught.value.hint == "did you mean 'greet'?"


def test_the_schema_names_fields_and_types() -> None:
    text = str(declared()["greet"].schema())
    assert "'times'" in text
    assert "'integer'" in text
