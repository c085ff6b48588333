"""Search: scores of all rotations, scales and shifts of the moving image on the fixed one.

The moving image's features are rotated and scaled over a grid of hypotheses, and masked normalised
cross-correlation over all shifts scores each (Padfield, IEEE Trans. Image Process. 21,
2706, 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from xebra.network.correlate import Correlate
from xebra.network.features import FeatureHead
from xebra.specimen.pairs import rotation_scale

LEAST_COVER = 0.15  # of the fixed image: smaller overlaps are not scored


@dataclass(frozen=True)
class SearchConfig:
    """Hyperparameters, stored with the weights."""

    size: int = 128  # px, side of both inputs
    widths: tuple[int, int, int] = (16, 48, 96)
    features: int = 8
    stride: int = 4  # px a cell
    angles: int = 36  # over the full turn
    scales: int = 7  # from a half to two
    pool: int = 1  # cells of the head, either way, that are averaged to one

    @property
    def cells(self) -> int:
        """Return the number of cells along a side of the correlated maps."""
        return self.size // self.stride // self.pool


class Search(nn.Module):
    """Scores every hypothesis and shift of fixed_from_moving for two views (B, 2, N, N)."""

    hypotheses: torch.Tensor
    pairs: torch.Tensor

    def __init__(self, config: SearchConfig):
        super().__init__()
        self.config = config
        self.head = FeatureHead(config.widths, config.features, config.stride)
        self.correlate = Correlate(config.cells)
        self.sharpness = nn.Parameter(torch.tensor(3.0))
        self.preference = nn.Parameter(torch.tensor(0.0))
        self.register_buffer("hypotheses", hypotheses(config), persistent=False)  # (H, 2)
        self.register_buffer("pairs", pairings(config.features + 2), persistent=False)

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """Return scores (B, H, n + 1, n + 1); the shift is (column - n / 2, row - n / 2) cells, row first.

        The hypotheses of one quadrant are correlated with the fixed image rotated by 0, 90, 180 and 270
        degrees; the scores are rotated back.
        """
        own = self.maps(fixed)
        turned = torch.stack([own.rot90(quarter, (2, 3)) for quarter in range(4)], 2)
        scores = self.scores(turned, self.maps(moving), self.hypotheses[None, : len(self.hypotheses) // 4])
        back = [scores[:, quarter].rot90(-quarter, (2, 3)) for quarter in range(4)]
        return torch.cat(back, 1)

    def maps(self, view: torch.Tensor) -> torch.Tensor:
        """Return features and coverage of views, (B, C + 1, n, n)."""
        maps = torch.cat([self.head(view), F.avg_pool2d(view[:, 1:], self.config.stride)], 1)
        return F.avg_pool2d(maps, self.config.pool) if self.config.pool > 1 else maps

    def score(self, fixed: torch.Tensor, moving: torch.Tensor, hypotheses: torch.Tensor) -> torch.Tensor:
        """Return scores of hypotheses (B or 1, H, 2), angle (rad) and log scale of fixed_from_moving."""
        return self.scores(fixed[:, :, None], moving, hypotheses)[:, 0]

    def scores(self, turned: torch.Tensor, moving: torch.Tensor, hypotheses: torch.Tensor) -> torch.Tensor:
        """Return scores (B, Q, H, n + 1, n + 1) for Q rotations of the fixed maps (B, C + 1, Q, n, n)."""
        spectra = self.spectra(turned), self.spectra(resampled_on_canvas(moving, hypotheses))
        sums = self.correlate.places(products(*spectra, self.pairs))
        return self.normalised(sums.unflatten(3, (turned.shape[2], 4, -1))).permute(0, 3, 4, 1, 2)

    def spectra(self, maps: torch.Tensor) -> torch.Tensor:
        """Return spectra (B, F, 2, C + 2, H) of features and coverage (B, C + 1, H, rows, columns)."""
        features = maps[:, :-1]
        known = torch.cat([maps, (features * features).sum(1, keepdim=True)], 1)
        places_first = known.flatten(3).flatten(1, 2).transpose(1, 2).unflatten(1, known.shape[3:])
        spectra: torch.Tensor = self.correlate.spectrum(places_first).unflatten(3, known.shape[1:3])
        return spectra

    def normalised(self, sums: torch.Tensor) -> torch.Tensor:
        """Return normalised correlation from sums (..., 4, H), lower for small overlaps."""
        product, cover, moving_energy, fixed_energy = sums.unbind(-2)
        cover = cover / self.config.cells**2
        energy = moving_energy.clamp(min=1e-3) * fixed_energy.clamp(min=1e-3)
        correlation = product / energy.sqrt().clamp(min=self.config.pool**-2)
        certainty = cover.clamp(min=1e-3) ** (0.5 * self.preference.sigmoid())
        return self.sharpness.exp() * correlation * certainty - 1e4 * (cover < LEAST_COVER)


class SearchFeatures(nn.Module):
    """The feature maps of the search alone, for views (B, 2, rows, columns) of any size."""

    def __init__(self, search: Search):
        super().__init__()
        self.search = search

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        """Return features and coverage (B, C + 1, rows / cell, columns / cell) of views."""
        return self.search.maps(view)


def products(fixed: torch.Tensor, canvas: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """Return the spectra (B, F, 2, Q 4 H) of product, cover, moving and fixed energy over all shifts.

    The inputs are the spectra of the fixed image's maps (B, F, 2, C + 2, Q) and of the canvases
    (B, F, 2, C + 2, H), and ``pairings``: one product of two small matrices for each frequency.
    """
    batch, frequencies, _, channels, turns = fixed.shape
    real, imaginary = ((part.transpose(2, 3) @ pairs).unflatten(3, (4, -1)) for part in fixed.unbind(2))
    conjugate = [torch.cat([real, imaginary], -1), torch.cat([-imaginary, real], -1)]
    over = torch.stack(conjugate, 2).view(batch, frequencies, 8 * turns, 2 * channels)
    return (over @ canvas.flatten(2, 3)).view(batch, frequencies, 2, -1)


def pairings(channels: int) -> torch.Tensor:
    """Return which maps of both images are multiplied in each of the four sums, (C + 2, 4 (C + 2))."""
    product, cover, moving_energy, fixed_energy = torch.zeros(4, channels, channels)
    outline, energy = channels - 2, channels - 1
    product.diagonal()[:outline] = 1
    cover[outline, outline] = moving_energy[outline, energy] = fixed_energy[energy, outline] = 1
    return torch.stack([product, cover, moving_energy, fixed_energy], 1).flatten(1)


def hypotheses(config: SearchConfig) -> torch.Tensor:
    """Return all angles (rad) and log scales, (H, 2), the scale varying fastest."""
    angle = torch.arange(config.angles) * (2 * math.pi / config.angles)
    return torch.cartesian_prod(angle, torch.linspace(-math.log(2), math.log(2), config.scales))


def resampled_on_canvas(maps: torch.Tensor, hypotheses: torch.Tensor) -> torch.Tensor:
    """Return maps (B, C, n, n) resampled by each hypothesis on twice the fixed field, (B, C, H, 2n, 2n)."""
    batch, channels, cells, _ = maps.shape
    canvas = 2 * cells
    line = ((torch.arange(canvas, device=maps.device) + 0.5) / canvas * 2 - 1) * 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    back = rotation_scale(-hypotheses[..., 0], -hypotheses[..., 1])  # (B or 1, H, 2, 2)
    where = torch.stack([x, y], -1).view(1, 1, -1, 2) @ back.transpose(2, 3)
    where = where.reshape(len(back), -1, canvas, 2).expand(batch, -1, -1, -1)
    seen = F.grid_sample(maps, where, align_corners=False)  # 0 outside the moving image
    return seen.view(batch, channels, -1, canvas, canvas)
