"""A model and a context on it, with as many layers on the GPU as fit."""

from __future__ import annotations

import logging
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import ModelError, OutOfMemory
from lsfs.llm.files import fit
from lsfs.llm.files.fit import Device, Fit
from lsfs.llm.files.weights import weights_of
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model

log = logging.getLogger("lsfs.llm")


def placed(
    path: Path, shape: Shape, wanted: int = fit.AUTO, found: list[Device] | None = None
) -> Fit:
    """Where the layers of a model would go; nothing is loaded.

    Args:
        path: the GGUF file.
        shape: of the context.
        wanted: layers on the GPU; AUTO is as many as fit.
        found: the devices; those of this machine by default.

    Raises:
        ModelError: it is no GGUF file.
    """
    library = backend()
    there = fit.devices(library) if found is None else found
    return fit.fit(weights_of(path, library), shape, there, wanted)


class Loaded(Struct, frozen=True):
    """A model in memory.

    Attributes:
        context: on it.
        fit: where its layers are.
    """

    context: Context
    fit: Fit

    def close(self) -> None:
        """Free both."""
        model = self.context.model
        self.context.close()
        model.close()


def memory_of(path: Path, shape: Shape) -> int:
    """Bytes that a model and its context take, about; 0 where the file cannot be read."""
    library = backend()
    try:
        weights = weights_of(path, library)
        return path.stat().st_size + fit.state_bytes(weights, shape)
    except (ModelError, OSError):
        return 0  # loading it says what is wrong


def load(path: Path, shape: Shape, wanted: int = fit.AUTO) -> Loaded:
    """Load a model and make a context; with fewer layers on the GPU where its memory runs out.

    Args:
        path: the GGUF file.
        shape: of the context.
        wanted: layers on the GPU; AUTO is as many as fit.

    Raises:
        ModelError: it cannot be loaded.
        OutOfMemory: it does not fit the memory of the CPU either.
    """
    if not path.is_file() or not backend().gpu:
        return Loaded(_context(path, shape, 0), fit.Fit(0, 0, 0, 0, "all on the CPU"))
    plan = placed(path, shape, wanted)
    layers = plan.gpu_layers
    while True:
        try:
            context = _context(path, shape, layers)
        except OutOfMemory as error:
            if not layers:
                raise
            log.warning("%s with %d layers on the GPU: %s", path.name, layers, error)
            layers = fit.fewer(layers)
            reason = f"{layers} of {plan.layers} layers on the GPU: its memory ran out with more"
            plan = replace(plan, gpu_layers=layers, reason=reason)
        else:
            log.info("%s: %s", path.name, plan.reason)
            return Loaded(context, plan)


def _context(path: Path, shape: Shape, layers: int) -> Context:
    model = Model(path, gpu_layers=layers)
    try:
        return Context(model, shape)
    except ModelError:
        model.close()
        raise
