"""The final stage: the estimate at the image's own pixels, compared with an independent estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.estimate.block_refinement import refine_blocks
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.density_refinement import refine_by_density
from xebra.estimate.extrapolation import extrapolation, with_extrapolation
from xebra.estimate.image_pair import MAX_AVERAGED_PX, Candidate, ImagePair, corner_distance_px
from xebra.estimate.intensity_refinement import IntensityEstimate, refine_by_intensity
from xebra.estimate.peak_flatness import undetermined_where_alike, with_flatness
from xebra.estimate.quality_features import BLOCKS, INTENSITY, WHOLE_VIEW, uncertainty_px
from xebra.estimate.refinement import refine_until_converged
from xebra.estimate.stages import Stages


@dataclass(frozen=True)
class FinalEstimate:
    """The final transform, the network's own one, and their relation to the independent estimate."""

    candidate: Candidate
    network: Candidate
    stage: str  # WHOLE_VIEW, BLOCKS or INTENSITY
    independent_disagreement_px: float  # mean corner distance of network and independent estimate, at 256
    network_distance_px: float = 0.0  # likewise of the network's estimate and the final one, by density
    extrapolation: float = 1.0  # error at the corners relative to that of structure all over the view

    @property
    def uncertainty_px(self) -> float:
        """Return the uncertainty by the evidence of the final stage, px at 256, before calibration."""
        return uncertainty_px(self.candidate)


def finalise(
    stages: Stages, pair: ImagePair, scoring: CandidateScoring, candidate: Candidate
) -> FinalEstimate:
    """Return the final estimate for the best candidate of the whole view.

    The independent estimate is intensity refinement where both images show the same contrast, else mutual
    information started from the network's estimate. Intensity refinement replaces the network's estimate; the
    estimate by mutual information is averaged with it, since their errors are independent, and so is that by
    intensities where the contrasts agree in part (chosen on development images, ``docs/experiments.md``).
    Mutual information at the images' own px then refines their mean; how flat its peak is, how far it has
    moved, and how far the estimate is extrapolated says how certain the mean is.
    """
    step = max(pair.fixed.shape) / stages.fine.size
    network = refine_blocks(stages.engine, stages.coarse.graph, pair, candidate, step)
    by_intensity = refine_by_intensity(pair, network) if network is candidate else None
    if by_intensity is not None and by_intensity.same_contrast:
        refined = by_intensity.candidate
        return FinalEstimate(refined, network, INTENSITY, corner_distance_px(pair, network, refined))
    found = _combine(pair, scoring, network, by_intensity, network is candidate)
    refined = found.candidate
    if found.independent_disagreement_px <= MAX_AVERAGED_PX:
        refined = refine_by_density(pair, refined)
    with_error = with_flatness if found.stage == WHOLE_VIEW else undetermined_where_alike
    refined = with_error(refined, pair, scoring.information_fine)
    distance, extrapolated = corner_distance_px(pair, network, refined), extrapolation(pair, refined)
    refined = with_extrapolation(refined, extrapolated)
    return replace(found, candidate=refined, network_distance_px=distance, extrapolation=extrapolated)


def fits_elsewhere(
    stages: Stages, pair: ImagePair, candidate: Candidate, estimate: Candidate, apart_px: float
) -> bool:
    """Return whether pixel values support a candidate, fully refined, beside an estimate of one contrast.

    ``apart_px``: corner distance at 256 from which on the candidate is another place.
    """
    refined = refine_until_converged(stages.engine, stages.fine, pair, [candidate])
    end = refine_by_intensity(pair, *refined)
    if end is None or corner_distance_px(pair, end.candidate, estimate) <= apart_px:
        return False
    here = refine_by_intensity(pair, estimate)
    return here is None or not here.excludes(end)


def _combine(
    pair: ImagePair,
    scoring: CandidateScoring,
    network: Candidate,
    by_intensity: IntensityEstimate | None,
    whole_view: bool,
) -> FinalEstimate:
    """Return the mean of all estimates; the network's one for blocks or where the others are far off."""
    independent = scoring.mi_refined_fine(network)
    distance = corner_distance_px(pair, network, independent)
    if not whole_view:
        return FinalEstimate(network, network, BLOCKS, distance)
    if distance > MAX_AVERAGED_PX:
        return FinalEstimate(network, network, WHOLE_VIEW, distance)
    averaged = [network, independent, *([by_intensity.candidate] if by_intensity else [])]
    mean = np.mean([each.moving_from_fixed for each in averaged], 0)
    return FinalEstimate(replace(network, moving_from_fixed=mean), network, WHOLE_VIEW, distance)
