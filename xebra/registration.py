"""The result of a registration, in pixels, micrometres and JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.field.displacement_field import DisplacementField
from xebra.field.resampling import coverage_through, resample_through
from xebra.image import Image, read_image
from xebra.models import TransformModel
from xebra.resample import Interpolation, coverage, resample
from xebra.transform import AffineTransform, Transform, image_center, map_points, transform_of
from xebra.usable_area import UsableArea

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Verdict = Literal["accept", "review", "refuse", "corrected"]  # "corrected": by hand


@dataclass(frozen=True)
class Model:
    """The network and the engine that computed a result."""

    name: str
    weights_sha256: str
    engine: str  # "onnxruntime 1.32.0 cpu", "triton 2.51.0 grpc"
    version: str | None = None  # id of an adapted version of the service; None: the bundled network


@dataclass(frozen=True)
class SearchMap:
    """The coarse search's score of each angle and scale at its best shift: shows competing maxima."""

    angles_deg: list[float]
    scales: list[float]  # as ``Registration.scale``
    scores: list[list[float]]  # (scales, angles), differences are log odds


@dataclass(frozen=True, eq=False)
class Place:
    """A candidate transform of a detail in an overview; probabilities of all distinct candidates sum to 1."""

    fixed_from_moving: Matrix  # 3 x 3, px
    probability: float  # of this candidate, if one of them is right


@dataclass(frozen=True)
class Correction:
    """Who set the transform by hand, and when (ISO 8601)."""

    id: str | None
    by: str
    at: str
    note: str | None


