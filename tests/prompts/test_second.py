"""The model's second reading of a prompt: what of it is taken, and what never is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import pytest

from lsfs.errors import ModelError
from lsfs.syscalls.prompt.places import Places
from lsfs.syscalls.prompt.reader import PromptReader, Reading
from lsfs.syscalls.prompt.second import Asked, proposed
from lsfs.syscalls.prompt.slots import Arguments, Surroundings

PLACES = Places(["plan.md", "old.md", "Plans/x.txt"])
AROUND = Surroundings(
    {}, lambda text: text == "yesterday", PLACES.is_there, PLACES.is_folder, lambda name: False
)


class Says:
    """A model that says the same again and again, and notes what it was given."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.schemas: list[Mapping[str, Any]] = []

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        self.schemas.append(schema)
        return self.texts[min(len(self.schemas), len(self.texts)) - 1]


def read(prompt: str, model: Says) -> Reading:
    def second(asked: Asked) -> tuple[str, Arguments] | None:
        return proposed(asked, model)

    return PromptReader(AROUND, second).read(prompt)


def command(name: str) -> str:
    return json.dumps({"command": name})


UNKNOWN = "plan.md wants locking for everyone else"


def test_the_model_chooses_and_the_rules_fill_in() -> None:
    model = Says(command("lock"))
    assert PromptReader(AROUND).read(UNKNOWN).is_unknown
    reading = read(UNKNOWN, model)
    (call,) = reading.calls
    assert (reading.by, call.syscall, call.arguments) == ("model", "lock", {"path": "plan.md"})
    (choice,) = model.schemas
    offered = choice["properties"]["command"]["enum"]
    assert {"lock", "ask", "none"} <= set(offered)
    assert not {"delete", "purge", "prune", "trash_empty", "drop_snapshot", "fsck"} & set(offered)


@pytest.mark.parametrize("name", ["delete", "purge", "none", "ask", "nonsense", "drop_snapshot"])
def test_what_it_may_not_say_is_not_taken(name: str) -> None:
    reading = read("do the usual thing with plan.md and old.md", Says(command(name)))
    assert all(call.syscall == "ask" for call in reading.calls)
    assert reading.by == "rules"


def test_a_call_for_which_no_word_stands_is_not_taken() -> None:
    assert read("fax plan.md, old.md", Says(command("move"))).calls == ()


def test_values_have_to_stand_in_the_prompt() -> None:
    asked = Asked("mean price, each supplier", [], AROUND)
    said = {"function": "avg", "field": "price", "by": ["supplier"], "query": None}
    meant = {"function": "avg", "field": "price", "by": ["supplier"]}
    good = Says(command("aggregate"), json.dumps(said))
    assert proposed(asked, good) == ("aggregate", meant)
    assert good.schemas[1]["properties"]["function"]["enum"][:2] == ["count", "sum"]
    for wrong in ({**said, "field": "salary"}, {**said, "by": ["bank"]}, {**said, "function": 7}):
        assert proposed(asked, Says(command("aggregate"), json.dumps(wrong))) is None
    assert proposed(asked, Says(command("aggregate"), "{")) is None


def test_a_model_that_fails_leaves_the_rules() -> None:
    class Fails(Says):
        def fill(self, *_: object, **__: object) -> str:
            raise ModelError("out of order")

    assert read(UNKNOWN, Fails()).by == "rules"


def test_what_the_rules_know_never_asks_it() -> None:
    model = Says(command("delete"))
    assert read("show me plan.md", model).by == "rules"
    assert read("delete plan.md? no, wait", model).calls == ()
    assert model.schemas == []
