"""The default network's way to an answer: search, refine, judge. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.engine import Engine
from xebra.estimate.attempts import Attempt, Attempts, Stage, Stages
from xebra.estimate.confidence import Confidence
from xebra.estimate.estimate import Estimate
from xebra.estimate.hypotheses import SearchGrid
from xebra.estimate.periodic import repeats
from xebra.estimate.pyramid import Candidate, Level, Pair, look
from xebra.estimate.signs import WIDTH, parameter_covariance
from xebra.image import Image
from xebra.registration import SearchMap
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import Weights

PERIOD_AHEAD = 3.0  # log odds: by how much an answer leads its copy a period away if it is not to be that
SCALE_TOLERANCE = 0.1  # how far known pixel spacings may be off, as a share


@dataclass(frozen=True)
class Found(Attempt):
    """The answer that is given, and what is known about the pair."""

    period_px: float | None = None  # of the fixed image, in its px, where its copy a period away fits nearly as well
    search: SearchMap | None = None


class PyramidEstimator:
    """Search everything at 128 px, look closer at 128 and 256 px, end on the fixed image's own px."""

    def __init__(self, weights: Weights, engine: Engine):
        config = weights.config
        glance, search = (_stage(config[name]) for name in ("glance", "search"))
        first, fine = (Level(**level) for level in config["levels"])
        self.stages = Stages(engine, glance, search, first, fine)
        self.confidence = Confidence.of(config["confidence"])

    def estimate(self, fixed: Image, moving: Image) -> Estimate:
        """Align two images and judge the answer."""
        found = self.find(fixed, moving)
        verdict, reason = self.confidence.verdict(found.signs)
        if verdict == "accept" and found.period_px:
            verdict = "review"
            reason = (
                f"the pattern repeats every {found.period_px:.0f} px: a shift by that fits nearly as well"
            )
        transform = SimilarityTransform.from_matrix(
            np.linalg.inv(found.best.moving_from_fixed), image_center(moving.shape)
        )
        px = max(fixed.shape[:2]) / WIDTH
        return Estimate(
            transform,
            self.confidence.expected_px(found.signs) * px,
            verdict,
            reason,
            self.confidence.calibrated(
                parameter_covariance(found.best, fixed.shape, moving.shape), found.signs.last_word
            ),
            found.search,
        )

    def find(self, fixed: Image, moving: Image) -> Found:
        """The best answer there is: the first attempt's where it will do."""
        pair, attempts = self.attempts(fixed, moving)
        for attempt in attempts:
            period = self._period(pair, attempt.best)
            if not period and self.confidence.accepts(attempt.signs):
                break
        return Found(attempt.best, attempt.signs, attempt.way, attempt.closest, period, self._map(pair, attempts.search.table))

    def attempts(self, fixed: Image, moving: Image) -> tuple[Pair, Attempts]:
        """With both pixel spacings known, views are made at one physical scale and only that is searched."""
        pair, within = Pair(fixed, moving), None
        if fixed.pixel_spacing is not None and moving.pixel_spacing is not None:
            pair.moving_per_fixed = fixed.pixel_spacing / moving.pixel_spacing
            within = math.log1p(SCALE_TOLERANCE)
        return pair, Attempts(self.stages, pair, within)

    def _period(self, pair: Pair, best: Candidate) -> float | None:
        """Of the fixed image, in its px, where the answer shifted by it fits nearly as well."""
        period, copies = self._copies(pair, best)
        here = look(self.stages.engine, self.stages.first, pair, [best])[0].score if copies else 0.0
        return None if all(here - copy.score > PERIOD_AHEAD for copy in copies) else period

    def _map(self, pair: Pair, table: np.ndarray) -> SearchMap:
        """The search's scores for people: scales are those of px of the fixed to px of the moving image."""
        grid = self.stages.glance.grid  # the finer search counts turns and scales likewise
        to_fixed, to_moving = pair.wholes(grid.size)
        return SearchMap(
            np.linspace(0, 360, grid.angles, endpoint=False).tolist(),
            (np.exp(grid.log_scales) * to_fixed[0, 0] / to_moving[0, 0]).round(4).tolist(),
            table.astype(float).round(2).tolist(),
        )

    def _copies(self, pair: Pair, best: Candidate) -> tuple[float | None, list[Candidate]]:
        """Where the fixed image repeats itself: its period, and the best answer shifted by it, looked at."""
        size = self.stages.first.size
        shifts = repeats(pair.whole(size)) * pair.square(pair.fixed, size)[0, 0]
        if not len(shifts):
            return None, []
        moved = [Candidate(best.moving_from_fixed @ _shifted(*shift), best.score) for shift in shifts]
        return float(np.hypot(*shifts.T).min()), look(self.stages.engine, self.stages.first, pair, moved)


def _stage(said: dict) -> Stage:
    return Stage(said["graph"], SearchGrid(*(said[name] for name in ("size", "cells", "angles", "scales"))))


def _shifted(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
