"""A head: one image to a map of features."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


def normalise(image: torch.Tensor) -> torch.Tensor:
    """Return images (B, 1, N, N) with zero mean and unit deviation, outliers clipped."""
    centred = image - image.mean((2, 3), keepdim=True)
    spread = (centred * centred).mean((2, 3), keepdim=True).sqrt()
    return (centred / (spread + 1e-6)).clamp(-4, 4)


class Residual(nn.Module):
    """Two 3 x 3 convolutions with a residual connection."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.GroupNorm(8, channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.GroupNorm(8, channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the same shape (B, C, H, W)."""
        return F.relu(x + self.body(x))


def shrink(channels: int, wider: int, kernel: int = 3) -> nn.Sequential:
    """Return a convolution to half the size and more channels."""
    convolution = nn.Conv2d(channels, wider, kernel, stride=2, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(8, wider), nn.ReLU())


class Head(nn.Module):
    """Computes unit-length features (B, C, N / 8, N / 8) of an image (B, 1, N, N)."""

    def __init__(self, features: int):
        super().__init__()
        self.body = nn.Sequential(
            shrink(1, 24, 5), shrink(24, 48), Residual(48), shrink(48, 96), Residual(96), Residual(96, 2)
        )
        self.out = nn.Conv2d(96, features, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the features of an image."""
        return F.normalize(self.out(self.body(normalise(image))), dim=1, eps=1e-4)
