"""Training of the refinement: small displacements to a fraction of a cell, and right against wrong pairs."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812

from xebra.estimate.displacement import MAX_STEP, MIN_RIDGE, RIDGE
from xebra.network.refine import STEP, Refine, RefineConfig, centres, displaced
from xebra.specimen.pairs import MASKED, Pairs, PairSource, Range, rotation_scale

NEAR = 0.25  # share of pairs within a fifth of the range
SAME = 0.15  # share of pairs of one modality, for which the final stage uses intensity
WRONG = 2  # unrelated pairs, of four kinds, for each pair
BLUR = 0.5  # steps of the grid: width of the target
TRUSTED = 1.0  # cells: the Newton step is trained where the grid's best point has at most twice this error


class RefineTask:
    """Training of the refinement on the displacements that a search leaves."""

    name = "refine"
    reach = Range(6.5, 1.12, 0.08)

    def __init__(self, config: RefineConfig, size: int = 128):
        self.config, self.network, self.size = config, Refine(config), size

    def batch(self, source: PairSource, count: int) -> Pairs:
        """Return pairs within the range that a search leaves."""
        return source.batch(count, self.reach, near=NEAR, same=SAME, masked=MASKED, laid=True)

    def loss(self, pairs: Pairs, generator: torch.Generator) -> torch.Tensor:
        """Return the cross entropy over grid and wrong pairs, plus the error of Newton's step in cells."""
        fixed, moving = pairs.views
        if torch.rand(1, generator=generator, device=fixed.device) < 0.25:  # as at the coarsest level
            fixed, moving = F.avg_pool2d(fixed, 2), F.avg_pool2d(moving, 2)
        cells = fixed.shape[-1] // self.config.stride
        truth = displacement(pairs.parameters, cells)
        first, second = self.network.head(fixed), torch.cat(self.network.moving_maps(moving), 1)
        evidence = self._evidence(first, second)
        others = (second.roll(1, 0), second.rot90(1, (2, 3)), second.flip((2, 3)), rolled(second, generator))
        chosen = torch.randperm(len(others), generator=generator, device=fixed.device)[:WRONG].tolist()
        wrong = [self.network.grid_scores(self._evidence(first, others[i])).flatten(1) for i in chosen]
        right = self.network.grid_scores(evidence).flatten(1)
        target = right_place(truth, self.network, evidence)
        share = torch.cat([right, *wrong], 1).log_softmax(1)[:, : right.shape[1]]
        return -(target * share).sum(1).mean() + self._off(evidence, right, truth)

    def _evidence(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return the evidence of fixed features and of moving ones whose last channel is their coverage."""
        return self.network.evidence(fixed, moving[:, :-1], moving[:, -1:])

    def _off(self, evidence: torch.Tensor, scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the mean corner distance in cells after a Newton step from the best grid point."""
        at = self.network.grid(evidence)[scores.argmax(1)]
        found = newton_step(self.network, evidence, at)
        corners = _corners(evidence.shape[1] * 16)
        before = distance(at, truth, corners)
        after = distance(found, truth, corners)
        known = (before < 2 * TRUSTED).float()
        return (F.smooth_l1_loss(after, torch.zeros_like(after), reduction="none") * known).mean()

    @torch.no_grad()
    def scores(self, pairs: Pairs) -> dict[str, Any]:
        """Return the median corner error in px of the view after one step, and the shares below limits."""
        errors = []
        for i in range(0, len(pairs.parameters), 32):
            part = pairs[i : i + 32]
            fixed, moving = part.views
            cells = fixed.shape[-1] // self.config.stride
            there = torch.cat(self.network.moving_maps(moving), 1)
            evidence = self._evidence(self.network.head(fixed), there)
            at = self.network.grid(evidence)[self.network.grid_scores(evidence).flatten(1).argmax(1)]
            found = newton_step(self.network, evidence, at)
            corners = _corners(cells)
            errors.append(distance(found, displacement(part.parameters, cells), corners) * self.config.stride)
        every = torch.cat(errors)
        return {
            "median_px": round(float(every.median()), 3),
            **{f"under_{px}_px": round(float((every < px).float().mean()), 4) for px in (0.25, 0.5, 1, 2, 5)},
        }


def rolled(maps: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return maps (B, C, N, N) shifted cyclically by more than any shift of the grid."""
    n = maps.shape[-1]
    far = torch.randint(n // 4, n - n // 4, (2,), generator=generator, device=maps.device)
    return maps.roll(far.tolist(), (2, 3))


def newton_step(network: Refine, evidence: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Return the parameters (B, 4) after one damped Newton step from ``at``; see ``Evidence.newton_step``."""
    gradient, information = (halves.sum(1) for halves in network.newton(evidence, at))
    outermost = centres(evidence.shape[1], evidence).norm(dim=1).max()
    unit = torch.stack([1 / outermost, 1 / outermost, torch.ones_like(outermost), torch.ones_like(outermost)])
    gradient, information = gradient * unit, information * unit[:, None] * unit
    ridge = RIDGE * information.diagonal(dim1=1, dim2=2).clamp(min=0).mean(1) + MIN_RIDGE
    damped = information + ridge[:, None, None] * torch.eye(4, device=at.device)
    values = torch.linalg.eigvalsh(damped.detach())  # no step where the evidence has no maximum
    peaked = (values[:, 0] > 0).float()[:, None]
    damped = torch.where(peaked[..., None] > 0, damped, torch.eye(4, device=at.device))
    step: torch.Tensor = torch.linalg.solve(damped, gradient) * peaked
    return at + step.clamp(-MAX_STEP, MAX_STEP) * unit


def displacement(parameters: torch.Tensor, cells: int) -> torch.Tensor:
    """Return the displacement parameters (B, 4) in cells of moving_from_fixed, given those of ``Pairs``."""
    back = rotation_scale(-parameters[:, 0], -parameters[:, 1])
    shift = -(back @ parameters[:, 2:, None])[..., 0] * cells
    return torch.stack([back[:, 0, 0] - 1, back[:, 1, 0], shift[:, 0], shift[:, 1]], 1)


def _corners(cells: int) -> torch.Tensor:
    half = cells / 2
    return torch.tensor([[-half, -half], [half, -half], [-half, half], [half, half]])


def distance(found: torch.Tensor, truth: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the mean distance in cells between two displacements at places (K, 2); (B,)."""
    apart = displaced(places.to(found), found - truth)  # linear in the parameters
    distances: torch.Tensor = (apart.square().sum(2) + 1e-8).sqrt()
    return distances.mean(0)


def right_place(truth: torch.Tensor, network: Refine, evidence: torch.Tensor) -> torch.Tensor:
    """Return the target distribution (B, G) over the grid; 0 where the truth lies outside the grid."""
    grid = network.grid(evidence)
    outermost = centres(evidence.shape[1], grid).norm(dim=1).max()
    unit = torch.stack(
        [outermost / STEP, outermost / STEP, torch.ones_like(outermost), torch.ones_like(outermost)]
    )
    apart = (grid[None] - truth[:, None]) * unit
    share = torch.exp(-apart.square().sum(2) / (2 * BLUR**2))
    turns, shifts = network.config.turns, network.config.shifts
    within = ((truth * unit).abs() <= torch.tensor([turns, turns, shifts, shifts]).to(truth)).all(1)
    return share / share.sum(1, keepdim=True).clamp(min=1e-6) * within[:, None]
