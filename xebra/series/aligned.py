"""Frames on the grid of the reference, read and resampled one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Floats, Integers, Matrix, Pixels
from xebra.resample import Interpolation, resample
from xebra.series.frame import warped
from xebra.series.source import Frames
from xebra.transform import image_center


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

    def mean(self) -> Floats:
        """Return the mean (H, W) float32 of the frames that cover each px; 0 where none does."""
        shape = self.frames[int(self.numbers[0])].shape
        total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for number in self.numbers:
            pixels = self.frames[int(number)]
            inverse = _about_centers(np.linalg.inv(self.reference_from_frame[number]), shape)
            for layer in np.ndindex(shape[2:]):
                place = (..., *layer)
                view = warped(np.ascontiguousarray(pixels[place], np.float32), inverse)
                known = np.isfinite(view)
                np.add(total[place], view, out=total[place], where=known)
                count[place] += known
        result: Floats = total / np.maximum(count, 1)
        return result


def _about_centers(matrix: Matrix, shape: tuple[int, ...]) -> Matrix:
    """Return a matrix between px as one between px about the centres of images of one shape."""
    center = np.eye(3)
    center[:2, 2] = image_center(shape)
    result: Matrix = np.linalg.inv(center) @ matrix @ center
    return result
