"""Element outlines that differ from the object's: interaction volume, thresholds, saturation. (B, H, W)."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d

from xebra.specimen.draw import Draw

RADII = (1, 2, 4)  # px of the box filter, applied twice


def spread_outlines(draw: Draw, image: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """Return images (0 to 1) whose ``members`` (B,) are blurred and thresholded: larger or smaller spots."""
    result, level = image.clone(), draw.uniform(0.12, 0.8)
    width, which = draw.log_uniform(0.1, 0.6), draw.integer(len(RADII), draw.batch)
    for number, radius in enumerate(RADII):
        mine = members & (which == number)
        if mine.any():
            smooth = _box(_box(image[mine], radius), radius)
            result[mine] = torch.sigmoid((smooth - level[mine]) * 4 / width[mine])
    return result


def nearly_empty(draw: Draw, image: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """Return images whose ``members`` (B,) are black up to a high level and soon saturated above it."""
    flat = image.flatten(1)[:, ::7]
    rank = draw.uniform(0.7, 0.985)[:, 0]
    floor = flat.sort(1).values.gather(1, (rank * (flat.shape[1] - 1)).long())[:, :, None]
    top = flat.amax(1)[:, None, None]
    full = floor + (top - floor).clamp(min=1e-3) * draw.uniform(0.1, 0.8)
    stretched = ((image - floor) / (full - floor).clamp(min=1e-3)).clamp(0, 1)
    return torch.where(members[:, None, None], stretched, image)


def _box(image: torch.Tensor, radius: int) -> torch.Tensor:
    return avg_pool2d(image[:, None], 2 * radius + 1, 1, radius, count_include_pad=False)[:, 0]
