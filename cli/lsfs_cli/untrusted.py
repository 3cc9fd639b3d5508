"""Text that came from files, made harmless for a terminal."""

from __future__ import annotations

from lsfs.untrusted import safe as safe
