"""The ways in which a drive can be mounted, each of which is tested."""

from __future__ import annotations

from typing import Any

from lsfs.config import MountConfig

TRANSPORTS = ("kernel", "mfusepy", "fusepy")
# Without the rights for it, or before Linux 6.9, contents go through the process.
COPYING = "kernel, copying"
ALL_WAYS = (*TRANSPORTS, COPYING)


def config_of(way: str, **options: Any) -> MountConfig:
    """The settings of a way."""
    transport, _, copying = way.partition(", ")
    return MountConfig(transport=transport, passthrough=not copying, **options)
