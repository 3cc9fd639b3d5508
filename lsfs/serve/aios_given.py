"""Arguments of AIOS requests: under which names they come, and what their values mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from lsfs.errors import UsageError

_LENGTH = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|seconds?|m|minutes?|h|hours?|d|days?|w|weeks?)", re.ASCII
)


def given(
    operation: str, params: Mapping[str, Any], spelled: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """The arguments by our names.

    Args:
        operation: what is asked for.
        params: as they came; those that are None are left out.
        spelled: our name of each argument, and its spellings, the one that counts more first.

    Raises:
        UsageError: one has no meaning here (the nearest is named).
    """
    known = [name for names in spelled.values() for name in names]
    values = {name: value for name, value in params.items() if value is not None}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}" if near else f"It takes {', '.join(known)}"
            raise UsageError(f"{operation} has no argument {name!r}", hint=hint)
    found = {}
    for own, names in spelled.items():
        said = [values[name] for name in names if name in values]
        if said:
            found[own] = said[0]
        if len(said) == 2 and str(said[0]).endswith("/"):  # a folder, and a name in it
            found[own] = f"{said[0]}{said[1]}"
    return found


def count(name: str, value: Any) -> int:
    """A number from 1, which models write as a string.

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, bool) or not re.fullmatch(r"\s*\d{1,9}\s*", str(value)) or not int(value):
        raise UsageError(f"{name} has to be a number from 1, and not {value!r}")
    return int(value)


def words(value: Any) -> tuple[str, ...]:
    """Keywords, each of which a document has to hold.

    Args:
        value: a list of words and phrases; or a text, in which commas part phrases, and spaces
            part words where there are no commas.

    Raises:
        UsageError: it is neither.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        parts: Iterable[Any] = value.split(",") if "," in value else value.split()
    elif isinstance(value, list | tuple):
        parts = value
    else:
        raise UsageError(f"keywords have to be a list of texts, and not {value!r}")
    return tuple(text for part in parts if (text := str(part).strip().strip("\"'")))


def length(value: Any) -> str:
    """How long something is shared, as ``lsfs share`` takes it: "7d" of "7 days", or of nothing.

    Raises:
        UsageError: it is no length of time.
    """
    form = _LENGTH.fullmatch(str(value or "7 days").strip().lower())
    if form is None:
        raise UsageError(f"expires_in has to be a length of time, as '7 days', and not {value!r}")
    weeks = form[2].startswith("w")
    return f"{float(form[1]) * (7 if weeks else 1):g}{'d' if weeks else form[2][0]}"
