"""The entities of a prompt, to be taken one after another by a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from lsfs.syscalls.prompt.entities import Entity
from lsfs.syscalls.prompt.slots import Surroundings

_LABEL = re.compile(
    r"(?:called|named|name|as|snapshot|checkpoint|label|tag|it)\s+(?:of\s+)?(?:it\s+)?([\w.\-]*[\w])(?=[\s,.;!?]|$)",
    re.I,
)
ALL = re.compile(
    r"\b(?:everything|(?:whole|entire|complete)\s+(?:drive|disk|thing)|all\s+(?:my\s+|the\s+|of\s+(?:my|the)\s+)?files|the\s+drive|my\s+drive)\b",
    re.IGNORECASE,
)


class Named(Struct):
    """The entities of a prompt, to be taken one after another.

    Attributes:
        text: the prompt, with its quotes masked.
        entities: what it names.
    """

    text: str
    entities: Sequence[Entity]
    around: Surroundings
    _taken: list[Entity] = field(default_factory=list)

    def take(self, *kinds: str, last: bool = False) -> Entity | None:
        """The first (or last) entity of these kinds that was not taken yet."""
        left = [one for one in self.entities if one.kind in kinds and one not in self._taken]
        if not left:
            return None
        one = left[-1 if last else 0]
        self._taken.append(one)
        return one

    def all(self, *kinds: str) -> list[Entity]:
        """All entities of these kinds that were not taken yet."""
        found = []
        while (one := self.take(*kinds)) is not None:
            found.append(one)
        return found

    def take_exactly(self, one: Entity) -> None:
        """Take this one."""
        if one not in self._taken:
            self._taken.append(one)

    def path(self) -> str | None:
        """A file or folder."""
        one = self.take("file", "folder")
        return one.value if one else None

    def number(self, *words: str) -> int | None:
        """A number beside one of these words."""
        for one in self.entities:
            near = self.text[max(0, one.start - 25) : one.end + 25].lower()
            if one.kind == "number" and one not in self._taken and any(w in near for w in words):
                self._taken.append(one)
                return int(one.value)
        return None

    def says(self, pattern: str) -> bool:
        """Whether these words stand in the prompt."""
        return re.search(rf"\b(?:{pattern})\b", self.text, re.IGNORECASE) is not None

    def label(self) -> str | None:
        """A name that is given: in quotes, or behind "called"."""
        quote = self.take("quote")
        if quote:
            return quote.value
        found = [name for name in _LABEL.findall(self.text) if re.search(r"[-_\d]|^[A-Z]", name)]
        return found[-1] if found else None

    def is_done(self) -> bool:
        """Whether everything that was named has been taken."""
        return len(self._taken) == len(self.entities)
