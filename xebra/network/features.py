"""A head of the aligning network: one image to a dense map of features that both modalities share."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from xebra.network.heads import Residual


def shrink(channels: int, wider: int, kernel: int = 4) -> nn.Sequential:
    """Half the size; an even kernel keeps the centres of the cells where they are."""
    convolution = nn.Conv2d(channels, wider, kernel, stride=2, padding=kernel // 2 - 1, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(8, wider), nn.ReLU())


def normalised(view: torch.Tensor) -> torch.Tensor:
    """Zero mean and unit spread where the image is, nothing elsewhere. (B, 2, N, N) to (B, 1, N, N)."""
    image, inside = view[:, :1], view[:, 1:]
    area = inside.sum((2, 3), keepdim=True) + 1.0
    centred = (image - (image * inside).sum((2, 3), keepdim=True) / area) * inside
    spread = ((centred * centred).sum((2, 3), keepdim=True) / area).sqrt()
    return (centred / (spread + 1e-6)).clamp(-4, 4)


class FeatureHead(nn.Module):
    """A view (B, 2, N, N), the image and where it is (1 inside, 0 beyond), to (B, C, N / stride, N / stride).

    Each cell's features have the length of its weight: how much the cell says about where it belongs.
    """

    def __init__(self, widths: tuple[int, int, int], features: int, stride: int):
        super().__init__()
        first, second, third = widths
        self.stride = stride
        self.at_half = nn.Sequential(shrink(1, first, 6), Residual(first))
        self.at_quarter = nn.Sequential(shrink(first, second), Residual(second))
        self.at_eighth = nn.Sequential(shrink(second, third), Residual(third), Residual(third, 2))
        if stride < 8:
            self.to_quarter = nn.Conv2d(third, second, 1)
            self.mend_quarter = Residual(second)
        if stride < 4:
            self.to_half = nn.Conv2d(second, first, 1)
            self.mend_half = Residual(first)
        self.out = nn.Conv2d({2: first, 4: second, 8: third}[stride], features + 1, 1)

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        half = self.at_half(normalised(view))
        quarter = self.at_quarter(half)
        x = self.at_eighth(quarter)
        if self.stride < 8:
            x = self.mend_quarter(quarter + _doubled(self.to_quarter(x)))
        if self.stride < 4:
            x = self.mend_half(half + _doubled(self.to_half(x)))
        said = self.out(x)
        inside = F.avg_pool2d(view[:, 1:], self.stride)
        weight = 2 * said[:, -1:].sigmoid() * (inside * 4 - 3).clamp(min=0)
        return F.normalize(said[:, :-1], dim=1, eps=1e-4) * weight


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
