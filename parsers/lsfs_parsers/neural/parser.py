"""PDF by a page model: chosen in the settings, never by itself."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lsfs.errors import ModelError, ModelMissing
from lsfs.model import Document
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder
from lsfs_parsers.ocr import Recognised
from lsfs_parsers.pdf import PdfParser, Reading
from lsfs_parsers.pdf_backend import GeometricBackend
from lsfs_parsers.window import PageReading, windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from lsfs_parsers.neural.model import PageModel

NEEDED = "pip install 'lsfs[neural]'"
CONVERT = "make it with: python -m lsfs_parsers.neural.convert ORIGINAL FOLDER"

# What torch reads to choose its instructions.
ABOUT_THE_PROCESSOR = ("/proc/cpuinfo", "/sys/devices/system/cpu")

_RESERVE = 0.25  # share of the time that is kept for pages the model does not read
_THREAD_LIMIT = "OMP_THREAD_LIMIT"
_COMPILER_FOLDER = "TORCHINDUCTOR_CACHE_DIR"
_THREADS = 8  # a child may not have many, and one page does not keep more busy
_NAMED_PAGES = 20


class NeuralPdfParser(PdfParser):
    """Reads PDF with muGAT or Nougat, and by geometry the pages that these cannot read.

    Without a model that works, the document is what :class:`PdfParser` makes of the file, with a
    warning that says why.

    Args:
        folder: the converted model.
        dtype: "float32", "bfloat16", "float16" or "auto".
    """

    name = "pdf-neural"
    version = 4

    def __init__(self, folder: Path, dtype: str = "auto") -> None:
        self._folder = folder
        self._dtype = dtype
        self._loaded: tuple[PageModel, Tokenizer] | None = None
        self._failure = ""  # why there is no model

    def parse(self, source: Source) -> Document:
        """The document in ``source``; warnings name the pages that the model did not read.

        Raises:
            Encrypted: it needs a password.
            ParseError: it is damaged.
        """
        if self._model() is not None:
            return super().parse(source)
        document = PdfParser().parse(source)
        warning = f"read without the page model: {self._failure}"
        return replace(document, warnings=(*document.warnings, warning))

    def reading(self, pdf: Any, source: Source) -> Reading:
        """See :class:`PdfParser`."""
        loaded = self._model()
        if loaded is None:
            return super().reading(pdf, source)
        return NeuralReading(pdf, source, Builder(source, self.name, self.version), *loaded)

    def _model(self) -> tuple[PageModel, Tokenizer] | None:
        """The model, loaded with the first file; None where that failed, which is tried once."""
        if self._loaded is None and not self._failure:
            try:
                self._loaded = _load(self._folder, self._dtype)
            except ModelError as error:
                self._failure = f"{error.message} ({error.hint})" if error.hint else error.message
            except MemoryError:
                self._failure = "the memory allowed is too small for it (index.neural_memory_mb)"
        return self._loaded


class NeuralReading(Reading):
    """The reading of one document by a page model.

    The geometric backend goes along: it reads the pages that the model cannot, and knows the words
    of the document when a divided one is to be made whole. It recognises no pictures on its way,
    which would cost much; a scan that the model cannot read is recognised then.
    """

    def __init__(
        self, pdf: Any, source: Source, builder: Builder, model: PageModel, tokenizer: Tokenizer
    ) -> None:
        super().__init__(pdf, source, builder)
        self._model = model
        self._tokenizer = tokenizer
        self._recognises = False

    def readings(self, geometric: GeometricBackend) -> Iterator[PageReading]:
        """See :class:`Reading`."""
        from lsfs_parsers.neural.backend import NeuralBackend
        from lsfs_parsers.neural.pictures import pictures

        left = self._source.seconds_left()
        late = self._source.deadline
        backend = NeuralBackend(
            self._model,
            self._tokenizer,
            pictures(self._pdf),
            _InStep(super().readings(geometric), self._recognised_page),
            deadline=late if math.isinf(left) else late - _RESERVE * left,
        )
        pages = (backend.read(window) for window in windows(backend.pages()))
        yield from takewhile(lambda _: not self._builder.full, pages)
        for warning in _warnings(backend.failures):
            self._builder.warn(warning)

    def _recognised(self, page: Any, number: int) -> Recognised:
        return super()._recognised(page, number) if self._recognises else Recognised([])

    def _recognised_page(self, number: int) -> PageReading | None:
        """A page read by itself, from its picture if need be; None where that is not possible."""
        if number in self._failed:
            return None
        self._recognises = True
        try:
            alone = GeometricBackend(iter([self._page(number - 1)]))
            return next((alone.read(window) for window in windows(alone.pages())), None)
        finally:
            self._recognises = False


class _InStep:
    """The geometric readings, of which some are asked for, in the order of the pages."""

    def __init__(
        self, readings: Iterator[PageReading], recognised: Callable[[int], PageReading | None]
    ) -> None:
        self._numbered = enumerate(readings, start=1)
        self._recognised = recognised

    def __call__(self, number: int) -> PageReading:
        reading = next(reading for at, reading in self._numbered if at == number)
        if reading.blocks:
            return reading
        return self._recognised(number) or reading


def _load(folder: Path, dtype: str) -> tuple[PageModel, Tokenizer]:
    if not (folder / "config.json").is_file():  # before torch, which takes seconds to load
        raise ModelMissing(f"there is no page model in {folder}", hint=CONVERT)
    try:
        with _surroundings():
            import torch

            from lsfs_parsers.neural import decode  # noqa: F401  all of torch that is needed
            from lsfs_parsers.neural.model import load, load_tokenizer

            torch.set_num_threads(min(torch.get_num_threads(), _THREADS))
    except (ImportError, OSError) as error:
        raise ModelMissing(f"torch cannot be loaded: {error}", hint=NEEDED) from error
    return load(folder, dtype=dtype), load_tokenizer(folder)


@contextmanager
def _surroundings() -> Iterator[None]:
    """What torch is to find when it is imported.

    It may use all cores, but its threads are not to spin while they wait, since others use the
    machine too; what is started later (tesseract) keeps to the limit that this process was
    given. Its compiler, which is not used, looks for a folder that can be written to; there may be
    none, so it is given one that it need not make.
    """
    os.environ.setdefault(_COMPILER_FOLDER, "/")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own, which has little to do
    limit = os.environ.pop(_THREAD_LIMIT, None)
    try:
        yield
    finally:
        if limit is not None:
            os.environ[_THREAD_LIMIT] = limit


def _warnings(failures: Mapping[int, str]) -> Iterator[str]:
    by_reason: dict[str, list[int]] = defaultdict(list)
    for number, why in sorted(failures.items()):
        by_reason[why].append(number)
    for why, numbers in by_reason.items():
        named = ", ".join(map(str, numbers[:_NAMED_PAGES]))
        more = f" and {len(numbers) - _NAMED_PAGES} more" if len(numbers) > _NAMED_PAGES else ""
        yield f"read by geometry: page {named}{more}: {why}"
