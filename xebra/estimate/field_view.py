"""The part of a pair in which a field is estimated: where the moving image covers the fixed one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Matrix
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.resampling import sampling_step
from xebra.transform import corners, map_points

LONGEST = 1024  # px of a view; larger images are binned
GRAIN = 16  # px: sides of views are multiples, for the graph of the features and for the tiles
MIN_SIDE = 64  # px of a view: smaller overlaps give no field


@dataclass(frozen=True)
class FieldView:
    """A view of the fixed image, and the moving image at about its resolution."""

    fixed: Floats  # (rows, columns)
    inside: Floats  # (rows, columns): coverage of the fixed view, 0 to 1
    fixed_from_view: Matrix  # 3 x 3: scale and shift only
    moving: Floats  # (H, W): the moving image or a level of its pyramid
    usable: Floats | None  # (H, W): share of usable px of it; None: all
    moving_from_view: Matrix  # 3 x 3, px of ``moving``, by the linear part
    image_from_moving: Matrix  # 3 x 3 from px of ``moving`` to those of the moving image

    @cached_property
    def whole(self) -> Mask:
        """Where the fixed view is covered, (rows, columns)."""
        covered: Mask = self.inside > 0.99
        return covered

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the view."""
        rows, columns = self.fixed.shape
        return rows, columns

    @classmethod
    def of(cls, pair: ImagePair, moving_from_fixed: Matrix) -> FieldView | None:
        """Return the view of the part of the fixed image that the moving one covers; None: too small."""
        reached = map_points(np.linalg.inv(moving_from_fixed), corners(pair.moving.shape))
        limit = np.array(pair.fixed.shape[::-1]) - 1
        low, high = np.clip(reached.min(0), 0, limit), np.clip(reached.max(0), 0, limit)
        step = max(1.0, 1 / sampling_step(moving_from_fixed), float((high - low).max() + 1) / LONGEST)
        columns, rows = (int(side) for side in np.ceil((high - low + 1) / step / GRAIN) * GRAIN)
        if min(high - low) + 1 < step * MIN_SIDE:
            return None
        start = low + (step - 1) / 2
        fixed_from_view = np.array([[step, 0, start[0]], [0, step, start[1]], [0, 0, 1.0]])
        values, inside = pair.fixed.view(fixed_from_view, (rows, columns))
        moving, image_from_moving = pair.moving.level(step * sampling_step(moving_from_fixed))
        linear = np.linalg.inv(image_from_moving) @ moving_from_fixed @ fixed_from_view
        usable = pair.moving.mask_level(step * sampling_step(moving_from_fixed))
        return cls(values, inside, fixed_from_view, moving, usable, linear, image_from_moving)

    def sampled(self, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
        """Return the moving image and its coverage, 0 or 1, at points of it, float32."""
        height, width = self.moving.shape
        values = _at(self.moving, xs, ys)
        inside = (xs > -0.5) & (xs < width - 0.5) & (ys > -0.5) & (ys < height - 0.5)
        if self.usable is not None:
            inside &= _at(self.usable, xs, ys) > 0.99
        covered = inside.astype(np.float32)
        return values * covered, covered


def _at(pixels: Floats, xs: Floats, ys: Floats) -> Floats:
    """Return bilinear values float32 at points; edge values extend."""
    values: Floats = ndimage.map_coordinates(
        pixels, (ys, xs), np.float32, order=1, mode="nearest", prefilter=False
    )
    return values
