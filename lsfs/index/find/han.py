"""Chinese characters as they are compared: traditional ones count as the simplified ones.

The table is that of OpenCC (Apache-2.0), of which the package opencc-python-reimplemented brings a
copy. Each character stands for one, so that places in a text stay the same; which of two words a
character belongs to is not decided, for what is looked for is folded in the same way.
"""

from __future__ import annotations

from functools import lru_cache

from lsfs.patterns import later

_HAN = later("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


def simplified(text: str) -> str:
    """A text with simplified characters, of the same length: 圖書館 is 图书馆."""
    return text.translate(_table()) if _HAN.search(text) else text


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    from importlib.resources import files  # texts in Chinese alone need it

    lines = files("opencc").joinpath("dictionary/TSCharacters.txt").read_text("utf-8").splitlines()
    entries = (line.partition("\t") for line in lines)
    first = {old: new.split(" ")[0] for old, _, new in entries if len(old) == 1}
    # What a character becomes stays what it is, so that folding twice is folding once.
    return {
        ord(old): first.get(new, new)
        for old, new in first.items()
        if len(new) == 1 and first.get(new, new) != old
    }
