"""Shading and dust, which are fixed to the detector."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import grid_sample

from xebra.specimen.draw import Replay

SPOTS = 6
DUSTY = 0.2  # of the detectors
COLUMNS = 20 + 6 * SPOTS  # uniform numbers that one frame needs at most


def blemished(table: torch.Tensor, frame: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Return images (B, H, W) with the shading and dust that a table (B, COLUMNS) gives their frames."""
    draw = Replay(table)
    spread, added = image.flatten(1).std(1)[:, None, None], _shading(draw, frame)
    dusty = draw.chance(DUSTY).flatten()
    added[dusty] += _dust(Replay(table[dusty, draw.used :]), frame[dusty])
    return image + spread * added


def _shading(draw: Replay, frame: torch.Tensor) -> torch.Tensor:
    """Return smooth shading from nine random values, in spreads of the image."""
    nine = torch.cat([draw.uniform(-1, 1) for _ in range(9)], 1).view(-1, 1, 3, 3)
    seen = grid_sample(nine, frame * 4 / 3, "bicubic", "border", align_corners=True)[:, 0]
    return seen * draw.uniform(0, 1.5) * draw.chance(0.25)


def _dust(draw: Replay, frame: torch.Tensor) -> torch.Tensor:
    """Return a few soft round spots, dark or bright, in spreads of the image."""
    x, y = frame.unbind(-1)
    sign = 1 - 2 * draw.chance(0.3).float()
    spots = torch.zeros_like(x)
    for _ in range(SPOTS):
        away = torch.hypot(x - draw.uniform(-0.5, 0.5), y - draw.uniform(-0.5, 0.5))
        radius = (draw.uniform(math.log(0.008), math.log(0.05))).exp()
        spots = spots - draw.uniform(0, 4) * torch.exp(-((away / radius) ** 4)) * draw.chance(0.6)
    return spots * sign
