"""Attempts at a pair by the default network: a quick one, then a thorough one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import numpy as np

from xebra.estimate.affine_refinement import refine_affine
from xebra.estimate.affine_residual import AffineResidual
from xebra.estimate.block_agreement import BlockAgreement
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.coarse_search import SearchLevel, SearchResult, coarse_search
from xebra.estimate.confidence import MIN_SCORE_MARGIN
from xebra.estimate.final_stage import FinalEstimate, finalise, fits_elsewhere
from xebra.estimate.image_pair import (
    Candidate,
    ImagePair,
    corner_distance_px,
    corner_distances_px,
    distinct,
    identity_candidates,
)
from xebra.estimate.intensity_refinement import refine_by_intensity
from xebra.estimate.periodic_copies import periods, shifted, with_sums
from xebra.estimate.pixel_correlation import by_pixel_values
from xebra.estimate.quality_features import INTENSITY, QualityFeatures, half_disagreement_px, uncertainty_px
from xebra.estimate.refinement import RefineLevel, refine_step, refine_until_converged
from xebra.estimate.stages import Stages

DIFFERENT_PX = 20.0  # at 256: refined candidates further apart than this are different transforms
DUPLICATE_PX = 12.0  # at 256: of candidates nearer than this only the best is refined further
IDENTITY_PX = 4.0  # at 256: a smaller displacement may be that of a pattern which is fixed to the detector
SEARCH_CANDIDATES = 16  # of each search direction, in the thorough attempt; 24 find 1 of 203 places more
COMPETITOR_MARGIN = 4.0  # log odds: the quick attempt refines candidates within this of the search's best
AMBIGUOUS_MARGIN = 1.0  # log odds: with a competitor within this the quick attempt is skipped
RIVAL_MARGIN = 8.0  # log odds: pixel values are compared with those at candidates within this of the estimate
FOLLOWED = 4  # candidates that the thorough attempt refines, each with and without mutual information
COMPARED = 6  # of those that it refines at the fine level and scores in both directions


@dataclass(frozen=True)
class Attempt:
    """An estimate with its quality features."""

    best: Candidate
    features: QualityFeatures
    path: tuple[Candidate, ...]  # the best candidate after coarse and after fine refinement


class Attempts:
    """Iterates over the attempts at one pair, each slower and more reliable than the one before.

    ``search`` is the latest search result, ``hypotheses`` are its best candidates, best first.
    """

    _is_contradicted = False  # the scores with and without exchanged images prefer different places

    def __init__(self, stages: Stages, pair: ImagePair, max_log_scale: float | None = None):
        """``max_log_scale`` bounds abs(log scale) in the search."""
        self._stages, self._pair, self._max_log_scale = stages, pair, max_log_scale
        self.search = self._search(stages.coarse_search, pair)
        self.hypotheses = self.search.candidates(stages.coarse.kept - 1, max_log_scale)
        self._scoring = CandidateScoring(pair, self.search)
        self._identity = identity_candidates(pair, stages.coarse.size)  # those that are not refined yet
        self._refined: list[Candidate] = []

    def __iter__(self) -> Iterator[Attempt]:
        quick = self.quick()
        if quick is not None:
            yield quick
        thorough = self._thorough()
        if thorough is not None:
            yield thorough

    def affine(self, attempt: Attempt) -> Attempt | None:
        """Return an attempt refined in six parameters; None where its blocks support no affine transform."""
        return self._affine(attempt.best, attempt.features)

    def _affine(self, candidate: Candidate, features: QualityFeatures) -> Attempt | None:
        """Return the affine estimate for a candidate that is nearly right, with features as before."""
        pair = self._pair.with_model("affine")
        refined = refine_affine(self._stages, pair, candidate)
        if refined is None:
            return None
        scoring = CandidateScoring(pair, self._scoring.search)
        final = finalise(self._stages, pair, scoring, refined.candidate)
        end, size = refined.end, self._stages.fine.size
        competing = features.correlation - features.score_margin
        found = replace(
            features,
            correlation=refined.start.score,
            score_margin=refined.start.score - competing,
            half_disagreement_px=half_disagreement_px(end),
            uncertainty_px=uncertainty_px(end),
            independent_disagreement_px=final.independent_disagreement_px,
            agreement=BlockAgreement.of(end.known_evidence, size, self._is_identity(final.candidate)),
            coverage=pair.coverage(final.candidate, self._stages.coarse.size),
            final_stage=final.stage,
            final_uncertainty_px=final.uncertainty_px,
            network_distance_px=final.network_distance_px,
            extrapolation=final.extrapolation,
            affine=AffineResidual.of(end.known_evidence, size),
        )
        return Attempt(final.candidate, found, (refined.start, end))

    def quick(self) -> Attempt | None:
        """Return the estimate from the best candidates of the coarse search; None where two are as good."""
        best, *others = self.hypotheses
        competitors = [other for other in others if best.score - other.score < COMPETITOR_MARGIN]
        candidates = [best, *competitors, self._identity[0]] if competitors else [best]
        self._refined = self._refine(candidates)
        self._identity = self._identity[1:] if competitors else self._identity
        if competitors and best.score - competitors[0].score <= AMBIGUOUS_MARGIN:
            return None
        start, end = self._follow(self._refined, 1)
        return self._attempt(start, end, self._refined, thorough=False)

    def _thorough(self) -> Attempt | None:
        """Return the estimate from a finer search in both directions, with mutual information."""
        searched = self.searched()
        return self._compare(self._refined + searched)

    def searched(self) -> list[Candidate]:
        """Return the candidates of a finer search in both directions after a refinement step.

        Noisy images are smoothed first.
        """
        if self._pair.is_noisy:
            self._smooth()
        self.search = self._scoring.search = self._search(self._stages.fine_search, self._pair)
        self.hypotheses = self.search.candidates(SEARCH_CANDIDATES, self._max_log_scale)
        best_first = chain.from_iterable(zip_longest(self.hypotheses, self._reverse_search()))
        found = [candidate for candidate in best_first if candidate is not None]
        return self._refine(distinct(self._pair, [*self._identity, *found], DUPLICATE_PX))

    def scored(self, candidates: list[Candidate]) -> list[tuple[Candidate, float]]:
        """Return each candidate after a refinement step, with its score by network and mutual information."""
        return [(each, self._scoring.score(each)) for each in self._refine(candidates)]

    def at(self, candidate: Candidate, others: list[Candidate]) -> Attempt:
        """Return the estimate from a candidate that was found otherwise, compared with others."""
        start = self._refine([candidate])[0]
        (end,) = self._refine_fully([start])
        return self._attempt(start, end, self._refine(others), thorough=True)

    def _smooth(self) -> None:
        """Go on with both images smoothed."""
        self._pair = self._pair.smoothed()
        self._scoring = CandidateScoring(self._pair, self._scoring.search)
        self._refined = self._refine(self._refined)

    def _compare(self, refined: list[Candidate]) -> Attempt:
        """Return the estimate from the best candidates, each with and without mutual information."""
        likely = self._distinct(refined, FOLLOWED)
        mi_refined = self._refine([self._scoring.mi_refined_coarse(candidate) for candidate in likely])
        likely = self._refine(likely + mi_refined)
        likely += self._refine(self._refine(self._periodic_copies(likely)))
        start, end = self._follow(likely, COMPARED)
        mi_refined = self._refine([self._scoring.mi_refined_fine(end)], self._stages.fine)
        end = self._scoring.ranked([end, *mi_refined])[0]
        return self._attempt(start, end, likely + refined, thorough=True)

    def _periodic_copies(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return the best candidate shifted by each period of the images."""
        best = self._scoring.ranked(candidates)[0]
        return shifted(best, with_sums(periods(self._pair, self._stages.coarse.size, best)))

    def _search(self, level: SearchLevel, pair: ImagePair) -> SearchResult:
        """Return the scores of a search level."""
        return coarse_search(self._stages.engine, level, pair)

    def _reverse_search(self) -> list[Candidate]:
        """Return the candidates of a search with fixed and moving image exchanged."""
        found = self._search(self._stages.fine_search, self._pair.swapped())
        best = found.candidates(SEARCH_CANDIDATES, self._max_log_scale)
        return [replace(c, moving_from_fixed=np.linalg.inv(c.moving_from_fixed)) for c in best]

    def _refine(self, candidates: list[Candidate], level: RefineLevel | None = None) -> list[Candidate]:
        """Return each candidate after one refinement step, coarse by default."""
        return refine_step(self._stages.engine, level or self._stages.coarse, self._pair, candidates)

    def _refine_fully(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return each candidate refined at the fine level until it converges."""
        return refine_until_converged(self._stages.engine, self._stages.fine, self._pair, candidates)

    def _distinct(self, candidates: list[Candidate], count: int) -> list[Candidate]:
        """Return the ``count`` best candidates without near duplicates."""
        return distinct(self._pair, self._scoring.ranked(candidates), DUPLICATE_PX, count)

    def _follow(self, candidates: list[Candidate], count: int) -> tuple[Candidate, Candidate]:
        """Return the best candidate after fine refinement of ``count`` of them: its start and its end."""
        starts = self._distinct(candidates, count)
        ends = self._refine_fully(starts)
        if len(ends) == 1:
            return starts[0], ends[0]
        scores = map(self._scoring.score_refined, starts, ends, self._exchanged(ends))
        best = int(np.argmax(list(scores)))
        preferred = self._scoring.ranked(ends)[0]
        self._is_contradicted = corner_distance_px(self._pair, ends[best], preferred) > DIFFERENT_PX
        return starts[best], ends[best]

    def _exchanged(self, ends: list[Candidate]) -> list[float]:
        """Return the network's scores of refined candidates with fixed and moving image exchanged."""
        inverse = [replace(end, moving_from_fixed=np.linalg.inv(end.moving_from_fixed)) for end in ends]
        found = refine_step(self._stages.engine, self._stages.fine, self._pair.swapped(), inverse)
        return [candidate.score for candidate in found]

    def _attempt(
        self,
        start: Candidate,
        end: Candidate,
        others: list[Candidate],
        thorough: bool,
        settled: bool = False,
    ) -> Attempt:
        """Return the final estimate and its quality features for a candidate before and after refinement.

        ``settled``: pixel values have chosen it. They choose once: those of exact copies differ by chance.
        """
        final = finalise(self._stages, self._pair, self._scoring, end)
        apart = corner_distances_px(self._pair, start, others) > DIFFERENT_PX
        different = [c for c, far in zip(others, apart, strict=True) if far]
        rival = None if settled else self._better_by_intensity(start, different, final)
        if rival is not None:
            remaining = [start, *(other for other in others if other is not rival[0])]
            return self._attempt(*rival, remaining, thorough, settled=True)
        size = self._stages.fine.size
        margin = start.score - self._competing_score(start.score, different, final)
        features = QualityFeatures(
            correlation=start.score,
            score_margin=min(margin, 0.0) if self._is_contradicted else margin,
            half_disagreement_px=half_disagreement_px(end),
            uncertainty_px=uncertainty_px(end),
            independent_disagreement_px=final.independent_disagreement_px,
            agreement=BlockAgreement.of(end.known_evidence, size, self._is_identity(final.candidate)),
            coverage=self._pair.coverage(final.candidate, self._stages.coarse.size),
            thorough=thorough,
            final_stage=final.stage,
            final_uncertainty_px=final.uncertainty_px,
            network_distance_px=final.network_distance_px,
            extrapolation=final.extrapolation,
            affine=AffineResidual.of(end.known_evidence, size),
        )
        return Attempt(final.candidate, features, (start, end))

    def _is_identity(self, candidate: Candidate) -> bool:
        """Return whether the images lie at the same place of the detector, as what is fixed to it would."""
        unmoved = replace(candidate, moving_from_fixed=np.eye(3))
        same_shape = self._pair.fixed.shape == self._pair.moving.shape
        return same_shape and corner_distance_px(self._pair, candidate, unmoved) < IDENTITY_PX

    def _competing_score(self, score: float, others: list[Candidate], final: FinalEstimate) -> float:
        """Return the highest score of the other candidates that pixel intensities do not exclude."""
        for other in sorted(others, key=lambda c: c.score, reverse=True):
            if (
                final.stage != INTENSITY
                or score - other.score >= MIN_SCORE_MARGIN
                or self._fits_elsewhere(other, final.candidate)
            ):
                return other.score
        return 0.0

    def _better_by_intensity(
        self, start: Candidate, others: list[Candidate], final: FinalEstimate
    ) -> tuple[Candidate, Candidate] | None:
        """Return another candidate, before and after refinement, whose pixel values exclude the estimate.

        Where a specimen repeats itself, the network may score a copy higher than the place where pixel values
        agree. None where there is no such candidate, or the contrasts differ.
        """
        likely = [other for other in others if start.score - other.score < RIVAL_MARGIN]
        if final.stage != INTENSITY or not likely:
            return None
        here = refine_by_intensity(self._pair, final.candidate)
        if here is None:
            return None
        starts = by_pixel_values(self._pair, likely)[:FOLLOWED]
        found = [
            (there.correlation, before, end)
            for before, end in zip(starts, self._refine_fully(starts), strict=True)
            if (there := refine_by_intensity(self._pair, end)) is not None and there.excludes(here)
        ]
        return max(found, key=lambda each: each[0])[1:] if found else None

    def _fits_elsewhere(self, candidate: Candidate, estimate: Candidate) -> bool:
        """Return whether pixel values support another position than the estimate's."""
        return fits_elsewhere(self._stages, self._pair, candidate, estimate, DIFFERENT_PX)
