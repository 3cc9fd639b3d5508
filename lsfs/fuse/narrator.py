"""Tells a person what becomes of a mount: in its log, and to systemd where it is a service."""

from __future__ import annotations

import logging
import os
import threading

from lsfs.fuse import sd_notify
from lsfs.fuse.record import MountInfo

log = logging.getLogger("lsfs.fuse")


class Narrator:
    """The story of one mount. Its methods never fail."""

    def __init__(self) -> None:
        self._info: MountInfo | None = None
        self._brains = 0

    def mounted(self, info: MountInfo) -> None:
        """The kernel has accepted the mount."""
        self._info = info
        log.info(
            "mounted %s on %s through %s%s (process %d)",
            info.source, info.mountpoint, info.transport,
            ", read only" if info.read_only else "", info.pid,
        )  # fmt: skip
        if os.environ.get(sd_notify.VARIABLE):
            threading.Thread(
                target=self._ready, args=(info,), name="lsfs-ready", daemon=True
            ).start()

    def _ready(self, info: MountInfo) -> None:
        """Say so once the mount answers; only another thread than the serving one can ask it."""
        try:
            with os.scandir(info.mountpoint) as entries:
                next(entries, None)
        except OSError as error:
            log.warning("%s does not answer: %s", info.mountpoint, error.strerror)
            return
        sd_notify.notify("READY=1")
        # The brain may have come up meanwhile, which is the newer news.
        if not self._brains:
            self._status("files are served")

    def brain_is(self, pid: int | None) -> None:
        """The brain has started, or ended."""
        if pid is None:
            self._status("files are served; the index is being restarted")
            return
        self._brains += 1
        again = " again" if self._brains > 1 else ""
        log.info("the brain, which indexes, was started%s (process %d)", again, pid)
        self._status("files are served and indexed")

    def unmounted(self) -> None:
        """The mount is gone, if it ever was there."""
        info = self._info
        if info is None:
            return
        log.info("unmounted %s; what was written is in %s", info.mountpoint, info.source)
        sd_notify.notify("STOPPING=1", f"STATUS=unmounted {info.mountpoint}")

    def _status(self, state: str) -> None:
        info = self._info
        if info is not None:
            text = f"{info.source} on {info.mountpoint} ({info.transport}): {state}"
            sd_notify.notify(f"STATUS={text}")
