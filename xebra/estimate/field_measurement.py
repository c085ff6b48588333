"""Displacements of less than a few px: the views are linearised about the present field, tile by tile.

The moving image is resampled through the field, and what it differs by from the fixed view is explained by a
displacement (Lucas and Kanade, IJCAI 674, 1981, with the mean of both gradients: Malis, ICRA 1843, 2004). In
every tile this gives a displacement with its 2 x 2 information. Compared are the feature maps that the
modalities have in common or, where the contrasts agree, intensities without their local mean and contrast.
Feature maps are complemented by the joint density of the grey levels of both images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers
from xebra.engine import Engine
from xebra.estimate.field_parameters import FieldParameters, Tiles
from xebra.estimate.field_view import FieldView
from xebra.estimate.joint_density import GreyLevels, displacements

SHORT, LONG = 4, 16  # px: sides of a tile, short across the rows of the moving image to resolve their drift
EDGE = 5  # cells or px: side of the square around a place that both images must cover
MIN_CORRELATION = 0.2  # lower ones do not weaken the information further
FEATURE_AREA = 8.0  # cells over which residuals of feature maps are taken as correlated
INTENSITY_AREA = 24.0  # px, likewise of intensities
# Of the joint density and the feature maps together: what either adds to the information. Both measure the
# same distortions, so that their sum counts for less than each by itself.
DENSITY_SHARE, FEATURE_SHARE = 1 / 70, 0.35
LEAST_LENGTH = 1e-3  # of features: those of places outside are 0
CONTRAST_PX = 45  # side of the square of local mean and contrast
SMOOTH_PX = 1.0  # of intensities: interpolation smooths finer noise in one image only
LEAST_CONTRAST = 0.05  # of the mean one: flatter parts are not amplified
MISFIT = 2.0  # times the mean residual, at which a tile has half of its weight
FOLDS = 64  # px: side of the blocks of tiles that are held out together


@dataclass(frozen=True)
class Measurement:
    """What the tiles measure, and the correlation of what is compared."""

    tiles: Tiles
    blocks: Integers  # (K,): number of the block of tiles that each tile is held out with
    folds: Floats  # (K,): 0 or 1, a checkerboard of those blocks
    correlation: float


def compared_features(
    engine: Engine, graph: str, warped: WarpedView, view: FieldView, fixed: Floats
) -> Compared:
    """Return the feature maps of both images; ``fixed`` (C, R, C) are those of the fixed view."""
    features = engine.run(graph, view=np.stack([warped.values, warped.inside])[None])["maps"][0]
    cell = view.shape[0] // fixed.shape[1]
    whole = _cell_means(warped.inside * view.whole, cell) > 0.999
    used = ndimage.minimum_filter(whole.astype(np.float32), EDGE)
    (one, weight), (other, there) = _directions(fixed), _directions(features)
    return Compared(one, other, used * weight * there, cell, FEATURE_AREA)


def compared_intensities(warped: WarpedView, view: FieldView) -> Compared:
    """Return the intensities of both images without their local mean and contrast, which may be inverted."""
    inside = warped.inside * view.whole
    used = ndimage.minimum_filter(inside, EDGE)
    covered = ndimage.uniform_filter(inside, CONTRAST_PX) + np.float32(1e-3)
    fixed, moving = (_local_contrast(values, inside, covered) for values in (view.fixed, warped.values))
    sign = np.float32(np.sign((fixed * moving * used).sum()) or 1)
    return Compared(fixed[None], sign * moving[None], used, 1, INTENSITY_AREA)


@dataclass(frozen=True)
class WarpedView:
    """The moving image through a field, on the view, with what the field is in each of its tiles."""

    values: Floats  # (rows, columns)
    inside: Floats  # (rows, columns): coverage, 0 or 1
    sides: tuple[int, int]  # px: height and width of a tile
    displacement: Floats  # (K, 2): mean over each tile
    rows: Floats  # (K,): mean row of the moving image, before the drift

    @classmethod
    def of(cls, parameters: FieldParameters, view: FieldView) -> WarpedView:
        """Return the moving image through the present field."""
        field, linear, sides = parameters.field(), view.moving_from_view[:2], _tile_sides(parameters)
        ys, xs = (np.arange(side, dtype=float) for side in view.shape)
        functions = field.y.matrix(ys), field.x.matrix(xs)
        x, y = (_through(part, functions, (ys, xs), field.smooth) for part in linear)
        line = np.linspace(field.rows.low, field.rows.high, 4 * field.rows.intervals + 1)
        profile = field.rows.matrix(line) @ field.drift.T @ linear[:, :2].T
        drift = [np.interp(y, line, part) for part in profile.T]
        means = np.stack([_tile_means(part, sides).ravel() for part in drift], 1)
        moved = [_tile_functions(each, side) for each, side in zip(functions, sides, strict=True)]
        smooth = np.stack([(moved[0] @ part @ moved[1].T).ravel() for part in field.smooth], 1)
        displacement = smooth + means @ np.linalg.inv(linear[:, :2]).T
        values, inside = view.sampled(x + drift[0], y + drift[1])
        return cls(values, inside, sides, displacement, _tile_means(y, sides).ravel())


def _through(
    part: Floats, functions: tuple[Floats, Floats], at: tuple[Floats, Floats], smooth: Floats
) -> Floats:
    """Return a coordinate (rows, columns) in the moving image; ``part`` (3,): its row of the linear part."""
    down, along = functions
    moved: Floats = down @ (part[0] * smooth[0] + part[1] * smooth[1]) @ along.T
    moved += part[0] * at[1] + part[2]
    moved += part[1] * at[0][:, None]
    return moved


def _tile_functions(functions: Floats, side: int) -> Floats:
    """Return the means of functions (N, M) over ``side`` px each."""
    means: Floats = functions.reshape(-1, side, functions.shape[1]).mean(1)
    return means


@dataclass(frozen=True)
class Compared:
    """Two maps (C, R, C) with cells of ``cell`` px, and how much of each cell (R, C) is used."""

    fixed: Floats
    moving: Floats
    used: Floats
    cell: int
    area: float  # cells over which residuals are taken as correlated

    @cached_property
    def correlation(self) -> float:
        """The correlation of both maps."""
        agreement, one, other = (
            float((_dot(*pair) * self.used).sum())
            for pair in ((self.fixed, self.moving), (self.fixed, self.fixed), (self.moving, self.moving))
        )
        return agreement / max(math.sqrt(one * other), 1e-12)


def by_joint_density(
    warped: WarpedView, view: FieldView, fixed: GreyLevels, features: Measurement
) -> Measurement:
    """Return what the joint density of grey levels measures in each tile, together with feature maps.

    Args:
        warped: the moving image through the present field.
        view: the view that it is compared in.
        fixed: grey levels of the fixed view.
        features: the measurement by feature maps; as it is where the moving image has one grey level only.
    """
    used = ndimage.minimum_filter(warped.inside * view.whole, EDGE) > 0
    moving = GreyLevels.of(warped.values, used)
    if moving is None:
        return features
    each = displacements(fixed, moving, used)
    sums = [_tile_sums(part, 1, warped.sides).ravel() for part in (*each.information, *each.gradient)]
    information, gradient = DENSITY_SHARE * np.stack(sums[:3], 1), DENSITY_SHARE * np.stack(sums[3:], 1)
    tiles = Tiles(
        features.tiles.centers,
        warped.rows,
        FEATURE_SHARE * features.tiles.information + information,
        FEATURE_SHARE * features.tiles.weighted + gradient + _times(information, warped.displacement),
    )
    return replace(features, tiles=tiles)


def measured(warped: WarpedView, compared: Compared) -> Measurement:
    """Return what two maps measure in each tile."""
    fixed, moving, used, cell = compared.fixed, compared.moving, compared.used, compared.cell
    residual = fixed - moving
    down, right = _gradients((fixed + moving) / 2, cell)
    products = (right, right), (right, down), (down, down), (right, residual), (down, residual)
    sides, shape = warped.sides, [cell * side for side in used.shape]
    sums = [_tile_sums(_dot(*pair) * used, cell, sides).ravel() for pair in products]
    misfit = _tile_sums(_dot(residual, residual) * used, cell, sides).ravel()
    count = _tile_sums(used, cell, sides).ravel()
    mean = misfit.sum() / max(count.sum(), 1.0)
    weight = (1 + 1 / MISFIT) / (1 + misfit / np.maximum(count, 1) / max(mean, 1e-12) / MISFIT)
    weight /= max(mean * compared.area, 1e-12)
    factor = max(compared.correlation, MIN_CORRELATION)
    information = np.stack([each * weight * factor for each in sums[:3]], 1)
    gradient = np.stack([each * weight for each in sums[3:]], 1)
    weighted = gradient + _times(information, warped.displacement)
    lines, columns = (
        np.arange(side // each) * each + (each - 1) / 2 for side, each in zip(shape, sides, strict=True)
    )
    tiles = Tiles((columns, lines), warped.rows, information, weighted)
    down, along = lines[:, None] // FOLDS, columns // FOLDS
    blocks = (down * (along[-1] + 1) + along).astype(int)
    return Measurement(tiles, blocks.ravel(), ((down + along) % 2).ravel(), compared.correlation)


def _times(information: Floats, shift: Floats) -> Floats:
    """Return information (K, 3) of xx, xy, yy times displacements (K, 2)."""
    return np.stack([(information[:, :2] * shift).sum(1), (information[:, 1:] * shift).sum(1)], 1)


def _directions(maps: Floats) -> tuple[Floats, Floats]:
    """Return features (C, R, C) of length 1, and their lengths (R, C), which are weights."""
    length = np.sqrt(_dot(maps, maps))
    return maps / (length + LEAST_LENGTH), length


def _tile_sides(parameters: FieldParameters) -> tuple[int, int]:
    """Return height and width of the tiles in px: they are short across the rows of the moving image."""
    across, along = np.abs(parameters.moving_from_view[1, :2])
    return (LONG, SHORT) if across > along else (SHORT, LONG)


def _gradients(maps: Floats, cell: int) -> tuple[Floats, Floats]:
    """Return the derivatives of maps (C, R, C) by y and x, per px; 0 at the edges."""
    down, right = np.zeros_like(maps), np.zeros_like(maps)
    down[:, 1:-1] = (maps[:, 2:] - maps[:, :-2]) / (2 * cell)
    right[:, :, 1:-1] = (maps[:, :, 2:] - maps[:, :, :-2]) / (2 * cell)
    return down, right


def _dot(one: Floats, other: Floats) -> Floats:
    """Return the sum over the channels of a product, (R, C)."""
    product: Floats = np.einsum("cij,cij->ij", one, other)
    return product


def _tile_sums(values: Floats, cell: int, sides: tuple[int, int]) -> Floats:
    """Return the sums over tiles of values of cells of ``cell`` px."""
    height, width = (side // cell for side in sides)
    rows, columns = values.shape
    parts = values.reshape(rows // height, height, columns // width, width)
    sums: Floats = parts.sum((1, 3), dtype=float)
    return sums


def _tile_means(values: Floats, sides: tuple[int, int]) -> Floats:
    """Return the means over tiles of values of px."""
    return _tile_sums(values, 1, sides) / (sides[0] * sides[1])


def _cell_means(values: Floats, cell: int) -> Floats:
    """Return the means over cells of ``cell`` x ``cell`` px."""
    rows, columns = (side // cell for side in values.shape)
    means: Floats = values.reshape(rows, cell, columns, cell).mean((1, 3))
    return means


def _local_contrast(values: Floats, inside: Floats, covered: Floats) -> Floats:
    """Return values with the local mean removed and the local contrast divided out, smoothed.

    ``covered``: share of the square around each px that is inside.
    """
    centred = (values - ndimage.uniform_filter(values * inside, CONTRAST_PX) / covered) * inside
    square = ndimage.uniform_filter(centred * centred, CONTRAST_PX)
    contrast = np.sqrt(np.maximum(square, 0) / covered)
    flat = centred / (contrast + LEAST_CONTRAST * contrast.mean() + 1e-9)
    smooth: Floats = ndimage.gaussian_filter(flat, SMOOTH_PX)
    return smooth
