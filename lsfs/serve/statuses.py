"""Errors of lsfs as HTTP says them."""

from __future__ import annotations

from lsfs.errors import (
    AccessDenied,
    AlreadyThere,
    ConfirmationRequired,
    LockHeld,
    LsfsError,
    ModelError,
    NotFound,
    ParseError,
    StateUnwritable,
    TooLarge,
    UsageError,
    VersionConflict,
)
from lsfs.serve.turns import Refused
from lsfs.serve.working import Ending, TookTooLong

_STATUS: tuple[tuple[type[LsfsError], int], ...] = (
    (AlreadyThere, 409), (UsageError, 400), (AccessDenied, 403), (NotFound, 404), (LockHeld, 503),
    (VersionConflict, 409), (ConfirmationRequired, 409), (TooLarge, 413), (ParseError, 422),
    (ModelError, 502), (TookTooLong, 504), (Ending, 503), (StateUnwritable, 507),
)  # fmt: skip


def status_of(error: Exception) -> int:
    """The status of an answer that says an error; 500 for what is none of ours."""
    if isinstance(error, Refused):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
