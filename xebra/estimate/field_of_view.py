"""Which of two images may show a small part of the other, and over which scales that part is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.block_refinement import ELONGATED
from xebra.estimate.elongated_frames import Tile, aspect_ratio, tiles
from xebra.image import Image

Role = Literal["fixed", "moving"]

DETAIL_RATIO = 1.5  # fields of view that differ by more are searched as detail and overview
MAX_RATIO = 10.0  # of unknown fields of view
MIN_RATIO = 1.26  # of unknown fields of view of images of different sizes
MIN_RATIO_OF_EQUAL_SIZES = 1.8  # the thorough attempt, which comes before, covers less
MIN_DETAIL_PX = 64.0  # of the overview, along the detail: a smaller part shows too little to be found


@dataclass(frozen=True)
class DetailHypothesis:
    """One image as a part of the other; ``scales``: least and largest overview px per detail px."""

    detail: Role
    scales: tuple[float, float]
    tile: Tile | None = None  # the part of the detail that is searched


def elongated_hypotheses(fixed: Image, moving: Image) -> list[DetailHypothesis]:
    """Return tiles of the more elongated image as parts of the other one; none for usual frames."""
    ratios: dict[Role, float] = {"fixed": aspect_ratio(fixed), "moving": aspect_ratio(moving)}
    detail: Role = "fixed" if ratios["fixed"] >= ratios["moving"] else "moving"
    if ratios[detail] < ELONGATED:
        return []
    image, overview = (fixed, moving) if detail == "fixed" else (moving, fixed)
    known = spacing_ratio(image, overview)
    same_field = max(overview.shape[:2]) / max(image.shape[:2])
    scales = (same_field / 2, 2 * same_field) if known is None else (known, known)
    return [DetailHypothesis(detail, scales, tile) for tile in tiles(image)]


def spacing_ratio(fixed: Image, moving: Image) -> float | None:
    """Return fixed over moving pixel spacing: moving px per fixed px; None where one is unknown."""
    if fixed.pixel_spacing is None or moving.pixel_spacing is None:
        return None
    return fixed.pixel_spacing / moving.pixel_spacing


def sizes_differ(fixed: Image, moving: Image) -> bool:
    """Return whether one image has many more px along its longer side, as an overview has."""
    one, other = max(fixed.shape[:2]), max(moving.shape[:2])
    return max(one, other) > DETAIL_RATIO * min(one, other)


def known_detail(fixed: Image, moving: Image) -> DetailHypothesis | None:
    """Return which image is the detail where pixel spacings show that the fields differ; else None."""
    ratio = spacing_ratio(fixed, moving)
    if ratio is None:
        return None
    fixed_field, moving_field = max(fixed.shape[:2]) * ratio, max(moving.shape[:2])  # moving px
    if moving_field > DETAIL_RATIO * fixed_field:
        return DetailHypothesis("fixed", (ratio, ratio))
    if fixed_field > DETAIL_RATIO * moving_field:
        return DetailHypothesis("moving", (1 / ratio, 1 / ratio))
    return None


def detail_at(fixed_from_moving: Matrix, fixed: Image, moving: Image) -> Role | None:
    """Return which image is the detail under a transform (3 x 3); None where the fields are about equal."""
    scale = math.sqrt(abs(float(np.linalg.det(fixed_from_moving[:2, :2]))))
    fixed_field, moving_field = max(fixed.shape[:2]), max(moving.shape[:2]) * scale  # fixed px
    if moving_field > DETAIL_RATIO * fixed_field:
        return "fixed"
    return "moving" if fixed_field > DETAIL_RATIO * moving_field else None


def possible_details(fixed: Image, moving: Image) -> list[DetailHypothesis]:
    """Return each image as a part of the other over all scales, the one of fewer px first.

    Without those that would be too few px of the overview.
    """
    sides: dict[Role, int] = {"fixed": max(fixed.shape[:2]), "moving": max(moving.shape[:2])}
    roles: tuple[Role, Role] = (
        ("fixed", "moving") if sides["fixed"] < sides["moving"] else ("moving", "fixed")
    )
    found = (_over_all_scales(detail, sides) for detail in roles)
    return [hypothesis for hypothesis in found if hypothesis is not None]


def _over_all_scales(detail: Role, sides: dict[Role, int]) -> DetailHypothesis | None:
    """Return one image as a part of the other over all scales; None where it would be too few px."""
    overview = sides["moving" if detail == "fixed" else "fixed"]
    largest_ratio = min(MAX_RATIO, overview / MIN_DETAIL_PX)
    differ = max(sides.values()) > DETAIL_RATIO * min(sides.values())
    least_ratio = MIN_RATIO if differ else MIN_RATIO_OF_EQUAL_SIZES
    if largest_ratio < least_ratio:
        return None
    same_field = overview / sides[detail]
    return DetailHypothesis(detail, (same_field / largest_ratio, same_field / least_ratio))
