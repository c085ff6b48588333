"""The estimator of the default network: coarse search, refinement, final stage, verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.engine import Engine
from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.autocorrelation_periods import autocorrelation_periods
from xebra.estimate.confidence import Confidence
from xebra.estimate.estimate import REFERENCE_WIDTH, Estimate
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.quality_features import parameter_covariance
from xebra.estimate.refinement import refine_step
from xebra.estimate.stages import Stages
from xebra.image import Image
from xebra.registration import SearchMap
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import Weights

PERIOD_MARGIN = 3.0  # log odds: margin to a copy shifted by a period below which the estimate is ambiguous
SPACING_TOLERANCE = 0.1  # relative error of known pixel spacings that the search covers


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

    def estimate(self, fixed: Image, moving: Image) -> Estimate:
        """Return the transform with its uncertainty and verdict."""
        found = self.find(fixed, moving)
        verdict, reason = self.confidence.verdict(found.features)
        if verdict == "accept" and found.period_px:
            verdict = "review"
            reason = (
                f"the pattern repeats every {found.period_px:.0f} px: a shift by that fits nearly as well"
            )
        fixed_from_moving = np.linalg.inv(found.best.moving_from_fixed)
        covariance = parameter_covariance(found.best, fixed.shape, moving.shape)
        px = max(fixed.shape[:2]) / REFERENCE_WIDTH
        return Estimate(
            SimilarityTransform.from_matrix(fixed_from_moving, image_center(moving.shape)),
            self.confidence.expected_error_px(found.features) * px,
            verdict,
            reason,
            self.confidence.calibrated(covariance, found.features.final_stage),
            found.search,
        )

    def find(self, fixed: Image, moving: Image) -> PyramidResult:
        """Return the first attempt that is accepted and not periodic, else the last one."""
        pair, attempts = self.attempts(fixed, moving)
        for attempt in attempts:
            period = self._ambiguous_period(pair, attempt.best)
            if not period and self.confidence.accepts(attempt.features):
                break
        search = self._search_map(pair, attempts.search.table)
        return PyramidResult(attempt.best, attempt.features, attempt.path, period, search)

    def attempts(self, fixed: Image, moving: Image) -> tuple[ImagePair, Attempts]:
        """Return the pair and its attempts.

        Where both pixel spacings are known, views have one physical scale and the search only scales near 1.
        """
        pair, max_log_scale = ImagePair(fixed, moving), None
        if fixed.pixel_spacing is not None and moving.pixel_spacing is not None:
            pair.moving_per_fixed = fixed.pixel_spacing / moving.pixel_spacing
            max_log_scale = math.log1p(SPACING_TOLERANCE)
        return pair, Attempts(self.stages, pair, max_log_scale)

    def _ambiguous_period(self, pair: ImagePair, best: Candidate) -> float | None:
        """Return the fixed image's period in px where the estimate shifted by it scores nearly as well."""
        period, copies = self._shifted_copies(pair, best)
        here = self._refine(pair, [best])[0].score if copies else 0.0
        return None if all(here - copy.score > PERIOD_MARGIN for copy in copies) else period

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

    def _search_map(self, pair: ImagePair, table: np.ndarray) -> SearchMap:
        """Return the search's scores (scales, angles), scales being those of ``Registration.scale``."""
        grid = self.stages.coarse_search.grid  # both searches have the same angles and scales
        fixed_from_view, moving_from_view = pair.image_from_view(grid.size)
        scales = np.exp(grid.log_scales) * fixed_from_view[0, 0] / moving_from_view[0, 0]
        return SearchMap(
            np.linspace(0, 360, grid.angles, endpoint=False).tolist(),
            scales.round(4).tolist(),
            table.astype(float).round(2).tolist(),
        )


def _translation(x: float, y: float) -> np.ndarray:
    """Return the 3 x 3 translation by (x, y)."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
