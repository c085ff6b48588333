"""A key frame: the frame that a part of the series is matched with, and the mean of what was matched."""

from __future__ import annotations

import numpy as np

from xebra.arrays import Complexes, Floats, Matrix
from xebra.series.correlation import spectrum_of
from xebra.series.frame import Levels, binned
from xebra.series.spectrum import Power
from xebra.series.template import SMOOTH_PX, Fit, Template

COMPLETE_SMOOTH_PX = 1.0  # of the mean of all frames, from poses that are nearly right


class KeyFrame:
    """The mean (h, w) of the frames that fit, on the grid of the first of them.

    Templates are made again each time the number of frames has doubled, at once or in parts, and are dropped
    by ``release``.
    """

    def __init__(self, frame: int, values: Floats, levels: Levels, count: int):
        """Begin with frame number ``frame`` and its working values, for a model with ``count`` parameters."""
        self.frame, self.levels, self.count = frame, levels, count
        self.frames = 1
        self.contrast = 1.0  # relative to the first key of the component
        self.typical_certainty = 0.0
        known = np.isfinite(values)
        self._sum, self._weight = np.where(known, values, np.float32(0)), known.astype(np.float32)
        self._made_with, self._smooth_px = 0, SMOOTH_PX
        self.in_parts, self._coarse_is_new = False, False
        self._fine: Template | None = None
        self._coarse: Template | None = None
        self._spectrum: Complexes | None = None

    @property
    def mean(self) -> Floats:
        """Return the mean of the frames, NaN where none of them is known."""
        with np.errstate(invalid="ignore"):
            return self._sum / self._weight

    def add(self, fit: Fit) -> None:
        """Add a frame that fits."""
        self.put((fit.values - np.float32(fit.offset)) * np.float32(1 / fit.gain))
        self.typical_certainty = max(self.typical_certainty, fit.certainty)

    def put(self, values: Floats) -> None:
        """Add values (h, w) on the key's grid at the key's contrast, NaN where they are not known."""
        known = np.isfinite(values)
        np.add(self._sum, values, out=self._sum, where=known)
        np.add(self._weight, 1, out=self._weight, where=known)
        self.frames += 1

    @property
    def fine(self) -> Template:
        """Return the template at the working resolution."""
        self._renew()
        if self._fine is None:
            self._fine = Template(self.mean, self.count, self.levels.radius, self._smooth_px)
        return self._fine

    @property
    def coarse(self) -> Template:
        """Return the template at the coarse resolution."""
        self._renew()
        if self._coarse is None:
            coarse = binned(self.mean, self.levels.coarse)
            self._coarse = Template(coarse, self.count, self.levels.radius / self.levels.coarse)
        return self._coarse

    @property
    def spectrum(self) -> tuple[Complexes, Power]:
        """Return the spectrum of the coarse mean, and the power of signal and noise."""
        template = self.coarse
        if self._spectrum is None:
            self._spectrum = spectrum_of(template.values)
        return self._spectrum, Power.of(self._spectrum, template.shape)

    def clear(self) -> None:
        """Forget the frames, so that their mean is made again at better poses."""
        self._sum[:], self._weight[:], self.frames = 0, 0, 0

    def complete(self) -> None:
        """Make the templates of all frames, with finer detail, when they are next needed."""
        self.release()
        self._made_with, self._smooth_px = self.frames, COMPLETE_SMOOTH_PX

    def release(self) -> None:
        """Drop the templates; they are made again when they are needed."""
        self._fine = self._coarse = self._spectrum = None

    def renew_part(self) -> None:
        """Make a part of the templates again where frames have doubled: a short step while frames come in."""
        self.in_parts = True
        if self.frames < 2 * self._made_with:
            return
        self._coarse_is_new = not self._coarse_is_new
        if self._coarse_is_new:
            self._coarse = self._spectrum = None
            self._coarse, self._spectrum = self.coarse, self.spectrum[0]
        else:
            self._fine = None
            self._fine, self._made_with = self.fine, self.frames

    def _renew(self) -> None:
        if self._made_with == 0 or (self.frames >= 2 * self._made_with and not self.in_parts):
            self.release()
            self._made_with = self.frames


def in_coarse(pose: Matrix, levels: Levels) -> Matrix:
    """Return a pose between working frames as one between coarse frames."""
    change = levels.working_from_coarse
    result: Matrix = np.linalg.inv(change) @ pose @ change
    return result


def in_working(pose: Matrix, levels: Levels) -> Matrix:
    """Return a pose between coarse frames as one between working frames."""
    change = levels.working_from_coarse
    result: Matrix = change @ pose @ np.linalg.inv(change)
    return result
