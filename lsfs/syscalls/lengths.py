"""How long something is to hold, as it is typed: ``30s``, ``10m``, ``2h``, ``1d``, ``4w``."""

from __future__ import annotations

import re

from lsfs.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FORM = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhdw])", re.ASCII)


def nanoseconds(text: str, most_s: float) -> int:
    """A length of time in nanoseconds.

    Args:
        most_s: the longest that is allowed, in seconds.

    Raises:
        UsageError: it is none, or too long.
    """
    form = _FORM.fullmatch(text.strip().lower())
    seconds = float(form[1]) * _UNITS[form[2]] if form else 0.0
    if not 0 < seconds <= most_s:
        raise UsageError(
            f"not a length of time that is possible here: {text!r}",
            hint=f"for example 30m, 2h or 1d, and {most_s / 86_400:.0f}d at most",
        )
    return int(seconds * 1_000_000_000)
