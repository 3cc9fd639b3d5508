"""How much memory this machine has, has free, and how hard it is pressed for it."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct, field

_SOME = "some"


def _own_group() -> Path:
    """The folder of the control group (version 2) of this process; its root where there is none."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return root
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    return root / path if (root / path).is_dir() else root


class Sources(Struct, frozen=True):
    """Where the kernel tells; other places in tests.

    Attributes:
        meminfo: what there is, and what could be had.
        pressure: how long programs waited for memory (PSI).
        group: the folder of the control group that limits this process.
    """

    meminfo: Path = Path("/proc/meminfo")
    pressure: Path = Path("/proc/pressure/memory")
    group: Path = field(default_factory=_own_group)

    def total(self) -> int:
        """Bytes that this process may come to use: the machine's, or less in a container."""
        everything = self._meminfo("MemTotal:")
        if everything is None:
            everything = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        limit = self._number("memory.max")
        return everything if limit is None else min(everything, limit)

    def available(self) -> int | None:
        """Bytes that can be had without swapping; None where the system does not say."""
        free = self._meminfo("MemAvailable:")
        limit, used = self._number("memory.max"), self._number("memory.current")
        if limit is None or used is None:
            return free
        # What is cached of files counts as used by the group, and is given back when needed.
        left = max(0, limit - used) + self._cached()
        return left if free is None else min(free, left)

    def waiting(self) -> float:
        """Of the last ten seconds, the share in percent in which some program waited for memory;
        0 where the kernel does not tell."""
        try:
            lines = self.pressure.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return 0.0
        for line in lines:
            kind, *values = line.split()
            told = dict(value.split("=", 1) for value in values if "=" in value)
            if kind == _SOME and "avg10" in told:
                return float(told["avg10"])
        return 0.0

    def _meminfo(self, name: str) -> int | None:
        try:
            lines = self.meminfo.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return None
        found = [line.split() for line in lines if line.startswith(name)]
        return int(found[0][1]) * 1024 if found else None

    def _cached(self) -> int:
        try:
            lines = (self.group / "memory.stat").read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return 0
        found = dict(line.split(" ", 1) for line in lines if " " in line)
        return int(found.get("inactive_file", 0))

    def _number(self, name: str) -> int | None:
        """A number of the control group; None where there is none, as for "max"."""
        try:
            return int((self.group / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


MACHINE = Sources()
