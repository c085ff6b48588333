"""Specimens with little structure: one to three bodies, or one edge, on an empty ground."""

from __future__ import annotations

import math

import torch

from xebra.specimen.draw import Draw
from xebra.specimen.noise import fractal, grid, smooth
from xebra.specimen.structures import Layer, soft_step

WITHIN = 0.22  # of the specimen's side: bodies lie this far from the centre, within the views


def few_bodies(draw: Draw, size: int) -> Layer:
    """Return one to three bodies with rough outlines, some with a core of their own."""
    points = grid(draw, size) + 0 * draw.normal(draw.batch, 1, 1, 1)
    rough = smooth(draw, size, draw.log_uniform(3, 20)) * draw.uniform(0, 0.35)
    cover = torch.zeros(draw.batch, size, size, device=draw.device)
    identity = torch.zeros_like(cover)
    for number in range(3):
        there = draw.chance((1.0, 0.6, 0.4)[number])
        x, y = (points[..., i] - draw.uniform(-WITHIN, WITHIN) * size for i in (0, 1))
        angle, slim = draw.uniform(-math.pi, math.pi), draw.uniform(0.4, 1)
        along = x * angle.cos() + y * angle.sin()
        across = (y * angle.cos() - x * angle.sin()) / slim
        away = torch.hypot(along, across) / draw.log_uniform(5, 45)
        body = soft_step(1 + rough - away, draw.log_uniform(0.05, 0.8)) * there
        identity = torch.where(body > 0.5, draw.uniform(0, 1), identity)
        cover = torch.maximum(cover, body)
    return Layer(cover, cover * draw.uniform(-8, 8), identity)


def one_edge(draw: Draw, size: int) -> Layer:
    """Return a single border between two halves, straight or rough."""
    points = grid(draw, size)
    angle = draw.uniform(-math.pi, math.pi)
    away = points[..., 0] * angle.cos() + points[..., 1] * angle.sin() - draw.uniform(-0.1, 0.1) * size
    rough = fractal(draw, size, draw.uniform(1.2, 2)) * draw.uniform(0, 12)
    cover = soft_step((away + rough) / draw.log_uniform(0.7, 6), 1.0)
    return Layer(cover, cover * draw.uniform(-8, 8), cover)


SPARSE = (few_bodies, few_bodies, one_edge)
