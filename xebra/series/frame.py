"""A frame as it is compared: grey values at the working resolution, limited to their usual range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.image import luminance

LONGEST_PX = 1024  # of a working frame: larger frames are binned
COARSE_PX = 256  # of the frames that are correlated
SAMPLE_STEP = 8  # every 8th px of rows and columns gives the usual range
OUTLIER = 1.0  # of the distance of the percentiles: how far beyond them a value may lie


@dataclass(frozen=True)
class Levels:
    """The resolutions of a series: px of a frame per working px, and working px per coarse px."""

    shape: tuple[int, int]  # of the frames: (rows, columns)
    working: int
    coarse: int

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Levels:
        """Return the levels for frames of ``shape``."""
        working = -(-max(shape) // LONGEST_PX)
        coarse = -(-max(shape) // (working * COARSE_PX))
        return cls(shape, working, coarse)

    @property
    def working_shape(self) -> tuple[int, int]:
        """Return (rows, columns) of a working frame."""
        return self.shape[0] // self.working, self.shape[1] // self.working

    @property
    def working_from_coarse(self) -> Matrix:
        """Return the 3 x 3 from coarse px to working px, both about the centre of their image."""
        sides = np.array(self.working_shape[::-1])
        x, y = (sides // self.coarse * self.coarse - sides) / 2
        return np.array([[self.coarse, 0, x], [0, self.coarse, y], [0, 0, 1]], float)

    @property
    def radius(self) -> float:
        """Return the distance from the centre, in working px, at which linear parameters are stated."""
        return float(np.hypot(*self.working_shape)) / 4

    @property
    def frame_from_working(self) -> Matrix:
        """Return the 3 x 3 from working px about the centre to px of a frame."""
        rows, columns = self.working_shape
        step = self.working
        x, y = ((side * step - 1) / 2 for side in (columns, rows))
        return np.array([[step, 0, x], [0, step, y], [0, 0, 1]], float)


@dataclass(frozen=True)
class Frame:
    """Working values (h, w) float32, NaN where they are not used; ``problem``: why it cannot be compared."""

    values: Floats
    problem: str | None = None


def working_frame(pixels: Pixels, levels: Levels, mask: Mask | None = None) -> Frame:
    """Return the working frame of values (H, W) or (H, W, 3 | 4)."""
    grey = luminance(pixels)
    if grey.shape != levels.shape:
        height, width = grey.shape
        return Frame(np.zeros(levels.working_shape, np.float32), f"has another size ({width} x {height} px)")
    values = np.asarray(grey, np.float32)
    sample = values[::SAMPLE_STEP, ::SAMPLE_STEP].ravel()
    finite = sample[np.isfinite(sample)]
    if finite.size < sample.size / 2:
        return Frame(np.zeros(levels.working_shape, np.float32), "has values that are not finite")
    low, middle, high = np.percentile(finite, [0.5, 50, 99.5])
    reach = OUTLIER * (high - low)
    if not reach and (values == values.flat[0]).all():
        return Frame(np.zeros(levels.working_shape, np.float32), "is constant")
    if reach:
        values = np.clip(values, low - reach, high + reach)
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, middle)
    if mask is not None:
        values = np.where(mask, values, np.float32(np.nan))
    return Frame(binned(values, levels.working))


def binned(values: Floats, step: int) -> Floats:
    """Return the means over ``step`` x ``step`` px, float32; an incomplete last row or column is left out."""
    if step == 1:
        return values
    rows, columns = values.shape[0] // step, values.shape[1] // step
    part = values[: rows * step, : columns * step]
    first = part[:, ::step].copy()
    for number in range(1, step):
        first += part[:, number::step]
    result = first[::step].copy()
    for number in range(1, step):
        result += first[number::step]
    result *= np.float32(1 / step**2)
    return result


def warped(values: Floats, values_from_grid: Matrix) -> Floats:
    """Return values (h, w) on a grid of their own shape, NaN outside; both about their centres."""
    height, width = values.shape
    linear, shift = values_from_grid[:2, :2], values_from_grid[:2, 2]
    start = shift - linear @ (width / 2, height / 2) + (width / 2, height / 2)
    coefficients = (*linear[0], start[0], *linear[1], start[1])
    view = Pillow.fromarray(values).transform(
        (width, height),
        Pillow.Transform.AFFINE,
        coefficients,
        Pillow.Resampling.BILINEAR,
        fillcolor=float("nan"),
    )
    return np.asarray(view)
