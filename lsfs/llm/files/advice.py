"""Which model fits this machine, by arithmetic: bytes of weights, of attention state, of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from lsfs.llm.runtime.memory import MACHINE, Sources

SHARE = 0.6  # of the memory: the rest is for the index and for other programs
BATCH = 512  # tokens that are computed at once
_FLOAT, _HALF = 4, 2  # bytes
# Bits of a weight, with the scales. The basic forms follow from their blocks; the mixed ones
# (_S, _M, _L) are llama.cpp's figures for Llama 3.1 8B, and other shapes differ by some percent.
BITS: Mapping[str, float] = MappingProxyType({
    "F32": 32.0, "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q6_K": 6.56, "Q5_K_M": 5.70,
    "Q5_K_S": 5.57, "Q5_1": 6.0, "Q5_0": 5.5, "Q4_K_M": 4.89, "Q4_K_S": 4.67, "Q4_1": 5.0,
    "Q4_0": 4.5, "IQ4_NL": 4.5, "IQ4_XS": 4.46, "Q3_K_L": 4.30, "Q3_K_M": 4.00, "Q3_K_S": 3.64,
    "Q2_K": 3.16,
})  # fmt: skip
OFFERED = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M")  # in most repositories


# Forms that are not advised where another one fits: twice the memory of Q8_0, and twice the time
# to write a token, which reads all weights, for a perplexity lower by .0004 (llama.cpp, 7B).
WIDE = frozenset({"F32", "F16", "BF16"})


class Form(Struct, frozen=True):
    """What a model's memory follows from.

    Attributes:
        parameters: how many weights.
        cell: bytes of one token's attention state, in all layers, in float16.
        vocabulary: how many tokens there are.
        context: tokens that the model was trained on.
    """

    name: str
    parameters: int
    cell: int
    vocabulary: int
    context: int


def _form(
    name: str, millions: float, attention: tuple[int, int, int], rest: tuple[int, int]
) -> Form:
    """A form by what a model's card states: layers, heads of keys, values of a head."""
    layers, heads, size = attention
    return Form(name, int(millions * 1e6), 2 * layers * heads * size * _HALF, *rest)


# Models that follow instructions and whose state can be kept (docs/kv.md), as their files state it.
KNOWN: tuple[Form, ...] = (
    _form("SmolLM2-135M-Instruct", 134.5, (30, 3, 64), (49_152, 8_192)),
    _form("SmolLM2-360M-Instruct", 361.8, (32, 5, 64), (49_152, 8_192)),
    _form("Qwen2.5-0.5B-Instruct", 494.0, (24, 2, 64), (151_936, 32_768)),
    _form("Llama-3.2-1B-Instruct", 1_236, (16, 8, 64), (128_256, 131_072)),
    _form("Qwen2.5-1.5B-Instruct", 1_544, (28, 2, 128), (151_936, 32_768)),
    _form("SmolLM2-1.7B-Instruct", 1_711, (24, 32, 64), (49_152, 8_192)),
    _form("Qwen2.5-3B-Instruct", 3_086, (36, 2, 128), (151_936, 32_768)),
    _form("Llama-3.2-3B-Instruct", 3_213, (28, 8, 128), (128_256, 131_072)),
    _form("Qwen3-4B", 4_022, (36, 8, 128), (151_936, 40_960)),
    _form("Mistral-7B-Instruct-v0.3", 7_248, (32, 8, 128), (32_768, 32_768)),
    _form("Qwen2.5-7B-Instruct", 7_616, (28, 4, 128), (152_064, 32_768)),
    _form("Llama-3.1-8B-Instruct", 8_030, (32, 8, 128), (128_256, 131_072)),
    _form("Qwen2.5-14B-Instruct", 14_770, (48, 8, 128), (152_064, 32_768)),
    _form("Qwen2.5-32B-Instruct", 32_764, (64, 8, 128), (152_064, 32_768)),
    _form("Llama-3.3-70B-Instruct", 70_554, (80, 8, 128), (128_256, 131_072)),
)  # fmt: skip