@dataclass(frozen=True)
class Registration:
    """The transform between two images, with its uncertainty, verdict and provenance."""

    fixed: Image
    moving: Image
    transform: Transform  # fixed_from_moving, about the centre of the moving image
    expected_corner_error_px: float | None  # of the smaller field's corners, fixed px; None: set by hand
    verdict: Verdict
    reason: str
    model: Model
    timings_s: dict[str, float]
    # (4, 4) of log scale, angle (rad), shift x, shift y (fixed px); of an affine transform (6, 6) with the
    # log stretch (a, b), of the symmetric matrix [[a, b], [b, -a]]
    covariance: Matrix | None = None
    search: SearchMap | None = None  # of networks with a coarse search
    fixed_area: UsableArea | None = None  # what was used of the fixed image; None: all of it
    moving_area: UsableArea | None = None
    transform_model: TransformModel = "similarity"  # the family that the transform was chosen from
    correction: Correction | None = None  # of a transform that was set by hand
    places: tuple[Place, ...] = ()  # of a detail in an overview: the reported one, then the next best ones
    field: DisplacementField | None = None  # of bent images, whole; ``transform`` is its linear part
    model_reason: str | None = None  # why a model was chosen, of "field" and "auto"

    @property
    def scale(self) -> float:
        """Magnification of the moving image onto the fixed one: size of a moving pixel in fixed pixels."""
        return self.transform.scale

    @property
    def angle_deg(self) -> float:
        """Rotation of the moving image onto the fixed one in degrees, +x towards +y."""
        return math.degrees(self.transform.angle)

    @property
    def stretch(self) -> dict[str, float] | None:
        """The stretch of an affine transform, see ``stretch_of``; None for a similarity."""
        return stretch_of(self.transform)

    @property
    def shift_px(self) -> tuple[float, float]:
        """Centre of the moving image relative to the centre of the fixed one, (x, y) in fixed px."""
        x, y = self.transform(np.array(image_center(self.moving.shape))) - image_center(self.fixed.shape)
        return float(x), float(y)

    @property
    def intervals(self) -> dict[str, Any] | None:
        """Half widths of the 95 % intervals of scale, angle (degrees), shift (fixed px); None if unknown."""
        if self.covariance is None:
            return None
        log_scale, angle, x, y = (1.96 * np.sqrt(np.diag(self.covariance)))[:4].tolist()
        return {
            "scale": self.scale * log_scale,
            "angle_deg": math.degrees(angle),
            "shift_px": [x, y],
        }

    @property
    def fixed_from_moving(self) -> Matrix:
        """3 x 3 matrix that maps a point (x, y, 1) of the moving image to the fixed one, px."""
        return self.transform.matrix

    @property
    def moving_from_fixed(self) -> Matrix:
        """3 x 3 matrix that maps a point (x, y, 1) of the fixed image to the moving one, px."""
        return np.linalg.inv(self.fixed_from_moving)

    @property
    def shift_um(self) -> tuple[float, float] | None:
        """``shift_px`` in micrometres; None where the fixed pixel spacing is unknown."""
        spacing = self.fixed.pixel_spacing_xy
        return None if spacing is None else (self.shift_px[0] * spacing[0], self.shift_px[1] * spacing[1])

    @property
    def expected_corner_error_um(self) -> float | None:
        """``expected_corner_error_px`` in micrometres; None where the fixed pixel spacing is unknown."""
        spacing, error = self.fixed.pixel_spacing, self.expected_corner_error_px
        return None if spacing is None or error is None else error * spacing

    def to_moving(self, points: Floats) -> Floats:
        """Return points of the fixed image in the moving one, through the whole transform.

        Args:
            points: (N, 2), (x, y) in px of the fixed image.

        Returns:
            Points (N, 2) in px of the moving image.

        Raises:
            ValueError: ``points`` has another shape.

        Examples:
            >>> import xebra
            >>> from xebra import sample
            >>> result = xebra.register(sample.FIXED, sample.MOVING)
            >>> there = result.to_moving([[100.0, 80.0]])
            >>> result.to_fixed(there).round(3).tolist()
            [[100.0, 80.0]]
        """
        points = _points(points)
        return (
            map_points(self.moving_from_fixed, points) if self.field is None else self.field.to_moving(points)
        )

    def to_fixed(self, points: Floats) -> Floats:
        """Return points of the moving image in the fixed one, the inverse of ``to_moving``.

        Args:
            points: (N, 2), (x, y) in px of the moving image.

        Returns:
            Points (N, 2) in px of the fixed image.

        Raises:
            ValueError: ``points`` has another shape.

        Examples:
            >>> import xebra
            >>> from xebra import sample
            >>> result = xebra.register(sample.FIXED, sample.MOVING)
            >>> result.to_fixed([[0.0, 0.0]]).shape
            (1, 2)
        """
        points = _points(points)
        return (
            map_points(self.fixed_from_moving, points) if self.field is None else self.field.to_fixed(points)
        )

    @cached_property
    def displacement(self) -> Floats:
        """How far the field displaces each fixed pixel (H, W, 2), (x, y) in fixed px; 0 without a field.

        ``to_moving(p)`` is ``moving_from_fixed`` of p + displacement.
        """
        shape = self.fixed.shape[:2]
        return np.zeros((*shape, 2)) if self.field is None else self.field.displacement(*_grid(shape))

    @cached_property
    def displacement_error(self) -> Floats | None:
        """Standard error (H, W, 2) of ``displacement``, in fixed px; None without a field."""
        return None if self.field is None else self.field.standard_error(*_grid(self.fixed.shape[:2]))

    @cached_property
    def registered(self) -> Pixels:
        """The moving image resampled on the fixed image's grid, dtype kept, 0 outside its coverage."""
        if self.field is not None:
            return resample_through(self.moving.pixels, self.field, self.fixed.shape[:2])
        return resample(self.moving.pixels, self.moving_from_fixed, self.fixed.shape[:2])

    @cached_property
    def coverage(self) -> Mask:
        """Mask (H, W) of the fixed image's grid: True where the moving image covers it."""
        if self.field is not None:
            return coverage_through(self.moving.shape, self.field, self.fixed.shape[:2])
        return coverage(self.moving.shape, self.moving_from_fixed, self.fixed.shape[:2])

    def apply(
        self,
        image: Image | Pixels | str | Path,
        interpolation: Interpolation = "linear",
        *,
        same_field: bool = False,
    ) -> Pixels:
        """Return another channel of the moving scan on the fixed image's grid.

        Args:
            image: Array (H, W) or (H, W, C), an ``Image`` or a path.
            interpolation: "nearest" for labels, "linear" or "cubic".
            same_field: A channel with another number of pixels shows the same field of view.

        Returns:
            The channel (rows, columns) of the fixed image, dtype kept, 0 outside the moving image.

        Raises:
            ImageUnusable: The channel has another size, without ``same_field``.

        Examples:
            >>> import xebra
            >>> from xebra import sample
            >>> result = xebra.register(sample.FIXED, sample.MOVING)
            >>> bool((result.apply(sample.MOVING) == result.registered).all())
            True
        """
        from xebra.apply import apply

        if isinstance(image, str | Path):
            image = read_image(image)
        pixels, name = (image.pixels, image.name) if isinstance(image, Image) else (image, "image")
        shapes = self.moving.shape, self.fixed.shape
        return apply(
            pixels,
            self.moving_from_fixed,
            *shapes,
            interpolation=interpolation,
            same_field=same_field,
            name=name,
            field=self.field,
        )

    def save(self, folder: str | Path) -> None:
        """Write images, registered image, picture and JSON into ``folder``, for ``xebra.load``."""
        from xebra import output

        output.save(self, Path(folder))

    def export(self, file: str | Path, format: str) -> None:
        """Write the transform for another program, in a format of ``xebra.transform_files.FORMATS``.

        Raises ValueError where there is no such format.
        """
        from xebra import transform_files

        transform_files.export(self.to_json(), Path(file), format)

    def plot(self) -> Figure:
        """Return a figure of fixed, moving, registered and overlay with the parameters, for a notebook."""
        from xebra import picture

        return picture.draw(self)

    def _repr_html_(self) -> str:
        from xebra import notebook

        return notebook.html(self)

    def to_json(self) -> dict[str, Any]:
        """Return the canonical JSON form: everything but the pixels."""
        return {
            "scale": self.scale,
            "angle_deg": self.angle_deg,
            "shift_px": list(self.shift_px),
            "shift_um": None if self.shift_um is None else list(self.shift_um),
            "intervals": self.intervals,
            "covariance": None if self.covariance is None else self.covariance.tolist(),
            "transform_model": self.transform_model,
            "stretch": self.stretch,
            "mirror": self.transform.mirror,
            "fixed_from_moving": self.fixed_from_moving.tolist(),
            "moving_from_fixed": self.moving_from_fixed.tolist(),
            "expected_corner_error_px": self.expected_corner_error_px,
            "expected_corner_error_um": self.expected_corner_error_um,
            "verdict": self.verdict,
            "reason": self.reason,
            "correction": None if self.correction is None else vars(self.correction).copy(),
            "fixed": _describe(self.fixed),
            "moving": _describe(self.moving),
            "model": vars(self.model).copy(),
            "timings_s": dict(self.timings_s),
            "search": None if self.search is None else vars(self.search).copy(),
            "places": [
                {"fixed_from_moving": each.fixed_from_moving.tolist(), "probability": each.probability}
                for each in self.places
            ],
            "field": None if self.field is None else self.field.to_json(),
            "model_reason": self.model_reason,
            "usable_area": {
                "fixed": self.fixed_area and self.fixed_area.to_json(self.fixed.pixels),
                "moving": self.moving_area and self.moving_area.to_json(self.moving.pixels),
            },
        }

    @classmethod
    def from_json(cls, body: dict[str, Any], fixed: Image, moving: Image) -> Registration:
        """Return the registration whose ``to_json`` was ``body``, with its two images."""
        matrix = np.array(body["fixed_from_moving"])
        return cls(
            fixed=fixed,
            moving=moving,
            transform=transform_of(matrix, image_center(moving.shape), body.get("transform_model")),
            expected_corner_error_px=body["expected_corner_error_px"],
            verdict=body["verdict"],
            reason=body["reason"],
            model=Model(**body["model"]),
            timings_s=body["timings_s"],
            covariance=None if body.get("covariance") is None else np.array(body["covariance"]),
            search=SearchMap(**body["search"]) if body.get("search") else None,
            fixed_area=_area(body, "fixed", fixed),
            moving_area=_area(body, "moving", moving),
            transform_model=body.get("transform_model", "similarity"),
            correction=Correction(**body["correction"]) if body.get("correction") else None,
            places=tuple(
                Place(np.array(each["fixed_from_moving"]), each["probability"])
                for each in body.get("places") or ()
            ),
            field=DisplacementField.from_json(body["field"]) if body.get("field") else None,
            model_reason=body.get("model_reason"),
        )


