"""A systemd user unit that mounts a drive at login."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

import lsfs
from lsfs.errors import LockHeld, NotFound, UsageError
from lsfs.fuse import mounts
from lsfs.paths import source_folder

# What decides where lsfs finds itself, its settings and its states. LSFS_STATE is an option.
_NEEDED = re.compile(
    r"LSFS_(?!STATE$)\w+|XDG_(DATA|CONFIG|CACHE|STATE)_HOME|PYTHONPATH|FUSE_LIBRARY_\w+"
)
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_UNSAFE = {*map(chr, range(0x20)), *map(chr, range(0xDC80, 0xDD00)), *"\"'\\\x7f"}
ENV = "/usr/bin/env"
_NAME_MAX = 200  # systemd takes 255 bytes, and there is "lsfs-" and ".service"


class Unit(Struct, frozen=True):
    """A drive as a service.

    Attributes:
        source: the real folder.
        mountpoint: where it is mounted, absolute.
        program: the command ``lsfs``, the first word an absolute path.
        name: what the unit is called after ``lsfs-``.
        transport: as for ``lsfs mount``.
        state: the drive's state, when not in its default place.
        environment: variables that the program needs.
    """

    source: Path
    mountpoint: Path
    program: tuple[str, ...]
    name: str
    transport: str = "auto"
    state: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The name that ``systemctl --user`` knows it by."""
        return f"lsfs-{self.name}.service"

    @property
    def text(self) -> str:
        """The unit file."""
        state = ["--state", os.fspath(self.state)] if self.state else []
        mount = [*self.program, "mount", "--foreground", "--transport", self.transport, *state]
        umount = [*self.program, "umount"]
        place = os.fspath(self.mountpoint)
        source = os.fspath(self.source)
        lines = [
            "[Unit]",
            f"Description={_words(f'lsfs: {source} on {place}')}",
            "StartLimitIntervalSec=60",
            "StartLimitBurst=5",
            "",
            "[Service]",
            "# Started when the mount answers. NoNewPrivileges and the like would keep the setuid",
            "# helper fusermount3 from mounting.",
            "Type=notify",
            "NotifyAccess=main",
            *(f"Environment={quoted(f'{k}={v}')}" for k, v in sorted(self.environment.items())),
            f"ExecStart={_command([*mount, '--', source, place])}",
            f"ExecStop={_command([*umount, '--', place])}",
            "# What a killed process has left; nothing, as a rule.",
            f"ExecStopPost=-{_command([*umount, '--stale', '--', place])}",
            "Restart=on-failure",
            "RestartSec=2",
            "# Wrong usage does not mend itself.",
            "RestartPreventExitStatus=2",
            "# Only the process that serves the files is told to end; it ends the brain.",
            "KillMode=mixed",
            "TimeoutStopSec=40",
            "",
            "[Install]",
            "WantedBy=default.target",
        ]
        return "\n".join(lines) + "\n"


def unit_of(
    source: str | os.PathLike[str],
    mountpoint: str | os.PathLike[str],
    *,
    transport: str = "auto",
    state: str | None = None,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Unit:
    """The unit for a drive.

    Args:
        name: what to call it; by default after the mountpoint.
        environment: where needed variables are taken from; this process's by default.

    Raises:
        NotFound, AccessDenied: source or mountpoint is no folder.
        UsageError: the name cannot be a unit's.
    """
    folder = source_folder(source)
    # Not resolved: a mount whose process was killed may be on it.
    place = Path(os.path.abspath(Path(mountpoint).expanduser()))  # noqa: PTH100
    if not mounts.is_stale(place) and not place.is_dir():
        raise NotFound(f"no such folder: {place}", hint="make it first")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9:_.-]+", name):
        raise UsageError(
            f"{name!r} cannot be part of a unit's name", hint="use letters, digits and : _ . -"
        )
    given = os.environ if environment is None else environment
    needed = {key: value for key, value in given.items() if _NEEDED.fullmatch(key)}
    program, extra = _program()
    return Unit(
        folder,
        place,
        program,
        (name or _name_of(place))[:_NAME_MAX],
        transport,
        Path(state).expanduser().absolute() if state else None,
        {**needed, **extra},
    )


def install(unit: Unit, folder: Path | None = None) -> Path:
    """Write a unit where systemd looks for the user's; gives its path.

    Args:
        folder: write it there instead.

    Raises:
        LockHeld: a unit of this name mounts something else.
    """
    place = folder or user_units()
    path = place / unit.file_name
    stop = next(line for line in unit.text.splitlines() if line.startswith("ExecStopPost="))
    stop = stop.partition(" umount ")[2]
    if path.exists() and stop not in path.read_text(encoding="utf-8", errors="surrogateescape"):
        raise LockHeld(f"{path} mounts another drive", hint="choose another name with --name")
    place.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(unit.text, encoding="utf-8", errors="surrogateescape")
    draft.replace(path)
    return path


def user_units() -> Path:
    """Where systemd looks for units that a user wrote."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(home) / "systemd" / "user"


def quoted(word: str) -> str:
    """One word as systemd reads it in a list: quotes, C escapes, and % for itself."""
    if _PLAIN.fullmatch(word):
        return word
    text = "".join(map(_escaped, word)).replace("%", "%%")
    return f'"{text}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python holds it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x20 or code == 0x7F else character


def _command(words: list[str]) -> str:
    # systemd takes no program with quotes or such in its path, as an argument it does.
    program, *arguments = [*([ENV] if set(words[0]) & _UNSAFE else []), *words]
    # $ would name a variable, in and out of quotes. The program itself is not looked at for one.
    return " ".join([quoted(program), *(quoted(word).replace("$", "$$") for word in arguments)])


def _words(text: str) -> str:
    """Text for a setting that is not split into words."""
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable.replace("%", "%%").removesuffix("\\")


def _name_of(mountpoint: Path) -> str:
    """The mountpoint below the home as part of a unit's name."""
    home = Path.home()
    inside = mountpoint.relative_to(home) if home in mountpoint.parents else mountpoint
    text = "-".join(part for part in inside.parts if part != "/")
    return re.sub(r"[^A-Za-z0-9:_.-]", "_", text) or "root"


def _program() -> tuple[tuple[str, ...], dict[str, str]]:
    """The command ``lsfs`` by its absolute path, and what it needs to find its code."""
    installed = Path(sys.executable).with_name("lsfs")
    root = Path(lsfs.__file__).parent.parent
    if "site-packages" in root.parts or _is_editable(root):
        if installed.exists():
            return (os.fspath(installed),), {}
        return (sys.executable, "-P", "-m", "lsfs_cli"), {}
    roots = [root, root / "parsers", root / "cli"]
    return (sys.executable, "-P", "-m", "lsfs_cli"), {"PYTHONPATH": ":".join(map(str, roots))}


def _is_editable(root: Path) -> bool:
    """Whether this Python finds the source tree without being told to."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    told = {Path(path or ".").absolute() for path in paths} | {Path.cwd()}
    return root in map(Path, sys.path) and root not in told
