"""A LanceDB table that cannot be opened is taken back to the state before, where that helps.

LanceDB writes a new manifest for each change, and does not wait for the disk: after a power cut the
newest may be empty while those before it, and what they name, are whole. What the step back loses
is known: the catalog says which vectors there should be, and they are intended again.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger("lsfs.index.meaning.lance_repair")

MOST_STEPS = 20
ASIDE = ".unreadable"
_NORM = 0.02  # how far from 1 the length of a vector may be


def step_back(table: Path) -> bool:
    """Set the newest manifest aside; False when there is none before it.

    Args:
        table: the folder of the table.
    """
    folder = table / "_versions"
    if not folder.is_dir():
        return False
    manifests = sorted(folder.glob("*.manifest"), key=lambda path: path.stat().st_mtime_ns)
    if len(manifests) < 2:
        return False
    newest = manifests[-1]
    log.warning("%s cannot be read; the vectors go back to the state before", newest)
    newest.rename(newest.with_name(newest.name + ASIDE))
    return True


def sound(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which vectors can be ones that an embedder made, [n]: of length 1, or 0 for no text.

    Args:
        vectors: [n, dimension].
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.asarray((np.abs(squares - 1) <= 2 * _NORM) | (squares == 0))
