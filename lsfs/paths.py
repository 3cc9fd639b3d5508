"""Where things are: the state of a drive, the user's directories, and paths inside a drive."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lsfs.errors import AccessDenied, NotFound, StateUnwritable, UsageError

APP = "lsfs"
MOUNT_ATTRIBUTE = "user.lsfs.mount"  # of a mount's root: says where the drive's state is
SOCKET_PATH_MAX = 104  # sun_path holds 108 bytes, and some systems fewer


class StatePaths(Struct, frozen=True):
    """The state directory of one drive, 0700, outside the source and the mount.

    Attributes:
        root: the directory itself.
    """

    root: Path

    @property
    def history(self) -> Path:
        """The event journal: what happened, and what was captured before it did."""
        return self.root / "history.sqlite"

    @property
    def versions(self) -> Path:
        """What the journal adds up to: which versions each path had."""
        return self.root / "versions.sqlite"

    @property
    def versions_copy(self) -> Path:
        """A copy of it, verified when it was made."""
        return self.root / "versions.copy"

    @property
    def versions_notes(self) -> Path:
        """What it was told since then that the journal does not say."""
        return self.root / "versions.notes"

    @property
    def reserve(self) -> Path:
        """Room on the disk for giving versions up when there is no other."""
        return self.root / "reserve"

    @property
    def objects(self) -> Path:
        """The contents of old versions, in chunks."""
        return self.root / "objects"

    @property
    def incoming(self) -> Path:
        """Contents that were kept in haste, until they are cut into chunks."""
        return self.root / "objects" / "incoming"

    @property
    def catalog(self) -> Path:
        """Files, documents, passages, full-text index: the truth about the present."""
        return self.root / "catalog.sqlite"

    @property
    def vectors(self) -> Path:
        """The LanceDB database of passage vectors; rebuildable."""
        return self.root / "vectors.lance"

    @property
    def kv(self) -> Path:
        """What the language model made of passages; can be made again."""
        return self.root / "kv"

    @property
    def scans(self) -> Path:
        """Pages of scans that are not read to their end; can be made again."""
        return self.root / "scans"

    @property
    def files(self) -> Path:
        """The files of a shared library, of which those that were read hold their bytes."""
        return self.root / "files"

    @property
    def summaries(self) -> Path:
        """What summaries are made of, by content; can be made again."""
        return self.root / "summaries.sqlite"

    @property
    def conversations(self) -> Path:
        """What later questions can refer to: a file for each conversation."""
        return self.root / "conversations"

    @property
    def audit(self) -> Path:
        """Who called what that changes something: a chained log."""
        return self.root / "audit.log"

    @property
    def path_locks(self) -> Path:
        """JSON: which paths clients have locked, and until when."""
        return self.root / "locks.json"

    @property
    def shares(self) -> Path:
        """JSON: which paths are shared, and until when; the key that signs the links is beside."""
        return self.root / "shares.json"

    @property
    def members(self) -> Path:
        """JSON: who may use the drive as it is served to a team, and until when."""
        return self.root / "members.json"

    @property
    def config(self) -> Path:
        """The drive's own settings."""
        return self.root / "config.toml"

    @property
    def history_lock(self) -> Path:
        """Held (flock) by the process that writes the history: fs while the drive is mounted."""
        return self.root / "history.lock"

    @property
    def catalog_lock(self) -> Path:
        """Held (flock) by the process that writes the catalog and the vectors."""
        return self.root / "catalog.lock"

    @property
    def socket(self) -> Path:
        """Unix socket of the brain; elsewhere when the state's path is too long for one."""
        path = self.root / "rpc.sock"
        if len(os.fsencode(path)) < SOCKET_PATH_MAX:
            return path
        from blake3 import blake3

        digest = blake3(os.fsencode(self.root)).hexdigest(length=8)
        import tempfile

        return Path(tempfile.gettempdir()) / f"lsfs-{os.getuid()}" / f"{digest}.sock"

    @property
    def mount_record(self) -> Path:
        """JSON: who has mounted the drive where; absent when nobody has."""
        return self.root / "mount.json"

    @property
    def source_record(self) -> Path:
        """JSON: which folder this state belongs to."""
        return self.root / "source.json"

    @property
    def log(self) -> Path:
        """What the two processes of a mounted drive have to say."""
        return self.root / "lsfs.log"

    def create(self) -> None:
        """Make the directory, readable by its owner alone.

        Raises:
            StateUnwritable: that is not possible.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_mode & 0o777 != 0o700:
                self.root.chmod(0o700)
        except OSError as error:
            raise StateUnwritable(f"cannot write {self.root}: {error.strerror}") from error


def user_data() -> Path:
    """Where states live: ``$XDG_DATA_HOME/lsfs``."""
    return _of_user("XDG_DATA_HOME", "~/.local/share")


def user_cache() -> Path:
    """Where things that can be made again live: ``$XDG_CACHE_HOME/lsfs``."""
    return _of_user("XDG_CACHE_HOME", "~/.cache")


def user_config() -> Path:
    """The user's settings: ``$XDG_CONFIG_HOME/lsfs/config.toml``."""
    return _of_user("XDG_CONFIG_HOME", "~/.config") / "config.toml"


