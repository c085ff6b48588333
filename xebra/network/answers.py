"""From joined features to the four standardised parameters of fixed_from_moving."""

from __future__ import annotations

import torch
from torch import nn

from xebra.network.heads import shrink


class Regression(nn.Module):
    """The regression of the paper: convolutions and two dense layers predict all four parameters."""

    def __init__(self, channels: int, cells: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 96, 3, padding=1, bias=False),
            nn.GroupNorm(8, 96),
            nn.ReLU(),
            shrink(96, 96),
            nn.Conv2d(96, 64, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * (cells // 2) ** 2, 256),
            nn.ReLU(),
            nn.Linear(256, 4),
        )

    def forward(self, joined: torch.Tensor) -> torch.Tensor:
        """Return the parameters (B, 4)."""
        answers: torch.Tensor = self.body(joined)
        return answers
