"""Text that came from files, made harmless for a terminal: see :mod:`lsfs.untrusted`."""

from lsfs.untrusted import safe

__all__ = ["safe"]