def _of_user(variable: str, default: str) -> Path:
    """A folder of the user's, as the XDG base directory specification has it."""
    given = os.environ.get(variable, "").strip()
    # "All paths set in these environment variables must be absolute"; others are ignored.
    return Path(given if given.startswith("/") else default).expanduser() / APP


def source_folder(source: str | os.PathLike[str]) -> Path:
    """The real path of a folder that is to be a drive.

    A symbolic link is resolved once, here, so that one folder has one state.

    Raises:
        NotFound: there is nothing at the path, or it is no folder.
        AccessDenied: it cannot be listed.
    """
    path = Path(source).expanduser()
    try:
        real = path.resolve(strict=True)
    except FileNotFoundError:
        raise NotFound(f"no such folder: {path}", hint="check the spelling") from None
    except PermissionError:
        raise AccessDenied(f"cannot reach {path}", hint="check its permissions") from None
    if not real.is_dir():
        raise NotFound(f"not a folder: {path}", hint="a drive is made from a folder")
    if not os.access(real, os.R_OK | os.X_OK):
        raise AccessDenied(f"cannot read the folder {path}", hint="check its permissions")
    return real


def state_of(source: Path, override: str | os.PathLike[str] | None = None) -> StatePaths:
    """The state directory of the drive whose source is ``source`` (a real path).

    Args:
        override: use this directory instead of the default one.

    Raises:
        UsageError: the state would lie inside the source.
    """
    from blake3 import blake3

    if override:
        root = Path(override).expanduser().resolve()
    else:
        digest = blake3(os.fsencode(source)).hexdigest(length=8)
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in source.name) or "root"
        root = user_data() / "drives" / f"{safe[:40]}-{digest}"
    if root == source or source in root.parents:
        raise UsageError(
            f"the state directory {root} lies inside the drive {source}",
            hint="choose another one with --state DIR",
        )
    return StatePaths(root)


def state_of_library(uri: str, override: str | os.PathLike[str] | None = None) -> StatePaths:
    """The state directory for a shared library, in which its files are laid out, too.

    Args:
        override: use this directory instead of the default one.
    """
    from blake3 import blake3

    if override:
        return StatePaths(Path(override).expanduser().resolve())
    name = PurePosixPath(uri).name
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name) or "library"
    digest = blake3(os.fsencode(uri)).hexdigest(length=8)
    return StatePaths(user_data() / "drives" / f"{safe[:40]}-{digest}")


def relative(path: str | os.PathLike[str]) -> str:
    """A path inside a drive in its one spelling: no leading slash, no ``.``; "" is the root.

    Raises:
        UsageError: the path climbs out with ``..`` or holds a NUL.
    """
    text = os.fspath(path)
    parts = [part for part in PurePosixPath(text).parts if part not in ("/", "//", ".")]
    if ".." in parts or "\0" in text:
        raise UsageError(f"not a path inside the drive: {text!r}")
    return "/".join(parts)
