"""llama.cpp in this process: loaded once, with its log sent to Python's ``logging``."""

from __future__ import annotations

import ctypes
import functools
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from lsfs.errors import ModelError, ModelMissing, OutOfMemory

LOGGER = "lsfs.llm.llama"

# ggml's levels: 1 debug, 2 info, 3 warning, 4 error, 5 goes on with the line before. They are
# shifted down one step, because what matters to the user is raised as an exception.
_ERROR, _CONTINUED = 4, 5
_LEVELS = {1: logging.DEBUG, 2: logging.DEBUG, 3: logging.INFO, _ERROR: logging.WARNING}
_FUNCTION = re.compile(r"^(?:\w+: )+")  # that says something, at the beginning of its line
_EMPTY_WORDS = ("failed to load model", "error loading model")
_REQUIRED = ("kv_unified", "flash_attn_type", "n_seq_max", "abort_callback")


class Backend:
    """The loaded library and the end of its log.

    Attributes:
        api: the module ``llama_cpp.llama_cpp``, a thin layer of ctypes over the C functions.
        gpu: whether this build can run layers on a GPU.
    """

    def __init__(self, api: Any) -> None:
        self.api = api
        self._logger = logging.getLogger(LOGGER)
        if not self._logger.handlers:
            # Else Python's handler of last resort would print warnings on stderr.
            self._logger.addHandler(logging.NullHandler())
        self._errors: deque[str] = deque(maxlen=5)
        self._level = logging.DEBUG
        self._library: ctypes.CDLL | None = None
        # The library keeps a bare pointer to the callback, so it must live as long as the process.
        self._callback = api.llama_log_callback(self._on_log)
        api.llama_log_set(self._callback, ctypes.c_void_p(0))
        api.llama_backend_init()
        self._tell_of_aborts()
        self.gpu = bool(api.llama_supports_gpu_offload())

    def _tell_of_aborts(self) -> None:
        """Log why the library ends the process, where it does: a condition of its own fails."""
        kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p)

        def tell(message: bytes) -> None:
            self._logger.critical("llama.cpp gives up: %s", message.decode("utf-8", "replace"))

        self._on_abort = kind(tell)
        self.function("ggml_set_abort_callback", ctypes.c_void_p, kind)(self._on_abort)

    def _on_log(self, level: int, text: bytes | None, _data: Any) -> None:
        line = (text or b"").decode("utf-8", "replace").rstrip()
        if not line:
            return
        if level != _CONTINUED:
            self._level = _LEVELS.get(level, logging.DEBUG)
        if level == _ERROR:
            self._errors.append(line)
        self._logger.log(self._level, "%s", line)

    def function(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        """A C function of llama.cpp or ggml that the module ``llama_cpp`` does not declare.

        It is looked up in the library that is loaded, and those that this one loaded: another copy
        of ggml would know nothing of our tensors.

        Args:
            name: the symbol.
            result: the ctypes type of what it returns; None is nothing.
            arguments: the ctypes types of its arguments.

        Raises:
            ModelError: there is no such symbol.
        """
        try:
            if self._library is None:
                self._library = ctypes.CDLL(self.api._lib._name)
            found = getattr(self._library, name)
        except (AttributeError, OSError) as error:
            hint = "install the release of llama-cpp-python that lsfs names, or report this one"
            raise ModelError(f"llama.cpp's library has no {name}", hint=hint) from error
        found.restype, found.argtypes = result, list(arguments)
        return cast("Callable[..., Any]", found)

    def forget_errors(self) -> None:
        """Start anew before a call whose failure ``failure`` is to explain."""
        self._errors.clear()

    def said(self) -> str:
        """The errors since ``forget_errors``, without the names of the library's functions."""
        lines = [_FUNCTION.sub("", line) for line in self._errors]
        telling = [line for line in lines if line not in _EMPTY_WORDS]
        return "; ".join(dict.fromkeys(telling or lines))

    def failure(self, what: str, hint: str) -> ModelError:
        """The error for a failed call, with what the library said about it.

        Args:
            what: what was tried, and on which file.
            hint: what to do, unless the library ran out of memory.
        """
        said = self.said()
        message = f"{what}: {said}" if said else what
        if any(word in said.casefold() for word in ("alloc", "out of memory", "cannot mmap")):
            return OutOfMemory(message, hint="use a smaller model or a smaller model.context")
        return ModelError(message, hint=hint)


@functools.cache
def backend() -> Backend:
    """The one backend of the process.

    Raises:
        ModelMissing: llama-cpp-python is not installed.
        ModelError: its library does not load, or is too old.
    """
    try:
        from llama_cpp import llama_cpp as api
    except ModuleNotFoundError as error:
        hint = "pip install llama-cpp-python"
        raise ModelMissing("llama-cpp-python is not installed", hint=hint) from error
    except (OSError, RuntimeError) as error:
        hint = "reinstall llama-cpp-python"
        raise ModelError(f"llama.cpp does not load: {error}", hint=hint) from error
    fields = {name for name, _ in api.llama_context_params._fields_}
    missing = [name for name in _REQUIRED if name not in fields]
    if missing:
        hint = "pip install --upgrade llama-cpp-python"
        raise ModelError(f"llama-cpp-python is too old: it lacks {', '.join(missing)}", hint=hint)
    return Backend(api)
