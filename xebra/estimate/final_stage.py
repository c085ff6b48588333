"""The final stage: the estimate at the image's own pixels, compared with an independent estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xebra.estimate.block_refinement import refine_blocks
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.intensity_refinement import refine_by_intensity
from xebra.estimate.quality_features import BLOCKS, INTENSITY, WHOLE_VIEW, uncertainty_px
from xebra.estimate.stages import Stages

MAX_AVERAGED_PX = 12.0  # at 256: estimates further apart than this are not averaged


@dataclass(frozen=True)
class FinalEstimate:
    """The final transform, the network's own one, and their relation to the independent estimate."""

    candidate: Candidate
    network: Candidate
    stage: str  # WHOLE_VIEW, BLOCKS or INTENSITY
    independent_disagreement_px: float  # mean corner distance of network and independent estimate, at 256

    @property
    def uncertainty_px(self) -> float | None:
        """Uncertainty by pixel intensities where these are the final stage, px at 256, uncalibrated."""
        return uncertainty_px(self.candidate) if self.stage == INTENSITY else None


def finalise(
    stages: Stages, pair: ImagePair, scoring: CandidateScoring, candidate: Candidate
) -> FinalEstimate:
    """Return the final estimate for the best candidate of the whole view.

    The independent estimate is intensity refinement where both images show the same contrast, else mutual
    information started from the network's estimate. Intensity refinement replaces the network's estimate;
    the estimate by mutual information is averaged with it, since their errors are independent.
    """
    step = max(pair.fixed.shape) / stages.fine.size
    network = refine_blocks(stages.engine, stages.coarse.graph, pair, candidate, step)
    if network is candidate:
        refined = refine_by_intensity(pair, network)
        if refined is not None:
            return FinalEstimate(refined, network, INTENSITY, corner_distance_px(pair, network, refined))
    return _combine_with_mutual_information(pair, scoring, network, network is candidate)


def _combine_with_mutual_information(
    pair: ImagePair, scoring: CandidateScoring, network: Candidate, whole_view: bool
) -> FinalEstimate:
    """Return the mean of network and mutual information; the network's estimate for blocks or far apart."""
    independent = scoring.mi_refined_fine(network)
    distance = corner_distance_px(pair, network, independent)
    if not whole_view:
        return FinalEstimate(network, network, BLOCKS, distance)
    if distance > MAX_AVERAGED_PX:
        return FinalEstimate(network, network, WHOLE_VIEW, distance)
    mean = (network.moving_from_fixed + independent.moving_from_fixed) / 2
    return FinalEstimate(replace(network, moving_from_fixed=mean), network, WHOLE_VIEW, distance)
