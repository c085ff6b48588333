"""The kinds of structure of a specimen.

Each returns a ``Layer``: cover (0..1), height (px) and a random value for each of its grains or particles
(0..1), all (B, S, S).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from xebra.specimen.draw import Draw
from xebra.specimen.noise import Seeds, fractal, grid, look_up, smooth, warped_grid


@dataclass(frozen=True)
class Layer:
    """One structure: cover, height and identity, each (B, S, S)."""

    cover: torch.Tensor
    height: torch.Tensor
    identity: torch.Tensor


def soft_step(field: torch.Tensor, width: torch.Tensor | float) -> torch.Tensor:
    """Return a smooth step from 0 to 1 over ``width``."""
    return torch.sigmoid(field * 4 / width)


def domains(draw: Draw, size: int) -> Layer:
    """Blobs of a phase with smooth borders: alloys, blends, stained tissue."""
    field = smooth(draw, size, draw.log_uniform(2, 20)) + draw.uniform(0, 0.6) * fractal(
        draw, size, draw.uniform(0.8, 1.6)
    )
    cover = soft_step(field - draw.uniform(-0.6, 1.2), draw.log_uniform(0.1, 2))
    return Layer(cover, cover * draw.uniform(-3, 6), smooth(draw, size, draw.log_uniform(4, 40)).sigmoid())


def grains(draw: Draw, size: int) -> Layer:
    """Polycrystal: a part of the grains belongs to the phase; the identity is the orientation."""
    points = warped_grid(draw, size, draw.uniform(0, 6), draw.log_uniform(1, 3))
    seeds = Seeds(draw, points, draw.log_uniform(8, 60))
    first, second, owner = seeds.nearest()
    member = (look_up(seeds.property(), owner) < draw.uniform(0.15, 0.7)).float()
    boundary = torch.exp(-(((second - first) / draw.uniform(0.03, 0.12)) ** 2))
    identity = look_up(seeds.property(), owner)
    return Layer(member, identity * draw.uniform(0, 4) - boundary * draw.uniform(0, 3), identity)


def boundaries(draw: Draw, size: int) -> Layer:
    """Only the borders of cells or grains: membranes, segregated films, cracks, a network of fibres."""
    points = warped_grid(draw, size, draw.uniform(0, 8), draw.log_uniform(1, 2.5))
    spacing = draw.log_uniform(14, 80)
    first, second, owner = (seeds := Seeds(draw, points, spacing)).nearest()
    width = draw.log_uniform(0.8, 4) / spacing
    cover = torch.exp(-(((second - first) / width) ** 2))
    return Layer(cover, cover * draw.uniform(-5, 5), look_up(seeds.property(), owner))


def particles(draw: Draw, size: int) -> Layer:
    """Ellipsoids and platelets of mixed sizes, some missing; domes when seen in relief."""
    points = warped_grid(draw, size, draw.uniform(0, 2), draw.log_uniform(1, 1.6))
    spacing = draw.log_uniform(7, 70)
    seeds = Seeds(draw, points, spacing)
    radius, slim, turn = seeds.property(0.12, 0.7), seeds.property(0.4, 1), seeds.property(0, 3.14)
    present, value = seeds.property(), seeds.property()
    share, power = draw.uniform(0.2, 1), draw.log_uniform(1, 4)
    dome = torch.zeros(points.shape[:3], device=points.device)
    identity = torch.zeros_like(dome)
    for vector, index in seeds.around():
        angle, r = look_up(turn, index), look_up(radius, index)
        along = vector[..., 0] * angle.cos() + vector[..., 1] * angle.sin()
        across = (vector[..., 1] * angle.cos() - vector[..., 0] * angle.sin()) / look_up(slim, index)
        reach = (along.abs() ** (2 * power) + across.abs() ** (2 * power) + 1e-9) ** (1 / power)
        this = (1 - reach / r**2).clamp(min=0) * (look_up(present, index) < share)
        identity = torch.where(this > dome, look_up(value, index), identity)
        dome = torch.maximum(dome, this)
    cover = soft_step(dome - 0.06, 0.15) * (dome > 0)
    return Layer(cover, dome.sqrt() * spacing * draw.uniform(0.05, 0.5), identity)


def pores(draw: Draw, size: int) -> Layer:
    """Particles that are not there."""
    layer = particles(draw, size)
    return Layer(layer.cover, -layer.height, layer.identity)


def fibres(draw: Draw, size: int) -> Layer:
    """Long bodies that lie roughly in one direction: strongly stretched grains."""
    points = warped_grid(draw, size, draw.uniform(0, 10), draw.log_uniform(6, 30))
    spacing = draw.log_uniform(4, 25)
    seeds = Seeds(draw, points, spacing)
    first, second, owner = seeds.nearest()
    member = look_up(seeds.property(), owner) < draw.uniform(0.2, 0.8)
    body = ((second - first) / 0.5).clamp(0, 1)
    cover = member * soft_step(body - 0.3, 0.4)
    return Layer(cover, member * body.sqrt() * draw.uniform(1, 6), look_up(seeds.property(), owner))


def lamellae(draw: Draw, size: int) -> Layer:
    """Bent bands of varying width: eutectics, layers, muscle."""
    points = warped_grid(draw, size, draw.uniform(2, 14), draw.uniform(1, 1.01))
    phase = points[..., 1] / draw.log_uniform(8, 60) * 6.283 + 2.5 * smooth(
        draw, size, draw.log_uniform(10, 60)
    )
    wave = torch.sin(phase)
    within = soft_step(smooth(draw, size, draw.log_uniform(20, 70)) - draw.uniform(-2, 0.3), 0.4)
    cover = soft_step(wave - draw.uniform(-0.6, 0.6), draw.uniform(0.2, 2)) * within
    return Layer(cover, cover * draw.uniform(-3, 3), smooth(draw, size, draw.log_uniform(8, 40)).sigmoid())


def devices(draw: Draw, size: int) -> Layer:
    """Lines, pads and holes with straight edges in two directions, as on a chip; never periodic."""
    angle = draw.uniform(-3.14, 3.14)
    points = grid(draw, size)
    x = points[..., 0] * angle.cos() + points[..., 1] * angle.sin()
    y = points[..., 1] * angle.cos() - points[..., 0] * angle.sin()
    cover = torch.zeros_like(x)
    identity = torch.zeros_like(x)
    for _ in range(28):
        long, short = draw.log_uniform(10, 160), draw.log_uniform(2, 24)
        flat = draw.chance(0.5)
        half_x, half_y = torch.where(flat, long, short) / 2, torch.where(flat, short, long) / 2
        inside = torch.minimum(
            half_x - (x - draw.uniform(-size / 2, size / 2)).abs(),
            half_y - (y - draw.uniform(-size / 2, size / 2)).abs(),
        )
        bar = (inside + 0.5).clamp(0, 1)
        cover = torch.where(draw.chance(0.2), cover * (1 - bar), torch.maximum(cover, bar))
        identity = torch.where(bar > 0.5, draw.uniform(0, 1), identity)
    return Layer(cover, cover * draw.uniform(-6, 6), identity)


def texture(draw: Draw, size: int) -> Layer:
    """Cloudy concentration without borders: diffusion, staining, thickness."""
    field = fractal(draw, size, draw.uniform(0.9, 2.2))
    cover = (field * draw.uniform(0.3, 1.2)).sigmoid()
    return Layer(cover, field * draw.uniform(0, 4), cover)


KINDS = (domains, grains, boundaries, particles, pores, fibres, lamellae, devices, texture)
