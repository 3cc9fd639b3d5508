"""muGAT's context adapter: a page and its neighbours, distilled into a few tokens.

Names and shapes of the parameters are those of the published checkpoints, so that these load as
they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from msgspec import Struct
from torch import Tensor, nn

PAGES = 3  # the previous, the current and the next one


class AdapterShape(Struct, frozen=True):
    """The sizes of an adapter; those of the published one are the defaults.

    Attributes:
        layers: how many perceiver layers.
        tokens: how many context tokens come out.
        page_tokens: how many tokens the encoder makes of a page.
        width: channels of a token.
        hidden: channels within the feed-forward part.
        heads: attention heads.
    """

    layers: int = 2
    tokens: int = 4
    page_tokens: int = 588
    width: int = 1024
    hidden: int = 2048
    heads: int = 1

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], heads: int = 1) -> AdapterShape:
        """The shape of an adapter with these parameters; their number of heads does not show.

        Raises:
            KeyError: they are not an adapter's.
        """
        _, tokens, width = weights["queries"].shape
        return cls(
            layers=1 + max(int(n.split(".")[1]) for n in weights if n.startswith("transformer.")),
            tokens=tokens,
            page_tokens=weights["intra_page_embeddings"].shape[1],
            width=width,
            hidden=weights["transformer.0.ff.0.weight"].shape[0],
            heads=heads,
        )


class PerceiverLayer(nn.Module):
    """One round in which the context tokens look at the three pages.

    Attention and feed-forward part stand side by side, not one behind the other, and each norm runs
    over sequence and channels together: a token's scale depends on what else stands on the pages.
    """

    def __init__(self, shape: AdapterShape) -> None:
        super().__init__()
        width, latent = shape.width, (shape.tokens, shape.width)
        self.q_projection = nn.Linear(width, width)
        self.k_projection = nn.Linear(width, width)
        self.v_projection = nn.Linear(width, width)
        self.norm1q = nn.LayerNorm(latent)
        self.norm1kv = nn.LayerNorm((PAGES * shape.page_tokens, width))
        self.norm2 = nn.LayerNorm(latent)
        self.attention = nn.MultiheadAttention(width, shape.heads, batch_first=True)
        self.ff = nn.Sequential(
            nn.Linear(width, shape.hidden), nn.GELU(), nn.Linear(shape.hidden, width)
        )

    def forward(self, latent: Tensor, pages: Tensor) -> Tensor:
        """The context tokens [B, n, d] after a look at ``pages`` [B, 3T, d]."""
        seen = self.norm1kv(pages)
        attended, _ = self.attention(
            self.q_projection(self.norm1q(latent)),
            self.k_projection(seen),
            self.v_projection(seen),
            need_weights=False,
        )
        return latent + attended + self.ff(self.norm2(latent))


class ContextAdapter(nn.Module):
    """Makes context tokens of three encoded pages."""

    def __init__(self, shape: AdapterShape) -> None:
        super().__init__()
        self.shape = shape
        self.page_embeddings = nn.Parameter(torch.randn(1, PAGES, shape.width))
        self.intra_page_embeddings = nn.Parameter(torch.randn(1, shape.page_tokens, shape.width))
        self.queries = nn.Parameter(torch.zeros(1, shape.tokens, shape.width))
        self.transformer = nn.ModuleList(PerceiverLayer(shape) for _ in range(shape.layers))

    def forward(self, pages: Sequence[Tensor]) -> Tensor:
        """The context tokens [B, n, d] of the previous, current and next page, each [B, T, d]."""
        placed = [
            page + self.page_embeddings[:, number : number + 1] + self.intra_page_embeddings
            for number, page in enumerate(pages)
        ]
        seen = torch.cat(placed, dim=1)
        latent = self.queries.expand(seen.shape[0], -1, -1)
        for layer in self.transformer:
            latent = layer(latent, seen)
        return latent
