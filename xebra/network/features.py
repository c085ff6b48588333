"""The head of the default network: a dense feature map of one image, common to the modalities.

Convolutions are depthwise, then pointwise (Howard et al., MobileNets, arXiv 1704.04861): a quarter of the
time of full ones. Only the coarsest maps are normalised: elsewhere it takes longer than the convolutions.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

COARSEST = 3  # blocks at an eighth of the view's size
DAMPING = 0.3  # of the usual initial weights of a block, so that it starts close to the identity


class Separable(nn.Module):
    """A depthwise and a pointwise convolution with a residual connection."""

    def __init__(self, channels: int):
        super().__init__()
        self.spread = _depthwise(channels, 3, 1)
        self.mix = _damped(nn.Conv2d(channels, channels, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape (B, C, H, W)."""
        return F.relu(x + self.mix(self.spread(x)))


class Widening(nn.Module):
    """A 5 x 5 depthwise and two pointwise convolutions, wider between, with a residual connection."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.spread = _depthwise(channels, 5, dilation)
        self.mix = nn.Conv2d(channels, 2 * channels, 1)
        self.back = _damped(nn.Conv2d(2 * channels, channels, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape (B, C, H, W)."""
        residual: torch.Tensor = self.back(F.relu(self.mix(self.spread(x))))
        return x + residual


def _depthwise(channels: int, kernel: int, dilation: int) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    return nn.Conv2d(
        channels, channels, kernel, padding=padding, dilation=dilation, groups=channels, bias=False
    )


@torch.no_grad()
def _damped(convolution: nn.Conv2d) -> nn.Conv2d:
    convolution.weight *= DAMPING
    if convolution.bias is not None:
        convolution.bias *= 0
    return convolution


def _shrink(channels: int, wider: int, kernel: int = 4, bias: bool = True) -> nn.Conv2d:
    """Return a convolution to half the size; an even kernel keeps the centres of the cells."""
    return nn.Conv2d(channels, wider, kernel, stride=2, padding=kernel // 2 - 1, bias=bias)


def normalised(view: torch.Tensor) -> torch.Tensor:
    """Return views (B, 2, N, N) as (B, 1, N, N) with zero mean and unit deviation inside, 0 outside.

    Values are weighted by coverage: half the value where the coverage is a half.
    """
    inside = view[:, 1:]
    image = view[:, :1] * (inside > 0).to(view.dtype)
    area = inside.sum((2, 3), keepdim=True) + 1.0
    centred = image - image.sum((2, 3), keepdim=True) / area * inside
    spread = ((centred * centred).sum((2, 3), keepdim=True) / area).sqrt()
    return (centred / (spread + 1e-6)).clamp(-4, 4)


class FeatureHead(nn.Module):
    """Computes features (B, C, N / stride, N / stride) of views (B, 2, N, N), values and coverage.

    The length of a cell's features is its weight: how informative the cell is about its position.
    """

    def __init__(self, widths: tuple[int, int, int], features: int, stride: int):
        super().__init__()
        first, second, third = widths
        self.stride = stride
        self.at_half = nn.Sequential(_shrink(1, first, 6), nn.ReLU(), Separable(first))
        self.at_quarter = nn.Sequential(_shrink(first, second), nn.ReLU(), Widening(second))
        self.at_eighth = nn.Sequential(
            _shrink(second, third, bias=False),
            nn.GroupNorm(8, third),
            nn.ReLU(),
            *(Widening(third, 1 + i % 2) for i in range(COARSEST)),
        )
        if stride < 8:
            self.to_quarter = nn.Conv2d(third, second, 1)
            self.mend_quarter = Widening(second)
        if stride < 4:
            self.to_half = nn.Conv2d(second, first, 1)
            self.mend_half = Separable(first)
        self.out = nn.Conv2d({2: first, 4: second, 8: third}[stride], features + 1, 1)

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return the weighted features of a view."""
        half = self.at_half(normalised(view))
        quarter = self.at_quarter(half)
        x = self.at_eighth(quarter)
        if self.stride < 8:
            x = self.mend_quarter(F.relu(quarter + _doubled(self.to_quarter(x))))
        if self.stride < 4:
            x = self.mend_half(F.relu(half + _doubled(self.to_half(x))))
        features: torch.Tensor = self.out(x)
        inside = F.avg_pool2d(view[:, 1:], self.stride)
        weight = 2 * features[:, -1:].sigmoid() * (inside * 4 - 3).clamp(min=0)
        return F.normalize(features[:, :-1], dim=1, eps=1e-4) * weight


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
