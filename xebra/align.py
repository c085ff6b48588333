"""Register a pair of images: the function behind the notebook, the command line and the worker."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np

from xebra.arrays import Mask, Matrix, Pixels
from xebra.artefacts import Areas, without_artefacts, without_slow_shading
from xebra.engine import open_engine
from xebra.errors import EngineFailed, MaskInvalid, ModelUnsupported
from xebra.estimate.confidence import DEFAULT_TOLERANCE
from xebra.estimate.estimate import REFERENCE_WIDTH, Estimate
from xebra.estimate.local_match import LocalMatch, match_point
from xebra.estimate.model_choice import ModelChoice, choose_model, without_place
from xebra.estimate.pyramid_estimator import PyramidEstimator, mirrored
from xebra.estimate.regression_estimator import RegressionEstimator
from xebra.estimate.stages import Stages
from xebra.image import Image, luminance, read_image
from xebra.limits import check_registrable
from xebra.masks import PolygonMask, check_mask
from xebra.models import BENT, TransformModel
from xebra.pixel_spacing import check_fields
from xebra.prior import Prior
from xebra.registration import Model, Registration
from xebra.reshaping import Tilt, between_originals, reshaped, untilted
from xebra.transform import SimilarityTransform, corner_error, image_center, mirrored_first
from xebra.usable_area import UsableArea, fixed_pattern, usable_areas
from xebra.usable_area.pair import SAME_IN_BOTH
from xebra.usable_area.shading import WEAK
from xebra.weights import Weights, graph_sha256, weights

Source = Pixels | str | Path | Image
ESTIMATORS: dict[str, type[PyramidEstimator] | type[RegressionEstimator]] = {
    "pyramid": PyramidEstimator,
    "paper": RegressionEstimator,
}  # by "kind" in config.json
# Of the longer side, expected error: without weak shading none of 52 pairs above it was accepted, and 11 of
# 23 below it were.
HOPELESS = 0.1
UNMOVED_PX = 16.0  # at 256: mean distance of the corners; between a pattern and a specimen beside it, too
APART_PX = 3.0  # at 256: two estimates of images that seem to lie as they are
SURE_APART = 5.0  # expected errors between them: a place between a pattern and the specimen is nearer
SMALL_PATTERN = 0.3  # of the image: a specimen supports an estimate without as much of it
FIXED_PATTERN = (
    "what both images show at the same place decides, and may be dust on the detector: "
    "look at the overlay before use"
)
REACH_SHARE = 0.03  # of the longer side of the fixed image: how far beside the transform a point is searched


class Aligner:
    """Registers pairs on one inference engine. Thread-safe; reuse it, since opening the engine is slow."""

    def __init__(
        self, inference_url: str | None = None, folder: Path | None = None, version: str | None = None
    ):
        """Open the engine of ``file:///folder`` or ``grpc://host:port``; None: the bundled networks.

        Args:
            inference_url: Kind and address of the engine.
            folder: Networks that it runs in place of its own.
            version: Id of this version of the networks, for results.
        """
        self.engine, self.version = open_engine(inference_url, folder), version

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
        fixed_mask: Mask | PolygonMask | None = None,
        moving_mask: Mask | PolygonMask | None = None,
        model: TransformModel = "similarity",
        prior: Prior | Registration | Matrix | None = None,
        fixed_tilt: Tilt | None = None,
        moving_tilt: Tilt | None = None,
    ) -> Registration:
        """Register a pair; see ``xebra.register``."""
        _check_tolerance(tolerance)
        check_model(model)
        started = time.perf_counter()
        network_weights = self._weights(network)
        fixed = _masked(_image(fixed, fixed_spacing, "fixed"), fixed_mask)
        moving = _masked(_image(moving, moving_spacing, "moving"), moving_mask)
        check_fields(*((image.name, image.pixel_spacing, max(image.shape[:2])) for image in (fixed, moving)))
        loaded = time.perf_counter()
        estimator = ESTIMATORS[network_weights.config["kind"]](network_weights, self.engine)
        areas = _usable_areas(
            fixed, moving, network_weights, (_finds_more(fixed_mask), _finds_more(moving_mask))
        )
        plain = without_artefacts(fixed, moving, areas)
        seen = _usable(plain[0], areas[0]), _usable(plain[1], areas[1])
        known = None if prior is None else Prior.of(prior)
        if mirror is None and known is not None:
            mirror = known.mirror
        options = (False, True) if mirror is None else (mirror,)
        straight: TransformModel = "similarity" if model in BENT else model
        task = _Task(estimator, tolerance, mirror is False, straight, known, (fixed_tilt, moving_tilt))
        estimate = task.best(*seen, options)
        estimate, plain = task.without_weak_shading(*plain, areas, estimate, options)
        if all(mask is None or _finds_more(mask) for mask in (fixed_mask, moving_mask)):
            estimate, areas = task.by_content(*plain, areas, estimate, options)
        seen = _usable(plain[0], areas[0]), _usable(plain[1], areas[1])
        choice = ModelChoice(straight)
        if model in BENT:
            choice = task.choice(*seen, estimate, model)
            if choice.model == "affine":
                estimate = replace(task, model="affine").best(*seen, options)
            limit = tolerance or DEFAULT_TOLERANCE * max(fixed.shape[:2])
            estimate = choice.with_error(estimate, limit, fixed.pixel_spacing)
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
            model=Model(network_weights.name, network_weights.sha256, self.engine.name, self.version),
            places=estimate.places,
            timings_s={"read": loaded - started, "estimate": done - loaded},
            fixed_area=areas[0],
            moving_area=areas[1],
            transform_model=choice.model,
            field=choice.field,
            model_reason=choice.reason,
        )

    def match_point(
        self,
        fixed: Image,
        moving: Image,
        fixed_from_moving: Matrix,
        point: tuple[float, float],
        reach_px: float | None = None,
    ) -> LocalMatch | None:
        """Return the point of the moving image that shows what a point of the fixed image shows.

        Args:
            fixed: The fixed image; pixels outside of its mask are not used.
            moving: Likewise.
            fixed_from_moving: Transform (3 x 3, px) that is right but for a shift of up to ``reach_px``.
            point: (x, y) in px of the fixed image.
            reach_px: px of the fixed image; by default 3 % of its longer side.

        Returns:
            The match with its standard error; None where the images do not decide it.

        Examples:
            >>> import numpy as np, xebra
            >>> from xebra import sample
            >>> fixed, moving = xebra.read_image(sample.FIXED), xebra.read_image(sample.MOVING)
            >>> found = xebra.register(fixed, moving)
            >>> match = Aligner().match_point(fixed, moving, found.fixed_from_moving, (120, 100))
            >>> bool(np.allclose(found.to_fixed([match.moving]), [(120, 100)], atol=1.5))
            True
        """
        reach = REACH_SHARE * max(fixed.shape[:2]) if reach_px is None else reach_px
        graph = Stages.from_config(self._weights(None).config, self.engine).coarse.graph
        return match_point(self.engine, graph, (fixed, moving), fixed_from_moving, point, reach)

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
    fixed_mask: Mask | PolygonMask | None = None,
    moving_mask: Mask | PolygonMask | None = None,
    model: TransformModel = "similarity",
    prior: Prior | Registration | Matrix | None = None,
    fixed_tilt: Tilt | None = None,
    moving_tilt: Tilt | None = None,
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
            of its longer side, or of that of the moving image where it shows a small part of the fixed one.
            99 % of the errors at the right place are within it too, or within 5 px per 256 px of that side.
        fixed_mask: Array (H, W) bool of the fixed image, True where pixels may be used. By default data bars,
            legends, field stops, padding, detector gaps and the like are found and excluded; a mask given
            is the only rule for its image. Or a ``PolygonMask``.
        moving_mask: Likewise.
        model: Family of the transform. ``"affine"`` also recovers the foreshortening of a tilted view, the
            shear of a drifting scan and oblong pixels; ``"rigid"`` holds the scale that the pixel spacings
            state (1 where one is unknown); ``"translation"`` holds the angle at 0 as well. ``"field"`` is a
            similarity with a smooth displacement and a drift of the moving image's rows, where blocks that
            are held out confirm one; ``"auto"`` is the simplest of similarity, affine and field that they
            confirm. ``transform_model`` and ``model_reason`` of the result state what was chosen and why.
        prior: A guess of ``fixed_from_moving`` (3 x 3, px), an earlier ``Registration``, or a ``Prior`` with
            tolerances of its own. Where the images support a transform within its tolerances, nothing else
            is searched; where they support another one, that is the result and the verdict says so.
        fixed_tilt: Tilt of the specimen in the fixed view in degrees, about the x axis, or
            (degrees, axis in degrees). The view is stretched by as much before it is compared.
        moving_tilt: Likewise.

    Returns:
        The transform with its uncertainty and verdict, and the registered image.

    Raises:
        RegistrationError: An image cannot be read or shows no structure; the message states the remedy.
        EngineFailed: The inference engine failed.

    Examples:
        >>> from xebra import sample
        >>> result = register(sample.FIXED, sample.MOVING)
        >>> result.verdict, round(result.scale, 2), round(result.angle_deg, 1)
        ('accept', 1.19, 6.2)

    References:
        The method is described in ``docs/network.md`` with its references.
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
        prior=prior,
        fixed_tilt=fixed_tilt,
        moving_tilt=moving_tilt,
    )


@dataclass(frozen=True)
class _Task:
    """Options of an estimator, and what is known beforehand."""

    estimator: PyramidEstimator | RegressionEstimator
    tolerance: float | None
    check_mirror: bool
    model: TransformModel
    prior: Prior | None
    tilts: tuple[Tilt | None, Tilt | None]

    def best(self, fixed: Image, moving: Image, options: tuple[bool, ...]) -> Estimate:
        """Return the estimate of the smallest expected error, of the moving image as it is or reflected."""
        estimates = [self.estimate(fixed, moving, reflect) for reflect in options]
        return min(estimates, key=lambda each: each.expected_corner_error_px)

    def without_weak_shading(
        self, fixed: Image, moving: Image, areas: Areas, estimate: Estimate, options: tuple[bool, ...]
    ) -> tuple[Estimate, tuple[Image, Image]]:
        """Return the estimate without weak shading and the images without it, where only that is accepted.

        An estimate that is far from acceptance is not made again: weak shading is not what it lacks.
        """
        hopeless = estimate.expected_corner_error_px > HOPELESS * max(fixed.shape[:2])
        if estimate.verdict == "accept" or hopeless or areas[0] is None or areas[1] is None:
            return estimate, (fixed, moving)
        flat = without_slow_shading(fixed, moving, (areas[0], areas[1]), WEAK)
        if flat[0] is fixed and flat[1] is moving:
            return estimate, (fixed, moving)
        found = self.best(_usable(flat[0], areas[0]), _usable(flat[1], areas[1]), options)
        return (found, flat) if found.verdict == "accept" else (estimate, (fixed, moving))

    def by_content(
        self, fixed: Image, moving: Image, areas: Areas, estimate: Estimate, options: tuple[bool, ...]
    ) -> tuple[Estimate, Areas]:
        """Return the estimate, and usable areas without what both images show at the same place, or as given.

        Dust on a detector and a beam stop are alike in both images, and so is a specimen that has not moved.
        Where nothing is accepted or the images seem to lie as they are, they are registered without it too,
        unless they lie elsewhere and share no more than by chance.
        An accepted estimate of another place counts, if it is surely another. Where the images seem to lie as
        they are, any of another place makes that doubtful, for review at most; so does one that is refused,
        though the pattern is small, or not accepted, though each image shows what the other does not show at
        the same place.
        """
        unmoved = _lies_unmoved(estimate, fixed, moving)
        first, second = areas
        if first is None or second is None or (estimate.verdict == "accept" and not unmoved):
            return estimate, areas
        grey = luminance(fixed.pixels), luminance(moving.pixels)
        pattern = fixed_pattern(*grey, first, second, beyond_chance=not unmoved)
        if pattern is None:
            return estimate, areas
        others = first.without(pattern.mask, SAME_IN_BOTH), second.without(pattern.mask, SAME_IN_BOTH)
        found = self.best(_usable(fixed, others[0]), _usable(moving, others[1]), options)
        moved = not _lies_unmoved(found, fixed, moving)
        apart = _apart_px(estimate, found, fixed)
        displaced = unmoved and apart * REFERENCE_WIDTH / max(fixed.shape[:2]) > APART_PX
        another = moved or displaced
        surely = another and (not unmoved or apart > SURE_APART * found.expected_corner_error_px)
        if surely and found.verdict == "accept":
            return found, others
        contradicted = (
            another
            or (found.verdict == "refuse" and pattern.mask.mean() <= SMALL_PATTERN)
            or (found.verdict != "accept" and pattern.is_beside_other)
        )
        return _doubtful(estimate, found, apart) if unmoved and contradicted else estimate, areas

    def choice(self, fixed: Image, moving: Image, estimate: Estimate, model: TransformModel) -> ModelChoice:
        """Return the model that held-out blocks support, with its field; raise ModelUnsupported."""
        estimator = self.estimator
        if not isinstance(estimator, PyramidEstimator) or estimator.field_level is None:
            raise ModelUnsupported("This network measures no fields. Choose the default network.")
        if estimate.verdict == "refuse":
            return without_place()
        linear = np.linalg.inv(estimate.transform.matrix)
        engine, level = estimator.stages.engine, estimator.field_level
        return choose_model(engine, level, (fixed, moving), linear, model == "auto")

    def estimate(self, fixed: Image, moving: Image, reflect: bool) -> Estimate:
        """Return the estimate for the moving image as it is or reflected about its vertical centre line."""
        linear = [
            _square_from_image(image, tilt) for image, tilt in zip((fixed, moving), self.tilts, strict=True)
        ]
        if all(np.allclose(each, np.eye(2), atol=1e-9) for each in linear):
            return self._estimate(fixed, moving, reflect, self.prior)
        seen = [reshaped(image, each) for image, each in zip((fixed, moving), linear, strict=True)]
        prior = self.prior and self.prior.between(*(each.image_from_new for each in seen))
        found = self._estimate(seen[0].image, seen[1].image, reflect, prior)
        return between_originals(found, seen[0], seen[1], moving.shape)

    def _estimate(self, fixed: Image, moving: Image, reflect: bool, prior: Prior | None) -> Estimate:
        """Return the estimate between images of square pixels."""
        if not reflect:
            return self._of_estimator(fixed, moving, prior)
        reflection = SimilarityTransform(center=image_center(moving.shape), mirror=True).matrix
        flipped = prior and replace(prior, fixed_from_moving=prior.fixed_from_moving @ reflection)
        estimate = self._of_estimator(fixed, mirrored(moving), flipped)
        places = tuple(
            replace(place, fixed_from_moving=place.fixed_from_moving @ reflection)
            for place in estimate.places
        )
        return replace(estimate, transform=mirrored_first(estimate.transform), places=places)

    def _of_estimator(self, fixed: Image, moving: Image, prior: Prior | None) -> Estimate:
        """Return the estimate for images as they are."""
        known = None if prior is None or prior.mirror else prior  # a mirrored one is of the other attempt
        return self.estimator.estimate(fixed, moving, self.tolerance, self.check_mirror, self.model, known)


def _square_from_image(image: Image, tilt: Tilt | None) -> Matrix:
    """Return the 2 x 2 from px of an image to square px of a view that is not tilted."""
    linear = np.eye(2) if tilt is None else untilted(tilt)
    spacing = image.pixel_spacing_xy
    if spacing is None or spacing[0] == spacing[1]:
        return linear
    mean = math.sqrt(spacing[0] * spacing[1])
    result: Matrix = linear @ np.diag([spacing[0] / mean, spacing[1] / mean])
    return result


def _usable_areas(fixed: Image, moving: Image, model: Weights, find_more: tuple[bool, bool]) -> Areas:
    """Return the usable areas of both images; None for a network that uses whole images."""
    if model.config["kind"] == "pyramid":
        grey = luminance(fixed.pixels), luminance(moving.pixels)
        return usable_areas(*grey, fixed.mask, moving.mask, find_more)
    if fixed.mask is not None or moving.mask is not None:
        raise MaskInvalid(f"The network {model.name!r} takes no masks. Choose another one, or give no mask.")
    return None, None


def _lies_unmoved(estimate: Estimate, fixed: Image, moving: Image) -> bool:
    """Return whether an estimate puts images of one shape about where they are, as a fixed pattern would."""
    if fixed.shape[:2] != moving.shape[:2]:
        return False
    px = corner_error(estimate.transform.matrix, np.eye(3), fixed.shape[:2])
    return px * REFERENCE_WIDTH / max(fixed.shape[:2]) < UNMOVED_PX


def _apart_px(one: Estimate, other: Estimate, fixed: Image) -> float:
    """Return the mean distance of the corners by two estimates, px of the fixed image."""
    between = one.transform.matrix @ np.linalg.inv(other.transform.matrix)
    return float(corner_error(between, np.eye(3), fixed.shape[:2]))


def _doubtful(estimate: Estimate, other: Estimate, apart: float) -> Estimate:
    """Return an estimate that the rest of both images does not support; an accepted one is for review.

    Either of both may be right: half of their distance is to be expected.
    """
    expected = max(estimate.expected_corner_error_px, other.expected_corner_error_px / 2, apart / 2)
    doubtful = replace(estimate, expected_corner_error_px=expected)
    return (
        replace(doubtful, verdict="review", reason=FIXED_PATTERN)
        if estimate.verdict == "accept"
        else doubtful
    )


def _usable(image: Image, area: UsableArea | None) -> Image:
    """Return an image with its usable area as its mask."""
    return image if area is None else image.with_mask(area.mask)


def _finds_more(mask: Mask | PolygonMask | None) -> bool:
    """Return whether data bars and the like are looked for beside what a mask excludes."""
    return isinstance(mask, PolygonMask) and not mask.only_rule


def _masked(image: Image, mask: Mask | PolygonMask | None) -> Image:
    """Return an image with a user's mask; raise MaskInvalid where it does not fit."""
    if mask is None:
        return image
    if isinstance(mask, PolygonMask):
        mask = mask.pixels(image.name, image.shape)
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
