"""The result of a series: the transform of each frame, and whether it fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xebra.arrays import Floats, Mask
from xebra.models import TransformModel
from xebra.resample import Interpolation
from xebra.series.aligned import AlignedFrames
from xebra.series.source import Frames
from xebra.transform import image_center, map_points

if TYPE_CHECKING:
    from xebra.picture import Picture


@dataclass(frozen=True, eq=False)
class Series:
    """A registered series.

    Args:
        frames: The recorded frames; they are read when they are needed.
        shape: (rows, columns) of the frames.
        reference_from_frame: (N, 3, 3) from px of each frame to px of the reference; NaN where a frame fits
            nowhere.
        covariances: (N, p, p) of a small change: x and y in px of the reference's centre, then the angle in
            radians, log scale and two of log stretch, as many as the model has; NaN where a frame fits
            nowhere.
        fits: (N,) bool.
        reasons: Why each frame does not fit; empty where it does.
        certainty: (N,) contrast that a frame shares with the mean, over its standard error.
        contrast: (N,) contrast relative to that of the first frame; NaN where a frame fits nowhere.
        reference: ``"first"``, ``"mean"`` or the number of a frame.
        model: Family of the transforms.
        pixel_spacing: um per px; None: unknown.
        timings_s: Seconds of each step.

    Examples:
        >>> import numpy as np
        >>> from scipy.ndimage import gaussian_filter
        >>> from xebra import register_series
        >>> rng = np.random.default_rng(1)
        >>> specimen = 100 * (2 + gaussian_filter(rng.normal(size=(200, 200)), 3, mode="wrap") * 6)
        >>> series = register_series([rng.poisson(specimen[:160, n : n + 160]) for n in range(4)])
        >>> series.fits.all(), series.shift_px.shape, series.mean().shape
        (np.True_, (4, 2), (160, 160))
    """

    frames: Frames = field(repr=False)
    shape: tuple[int, int]
    reference_from_frame: Floats = field(repr=False)
    covariances: Floats = field(repr=False)
    fits: Mask = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)
    certainty: Floats = field(repr=False)
    contrast: Floats = field(repr=False)
    reference: str | int
    model: TransformModel
    pixel_spacing: float | None = None
    timings_s: dict[str, float] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.fits)

    @property
    def first(self) -> int:
        """Return the number of the first frame that fits."""
        return int(np.flatnonzero(self.fits)[0])

    @property
    def first_from_frame(self) -> Floats:
        """Return (N, 3, 3) from px of each frame to px of the first frame that fits; NaN as above."""
        result: Floats = np.linalg.inv(self.reference_from_frame[self.first]) @ self.reference_from_frame
        return result

    @property
    def shift_px(self) -> Floats:
        """Return where the centre of each frame lies relative to that of the reference, (N, 2) px."""
        center = np.array(image_center(self.shape))
        return np.stack([map_points(pose, center) - center for pose in self.reference_from_frame])

    @property
    def angle_deg(self) -> Floats:
        """Return the rotation (N,) of each frame to the reference in degrees, +x towards +y."""
        linear = self.reference_from_frame[:, :2, :2]
        return np.degrees(np.arctan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]))

    @property
    def scale(self) -> Floats:
        """Return the scale (N,) of each frame to the reference."""
        with np.errstate(invalid="ignore"):
            result: Floats = np.sqrt(np.abs(np.linalg.det(self.reference_from_frame[:, :2, :2])))
        return result

    @property
    def error_px(self) -> Floats:
        """Return the standard error (N,) of each frame's shift, px."""
        result: Floats = np.sqrt(self.covariances[:, 0, 0] + self.covariances[:, 1, 1])
        return result

    def aligned(self, interpolation: Interpolation = "linear") -> AlignedFrames:
        """Return the frames that fit on the grid of the reference, each read when it is needed.

        Args:
            interpolation: ``"nearest"``, ``"linear"`` or ``"cubic"``.

        Returns:
            A sequence of frames (H, W), dtype kept, 0 outside; ``numpy.asarray`` of it is an array.
        """
        return AlignedFrames(self.frames, np.flatnonzero(self.fits), self.reference_from_frame, interpolation)

    def mean(self) -> Floats:
        """Return the mean (H, W) float32 of the aligned frames: the sum of a series without its drift."""
        return self.aligned().mean()

    def plot(self) -> Picture:
        """Return a figure of the drift over the frames, with the frames that do not fit."""
        from xebra.series import plot

        return plot.draw(self)

    def save(self, folder: str | Path) -> None:
        """Write series.json, drift.csv, drift.png, mean.tif and aligned.tif into a folder.

        Args:
            folder: Folder for the files; it is made.
        """
        from xebra.series import files

        files.write(self, Path(folder))

    def _repr_html_(self) -> str:
        """Return drift plot and summary as HTML, for notebooks."""
        from xebra.series import plot

        return plot.html(self)

    def summary(self) -> str:
        """Return the series in a few lines."""
        drift = self.shift_px[self.fits]
        reach = np.ptp(drift, axis=0)
        lines = [
            f"{len(self)} frames of {self.shape[1]} x {self.shape[0]} px, {int(self.fits.sum())} fit",
            f"drift {reach[0]:.1f} x {reach[1]:.1f} px, standard error {np.nanmedian(self.error_px):.3f} px",
        ]
        lines += [f"frame {n}: {why}" for n, why in enumerate(self.reasons) if why]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return everything but pixels, in the types of JSON."""
        return {
            "shape": list(self.shape),
            "model": self.model,
            "reference": self.reference,
            "pixel_spacing_um": self.pixel_spacing,
            "timings_s": self.timings_s,
            "frames": [self._frame(number) for number in range(len(self))],
        }

    def _frame(self, number: int) -> dict[str, Any]:
        fits = bool(self.fits[number])
        return {
            "number": number,
            "name": self.frames.names[number],
            "fits": fits,
            "reason": self.reasons[number],
            "certainty": _number(self.certainty[number]),
            "contrast": _number(self.contrast[number]),
            "reference_from_frame": self.reference_from_frame[number].tolist() if fits else None,
            "covariance": self.covariances[number].tolist() if fits else None,
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
