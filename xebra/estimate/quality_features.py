"""Quality features of an estimate, which distinguish right from wrong ones, and its covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.affine_residual import NO_RESIDUAL, AffineResidual
from xebra.estimate.block_agreement import BlockAgreement
from xebra.estimate.displacement import CELL, displacement_at, jacobians, parameter_units, view_corners
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import Candidate
from xebra.transform import image_center

WHOLE_VIEW, BLOCKS, INTENSITY = "whole_view", "blocks", "intensity"  # the final stage of an estimate
UNDETERMINED_PX = 10.0  # at 256: uncertainty of an estimate beside which the images fit as well
CALIBRATED = 1.5  # extrapolation up to which uncertainties need no correction
EXPONENT = 2.0  # of the extrapolation beyond that, in the uncertainty; docs/experiments.md
MIN_EIGENVALUE = 1e-3  # of the mean information: directions below it count as undetermined


@dataclass(frozen=True)
class QualityFeatures:
    """Features of one estimate; lengths are mean corner distances in px at 256.

    Whether the estimate is at the right place is judged by the whole view, which is the same for images of
    all sizes; how precise it is, by the final stage.
    """

    correlation: float  # score of the refinement network
    score_margin: float  # to the best candidate that is a different transform, log odds
    half_disagreement_px: float  # between the estimates of the two checkerboard halves of blocks
    uncertainty_px: float  # by the network's information on the whole view, before calibration
    independent_disagreement_px: float  # between the network's estimate and the independent one
    agreement: BlockAgreement  # of the blocks of the whole view
    coverage: float  # of the fixed view by both usable areas
    thorough: bool = False  # made by the second attempt
    final_stage: str = WHOLE_VIEW
    final_uncertainty_px: float = 1.0  # of the final stage, before calibration
    network_distance_px: float = 0.0  # between the network's estimate and the final one by density
    extrapolation: float = 1.0  # error at the corners relative to that of structure all over the view
    affine: AffineResidual = NO_RESIDUAL

    @property
    def is_undetermined(self) -> bool:
        """Return whether the images fit as well beside the estimate, by blocks or by pixel values."""
        near_px = self.final_uncertainty_px / growth(self.extrapolation)
        return self.final_stage != WHOLE_VIEW and near_px > 0.999 * UNDETERMINED_PX

    @property
    def vector(self) -> Floats:
        """Return the input (11,) of the logistic regression."""
        return np.array(
            [
                np.log(max(self.correlation, 0.1)),
                np.clip(self.score_margin, 0, 20) ** 0.5,
                np.log(self.half_disagreement_px + 0.1),
                np.log(np.clip(self.uncertainty_px, 0.01, 100)),
                np.log(self.independent_disagreement_px + 0.1),
                self.agreement.share,
                np.clip(self.agreement.surprise, 0, 40) ** 0.5,
                np.log1p(self.agreement.blocks),
                np.log(max(self.coverage, 0.01)),
                float(self.final_stage == INTENSITY),
                float(self.thorough),
            ]
        )


def growth(extrapolation: float) -> float:
    """Return how many times as uncertain an estimate is as its evidence says, by its extrapolation."""
    return float(max(1.0, extrapolation / CALIBRATED) ** EXPONENT)


def half_disagreement_px(candidate: Candidate) -> float:
    """Return the mean corner distance between the steps of the two halves of blocks, px at 256."""
    evidence, corners = candidate.known_evidence, view_corners(round(candidate.view_size))
    size = candidate.view_size
    difference = evidence.newton_step(size, 0) - evidence.newton_step(size, 1)
    distances = np.hypot(*displacement_at(difference, corners).T)
    return float(distances.mean() * CELL * REFERENCE_WIDTH / candidate.view_size)


def uncertainty_px(candidate: Candidate) -> float:
    """Return the mean corner standard deviation by a candidate's evidence, px at 256, before calibration."""
    count = len(candidate.known_evidence.displacement)
    jacobian = jacobians(view_corners(round(candidate.view_size)), count)
    at_corners = jacobian @ covariance(candidate) @ jacobian.transpose(0, 2, 1)
    deviation = np.sqrt(np.trace(at_corners, axis1=1, axis2=2)).mean()
    return float(deviation * CELL * REFERENCE_WIDTH / candidate.view_size)


def covariance(candidate: Candidate) -> Matrix:
    """Return the covariance (P, P) of the displacement's parameters, before calibration; 0 of those held."""
    evidence = candidate.known_evidence
    free = np.ix_(evidence.free, evidence.free)
    unit = parameter_units(candidate.view_size, len(evidence.displacement))
    information = (evidence.information.sum(0) * unit[:, None] * unit)[free]
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    values = np.clip(values, MIN_EIGENVALUE * max(np.abs(values).mean(), 1e-6), None)
    result: Matrix = np.zeros((len(unit), len(unit)))
    result[free] = (vectors / values) @ vectors.T
    return result * unit[:, None] * unit


def parameter_covariance(
    candidate: Candidate, fixed_shape: tuple[int, ...], moving_shape: tuple[int, ...]
) -> Matrix:
    """Return the covariance (4, 4) of log scale, angle (rad), shift of the moving centre (fixed px).

    It is not calibrated.
    """
    px = CELL * max(fixed_shape) / candidate.view_size
    center = np.linalg.inv(candidate.moving_from_fixed) @ [*image_center(moving_shape), 1]
    offset = (center[:2] - image_center(fixed_shape)) / px
    parameters = np.zeros((4, 4))
    parameters[:2, :2] = np.eye(2)
    parameters[2:] = px * jacobians(offset[None])[0]
    return parameters @ covariance(candidate) @ parameters.T


def detail_covariance(candidate: Candidate, detail_shape: tuple[int, ...]) -> Matrix:
    """Return the covariance (4, 4) of log scale, angle (rad), shift of the detail's centre (overview px).

    ``candidate`` maps from the detail to the overview. The covariance is not calibrated.
    """
    px = CELL * max(detail_shape) / candidate.view_size
    parameters = np.eye(4)
    parameters[2:, 2:] = px * candidate.moving_from_fixed[:2, :2]
    return parameters @ covariance(candidate) @ parameters.T
