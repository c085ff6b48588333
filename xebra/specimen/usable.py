"""The part of a detector's frame that shows the specimen, without bars, field stops, padding, holes, wedges.

A frame's coordinates (B, H, W, 2) are (x, y) in widths of the detector from its centre; the detector spans
-0.5 to 0.5. One row of a table of uniform numbers fixes all masks of a frame, so that the same row gives two
images the same masks at the same detector position.
"""

from __future__ import annotations

import math

import torch

from xebra.specimen.draw import Replay

COLUMNS = 40  # uniform numbers that one frame needs at most
HOLES = 3
LEAST = 0.3  # of a frame: masks that leave less are dropped


def own_frame(count: int, size: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return the coordinates (B, N, N, 2) of a view that is the detector's whole frame."""
    line = (torch.arange(size, device=device) + 0.5) / size - 0.5
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1).expand(count, -1, -1, -1)


def laid_frame(
    angle: torch.Tensor, width: torch.Tensor, shift: torch.Tensor, frame: torch.Tensor
) -> torch.Tensor:
    """Return the coordinates of a detector that lies turned, scaled and shifted in a view.

    ``angle`` (B,) rad, ``width`` (B,) of the detector in widths of the view, ``shift`` (B, 2) of its centre;
    ``frame`` (B, N, N, 2) are the view's own coordinates.
    """
    x, y = (frame - shift[:, None, None]).unbind(-1)
    c, s = (f(angle)[:, None, None] for f in (torch.cos, torch.sin))
    return torch.stack([x * c + y * s, y * c - x * s], -1) / width[:, None, None, None]


def inside(frame: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return 1 where a frame shows its detector, (B, H, W); ``px`` (B, 1, 1): view px per detector width."""
    return _soft(0.5 - frame.abs().amax(-1), px)


def usable(table: torch.Tensor, frame: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return the mask (B, H, W), 0 to 1, that a table (B, COLUMNS) gives frames (B, H, W, 2)."""
    draw = Replay(table)
    x, y = frame.unbind(-1)
    whole = inside(frame, px)
    mask = whole * _data_bar(draw, y, px)
    for part in (_field_stop, _turned_square, _wedge):
        mask = mask * part(draw, x, y, px)
    for _ in range(HOLES):
        mask = mask * _hole(draw, x, y, px)
    enough = mask.mean((1, 2), keepdim=True) > LEAST * whole.mean((1, 2), keepdim=True)
    return torch.where(enough, mask, whole)


def _soft(distance: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return 1 on the positive side of a signed distance in widths, over one px."""
    return (distance * px + 0.5).clamp(0, 1)


def _sometimes(draw: Replay, probability: float, mask: torch.Tensor) -> torch.Tensor:
    return torch.where(draw.chance(probability), mask, torch.ones_like(mask))


def _data_bar(draw: Replay, y: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return a bar along the bottom edge, in a few frames along the top edge."""
    edge = 0.5 - draw.uniform(0.04, 0.2)
    side = 1 - 2 * draw.chance(0.15).float()
    return _sometimes(draw, 0.3, _soft(edge - side * y, px))


def _field_stop(draw: Replay, x: torch.Tensor, y: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return a round aperture, roughly centred; the largest only cut the corners."""
    away = torch.hypot(x - draw.uniform(-0.06, 0.06), y - draw.uniform(-0.06, 0.06))
    return _sometimes(draw, 0.2, _soft(draw.uniform(0.3, 0.6) - away, px))


def _turned_square(draw: Replay, x: torch.Tensor, y: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return the padding around a scan that was turned."""
    angle, half = draw.uniform(-math.pi / 4, math.pi / 4), draw.uniform(0.33, 0.5)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    return _sometimes(draw, 0.18, _soft(half - torch.maximum(along.abs(), across.abs()), px))


def _wedge(draw: Replay, x: torch.Tensor, y: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return a half plane that a straight edge hides: a missing wedge, the rim of a grid or of a holder."""
    angle = draw.uniform(-math.pi, math.pi)
    edge = draw.uniform(0.1, 0.5)
    return _sometimes(draw, 0.12, _soft(edge - (x * angle.cos() + y * angle.sin()), px))


def _hole(draw: Replay, x: torch.Tensor, y: torch.Tensor, px: torch.Tensor) -> torch.Tensor:
    """Return a rectangle: a legend, a scale bar, a dead block of the detector."""
    across = (x - draw.uniform(-0.5, 0.5)).abs() - draw.uniform(0.02, 0.14)
    along = (y - draw.uniform(-0.5, 0.5)).abs() - draw.uniform(0.01, 0.08)
    return _sometimes(draw, 0.15, 1 - _soft(-torch.maximum(across, along), px))
