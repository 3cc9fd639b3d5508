"""With what the rows of a library are made, so that rows of older rules and parsers are made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from blake3 import blake3

from lsfs import codec
from lsfs.config import FieldConfig
from lsfs.errors import UsageError
from lsfs.index import stated, terms
from lsfs.index.fields.extract import VERSION as FIELDS_VERSION
from lsfs.index.library.heads import Head
from lsfs.index.making import FACTS_VERSION

_OWN = "own"  # the user's own fields, by their digest
_PARSER = "parser "


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What a writer makes rows with.

    Attributes:
        parsers: version of each parser by name.
        own: digest of the user's own fields, which are the same for all writers; '' for none.
    """

    parsers: Mapping[str, int]
    own: str = ""

    @classmethod
    def of(cls, parsers: Mapping[str, int], fields: Mapping[str, FieldConfig]) -> MadeBy:
        """With these parsers and fields of the user."""
        text = codec.dumps(dict(sorted(fields.items()))).encode() if fields else b""
        return cls(parsers, blake3(text).hexdigest(length=8) if fields else "")

    @property
    def rules(self) -> str:
        """The rules by which a document or a file's facts are made, as rows say it."""
        own = f" {self.own}" if self.own else ""
        numbers = (FACTS_VERSION, FIELDS_VERSION, stated.SIGNATURES_VERSION, terms.VERSION)
        return ".".join(map(str, numbers)) + own

    def values(self) -> dict[str, str]:
        """As a head has it."""
        versions = {
            "facts": FACTS_VERSION,
            "fields": FIELDS_VERSION,
            "signatures": stated.SIGNATURES_VERSION,
            "words": terms.VERSION,
            **{_PARSER + name: version for name, version in sorted(self.parsers.items())},
        }
        return {**{name: str(version) for name, version in versions.items()}, _OWN: self.own}

    def check(self, head: Head) -> None:
        """See that rows which are made so may go into a library.

        Raises:
            UsageError: there are rows of a newer lsfs, or others with other fields of the user.
        """
        for name, value in self.values().items():
            known = head.made_by.get(name, value)
            if name == _OWN and known != value:
                raise UsageError(
                    "the library was made with other fields of the user than the settings have",
                    hint="use the same [fields] in all settings that write to it",
                )
            if name != _OWN and int(known) > int(value):
                raise UsageError(
                    f"the library was written by a newer lsfs ({name} {known}, here {value})",
                    hint="install that version here, too",
                )

    def is_older(self, head: Head) -> bool:
        """Whether a head says less than what rows are made with now."""
        return any(head.made_by.get(name) != value for name, value in self.values().items())

    def entered(self, head: Head) -> Head:
        """A head that says so."""
        return replace(head, made_by={**head.made_by, **self.values()})