def stretch_of(transform: Transform) -> dict[str, float] | None:
    """Return the stretch of an affine transform, and the tilt that would cause it; None for a similarity.

    ``ratio``: length along ``axis_deg`` of the fixed image over that across it, relative to the moving image.
    """
    if not isinstance(transform, AffineTransform):
        return None
    return {
        "ratio": math.exp(2 * transform.stretch),
        "axis_deg": transform.axis_deg,
        "tilt_deg": transform.tilt_deg,
    }


def _points(points: Floats) -> Floats:
    """Return points as an array (N, 2); raise ValueError for any other shape."""
    array = np.asarray(points, float)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"points must have the shape (N, 2), not {array.shape}")
    return array


def _grid(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return x of the columns and y of the rows of an image."""
    return np.arange(shape[1], dtype=float), np.arange(shape[0], dtype=float)


def _area(body: dict[str, Any], name: str, image: Image) -> UsableArea | None:
    """Return an image's usable area from a registration's JSON form; None in those of earlier versions."""
    found = (body.get("usable_area") or {}).get(name)
    return None if found is None else UsableArea.from_json(found, image.pixels)


def _describe(image: Image) -> dict[str, Any]:
    """Return the JSON form of an image without its pixels."""
    return {
        "name": image.name,
        "shape": list(image.shape),
        "dtype": str(image.pixels.dtype),
        "pixel_spacing_um": image.pixel_spacing,
        "pixel_spacing_xy_um": None if image.spacing_axes is None else list(image.spacing_axes),
        "spacing_source": image.spacing_source,
        "selected": str(image.selected) if image.selected else "",  # of a file with several images
        "sha256": image.sha256,
    }
