"""What a client may do: by which verbs, on which paths, in whose name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from lsfs import codec
from lsfs.errors import UsageError
from lsfs.globs import globbed
from lsfs.safety.readers import Reader

VERBS = ("read", "search", "write", "delete")


class Grant(Struct, frozen=True):
    """What a client may do; :mod:`lsfs.syscalls.gate` is where it is held.

    A path is granted when a pattern matches it or a folder that it lies in; so ``Notes``,
    ``Notes/**`` and ``Not*`` all grant everything in ``Notes``, and ``**/*.md`` grants notes
    wherever they are. Behind a ``=`` a path stands for itself, whatever characters it has.

    Attributes:
        paths: globs relative to the drive (``*`` within a name, ``**`` across folders); empty
            grants every path.
        verbs: ``read`` (files, listings, versions), ``search`` (everything that is asked of the
            index), ``write`` (changes that are kept as versions), ``delete`` (what is destructive),
            or names of syscalls; empty grants every verb.
        reader: only what this user of the machine may read; None asks nothing of the kind.
        within: a grant that has to allow it as well.
    """

    paths: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    reader: Reader | None = None
    within: Grant | None = None

    def __post_init__(self) -> None:
        for pattern in self.paths:
            parts = pattern.removeprefix("=").split("/")
            if not parts[0] or pattern.startswith(("/", "~")) or ".." in parts or "\0" in pattern:
                raise UsageError(
                    f"{pattern!r} is no pattern of paths in a drive",
                    hint="give it relative to the drive, as in 'Notes/**'",
                )

    @property
    def is_limited(self) -> bool:
        """Whether there may be files that it does not show."""
        own = bool(self.paths) or self.reader is not None
        return own or (self.within is not None and self.within.is_limited)

    @property
    def is_full(self) -> bool:
        """Whether it allows everything."""
        return self == FULL

    @property
    def key(self) -> str:
        """A name for what it allows, the same for equal grants."""
        return hashlib.blake2b(codec.dumps(self).encode("ascii"), digest_size=8).hexdigest()

    def allows(self, verb: str, syscall: str) -> bool:
        """Whether a verb, or the syscall by name, is granted."""
        own = not self.verbs or verb in self.verbs or syscall in self.verbs
        return own and (self.within is None or self.within.allows(verb, syscall))

    def shows(self, path: str) -> bool:
        """Whether a path, with everything below it, is granted by the patterns.

        Args:
            path: relative to the drive in its one spelling; "" is the drive itself.
        """
        if self.within is not None and not self.within.shows(path):
            return False
        if not self.paths:
            return True
        matches = _matcher(self.paths)
        parts = path.split("/") if path else []
        return any(matches("/".join(parts[: n + 1])) for n in range(len(parts)))

    def leads_on(self, path: str) -> bool:
        """Whether a folder that is not granted may be looked into, for what is granted below."""
        if self.within is not None and not (self.within.leads_on(path) or self.within.shows(path)):
            return False
        if not self.paths or not path:
            return True
        return any(_leads(pattern, path) for pattern in self.paths)

    def readers(self) -> tuple[Reader, ...]:
        """The users whose permissions count."""
        own = () if self.reader is None else (self.reader,)
        return own if self.within is None else (*own, *self.within.readers())

    def narrowed(self, other: Grant) -> Grant:
        """What both allow."""
        if self.is_full:
            return other
        if other.is_full:
            return self
        inner = self if other.within is None else self.narrowed(other.within)
        return Grant(other.paths, other.verbs, other.reader, inner)


FULL = Grant()


def literal(path: str) -> str:
    """The pattern of one path, which is not empty."""
    return f"={path}"


@lru_cache(maxsize=64)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    exact = {pattern[1:] for pattern in patterns if pattern.startswith("=")}
    rest = [pattern.removesuffix("/**") for pattern in patterns if not pattern.startswith("=")]
    matches = globbed(rest)
    return lambda path: path in exact or matches(path)


def _leads(pattern: str, path: str) -> bool:
    """Whether a folder stands on the way to what a pattern matches, as far as names are given."""
    if pattern.startswith("="):
        return pattern[1:].startswith(path + "/")
    wanted, _, _ = pattern.removesuffix("/**").partition("**")
    names, parts = wanted.rstrip("/").split("/"), path.split("/")
    return len(parts) < len(names) and _matcher(("/".join(names[: len(parts)]),))(path)
