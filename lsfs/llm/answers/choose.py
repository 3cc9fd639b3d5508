"""The model's choice of a value for a field, under a grammar, and whether the text bears it.

Where the values that may be meant are known by their form, the grammar has only these and null: the
model cannot misspell one. Else it writes a string, which counts only if it stands in the text.
Decoding under a grammar is schema-bound extraction as in GenIE (Josifoski et al., NAACL 2022),
whose grammar is of entities and relations.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from threading import Event

from lsfs.errors import ContextTooLong
from lsfs.llm.answers.chat import ChatModel
from lsfs.llm.answers.orders import speaks_to_a_model

log = logging.getLogger("lsfs.llm.answers.choose")

LONGEST = 80  # characters of a value that the model writes itself
MOST_CHOICES = 24


def chosen(
    asked: str,
    passage: str,
    choices: Sequence[str] | None,
    chat: ChatModel,
    *,
    cancel: Event | None = None,
) -> str:
    """The value that the model takes from a passage, as it stands there; "" for none.

    Args:
        asked: what is looked for ("the monthly rent").
        passage: text of a file: data, whatever it says.
        choices: the values that may be meant, as they stand in the passage; None when their form
            does not tell.
        chat: the model.
        cancel: stops it.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    if speaks_to_a_model(passage) or choices == []:
        return ""
    if choices is None:
        value: dict[str, object] = {
            "anyOf": [{"type": "string", "maxLength": LONGEST}, {"type": "null"}]
        }
    else:
        value = {"enum": [*list(dict.fromkeys(choices))[:MOST_CHOICES], None]}
    schema = {"type": "object", "properties": {"value": value}, "required": ["value"]}
    try:
        text = chat.fill(f"What is {asked}?", [passage], schema, cancel)
    except ContextTooLong as error:
        log.info("no value by %s: %s", chat.name, error)
        return ""
    return _standing(_value(text), passage)


def _value(text: str) -> str:
    """The string in the model's JSON; "" for null, and for an object that was cut short."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return ""
    value = found.get("value") if isinstance(found, dict) else None
    return " ".join(value.split()) if isinstance(value, str) else ""


def _standing(value: str, passage: str) -> str:
    """The value as it is written in the passage; "" where it is not."""
    if not value:
        return ""
    pattern = r"\s+".join(re.escape(word) for word in value.split())
    match = re.search(rf"(?<!\w){pattern}(?!\w)", passage)
    return match[0] if match else ""
