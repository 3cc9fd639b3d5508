"""Whether what the store of attention states holds is whole."""

from __future__ import annotations

import os
from pathlib import Path

from lsfs.llm.kv import kvfile
from lsfs.llm.kv.kvfile import Unusable
from lsfs.llm.kv.kvfolder import PREFIX, KvFolder

_KEY_DIGITS = 64


def damaged(folder: KvFolder, *, deep: bool = False) -> list[tuple[Path, str]]:
    """The files that would not be used, and why.

    Args:
        deep: read them, not only their heads.
    """
    found = []
    for one in folder.files():
        try:
            _check(one.path, folder.root, deep=deep)
        except FileNotFoundError:
            continue  # it made room for another one meanwhile
        except Unusable as why:
            found.append((one.path, str(why)))
        except OSError as error:
            found.append((one.path, error.strerror or str(error)))
    return found


def _check(path: Path, root: Path, *, deep: bool) -> None:
    context = path.relative_to(root).parts[0]
    try:
        key = bytes.fromhex(context[:_KEY_DIGITS])
    except ValueError:
        raise Unusable("it is in a folder of another kind") from None
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        tokens = kvfile.read(fd, key).tokens if deep else kvfile.tokens_of(fd, key)
    finally:
        os.close(fd)
    if path.name not in (PREFIX, kvfile.block_name(key, tokens)):
        raise Unusable("it holds other tokens")
