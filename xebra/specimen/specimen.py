"""A specimen: phases, heights and crystal orientations."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from xebra.specimen.draw import Draw
from xebra.specimen.noise import fractal, smooth
from xebra.specimen.scenes import SPARSE
from xebra.specimen.structures import KINDS, grains, particles, soft_step, texture

PHASES = 5
SCENES = 8  # one specimen of this number has one to three bodies or one edge


@dataclass(frozen=True)
class Specimen:
    """A batch of specimens on a square grid."""

    fields: (
        torch.Tensor
    )  # (B, PHASES + 2, S, S): phase fractions that sum to 1, height (px), orientation (0..1)

    @property
    def phases(self) -> torch.Tensor:
        """Return the share of each phase, (B, PHASES, N, N)."""
        return self.fields[:, :PHASES]

    @property
    def height(self) -> torch.Tensor:
        """Return the heights, (B, N, N)."""
        return self.fields[:, PHASES]

    @property
    def orientation(self) -> torch.Tensor:
        """Return the orientation of the grains, (B, N, N)."""
        return self.fields[:, PHASES + 1]


def draw_specimens(draw: Draw, size: int) -> Specimen:
    """Paint two to five structures over one another, each in a phase of its own.

    All members of the batch are built of the same kinds of structure; their sizes, shapes and places differ.
    """
    if draw.one(SCENES) == 0:
        return draw_scene(draw, size)
    base = grains(draw, size)
    phases = torch.zeros(draw.batch, PHASES, size, size, device=draw.device)
    phases[:, 0] = 1
    height = base.height * draw.chance(0.5) + fractal(draw, size, draw.uniform(1.2, 2.2)) * draw.uniform(0, 3)
    orientation = base.identity
    for _ in range(2 + draw.one(4)):
        layer = KINDS[draw.one(len(KINDS))](draw, size)
        cover = layer.cover
        if draw.one(3) == 0:  # a structure inside another one only
            host = torch.gather(
                phases, 1, draw.integer(PHASES, draw.batch, 1, 1, 1).expand(-1, 1, size, size)
            )[:, 0]
            cover = torch.where(host.mean((1, 2), keepdim=True) > 0.1, cover * host, cover)
        strength = draw.uniform(0.6, 1)
        painted = _one_phase(draw)
        phases = phases * (1 - cover * strength)[:, None] + painted * (cover * strength)[:, None]
        height = height + layer.height
        orientation = torch.where(cover > 0.5, layer.identity, orientation)
    body = islands(draw, size)
    phases = phases * body[:, None]
    phases[:, 0] += 1 - body
    return Specimen(torch.cat([phases, (height * body)[:, None], orientation[:, None]], 1))


def draw_scene(draw: Draw, size: int) -> Specimen:
    """Return specimens with one to three bodies or one edge, on a nearly empty ground."""
    layer = SPARSE[draw.one(len(SPARSE))](draw, size)
    phases = torch.zeros(draw.batch, PHASES, size, size, device=draw.device)
    core = soft_step(layer.cover - draw.uniform(0.6, 1.1), 0.3) * draw.chance(0.4)
    shares = (1 - layer.cover, layer.cover * (1 - core), layer.cover * core)
    for share in shares:
        phases = phases + _one_phase(draw) * share[:, None]
    faint = texture(draw, size).cover * draw.uniform(0, 0.3)
    phases = phases * (1 - faint)[:, None] + _one_phase(draw) * faint[:, None]
    height = layer.height + fractal(draw, size, draw.uniform(1.2, 2.2)) * draw.uniform(0, 1)
    return Specimen(torch.cat([phases, height[:, None], layer.identity[:, None]], 1))


def _one_phase(draw: Draw) -> torch.Tensor:
    """Return a random phase of each specimen, one-hot, (B, PHASES, 1, 1)."""
    return torch.nn.functional.one_hot(draw.integer(PHASES, draw.batch), PHASES)[..., None, None].float()


def islands(draw: Draw, size: int) -> torch.Tensor:
    """Return a mask (B, S, S) of the specimen; one specimen in three has edges."""
    far = smooth(draw, size, draw.log_uniform(16, 80)) + draw.uniform(-0.4, 1.2)
    clustered = particles(draw, size).cover * soft_step(far, 0.2)
    body = torch.where(draw.chance(0.3), clustered, soft_step(far, draw.log_uniform(0.05, 0.3)))
    return torch.where(draw.chance(0.35), body, torch.ones_like(body))
