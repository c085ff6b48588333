"""Cross-modality image synthesis: what the other modality of an instrument shows of an image, by a U-Net.

O. Ronneberger et al., U-Net, MICCAI 2015, with group normalisation. It is trained on registered pairs of one
instrument. Either modality goes in, the other one comes out: what an image shows says which one it is. The
levels start at half of the resolution; sub-pixel convolution (W. Shi et al., CVPR 2016) returns to all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

GROUPS = 4  # of channels that are normalised together
STEM = 2  # px of the view along a px of the first level: two thirds of the time of full resolution
LEAST_DEVIATION = 0.02  # of the values: an image of one grey value stays one


@dataclass(frozen=True)
class SynthesisConfig:
    """Hyperparameters, stored with the weights."""

    width: int = 24  # channels at half of the view's resolution; doubled at each level
    depth: int = 3  # levels
    widest: int = 96  # channels at most

    @property
    def multiple(self) -> int:
        """Return what the sides of a view are multiples of."""
        return STEM << self.depth


class Synthesis(nn.Module):
    """Returns synthesised views (B, 1, H, W) for views (B, 2, H, W) of values and coverage.

    In training their values have a mean of 0 and a standard deviation of 1.
    """

    def __init__(self, config: SynthesisConfig):
        super().__init__()
        self.config = config
        widths = [min(config.width * 2**level, config.widest) for level in range(config.depth + 1)]
        self.stem = nn.Conv2d(2, widths[0], 2 * STEM, stride=STEM, padding=STEM // 2)
        self.first = _Block(widths[0], widths[0])
        levels = list(pairwise(widths))
        self.down = nn.ModuleList(_Block(*level) for level in levels)
        self.up = nn.ModuleList(_Block(low + high, high) for high, low in reversed(levels))
        self.last = nn.Conv2d(widths[0], STEM**2, 1)

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return the synthesised views."""
        start = self.stem(torch.cat([standardised(view), view[:, 1:]], 1))
        maps = [self.first(F.gelu(start))]
        for block in self.down:
            maps.append(block(F.avg_pool2d(maps[-1], 2)))
        result = maps.pop()
        for block in self.up:
            wide = F.interpolate(result, scale_factor=2.0, mode="bilinear", align_corners=False)
            result = block(torch.cat([wide, maps.pop()], 1))
        return F.pixel_shuffle(self.last(result), STEM)


class MeanSynthesis(nn.Module):
    """The mean of several networks trained from different seeds."""

    def __init__(self, members: Sequence[Synthesis]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return the mean of the synthesised views (B, 1, H, W)."""
        return torch.stack([member(view) for member in self.members]).mean(0)


class _Block(nn.Module):
    """Two convolutions with group normalisation."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.GroupNorm(GROUPS, width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(GROUPS, width),
            nn.GELU(),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layers(maps)
        return result


def standardised(view: torch.Tensor) -> torch.Tensor:
    """Return values (B, 1, H, W) of mean 0 and deviation 1 where views (B, 2, H, W) cover an image."""
    values, inside = view[:, :1], view[:, 1:]
    count = inside.sum((2, 3), keepdim=True).clamp_min(1.0)
    mean = (values * inside).sum((2, 3), keepdim=True) / count
    variance = ((values - mean) ** 2 * inside).sum((2, 3), keepdim=True) / count
    return (values - mean) * inside / variance.sqrt().clamp_min(LEAST_DEVIATION)
