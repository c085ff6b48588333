"""Sparse counts and strong noise, as in slow maps. All images are (B, H, W), about 0 to 1."""

from __future__ import annotations

import torch
from torch.nn.functional import interpolate

from xebra.specimen.draw import Draw

COARSE = (2, 3, 4)  # px of the image per px of the map, either way


def sparse_counts(draw: Draw, image: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """Return images whose ``members`` (B,) are maps of 0.03 to 1 counts a px, magnified 2 to 4 times."""
    result = image.clone()
    dose, ground = draw.log_uniform(0.03, 1.5), draw.log_uniform(0.003, 0.1)
    factor, way = draw.integer(len(COARSE), draw.batch), draw.integer(3, draw.batch)
    for number, step in enumerate(COARSE):
        for mode, name in enumerate(("nearest", "bilinear", "bicubic")):
            mine = members & (factor == number) & (way == mode)
            if mine.any():
                rate = _resized(image[mine].clamp(0, 2), 1 / step, "area") * dose[mine] + ground[mine]
                counted = draw.poisson(rate) / (dose[mine] + ground[mine])
                result[mine] = _resized(counted, tuple(image.shape[1:]), name)
    return result


def noise_above_signal(draw: Draw, image: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """Return images whose ``members`` (B,) have white or blobby noise of 0.3 to 2 times their spread."""
    noise = draw.normal(*image.shape)
    coarse = interpolate(noise[:, None, ::2, ::2], size=image.shape[1:], mode="bilinear")[:, 0] * 1.5
    noise = torch.where(draw.chance(0.4), coarse, noise)
    spread = image.flatten(1).std(1)[:, None, None]
    strength = draw.log_uniform(0.3, 2) * members[:, None, None]
    return image + noise * spread * strength


def _resized(image: torch.Tensor, to: float | tuple[int, ...], mode: str) -> torch.Tensor:
    """Return images (B, H, W) resampled by a factor or to a size (H, W)."""
    sized = {"size": to} if isinstance(to, tuple) else {"scale_factor": to}
    aligned = {"align_corners": False} if mode in ("bilinear", "bicubic") else {}
    return interpolate(image[:, None], mode=mode, **sized, **aligned)[:, 0]
