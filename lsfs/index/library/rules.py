"""With what rows of a library are made, so that those of older rules or parsers are made anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from lsfs import codec
from lsfs.config import FieldConfig, IndexConfig
from lsfs.errors import UsageError
from lsfs.index.fields import VERSION as FIELDS_VERSION
from lsfs.index.find import terms
from lsfs.index.library.heads import Head
from lsfs.index.readers.making import FACTS_VERSION
from lsfs.index.store import stated
from lsfs.model import Status

_OWN = "own"  # the user's own fields, by their digest
_PARSER = "parser "
OF_LIMITS = (Status.TOO_LARGE, Status.TIMEOUT, Status.OUT_OF_MEMORY)


class MadeBy(Struct, frozen=True):
    """What a writer makes rows with.

    Attributes:
        parsers: version of each parser by name.
        own: digest of the user's own fields, which are the same for all writers; '' for none.
        limits: within which files are read.
    """

    parsers: Mapping[str, int]
    own: str = ""
    limits: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, parsers: Mapping[str, int], fields: Mapping[str, FieldConfig], limits: IndexConfig
    ) -> MadeBy:
        """With these parsers, fields of the user and limits."""
        text = codec.dumps(dict(sorted(fields.items()))).encode() if fields else b""
        return cls(
            dict(parsers),
            blake3(text).hexdigest(length=8) if fields else "",
            (
                limits.max_file_bytes,
                limits.parse_seconds,
                limits.scan_seconds,
                limits.parse_memory_mb,
            ),
        )

    @property
    def rules(self) -> str:
        """The rules by which a document or a file's facts are made, as rows say it."""
        own = f" {self.own}" if self.own else ""
        numbers = (FACTS_VERSION, FIELDS_VERSION, stated.SIGNATURES_VERSION, terms.VERSION)
        return ".".join(map(str, numbers)) + own

    def rules_of(self, status: Status, parser: str) -> str:
        """The rules as the row of a file says it that was read so.

        What was too much is tried again within other limits, and what nobody could read by other
        parsers; so these rows name them.
        """
        if status in OF_LIMITS:
            return f"{self.rules} within {' '.join(f'{limit:g}' for limit in self.limits)}"
        if status is Status.UNSUPPORTED and self.parsers.get(parser) is None:
            return f"{self.rules} by {self._parsers_digest()}"
        return self.rules

    def _parsers_digest(self) -> str:
        text = codec.dumps(dict(sorted(self.parsers.items())))
        return blake3(text.encode()).hexdigest(length=8)

    def is_current(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of ``file`` or ``document`` would be made by the same ones again."""
        version = self.parsers.get(row["parser"], row["parser_version"])
        status = Status(row.get("status", Status.OK))
        return bool(
            version == row["parser_version"]
            and row["rules"] == self.rules_of(status, row["parser"])
        )

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

    def entered(self, head: Head) -> Head:
        """A head that says so."""
        return replace(head, made_by={**head.made_by, **self.values()})
