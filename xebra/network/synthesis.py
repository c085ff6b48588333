"""Cross-modality image synthesis: what the other modality of an instrument shows of an image, by a U-Net.

O. Ronneberger et al., U-Net, MICCAI 2015, with group normalisation. It is trained on registered pairs of one
instrument. Either modality goes in, the other one comes out: what an image shows says which one it is. The
other image of the pair is the reference: its contrast and texture, averaged over all places, scale and shift
the channels (E. Perez et al., FiLM, AAAI 2018), so that one network can synthesise the maps of several
elements of a specimen. The levels start at half of the resolution; sub-pixel convolution (W. Shi et
al., CVPR 2016) returns to all of it.
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
MODULATION = 0.2  # standard deviation of the initial weights from the reference's code to scales and shifts
REFERENCE_WIDTH = 16  # channels of the reference's maps at half of the resolution
LEAST_VARIANCE = 1e-6  # of those maps
LEAST_DEVIATION = 0.02  # of the values: an image of one grey value stays one


@dataclass(frozen=True)
class SynthesisConfig:
    """Hyperparameters, stored with the weights."""

    width: int = 24  # channels at half of the view's resolution; doubled at each level
    depth: int = 3  # levels
    widest: int = 96  # channels at most
    code: int = 16  # values that describe the reference

    @property
    def multiple(self) -> int:
        """Return what the sides of a view are multiples of."""
        return STEM << self.depth


class Synthesis(nn.Module):
    """Returns synthesised views (B, 1, H, W) for views (B, 2, H, W) of values and coverage, and references.

    A reference (B, 2, H', W') is a view of any part of the other image. In training the synthesised values
    have a mean of 0 and a standard deviation of 1.
    """

    def __init__(self, config: SynthesisConfig):
        super().__init__()
        self.config = config
        widths = [min(config.width * 2**level, config.widest) for level in range(config.depth + 1)]
        self.reference = _Reference(config.code)
        self.stem = nn.Conv2d(2, widths[0], 2 * STEM, stride=STEM, padding=STEM // 2)
        self.first = _Block(widths[0], widths[0], config.code)
        levels = list(pairwise(widths))
        self.down = nn.ModuleList(_Block(*level, config.code) for level in levels)
        self.up = nn.ModuleList(_Block(low + high, high, config.code) for high, low in reversed(levels))
        self.last = nn.Conv2d(widths[0], STEM**2, 1)

    def forward(self, view: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Return the synthesised views."""
        code = self.reference(reference)
        start = self.stem(torch.cat([standardised(view), view[:, 1:]], 1))
        maps = [self.first(F.gelu(start), code)]
        for block in self.down:
            maps.append(block(F.avg_pool2d(maps[-1], 2), code))
        result = maps.pop()
        for block in self.up:
            wide = F.interpolate(result, scale_factor=2.0, mode="bilinear", align_corners=False)
            result = block(torch.cat([wide, maps.pop()], 1), code)
        return F.pixel_shuffle(self.last(result), STEM)


class MeanSynthesis(nn.Module):
    """The mean of several networks trained from different seeds."""

    def __init__(self, members: Sequence[Synthesis]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, view: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Return the mean of the synthesised views (B, 1, H, W)."""
        return torch.stack([member(view, reference) for member in self.members]).mean(0)


class _Reference(nn.Module):
    """Describes an image by numbers (B, C) that do not depend on where it shows what."""

    def __init__(self, code: int):
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(3, REFERENCE_WIDTH, 4, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(REFERENCE_WIDTH, 2 * REFERENCE_WIDTH, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * REFERENCE_WIDTH, 2 * REFERENCE_WIDTH, 3, padding=1),
            nn.GELU(),
        )
        self.code = nn.Sequential(
            nn.BatchNorm1d(4 * REFERENCE_WIDTH),  # differences between references count
            nn.Linear(4 * REFERENCE_WIDTH, 2 * REFERENCE_WIDTH),
            nn.GELU(),
            nn.Linear(2 * REFERENCE_WIDTH, code),
            nn.Tanh(),  # the code of any image is within the range of training
        )

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return the code of views (B, 2, H, W): by mean and deviation of maps where the image is usable."""
        maps = self.maps(torch.cat([view, standardised(view)], 1))
        weight = F.avg_pool2d(view[:, 1:], 4)
        count = weight.sum((2, 3)).clamp_min(1.0)
        mean = (maps * weight).sum((2, 3)) / count
        variance = (maps**2 * weight).sum((2, 3)) / count - mean**2
        code: torch.Tensor = self.code(torch.cat([mean, variance.clamp_min(LEAST_VARIANCE).sqrt()], 1))
        return code


class _Block(nn.Module):
    """Two convolutions with group normalisation, whose channels a code scales and shifts."""

    def __init__(self, channels: int, width: int, code: int):
        super().__init__()
        self.first, self.second = (
            nn.Conv2d(channels, width, 3, padding=1),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, width) for _ in range(2))
        self.modulation = nn.Linear(code, 4 * width)
        nn.init.normal_(self.modulation.weight, std=MODULATION)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, maps: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        scales = self.modulation(code)[:, :, None, None].chunk(4, 1)
        maps = F.gelu(self.norms[0](self.first(maps)) * (1 + scales[0]) + scales[1])
        return F.gelu(self.norms[1](self.second(maps)) * (1 + scales[2]) + scales[3])


def standardised(view: torch.Tensor) -> torch.Tensor:
    """Return values (B, 1, H, W) of mean 0 and deviation 1 where views (B, 2, H, W) cover an image."""
    values, inside = view[:, :1], view[:, 1:]
    count = inside.sum((2, 3), keepdim=True).clamp_min(1.0)
    mean = (values * inside).sum((2, 3), keepdim=True) / count
    variance = ((values - mean) ** 2 * inside).sum((2, 3), keepdim=True) / count
    return (values - mean) * inside / variance.sqrt().clamp_min(LEAST_DEVIATION)
