"""Two heads, one per image; features joined; four standardised outputs. Needs torch alone.

The heads share their weights, since either image may come from either instrument. Joining by correlation
follows Rocco, Arandjelovic and Sivic, Convolutional neural network architecture for geometric matching
(CVPR 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn

from xebra.network.answers import Regression
from xebra.network.heads import Head
from xebra.network.joins import Concatenation, Correlation
from xebra.specimen.pairs import Range


@dataclass(frozen=True)
class NetworkConfig:
    """Hyperparameters, stored with the weights."""

    size: int = 128  # px, side of both inputs
    features: int = 64
    radius: int = 8  # cells of 8 px: largest displacement in the correlation
    join: str = "correlation"  # or "concatenation", as in the paper
    reach: Range = field(default_factory=Range)


class TwoHeadedNetwork(nn.Module):
    """Predicts standardised (angle, log scale, shift x, shift y), (B, 4), of two images (B, 1, N, N)."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        cells = config.size // 8
        self.head = Head(config.features)
        correlated = config.join == "correlation"
        self.join = Correlation(cells, config.radius) if correlated else Concatenation(config.features)
        self.answer = Regression(self.join.channels, cells)

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return the standardised parameters (B, 4)."""
        answers: torch.Tensor = self.answer(self.join(self.head(fixed), self.head(moving)))
        return answers
