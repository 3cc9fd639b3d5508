"""Writes the markup of one page, and stops when the model does nothing but repeat itself.

Nougat loses itself in loops on pages unlike those it was trained on (Blecher et al. 2023, section
5.4). Its own stop looks at the variance of the greatest logits, with thresholds found for one
checkpoint; here a loop is told by the tokens themselves, which holds for any model: the end of the
page consists of one sequence again and again. What counts up instead of repeating does not end, and
is told by that.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.modeling_outputs import BaseModelOutput

from lsfs_parsers.neural.model import PageModel

LOOP_TOKENS = 100  # a loop is at least so long; rows of empty cells are shorter
LOOP_ROUNDS = 4
LONGEST_ROUND = 512

LOOPS = "the model repeated itself"
ENDLESS = "the model found no end"
LATE = "no time was left"


class LoopDetector:
    """Tells when a sequence has become a loop, in a few numpy steps for each token.

    Args:
        tokens: how many tokens at the end must repeat.
        rounds: how often what is repeated must stand there.
        longest: tokens in one round.
    """

    def __init__(
        self, tokens: int = LOOP_TOKENS, rounds: int = LOOP_ROUNDS, longest: int = LONGEST_ROUND
    ) -> None:
        self._last = np.full(longest, -1, dtype=np.int64)  # the latest first
        # For each period: how many tokens in a row equal the one a period before.
        self._equal = np.zeros(longest, dtype=np.int64)
        periods = np.arange(1, longest + 1)
        self._enough = np.maximum(tokens - periods, (rounds - 1) * periods)

    def push(self, token: int) -> bool:
        """Take the next token; whether the sequence is a loop now."""
        self._equal = np.where(self._last == token, self._equal + 1, 0)
        self._last = np.concatenate(([token], self._last[:-1]))
        return bool((self._equal >= self._enough).any())


class PageStop(StoppingCriteria):
    """Ends the writing of a page that has become a loop, or that takes too long.

    Attributes:
        why: why it was ended; "" when it was not.
    """

    def __init__(self, detector: LoopDetector, deadline: float) -> None:
        self._detector = detector
        self._deadline = deadline
        self.why = ""

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        del scores, kwargs
        if self._detector.push(int(input_ids[0, -1])):
            self.why = LOOPS
        elif time.monotonic() > self._deadline:
            self.why = LATE
        return torch.full((1,), bool(self.why), dtype=torch.bool, device=input_ids.device)


class Transcript(Struct, frozen=True):
    """What the model wrote for a page.

    Attributes:
        tokens: with the one that starts and, if it came to it, the one that ends.
        failure: why it is of no use; "" when the page was written to its end.
    """

    tokens: tuple[int, ...]
    failure: str = ""


def transcribe(
    model: PageModel,
    memory: Tensor,
    *,
    deadline: float = float("inf"),
    max_tokens: int = 0,
    never: Sequence[int] = (),
    detector: LoopDetector | None = None,
) -> Transcript:
    """Write the markup of a page, the likeliest token at each step.

    Args:
        memory: see :meth:`PageModel.memory`; of one page.
        deadline: ``time.monotonic()`` seconds at which to stop.
        max_tokens: how long the page may be; as long as the decoder can write by default.
        never: tokens that are not written, as that for what is unknown.
    """
    reader = model.reader
    longest = int(reader.config.decoder.max_position_embeddings)
    longest = min(max_tokens or longest, longest)
    stop = PageStop(detector or LoopDetector(), deadline)
    written = reader.generate(
        encoder_outputs=BaseModelOutput(last_hidden_state=memory),
        max_length=longest,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        suppress_tokens=list(never) or None,
        stopping_criteria=StoppingCriteriaList([stop]),
    )
    tokens = tuple(int(token) for token in written[0])
    # With the last token that there is room for, transformers may write the end by itself.
    if tokens[-1] == _end(reader) and len(tokens) < longest:
        return Transcript(tokens)
    return Transcript(tokens, stop.why or ENDLESS)


def _end(reader: Any) -> int:
    end = reader.generation_config.eos_token_id
    return int(end[0] if isinstance(end, list) else end)
