"""Register a pair of images: the function behind the notebook, the command line and the worker."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np

from xebra.arrays import Mask, Pixels
from xebra.engine import open_engine
from xebra.errors import EngineFailed, MaskInvalid, ModelUnsupported
from xebra.estimate.estimate import Estimate
from xebra.estimate.pyramid_estimator import PyramidEstimator, mirrored
from xebra.estimate.regression_estimator import RegressionEstimator
from xebra.image import Image, luminance, read_image
from xebra.limits import check_registrable
from xebra.masks import check_mask
from xebra.models import TransformModel
from xebra.registration import Model, Registration
from xebra.transform import mirrored_first
from xebra.usable_area import UsableArea, usable_areas
from xebra.weights import Weights, graph_sha256, weights

Source = Pixels | str | Path | Image
ESTIMATORS: dict[str, type[PyramidEstimator] | type[RegressionEstimator]] = {
    "pyramid": PyramidEstimator,
    "paper": RegressionEstimator,
}  # by "kind" in config.json


class Aligner:
    """Registers pairs on one inference engine. Thread-safe; reuse it, since opening the engine is slow."""

    def __init__(self, inference_url: str | None = None):
        """Open the engine of ``file:///folder`` or ``grpc://host:port``; None: the bundled networks."""
        self.engine = open_engine(inference_url)

    def register(
        self,
        fixed: Source,
        moving: Source,
        *,
        fixed_spacing: float | None = None,
        moving_spacing: float | None = None,
        network: str | None = None,
        mirror: bool | None = False,
        tolerance: float | None = None,
        fixed_mask: Mask | None = None,
        moving_mask: Mask | None = None,
        model: TransformModel = "similarity",
    ) -> Registration:
        """Register a pair; see ``xebra.register``."""
        _check_tolerance(tolerance)
        check_model(model)
        started = time.perf_counter()
        network_weights = self._weights(network)
        fixed = _masked(_image(fixed, fixed_spacing, "fixed"), fixed_mask)
        moving = _masked(_image(moving, moving_spacing, "moving"), moving_mask)
        loaded = time.perf_counter()
        estimator = ESTIMATORS[network_weights.config["kind"]](network_weights, self.engine)
        areas = _usable_areas(fixed, moving, network_weights)
        seen = _usable(fixed, areas[0]), _usable(moving, areas[1])
        options = (False, True) if mirror is None else (mirror,)
        estimates = [_estimate(estimator, *seen, each, tolerance, mirror is False, model) for each in options]
        estimate = min(estimates, key=lambda e: e.expected_corner_error_px)
        done = time.perf_counter()
        return Registration(
            fixed=fixed,
            moving=moving,
            transform=estimate.transform,
            expected_corner_error_px=estimate.expected_corner_error_px,
            verdict=estimate.verdict,
            reason=estimate.reason,
            covariance=estimate.covariance,
            search=estimate.search,
            model=Model(network_weights.name, network_weights.sha256, self.engine.name),
            timings_s={"read": loaded - started, "estimate": done - loaded},
            fixed_area=areas[0],
            moving_area=areas[1],
            transform_model=model,
        )

    def _weights(self, network: str | None) -> Weights:
        """Return a network's weights; raise EngineFailed where the engine serves others under its name."""
        found = weights(network, self.engine.folder)
        for graph in found.graphs:
            served, expected = self.engine.weights_sha256(graph), graph_sha256(self.engine.folder, graph)
            if served != expected:
                version = served[:12] or "of unknown version"
                raise EngineFailed(
                    f"{self.engine.name} serves weights {version} as {graph!r}, but the error estimate is "
                    f"calibrated for {expected[:12]}; install the same version on both sides"
                )
        return found


@cache
def _bundled_aligner() -> Aligner:
    """Return the aligner of ``xebra.register``; cached."""
    return Aligner()


