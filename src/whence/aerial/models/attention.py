"""Attention that several networks share: linear in the number of pixels, or within windows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ChannelAttention", "KernelAttention", "LinearAttention", "WindowAttention"]

_LEAST = 1e-6
_FEWER = 8  # channels of queries and keys are that many times fewer
_NEVER = -1e4  # score of a pixel that is not there; half precision holds it


class LinearAttention(nn.Module):
    """Linear attention (Li et al. 2021, "Multistage attention ResU-Net", equations 4-8), scaled by γ.

    With q and k of unit length, softmax(q·k) is close to (1 + q·k) over its sum, and the products can be
    taken in the order that costs N rather than N²:

        out = (Σ v + q (kᵀ v)) / (N + q Σ k)

    Maps (B, C, h, w) -> γ · out (B, C, h, w); γ is learnt from 0 on.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // _FEWER, 1)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        """Give γ times what every pixel collects from all."""
        query = functional.normalize(self.query(maps).flatten(2), dim=1)  # (B, c, N)
        key = functional.normalize(self.key(maps).flatten(2), dim=1)
        return _collected(query, key, self.value(maps).flatten(2), offset=1.0).view_as(maps) * self.gamma


class KernelAttention(nn.Module):
    """Kernel attention (Li et al. 2022, "Multiattention network", equations 8-11): softplus in place of exp.

        out = φ(q) (φ(k)ᵀ v) / (φ(q) Σ φ(k)),  φ(x) = ln(1 + eˣ)

    Maps (B, C, h, w) -> γ · out (B, C, h, w); γ is learnt from 0 on.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // _FEWER, 1)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        """Give γ times what every pixel collects from all."""
        query = functional.softplus(self.query(maps).flatten(2))
        key = functional.softplus(self.key(maps).flatten(2))
        return _collected(query, key, self.value(maps).flatten(2), offset=0.0).view_as(maps) * self.gamma


def _collected(query: Tensor, key: Tensor, value: Tensor, *, offset: float) -> Tensor:
    """Values (B, C, N) averaged with weights `offset` + q·k, of queries and keys (B, c, N)."""
    count = torch.ones_like(key[:, :1]).sum(dim=-1, keepdim=True)  # N, traced
    together = value @ key.transpose(1, 2)  # (B, C, c)
    total = offset * count + key.sum(dim=-1, keepdim=True).transpose(1, 2) @ query  # (B, 1, N)
    return (offset * value.sum(dim=-1, keepdim=True) + together @ query) / (total + _LEAST)


class ChannelAttention(nn.Module):
    """Channels collect from channels that look alike (Fu et al. 2019, "Dual attention network", equation 3).

        out = softmax(x·xᵀ / N) x

    Deviation: the products are divided by the N pixels. Without that, a larger image sharpens the softmax
    until every channel sees nothing but itself. Maps (B, C, h, w) -> γ · out; γ is learnt from 0 on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        """Give γ times what every channel collects from all."""
        flat = maps.flatten(2)  # (B, C, N)
        count = torch.ones_like(flat[:, :1]).sum(dim=-1, keepdim=True)  # N, traced
        alike = flat @ flat.transpose(1, 2) / count  # (B, C, C)
        return (torch.softmax(alike, dim=-1) @ flat).view_as(maps) * self.gamma


class WindowAttention(nn.Module):
    """Multi-head attention within square windows, with a learnt bias per relative position.

    Liu et al. (2021), "Swin transformer", equation 4.
    Windows at the lower and right rims reach beyond the map; what is not there is never attended to.

    Parameters
    ----------
    channels, heads
        Of the maps; the first is a multiple of the second.
    window_px
        Side of a window.
    """

    index: Tensor

    def __init__(self, channels: int, *, heads: int, window_px: int) -> None:
        super().__init__()
        self.heads, self.window_px = heads, window_px
        self.scale = 1.0 / math.sqrt(channels / heads)
        self.mixed = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.bias = nn.Parameter(torch.empty((2 * window_px - 1) ** 2, heads))
        nn.init.trunc_normal_(self.bias, std=0.02)
        self.register_buffer("index", _relative_index(window_px), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Attend within windows: (B, C, h, w) -> (B, C, h, w)."""
        rows, columns = maps.shape[-2:]
        side = self.window_px
        below, right = (side - rows % side) % side, (side - columns % side) % side
        there = functional.pad(torch.ones_like(maps[:1, :1]), (0, right, 0, below))
        mixed = functional.pad(self.mixed(maps), (0, right, 0, below))
        query, key, value = self._windows(mixed)  # (B·n, heads, side², d) each
        scores = query @ key.transpose(-2, -1) * self.scale + self._positions()
        absent = self._absent(there, like=maps)  # (B·n, 1, 1, side²)
        found = torch.softmax(scores + absent, dim=-1) @ value
        height, width = there.shape[-2] // side, there.shape[-1] // side
        tiled = found.transpose(2, 3).reshape(-1, height, width, maps.shape[1], side, side)
        whole = tiled.permute(0, 3, 1, 4, 2, 5).reshape(-1, maps.shape[1], height * side, width * side)
        return whole[..., :rows, :columns]

    def _positions(self) -> Tensor:
        """Bias (heads, side², side²) of every pair of pixels of a window."""
        count = self.window_px**2
        return self.bias[self.index.flatten()].view(count, count, self.heads).permute(2, 0, 1)

    def _absent(self, there: Tensor, *, like: Tensor) -> Tensor:
        """Score to add to keys: 0 where a pixel is there, and a very low one elsewhere."""
        cut = self._cut(there, 1)  # (n, 1, side²)
        low = (1.0 - cut) * _NEVER
        return low.repeat(like.shape[0], 1, 1).unsqueeze(1)

    def _windows(self, mixed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        channels = mixed.shape[1]
        cut = self._cut(mixed, channels)  # (B·n, 3C, side²)
        three = cut.view(-1, 3, self.heads, channels // (3 * self.heads), self.window_px**2)
        query, key, value = three.transpose(-2, -1).unbind(1)
        return query, key, value

    def _cut(self, maps: Tensor, channels: int) -> Tensor:
        """Windows (B·n, C, side²) of maps (B, C, h, w), h and w multiples of the side."""
        side = self.window_px
        height, width = maps.shape[-2] // side, maps.shape[-1] // side
        cut = maps.reshape(-1, channels, height, side, width, side).permute(0, 2, 4, 1, 3, 5)
        return cut.reshape(-1, channels, side * side)


def _relative_index(side: int) -> Tensor:
    """Row of the bias table (side², side²) for every pair of pixels of a window."""
    at = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")).flatten(1)
    apart = at[:, :, None] - at[:, None, :] + side - 1  # (2, side², side²), from 0 on
    return apart[0] * (2 * side - 1) + apart[1]
