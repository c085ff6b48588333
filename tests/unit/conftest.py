"""Registrations without a network, for tests of outputs."""

import numpy as np
import pytest

from xebra.image import Image
from xebra.registration import Model, Registration
from xebra.transform import SimilarityTransform, image_center

RANDOM = np.random.default_rng(2)


@pytest.fixture
def registration():
    """Return a function ``registration(fixed_shape, moving_shape, scale=..., ...)``."""

    def make(
        fixed_shape=(120, 160),
        moving_shape=(120, 160),
        *,
        pixels=None,
        scale=1.0,
        angle=0.0,
        translation=(0.0, 0.0),
        mirror=False,
        fixed_spacing=None,
        moving_spacing=None,
        names=("fixed.tif", "moving.tif"),
        verdict="accept",
    ) -> Registration:
        fixed, moving = pixels or (
            RANDOM.integers(0, 4096, s, dtype=np.uint16) for s in (fixed_shape, moving_shape)
        )
        center = image_center(moving.shape)
        between = np.subtract(image_center(fixed.shape), center) + translation
        return Registration(
            fixed=Image(fixed, fixed_spacing, name=names[0]),
            moving=Image(moving, moving_spacing, name=names[1]),
            transform=SimilarityTransform(scale, angle, tuple(between), center, mirror),
            expected_corner_error_px=0.84,
            verdict=verdict,
            reason="two independent estimates agree to 0.4 px",
            model=Model("paper", "ab" * 32, "onnxruntime 1.32.0 cpu"),
            timings_s={"estimate": 0.02},
        )

    return make
