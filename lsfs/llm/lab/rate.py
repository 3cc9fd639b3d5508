"""Shares of trials with their confidence intervals."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

_Z = 1.96  # of 95 %


class Rate(Struct, frozen=True):
    """Of how many trials how many succeeded, with the Wilson 95 % interval (Wilson, 1927)."""

    hits: int
    trials: int

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.2f} [{low:.2f}, {high:.2f}] of {self.trials}"

    @property
    def share(self) -> float:
        """Of those that succeeded, 0 to 1."""
        return self.hits / max(1, self.trials)

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share, 95 %."""
        if not self.trials:
            return 0.0, 1.0
        n, p = self.trials, self.share
        middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_json(self) -> dict[str, Any]:
        """For the line of JSON."""
        return {"hits": self.hits, "trials": self.trials, "interval": self.interval}
