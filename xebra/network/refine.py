"""Refinement: the displacement left between two views that nearly agree, and its information.

Blocks of the fixed view's features are correlated with the moving view's over small shifts. The similarity
with the largest sum of block correlations is found on a grid, then by one step of Newton's method: weighted
least squares, in which a block's weight is the curvature of its correlation, (2, 2). The sum of the weights
is the information about the four parameters, whose inverse is their covariance. A similarity close to none
is the displacement d(z) = m z + a of complex numbers, from the centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from xebra.network.correlate import Correlate, conjugate_product
from xebra.network.features import FeatureHead

BLOCK = 16  # cells, side of a block
REACH = BLOCK // 2  # cells: largest shift of a block
STEP = 1.0  # cells that one step moves the outermost blocks
CLEAR = 2  # cells: a cell of the fixed view counts only if the moving image lies that far around it


@dataclass(frozen=True)
class RefineConfig:
    """Hyperparameters, stored with the weights."""

    widths: tuple[int, int, int] = (16, 32, 64)
    features: int = 8
    stride: int = 2  # px a cell
    turns: int = 4  # steps of rotation and of scale in the grid, either way
    shifts: int = 5  # cells in the grid, either way


class Refine(nn.Module):
    """Estimates displacement, information and score for views (B, 2, N, N), N = 64, 128, 256..."""

    outputs = ("displacement", "gradient", "information", "score", "block_correlation")

    def __init__(self, config: RefineConfig):
        super().__init__()
        self.config = config
        self.head = FeatureHead(config.widths, config.features, config.stride)
        self.correlate = Correlate(BLOCK)
        self.sharpness = nn.Parameter(torch.tensor(4.0))
        self.preference = nn.Parameter(torch.tensor(0.0))

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the values that ``outputs`` names, for views of N = 32 n px.

        Parameters (B, 4) of the best grid point in cells; gradient (B, 2, 4) and information (B, 2, 4, 4)
        there; score (B,); correlation of each block over its shifts (B, n, n, 17, 17), row first, no shift in
        the centre.
        """
        there, around = self.moving_maps(moving)
        evidence = self.evidence(self.head(fixed), there, around)
        score = self.grid_scores(evidence).flatten(1)
        best, place = score.max(1)
        grid = self.grid(evidence)[place]
        gradient, information = self.newton(evidence, grid)
        return grid, gradient, information, best, evidence

    def moving_maps(self, moving: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return features of the moving view, and where it shows the moving image for CLEAR cells around.

        A cell of the fixed view that a small shift deprives of its counterpart lowers the score of that
        shift, whatever the images show: it would bias the answer inward and towards a larger scale.
        """
        inside = F.pad(F.avg_pool2d(moving[:, 1:], self.config.stride), (CLEAR,) * 4)
        return self.head(moving), -F.max_pool2d(-inside, 2 * CLEAR + 1, 1)

    def evidence(self, fixed: torch.Tensor, moving: torch.Tensor, around: torch.Tensor) -> torch.Tensor:
        """Return the correlation of blocks (B, n, n, 17, 17) over their shifts, where ``around`` is 1.

        They sum to the normalised correlation times the sharpness, lower for small overlaps, where chance
        correlations are higher.
        """
        fixed = fixed * around
        n = fixed.shape[-1] // BLOCK
        energy = (fixed * fixed).sum((1, 2, 3)) * (moving * moving).sum((1, 2, 3))
        canvases, blocks = _squares(F.pad(moving, (REACH,) * 4), 2 * BLOCK, n), _squares(fixed, BLOCK, n)
        spectra = (self.correlate.spectrum(x) for x in (canvases, blocks))
        product = conjugate_product(*spectra).unflatten(3, (n * n, -1)).sum(4)
        correlation: torch.Tensor = self.correlate.places(product).unflatten(3, (n, n)).permute(0, 4, 3, 1, 2)
        certainty = around.mean((1, 2, 3)).clamp(min=1e-3) ** (0.5 * self.preference.sigmoid())
        scale = self.sharpness.exp() * certainty / (energy + 1.0).sqrt()
        return correlation * scale[:, None, None, None, None]

    def grid_scores(self, evidence: torch.Tensor) -> torch.Tensor:
        """Return the score of each rotation, scale and shift, (B, rotations * scales, rows, columns)."""
        rows, side = evidence.shape[1], evidence.shape[3]
        moved = displaced(centres(rows, evidence), self.turns(evidence))  # (block, turn, 2)
        line = torch.arange(side, device=evidence.device, dtype=evidence.dtype) - REACH
        tried = line[REACH - self.config.shifts : REACH + self.config.shifts + 1]
        reached = moved[..., None] + tried  # (block, turn, 2, shift)
        share = (1 - (reached[..., None, :] - line[:, None]).abs()).clamp(min=0)  # of each shift, linear
        by_column, by_row = share.unbind(2)  # (block, turn, place, shift)
        flat = evidence.flatten(1, 2)  # (B, block, row, column)
        seen = flat @ by_column.permute(0, 2, 1, 3).flatten(2)  # (B, block, row, turn and shift)
        seen = seen.unflatten(3, by_column.shape[1::2]).permute(0, 3, 1, 2, 4).flatten(2, 3)
        by_rows = by_row.permute(1, 3, 0, 2).flatten(2)
        scores: torch.Tensor = by_rows @ seen  # a sum over the rows of all blocks
        return scores

    def turns(self, evidence: torch.Tensor) -> torch.Tensor:
        """Return the parameters (T, 4) of the grid's rotations and scales, without shift."""
        outermost = centres(evidence.shape[1], evidence).norm(dim=1).max()
        turns = self.config.turns
        step = torch.arange(-turns, turns + 1, device=evidence.device) * STEP / outermost
        both = torch.cartesian_prod(step, step)
        return torch.cat([both, torch.zeros_like(both)], 1)

    def grid(self, evidence: torch.Tensor) -> torch.Tensor:
        """Return the parameters (G, 4) of the whole grid, in the order of ``grid_scores``."""
        shifts = self.config.shifts
        line = torch.arange(-shifts, shifts + 1, device=evidence.device, dtype=evidence.dtype)
        y, x = torch.meshgrid(line, line, indexing="ij")
        shift = torch.stack([x, y], -1).view(1, -1, 2)
        turn = self.turns(evidence)[:, None, :2]
        return torch.cat([turn.expand(-1, shift.shape[1], -1), shift.expand(len(turn), -1, -1)], 2).flatten(
            0, 1
        )

    def newton(self, evidence: torch.Tensor, at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return gradient (B, 2, 4) and negative curvature (B, 2, 4, 4) of the evidence at parameters (B, 4).

        Index 0 is of the black, 1 of the white blocks of a checkerboard: two estimates without common px.
        """
        batch, rows, _, side, _ = evidence.shape
        jacobian = jacobians(centres(rows, evidence))  # (block, 2, 4)
        where = (jacobian @ at[:, None, :, None])[..., 0]  # (B, block, 2)
        star = torch.tensor([[x, y] for y in (-1.0, 0.0, 1.0) for x in (-1.0, 0.0, 1.0)], device=at.device)
        points = ((where[:, :, None] + star) / REACH).flatten(0, 1)[:, None]
        seen = F.grid_sample(evidence.reshape(-1, 1, side, side), points, align_corners=True)
        slope, weight = _slope_and_curvature(seen.view(batch, rows * rows, 9))
        gradient = (slope[:, :, None] @ jacobian)[:, :, 0]  # (B, block, 4)
        information = jacobian.transpose(1, 2) @ weight @ jacobian
        colour = checkerboard(rows, evidence)
        return colour @ gradient, (colour @ information.flatten(2)).unflatten(2, (4, 4))


class RefineFeatures(nn.Module):
    """The feature maps of the refinement alone, for views (B, 2, rows, columns) of any size."""

    def __init__(self, refine: Refine):
        super().__init__()
        self.head = refine.head

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return weighted features (B, C, rows / stride, columns / stride) of views."""
        features: torch.Tensor = self.head(view)
        return features


def _slope_and_curvature(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return slope (..., 2) and negative curvature (..., 2, 2) of 3 x 3 values (..., 9), row by row."""
    nw, n, ne, w, c, e, sw, so, se = s.unbind(-1)
    xy = (ne + sw - nw - se) / 4
    xx, yy = 2 * c - e - w, 2 * c - n - so
    slope = torch.stack([e - w, so - n], -1) / 2
    return slope, torch.stack([torch.stack([xx, xy], -1), torch.stack([xy, yy], -1)], -2)


def checkerboard(rows: int, like: torch.Tensor) -> torch.Tensor:
    """Return masks (2, rows * rows) of the black and of the white blocks."""
    line = torch.arange(rows, device=like.device)
    white = ((line[:, None] + line[None]) % 2).flatten().to(like.dtype)
    return torch.stack([1 - white, white])


def centres(rows: int, like: torch.Tensor) -> torch.Tensor:
    """Return the centres of the blocks in cells from the centre of the view, (rows * rows, 2), row by row."""
    line = (torch.arange(rows, device=like.device, dtype=like.dtype) - (rows - 1) / 2) * BLOCK
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)


def jacobians(place: torch.Tensor) -> torch.Tensor:
    """Return the derivatives (K, 2, 4) of the displacement at places (K, 2) by the parameters."""
    x, y = place.unbind(1)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    return torch.stack([torch.stack([x, -y, one, none], 1), torch.stack([y, x, none, one], 1)], 1)


def displaced(place: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
    """Return the displacements (K, P, 2) of places (K, 2) under parameters (P, 4), in cells."""
    return torch.einsum("kij,pj->kpi", jacobians(place), parameters)


def _squares(maps: torch.Tensor, side: int, count: int) -> torch.Tensor:
    """Return squares of ``side`` cells every BLOCK cells of maps (B, C, N, N): (B, side, side, count^2 C).

    The last axis is columns of squares, rows, channels: this order copies contiguous memory.
    """
    last = maps.permute(0, 2, 3, 1)
    rows = torch.stack([last.narrow(1, i * BLOCK, side) for i in range(count)], 3)  # (B, side, N, count, C)
    both = torch.stack([rows.narrow(2, i * BLOCK, side) for i in range(count)], 3)
    return both.flatten(3)
