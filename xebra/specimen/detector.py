"""Detection of a signal: blur, dose, charging, stripes, bias field, tone. All (B, H, W)."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import interpolate

from xebra.specimen.counting import noise_above_signal, sparse_counts
from xebra.specimen.draw import Draw
from xebra.specimen.outlines import nearly_empty, spread_outlines

# Shares of the images (SPREAD, EMPTY_MAPS, SPARSE: of the count maps) that each of these happens to.
SPREAD, EMPTY_MAPS, EMPTY, SPARSE, NOISY = 0.3, 0.25, 0.04, 0.3, 0.1


def to_unit(image: torch.Tensor) -> torch.Tensor:
    """Stretch each image's 1st..99th percentile to 0..1."""
    flat = image.flatten(1)
    flat = flat[:, :: max(1, flat.shape[1] // 4096)]
    low, high = (torch.quantile(flat, q, dim=1)[:, None, None] for q in (0.01, 0.99))
    return ((image - low) / (high - low).clamp(min=1e-6)).clamp(-0.3, 1.5)


def blur(image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Gaussian blur by ``sigma`` px, (B, 1, 1); borders wrap, so callers crop a margin."""
    rows = torch.fft.fftfreq(image.shape[1], device=image.device)[:, None]
    columns = torch.fft.rfftfreq(image.shape[2], device=image.device)[None]
    response = torch.exp(-2 * (math.pi * sigma) ** 2 * (rows**2 + columns**2))
    blurred: torch.Tensor = torch.fft.irfft2(torch.fft.rfft2(image) * response, s=image.shape[1:])
    return blurred


def _tone(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Levels that clip, gamma, sometimes a fold (two contrasts in one), often an inversion."""
    black, white = draw.uniform(0, 0.75) * draw.chance(0.2), 1 - draw.uniform(0, 0.6) * draw.chance(0.15)
    image = (image - black) / (white - black).clamp(min=0.15)
    image = image.clamp(0, 1.2) ** draw.log_uniform(0.4, 2.5)
    fold = (image - draw.uniform(0.3, 0.7)).abs() * 1.6
    image = torch.where(draw.chance(0.08), fold, image)
    return torch.where(draw.chance(0.3), 1 - image, image)


def _charging(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Bright bodies drag a dark or bright tail along the scan line, in one image of seven."""
    strength, charged = draw.uniform(-0.5, 0.5), draw.chance(0.15).flatten()
    kernel = torch.exp(-torch.arange(24, device=image.device) / 8.0)
    padded = torch.nn.functional.pad(image[charged][:, None], (23, 0, 0, 0), mode="replicate")
    tail = torch.nn.functional.conv2d(padded, (kernel / kernel.sum()).flip(0)[None, None, None])[:, 0]
    result = image.clone()
    result[charged] += strength[charged] * tail
    return result


def _scan_lines(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Offsets from line to line, along the rows or the columns."""
    rows = draw.normal(draw.batch, image.shape[1], 1) * draw.uniform(0, 0.08) * draw.chance(0.2)
    columns = draw.normal(draw.batch, 1, image.shape[2]) * draw.uniform(0, 0.06) * draw.chance(0.1)
    return image + rows + columns


def _bias_field(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Slow shading over the field of view."""
    coarse = draw.normal(draw.batch, 1, 3, 3)
    field = interpolate(coarse, size=image.shape[1:], mode="bicubic", align_corners=True)[:, 0]
    return image + field * draw.uniform(0, 0.2) * draw.chance(0.6)


def _counts(draw: Draw, image: torch.Tensor, few: torch.Tensor) -> torch.Tensor:
    """Return Poisson counts, in part below one per px where ``few`` (B, 1, 1), with read-out noise."""
    dose = torch.where(few, draw.log_uniform(0.5, 60), draw.log_uniform(15, 3000))
    counted = draw.poisson(image.clamp(0, 2) * dose) / dose
    smooth = (few & draw.chance(0.5)).flatten()  # maps of few counts often arrive smoothed
    sigma = draw.log_uniform(0.4, 3.0)
    if smooth.any():
        counted[smooth] = blur(counted[smooth], sigma[smooth])
    return counted + draw.normal(*image.shape) * draw.uniform(0, 0.08)


def _raster(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Coarse px drawn large, as they are or smoothed, in one image of six: maps are slow to take."""
    step = torch.where(draw.chance(0.16), draw.log_uniform(1.5, 6), torch.ones_like(image[:, :1, :1]))
    smooth = torch.where(draw.chance(0.5), 0.5 * (step - 1), torch.zeros_like(step))
    for axis in (1, 2):
        start = draw.uniform(0, 1)[:, 0] * step[:, 0]
        line = torch.arange(image.shape[axis], device=image.device)
        chosen = (((line + start) / step[:, 0]).floor() + 0.5) * step[:, 0] - start
        chosen = torch.where(step[:, 0] > 1, chosen, line.float()).round().long().clamp(0, len(line) - 1)
        index = chosen[:, :, None] if axis == 1 else chosen[:, None, :]
        image = image.gather(axis, index.expand_as(image))
    return torch.where(smooth > 0, blur(image, smooth), image)


def expose(draw: Draw, signal: torch.Tensor, few_counts: torch.Tensor) -> torch.Tensor:
    """Return what the file stores: the signal after optics, detector and contrast setting, about 0 to 1."""
    maps = few_counts.flatten()
    sharp = torch.where(draw.chance(0.6), draw.uniform(0.3, 1.6), draw.uniform(0.2, 0.3))
    image = blur(to_unit(signal), torch.where(draw.chance(0.2), draw.log_uniform(1.5, 5), sharp))
    image = spread_outlines(draw, image, maps & _members(draw, SPREAD))
    image = nearly_empty(draw, image, _members(draw, EMPTY_MAPS) & maps | _members(draw, EMPTY))
    image = torch.where(few_counts, image.clamp(min=0), _tone(draw, image))
    image = _counts(draw, _charging(draw, image), few_counts)
    image = sparse_counts(draw, image, maps & _members(draw, SPARSE))
    image = noise_above_signal(draw, image, _members(draw, NOISY))
    return _raster(draw, _bias_field(draw, _scan_lines(draw, image)))


def recorded(draw: Draw, image: torch.Tensor) -> torch.Tensor:
    """Return recorded images (0 to 1) as another session might store them: tone, blur, counts, noise."""
    image = spread_outlines(draw, image, _members(draw, 0.06))
    toned = torch.where(draw.chance(0.6), _tone(draw, image), image)
    image = torch.where(draw.chance(0.35), blur(toned, draw.log_uniform(0.4, 3)), toned)
    counted = draw.poisson(image.clamp(0, 2) * (dose := draw.log_uniform(2, 300))) / dose
    image = torch.where(draw.chance(0.3), counted, image)
    image = sparse_counts(draw, image, _members(draw, 0.06))
    image = noise_above_signal(draw, image, _members(draw, NOISY))
    image = image + draw.normal(*image.shape) * draw.uniform(0, 0.08) * draw.chance(0.5)
    return _raster(draw, _bias_field(draw, image))


def _members(draw: Draw, probability: float) -> torch.Tensor:
    """Return which images of the batch something happens to, (B,)."""
    return draw.chance(probability).flatten()