class Room(Struct, frozen=True):
    """The memory that a model may take.

    Attributes:
        total: bytes of this machine's memory, or that this process may use of it.
        available: bytes that can be had now; None where the system does not say.
        gpu: bytes of the GPUs that are free for it; 0 where none can be used.
    """

    total: int
    available: int | None
    gpu: int = 0

    @property
    def bytes(self) -> int:
        """For one model in the memory of the CPU."""
        return int(self.total * SHARE)


class Advice(Struct, frozen=True):
    """Whether a model fits, and why.

    Attributes:
        name: of the model.
        quant: how its numbers are written.
        weights, state, computed: bytes of its weights, of the attention state of ``context``
            tokens, and of what is computed in one batch.
        where: ``gpu``, ``cpu``, or "" where it does not fit.
        longest: tokens of context that fit there, at most those it was trained on; 0: none.
        reason: one sentence for the user.
        is_advised: it is the one to take.
    """

    name: str
    quant: str
    weights: int
    state: int
    computed: int
    context: int
    where: str
    longest: int
    reason: str
    is_advised: bool = False

    @property
    def bytes(self) -> int:
        """All that it takes."""
        return self.weights + self.state + self.computed


def room(gpu: int = 0, sources: Sources = MACHINE) -> Room:
    """The memory of this machine.

    Args:
        gpu: bytes that are free on GPUs.
    """
    return Room(sources.total(), sources.available(), gpu)


def weights_bytes(parameters: int, quant: str) -> int:
    """Bytes of so many weights in a form of numbers."""
    return int(parameters * BITS[quant] / 8)


def judged(form: Form, quant: str, weights: int, context: int, there: Room) -> Advice:
    """Whether a model fits.

    Args:
        weights: bytes of its file.
        context: tokens that it is to hold; more than it was trained on are not.
    """
    tokens = min(context, form.context)
    state, computed = tokens * form.cell, BATCH * form.vocabulary * _FLOAT
    needed = weights + state + computed
    where = "gpu" if needed <= there.gpu else "cpu" if needed <= there.bytes else ""
    most = there.gpu if where == "gpu" else there.bytes
    left = most - weights - computed
    longest = max(0, min(form.context, left // max(1, form.cell)))
    return Advice(
        form.name, quant, weights, state, computed, tokens, where, longest,
        _reason(needed, where, there),
    )  # fmt: skip


def _reason(needed: int, where: str, there: Room) -> str:
    if where == "gpu":
        return f"all of it fits the GPU: {_gb(needed)} of {_gb(there.gpu)} GB"
    share = f"{_gb(needed)} of {_gb(there.bytes)} GB, {SHARE:.0%} of the memory"
    if not where:
        return f"does not fit: {share}"
    if there.available is not None and needed > there.available:
        return f"fits ({share}), but only {_gb(there.available)} GB are free now"
    return f"fits: {share}"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f}"


def chosen(judgements: Sequence[Advice]) -> list[Advice]:
    """The judgements with the one to take marked: of those that fit, the largest one, but for
    those of :data:`WIDE`; on the GPU where one fits there."""
    fitting = [one for one in judgements if one.where]
    if not fitting:
        return list(judgements)
    best = max(fitting, key=lambda one: (one.where == "gpu", one.quant not in WIDE, one.weights))
    return [replace(one, is_advised=one is best) for one in judgements]


def of_known(context: int, there: Room) -> list[Advice]:
    """For each known model the best form of its numbers that fits, else the smallest one."""
    found = []
    for form in KNOWN:
        each = [
            judged(form, quant, weights_bytes(form.parameters, quant), context, there)
            for quant in OFFERED
        ]
        found.append(next((one for one in chosen(each) if one.is_advised), each[-1]))
    return found
