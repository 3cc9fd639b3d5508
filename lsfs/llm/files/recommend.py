"""Which models, or which form of one, this machine has the memory for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from msgspec.structs import replace

from lsfs.errors import LsfsError, ModelError
from lsfs.llm.files import advice, fit, hub, library
from lsfs.llm.files.advice import Advice, Form, Room
from lsfs.llm.files.hub import HubFile
from lsfs.llm.files.weights import Weights, weights_of

HEADS = (8 << 20, 32 << 20)  # bytes in which a file's head is looked for: vocabularies differ


def room(memory: int = 0) -> Room:
    """The memory that there is, of this machine and of its GPUs.

    Args:
        memory: bytes to assume instead, without a GPU; 0 assumes nothing.
    """
    if memory:
        return Room(memory, None)
    return advice.room(fit.usable(_devices()))


def _devices() -> list[fit.Device]:
    from lsfs.llm.runtime.backend import backend

    try:
        return fit.devices(backend())
    except ModelError:  # no llama.cpp: the arithmetic is the same without
        return []


def of_repository(repository: str, context: int, there: Room) -> tuple[list[HubFile], list[Advice]]:
    """The models of a repository on the hub, and which of them fit.

    Sizes are those that the hub states; the attention state follows from the head of one file.

    Raises:
        NotFound: there is no such repository, or it holds no GGUF file.
        ModelError: the hub does not answer as it should.
    """
    files = hub.models_of(repository)
    form = _form_of(repository, files)
    each = [_judged(form, file, context, there) for file in files]
    alone = [one if len(file.parts) == 1 else replace(one, where="")
             for one, file in zip(each, files, strict=True)]  # fmt: skip
    return files, advice.chosen(alone)


def of_file(path: Path, context: int, there: Room) -> Advice:
    """Whether a file here fits.

    Raises:
        ModelError: it is no GGUF file.
    """
    from lsfs.llm.runtime.backend import backend

    weights = weights_of(path, backend())
    form = _form(path.stem, weights)
    return advice.judged(form, hub.quant_of(path.name), path.stat().st_size, context, there)


def _judged(form: Form | None, file: HubFile, context: int, there: Room) -> Advice:
    name = Path(file.parts[0]).stem
    if form is not None:
        found = advice.judged(replace(form, name=name), file.quant, file.bytes, context, there)
    else:
        # A cell of 0 bytes counts the weights alone, and says so.
        bare = Form(name, 0, 0, 0, context)
        found = advice.judged(bare, file.quant, file.bytes, context, there)
        found = replace(found, reason=f"{found.reason}; without its attention state", longest=0)
    if len(file.parts) > 1:
        return replace(found, reason=f"in {len(file.parts)} parts: not fetched")
    return found


def _form_of(repository: str, files: list[HubFile]) -> Form | None:
    """What the models of a repository have in common; None where no head can be read."""
    from lsfs.llm.runtime.backend import backend

    smallest = min(files, key=lambda file: file.sizes[0])
    for size in HEADS:
        try:
            head = hub.head_of(repository, smallest, size)
            with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
                file.write(head)
                file.flush()
                return _form(repository, weights_of(Path(file.name), backend()))
        except LsfsError:
            if smallest.sizes[0] <= size:
                break
    return None


def _form(name: str, weights: Weights) -> Form:
    cell = weights.cell * len(weights.blocks)
    return Form(name, 0, cell, weights.vocabulary, weights.context or 1)


def local(name: str) -> Path | None:
    """The file that a user names: by its path, or by the name of a model that was pulled."""
    path = Path(library.resolve(name))
    return path if path.is_file() else None
