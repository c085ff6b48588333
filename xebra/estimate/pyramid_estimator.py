"""The estimator of the default network: coarse search, refinement, final stage, verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice

import numpy as np

from xebra.arrays import Floats
from xebra.engine import Engine
from xebra.estimate.attempts import RIVAL_MARGIN, Attempt, Attempts
from xebra.estimate.confidence import DEFAULT_TOLERANCE, MIRROR_CHECKED_BELOW, Confidence
from xebra.estimate.content_frame import ContentFrames
from xebra.estimate.detail_attempts import DetailAttempts
from xebra.estimate.elongated_frames import whole_frame
from xebra.estimate.estimate import REFERENCE_WIDTH, Estimate
from xebra.estimate.field_of_view import (
    DetailHypothesis,
    Role,
    detail_at,
    elongated_hypotheses,
    known_detail,
    possible_details,
    sizes_differ,
    spacing_ratio,
)
from xebra.estimate.field_refinement import FieldLevel
from xebra.estimate.final_stage import fits_elsewhere
from xebra.estimate.image_pair import Candidate, ImagePair, scale_of
from xebra.estimate.periodic_copies import periods, shifted, with_sums
from xebra.estimate.pixel_correlation import by_pixel_values
from xebra.estimate.places import equal_places, listed_places
from xebra.estimate.prior_attempts import PriorAttempts
from xebra.estimate.pyramid_result import PyramidResult
from xebra.estimate.quality_features import INTENSITY, QualityFeatures
from xebra.estimate.refinement import refine_step, refine_until_converged
from xebra.estimate.resemblance import Resemblance
from xebra.estimate.stages import Stages
from xebra.estimate.stretched_attempts import StretchedAttempts
from xebra.estimate.synthesis_level import SynthesisLevel
from xebra.estimate.synthesis_results import SynthesisParts, SynthesisResults, resemblance_of
from xebra.estimate.verdict import Findings, decide
from xebra.image import Image
from xebra.models import TransformModel
from xebra.prior import Prior
from xebra.registration import SearchMap
from xebra.transform import AffineTransform, SimilarityTransform, image_center
from xebra.weights import Weights

PERIOD_SHARE = 0.25  # of the score: this margin across contrasts; wrong steps of a wedge had 0.07 to 0.2
PERIOD_MARGIN = 3.0  # log odds: margin to a copy shifted by a period below which the estimate is ambiguous
COPIES_COMPARED = 6  # by pixel values, of the copies of an estimate in images of one contrast
HELD: tuple[TransformModel, ...] = ("translation", "rigid")  # models that hold the scale
HELD_SCALE, HELD_ANGLE_DEG = 0.02, 1.2  # relative; what the images may differ from a held scale and angle
SEARCHED_SPACING_ERROR = 0.1  # relative error of known pixel spacings that the search covers


class PyramidEstimator:
    """Searches at 128 px, refines at 128 and 256 px, ends at the fixed image's own px."""

    def __init__(self, weights: Weights, engine: Engine):
        self.stages = Stages.from_config(weights.config, engine)
        self.confidence = Confidence.from_config(weights.config["confidence"])
        field, synthesis = weights.config.get("field"), weights.config.get("synthesis")
        self.field_level = None if field is None else FieldLevel(**field)
        self.synthesis = None if synthesis is None else SynthesisLevel(**synthesis)

    def estimate(
        self,
        fixed: Image,
        moving: Image,
        tolerance_px: float | None = None,
        check_mirror: bool = True,
        model: TransformModel = "similarity",
        prior: Prior | None = None,
    ) -> Estimate:
        """Return the transform with its uncertainty and verdict.

        ``tolerance_px``: largest expected corner error of an accepted estimate, px of the fixed image.
        ``check_mirror``: find out whether an estimate is not supported because the moving image is mirrored.
        ``prior``: where the images support an estimate within its tolerances, nothing else is searched.
        """
        um_per_px = fixed.pixel_spacing
        if model in HELD and spacing_ratio(fixed, moving) is None:
            fixed, moving = fixed.with_spacing(1.0), moving.with_spacing(1.0)
        found = self.find(fixed, moving, tolerance_px, model, prior)
        width = found.width_px(fixed, moving)
        tolerance_px = DEFAULT_TOLERANCE * width if tolerance_px is None else tolerance_px
        known = Findings(width, tolerance_px, um_per_px=um_per_px)
        findings = self._findings(fixed, moving, found, known, check_mirror)
        findings = replace(
            findings,
            beside_prior=found.beside_prior(prior, fixed, moving),
            synthesised=found.synthesised,
            unconfirmed=found.unconfirmed,
        )
        verdict, reason = decide(self.confidence, found.features, findings)
        fixed_from_moving = np.linalg.inv(found.moving_from_fixed)
        return Estimate(
            transform_class(model).from_matrix(fixed_from_moving, image_center(moving.shape)),
            self.confidence.expected_error_px(found.features, found.places_alike) * width / REFERENCE_WIDTH,
            verdict,
            reason,
            self.confidence.calibrated(found.covariance(fixed, moving), found.features.final_stage),
            found.search,
            found.places,
        )

    def find(
        self,
        fixed: Image,
        moving: Image,
        tolerance_px: float | None = None,
        model: TransformModel = "similarity",
        prior: Prior | None = None,
    ) -> PyramidResult:
        """Return the first result that is accepted and not ambiguous, else the most probable one.

        ``tolerance_px`` of the fixed image. Of the attempts at equal fields of view the last one counts.
        """
        last: dict[tuple[Role | None, str], PyramidResult] = {}
        for result in self._results(fixed, moving, model, prior):
            key = result.detail, result.origin
            earlier = last.get(key)
            if result.detail is None or earlier is None or self._is_more_probable(result, earlier):
                last[key] = result
            tolerance = tolerance_px and tolerance_px * REFERENCE_WIDTH / result.width_px(fixed, moving)
            if not result.is_ambiguous and self._accepts(result, tolerance):
                return result
        return max(last.values(), key=self._preference)

    def _accepts(self, result: PyramidResult, tolerance: float | None) -> bool:
        """Return whether the place of a result is probably right and precise enough, px at 256."""
        return self.confidence.accepts(result.features, tolerance, result.synthesised)

    def _preference(self, result: PyramidResult) -> float:
        """Return by what results of which none is accepted are ranked."""
        return self.confidence.preference(result.features, result.synthesised, result.unexpected)

    def _is_more_probable(self, one: PyramidResult, other: PyramidResult) -> bool:
        """Return whether one result is more probably right than another."""
        return self.confidence.log_odds(one.features) > self.confidence.log_odds(other.features)

    def _results(
        self, fixed: Image, moving: Image, model: TransformModel, prior: Prior | None
    ) -> Iterator[PyramidResult]:
        """Yield results, of the parts of both images that show something where padding takes much of them.

        A model that holds the angle holds it between the images, and so compares them whole.
        """
        frames = None if model in HELD else ContentFrames.of(fixed, moving)
        if frames is None:
            yield from self._results_of(fixed, moving, model, prior)
            return
        one, other = frames.fixed, frames.moving
        known = prior and prior.between(one.image_from_frame, other.image_from_frame)
        for result in self._results_of(one.image, other.image, model, known):
            yield result.within(frames)

    def _results_of(
        self, fixed: Image, moving: Image, model: TransformModel, prior: Prior | None
    ) -> Iterator[PyramidResult]:
        """Yield results by all hypotheses about the fields of view, the likely and cheap ones first."""
        if prior is not None:
            yield from self._prior_results(fixed, moving, model, prior)
        elongated = elongated_hypotheses(fixed, moving)
        for hypothesis in elongated:
            yield from islice(self._detail_results(fixed, moving, hypothesis, model), 1)
        known = known_detail(fixed, moving)
        if known is not None:
            yield from self._detail_results(fixed, moving, known, model)
            return
        hypotheses = [] if spacing_ratio(fixed, moving) else possible_details(fixed, moving)
        whole = self._whole_results(fixed, moving, model)
        expected = hypotheses[:1] if sizes_differ(fixed, moving) else []
        unexpected = hypotheses[len(expected) :]
        likely = chain.from_iterable(
            self._detail_results(fixed, moving, hypothesis, model) for hypothesis in expected
        )
        first = last = next(whole)
        yield first
        yield from islice(likely, 1)
        for last in whole:
            yield last
        yield from likely
        if last.is_ambiguous or not self.confidence.finds(last.features):
            for hypothesis in unexpected:
                detail = self._detail_results(fixed, moving, hypothesis, model, unexpected=True)
                yield from islice(detail, 1)
        if model == "affine":
            yield from self._stretched_results(fixed, moving, first.search)
        yield from self._synthesis_results(fixed, moving, model, last.best)

    def _prior_results(
        self, fixed: Image, moving: Image, model: TransformModel, prior: Prior
    ) -> Iterator[PyramidResult]:
        """Yield the result of refinement from a prior where it stays within the tolerances."""
        role = detail_at(prior.fixed_from_moving, fixed, moving)
        images = (moving, fixed) if role == "moving" else (fixed, moving)
        known = AffineTransform.from_matrix(prior.fixed_from_moving, image_center(moving.shape))
        pair, start = ImagePair(*images), known.matrix if model == "affine" else known.similarity.matrix
        if model in HELD:
            pair = pair.with_model(model)
            pair.moving_per_fixed = spacing_ratio(*images) or 1.0
        candidate = Candidate(pair.held(start if role == "moving" else np.linalg.inv(start)), 0.0)
        for attempt in _with_model(PriorAttempts(self.stages, pair, candidate), model):
            found = PyramidResult(
                attempt.best, attempt.features, attempt.path, None, None, role, model=model, origin="prior"
            )
            if found.beside_prior(prior, fixed, moving) is None:
                period = self._ambiguous_period(pair, attempt)
                reach = 2 * prior.shift * max(fixed.shape[:2]) / found.fixed_px
                yield replace(found, period_px=period if period and period < reach else None)

    def _stretched_results(
        self, fixed: Image, moving: Image, search: SearchMap | None
    ) -> Iterator[PyramidResult]:
        """Yield the result of a search with the moving image stretched, for strongly tilted views."""
        pair, max_log_scale = self._pair(fixed, moving)
        for attempt in StretchedAttempts(self.stages, pair, max_log_scale):
            period = self._ambiguous_period(pair, attempt)
            yield PyramidResult(
                attempt.best,
                attempt.features,
                attempt.path,
                period,
                search,
                model="affine",
                origin="stretched",
            )

    def _whole_results(self, fixed: Image, moving: Image, model: TransformModel) -> Iterator[PyramidResult]:
        """Yield the results of the attempts at images of about the same field of view."""
        pair, attempts = self.attempts(fixed, moving, model=model)
        for attempt in _with_model(attempts, model):
            yield self._whole_result(pair, attempts, attempt, model)

    def _whole_result(
        self, pair: ImagePair, attempts: Attempts, attempt: Attempt, model: TransformModel
    ) -> PyramidResult:
        """Return the result of one of the attempts at a pair."""
        period = self._ambiguous_period(pair, attempt)
        search = self._search_map(pair, attempts.search.table)
        return PyramidResult(attempt.best, attempt.features, attempt.path, period, search, model=model)

    def _synthesis_results(
        self, fixed: Image, moving: Image, model: TransformModel, known: Candidate | None = None
    ) -> Iterator[PyramidResult]:
        """Yield the result with images shown as the other modality of an instrument would show them.

        ``known``: the estimate without them.
        """
        if self.synthesis is None:
            return
        images = self._pair(fixed, moving)[0].with_model(model if model in HELD else "similarity")
        result = self._by_synthesis(self.synthesis, model).of(images, fixed, moving, known)
        if result is not None:
            yield result

    def _by_synthesis(self, level: SynthesisLevel, model: TransformModel) -> SynthesisResults:
        return SynthesisResults(
            level,
            self.stages.engine,
            self.confidence,
            partial(self.attempts, model=model),
            partial(self._whole_result, model=model),
        )

    def synthesis_parts(self, fixed: Image, moving: Image) -> SynthesisParts | None:
        """Return the estimates that a result by image synthesis is the mean of, for calibration.

        None where the network synthesises no images, or one of a single grey value.
        """
        if self.synthesis is None:
            return None
        images = self._pair(fixed, moving)[0]
        return self._by_synthesis(self.synthesis, "similarity").parts(images, fixed, moving)

    def resemblance(self, fixed: Image, moving: Image) -> Resemblance | None:
        """Return the resemblance of both pairs with one image synthesised.

        None where the network synthesises no images, or one of a single grey value.
        """
        level = self.synthesis
        return None if level is None else resemblance_of(level, self.stages.engine, fixed, moving)

    def _detail_results(
        self,
        fixed: Image,
        moving: Image,
        hypothesis: DetailHypothesis,
        model: TransformModel,
        unexpected: bool = False,
    ) -> Iterator[PyramidResult]:
        """Yield the results of the attempts at one image as a part of the other.

        ``unexpected``: nothing but the search suggests it, which yields nothing where it finds nothing alike.
        """
        detail, overview = (moving, fixed) if hypothesis.detail == "moving" else (fixed, moving)
        tile = hypothesis.tile
        pair = self._detail_pair(tile.of(detail) if tile else detail, overview, hypothesis, model)
        attempts = DetailAttempts(self.stages, pair, hypothesis.scales)
        if unexpected and not attempts.is_likely():
            return
        for attempt in _with_model(attempts, model):
            found, candidates = attempt, attempts.places(attempt)
            if tile:
                whole = self._detail_pair(detail, overview, hypothesis, model).with_model(model)
                found = whole_frame(self.stages.engine, self.stages.coarse.graph, whole, tile, attempt)
            yield PyramidResult(
                found.best,
                found.features,
                found.path,
                self._ambiguous_period(pair, attempt),
                attempts.found.search_map(inverted=hypothesis.detail == "fixed"),
                hypothesis.detail,
                listed_places(candidates, found.best, hypothesis),
                equal_places(candidates),
                model,
                unexpected=unexpected,
            )

    def _detail_pair(
        self, detail: Image, overview: Image, hypothesis: DetailHypothesis, model: TransformModel
    ) -> ImagePair:
        """Return the pair of a detail and an overview, with the scale that a model holds."""
        pair = ImagePair(detail, overview)
        if model in HELD:
            pair = pair.with_model(model)
            pair.moving_per_fixed = hypothesis.scales[0]
        return pair

    def all_results(self, fixed: Image, moving: Image) -> Iterator[PyramidResult]:
        """Yield the results of all attempts in order, for calibration."""
        return self._results(fixed, moving, "similarity", None)

    def mirrored_features(self, fixed: Image, moving: Image) -> QualityFeatures | None:
        """Return the features of the quick attempt at the mirrored moving image; None where it makes none."""
        frames = ContentFrames.of(fixed, moving)
        if frames is not None:
            fixed, moving = frames.fixed.image, frames.moving.image
        attempt = self.attempts(fixed, mirrored(moving), use_spacings=False)[1].quick()
        return None if attempt is None else attempt.features

    def attempts(
        self,
        fixed: Image,
        moving: Image,
        use_spacings: bool = True,
        model: TransformModel = "similarity",
    ) -> tuple[ImagePair, Attempts]:
        """Return the pair and its attempts at a similarity, or at a model that holds the scale.

        Where both pixel spacings are known, views have one physical scale and the search only scales near 1.
        """
        pair, max_log_scale = self._pair(fixed, moving, use_spacings)
        if model in HELD:
            pair, max_log_scale = pair.with_model(model), 0.0
        return pair, Attempts(self.stages, pair, max_log_scale)

    def _pair(self, fixed: Image, moving: Image, use_spacings: bool = True) -> tuple[ImagePair, float | None]:
        """Return the pair, and the largest abs(log scale) that is searched."""
        pair, max_log_scale = ImagePair(fixed, moving), None
        if use_spacings and spacing_ratio(fixed, moving) is not None:
            pair.moving_per_fixed = spacing_ratio(fixed, moving)
            max_log_scale = math.log1p(SEARCHED_SPACING_ERROR)
        return pair, max_log_scale

    def _findings(
        self, fixed: Image, moving: Image, found: PyramidResult, known: Findings, check_mirror: bool
    ) -> Findings:
        """Return what is known beside the features; other explanations are tried where nothing is found."""
        ratio = spacing_ratio(fixed, moving)
        if found.model in HELD:
            known = replace(known, held=self._contradicts_held(fixed, moving, found))
        if check_mirror and self._is_mirrored(fixed, moving, found.features):
            return replace(known, mirrored=True)
        known = replace(known, period_px=found.period_px and found.period_px * found.fixed_px)
        if self.confidence.finds(found.features):
            scale = None if ratio is None else ratio / scale_of(found.moving_from_fixed)
            return replace(known, spacing_scale=scale, places=found.equal_places)
        other = None if ratio is None else self._quick_attempt(fixed, moving)
        contradicting = (
            None if other is None or ratio is None else ratio / scale_of(other.best.moving_from_fixed)
        )
        return replace(known, other_spacing_scale=contradicting, places=found.equal_places)

    def _contradicts_held(
        self, fixed: Image, moving: Image, found: PyramidResult
    ) -> tuple[float, float] | None:
        """Return scale and angle (deg) beside those that the model holds, where the images show others."""
        if self.confidence.finds(found.features):
            pair = ImagePair(*((moving, fixed) if found.detail == "moving" else (fixed, moving)))
            free = refine_until_converged(self.stages.engine, self.stages.fine, pair, [found.best])[0]
            matrix = free.moving_from_fixed
        else:
            attempt = self._quick_attempt(fixed, moving)
            if attempt is None:
                return None
            matrix = attempt.best.moving_from_fixed
            matrix = np.linalg.inv(matrix) if found.detail == "moving" else matrix
        left = AffineTransform.from_matrix(found.best.moving_from_fixed @ np.linalg.inv(matrix))
        angle = math.degrees(left.angle) if found.model == "translation" else 0.0
        if abs(math.log(left.scale)) < HELD_SCALE and abs(angle) < HELD_ANGLE_DEG:
            return None
        return (1 / left.scale, -angle) if found.detail == "moving" else (left.scale, angle)

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
        """Return the shortest period in fixed px where the estimate shifted by one scores nearly as well.

        The quick attempt at an image that repeats itself counts as ambiguous: it compares too few candidates.
        Where both images show the same contrast, pixel values exclude copies.
        """
        same_contrast = attempt.features.final_stage == INTENSITY
        period, copies = self._shifted_copies(pair, attempt.best, same_contrast)
        if period is None:
            return None
        here = self._refine(pair, [attempt.best])[0].score
        margin = RIVAL_MARGIN if same_contrast else max(PERIOD_MARGIN, PERIOD_SHARE * here)
        close = [copy for copy in copies if here - copy.score <= margin]
        if same_contrast:
            likely = by_pixel_values(pair, close)[:COPIES_COMPARED]
            close = [copy for copy in likely if self._fits_by_intensity(pair, copy, attempt.best, period)]
        return None if not close and attempt.features.thorough else period

    def _fits_by_intensity(self, pair: ImagePair, copy: Candidate, best: Candidate, period: float) -> bool:
        """Return whether pixel values support a copy half a period or more beside an estimate."""
        apart = 0.5 * period * REFERENCE_WIDTH / max(pair.fixed.shape)
        return fits_elsewhere(self.stages, pair, copy, best, apart)

    def _shifted_copies(
        self, pair: ImagePair, best: Candidate, same_contrast: bool
    ) -> tuple[float | None, list[Candidate]]:
        """Return the shortest period in fixed px, and candidates shifted by each period.

        They are refined twice: a period is known to a px of the view only. Images of one contrast have the
        same periods.
        """
        shifts = periods(pair, self.stages.coarse.size, None if same_contrast else best)
        if not len(shifts):
            return None, []
        copies = self._refine(pair, self._refine(pair, shifted(best, with_sums(shifts))))
        return float(np.hypot(*shifts.T).min()), copies

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


def transform_class(model: TransformModel) -> type[SimilarityTransform] | type[AffineTransform]:
    """Return the class of the transforms of a model."""
    return AffineTransform if model == "affine" else SimilarityTransform


def _with_model(attempts: Attempts, model: TransformModel) -> Iterator[Attempt]:
    """Yield the attempts, each refined in six parameters where the model is affine and its blocks allow."""
    for attempt in attempts:
        yield (attempts.affine(attempt) or attempt) if model == "affine" else attempt


def mirrored(image: Image) -> Image:
    """Return the image reflected about its vertical centre line."""
    mask = None if image.mask is None else image.mask[:, ::-1]
    return replace(image, pixels=np.ascontiguousarray(image.pixels[:, ::-1]), mask=mask)
