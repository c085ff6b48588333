"""Training of the search: the right rotation, scale and shift among wrong ones."""

from __future__ import annotations

import math
from typing import Any

import torch

from xebra.network.search import Search, SearchConfig
from xebra.specimen.pairs import MASKED, Pairs, PairSource, Range, rotation_scale

WRONG = 8  # hypotheses beside the right one, each with all its shifts
CLOSE = (0.2, 0.25)  # rad and log scale: hypotheses within both are right
BLUR = 0.7  # cells: width of the target shift


class SearchTask:
    """Training of the search: any angle, half to twice the scale, shifts of up to 0.4 widths."""

    name = "search"
    reach = Range(180.0, 2.0, 0.4)

    def __init__(self, config: SearchConfig):
        self.config, self.network = config, Search(config)
        self.size = config.size

    def batch(self, source: PairSource, count: int) -> Pairs:
        """Return pairs of any angle, with usable areas."""
        return source.batch(count, self.reach, masked=MASKED)

    def loss(self, pairs: Pairs, generator: torch.Generator) -> torch.Tensor:
        """Return the cross entropy over hypotheses and shifts."""
        fixed, moving = (self.network.maps(view) for view in pairs.views)
        sampled = sampled_hypotheses(pairs.parameters, self.config, generator)
        score = self.network.score(fixed, moving, sampled)
        wrong = ~close(sampled, pairs.parameters)
        wrong[:, 0] = True
        score = score.masked_fill(~wrong[..., None, None], -1e4)
        right = right_shift(sampled[:, 0], pairs.parameters, self.config.cells)
        right = right * (score[:, 0] > -5e3)  # pairs of too small an overlap have no target
        share = score.flatten(1).log_softmax(1).view_as(score)[:, 0]
        return -(right * share).sum((1, 2)).mean()

    @torch.no_grad()
    def scores(self, pairs: Pairs) -> dict[str, Any]:
        """Return the share of pairs whose right hypothesis and shift is among the best 1, 5 and 20."""
        ranks = torch.tensor([self._rank(pairs, i) for i in range(len(pairs.parameters))])
        return {f"right_in_{top}": round(float((ranks < top).float().mean()), 4) for top in (1, 5, 20)}

    def _rank(self, pairs: Pairs, i: int) -> int:
        """Return the number of hypotheses that score above the best right one."""
        score = self.network(*pairs[i : i + 1].views)[0].flatten(1)
        best, place = score.max(1)
        n = self.config.cells
        shift = -torch.stack([place % (n + 1), place // (n + 1)], 1).float().sub(n / 2) / n
        truth = pairs.parameters[i]
        right = close(self.network.hypotheses[None], truth[None])[0] & (
            (shift - truth[2:]).norm(dim=1) < 0.08
        )
        if not right.any():
            return len(right)
        return int((best > best[right].max()).sum())


def sampled_hypotheses(truth: torch.Tensor, config: SearchConfig, generator: torch.Generator) -> torch.Tensor:
    """Return hypotheses (B, 1 + WRONG, 2): the true one within half a step, then others, a third near."""

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, device=truth.device) * 2 - 1

    count = len(truth)
    step = torch.tensor([math.pi / config.angles, math.log(2) / (config.scales - 1)], device=truth.device)
    right = truth[:, None, :2] + uniform(count, 1, 2) * step
    anywhere = uniform(count, WRONG, 2) * torch.tensor([math.pi, math.log(2) + 0.1], device=truth.device)
    turned = truth[:, None, 0] + 0.5 * uniform(count, WRONG) + 0.3 * uniform(count, WRONG).sign()
    near = uniform(count, WRONG) < -0.4
    anywhere[..., 0] = torch.where(near, turned, anywhere[..., 0])
    return torch.cat([right, anywhere], 1)


def close(hypotheses: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return which hypotheses (B, H, 2) count as right for parameters (B, 4)."""
    apart = hypotheses - truth[:, None, :2]
    turned = (apart[..., 0] + math.pi) % (2 * math.pi) - math.pi
    return (turned.abs() < CLOSE[0]) & (apart[..., 1].abs() < CLOSE[1])


def right_shift(hypothesis: torch.Tensor, truth: torch.Tensor, cells: int) -> torch.Tensor:
    """Return the target distribution (B, n + 1, n + 1) over the shifts of a hypothesis.

    A slightly wrong hypothesis fits best where the centre of the overlap is in place; the shift of the image
    centre is then near the true one.
    """
    middle = overlap_centre(truth)
    wrong = rotation_scale(hypothesis[:, 0] - truth[:, 0], hypothesis[:, 1] - truth[:, 1])
    shift = middle - (wrong @ (middle - truth[:, 2:])[..., None])[..., 0]
    line = torch.arange(cells + 1, device=truth.device) - cells / 2
    x = line[None, None, :] + (shift[:, 0] * cells)[:, None, None]
    y = line[None, :, None] + (shift[:, 1] * cells)[:, None, None]
    right = torch.exp(-(x * x + y * y) / (2 * BLUR**2))
    return right / right.sum((1, 2), keepdim=True).clamp(min=1e-6)


def overlap_centre(truth: torch.Tensor, side: int = 17) -> torch.Tensor:
    """Return the centre of the overlap (B, 2), in widths from the fixed image's centre."""
    line = (torch.arange(side, device=truth.device) + 0.5) / side - 0.5
    y, x = torch.meshgrid(line, line, indexing="ij")
    place = torch.stack([x, y], -1).view(1, -1, 2)
    back = rotation_scale(-truth[:, 0], -truth[:, 1])
    seen = ((place - truth[:, None, 2:]) @ back.transpose(1, 2)).abs().amax(2) < 0.5
    return (place * seen[..., None]).sum(1) / seen.sum(1, keepdim=True).clamp(min=1)
