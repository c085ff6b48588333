"""Masks of users: which pixels of an image may be used for its registration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xebra import image_files
from xebra.arrays import Mask, Pixels
from xebra.errors import ImageUnreadable, MaskInvalid
from xebra.polygons import Polygon, bounds, inside, polygon_of

LEAST_PX = 1024  # usable pixels: a square of 32 px
MOST_POINTS = 1000  # of all polygons of a mask
JSON_SUFFIXES = (".json", ".geojson")


@dataclass(frozen=True, eq=False)
class PolygonMask:
    """Which pixels of an image may be used: areas drawn as polygons, or an array, or both.

    With ``exclude`` alone, data bars and the like are found and excluded too; ``include`` and ``array`` are
    the only rule for the image.

    Args:
        include: Where pixels may be used, and nowhere else: a list of polygons in px of the image, a polygon
            a list of rings (the outer one, then holes), a ring a list of points (x, y) whose last one
            equals the first; (0, 0) is the centre of the top-left pixel.
        exclude: Where pixels may not be used; likewise.
        array: (H, W) bool, True where pixels may be used.

    Examples:
        >>> corner = [[(0, 0), (39, 0), (39, 29), (0, 29), (0, 0)]]
        >>> mask = PolygonMask(exclude=[corner]).pixels("fixed.tif", (100, 200))
        >>> mask.shape, bool(mask[10, 10]), bool(mask[50, 50])
        ((100, 200), False, True)
    """

    include: Sequence[Polygon] = ()
    exclude: Sequence[Polygon] = ()
    array: Mask | None = None

    @property
    def only_rule(self) -> bool:
        """Return whether nothing else is looked for in the image."""
        return bool(self.include) or self.array is not None

    def pixels(self, name: str, shape: tuple[int, ...]) -> Mask:
        """Return the mask (H, W) bool of an image; raise MaskInvalid where a polygon lies outside of it."""
        self.check_places(name, shape)
        usable = inside(self.include, shape) if self.include else np.ones(shape[:2], bool)
        if self.exclude:
            usable &= ~inside(self.exclude, shape)
        if self.array is None:
            return usable
        return usable & self.array if self.array.shape == usable.shape else self.array

    def check_places(self, name: str, shape: tuple[int, ...]) -> None:
        """Raise MaskInvalid where a polygon lies outside of an image (H, W)."""
        for polygon in (*self.include, *self.exclude):
            _check_place(name, polygon, shape)

    @classmethod
    def from_json(cls, body: Any, array: Mask | None = None) -> PolygonMask:
        """Return the mask of ``{"include": [...], "exclude": [...]}``, lists of GeoJSON Polygons.

        Raises MaskInvalid; the message says what is wrong.
        """
        if not isinstance(body, dict) or not body.keys() <= {"include", "exclude"}:
            raise MaskInvalid('a mask must be {"include": [polygon, ...], "exclude": [polygon, ...]}')
        given = [body.get(key) or [] for key in ("include", "exclude")]
        if not all(isinstance(each, list | tuple) for each in given):
            raise MaskInvalid("include and exclude must be lists of polygons")
        try:
            include, exclude = ([polygon_of(each) for each in polygons] for polygons in given)
        except ValueError as error:
            raise MaskInvalid(str(error)) from None
        if sum(len(ring) for polygon in (*include, *exclude) for ring in polygon) > MOST_POINTS:
            raise MaskInvalid(f"a mask may have {MOST_POINTS} points; give an image as mask instead")
        return cls(include, exclude, array)


def check_mask(name: str, mask: Mask, pixels: Pixels) -> None:
    """Raise MaskInvalid where a mask does not fit pixels (H, W, ...), or leaves too few of them."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise MaskInvalid(
            f"{name}: a mask of type {kind} is not taken. Give booleans, for example mask != 0."
        )
    if mask.shape != pixels.shape[:2]:
        raise MaskInvalid(
            f"{name}: the mask has the shape {mask.shape}, the image has {pixels.shape[:2]}. "
            "Give one value for each pixel of the image."
        )
    usable = np.count_nonzero(mask)
    if usable < LEAST_PX:
        raise MaskInvalid(
            f"{name}: the mask leaves {usable} px, and at least {LEAST_PX} are needed. "
            "True (non-zero) is where pixels may be used: is the mask inverted?"
        )
    values = pixels[mask]
    if not (values != values[0]).any():
        raise MaskInvalid(
            f"{name}: every pixel that the mask leaves has the same value. Leave more of the image."
        )


def mask_of(pixels: Pixels) -> Mask:
    """Return the mask (H, W) bool that an image's pixels show: True where any colour is not zero."""
    mask: Mask = pixels != 0 if pixels.ndim == 2 else (pixels[..., :3] != 0).any(-1)
    return mask


def read_mask(path: str | Path) -> Mask | PolygonMask:
    """Return the mask of a PNG or TIFF file, or of a JSON file in the form of ``PolygonMask.from_json``.

    Raises ImageUnreadable, ImageUnusable or MaskInvalid; the message names the file and the reason.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in JSON_SUFFIXES:
            return _read_json(path)
        with path.open("rb") as file:
            return mask_of(image_files.read(file, path.name, path=path).pixels)
    except FileNotFoundError as error:
        raise ImageUnreadable(f"{path}: there is no such file.") from error


def _read_json(path: Path) -> PolygonMask:
    try:
        return PolygonMask.from_json(json.loads(path.read_text()))
    except (ValueError, MaskInvalid) as error:
        raise MaskInvalid(f"{path}: {error}") from None


def _check_place(name: str, polygon: Polygon, shape: tuple[int, ...]) -> None:
    left, top, right, bottom = bounds(polygon)
    if right < 0 or bottom < 0 or left > shape[1] - 1 or top > shape[0] - 1:
        raise MaskInvalid(
            f"{name}: a polygon lies outside of the image, which has {shape[1]} x {shape[0]} px. "
            "Its points are (x, y) in px from the centre of the top-left pixel."
        )
