"""Register a pair: the one path that a notebook, the command line and the worker take."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from xebra.engine import open_engine
from xebra.errors import EngineFailed
from xebra.estimate.estimate import Estimate
from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.regressed import RegressedEstimator
from xebra.image import Image, read_image
from xebra.limits import check_registrable
from xebra.registration import Model, Registration
from xebra.weights import Weights, graph_sha256, weights

Source = np.ndarray | str | Path | Image
ESTIMATORS = {"pyramid": PyramidEstimator, "paper": RegressedEstimator}


class Aligner:
    """Registers pairs on one inference engine; keep it, opening is what costs. Safe in threads."""

    def __init__(self, inference_url: str | None = None):
        """``None`` for the bundled networks in this process; else ``file:///folder`` or ``grpc://host:port``."""
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
    ) -> Registration:
        """As ``xebra.register``."""
        started = time.perf_counter()
        chosen = self._weights(network)
        fixed, moving = _image(fixed, fixed_spacing, "fixed"), _image(moving, moving_spacing, "moving")
        read = time.perf_counter()
        estimator = ESTIMATORS[chosen.config["kind"]](chosen, self.engine)
        tried = (False, True) if mirror is None else (mirror,)
        estimates = [_estimate(estimator, fixed, moving, each) for each in tried]
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
            model=Model(chosen.name, chosen.sha256, self.engine.name),
            timings_s={"read": read - started, "estimate": done - read},
        )

    def _weights(self, network: str | None) -> Weights:
        """The network asked for; raises EngineFailed where the engine has other weights under its name."""
        chosen = weights(network, self.engine.folder)
        for graph in chosen.graphs:
            served, known = self.engine.weights_sha256(graph), graph_sha256(self.engine.folder, graph)
            if served != known:
                said = served[:12] or "that it does not name"
                raise EngineFailed(
                    f"{self.engine.name} serves weights {said} as {graph!r}, but the error bar is known "
                    f"for {known[:12]} only; bring both to one version"
                )
        return chosen


@cache
def _bundled() -> Aligner:
    return Aligner()


def register(
    fixed: Source,
    moving: Source,
    *,
    fixed_spacing: float | None = None,
    moving_spacing: float | None = None,
    network: str | None = None,
    mirror: bool | None = False,
) -> Registration:
    """Lay a moving image on a fixed image of the same specimen.

    Images are arrays (H, W) or (H, W, 3 | 4), paths of PNG or TIFF files, or ``Image``s; spacings are um per
    px and override what a file says. ``network`` is the best there is, or ``"paper"`` for the paper's.
    ``mirror`` says that the specimen was turned over in between; ``None``: find out, at twice the time.

    Raises RegistrationError (its message says what to do) where an image cannot be read or shows nothing.
    """
    return _bundled().register(
        fixed,
        moving,
        fixed_spacing=fixed_spacing,
        moving_spacing=moving_spacing,
        network=network,
        mirror=mirror,
    )


def _estimate(
    estimator: PyramidEstimator | RegressedEstimator, fixed: Image, moving: Image, mirror: bool
) -> Estimate:
    """What the estimator makes of the moving image as it is, or reflected about its centre."""
    if not mirror:
        return estimator.estimate(fixed, moving)
    reflected = replace(moving, pixels=np.ascontiguousarray(moving.pixels[:, ::-1]))
    estimate = estimator.estimate(fixed, reflected)
    return replace(estimate, transform=replace(estimate.transform, mirror=True))


def _image(source: Source, spacing: float | None, name: str) -> Image:
    image = _read(source, spacing, name)
    check_registrable(image.name, *image.shape[:2])
    return image


def _read(source: Source, spacing: float | None, name: str) -> Image:
    if isinstance(source, Image):
        return (
            source
            if spacing is None
            else Image(source.pixels, spacing, "given", source.name, source.file_sha256)
        )
    if isinstance(source, str | Path):
        return read_image(source, pixel_spacing=spacing)
    return Image(np.asarray(source), spacing, name=name)
