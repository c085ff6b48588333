"""Random numbers for a batch, from one seeded generator on one device."""

from __future__ import annotations

import math

import torch


class Draw:
    """Draws one value per member of a batch, shaped (B, 1, 1) so that it broadcasts over (B, H, W)."""

    def __init__(self, seed: int, batch: int, device: str | torch.device = "cpu"):
        self.generator = torch.Generator(device).manual_seed(seed)
        self.batch = batch
        self.device = torch.device(device)

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Return uniform numbers of ``shape``, by default (B, 1, 1)."""
        values = torch.rand(shape or (self.batch, 1, 1), generator=self.generator, device=self.device)
        return values * (high - low) + low

    def log_uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Return numbers whose logarithms are uniform."""
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, *shape: int) -> torch.Tensor:
        """Return normal numbers of zero mean and unit deviation."""
        return torch.randn(shape or (self.batch, 1, 1), generator=self.generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> torch.Tensor:
        """Return True with a probability."""
        return self.uniform(0, 1, *shape) < probability

    def integer(self, stop: int, *shape: int) -> torch.Tensor:
        """Return integers from 0 to ``stop`` - 1."""
        return torch.randint(stop, shape or (self.batch, 1, 1), generator=self.generator, device=self.device)

    def poisson(self, rate: torch.Tensor) -> torch.Tensor:
        """Return Poisson counts of a rate."""
        return torch.poisson(rate.clamp(min=0), generator=self.generator)

    def one(self, stop: int) -> int:
        """Return one integer for the whole batch."""
        return int(torch.randint(stop, (1,), generator=self.generator, device=self.device))


class Replay:
    """Draws from a table of uniform numbers, so that two views of one pair have the same physics."""

    def __init__(self, table: torch.Tensor):
        """``table`` (B, columns): each draw takes the next columns."""
        self.table, self.used = table, 0
        self.batch = len(table)

    def uniform(self, low: float, high: float, count: int = 1) -> torch.Tensor:
        """Return values (B, 1, 1), or (B, count, 1, 1) for a ``count`` above 1."""
        values = self.table[:, self.used : self.used + count] * (high - low) + low
        self.used += count
        return values[..., None] if count == 1 else values[..., None, None]

    def chance(self, probability: float) -> torch.Tensor:
        """Return True with a probability, (B, 1, 1)."""
        return self.uniform(0, 1) < probability

    def levels(self, count: int) -> torch.Tensor:
        """Return ``count`` distinct levels in 0..1 in random order, (B, count, 1, 1)."""
        order = self.table[:, self.used : self.used + count].argsort(1).float() / (count - 1)
        self.used += count
        jitter = (self.uniform(0, 1, count)[..., 0, 0] - 0.5) / count
        return (order + jitter)[..., None, None].clamp(0, 1)
