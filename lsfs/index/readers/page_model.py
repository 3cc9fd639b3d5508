"""Says what keeps a chosen page model from reading, without loading it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_FILES = ("config.json", "model.safetensors", "tokenizer.json")


def hindrance(folder: str) -> str:
    """Why the page model in a folder (the setting ``index.neural``) cannot be used and what to do
    about it; "" when nothing is known against it."""
    if importlib.util.find_spec("torch") is None:
        return "the page model needs torch: pip install 'lsfs[neural]'"
    place = Path(folder).expanduser()
    lacking = [name for name in _FILES if not (place / name).is_file()]
    if lacking:
        make = "python -m lsfs_parsers.neural.convert ORIGINAL FOLDER"
        return f"there is no page model in {place} ({lacking[0]} is missing): {make}"
    return ""
