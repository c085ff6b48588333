"""An image that frames are aligned with by their grey values: Gauss-Newton with the template's derivatives.

The inverse compositional form of Lucas and Kanade (Baker and Matthews, 2004,
10.1023/B:VISI.0000011205.11775.fd): derivatives and normal equations are those of the template and are
computed once. They are kept in tiles, so that the part of the template that a frame covers has its own normal
equations, tiles that changed get less weight, and the covariance follows from the scatter of the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Complexes, Floats, Mask, Matrix
from xebra.series.correlation import taper
from xebra.series.frame import warped
from xebra.series.geometry import change
from xebra.series.spectrum import Power, backward, blur, forward, frequencies, without_shading
from xebra.series.tile_equations import gain_of, solved, subtractable, without_noise
from xebra.series.tiles import derivatives, squared_motion, tiled

SMOOTH_PX = 1.5  # converges from 2 px away at 20 counts a px, where 1 px does not
FEWEST_TILES = 12  # that a frame must cover
EDGE = 0.05  # of a side: width of the template's smooth edge
COVERED = 0.5  # of a tile, so that it counts
LARGEST_STEP = 4.0  # px: a longer step is cut


@dataclass(frozen=True)
class Fit:
    """How a frame fits a template at one pose.

    ``step``: the change (count,) of ``template_from_frame`` that follows, px; ``covariance`` of it, px;
    ``gain`` and ``offset``: the frame's grey values are about gain * template + offset; ``certainty``: the
    gain over its standard error; ``covered``: share of the template; ``values``: the frame on the template's
    grid, NaN outside.
    """

    step: Floats
    covariance: Matrix
    gain: float
    offset: float
    certainty: float
    covered: float
    values: Floats


class Template:
    """Grey values (h, w) with their derivatives; see the module. Values that are NaN are not known."""

    def __init__(self, values: Floats, count: int, radius: float, smooth_px: float = SMOOTH_PX):
        """Make the template of ``values`` for a model with ``count`` parameters stated at ``radius`` px.

        ``smooth_px``: sigma of the detail that is compared; a large one finds poses from farther away.
        """
        self.count, self.radius = count, radius
        shape = self.shape = values.shape
        known = np.isfinite(values)
        mean = np.float32(values[known].mean()) if known.any() else np.float32(0)
        self.values = values if known.all() else np.where(known, values, mean)
        self._edge = taper(shape, EDGE) * known
        spectrum = forward((self.values - mean) * self._edge)
        self.power = Power.of(spectrum, shape)
        detail = self.power.wiener() * without_shading(shape) * blur(shape, smooth_px)
        self._filtered = self._layers(spectrum * detail)
        half = self._layers(spectrum * np.sqrt(detail))[:, :-1]  # of each factor of a product
        self._own = tiled(self.values[None])[:, 0]
        if not known.all():
            self._filtered, half = (layers * tiled(known[None]) for layers in (self._filtered, half))
        self._normal = without_noise(half @ half.transpose(0, 2, 1), self._noise_normal(detail))
        contrast = np.matmul(self._filtered[:, -1:], self._own[:, :, None])[:, 0, 0]
        noise = np.float32(self._variance * _mean(detail, shape)) * tiled(self._edge[None]).sum((1, 2))
        self._noise = np.float32(subtractable(contrast, noise)) * noise
        self._contrast = contrast - self._noise
        self._sums = self._filtered[:, -1].sum(1)

    @property
    def _variance(self) -> float:
        """Return the variance of the template's noise."""
        return self.power.noise / (float((self._edge**2).sum()) + 1e-30)

    def _noise_normal(self, detail: Floats) -> Floats:
        """Return what the template's noise adds to the normal equations (tiles, count, count)."""
        fx, fy, _ = frequencies(self.shape)
        along_x, along_y = squared_motion(self.shape, self.count, self.radius)
        by_x, by_y = (_mean(detail * (2 * np.pi * f) ** 2, self.shape) for f in (fx, fy))
        known = (tiled(self._edge[None]) ** 2).mean((1, 2)) * np.float32(self._variance)
        result: Floats = (np.float32(by_x) * along_x + np.float32(by_y) * along_y) * known[:, None, None]
        return result

    def _layers(self, spectrum: Complexes) -> Floats:
        """Return the derivatives by the parameters and the values themselves, (tiles, count + 1, px)."""
        fx, fy, _ = frequencies(self.shape)
        turn = np.complex64(2j * np.pi)
        dx, dy = (backward(spectrum * (turn * f), self.shape) for f in (fx, fy))
        by_parameter = derivatives(dx, dy, self.count, self.radius)
        return tiled(np.stack([*by_parameter, backward(spectrum, self.shape)]))

    def fit(self, frame: Floats, frame_from_template: Matrix) -> Fit | None:
        """Return how a frame (h, w) fits at a pose; None where it covers too little of the template."""
        values = warped(frame, frame_from_template)
        tiles = tiled(values[None])[:, 0]
        share = np.isfinite(tiles).mean(1)
        used = share > COVERED
        if np.count_nonzero(used) < FEWEST_TILES:
            return None
        part: slice | Mask = slice(None) if used.all() else used
        filtered, own, tiles, share = self._filtered[part], self._own[part], tiles[part], share[part]
        contrast, sums = self._contrast[part], self._sums[part]
        known = None
        if share.min() < 1:
            known = np.isfinite(tiles)
            tiles, own = np.where(known, tiles, np.float32(0)), own * known
            contrast, sums = self._of_known(part, known, share)
        gain, offset, certainty = gain_of(filtered[:, -1], tiles, contrast, own, sums, float(share.mean()))
        residual = (tiles - np.float32(offset)) * np.float32(1 / _not_zero(gain)) - own
        if known is not None:
            residual *= known
        evidence = np.matmul(filtered[:, :-1], residual[:, :, None])[:, :, 0]
        step, covariance = solved(self._normal[part] * share[:, None, None], evidence)
        covered = float(share.sum() / len(self._own))
        return Fit(step, covariance, gain, offset, certainty, covered, values)

    def _of_known(self, part: slice | Mask, known: Mask, share: Floats) -> tuple[Floats, Floats]:
        """Return contrast and sums of tiles, of whose px only some are known."""
        contrast, sums = self._contrast[part].copy(), self._sums[part].copy()
        some = np.flatnonzero(share < 1)
        values = self._filtered[part][some, -1] * known[some]
        sums[some] = values.sum(1)
        contrast[some] = (values * self._own[part][some]).sum(1) - self._noise[part][some] * share[some]
        return contrast, sums

    def align(
        self, frame: Floats, template_from_frame: Matrix, steps: int, enough_px: float = 0.03
    ) -> tuple[Matrix, Fit] | None:
        """Return the pose after at most ``steps`` steps from an estimate, and the last fit; None: no fit."""
        pose, fit = template_from_frame, None
        for _ in range(steps):
            fit = self.fit(frame, np.linalg.inv(pose))
            if fit is None:
                return None
            length = float(np.abs(fit.step).max())
            pose = change(fit.step * min(1.0, LARGEST_STEP / max(length, 1e-9)), self.radius) @ pose
            if length < enough_px:
                break
        return None if fit is None else (pose, fit)


def _not_zero(gain: float) -> float:
    return gain if abs(gain) > 1e-6 else 1e-6


def _mean(weight: Floats, shape: tuple[int, int]) -> float:
    """Return the mean of a filter over all frequencies, from its bins of ``rfft2``."""
    twice = 2 * float(weight.sum()) - float(weight[:, 0].sum())
    if shape[1] % 2 == 0:
        twice -= float(weight[:, -1].sum())
    return twice / (shape[0] * shape[1])
