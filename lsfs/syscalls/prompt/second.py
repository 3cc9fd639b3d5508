"""A second reading of a prompt, by the language model, where the rules know no call for it.

The model chooses among the calls whose known wordings are nearest, and fills in what the rules
cannot, both under a grammar: of names of syscalls, and of the fields that the registry declares.
Nothing that it says counts by itself. A word of the prompt has to stand for the call, everything
that the prompt names has to be used, every value has to stand in the prompt, what writes is filled
in by rules, and what removes something is never taken from it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any, Protocol

from msgspec import Struct

from lsfs.errors import ContextTooLong, ModelError, UsageError
from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.prompt import frames, intents
from lsfs.syscalls.prompt.entities import Entity
from lsfs.syscalls.prompt.phrases import phrases
from lsfs.syscalls.prompt.slots import Arguments, Surroundings
from lsfs.syscalls.registry import Effect, Param, Syscall, registry

log = logging.getLogger("lsfs.syscalls.prompt")

CANDIDATES = 8  # calls that the model chooses among
LONGEST = 80  # characters of a text that it writes
MOST = 4  # texts of a list that it writes
NONE = "none"
# What no model starts: it removes something, for all that it is declared to write or read.
NEVER = frozenset(("drop_snapshot", "kv_clear", "fsck", "restore", "unlock", "unshare"))


class Chooser(Protocol):
    """What a second reading needs of a language model."""

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        """JSON of a schema; see :class:`lsfs.llm.answers.chat.ChatModel`."""
        ...


class Asked(Struct, frozen=True):
    """One prompt as the rules see it.

    Attributes:
        text: with its quotes masked.
        entities: what it names, in order.
        around: what reading it may look at.
    """

    text: str
    entities: Sequence[Entity]
    around: Surroundings


def proposed(
    asked: Asked, model: Chooser, cancel: Event | None = None
) -> tuple[str, Arguments] | None:
    """The call that the model proposes and the rules bear out; None where there is none.

    Args:
        asked: the prompt.
        model: what chooses.
        cancel: stops it.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    words = intents.wording(asked.text, asked.entities)
    near = [label for label, _ in intents.known().rank(words) if _is_open(label)][:CANDIDATES]
    try:
        label = _chosen(asked, words, near, model, cancel)
        if label not in near or not intents.known().bears(words, label):
            return None
        filled = frames.fill(label, asked.text, asked.entities, asked.around)
        if filled is None and registry[label].effect is Effect.READ:
            filled = _filled(asked, registry[label], model, cancel)
    except (ContextTooLong, ModelError) as error:
        log.info("no second reading: %s", error.message)
        return None
    if filled is None or not (filled or label in frames.CUES) or not _binds(label, filled):
        return None
    return label, filled


def _is_open(label: str) -> bool:
    """Whether a call may be taken from the model."""
    if label not in DECLARED or label in NEVER or label == "ask":
        return False
    return registry[label].effect is not Effect.DESTRUCTIVE


def _binds(label: str, arguments: Arguments) -> bool:
    try:
        registry[label].bind((), arguments)
    except UsageError:
        return False
    return True


def _chosen(
    asked: Asked, words: Sequence[str], near: Sequence[str], model: Chooser, cancel: Event | None
) -> str:
    """The name of a call, or that of none."""
    known, said = intents.known(), intents.examples()
    alike = [(label, known.nearest(words, label)) for label in (*near, "ask", NONE)]
    examples = [f"{said[one][1]} -> {label}" for label, one in alike if one is not None]
    schema = {
        "type": "object",
        "properties": {"command": {"enum": [*near, "ask", NONE]}},
        "required": ["command"],
    }
    text = model.fill(f"{_shown(asked)} ->", list(reversed(examples)), schema, cancel)
    return str(_object(text).get("command", NONE))


def _filled(
    asked: Asked, declared: Syscall, model: Chooser, cancel: Event | None
) -> Arguments | None:
    """The arguments of a call that reads; None where they leave out what the prompt names."""
    properties = {
        entry.name: shape
        for entry, hint, param in declared.fields()
        if entry.name in _stated(declared) and (shape := _shape(hint, param, asked.entities))
    }
    if not properties or not declared.positionals <= properties.keys():
        return None
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    shown = _shown(asked)
    found = _object(model.fill(f"the arguments of {declared.name}", [shown], schema, cancel))
    arguments = {name: value for name, value in found.items() if value not in (None, "", [], False)}
    values = [one for value in arguments.values() for one in _several(value)]
    stated = all(isinstance(one, bool | int) or _stands(str(one), shown) for one in values)
    choices = {one for _, _, param in declared.fields() for one in param.choices}
    stated = stated or all(str(one) in choices or _stands(str(one), shown) for one in values)
    used = {str(one) for one in values}
    is_whole = all(used & _means(one) for one in asked.entities)
    return arguments if arguments and stated and is_whole else None


def _stated(declared: Syscall) -> set[str]:
    """The fields that prompts are known to state, and those that cannot be left out."""
    said: set[str] = set(declared.positionals)
    for phrase in phrases():
        if phrase.syscall == declared.name:
            said |= {*phrase.pattern.kinds, *phrase.fixed}
    return said


def _shape(hint: Any, param: Param, entities: Sequence[Entity]) -> dict[str, Any] | None:
    """The JSON schema of a field, with what the prompt names as its values; None for no value."""
    optional = {"type": "null"}
    if hint is bool:
        return {"type": "boolean"}
    if param.choices:
        return {"enum": [*param.choices, None]}
    if param.path:
        names = [one.value for one in entities if one.kind in ("file", "folder")]
        one_of: dict[str, Any] = {"enum": names}
        if hint == tuple[str, ...]:
            return {"type": "array", "items": one_of, "maxItems": len(names)} if names else None
        return {"enum": [*names, None]} if names else None
    if hint in (int, int | None):
        numbers = [int(one.value) for one in entities if one.kind == "number"]
        return {"enum": [*numbers, None]} if numbers else None
    text = {"type": "string", "maxLength": LONGEST}
    if hint == tuple[str, ...]:
        return {"type": "array", "items": text, "maxItems": MOST}
    return {"anyOf": [text, optional]} if hint in (str, str | None) else None


def _means(one: Entity) -> set[str]:
    """The values by which an argument may stand for an entity."""
    return {one.value, *(str(value) for value in one.at.values())}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _stands(value: str, text: str) -> bool:
    """Whether words stand in a text as they are."""
    pattern = r"\s+".join(re.escape(word) for word in value.split())
    return bool(pattern) and re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None


def _shown(asked: Asked) -> str:
    return asked.around.plain(asked.text)


def _object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one for what was cut short."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
