"""Training of the paper's network: four parameters, and the displacement of each cell."""

from __future__ import annotations

from typing import Any

import torch

from xebra.network.joins import Correlation
from xebra.network.model import NetworkConfig, TwoHeadedNetwork
from xebra.specimen.pairs import Pairs, PairSource
from xebra.training.matching import matching_loss
from xebra.training.scores import inverse, summary

MATCHING = 0.2  # weight of the loss of the cells' displacements
NEAR = 0.35  # share of pairs within a fifth of the range: what the second pass meets


class RegressionTask:
    """Training of the paper's network in a small range, as in the paper."""

    name = "paper"

    def __init__(self, config: NetworkConfig):
        self.config, self.network = config, TwoHeadedNetwork(config)
        self.reach, self.size = config.reach, config.size

    def batch(self, source: PairSource, count: int) -> Pairs:
        """Return pairs within the small range of the network."""
        return source.batch(count, self.reach, near=NEAR)

    def loss(self, pairs: Pairs, generator: torch.Generator) -> torch.Tensor:
        """Return the mean loss of both directions; features are computed once."""
        fixed, moving = self.network.head(pairs.fixed), self.network.head(pairs.moving)
        forth = self._one_way(fixed, moving, pairs.parameters)
        return (forth + self._one_way(moving, fixed, inverse(pairs.parameters))) / 2

    def _one_way(self, fixed: torch.Tensor, moving: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the mean absolute error of the standardised parameters plus the matching loss."""
        join, matching = self.network.join, torch.zeros(())
        if isinstance(join, Correlation):
            correlation = join.correlation(fixed, moving)
            joined, matching = join.joined(correlation), matching_loss(join, correlation, truth)
        else:
            joined = join(fixed, moving)
        found: torch.Tensor = self.network.answer(joined)
        return (found - truth / self._spread(truth)).abs().mean() + MATCHING * matching

    def _spread(self, like: torch.Tensor) -> torch.Tensor:
        return torch.tensor(self.reach.spread, device=like.device)

    @torch.no_grad()
    def scores(self, pairs: Pairs) -> dict[str, Any]:
        """Return R2 and MAE of the standardised parameters, corner errors at 256 px."""
        batches = zip(pairs.fixed.split(32), pairs.moving.split(32), strict=True)
        spread = self._spread(pairs.parameters)
        found = torch.cat([self.network(fixed, moving) for fixed, moving in batches]) * spread
        return summary(found, pairs.parameters, spread)
