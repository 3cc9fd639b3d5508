"""Tells systemd how a service is doing (sd_notify(3)); does nothing where none asked for it."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger("lsfs.fuse.sd_notify")

VARIABLE = "NOTIFY_SOCKET"


def notify(*facts: str) -> bool:
    """Send assignments such as ``READY=1`` or ``STATUS=text``.

    Args:
        facts: one line each; line breaks in them become spaces.

    Returns:
        whether they were sent.
    """
    address = os.environ.get(VARIABLE, "")
    if address[:1] not in ("/", "@"):
        return False
    # An abstract name begins with a NUL, which the environment writes as @.
    name = os.fsencode(address)
    name = b"\0" + name[1:] if name.startswith(b"@") else name
    message = "\n".join(" ".join(fact.splitlines()) for fact in facts)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            # Not for ever: a mount does not stop serving because nobody reads its news.
            sender.settimeout(1.0)
            sender.sendto(message.encode("utf-8", "backslashreplace"), name)
    except OSError as error:
        log.warning("systemd was not told (%s): %s", message, error)
        return False
    return True
