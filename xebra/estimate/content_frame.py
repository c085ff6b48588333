"""The rectangle around what an image shows: images of which padding takes a large part are cut to it.

The padding of a turned scan leaves a turned rectangle, a field stop a disc. A view of the rectangle shows the
specimen at a higher resolution, upright, and without empty borders, as most images do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from xebra.arrays import Floats, Mask, Matrix
from xebra.image import Image, above_lowest, luminance
from xebra.resample import coverage, resample
from xebra.usable_area import usable_areas

LARGEST = 0.8  # of the image: a larger rectangle leaves it as it is
FILLED = 0.9  # of a turned rectangle that is usable; less is no turned scan
TURNED = 0.9  # of the area of the upright rectangle that a turned one may have
LEAST_PX = 64  # side of a rectangle
LONGEST_PX = 2048  # longer images stay as they are: they would be held in memory twice


@dataclass(frozen=True)
class ContentFrame:
    """A part of an image, and the 3 x 3 rotation and shift from its px to those of the image."""

    image: Image
    image_from_frame: Matrix


@dataclass(frozen=True)
class ContentFrames:
    """The parts of a fixed and a moving image."""

    fixed: ContentFrame
    moving: ContentFrame

    @classmethod
    def of(cls, fixed: Image, moving: Image) -> ContentFrames | None:
        """Return the parts of both images that show something; None where they are nearly whole.

        Images of one shape have one frame, so that what is fixed to the detector is at one place in both; a
        frame of their own only where both have one and not the same, as scans that are turned differently.
        """
        images = _with_usable_areas(fixed, moving)
        masks = [_mask(image) for image in images]
        if masks[0].shape == masks[1].shape:
            both = masks[0] | masks[1]
            found = [_frame(image, both) for image in images]
            if found[0] is None:
                found = [_frame(image, mask) for image, mask in zip(images, masks, strict=True)]
                found = [None, None] if None in found else found
        else:
            found = [_frame(image, mask) for image, mask in zip(images, masks, strict=True)]
        if found[0] is None and found[1] is None:
            return None
        whole = (ContentFrame(image, np.eye(3)) for image in images)
        return cls(*(frame or each for frame, each in zip(found, whole, strict=True)))

    @property
    def turn_deg(self) -> float:
        """Return the angle of ``between_images`` less that between the parts."""
        one, other = (frame.image_from_frame for frame in (self.fixed, self.moving))
        return math.degrees(math.atan2(one[1, 0], one[0, 0]) - math.atan2(other[1, 0], other[0, 0]))

    def between_images(self, fixed_from_moving: Matrix) -> Matrix:
        """Return a 3 x 3 between both parts as one between both images."""
        matrix: Matrix = (
            self.fixed.image_from_frame @ fixed_from_moving @ np.linalg.inv(self.moving.image_from_frame)
        )
        return matrix


def _with_usable_areas(fixed: Image, moving: Image) -> tuple[Image, Image]:
    """Return both images with masks, found where they have none."""
    if fixed.mask is not None and moving.mask is not None:
        return fixed, moving
    grey = luminance(fixed.pixels), luminance(moving.pixels)
    areas = usable_areas(*grey, fixed.mask, moving.mask)
    return fixed.with_mask(areas[0].mask), moving.with_mask(areas[1].mask)


def _mask(image: Image) -> Mask:
    """Return where an image may be used, (H, W)."""
    return np.ones(image.shape[:2], bool) if image.mask is None else image.mask


def _frame(image: Image, mask: Mask) -> ContentFrame | None:
    """Return the part of an image in the rectangle around a mask; None where that is nearly all of it."""
    if max(mask.shape) > LONGEST_PX or mask.all():
        return None
    found = least_rectangle(mask)
    if found is None:
        return None
    image_from_frame, shape = found
    if min(shape) < LEAST_PX or shape[0] * shape[1] > LARGEST * mask.size:
        return None
    pixels = resample(above_lowest(image.pixels, image.mask), image_from_frame, shape)
    inside = coverage(mask.shape, image_from_frame, shape)
    inside &= resample(_mask(image).astype(np.uint8), image_from_frame, shape, "nearest") > 0
    part = Image(pixels, image.pixel_spacing, image.spacing_source, image.name, mask=inside)
    return ContentFrame(part, image_from_frame)


def least_rectangle(mask: Mask) -> tuple[Matrix, tuple[int, int]] | None:
    """Return the least rectangle around a mask (H, W): the 3 x 3 from its px to the image's, and its shape.

    It is turned, by up to 45 degrees, only where that makes it smaller and where the mask fills it. None for
    a mask without an area. The least rectangle around points has a side along a side of their convex hull
    (Freeman and Shapira, Commun. ACM 18, 409, 1975).
    """
    border = np.argwhere(mask & ~ndimage.binary_erosion(mask))[:, ::-1]
    try:
        hull = border[ConvexHull(border).vertices].astype(float)
    except (QhullError, ValueError):
        return None
    upright = _around(hull, 0.0)
    sides = np.diff(hull, axis=0, append=hull[:1])
    angles = np.unique((np.arctan2(sides[:, 1], sides[:, 0]) + np.pi / 4) % (np.pi / 2) - np.pi / 4)
    turned = min((_around(hull, float(angle)) for angle in angles), key=lambda each: _area(each[1]))
    filled = np.count_nonzero(mask) >= FILLED * _area(turned[1])
    return turned if filled and _area(turned[1]) < TURNED * _area(upright[1]) else upright


def _around(points: Floats, angle: float) -> tuple[Matrix, tuple[int, int]]:
    """Return the rectangle at an angle (rad) around points (K, 2), as ``least_rectangle`` does."""
    cosine, sine = np.cos(angle), np.sin(angle)
    axes = np.array([[cosine, sine], [-sine, cosine]])
    along = points @ axes.T
    low = along.min(0)
    columns, rows = (int(np.ceil(length - 1e-6)) + 1 for length in along.max(0) - low)
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = axes.T, axes.T @ low
    return matrix, (rows, columns)


def _area(shape: tuple[int, int]) -> int:
    return shape[0] * shape[1]
