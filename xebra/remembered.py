"""A registration from its canonical JSON and its two images."""

from __future__ import annotations

from typing import Any

import numpy as np

from xebra.image import Image
from xebra.registration import Model, Registration, SearchMap
from xebra.transform import SimilarityTransform, image_center


def remembered(body: dict[str, Any], fixed: Image, moving: Image) -> Registration:
    """The registration whose ``to_json`` was ``body``."""
    matrix = np.array(body["fixed_from_moving"])
    return Registration(
        fixed=fixed,
        moving=moving,
        transform=SimilarityTransform.from_matrix(matrix, image_center(moving.shape)),
        expected_corner_error_px=body["expected_corner_error_px"],
        verdict=body["verdict"],
        reason=body["reason"],
        model=Model(**body["model"]),
        timings_s=body["timings_s"],
        covariance=None if body.get("covariance") is None else np.array(body["covariance"]),
        search=SearchMap(**body["search"]) if body.get("search") else None,
    )
