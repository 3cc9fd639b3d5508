"""Which addresses a model may be fetched from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from lsfs.errors import UsageError


def check_address(url: str) -> None:
    """See that an address is of HTTPS, or of this machine.

    Raises:
        UsageError: it is not.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return
    raise UsageError(f"{url!r} is not fetched: not HTTPS", hint="give an https:// address")


def is_loopback(host: str) -> bool:
    """Whether a host is an address of this machine, as numbers: names may lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
