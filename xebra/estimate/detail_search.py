"""The search for a small field of view (the detail) in a larger one (the overview).

The feature maps of the overview are computed once for each range of scales, at a resolution at which the
detail is about as many cells wide as in the search of equal fields. The detail's maps are rotated and scaled
over a grid of hypotheses, and masked normalised cross-correlation scores each at every position (Padfield,
IEEE Trans. Image Process. 21, 2706, 2012).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.estimate.feature_maps import FeatureMaps, feature_maps
from xebra.estimate.image_pair import Candidate, ImagePair, full_view_matrix
from xebra.estimate.search_peaks import UNSEARCHED_SCORE
from xebra.estimate.template_correlation import TemplateCorrelation, turned_templates
from xebra.estimate.volume_peaks import VolumePeak, volume_peaks
from xebra.registration import SearchMap

SCALE_STEP = math.log(2) / 3  # of the templates, as in the search of equal fields
LEVEL_SCALES = 4  # templates for each angle in a level of unknown scale
MIN_STEP = 0.4  # px of the overview per view px: finer levels show nothing more
PEAK_DISTANCE = 0.1  # of the detail's width: peaks of adjacent hypotheses nearer than this are one


@dataclass(frozen=True)
class DetailSearchLevel:
    """The graph of the feature maps, and how they are correlated; from config.json."""

    graph: str
    size: int  # px, side of the detail's view
    cell: int  # px of a view
    angles: int
    sharpness: float  # log odds of a normalised correlation of 1
    overlap_exponent: float  # of the share of the detail that the overview covers


@dataclass(frozen=True)
class SearchedLevel:
    """The scores of all hypotheses at one resolution of the overview."""

    moving_from_cell: Matrix  # 3 x 3, from cells of the overview's maps to its px
    fixed_center: Floats  # (2,) px: the detail's point to which positions belong
    scale: float  # overview px per detail px of a template of log scale 0
    log_scales: Floats  # (S,) of the templates
    scores: Floats  # (angles, S, rows, columns), log odds

    def candidate(self, peak: VolumePeak) -> Candidate:
        """Return the candidate at a peak of the scores."""
        angle = peak.angle * 2 * math.pi / self.scores.shape[0]
        scale = self.scale * math.exp(self.log_scales[0] + peak.scale * SCALE_STEP)
        center = self.moving_from_cell @ [peak.column, peak.row, 1]
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        linear = np.array([[cosine, -sine], [sine, cosine]])
        matrix = np.eye(3)
        matrix[:2, :2], matrix[:2, 2] = linear, center[:2] - linear @ self.fixed_center
        return Candidate(matrix, peak.score)

    def score_near(self, moving_from_fixed: Matrix) -> float:
        """Return the highest score within one step of a transform."""
        linear = moving_from_fixed[:2, :2]
        angle = math.atan2(linear[1, 0], linear[0, 0]) / (2 * math.pi) * self.scores.shape[0]
        log_scale = math.log(math.sqrt(abs(np.linalg.det(linear))) / self.scale)
        step = (log_scale - self.log_scales[0]) / SCALE_STEP
        center = moving_from_fixed @ [*self.fixed_center, 1]
        column, row = np.round((np.linalg.inv(self.moving_from_cell) @ center)[:2]).astype(int)
        angles = np.arange(2) + math.floor(angle)
        scales = np.arange(2) + math.floor(step)
        scales = scales[(scales >= 0) & (scales < len(self.log_scales))]
        near = self.scores[angles % self.scores.shape[0]][:, scales]
        near = near[:, :, max(0, row - 1) : max(0, row + 2), max(0, column - 1) : max(0, column + 2)]
        return float(near.max(initial=UNSEARCHED_SCORE))


@dataclass(frozen=True)
class DetailSearchResult:
    """The scores of all levels for a pair whose fixed image is the detail."""

    levels: tuple[SearchedLevel, ...]
    width_cells: float  # of the detail

    def candidates(self, count: int) -> list[Candidate]:
        """Return the ``count`` best candidates of each level, best first."""
        found = [
            level.candidate(peak)
            for level in self.levels
            for peak in volume_peaks(level.scores, count, PEAK_DISTANCE * self.width_cells)
        ]
        return sorted(found, key=lambda candidate: candidate.score, reverse=True)

    def score_near(self, candidate: Candidate) -> float:
        """Return the highest score within one grid step of a candidate."""
        return max(level.score_near(candidate.moving_from_fixed) for level in self.levels)

    def search_map(self, inverted: bool) -> SearchMap:
        """Return the highest score over all positions by scale and angle of overview_from_detail.

        ``inverted``: of detail_from_overview.
        """
        levels = sorted(self.levels, key=lambda level: level.scale)
        table = np.concatenate([level.scores.max((2, 3)).T for level in levels])
        scales = np.concatenate([level.scale * np.exp(level.log_scales) for level in levels])
        if inverted:
            scales, table = 1 / scales[::-1], np.roll(table[::-1, ::-1], 1, axis=1)
        angles = np.linspace(0, 360, table.shape[1], endpoint=False)
        return SearchMap(angles.tolist(), scales.round(4).tolist(), table.astype(float).round(2).tolist())


def detail_search(
    engine: Engine, level: DetailSearchLevel, pair: ImagePair, scales: tuple[float, float]
) -> DetailSearchResult:
    """Score all hypotheses for a pair whose fixed image is the detail.

    ``scales``: the least and the largest number of overview px per detail px, equal where it is known.
    """
    view = level.size
    fixed_from_view = full_view_matrix(pair.fixed.shape, view)
    detail = feature_maps(engine, level.graph, pair.fixed, fixed_from_view, (view, view), level.cell)
    step = fixed_from_view[0, 0]
    searched = [
        _search_level(engine, level, pair, detail, scale, step, log_scales)
        for scale, log_scales in _levels(*scales, MIN_STEP / step)
    ]
    return DetailSearchResult(tuple(searched), view / level.cell)


def _levels(least: float, most: float, finest: float) -> list[tuple[float, Floats]]:
    """Return the scales (overview px per detail px) of the levels, each with the log scales of its templates.

    Levels finer than ``finest`` are searched at that resolution, with smaller templates.
    """
    count = round(math.log(most / least) / SCALE_STEP) + 1
    wanted = math.log(least) + SCALE_STEP * np.arange(count) if count > 1 else np.array([math.log(least)])
    levels = []
    for start in range(0, count, LEVEL_SCALES):
        part = wanted[start : start + LEVEL_SCALES]
        scale = max(finest, math.exp(part[0] + min(1, len(part) - 1) * SCALE_STEP))
        levels.append((scale, part - math.log(scale)))
    return levels


def _search_level(
    engine: Engine,
    level: DetailSearchLevel,
    pair: ImagePair,
    detail: FeatureMaps,
    scale: float,
    fixed_step: float,
    log_scales: Floats,
) -> SearchedLevel:
    """Return the scores at one resolution of the overview."""
    step = scale * fixed_step
    rows, columns = (max(level.cell * 4, _multiple(side / step, level.cell)) for side in pair.moving.shape)
    moving_from_view = _corner_view(step)
    overview = feature_maps(engine, level.graph, pair.moving, moving_from_view, (rows, columns), level.cell)
    angles = 2 * math.pi * np.arange(level.angles) / level.angles
    side = _template_side(detail.maps.shape[1], log_scales)
    correlation = TemplateCorrelation(overview.maps, side, level.sharpness, level.overlap_exponent)
    scores = [correlation.scores(turned_templates(detail.maps, angles, float(s), side)) for s in log_scales]
    fixed_center = (np.array(pair.fixed.shape[::-1]) - 1) / 2
    return SearchedLevel(overview.image_from_cell, fixed_center, scale, log_scales, np.stack(scores, 1))


def _corner_view(step: float) -> Matrix:
    """Return the 3 x 3 image_from_view of a view that begins at the corner of the image's first px."""
    return np.array([[step, 0, (step - 1) / 2], [0, step, (step - 1) / 2], [0, 0, 1.0]])


def _multiple(length: float, of: int) -> int:
    """Return the least multiple that is not shorter than a length."""
    return math.ceil(length / of - 1e-6) * of


def _template_side(cells: int, log_scales: Sequence[float] | Floats) -> int:
    """Return the odd side (cells) of templates that hold every rotation."""
    return math.ceil(cells * math.exp(max(log_scales)) * math.sqrt(2)) // 2 * 2 + 1
