"""How many layers of a model go to the GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from msgspec import Struct

from lsfs.llm.files.weights import Weights
from lsfs.llm.runtime.backend import Backend
from lsfs.llm.runtime.batch import Shape

AUTO = -1  # of the setting model.gpu_layers: as many as fit
GPU, INTEGRATED = 1, 2  # ggml's numbers of the kinds of devices
RESERVE = 512 * 2**20  # bytes of each device for the driver, cuBLAS and other programs
RESERVED_SHARE = 0.05  # and this much of it
_FLOAT = 4


class Device(Struct, frozen=True):
    """A device that can compute layers.

    Attributes:
        name: as llama.cpp calls it, such as ``CUDA0``.
        description: what it is, such as ``NVIDIA H200``.
        free, total: bytes of its memory.
        integrated: its memory is that of the CPU.
    """

    name: str
    description: str
    free: int
    total: int
    integrated: bool = False


class Fit(Struct, frozen=True):
    """Where the layers of a model go.

    Attributes:
        gpu_layers: how many go to the GPU, the last ones; what follows the last layer counts as
            one, and is the first to go there.
        layers: how many there are.
        bytes: what they take on the GPU, with the attention state and what is computed.
        free: bytes that there were for it.
        reason: one sentence for the user.
    """

    gpu_layers: int
    layers: int
    bytes: int
    free: int
    reason: str


def devices(backend: Backend) -> list[Device]:
    """The GPUs that this build of llama.cpp can use; integrated ones only where no other is."""
    if not backend.gpu:
        return []
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    get = backend.function("ggml_backend_dev_get", pointer, ctypes.c_size_t)
    kind = backend.function("ggml_backend_dev_type", ctypes.c_int, pointer)
    name = backend.function("ggml_backend_dev_name", text, pointer)
    description = backend.function("ggml_backend_dev_description", text, pointer)
    memory = backend.function(
        "ggml_backend_dev_memory",
        None,
        pointer,
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.POINTER(ctypes.c_size_t),
    )
    found = []
    for at in range(backend.function("ggml_backend_dev_count", ctypes.c_size_t)()):
        device = get(at)
        if (which := kind(device)) not in (GPU, INTEGRATED):
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, free, total)
        called, what = (f(device).decode("utf-8", "replace") for f in (name, description))
        found.append(Device(called, what, free.value, total.value, which == INTEGRATED))
    return [one for one in found if not one.integrated] or found


def backends(backend: Backend) -> list[str]:
    """What this build of llama.cpp can compute on, as it calls it: CPU, CUDA, Metal, Vulkan …"""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    get = backend.function("ggml_backend_reg_get", pointer, ctypes.c_size_t)
    name = backend.function("ggml_backend_reg_name", text, pointer)
    count = backend.function("ggml_backend_reg_count", ctypes.c_size_t)()
    return [name(get(at)).decode("utf-8", "replace") for at in range(count)]


def fit(weights: Weights, shape: Shape, found: Sequence[Device], wanted: int = AUTO) -> Fit:
    """How many layers of a model go to the GPUs that there are.

    Layers are taken from the last one on, as llama.cpp does, as long as their weights, their part
    of the attention state, and what is computed in one batch fit what is free, less a reserve.

    Args:
        weights: of the model.
        shape: of the context.
        found: the devices; the memory of several counts together.
        wanted: how many layers the user wants there; AUTO is as many as fit.
    """
    count = len(weights.blocks) + 1
    free = usable(found)
    names = ", ".join(f"{device.description} ({device.name})" for device in found)
    if not found:
        return Fit(0, count, 0, 0, "no GPU that this build of llama.cpp can use: all on the CPU")
    costs = _costs(weights, shape)
    if wanted != AUTO:
        layers = max(0, min(wanted, count))
        reason = f"{layers} of {count} layers on {names}, as model.gpu_layers says"
        return Fit(layers, count, _taken(costs, layers), free, reason)
    layers = max(n for n in range(count + 1) if _taken(costs, n) <= free)
    taken = _taken(costs, layers)
    if layers == count:
        reason = f"all {count} layers fit on {names}: {_mib(taken)} of {_mib(free)} MiB"
    elif layers:
        reason = (
            f"{layers} of {count} layers fit on {names}: {_mib(taken)} of {_mib(free)} MiB, "
            f"all would take {_mib(_taken(costs, count))}"
        )
    else:
        least = _mib(_taken(costs, 1))
        reason = f"nothing fits on {names}: one layer takes {least} of {_mib(free)} MiB"
    return Fit(layers, count, taken, free, reason)


def usable(found: Sequence[Device]) -> int:
    """Bytes of the devices' memory that a model may take."""
    return sum(_usable(device) for device in found)


def state_bytes(weights: Weights, shape: Shape) -> int:
    """Bytes of the attention state of a context, in all layers."""
    tokens = min(shape.tokens or weights.context, weights.context)
    return weights.cell * tokens * len(weights.blocks)


def fewer(layers: int) -> int:
    """How many layers to try when so many turned out not to fit: a quarter less, at last none."""
    return layers * 3 // 4


def _usable(device: Device) -> int:
    return max(0, device.free - RESERVE - int(device.total * RESERVED_SHARE))


def _costs(weights: Weights, shape: Shape) -> list[int]:
    """Bytes of each layer on the GPU, in the order in which they go there; the first one brings
    what is computed."""
    state = state_bytes(weights, shape) // max(1, len(weights.blocks))
    # The scores of a whole batch, and a few copies of what passes between layers.
    rows = weights.vocabulary + 4 * weights.width + 3 * weights.inner
    computed = shape.batch * rows * _FLOAT
    blocks = [block + state for block in reversed(weights.blocks)]
    return [weights.output + computed, *blocks]


def _taken(costs: Sequence[int], layers: int) -> int:
    return sum(costs[:layers])


def _mib(size: int) -> int:
    return -(-size // 2**20)
