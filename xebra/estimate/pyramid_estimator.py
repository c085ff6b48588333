"""The estimator of the default network: coarse search, refinement, final stage, verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.autocorrelation_periods import autocorrelation_periods
from xebra.estimate.confidence import DEFAULT_TOLERANCE, MIRROR_CHECKED_BELOW, Confidence
from xebra.estimate.estimate import REFERENCE_WIDTH, Estimate
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.quality_features import QualityFeatures, parameter_covariance
from xebra.estimate.refinement import refine_step
from xebra.estimate.stages import Stages
from xebra.estimate.verdict import Findings, decide
from xebra.image import Image
from xebra.registration import SearchMap
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import Weights

PERIOD_MARGIN = 3.0  # log odds: margin to a copy shifted by a period below which the estimate is ambiguous
SEARCHED_SPACING_ERROR = 0.1  # relative error of known pixel spacings that the search covers


@dataclass(frozen=True)
class PyramidResult(Attempt):
    """The attempt that is reported, with what is known about the pair."""

    period_px: float | None  # of the fixed image, in its px, where a shift by it fits nearly as well
    search: SearchMap


class PyramidEstimator:
    """Searches at 128 px, refines at 128 and 256 px, ends at the fixed image's own px."""

    def __init__(self, weights: Weights, engine: Engine):
        self.stages = Stages.from_config(weights.config, engine)
        self.confidence = Confidence.from_config(weights.config["confidence"])

    def estimate(
        self, fixed: Image, moving: Image, tolerance_px: float | None = None, check_mirror: bool = True
    ) -> Estimate:
        """Return the transform with its uncertainty and verdict.

        ``tolerance_px``: largest expected corner error of an accepted estimate, px of the fixed image.
        ``check_mirror``: find out whether an estimate is not supported because the moving image is mirrored.
        """
        width = max(fixed.shape[:2])
        tolerance_px = DEFAULT_TOLERANCE * width if tolerance_px is None else tolerance_px
        found = self.find(fixed, moving, tolerance_px * REFERENCE_WIDTH / width)
        findings = self._findings(fixed, moving, found, tolerance_px, check_mirror)
        verdict, reason = decide(self.confidence, found.features, findings)
        fixed_from_moving = np.linalg.inv(found.best.moving_from_fixed)
        covariance = parameter_covariance(found.best, fixed.shape, moving.shape)
        return Estimate(
            SimilarityTransform.from_matrix(fixed_from_moving, image_center(moving.shape)),
            self.confidence.expected_error_px(found.features) * width / REFERENCE_WIDTH,
            verdict,
            reason,
            self.confidence.calibrated(covariance, found.features.final_stage),
            found.search,
        )

    def find(self, fixed: Image, moving: Image, tolerance_px: float | None = None) -> PyramidResult:
        """Return the first attempt that is accepted and not periodic, else the last; tolerance at 256."""
        pair, attempts = self.attempts(fixed, moving)
        for attempt in attempts:
            period = self._ambiguous_period(pair, attempt)
            if not period and self.confidence.accepts(attempt.features, tolerance_px):
                break
        search = self._search_map(pair, attempts.search.table)
        return PyramidResult(attempt.best, attempt.features, attempt.path, period, search)

    def all_attempts(self, fixed: Image, moving: Image) -> Iterator[tuple[Attempt, float | None]]:
        """Yield every attempt with the period by which it is ambiguous, for calibration."""
        pair, attempts = self.attempts(fixed, moving)
        for attempt in attempts:
            yield attempt, self._ambiguous_period(pair, attempt)

    def mirrored_features(self, fixed: Image, moving: Image) -> QualityFeatures | None:
        """Return the features of the quick attempt at the mirrored moving image; None where it makes none."""
        attempt = self.attempts(fixed, mirrored(moving), use_spacings=False)[1].quick()
        return None if attempt is None else attempt.features

    def attempts(self, fixed: Image, moving: Image, use_spacings: bool = True) -> tuple[ImagePair, Attempts]:
        """Return the pair and its attempts.

        Where both pixel spacings are known, views have one physical scale and the search only scales near 1.
        """
        pair, max_log_scale = ImagePair(fixed, moving), None
        if use_spacings and _spacing_ratio(fixed, moving) is not None:
            pair.moving_per_fixed = _spacing_ratio(fixed, moving)
            max_log_scale = math.log1p(SEARCHED_SPACING_ERROR)
        return pair, Attempts(self.stages, pair, max_log_scale)

    def _findings(
        self, fixed: Image, moving: Image, found: PyramidResult, tolerance_px: float, check_mirror: bool
    ) -> Findings:
        """Return what is known beside the features; other explanations are tried where nothing is found."""
        width = max(fixed.shape[:2])
        ratio = _spacing_ratio(fixed, moving)
        if check_mirror and self._is_mirrored(fixed, moving, found.features):
            return Findings(width, tolerance_px, mirrored=True)
        if self.confidence.finds(found.features):
            scale = None if ratio is None else _scale(found) * ratio
            return Findings(width, tolerance_px, found.period_px, scale)
        other = None if ratio is None else self._quick_attempt(fixed, moving)
        other_scale = None if other is None or ratio is None else _scale(other) * ratio
        return Findings(width, tolerance_px, found.period_px, other_spacing_scale=other_scale)

    def _is_mirrored(self, fixed: Image, moving: Image, features: QualityFeatures) -> bool:
        """Return whether the mirrored moving image is found, where an estimate is not sure."""
        sure = self.confidence.probability(features) >= MIRROR_CHECKED_BELOW
        if sure and self.confidence.finds(features):
            return False
        return self.confidence.prefers_mirrored(features, self.mirrored_features(fixed, moving))

    def _quick_attempt(self, fixed: Image, moving: Image) -> Attempt | None:
        """Return the quick attempt without pixel spacings if its place is right, else None."""
        attempt = self.attempts(fixed, moving, use_spacings=False)[1].quick()
        return attempt if attempt is not None and self.confidence.finds(attempt.features) else None

    def _ambiguous_period(self, pair: ImagePair, attempt: Attempt) -> float | None:
        """Return the fixed image's period in px where the estimate shifted by it scores nearly as well.

        The quick attempt at an image that repeats itself counts as ambiguous: it compares too few candidates.
        """
        period, copies = self._shifted_copies(pair, attempt.best)
        if not copies:
            return None
        here = self._refine(pair, [attempt.best])[0].score
        distinct = all(here - copy.score > PERIOD_MARGIN for copy in copies)
        return None if distinct and attempt.features.thorough else period

    def _shifted_copies(self, pair: ImagePair, best: Candidate) -> tuple[float | None, list[Candidate]]:
        """Return the fixed image's shortest period in px, and refined candidates shifted by each period."""
        size = self.stages.coarse.size
        shifts = autocorrelation_periods(pair.fixed_view(size)) * pair.fixed_from_view(size)[0, 0]
        if not len(shifts):
            return None, []
        moved = [Candidate(best.moving_from_fixed @ _translation(*shift), best.score) for shift in shifts]
        return float(np.hypot(*shifts.T).min()), self._refine(pair, moved)

    def _refine(self, pair: ImagePair, candidates: list[Candidate]) -> list[Candidate]:
        """Return candidates after one coarse refinement step."""
        return refine_step(self.stages.engine, self.stages.coarse, pair, candidates)

    def _search_map(self, pair: ImagePair, table: Floats) -> SearchMap:
        """Return the search's scores (scales, angles), scales being those of ``Registration.scale``."""
        grid = self.stages.coarse_search.grid  # both searches have the same angles and scales
        fixed_from_view, moving_from_view = pair.image_from_view(grid.size)
        scales = np.exp(grid.log_scales) * fixed_from_view[0, 0] / moving_from_view[0, 0]
        return SearchMap(
            np.linspace(0, 360, grid.angles, endpoint=False).tolist(),
            scales.round(4).tolist(),
            table.astype(float).round(2).tolist(),
        )


def mirrored(image: Image) -> Image:
    """Return the image reflected about its vertical centre line."""
    mask = None if image.mask is None else image.mask[:, ::-1]
    return replace(image, pixels=np.ascontiguousarray(image.pixels[:, ::-1]), mask=mask)


def _spacing_ratio(fixed: Image, moving: Image) -> float | None:
    """Return fixed over moving pixel spacing: moving px per fixed px; None where one is unknown."""
    if fixed.pixel_spacing is None or moving.pixel_spacing is None:
        return None
    return fixed.pixel_spacing / moving.pixel_spacing


def _scale(attempt: Attempt) -> float:
    """Return the scale of fixed_from_moving."""
    return 1 / math.sqrt(abs(np.linalg.det(attempt.best.moving_from_fixed[:2, :2])))


def _translation(x: float, y: float) -> Matrix:
    """Return the 3 x 3 translation by (x, y)."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
