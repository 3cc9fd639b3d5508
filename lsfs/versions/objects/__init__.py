"""The content-addressed store of old versions: ``objects/`` of a drive's state.

It knows nothing of paths or versions. ``packs/`` holds append-only files of records that describe
themselves, which are the truth; ``index.sqlite`` says where each record is, and can be made again.
"""

from lsfs.versions.objects.reading import Content
from lsfs.versions.objects.store import ObjectStore
from lsfs.versions.objects.values import Damage, DamageKind, Put, Swept, Usage

__all__ = ["Content", "Damage", "DamageKind", "ObjectStore", "Put", "Swept", "Usage"]
