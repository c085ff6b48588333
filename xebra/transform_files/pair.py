"""The two images of a transform file, and the transform between them in pixels and in physical units."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.field.displacement_field import DisplacementField
from xebra.transform import corners, map_points

Unit = Literal["px", "um", "mm"]
PER_UM = {"um": 1.0, "mm": 1e-3}
LINEAR_PART = (
    "the images are bent: a matrix is the linear part only, formats with -field hold the whole transform"
)
ORIGIN = "origin at the centre of the top-left pixel, x right, y down"


@dataclass(frozen=True)
class Pair:
    """Two images and the transform between them; ``fixed_from_moving`` is 3 x 3 and in px."""

    fixed_from_moving: Matrix
    fixed_shape: tuple[int, ...]
    moving_shape: tuple[int, ...]
    fixed_spacing_um: float | None = None
    moving_spacing_um: float | None = None
    fixed_name: str = "fixed"
    moving_name: str = "moving"
    fixed_sha256: str | None = None
    moving_sha256: str | None = None
    fixed_spacing_axes: tuple[float, float] | None = None  # um along x and y, of pixels that are not square
    moving_spacing_axes: tuple[float, float] | None = None
    field: DisplacementField | None = None  # of bent images: the whole transform

    @classmethod
    def of(cls, body: dict[str, Any]) -> Pair:
        """Return the pair of a registration's canonical JSON."""
        fixed, moving = body["fixed"], body["moving"]
        return cls(
            np.array(body["fixed_from_moving"], float),
            tuple(fixed["shape"]),
            tuple(moving["shape"]),
            fixed["pixel_spacing_um"],
            moving["pixel_spacing_um"],
            fixed["name"],
            moving["name"],
            fixed.get("sha256"),
            moving.get("sha256"),
            fixed_spacing_axes=fixed.get("pixel_spacing_xy_um"),
            moving_spacing_axes=moving.get("pixel_spacing_xy_um"),
            field=DisplacementField.from_json(body["field"]) if body.get("field") else None,
        )

    @property
    def moving_from_fixed(self) -> Matrix:
        """The inverse, 3 x 3, px."""
        return np.linalg.inv(self.fixed_from_moving)

    @property
    def calibrated(self) -> bool:
        """True where the pixel spacings of both images are known."""
        return self.fixed_spacing_um is not None and self.moving_spacing_um is not None

    def unit(self, wanted: Unit) -> Unit:
        """Return ``wanted``, or px where a pixel spacing is unknown."""
        return wanted if self.calibrated else "px"

    def spacings(self, unit: Unit) -> tuple[Floats, Floats]:
        """Return the pixel spacing (x, y) of the fixed and of the moving image in ``unit``; 1 in px."""
        if self.unit(unit) == "px":
            return np.ones(2), np.ones(2)
        fixed = self.fixed_spacing_axes or self.fixed_spacing_um
        moving = self.moving_spacing_axes or self.moving_spacing_um
        one, other = (np.broadcast_to(np.array(um, float), 2) for um in (fixed, moving))
        return one * PER_UM[unit], other * PER_UM[unit]

    def fixed_from_moving_in(self, unit: Unit) -> Floats:
        """Return ``fixed_from_moving`` (3 x 3) between points in ``unit``."""
        fixed, moving = self.spacings(unit)
        to_unit, to_px = np.diag([*fixed, 1]), np.diag([*(1 / moving), 1])
        matrix: Matrix = to_unit @ self.fixed_from_moving @ to_px
        return matrix

    def moving_from_fixed_in(self, unit: Unit) -> Floats:
        """Return ``moving_from_fixed`` (3 x 3) between points in ``unit``."""
        return np.linalg.inv(self.fixed_from_moving_in(unit))

    def landmarks(self, unit: Unit) -> tuple[Floats, Floats]:
        """Return corners and centre of the moving image, and their places in the fixed one, (5, 2) each."""
        fixed, moving = self.spacings(unit)
        outer = corners(self.moving_shape)
        points = np.vstack([outer, outer.mean(0)])
        return points * moving, map_points(self.fixed_from_moving, points) * fixed

    def provenance(self, direction: str, unit: Unit) -> list[str]:
        """Return lines that say what a file is, for formats that have comments."""
        fixed, moving = self.spacings(unit)
        unit = self.unit(unit)
        lines = [
            f"{direction}, by Xebra {_version()}",
            f"points are (x, y) in {unit}, {ORIGIN}",
            f"fixed: {_described(self.fixed_name, self.fixed_shape, fixed, unit, self.fixed_sha256)}",
            f"moving: {_described(self.moving_name, self.moving_shape, moving, unit, self.moving_sha256)}",
        ]
        if self.field is not None:
            lines.append(LINEAR_PART)
        return [" ".join(line.split()) for line in lines]


def swapped(matrix: Matrix) -> Floats:
    """Return a 3 x 3 matrix of points (x, y) as one of points (row, column)."""
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    rows_first: Matrix = swap @ matrix @ swap
    return rows_first


def _described(name: str, shape: tuple[int, ...], spacing: Floats, unit: Unit, sha256: str | None) -> str:
    size = f"{shape[1]} x {shape[0]} px"
    calibration = "" if unit == "px" else f", {_values(spacing)} {unit} per px"
    return f"{name}, {size}{calibration}" + (f", SHA-256 {sha256}" if sha256 else "")


def _values(spacing: Floats) -> str:
    """Return a pixel spacing as text, of both axes where they differ."""
    x, y = spacing.tolist()
    return repr(x) if x == y else f"{x!r} x {y!r}"


def _version() -> str:
    try:
        return version("xebra")
    except PackageNotFoundError:
        return "(not installed)"
