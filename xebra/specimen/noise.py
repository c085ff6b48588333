"""Smooth, fractal and cellular noise, from which structures are made. Fields are (B, S, S)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from xebra.specimen.draw import Draw


def _frequency(size: int, device: torch.device) -> torch.Tensor:
    """Radial frequency in cycles per px of an rfft2 grid, (S, S // 2 + 1)."""
    rows = torch.fft.fftfreq(size, device=device)[:, None]
    return torch.hypot(rows, torch.fft.rfftfreq(size, device=device)[None])


def _filtered(draw: Draw, size: int, response: torch.Tensor) -> torch.Tensor:
    white = torch.fft.rfft2(draw.normal(draw.batch, size, size))
    field = torch.fft.irfft2(white * response, s=(size, size))
    field = field - field.mean((1, 2), keepdim=True)
    scaled: torch.Tensor = field / field.std((1, 2), keepdim=True).clamp(min=1e-6)
    return scaled


def smooth(draw: Draw, size: int, length: torch.Tensor) -> torch.Tensor:
    """Gaussian noise of unit variance with a correlation length in px, (B, 1, 1)."""
    return _filtered(
        draw, size, torch.exp(-0.5 * (2 * math.pi * _frequency(size, draw.device) * length) ** 2)
    )


def fractal(draw: Draw, size: int, slope: torch.Tensor) -> torch.Tensor:
    """Noise of unit variance whose amplitude falls with frequency to the power of ``slope``, (B, 1, 1)."""
    return _filtered(draw, size, (_frequency(size, draw.device) + 1 / size) ** -slope)


def grid(draw: Draw, size: int) -> torch.Tensor:
    """Pixel coordinates (x, y) about the centre, (1, S, S, 2)."""
    line = torch.arange(size, device=draw.device, dtype=torch.float32) - (size - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1)[None]


def warped_grid(draw: Draw, size: int, strength: torch.Tensor, stretch: torch.Tensor) -> torch.Tensor:
    """Coordinates bent by smooth noise of ``strength`` px, turned at random, x stretched, (B, S, S, 2)."""
    length = draw.log_uniform(6, 40)
    bend = torch.stack([smooth(draw, size, length), smooth(draw, size, length)], -1) * strength[..., None]
    points = grid(draw, size) + bend
    angle = draw.uniform(-math.pi, math.pi)
    x = points[..., 0] * angle.cos() + points[..., 1] * angle.sin()
    y = points[..., 1] * angle.cos() - points[..., 0] * angle.sin()
    return torch.stack([x / stretch, y], -1)


class Seeds:
    """One seed point in each cell of a jittered lattice, with random properties of its own."""

    TABLE = 64  # the lattice repeats after so many cells

    def __init__(self, draw: Draw, points: torch.Tensor, spacing: torch.Tensor):
        """``points`` (B, S, S, 2) in px; ``spacing`` (B, 1, 1) px between seeds."""
        self.draw = draw
        self.points = points / spacing[..., None]
        self.cell = self.points.floor().long()
        self.jitter = draw.uniform(0, 1, draw.batch, self.TABLE**2, 2)

    def property(self, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """One random value for each seed, a table for ``look_up``."""
        return self.draw.uniform(low, high, self.draw.batch, self.TABLE**2)

    def around(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """For the 3 x 3 nearest cells: vector from each point to the seed (B, S, S, 2), and its index."""
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                cell = self.cell + torch.tensor([dx, dy], device=self.cell.device)
                index = (cell[..., 0] % self.TABLE) * self.TABLE + cell[..., 1] % self.TABLE
                jitter = torch.stack([look_up(self.jitter[..., i], index) for i in (0, 1)], -1)
                yield cell + jitter - self.points, index

    def nearest(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Distances to the nearest and second nearest seed, in spacings, and the nearest's index."""
        first = torch.full(self.points.shape[:3], 9.0, device=self.points.device)
        second, owner = first.clone(), torch.zeros_like(self.cell[..., 0])
        for vector, index in self.around():
            distance = vector.norm(dim=-1)
            second = torch.minimum(second, torch.maximum(first, distance))
            owner = torch.where(distance < first, index, owner)
            first = torch.minimum(first, distance)
        return first, second, owner


def look_up(table: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Values of a (B, T) table at a (B, S, S) index."""
    return table.gather(1, index.flatten(1)).view(index.shape)
