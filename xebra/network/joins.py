"""Joining of two feature maps: by correlation or by concatenation."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Correlation(nn.Module):
    """Joins two feature maps: correlation of each fixed cell with the moving ones around it, its peak."""

    index: torch.Tensor
    outside: torch.Tensor
    displacement: torch.Tensor
    place: torch.Tensor

    def __init__(self, cells: int, radius: int, channels: int = 64):
        super().__init__()
        self.cells, self.radius, self.channels = cells, radius, channels + 5
        self.sharpness = nn.Parameter(torch.tensor(2.0))
        self.squeeze = nn.Conv2d((2 * radius + 1) ** 2, channels, 1)
        line = torch.arange(-radius, radius + 1)
        dy, dx = (d.flatten() for d in torch.meshgrid(line, line, indexing="ij"))
        y, x = (c.flatten() for c in torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij"))
        column, row = x[:, None] + dx, y[:, None] + dy  # (cells^2, displacements)
        inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
        index = row.clamp(0, cells - 1) * cells + column.clamp(0, cells - 1)
        self.register_buffer("index", index[None], persistent=False)
        self.register_buffer("outside", (~inside).float()[None] * -30, persistent=False)
        self.register_buffer("displacement", torch.stack([dx, dy], 1).float() / radius, persistent=False)
        place = torch.stack([x, y]).float().view(1, 2, cells, cells) / (cells - 1) * 2 - 1
        self.register_buffer("place", place, persistent=False)

    def correlation(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return the cosines of each fixed cell with those around it, (B, fixed cell, displacement)."""
        every = fixed.flatten(2).transpose(1, 2) @ moving.flatten(2)  # (B, fixed cell, moving cell)
        return every.gather(2, self.index.expand(fixed.shape[0], -1, -1))

    def logits(self, correlation: torch.Tensor) -> torch.Tensor:
        """Return the unnormalised log probability of each displacement, (B, fixed cell, displacement)."""
        return correlation * self.sharpness.exp() + self.outside

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return the joined map (B, channels, rows, columns)."""
        return self.joined(self.correlation(fixed, moving))

    def joined(self, correlation: torch.Tensor) -> torch.Tensor:
        """Return the joined map (B, channels, rows, columns) of a correlation."""
        share = self.logits(correlation).softmax(2)
        pointer = torch.cat([share @ self.displacement, (share * share).sum(2, keepdim=True)], 2)
        place = self.place.expand(correlation.shape[0], -1, -1, -1)
        squeezed = F.relu(self.squeeze(self._as_maps(correlation)))
        return torch.cat([squeezed, self._as_maps(pointer), place], 1)

    def _as_maps(self, values: torch.Tensor) -> torch.Tensor:
        """Return values (B, cells, C) as maps (B, C, rows, columns)."""
        return values.transpose(1, 2).reshape(values.shape[0], values.shape[2], self.cells, self.cells)


class Concatenation(nn.Module):
    """Joins two feature maps by stacking them, as in the paper."""

    def __init__(self, features: int):
        super().__init__()
        self.channels = 2 * features

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return the joined map (B, 2 C, rows, columns)."""
        return torch.cat([fixed, moving], 1)
