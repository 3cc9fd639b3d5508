"""What commands that are no syscalls print with ``--json``: types, of which schemas are made."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Initialised(Struct, frozen=True):
    """A folder that is a drive; with ``dry_run``, would be."""

    source: str
    state: str
    dry_run: bool = False


class WouldIndex(Struct, frozen=True):
    """What would be indexed: a folder, whether it is a drive already, and how much is in it."""

    source: str
    state: str
    is_drive: bool
    files: int
    bytes: int
    dry_run: bool = True


class Mounted(Struct, frozen=True):
    """A mount: what talks to the kernel, and why; ``mounted`` is False where it has ended again."""

    source: str
    mountpoint: str
    pid: int
    transport: str
    why: str
    mounted: bool
    dry_run: bool = False


class Unmounted(Struct, frozen=True):
    """A place, and whether something is mounted there."""

    mountpoint: str
    mounted: bool
    dry_run: bool = False


class Unit(Struct, frozen=True):
    """A systemd unit; ``path`` is where it was written, and ``commands`` start it."""

    name: str
    unit: str
    path: str | None
    commands: tuple[str, ...]


class Checks(Struct, frozen=True):
    """What was looked at."""

    checks: tuple[Check, ...]


class Check(Struct, frozen=True):
    """One check.

    Attributes:
        name: what was looked at.
        ok: whether it is well.
        message: what was found.
        fix: the command that mends it; "" where it is well.
        severity: of what is not well: "error" keeps lsfs from working, a "warning" from doing all
            that it can; "" where it is well.
    """

    name: str
    ok: bool
    message: str
    fix: str = ""
    severity: str = ""


class Settings(Struct, frozen=True):
    """Settings by name; ``file`` is where they were written, and "" where they were only read."""

    settings: dict[str, Any]
    file: str = ""
    dry_run: bool = False


class Served(Struct, frozen=True):
    """Where a server answers, and what it wants to be shown."""

    url: str
    token: str = ""


class Trusted(Struct, frozen=True):
    """Whether the settings that came with a folder are obeyed in full, and which wait for it."""

    source: str
    trusted: bool
    settings: tuple[str, ...]


class Manual(Struct, frozen=True):
    """The manual pages that were written."""

    folder: str
    pages: tuple[str, ...]
    dry_run: bool = False


class Models(Struct, frozen=True):
    """The models on this machine."""

    models: tuple[dict[str, Any], ...]
    advised_bytes: int
    placement: dict[str, Any] | None
    roles: dict[str, str]


class ModelsAdvised(Struct, frozen=True):
    """Models and how they would fit this machine, and the memory that there is."""

    models: tuple[dict[str, Any], ...]
    room: dict[str, Any]


class ModelsUsed(Struct, frozen=True):
    """The settings that were changed, and the file they are in."""

    models: dict[str, Any]
    file: str
    dry_run: bool = False
    embedder: str = ""
    dimension: int = 0


class ModelRemoved(Struct, frozen=True):
    """A model's file that was deleted."""

    removed: str
    dry_run: bool = False


class ModelPulled(Struct, frozen=True):
    """A model's file that was fetched."""

    path: str
    bytes: int
    sha256: str
    url: str
    dry_run: bool = False


class Measured(Struct, frozen=True):
    """What ``bench`` measured."""

    model: str
    rows: tuple[dict[str, Any], ...]


class MemberTold(Struct, frozen=True):
    """A member of a team; ``ended`` where the token is good no longer."""

    name: str
    expires: str
    paths: tuple[str, ...]
    verbs: tuple[str, ...]
    ended: bool


class MembersListed(Struct, frozen=True):
    """The members of a team."""

    members: tuple[MemberTold, ...]


class MemberAdded(Struct, frozen=True):
    """A member who was given a token; it is told only here."""

    name: str
    expires: str
    paths: tuple[str, ...]
    verbs: tuple[str, ...]
    token: str


class MemberRemoved(Struct, frozen=True):
    """A member whose token was ended."""

    name: str
