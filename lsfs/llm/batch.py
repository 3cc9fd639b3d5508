"""What a context is asked to do: its size, the tokens of one call, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Stop(Protocol):
    """What tells a running computation to end: a ``threading.Event``, for one."""

    def is_set(self) -> bool:
        """Whether it is to end now."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a context.

    Attributes:
        tokens: cells for tokens, over all its sequences; 0 is as many as the model was trained on.
        sequences: sequences that can be held at once, at most 256.
        batch: tokens of one call at most.
        threads: 0 is one less than there are cores; as many as cores is far slower on a busy
            machine, because every thread waits for the slowest.
    """

    tokens: int = 4096
    sequences: int = 16
    batch: int = 512
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a batch: where it goes, and whether the scores after it are wanted."""

    token: int
    position: int
    sequence: int = 0
    wanted: bool = False
