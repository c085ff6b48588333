"""Frames on the grid of the reference, read and resampled one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Floats, Integers, Mask, Pixels
from xebra.resample import Interpolation, coverage, resample
from xebra.series.source import Frames


@dataclass(frozen=True)
class AlignedFrames:
    """A sequence of frames (H, W) on the grid of the reference, 0 outside; ``numpy.asarray`` reads all.

    Args:
        frames: The recorded frames.
        numbers: Numbers of those that fit, in order.
        reference_from_frame: (N, 3, 3), px.
        interpolation: ``"nearest"``, ``"linear"`` or ``"cubic"``.
    """

    frames: Frames
    numbers: Integers
    reference_from_frame: Floats
    interpolation: Interpolation = "linear"

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: int) -> Pixels:
        number = int(self.numbers[place])
        pixels = self.frames[number]
        inverse = np.linalg.inv(self.reference_from_frame[number])
        return resample(pixels, inverse, pixels.shape[:2], self.interpolation)

    def __iter__(self) -> Iterator[Pixels]:
        return (self[place] for place in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Pixels:
        return np.asarray(np.stack(list(self)), dtype=dtype)

    def coverage(self, place: int, shape: tuple[int, int]) -> Mask:
        """Return the px (H, W) of the reference that a frame of ``shape`` covers."""
        number = int(self.numbers[place])
        return coverage(shape, np.linalg.inv(self.reference_from_frame[number]), shape)

    def mean(self) -> Floats:
        """Return the mean (H, W) float32 of the frames that cover each px; 0 where none does."""
        total: Floats | None = None
        count: Floats | None = None
        for place in range(len(self)):
            pixels = self[place]
            if total is None or count is None:
                total, count = np.zeros(pixels.shape, np.float64), np.zeros(pixels.shape[:2], np.float32)
            total += pixels
            count += self.coverage(place, (pixels.shape[0], pixels.shape[1]))
        assert total is not None and count is not None  # a series has at least one frame that fits
        divisor = np.maximum(count, 1).reshape(*count.shape, *(1,) * (total.ndim - 2))
        result: Floats = (total / divisor).astype(np.float32)
        return result
