"""ResT-Lite (Zhang & Yang 2021, "ResT: An efficient transformer for visual recognition", NeurIPS).

Four stages at 1/4, 1/8, 1/16, 1/32 with 64, 128, 256, 512 channels and two blocks each (table 1 of the paper;
10.49 M parameters with its classifier, 1.4 G products at 224 × 224). Attention looks at keys and values of a
map reduced 8, 4, 2, 1 times (equations 2-4), its heads (1, 2, 4, 8) are mixed before the softmax and their
weights normalised after it, and positions enter as a gate on every stage's input (equation 6).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from whence.aerial.models.backbones.pyramid import Backbone, no_weights
from whence.aerial.models.blocks import convolution

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["ReducedAttention", "RestLite", "rest_lite"]

_WIDTHS = (64, 128, 256, 512)
_HEADS = (1, 2, 4, 8)
_REDUCED = (8, 4, 2, 1)
_BLOCKS = 2
_HIDDEN = 4  # times the width, in the feed-forward part


class ReducedAttention(nn.Module):
    """Attention of maps (B, C, h, w) to themselves, reduced: equations 2-4 of the paper.

    Parameters
    ----------
    width
        C.
    heads
        Of the attention.
    reduced
        How many times keys and values are coarser along each side.
    """

    def __init__(self, width: int, *, heads: int, reduced: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.merge = nn.Linear(width, width)
        self.reduce: nn.Module | None = None
        if reduced > 1:
            self.reduce = nn.Conv2d(
                width, width, reduced + 1, stride=reduced, padding=reduced // 2, groups=width
            )
            self.norm = nn.LayerNorm(width)
            self.mix = nn.Conv2d(heads, heads, 1)
            self.spread = nn.InstanceNorm2d(heads)

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """Tokens (B, h·w, C) of a map of `size` (h, w) -> (B, h·w, C)."""
        batch, count, width = tokens.shape
        query = self.query(tokens).reshape(batch, count, self.heads, -1).transpose(1, 2)  # (B, heads, N, d)
        source = tokens
        if self.reduce is not None:
            coarse = self.reduce(tokens.transpose(1, 2).reshape(batch, width, *size))
            source = self.norm(coarse.flatten(2).transpose(1, 2))  # (B, n, C)
        both = self.key_value(source).reshape(batch, -1, 2, self.heads, width // self.heads)
        key, value = both.permute(2, 0, 3, 1, 4)  # (B, heads, n, d) each
        scores = query @ key.transpose(-2, -1) * self.scale
        if self.reduce is not None:
            weights = self.spread(torch.softmax(self.mix(scores), dim=-1))
        else:
            weights = torch.softmax(scores, dim=-1)
        found: Tensor = self.merge((weights @ value).transpose(1, 2).reshape(batch, count, width))
        return found


class _Block(nn.Module):
    def __init__(self, width: int, *, heads: int, reduced: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.attention = ReducedAttention(width, heads=heads, reduced=reduced)
        self.between = nn.LayerNorm(width)
        hidden = _HIDDEN * width
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        tokens = tokens + self.attention(self.before(tokens), size)
        found: Tensor = tokens + self.feed(self.between(tokens))
        return found


class _Stage(nn.Module):
    def __init__(self, entry: nn.Module, *, width: int, heads: int, reduced: int) -> None:
        super().__init__()
        self.entry = entry
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.blocks = nn.ModuleList(_Block(width, heads=heads, reduced=reduced) for _ in range(_BLOCKS))

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.entry(maps)
        maps = maps * torch.sigmoid(self.position(maps))
        size = maps.shape[-2:]
        tokens = maps.flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens, size)
        return tokens.transpose(1, 2).reshape(maps.shape)


class RestLite(Backbone):
    """The four stages; the stem is three 3×3 convolutions, of which two halve."""

    channels = _WIDTHS
    strides = (4, 8, 16, 32)

    def __init__(self, *, bands: int) -> None:
        super().__init__()
        half = _WIDTHS[0] // 2
        entries: list[nn.Module] = [
            nn.Sequential(
                convolution(bands, half, stride=2),
                convolution(half, half),
                nn.Conv2d(half, _WIDTHS[0], 3, stride=2, padding=1),
            )
        ]
        for inputs, outputs in pairwise(_WIDTHS):
            entries.append(convolution(inputs, outputs, stride=2, act=None))
        self.stages = nn.ModuleList(
            _Stage(entry, width=width, heads=heads, reduced=reduced)
            for entry, width, heads, reduced in zip(entries, _WIDTHS, _HEADS, _REDUCED, strict=True)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give four maps of images (B, bands, H, W)."""
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return tuple(maps)


def rest_lite(
    name: str, *, bands: int, pretrained: bool = False, weights: PathLike | None = None
) -> RestLite:
    """Build ResT-Lite; its published weights are pickled and in another layout, so they are refused."""
    no_weights(name, pretrained=pretrained, weights=weights)
    return RestLite(bands=bands)
