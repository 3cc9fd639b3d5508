"""Which rows of an attention state are kept for a question: policies behind one interface."""

from __future__ import annotations

from lsfs.errors import UsageError
from lsfs.llm.policies.blocks import InfLlm, ShadowKv
from lsfs.llm.policies.clusters import A2ats, Squeezed, SqueezedLevels
from lsfs.llm.policies.edges import Full, Infinite, Streaming
from lsfs.llm.policies.hierarchy import Hip
from lsfs.llm.policies.interface import (
    BLOCK,
    RECENT,
    SINKS,
    Index,
    Policy,
    Scene,
    Text,
    Watched,
)
from lsfs.llm.policies.looked import Contrast, Hybrid, HybridHeads, Snap, SnapHeads
from lsfs.llm.policies.pages import LServe, Quest
from lsfs.llm.policies.surprise import SirLlm, Xl3m

__all__ = [
    "BLOCK",
    "DEFAULT",
    "POLICIES",
    "RECENT",
    "SINKS",
    "Contrast",
    "Hybrid",
    "Index",
    "Policy",
    "Scene",
    "Snap",
    "Streaming",
    "Text",
    "Watched",
    "policy",
]

_ALL: tuple[Policy, ...] = (
    *(Full(), Streaming(), Infinite(), SirLlm(), Xl3m(), InfLlm(), Squeezed(), SqueezedLevels()),
    *(A2ats(), Quest(), LServe(), Hip(), ShadowKv(), Snap(), SnapHeads(), Contrast(), Hybrid()),
    HybridHeads(),
)
POLICIES = {policy.name: policy for policy in _ALL}
DEFAULT = "hybrid-heads"  # wins in docs/laboratory.md


def policy(name: str) -> Policy:
    """The policy of a name.

    Raises:
        UsageError: there is none.
    """
    found = POLICIES.get(name)
    if found is None:
        raise UsageError(f"no policy {name}", hint=f"one of: {', '.join(POLICIES)}")
    return found
