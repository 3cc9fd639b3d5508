"""Takes the file system from this process, where the kernel can (Linux 5.13, landlock(7)).

A parser gets its file as an open descriptor. By name it may then open what Python and the programs
that it starts consist of, and nothing else: not the user's files, and nothing for writing.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_VERSION = 1  # flag: tell the version instead
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

# <linux/landlock.h>, by the version of the interface that brought each.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FILE_SYSTEM = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_NETWORK = {4: (1 << 2) - 1}  # to bind and to connect
_SCOPES = {6: (1 << 2) - 1}  # abstract sockets and signals to processes that are not confined too

_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/nix/store", "/gnu/store")
_SETTINGS = ("/etc/ld.so.cache", "/etc/localtime", "/etc/magic", "/etc/mime.types", "/etc/fonts")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_KNOWN_BY_VARIABLE = ("TESSDATA_PREFIX", "LD_LIBRARY_PATH", "PATH", "MAGIC")


def forsake_files(readable: Iterable[str] = ()) -> bool:
    """Confine this process and what it starts for the rest of their lives.

    Args:
        readable: folders that may be read all the same.

    Returns:
        Whether the kernel does it; where it does not know how, all stays as it was.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    handled = struct.pack(
        "=QQQ", _known(_FILE_SYSTEM, version), _known(_NETWORK, version), _known(_SCOPES, version)
    )
    # An older kernel takes a longer structure as long as what it does not know is zero.
    ruleset = libc.syscall(_CREATE_RULESET, handled, len(handled), 0)
    if ruleset < 0:
        return False
    try:
        for path, access in _needed():
            _allow(libc, ruleset, path, access)
        for path in _entries(readable):
            _allow(libc, ruleset, path, _READ_FILE | _READ_DIR)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return int(libc.syscall(_RESTRICT_SELF, ruleset, 0)) == 0
    finally:
        os.close(ruleset)


def _known(rights: dict[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= version)


def _needed() -> Iterator[tuple[str, int]]:
    """What is opened by name after all: modules, libraries, programs with their data."""
    places = {*_SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, *_entries(sys.path)}
    for name in _KNOWN_BY_VARIABLE:
        places |= set(_entries(os.environ.get(name, "").split(os.pathsep)))
    yield from ((place, _EXECUTE | _READ_FILE | _READ_DIR) for place in sorted(places))
    yield from ((place, _READ_FILE) for place in (*_SETTINGS, "/proc/self/maps"))
    yield from ((device, _READ_FILE | _WRITE_FILE) for device in _DEVICES)


def _entries(paths: Iterable[str]) -> Iterator[str]:
    return (os.path.realpath(path) for path in paths if path.startswith("/"))


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    with suppress(OSError):  # not on every system
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):  # noqa: PTH112  of what was opened, once for each entry
                access &= ~_READ_DIR
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", access, place), 0)
        finally:
            os.close(place)
