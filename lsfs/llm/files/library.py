"""The models on this machine: those of packages, those that were pulled, those of the settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.config import ModelConfig
from lsfs.errors import LsfsError, ModelError, NotFound, UsageError
from lsfs.llm.files import advice, models
from lsfs.llm.files.models import KnownModel
from lsfs.paths import user_data

if TYPE_CHECKING:
    from lsfs.llm.files.fit import Fit

RECORD = ".json"  # beside a pulled model: where it is from, and its digest
ROLES = {"answer": "chat", "draft": "draft", "embed": "embed", "rerank": "rerank"}
"""What models do, and the setting that says which one does it."""


class Entry(Struct, frozen=True):
    """A model.

    Attributes:
        name: what ``lsfs model use`` takes.
        path: the file or folder; of a server, its address.
        bytes: of the weights; 0 where that is not known.
        sha256: of the weights; "" where that is not known.
        origin: ``package``, ``pulled`` or ``settings``.
        used_for: its roles, as ``answer`` or ``answer, draft``; "" when it is not in use.
        problem: why it cannot be used; "" when nothing is known against it.
    """

    name: str
    path: str
    bytes: int
    sha256: str
    origin: str
    used_for: str
    problem: str = ""


def folder() -> Path:
    """Where pulled models are kept."""
    return user_data() / "models"


def entries(config: ModelConfig) -> list[Entry]:
    """All models that are found, those in use first."""
    found = [
        entry
        for known, setting in ((models.CHAT, config.chat), (models.EMBED, config.embed))
        if (entry := _of_package(known, setting)) is not None
    ]
    used: dict[str, str] = {}
    for role, key in ROLES.items():
        setting = _spelled(getattr(config, key))
        if setting not in (models.DEFAULT, models.NONE):
            used[setting] = f"{used[setting]}, {role}" if setting in used else role
    found += [_of_file(path, "pulled", used.pop(str(path), "")) for path in pulled()]
    found += [_of_setting(setting, role) for setting, role in used.items()]
    return sorted(found, key=lambda entry: (not entry.used_for, entry.name.lower()))


def in_use(config: ModelConfig, role: str) -> str:
    """The name of the model that has a role; "" where there is none. Nothing is loaded.

    Raises:
        ModelMissing: there is nothing at its path.
        ModelError: it is no GGUF file, or not the one that it should be.
    """
    key = ROLES[role]
    setting = str(getattr(config, key))
    if models.is_server(setting):
        return f"{getattr(config, f'{key}_name')} at {setting}"
    if setting == models.DEFAULT and role == "embed":
        found = models.embed_model_folder(setting)
        return found.name if found else ""
    if setting in (models.DEFAULT, models.NONE):
        found = models.chat_model_file(setting)
        return found.name if found else ""
    path = Path(setting).expanduser()
    return path.name if path.is_dir() else models.gguf_file(setting, key).name


def pulled() -> list[Path]:
    """The GGUF files that were pulled."""
    return sorted(folder().glob("*.gguf"))


def resolve(name: str) -> str:
    """The setting for a model as a user names it: a pulled one by its name, a file by its path."""
    if name in (models.DEFAULT, models.NONE) or "://" in name:
        return name
    stem = name.removesuffix(".gguf")
    for path in pulled():
        if path.stem == stem:
            return str(path)
    return str(Path(name).expanduser().absolute())


def removable(name: str, config: ModelConfig) -> Path:
    """A pulled model that may be deleted.

    Raises:
        NotFound: none of this name was pulled.
        UsageError: it is in use.
    """
    stem = name.removesuffix(".gguf")
    path = next((path for path in pulled() if path.stem == stem), None)
    if path is None:
        raise NotFound(f"no pulled model {name!r}", hint="see: lsfs model list")
    for role, key in ROLES.items():
        if _spelled(getattr(config, key)) == str(path):
            instead = models.DEFAULT if role in ("answer", "embed") else models.NONE
            hint = f"first: lsfs model use --{role} {instead}"
            raise UsageError(f"{name} is in use ({role})", hint=hint)
    return path


def remove(name: str, config: ModelConfig) -> Path:
    """Delete a pulled model.

    Raises:
        NotFound: none of this name was pulled.
        UsageError: it is in use.
    """
    path = removable(name, config)
    path.with_suffix(RECORD).unlink(missing_ok=True)
    path.unlink()
    return path


def advised_bytes() -> int:
    """The size of the largest model that this machine's memory is good for."""
    return advice.room().bytes


def placement(config: ModelConfig) -> Fit | None:
    """Where the layers of the language model go on this machine; None where there is no model that
    llama.cpp runs, or no llama.cpp."""
    from lsfs.llm.runtime.batch import Shape
    from lsfs.llm.runtime.loading import placed

    try:
        file = models.chat_model_file(config.chat)
        shape = Shape(tokens=config.context)
        return placed(file.path, shape, config.gpu_layers) if file else None
    except ModelError:  # the list of models says what is wrong with it
        return None


def backends() -> list[str]:
    """What llama.cpp was built to compute on: CPU, CUDA, Vulkan …

    Raises:
        ModelError: there is no llama.cpp.
    """
    from lsfs.llm.files import fit
    from lsfs.llm.runtime.backend import backend

    return fit.backends(backend())


def _spelled(setting: str) -> str:
    is_path = setting not in (models.DEFAULT, models.NONE) and "://" not in setting
    return str(Path(setting).expanduser()) if is_path else setting


def _of_package(known: KnownModel, setting: str) -> Entry | None:
    used = {"chat": "answer"}.get(known.kind, known.kind) if setting == models.DEFAULT else ""
    try:
        found = (
            models.chat_model_file(models.DEFAULT)
            if known.kind == "chat"
            else models.embed_model_folder(models.DEFAULT)
        )
    except LsfsError as error:
        return Entry(known.name, "", 0, "", "package", used, error.message)
    if found is None:
        return None
    size = found.path.stat().st_size
    return Entry(known.name, str(found.path), size, found.sha256, "package", used)


def _of_file(path: Path, origin: str, used_for: str) -> Entry:
    try:
        digest, problem = models.file_digest(path), ""
        stated = recorded(path).get("sha256", digest)
        if stated != digest:
            problem = "it is not what was pulled: remove it and pull it again"
        return Entry(path.stem, str(path), path.stat().st_size, digest, origin, used_for, problem)
    except OSError as error:
        why = error.strerror or str(error)
        return Entry(path.stem, str(path), 0, "", origin, used_for, why)


def _of_setting(setting: str, kind: str) -> Entry:
    if "://" in setting:
        return Entry(setting, setting, 0, "", "settings", kind)
    path = Path(setting)
    weights = path / "model.safetensors" if path.is_dir() else path
    entry = _of_file(weights, "settings", kind)
    return Entry(path.stem, setting, entry.bytes, entry.sha256, "settings", kind, entry.problem)


def recorded(path: Path) -> dict[str, str]:
    """What was written down of a pulled model; empty when nothing was."""
    try:
        found = json.loads(path.with_suffix(RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