def register(
    fixed: Source,
    moving: Source,
    *,
    fixed_spacing: float | None = None,
    moving_spacing: float | None = None,
    network: str | None = None,
    mirror: bool | None = False,
    tolerance: float | None = None,
    fixed_mask: Mask | None = None,
    moving_mask: Mask | None = None,
    model: TransformModel = "similarity",
) -> Registration:
    """Register a moving image with a fixed image of the same specimen.

    Args:
        fixed: Array (H, W) or (H, W, 3 | 4), path of a PNG or TIFF file, or ``Image``.
        moving: Likewise; its size may differ.
        fixed_spacing: Pixel spacing in um per px; by default the file's own, where it has one.
        moving_spacing: Likewise.
        network: Name of a network; by default the most accurate one. ``"paper"`` is the paper's network.
        mirror: True where the specimen was turned over in between; None tries both, in twice the time.
        tolerance: Largest expected corner error of an accepted result, px of the fixed image; by default 2 %
            of its longer side.
        fixed_mask: Array (H, W) bool of the fixed image, True where pixels may be used. By default data bars,
            legends, field stops, padding, detector gaps and the like are found and excluded; a mask given
            is the only rule for its image.
        moving_mask: Likewise.
        model: Family of the transform. ``"affine"`` also recovers the foreshortening of a tilted view, the
            shear of a drifting scan and oblong pixels; ``"rigid"`` holds the scale that the pixel spacings
            state (1 where one is unknown); ``"translation"`` holds the angle at 0 as well.

    Returns:
        The transform with its uncertainty and verdict, and the registered image.

    Raises:
        RegistrationError: An image cannot be read or shows no structure; the message states the remedy.
        EngineFailed: The inference engine failed.
    """
    return _bundled_aligner().register(
        fixed,
        moving,
        fixed_spacing=fixed_spacing,
        moving_spacing=moving_spacing,
        network=network,
        mirror=mirror,
        tolerance=tolerance,
        fixed_mask=fixed_mask,
        moving_mask=moving_mask,
        model=model,
    )


def _estimate(
    estimator: PyramidEstimator | RegressionEstimator,
    fixed: Image,
    moving: Image,
    reflect: bool,
    tolerance: float | None,
    check_mirror: bool,
    model: TransformModel,
) -> Estimate:
    """Return the estimate for the moving image as it is or reflected about its vertical centre line."""
    if not reflect:
        return estimator.estimate(fixed, moving, tolerance, check_mirror, model)
    estimate = estimator.estimate(fixed, mirrored(moving), tolerance, check_mirror, model)
    return replace(estimate, transform=mirrored_first(estimate.transform))


def _usable_areas(fixed: Image, moving: Image, model: Weights) -> tuple[UsableArea | None, UsableArea | None]:
    """Return the usable areas of both images; None for a network that uses whole images."""
    if model.config["kind"] == "pyramid":
        return usable_areas(luminance(fixed.pixels), luminance(moving.pixels), fixed.mask, moving.mask)
    if fixed.mask is not None or moving.mask is not None:
        raise MaskInvalid(f"The network {model.name!r} takes no masks. Choose another one, or give no mask.")
    return None, None


def _usable(image: Image, area: UsableArea | None) -> Image:
    """Return an image with its usable area as its mask."""
    return image if area is None else image.with_mask(area.mask)


def _masked(image: Image, mask: Mask | None) -> Image:
    """Return an image with a user's mask; raise MaskInvalid where it does not fit."""
    if mask is None:
        return image
    check_mask(image.name, mask, image.pixels)
    return image.with_mask(mask)


def _check_tolerance(tolerance: float | None) -> None:
    """Raise ValueError where a tolerance is not a positive length."""
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise ValueError(f"tolerance must be a positive number of px of the fixed image, not {tolerance!r}")


def check_model(model: str) -> None:
    """Raise ModelUnsupported where a model of the transform is unknown."""
    if model not in get_args(TransformModel):
        raise ModelUnsupported(f"model must be one of {', '.join(get_args(TransformModel))}, not {model!r}")


def _image(source: Source, spacing: float | None, name: str) -> Image:
    """Return a source as an ``Image`` that can be registered; ``spacing`` replaces its pixel spacing."""
    image = _read(source, spacing, name)
    check_registrable(image.name, *image.shape[:2])
    return image


def _read(source: Source, spacing: float | None, name: str) -> Image:
    if isinstance(source, Image):
        if spacing is None:
            return source
        return Image(source.pixels, spacing, "given", source.name, source.file_sha256, mask=source.mask)
    if isinstance(source, str | Path):
        return read_image(source, pixel_spacing=spacing)
    return Image(np.asarray(source), spacing, name=name)
