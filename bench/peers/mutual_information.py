"""Mattes' mutual information in SimpleITK, from one start and from 36."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import SimpleITK

from xebra.transform import SimilarityTransform, image_center

START_ANGLES = np.radians(np.arange(0, 360, 30))
START_SCALES = (0.6, 1.0, 1 / 0.6)
KEPT = 3  # coarse estimates that are refined
BINS = 32
STEPS, COARSE_STEPS = 200, 100  # at most, on each level


def single(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Return moving_from_fixed, started at the identity, by three levels of resolution."""
    return _matrix(_registered(*_images(fixed, moving), _start(fixed, 1.0, 0.0), (4, 2, 1))[1])


def multi_start(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Return moving_from_fixed from 36 starts at a quarter of the resolution; the best 3 are refined."""
    images, coarse = _images(fixed, moving), []
    for scale, angle in product(START_SCALES, START_ANGLES):
        try:
            coarse.append(_registered(*images, _start(fixed, scale, angle), (4,), COARSE_STEPS))
        except RuntimeError:  # the images no longer overlap
            continue
    best = sorted(coarse, key=lambda found: found[0])[:KEPT]
    fine = [_registered(*images, transform, (2, 1)) for _, transform in best]
    return _matrix(min(fine, key=lambda found: found[0])[1]) if fine else None


def _images(*images: np.ndarray) -> tuple[SimpleITK.Image, ...]:
    return tuple(SimpleITK.GetImageFromArray(image.astype(np.float32)) for image in images)


def _start(fixed: np.ndarray, scale: float, angle: float) -> SimpleITK.Similarity2DTransform:
    """ITK's transforms take a fixed point to the moving image."""
    return SimpleITK.Similarity2DTransform(scale, angle, (0.0, 0.0), image_center(fixed.shape))


def _registered(
    fixed: SimpleITK.Image,
    moving: SimpleITK.Image,
    start: SimpleITK.Similarity2DTransform,
    shrink: tuple[int, ...],
    steps: int = STEPS,
) -> tuple[float, SimpleITK.Similarity2DTransform]:
    """Metric (lower is better) and transform."""
    method, found = SimpleITK.ImageRegistrationMethod(), SimpleITK.Similarity2DTransform(start)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetShrinkFactorsPerLevel(shrink)
    method.SetSmoothingSigmasPerLevel([math.log2(factor) for factor in shrink])
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, steps, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(found, inPlace=True)
    method.Execute(fixed, moving)
    return method.GetMetricValue(), found


def _matrix(found: SimpleITK.Similarity2DTransform) -> np.ndarray:
    return SimilarityTransform(
        found.GetScale(), found.GetAngle(), found.GetTranslation(), found.GetCenter()
    ).matrix
