"""How a mount can talk to the kernel, and which way is the best here."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from types import ModuleType

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.fuse import bindings, device

KERNEL = "kernel"
TRANSPORTS = (KERNEL, *bindings.TRANSPORTS)
# The kernel's protocol names files by descriptors that are held open as long as it knows them.
FEWEST_DESCRIPTORS = 16384


class Choice(Struct, frozen=True):
    """A transport, and why it was taken.

    Attributes:
        name: ``kernel``, ``mfusepy`` or ``fusepy``.
        why: in words, for ``lsfs status``.
        module: the binding of a library transport; None for ``kernel``.
    """

    name: str
    why: str
    module: ModuleType | None = None


def choose(wanted: str = "auto") -> Choice:
    """The transport to use.

    Args:
        wanted: one of :data:`TRANSPORTS`, or ``auto`` for the first of them that works here.

    Raises:
        UsageError: the name is unknown, or what it needs is not there.
    """
    if wanted not in ("auto", *TRANSPORTS):
        raise UsageError(
            f"unknown transport {wanted!r}", hint=f"one of: auto, {', '.join(TRANSPORTS)}"
        )
    obstacle = "" if wanted in bindings.TRANSPORTS else _obstacle()
    if wanted == KERNEL and obstacle:
        raise UsageError(f"the transport kernel is not possible here: {obstacle}")
    if wanted in ("auto", KERNEL) and not obstacle:
        return Choice(KERNEL, "asked for" if wanted == KERNEL else "the fastest, and possible here")
    name, module = bindings.load(wanted)
    return Choice(name, "asked for" if wanted == name else f"kernel: {obstacle}", module)


def _obstacle() -> str:
    """Why the transport ``kernel`` is not possible here; "" when it is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FEWEST_DESCRIPTORS:
        return f"only {most} open files are allowed (ulimit -Hn), {FEWEST_DESCRIPTORS} are needed"
    return device.why_not()


def raise_descriptor_limit() -> int:
    """Allow this process as many open files as it may have; gives how many.

    Folders that the kernel knows take one each, up to half of them; root may have more than usual.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        highest = int(Path("/proc/sys/fs/nr_open").read_text(encoding="ascii"))
        if most < highest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
            return highest
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
